//! Numbers that look random and are always the same: every fact of a record is drawn from the
//! seed, a stream and the record's number.

/// One draw: the finaliser of SplitMix64 over the three numbers.
pub fn mix(seed: u64, stream: u64, number: u64) -> u64 {
    let mut z = seed
        ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93)
        ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A sequence of draws that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of a record.
    pub fn new(seed: u64, stream: u64, number: u64) -> Self {
        Self(mix(seed, stream, number))
    }

    /// The next number below `limit` (0 when there is no choice).
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = mix(self.0, 0x51ed, 0x2701);
        usize::try_from(self.0 >> 16).unwrap_or(0) % limit.max(1)
    }
}
