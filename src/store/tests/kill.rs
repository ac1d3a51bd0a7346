//! A process that commits is killed at random moments. Every commit that was acknowledged is
//! there, whole, and links are one to one.

use super::samples::{item, link, new_run};
use super::{block_on, commit};
use crate::model::{ItemStatus, Module, Side};
use crate::store::{Change, Store};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

const PATH: &str = "SYNCDECK_TEST_KILL_PATH";
const M: Module = Module::Contacts;
const PER_BATCH: u64 = 20;

/// Not a test by itself: the process that is killed.
#[test]
fn child() {
    let Some(path) = std::env::var_os(PATH) else {
        return;
    };
    let store = Store::open(Path::new(&path)).unwrap();
    let run = block_on(store.start_run(new_run(1))).unwrap();
    let mut next = store.read_blocking(|r| r.link_count(1, M)).unwrap();
    loop {
        let mut changes = Vec::new();
        for n in next..next + PER_BATCH {
            changes.push(Change::PutLink(1, M, link(&format!("12x{n}"), &n.to_string())));
            let item = item(M, Side::Vtiger, ItemStatus::Created, &n.to_string());
            changes.push(Change::AddItem(run, Box::new(item)));
        }
        commit(&store, changes).unwrap();
        next += PER_BATCH;
        println!("done {next}");
    }
}

#[test]
fn acknowledged_commits_survive_sigkill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("syncdeck.redb");
    // Somebody else has it open all the while, half of the time.
    let witness = Store::open(&path).unwrap();
    let mut acknowledged = 0;
    for round in 0..8_u64 {
        acknowledged = acknowledged.max(kill_after(&path, round));
        check(&witness, acknowledged);
        if round >= 4 {
            check(&Store::open(&path).unwrap(), acknowledged);
        }
    }
    drop(witness);
    for round in 0..4_u64 {
        acknowledged = acknowledged.max(kill_after(&path, round));
        check(&Store::open(&path).unwrap(), acknowledged);
    }
    assert!(acknowledged > 0, "no child got to a commit");
}

/// Lets a child commit for a random while; answers how many links it was told are stored.
fn kill_after(path: &Path, round: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::kill::child", "--nocapture", "--test-threads=1"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let done = out.lines().map_while(Result::ok).filter_map(|line| {
            let (_, number) = line.split_once("done ")?;
            number.parse::<u64>().ok()
        });
        done.last().unwrap_or(0)
    });
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let random = u64::from(clock.subsec_nanos()) % 150;
    std::thread::sleep(Duration::from_millis(60 + random + round * 10));
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

fn check(store: &Store, acknowledged: u64) {
    store
        .read_blocking(|r| {
            let count = r.link_count(1, M)?;
            assert!(count >= acknowledged, "{count} of {acknowledged}");
            assert_eq!(count % PER_BATCH, 0, "a batch is there in part");
            let links = r.links_after(1, M, None, usize::MAX)?;
            let ids = r.service_ids_after(1, M, None, usize::MAX)?;
            assert_eq!((links.len() as u64, ids.len() as u64), (count, count));
            for (n, (link, (sid, vid))) in links.iter().zip(&ids).enumerate() {
                assert_eq!(link.vtiger_id, format!("12x{n}"));
                assert_eq!((&link.service_id, &link.vtiger_id), (sid, vid));
            }
            let mut items = 0;
            for run in r.runs_before(Some(1), None, usize::MAX)? {
                let listed =
                    r.items(run.id, M, Side::Vtiger, ItemStatus::Created, 0, usize::MAX)?;
                let counted = run.modules.get(&M).map_or(0, |c| c.vtiger.created);
                assert_eq!(listed.len() as u64, counted);
                items += counted;
            }
            assert_eq!(items, count);
            Ok(())
        })
        .unwrap();
}
