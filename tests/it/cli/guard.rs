//! What stops a sync: a guard, another process, a signal.

use super::bench::{Deck, Ran, Sandbox, Settings, interrupt};
use super::systems::CrmUser;
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
    drop(holder);
    deck.run(&["sync", "shop"]).exits(0);
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
