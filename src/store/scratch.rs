//! Sorted runs on disk for one run of the engine: staged records are pushed in any order and read
//! back in the order of their keys, with flat memory. Not durable, not part of the store file.
//!
//! What is pushed gathers in memory; when that is full it is sorted and written to a file. Reading
//! merges the files and what is in memory. The files lose their names as soon as they are made, so
//! the system frees them however the process ends.

mod file;
mod memory;
mod merge;
mod numbers;
#[cfg(test)]
mod tests;
mod texts;

pub(crate) use file::bad_value;
pub use numbers::{Numbers, NumbersWriter};
pub use texts::Texts;

use super::StoreResult;
use file::RunFile;
use memory::Memory;
use merge::{Entry, Merge};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use syncdeck_records::pack::Behind;

/// Memory is full at so many values …
const FULL_ENTRIES: usize = 10_000;
/// … or at so many bytes.
const FULL_BYTES: usize = 2 * 1024 * 1024;
/// So many files of a level are merged into one of the next.
const FAN_IN: usize = 128;

/// Collects keyed values in any order; later ones win over earlier ones with the same key.
pub struct Scratch<T> {
    folder: PathBuf,
    memory: Arc<Memory>,
    /// Oldest first; levels descend.
    files: Vec<Arc<RunFile>>,
    pushed: u64,
    _value: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Scratch<T> {
    /// A new scratch in this folder, of its own beside the store. Folder and files are made only
    /// when memory does not suffice; the files are gone when it is dropped.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            memory: Arc::default(),
            files: Vec::new(),
            pushed: 0,
            _value: PhantomData,
        }
    }

    /// Adds a value under a key.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn push(&mut self, key: &[u8], value: &T) -> StoreResult<()> {
        let memory = Arc::make_mut(&mut self.memory);
        memory
            .push(key, |bytes| postcard::serialize_with_flavor(value, Behind(bytes)))
            .map_err(|error| bad_value(&error))?;
        self.pushed += 1;
        if memory.entries() >= FULL_ENTRIES || memory.bytes() >= FULL_BYTES {
            self.spill()?;
        }
        Ok(())
    }

    /// How many values were pushed (values with the same key count each time).
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// All values in the order of their keys, each key once. May be called again and again; no
    /// `push` in between is seen by an earlier iterator.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn iter(
        &mut self,
    ) -> StoreResult<impl Iterator<Item = StoreResult<(Vec<u8>, T)>> + use<T>> {
        let read = |entry: StoreResult<ScratchEntry<T>>| {
            let entry = entry?;
            Ok((entry.key().to_vec(), entry.value()?))
        };
        Ok(self.entries()?.map(read))
    }

    /// [`Self::iter`] for callers that do not want every value.
    ///
    /// # Errors
    /// As [`Self::iter`].
    pub fn entries(&mut self) -> StoreResult<ScratchEntries<T>> {
        self.sort_memory();
        Ok(ScratchEntries {
            merge: Merge::new(&self.files, Some(self.memory.clone()))?,
            _value: PhantomData,
        })
    }

    fn sort_memory(&mut self) {
        if !self.memory.is_sorted() {
            Arc::make_mut(&mut self.memory).sort();
        }
    }

    /// Writes what is in memory to a file.
    fn spill(&mut self) -> StoreResult<()> {
        self.sort_memory();
        let run = RunFile::of(&self.folder, &self.memory)?;
        // Its room is used again, unless somebody still reads what was in it.
        match Arc::get_mut(&mut self.memory) {
            Some(memory) => memory.clear(),
            None => self.memory = Arc::default(),
        }
        self.files.push(Arc::new(run));
        self.merge_levels()
    }

    /// Merges the newest files into one while there are too many of their level.
    fn merge_levels(&mut self) -> StoreResult<()> {
        while let Some(level) = self.files.last().map(|file| file.level()) {
            let of_level = self.files.iter().rev();
            let count = of_level.take_while(|file| file.level() == level).count();
            if count < FAN_IN {
                break;
            }
            let from = self.files.len() - count;
            let merge = Merge::new(&self.files[from..], None)?;
            let run = RunFile::merged(&self.folder, level + 1, merge)?;
            self.files.truncate(from);
            self.files.push(Arc::new(run));
        }
        Ok(())
    }
}

/// Keys and values in the order of the keys.
pub struct ScratchEntries<T> {
    merge: Merge,
    _value: PhantomData<fn() -> T>,
}

impl<T> Iterator for ScratchEntries<T> {
    type Item = StoreResult<ScratchEntry<T>>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.merge.next()?;
        Some(entry.map(|entry| ScratchEntry { entry, _value: PhantomData }))
    }
}

/// A key, and a value that is read when it is asked for.
pub struct ScratchEntry<T> {
    entry: Entry,
    _value: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> ScratchEntry<T> {
    /// The key.
    pub fn key(&self) -> &[u8] {
        self.entry.key()
    }

    /// The value.
    ///
    /// # Errors
    /// The disk is broken.
    pub fn value(&self) -> StoreResult<T> {
        postcard::from_bytes(self.entry.value()).map_err(|error| bad_value(&error))
    }
}

/// Removes all files of a scratch folder, which dead processes left. Living ones lose nothing:
/// their files have no names.
pub fn clean(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        // What cannot be removed is tried again by the next one.
        let _ = std::fs::remove_file(entry.path());
    }
}
