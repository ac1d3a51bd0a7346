//! What people do with the queue, against what a run does at the same time.

use super::samples::*;
use super::{block_on, commit, sentences, store};
use crate::model::{
    ConnectorId, Decided, Link, Module, Parked, Reason, ReasonCode, Side, Skip, Stamp, Verdict,
};
use crate::store::{Came, Change, Deed, QueueChange, Store};

const C: ConnectorId = 1;
const M: Module = Module::Contacts;
const V: Side = Side::Vtiger;

fn deed(store: &Store, id: &str, deed: Deed) -> Came {
    let change = QueueChange { module: M, side: V, id: id.into(), deed };
    block_on(store.change_queue(C, vec![change], stamp(50))).unwrap()[0]
}

fn left_out() -> Deed {
    Deed::Never("Ada".into(), Reason::new(ReasonCode::LeftOut, "", "A test record."))
}

fn parked_at(store: &Store, side: Side, id: &str) -> Option<Parked> {
    store.read_blocking(|r| r.parked(C, M, side, id)).unwrap()
}

fn skip_at(store: &Store, id: &str) -> Option<Skip> {
    store.read_blocking(|r| r.skip(C, M, V, id)).unwrap()
}

fn plain_skip(id: &str, code: ReasonCode) -> Skip {
    Skip { reason: Reason::new(code, "", ""), decided: None, ..skip(V, id) }
}

fn put_skip(store: &Store, id: &str, code: ReasonCode) {
    commit(store, [Change::PutSkip(C, M, plain_skip(id, code))]).unwrap();
}

fn counts(store: &Store) -> (u64, u64) {
    store.read_blocking(|r| Ok((r.parked_count(C)?, r.skip_count(C, M)?))).unwrap()
}

#[test]
fn a_retried_skip_goes_into_the_queue_with_its_cause() {
    let (_folder, store) = store();
    put_skip(&store, "12x4", ReasonCode::TooLong);
    assert_eq!(deed(&store, "12x4", Deed::Retry { named: false }), Came::Done);
    assert_eq!(skip_at(&store, "12x4"), None);
    let parked = parked_at(&store, V, "12x4").unwrap();
    assert_eq!(parked.reason.unwrap().code, ReasonCode::TooLong);
    assert_eq!((parked.since, parked.next_try, parked.tries), (stamp(50), stamp(50), 0));
    assert_eq!(counts(&store), (1, 0));
    assert_eq!(deed(&store, "12x9", Deed::Retry { named: true }), Came::Nothing);
    assert_eq!(counts(&store), (1, 0));
}

#[test]
fn a_retry_never_brings_back_what_was_deleted_or_left_out_unasked() {
    let (_folder, store) = store();
    put_skip(&store, "12x4", ReasonCode::DeleteNotCarriedOver);
    for named in [true, false] {
        assert_eq!(deed(&store, "12x4", Deed::Retry { named }), Came::Deletion);
    }
    assert_eq!(deed(&store, "12x4", Deed::Add("Ada".into())), Came::Deletion);
    assert_eq!(deed(&store, "12x5", left_out()), Came::Done);
    assert_eq!(deed(&store, "12x5", Deed::Retry { named: false }), Came::LeftOut);
    assert_eq!(deed(&store, "12x5", Deed::Add("Ada".into())), Came::LeftOut);
    assert_eq!(counts(&store), (0, 2));
    assert_eq!(deed(&store, "12x5", Deed::Retry { named: true }), Came::Done);
    assert_eq!(parked_at(&store, V, "12x5").unwrap().reason, None);
    assert_eq!(counts(&store), (1, 1));
}

#[test]
fn a_linked_record_that_comes_back_brings_its_other_end_along() {
    let (_folder, store) = store();
    commit(&store, [Change::PutLink(C, M, link("12x4", "43"))]).unwrap();
    deed(&store, "12x4", left_out());
    assert_eq!(deed(&store, "12x4", Deed::Retry { named: true }), Came::Done);
    assert!(parked_at(&store, V, "12x4").is_some());
    assert!(parked_at(&store, Side::Service, "43").is_some());
}

#[test]
fn a_dropped_record_stays_explained_and_an_open_write_keeps_it() {
    let (_folder, store) = store();
    commit(&store, [Change::PutParked(C, M, parked(V, "12x4"))]).unwrap();
    commit(&store, [Change::PutIntent(C, M, intent(Side::Service, "12x4"))]).unwrap();
    assert_eq!(deed(&store, "12x4", Deed::Leave), Came::Open);
    assert!(parked_at(&store, V, "12x4").is_some());
    commit(&store, [Change::DropIntent(C, M, Side::Service, "12x4".into())]).unwrap();
    assert_eq!(deed(&store, "12x4", Deed::Leave), Came::Done);
    let skip = skip_at(&store, "12x4").unwrap();
    assert_eq!((skip.reason, skip.print, skip.revision), (reason(), 97, 300));
    assert_eq!(skip.decided, Some(Decided { verdict: Verdict::Dropped, at: stamp(50) }));
    assert_eq!(counts(&store), (0, 1));
    assert_eq!(deed(&store, "12x4", Deed::Leave), Came::Anyway);
}

#[test]
fn what_nobody_looked_at_yet_is_not_dropped_and_a_wish_is_taken_back() {
    let (_folder, store) = store();
    let unseen = Parked { print: None, ..parked(V, "12x4") };
    let wished = Parked { print: None, reason: None, ..parked(V, "12x5") };
    commit(&store, [Change::PutParked(C, M, unseen), Change::PutParked(C, M, wished)]).unwrap();
    assert_eq!(deed(&store, "12x4", Deed::Leave), Came::Unseen);
    assert_eq!(deed(&store, "12x5", Deed::Leave), Came::Done);
    assert_eq!(counts(&store), (1, 0));
}

#[test]
fn a_delete_that_waits_is_not_dropped_for_the_next_listing_to_bring_it_up_again() {
    let (_folder, store) = store();
    let gone = Parked { gone: true, ..parked(V, "12x4") };
    commit(&store, [Change::PutParked(C, M, gone)]).unwrap();
    assert_eq!(deed(&store, "12x4", Deed::Leave), Came::Gone);
    assert_eq!(deed(&store, "12x4", Deed::Retry { named: true }), Came::Done);
    let waits = store.read_blocking(|r| r.parked(C, M, V, "12x4")).unwrap().unwrap();
    assert!(waits.gone, "tried again, it is still what it was");
    assert_eq!(counts(&store), (1, 0));
}

#[test]
fn an_ambiguous_record_is_never_dropped_out_of_sight() {
    let (_folder, store) = store();
    put_skip(&store, "12x4", ReasonCode::AmbiguousMatch);
    deed(&store, "12x4", Deed::Retry { named: true });
    assert_eq!(deed(&store, "12x4", Deed::Leave), Came::Done);
    assert_eq!(skip_at(&store, "12x4").unwrap().decided, None);
}

#[test]
fn a_run_does_not_undo_what_a_person_decided_meanwhile() {
    let (_folder, store) = store();
    deed(&store, "12x4", left_out());
    put_skip(&store, "12x4", ReasonCode::AmbiguousMatch);
    assert_eq!(skip_at(&store, "12x4").unwrap().reason.code, ReasonCode::LeftOut);
    commit(&store, [Change::DropSkip(C, M, V, "12x4".into())]).unwrap();
    assert!(skip_at(&store, "12x4").is_some());
    put_skip(&store, "12x5", ReasonCode::AmbiguousMatch);
    assert_eq!(deed(&store, "12x5", Deed::CreateNew), Came::Done);
    put_skip(&store, "12x5", ReasonCode::MandatoryFieldEmpty);
    assert_eq!(skip_at(&store, "12x5").unwrap().verdict(), Some(Verdict::CreateNew));
    commit(&store, [Change::DropSkip(C, M, V, "12x5".into())]).unwrap();
    assert_eq!(skip_at(&store, "12x5"), None);
}

#[test]
fn a_create_that_was_sent_is_not_decided_any_more_until_it_is_known_not_to_have_gone() {
    let (_folder, store) = store();
    put_skip(&store, "12x4", ReasonCode::AmbiguousMatch);
    let note = |verdict| {
        commit(&store, [Change::NoteCreate(C, M, V, "12x4".into(), verdict)]).unwrap();
        skip_at(&store, "12x4").unwrap().verdict()
    };
    assert_eq!(note(Some(Verdict::CreateSent)), None);
    deed(&store, "12x4", Deed::CreateNew);
    assert_eq!(note(Some(Verdict::CreateSent)), Some(Verdict::CreateSent));
    assert_eq!(note(Some(Verdict::CreateNew)), Some(Verdict::CreateNew));
    note(Some(Verdict::CreateSent));
    put_skip(&store, "12x4", ReasonCode::AmbiguousMatch);
    assert_eq!(skip_at(&store, "12x4").unwrap().verdict(), None);
}

#[test]
fn all_records_of_a_module_are_one_entry_which_a_later_wish_outlives() {
    let (_folder, store) = store();
    let all = Deed::Add("all Contacts".into());
    assert_eq!(deed(&store, Parked::ALL, all.clone()), Came::Done);
    assert_eq!(counts(&store), (1, 0));
    commit(&store, [Change::EndAll(C, M, stamp(49))]).unwrap();
    assert_eq!(counts(&store), (1, 0));
    commit(&store, [Change::EndAll(C, M, stamp(50))]).unwrap();
    assert_eq!(counts(&store), (0, 0));
    deed(&store, Parked::ALL, all);
    assert_eq!(deed(&store, Parked::ALL, Deed::Leave), Came::Done);
    assert_eq!(counts(&store), (0, 0));
}

#[test]
fn a_link_by_hand_is_one_to_one_and_both_ends_are_looked_at_next() {
    let (_folder, store) = store();
    put_skip(&store, "12x4", ReasonCode::AmbiguousMatch);
    let by_hand = |v: &str, s: &str| {
        let names = ["Ada".to_owned(), "Ada B.".to_owned()];
        block_on(store.link_by_hand(C, M, Link::by_hand(v, s), names, stamp(50)))
    };
    by_hand("12x4", "43").unwrap();
    let link = store.read_blocking(|r| r.link_by_service(C, M, "43")).unwrap().unwrap();
    assert_eq!(link, Link::by_hand("12x4", "43"));
    assert_eq!(counts(&store), (2, 0));
    assert!(by_hand("12x4", "44").is_err() && by_hand("12x5", "43").is_err());
    assert_eq!(counts(&store), (2, 0));
    commit(&store, [Change::PutIntent(C, M, intent(Side::Service, "12x9"))]).unwrap();
    let error = sentences(by_hand("12x9", "49"));
    assert!(error.why.contains("still open"), "{error}");
    assert_eq!(stamp(50), Stamp(1_795_000_000_050));
}
