//! What needs no connection: help, wrong usage, settings that are refused, files that are written.

use super::bench::{Deck, Ran, feed, program, syncdeck};
use std::os::unix::fs::PermissionsExt;

#[test]
fn help_and_version_are_on_standard_output() {
    let version = syncdeck(&["--version"]).exits(0);
    assert_eq!(version.out.trim(), concat!("syncdeck ", env!("CARGO_PKG_VERSION")));
    let help = syncdeck(&["--help"]).exits(0);
    for part in ["Examples:", "Exit codes:", "sandbox", "--data-dir", "--json", "--read-only"] {
        assert!(help.out.contains(part), "{part}");
    }
    for command in ["demo", "sandbox", "apply", "check", "sync", "log", "records", "connector"] {
        assert!(syncdeck(&[command, "--help"]).exits(0).out.contains("Usage:"), "{command}");
    }
}

#[test]
fn wrong_usage_exits_2_and_says_so() {
    for args in [
        &["bogus"][..],
        &["sync", "--bogus"],
        &["sync", "--preview", "--yes"],
        &["sync", "--module", "sheep"],
        &["records"],
        &["records", "one"],
        &["records", "1", "--status", "lost"],
        &["sandbox", "--listen", "nowhere"],
        &["sandbox", "--listen", "0.0.0.0:0"],
        &["sandbox", "--fault", "sheep=5%"],
        &["sandbox", "--fault", "500=2"],
        &["sandbox", "--fault", "vtiger:page-drift=2%"],
    ] {
        let ran = syncdeck(args).exits(2);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{args:?}: {ran:?}");
        let json = Ran::of(program().arg("--json").args(args).output().unwrap()).exits(2);
        assert!(json.json()["error"]["what"].as_str().is_some_and(|w| !w.is_empty()), "{json:?}");
    }
}

#[test]
fn without_a_terminal_there_is_no_screen() {
    let deck = Deck::new();
    for args in [&[][..], &["demo"]] {
        let ran = deck.run(args).exits(2);
        assert!(ran.err.contains("There is no terminal."), "{ran:?}");
        assert!(ran.err.contains("syncdeck sync"), "{ran:?}");
    }
    assert!(!deck.path("data").exists());
}

#[test]
fn an_empty_deck_answers_and_points_the_way() {
    let deck = Deck::new();
    assert_eq!(deck.run(&["log", "--json"]).exits(0).json(), serde_json::json!([]));
    assert_eq!(deck.run(&["connector", "list", "--json"]).exits(0).json(), serde_json::json!([]));
    let ran = deck.run(&["sync"]).exits(2);
    assert!(ran.err.contains("next: ") && ran.err.contains("apply"), "{ran:?}");
    let ran = deck.run(&["sync", "shop", "--json"]).exits(2);
    assert_eq!(ran.json()["error"]["what"], "There is no connector \"shop\".");
    let ran = deck.run(&["check", "--json"]).exits(1);
    assert_eq!(ran.json()[0]["target"], "vtiger");
    assert_eq!(ran.json()[0]["ok"], false);
    assert_eq!(deck.run(&["records", "7"]).exits(2).out, "");
    let services = deck.run(&["services", "list", "--json"]).exits(0).json();
    let names = services.as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap());
    assert!(names.into_iter().any(|name| name == "woocommerce"));
    deck.run(&["doctor"]).exits(0);
}

#[test]
fn read_only_refuses_what_writes() {
    let deck = Deck::new();
    // By the environment, too.
    let by_environment = |value: &str| {
        let deck = Deck::new();
        let data = deck.path("data");
        let mut command = program();
        command.env("SYNCDECK_READ_ONLY", value).arg("--data-dir").arg(data);
        Ran::of(command.args(["connector", "remove", "shop"]).output().unwrap()).err
    };
    assert!(by_environment("1").contains("--read-only"), "{}", by_environment("1"));
    assert!(!by_environment("0").contains("--read-only"), "{}", by_environment("0"));
    let ran = deck.run(&["--read-only", "log"]).exits(1);
    assert!(ran.err.contains("There is no store"), "{ran:?}");
    assert!(!deck.path("data").exists());
    deck.apply(SETTINGS).exits(0);
    for args in [
        &["sync"][..],
        &["apply", "deck.toml"],
        &["connector", "disable", "shop"],
        &["connector", "remove", "shop", "--yes"],
        &["demo", "--headless"],
    ] {
        let ran = deck.run(&[&["--read-only"], args].concat()).exits(2);
        assert!(ran.err.contains("--read-only"), "{ran:?}");
    }
    deck.run(&["--read-only", "log"]).exits(0);
}

const SETTINGS: &str = r#"
[crm]
url = "crm.example.com"
username = "sync"
access_key = "Geheim0123456789"

[[connector]]
name = "shop"
service = "woocommerce"
credentials = { app_url = "https://shop.example.com", consumer_key = "ck_1", consumer_secret = "env:CS" }
sync_from = "30d"
"#;

#[test]
fn a_file_is_applied_once_and_exported_without_secrets() {
    let deck = Deck::new();
    let first = deck.apply(SETTINGS).exits(0);
    assert!(first.out.contains("set up: CRM") && first.out.contains("set up: shop"), "{first:?}");
    assert!(deck.apply(SETTINGS).exits(0).out.contains("nothing was changed"));
    let again = feed(deck.command(&["apply", "-", "--json"]), SETTINGS).exits(0);
    assert_eq!(again.json()["changed"], serde_json::json!([]));
    let file = deck.path("out.toml");
    deck.run(&["config", "export", file.to_str().unwrap()]).exits(0);
    let exported = std::fs::read_to_string(&file).unwrap();
    assert!(exported.contains("keep:") && !exported.contains("Geheim"), "{exported}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    deck.run(&["config", "export", file.to_str().unwrap()]).exits(1);
    let out = deck.run(&["config", "export"]).exits(0).out;
    assert_eq!(out, exported);
    assert!(deck.apply(&exported).exits(0).out.contains("nothing was changed"));
    for name in ["syncdeck.redb", "syncdeck.key"] {
        let bytes = std::fs::read(deck.path("data").join(name)).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"Geheim"), "{name}");
    }
}

#[test]
fn a_file_is_refused_whole_and_with_the_line() {
    let deck = Deck::new();
    for (wrong, right, line) in [
        ("urll =", "url =", 3),
        ("service = \"woo\"", "service = \"woocommerce\"", 9),
        ("sync_from = \"yesterday\"", "sync_from = \"30d\"", 11),
        ("username \"sync\"", "username = \"sync\"", 4),
    ] {
        let text = SETTINGS.replace(right, wrong);
        assert_ne!(text, SETTINGS, "{right}");
        let ran = deck.apply(&text).exits(2);
        assert!(ran.err.contains(&format!("deck.toml:{line}:")), "{wrong}: {ran:?}");
        assert!(!ran.err.contains("Geheim"), "{ran:?}");
        let file = deck.path("deck.toml");
        let json = deck.run(&["apply", "--json", file.to_str().unwrap()]).exits(2).json();
        assert_eq!(json["problems"][0]["line"], line, "{json}");
        assert!(json["error"]["what"].is_string(), "{json}");
    }
    assert_eq!(deck.run(&["connector", "list", "--json"]).json(), serde_json::json!([]));
    deck.run(&["apply", "no-such-file.toml"]).exits(2);
}

#[test]
fn connectors_are_switched_renamed_and_removed() {
    let deck = Deck::new();
    deck.apply(SETTINGS).exits(0);
    deck.run(&["connector", "disable", "shop"]).exits(0);
    let ran = deck.run(&["sync", "shop"]).exits(1);
    assert!(ran.err.contains("disabled"), "{ran:?}");
    deck.run(&["sync"]).exits(0);
    deck.run(&["connector", "enable", "SHOP"]).exits(0);
    deck.run(&["connector", "rename", "shop", ""]).exits(2);
    deck.run(&["connector", "rename", "shop", "store"]).exits(0);
    let list = deck.run(&["connector", "list", "--json"]).exits(0).json();
    assert_eq!(list[0]["name"], "store");
    assert_eq!(list[0]["enabled"], true);
    let ran = deck.run(&["connector", "remove", "store"]).exits(2);
    assert!(ran.err.contains("0 links") && ran.err.contains("--yes"), "{ran:?}");
    deck.run(&["connector", "remove", "store", "--yes"]).exits(0);
    assert_eq!(deck.run(&["connector", "list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn a_damaged_store_is_refused_and_left_alone() {
    let deck = Deck::new();
    std::fs::create_dir(deck.path("data")).unwrap();
    let store = deck.path("data").join("syncdeck.redb");
    std::fs::write(&store, "not a store").unwrap();
    let ran = deck.run(&["log"]).exits(1);
    assert!(ran.err.starts_with("error: ") && ran.err.contains("next: "), "{ran:?}");
    assert_eq!(std::fs::read(&store).unwrap(), b"not a store");
}

#[test]
fn completions_and_manual_pages_are_written() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(syncdeck(&["completions", shell]).exits(0).out.contains("syncdeck"), "{shell}");
    }
    assert!(syncdeck(&["man"]).exits(0).out.contains(".TH syncdeck 1"));
    let deck = Deck::new();
    deck.run(&["man", deck.path("man").to_str().unwrap()]).exits(0);
    assert!(deck.path("man").join("syncdeck-sync.1").exists());
}
