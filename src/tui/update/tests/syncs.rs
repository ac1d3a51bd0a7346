//! Syncs that are started, watched, previewed, cancelled; leaving while one runs.

use super::*;

#[test]
fn sync_now_starts_once_and_cancel_says_so() {
    let mut world = after("s");
    assert!(world.asked(|e| *e == Effect::Sync { connector: 1, mode: SyncMode::Sync }));
    world.press("s");
    assert!(!world.asked(|e| matches!(e, Effect::Sync { .. })));
    world.press("c");
    assert!(world.asked(|e| *e == Effect::CancelSync(1)));
    world.model.toast = None;
    assert!(shot(&world.model).contains("cancelling…"));
    let run = fixture::run(43, 1, RunStatus::Cancelled, "2026-11-21T12:44:00Z");
    world.send(Msg::SyncEnded { connector: 1, mode: SyncMode::Sync, result: Ok(Box::new(run)) });
    assert!(world.model.running(1).is_none());
    assert!(world.model.toast.as_ref().unwrap().text.contains("cancelled"));
}

#[test]
fn a_sync_of_another_process_is_shown_but_not_cancelled() {
    let mut world = world();
    world.overview.connectors[0].last =
        Some(fixture::run(44, 1, RunStatus::Running, "2026-11-21T12:44:00Z"));
    world.overview.connectors[0].holder = Some(holder());
    world.send(Msg::StoreChanged);
    assert!(shot(&world.model).contains("◐ running"));
    world.press("c");
    let toast = |world: &World| world.model.toast.as_ref().unwrap().text.clone();
    assert_eq!(toast(&world), "Process 4711 runs this sync since 12:44; cancel it there.");
    world.press("s");
    assert!(toast(&world).contains("synced already") && toast(&world).contains("4711"));
    // It dies without a word; the screen looks after it.
    assert!(world.model.next_tick().is_some());
    world.overview.connectors[0].holder = None;
    world.model.now = world.model.now.plus(std::time::Duration::from_secs(60));
    world.send(Msg::Tick);
    assert!(shot(&world.model).contains("✕ shop") && shot(&world.model).contains("interrupted"));
    world.model.toast = None;
    assert_eq!(world.model.next_tick(), None);
}

fn holder() -> Holder {
    Holder { process: Some(4711), since: Some(fixture::at("2026-11-21T12:44:00Z")) }
}

fn due(minutes: u64) -> Outlook {
    let at = fixture::now().plus(std::time::Duration::from_secs(60 * minutes));
    Outlook::Due(Due { at, watched: false, trouble: None })
}

#[test]
fn the_next_sync_is_told_and_drawn_only_when_its_words_change() {
    let mut world = world();
    let schedule = Outlooks::from([(1, due(4)), (2, Outlook::Off), (3, Outlook::Held(41))]);
    world.send(Msg::Schedule(schedule.clone()));
    let screen = shot(&world.model);
    assert!(screen.contains("in 4 min") && screen.contains("on hold"), "{screen}");
    assert_eq!(world.model.next_tick(), Some(std::time::Duration::from_secs(60)));
    world.model.dirty = false;
    world.model.now = world.model.now.plus(std::time::Duration::from_secs(59));
    world.send(Msg::Tick).send(Msg::Schedule(schedule));
    assert!(!world.model.dirty, "the same words");
    world.model.now = world.model.now.plus(std::time::Duration::from_secs(1));
    world.send(Msg::Tick);
    assert!(world.model.dirty && shot(&world.model).contains("in 3 min"));
}

#[test]
fn leaving_waits_for_a_sync_of_the_schedule() {
    let mut world = world();
    world.send(Msg::Progress(BTreeMap::from([(1, fixture::progress())])));
    world.press("q");
    assert!(matches!(world.model.dialogs.last(), Some(Dialog::Confirm(_))));
    world.press("y");
    assert!(world.asked(|e| *e == Effect::StopSchedule));
    assert!(world.model.leaving && world.model.cancelling.contains(&1));
    world.send(Msg::Progress(BTreeMap::new()));
    assert!(world.asked(|e| *e == Effect::Quit));
}

fn preview_ended(world: &mut World) {
    let run = fixture::run(43, 1, RunStatus::Preview, "2026-11-21T12:44:00Z");
    world.send(Msg::SyncEnded { connector: 1, mode: SyncMode::Preview, result: Ok(Box::new(run)) });
}

#[test]
fn a_preview_is_shown_as_a_plan_that_can_be_run_or_left() {
    let mut world = after("p");
    preview_ended(&mut world);
    assert!(world.asked(|e| *e == Effect::Sync { connector: 1, mode: SyncMode::Preview }));
    assert_eq!(world.model.place(), Place::List);
    world.press("s");
    assert!(world.asked(|e| *e == Effect::Sync { connector: 1, mode: SyncMode::Sync }));
    assert!(world.model.screens.is_empty());
}

#[test]
fn a_preview_that_ends_while_a_form_is_open_does_not_push_it_aside() {
    let mut world = after("p 2 e");
    preview_ended(&mut world);
    assert_eq!(world.model.place(), Place::Form);
    assert!(world.model.toast.as_ref().unwrap().text.contains("is ready"));
}

#[test]
fn danger_is_answered_by_y_and_never_by_enter() {
    let held = "backtab j j l k enter";
    let confirm = |e: &Effect| *e == Effect::Sync { connector: 3, mode: SyncMode::Confirm(41) };
    let mut world = after(&format!("{held} y"));
    assert!(world.type_text("shop").press("enter").asked(confirm));
    for keys in ["y enter", "y esc", "y n", "enter", "esc"] {
        let mut world = after(&format!("{held} {keys}"));
        assert!(!world.asked(confirm), "{keys}");
    }
    assert!(after(&format!("{held} D y")).asked(|e| *e == Effect::DropHeld(41)));
    assert!(!after(&format!("{held} D enter")).asked(|e| matches!(e, Effect::DropHeld(_))));
    assert_eq!(after(&format!("{held} v")).model.place(), Place::List);
}

#[test]
fn leaving_asks_while_a_sync_runs_and_waits_for_it() {
    assert!(after("q").asked(|e| *e == Effect::Quit));
    assert!(after("ctrl-c").asked(|e| *e == Effect::Quit));
    let mut world = after("s q");
    assert!(!world.asked(|e| *e == Effect::Quit));
    assert!(matches!(
        world.model.dialogs.last(),
        Some(Dialog::Confirm(Question { ask: Ask::QuitWhileSyncing, .. }))
    ));
    world.press("y");
    assert!(world.asked(|e| *e == Effect::CancelSync(1)));
    let run = fixture::run(43, 1, RunStatus::Cancelled, "2026-11-21T12:44:00Z");
    world.send(Msg::SyncEnded { connector: 1, mode: SyncMode::Sync, result: Ok(Box::new(run)) });
    assert!(world.asked(|e| *e == Effect::Quit));
    assert!(after("s ctrl-c ctrl-c").asked(|e| *e == Effect::Quit), "the second Ctrl-C leaves now");
    let mut ended = after("s");
    ended.send(Msg::Terminate);
    assert!(ended.asked(|e| *e == Effect::CancelSync(1)), "SIGTERM finishes what is in flight");
}

#[test]
fn deletions_in_bulk_are_confirmed_by_the_name_of_the_connector() {
    let confirmed = |e: &Effect| matches!(e, Effect::Sync { mode: SyncMode::Confirm(41), .. });
    let mut world = at(Place::Held);
    world.press("y");
    assert_eq!(world.model.place(), Place::ConfirmName);
    assert!(shot(&world.model).contains("2,310 Products gone from one side"));
    world.press("enter y enter");
    assert!(!world.asked(confirmed));
    let name = fixture::held_run().connector_name;
    world.press("ctrl-u").type_text(&name).press("enter");
    assert!(world.asked(confirmed));
    // What only creates is confirmed by its key.
    let mut world = at(Place::Held);
    if let Some(Dialog::Held(run)) = world.model.dialogs.last_mut() {
        let held = run.held.as_mut().unwrap();
        held.guard = "creates".into();
        held.counts.retain(|what, _| !what.ends_with(".gone"));
    }
    world.press("y y");
    assert!(world.asked(confirmed));
}
