use super::*;
use crate::catalog::Catalog;
use crate::model::{Module, Transform};

fn pair(module: Module, vtiger: &str) -> Pair {
    let catalog = Catalog::built_in().unwrap();
    let mapping = &catalog.service("woocommerce").unwrap().modules[&module].mapping;
    mapping.iter().find(|p| p.vtiger == vtiger).unwrap().clone()
}

fn fields(values: &[(&str, Value)]) -> Fields {
    values.iter().cloned().collect()
}

fn sent(written: Result<Written, Reason>) -> Vec<(String, String)> {
    written.unwrap().into_iter().map(|(path, value)| (path, value.to_text())).collect()
}

fn refused(written: Result<Written, Reason>) -> ReasonCode {
    written.unwrap_err().code
}

#[test]
fn a_street_is_split_over_two_fields_and_joined_again() {
    let pair = pair(Module::Contacts, "mailingstreet");
    let crm = fields(&[("mailingstreet", "Weg 1\r\nHof 2\n3. Stock".into())]);
    let limits = FieldLimits::default();
    let to = sent(to_service(&pair, &limits, &crm, Target::Existing));
    let expected = [("billing.address_1", "Weg 1"), ("billing.address_2", "Hof 2, 3. Stock")];
    assert_eq!(to, expected.map(|(p, v)| (p.to_owned(), v.to_owned())));
    let shop =
        fields(&[("billing.address_1", "Weg 1".into()), ("billing.address_2", "Hof 2".into())]);
    let back = sent(to_vtiger(&pair, &limits, &shop, Target::Existing));
    assert_eq!(back, [("mailingstreet".to_owned(), "Weg 1\nHof 2".to_owned())]);
}

#[test]
fn stock_is_sent_as_a_number_together_with_manage_stock() {
    let pair = pair(Module::Products, "qtyinstock");
    let limits = FieldLimits::default();
    let sent = to_service(&pair, &limits, &fields(&[("qtyinstock", "46.000".into())]), Target::New);
    let expected = vec![
        ("stock_quantity".to_owned(), Value::from(46)),
        ("manage_stock".to_owned(), Value::Bool(true)),
    ];
    assert_eq!(sent.unwrap(), expected);
    let half = fields(&[("qtyinstock", "1.5".into())]);
    assert_eq!(refused(to_service(&pair, &limits, &half, Target::New)), ReasonCode::TypeMismatch);
}

#[test]
fn what_does_not_fit_is_refused_and_never_cut() {
    let limits = FieldLimits { vtiger_length: Some(5), bmp_only: true, ..FieldLimits::default() };
    let mut pair = Pair::new("firstname", "first_name");
    let long = fields(&[("first_name", "Maximilian".into())]);
    assert_eq!(refused(to_vtiger(&pair, &limits, &long, Target::New)), ReasonCode::TooLong);
    pair.transform = vec![Transform::Truncate { length: 5 }];
    let cut = sent(to_vtiger(&pair, &limits, &long, Target::New));
    assert_eq!(cut, [("firstname".to_owned(), "Maxim".to_owned())]);
    pair.transform.clear();
    let picklist = FieldLimits { vtiger_choices: vec!["A".into()], ..FieldLimits::default() };
    let written = to_vtiger(&pair, &picklist, &long, Target::New);
    assert_eq!(refused(written), ReasonCode::UnknownPicklistValue);
}

#[test]
fn an_empty_source_clears_keeps_or_stops() {
    let limits = FieldLimits::default();
    let nothing = fields(&[("first_name", "".into())]);
    let mut pair = Pair::new("firstname", "first_name");
    assert_eq!(
        sent(to_vtiger(&pair, &limits, &nothing, Target::Existing)),
        [("firstname".to_owned(), String::new())]
    );
    assert!(sent(to_vtiger(&pair, &limits, &nothing, Target::New)).is_empty());
    pair.empty = EmptyRule::Keep;
    assert!(sent(to_vtiger(&pair, &limits, &nothing, Target::Existing)).is_empty());
    pair.required = true;
    let written = to_vtiger(&pair, &limits, &nothing, Target::Existing);
    assert_eq!(refused(written), ReasonCode::MandatoryFieldEmpty);
    pair.default = "-".into();
    assert_eq!(
        sent(to_vtiger(&pair, &limits, &nothing, Target::New)),
        [("firstname".to_owned(), "-".to_owned())]
    );
}

#[test]
fn countries_travel_as_codes_and_unknown_ones_are_not_guessed() {
    let pair = pair(Module::Contacts, "mailingcountry");
    let limits = FieldLimits::default();
    let crm = |text: &str| fields(&[("mailingcountry", text.into())]);
    let to = sent(to_service(&pair, &limits, &crm("Österreich"), Target::New));
    assert_eq!(to, [("billing.country".to_owned(), "AT".to_owned())]);
    let unknown = to_service(&pair, &limits, &crm("Atlantis"), Target::New);
    assert_eq!(refused(unknown), ReasonCode::TypeMismatch);
}

#[test]
fn a_status_maps_both_ways_and_a_price_of_zero_is_not_sent() {
    let status = pair(Module::Products, "discontinued");
    let limits = FieldLimits::default();
    for (vtiger, service) in [("1", "publish"), ("0", "draft")] {
        let to = sent(to_service(
            &status,
            &limits,
            &fields(&[("discontinued", vtiger.into())]),
            Target::New,
        ));
        assert_eq!(to, [("status".to_owned(), service.to_owned())]);
    }
    let draft = fields(&[("status", "pending".into())]);
    assert_eq!(
        sent(to_vtiger(&status, &limits, &draft, Target::New)),
        [("discontinued".to_owned(), "0".to_owned())]
    );
    let price = pair(Module::Products, "unit_price");
    let free = fields(&[("unit_price", "0.00000000".into())]);
    assert!(sent(to_service(&price, &limits, &free, Target::New)).is_empty());
}

#[test]
fn a_reference_travels_only_when_its_record_is_linked() {
    let mut pair = Pair::new("contact_id", "customer_id");
    pair.kind = PairKind::Reference;
    pair.module = Some(Module::Contacts);
    let limits = FieldLimits::default();
    let linked = fields(&[("customer_id", "12x3".into())]);
    let to = sent(to_vtiger(&pair, &limits, &linked, Target::New));
    assert_eq!(to, [("contact_id".to_owned(), "12x3".to_owned())]);
    let open = fields(&[("customer_id", "?43".into())]);
    let reason = to_vtiger(&pair, &limits, &open, Target::New).unwrap_err();
    assert_eq!(reason.code, ReasonCode::ReferenceMissing);
    assert!(reason.text.contains("customer_id points to record 43 of Contacts"), "{}", reason.text);
    let back = fields(&[("contact_id", "?12x9".into())]);
    assert_eq!(
        refused(to_service(&pair, &limits, &back, Target::Existing)),
        ReasonCode::ReferenceMissing
    );
}

#[test]
fn lines_travel_whole_once_all_products_are_linked() {
    let mut pair = Pair::new("lines", "lines");
    pair.kind = PairKind::Items;
    let line = |product: &str| Line {
        id: "7".into(),
        product: product.into(),
        name: "Cup".into(),
        quantity: rust_decimal::Decimal::ONE,
        ..Line::default()
    };
    let of = |lines: &[Line]| fields(&[("lines", lines_value(lines))]);
    let limits = FieldLimits::default();
    let written = to_vtiger(&pair, &limits, &of(&[line("14x3")]), Target::New).unwrap();
    let sent = lines_of(&written[0].1);
    assert_eq!((sent[0].product.as_str(), sent[0].id.as_str()), ("14x3", ""));
    let missing = of(&[line("14x3"), line("?12")]);
    assert_eq!(
        refused(to_vtiger(&pair, &limits, &missing, Target::New)),
        ReasonCode::ReferenceMissing
    );
    // A side that tells no lines says nothing about them.
    assert!(to_service(&pair, &limits, &fields(&[]), Target::Existing).unwrap().is_empty());
}

#[test]
fn several_fields_are_joined_and_split_again() {
    let mut pair = Pair::new("lastname", "first");
    pair.service.push("last".into());
    pair.transform = vec![Transform::Join { separator: " ".into() }];
    let limits = FieldLimits::default();
    let shop = fields(&[("first", "Anna".into()), ("last", "von Berg".into())]);
    let to = sent(to_vtiger(&pair, &limits, &shop, Target::New));
    assert_eq!(to, [("lastname".to_owned(), "Anna von Berg".to_owned())]);
    let crm = fields(&[("lastname", "Anna von Berg".into())]);
    let back = sent(to_service(&pair, &limits, &crm, Target::Existing));
    let expected = [("first", "Anna"), ("last", "von Berg")];
    assert_eq!(back, expected.map(|(p, v)| (p.to_owned(), v.to_owned())));
}
