use super::*;
use crate::model::Stamp;

fn catalog() -> Catalog {
    Catalog::built_in().unwrap()
}

fn stored(service: &Service) -> Connector {
    Connector { id: 7, ..super::super::default_connector(service, "shop") }
}

#[test]
fn every_setting_of_every_service_takes_its_own_value_and_changes_nothing() {
    for service in catalog().services() {
        let connector = stored(service);
        let mut copy = connector.clone();
        for setting in settings_of(service, &connector) {
            if setting.locked.is_some() || setting.path.ends_with(".mode") {
                continue;
            }
            put_setting(service, &mut copy, &setting.path, &setting.value, Stamp::default())
                .unwrap_or_else(|why| panic!("{}: {why}", setting.path));
            if !setting.choices.is_empty() {
                let chosen = setting.choices.iter().find(|c| c.value == setting.value);
                assert!(chosen.is_some_and(|c| c.why_not.is_none()), "{setting:?}");
            }
            assert!(!setting.help.is_empty());
        }
        assert_eq!(copy, connector, "{}", service.name);
    }
}

#[test]
fn every_choice_is_kept_and_told_again() {
    let catalog = catalog();
    for service in catalog.services() {
        for setting in settings_of(service, &stored(service)) {
            for choice in &setting.choices {
                let mut connector = stored(service);
                let put = put_setting(
                    service,
                    &mut connector,
                    &setting.path,
                    &choice.value,
                    Stamp::default(),
                );
                assert_eq!(put.is_err(), choice.why_not.is_some(), "{choice:?}");
                let now = settings_of(service, &connector);
                let now = now.iter().find(|s| s.path == setting.path).unwrap();
                assert!(put.is_err() || now.value == choice.value, "{choice:?}");
            }
        }
    }
}

#[test]
fn what_a_file_would_refuse_a_form_refuses_too() {
    let catalog = catalog();
    let shop = catalog.service("woocommerce").unwrap();
    for (path, bad) in [
        ("frequency", "10s"),
        ("modules.contacts.period", "5s"),
        ("modules.contacts.direction", "sideways"),
        ("modules.campaigns.enabled", "true"),
        ("advanced.concurrency", "0"),
        ("advanced.guard_deletes", "10"),
        ("advanced.external_id_fields.contacts", "cf 9"),
        ("advanced.service_id_fields.contacts", "no_use_here"),
        ("advanced.nonsense", "1"),
        ("enabled", "maybe"),
        ("sync_from", "yesterday"),
    ] {
        assert!(check_setting(shop, path, bad).is_err(), "{path} = {bad}");
    }
    let mut connector = stored(shop);
    let locked = put_setting(shop, &mut connector, "sync_from", "30d", Stamp::default());
    assert!(locked.is_err());
    assert!(check_setting(shop, "sync_from", "30d").is_ok());
}
