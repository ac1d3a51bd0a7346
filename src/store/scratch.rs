//! Sorted runs on disk for one run of the engine: staged records are pushed in any order and read
//! back in the order of their keys, with flat memory. Not durable, not part of the store file.

use super::StoreResult;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::path::Path;

/// Collects keyed values in any order; later ones win over earlier ones with the same key.
pub struct Scratch<T> {
    _value: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Scratch<T> {
    /// A new scratch in this folder. Files are made only when memory does not suffice, and are
    /// removed when it is dropped.
    pub fn new(_folder: &Path) -> Self {
        unimplemented!()
    }

    /// Adds a value under a key.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn push(&mut self, _key: &[u8], _value: &T) -> StoreResult<()> {
        unimplemented!()
    }

    /// How many values were pushed (values with the same key count each time).
    pub fn pushed(&self) -> u64 {
        unimplemented!()
    }

    /// All values in the order of their keys, each key once. May be called again and again; no
    /// `push` in between is seen by an earlier iterator.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn iter(&mut self) -> StoreResult<ScratchIter<T>> {
        unimplemented!()
    }
}

/// Values in the order of their keys.
pub struct ScratchIter<T> {
    _value: PhantomData<T>,
}

impl<T: DeserializeOwned> Iterator for ScratchIter<T> {
    type Item = StoreResult<(Vec<u8>, T)>;

    fn next(&mut self) -> Option<Self::Item> {
        unimplemented!()
    }
}
