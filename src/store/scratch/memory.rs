//! Entries gathered in memory.

use super::merge::Entry;

/// Keys and values one after the other, and where each stands.
#[derive(Clone, Default)]
pub(super) struct Memory {
    bytes: Vec<u8>,
    spans: Vec<Span>,
    unsorted: bool,
}

#[derive(Clone, Copy)]
struct Span {
    /// The first bytes of the key: nearly all keys differ there.
    head: u128,
    start: usize,
    key: usize,
    end: usize,
}

impl Memory {
    /// Adds a key and the value that is written behind it.
    pub(super) fn push<E>(
        &mut self,
        key: &[u8],
        value: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        if let Err(error) = value(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        let end = self.bytes.len();
        self.spans.push(Span { head: head(key), start, key: key.len(), end });
        self.unsorted = true;
        Ok(())
    }

    /// Forgets the entries and keeps their room.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
        self.unsorted = false;
    }

    pub(super) fn entries(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_sorted(&self) -> bool {
        !self.unsorted
    }

    /// Sorts by key; of equal keys the one pushed last stays.
    pub(super) fn sort(&mut self) {
        let Self { bytes, spans, .. } = self;
        let key = |span: &Span| &bytes[span.start..span.start + span.key];
        spans.sort_by(|a, b| {
            let by_key = a.head.cmp(&b.head).then_with(|| key(a).cmp(key(b)));
            by_key.then(b.start.cmp(&a.start))
        });
        spans.dedup_by(|later, first| key(later) == key(first));
        self.unsorted = false;
    }

    /// The length of each key, and the key with its value, in the sorted order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.spans.iter().map(|span| (span.key, &self.bytes[span.start..span.end]))
    }

    /// The entry at a place of the sorted order.
    pub(super) fn entry(&self, at: usize) -> Option<Entry> {
        let span = self.spans.get(at)?;
        Some(Entry::new(self.bytes[span.start..span.end].to_vec(), span.key))
    }
}

/// The first sixteen bytes of a key as a number that sorts like them; a short key is filled up with
/// zeros.
pub(super) fn head(key: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let length = key.len().min(16);
    bytes[..length].copy_from_slice(&key[..length]);
    u128::from_be_bytes(bytes)
}
