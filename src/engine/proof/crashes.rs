//! Fixed scenarios, killed at every step: before and after every request takes effect, and before
//! and after every commit. Resumed, each has to end as if nothing had happened, with the same writes
//! on both sides.

mod scenarios;

use super::bench::Bench;
use super::check;
use super::setup::{Habits, Setup};
use super::world::{Effects, Faults, World, at};
use crate::engine::SyncMode;
use crate::model::{ConflictRule, Deletes, Direction, Run, RunStatus, Trigger};
use crate::remote::ChangeFeed;
use std::collections::BTreeSet;

/// Scenarios in which users edit what was left open, so that not every number can be told for
/// certain. In all others, what all runs told is just what reached the two sides.
const EDITED_SINCE: &str = "settling what was edited";

/// A world is made ready, then comes the run that is killed.
struct Scenario {
    name: &'static str,
    setup: Setup,
    ready: fn(&mut Bench),
    last: fn(&mut Bench) -> Option<Run>,
}

/// What a scenario has come to, without ids, which depend on the order of creation.
#[derive(Debug, PartialEq, Eq)]
struct Ending {
    people: [Vec<String>; 2],
    pairs: BTreeSet<String>,
    conflicts: BTreeSet<String>,
    skips: BTreeSet<String>,
    effects: Effects,
}

fn sync(bench: &mut Bench) -> Option<Run> {
    bench.run(SyncMode::Accept, Trigger::Manual)
}

fn shown(world: &World, side: usize, n: u64) -> String {
    let Some(p) = world.sides[side].people.get(&n) else { return "gone".into() };
    format!("{} {} {} {} {}", p.email, p.first, p.last, p.phone, world.company(side, p))
}

fn ending(bench: &Bench) -> Ending {
    let links = bench.links();
    let rows = check::conflicts(&bench.store);
    let skips = check::skips(&bench.store);
    let world = bench.world();
    let people = [0, 1].map(|side| {
        let all = world.sides[side].people.keys();
        let mut all: Vec<String> = all.map(|n| shown(&world, side, *n)).collect();
        all.sort();
        all
    });
    let number = super::world::number;
    let pair = |l: &crate::model::Link| {
        let (v, s) = (number(&l.vtiger_id), number(&l.service_id));
        format!("{} = {}", shown(&world, 0, v), shown(&world, 1, s))
    };
    let skip = |s: &crate::model::Skip| {
        format!("{:?} {} {}", s.side, s.reason.code.key(), shown(&world, at(s.side), number(&s.id)))
    };
    Ending {
        people,
        pairs: links.iter().map(pair).collect(),
        conflicts: rows
            .iter()
            .map(|r| format!("{} {} {} {:?}", r.field, r.vtiger, r.service, r.winner))
            .collect(),
        skips: skips.iter().map(skip).collect(),
        effects: world.effects.clone(),
    }
}

/// Plays a scenario, with a crash at a step of its last run, and answers how it ends, how many
/// steps the last run had, and what is wrong.
fn play(scenario: &Scenario, crash_at: Option<u64>) -> (Ending, u64, Vec<String>) {
    let mut bench = Bench::new(1, scenario.setup);
    bench.world().steady = true;
    (scenario.ready)(&mut bench);
    bench.world().crash_at = crash_at;
    (scenario.last)(&mut bench);
    let steps = bench.world().steps;
    bench.settle();
    check::at_rest(&mut bench);
    let mut bad = std::mem::take(&mut bench.world().violations);
    if bench.uncertain > 0 && !scenario.name.starts_with(EDITED_SINCE) {
        bad.push(format!("the numbers of {} writes were not looked at closely", bench.uncertain));
    }
    (ending(&bench), steps, bad)
}

/// Kills a scenario at every step; answers at how many.
fn kill_everywhere(scenario: &Scenario) -> u64 {
    let name = scenario.name;
    let (wanted, steps, bad) = play(scenario, None);
    assert!(bad.is_empty(), "{name}: {bad:#?}");
    let only = std::env::var("SYNCDECK_STEP").ok().and_then(|n| n.parse().ok());
    let mut failed = Vec::new();
    for step in only.map_or(1..=steps, |n: u64| n..=n) {
        let (end, _, bad) = play(scenario, Some(step));
        if end != wanted {
            println!("{name}, killed at step {step} of {steps}: {end:#?} instead of {wanted:#?}");
            failed.push(step);
        } else if !bad.is_empty() {
            println!("{name}, killed at step {step} of {steps}: {bad:#?}");
            failed.push(step);
        }
    }
    assert!(failed.is_empty(), "{name}: went wrong when killed at {failed:?} of {steps}");
    steps
}

/// `least`: so many crash points there are at least.
fn kill_all(least: u64, scenarios: &[Scenario]) {
    let only = std::env::var("SYNCDECK_SCENARIO").ok();
    let mut points = 0;
    for scenario in scenarios {
        if only.as_ref().is_none_or(|only| only == scenario.name) {
            points += kill_everywhere(scenario);
        }
    }
    println!("{} scenarios, {points} crash points", scenarios.len());
    assert!(only.is_some() || points >= least, "only {points} crash points");
}

// What makes worlds ready.

fn mail(n: u64) -> String {
    format!("p{n}@example.test")
}

/// People on one side.
fn on(bench: &mut Bench, side: usize, from: u64, to: u64) {
    for n in from..to {
        bench.world().create(side, &mail(n));
    }
}

/// Six linked people.
fn linked(bench: &mut Bench) {
    on(bench, 0, 0, 3);
    on(bench, 1, 3, 6);
    bench.world().pass(60);
    bench.accept();
    bench.world().pass(60);
}

fn few(bench: &mut Bench) {
    on(bench, 0, 0, 2);
    bench.world().pass(60);
    bench.accept();
    bench.world().pass(60);
}

/// Both sides edit the same fields, the service's later.
fn collide(bench: &mut Bench) {
    linked(bench);
    let mut world = bench.world();
    for n in 1..4 {
        world.edit(0, n, 0);
        world.edit(0, n, 2);
    }
    world.pass(20);
    for n in 2..5 {
        world.edit(1, n, 0);
        world.edit(1, n, 1);
    }
    world.pass(20);
}

/// The same people on both sides with other values, and some on one side only.
fn strangers(bench: &mut Bench) {
    on(bench, 0, 0, 3);
    bench.world().pass(20);
    on(bench, 1, 1, 4);
    bench.world().pass(60);
}

fn lose(bench: &mut Bench, faults: Faults) {
    bench.world().faults = faults;
    sync(bench);
    bench.world().faults = Faults::NONE;
    bench.world().pass(30);
}

const LOST_AFTER: Faults = Faults { lost_after: 100, ..Faults::NONE };
const LOST_BEFORE: Faults = Faults { lost_before: 100, ..Faults::NONE };
const SLOW: Faults = Faults { slow: 100, ..Faults::NONE };
const REFUSED: Faults = Faults { refused: 100, ..Faults::NONE };
const GONE: Faults = Faults { unreachable: 100, ..Faults::NONE };

fn edits(bench: &mut Bench) {
    linked(bench);
    let mut world = bench.world();
    world.edit(0, 1, 0);
    world.edit(1, 2, 1);
    world.edit(0, 4, 2);
    world.edit(1, 3, 2);
    world.edit(0, 3, 0);
    world.pass(20);
}

fn deletes(bench: &mut Bench) {
    linked(bench);
    let mut world = bench.world();
    world.delete(0, 1);
    world.delete(1, 2);
    world.delete(0, 4);
    world.pass(20);
}

fn held(bench: &mut Bench) -> Option<Run> {
    let run = bench.run(SyncMode::Sync, Trigger::Manual);
    assert!(run.as_ref().is_none_or(|run| run.status == RunStatus::Held), "{run:?}");
    run
}

/// The newest run, which is held, is confirmed.
fn confirm(bench: &mut Bench) -> Option<Run> {
    let id = check::runs(&bench.store).last().unwrap().id;
    bench.run(SyncMode::Confirm(id), Trigger::Manual)
}
