//! The whole story: set up from a file, sync, sync again, edit on each side and on both.

use super::bench::{Deck, Sandbox, Settings};
use super::systems::{CrmUser, ShopUser};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

const NUMBERS: [&str; 4] = ["created", "updated", "deleted", "skipped"];

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn module<'a>(run: &'a Value, name: &str) -> &'a Value {
    array(&run["modules"]).iter().find(|m| m["module"] == name).unwrap()
}

/// What a run wrote, on both sides.
fn written(run: &Value) -> u64 {
    let sides = array(&run["modules"]).iter().flat_map(|m| [&m["vtiger"], &m["service"]]);
    sides.flat_map(|side| NUMBERS[..3].iter().map(|n| side[n].as_u64().unwrap())).sum()
}

#[test]
fn two_systems_are_kept_in_step() {
    let sandbox = Sandbox::start(&["--records", "200"]);
    let (deck, mut settings) = (Deck::new(), Settings::of(&sandbox));
    deck.apply(&settings.text()).exits(0);
    check(&deck);
    let crm = CrmUser::login(&sandbox);
    let before = crm.count("Contacts");
    let preview = deck.run(&["sync", "shop", "--preview", "--json"]).exits(0).json();
    assert_eq!(preview["status"], "preview");
    assert_eq!(crm.count("Contacts"), before);
    let first = deck.run(&["sync", "shop", "--json"]).exits(3).json();
    assert_eq!(first["status"], "completed");
    for name in ["Contacts", "Products"] {
        for side in ["vtiger", "service"] {
            for number in ["created", "updated", "skipped"] {
                let counts = &module(&first, name)[side];
                assert!(counts[number].as_u64() > Some(0), "{name} {side} {number}: {counts}");
            }
        }
        assert_eq!(module(&preview, name)["vtiger"], module(&first, name)["vtiger"]);
        assert!(module(&first, name)["conflicts"].as_u64() > Some(0));
    }
    let created = module(&first, "Contacts")["vtiger"]["created"].as_u64().unwrap();
    assert_eq!(crm.count("Contacts"), before + created);
    numbers_equal_rows(&deck, &first);
    let second = deck.run(&["sync", "--json"]).exits(0).json();
    assert_eq!(array(&second).len(), 1);
    assert_eq!(written(&second[0]), 0, "{second}");
    let log = deck.run(&["log", "shop", "--json"]).exits(0).json();
    assert_eq!(array(&log).len(), 3);
    assert_eq!(log[1], first);
    csv(&deck, &first);
    let linked = linked(&deck, &first);
    edits_travel(&deck, &sandbox, &crm, &linked);
    settings.conflict = "vtiger";
    deck.apply(&settings.text()).exits(0);
    conflict(&deck, &sandbox, &crm, &linked[0]);
    assert_eq!(sandbox.stop(), 0);
}

fn check(deck: &Deck) {
    let reports = deck.run(&["check", "--json"]).exits(0).json();
    let targets: Vec<_> = array(&reports).iter().map(|r| r["target"].as_str().unwrap()).collect();
    assert_eq!(targets, ["vtiger", "shop"]);
    for report in array(&reports) {
        assert_eq!(report["ok"], true, "{report}");
        let keys: Vec<_> = report.as_object().unwrap().keys().map(String::as_str).collect();
        let expected =
            ["admin", "modules", "ok", "problems", "skew_s", "target", "user", "version"];
        assert_eq!(keys, expected);
    }
    let text = deck.run(&["check"]).exits(0).out;
    assert!(text.contains("vtiger: ok") && text.contains("(administrator)"), "{text}");
}

/// Every number of the log equals the rows of its list.
fn numbers_equal_rows(deck: &Deck, run: &Value) {
    let id = run["run"].to_string();
    let rows = deck.run(&["records", &id, "--json"]).exits(0).json();
    let mut counted: BTreeMap<[&str; 3], u64> = BTreeMap::new();
    for row in array(&rows) {
        assert_eq!(row["run"], run["run"]);
        assert_eq!(row["planned"], false);
        let key = ["module", "side", "status"].map(|key| row[key].as_str().unwrap());
        *counted.entry(key).or_default() += 1;
        assert_eq!(row["status"] == "skipped", row["reason"].is_object(), "{row}");
        assert_eq!(row["status"] == "conflict", row["conflict"].is_object(), "{row}");
        for side in ["vtiger", "service"] {
            let id = &row[format!("{side}_id")];
            let url = &row[format!("{side}_url")];
            assert!(id.is_null() || url.is_string() || row["module"] == "Organizations", "{row}");
        }
    }
    let of = |module: &str, side: &str, status: &str| {
        counted.get(&[module, side, status]).copied().unwrap_or(0)
    };
    for counts in array(&run["modules"]) {
        let name = counts["module"].as_str().unwrap();
        for side in ["vtiger", "service"] {
            for status in NUMBERS {
                assert_eq!(counts[side][status], of(name, side, status), "{name} {side} {status}");
            }
        }
        for (key, status) in
            [("linked", "linked"), ("waiting", "waiting"), ("conflicts", "conflict")]
        {
            let both = of(name, "vtiger", status) + of(name, "service", status);
            assert_eq!(counts[key], both, "{name} {key}");
        }
    }
    for (side, module, status) in
        [("vtiger", "contacts", "created"), ("service", "Products", "skipped")]
    {
        let filter =
            ["records", &id, "--json", "--side", side, "--module", module, "--status", status];
        let rows = deck.run(&filter).exits(0).json();
        let label = if module == "contacts" { "Contacts" } else { module };
        assert_eq!(array(&rows).len() as u64, of(label, side, status));
    }
    let limited = deck.run(&["records", &id, "--json", "--limit", "3"]).exits(0).json();
    assert_eq!(array(&limited).len(), 3);
    let text = deck.run(&["records", &id, "--status", "skipped"]).exits(0).out;
    assert!(text.contains("Records Skipped in WooCommerce"), "{text}");
    assert!(text.contains("Source Module  Record Name"), "{text}");
}

fn csv(deck: &Deck, run: &Value) {
    let (id, file) = (run["run"].to_string(), deck.path("skipped.csv"));
    let path = file.to_str().unwrap();
    let args = ["records", &id, "--status", "skipped", "--csv", path];
    deck.run(&args).exits(0);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let skipped = array(&run["modules"]).iter().flat_map(|m| [&m["vtiger"], &m["service"]]);
    let skipped: u64 = skipped.map(|side| side["skipped"].as_u64().unwrap()).sum();
    let mut reader = csv::Reader::from_path(&file).unwrap();
    assert_eq!(&reader.headers().unwrap()[0], "source_module");
    assert_eq!(&reader.headers().unwrap()[1], "record_name");
    assert_eq!(reader.records().map(Result::unwrap).count() as u64, skipped);
    let whole = std::fs::read(&file).unwrap();
    let ran = deck.run(&args).exits(1);
    assert!(ran.err.contains("already"), "{ran:?}");
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    deck.run(&[&args[..], &["--force"]].concat()).exits(0);
    let out = deck.run(&["records", &id, "--status", "skipped", "--csv", "-"]).exits(0).out;
    assert_eq!(out.as_bytes(), whole);
    let log = deck.run(&["log", "--csv", "-"]).exits(0).out;
    assert!(log.starts_with("date,time,run"), "{log}");
}

/// The ids of contacts that are on both sides: in Vtiger, in the shop.
fn linked(deck: &Deck, run: &Value) -> Vec<[String; 2]> {
    let id = run["run"].to_string();
    let filter = ["--module", "contacts", "--status", "created", "--side", "service", "--json"];
    let rows = deck.run(&[&["records", &id], &filter[..]].concat()).exits(0).json();
    let id = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    array(&rows).iter().map(|row| [id(row, "vtiger_id"), id(row, "service_id")]).collect()
}

/// The sync of what was edited. Both systems stamp to the second; an edit that is too fresh to be
/// told from the last sync's own is found by the next one.
fn sync_until_written(deck: &Deck) -> Value {
    for _ in 0..3 {
        let run = deck.run(&["sync", "shop", "--json"]).exits(0).json();
        if written(&run) > 0 {
            return run;
        }
    }
    panic!("three syncs found nothing to write");
}

fn edits_travel(deck: &Deck, sandbox: &Sandbox, crm: &CrmUser<'_>, linked: &[[String; 2]]) {
    let shop = ShopUser { sandbox };
    let ([vtiger, customer], [other, buyer]) = (&linked[0], &linked[1]);
    crm.revise(vtiger, json!({"mailingcity": "Edited in the CRM"}));
    shop.put(&format!("customers/{buyer}"), &json!({"billing": {"city": "Edited in the shop"}}));
    let run = sync_until_written(deck);
    assert_eq!(module(&run, "Contacts")["vtiger"]["updated"], 1, "{run}");
    assert_eq!(module(&run, "Contacts")["service"]["updated"], 1, "{run}");
    assert_eq!(written(&run), 2, "{run}");
    let city = &shop.get(&format!("customers/{customer}"))["billing"]["city"];
    assert_eq!(city, "Edited in the CRM");
    assert_eq!(crm.retrieve(other)["mailingcity"], "Edited in the shop");
    let quiet = deck.run(&["sync", "shop", "--json"]).exits(0).json();
    assert_eq!(written(&quiet), 0, "{quiet}");
}

fn conflict(deck: &Deck, sandbox: &Sandbox, crm: &CrmUser<'_>, [vtiger, customer]: &[String; 2]) {
    let shop = ShopUser { sandbox };
    crm.revise(vtiger, json!({"mailingcity": "Ours"}));
    shop.put(&format!("customers/{customer}"), &json!({"billing": {"city": "Theirs"}}));
    let run = sync_until_written(deck);
    assert_eq!(module(&run, "Contacts")["conflicts"], 1, "{run}");
    assert_eq!(shop.get(&format!("customers/{customer}"))["billing"]["city"], "Ours");
    assert_eq!(crm.retrieve(vtiger)["mailingcity"], "Ours");
    let id = run["run"].to_string();
    let rows = deck.run(&["records", &id, "--status", "conflict", "--json"]).exits(0).json();
    let conflict = &rows[0]["conflict"];
    assert_eq!(conflict["vtiger"], "Ours", "{conflict}");
    assert_eq!(conflict["service"], "Theirs", "{conflict}");
    assert_eq!(conflict["base"], "Edited in the CRM", "{conflict}");
    assert_eq!(conflict["rule"], "vtiger", "{conflict}");
    assert_eq!(conflict["winner"], "vtiger", "{conflict}");
}

#[test]
fn the_check_offers_fields_for_the_other_side_s_ids_and_refuses_one_that_is_not_there() {
    let sandbox = Sandbox::start(&["--records", "5"]);
    let deck = Deck::new();
    let settings = Settings::of(&sandbox);
    deck.apply(&settings.text()).exits(0);
    let report = deck.run(&["check", "shop", "--json"]).exits(0).json();
    let problems = report[0]["problems"].to_string();
    assert!(problems.contains("Contacts cf_851"), "{problems}");
    let with_field = |advanced: &'static str| {
        let mut settings = Settings::of(&sandbox);
        settings.advanced = advanced;
        deck.apply(&settings.text()).exits(0);
    };
    with_field(r#"external_id_fields = { contacts = "cf_404" }"#);
    let report = deck.run(&["check", "shop", "--json"]).exits(1).json();
    let problems = report[0]["problems"].to_string();
    assert!(problems.contains("Contacts have no field cf_404"), "{problems}");
    with_field(r#"external_id_fields = { contacts = "cf_851" }"#);
    let report = deck.run(&["check", "shop", "--json"]).exits(0).json();
    assert!(!report[0]["problems"].to_string().contains("Contacts cf_851"), "{report}");
    // Who has a connection to mend is offered nothing.
    let wrong = Settings { consumer_secret: "cs_wrong".into(), ..Settings::of(&sandbox) };
    deck.apply(&wrong.text()).exits(0);
    let report = deck.run(&["check", "shop", "--json"]).exits(1).json();
    assert_eq!(array(&report[0]["problems"]).len(), 1, "{report}");
}
