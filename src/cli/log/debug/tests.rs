//! The debug log on the command line.

use super::*;
use crate::store::Change;

fn entry(at: i64, request: &str) -> DebugEntry {
    DebugEntry {
        run: Some(3),
        time: Stamp::from_secs(1_000_000_000 + at),
        system: "Vtiger".into(),
        request: request.into(),
        status: 200,
        received: 1_234,
        millis: 7,
        ..DebugEntry::default()
    }
}

fn bench() -> (tempfile::TempDir, Store, Vec<Connector>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("syncdeck.redb")).unwrap();
    let catalog = crate::catalog::Catalog::built_in().unwrap();
    let service = catalog.services().next().unwrap();
    for name in ["a", "b", "quiet"] {
        let connector = crate::settings::default_connector(service, name);
        store.commit_blocking(Change::PutConnector(Box::new(connector)).into()).unwrap();
    }
    let connectors = store.read_blocking(|r| r.connectors()).unwrap();
    (folder, store, connectors)
}

#[test]
fn entries_of_all_connectors_come_the_latest_first() {
    let (_folder, store, connectors) = bench();
    let add = |c, times: std::ops::Range<i64>| {
        let entries = times.map(|n| entry(2 * n + i64::from(c), "GET /x")).collect();
        store.commit_blocking(Change::AddDebug(c, entries).into()).unwrap();
    };
    add(1, 0..250);
    add(2, 100..150);
    let all: Vec<_> = Entries::new(&store, &connectors).map(Result::unwrap).collect();
    assert_eq!(all.len(), 300);
    assert!(all.windows(2).all(|two| two[0].1.time >= two[1].1.time));
    assert_eq!(all.iter().filter(|(at, _)| *at == 1).count(), 50);
    assert_eq!((all[0].1.number, all[299].1.number), (250, 1));
    assert_eq!(Entries::new(&store, &connectors[2..]).count(), 0);
}

#[test]
fn a_table_tells_each_request_in_a_line() {
    let failed = DebugEntry { status: 0, run: None, ..entry(61, "GET http://h/x/customers?a=1") };
    let found = [("shop", entry(0, "POST http://h/y.php")), ("two", failed)];
    let [date, time] = local(found[0].1.time);
    let [_, later] = local(found[1].1.time);
    let expected = format!(
        "Date        Time      Connector  Run  System  Status  Bytes  ms  Request\n\
         {date}  {time}:40  shop         3  Vtiger     200   1234   7  POST y.php\n\
         {date}  {later}:41  two             Vtiger       -   1234   7  GET customers a=1\n"
    );
    assert_eq!(table(&found, true), expected);
}

#[test]
fn the_keys_of_the_json_are_a_promise() {
    let entry = DebugEntry { body: "a=1".into(), answer: "{}".into(), ..entry(0, "GET /x") };
    let view = serde_json::to_value(DebugView::new("shop", &entry)).unwrap();
    let expected = serde_json::json!({
        "connector": "shop", "number": 0, "run": 3, "time": "2001-09-09T01:46:40Z",
        "system": "Vtiger", "request": "GET /x", "status": 200, "sent": 0, "received": 1234,
        "millis": 7, "body": "a=1", "answer": "{}",
    });
    assert_eq!(view, expected);
}

#[test]
fn an_empty_log_tells_how_to_fill_it() {
    let (_folder, _store, mut connectors) = bench();
    let args =
        LogArgs { name: None, limit: None, debug: true, grep: None, csv: None, force: false };
    assert!(nothing(&args, &connectors).contains("off for: a, b, quiet."));
    connectors.iter_mut().for_each(|c| c.debug = true);
    assert!(nothing(&args, &connectors).contains("since Debug Mode was switched on"));
    let args = LogArgs { grep: Some("x".into()), ..args };
    assert!(nothing(&args, &connectors).contains("\"x\""));
}
