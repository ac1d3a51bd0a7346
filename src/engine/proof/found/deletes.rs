//! Deletes that are overtaken, refused for a while or switched off, and records in the trash.

use super::*;

#[test]
fn a_record_restored_in_the_last_moment_keeps_its_counterpart() {
    let setup = Setup { deletes: Deletes::Carry, ..Setup::plain() };
    let ready = |b: &mut Bench| {
        b.world().create(0, &mail(1));
        b.accept();
        b.world().pass(60);
        b.world().delete(1, 1);
    };
    at_every_step(setup, ready, |world| world.restore(1, 1));
}

#[test]
fn a_delete_that_is_overtaken_is_neither_counted_nor_forgotten() {
    let setup = Setup { deletes: Deletes::Carry, ..Setup::plain() };
    let ready = |b: &mut Bench| {
        b.world().create(0, &mail(1));
        b.accept();
        b.world().pass(60);
        b.world().delete(0, 1);
    };
    at_every_step(setup, ready, |world| world.delete(1, 1));
    // Once the other deletion is told too, this one is not told any more.
    let ready = |b: &mut Bench| {
        for n in 1..4 {
            b.world().create(0, &mail(n));
        }
        for _ in 0..2 {
            b.accept();
            b.world().pass(60);
        }
        b.world().delete(0, 1);
        b.world().pass(300);
        b.world().edit(0, 2, 0);
    };
    let setup = Setup { deletions: true, ..setup };
    at_every_step(setup, ready, |world| world.delete(1, 1));
    at_every_step(setup, ready, |world| world.edit(1, 1, 0));
    at_every_step(setup, ready, |world| world.restore(0, 1));
}

#[test]
fn a_delete_that_fails_comes_back_though_the_deletion_is_shown_only_once() {
    let plain = Setup { deletes: Deletes::Carry, ..Setup::plain() };
    let told = Setup { deletions: true, ..plain };
    let rarely_listed = Setup { feed: ChangeFeed::Filtered, rare_scans: true, ..plain };
    for (side, setup) in [(0, told), (1, rarely_listed)] {
        for faults in [SLOW, LOST_BEFORE] {
            let mut bench = bench(setup);
            // More than one, so that one that is gone is no mass.
            for n in 1..6 {
                bench.world().create(side, &mail(n));
            }
            for _ in 0..2 {
                bench.world().pass(60);
                bench.accept();
            }
            bench.world().delete(side, 1);
            // The next listing begins here, long after it.
            bench.world().pass(4_000);
            bench.world().edit(side, 2, 0);
            bench.world().faults = faults;
            bench.run(SyncMode::Accept, Trigger::Manual);
            bench.quiet();
            assert_eq!(people(&bench, 1 - side), 5, "{side} {faults:?}");
            let why = check::parked(&bench.store).into_iter().filter_map(|p| p.reason);
            assert!(why.into_iter().any(|why| why.text.starts_with("It was deleted, and ")));
            bench.world().pass(60);
            bench.accept();
            let waits = check::parked(&bench.store);
            assert_eq!(people(&bench, 1 - side), 4, "{side} {faults:?}: {waits:?}");
            ends_well(bench);
        }
    }
}

#[test]
fn a_delete_that_waits_is_let_go_where_deletes_are_switched_off() {
    let mut bench = pair(Setup { deletions: true, deletes: Deletes::Carry, ..Setup::plain() });
    bench.world().delete(0, 1);
    bench.world().faults = SLOW;
    bench.run(SyncMode::Accept, Trigger::Manual);
    bench.quiet();
    assert_eq!(check::parked(&bench.store).len(), 1);
    bench.setup.deletes = Deletes::Off;
    bench.world().setup.deletes = Deletes::Off;
    bench.map_phone(true);
    bench.world().pass(60);
    bench.accept();
    assert_eq!(people(&bench, 1), 1);
    assert!(check::parked(&bench.store).is_empty());
    ends_well(bench);
}

#[test]
fn nothing_that_lies_in_the_trash_is_linked() {
    let setup = Setup { deletes: Deletes::Carry, trash: true, ..Setup::plain() };
    let mut bench = pair(setup);
    bench.world().delete(1, 1);
    bench.accept();
    assert_eq!(people(&bench, 0), 0);
    bench.world().pass(60);
    bench.world().restore(0, 1);
    bench.accept();
    bench.accept();
    assert_eq!(people(&bench, 0), 1, "the restored one stays");
}
