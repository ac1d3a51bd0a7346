//! Disks that fail: the error is clear, what was stored before stays, and the store works again
//! when the disk does.

use super::samples::{connector, link};
use super::{commit, sentences};
use crate::model::Module;
use crate::store::handle::Handle;
use crate::store::migrate::CURRENT;
use crate::store::{Change, Store};
use redb::{Database, StorageBackend};
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const M: Module = Module::Contacts;

/// A disk in memory. After so many writes and syncs everything fails until it is mended.
#[derive(Debug, Default)]
struct Disk {
    bytes: Mutex<Vec<u8>>,
    /// 0: it is sound; 1: it fails; n: it fails after n - 1 more.
    fails_in: AtomicU64,
}

impl Disk {
    fn step(&self) -> io::Result<()> {
        match self.fails_in.load(Ordering::SeqCst) {
            0 => Ok(()),
            1 => Err(io::ErrorKind::StorageFull.into()),
            n => {
                self.fails_in.store(n - 1, Ordering::SeqCst);
                Ok(())
            }
        }
    }
}

#[derive(Debug)]
struct Handed(Arc<Disk>);

impl StorageBackend for Handed {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.bytes.lock().unwrap().len() as u64)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        out.copy_from_slice(&self.0.bytes.lock().unwrap()[at..at + out.len()]);
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.step()?;
        let len = usize::try_from(len).unwrap();
        self.0.bytes.lock().unwrap().resize(len, 0);
        Ok(())
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.step()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.step()?;
        let at = usize::try_from(offset).unwrap();
        self.0.bytes.lock().unwrap()[at..at + data.len()].copy_from_slice(data);
        Ok(())
    }
}

fn open(disk: &Arc<Disk>) -> Store {
    let disk = disk.clone();
    let opener = move || Database::builder().create_with_backend(Handed(disk.clone()));
    let db = opener().unwrap();
    Store::with(Handle::new(Path::new("memory"), db, Box::new(opener)), CURRENT).unwrap()
}

fn put_links(store: &Store, from: u64, to: u64) -> Result<(), crate::store::StoreError> {
    let links = (from..to).map(|n| link(&format!("12x{n}"), &n.to_string()));
    commit(store, links.map(|link| Change::PutLink(1, M, link)))
}

#[test]
fn a_disk_that_fails_anywhere_in_a_commit_loses_nothing() {
    let mut failures = 0;
    for fails_in in 1..12 {
        let disk = Arc::new(Disk::default());
        let store = open(&disk);
        put_links(&store, 0, 10).unwrap();
        disk.fails_in.store(fails_in, Ordering::SeqCst);
        let failed = put_links(&store, 10, 400);
        let expected = if let Err(error) = &failed {
            failures += 1;
            assert!(error.user().why.contains("disk is full"), "{error}");
            // While it fails it goes on to fail, and says why.
            let again = sentences(put_links(&store, 10, 400));
            assert!(!again.why.is_empty(), "{again}");
            10
        } else {
            400
        };
        disk.fails_in.store(0, Ordering::SeqCst);
        // The same store works again, without a new start.
        let count = store.read_blocking(|r| r.link_count(1, M)).unwrap();
        assert_eq!(count, expected, "{fails_in}");
        put_links(&store, 1000, 1010).unwrap();
        drop(store);
        let store = open(&disk);
        let links = store.read_blocking(|r| r.links_after(1, M, None, usize::MAX));
        assert_eq!(links.unwrap().len() as u64, expected + 10);
    }
    assert!(failures >= 5, "{failures}");
}

const PATH: &str = "SYNCDECK_TEST_FULL_PATH";

/// Not a test by itself: a process whose files may not grow beyond a limit.
#[test]
fn child() {
    let Some(path) = std::env::var_os(PATH) else {
        return;
    };
    let store = Store::open(Path::new(&path)).unwrap();
    commit(&store, [Change::PutConnector(Box::new(connector("shop")))]).unwrap();
    let mut from = 0;
    let error = loop {
        match put_links(&store, from, from + 500) {
            Ok(()) => from += 500,
            Err(error) => break error.user(),
        }
    };
    assert!(error.why.contains("may not grow"), "{error}");
    let small = commit(&store, [Change::PutFact("a".into(), Some("b".into()))]);
    println!("stored {from} small {}", small.is_ok());
}

#[test]
fn a_file_that_may_not_grow_is_a_clear_error_and_opens_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("syncdeck.redb");
    // The limit is in blocks of 512 bytes; the signal that it sends is ignored.
    let script = r#"trap "" XFSZ; ulimit -f 12000; exec "$0" "$@""#;
    let out = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::disk::child", "--nocapture", "--test-threads=1"])
        .env(PATH, &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{text}{error}");
    let stored = text.split("stored ").nth(1).unwrap();
    let stored: u64 = stored.split(' ').next().unwrap().parse().unwrap();
    assert!(stored > 0, "{text}");
    let store = Store::open(&path).unwrap();
    let count = store.read_blocking(|r| r.link_count(1, M)).unwrap();
    assert_eq!(count, stored);
    put_links(&store, 100_000, 100_500).unwrap();
}
