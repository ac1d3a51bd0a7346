//! The rows of a record list in another order than the store's. However many they are, the list of
//! them costs no memory: a long one lies on disk. The screens only know how long it is; the rows at
//! a position are looked up where pages are read.

use super::msg::RowKey;
use crate::store::StoreResult;
use crate::store::scratch::Numbers;
use std::sync::Arc;

/// Which rows are shown, and in which order.
#[derive(Debug, Clone)]
pub struct Order(Arc<Numbers>);

impl Order {
    /// An order that was made.
    pub fn new(numbers: Numbers) -> Self {
        Self(Arc::new(numbers))
    }

    /// A short one.
    #[cfg(test)]
    pub fn of(keys: impl IntoIterator<Item = RowKey>) -> Self {
        let numbers: Vec<u64> = keys.into_iter().map(RowKey::number).collect();
        Self::new(numbers.into())
    }

    /// How many rows are shown.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// So many rows from an index on. Reads from the disk.
    ///
    /// # Errors
    /// The disk is broken.
    pub fn keys(&self, from: u64, count: usize) -> StoreResult<Vec<RowKey>> {
        Ok(self.0.read(from, count)?.into_iter().map(RowKey::from_number).collect())
    }

    /// Where a row is. Reads from the disk, all of it if need be.
    ///
    /// # Errors
    /// The disk is broken.
    pub fn index_of(&self, key: RowKey) -> StoreResult<Option<u64>> {
        self.0.position(key.number())
    }
}

/// The same order, not just an equal one: nothing is read to find out.
impl PartialEq for Order {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Order {}
