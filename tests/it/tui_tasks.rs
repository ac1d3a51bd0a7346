//! What administrators come for, done from the keyboard in a pseudo-terminal: a shop connected from
//! nothing, a held run decided, a sync watched over a bad line.

use crate::tui_pty::Term;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use syncdeck::sandbox::{self, Sandbox, SandboxOptions};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The sandbox on threads of its own.
struct Systems {
    sandbox: Sandbox,
    _runtime: Runtime,
}

impl Systems {
    fn start(records: u64) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = SandboxOptions { records: Some(records), ..SandboxOptions::default() };
        let sandbox = runtime.block_on(sandbox::start(options)).unwrap();
        Self { sandbox, _runtime: runtime }
    }

    /// Sets up the CRM and a shop by file.
    fn apply(&self, data: &Path, more: &str) {
        let keys = self.sandbox.credentials();
        let (crm, shop) = (&keys.vtiger, &keys.woocommerce);
        let text = format!(
            "[crm]\nurl = \"{}\"\nusername = \"{}\"\naccess_key = \"{}\"\n\n\
             [[connector]]\nname = \"shop\"\nservice = \"woocommerce\"\nsync_from = \"all\"\n\
             credentials = {{ app_url = \"{}\", consumer_key = \"{}\", consumer_secret = \"{}\" }}\n\
             {more}",
            crm.url,
            crm.username,
            crm.access_key,
            shop.app_url,
            shop.consumer_key,
            shop.consumer_secret
        );
        let file = data.join("deck.toml");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_syncdeck"));
        let applied = command.arg("--data-dir").arg(data.join("data")).arg("apply").arg(&file);
        let applied = applied.output().unwrap();
        assert!(applied.status.success(), "{applied:?}");
    }
}

fn open(data: &TempDir) -> Term {
    Term::start(&["--data-dir", data.path().join("data").to_str().unwrap()])
}

#[test]
fn a_shop_is_connected_from_nothing_to_its_first_sync() {
    let systems = Systems::start(40);
    let keys = systems.sandbox.credentials();
    let (crm, shop) = (keys.vtiger, keys.woocommerce);
    let data = tempfile::tempdir().unwrap();
    let mut term = open(&data);
    term.wait_for("Welcome to SyncDeck");
    term.press(&format!("{}\t{}\t{}", crm.url, crm.username, crm.access_key));
    term.press("\x14");
    let screen = term.wait_for("administrator");
    assert!(!screen.contains(&crm.access_key), "the key is masked");
    term.press("\x13");
    term.wait_for("Vtiger CRM is connected");
    term.press("/woo");
    let services = term.screen();
    if !services.contains("▸ WooCommerce") {
        term.press("\x1b[B\x1b[B");
    }
    term.wait_for("▸ WooCommerce");
    term.press("\r");
    term.wait_for("Consumer Secret");
    // A field is checked when it is left.
    term.press("\tnot a host\t");
    term.wait_for("✕");
    term.press("\x1b[Z\x15");
    term.press(&format!("{}\t{}\t{}", shop.app_url, shop.consumer_key, shop.consumer_secret));
    term.press("\x14");
    let screen = term.wait_for("Connected:");
    assert!(!screen.contains(&shop.consumer_secret), "{screen}");
    term.press("\x13");
    term.wait_for("shop was added");
    term.press("\x1b");
    term.wait_for("p Preview");
    term.press("p");
    let plan = term.wait_for("Plan of run 1");
    assert!(plan.contains("nothing of it is written yet"), "{plan}");
    assert!(systems.sandbox.deeds().is_empty(), "a preview writes nothing");
    term.press("s");
    term.wait_for("completed");
    assert!(!systems.sandbox.deeds().is_empty(), "now it is written");
    term.press("q");
    assert_eq!(term.ended(), 0);
    assert!(term.is_whole());
}

#[test]
fn a_held_run_is_looked_at_and_then_confirmed() {
    let systems = Systems::start(60);
    let data = tempfile::tempdir().unwrap();
    systems.apply(data.path(), "[connector.advanced]\nguard_creates = 1\n");
    let mut term = open(&data);
    term.wait_for("s Sync Now");
    term.press("s");
    let held = term.wait_for("Run 1 of shop is held");
    assert!(held.contains("Contacts to be created in Vtiger"), "{held}");
    // Enter never does what is dangerous.
    term.press("\r");
    term.wait("no dialog", |screen| !screen.contains("Run 1 of shop is held"));
    assert!(systems.sandbox.deeds().is_empty());
    // It waits in the log, where its plan can be looked at.
    term.wait_for("held, Enter decides");
    term.press("\tg\r");
    term.wait_for("v look at the plan");
    term.press("v");
    term.wait("the plan", |screen| {
        screen.contains("Plan of run 1") && screen.contains("create Vtiger")
    });
    assert!(systems.sandbox.deeds().is_empty());
    term.press("\x1b");
    term.wait_for("held, Enter decides");
    term.press("g\r");
    term.wait_for("y confirm");
    term.press("y");
    term.wait_for("Do what run 1 of shop would do?");
    assert!(systems.sandbox.deeds().is_empty(), "it asks first");
    term.press("y");
    term.wait_for("completed");
    let deeds = systems.sandbox.deeds();
    assert!(deeds.contains_key("vtiger Contacts created"), "{deeds:?}");
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn watching_a_sync_takes_few_bytes() {
    let systems = Systems::start(300);
    systems.sandbox.slow_writes(Duration::from_millis(25));
    let data = tempfile::tempdir().unwrap();
    systems.apply(data.path(), "");
    let mut term = open(&data);
    term.wait_for("s Sync Now");
    term.press("s");
    term.wait_for("writing");
    std::thread::sleep(Duration::from_secs(1));
    let (before, begun) = (term.bytes(), Instant::now());
    std::thread::sleep(Duration::from_secs(4));
    let seconds = begun.elapsed().as_secs_f64();
    let rate = (term.bytes() - before) as f64 / seconds;
    let frames = term.sent(before).matches("\x1b[?2026h").count() as f64 / seconds;
    let screen = term.screen();
    assert!(screen.contains("c cancel") || screen.contains("writing"), "it goes on: {screen}");
    println!("{rate:.0} bytes a second");
    assert!(rate > 0.0 && rate < 3_000.0, "{rate} bytes a second");
    assert!(frames <= 10.0, "{frames} pictures a second");
    // The screens answer at once while it runs.
    for (key, shown) in [("?", "┌ Keys"), ("\x1b", "c cancel"), ("2", "Connection")] {
        let pressed = Instant::now();
        term.press(key);
        term.wait_for(shown);
        assert!(pressed.elapsed() < Duration::from_secs(1), "{key}: {:?}", pressed.elapsed());
    }
    term.press("1");
    term.press("c");
    term.wait_for("cancelled");
    term.press("q");
    assert_eq!(term.ended(), 0);
}
