//! The store written as a file and applied again: nothing changes.

use super::{FULL, World, shop};
use crate::model::SecretText;
use crate::settings::export;

#[test]
fn an_export_has_no_secret_and_changes_nothing() {
    let world = World::new();
    world.apply(FULL).unwrap();
    let text = export(&world.store, &world.catalog).unwrap();
    for secret in ["very-secret-1", "ck_secret", "v1:"] {
        assert!(!text.contains(secret), "{text}");
    }
    for kept in ["access_key = \"keep:\"", "env:CS", "cmd:pass show x", "cf_854", "30d"] {
        assert!(text.contains(kept), "{kept} is not in\n{text}");
    }
    let (before, generation) = (world.connector("shop"), world.generation());
    let applied = world.apply_at(&text, super::NOW + 77_777).unwrap();
    assert_eq!((applied.changed, applied.unchanged), (vec![], 4));
    assert_eq!((world.connector("shop"), world.generation()), (before, generation));
    assert_eq!(export(&world.store, &world.catalog).unwrap(), text);
}

#[test]
fn an_empty_store_is_exported_too() {
    let world = World::new();
    let text = export(&world.store, &world.catalog).unwrap();
    let applied = world.apply(&text).unwrap();
    assert_eq!((applied.changed.len(), applied.unchanged), (0, 1));
}

#[test]
fn an_export_is_refused_where_the_secrets_are_not() {
    let here = World::new();
    here.apply(FULL).unwrap();
    let text = export(&here.store, &here.catalog).unwrap();
    let problems = World::new().apply(&text).unwrap_err();
    assert_eq!(problems.len(), 2);
    assert!(problems.iter().all(|p| p.message.contains("keep:")));
    // With references only, it sets up another machine.
    let there = World::new();
    here.apply(&FULL.replace("ck_secret", "env:CK").replace("very-secret-1", "file:/k")).unwrap();
    there.apply(&export(&here.store, &here.catalog).unwrap()).unwrap();
    let key = &there.connector("shop").credentials["consumer_key"];
    assert_eq!(*key, SecretText::Reference("env:CK".into()));
}

#[test]
fn odd_names_and_texts_survive() {
    let world = World::new();
    let text = shop("").replacen("\"shop\"", "'Ünïcode \"quoted\" = [x]'", 1);
    world.apply(&text).unwrap();
    let text = export(&world.store, &world.catalog).unwrap();
    assert!(world.apply(&text).unwrap().changed.is_empty());
}
