//! Looking at a store changes nothing and finds what is wrong.

use super::migrating::fill;
use super::samples::*;
use super::{commit, sentences, store};
use crate::model::Module;
use crate::store::inspect::inspect;
use crate::store::migrate::{CURRENT, Schema, Step};
use crate::store::{Change, Store};
use redb::{Builder, ConcurrencyMode, TableDefinition, WriteTransaction};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

const M: Module = Module::Contacts;
const BYTES: TableDefinition<'_, (u32, u8, &str), &[u8]> = TableDefinition::new("links");

fn closed() -> (TempDir, PathBuf) {
    let (folder, store) = store();
    fill(&store);
    let links = (0..500).map(|n| Change::PutLink(1, M, link(&format!("12y{n}"), &format!("y{n}"))));
    commit(&store, links).unwrap();
    let path = store.path().to_owned();
    drop(store);
    (folder, path)
}

/// What is found after this was done to the tables behind the store's back.
fn found_after(tamper: impl FnOnce(&WriteTransaction)) -> String {
    let (_folder, path) = closed();
    let mut builder = Builder::new();
    let db = builder.set_concurrency_mode(ConcurrencyMode::MultiWriter).open(&path).unwrap();
    let txn = db.begin_write().unwrap();
    tamper(&txn);
    txn.commit().unwrap();
    drop(db);
    told(&path)
}

/// All findings in one text; the file stays as it is.
fn told(path: &Path) -> String {
    let before = std::fs::read(path).unwrap();
    let inspection = inspect(path).unwrap();
    assert!(std::fs::read(path).unwrap() == before);
    assert!(inspection.pages_checked);
    inspection.findings.iter().map(|f| f.one_line() + "\n").collect()
}

#[test]
fn a_sound_store_has_no_findings_closed_open_and_crashed() {
    let (_folder, path) = closed();
    assert_eq!(told(&path), "");
    let seen = inspect(&path).unwrap();
    let links = seen.tables.iter().find(|t| t.name == "links").unwrap();
    assert_eq!(links.rows, 501);
    assert!(links.bytes > 10_000 && seen.size > links.bytes);
    assert!(seen.free.is_some_and(|free| free < seen.size));
    assert_eq!((seen.connectors.len(), seen.newest_run), (1, Some(stamp(0))));
    assert_eq!(seen.schema, seen.our_schema);
    let open = Store::open(&path).unwrap();
    assert_eq!(told(&path), "");
    let crashed = path.with_extension("copy");
    std::fs::copy(&path, &crashed).unwrap();
    assert_eq!(told(&crashed), "");
    drop(open);
}

#[test]
fn others_may_write_all_the_while() {
    let (_folder, path) = closed();
    let busy = Store::open(&path).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !done.load(Ordering::SeqCst) {
                n += 1;
                let changes = (n..n + 20)
                    .map(|n| Change::PutLink(1, M, link(&format!("13x{n}"), &format!("z{n}"))));
                commit(&busy, changes).unwrap();
                commit(&busy, [Change::DropLink(1, M, format!("13x{n}"))]).unwrap();
            }
        });
        let inspections = [inspect(&path), inspect(&path)];
        done.store(true, Ordering::SeqCst);
        for inspection in inspections {
            let inspection = inspection.unwrap();
            assert_eq!(inspection.findings, []);
            assert!(!inspection.pages_checked && inspection.newest_run.is_some());
        }
    });
}

#[test]
fn rows_that_do_not_agree_are_found() {
    type Back = (&'static str, &'static str, Option<i64>, u64);
    const BACK: TableDefinition<'_, (u32, u8, &str), Back> =
        TableDefinition::new("links_by_service");
    const COUNTERS: TableDefinition<'_, (u32, u8, u8), u64> = TableDefinition::new("counters");
    const ITEMS: TableDefinition<'_, (u64, u8, u8, u8, u64), &[u8]> =
        TableDefinition::new("run_items");
    const INDEX: TableDefinition<'_, (u32, u64), ()> = TableDefinition::new("runs_by_connector");
    const PARKED: TableDefinition<'_, (u32, u8, u8, &str), &[u8]> = TableDefinition::new("parked");
    const CONNECTORS: TableDefinition<'_, u32, &str> = TableDefinition::new("connectors");
    let m = M.number();
    let expect = |words: &[&str], tamper: &dyn Fn(&WriteTransaction)| {
        let told = found_after(tamper);
        for word in words {
            assert!(told.contains(word), "{word}: {told}");
        }
    };
    expect(&["Links and their index", "Contacts 12y", "and 497 more"], &|txn| {
        let mut back = txn.open_table(BACK).unwrap();
        back.retain(|_, ids| !ids.0.starts_with('y')).unwrap();
    });
    expect(&["Links and their index", "new – 43"], &|txn| {
        txn.open_table(BACK).unwrap().insert((1, m, "zz"), ("43", "new", None, 0)).unwrap();
    });
    expect(&["Counters", "links of Contacts of connector 1: 7 counted, 501 there"], &|txn| {
        txn.open_table(COUNTERS).unwrap().insert((1, m, 1), 7).unwrap();
    });
    expect(&["Lists of a run", "1 said, 0 there", "numbers are not those"], &|txn| {
        txn.open_table(ITEMS).unwrap().retain(|_, _| false).unwrap();
    });
    expect(&["Runs and their index", "run 1"], &|txn| {
        txn.open_table(INDEX).unwrap().retain(|_, ()| false).unwrap();
    });
    expect(&["cannot be read", "table parked"], &|txn| {
        let mut parked = txn.open_table(PARKED).unwrap();
        parked.insert((1, m, 1, "x"), [1_u8, 2, 3].as_slice()).unwrap();
    });
    expect(&["cannot be read", "a link of Contacts"], &|txn| {
        txn.open_table(BYTES).unwrap().insert((1, m, "x"), [99_u8].as_slice()).unwrap();
    });
    expect(&["a connector that is not there", "intents of connector 1", "more"], &|txn| {
        txn.open_table(CONNECTORS).unwrap().retain(|_, _| false).unwrap();
    });
    expect(&["connectors"], &|txn| {
        txn.open_table(CONNECTORS).unwrap().insert(1, "{").unwrap();
    });
}

#[test]
fn a_damaged_file_is_an_error_or_a_finding_and_stays_as_it_is() {
    let (_folder, path) = closed();
    let whole = std::fs::read(&path).unwrap();
    let places = (9..320).step_by(13).chain((4096..whole.len()).step_by(4096 * 2 + 11));
    for place in places {
        let mut bytes = whole.clone();
        let end = bytes.len().min(place + 64);
        bytes[place..end].fill(0xA5);
        is_left_alone(&path, &bytes);
    }
    // One letter of one row, wherever it stands: every page has a checksum.
    let mut bytes = whole.clone();
    let mut letters = 0;
    for at in 0..whole.len() - 4 {
        if &whole[at..at + 4] == b"y250" {
            bytes[at + 1] = b'9';
            letters += 1;
        }
    }
    assert!(letters > 0);
    assert!(is_left_alone(&path, &bytes) > 0, "nothing was found");
}

/// How many things are wrong with these bytes, which stay as they are.
fn is_left_alone(path: &Path, bytes: &[u8]) -> usize {
    std::fs::write(path, bytes).unwrap();
    let found = match inspect(path) {
        Ok(inspection) => inspection.findings.len(),
        Err(error) => {
            assert!(!error.user().next.is_empty(), "{error}");
            1
        }
    };
    assert!(std::fs::read(path).unwrap() == bytes);
    found
}

#[test]
fn files_that_are_no_store_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("syncdeck.redb");
    let error = |path: &Path| sentences(inspect(path).map(|_| ()));
    assert!(error(&path).what.contains(path.to_str().unwrap()));
    std::fs::write(&path, "").unwrap();
    assert!(error(&path).what.contains("is empty"));
    std::fs::write(&path, "Dear diary, today").unwrap();
    assert!(error(&path).what.contains("not a store"));
    assert!(error(folder.path()).what.contains("could not be"), "{}", error(folder.path()));
}

#[test]
fn an_older_store_is_looked_at_but_not_brought_forward() {
    const TO: u64 = CURRENT.ours + 1;
    const LATER: Schema = Schema { ours: TO, steps: &[Step { to: TO, run: |_| Ok(()) }] };
    let (_folder, path) = closed();
    drop(Store::open_as(&path, LATER).unwrap());
    let error = sentences(inspect(&path).map(|_| ()));
    assert!(error.one_line().contains("newer SyncDeck"), "{error}");
}
