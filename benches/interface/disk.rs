//! The store: writing, opening, opening after a kill, pruning, compacting.

use crate::{Plan, deck, process, spread, tell};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use syncdeck::model::{Crm, Module, Period, Retention, RunStatus, SecretText, Stamp};
use syncdeck::store::{Batch, Change, Store, compact, inspect};

/// Changes in a commit.
const BATCH: u64 = 1_000;
const DAY: Duration = Duration::from_secs(86_400);

/// The folder of the program's data.
pub fn data(plan: &Plan) -> PathBuf {
    plan.folder.join("data")
}

fn file(plan: &Plan) -> PathBuf {
    data(plan).join("syncdeck.redb")
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

/// What the file takes on the disk; redb makes it longer ahead of need.
fn taken(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).unwrap().blocks() * 512
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

pub fn start_run(store: &Store, run: syncdeck::model::Run) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(store.start_run(run)).unwrap()
}

fn end(run: u64) -> Change {
    let (status, ended) = (RunStatus::Completed, Some(Stamp::now()));
    Change::EndRun { run, status, ended, held: None, error: None }
}

/// Commits so many changes in batches, and answers how long it took.
fn commit(store: &Store, count: u64, change: impl Fn(u64) -> Change) -> Duration {
    let since = Instant::now();
    for from in (0..count).step_by(usize::try_from(BATCH).unwrap()) {
        let mut batch = Batch::new();
        (from..count.min(from + BATCH)).for_each(|n| batch.push(change(n)));
        store.commit_blocking(batch).unwrap();
    }
    since.elapsed()
}

/// Makes the store, unless one was kept.
pub fn write(plan: &Plan) {
    let path = file(plan);
    if path.exists() {
        return;
    }
    let store = Store::open(&path).unwrap();
    let crm = Crm {
        url: "https://crm.example.com/webservice.php".into(),
        username: "sync".into(),
        access_key: SecretText::Reference("env:CRM_KEY".into()),
        allow_http: false,
        ca_file: None,
    };
    store.commit_blocking(Change::PutCrm(crm).into()).unwrap();
    store.commit_blocking(Change::PutConnector(Box::new(deck::connector())).into()).unwrap();
    let empty = taken(&path);
    let started = Stamp::now().minus(DAY * 40);
    let run = start_run(&store, deck::run(started));
    let add = |n| Change::AddItem(run, Box::new(deck::outcome(n, started)));
    let items = commit(&store, plan.records, add);
    store.commit_blocking(end(run).into()).unwrap();
    let with_items = taken(&path);
    let put = |n| Change::PutLink(1, Module::Contacts, deck::link(n, started));
    let links = commit(&store, plan.records, put);
    // A newer run, so that the large one may be pruned.
    let newest = start_run(&store, deck::run(Stamp::now().minus(DAY)));
    store.commit_blocking(commit_one(newest)).unwrap();
    drop(store);
    if !plan.has("write") {
        return;
    }
    let rate = |took: Duration| plan.records as f64 / took.as_secs_f64();
    let n = plan.records;
    tell("outcomes written", format!("{n} in {items:.1?}, {:.0} a second", rate(items)));
    tell("links written", format!("{n} in {links:.1?}, {:.0} a second", rate(links)));
    let each = |bytes: u64| format!("{}, {} bytes each", megabytes(bytes), bytes / n.max(1));
    tell("on disk for the outcomes", each(with_items - empty));
    tell("on disk for the links", each(taken(&path) - with_items));
    tell("length of the file", megabytes(size(&path)));
    for table in inspect(&path).unwrap().tables.iter().filter(|table| table.rows >= n.max(1)) {
        let each = table.bytes as f64 / table.rows as f64;
        tell(&format!("stored in {}", table.name), format!("{each:.0} bytes a row"));
    }
}

fn commit_one(run: u64) -> Batch {
    let mut batch = Batch::new();
    batch.push(Change::AddItem(run, Box::new(deck::outcome(0, Stamp::now()))));
    batch.push(end(run));
    batch
}

/// Opening the store, as every command does.
pub fn open(plan: &Plan) {
    if !plan.has("open") {
        return;
    }
    let times = (0..9).map(|_| {
        let since = Instant::now();
        let store = Store::open(&file(plan)).unwrap();
        let took = since.elapsed();
        drop(store);
        took.as_secs_f64() * 1e3
    });
    let (middle, longest) = spread(times.collect());
    tell("store opened", format!("{middle:.1} ms, at most {longest:.1} ms"));
}

/// Opening the store after the process that wrote was killed.
pub fn kill(plan: &Plan) {
    if !plan.has("kill") {
        return;
    }
    let path = file(plan);
    let times = (0..5).map(|n| {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .arg("--write-until-killed")
            .arg(&path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(700 + 37 * n));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let since = Instant::now();
        let store = Store::open(&path).unwrap();
        store.read_blocking(|reader| reader.runs_before(None, None, 1)).unwrap();
        let took = since.elapsed();
        drop(store);
        took.as_secs_f64() * 1e3
    });
    let (middle, longest) = spread(times.collect());
    tell("store opened after a kill", format!("{middle:.1} ms, at most {longest:.1} ms"));
}

/// Writes until it is killed.
pub fn write_until_killed(path: &Path) {
    let store = Store::open(path).unwrap();
    let run = start_run(&store, deck::run(Stamp::now()));
    let add = |n| Change::AddItem(run, Box::new(deck::outcome(n, Stamp::now())));
    commit(&store, u64::MAX, add);
}

/// Old runs are deleted, and the file is made smaller.
pub fn prune(plan: &Plan) {
    if !plan.has("prune") {
        return;
    }
    let path = file(plan);
    let store = Store::open(&path).unwrap();
    let runs = Period::secs(30 * 86_400);
    let retention = Retention { runs, ..Retention::default() };
    store.commit_blocking(Change::PutRetention(retention).into()).unwrap();
    let before = taken(&path);
    let since = Instant::now();
    let pruned = store.prune(Stamp::now()).unwrap();
    let took = since.elapsed();
    drop(store);
    tell("pruned", format!("{pruned} runs with their outcomes in {took:.1?}"));
    let since = Instant::now();
    compact(&path).unwrap();
    let took = since.elapsed();
    let after = taken(&path);
    tell("compacted", format!("{} to {} in {took:.1?}", megabytes(before), megabytes(after)));
    tell("memory of all this", megabytes(process::peak(std::process::id())));
}

/// Adds runs without rows, which is what most runs of a connector leave.
pub fn add_runs(plan: &Plan) {
    let store = Store::open(&file(plan)).unwrap();
    let have = store.read_blocking(|reader| reader.runs_before(Some(1), None, usize::MAX));
    let have = have.unwrap().len() as u64;
    for n in have..plan.runs {
        let ago = Duration::from_secs(300 * (plan.runs - n));
        start_run(&store, deck::past_run(n, Stamp::now().minus(ago)));
    }
}
