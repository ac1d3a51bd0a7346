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
    let stops = form.fields.len() + 2;
    for _ in 0..stops {
        form.move_focus(true);
    }
    assert_eq!(form.focus, Focus::Field(0));
    form.move_focus(false);
    assert_eq!(form.focus, Focus::Save);
    form.move_focus(false);
    assert_eq!(form.focus, Focus::Check);
}

#[test]
fn a_field_that_is_left_is_checked_and_mending_it_clears_the_error() {
    let mut form = form();
    form.edit(InputRequest::DeleteFromStart);
    form.move_focus(true);
    assert!(form.fields[0].error.is_some());
    form.move_focus(false);
    form.edit(InputRequest::InsertChar('a'));
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
