use super::*;
use crate::model::{ItemStatus, Module};
use crate::store::{Batch, Change, Store};
use crate::tui::fixture::item;
use crate::tui::runner::bench::store_with_run;
use tempfile::TempDir;

/// A store with a run of three lists: 5 created in Vtiger, 7 conflicts there, 2 in the service.
pub fn store() -> (TempDir, Store, Source) {
    let folder = tempfile::tempdir().unwrap();
    let (store, id) = store_with_run(folder.path());
    let part = |side, status| Part { module: Module::Contacts, side, status };
    let source = Source {
        run: id,
        parts: vec![
            part(Side::Vtiger, ItemStatus::Created),
            part(Side::Vtiger, ItemStatus::Conflict),
            part(Side::Service, ItemStatus::Conflict),
        ],
    };
    let mut batch = Batch::new();
    for (at, count) in [5, 7, 2].into_iter().enumerate() {
        for n in 0..count {
            let item = item(RowKey::new(at, n), source.parts[at], false);
            batch.push(Change::AddItem(id, Box::new(item)));
        }
    }
    store.commit_blocking(batch).unwrap();
    (folder, store, source)
}

#[test]
fn lengths_are_known_without_counting() {
    let (_folder, store, source) = store();
    let lengths = store.read_blocking(|reader| lengths(reader, &source)).unwrap();
    assert_eq!(lengths, [5, 7, 2]);
}

#[test]
fn a_range_goes_over_the_borders_of_the_parts() {
    let (_folder, store, source) = store();
    let rows = store.read_blocking(|reader| range(reader, &source, &[5, 7, 2], 3, 10)).unwrap();
    let keys: Vec<_> = rows.iter().map(|row| (row.key.part(), row.key.position())).collect();
    let expected: Vec<_> =
        [(0, 3), (0, 4)].into_iter().chain((0..7).map(|n| (1, n))).chain([(2, 0)]).collect();
    assert_eq!(keys, expected);
    let rest = store.read_blocking(|reader| range(reader, &source, &[5, 7, 2], 13, 10)).unwrap();
    assert_eq!(rest.len(), 1);
    let none = store.read_blocking(|reader| range(reader, &source, &[5, 7, 2], 14, 10)).unwrap();
    assert!(none.is_empty());
}

#[test]
fn picked_rows_come_in_the_order_asked_for() {
    let (_folder, store, source) = store();
    let keys: Vec<_> =
        [(1, 6), (0, 0), (0, 1), (2, 1)].map(|(part, n)| RowKey::new(part, n)).to_vec();
    let rows = store.read_blocking(|reader| picked(reader, &source, &keys)).unwrap();
    assert_eq!(rows.iter().map(|row| row.key).collect::<Vec<_>>(), keys);
}
