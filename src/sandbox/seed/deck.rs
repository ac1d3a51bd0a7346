//! Who is where: the proportions of the seeded data.
//!
//! Every hundred records hold the same mixture, so the shares are exact at any size that is a
//! multiple of a hundred, and close to it elsewhere. Because the mixture repeats, a record's place
//! in either system's list, and its number from that place, is arithmetic and needs no table.

/// One of the two systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Vtiger.
    Vtiger,
    /// WooCommerce.
    Woo,
}

/// What is special about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trait {
    /// Nothing.
    Plain,
    /// On both sides, some fields differ.
    Differs,
    /// The same, and both sides were modified in the same second.
    Ties,
    /// Vtiger holds two records with this key.
    Twin,
    /// Vtiger's record has no key (e-mail, part number).
    NoKey,
    /// The shop's record lacks what Vtiger demands (a name), or has no key (a product).
    NoName,
    /// Text longer than Vtiger's columns.
    Long,
    /// Text in another script than Latin.
    Script,
    /// Characters above U+FFFF.
    Emoji,
    /// `&` in a name.
    Entities,
    /// A product with variations.
    Variable,
}

/// A place in the mixture.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// Vtiger has it.
    pub vtiger: bool,
    /// The shop has it.
    pub woo: bool,
    /// What is special.
    pub special: Trait,
}

const HUNDRED: u64 = 100;

/// The mixture of a hundred: how many of which.
const MIXTURE: [(bool, bool, Trait, u8); 15] = [
    (true, true, Trait::Plain, 36),
    (true, true, Trait::Differs, 16),
    (true, true, Trait::Ties, 5),
    (true, true, Trait::Twin, 1),
    (true, true, Trait::Entities, 1),
    (true, true, Trait::Script, 1),
    (true, false, Trait::Plain, 18),
    (true, false, Trait::NoKey, 1),
    (true, false, Trait::Script, 1),
    (false, true, Trait::Plain, 15),
    (false, true, Trait::NoName, 1),
    (false, true, Trait::Long, 1),
    (false, true, Trait::Script, 1),
    (false, true, Trait::Emoji, 1),
    (false, true, Trait::Variable, 1),
];

#[derive(Debug, Clone, Copy)]
struct Entry {
    position: u8,
    twin: bool,
    /// The entry exists when this position of its hundred does.
    need: u8,
}

#[derive(Debug)]
struct Order {
    entries: Vec<Entry>,
    rank: [Option<u8>; 100],
    twin_rank: [Option<u8>; 100],
}

/// The mixture, shuffled, with the order of each side's list.
#[derive(Debug)]
pub struct Deck {
    slots: Vec<Slot>,
    vtiger: Order,
    woo: Order,
}

impl Default for Deck {
    fn default() -> Self {
        Self::new()
    }
}

impl Deck {
    /// Lays the cards out.
    pub fn new() -> Self {
        let cards: Vec<Slot> = MIXTURE
            .iter()
            .flat_map(|&(vtiger, woo, special, n)| {
                (0..n).map(move |_| Slot { vtiger, woo, special })
            })
            .collect();
        // 73 has no common factor with 100: a shuffle that spreads even a small number well.
        let slots: Vec<Slot> = (0..100).map(|q| cards[(q + 95) * 73 % 100]).collect();
        let vtiger = Order::new(&slots, |s| s.vtiger, true);
        let woo = Order::new(&slots, |s| s.woo, false);
        Self { slots, vtiger, woo }
    }

    /// The place in the mixture of record `p`.
    pub fn slot(&self, p: u64) -> Slot {
        self.slots[position(p)]
    }

    /// How many records the side holds when there are `n` in all.
    pub fn count(&self, side: Side, n: u64) -> u64 {
        let order = self.order(side);
        let rest = u8::try_from(n % HUNDRED).unwrap_or(0);
        let started = order.entries.iter().take_while(|e| e.need < rest).count();
        n / HUNDRED * order.entries.len() as u64 + started as u64
    }

    /// The record at a place of the side's list, and whether it is the second of twins.
    pub fn at(&self, side: Side, index: u64) -> (u64, bool) {
        let entries = &self.order(side).entries;
        let length = entries.len() as u64;
        let entry = entries[usize::try_from(index % length).unwrap_or(0)];
        (index / length * HUNDRED + u64::from(entry.position), entry.twin)
    }

    /// The places of record `p` in the side's list: none, one, or two for twins.
    pub fn places(&self, side: Side, p: u64, n: u64) -> impl Iterator<Item = u64> + use<> {
        let order = self.order(side);
        let base = p / HUNDRED * order.entries.len() as u64;
        let ranks = [order.rank[position(p)], order.twin_rank[position(p)]];
        let end = if p < n { self.count(side, n) } else { 0 };
        ranks.into_iter().flatten().map(move |r| base + u64::from(r)).filter(move |i| *i < end)
    }

    /// How many records before `p` have the special trait on the side (used to number variations).
    pub fn variable_rank(&self, p: u64) -> u64 {
        let before =
            self.slots[..position(p)].iter().filter(|s| s.special == Trait::Variable).count();
        p / HUNDRED + before as u64
    }

    /// The `rank`-th variable record.
    pub fn variable_at(&self, rank: u64) -> u64 {
        let at = self.slots.iter().position(|s| s.special == Trait::Variable).unwrap_or(0);
        rank * HUNDRED + at as u64
    }

    fn order(&self, side: Side) -> &Order {
        match side {
            Side::Vtiger => &self.vtiger,
            Side::Woo => &self.woo,
        }
    }
}

impl Order {
    fn new(slots: &[Slot], member: impl Fn(&Slot) -> bool, twins: bool) -> Self {
        let mut entries = Vec::new();
        for (position, slot) in slots.iter().enumerate().filter(|(_, s)| member(s)) {
            let position = u8::try_from(position).unwrap_or(0);
            entries.push(Entry { position, twin: false, need: position });
            if twins && slot.special == Trait::Twin {
                // Far from the first one, so that pages of a listing fall between them.
                entries.push(Entry { position, twin: true, need: (position + 30).min(99) });
            }
        }
        entries.sort_by_key(|e| (e.need, e.position));
        let (mut rank, mut twin_rank) = ([None; 100], [None; 100]);
        for (i, entry) in entries.iter().enumerate() {
            let ranks = if entry.twin { &mut twin_rank } else { &mut rank };
            ranks[usize::from(entry.position)] = u8::try_from(i).ok();
        }
        Self { entries, rank, twin_rank }
    }
}

fn position(p: u64) -> usize {
    usize::try_from(p % HUNDRED).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixture_is_a_hundred() {
        assert_eq!(MIXTURE.iter().map(|m| usize::from(m.3)).sum::<usize>(), 100);
        let deck = Deck::new();
        assert_eq!(deck.count(Side::Vtiger, 200), 2 * 81);
        assert_eq!(deck.count(Side::Woo, 200), 2 * 80);
    }

    #[test]
    fn places_and_records_are_inverse_at_every_size() {
        let deck = Deck::new();
        for n in [0, 1, 7, 50, 99, 100, 131, 250] {
            for side in [Side::Vtiger, Side::Woo] {
                let mut seen = 0;
                for index in 0..deck.count(side, n) {
                    let (p, _) = deck.at(side, index);
                    assert!(p < n);
                    assert!(deck.places(side, p, n).any(|i| i == index));
                    seen += 1;
                }
                let placed: usize = (0..n + 50).map(|p| deck.places(side, p, n).count()).sum();
                assert_eq!(placed as u64, seen);
            }
        }
    }

    #[test]
    fn variables_are_numbered() {
        let deck = Deck::new();
        let variables: Vec<u64> =
            (0..500).filter(|p| deck.slot(*p).special == Trait::Variable).collect();
        assert_eq!(variables.len(), 5);
        for (rank, p) in variables.into_iter().enumerate() {
            assert_eq!(deck.variable_rank(p), rank as u64);
            assert_eq!(deck.variable_at(rank as u64), p);
        }
    }
}
