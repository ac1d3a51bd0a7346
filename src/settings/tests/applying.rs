//! What applying a file does to the store.

use super::{FULL, NOW, World, shop};
use crate::model::{
    ConflictRule, Deletes, Direction, EmptyRule, Frequency, Mode, Module, Period, Ratio,
    SecretText, Stamp,
};
use crate::settings::apply;
use secrecy::ExposeSecret;
use std::time::Duration;

#[test]
fn everything_arrives() {
    let world = World::new();
    let applied = world.apply(FULL).unwrap();
    assert_eq!(applied.changed, ["CRM", "retention", "shop", "Second shop"]);
    // Every setting has an effect.
    assert_eq!((applied.unchanged, applied.warnings.len()), (0, 0));
    let crm = world.store.read_blocking(|r| r.crm()).unwrap().unwrap();
    assert_eq!(crm.url, "https://crm.example.com/webservice.php");
    let key = world.vault.reveal(&crm.access_key).unwrap();
    assert_eq!(key.expose_secret(), "very-secret-1");
    let retention = world.store.read_blocking(|r| r.retention()).unwrap();
    assert_eq!(retention.runs, Period::secs(100 * 86_400));
    assert_eq!((retention.debug, &*retention.debug_size), (Period::secs(7 * 86_400), "1GB"));
    let shop = world.connector("shop");
    let credential = |name: &str| shop.credentials[name].clone();
    assert_eq!(credential("app_url"), SecretText::Plain("https://shop.example.com".into()));
    assert_eq!(credential("consumer_secret"), SecretText::Reference("env:CS".into()));
    let key = world.vault.reveal(&credential("consumer_key")).unwrap();
    assert_eq!(key.expose_secret(), "ck_secret");
    let month = Duration::from_secs(30 * 86_400);
    assert_eq!(shop.sync_from.from, Some(Stamp::from_secs(NOW).minus(month)));
    assert_eq!(shop.frequency, Frequency::Every(Period::secs(900)));
    assert_eq!((shop.conflict, shop.debug, shop.enabled), (ConflictRule::Service, true, true));
}

#[test]
fn modules_and_limits_arrive() {
    let world = World::new();
    world.apply(FULL).unwrap();
    let shop = world.connector("shop");
    let contacts = &shop.modules[&Module::Contacts];
    assert_eq!(
        (contacts.enabled, contacts.direction, contacts.mode, contacts.deletes),
        (true, Direction::ToVtiger, Some(Mode::Cron), Deletes::Carry)
    );
    assert_eq!(contacts.period, Some(Period::secs(300)));
    let line = &contacts.mapping[0];
    assert_eq!((line.empty, line.transform.len(), line.custom), (EmptyRule::Keep, 2, false));
    let products = &shop.modules[&Module::Products];
    assert_eq!((products.enabled, products.direction), (false, Direction::Both));
    let advanced = &shop.advanced;
    assert_eq!((advanced.concurrency, advanced.requests_per_second), (Some(2), Some(5)));
    assert_eq!((advanced.guard_deletes, advanced.guard_changes), (Ratio(20), Ratio(60)));
    assert_eq!((advanced.probe_interval, advanced.guard_creates), (Period::secs(45), 500));
    assert_eq!(advanced.settle_wait, Period::secs(0));
    assert_eq!(advanced.external_id_fields[&Module::Contacts], "cf_900");
}

#[test]
fn what_is_absent_is_the_default() {
    let world = World::new();
    world.apply(FULL).unwrap();
    let second = world.connector("Second shop");
    let service = world.catalog.service("woocommerce").unwrap();
    let mut expected = super::super::default_connector(service, "Second shop");
    expected.id = second.id;
    expected.credentials = second.credentials.clone();
    assert_eq!(second, expected);
    assert!(second.modules.values().all(|m| m.enabled));
    assert_eq!(
        second.credentials["app_url"],
        SecretText::Plain("https://shop2.example.com".into())
    );
    // A connector becomes exactly what the file says: what was set and is absent now is a default.
    world.apply(&shop("sync_from = \"30d\"")).unwrap();
    let first = world.connector("shop");
    assert_eq!((first.frequency, first.debug), (Frequency::Off, false));
    assert!(first.modules[&Module::Contacts].mapping.is_empty());
    assert_eq!(first.credentials["consumer_key"], SecretText::Reference("env:CK".into()));
}

#[test]
fn modules_that_are_not_named_are_off_if_one_is() {
    let world = World::new();
    world.apply(&shop("[connector.modules.contacts]")).unwrap();
    let modules = world.connector("shop").modules;
    assert!(modules[&Module::Contacts].enabled);
    assert!(!modules[&Module::Products].enabled);
}

#[test]
fn applying_twice_changes_nothing() {
    let world = World::new();
    world.apply(FULL).unwrap();
    let (before, generation) = (world.connector("shop"), world.generation());
    // Days later: the period was resolved once.
    let again = world.apply_at(FULL, NOW + 1_000_000).unwrap();
    assert_eq!((again.changed.len(), again.unchanged), (0, 4));
    assert_eq!((world.connector("shop"), world.generation()), (before, generation));
}

#[test]
fn a_changed_secret_is_sealed_anew_and_only_that() {
    let world = World::new();
    world.apply(FULL).unwrap();
    let before = world.connector("shop").credentials;
    let text = FULL.replace("very-secret-1", "very-secret-2").replace("env:CS", "cs_clear");
    let applied = world.apply(&text).unwrap();
    assert_eq!(applied.changed, ["CRM", "shop"]);
    let after = world.connector("shop").credentials;
    assert_eq!(before["consumer_key"], after["consumer_key"]);
    assert!(matches!(after["consumer_secret"], SecretText::Sealed(_)));
}

#[test]
fn keep_stands_for_what_the_store_has() {
    let world = World::new();
    world.apply(FULL).unwrap();
    let before = world.connector("shop");
    let text = FULL.replace("ck_secret", "keep:").replace("very-secret-1", "keep:");
    let applied = world.apply(&text).unwrap();
    assert_eq!((applied.changed.len(), world.connector("shop")), (0, before));
}

#[test]
fn connectors_that_are_not_named_stay_unless_pruned() {
    let world = World::new();
    world.apply(FULL).unwrap();
    let only = shop("sync_from = \"30d\"");
    let applied = world.apply(&only).unwrap();
    assert!(applied.removed.is_empty());
    world.connector("Second shop");
    let now = Stamp::from_secs(NOW);
    let pruned =
        apply(&world.store, &world.vault, &world.catalog, &only, "f", Some(&mut |_| Ok(())), now);
    let pruned = pruned.unwrap();
    assert_eq!((pruned.removed, pruned.unchanged), (vec!["Second shop".to_owned()], 1));
    let left = world.store.read_blocking(|r| r.connectors()).unwrap();
    assert_eq!(left.len(), 1);
    assert!(world.store.read_blocking(|r| r.crm()).unwrap().is_some());
}

#[test]
fn a_name_of_a_pruned_connector_is_free_at_once() {
    let world = World::new();
    world.apply(&shop("")).unwrap();
    let id = world.connector("shop").id;
    // The same name in another case is the same connector.
    let applied = world.apply(&shop("").replace("\"shop\"", "\"Shop\"")).unwrap();
    assert_eq!(applied.changed, ["Shop"]);
    assert_eq!(world.connector("shop").id, id);
}

#[test]
fn plain_http_is_for_this_machine_or_wanted() {
    let world = World::new();
    let with = |url: &str, more: &str| shop(more).replace("https://shop", url);
    for here in ["http://127.0.0.1:8080", "http://localhost/shop", "http://[::1]:1"] {
        let applied = world.apply(&with(here, "")).unwrap();
        assert!(applied.warnings.is_empty(), "{here}");
    }
    let problems = world.apply(&with("http://shop", "")).unwrap_err();
    assert!(problems[0].message.contains("plain http"), "{problems:?}");
    let allowed = with("http://shop", "[connector.advanced]\nallow_http = true");
    assert!(world.apply(&allowed).unwrap().warnings[0].contains("plain http"));
    let crm = "[crm]\nurl = \"http://crm\"\nusername = \"u\"\naccess_key = \"k\"\n";
    assert_eq!(world.apply(crm).unwrap_err()[0].place, Some((2, 7)));
    assert_eq!(world.apply(&format!("{crm}allow_http = true")).unwrap().warnings.len(), 1);
}

#[test]
fn a_certificate_that_is_not_there_is_a_warning() {
    let world = World::new();
    let text = shop("[connector.advanced]\nca_file = \"/nowhere/ca.pem\"");
    let applied = world.apply(&text).unwrap();
    assert!(applied.warnings[0].contains("/nowhere/ca.pem"));
}

#[test]
fn a_sync_period_stays_as_it_was_saved() {
    let world = World::new();
    let with = |from: &str| shop(&format!("sync_from = \"{from}\""));
    world.apply(&with("2026-01-01")).unwrap();
    // The same instant in other words is the same.
    let same = world.apply(&with("2026-01-01T00:00:00Z")).unwrap();
    assert_eq!(same.unchanged, 1);
    for other in ["2026-01-02", "all", "30d"] {
        let problems = world.apply(&with(other)).unwrap_err();
        assert!(problems[0].message.contains("cannot be changed"), "{other}");
    }
    assert!(world.apply(&shop("")).is_err());
    assert_eq!(world.connector("shop").sync_from.asked, "2026-01-01");
}
