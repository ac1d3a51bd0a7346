//! The debug log: numbers, pages, what is removed and when.

use super::samples::{connector, debug_entry, stamp};
use super::{commit, store};
use crate::model::{ConnectorId, DebugEntry, Period, Retention};
use crate::store::{Change, DebugExtent, Store};
use std::time::Duration;

fn two_connectors(store: &Store) {
    let put = |name| Change::PutConnector(Box::new(connector(name)));
    commit(store, [put("one"), put("two")]).unwrap();
}

fn add(c: ConnectorId, at: std::ops::Range<i64>) -> Change {
    let entry = |n: i64| DebugEntry { time: stamp(n), ..debug_entry(&format!("GET /{n:06}")) };
    Change::AddDebug(c, at.map(entry).collect())
}

fn keep(store: &Store, secs: u64, size: &str) {
    let retention =
        Retention { debug: Period::secs(secs), debug_size: size.into(), ..Retention::default() };
    commit(store, [Change::PutRetention(retention)]).unwrap();
}

fn extent(store: &Store, c: ConnectorId) -> DebugExtent {
    store.read_blocking(|r| r.debug_extent(c)).unwrap()
}

fn numbers(store: &Store, c: ConnectorId, range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    let entries = store.read_blocking(|r| r.debug_entries(c, range, 3)).unwrap();
    entries.iter().map(|entry| entry.number).collect()
}

/// What the rows of a log take, counted one by one.
fn bytes(store: &Store, c: ConnectorId) -> u64 {
    use crate::store::codec::Row;
    let entries = store.read_blocking(|r| r.debug_entries(c, 0..=u64::MAX, usize::MAX)).unwrap();
    entries.iter().map(|entry| entry.encode().unwrap().len() as u64).sum()
}

#[test]
fn entries_are_numbered_densely_and_read_newest_first() {
    let (_folder, store) = store();
    assert_eq!(extent(&store, 1).count(), 0);
    two_connectors(&store);
    commit(&store, [add(1, 0..3), add(2, 0..1)]).unwrap();
    commit(&store, [add(1, 3..5)]).unwrap();
    let first = extent(&store, 1);
    assert_eq!((first.first, first.last, first.count()), (1, 5, 5));
    assert_eq!((first.bytes, extent(&store, 2).bytes), (bytes(&store, 1), bytes(&store, 2)));
    assert_eq!(numbers(&store, 1, 0..=u64::MAX), [5, 4, 3]);
    assert_eq!(numbers(&store, 1, 0..=2), [2, 1]);
    #[allow(clippy::reversed_empty_ranges, reason = "it may be asked for")]
    let none = numbers(&store, 1, 4..=3);
    assert_eq!(none, [0; 0]);
    let entry = store.read_blocking(|r| r.debug_entry(1, 4)).unwrap().unwrap();
    assert_eq!((entry.request.as_str(), entry.number), ("GET /000003", 4));
    assert_eq!(store.read_blocking(|r| r.debug_entry(2, 2)).unwrap(), None);
}

#[test]
fn old_entries_go_and_numbers_are_not_given_twice() {
    let (_folder, store) = store();
    two_connectors(&store);
    keep(&store, 10, "1GB");
    commit(&store, [add(1, 0..20), add(2, 15..20)]).unwrap();
    store.prune(stamp(15).plus(Duration::from_secs(10))).unwrap();
    let left = extent(&store, 1);
    assert_eq!((left.first, left.count(), left.bytes), (16, 5, bytes(&store, 1)));
    assert_eq!(extent(&store, 2).count(), 5);
    store.prune(stamp(99).plus(Duration::from_secs(10))).unwrap();
    assert_eq!((extent(&store, 1).count(), extent(&store, 1).bytes), (0, 0));
    commit(&store, [add(1, 20..21)]).unwrap();
    assert_eq!(numbers(&store, 1, 0..=u64::MAX), [21]);
}

#[test]
fn what_is_too_much_goes_the_oldest_first_of_all_connectors() {
    let (_folder, store) = store();
    two_connectors(&store);
    commit(&store, [add(1, 0..10), add(2, 5..15)]).unwrap();
    let each = bytes(&store, 1) / 10;
    keep(&store, 1_000_000, &format!("{}B", each * 12 + each / 2));
    store.prune(stamp(20)).unwrap();
    // Eight of twenty went: 0 to 4 of the first, then those of the same age in turn.
    assert_eq!((extent(&store, 1).count(), extent(&store, 2).count()), (3, 9));
    // Adding keeps within the limit too, while a run goes on.
    commit(&store, [add(1, 20..30)]).unwrap();
    let both = extent(&store, 1).bytes + extent(&store, 2).bytes;
    assert!(both <= each * 12 + each / 2, "{both}");
    assert_eq!(both, bytes(&store, 1) + bytes(&store, 2));
    assert_eq!(numbers(&store, 1, 0..=u64::MAX)[0], 20, "the newest stay");
}

#[test]
fn a_removed_connector_takes_its_log_with_it() {
    let (_folder, store) = store();
    two_connectors(&store);
    commit(&store, [add(1, 0..4), add(2, 0..4)]).unwrap();
    commit(&store, [Change::RemoveConnector(1)]).unwrap();
    assert_eq!(extent(&store, 1), DebugExtent::default());
    assert_eq!(extent(&store, 2).count(), 4);
    // A check that ends after that leaves nothing behind.
    commit(&store, [add(1, 4..5)]).unwrap();
    assert_eq!(bytes(&store, 1), 0);
}

#[test]
fn a_store_without_the_tables_has_an_empty_log() {
    use crate::store::tables::debug_log::{DEBUG_LOG, DEBUG_SIZES};
    let (folder, store) = store();
    drop(store);
    let path = folder.path().join("data/syncdeck.redb");
    let db = redb::Database::open(&path).unwrap();
    let txn = db.begin_write().unwrap();
    assert!(txn.delete_table(DEBUG_LOG).unwrap() && txn.delete_table(DEBUG_SIZES).unwrap());
    txn.commit().unwrap();
    drop(db);
    let store = Store::open(&path).unwrap();
    two_connectors(&store);
    assert_eq!(extent(&store, 1).count(), 0);
    store.prune(stamp(0)).unwrap();
    commit(&store, [add(1, 0..2)]).unwrap();
    assert_eq!(extent(&store, 1).count(), 2);
}
