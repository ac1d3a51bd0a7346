//! Merges sorted runs: of entries with the same key the one of the newest run stays.

use super::file::{RunFile, RunReader};
use super::memory::Memory;
use crate::store::StoreResult;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// A key and its value.
pub(super) struct Entry {
    both: Vec<u8>,
    key: usize,
}

impl Entry {
    /// Of a key, so many bytes long, and the value behind it.
    pub(super) fn new(both: Vec<u8>, key: usize) -> Self {
        Self { key: key.min(both.len()), both }
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.both[..self.key]
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.both[self.key..]
    }

    pub(super) fn both(&self) -> &[u8] {
        &self.both
    }
}

enum Source {
    File(RunReader),
    Memory(Arc<Memory>, usize),
}

impl Source {
    fn next(&mut self) -> StoreResult<Option<Entry>> {
        match self {
            Self::File(reader) => reader.next(),
            Self::Memory(memory, at) => {
                *at += 1;
                Ok(memory.entry(*at - 1))
            }
        }
    }
}

/// The first entry of a source that was not taken yet.
struct Head {
    entry: Entry,
    source: usize,
}

impl Ord for Head {
    /// The heap takes the greatest: the smallest key, and of equal ones the newest source.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = other.entry.key().cmp(self.entry.key());
        by_key.then(self.source.cmp(&other.source))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

/// The entries of several sorted runs as one.
pub(super) struct Merge {
    sources: Vec<Source>,
    heads: BinaryHeap<Head>,
}

impl Merge {
    /// Merges files, oldest first, and what is in memory, which is newer and sorted.
    pub(super) fn new(files: &[Arc<RunFile>], memory: Option<Arc<Memory>>) -> StoreResult<Self> {
        let from_files = files.iter().map(|file| Source::File(file.read()));
        let from_memory = memory.map(|memory| Source::Memory(memory, 0));
        let mut merge =
            Self { sources: from_files.chain(from_memory).collect(), heads: BinaryHeap::new() };
        for source in 0..merge.sources.len() {
            merge.refill(source)?;
        }
        Ok(merge)
    }

    fn refill(&mut self, source: usize) -> StoreResult<()> {
        if let Some(entry) = self.sources[source].next()? {
            self.heads.push(Head { entry, source });
        }
        Ok(())
    }

    fn take(&mut self) -> StoreResult<Option<Entry>> {
        let Some(Head { entry, source }) = self.heads.pop() else {
            return Ok(None);
        };
        self.refill(source)?;
        while self.heads.peek().is_some_and(|h| h.entry.key() == entry.key()) {
            if let Some(Head { source, .. }) = self.heads.pop() {
                self.refill(source)?;
            }
        }
        Ok(Some(entry))
    }
}

impl Iterator for Merge {
    type Item = StoreResult<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take().transpose()
    }
}
