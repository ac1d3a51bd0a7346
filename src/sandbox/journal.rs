//! What the sandbox keeps in its state folder: the facts it was started with and, line by line,
//! every edit.
//!
//! `sandbox.json` holds seed, size, base instant and port. `journal.jsonl` is only ever appended
//! to, one line for each write, flushed at once; a line cut off by a sudden end is dropped at the
//! next start, which is exactly the write that was never answered.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::SandboxError;
use super::patch::Value;

/// One write.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The table.
    pub table: String,
    /// The record.
    pub id: u64,
    /// New values by column; absent when the record was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Vec<(String, Value)>>,
}

/// What a state folder remembers of the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The seed of the data.
    pub seed: u64,
    /// How many people and products.
    pub records: u64,
    /// The instant nothing seeded is younger than.
    pub base: i64,
    /// The port of the server.
    pub port: u16,
    /// Vtiger held no records at first.
    #[serde(default)]
    pub empty_crm: bool,
}

/// The open journal; without a state folder it keeps nothing.
#[derive(Debug, Default)]
pub struct Journal {
    file: Option<Mutex<File>>,
}

impl Journal {
    /// Opens the journal of a folder and gives back what it holds.
    pub fn open(folder: &Path) -> Result<(Self, Vec<Entry>), SandboxError> {
        let path = folder.join("journal.jsonl");
        let failed = |e: std::io::Error| SandboxError::state(&path, &e);
        let mut options = OpenOptions::new();
        let mut file = options.create(true).read(true).append(true).open(&path).map_err(failed)?;
        file.try_lock().map_err(|e| match e {
            TryLockError::WouldBlock => SandboxError::InUse(folder.to_owned()),
            TryLockError::Error(e) => SandboxError::state(&path, &e),
        })?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let mut entries = Vec::new();
        for (number, line) in
            text[..whole].split(|b| *b == b'\n').enumerate().filter(|(_, l)| !l.is_empty())
        {
            let entry = serde_json::from_slice(line).map_err(|e| SandboxError::State {
                path: path.clone(),
                why: format!("line {}: {e}", number + 1),
            })?;
            entries.push(entry);
        }
        file.set_len(whole as u64).map_err(failed)?;
        Ok((Self { file: Some(Mutex::new(file)) }, entries))
    }

    /// Whether writes are kept.
    pub fn keeps(&self) -> bool {
        self.file.is_some()
    }

    /// Appends one write.
    pub fn append(&self, entry: &Entry) {
        let Some(file) = &self.file else { return };
        let Ok(mut line) = serde_json::to_vec(entry) else {
            return;
        };
        line.push(b'\n');
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(e) = file.write_all(&line).and_then(|()| file.flush()) {
            eprintln!("sandbox: the journal could not be written: {e}");
        }
    }
}

impl Origin {
    /// What the folder remembers, if it was used before.
    pub fn read(folder: &Path) -> Result<Option<Self>, SandboxError> {
        let path = folder.join("sandbox.json");
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|e| SandboxError::State { path, why: e.to_string() }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(SandboxError::state(&path, &e)),
        }
    }

    /// Remembers it.
    pub fn write(&self, folder: &Path) -> Result<(), SandboxError> {
        let path = folder.join("sandbox.json");
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        let fresh = folder.join("sandbox.json.new");
        fs::write(&fresh, text)
            .and_then(|()| fs::rename(&fresh, &path))
            .map_err(|e| SandboxError::state(&path, &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64, name: &str) -> Entry {
        Entry {
            table: "Contacts".into(),
            id,
            set: Some(vec![("lastname".into(), Some(name.into()))]),
        }
    }

    #[test]
    fn a_torn_last_line_is_dropped_and_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, entries) = Journal::open(folder.path()).unwrap();
        assert!(entries.is_empty());
        journal.append(&entry(1, "one\nline"));
        journal.append(&Entry { table: "Contacts".into(), id: 2, set: None });
        drop(journal);
        let path = folder.path().join("journal.jsonl");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"table\":\"Con").unwrap();
        let (journal, entries) = Journal::open(folder.path()).unwrap();
        assert_eq!(entries.len(), 2);
        assert!(entries[1].set.is_none());
        journal.append(&entry(3, "three"));
        drop(journal);
        let (_, entries) = Journal::open(folder.path()).unwrap();
        assert_eq!(entries.iter().map(|e| e.id).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn a_broken_line_in_the_middle_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("journal.jsonl"), "nonsense\n{}\n").unwrap();
        assert!(Journal::open(folder.path()).is_err());
    }
}
