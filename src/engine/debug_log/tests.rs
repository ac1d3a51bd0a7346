//! What is kept, what is told of the rest, and that nobody waits for it.

use super::*;
use crate::model::Stamp;
use std::time::Instant;
use tempfile::TempDir;

fn exchange(n: usize, answer: usize) -> Exchange {
    Exchange {
        time: Stamp(1_000 + n as i64),
        system: "Vtiger".into(),
        request: format!("GET /{n}"),
        body: String::new(),
        status: 200,
        answer: "x".repeat(answer),
        millis: 3,
        sent: 0,
        received: answer as u64,
    }
}

async fn bench(debug: bool) -> (TempDir, Store, Connector) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("syncdeck.redb")).unwrap();
    let catalog = crate::catalog::Catalog::built_in().unwrap();
    let service = catalog.services().next().unwrap();
    let mut connector = crate::settings::default_connector(service, "shop");
    connector.debug = debug;
    store.commit(Change::PutConnector(Box::new(connector.clone())).into()).await.unwrap();
    connector.id = 1;
    (folder, store, connector)
}

fn entries(store: &Store) -> Vec<DebugEntry> {
    store.read_blocking(|r| r.debug_entries(1, 0..=u64::MAX, usize::MAX)).unwrap()
}

#[tokio::test]
async fn everything_heard_is_in_the_store_when_the_log_is_closed() {
    let (_folder, store, connector) = bench(true).await;
    let log = DebugLog::open(&store, &connector, Some(7));
    let (vtiger, service) = (log.tap().unwrap(), log.tap().unwrap());
    let mut commits = store.generation();
    commits.borrow_and_update();
    let start = Instant::now();
    for n in 0..300 {
        let tap = if n % 2 == 0 { &vtiger } else { &service };
        tap(exchange(n, 100));
        if n % 100 == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    }
    log.close().await;
    assert!(start.elapsed() < PATIENCE, "the end does not wait for the pause");
    let kept = entries(&store);
    assert_eq!((kept.len(), kept[0].number, kept[0].run), (300, 300, Some(7)));
    assert_eq!((kept[299].request.as_str(), kept[299].received), ("GET /0", 100));
    // A remote that outlives its log is not heard any more, and disturbs nobody.
    vtiger(exchange(1, 1));
    assert_eq!(entries(&store).len(), 300);
}

#[tokio::test]
async fn entries_are_written_while_the_run_goes_on() {
    let (_folder, store, connector) = bench(true).await;
    let log = DebugLog::open(&store, &connector, None);
    let tap = log.tap().unwrap();
    let mut generation = store.generation();
    let before = *generation.borrow_and_update();
    tap(exchange(0, 10));
    let seen = timeout(COLLECT * 4, generation.wait_for(|now| *now > before)).await;
    assert!(seen.is_ok_and(|seen| seen.is_ok()));
    tap(exchange(1, 10));
    // Dropped like a future that is given up: what was heard is written all the same.
    drop(log);
    for _ in 0..100 {
        if entries(&store).len() == 2 {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", entries(&store));
}

#[tokio::test]
async fn without_debug_mode_nothing_is_heard() {
    let (_folder, store, mut connector) = bench(false).await;
    assert!(DebugLog::open(&store, &connector, Some(1)).tap().is_none());
    connector.debug = true;
    connector.id = 0;
    assert!(DebugLog::open(&store, &connector, None).tap().is_none());
}

#[test]
fn what_there_is_no_room_for_is_counted_and_told() {
    let shared = Shared {
        run: Some(1),
        buffer: Mutex::default(),
        news: Notify::new(),
        ending: Notify::new(),
    };
    let mut buffer = Buffer::default();
    let each = 4_000;
    for n in 0..2_000 {
        buffer.push(shared.entry(exchange(n, each)));
        assert!(buffer.bytes <= WAITING);
    }
    let (kept, lost, ended) = buffer.take(Some(1));
    assert_eq!((lost, ended, buffer.bytes), (2_000, false, 0));
    assert!(kept[0].is_remark());
    let told = 2_000 - (kept.len() - 1);
    assert_eq!(
        kept[0].request,
        format!("{told} exchanges were not kept: they came faster than they could be written.")
    );
    assert_eq!(kept.last().unwrap().request, "GET /1999", "the newest stay");
    assert!(!buffer.take(None).0.iter().any(DebugEntry::is_remark), "told once");
}
