//! The printed table.

use super::child::Ran;
use super::server::Traffic;
use std::collections::BTreeMap;
use std::time::Duration;

const BARE: &str = "bare";
const PROGRAM: &str = "syncdeck";

/// What one process did in one step.
pub struct Row {
    step: &'static str,
    who: &'static str,
    records: u64,
    took: Duration,
    cpu: Duration,
    memory: u64,
    requests: BTreeMap<String, u64>,
    commits: Option<u64>,
    bytes: u64,
    server: Duration,
}

impl Row {
    fn new(
        step: &'static str,
        who: &'static str,
        (ran, traffic): &(Ran, Traffic),
        records: u64,
    ) -> Self {
        Self {
            step,
            who,
            records,
            took: ran.took,
            cpu: ran.cpu,
            memory: ran.memory,
            requests: traffic.requests.clone(),
            commits: ran.commits,
            bytes: traffic.bytes,
            server: traffic.cpu,
        }
    }

    /// The bare client's.
    pub fn bare(step: &'static str, ran: &(Ran, Traffic)) -> Self {
        Self::new(step, BARE, ran, ran.0.records())
    }

    /// What the sandbox does when it is asked for so much as it can give.
    pub fn load(what: &'static str, ran: &(Ran, Traffic)) -> Self {
        Self::new("load", what, ran, ran.0.records())
    }

    /// The program's, for so many records.
    pub fn program(step: &'static str, ran: &(Ran, Traffic), records: u64) -> Self {
        Self::new(step, PROGRAM, ran, records)
    }

    #[allow(clippy::cast_precision_loss)]
    fn rate(&self) -> f64 {
        self.records as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

/// All rows of one world.
pub struct Table {
    records: u64,
    latency: u64,
    rows: Vec<Row>,
}

impl Table {
    /// Empty.
    pub fn new(records: u64, latency: u64) -> Self {
        Self { records, latency, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Prints it.
    #[allow(clippy::cast_precision_loss)]
    pub fn print(&self) {
        println!("\n{} customers, {} ms of latency", self.records, self.latency);
        println!(
            "{:<8}{:<9}{:>9}{:>9}{:>10}{:>7}{:>8}{:>10}{:>9}{:>9}{:>8}{:>9}",
            "step",
            "who",
            "records",
            "seconds",
            "records/s",
            "ratio",
            "MiB",
            "requests",
            "commits",
            "MB wire",
            "µs cpu",
            "µs there"
        );
        for row in &self.rows {
            let bare = self.rows.iter().find(|other| other.who == BARE && other.step == row.step);
            let ratio = match bare {
                Some(bare) if row.who == PROGRAM => format!("{:.2}", row.rate() / bare.rate()),
                _ => String::new(),
            };
            let each = |time: Duration| time.as_secs_f64() * 1e6 / row.records.max(1) as f64;
            println!(
                "{:<8}{:<9}{:>9}{:>9.2}{:>10.0}{:>7}{:>8.1}{:>10}{:>9}{:>9.1}{:>8.1}{:>9.1}",
                row.step,
                row.who,
                row.records,
                row.took.as_secs_f64(),
                row.rate(),
                ratio,
                row.memory as f64 / 1024.0,
                row.requests.values().sum::<u64>(),
                row.commits.map(|n| n.to_string()).unwrap_or_default(),
                row.bytes as f64 / 1e6,
                each(row.cpu),
                each(row.server),
            );
        }
        println!("requests of the program:");
        for row in self.rows.iter().filter(|row| row.who == PROGRAM) {
            let all: Vec<String> = row.requests.iter().map(|(of, n)| format!("{of} {n}")).collect();
            println!("{:<8}{}", row.step, all.join(", "));
        }
    }
}
