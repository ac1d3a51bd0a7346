//! Opening: what is refused, in which words, and that it is left as it is.

use super::samples::connector;
use super::{commit, sentences, store};
use crate::store::{Change, Store};
use redb::{Builder, ConcurrencyMode, Database, TableDefinition};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Opens a copy of these bytes; it has to be refused, with these words, and stay as it is.
fn refused(bytes: &[u8], words: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("syncdeck.redb");
    std::fs::write(&path, bytes).unwrap();
    let error = sentences(Store::open(&path).map(drop)).one_line();
    assert!(error.contains(words), "{error}");
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    assert!(std::fs::read(&path).unwrap() == bytes, "changed: {error}");
    error
}

/// A store with a little in it, closed.
fn closed() -> (TempDir, PathBuf) {
    let (folder, store) = store();
    commit(&store, [Change::PutConnector(Box::new(connector("shop")))]).unwrap();
    let path = store.path().to_owned();
    drop(store);
    (folder, path)
}

fn raw(path: &Path, mode: ConcurrencyMode) -> Database {
    Builder::new().set_concurrency_mode(mode).open(path).unwrap()
}

fn set_schema(path: &Path, schema: u64) -> Database {
    let db = raw(path, ConcurrencyMode::MultiWriter);
    let txn = db.begin_write().unwrap();
    let meta = TableDefinition::<&str, u64>::new("meta");
    txn.open_table(meta).unwrap().insert("schema", schema).unwrap();
    txn.commit().unwrap();
    db
}

#[test]
fn a_new_store_is_private_and_keeps_what_it_got() {
    let (folder, path) = closed();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.folder(), folder.path().join("data"));
    assert_eq!(store.read_blocking(|r| r.connectors()).unwrap().len(), 1);
}

#[test]
fn an_empty_file_becomes_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("syncdeck.redb");
    std::fs::write(&path, b"").unwrap();
    drop(Store::open(&path).unwrap());
    drop(Store::open(&path).unwrap());
}

#[test]
fn other_files_are_refused() {
    refused(b"redb", "not a store of SyncDeck");
    refused(b"Dear diary, today I opened a store.", "not a store of SyncDeck");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.redb");
    let db = Database::create(&path).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(TableDefinition::<u64, u64>::new("numbers")).unwrap();
    txn.commit().unwrap();
    drop(db);
    refused(&std::fs::read(path).unwrap(), "made by another program");
}

#[test]
fn a_newer_store_is_refused_closed_or_crashed() {
    let (_folder, path) = closed();
    let db = set_schema(&path, 99);
    let crashed = std::fs::read(&path).unwrap();
    drop(db);
    let error = refused(&std::fs::read(&path).unwrap(), "newer SyncDeck");
    assert!(error.contains("schema is 99"), "{error}");
    refused(&crashed, "newer SyncDeck");
}

#[test]
fn a_crashed_store_opens() {
    let (_folder, store) = store();
    commit(&store, [Change::PutConnector(Box::new(connector("shop")))]).unwrap();
    let copy = store.folder().join("copy.redb");
    std::fs::copy(store.path(), &copy).unwrap();
    let copy = Store::open(&copy).unwrap();
    assert_eq!(copy.read_blocking(|r| r.connectors()).unwrap().len(), 1);
    commit(&copy, [Change::PutConnector(Box::new(connector("two")))]).unwrap();
}

#[test]
fn a_cut_store_is_refused() {
    let (_folder, path) = closed();
    let whole = std::fs::read(path).unwrap();
    for length in [10, 64, 320, 4096, 8192, whole.len() / 2, whole.len() - 4096] {
        refused(&whole[..length], "");
    }
}

#[test]
fn a_damaged_store_is_refused_or_works() {
    let (_folder, path) = closed();
    let whole = std::fs::read(path).unwrap();
    let mut refusals = 0;
    let places = (9..320).step_by(7).chain((4096..whole.len()).step_by(4096 * 3 + 11));
    for place in places {
        let mut bytes = whole.clone();
        let end = bytes.len().min(place + 64);
        bytes[place..end].fill(0xA5);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("syncdeck.redb");
        std::fs::write(&path, &bytes).unwrap();
        if let Err(error) = Store::open(&path) {
            refusals += 1;
            assert!(!error.user().what.is_empty() && !error.user().next.is_empty());
            assert!(std::fs::read(&path).unwrap() == bytes, "{place}: {error}");
        }
    }
    assert!(refusals > 10, "{refusals}");
}

#[test]
fn a_store_that_is_open_in_another_mode_is_refused() {
    let (_folder, path) = closed();
    for mode in [ConcurrencyMode::ExclusiveWriter, ConcurrencyMode::SingleWriter] {
        let held = raw(&path, mode);
        let before = std::fs::read(&path).unwrap();
        let error = sentences(Store::open(&path).map(drop));
        assert!(error.one_line().contains("in use"), "{error}");
        assert!(before == std::fs::read(&path).unwrap());
        drop(held);
    }
    Store::open(&path).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"x").unwrap();
    for path in [file.join("syncdeck.redb"), "/proc/nowhere/syncdeck.redb".into()] {
        let error = sentences(Store::open(&path).map(drop));
        assert!(error.what.contains(path.to_str().unwrap()), "{error}");
        assert!(!error.why.is_empty() && !error.next.is_empty());
    }
}

#[test]
fn many_may_open_a_new_store_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/syncdeck.redb");
    std::thread::scope(|scope| {
        for n in 0..6 {
            let path = &path;
            scope.spawn(move || {
                let store = Store::open(path).unwrap();
                let name = format!("shop{n}");
                commit(&store, [Change::PutConnector(Box::new(connector(&name)))]).unwrap();
            });
        }
    });
    let store = Store::open(&path).unwrap();
    let connectors = store.read_blocking(|r| r.connectors()).unwrap();
    let mut ids: Vec<_> = connectors.iter().map(|c| c.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
}
