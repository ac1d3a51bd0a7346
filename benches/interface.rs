//! The interface on a store of a million outcomes: how long everything takes that a person waits
//! for, what it costs in memory, and what the store needs on disk.
//!
//! `cargo bench --bench interface -- --records 1000000`, and `--only write,open,kill,start,keys,
//! list,export,idle,log,prune` for some parts. The program is started in a pseudo-terminal of
//! 200 × 60; processor time and memory are read from `/proc`, so it runs on Linux only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a measurement that fails stops"
)]

#[path = "interface/deck.rs"]
mod deck;
#[path = "interface/disk.rs"]
mod disk;
#[path = "interface/process.rs"]
mod process;
#[path = "interface/screen.rs"]
mod screen;
#[path = "interface/terminal.rs"]
mod terminal;

use std::path::PathBuf;

/// The parts, in the order in which they are measured.
const PARTS: [&str; 10] =
    ["write", "open", "kill", "start", "keys", "list", "export", "idle", "log", "prune"];

/// What was asked for.
pub struct Plan {
    pub records: u64,
    pub runs: u64,
    pub parts: Vec<String>,
    pub folder: PathBuf,
}

impl Plan {
    pub fn has(&self, part: &str) -> bool {
        self.parts.iter().any(|p| p == part)
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let temporary = tempfile::tempdir().unwrap();
    let mut plan = Plan {
        records: 1_000_000,
        runs: 20_000,
        parts: PARTS.map(str::to_owned).to_vec(),
        folder: temporary.path().to_owned(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("the option takes a value");
        match argument.as_str() {
            "--records" => plan.records = value().parse().expect("a number of records"),
            "--runs" => plan.runs = value().parse().expect("a number of runs"),
            "--only" => plan.parts = value().split(',').map(str::to_owned).collect(),
            // A store made before with `--keep`, or to be kept.
            "--keep" => plan.folder = PathBuf::from(value()),
            "--write-until-killed" => return disk::write_until_killed(&PathBuf::from(value())),
            "--bench" => {}
            other => panic!("there is no option {other}; the parts are {}", PARTS.join(", ")),
        }
    }
    if let Some(unknown) = plan.parts.iter().find(|part| !PARTS.contains(&part.as_str())) {
        panic!("there is no part {unknown}; there are {}", PARTS.join(", "));
    }
    println!("| what | result |\n|---|---|");
    disk::write(&plan);
    disk::open(&plan);
    disk::kill(&plan);
    screen::start(&plan);
    screen::keys(&plan);
    screen::list(&plan);
    screen::export(&plan);
    screen::idle(&plan);
    screen::log(&plan);
    disk::prune(&plan);
}

/// Prints a line of the table.
pub fn tell(what: &str, result: impl std::fmt::Display) {
    println!("| {what} | {result} |");
}

/// The middle one of some measurements, and the longest.
pub fn spread(mut all: Vec<f64>) -> (f64, f64) {
    all.sort_by(f64::total_cmp);
    (all[all.len() / 2], all[all.len() - 1])
}
