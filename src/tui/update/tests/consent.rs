//! Giving a service's consent, from the ways to the first preview.

use super::*;
use crate::model::Remedy;
use crate::tui::consent::{ConsentAsk, ConsentNews, Step};
use crate::tui::fixture::consent::{narrow, with_zoho, zoho};
use std::time::Duration;

/// The world with the screen open, and its number.
fn open() -> (World, u64) {
    let mut world = with_zoho(SIZE);
    world.press("L");
    let id = world.model.serial;
    (world, id)
}

fn step(world: &World) -> &Step {
    match world.model.screens.last() {
        Some(Screen::Consent(view)) => &view.step,
        other => panic!("{other:?}"),
    }
}

fn handed_in(world: &World) -> Option<&ConsentAsk> {
    world.seen.iter().rev().find_map(|effect| match effect {
        Effect::Consent { ask, .. } => Some(ask),
        _ => None,
    })
}

fn error() -> UserError {
    UserError::new("Zoho does not accept the code.", "It was used.", "Make a new one.")
}

#[test]
fn a_pasted_code_is_masked_handed_in_once_and_leads_to_the_first_preview() {
    let (mut world, id) = open();
    world.press("enter").send(Msg::Paste(" 1000.abc.def\n".into()));
    assert_eq!(world.model.place(), Place::ConsentPaste);
    assert!(!shot(&world.model).contains("1000.abc"), "masked");
    assert!(!format!("{:?}", world.model).contains("1000.abc"), "in no crash file either");
    assert!(shot(&world.model).contains("•••••"));
    world.press("ctrl-r");
    assert!(shot(&world.model).contains("1000.abc.def"));
    world.press("enter");
    let Some(ConsentAsk::Code(code)) = handed_in(&world) else { panic!("{:?}", world.seen) };
    assert_eq!(code.0, "1000.abc.def");
    assert!(!format!("{:?}", world.seen).contains("1000.abc"));
    world.press("esc");
    assert!(matches!(step(&world), Step::Sending), "a code works once: it is not taken back");
    world.send(Msg::Consent { id, news: ConsentNews::Given });
    assert!(shot(&world.model).contains("given and is kept"));
    world.send(Msg::Consent { id, news: ConsentNews::Checked(Box::new(narrow())) });
    let text = shot(&world.model);
    for told in ["Anna Müller", "does not cover Zoho Books", "Contacts", "p first preview"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    world.press("p");
    assert!(world.asked(|e| *e == Effect::Sync { connector: 5, mode: SyncMode::Preview }));
    assert_eq!((world.model.screens.len(), world.model.tab), (0, Tab::Log));
}

#[test]
fn an_address_is_handed_in_as_one_whichever_way_was_chosen() {
    for keys in ["enter", "j j enter"] {
        let (mut world, _) = open();
        world.press(keys).send(Msg::Paste("http://localhost:8080/?code=1".into())).press("enter");
        assert!(matches!(handed_in(&world), Some(ConsentAsk::Address(_))), "{keys}");
    }
}

#[test]
fn a_refused_code_says_why_and_another_one_can_be_pasted() {
    let (mut world, id) = open();
    world.press("enter").type_text("1000.x").press("enter");
    world.send(Msg::Consent { id, news: ConsentNews::Failed(error()) });
    assert!(shot(&world.model).contains("does not accept the code"));
    world.press("esc");
    assert_eq!(world.model.place(), Place::ConsentPaste);
    assert!(!shot(&world.model).contains('•'), "the used code is gone");
    world.press("enter");
    assert!(world.model.toast.as_ref().unwrap().text.contains("Paste the answer first"));
}

#[test]
fn the_code_of_another_device_counts_down_and_can_be_given_up() {
    let (mut world, id) = open();
    world.press("j enter");
    assert!(shot(&world.model).contains("QX7B2K") && shot(&world.model).contains("4:32"));
    assert_eq!(world.model.next_tick(), Some(Duration::from_secs(1)));
    world.model.now = world.model.now.plus(Duration::from_millis(1_300));
    world.model.dirty = false;
    world.send(Msg::Tick);
    assert!(world.model.dirty && shot(&world.model).contains("4:31"));
    assert_eq!(world.model.next_tick(), Some(Duration::from_millis(700)));
    world.press("y");
    assert!(world.asked(|e| *e == Effect::Copy("QX7B2K".into())));
    world.press("o");
    assert!(world.asked(|e| matches!(e, Effect::Copy(text) if text.ends_with("user_code=QX7B2K"))));
    world.press("esc");
    assert!(matches!(handed_in(&world), Some(ConsentAsk::Stop)));
    assert!(matches!(step(&world), Step::Ways));
    // What was on its way when it was given up changes nothing.
    world.send(Msg::Consent { id, news: ConsentNews::Failed(error()) });
    assert!(world.model.dialogs.is_empty());
}

#[test]
fn what_is_to_be_entered_elsewhere_can_be_copied() {
    for (keys, wanted) in [
        ("enter ctrl-o", "https://api-console.zoho.eu"),
        ("enter ctrl-y", "ZohoCRM.modules.ALL,"),
        ("j j enter ctrl-o", "https://accounts.zoho.eu/oauth/v2/auth?"),
        ("j j enter ctrl-y", "http://localhost:8080/syncdeck"),
    ] {
        let (mut world, _) = open();
        world.press(keys);
        let copied = world.asked(|e| matches!(e, Effect::Copy(text) if text.starts_with(wanted)));
        assert!(copied, "{keys}");
    }
}

#[test]
fn a_new_connector_that_wants_a_consent_asks_for_it_after_it_was_saved() {
    let new = |credentials: &[(&str, &str)]| {
        let mut world = fixture::model(SIZE);
        world.press("a G enter");
        let Some(Screen::Form(form)) = world.model.screens.last() else { panic!("no form") };
        assert_eq!(form.service, "zoho");
        let form = form.id;
        let mut row = zoho();
        for (name, value) in credentials {
            let value = crate::model::SecretText::Sealed((*value).into());
            row.connector.credentials.insert((*name).into(), value);
        }
        world.overview.connectors.push(row);
        world.send(Msg::Saved { form, result: Ok(()) });
        world
    };
    let mut world = new(&[]);
    assert_eq!(world.model.place(), Place::Consent);
    let id = world.model.serial;
    world.send(Msg::Consent { id, news: ConsentNews::Checked(Box::new(narrow())) });
    world.press("enter");
    assert_eq!(world.model.place(), Place::Form, "then come its settings");
    let world = new(&[("grant_code", "sealed")]);
    assert_eq!(world.model.place(), Place::Form, "with a code in the form nobody is asked");
}

#[test]
fn the_form_an_error_and_the_settings_lead_there_and_others_say_why_not() {
    let mut world = with_zoho(SIZE);
    world.press("e ctrl-g");
    assert_eq!(world.model.place(), Place::Consent);
    world.press("esc").type_text("x").press("ctrl-g");
    assert!(world.model.toast.as_ref().unwrap().text.contains("Save first"));

    let mut world = with_zoho(SIZE);
    let mut run = fixture::run(50, 5, RunStatus::Failed, "2026-11-21T12:44:00Z");
    let revoked = UserError::new("Zoho does not accept the stored consent any more.", "", "");
    let revoked = revoked.mended_by(Remedy::LogIn);
    run.error = Some(revoked.clone());
    let ended = Msg::SyncEnded { connector: 5, mode: SyncMode::Sync, result: Ok(Box::new(run)) };
    world.send(ended);
    assert!(shot(&world.model).contains("L log in again"));
    world.press("L");
    assert_eq!(world.model.place(), Place::Consent);
    assert!(world.model.dialogs.is_empty());

    let mut world = after("2 L");
    assert!(world.model.toast.as_ref().unwrap().text.contains("keys in its settings"));
    world.send(Msg::Failed(revoked)).press("L");
    assert_eq!(world.model.place(), Place::Error);
    let mut world = with_zoho(SIZE);
    world.model.read_only = true;
    world.press("L");
    assert!(world.model.toast.as_ref().unwrap().text.contains("--read-only"));
}

#[test]
fn settings_that_cannot_be_used_are_told_and_nothing_stays_open() {
    let (mut world, _) = open();
    world.press("esc").press("L");
    let id = world.model.serial;
    if let Some(Screen::Consent(view)) = world.model.screens.last_mut() {
        view.facts = None;
    }
    world.press("enter");
    assert!(world.model.toast.as_ref().unwrap().text.contains("still being read"));
    world.send(Msg::Consent { id, news: ConsentNews::Failed(error()) });
    assert!(world.model.screens.is_empty());
    assert_eq!(world.model.place(), Place::Error);
}
