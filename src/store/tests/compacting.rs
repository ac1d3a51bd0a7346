//! Pruning and compacting: the file gets smaller, and loses nothing, killed or not.

use super::samples::*;
use super::{block_on, commit, store};
use crate::model::{ItemStatus, Module, Period, Retention, RunStatus, Side, Stamp};
use crate::store::{Change, Store, StoreError, compact};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

const M: Module = Module::Contacts;
const LINKS: u64 = 2_000;

fn put_links(store: &Store, from: u64, to: u64) {
    let links = (from..to).map(|n| link(&format!("12x{n}"), &n.to_string()));
    commit(store, links.map(|link| Change::PutLink(1, M, link))).unwrap();
}

/// A run that began so many days ago, with so many items.
fn put_run(store: &Store, days: u64, items: u64) -> u64 {
    let started = Stamp::now().minus(Duration::from_secs(days * 86_400));
    let run = crate::model::Run { started, ..new_run(1) };
    let run = block_on(store.start_run(run)).unwrap();
    for from in (0..items).step_by(2_000) {
        let items = from..(from + 2_000).min(items);
        let rows = items.map(|n| item(M, Side::Vtiger, ItemStatus::Created, &n.to_string()));
        commit(store, rows.map(|row| Change::AddItem(run, Box::new(row)))).unwrap();
    }
    let (status, ended) = (RunStatus::Completed, Some(started));
    commit(store, [Change::EndRun { run, status, ended, held: None, error: None }]).unwrap();
    run
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

/// Links between rows that go, so that free pages lie everywhere.
fn with_holes(store: &Store) {
    for round in 0..4 {
        put_run(store, 100, 4_000);
        put_links(store, round * LINKS / 4, (round + 1) * LINKS / 4);
    }
    put_run(store, 1, 10);
    let runs = Period::secs(30 * 86_400);
    commit(store, [Change::PutRetention(Retention { runs, ..Retention::default() })]).unwrap();
    assert_eq!(store.prune(Stamp::now()).unwrap(), 4);
}

fn is_whole(store: &Store) {
    let links = store.read_blocking(|r| r.links_after(1, M, None, usize::MAX)).unwrap();
    assert_eq!(links.len() as u64, LINKS);
    let runs = store.read_blocking(|r| r.runs_before(None, None, 99)).unwrap();
    assert_eq!(runs.len(), 1);
    let listed = store
        .read_blocking(|r| r.items(runs[0].id, M, Side::Vtiger, ItemStatus::Created, 0, 99))
        .unwrap();
    assert_eq!(listed.len(), 10);
}

#[test]
fn a_pruned_store_is_compacted_and_holds_what_it_held() {
    let (_folder, store) = store();
    with_holes(&store);
    let path = store.path().to_owned();
    let Err(StoreError::InUse(error)) = compact(&path) else { panic!("it is open") };
    assert!(error.why.contains("open"), "{error}");
    drop(store);
    let pruned = size(&path);
    let done = compact(&path).unwrap();
    println!("{pruned} → {done:?}");
    assert_eq!(done.after, size(&path));
    assert!(done.after < pruned / 3, "{pruned} → {done:?}");
    is_whole(&Store::open(&path).unwrap());
    let again = compact(&path).unwrap();
    assert!(again.after <= done.after, "{again:?}");
    let store = Store::open(&path).unwrap();
    put_links(&store, LINKS, LINKS + 10);
}

#[test]
fn old_runs_go_in_small_transactions() {
    let (_folder, store) = store();
    for _ in 0..3 {
        put_run(&store, 400, 25_000);
    }
    put_run(&store, 1, 10);
    put_links(&store, 0, LINKS);
    // Another process goes on meanwhile: it never waits for long.
    let other = Store::open(store.path()).unwrap();
    std::thread::scope(|scope| {
        let pruning = scope.spawn(|| store.prune(Stamp::now()).unwrap());
        let mut longest = Duration::ZERO;
        while !pruning.is_finished() {
            let begun = Instant::now();
            commit(&other, [Change::PutFact("a".into(), Some("b".into()))]).unwrap();
            longest = longest.max(begun.elapsed());
        }
        assert_eq!(pruning.join().unwrap(), 3);
        println!("waited at most {longest:?}");
        assert!(longest < Duration::from_secs(4), "{longest:?}");
    });
    is_whole(&store);
    assert_eq!(store.prune(Stamp::now()).unwrap(), 0);
}

const PATH: &str = "SYNCDECK_TEST_COMPACT_PATH";

/// Not a test by itself: the process that is killed.
#[test]
fn child() {
    if let Some(path) = std::env::var_os(PATH) {
        compact(Path::new(&path)).unwrap();
    }
}

#[test]
fn killed_while_it_compacts_it_loses_nothing() {
    let (folder, store) = store();
    with_holes(&store);
    let path = store.path().to_owned();
    drop(store);
    let bytes = std::fs::read(&path).unwrap();
    // How long it takes when nobody kills it, the start of the process included.
    let whole = folder.path().join("whole.redb");
    std::fs::write(&whole, &bytes).unwrap();
    let begun = Instant::now();
    assert!(compactor(&whole).status().unwrap().success());
    let takes = begun.elapsed();
    let mut killed = 0;
    for round in 0..30_u32 {
        let copy = folder.path().join(format!("{round}.redb"));
        std::fs::write(&copy, &bytes).unwrap();
        let mut child = compactor(&copy).spawn().unwrap();
        let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let random = f64::from(clock.subsec_nanos() % 1_000) / 1_000.0;
        std::thread::sleep(takes.mul_f64(random));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        is_whole(&Store::open(&copy).unwrap());
        if round % 5 == 0 {
            // And it can be done again.
            assert!(compact(&copy).unwrap().after < bytes.len() as u64 / 3);
            is_whole(&Store::open(&copy).unwrap());
        }
        std::fs::remove_file(&copy).unwrap();
    }
    assert!(killed >= 10, "{killed} of 30");
}

fn compactor(path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "store::tests::compacting::child", "--test-threads=1"]);
    command.env(PATH, path).stdout(std::process::Stdio::null());
    command
}
