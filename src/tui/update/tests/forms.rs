//! The forms of connections and settings, and connectors as a whole.

use super::*;

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
    world.press("y enter");
    assert!(!world.asked(remove), "neither y nor Enter do it");
    assert!(world.model.toast.as_ref().unwrap().text.contains("Type shop first"));
    world.press("ctrl-u").type_text("Shop").press("enter");
    assert!(!world.asked(remove), "another name does not do it");
    world.press("esc");
    assert_eq!(world.model.place(), Place::Connectors);
    world.press("X").type_text("shop").press("enter");
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
