//! `demo --headless`, and the sandbox's first line.

use super::bench::{Deck, Sandbox, syncdeck};
use serde_json::Value;
use std::collections::BTreeSet;
use syncdeck::catalog::Catalog;
use syncdeck::model::Side;

fn written(module: &Value, side: &str) -> u64 {
    ["created", "updated"].iter().map(|n| module[side][*n].as_u64().unwrap()).sum()
}

#[test]
fn a_demo_writes_every_way_and_goes_on_where_it_was() {
    let deck = Deck::new();
    let args = ["demo", "--headless", "--json"];
    let first = deck.run(&[&args[..], &["--records", "60"]].concat()).exits(3).json();
    let runs = first.as_array().unwrap();
    let catalog = Catalog::built_in().unwrap();
    assert_eq!(runs.len(), catalog.services().count());
    let mut silent = Vec::new();
    for service in catalog.services() {
        let name = service.name.as_str();
        let run = runs.iter().find(|run| run["connector"] == name).unwrap();
        assert_eq!(run["status"], "completed", "{run}");
        let told = run["modules"].as_array().unwrap();
        for module in told {
            assert_eq!(module["available"], true, "{name} {module}");
        }
        for (module, spec) in &service.modules {
            let told = told.iter().find(|m| m["module"] == module.label());
            let told = told.unwrap_or_else(|| panic!("{name} has no {module}"));
            for (side, key) in [(Side::Vtiger, "vtiger"), (Side::Service, "service")] {
                let allowed = spec.directions.iter().any(|way| way.writes(side));
                if (written(told, key) > 0) != allowed {
                    silent.push(format!("{name} {module} to {key}, allowed: {allowed}: {told}"));
                }
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
    let queue = || -> BTreeSet<String> {
        let of = |name: &String| {
            let entries = deck.run(&["queue", "list", name, "--json"]).exits(0).json();
            let shown = |entry: &Value| {
                assert!(!entry["reason"].is_null(), "nobody put it there: {entry}");
                ["module", "side", "id", "state"].map(|part| entry[part].to_string()).join(" ")
            };
            entries.as_array().unwrap().iter().map(shown).collect::<Vec<_>>()
        };
        catalog.services().flat_map(|service| of(&service.name)).collect()
    };
    let waiting = queue();
    assert!(waiting.len() > 50, "{waiting:#?}");
    let second = deck.run(&args).exits(0).json();
    for run in second.as_array().unwrap() {
        for module in run["modules"].as_array().unwrap() {
            for side in ["vtiger", "service"] {
                for number in ["created", "updated", "deleted", "skipped"] {
                    assert_eq!(module[side][number], 0, "{module}");
                }
            }
        }
    }
    deck.run(&args).exits(0);
    let after = queue();
    let moved: Vec<_> = after.symmetric_difference(&waiting).collect();
    assert!(
        moved.is_empty(),
        "what rests stays out of the queue, and what waits in it: {moved:#?}"
    );
    // The first demo went on until all was in step; the others found nothing to do.
    let log = deck.run(&["log", "--json"]).exits(0).json();
    let log = log.as_array().unwrap();
    assert!(log.len() >= runs.len() * 3 && log.len().is_multiple_of(runs.len()), "{}", log.len());
    let other = deck.run(&["demo", "--headless", "--records", "70"]).exits(2);
    assert!(other.err.contains("60"), "{other:?}");
}

#[test]
fn a_demo_prints_the_log_as_text_and_leaves_nothing_behind() {
    let before = demos();
    let ran = syncdeck(&["demo", "--headless", "--records", "20", "--seed", "7"]);
    assert!([0, 3].contains(&ran.code), "{ran:?}");
    for part in ["Vtiger CRM\n", "WooCommerce\n", "Created  Updated  Deleted  Skipped"] {
        assert!(ran.out.contains(part), "{ran:?}");
    }
    let left: Vec<_> = demos().into_iter().filter(|name| !before.contains(name)).collect();
    // Another test may have its demo running at this moment; ours is known by being gone.
    assert!(left.len() <= 2, "{left:?}");
}

fn demos() -> Vec<String> {
    let names = std::fs::read_dir(std::env::temp_dir()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("syncdeck-demo-")).collect()
}

#[test]
fn the_sandbox_says_how_to_reach_it() {
    let deck = Deck::new();
    let state = deck.path("state");
    let args = ["--records", "10", "--seed", "3", "--state", state.to_str().unwrap()];
    let sandbox = Sandbox::start(&args);
    for (system, names) in [
        ("vtiger", &["url", "username", "access_key"][..]),
        ("woocommerce", &["app_url", "consumer_key", "consumer_secret"]),
        (
            "magento",
            &["base_url", "consumer_key", "consumer_secret", "access_token", "access_token_secret"],
        ),
        ("irujul", &["base_url", "client_id", "secret_key"]),
        (
            "rest",
            &["base_url", "home", "api_key", "username", "password", "client_id", "client_secret"],
        ),
    ] {
        let values = sandbox.keys[system].as_object().unwrap();
        for name in names {
            assert!(values[*name].as_str().is_some_and(|v| !v.is_empty()), "{system} {name}");
        }
    }
    let keys = sandbox.keys.clone();
    assert_eq!(sandbox.stop(), 0);
    let again = Sandbox::start(&["--state", state.to_str().unwrap()]);
    assert_eq!(again.keys, keys);
}
