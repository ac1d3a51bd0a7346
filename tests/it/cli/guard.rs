//! What stops a sync: a guard, another process, a signal.

use super::bench::{Deck, Ran, Sandbox, Settings, interrupt};
use super::systems::{CrmUser, ShopUser};
use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

#[test]
fn a_guard_holds_and_a_person_decides() {
    let sandbox = Sandbox::start(&["--records", "60"]);
    let (deck, mut settings) = (Deck::new(), Settings::of(&sandbox));
    settings.advanced = "guard_creates = 1";
    deck.apply(&settings.text()).exits(0);
    let crm = CrmUser::login(&sandbox);
    let before = crm.count("Contacts");
    let held = deck.run(&["sync", "shop", "--json"]).exits(4);
    assert!(held.err.contains("--confirm") && held.err.contains("--drop"), "{held:?}");
    let held = held.json();
    assert_eq!(held["status"], "held");
    assert_eq!(held["held"]["guard"], "creates");
    assert_eq!(crm.count("Contacts"), before);
    let id = held["run"].to_string();
    let rows = deck.run(&["records", &id, "--json", "--status", "created"]).exits(0).json();
    assert!(rows.as_array().unwrap().iter().all(|row| row["planned"] == true));
    let dropped = deck.run(&["sync", "--drop", &id, "--json"]).exits(0).json();
    assert_eq!(dropped["status"], "dropped");
    deck.run(&["sync", "--confirm", &id]).exits(1);
    let held = deck.run(&["sync", "shop", "--json"]).exits(4).json();
    let id = held["run"].to_string();
    let done = deck.run(&["sync", "shop", "--confirm", &id, "--json"]).exits(3).json();
    assert_eq!(done["status"], "completed");
    assert_eq!(done["run"], held["run"]);
    assert!(crm.count("Contacts") > before);
    deck.run(&["sync", "other", "--confirm", &id]).exits(2);
    deck.run(&["sync", "--confirm", "99"]).exits(2);
}

fn planned(deck: &Deck, id: &str, status: &str) -> usize {
    let rows = deck.run(&["records", id, "--json", "--status", status]).exits(0).json();
    let rows = rows.as_array().unwrap();
    assert!(rows.iter().all(|row| row["planned"] == true), "{rows:?}");
    rows.len()
}

/// A deck in step, whose deletes are carried over.
fn carrying(sandbox: &Sandbox, advanced: &'static str) -> Deck {
    let (deck, mut settings) = (Deck::new(), Settings::of(sandbox));
    settings.advanced = advanced;
    let carry = "contacts]\nenabled = true\ndeletes = \"carry\"";
    deck.apply(&settings.text().replace("contacts]\nenabled = true", carry)).exits(0);
    deck.run(&["sync", "shop", "--yes"]).exits(3);
    deck
}

/// The linked contacts, as the first sync left them.
fn linked(deck: &Deck) -> Vec<(String, String)> {
    let path = deck.path("data").join("syncdeck.redb");
    let store = syncdeck::store::Store::open(&path).unwrap();
    let contacts = syncdeck::model::Module::Contacts;
    let links = store.read_blocking(|r| r.links_after(1, contacts, None, 10_000)).unwrap();
    links.into_iter().map(|link| (link.vtiger_id, link.service_id)).collect()
}

#[test]
fn a_mass_of_deletes_is_held_dropped_and_confirmed() {
    let sandbox = Sandbox::start(&["--records", "60"]);
    let deck = carrying(&sandbox, "guard_deletes = \"20%\"");
    let crm = CrmUser::login(&sandbox);
    let shop = ShopUser { sandbox: &sandbox };
    let linked = linked(&deck);
    let gone = 10.max(linked.len() / 5) + 1;
    for (contact, _) in linked.iter().take(gone) {
        crm.delete(contact);
    }
    let held = deck.run(&["sync", "shop", "--json"]).exits(4).json();
    assert_eq!(held["held"]["guard"], "deletes", "{held}");
    assert_eq!(held["held"]["counts"]["contacts.gone"], gone, "{held}");
    let id = held["run"].to_string();
    assert_eq!(planned(&deck, &id, "deleted"), gone);
    let still = |(_, customer): &(String, String)| {
        shop.get(&format!("customers/{customer}"))["id"].as_u64() == customer.parse().ok()
    };
    assert!(linked.iter().take(gone).all(still), "nothing is deleted while it is held");
    deck.run(&["sync", "--drop", &id]).exits(0);
    deck.run(&["sync", "--drop", &id]).exits(1);

    let held = deck.run(&["sync", "shop", "--json"]).exits(4).json();
    let id = held["run"].to_string();
    // More than what was shown is not covered by the confirmation.
    crm.delete(&linked[gone].0);
    let more = deck.run(&["sync", "shop", "--confirm", &id, "--json"]).exits(4).json();
    assert_eq!(more["held"]["guard"], "confirmed", "{more}");
    assert!(linked.iter().take(gone + 1).all(still));
    let done = deck.run(&["sync", "shop", "--confirm", &id, "--json"]).json();
    assert_eq!(done["status"], "completed", "{done}");
    let contacts = |run: &serde_json::Value| {
        let all = run["modules"].as_array().unwrap().iter();
        all.into_iter().find(|m| m["module"] == "Contacts").cloned().unwrap()
    };
    assert_eq!(contacts(&done)["service"]["deleted"], gone + 1, "{done}");
    assert!(!linked.iter().take(gone + 1).any(still));
}

#[test]
fn most_records_changed_at_once_are_held_and_accepted_in_advance() {
    let sandbox = Sandbox::start(&["--records", "60"]);
    let deck = carrying(&sandbox, "guard_changes = \"30%\"");
    let crm = CrmUser::login(&sandbox);
    let linked = linked(&deck);
    let changed = 10.max(linked.len() * 3 / 10) + 1;
    for (contact, _) in linked.iter().take(changed) {
        crm.revise(contact, serde_json::json!({"mailingcity": "Overwritten"}));
    }
    let held = deck.run(&["sync", "shop", "--json"]).exits(4).json();
    assert_eq!(held["held"]["guard"], "changes", "{held}");
    assert_eq!(held["held"]["counts"]["contacts.changed"], changed, "{held}");
    assert_eq!(planned(&deck, &held["run"].to_string(), "updated"), changed);
    let log = deck.run(&["log", "shop"]).exits(0).out;
    assert!(log.contains("a decision is needed"), "{log}");
    let done = deck.run(&["sync", "shop", "--yes", "--json"]).exits(0).json();
    assert_eq!(done["status"], "completed", "{done}");
    let shop = ShopUser { sandbox: &sandbox };
    let customer = shop.get(&format!("customers/{}", linked[0].1));
    assert_eq!(customer["billing"]["city"], "Overwritten");
}

#[test]
fn an_emptied_side_is_held_whatever_the_limits() {
    let sandbox = Sandbox::start(&["--records", "60"]);
    let deck = carrying(&sandbox, "guard_deletes = \"100%\"\nguard_changes = \"100%\"");
    let crm = CrmUser::login(&sandbox);
    let linked = linked(&deck);
    assert!(!linked.is_empty());
    for contact in crm.ids("Contacts") {
        crm.delete(&contact);
    }
    let held = deck.run(&["sync", "shop", "--json"]).exits(4).json();
    assert_eq!(held["held"]["guard"], "empty_side", "{held}");
    let shop = ShopUser { sandbox: &sandbox };
    for (_, customer) in &linked {
        assert_eq!(shop.get(&format!("customers/{customer}"))["id"].to_string(), *customer);
    }
    // It is still held the next time: nothing was taken for granted.
    deck.run(&["sync", "shop"]).exits(4);
}

#[test]
fn one_process_syncs_a_connector_at_a_time() {
    let sandbox = Sandbox::start(&["--records", "10"]);
    let deck = Deck::new();
    deck.apply(&Settings::of(&sandbox).text()).exits(0);
    deck.run(&["sync", "shop", "--yes"]);
    let locks = std::fs::read_dir(deck.path("data").join("locks")).unwrap();
    let lock = locks.map(|entry| entry.unwrap().path()).next().unwrap();
    let holder = File::options().write(true).open(lock).unwrap();
    holder.lock().unwrap();
    let busy = deck.run(&["sync", "shop", "--json"]).exits(5);
    let what = busy.json()["error"]["what"].as_str().unwrap().to_owned();
    assert!(what.contains("being synced already"), "{busy:?}");
    let busy = deck.run(&["sync", "--json"]).exits(5).json();
    assert_eq!(busy[0]["run"], serde_json::Value::Null);
    assert_eq!(busy[0]["connector"], "shop");
    deck.run(&["connector", "remove", "shop", "--yes"]).exits(5);
    // Nor is it removed because a file does not name it any more.
    let other = Settings::of(&sandbox).text().replace("\"shop\"", "\"another\"");
    std::fs::write(deck.path("other.toml"), other).unwrap();
    let file = deck.path("other.toml");
    let prune = ["apply", "--prune", file.to_str().unwrap()];
    let busy = deck.run(&prune).exits(5);
    assert!(busy.err.contains("being synced already"), "{busy:?}");
    assert_eq!(deck.run(&["connector", "list", "--json"]).json().as_array().unwrap().len(), 1);
    drop(holder);
    deck.run(&["sync", "shop"]).exits(0);
    deck.run(&prune).exits(0);
    deck.run(&["sync", "shop"]).exits(2);
}

#[test]
fn an_interrupted_sync_finishes_what_is_in_flight_and_goes_on_later() {
    let sandbox = Sandbox::start(&["--records", "120", "--latency", "150"]);
    let deck = Deck::new();
    deck.apply(&Settings::of(&sandbox).text()).exits(0);
    let mut command = deck.command(&["sync", "shop", "--json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    interrupt(&child);
    let ran = Ran::of(child.wait_with_output().unwrap()).exits(130);
    assert_eq!(ran.json()["status"], "cancelled", "{ran:?}");
    assert!(ran.err.contains("Stopping"), "{ran:?}");
    let done = deck.run(&["sync", "shop", "--json"]).exits(3).json();
    assert_eq!(done["status"], "completed");
    let quiet = deck.run(&["sync", "shop", "--json"]).exits(0).json();
    for module in quiet["modules"].as_array().unwrap() {
        assert_eq!(module["vtiger"]["created"], 0, "{quiet}");
        assert_eq!(module["service"]["created"], 0, "{quiet}");
    }
}
