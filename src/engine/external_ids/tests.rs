use super::*;
use crate::model::Pair;
use crate::remote::FieldInfo;
use crate::settings::default_connector;

fn field(path: &str) -> FieldInfo {
    FieldInfo {
        path: path.into(),
        label: "Other id".into(),
        type_name: "text".into(),
        mandatory: false,
        writable: true,
        max_length: Some(100),
        choices: Vec::new(),
        refers_to: Vec::new(),
    }
}

/// Contacts with these fields, of which those that begin with `own` can carry an id.
fn contacts(fields: Vec<FieldInfo>) -> BTreeMap<Module, EntityInfo> {
    let own = fields.iter().map(|f| f.path.clone()).filter(|path| path.starts_with("own"));
    let info = EntityInfo { id_fields: own.collect(), fields, ..EntityInfo::default() };
    BTreeMap::from([(Module::Contacts, info)])
}

fn zoho() -> (Catalog, Connector) {
    let catalog = Catalog::built_in().unwrap();
    let zoho = default_connector(catalog.service("zoho").unwrap(), "zoho");
    (catalog, zoho)
}

fn name(connector: &mut Connector, side: Side, field: &str) {
    let advanced = &mut connector.advanced;
    let fields = match side {
        Side::Vtiger => &mut advanced.external_id_fields,
        Side::Service => &mut advanced.service_id_fields,
    };
    fields.insert(Module::Contacts, field.into());
}

#[test]
fn only_fields_that_are_fit_for_it_are_offered() {
    let (catalog, mut zoho) = zoho();
    let short = FieldInfo { max_length: Some(5), ..field("own_short") };
    let fixed = FieldInfo { writable: false, ..field("own_fixed") };
    let fields = contacts(vec![field("Last_Name"), field("own_free"), short, fixed]);
    for (side, setting) in
        [(Side::Vtiger, "external_id_fields"), (Side::Service, "service_id_fields")]
    {
        let offers = found(&catalog, &zoho, side, &fields).offers;
        assert_eq!(offers.len(), 1);
        assert!(offers[0].why.ends_with("Free are: Contacts own_free (Other id)."), "{offers:?}");
        assert!(offers[0].next.contains(setting), "{offers:?}");
        name(&mut zoho, side, "own_free");
        assert_eq!(found(&catalog, &zoho, side, &fields), Found::default());
    }
}

#[test]
fn a_field_that_is_set_must_be_fit_for_it() {
    let (catalog, mut zoho) = zoho();
    let fixed = FieldInfo { writable: false, ..field("own_fixed") };
    let short = FieldInfo { max_length: Some(8), ..field("own_short") };
    let fields = contacts(vec![fixed, short, field("lastname"), field("Last_Name")]);
    for side in Side::BOTH {
        let mapped = if side == Side::Vtiger { "lastname" } else { "Last_Name" };
        for (named, words) in [
            ("own_none", "no field own_none"),
            ("own_fixed", "cannot be written"),
            ("own_short", "too short"),
            (mapped, "by the field mapping too"),
        ] {
            name(&mut zoho, side, named);
            let wrong = found(&catalog, &zoho, side, &fields).wrong;
            assert!(wrong[0].what.contains(words), "{wrong:?}");
        }
    }
}

#[test]
fn a_service_must_find_records_by_the_field() {
    let (catalog, mut zoho) = zoho();
    let fields = contacts(vec![field("Fax2")]);
    name(&mut zoho, Side::Service, "Fax2");
    let wrong = found(&catalog, &zoho, Side::Service, &fields).wrong;
    assert_eq!(wrong[0].what, "Zoho CRM does not find Contacts by Fax2.");
    name(&mut zoho, Side::Vtiger, "Fax2");
    assert!(found(&catalog, &zoho, Side::Vtiger, &fields).wrong.is_empty());
    // A pair that is switched off writes nothing.
    let pair = Pair { active: false, ..Pair::new("Fax2", "Elsewhere") };
    zoho.modules.get_mut(&Module::Contacts).unwrap().mapping.push(pair);
    assert!(found(&catalog, &zoho, Side::Vtiger, &fields).wrong.is_empty());
}

#[test]
fn only_what_is_created_on_a_side_is_looked_at() {
    let (catalog, mut zoho) = zoho();
    for settings in zoho.modules.values_mut() {
        settings.direction = crate::model::Direction::ToVtiger;
    }
    assert!(created_on(&catalog, &zoho, Side::Service).is_empty());
    let there = created_on(&catalog, &zoho, Side::Vtiger);
    assert!(there.contains(&(Module::Organizations, "Accounts".into())), "{there:?}");
}
