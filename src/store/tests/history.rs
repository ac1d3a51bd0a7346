//! The outcomes of a record over all runs: found by both its ids, and gone with their runs.

use super::samples::*;
use super::{block_on, commit, store};
use crate::model::{
    Decided, Item, ItemStatus, Module, Period, ReasonCode, Retention, RunStatus, Side, Skip,
    Verdict,
};
use crate::store::migrate::{CURRENT, Schema, Step};
use crate::store::tables::history::{HISTORY, note_all};
use crate::store::tables::skips::count_undecided;
use crate::store::{Change, Store, StoreResult};
use redb::{TableDefinition, WriteTransaction};

const M: Module = Module::Contacts;

fn outcome(status: ItemStatus, [vtiger_id, service_id]: [&str; 2], name: &str) -> Item {
    let (vtiger_id, service_id) = (vtiger_id.into(), service_id.into());
    Item { vtiger_id, service_id, planned: false, ..item(M, Side::Vtiger, status, name) }
}

fn run(store: &Store, connector: u32, items: Vec<Item>) -> u64 {
    let run = block_on(store.start_run(new_run(connector))).unwrap();
    commit(store, items.into_iter().map(|item| Change::AddItem(run, Box::new(item)))).unwrap();
    run
}

fn names(store: &Store, ids: [&str; 2], limit: usize) -> Vec<(u64, String)> {
    let found = store.read_blocking(|r| r.outcomes(1, M, ids, limit)).unwrap();
    found.into_iter().map(|(run, item)| (run, item.name)).collect()
}

/// A record that was skipped, then created, then updated, among others.
fn filled(store: &Store) -> [u64; 3] {
    let first = run(
        store,
        1,
        vec![
            outcome(ItemStatus::Skipped, ["", "43"], "skipped"),
            outcome(ItemStatus::Created, ["12x4", "430"], "another"),
        ],
    );
    let second = run(store, 1, vec![outcome(ItemStatus::Created, ["12x9", "43"], "created")]);
    let third = run(
        store,
        1,
        vec![
            Item { planned: true, ..outcome(ItemStatus::Updated, ["12x9", "43"], "planned") },
            outcome(ItemStatus::Updated, ["12x9", ""], "updated"),
        ],
    );
    run(store, 2, vec![outcome(ItemStatus::Updated, ["12x9", "43"], "of another connector")]);
    [first, second, third]
}

fn all(runs: [u64; 3]) -> Vec<(u64, String)> {
    let [first, second, third] = runs;
    vec![(third, "updated".into()), (second, "created".into()), (first, "skipped".into())]
}

#[test]
fn a_record_is_found_by_both_ids_newest_first_and_plans_are_not() {
    let (_folder, store) = store();
    let runs = filled(&store);
    assert_eq!(names(&store, ["12x9", "43"], 9), all(runs));
    assert_eq!(names(&store, ["12x9", "43"], 2), all(runs)[..2]);
    assert_eq!(names(&store, ["12x9", ""], 9), all(runs)[..2]);
    assert_eq!(names(&store, ["", "43"], 9), all(runs)[1..]);
    assert_eq!(names(&store, ["", ""], 9), []);
    assert_eq!(names(&store, ["12x90", "4"], 9), []);
    let other = store.read_blocking(|r| r.outcomes(1, Module::Leads, ["12x9", "43"], 9)).unwrap();
    assert_eq!(other, []);
}

#[test]
fn outcomes_go_with_their_runs() {
    let (_folder, store) = store();
    let runs = filled(&store);
    commit(&store, [Change::ClearItems(runs[2])]).unwrap();
    assert_eq!(names(&store, ["12x9", "43"], 9), all(runs), "what happened stays");
    // All runs but the newest of each connector are too old.
    for run in runs {
        let (status, ended) = (RunStatus::Completed, Some(stamp(1)));
        commit(&store, [Change::EndRun { run, status, ended, held: None, error: None }]).unwrap();
    }
    let keep = Retention { runs: Period::secs(1), ..Retention::default() };
    commit(&store, [Change::PutRetention(keep)]).unwrap();
    assert_eq!(store.prune(stamp(1_000_000_000_000)).unwrap(), 2);
    assert_eq!(names(&store, ["12x9", "43"], 9), all(runs)[..1]);
    assert_eq!(rows(&store), 3, "the newest of both connectors");
    commit(&store, [Change::RemoveConnector(1)]).unwrap();
    assert_eq!(rows(&store), 2);
}

fn rows(store: &Store) -> usize {
    use redb::ReadableTableMetadata;
    let txn = store.inner.shared.handle.begin_read().unwrap().1;
    usize::try_from(txn.open_table(HISTORY).unwrap().len().unwrap()).unwrap()
}

/// As if the store had been made before there was a history, and a count of decisions.
fn from_before(txn: &WriteTransaction) -> StoreResult<()> {
    txn.delete_table(HISTORY)?;
    let counters: TableDefinition<'_, (u32, u8, u8), u64> = TableDefinition::new("counters");
    txn.open_table(counters)?.retain(|(_, _, what), _| what != 4)?;
    Ok(())
}

#[test]
fn an_older_store_gets_its_history_and_its_count_of_decisions() {
    let (_folder, store) = store();
    let runs = filled(&store);
    let mut ambiguous = Skip { decided: None, ..skip(Side::Service, "44") };
    ambiguous.reason.code = ReasonCode::AmbiguousMatch;
    commit(&store, [Change::PutSkip(1, M, ambiguous)]).unwrap();
    let path = store.path().to_owned();
    drop(store);
    const TO: u64 = CURRENT.ours + 1;
    let later = Schema {
        ours: TO,
        steps: &[
            Step { to: TO, run: from_before },
            Step { to: TO, run: note_all },
            Step { to: TO, run: count_undecided },
        ],
    };
    let store = Store::open_as(&path, later).unwrap();
    assert_eq!(names(&store, ["12x9", "43"], 9), all(runs));
    assert_eq!(store.read_blocking(|r| r.undecided_count(1)).unwrap(), 1);
}

#[test]
fn what_waits_for_a_decision_is_counted_until_it_is_decided() {
    let (_folder, store) = store();
    let count = || store.read_blocking(|r| r.undecided_count(1)).unwrap();
    let with = |code, decided| {
        let mut skip = Skip { decided, ..skip(Side::Service, "44") };
        skip.reason.code = code;
        Change::PutSkip(1, M, skip)
    };
    let never = Some(Decided { verdict: Verdict::Never, at: stamp(0) });
    for (change, counted) in [
        (with(ReasonCode::TooLong, None), 0),
        (with(ReasonCode::AmbiguousMatch, None), 1),
        (with(ReasonCode::DuplicateInSource, None), 1),
        (Change::DropSkip(1, M, Side::Service, "44".into()), 0),
        (Change::DropSkip(1, M, Side::Service, "44".into()), 0),
        (with(ReasonCode::AmbiguousMatch, None), 1),
        (with(ReasonCode::DuplicateInSource, never), 0),
        // What a person left out stays so.
        (with(ReasonCode::AmbiguousMatch, None), 0),
    ] {
        commit(&store, [change]).unwrap();
        assert_eq!(count(), counted);
    }
    let mut other = Skip { decided: None, ..skip(Side::Service, "45") };
    other.reason.code = ReasonCode::AmbiguousMatch;
    commit(&store, [Change::PutSkip(1, M, other)]).unwrap();
    assert_eq!(count(), 1);
    commit(&store, [Change::RemoveConnector(1)]).unwrap();
    assert_eq!(count(), 0);
}
