use super::*;

fn form() -> Form {
    let catalog = Arc::new(Catalog::built_in().unwrap());
    Form::connector(1, &catalog, "woocommerce", None, vec!["shop".into()]).unwrap()
}

#[test]
fn a_new_connector_gets_a_free_name() {
    assert_eq!(form().field().unwrap().text(), "shop-2");
}

#[test]
fn the_focus_goes_round_over_fields_and_buttons() {
    let mut form = form();
    let stops = form.stops();
    assert_eq!(stops.len(), form.fields.len() + 2);
    for _ in stops {
        form.move_focus(true);
    }
    assert_eq!(form.focus, Focus::Field(0));
    form.move_focus(false);
    assert_eq!(form.focus, Focus::Save);
    form.go_to_section(Some(Section::PreSync));
    form.move_focus(false);
    assert_eq!(form.focus, Focus::Check, "below what it checks");
}

#[test]
fn a_field_that_is_left_is_checked_and_mending_it_clears_the_error() {
    let mut form = form();
    form.edit(InputRequest::DeleteFromStart).unwrap();
    form.move_focus(true);
    assert!(form.fields[0].error.is_some());
    form.move_focus(false);
    form.edit(InputRequest::InsertChar('a')).unwrap();
    assert!(form.fields[0].error.is_none());
    assert!(form.changed());
}

#[test]
fn a_draft_names_the_connector_and_its_fields() {
    let mut form = form();
    form.focus = Focus::Field(2);
    form.paste(" ck_123\n");
    let draft = form.draft();
    assert_eq!(draft.name, "shop-2");
    assert_eq!(draft.values["consumer_key"], Entered::Text("ck_123".into(), true));
    assert!(!draft.values.contains_key(NAME));
}

/// The form of a stored shop.
fn stored() -> Form {
    let catalog = Arc::new(Catalog::built_in().unwrap());
    let service = catalog.service("woocommerce").unwrap();
    let shop = Connector { id: 7, ..default_connector(service, "shop") };
    Form::connector(1, &catalog, "woocommerce", Some(&shop), Vec::new()).unwrap()
}

fn focus_on(form: &mut Form, name: &str) {
    let at = form.fields.iter().position(|f| f.name == name).unwrap_or_else(|| panic!("{name}"));
    form.focus = Focus::Field(at);
}

#[test]
fn left_and_right_choose_and_only_what_was_changed_is_in_the_draft() {
    let mut form = stored();
    assert!(form.draft().settings.is_empty());
    focus_on(&mut form, "modules.contacts.direction");
    form.edit(InputRequest::GoToNextChar).unwrap();
    form.edit(InputRequest::GoToNextChar).unwrap();
    focus_on(&mut form, "frequency");
    form.edit(InputRequest::DeleteFromStart).unwrap();
    form.edit(InputRequest::DeleteTillEnd).unwrap();
    form.paste("15m");
    let changed = [("frequency", "15m"), ("modules.contacts.direction", "to-service")];
    let changed = changed.map(|(path, value)| (path.to_owned(), value.to_owned()));
    assert_eq!(form.draft().settings, changed);
    focus_on(&mut form, "modules.contacts.direction");
    form.edit(InputRequest::GoToNextChar).unwrap();
    assert_eq!(form.draft().settings, changed[..1], "what was put back is no change");
    assert!(form.edit(InputRequest::InsertChar('x')).is_err(), "letters choose nothing");
}

#[test]
fn a_locked_setting_says_why_and_stays() {
    let mut form = stored();
    focus_on(&mut form, "sync_from");
    let why = form.edit(InputRequest::InsertChar('x')).unwrap_err();
    assert!(why.contains("cannot be changed"), "{why}");
    form.paste("30d");
    assert!(!form.changed());
    let _ = form.validate_all();
    assert!(form.fields.iter().all(|f| f.name != "sync_from" || f.error.is_none()));
}

#[test]
fn of_a_module_that_is_off_only_the_switch_is_shown() {
    let mut form = stored();
    let before = form.stops().len();
    focus_on(&mut form, "modules.products.enabled");
    form.edit(InputRequest::InsertChar(' ')).unwrap();
    assert_eq!(form.stops().len(), before - 4);
    form.move_focus(true);
    assert_ne!(form.section(), Some(Section::Module(crate::model::Module::Products)));
}

#[test]
fn sections_are_one_key_apart() {
    let mut form = stored();
    let mut seen = Vec::new();
    for _ in 0..20 {
        seen.push(form.section().map_or("Save", Section::label));
        form.move_section(true);
        if form.focus == Focus::Field(0) {
            break;
        }
    }
    assert_eq!(seen[..3], ["Connection", "Pre Sync Settings", "System Settings"]);
    assert_eq!(seen[seen.len() - 2..], ["Advanced", "Save"]);
    form.move_section(false);
    assert_eq!(form.focus, Focus::Save);
}

#[test]
fn a_new_connector_is_asked_for_its_period_first() {
    let form = form();
    let settings: Vec<_> = form.fields.iter().filter(|f| f.setting).map(|f| &*f.name).collect();
    assert_eq!(settings, ["sync_from", "advanced.allow_http", "advanced.ca_file"]);
    assert!(form.fields.iter().all(|f| f.locked.is_none()));
}
