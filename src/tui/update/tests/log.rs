//! The sync log: its cursor, its numbers, what comes in while it is shown.

use super::*;

#[test]
fn the_cursor_moves_over_the_numbers_of_both_tables() {
    let mut world = after("");
    let place =
        |world: &World| (world.model.log.side(), world.model.log.row, world.model.log.column);
    assert_eq!(place(&world), (Side::Vtiger, 0, 0));
    world.press("l l l l");
    assert_eq!(place(&world), (Side::Vtiger, 0, 3), "it stops at the last number");
    let rows = world.model.log.rows.len();
    world.press("G j");
    assert_eq!(place(&world), (Side::Service, 0, 3));
    world.press("k");
    assert_eq!(place(&world), (Side::Vtiger, rows - 1, 3));
    world.press("g tab");
    assert_eq!(place(&world), (Side::Service, 0, 3), "the same run in the other table");
    world.press("tab");
    assert_eq!(world.model.pane, Pane::Connectors);
    world.press("l h h h h");
    assert_eq!(world.model.pane, Pane::Connectors, "left of the first number are the connectors");
}

#[test]
fn enter_opens_the_number_and_escape_goes_back_to_it() {
    let mut world = after("j l l l");
    let before = (world.model.log.side(), world.model.log.row, world.model.log.column);
    world.press("enter j");
    let Some(Screen::List(view)) = world.model.screens.last() else { panic!("no list") };
    assert_eq!(view.title, "Records Skipped in Vtiger");
    assert_eq!(view.list.total(), 2);
    world.press("enter");
    assert!(matches!(world.model.screens.last(), Some(Screen::Detail(_))));
    world.press("esc");
    let Some(Screen::List(view)) = world.model.screens.last() else { panic!("no list") };
    assert_eq!(view.list.cursor(), 1, "the cursor of the list survives");
    world.press("esc");
    assert!(world.model.screens.is_empty());
    assert_eq!((world.model.log.side(), world.model.log.row, world.model.log.column), before);
    world.press("esc esc esc esc");
    assert!(!world.asked(|e| *e == Effect::Quit), "Esc never leaves the program");
}

#[test]
fn the_selection_follows_the_run_when_a_newer_one_comes() {
    let mut world = after("j l");
    let key = world.model.log.current().map(|row| (row.run, row.module));
    let mut runs = fixture::runs();
    runs.insert(0, fixture::run(43, 1, RunStatus::Running, "2026-11-21T12:44:00Z"));
    let generation = world.model.log.generation;
    world.send(Msg::Runs { connector: 1, generation, runs, more: false });
    assert_eq!(world.model.log.current().map(|row| (row.run, row.module)), key);
    assert_eq!(world.model.log.row, 3);
}

#[test]
fn answers_for_another_connector_or_an_older_choice_are_dropped() {
    let mut world = world();
    let rows = world.model.log.rows.len();
    world.send(Msg::Runs {
        connector: 2,
        generation: world.model.log.generation,
        runs: vec![],
        more: false,
    });
    world.send(Msg::Runs { connector: 1, generation: 0, runs: vec![], more: false });
    assert_eq!(world.model.log.rows.len(), rows);
}

#[test]
fn the_cursor_goes_to_a_sync_that_was_just_started_until_it_is_moved() {
    let mut world = after("j s");
    let generation = world.model.log.generation;
    let newer = |extra: u64| {
        let mut runs = fixture::runs();
        runs.insert(0, fixture::run(42 + extra, 1, RunStatus::Running, "2026-11-21T12:44:00Z"));
        Msg::Runs { connector: 1, generation, runs, more: false }
    };
    world.send(newer(1));
    assert_eq!(world.model.log.run().unwrap().id, 43);
    world.press("G").send(newer(2));
    assert_eq!(world.model.log.run().unwrap().id, 38, "moved: it stays where it is");
}

#[test]
fn a_one_way_connector_has_its_cursor_in_the_table_that_is_written() {
    let mut world = world();
    world.press("tab");
    for module in world.overview.connectors[0].connector.modules.values_mut() {
        module.direction = Direction::ToVtiger;
    }
    world.send(Msg::StoreChanged);
    let mut runs = fixture::runs();
    for counts in runs.iter_mut().flat_map(|run| run.modules.values_mut()) {
        counts.service = Counts::default();
    }
    let generation = world.model.log.generation;
    world.send(Msg::Runs { connector: 1, generation, runs, more: false });
    assert_eq!(world.model.log.side(), Side::Vtiger);
    world.press("tab");
    assert_eq!(world.model.pane, Pane::Connectors, "the table that is never written is no stop");
}

#[test]
fn older_runs_are_read_when_the_cursor_nears_the_end() {
    let mut world = world();
    let generation = world.model.log.generation;
    let runs: Vec<_> = (0..100)
        .map(|n| fixture::run(500 - n, 1, RunStatus::Completed, "2026-11-21T12:41:00Z"))
        .collect();
    world.send(Msg::Runs { connector: 1, generation, runs, more: true });
    world.seen.clear();
    world.press("ctrl-f ctrl-f ctrl-f");
    assert!(!world.asked(|e| matches!(e, Effect::Runs { .. })));
    world.model.log.row = 150;
    let effects = crate::tui::update::update(&mut world.model, Msg::Key(Key::char('j')));
    let around = Window::Around(world.model.log.run().unwrap().id);
    let asked = |e: &Effect| matches!(e, Effect::Runs { window, .. } if *window == around);
    assert!(effects.iter().any(asked), "{effects:?}");
}

#[test]
fn a_connector_that_is_gone_is_no_longer_chosen() {
    let mut world = after("2");
    world.overview.connectors.remove(0);
    world.send(Msg::StoreChanged);
    assert_eq!(world.model.entry, Entry::Connector(2));
    assert_eq!(world.model.tab, Tab::Settings);
}
