//! Ctrl-Z in a terminal with a shell: a stopped process keeps nobody from the store, and goes on
//! where it was.

use crate::cli::bench::{Deck, PROGRAM, Sandbox, Settings};
use crate::tui_pty::Term;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A shell with job control.
fn shell() -> Term {
    let mut term = Term::of("/bin/sh", &["-i"]);
    // What is typed shows too; the two halves come together only in the output.
    term.press("set -m; echo rea''dy\n");
    term.wait_for("ready");
    term
}

/// Another process writes, at once; a stopped one in a transaction would cost it eight seconds.
fn another_one_writes(deck: &Deck, command: &str) {
    let begun = Instant::now();
    deck.run(&["connector", command, "shop"]).exits(0);
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}

fn is_stopped(screen: &str) -> bool {
    screen.contains("Stopped") || screen.contains("Suspended")
}

#[test]
fn a_sync_that_is_stopped_keeps_nobody_from_the_store_and_goes_on() {
    let sandbox = Sandbox::start(&["--records", "200", "--latency", "60"]);
    let deck = Deck::new();
    deck.apply(&Settings::of(&sandbox).text()).exits(0);
    let data = deck.path("data");
    let mut term = shell();
    term.press(&format!("{PROGRAM} --data-dir {} sync shop --yes\n", data.display()));
    term.wait_for("writing");
    for command in ["disable", "enable"] {
        term.press("\x1a");
        term.wait("Stopped", is_stopped);
        another_one_writes(&deck, command);
        term.press("clear; fg; echo rc=$?\n");
        term.wait("the sync again", |screen| !is_stopped(screen));
        sleep(Duration::from_millis(300));
    }
    term.wait_for("rc=3");
    // Nothing was lost by it, and nothing made twice.
    let quiet = deck.run(&["sync", "shop", "--json"]).exits(0).json();
    for module in quiet["modules"].as_array().unwrap() {
        for side in ["vtiger", "service"] {
            let written = ["created", "updated", "deleted"].map(|n| module[side][n].clone());
            assert_eq!(written, [0, 0, 0], "{quiet}");
        }
    }
}

#[test]
fn the_screens_are_stopped_and_come_back() {
    let sandbox = Sandbox::start(&["--records", "30"]);
    let deck = Deck::new();
    deck.apply(&Settings::of(&sandbox).text()).exits(0);
    let mut term = shell();
    term.press(&format!("{PROGRAM} --data-dir {}\n", deck.path("data").display()));
    term.wait_for("No run yet");
    term.press("s");
    sleep(Duration::from_millis(100));
    term.press("\x1a");
    term.wait("Stopped", is_stopped);
    another_one_writes(&deck, "disable");
    another_one_writes(&deck, "enable");
    term.press("fg; echo rc=$?\n");
    term.wait_for("completed");
    // The end of the run is in the store a moment before the program has heard of it.
    sleep(Duration::from_secs(1));
    term.press("q");
    term.wait_for("rc=0");
}

#[test]
fn without_a_shell_to_go_back_to_it_does_not_stop() {
    let mut term = Term::start(&["demo", "--records", "10"]);
    term.wait_for("Sync Now");
    term.press("\x1a");
    term.wait_for("no shell to go back to");
    term.press("q");
    assert_eq!(term.ended(), 0);
    assert!(term.is_whole());
}

/// Faults of the program that were noted.
fn faults(deck: &Deck) -> Vec<String> {
    let names =
        std::fs::read_dir(deck.path("data")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|n| n.starts_with("crash")).collect()
}

#[test]
fn a_line_that_breaks_calls_off_what_runs_and_ends_the_screens() {
    let sandbox = Sandbox::start(&["--records", "200", "--latency", "60"]);
    let deck = Deck::new();
    deck.apply(&Settings::of(&sandbox).text()).exits(0);
    let data = deck.path("data");
    let data = data.to_str().unwrap();
    let open = || Term::start(&["--data-dir", data]);
    let mut idle = open();
    idle.wait_for("No run yet");
    idle.hang_up();
    idle.ended();
    assert_eq!(faults(&deck), [""; 0]);
    let mut busy = open();
    busy.wait_for("No run yet");
    busy.press("s");
    busy.wait_for("writing");
    busy.hang_up();
    busy.ended();
    assert_eq!(faults(&deck), [""; 0]);
    let log = deck.run(&["log", "--json"]).exits(0).json();
    assert_eq!(log[0]["status"], "cancelled", "{log}");
    let sync = ["--data-dir", data, "sync", "shop", "--yes"];
    let mut line = Term::start(&sync);
    line.wait_for("writing");
    line.hang_up();
    line.ended();
    let log = deck.run(&["log", "--json"]).exits(0).json();
    assert_eq!(log[0]["status"], "cancelled", "{log}");
    // Whoever is to outlive its terminal does.
    let args = ["-c", "trap '' HUP; exec \"$@\"", "sh", PROGRAM];
    let mut lasting = Term::of("/bin/sh", &[&args[..], &sync[..]].concat());
    lasting.wait_for("writing");
    lasting.hang_up();
    lasting.ended();
    let log = deck.run(&["log", "--json"]).exits(0).json();
    assert_eq!(log[0]["status"], "completed", "{log}");
    // What was begun is there once.
    let quiet = deck.run(&["sync", "shop", "--json"]).exits(0).json();
    for module in quiet["modules"].as_array().unwrap() {
        assert_eq!(module["vtiger"]["created"], 0, "{quiet}");
    }
}
