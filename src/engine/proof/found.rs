//! Narrow tests of what the stories found, or were feared not to find.

mod creates;
mod deletes;
mod left_over;

use super::bench::Bench;
use super::check;
use super::setup::{Habits, Setup};
use super::world::{Faults, World};
use crate::engine::SyncMode;
use crate::engine::safeguards::{Safeguard, switch_off};
use crate::model::{
    ConflictRule, Deletes, Direction, Module, ReasonCode, RunStatus, Trigger, Verdict,
};
use crate::remote::ChangeFeed;

const LOST_AFTER: Faults = Faults { lost_after: 100, ..Faults::NONE };
const LOST_BEFORE: Faults = Faults { lost_before: 100, ..Faults::NONE };
const SLOW: Faults = Faults { slow: 100, ..Faults::NONE };

fn bench(setup: Setup) -> Bench {
    let bench = Bench::new(1, setup);
    bench.world().steady = true;
    bench
}

fn mail(n: u64) -> String {
    format!("p{n}@example.test")
}

/// One linked pair, 12x1 and 1.
fn pair(setup: Setup) -> Bench {
    let mut bench = bench(setup);
    bench.world().create(0, &mail(1));
    bench.world().pass(60);
    bench.accept();
    bench.world().pass(60);
    bench
}

/// The run in which all answers to writes are lost.
fn lose(bench: &mut Bench) {
    bench.world().faults = LOST_AFTER;
    bench.run(SyncMode::Accept, Trigger::Manual);
    bench.quiet();
    bench.world().pass(60);
}

/// How many people there are on a side.
fn people(bench: &Bench, side: usize) -> usize {
    bench.world().sides[side].people.len()
}

fn ends_well(mut bench: Bench) {
    let bad = bench.finish();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!(bench.uncertain, 0, "the test is to be exact");
}

/// Acts at every step in turn of the run that `ready` leads to; all of them have to end well.
fn at_every_step(setup: Setup, ready: fn(&mut Bench), act: fn(&mut World)) {
    let steps = {
        let mut bench = bench(setup);
        ready(&mut bench);
        bench.accept();
        bench.world().steps
    };
    for step in 1..=steps {
        let mut bench = bench(setup);
        ready(&mut bench);
        bench.world().act_at = Some((step, act));
        bench.accept();
        let bad = bench.finish();
        assert!(bad.is_empty(), "step {step}: {bad:#?}");
    }
}

#[test]
fn a_link_of_another_mapping_is_compared_whole() {
    // A run with another mapping touches the link, and is killed before its cursors move.
    let mut bench = pair(Setup { rare_scans: true, ..Setup::plain() });
    bench.world().edit(0, 1, 2);
    bench.accept();
    bench.world().pass(60);
    bench.map_phone(false);
    bench.world().edit(1, 1, 2);
    bench.world().cancel_at = Some(12);
    bench.run(SyncMode::Accept, Trigger::Manual);
    bench.map_phone(true);
    bench.world().pass(60);
    ends_well(bench);
}

#[test]
fn a_key_that_changes_while_it_is_listed_makes_no_twin() {
    let setup = Setup { page: 1, unique: false, ..Setup::plain() };
    let ready = |b: &mut Bench| {
        for n in 1..4 {
            b.world().create(0, &mail(n));
            b.world().pass(10);
        }
        b.world().create(1, &mail(7));
        b.accept();
        b.world().create(0, &mail(5));
        b.world().pass(10);
        b.world().create(0, &mail(6));
        b.world().pass(60);
    };
    at_every_step(setup, ready, |world| world.put_email(0, 5, &mail(9)));
}

#[test]
fn one_that_is_found_under_a_new_key_is_not_created_under_the_old_one() {
    let ready = |b: &mut Bench| {
        b.world().create(0, &mail(1));
        b.world().create(1, &mail(2));
        b.world().pass(60);
    };
    at_every_step(Setup { page: 1, unique: false, ..Setup::plain() }, ready, |world| {
        world.put_email(0, 1, &mail(2));
    });
}

#[test]
fn two_that_come_back_with_one_key_do_not_share_a_counterpart() {
    for batch in [1, 100] {
        let setup = Setup { deletes: Deletes::Carry, batch, unique: false, ..Setup::plain() };
        let mut bench = bench(setup);
        for n in 1..3 {
            bench.world().create(0, &mail(n));
        }
        bench.accept();
        {
            let mut world = bench.world();
            world.pass(60);
            world.put_email(0, 1, &mail(3));
            world.put_email(0, 2, &mail(3));
            world.delete(1, 1);
            world.delete(1, 2);
            world.create(1, &mail(3));
        }
        ends_well(bench);
    }
}

#[test]
fn an_update_that_arrived_is_no_conflict_with_the_next_edit_of_its_source() {
    let mut bench = pair(Setup { conflict: ConflictRule::Service, ..Setup::plain() });
    bench.world().edit(0, 1, 0);
    lose(&mut bench);
    bench.world().edit(0, 1, 0);
    let wanted = bench.world().sides[0].people[&1].first.clone();
    bench.accept();
    assert_eq!(bench.world().sides[1].people[&1].first, wanted);
    assert!(check::conflicts(&bench.store).is_empty());
    let bad = bench.finish();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn one_side_written_and_the_other_not_is_no_conflict_with_ourselves() {
    let mut bench = pair(Setup { conflict: ConflictRule::Service, ..Setup::plain() });
    bench.world().edit(0, 1, 0);
    bench.world().edit(1, 1, 1);
    // Of the two writes one is refused for now, whichever it is.
    bench.world().faults = Faults { slow: 50, ..Faults::NONE };
    for _ in 0..6 {
        bench.run(SyncMode::Accept, Trigger::Manual);
        bench.world().edit(0, 1, 0);
        bench.world().pass(60);
    }
    assert!(check::conflicts(&bench.store).is_empty());
    ends_well(bench);
}

#[test]
fn an_edit_in_the_moment_of_our_write_is_not_taken_for_its_answer() {
    let ready = |b: &mut Bench| {
        b.world().create(0, &mail(1));
        b.world().pass(60);
        b.accept();
        b.world().pass(60);
        b.world().edit(0, 1, 0);
        b.world().pass(60);
        b.world().act_anyhow = true;
    };
    // Another field, at any step, even between reading again and writing.
    at_every_step(Setup::plain(), ready, |world| world.edit(1, 1, 2));
}

#[test]
fn an_edit_behind_a_skip_is_not_forgotten() {
    let mut bench = pair(Setup::plain());
    let last = bench.world().sides[1].people[&1].last.clone();
    bench.world().put(1, 1, 1, String::new());
    bench.world().edit(0, 1, 2);
    bench.accept();
    assert_eq!(check::skips(&bench.store).len(), 1, "a contact needs a last name");
    // Far behind the cursor, the mistake is undone.
    bench.world().pass(3_600);
    bench.world().create(0, &mail(2));
    bench.accept();
    bench.world().pass(60);
    bench.world().put(1, 1, 1, last);
    bench.accept();
    let phone = bench.world().sides[0].people[&1].phone.clone();
    assert_eq!(bench.world().sides[1].people[&1].phone, phone);
    assert!(check::skips(&bench.store).is_empty());
    ends_well(bench);
}

#[test]
fn what_was_refused_is_not_sent_again_and_again() {
    let mut bench = pair(Setup::plain());
    bench.world().create(1, &mail(2));
    bench.accept();
    bench.world().pass(60);
    // The service refuses a second p2; the other side of the link is edited all the time.
    bench.world().put_email(0, 1, &mail(2));
    for _ in 0..3 {
        bench.accept();
        bench.world().edit(1, 1, 0);
        bench.world().pass(60);
    }
    assert_eq!(bench.world().refusals, 1);
    let first = bench.world().sides[1].people[&1].first.clone();
    bench.accept();
    assert_eq!(bench.world().sides[0].people[&1].first, first, "the other way it goes on");
}

#[test]
fn a_confirmed_run_keeps_what_was_settled_in_it() {
    let setup = Setup { deletes: Deletes::Carry, ..Setup::plain() };
    let mut bench = bench(setup);
    bench.world().create(0, &mail(1));
    bench.world().create(0, &mail(2));
    bench.accept();
    bench.world().pass(60);
    // An update is left open; then one side is suddenly empty, which holds the run.
    bench.world().edit(0, 1, 0);
    lose(&mut bench);
    bench.world().delete(0, 1);
    bench.world().delete(0, 2);
    let held = bench.run(SyncMode::Sync, Trigger::Manual).unwrap();
    assert_eq!(held.status, RunStatus::Held);
    assert_eq!(held.modules[&Module::Contacts].service.updated, 1, "settled");
    let run = bench.run(SyncMode::Confirm(held.id), Trigger::Manual).unwrap();
    assert_eq!(run.modules[&Module::Contacts].service.updated, 1);
    assert_eq!(run.modules[&Module::Contacts].service.deleted, 2);
}

#[test]
fn a_parked_record_comes_back_by_itself_after_its_time() {
    let mut bench = bench(Setup { rare_scans: true, ..Setup::plain() });
    bench.world().create(0, &mail(1));
    bench.world().pass(60);
    bench.world().faults = SLOW;
    bench.run(SyncMode::Accept, Trigger::Schedule);
    bench.quiet();
    assert_eq!(check::parked(&bench.store)[0].tries, 1);
    // No listing of changes shows it any more.
    bench.world().pass(30);
    bench.world().create(0, &mail(2));
    bench.run(SyncMode::Accept, Trigger::Schedule);
    bench.world().pass(30);
    bench.run(SyncMode::Accept, Trigger::Schedule);
    assert_eq!(bench.written(), 1, "not yet: it waits for two minutes");
    bench.world().pass(60);
    bench.run(SyncMode::Accept, Trigger::Schedule);
    assert_eq!(bench.written(), 2);
    assert!(check::parked(&bench.store).is_empty());
    ends_well(bench);
}

#[test]
fn a_sync_that_finds_nothing_commits_five_times() {
    let mut bench = pair(Setup::plain());
    for _ in 0..2 {
        bench.world().pass(60);
        bench.accept();
    }
    let requests = |bench: &Bench| bench.world().requests.iter().sum::<u64>();
    let before = requests(&bench);
    bench.accept();
    let requests = requests(&bench) - before;
    // The run, its modules, how many are unchanged, the cursors, the end. What is asked and what is
    // committed takes two steps each.
    assert_eq!(bench.world().steps / 2 - requests, 5);
    ends_well(bench);
}

#[test]
fn hundreds_that_were_there_twice_are_taken_again_when_their_doubles_are_gone() {
    const MANY: u64 = 230;
    let told = Setup { feed: ChangeFeed::Filtered, rare_scans: true, ..Setup::plain() };
    let setup = Setup { deletions: true, deletes: Deletes::Carry, ..told };
    let mut bench = bench(setup);
    for n in (1..=MANY).chain(1..=MANY) {
        bench.world().create(0, &mail(n));
    }
    bench.world().pass(60);
    bench.accept();
    let twice = |bench: &Bench| check::skips(&bench.store).len() as u64;
    assert_eq!((people(&bench, 1) as u64, twice(&bench)), (MANY, MANY));
    for n in 1..=MANY {
        bench.world().delete(0, n);
    }
    for _ in 0..3 {
        bench.world().pass(60);
        bench.accept();
    }
    assert_eq!((people(&bench, 1) as u64, twice(&bench)), (MANY, 0));
    ends_well(bench);
}

#[test]
fn a_parked_edit_does_not_hide_behind_an_edit_of_the_other_side() {
    let setup = Setup { feed: ChangeFeed::Filtered, rare_scans: true, ..Setup::plain() };
    let mut bench = pair(setup);
    bench.world().edit(0, 1, 0);
    bench.world().faults = SLOW;
    bench.run(SyncMode::Accept, Trigger::Schedule);
    bench.quiet();
    // Not due yet; the same value is entered on the other side, and then another one.
    let first = bench.world().sides[0].people[&1].first.clone();
    bench.world().pass(30);
    bench.world().put(1, 1, 0, first);
    bench.run(SyncMode::Accept, Trigger::Schedule);
    ends_well(bench);
}

#[test]
fn a_killed_run_is_called_interrupted_by_the_next_one() {
    let mut bench = pair(Setup::plain());
    bench.world().crash_at = Some(9);
    assert!(bench.run(SyncMode::Accept, Trigger::Manual).is_none());
    let last = |bench: &Bench| check::runs(&bench.store).pop().unwrap().status;
    assert_eq!(last(&bench), RunStatus::Running);
    bench.accept();
    let runs = check::runs(&bench.store);
    assert_eq!(runs[runs.len() - 2].status, RunStatus::Interrupted);
    assert_eq!(last(&bench), RunStatus::Completed);
}

#[test]
fn one_way_a_value_of_the_target_is_told_of_before_it_is_overwritten() {
    let setup = Setup { direction: Direction::ToService, ..Setup::plain() };
    let mut bench = bench(setup);
    bench.world().create(0, &mail(1));
    bench.world().create(1, &mail(1));
    bench.world().edit(1, 1, 2);
    bench.world().pass(60);
    bench.accept();
    bench.world().pass(60);
    bench.world().edit(0, 1, 2);
    ends_well(bench);
}

#[test]
fn a_company_made_in_between_leaves_no_stale_plan() {
    let habits = Habits { companies: true, ..Habits::default() };
    let ready = |b: &mut Bench| {
        b.world().create(0, &mail(1));
        b.world().pass(60);
        b.accept();
        b.world().pass(60);
        b.world().put(1, 1, 3, "Delta".into());
        b.world().create(1, &mail(2));
        b.world().put(1, 2, 3, "Echo".into());
        b.world().pass(60);
    };
    let setup = Setup { habits, ..Setup::plain() };
    at_every_step(setup, ready, |world| {
        world.edit(0, 1, 0);
        if !world.is_known(0, &mail(2)) {
            world.create(0, &mail(2));
        }
    });
}

#[test]
fn a_pair_that_travels_the_other_way_only_is_left_alone_by_a_create_whose_answer_was_lost() {
    for conflict in [ConflictRule::LastUpdated, ConflictRule::Vtiger, ConflictRule::Service] {
        for phone in [Direction::ToVtiger, Direction::ToService] {
            // The record is made on the side that the telephone number would travel to.
            let source = usize::from(phone == Direction::ToService);
            let mut bench = bench(Setup { conflict, phone, ..Setup::plain() });
            bench.world().create(source, &mail(1));
            bench.world().put(source, 1, 2, "+43 1".into());
            bench.world().pass(60);
            lose(&mut bench);
            // What was not sent, the other system filled by itself when it made the record.
            if let Some(made) = bench.world().sides[1 - source].people.get_mut(&1) {
                made.phone = "0".into();
            }
            bench.accept();
            bench.world().pass(60);
            bench.accept();
            let told = format!("{conflict:?}, {phone:?}");
            let phones = |bench: &Bench| {
                let world = bench.world();
                [source, 1 - source].map(|side| world.sides[side].people[&1].phone.clone())
            };
            assert_eq!(phones(&bench), ["+43 1", "0"], "{told}: nobody has edited it");
            // What is entered where the number comes from travels as ever.
            bench.world().edit(1 - source, 1, 2);
            bench.accept();
            let [here, there] = phones(&bench);
            assert_eq!(here, there, "{told}");
            assert!(check::conflicts(&bench.store).is_empty(), "{told}");
        }
    }
}
