//! The queue and the links from the command line, and conflicts in every form they are told in.

use super::bench::{Deck, Sandbox, Settings};
use super::systems::{CrmUser, ShopUser};
use serde_json::{Value, json};

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// A deck in step with its sandbox.
fn in_step(sandbox: &Sandbox) -> Deck {
    let deck = Deck::new();
    let settings = Settings { conflict: "service", ..Settings::of(sandbox) };
    deck.apply(&settings.text()).exits(0);
    deck.run(&["sync", "shop", "--yes", "--json"]).exits(3);
    deck
}

#[test]
fn the_queue_is_listed_retried_added_to_and_dropped() {
    let sandbox = Sandbox::start(&["--records", "200"]);
    let deck = in_step(&sandbox);
    let list = deck.run(&["queue", "list", "shop", "--json"]).exits(0).json();
    let skipped = array(&list).len();
    assert!(skipped > 0, "{list}");
    for entry in array(&list) {
        assert_eq!(entry["state"], "skipped", "{entry}");
        for key in ["module", "id", "name", "next"] {
            assert!(entry[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {entry}");
        }
        assert!(entry["reason"]["text"].as_str().is_some() && entry["run"].as_u64().is_some());
    }
    let code = list[0]["reason"]["code"].as_str().unwrap();
    let same = array(&list).iter().filter(|entry| entry["reason"]["code"] == code).count();
    let of = deck.run(&["queue", "list", "shop", "--json", "--reason", code]).exits(0).json();
    assert_eq!(array(&of).len(), same);
    let text = deck.run(&["queue", "list", "shop"]).exits(0).out;
    assert!(text.contains("Skips that stand") && text.contains("What to do"), "{text}");

    deck.run(&["queue", "retry", "shop"]).exits(2);
    let retried = deck.run(&["queue", "retry", "shop", "--reason", code, "--json"]).exits(0).json();
    assert_eq!(retried["changed"], json!(same), "{retried}");
    let waiting = deck.run(&["queue", "list", "shop", "--waiting", "--json"]).exits(0).json();
    assert_eq!(array(&waiting).len(), same);
    assert_eq!(waiting[0]["reason"]["code"], code);
    let run = deck.run(&["sync", "shop", "--json"]).exits(3).json();
    let again: u64 = array(&run["modules"])
        .iter()
        .map(|m| {
            m["vtiger"]["skipped"].as_u64().unwrap() + m["service"]["skipped"].as_u64().unwrap()
        })
        .sum();
    assert_eq!(again, same as u64, "{run}");

    deck.run(&["queue", "add", "shop", "--module", "contacts"]).exits(0);
    let all = deck.run(&["queue", "list", "shop", "--waiting", "--json"]).exits(0).json();
    assert_eq!((all[0]["name"].clone(), all[0]["id"].clone()), (json!("all Contacts"), json!("")));
    deck.run(&["queue", "drop", "shop", "--module", "contacts"]).exits(0);
    let none = deck.run(&["queue", "list", "shop", "--waiting", "--json"]).exits(0).json();
    assert_eq!(none, json!([]));
    deck.run(&["queue", "add", "shop", "--module", "leads"]).exits(2);
    deck.run(&["queue", "add", "shop", "--module", "contacts", "--id", "12x999999"]).exits(1);
    deck.run(&["queue", "drop", "shop", "--id", "12x999999"]).exits(1);
    let id = list[0]["id"].as_str().unwrap();
    let kept = deck.run(&["queue", "drop", "shop", "--id", id]).exits(1);
    assert!(kept.err.contains("stands as decided"), "{kept:?}");
    deck.run(&["queue", "list", "shop", "--reason", "nonsense"]).exits(2);
}

#[test]
fn an_ambiguous_record_is_decided_from_the_command_line() {
    let sandbox = Sandbox::start(&["--records", "40"]);
    let deck = in_step(&sandbox);
    let (crm, shop) = (CrmUser::login(&sandbox), ShopUser { sandbox: &sandbox });
    let contact = |last: &str| {
        let element = json!({"firstname": "Ada", "lastname": last, "email": "twin@cli.example",
                             "mailingcity": "London", "assigned_user_id": "19x1"});
        crm.create("Contacts", &element)["id"].as_str().unwrap().to_owned()
    };
    let (one, two) = (contact("Lovelace"), contact("King"));
    let body = json!({"email": "twin@cli.example", "first_name": "Ada", "last_name": "Lovelace",
                      "billing": {"city": "Paris"}});
    let customer = shop.post("customers", &body)["id"].to_string();
    deck.run(&["sync", "shop", "--json"]).exits(3);
    let entry = deck.run(&["queue", "list", "shop", "--id", &customer, "--json"]).exits(0).json();
    assert_eq!(entry[0]["reason"]["code"], "ambiguous_match");
    let ids: Vec<_> = array(&entry[0]["candidates"]).iter().map(|c| c["id"].clone()).collect();
    assert_eq!(ids, [json!(one), json!(two)]);

    let set = ["links", "set", "shop", "contacts", &one, &customer];
    let preview = deck.run(&[&set[..], &["--preview", "--json"]].concat()).exits(0).json();
    assert_eq!(preview["linked"], false);
    let city = |d: &&Value| d["field"] == "mailingcity";
    let difference = array(&preview["differences"]).iter().find(city).unwrap();
    assert_eq!(difference["written"], "vtiger", "{preview}");
    for (flags, code) in [(&["--read-only"][..], 2), (&[], 0), (&[], 1)] {
        deck.run(&[flags, &set[..]].concat()).exits(code);
    }
    let ignored = ["links", "ignore", "shop", "contacts", &two];
    deck.run(&[&ignored[..], &["--note", "An old twin."]].concat()).exits(0);
    let run = deck.run(&["sync", "shop", "--json"]).exits(0).json();
    assert_eq!(crm.retrieve(&one)["mailingcity"], "Paris", "{run}");
    let left = deck.run(&["queue", "list", "shop", "--id", &two, "--json"]).exits(0).json();
    assert_eq!(left[0]["decision"]["verdict"], "never");
    assert!(left[0]["reason"]["text"].as_str().unwrap().contains("An old twin."), "{left}");
    deck.run(&[&ignored[..], &["--undo"]].concat()).exits(0);
    deck.run(&[&ignored[..], &["--undo"]].concat()).exits(1);
    deck.run(&["links", "new", "shop", "contacts", &one]).exits(1);
    conflicts_are_told(&deck, &run["run"].to_string());
}

/// The conflict of the linked pair: both values, base, rule and winner, as JSON, text and CSV.
fn conflicts_are_told(deck: &Deck, run: &str) {
    let rows = deck.run(&["records", run, "--status", "conflict", "--json"]).exits(0).json();
    let city = |row: &&Value| row["conflict"]["field"] == "mailingcity";
    let row = array(&rows).iter().find(city).unwrap_or_else(|| panic!("{rows}"));
    assert_eq!(row["status"], "conflict");
    assert_eq!(row["conflict"]["vtiger"], "London");
    assert_eq!(row["conflict"]["service"], "Paris");
    assert_eq!(row["conflict"]["winner"], "service");
    assert_eq!(row["conflict"]["rule"], "service");
    assert_eq!(row["conflict"]["base"], Value::Null);
    let text = deck.run(&["records", run, "--status", "conflict"]).exits(0).out;
    for part in ["London", "Paris", "before not known", "service won (service)"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let csv = ["records", run, "--status", "conflict", "--csv", "-"];
    let csv = deck.run(&csv).exits(0).out;
    let line = csv.lines().find(|line| line.contains("mailingcity")).unwrap();
    assert!(line.contains("vtiger London / service Paris / before not known"), "{line}");
    assert!(line.contains("(service, service stays)"), "{line}");
}

#[test]
fn only_an_administrator_changes_the_queue() {
    let sandbox = Sandbox::start(&["--records", "40"]);
    let deck = in_step(&sandbox);
    let path = deck.path("data").join("syncdeck.redb");
    let store = syncdeck::store::Store::open(&path).unwrap();
    let fact = syncdeck::store::Change::PutFact("vtiger.admin".into(), Some("false".into()));
    store.commit_blocking(fact.into()).unwrap();
    drop(store);
    let changes: [&[&str]; 5] = [
        &["queue", "retry", "shop", "--all"],
        &["queue", "drop", "shop", "--all"],
        &["queue", "add", "shop", "--module", "contacts"],
        &["links", "new", "shop", "contacts", "12x1"],
        &["links", "ignore", "shop", "contacts", "12x1"],
    ];
    for change in changes {
        let refused = deck.run(change).exits(2);
        assert!(refused.err.contains("administrator"), "{refused:?}");
        let refused = deck.run(&[&["--read-only"], change].concat()).exits(2);
        assert!(refused.err.contains("--read-only"), "{refused:?}");
    }
    deck.run(&["queue", "list", "shop"]).exits(0);
    deck.run(&["--read-only", "queue", "list", "shop"]).exits(0);
}
