//! A long list of numbers that is read by position. A short one stays in memory; a long one lies in
//! a file without a name, so that a million of them cost no memory and nothing is left behind.

use super::file::{disk, nameless};
use crate::store::StoreResult;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// So many numbers stay in memory.
const IN_MEMORY: usize = 16_384;
/// Bytes of a number.
const WIDTH: usize = 8;
/// Bytes that are gathered before they are written.
const WRITE: usize = 64 * 1024;

/// Numbers in the order in which they were pushed.
#[derive(Debug, Default)]
pub struct Numbers {
    memory: Vec<u64>,
    file: Option<File>,
    len: u64,
}

impl Numbers {
    /// How many there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// So many numbers from a position on; fewer at the end.
    ///
    /// # Errors
    /// The disk is broken.
    pub fn read(&self, from: u64, count: usize) -> StoreResult<Vec<u64>> {
        let rest = usize::try_from(self.len.saturating_sub(from)).unwrap_or(usize::MAX);
        let count = count.min(rest);
        let Some(file) = &self.file else {
            let start = usize::try_from(from).unwrap_or(usize::MAX).min(self.memory.len());
            return Ok(self.memory[start..start + count].to_vec());
        };
        let mut bytes = vec![0; count * WIDTH];
        file.read_exact_at(&mut bytes, from * WIDTH as u64).map_err(|error| disk(&error))?;
        let (numbers, _) = bytes.as_chunks::<WIDTH>();
        Ok(numbers.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
    }

    /// The position of a number. Looks at them one after the other.
    ///
    /// # Errors
    /// The disk is broken.
    pub fn position(&self, number: u64) -> StoreResult<Option<u64>> {
        let mut from = 0;
        while from < self.len {
            let numbers = self.read(from, IN_MEMORY)?;
            if let Some(at) = numbers.iter().position(|n| *n == number) {
                return Ok(Some(from + at as u64));
            }
            from += numbers.len() as u64;
        }
        Ok(None)
    }
}

impl From<Vec<u64>> for Numbers {
    fn from(memory: Vec<u64>) -> Self {
        Self { len: memory.len() as u64, memory, file: None }
    }
}

/// Collects numbers.
pub struct NumbersWriter {
    folder: PathBuf,
    memory: Vec<u64>,
    out: Option<BufWriter<File>>,
    len: u64,
}

impl NumbersWriter {
    /// An empty list, whose file (if it gets long) is made in this folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), memory: Vec::new(), out: None, len: 0 }
    }

    /// Adds a number.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn push(&mut self, number: u64) -> StoreResult<()> {
        self.len += 1;
        if self.out.is_none() && self.memory.len() < IN_MEMORY {
            self.memory.push(number);
            return Ok(());
        }
        let out = match &mut self.out {
            Some(out) => out,
            none => {
                let file = nameless(&self.folder).map_err(|error| disk(&error))?;
                let out = none.insert(BufWriter::with_capacity(WRITE, file));
                for number in std::mem::take(&mut self.memory) {
                    out.write_all(&number.to_le_bytes()).map_err(|error| disk(&error))?;
                }
                out
            }
        };
        out.write_all(&number.to_le_bytes()).map_err(|error| disk(&error))
    }

    /// The list, to be read.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn finish(self) -> StoreResult<Numbers> {
        let file = match self.out {
            Some(out) => Some(out.into_inner().map_err(|error| disk(error.error()))?),
            None => None,
        };
        Ok(Numbers { memory: self.memory, file, len: self.len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(folder: &Path, count: u64) -> Numbers {
        let mut writer = NumbersWriter::new(folder);
        for n in 0..count {
            writer.push(n * 3).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn short_and_long_lists_are_read_alike() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = folder.path().join("scratch");
        for count in [0, 1, IN_MEMORY as u64, IN_MEMORY as u64 + 1, 100_000] {
            let numbers = list(&scratch, count);
            assert_eq!((numbers.len(), numbers.is_empty()), (count, count == 0));
            assert_eq!(numbers.file.is_some(), count > IN_MEMORY as u64);
            for from in [0, count / 2, count.saturating_sub(1), count, count + 9] {
                let expected: Vec<u64> = (from..count).take(5).map(|n| n * 3).collect();
                assert_eq!(numbers.read(from, 5).unwrap(), expected, "{count} {from}");
            }
            let last = count.saturating_sub(1);
            assert_eq!(numbers.position(last * 3).unwrap(), (count > 0).then_some(last));
            assert_eq!(numbers.position(1).unwrap(), None);
        }
    }

    #[test]
    fn a_long_list_costs_no_memory_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = folder.path().join("scratch");
        let numbers = list(&scratch, 1_000_000);
        assert!(numbers.memory.is_empty());
        assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("scratch"), b"a file").unwrap();
        let mut writer = NumbersWriter::new(&folder.path().join("scratch"));
        let error = (0..=IN_MEMORY as u64).find_map(|n| writer.push(n).err()).unwrap();
        assert!(error.user().what.contains("on disk"), "{error}");
    }
}
