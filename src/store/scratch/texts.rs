//! Texts that are looked up by their keys. Few of them stay in memory; many lie in a table in a file
//! without a name, so that a million of them cost no memory and nothing is left behind.

use super::file::{disk, nameless};
use crate::store::StoreResult;
use redb::backends::FileBackend;
use redb::{Database, ReadableTable, TableDefinition, WriteTransaction};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// So many texts stay in memory.
const IN_MEMORY: usize = 4_096;
/// Bytes of the table that are held in memory.
const CACHE: usize = 1 << 20;
const TABLE: TableDefinition<'static, &str, &str> = TableDefinition::new("texts");

/// Texts under keys.
pub struct Texts {
    folder: PathBuf,
    memory: HashMap<String, String>,
    table: Option<Table>,
}

/// A table of which nothing is ever committed: it lasts as long as this process wants it.
struct Table {
    transaction: WriteTransaction,
    _database: Database,
}

impl Texts {
    /// None yet. The folder is that of the scratch files, beside the store.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), memory: HashMap::new(), table: None }
    }

    /// Puts texts under their keys; later ones win over earlier ones.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn put(&mut self, entries: impl IntoIterator<Item = (String, String)>) -> StoreResult<()> {
        self.memory.extend(entries);
        if self.memory.len() < IN_MEMORY {
            return Ok(());
        }
        let table = match self.table.take() {
            Some(table) => table,
            None => Table::new(&self.folder)?,
        };
        {
            let mut rows = table.transaction.open_table(TABLE)?;
            for (key, text) in self.memory.drain() {
                rows.insert(key.as_str(), text.as_str())?;
            }
        }
        self.table = Some(table);
        Ok(())
    }

    /// The text under a key.
    ///
    /// # Errors
    /// The disk is broken.
    pub fn get(&self, key: &str) -> StoreResult<Option<String>> {
        match (self.memory.get(key), &self.table) {
            (Some(text), _) => Ok(Some(text.clone())),
            (None, None) => Ok(None),
            (None, Some(table)) => {
                let rows = table.transaction.open_table(TABLE)?;
                Ok(rows.get(key)?.map(|found| found.value().to_owned()))
            }
        }
    }
}

impl Table {
    fn new(folder: &Path) -> StoreResult<Self> {
        let file = nameless(folder).map_err(|error| disk(&error))?;
        let database = Database::builder()
            .set_cache_size(CACHE)
            .create_with_backend(FileBackend::new(file)?)?;
        Ok(Self { transaction: database.begin_write()?, _database: database })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_found_in_memory_and_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let mut texts = Texts::new(folder.path());
        let all = 3 * IN_MEMORY + 7;
        for n in 0..all {
            let entry = |n: usize, text: String| [(format!("key {n}"), text)];
            texts.put(entry(n, format!("text {n}"))).unwrap();
            texts.put(entry(n / 2, format!("again {n}"))).unwrap();
        }
        assert!(texts.table.is_some() && texts.memory.len() < IN_MEMORY);
        for n in [0, 1, 5_000, all / 2 - 1] {
            let again = texts.get(&format!("key {n}")).unwrap();
            assert_eq!(again, Some(format!("again {}", 2 * n + 1)));
        }
        let last = texts.get(&format!("key {}", all - 1)).unwrap();
        assert_eq!(last, Some(format!("text {}", all - 1)));
        assert_eq!(texts.get("key").unwrap(), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
    }
}
