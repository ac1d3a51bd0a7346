//! Stores of an older schema: brought forward whole or not at all, a newer form is never half
//! there.

use super::samples::*;
use super::{block_on, commit, sentences, store};
use crate::model::{Cursor, ItemStatus, Module, Parked, Retention, Side, Skip};
use crate::store::migrate::{CURRENT, Schema, Step, copy_path};
use crate::store::tables::links::LinkMark;
use crate::store::{Change, Store, StoreError, StoreResult};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::scope;
use tempfile::TempDir;

const M: Module = Module::Contacts;
const LINKS: u64 = 3_000;
const FACTS: TableDefinition<'_, &str, &str> = TableDefinition::new("facts");
const EXTRA: TableDefinition<'_, u64, u64> = TableDefinition::new("extra");

/// Every fact gets a mark; done twice it would have two.
fn mark_facts(txn: &WriteTransaction) -> StoreResult<()> {
    let mut facts = txn.open_table(FACTS)?;
    let rows: StoreResult<Vec<(String, String)>> = facts
        .iter()?
        .map(|row| {
            let row = row?;
            Ok((row.0.value().to_owned(), row.1.value().to_owned()))
        })
        .collect();
    for (name, fact) in rows? {
        facts.insert(name.as_str(), format!("{fact}!").as_str())?;
    }
    Ok(())
}

fn add_table(txn: &WriteTransaction) -> StoreResult<()> {
    txn.open_table(EXTRA)?.insert(1, 2)?;
    Ok(())
}

fn fail(_: &WriteTransaction) -> StoreResult<()> {
    Err(StoreError::new("It went wrong.", "It is a test.", "Nothing."))
}

/// Tells that it is in the middle, and stays there.
fn stay(_: &WriteTransaction) -> StoreResult<()> {
    println!("in the middle");
    loop {
        std::thread::park();
    }
}

/// The schema after today's.
const NEXT: u64 = CURRENT.ours + 1;
const LATER: Schema = Schema {
    ours: NEXT + 1,
    steps: &[Step { to: NEXT, run: mark_facts }, Step { to: NEXT + 1, run: add_table }],
};
const FAILING: Schema = Schema {
    ours: NEXT + 1,
    steps: &[Step { to: NEXT, run: mark_facts }, Step { to: NEXT + 1, run: fail }],
};
const STAYING: Schema = Schema {
    ours: NEXT + 1,
    steps: &[Step { to: NEXT, run: mark_facts }, Step { to: NEXT + 1, run: stay }],
};

/// A closed store of today's schema.
fn old() -> (TempDir, PathBuf) {
    let (folder, store) = store();
    let links = (0..LINKS).map(|n| Change::PutLink(1, M, link(&format!("12x{n}"), &n.to_string())));
    commit(&store, links).unwrap();
    commit(&store, [Change::PutFact("a".into(), Some("b".into()))]).unwrap();
    let path = store.path().to_owned();
    drop(store);
    (folder, path)
}

/// Insists that a store holds what [`old`] put in, and answers the fact.
fn fact_of_whole(store: &Store) -> String {
    let links = store.read_blocking(|r| r.links_after(1, M, None, usize::MAX)).unwrap();
    assert_eq!(links.len() as u64, LINKS);
    store.read_blocking(|r| r.fact("a")).unwrap().unwrap()
}

#[test]
fn an_older_store_is_brought_forward_once_and_a_copy_is_kept() {
    let (_folder, path) = old();
    for _ in 0..2 {
        let store = Store::open_as(&path, LATER).unwrap();
        assert_eq!(fact_of_whole(&store), "b!");
        let txn = store.inner.shared.handle.begin_read().unwrap().1;
        assert_eq!(txn.open_table(EXTRA).unwrap().get(1).unwrap().unwrap().value(), 2);
    }
    let newer = sentences(Store::open(&path).map(drop));
    assert!(newer.one_line().contains("newer SyncDeck"), "{newer}");
    let copy = copy_path(&path, CURRENT.ours);
    assert_eq!(copy.file_name().unwrap(), "syncdeck.schema-3.redb");
    assert_eq!(std::fs::metadata(&copy).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fact_of_whole(&Store::open(&copy).unwrap()), "b");
}

#[test]
fn a_new_store_needs_no_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("syncdeck.redb");
    drop(Store::open_as(&path, FAILING_FROM_ONE).unwrap());
    drop(Store::open_as(&path, FAILING_FROM_ONE).unwrap());
    assert!(!copy_path(&path, CURRENT.ours).exists());
}

/// As new stores are made today, so that only an older one would come to the step.
const FAILING_FROM_ONE: Schema = Schema { ours: CURRENT.ours, steps: &[Step { to: 1, run: fail }] };

#[test]
fn a_step_that_fails_leaves_the_store_as_it_was() {
    let (_folder, path) = old();
    let error = sentences(Store::open_as(&path, FAILING).map(drop));
    assert!(error.one_line().contains("It went wrong"), "{error}");
    assert_eq!(fact_of_whole(&Store::open(&path).unwrap()), "b");
    assert_eq!(fact_of_whole(&Store::open_as(&path, LATER).unwrap()), "b!");
}

#[test]
fn a_store_that_others_work_with_is_not_brought_forward() {
    let (_folder, path) = old();
    let other = Store::open(&path).unwrap();
    let error = sentences(Store::open_as(&path, LATER).map(drop));
    assert!(error.what.contains("brought forward"), "{error}");
    assert!(error.next.contains("End every other"), "{error}");
    commit(&other, [Change::PutFact("c".into(), Some("d".into()))]).unwrap();
    assert_eq!(fact_of_whole(&other), "b");
    drop(other);
    let store = Store::open_as(&path, LATER).unwrap();
    assert_eq!(store.read_blocking(|r| r.fact("c")).unwrap().unwrap(), "d!");
}

#[test]
fn of_many_that_start_at_once_one_brings_it_forward() {
    let (_folder, path) = old();
    scope(|scope| {
        let opened: Vec<_> =
            (0..4).map(|_| scope.spawn(|| Store::open_as(&path, LATER).unwrap())).collect();
        for store in opened {
            assert_eq!(fact_of_whole(&store.join().unwrap()), "b!");
        }
    });
}

const PATH: &str = "SYNCDECK_TEST_MIGRATE_PATH";

/// Not a test by itself: the process that is killed.
#[test]
fn child() {
    if let Some(path) = std::env::var_os(PATH) {
        drop(Store::open_as(Path::new(&path), STAYING));
    }
}

#[test]
fn killed_in_the_middle_it_begins_anew() {
    let (_folder, path) = old();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::migrating::child", "--nocapture", "--test-threads=1"])
        .env(PATH, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let there = out.lines().map_while(Result::ok).any(|line| line.contains("in the middle"));
    assert!(there);
    // Nobody can come in between.
    let error = sentences(Store::open(&path).map(drop));
    assert!(error.one_line().contains("in use"), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fact_of_whole(&Store::open(&path).unwrap()), "b");
    assert_eq!(fact_of_whole(&Store::open_as(&path, LATER).unwrap()), "b!");
}

/// The store file as the first version wrote it, with something in every table.
const FIRST: &[u8] = include_bytes!("first.redb");

/// Puts something into every table.
pub fn fill(store: &Store) {
    let run = block_on(store.start_run(new_run(1))).unwrap();
    let item = item(M, Side::Vtiger, ItemStatus::Created, "Anna");
    let changes = [
        Change::PutConnector(Box::new(connector("shop"))),
        Change::PutRetention(Retention::default()),
        Change::PutFact("a".into(), Some("b".into())),
        Change::PutLink(1, M, link("12x4", "43")),
        Change::PutIntent(1, M, intent(Side::Service, "12x4")),
        Change::PutParked(1, M, parked(Side::Vtiger, "12x5")),
        Change::PutSkip(1, M, skip(Side::Vtiger, "12x6")),
        Change::PutTomb(1, M, tomb(Side::Vtiger, "12x7")),
        Change::PutCursor(1, M, Side::Vtiger, cursor()),
        Change::AddItem(run, Box::new(item)),
    ];
    commit(store, changes).unwrap();
}

const MAKE: &str = "SYNCDECK_TEST_MAKE_FIRST";

/// How the file was made: by the program of then, with this set to the file.
#[test]
fn made() {
    let Some(path) = std::env::var_os(MAKE) else { return };
    let store = Store::open(Path::new(&path)).unwrap();
    fill(&store);
    drop(store);
    crate::store::compact(Path::new(&path)).unwrap();
}

#[test]
fn a_store_of_the_first_version_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("syncdeck.redb");
    std::fs::write(&path, FIRST).unwrap();
    for schema in [CURRENT, LATER] {
        let store = Store::open_as(&path, schema).unwrap();
        store
            .read_blocking(|r| {
                assert_eq!(r.connectors()?[0].name, "shop");
                let known = link("12x4", "43");
                let mark = LinkMark { stamp: known.service_stamp, revision: known.revision };
                assert_eq!(r.links_after(1, M, None, 9)?, [known]);
                let marks = r.link_marks(1, M, Side::Service, ["43", "44"].into_iter())?;
                assert_eq!(marks, [Some(mark), None]);
                assert_eq!(r.intents(1)?, [(M, intent(Side::Service, "12x4"))]);
                // What the first version did not know is not made up.
                let known = Cursor { deletions: None, ..cursor() };
                assert_eq!(r.cursor(1, M, Side::Vtiger)?, known);
                let known = parked(Side::Vtiger, "12x5");
                let known = Parked { print: None, revision: 0, ..known };
                assert_eq!(r.parked(1, M, Side::Vtiger, "12x5")?, Some(known));
                let mut known = Skip { decided: None, stamp: None, ..skip(Side::Vtiger, "12x6") };
                known.reason.candidates.clear();
                assert_eq!(r.skip(1, M, Side::Vtiger, "12x6")?, Some(known));
                let run = r.runs_before(Some(1), None, 9)?[0].clone();
                let items = r.items(run.id, M, Side::Vtiger, ItemStatus::Created, 0, 9)?;
                assert_eq!(items, [item(M, Side::Vtiger, ItemStatus::Created, "Anna")]);
                assert_eq!(run.modules[&M].vtiger.created, 1);
                assert_eq!(r.outcomes(1, M, ["12x4", "43"], 9)?, [], "it was only planned");
                assert_eq!(r.undecided_count(1)?, 0);
                assert!(r.fact("a")?.is_some_and(|fact| fact.starts_with('b')));
                Ok(())
            })
            .unwrap();
    }
}
