//! The scenarios that are killed at every step.

use super::*;

fn carry() -> Setup {
    Setup { deletes: Deletes::Carry, ..Setup::plain() }
}

fn rule(conflict: ConflictRule) -> Setup {
    Setup { conflict, ..Setup::plain() }
}

fn one_way(direction: Direction, conflict: ConflictRule) -> Setup {
    Setup { direction, conflict, deletes: Deletes::Carry, ..Setup::plain() }
}

fn companies() -> Setup {
    Setup { habits: Habits { companies: true, ..Habits::default() }, ..Setup::plain() }
}

#[test]
fn creates_and_matches() {
    use ConflictRule::{LastUpdated, Service, Vtiger};
    let small = Setup { batch: 1, write_batch: 1, ..Setup::plain() };
    kill_all(
        310,
        &[
            Scenario { name: "first sync", setup: Setup::plain(), ready: strangers, last: sync },
            Scenario { name: "first sync in batches", setup: small, ready: strangers, last: sync },
            Scenario {
                name: "first sync, Vtiger wins",
                setup: rule(Vtiger),
                ready: strangers,
                last: sync,
            },
            Scenario {
                name: "first sync, service wins",
                setup: rule(Service),
                ready: strangers,
                last: sync,
            },
            Scenario {
                name: "first sync to Vtiger",
                setup: one_way(Direction::ToVtiger, LastUpdated),
                ready: strangers,
                last: sync,
            },
            Scenario {
                name: "first sync to the service",
                setup: one_way(Direction::ToService, Service),
                ready: strangers,
                last: sync,
            },
            Scenario {
                name: "creates with an external id",
                setup: Setup { external_id: true, ..Setup::plain() },
                ready: |b| on(b, 1, 0, 3),
                last: sync,
            },
            Scenario {
                name: "creates that carry Vtiger's id",
                setup: Setup { external_id: true, unique: false, ..Setup::plain() },
                ready: |b| on(b, 0, 0, 3),
                last: sync,
            },
            Scenario {
                name: "creates into a side that may have twins",
                setup: Setup { unique: false, ..Setup::plain() },
                ready: |b| on(b, 0, 0, 3),
                last: sync,
            },
            Scenario {
                name: "creates on a side that cuts",
                setup: Setup { lossy: true, ..Setup::plain() },
                ready: |b| {
                    on(b, 0, 0, 2);
                    b.world().edit(0, 1, 2);
                },
                last: sync,
            },
            Scenario {
                name: "equal keys",
                setup: Setup { unique: false, ..Setup::plain() },
                ready: |b| {
                    on(b, 0, 0, 2);
                    on(b, 0, 0, 1);
                    on(b, 1, 1, 2);
                    on(b, 1, 1, 2);
                    b.world().pass(60);
                },
                last: sync,
            },
        ],
    );
}

#[test]
fn edits_and_conflicts() {
    use ConflictRule::{LastUpdated, Service, Vtiger};
    kill_all(
        500,
        &[
            Scenario { name: "edits both ways", setup: Setup::plain(), ready: edits, last: sync },
            Scenario {
                name: "edits with filtered feeds",
                setup: Setup { feed: ChangeFeed::Filtered, rare_scans: true, ..Setup::plain() },
                ready: edits,
                last: sync,
            },
            Scenario {
                name: "edits with narrow feeds, page by page",
                setup: Setup { feed: ChangeFeed::NarrowScan, page: 1, ..Setup::plain() },
                ready: edits,
                last: sync,
            },
            Scenario {
                name: "edits on a side that cuts",
                setup: Setup { lossy: true, ..Setup::plain() },
                ready: edits,
                last: sync,
            },
            Scenario {
                name: "conflicts, the later one wins",
                setup: rule(LastUpdated),
                ready: collide,
                last: sync,
            },
            Scenario {
                name: "conflicts, Vtiger wins",
                setup: rule(Vtiger),
                ready: collide,
                last: sync,
            },
            Scenario {
                name: "conflicts, the service wins",
                setup: rule(Service),
                ready: collide,
                last: sync,
            },
            Scenario {
                name: "conflicts to Vtiger",
                setup: one_way(Direction::ToVtiger, Service),
                ready: collide,
                last: sync,
            },
            Scenario {
                name: "conflicts to the service",
                setup: one_way(Direction::ToService, LastUpdated),
                ready: collide,
                last: sync,
            },
            Scenario {
                name: "a tie",
                setup: Setup::plain(),
                ready: |b| {
                    few(b);
                    let mut world = b.world();
                    world.edit(0, 1, 0);
                    world.edit(1, 1, 0);
                    world.pass(20);
                },
                last: sync,
            },
            Scenario {
                name: "changed keys",
                setup: Setup::plain(),
                ready: |b| {
                    linked(b);
                    b.world().put_email(0, 1, &mail(7));
                    b.world().put_email(1, 1, &mail(8));
                    b.world().pass(20);
                },
                last: sync,
            },
            Scenario {
                name: "emptied fields",
                setup: Setup::plain(),
                ready: |b| {
                    linked(b);
                    let mut world = b.world();
                    world.put(0, 1, 0, String::new());
                    world.put(1, 2, 1, String::new());
                    world.put(0, 4, 1, String::new());
                    world.pass(20);
                },
                last: sync,
            },
            Scenario {
                name: "another mapping",
                setup: Setup::plain(),
                ready: |b| {
                    b.map_phone(false);
                    edits(b);
                    b.map_phone(true);
                },
                last: sync,
            },
        ],
    );
}

#[test]
fn deletes_and_companies() {
    kill_all(
        500,
        &[
            Scenario { name: "deletes carried", setup: carry(), ready: deletes, last: sync },
            Scenario {
                name: "deletes not carried",
                setup: Setup::plain(),
                ready: deletes,
                last: sync,
            },
            Scenario {
                name: "deletes carried to Vtiger",
                setup: one_way(Direction::ToVtiger, ConflictRule::LastUpdated),
                ready: deletes,
                last: sync,
            },
            Scenario {
                name: "deletes into a trash",
                setup: Setup { trash: true, ..carry() },
                ready: deletes,
                last: sync,
            },
            Scenario {
                name: "deletes that Vtiger tells",
                setup: Setup { deletions: true, ..carry() },
                ready: deletes,
                last: sync,
            },
            Scenario {
                name: "deletes that failed and are told no more",
                setup: Setup { deletions: true, ..carry() },
                ready: |b| {
                    deletes(b);
                    b.world().pass(300);
                    b.world().edit(0, 5, 0);
                    lose(b, Faults { slow: 100, ..Faults::NONE });
                    b.world().pass(60);
                },
                last: sync,
            },
            Scenario {
                name: "an edit beats a delete",
                setup: carry(),
                ready: |b| {
                    deletes(b);
                    b.world().edit(1, 5, 0);
                    b.world().edit(0, 5, 0);
                    b.world().delete(1, 1);
                },
                last: sync,
            },
            Scenario {
                name: "gone on both sides",
                setup: carry(),
                ready: |b| {
                    linked(b);
                    b.world().delete(0, 1);
                    b.world().delete(1, 4);
                },
                last: sync,
            },
            Scenario {
                name: "a record restored",
                setup: carry(),
                ready: |b| {
                    deletes(b);
                    b.accept();
                    b.world().restore(0, 1);
                    b.world().pass(20);
                },
                last: sync,
            },
            Scenario {
                name: "companies",
                setup: companies(),
                ready: |b| {
                    on(b, 1, 0, 4);
                    on(b, 0, 4, 6);
                },
                last: sync,
            },
            Scenario {
                name: "companies in batches",
                setup: Setup { batch: 1, ..companies() },
                ready: |b| on(b, 1, 0, 4),
                last: sync,
            },
            Scenario {
                name: "another company",
                setup: companies(),
                ready: |b| {
                    linked(b);
                    let mut world = b.world();
                    world.put(1, 1, 3, "Delta".into());
                    world.put(1, 2, 3, "Delta".into());
                    world.put(1, 3, 3, String::new());
                    let account = world.account("Echo");
                    world.put(0, 4, 3, account);
                    world.pass(20);
                },
                last: sync,
            },
        ],
    );
}

#[test]
fn left_open_parked_held_and_cancelled() {
    let guarded = Setup { guard_creates: 1, ..Setup::plain() };
    kill_all(
        850,
        &[
            Scenario {
                name: "settling creates that arrived",
                setup: Setup::plain(),
                ready: |b| {
                    strangers(b);
                    lose(b, LOST_AFTER);
                },
                last: sync,
            },
            Scenario {
                name: "settling creates that did not",
                setup: companies(),
                ready: |b| {
                    strangers(b);
                    lose(b, LOST_BEFORE);
                },
                last: sync,
            },
            Scenario {
                name: "settling companies",
                setup: companies(),
                ready: |b| {
                    on(b, 1, 0, 4);
                    lose(b, LOST_AFTER);
                },
                last: sync,
            },
            Scenario {
                name: "settling updates that arrived",
                setup: Setup { lossy: true, ..Setup::plain() },
                ready: |b| {
                    edits(b);
                    lose(b, LOST_AFTER);
                },
                last: sync,
            },
            Scenario {
                name: "settling updates that did not",
                setup: Setup::plain(),
                ready: |b| {
                    edits(b);
                    lose(b, LOST_BEFORE);
                },
                last: sync,
            },
            Scenario {
                name: "settling deletes that arrived",
                setup: carry(),
                ready: |b| {
                    deletes(b);
                    lose(b, LOST_AFTER);
                },
                last: sync,
            },
            Scenario {
                name: "settling deletes that did not",
                setup: carry(),
                ready: |b| {
                    deletes(b);
                    lose(b, LOST_BEFORE);
                },
                last: sync,
            },
            Scenario {
                name: "settling what was edited at its source since",
                setup: Setup::plain(),
                ready: |b| {
                    on(b, 0, 0, 3);
                    lose(b, LOST_AFTER);
                    let mut world = b.world();
                    world.edit(0, 1, 0);
                    world.put_email(0, 2, &mail(8));
                    world.delete(0, 3);
                },
                last: sync,
            },
            Scenario {
                name: "parked ones by schedule",
                setup: Setup::plain(),
                ready: |b| {
                    edits(b);
                    on(b, 0, 7, 8);
                    lose(b, SLOW);
                    b.world().pass(300);
                },
                last: |b| b.run(SyncMode::Accept, Trigger::Schedule),
            },
            Scenario {
                name: "refused ones that were corrected",
                setup: Setup::plain(),
                ready: |b| {
                    edits(b);
                    on(b, 0, 7, 8);
                    lose(b, REFUSED);
                    b.world().edit(0, 7, 0);
                    b.world().edit(1, 2, 0);
                },
                last: sync,
            },
            Scenario {
                name: "a system that was away",
                setup: Setup::plain(),
                ready: |b| {
                    edits(b);
                    on(b, 1, 7, 9);
                    lose(b, GONE);
                },
                last: sync,
            },
            Scenario {
                name: "a run that is held",
                setup: guarded,
                ready: |b| on(b, 0, 0, 3),
                last: held,
            },
            Scenario {
                name: "a held run confirmed",
                setup: guarded,
                ready: |b| {
                    on(b, 0, 0, 3);
                    held(b);
                },
                last: confirm,
            },
            Scenario {
                name: "a cancelled run",
                setup: Setup { batch: 1, ..Setup::plain() },
                ready: |b| {
                    edits(b);
                    on(b, 0, 7, 9);
                    b.world().cancel_at = Some(27);
                },
                last: sync,
            },
            Scenario {
                name: "after a cancelled run",
                setup: Setup { batch: 1, ..Setup::plain() },
                ready: |b| {
                    edits(b);
                    on(b, 0, 7, 9);
                    b.world().cancel_at = Some(27);
                    sync(b);
                },
                last: sync,
            },
            Scenario {
                name: "a preview",
                setup: Setup::plain(),
                ready: edits,
                last: |b| b.run(SyncMode::Preview, Trigger::Manual),
            },
        ],
    );
}
