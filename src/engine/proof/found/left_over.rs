//! Records that nothing but their counterpart or their twin would have brought up again, and values
//! that nobody had compared when the counterpart was deleted.

use super::super::bench::Bench;
use super::super::setup::Setup;
use super::super::world::Faults;
use super::{bench, ends_well, mail, pair, people};
use crate::engine::SyncMode;
use crate::model::{Deletes, Direction, Module, ReasonCode, RunStatus, Trigger};
use crate::remote::ChangeFeed;

/// The same person on both sides; the write that would make them agree is refused.
fn met_and_refused(setup: Setup) -> Bench {
    let mut bench = bench(setup);
    bench.world().create(0, &mail(1));
    bench.world().create(1, &mail(1));
    bench.world().pass(60);
    bench.world().faults = Faults { refused: 100, ..Faults::NONE };
    bench.run(SyncMode::Accept, Trigger::Manual);
    bench.quiet();
    bench.world().pass(60);
    bench
}

#[test]
fn the_counterpart_of_a_refused_record_is_not_forgotten_when_that_is_deleted() {
    for deletes in [Deletes::Off, Deletes::Carry] {
        for gone in 0..2 {
            let setup = Setup { feed: ChangeFeed::Filtered, deletes, ..Setup::plain() };
            let mut bench = met_and_refused(setup);
            assert_eq!(bench.links().len(), 1, "they are the same all the same");
            bench.world().delete(gone, 1);
            bench.world().pass(60);
            bench.accept();
            assert_eq!(people(&bench, 1 - gone), 1, "its values were never compared");
            let skips = super::check::skips(&bench.store);
            assert_eq!(skips.len(), 1);
            assert_eq!(skips[0].reason.code, ReasonCode::DeleteNotCarriedOver);
            ends_well(bench);
        }
    }
}

#[test]
fn what_was_refused_is_not_sent_again_but_an_edit_of_either_side_is() {
    let mut bench = met_and_refused(Setup { feed: ChangeFeed::Filtered, ..Setup::plain() });
    bench.accept();
    assert_eq!(bench.written(), 0);
    for side in 0..2 {
        bench.world().pass(60);
        bench.world().edit(side, 1, 0);
        bench.accept();
        let first = |side: usize| bench.world().sides[side].people[&1].first.clone();
        assert_eq!(first(0), first(1));
    }
    ends_well(bench);
}

#[test]
fn of_twins_the_first_that_can_travel_does() {
    let setup = Setup { unique: false, feed: ChangeFeed::Filtered, ..Setup::plain() };
    let mut bench = bench(setup);
    bench.world().create(1, &mail(1));
    bench.world().create(1, &mail(1));
    // Vtiger demands a last name.
    bench.world().put(1, 1, 1, String::new());
    bench.world().pass(60);
    bench.accept();
    assert_eq!(people(&bench, 0), 1);
    assert_eq!(bench.links()[0].service_id, "2");
    bench.world().pass(60);
    assert_eq!(bench.preview(), Vec::<String>::new());
    ends_well(bench);
}

#[test]
fn a_record_that_is_found_is_not_taken_for_one_of_two_that_may_be_meant() {
    let setup = Setup { feed: ChangeFeed::Filtered, ..Setup::plain() };
    let mut bench = bench(Setup { direction: Direction::ToService, ..setup });
    // It cannot travel, so that nothing shows it again.
    bench.world().create(0, &mail(1));
    bench.world().put(0, 1, 1, String::new());
    bench.accept();
    bench.world().pass(60);
    bench.world().create(1, &mail(1));
    bench.accept();
    bench.world().pass(60);
    bench.world().create(1, &mail(3));
    bench.accept();
    bench.world().create(0, &mail(1));
    for _ in 0..3 {
        bench.world().pass(60);
        bench.accept();
        assert_eq!((bench.links().len(), bench.written()), (0, 0));
    }
    let skips = super::check::skips(&bench.store);
    assert!(skips.iter().any(|s| s.id == "12x2" && s.reason.code == ReasonCode::AmbiguousMatch));
    ends_well(bench);
}

#[test]
fn a_create_is_found_though_somebody_has_made_a_twin_meanwhile() {
    let mut bench = bench(Setup { unique: false, ..Setup::plain() });
    bench.world().create(0, &mail(1));
    super::lose(&mut bench);
    bench.world().create(1, &mail(1));
    let run = bench.accept();
    assert_eq!(run.modules[&Module::Contacts].service.created, 1, "settled");
    assert_eq!((bench.links()[0].service_id.as_str(), people(&bench, 1)), ("1", 2));
    ends_well(bench);
}

#[test]
fn values_that_were_mapped_after_the_last_sync_are_not_deleted_with_the_counterpart() {
    for (filled, left) in [(true, 1), (false, 0)] {
        let mut bench = pair(Setup { deletes: Deletes::Carry, ..Setup::plain() });
        bench.map_phone(false);
        bench.accept();
        bench.world().pass(60);
        if filled {
            bench.world().edit(1, 1, 2);
        }
        bench.world().delete(0, 1);
        bench.map_phone(true);
        bench.accept();
        assert_eq!(people(&bench, 1), left);
        ends_well(bench);
    }
}

#[test]
fn a_run_that_was_called_off_among_its_deletes_has_not_come_to_its_end() {
    let mut stopped = 0;
    for step in 1..60 {
        let mut bench = pair(Setup { deletes: Deletes::Carry, ..Setup::plain() });
        bench.world().delete(0, 1);
        bench.world().cancel_at = Some(step);
        let run = bench.run(SyncMode::Accept, Trigger::Manual).unwrap();
        if people(&bench, 1) == 1 {
            stopped += 1;
            assert_ne!(run.status, RunStatus::Completed, "called off at {step}");
        }
        bench.world().cancel_at = None;
        bench.accept();
        assert_eq!(people(&bench, 1), 0, "called off at {step}");
    }
    assert!(stopped > 0);
}
