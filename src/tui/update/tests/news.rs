//! What is told, drawn and read anew.

use super::*;

#[test]
fn nothing_new_draws_nothing() {
    let mut world = world();
    world.model.dirty = false;
    world.send(Msg::StoreChanged).send(Msg::Progress(BTreeMap::new())).send(Msg::Tick);
    assert!(!world.model.dirty, "the same overview, runs and pages change no cell");
    assert_eq!(world.model.next_tick(), None, "and no timer runs");
    world.press("j enter");
    world.model.dirty = false;
    world.send(Msg::StoreChanged);
    assert!(!world.model.dirty);
}

#[test]
fn a_toast_goes_after_four_seconds_and_an_error_stays() {
    let mut world = after("c");
    assert_eq!(world.model.next_tick().unwrap().as_secs(), 4);
    world.send(Msg::Failed(fixture::auth_error()));
    world.model.now = Stamp(fixture::now().0 + 4_000);
    world.model.dirty = false;
    world.send(Msg::Tick);
    assert!(world.model.toast.is_none() && world.model.dirty);
    assert!(matches!(world.model.dialogs.last(), Some(Dialog::Error { .. })));
    world.press("y");
    assert!(world.asked(|e| matches!(e, Effect::Copy(text) if text.contains("401"))));
    world.press("esc");
    assert!(world.model.dialogs.is_empty());
}

#[test]
fn a_store_that_cannot_be_read_is_told_once_and_what_was_read_stays() {
    let mut world = world();
    for _ in 0..3 {
        world.send(Msg::Failed(fixture::auth_error())).send(Msg::Overview(None));
    }
    assert_eq!(world.model.dialogs.len(), 1);
    assert_eq!(world.model.overview.connectors.len(), 4);
    let mut blank = World {
        model: fixture::empty(SIZE),
        seen: Vec::new(),
        overview: fixture::overview(),
        debug_log: 0,
    };
    blank.send(Msg::Overview(None));
    assert!(blank.model.screens.is_empty(), "no welcome over a store that could not be read");
}

#[test]
fn the_palette_runs_a_command_and_goes_to_a_connector() {
    let mut world = after(":");
    world.type_text("preview").press("enter");
    assert!(world.asked(|e| *e == Effect::Sync { connector: 1, mode: SyncMode::Preview }));
    world.press(":").type_text("whole").press("enter");
    assert_eq!(world.model.entry, Entry::Connector(3));
}
