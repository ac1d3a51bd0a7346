//! A log of very many runs, of which only some are in memory.

use super::*;
use crate::model::Run;
use crate::tui::log::Window;
use crate::tui::update::update;

/// So many runs has the connector, of two modules each.
const ALL: u64 = 20_000;

/// The runs from one number down to another, as many as there are.
fn runs(from: u64, to: u64) -> Vec<Run> {
    let numbers = (to.max(1)..=from.min(ALL)).rev();
    let time = "2026-11-21T12:41:00Z";
    numbers.map(|id| fixture::run(id, 1, RunStatus::Completed, time)).collect()
}

/// Answers what was asked as the store would, and how many runs that took.
fn answer(world: &mut World, effects: Vec<Effect>) -> usize {
    let mut read = 0;
    for effect in effects {
        let Effect::Runs { connector, generation, window } = effect else { continue };
        let (newest, oldest) = match window {
            Window::Newest => (ALL, ALL - 99),
            Window::Around(id) => (id + 100, id.saturating_sub(99)),
            Window::Oldest => (100, 1),
        };
        let runs = runs(newest, oldest);
        read += runs.len();
        let (newer, more) = (newest < ALL, oldest > 1);
        let msg = match window {
            Window::Newest => Msg::Runs { connector, generation, runs, more },
            _ => Msg::OlderRuns { connector, generation, runs, newer, more },
        };
        let effects = update(&mut world.model, msg);
        assert!(effects.is_empty(), "{effects:?}");
    }
    read
}

fn log() -> World {
    let mut world = world();
    let effects = update(&mut world.model, Msg::StoreChanged);
    answer(&mut world, effects);
    world.press("g");
    world
}

fn press(world: &mut World, key: &str) -> usize {
    let effects = update(&mut world.model, Msg::Key(Key::parse(key).unwrap()));
    answer(world, effects)
}

fn at(world: &World) -> (u64, usize) {
    (world.model.log.run().unwrap().id, world.model.log.row - world.model.log_top)
}

#[test]
fn the_ends_are_one_key_away_and_few_runs_are_read() {
    let mut world = log();
    assert!(press(&mut world, "G") <= 100);
    assert_eq!(at(&world).0, 1);
    assert!(world.model.log.newer && !world.model.log.more);
    assert_eq!(press(&mut world, "G"), 0, "it is there");
    assert!(press(&mut world, "g") <= 100);
    assert_eq!(at(&world), (ALL, 0));
    assert!(!world.model.log.newer && world.model.log.more);
}

#[test]
fn scrolling_through_reads_ahead_and_shows_every_row_once() {
    for (key, back, step) in [("j", "k", 1), ("ctrl-f", "ctrl-b", 0)] {
        let mut world = log();
        let mut read = 0;
        let mut row = 0;
        let place = |world: &World| {
            let run = world.model.log.run().unwrap().id;
            let second = world.model.log.row % 2;
            (ALL - run) * 2 + second as u64
        };
        for _ in 0..1_500 {
            read += press(&mut world, key);
            assert!(world.model.log.runs.len() <= 200);
            let now = place(&world);
            assert!(now > row && (step == 0 || now == row + step), "{row} {now}");
            row = now;
        }
        // Each run is read twice, and some more at the ends of the windows.
        let seen = usize::try_from(row / 2).unwrap();
        assert!(read <= seen * 3 + 400, "{read} for {seen}");
        for _ in 0..1_500 {
            press(&mut world, back);
            assert!(place(&world) < row);
            row = place(&world);
        }
        assert_eq!(at(&world).0, ALL);
    }
}

#[test]
fn the_row_stays_where_it_is_on_the_screen_when_the_window_moves() {
    let mut world = log();
    for _ in 0..400 {
        let (run, offset) = at(&world);
        if press(&mut world, "j") > 0 {
            let (now, moved) = at(&world);
            assert!(now == run || now == run - 1);
            assert!(moved == offset || moved == offset + 1, "{offset} {moved}");
        }
    }
}

#[test]
fn the_two_tables_join_at_the_real_ends() {
    let mut world = log();
    world.model.log.row = world.model.log.rows.len() - 1;
    press(&mut world, "j");
    assert_eq!(world.model.log.side(), Side::Vtiger, "there are older runs");
    press(&mut world, "G");
    press(&mut world, "j");
    assert_eq!((world.model.log.side(), at(&world).0), (Side::Service, ALL));
    press(&mut world, "k");
    assert_eq!((world.model.log.side(), at(&world).0), (Side::Vtiger, 1));
}

#[test]
fn news_and_a_sync_that_is_started_find_their_window() {
    let mut world = log();
    press(&mut world, "G");
    let effects = update(&mut world.model, Msg::StoreChanged);
    assert!(effects.iter().any(|e| matches!(e, Effect::Runs { window: Window::Oldest, .. })));
    answer(&mut world, effects);
    assert_eq!(at(&world).0, 1, "what is looked at stays");
    press(&mut world, "s");
    assert_eq!(at(&world).0, ALL, "the newest numbers");
}

#[test]
fn an_answer_for_a_window_that_was_left_changes_nothing() {
    let mut world = log();
    let generation = world.model.log.generation;
    let effects = update(&mut world.model, Msg::Key(Key::parse("G").unwrap()));
    world.send(Msg::Runs { connector: 1, generation, runs: runs(ALL, ALL - 99), more: true });
    assert!(world.model.log.asked.is_some(), "still waiting for the oldest");
    answer(&mut world, effects);
    assert_eq!(at(&world).0, 1);
}
