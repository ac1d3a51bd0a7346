//! What keys and answers do, told by tables.

mod consent;
mod mapping;
mod queue;
mod rebinding;
mod records;
mod runs;

use crate::engine::{Due, Holder, Outlook, Outlooks, SyncMode};
use crate::model::{Counts, Direction, RunStatus, Side, Stamp, UserError};
use crate::settings::Section;
use crate::tui::commands::{self, Id, Place};
use crate::tui::debug::{DebugAsk, DebugNews, Search};
use crate::tui::draw::tests::{consent as consents, shot};
use crate::tui::fixture::{self, World};
use crate::tui::form::{CheckState, Focus};
use crate::tui::keys::Key;
use crate::tui::log::Window;
use crate::tui::model::{Ask, Dialog, Entry, Pane, Question, Screen, Tab};
use crate::tui::msg::{
    Arranged, ConnectorDeed, Draft, Effect, Entered, ExportWhat, Exported, Msg, Target,
};
use crate::tui::order::Order;
use crossterm::event::KeyCode;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

const SIZE: (u16, u16) = (80, 24);

fn world() -> World {
    fixture::model(SIZE)
}

fn after(keys: &str) -> World {
    let mut world = world();
    world.press(keys);
    world
}

/// A world in which the keyboard is at a place, with a neighbour in every direction.
fn at(place: Place) -> World {
    let world = match place {
        Place::TooSmall => fixture::model((40, 10)),
        Place::Connectors => after("backtab j"),
        Place::Log => after("j l l"),
        Place::Settings => after("2 j j"),
        Place::Mapping => after("3 j j"),
        Place::Pair => after("3 j j enter tab"),
        Place::FieldPick => after("3 ] enter tab enter"),
        Place::TryOut => after("3 j u"),
        Place::Diff => after("3 ] G t ctrl-s"),
        Place::MapFile => after("3 x"),
        Place::Queue => after("4 j j"),
        Place::DebugLog => after("5 j j"),
        Place::Exchange => after("5 j enter j j"),
        Place::List => after("j enter pagedown >"),
        Place::Detail => after("j enter enter"),
        Place::Form => after("V tab tab"),
        Place::History => after("j enter h j"),
        Place::Consent => consents::after(SIZE, "j"),
        Place::ConsentPaste => consents::pasted(SIZE),
        Place::ConsentWait => consents::after(SIZE, "j enter"),
        Place::ConsentDone => consents::given(SIZE),
        Place::Filter => after("j enter /"),
        Place::Csv => after("j enter x"),
        Place::Services => after("a"),
        Place::Pick => after("4 j j m j"),
        Place::Palette => after(": down"),
        Place::Help => after("? j j"),
        Place::Confirm => after("s ctrl-c"),
        Place::Held => after("backtab j j l k enter"),
        Place::Error => {
            let mut world = world();
            let long = UserError::new("what ".repeat(400), "", "");
            world.send(Msg::Failed(long)).press("j j");
            world
        }
    };
    assert_eq!(world.model.place(), place);
    world
}

const PLACES: [Place; 30] = [
    Place::History,
    Place::Consent,
    Place::ConsentPaste,
    Place::ConsentWait,
    Place::ConsentDone,
    Place::Pair,
    Place::FieldPick,
    Place::TryOut,
    Place::Diff,
    Place::MapFile,
    Place::Pick,
    Place::TooSmall,
    Place::Connectors,
    Place::Log,
    Place::Settings,
    Place::Mapping,
    Place::Queue,
    Place::DebugLog,
    Place::Exchange,
    Place::List,
    Place::Detail,
    Place::Form,
    Place::Filter,
    Place::Csv,
    Place::Services,
    Place::Palette,
    Place::Help,
    Place::Confirm,
    Place::Held,
    Place::Error,
];

#[test]
fn every_key_of_footer_and_help_does_something_or_says_why_not() {
    // Where there is nothing to move to, a movement may leave all as it is.
    let may_rest = [
        Id::Up,
        Id::Down,
        Id::PageUp,
        Id::PageDown,
        Id::HalfUp,
        Id::HalfDown,
        Id::Top,
        Id::Bottom,
        Id::PickDown,
        Id::FormUp,
        Id::FormDown,
        Id::PairUp,
        Id::PairDown,
        Id::TabLog,
        Id::TabSettings,
        Id::TabMapping,
        Id::TabQueue,
        Id::TabDebug,
    ];
    for place in PLACES {
        for command in commands::at(place) {
            for key in command.keys {
                let mut world = at(place);
                world.seen.clear();
                world.model.toast = None;
                let before = format!("{:?}", world.model);
                let shown =
                    if place == Place::TooSmall { String::new() } else { shot(&world.model) };
                world.press(key);
                let changed = !world.seen.is_empty()
                    || before != format!("{:?}", world.model)
                    || (place != Place::TooSmall && shown != shot(&world.model));
                assert!(
                    changed || may_rest.contains(&command.id),
                    "{key} at {place:?} does nothing"
                );
            }
        }
    }
}

#[test]
fn the_footer_shows_five_to_eight_keys_on_the_screens() {
    for place in [Place::Connectors, Place::Log, Place::Settings, Place::Mapping, Place::List] {
        let world = at(place);
        let text = shot(&world.model);
        let footer = text.lines().last().unwrap().trim().to_owned();
        let keys = footer.split("   ").filter(|part| !part.is_empty()).count();
        assert!((5..=8).contains(&keys), "{place:?}: {footer}");
    }
}

#[test]
fn keys_that_cannot_be_used_say_why() {
    for (keys, why) in [
        ("c", "No sync runs."),
        ("s s", "is being synced already"),
        ("l l enter", "No Products were deleted in Vtiger in this run."),
        ("backtab G s", "Choose a connector first."),
        ("backtab G 3", "Choose a connector first"),
        ("j enter v", "Choose a column to sort by first"),
        ("tab enter", "No Products were created in WooCommerce"),
        ("j j j W", "has no waiting records"),
        ("backtab esc", "This is the first screen"),
        ("V ctrl-r", "This field is no secret."),
        ("V tab tab ctrl-r", "What is stored is not shown"),
    ] {
        let world = after(keys);
        let toast = world.model.toast.as_ref().map(|t| t.text.clone()).unwrap_or_default();
        assert!(toast.contains(why), "{keys}: {toast}");
    }
}

#[test]
fn read_only_shows_everything_and_changes_nothing() {
    for keys in ["s", "p", "a", "2 e", "V", "backtab j j l k enter y", "backtab j j l k enter D"] {
        let mut world = world();
        world.model.read_only = true;
        world.press(keys);
        let toast = world.model.toast.as_ref().map(|t| t.text.clone()).unwrap_or_default();
        assert!(toast.contains("--read-only"), "{keys}: {toast}");
        assert!(!world.asked(|e| matches!(
            e,
            Effect::Sync { .. } | Effect::Save { .. } | Effect::DropHeld(_)
        )));
    }
}

#[test]
fn without_an_administrator_only_the_crm_can_be_changed() {
    let mut world = world();
    world.overview.admin = Some(false);
    world.send(Msg::StoreChanged).press("2 e");
    assert!(world.model.screens.is_empty());
    assert!(world.model.toast.as_ref().unwrap().text.contains("no administrator"));
    world.press("V");
    assert_eq!(world.model.place(), Place::Form);
    world.press("esc s");
    assert!(world.asked(|e| matches!(e, Effect::Sync { .. })), "syncs still run");
}

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
fn filter_and_sort_survive_the_way_to_a_record_and_back() {
    let mut world = after("j enter > > v /");
    world.type_text("müller").press("enter k enter esc");
    let Some(Screen::List(view)) = world.model.screens.last() else { panic!("no list") };
    assert_eq!(view.arrangement.filter, "müller");
    assert!(view.arrangement.sort.is_some());
    assert_eq!((view.list.shown(), view.list.total(), view.list.cursor()), (16, 96, 14));
    // The first Esc clears the filter, the second goes back.
    world.press("esc");
    let Some(Screen::List(view)) = world.model.screens.last() else { panic!("no list") };
    assert_eq!(view.arrangement.filter, "");
    assert_eq!(view.list.shown(), 96);
    world.press("esc");
    assert!(world.model.screens.is_empty());
}

#[test]
fn an_inverse_filter_shows_the_others() {
    let mut world = after("j enter /");
    world.type_text("!müller");
    let Some(Screen::List(view)) = world.model.screens.last() else { panic!("no list") };
    assert_eq!((view.list.shown(), view.list.total()), (80, 96));
}

#[test]
fn a_filter_that_is_typed_on_is_asked_for_anew_and_older_answers_are_dropped() {
    let mut world = world();
    world.press("j enter /");
    let mut effects = crate::tui::update::update(&mut world.model, Msg::Key(Key::char('a')));
    effects.extend(crate::tui::update::update(&mut world.model, Msg::Key(Key::char('n'))));
    let generations: Vec<_> = effects
        .iter()
        .filter_map(|e| match e {
            Effect::Arrange { generation, .. } => Some(*generation),
            _ => None,
        })
        .collect();
    let [old, new] = generations[..] else { panic!("{effects:?}") };
    let arranged = |generation, n: u64| {
        let order = Order::of((0..n).map(|at| crate::tui::msg::RowKey::new(0, at)));
        Msg::Arranged { generation, made: Ok(Arranged { lengths: vec![96], order }) }
    };
    world.send(arranged(old, 5));
    let shown = |world: &World| match world.model.screens.last() {
        Some(Screen::List(view)) => view.list.shown(),
        _ => 0,
    };
    assert_eq!(shown(&world), 96);
    world.send(arranged(new, 7));
    assert_eq!(shown(&world), 7);
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
    assert!(after(&format!("{held} y y")).asked(confirm));
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
fn a_csv_is_what_is_shown_and_replaces_nothing_unasked() {
    let mut world = after("j enter > v x");
    world.seen.clear();
    world.press("enter");
    let Some(Effect::Export(first)) = world.seen.first().cloned() else {
        panic!("{:?}", world.seen)
    };
    assert_eq!(
        first.path,
        PathBuf::from("/home/admin/shop-contacts-created-vtiger-2026-11-21.csv")
    );
    assert!(!first.replace);
    let ExportWhat::Records(_, Some(order)) = &first.what else { panic!("the order is exported") };
    assert_eq!(order.len(), 96);
    // The world answers that the file is there.
    assert_eq!(world.model.place(), Place::Confirm);
    world.press("enter");
    assert_eq!(world.model.place(), Place::Csv, "Enter replaces nothing");
    world.press("enter y");
    assert!(world.asked(|e| matches!(e, Effect::Export(request) if request.replace)));
    assert_eq!(world.model.place(), Place::List);
    assert!(
        world.model.toast.as_ref().unwrap().text.starts_with("96 rows written to /home/admin/")
    );
}

#[test]
fn an_export_that_fails_keeps_the_name_and_can_be_stopped() {
    let mut world = after("x");
    let Some(Dialog::Csv(dialog)) = world.model.dialogs.last_mut() else { panic!("no dialog") };
    dialog.state = crate::tui::model::CsvState::Writing(0);
    world.send(Msg::Exporting(20_000));
    assert!(shot(&world.model).contains("20,000 rows written…"));
    world.send(Msg::Exported(Exported::Failed(fixture::auth_error()))).press("esc");
    assert_eq!(world.model.place(), Place::Csv);
    let Some(Dialog::Csv(dialog)) = world.model.dialogs.last_mut() else { panic!("no dialog") };
    dialog.state = crate::tui::model::CsvState::Writing(0);
    world.press("esc");
    assert!(world.asked(|e| *e == Effect::StopExport));
}

#[test]
fn links_are_copied_from_the_list_and_from_the_detail() {
    let copied = |world: &mut World, part: &str| {
        world.asked(|e| matches!(e, Effect::Copy(link) if link.contains(part)))
    };
    let mut world = after("j enter j o");
    assert!(copied(&mut world, "crm.example.com/index.php?module=Contacts&view=Detail&record=1"));
    world.press("O");
    assert!(copied(&mut world, "user_id=2"));
    world.press("enter O");
    assert!(copied(&mut world, "user_id=2"));
    assert!(shot(&world.model).contains("https://shop.example.com"), "also shown as text");
}

#[test]
fn with_nothing_set_up_the_way_leads_from_the_crm_to_the_first_preview() {
    let mut world = World::blank(SIZE);
    assert_eq!(world.model.place(), Place::Form);
    world
        .type_text("crm.example.com")
        .press("tab")
        .type_text("sync")
        .press("tab")
        .type_text("secret-key-3f");
    world.press("ctrl-s");
    let Some(Effect::Save { form, draft }) = world.seen.last().cloned() else {
        panic!("{:?}", world.seen)
    };
    assert_eq!(draft.target, Target::Crm);
    assert_eq!(draft.values["access_key"], Entered::Text("secret-key-3f".into(), true));
    assert!(!format!("{draft:?}").contains("secret-key-3f"), "no secret in a debug print");
    world.overview.crm = fixture::overview().crm;
    world.send(Msg::Saved { form, result: Ok(()) });
    assert_eq!(world.model.place(), Place::Services);
    world.press("j").press("j").press("enter");
    assert_eq!(world.model.place(), Place::Form);
    world.press("tab").type_text("shop.example.com").press("tab");
    world.type_text("ck_1").press("tab").type_text("cs_1").press("ctrl-s");
    let Some(Effect::Save { form, draft }) = world.seen.last().cloned() else {
        panic!("{:?}", world.seen)
    };
    assert_eq!((draft.target, draft.name.as_str()), (Target::New, "shop"));
    world.overview = fixture::overview();
    world.send(Msg::Saved { form, result: Ok(()) });
    assert_eq!(world.model.entry, Entry::Connector(1));
    // The other settings appear when the first ones are saved.
    let Some(Screen::Form(form)) = world.model.screens.last() else { panic!("no form") };
    assert_eq!(form.section(), Some(Section::System));
    world.press("esc p");
    assert!(world.asked(|e| *e == Effect::Sync { connector: 1, mode: SyncMode::Preview }));
}

#[test]
fn a_form_refuses_bad_values_at_the_field_and_keeps_stored_secrets() {
    let mut world = after("2 e tab ctrl-u ctrl-s");
    assert!(!world.asked(|e| matches!(e, Effect::Save { .. })));
    let Some(Screen::Form(form)) = world.model.screens.last() else { panic!("no form") };
    assert_eq!(form.focus, Focus::Field(1), "the first bad field has the focus");
    world.type_text("https://other.example.com").press("ctrl-s");
    let Some(Effect::Save { draft, .. }) = world.seen.last().cloned() else { panic!("not saved") };
    let Draft { values, .. } = draft;
    assert_eq!(values["consumer_secret"], Entered::Keep);
    assert_eq!(values["app_url"], Entered::Text("https://other.example.com".into(), false));
}

#[test]
fn a_check_belongs_to_what_was_checked() {
    let mut world = after("V ctrl-t");
    assert!(world.asked(|e| matches!(e, Effect::Check { .. })));
    let form = world.model.serial;
    world.type_text("x");
    world.send(Msg::Checked { form, report: Ok(Box::new(fixture::report())) });
    let Some(Screen::Form(open)) = world.model.screens.last() else { panic!("no form") };
    assert_eq!(open.check, CheckState::None, "the answer is about another address");
    world
        .press("backspace ctrl-t")
        .send(Msg::Checked { form, report: Ok(Box::new(fixture::report())) });
    world.press("ctrl-s");
    let Some(Effect::Save { draft, .. }) = world.seen.last() else { panic!("not saved") };
    assert_eq!(draft.admin, Some(true));
}

#[test]
fn unsaved_changes_are_asked_for() {
    assert!(after("V esc").model.screens.is_empty());
    let mut world = after("V");
    world.type_text("x").press("esc");
    assert_eq!(world.model.place(), Place::Confirm);
    world.press("enter");
    assert_eq!(world.model.place(), Place::Form, "Enter stays");
    world.press("esc y");
    assert!(world.model.screens.is_empty());
}

#[test]
fn pasted_text_goes_into_the_field_and_is_never_taken_for_keys() {
    let mut world = after("V tab tab");
    world.send(Msg::Paste("  key\u{1b}[31m\n".into()));
    let Some(Screen::Form(form)) = world.model.screens.last() else { panic!("no form") };
    assert_eq!(form.field().unwrap().text(), "key[31m");
    let mut world = after("");
    world.send(Msg::Paste("sq".into()));
    assert!(!world.asked(|e| matches!(e, Effect::Sync { .. } | Effect::Quit)));
}

#[test]
fn a_typed_secret_is_masked_until_it_is_asked_for() {
    let mut world = after("V tab tab");
    world.type_text("hunter2hunter2");
    assert!(!shot(&world.model).contains("hunter2"));
    world.press("ctrl-r");
    assert!(shot(&world.model).contains("hunter2"));
    world.press("ctrl-r ctrl-u").type_text("env:VTIGER_KEY");
    assert!(shot(&world.model).contains("env:VTIGER_KEY"), "a reference is no secret");
}

#[test]
fn the_palette_runs_a_command_and_goes_to_a_connector() {
    let mut world = after(":");
    world.type_text("preview").press("enter");
    assert!(world.asked(|e| *e == Effect::Sync { connector: 1, mode: SyncMode::Preview }));
    world.press(":").type_text("whole").press("enter");
    assert_eq!(world.model.entry, Entry::Connector(3));
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

#[test]
fn a_page_far_down_asks_for_the_rows_around_it_only() {
    let mut world = after("tab k l enter");
    world.press("esc tab");
    world.model.log.side = Some(Side::Service);
    world.model.log.row = 0;
    world.model.log.column = 1;
    world.model.pane = Pane::Body;
    world.seen.clear();
    world.press("enter G");
    let Some(Effect::Page(request)) = world.seen.last() else { panic!("{:?}", world.seen) };
    let (from, count) = (request.from, request.count);
    assert!(from > 1_234_000 && count <= 60, "{from} {count}");
}

fn any_key() -> impl Strategy<Value = Key> {
    let named: Vec<Key> = commands::COMMANDS
        .iter()
        .flat_map(|c| c.keys.iter())
        .filter_map(|name| Key::parse(name))
        .collect();
    prop_oneof![
        4 => proptest::sample::select(named),
        1 => proptest::char::range(' ', '~').prop_map(Key::char),
        1 => Just(Key::plain(KeyCode::Backspace)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_keys_sizes_and_news_panics(
        steps in proptest::collection::vec(
            prop_oneof![
                8 => any_key().prop_map(Msg::Key),
                1 => (1u16..150, 1u16..50).prop_map(|(w, h)| Msg::Resize(w, h)),
                1 => Just(Msg::StoreChanged),
                1 => Just(Msg::Progress(BTreeMap::from([(1, fixture::progress())]))),
            ],
            1..80,
        ),
    ) {
        let mut world = world();
        for msg in steps {
            world.send(msg);
        }
        crate::tui::draw::tests::picture(&world.model);
    }
}

#[test]
fn the_debug_log_is_followed_searched_and_opened() {
    let mut world = after("5");
    let chosen = |world: &World| world.model.debug.chosen();
    assert_eq!(chosen(&world), Some(1_234));
    world.debug_log = 1_240;
    world.send(Msg::StoreChanged);
    assert_eq!(chosen(&world), Some(1_240), "the newest is followed");
    world.press("j j");
    world.debug_log = 1_300;
    world.send(Msg::StoreChanged);
    assert_eq!(chosen(&world), Some(1_238), "until the cursor is moved");
    world.press("G k pagedown g /").type_text("müller").press("enter");
    assert_eq!((world.model.debug.shown(), chosen(&world)), (259, Some(1_300)));
    assert_eq!(world.model.place(), Place::DebugLog);
    world.press("j enter");
    assert_eq!(world.model.place(), Place::Exchange);
    assert!(shot(&world.model).contains("Müller"));
    world.press("j y");
    assert!(world.asked(|e| matches!(e, Effect::Copy(text) if text.contains("•••"))));
    world.press("esc");
    assert_eq!(chosen(&world), Some(1_295), "back to the same line");
    world.press("esc");
    assert_eq!((world.model.debug.shown(), chosen(&world)), (1_300, Some(1_295)));
    world.press("esc");
    assert_eq!(world.model.pane, Pane::Connectors);
}

#[test]
fn a_search_is_given_up_by_typing_on_and_by_esc() {
    let mut world = after("5 /");
    world.seen.clear();
    world.type_text("ab");
    let searches = world.seen.iter().filter_map(|e| match e {
        Effect::Debug(DebugAsk::Search { generation, text, .. }) => Some((*generation, text)),
        _ => None,
    });
    let searches: Vec<_> = searches.collect();
    assert!(searches[0].0 < searches[1].0 && searches[1].1 == "ab");
    // What the first one still tells is not taken for the second one's.
    let shown = world.model.debug.shown();
    let search = Search { looked: 1, total: 1, newest: 1, done: true };
    let generation = searches[0].0;
    let late = DebugNews::Found { generation, numbers: vec![1, 2, 3], search };
    world.send(Msg::Debug(late));
    assert_eq!(world.model.debug.shown(), shown);
    world.press("esc");
    assert!(world.asked(|e| *e == Effect::Debug(DebugAsk::StopSearch)));
    assert_eq!(world.model.debug.shown(), 1_234);
}

#[test]
fn debug_mode_is_switched_from_its_pane() {
    let mut world = after("5 d");
    assert!(world.asked(|e| *e == Effect::Debug(DebugAsk::Switch { connector: 1, on: true })));
    world.overview.connectors[0].connector.debug = true;
    let news = DebugNews::Switched { name: "shop".into(), on: true, result: Ok(()) };
    world.send(Msg::Debug(news));
    assert!(shot(&world.model).contains("Debug Mode of shop is on"));
    world.press("d");
    assert!(world.asked(|e| *e == Effect::Debug(DebugAsk::Switch { connector: 1, on: false })));
    world.model.read_only = true;
    world.press("d");
    assert!(world.model.toast.as_ref().unwrap().text.contains("--read-only"));
    assert!(!world.asked(|e| matches!(e, Effect::Debug(DebugAsk::Switch { .. }))));
}

#[test]
fn the_csv_of_the_debug_log_is_what_is_shown() {
    let mut world = after("5 x enter");
    let whole = |e: &Effect| matches!(e, Effect::Export(r) if matches!(r.what, ExportWhat::Debug(1, _, None)));
    assert!(world.asked(whole));
    let mut world = after("5 /");
    world.type_text("too fast").press("enter x enter");
    let found = world.seen.iter().find_map(|e| match e {
        Effect::Export(request) => match &request.what {
            ExportWhat::Debug(1, _, found) => found.clone(),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(found.unwrap().len(), 247);
}

#[test]
fn settings_are_changed_in_the_form_and_only_what_was_changed_is_saved() {
    let mut world = after("2 e ctrl-n ctrl-n tab right tab ctrl-u");
    world.type_text("10s").press("ctrl-s");
    let Some(Screen::Form(form)) = world.model.screens.last() else { panic!("no form") };
    assert!(form.field().is_some_and(|f| f.name == "frequency" && f.error.is_some()), "{form:?}");
    world.press("ctrl-u").type_text("10m").press("ctrl-s");
    let Some(Effect::Save { draft, .. }) = world.seen.last().cloned() else {
        panic!("{:?}", world.seen)
    };
    let changed = [("debug", "true"), ("frequency", "10m")];
    assert_eq!(draft.settings, changed.map(|(path, value)| (path.into(), value.into())));
}

#[test]
fn a_connector_is_removed_only_after_a_question_that_counts_what_is_lost() {
    let mut world = after("backtab X");
    let shown = shot(&world.model);
    assert!(shown.contains("Remove shop?") && shown.contains("1,234 links"), "{shown}");
    let remove =
        |e: &Effect| matches!(e, Effect::Connector { connector: 1, deed: ConnectorDeed::Remove });
    world.press("enter");
    assert!(!world.asked(remove), "Enter keeps it");
    world.press("X y");
    assert!(world.asked(remove));
    world.send(Msg::ConnectorDone(Ok("shop was removed.".into())));
    assert!(world.asked(|e| *e == Effect::Overview));
}

#[test]
fn a_connector_is_switched_off_and_on_and_not_removed_while_it_is_synced() {
    let mut world = after("backtab t");
    let off = ConnectorDeed::Enable(false);
    assert!(world.asked(|e| *e == Effect::Connector { connector: 1, deed: off }));
    world.press("s X");
    assert!(!world.asked(|e| matches!(e, Effect::Connector { .. })));
    assert!(shot(&world.model).contains("cancel that first"));
}
