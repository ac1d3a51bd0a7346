//! A store with a long list and the whole program over it: opened, gone through, filtered, sorted,
//! given up, written to a file. `SYNCDECK_ROWS=1000000` makes the list longer.

#[path = "../../benches/interface/deck.rs"]
#[allow(dead_code, reason = "shared with a measurement that needs more")]
mod deck;

use crate::tui_pty::Term;
use std::path::Path;
use syncdeck::model::{Crm, RunStatus, SecretText, Stamp};
use syncdeck::store::{Batch, Change, Store};

fn rows() -> u64 {
    std::env::var("SYNCDECK_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(30_000)
}

/// A store with one run that made so many records.
fn fill(data: &Path, rows: u64) {
    let store = Store::open(&data.join("syncdeck.redb")).unwrap();
    let crm = Crm {
        url: "https://crm.example.com/webservice.php".into(),
        username: "sync".into(),
        access_key: SecretText::Reference("env:CRM_KEY".into()),
        allow_http: false,
        ca_file: None,
    };
    store.commit_blocking(Change::PutCrm(crm).into()).unwrap();
    store.commit_blocking(Change::PutConnector(Box::new(deck::connector())).into()).unwrap();
    let started = Stamp::parse("2026-11-20T12:00:00Z").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = runtime.block_on(store.start_run(deck::run(started))).unwrap();
    for from in (0..rows).step_by(5_000) {
        let mut batch = Batch::new();
        for n in from..rows.min(from + 5_000) {
            batch.push(Change::AddItem(run, Box::new(deck::outcome(n, started))));
        }
        store.commit_blocking(batch).unwrap();
    }
    let (status, ended) = (RunStatus::Completed, Some(started));
    let end = Change::EndRun { run, status, ended, held: None, error: None };
    store.commit_blocking(end.into()).unwrap();
}

/// The most memory that the program ever had, in megabytes.
fn peak(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

fn thousands(n: u64) -> String {
    format!("{},{:03}", n / 1_000, n % 1_000)
}

#[test]
fn a_long_list_is_gone_through_filtered_sorted_and_written() {
    let rows = rows();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fill(&data, rows);
    let mut term = Term::start(&["--data-dir", data.to_str().unwrap()]);
    term.wait_for(&format!("[{}]", thousands(rows)));
    let row =
        |n: u64| format!("row {} of {}", thousands(n), thousands(rows)).replace("row 0,", "row ");
    term.press("\r");
    term.wait_for("row 1 of");
    term.press("G");
    term.wait("the last row", |screen| {
        screen.contains(&row(rows)) && screen.contains("▸customers")
    });
    term.press("\x15k");
    term.wait("another row", |screen| !screen.contains(&row(rows)));

    // The cursor follows its record into the other order, in which it is somewhere else.
    term.press("g");
    term.wait_for("row 1 of");
    term.press("/id:12x1000007\r");
    let screen = term.wait_for(&format!("row 1 of 1/{}", thousands(rows)));
    // The seventh has this id in the shop.
    assert!(screen.contains("▸customers") && screen.contains("49999993"), "{screen}");
    term.press("\x1b");
    term.wait_for(&format!("row 8 of {}", thousands(rows)));
    term.press(">>");
    let screen = term.wait("sorted by name", |screen| {
        screen.contains("Record Name▲")
            && screen.contains(&format!("of {}", thousands(rows)))
            && !screen.contains("sorting ")
            && !screen.contains("looking through")
            && screen.lines().any(|line| line.contains("▸") && line.contains("49999993"))
    });
    assert!(!screen.contains("row 1 of") && !screen.contains("row 8 of"), "{screen}");

    // Another order is given up, and the one before stays.
    term.press("<");
    term.press("\x1b");
    term.wait("by name again", |screen| {
        screen.contains("Record Name▲") && !screen.contains("Source Module▲")
    });

    let file = folder.path().join("all.csv");
    term.press("x");
    term.wait_for("Download as CSV");
    term.press(&format!("\x15{}\r", file.display()));
    term.wait_for("rows written to");
    let mut csv = csv::Reader::from_path(&file).unwrap();
    let names: Vec<String> =
        csv.records().map(|record| record.unwrap()[1].to_lowercase()).collect();
    assert_eq!(names.len() as u64, rows);
    assert!(names.is_sorted(), "exactly as shown");

    let peak = peak(term.id());
    assert!(peak < 100, "{peak} MB: a debug build needs some forty of them for itself");
    term.press("q");
    term.wait_for("1 Log");
    term.press("q");
    assert_eq!(term.ended(), 0);
}
