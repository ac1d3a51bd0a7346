//! The mapping editor, key by key.

use super::{after, world};
use crate::model::{Direction, Module, Pair, Transform, UserError};
use crate::tui::commands::Place;
use crate::tui::draw::tests::shot;
use crate::tui::fixture::World;
use crate::tui::mapping::form::Slot;
use crate::tui::mapping::{MapAsk, MapDialog, MapNews, current, form, shown};
use crate::tui::model::{Dialog, Screen, Tab};
use crate::tui::msg::{Effect, Msg};
use crate::tui::update::mapping::show_line;

const KEY: (u32, Module) = (1, Module::Contacts);

/// The editor at Contacts.
fn contacts(keys: &str) -> World {
    let mut world = after("3 ]");
    world.press(keys);
    world
}

fn toast(world: &World) -> String {
    world.model.toast.as_ref().map(|toast| toast.text.clone()).unwrap_or_default()
}

fn lines(world: &World) -> Vec<Pair> {
    shown(&world.model).unwrap().lines.to_vec()
}

fn asks(world: &World) -> Vec<MapAsk> {
    let asks = world.seen.iter().filter_map(|effect| match effect {
        Effect::Mapping(ask) => Some(ask.clone()),
        _ => None,
    });
    asks.collect()
}

fn at_field(world: &World) -> String {
    current(&world.model).map(|(_, row)| row.pair.vtiger).unwrap_or_default()
}

#[test]
fn the_fields_of_a_module_are_read_once_and_again_when_asked() {
    let mut world = contacts("j j [ ] 1 3");
    let wanted = |world: &World| asks(world).iter().filter(|a| **a == MapAsk::Fields(KEY)).count();
    assert_eq!(wanted(&world), 1);
    world.press("f");
    assert_eq!(wanted(&world), 2);
    assert!(shot(&world.model).contains("Last Name"));
    // What the systems say of the other module is told, with the key that tries again.
    world.press("[");
    assert!(shot(&world.model).contains("f tries again"));
}

#[test]
fn a_line_is_switched_off_looked_at_and_saved() {
    let mut world = contacts("G t");
    assert_eq!(at_field(&world), "otherphone");
    assert!(toast(&world).contains("otherphone is inactive now"), "{}", toast(&world));
    assert!(!asks(&world).iter().any(|ask| matches!(ask, MapAsk::Save { .. })));
    world.press("ctrl-s");
    assert_eq!(world.model.place(), Place::Diff);
    let text = shot(&world.model);
    assert!(text.contains("active → inactive") && text.contains("(4,200"), "{text}");
    world.press("y");
    let saved = asks(&world).into_iter().find_map(|ask| match ask {
        MapAsk::Save { key, known, lines } => Some((key, known, lines)),
        _ => None,
    });
    let (key, known, saved) = saved.unwrap();
    assert_eq!((key, known.len(), saved.len()), (KEY, 0, 1));
    assert!(!saved[0].active && saved[0].replaces && saved[0].vtiger == "otherphone");
    assert_eq!(world.model.place(), Place::Mapping);
    assert!(toast(&world).contains("was saved"));
    assert_eq!(world.model.mapping.unsaved().count(), 0);
    // The store shows it now.
    let modules = &mut world.overview.connectors[0].connector.modules;
    modules.get_mut(&Module::Contacts).unwrap().mapping = saved.clone();
    world.send(Msg::StoreChanged);
    assert_eq!(world.model.mapping.unsaved().count(), 0);
    assert_eq!(lines(&world), saved);
    // It can be taken back, and is saved like any change.
    world.press("z");
    assert_eq!(lines(&world), []);
    assert!(toast(&world).contains("looks at it and saves it"), "{}", toast(&world));
    world.seen.clear();
    world.press("ctrl-s y");
    let back = asks(&world).into_iter().find_map(|ask| match ask {
        MapAsk::Save { known, lines, .. } => Some((known, lines)),
        _ => None,
    });
    assert_eq!(back.unwrap(), (saved.clone(), Vec::new()));
    // What somebody else saves meanwhile stands.
    let others = vec![Pair::new("cf_1", "meta_data.z")];
    let modules = &mut world.overview.connectors[0].connector.modules;
    modules.get_mut(&Module::Contacts).unwrap().mapping = others.clone();
    world.send(Msg::StoreChanged);
    assert_eq!(lines(&world), others);
    assert!(world.model.mapping.drafts.is_empty());
}

#[test]
fn enter_and_esc_do_not_save() {
    for key in ["enter", "esc", "n", "q"] {
        let world = contacts(&format!("G t ctrl-s {key}"));
        assert_eq!(world.model.place(), Place::Mapping, "{key}");
        assert!(!asks(&world).iter().any(|ask| matches!(ask, MapAsk::Save { .. })));
        assert_eq!(world.model.mapping.unsaved().count(), 1, "what was changed is kept");
    }
}

#[test]
fn what_could_not_be_saved_is_kept() {
    let mut world = contacts("G t ctrl-s");
    let error = UserError::new("It was changed meanwhile.", "why", "next");
    world.send(Msg::Mapping(MapNews::Saved(KEY, Err(error))));
    assert!(matches!(world.model.dialogs.last(), Some(Dialog::Error { .. })));
    world.press("esc");
    assert_eq!(world.model.place(), Place::Diff);
    assert_eq!(world.model.mapping.unsaved().count(), 1);
}

#[test]
fn each_change_can_be_undone() {
    let mut world = contacts("G t k t z");
    assert_eq!(lines(&world).len(), 1);
    world.press("z");
    assert_eq!(lines(&world), []);
    assert!(world.model.mapping.drafts.is_empty());
    world.press("z");
    assert_eq!(toast(&world), "Nothing was changed.");
}

/// Adds VAT Number ↔ meta_data.vat.
fn with_own(mut world: World) -> World {
    world.press("+ enter").type_text("vat").press("enter enter");
    world.type_text("meta_data.vat").press("enter ctrl-s");
    world
}

#[test]
fn a_custom_mapping_is_added_by_searching_both_fields() {
    let world = with_own(contacts(""));
    let added = lines(&world);
    assert_eq!(added.len(), 1);
    assert_eq!(
        (added[0].vtiger.as_str(), added[0].service_label().as_str()),
        ("cf_854", "meta_data.vat")
    );
    assert!(!added[0].replaces && !added[0].custom && added[0].direction == Direction::Both);
    assert_eq!(at_field(&world), "cf_854", "the cursor is on it");
    assert!(shot(&world.model).contains("own"));
}

#[test]
fn a_default_line_is_changed_by_one_in_its_place() {
    let mut world = contacts("j j enter tab tab tab tab right tab");
    world.type_text("7").press("ctrl-s");
    let changed = lines(&world);
    assert!(changed[0].replaces);
    assert_eq!(changed[0].transform, [Transform::Truncate { length: 7 }]);
    assert_eq!(changed[0].fallback, ["billing.last_name"], "what the form does not show stays");
    // Taken back, nothing is left.
    world.press("enter tab tab tab tab left ctrl-s");
    assert_eq!(lines(&world), []);
}

#[test]
fn only_own_lines_are_removed_and_only_after_a_question() {
    let mut world = contacts("X");
    assert!(toast(&world).contains("t switches it off"));
    world = with_own(world);
    world.press("X");
    assert_eq!(world.model.place(), Place::Confirm);
    assert!(shot(&world.model).contains("cf_854 ↔ meta_data.vat"));
    world.press("enter");
    assert_eq!(lines(&world).len(), 1, "Enter does not confirm");
    world.press("X y");
    assert_eq!(lines(&world), []);
    world.press("z");
    assert_eq!(lines(&world).len(), 1);
}

#[test]
fn restoring_the_defaults_counts_what_is_lost() {
    let mut world = contacts("R");
    assert_eq!(toast(&world), "There are only default lines here.");
    world = with_own(world);
    world.press("g j j t j j t");
    world.press("R");
    let text = shot(&world.model);
    assert!(text.contains("1 custom line and 2 changed default lines"), "{text}");
    world.press("y");
    assert_eq!(lines(&world), []);
}

#[test]
fn a_line_that_is_wrong_is_shown_instead_of_saved() {
    // Records are recognised by the first line.
    let mut world = contacts("t G ctrl-s");
    assert_eq!(world.model.place(), Place::Mapping);
    assert!(toast(&world).contains("It cannot be saved like this"), "{}", toast(&world));
    assert_eq!(at_field(&world), "email");
    assert!(shot(&world.model).contains("✕"));
    world.press("t ctrl-s");
    assert_eq!(toast(&world), "Nothing was changed.");
}

#[test]
fn problems_stand_beside_the_line_as_it_is_edited() {
    let mut world = contacts("+ enter");
    world.type_text("last name").press("enter enter").type_text("last_name").press("enter");
    let text = shot(&world.model);
    assert!(
        text.contains("✕ Lastname is written by a default line")
            || text.contains("replaces = true"),
        "{text}"
    );
    world.press("ctrl-s");
    assert!(toast(&world).contains("It cannot be saved like this"));
    // Live fields: a date does not fit a yes-or-no.
    let mut world = contacts("+ enter");
    world.type_text("birthday").press("enter enter").type_text("paying").press("enter");
    let text = shot(&world.model);
    assert!(text.contains("is boolean") && text.contains("is date"), "{text}");
}

#[test]
fn a_form_that_was_filled_asks_before_it_is_left() {
    let mut world = contacts("+");
    world.press("esc");
    assert_eq!(world.model.place(), Place::Mapping);
    world.press("+ enter").type_text("vat").press("enter esc");
    assert_eq!(world.model.place(), Place::Confirm);
    world.press("esc");
    assert_eq!(world.model.place(), Place::Pair);
    world.press("esc y");
    assert_eq!(world.model.place(), Place::Mapping);
    assert_eq!(lines(&world), []);
}

#[test]
fn a_missing_field_has_the_focus() {
    let mut world = contacts("+ tab tab tab ctrl-s");
    assert_eq!(form(&world.model).unwrap().focus, Slot::Vtiger);
    assert!(shot(&world.model).contains("✕ Choose a field"));
    world.send(Msg::Paste("cf_854\n".into()));
    assert_eq!(form(&world.model).unwrap().vtiger.value(), "cf_854");
    assert!(!shot(&world.model).contains("✕ Choose a field"));
}

#[test]
fn a_line_is_tried_and_the_form_keeps_the_record() {
    let mut world = contacts("j j u");
    assert_eq!(world.model.place(), Place::TryOut);
    assert!(shot(&world.model).contains("It is skipped now"));
    world.press("n");
    let text = shot(&world.model);
    assert!(text.contains("Anna Müller") && text.contains("\"Mueller\""), "{text}");
    world.press("esc enter ctrl-t n esc tab tab tab tab");
    let before = shot(&world.model);
    assert!(before.contains("\"Mueller\" → Vtiger \"Mueller\""), "{before}");
    // What is entered changes it at once.
    world.press("right tab").type_text("4");
    let text = shot(&world.model);
    assert!(text.contains("\"Mueller\" → Vtiger \"Muel\""), "{text}");
    assert!(text.contains("\"Müller\" → WooCommerce \"Müll\""), "{text}");
}

#[test]
fn the_filter_narrows_and_esc_gives_all_back() {
    let mut world = contacts("/");
    world.type_text("mailing z");
    assert_eq!(at_field(&world), "mailingzip");
    world.press("enter esc");
    assert_eq!(at_field(&world), "mailingzip", "the cursor stays on the line");
    assert_eq!(world.model.place(), Place::Mapping);
    world.press("/").type_text("!default").press("enter");
    assert_eq!(at_field(&world), "");
    assert!(shot(&world.model).contains("No line has this text"));
    world.press("e");
    assert_eq!(toast(&world), "There is no line here.");
    world.press("esc esc");
    assert_eq!(world.model.place(), Place::Connectors);
}

#[test]
fn files_are_written_and_read_and_never_replaced_silently() {
    let mut world = with_own(contacts(""));
    world.press("x enter");
    let asked = asks(&world).pop().unwrap();
    assert!(
        matches!(&asked, MapAsk::Export { key: KEY, lines, path, replace: false }
            if lines.len() == 1 && path.ends_with("shop-contacts-mapping.toml")),
        "{asked:?}"
    );
    assert_eq!(world.model.place(), Place::Confirm);
    world.press("enter");
    assert_eq!(world.model.place(), Place::MapFile);
    world.press("enter y");
    assert!(matches!(asks(&world).pop(), Some(MapAsk::Export { replace: true, .. })));
    assert!(toast(&world).contains("written to"));
    world.press("i enter");
    assert_eq!(lines(&world), [Pair::new("cf_860", "meta_data.no")]);
    assert!(toast(&world).contains("1 line read"), "{}", toast(&world));
    assert!(!asks(&world).iter().any(|ask| matches!(ask, MapAsk::Save { .. })));
    world.press("z i");
    world.send(Msg::Mapping(MapNews::FileFailed(UserError::new("no", "such", "file"))));
    assert!(matches!(world.model.dialogs.last(), Some(Dialog::Error { .. })));
}

#[test]
fn who_may_not_change_sees_everything_and_is_told_why() {
    type Lock = fn(&mut World);
    let locks: [(&str, Lock); 2] = [
        ("--read-only", |world| world.model.read_only = true),
        ("no administrator", |world| world.overview.admin = Some(false)),
    ];
    for (why, lock) in locks {
        for keys in [
            "+",
            "t",
            "X",
            "R",
            "i",
            "z",
            "ctrl-s",
            "enter tab tab right",
            "enter a",
            "enter enter enter",
            "enter ctrl-s",
        ] {
            let mut world = world();
            lock(&mut world);
            world.send(Msg::StoreChanged).press("3 ]").press(keys);
            assert!(toast(&world).contains(why), "{keys}: {}", toast(&world));
            assert!(world.model.mapping.drafts.is_empty());
            assert!(!asks(&world).iter().any(|ask| matches!(ask, MapAsk::Save { .. })));
        }
        let mut world = world();
        lock(&mut world);
        world.send(Msg::StoreChanged).press("3 ] j j u");
        assert_eq!(world.model.place(), Place::TryOut);
        world.press("esc enter esc x");
        assert_eq!(world.model.place(), Place::MapFile);
    }
}

#[test]
fn what_is_not_saved_is_not_left_silently() {
    let mut world = contacts("G t 1");
    assert!(toast(&world).contains("The mapping of Contacts is not saved"));
    world.press("q");
    let text = shot(&world.model);
    assert!(text.contains("Leave without saving?") && text.contains("Contacts of shop"), "{text}");
    world.press("esc 3");
    assert_eq!(world.model.mapping.unsaved().count(), 1);
    world.seen.clear();
    world.press("q y");
    assert!(world.asked(|effect| *effect == Effect::Quit));
    // Ctrl-C a second time leaves at once.
    let mut world = contacts("G t ctrl-c");
    assert_eq!(world.model.place(), Place::Confirm);
    world.seen.clear();
    world.press("ctrl-c");
    assert!(world.asked(|effect| *effect == Effect::Quit));
}

#[test]
fn a_screen_jumps_to_the_line_of_a_field_and_esc_comes_back() {
    let mut world = after("j l l l enter enter");
    assert!(matches!(world.model.screens.last(), Some(Screen::Detail(_))));
    let mut effects = Vec::new();
    show_line(&mut world.model, 1, Module::Contacts, "lastname", &mut effects);
    assert_eq!((world.model.tab, world.model.place()), (Tab::Mapping, Place::Mapping));
    assert_eq!(at_field(&world), "lastname");
    assert!(effects.contains(&Effect::Mapping(MapAsk::Fields(KEY))));
    world.press("esc");
    assert!(matches!(world.model.screens.last(), Some(Screen::Detail(_))));
    assert_eq!(world.model.tab, Tab::Log);
    for (field, line) in [("billing.city", "mailingcity"), ("account_id", "account_id.accountname")]
    {
        show_line(&mut world.model, 1, Module::Contacts, field, &mut effects);
        assert_eq!(at_field(&world), line);
    }
    show_line(&mut world.model, 1, Module::Contacts, "nothing", &mut effects);
    assert!(toast(&world).contains("+ adds one"));
}

#[test]
fn the_drafts_of_a_removed_connector_go_with_it() {
    let mut world = contacts("G t");
    world.overview.connectors.remove(0);
    world.send(Msg::StoreChanged);
    assert!(world.model.mapping.drafts.is_empty());
    world.press("q");
    assert!(world.asked(|effect| *effect == Effect::Quit));
}

#[test]
fn answers_to_older_questions_are_left_out() {
    let mut world = contacts("j j u esc u");
    let records = || MapNews::Tried { serial: 1, result: Ok(Vec::new()) };
    world.send(Msg::Mapping(records()));
    let Some(Dialog::Mapping(dialog)) = world.model.dialogs.last() else { panic!() };
    assert!(matches!(&**dialog, MapDialog::Try(view) if view.count() == 2));
}

#[test]
fn advanced_parts_are_edited_looked_at_and_saved() {
    // Last Name: under Advanced a second field to read from, taken from the list.
    let mut world = contacts("j j enter");
    let short = shot(&world.model);
    assert!(short.contains("Advanced") && short.contains("[ Take over ]"), "{short}");
    assert!(!short.contains("Else read from"), "{short}");
    while form(&world.model).unwrap().focus != Slot::Advanced {
        world.press("tab");
    }
    world.press("enter");
    assert_eq!(form(&world.model).unwrap().focus, Slot::Fallback);
    world.press("end").type_text(", a..b");
    assert!(shot(&world.model).contains("✕ \"a..b\" is not a field path"), "beside the line");
    world.press("ctrl-u enter").type_text("billing phone").press("enter");
    assert_eq!(form(&world.model).unwrap().focus, Slot::Once);
    world.press("right ctrl-s");
    let line = &lines(&world)[0];
    assert_eq!((line.fallback.clone(), line.once), (vec!["billing.phone".to_owned()], true));
    world.press("ctrl-s");
    let diff = shot(&world.model);
    assert!(diff.contains("billing.last_name → billing.phone"), "{diff}");
    assert!(diff.contains("always → when a record is created"), "{diff}");
    world.press("y");
    assert!(asks(&world).iter().any(|ask| matches!(ask, MapAsk::Save { .. })));
}
