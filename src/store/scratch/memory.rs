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
    start: usize,
    key: usize,
    value: usize,
}

impl Memory {
    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) {
        self.spans.push(Span { start: self.bytes.len(), key: key.len(), value: value.len() });
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.unsorted = true;
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
        spans.sort_by(|a, b| key(a).cmp(key(b)).then(b.start.cmp(&a.start)));
        spans.dedup_by(|later, first| key(later) == key(first));
        self.unsorted = false;
    }

    /// The entry at a place of the sorted order.
    pub(super) fn entry(&self, at: usize) -> Option<Entry> {
        let span = self.spans.get(at)?;
        let key_end = span.start + span.key;
        Some(Entry {
            key: self.bytes[span.start..key_end].to_vec(),
            value: self.bytes[key_end..key_end + span.value].to_vec(),
        })
    }
}
