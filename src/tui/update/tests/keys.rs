//! What keys do at each place, and why one does nothing.

use super::*;
use crate::tui::draw::footer_commands;
use crate::tui::draw::tests::SCENES;
use crate::tui::model::Tone;
use crate::tui::update::why_not;

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
    for place in commands::ANYWHERE.iter().copied() {
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

/// Presses a key of the footer. Answers what is wrong with it.
fn footer_key(world: &mut World, name: &str, id: Id, key: &str) -> Option<String> {
    world.seen.clear();
    world.model.toast = None;
    let off = why_not(&world.model, id);
    let before = format!("{:?}", world.model);
    world.press(key);
    let told = world.model.toast.clone();
    match off {
        Some(why) => {
            let said = told.is_some_and(|toast| toast.text == why) && world.seen.is_empty();
            (!said).then(|| format!("{name}: {key} does not say \"{why}\""))
        }
        None => {
            let refused = told.filter(|toast| toast.tone == Tone::Warn);
            // What is entered in the scene may be what is wrong.
            let entered = [Id::Save, Id::Check, Id::MapSave, Id::PairTake, Id::PairTry];
            if entered.contains(&id) || id == Id::ConsentSend {
                return None;
            }
            if let Some(toast) = refused {
                return Some(format!("{name}: {key} says \"{}\"", toast.text));
            }
            let same = world.seen.is_empty() && before == format!("{:?}", world.model);
            same.then(|| format!("{name}: {key} ({id:?}) does nothing"))
        }
    }
}

#[test]
fn every_key_in_the_footer_of_every_screen_does_what_it_says() {
    let mut wrong = Vec::new();
    for size in [(80, 24), (120, 40)] {
        for (name, scene) in SCENES {
            let world = scene(size);
            let footer = footer_commands(&world.model);
            let line = shot(&world.model).lines().last().unwrap_or_default().to_owned();
            assert!(!footer.is_empty(), "{name}");
            for command in footer {
                let key = world.model.keys.shown(command, world.model.place());
                let words = format!("{key} {}", command.title);
                assert!(line.contains(&words), "{name}: {words} is not in {line}");
                wrong.extend(footer_key(&mut scene(size), name, command.id, command.keys[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_help_is_that_of_the_place_is_filtered_and_runs_what_is_chosen() {
    for (keys, own) in [("", "Sync the chosen connector now."), ("j enter", "Open the record:")] {
        let mut world = after(keys);
        world.press("?");
        assert!(shot(&world.model).contains(own), "{keys}");
    }
    let mut world = after("? /");
    assert_eq!(world.model.place(), Place::Filter);
    world.type_text("conflicts of");
    let shown = shot(&world.model);
    assert!(shown.contains("List the conflicts") && !shown.contains("Add a connector"), "{shown}");
    world.press("enter");
    assert_eq!(world.model.place(), Place::Help, "the filter stays");
    world.press("esc");
    assert!(shot(&world.model).contains("Add a connector"), "Esc takes the filter away first");
    world.press("/").type_text("nothing is called so").press("enter enter");
    assert!(world.model.toast.as_ref().unwrap().text.contains("No command has this text"));
    world.press("/ esc /").type_text("show what a sync would").press("enter enter");
    assert!(world.model.dialogs.is_empty());
    assert!(world.asked(|e| *e == Effect::Sync { connector: 1, mode: SyncMode::Preview }));
    // What cannot be done now says so there, too.
    world.press("c c ?").press("/").type_text("cancel the running").press("enter enter");
    assert!(world.model.toast.as_ref().unwrap().text.contains("being cancelled"));
    let mut end = after("? G");
    assert!(shot(&end.model).contains("▸ctrl-c") || shot(&end.model).contains("▸Ctrl-c"));
    end.press("g");
    assert!(shot(&end.model).contains("▸s "));
}

#[test]
fn the_palette_completes_names_and_knows_the_words_of_the_command_line() {
    let lines = |world: &World| shot(&world.model);
    let mut world = after(":");
    world.type_text("mapp").press("tab");
    let Some(Dialog::Palette { input, .. }) = world.model.dialogs.last() else { panic!() };
    assert_eq!(input.value(), "Field Mapping", "{}", lines(&world));
    world.press("ctrl-u").type_text("sync outl");
    assert!(lines(&world).contains("sync outlet"), "{}", lines(&world));
    world.press("tab enter");
    assert_eq!(world.model.entry, Entry::Connector(2));
    assert!(world.asked(|e| *e == Effect::Sync { connector: 2, mode: SyncMode::Sync }));
    for (typed, tab) in [
        ("queue shop", Tab::Queue),
        ("mapping shop", Tab::Mapping),
        ("settings shop", Tab::Settings),
        ("debug shop", Tab::Debug),
        ("log shop", Tab::Log),
    ] {
        world.press(":").type_text(typed).press("enter");
        assert_eq!((world.model.entry, world.model.tab), (Entry::Connector(1), tab), "{typed}");
    }
    world.press(":").type_text("csv").press("enter");
    assert_eq!(world.model.place(), Place::Csv, "exports, too");
}
