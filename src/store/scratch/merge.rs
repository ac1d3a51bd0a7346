//! Merges sorted runs: of entries with the same key the one of the newest run stays.

use super::file::{RunFile, RunReader};
use super::memory::{Memory, head};
use crate::store::StoreResult;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

/// Bytes that are read ahead of all files together, so that many take no more memory than few …
const READ: usize = 256 * 1024;
/// … but of each not less than this …
const LEAST: usize = 4 * 1024;
/// … and not more than gains anything.
const MOST: usize = 32 * 1024;

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
    /// The beginning of its key: nearly all keys differ there.
    start: u128,
    entry: Entry,
    source: usize,
}

impl Head {
    fn new(entry: Entry, source: usize) -> Self {
        Self { start: head(entry.key()), entry, source }
    }

    fn by_key(&self, other: &Self) -> Ordering {
        let by_start = self.start.cmp(&other.start);
        by_start.then_with(|| self.entry.key().cmp(other.entry.key()))
    }
}

impl Ord for Head {
    /// The heap takes the greatest: the smallest key, and of equal ones the newest source.
    fn cmp(&self, other: &Self) -> Ordering {
        other.by_key(self).then(self.source.cmp(&other.source))
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
        let each = (READ / files.len().max(1)).clamp(LEAST, MOST);
        let from_files = files.iter().map(|file| Source::File(file.read(each)));
        let from_memory = memory.map(|memory| Source::Memory(memory, 0));
        let mut sources: Vec<Source> = from_files.chain(from_memory).collect();
        let mut heads = BinaryHeap::with_capacity(sources.len());
        for (number, source) in sources.iter_mut().enumerate() {
            if let Some(entry) = source.next()? {
                heads.push(Head::new(entry, number));
            }
        }
        Ok(Self { sources, heads })
    }

    /// The smallest entry. The next one of its source takes its place, from where it sinks to its own.
    fn pop(&mut self) -> StoreResult<Option<Head>> {
        let Some(mut first) = self.heads.peek_mut() else {
            return Ok(None);
        };
        Ok(Some(match self.sources[first.source].next()? {
            Some(entry) => {
                let next = Head::new(entry, first.source);
                std::mem::replace(&mut *first, next)
            }
            None => PeekMut::pop(first),
        }))
    }

    fn take(&mut self) -> StoreResult<Option<Entry>> {
        let Some(first) = self.pop()? else {
            return Ok(None);
        };
        while self.heads.peek().is_some_and(|head| head.by_key(&first).is_eq()) {
            self.pop()?;
        }
        Ok(Some(first.entry))
    }
}

impl Iterator for Merge {
    type Item = StoreResult<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take().transpose()
    }
}
