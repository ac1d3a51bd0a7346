//! Who may not change anything sees everything.

use super::*;
use crate::model::{Module, Reason, ReasonCode};

#[test]
fn read_only_shows_everything_and_changes_nothing() {
    for keys in ["s", "p", "a", "backtab j j l k enter y", "backtab j j l k enter D"] {
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
    assert_eq!(changes_of(&mut world), "no administrator");
    world.press("esc V").type_text("x").press("esc");
    assert_eq!(world.model.place(), Place::Confirm, "the CRM's connection can be changed");
    world.press("y s");
    assert!(world.asked(|e| matches!(e, Effect::Sync { .. })), "syncs still run");
}

/// Tries to change the form on the screen. Answers by which words that was refused.
fn changes_of(world: &mut World) -> &'static str {
    let shown = shot(&world.model);
    assert!(shown.contains("· read-only"), "{shown}");
    let fields = |world: &World| match world.model.screens.last() {
        Some(Screen::Form(form)) => form.fields.iter().map(|f| f.text().to_owned()).collect(),
        _ => Vec::new(),
    };
    let before = fields(world);
    world.model.toast = None;
    world.type_text("x").press("backspace ctrl-u");
    world.send(Msg::Paste("pasted".into())).press("ctrl-n ctrl-n right space ctrl-s");
    assert_eq!(fields(world), before);
    assert!(!world.asked(|e| matches!(e, Effect::Save { .. })));
    let told = world.model.toast.as_ref().map(|toast| toast.text.clone()).unwrap_or_default();
    ["--read-only", "no administrator"].into_iter().find(|why| told.contains(why)).unwrap_or("")
}

#[test]
fn who_may_not_change_settings_opens_their_forms_and_looks() {
    for keys in ["2 e", "V"] {
        let mut world = world();
        world.model.read_only = true;
        world.press(keys);
        assert_eq!(world.model.place(), Place::Form, "{keys}");
        assert_eq!(changes_of(&mut world), "--read-only");
        world.press("esc");
        assert_ne!(world.model.place(), Place::Confirm, "nothing can be lost");
    }
}

#[test]
fn who_may_not_change_anything_jumps_to_what_mends_a_record_and_looks() {
    type Lock = fn(&mut World);
    let locks: [(&str, Lock); 2] = [
        ("--read-only", |world| world.model.read_only = true),
        ("no administrator", |world| world.overview.admin = Some(false)),
    ];
    for (why, lock) in locks {
        let mut world = world();
        lock(&mut world);
        world.send(Msg::StoreChanged).press("j l l l enter enter");
        if let Some(Screen::Detail(view)) = world.model.screens.last_mut() {
            view.item.reason = Some(Reason::new(ReasonCode::DeleteNotCarriedOver, "", ""));
            view.item.changes.clear();
        }
        world.press("f");
        let Some(Screen::Form(form)) = world.model.screens.last() else { panic!("no form") };
        assert_eq!(form.section(), Some(Section::Module(Module::Contacts)));
        assert_eq!(changes_of(&mut world), why);
        world.press("esc");
        assert_eq!(world.model.place(), Place::Detail, "and back");
        // The mapping line, too.
        if let Some(Screen::Detail(view)) = world.model.screens.last_mut() {
            view.item.reason = Some(Reason::new(ReasonCode::MandatoryFieldEmpty, "lastname", ""));
        }
        world.press("f enter");
        assert_eq!(world.model.place(), Place::Pair);
        assert!(shot(&world.model).contains("· read-only"));
        world.press("esc esc");
        assert_eq!(world.model.place(), Place::Detail);
    }
}
