//! What every administrator's fingers know: the same on all screens.

use super::*;
use crate::tui::commands::ANYWHERE;

/// The keys of a command at a place.
fn keys(id: Id, place: Place) -> Vec<&'static str> {
    commands::at(place).filter(|c| c.id == id).flat_map(|c| c.keys).copied().collect()
}

#[test]
fn arrows_and_letters_pages_and_ends_are_the_same_everywhere() {
    let usual: [(Id, &[&str]); 10] = [
        (Id::Up, &["up", "k"]),
        (Id::Down, &["down", "j"]),
        (Id::Left, &["left", "h"]),
        (Id::Right, &["right", "l"]),
        (Id::Top, &["g", "home"]),
        (Id::Bottom, &["G", "end"]),
        (Id::PageUp, &["pageup", "ctrl-b"]),
        (Id::PageDown, &["pagedown", "ctrl-f"]),
        (Id::HalfUp, &["ctrl-u"]),
        (Id::HalfDown, &["ctrl-d"]),
    ];
    let mut places = 0;
    for place in ANYWHERE.iter().copied() {
        for (id, wanted) in usual {
            let bound = keys(id, place);
            places += usize::from(!bound.is_empty());
            // Letters are typed where text is entered.
            let free = bound.is_empty() || place.takes_text();
            assert!(free || wanted.iter().all(|key| bound.contains(key)), "{id:?} at {place:?}");
        }
    }
    assert!(places > 100, "{places}");
    // They do the same, too.
    for (one, other) in [
        ("down down up", "j j k"),
        ("G", "end"),
        ("G g", "end home"),
        ("pagedown pageup j", "ctrl-f ctrl-b down"),
    ] {
        for before in ["", "j enter ", "4 ", "5 ", "3 ", "2 ", "backtab "] {
            let (one, other) =
                (after(&format!("{before}{one}")), after(&format!("{before}{other}")));
            assert_eq!(shot(&one.model), shot(&other.model), "{before}");
        }
    }
    assert_eq!(shot(&after("l l h").model), shot(&after("right right left").model));
}

#[test]
fn escape_goes_back_from_everywhere_and_never_leaves() {
    for place in ANYWHERE.iter().copied().filter(|place| *place != Place::TooSmall) {
        let mut world = at(place);
        for _ in 0..8 {
            world.press("esc");
        }
        assert!(!world.asked(|e| *e == Effect::Quit), "{place:?}");
        assert!(world.model.screens.is_empty() && world.model.dialogs.is_empty(), "{place:?}");
        assert_eq!(world.model.place(), Place::Connectors, "{place:?}");
    }
}

#[test]
fn q_goes_back_from_a_screen_and_leaves_from_the_first_one() {
    for (place, leaves) in [
        (Place::Connectors, true),
        (Place::Log, true),
        (Place::Settings, true),
        (Place::Queue, true),
        (Place::DebugLog, true),
        (Place::List, false),
        (Place::Detail, false),
        (Place::History, false),
        (Place::Exchange, false),
        (Place::Help, false),
        (Place::Error, false),
    ] {
        let mut world = at(place);
        world.press("q");
        assert_eq!(world.asked(|e| *e == Effect::Quit), leaves, "{place:?}");
        assert!(leaves || world.model.place() != place, "{place:?}");
    }
    // While a sync runs it asks.
    let mut world = after("s q");
    assert!(!world.asked(|e| *e == Effect::Quit));
    assert_eq!(world.model.place(), Place::Confirm);
}

#[test]
fn ctrl_c_leaves_from_everywhere_and_a_second_time_at_once() {
    for place in ANYWHERE.iter().copied() {
        let mut world = at(place);
        // Nothing is left unsaved or at work here.
        world.model.mapping.drafts.clear();
        let busy = !world.model.ours().is_empty();
        world.press("ctrl-c");
        if busy {
            world.press("ctrl-c");
        }
        assert!(world.asked(|e| *e == Effect::Quit), "{place:?}");
    }
}

#[test]
fn the_first_line_tells_where_we_are() {
    let head = |keys: &str| {
        let mut world = fixture::model((120, 40));
        world.press(keys);
        shot(&world.model).lines().next().unwrap_or_default().to_owned()
    };
    for (keys, crumbs) in [
        ("", "SyncDeck › shop (WooCommerce) › Sync Log"),
        ("2", "SyncDeck › shop (WooCommerce) › Settings"),
        ("3", "SyncDeck › shop (WooCommerce) › Field Mapping"),
        ("4", "› Queue"),
        ("5", "› Debug Log"),
        ("j l l l enter", "› Sync Log › Records Skipped in Vtiger"),
        ("j enter h", "› Anna Müller 0: all runs"),
        ("backtab G k", "SyncDeck › Add connector"),
        ("backtab G", "SyncDeck › Vtiger CRM"),
    ] {
        assert!(head(keys).contains(crumbs), "{keys}: {}", head(keys));
    }
}

#[test]
fn a_running_sync_updates_its_row_in_place() {
    let mut world = after("");
    let running = |created: u64| {
        let mut runs = fixture::runs();
        let mut run = fixture::run(43, 1, RunStatus::Running, "2026-11-21T12:44:00Z");
        for counts in run.modules.values_mut() {
            counts.vtiger.created = created;
        }
        runs.insert(0, run);
        runs
    };
    let news = |world: &mut World, created: u64| {
        let generation = world.model.log.generation;
        let runs = running(created);
        world.send(Msg::Runs { connector: 1, generation, runs, more: false });
        world.send(Msg::Progress(BTreeMap::from([(1, fixture::progress())])));
    };
    news(&mut world, 1);
    world.press("g");
    let lines = |world: &World| shot(&world.model).lines().count();
    let (before, height) = (world.model.log.rows.len(), lines(&world));
    assert!(shot(&world.model).contains("[1]"), "{}", shot(&world.model));
    news(&mut world, 5_210);
    let shown = shot(&world.model);
    assert!(shown.contains("[5,210]"), "{shown}");
    assert_eq!((world.model.log.rows.len(), lines(&world)), (before, height));
    // How far it is, how fast, and how long it takes.
    assert!(shown.contains("reading 4,200 of 9,830") && shown.contains("812/s"), "{shown}");
    assert!(shown.contains("~6 s"), "{shown}");
}
