//! Which entries a selection takes, and that pages lose none.

use super::*;
use crate::store::{Batch, Change, Store};

const C: ConnectorId = 1;

fn skip(id: String, name: &str, code: ReasonCode) -> Skip {
    let reason = Reason::new(code, "", "");
    let (side, name) = (Side::Vtiger, name.to_owned());
    Skip { side, id, name, reason, print: 1, revision: 1, run: 1, decided: None, stamp: None }
}

fn parked(id: String) -> Parked {
    let now = Stamp(5);
    Parked {
        side: Side::Service,
        id,
        name: "Bo".into(),
        reason: None,
        since: now,
        tries: 0,
        next_try: now,
        print: None,
        revision: 0,
        gone: false,
    }
}

/// 2,300 skips and 3 that wait, of two modules.
fn filled() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("syncdeck.redb")).unwrap();
    let mut batch = Batch::new();
    for n in 0..2_300 {
        let odd = n % 2 == 1;
        let code = if odd { ReasonCode::TooLong } else { ReasonCode::Refused };
        let module = if n < 1_200 { Module::Products } else { Module::Contacts };
        batch.push(Change::PutSkip(C, module, skip(format!("12x{n}"), "Ada", code)));
    }
    for n in 0..3 {
        batch.push(Change::PutParked(C, Module::Contacts, parked(n.to_string())));
    }
    store.commit_blocking(batch).unwrap();
    (folder, store)
}

fn all(store: &Store, select: &Select, limit: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = QueueAt::default();
    loop {
        let from = at.clone();
        let page = store.read_blocking(|r| page(r, C, select, from, limit)).unwrap();
        assert!(page.entries.len() <= limit);
        entries.extend(page.entries);
        match page.next {
            Some(next) => at = next,
            None => return entries,
        }
    }
}

#[test]
fn pages_of_any_size_show_every_entry_once() {
    let (_folder, store) = filled();
    let whole = all(&store, &Select::default(), 5_000);
    assert_eq!(whole.len(), 2_303);
    let mut keys: Vec<_> = whole.iter().map(|e| (e.module, e.side(), e.id())).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 2_303);
    for limit in [1, 7, 999, 1_000] {
        assert_eq!(all(&store, &Select::default(), limit), whole, "{limit}");
    }
}

#[test]
fn a_selection_takes_what_it_names() {
    let (_folder, store) = filled();
    let count = |select: &Select| all(&store, select, 300).len();
    assert_eq!(count(&Select { module: Some(Module::Products), ..Select::default() }), 1_200);
    assert_eq!(count(&Select { reason: Some(ReasonCode::TooLong), ..Select::default() }), 1_150);
    assert_eq!(count(&Select { waiting: Some(true), ..Select::default() }), 3);
    assert_eq!(count(&Select { side: Some(Side::Vtiger), ..Select::default() }), 2_300);
    assert_eq!(count(&Select { text: "12x77".into(), ..Select::default() }), 11);
    assert_eq!(count(&Select { text: "!ada".into(), ..Select::default() }), 3);
    assert_eq!(count(&Select { text: "too LONG".into(), ..Select::default() }), 1_150);
    assert_eq!(count(&Select { id: Some("12x5".into()), ..Select::default() }), 1);
    let none = Select { id: Some("5".into()), ..Select::default() };
    assert_eq!(count(&none), 0);
}
