//! A sorted run in a file.

use super::memory::Memory;
use super::merge::{Entry, Merge};
use crate::store::{StoreError, StoreResult};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A sorted run. Its file has no name; the space is free when the last one lets go of it.
pub(super) struct RunFile {
    file: Arc<File>,
    level: u32,
}

impl RunFile {
    /// Writes what is in memory, which is sorted.
    pub(super) fn of(folder: &Path, memory: &Memory) -> StoreResult<Self> {
        Self::write(folder, 0, |out| memory.iter().try_for_each(|(key, both)| put(out, key, both)))
    }

    /// Writes what was merged.
    pub(super) fn merged(folder: &Path, level: u32, mut entries: Merge) -> StoreResult<Self> {
        Self::write(folder, level, |out| {
            entries.try_for_each(|entry| entry.and_then(|e| put(out, e.key().len(), e.both())))
        })
    }

    fn write(
        folder: &Path,
        level: u32,
        put_all: impl FnOnce(&mut BufWriter<&File>) -> StoreResult<()>,
    ) -> StoreResult<Self> {
        let file = nameless(folder).map_err(|error| disk(&error))?;
        let mut out = BufWriter::with_capacity(256 * 1024, &file);
        put_all(&mut out)?;
        out.flush().map_err(|error| disk(&error))?;
        drop(out);
        Ok(Self { file: Arc::new(file), level })
    }

    /// How often its entries have been merged.
    pub(super) fn level(&self) -> u32 {
        self.level
    }

    /// Reads the run from its start, so many bytes at a time.
    pub(super) fn read(&self, at_a_time: usize) -> RunReader {
        let from_start = FromStart { file: self.file.clone(), at: 0 };
        RunReader(BufReader::with_capacity(at_a_time, from_start))
    }
}

/// A new file that only this process can reach.
pub(super) fn nameless(folder: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{}-{number}.run", std::process::id()));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let file = match options.open(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Left by a dead process that had our number.
            std::fs::remove_file(&path)?;
            options.open(&path)?
        }
        other => other?,
    };
    match std::fs::remove_file(&path) {
        // Cleaned up by another process meanwhile: the same to us.
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(file),
    }
}

/// A reader with its own position in a shared file.
struct FromStart {
    file: Arc<File>,
    at: u64,
}

impl Read for FromStart {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(out, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// The entries of a run, in order.
pub(super) struct RunReader(BufReader<FromStart>);

impl RunReader {
    /// The next entry; `None` at the end.
    pub(super) fn next(&mut self) -> StoreResult<Option<Entry>> {
        let mut lengths = [0; 8];
        match self.0.read_exact(&mut lengths) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other.map_err(|error| disk(&error))?,
        }
        let [k0, k1, k2, k3, a0, a1, a2, a3] = lengths;
        let [key, all] = [[k0, k1, k2, k3], [a0, a1, a2, a3]].map(u32::from_le_bytes);
        let mut both = vec![0; all as usize];
        self.0.read_exact(&mut both).map_err(|error| disk(&error))?;
        Ok(Some(Entry::new(both, key as usize)))
    }
}

/// Writes a key, so many bytes long, and the value behind it, after the lengths of the key and of both.
fn put(out: &mut impl Write, key: usize, both: &[u8]) -> StoreResult<()> {
    let length =
        |n: usize| u32::try_from(n).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge));
    let mut put = || {
        out.write_all(&length(key)?.to_le_bytes())?;
        out.write_all(&length(both.len())?.to_le_bytes())?;
        out.write_all(both)
    };
    put().map_err(|error| disk(&error))
}

/// The error of a disk that cannot take or give what is put aside.
pub(super) fn disk(error: &io::Error) -> StoreError {
    StoreError::io("Records could not be put aside on disk.", error)
}

/// The error for a value that cannot be written or read.
pub(crate) fn bad_value(error: &postcard::Error) -> StoreError {
    StoreError::new(
        "Records could not be put aside on disk.",
        format!("{error}."),
        "Check the disk of the data folder; if it is sound, this is a fault of SyncDeck.",
    )
}
