//! Random stories: some edits, some runs with edits, faults, cancels and crashes in them, then
//! silence, in which everything has to come out right.

use super::bench::Bench;
use super::check;
use super::setup::{Habits, Setup};
use super::world::{Dice, Faults};
use crate::engine::SyncMode;
use crate::model::{RunStatus, Trigger};

/// What happens in a story.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kind {
    pub habits: Habits,
    pub faults: bool,
    pub crashes: bool,
    /// Users act only between runs.
    pub calm: bool,
    /// Cancels, held runs, previews in between, changes of the mapping, runs by schedule.
    pub fuss: bool,
}

/// Tells the story of a seed and answers what is wrong with its end.
pub fn story(seed: u64, kind: Kind) -> (Setup, Vec<String>, Option<Vec<String>>) {
    let mut dice = Dice::new(seed ^ 0x5EED);
    let rules = Setup::rules();
    let rule = rules[(seed % rules.len() as u64) as usize];
    let setup = Setup { habits: kind.habits, ..rule.thrown(&mut dice) };
    let mut bench = Bench::new(seed, setup);
    let rounds = {
        let mut world = bench.world();
        for _ in 0..3 + dice.below(4) {
            world.user();
        }
        if dice.chance(70) {
            world.pass(120);
        }
        // Most stories are short, so that there is time for many.
        if seed.is_multiple_of(5) { 1 + dice.below(4) } else { 1 }
    };
    for _ in 0..rounds {
        if kind.fuss && dice.chance(20) {
            check::same_plan(&mut bench);
        }
        if kind.fuss && dice.chance(20) {
            bench.map_phone(dice.chance(50));
        }
        {
            let mut world = bench.world();
            world.busy = !kind.calm;
            world.faults = if kind.faults { Faults::SOME } else { Faults::NONE };
            if kind.crashes && dice.chance(70) {
                world.crash_at = Some(1 + dice.below(60));
            }
            if kind.fuss && dice.chance(15) {
                world.cancel_at = Some(1 + dice.below(40));
            }
        }
        let mode = if kind.fuss && dice.chance(60) { SyncMode::Sync } else { SyncMode::Accept };
        let trigger =
            if kind.fuss && dice.chance(40) { Trigger::Schedule } else { Trigger::Manual };
        let ended = bench.run(mode, trigger);
        if let Some(held) = ended.filter(|run| run.status == RunStatus::Held)
            && dice.chance(70)
        {
            bench.run(SyncMode::Confirm(held.id), Trigger::Manual);
        }
        let mut world = bench.world();
        let secs = dice.below(90) as i64;
        world.pass(secs);
        for _ in 0..dice.below(4) {
            world.user();
        }
    }
    bench.map_phone(true);
    bench.settle();
    check::at_rest(&mut bench);
    if seed.is_multiple_of(4) {
        check::nothing_left(&mut bench);
    }
    let bad = std::mem::take(&mut bench.world().violations);
    let log = bench.world().log.take();
    (setup, bad, log)
}

/// How many times as many stories are to be told.
pub fn times() -> u64 {
    std::env::var("SYNCDECK_STORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// How many stories of each kind are told.
const EDITS: u64 = 1_200;
const DELETES: u64 = 1_300;
const KEYS: u64 = 1_400;
const FAULTS: u64 = 1_400;
const KILLS: u64 = 1_500;
const COUNTS: u64 = 1_500;
const EVERYTHING: u64 = 1_800;
const _: () = assert!(EDITS + DELETES + KEYS + FAULTS + KILLS + COUNTS + EVERYTHING >= 10_000);

fn stories(name: &str, count: u64, kind: Kind) {
    let number = |name| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let (only, from) = (number("SYNCDECK_SEED"), number("SYNCDECK_FROM").unwrap_or(0));
    let seeds = only.map_or(from..from + count * times(), |seed| seed..seed + 1);
    let mut failed = Vec::new();
    let mut told = 0;
    for seed in seeds {
        let (setup, bad, log) = story(seed, kind);
        told += 1;
        if !bad.is_empty() {
            for line in log.into_iter().flatten() {
                println!("{line}");
            }
            println!("{name}: SYNCDECK_SEED={seed}: {bad:#?}\n{setup:?}");
            failed.push(seed);
        }
        if failed.len() >= 10 {
            break;
        }
    }
    assert!(failed.is_empty(), "{name}: seeds {failed:?} went wrong");
    println!("{name}: {told} stories");
    assert!(only.is_some() || told >= count, "{name}: only {told} stories were told");
}

const ALL: Habits = Habits {
    deletes: true,
    restores: true,
    key_edits: true,
    twins: true,
    clears: true,
    companies: true,
};
const PLAIN: Kind = Kind {
    habits: Habits {
        deletes: false,
        restores: false,
        key_edits: false,
        twins: false,
        clears: false,
        companies: false,
    },
    faults: false,
    crashes: false,
    calm: false,
    fuss: false,
};

#[test]
fn edits_at_any_moment_are_never_lost() {
    stories("edits", EDITS, PLAIN);
}

#[test]
fn deletes_are_carried_only_as_configured() {
    let habits = Habits { deletes: true, restores: true, ..Habits::default() };
    stories("deletes", DELETES, Kind { habits, ..PLAIN });
}

#[test]
fn keys_may_change_and_may_be_there_twice() {
    let habits = Habits { key_edits: true, twins: true, clears: true, ..Habits::default() };
    stories("keys", KEYS, Kind { habits, ..PLAIN });
}

#[test]
fn lost_answers_and_refusals_make_no_twins() {
    let habits = Habits { companies: true, ..Habits::default() };
    stories("faults", FAULTS, Kind { habits, faults: true, ..PLAIN });
}

#[test]
fn killed_at_any_step_it_ends_where_it_would_have_ended() {
    let habits = Habits { companies: true, ..Habits::default() };
    stories("kills", KILLS, Kind { habits, crashes: true, ..PLAIN });
}

#[test]
fn killed_while_nobody_acts_it_counts_every_write() {
    let kind = Kind { habits: ALL, faults: true, crashes: true, calm: true, fuss: false };
    stories("counts", COUNTS, kind);
}

#[test]
fn everything_at_once() {
    let kind = Kind { habits: ALL, faults: true, crashes: true, calm: false, fuss: true };
    stories("everything", EVERYTHING, kind);
}
