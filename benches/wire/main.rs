//! How near the program is to the limit of the wire: a first pull with nothing to write (*read*), a
//! first sync up to the guard (*pull*) and beyond it (*create*), one of a new store with both sides
//! filled (*link*), one without changes (*same*) and one with few (*few*), each beside a bare client
//! that only does the same requests; and what the sandbox alone can do for many clients (*load*).
//!
//! `cargo bench --bench wire` prints one table for each number of records and each latency:
//! records a second, the ratio to the bare client, peak memory, requests, commits, bytes on the
//! wire, and the processor time that the program and the sandbox took for a record. Options, after
//! `--`: `--records 10000,100000`, `--latency 0,50` (milliseconds),
//! `--only load,read,pull,create,link,same,few`.
//!
//! Sandbox, bare client and program are processes of their own; this one runs itself as the first
//! two.

mod bare;
mod child;
mod server;
mod table;

use child::{Ran, fail};
use serde_json::Value;
use server::{Server, Traffic};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use syncdeck::store::Store;
use table::{Row, Table};

/// What is measured, in this order: each step begins with what the one before left.
const STEPS: [&str; 7] = ["load", "read", "pull", "create", "link", "same", "few"];
/// How many creates the guard lets pass.
const GUARD: u64 = 500;
const NO_GUARD: u64 = 100_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--serve") => server::serve(&arguments[1..]),
        Some("--bare") => bare::run(&arguments[1..]),
        _ => measure(&Options::read(&arguments)),
    }
}

/// What was asked for.
struct Options {
    records: Vec<u64>,
    latency: Vec<u64>,
    only: BTreeSet<String>,
}

impl Options {
    fn read(arguments: &[String]) -> Self {
        let value = |name: &str| {
            let at = arguments.iter().position(|a| a == name)?;
            arguments.get(at + 1).cloned()
        };
        let numbers = |name: &str, otherwise: &str| -> Vec<u64> {
            let text = value(name).unwrap_or_else(|| otherwise.to_owned());
            let read = |n: &str| n.parse().unwrap_or_else(|_| fail(&format!("{name} {text}")));
            text.split(',').map(read).collect()
        };
        let only = value("--only").unwrap_or_else(|| STEPS.join(","));
        Self {
            records: numbers("--records", "10000,100000"),
            latency: numbers("--latency", "0"),
            only: only.split(',').map(str::to_owned).collect(),
        }
    }
}

fn measure(options: &Options) {
    for &records in &options.records {
        for &latency in &options.latency {
            let mut table = Table::new(records, latency);
            world(records, latency, &options.only, &mut table);
            table.print();
        }
    }
}

/// One sandbox from its first sync on.
fn world(records: u64, latency: u64, only: &BTreeSet<String>, table: &mut Table) {
    let wanted = |step: &str| only.contains(step);
    let folder = tempfile::tempdir().unwrap_or_else(|e| fail(&e.to_string()));
    let mut server = Server::start(records, latency);
    if wanted("load") {
        let mut other = Server::with_threads(records, latency, 2);
        for what in ["pages", "creates"] {
            let load = other.watch(|s| Ran::bare(&[what, &s.keys.to_string()]));
            table.push(Row::load(what, &load));
        }
    }
    if wanted("read") {
        let bare = server.watch(|s| Ran::bare(&["whole", &s.keys.to_string()]));
        let read = bare.0.records();
        table.push(Row::bare("read", &bare));
        let apart = folder.path().join("read");
        let pulled = server.watch(|s| sync_to(s, &apart, NO_GUARD, "to-service"));
        nothing_written(&pulled.0.out);
        table.push(Row::program("read", &pulled, read));
    }
    if only.iter().all(|step| matches!(step.as_str(), "load" | "read")) {
        return;
    }
    if wanted("pull") {
        let bare = server.watch(|s| Ran::bare(&["whole", &s.keys.to_string()]));
        let read = bare.0.records();
        table.push(Row::bare("pull", &bare));
        let held = server.watch(|s| sync(s, &folder.path().join("held"), GUARD));
        table.push(Row::program("pull", &held, read));
        held_all(&held, read);
    }
    if wanted("create") {
        // The bare client first, in a world of its own.
        let mut other = Server::start(records, latency);
        let bare = other.watch(|s| Ran::bare(&["create", &s.keys.to_string()]));
        table.push(Row::bare("create", &bare));
    }
    if only.iter().all(|step| matches!(step.as_str(), "load" | "read" | "pull")) {
        return;
    }
    let create = server.watch(|s| sync(s, &folder.path().join("first"), NO_GUARD));
    if wanted("create") {
        table.push(Row::program("create", &create, created(&create.0.out)));
    }
    if wanted("link") {
        let bare = server.watch(|s| Ran::bare(&["both", &s.keys.to_string()]));
        let read = bare.0.records();
        table.push(Row::bare("link", &bare));
        let link = server.watch(|s| sync(s, &folder.path().join("second"), NO_GUARD));
        linked_all(&link.0.out, read);
        table.push(Row::program("link", &link, read));
    }
    if wanted("same") || wanted("few") {
        // Once more sees what the creates have made in Vtiger; only then is all quiet.
        server.rest();
        sync(&server, &folder.path().join("first"), NO_GUARD);
    }
    if wanted("same") {
        let bare = server.watch(|s| Ran::bare(&["narrow", &s.keys.to_string()]));
        let read = bare.0.records();
        table.push(Row::bare("same", &bare));
        let same = server.watch(|s| sync(s, &folder.path().join("first"), NO_GUARD));
        compared_all(&same.0.out, read);
        table.push(Row::program("same", &same, read));
    }
    if wanted("few") {
        let edited = server.edit(100);
        let few = server.watch(|s| sync(s, &folder.path().join("first"), NO_GUARD));
        table.push(Row::program("few", &few, updated(&few.0.out)));
        if updated(&few.0.out) != edited {
            fail(&format!("{edited} edits, but {}", few.0.out));
        }
    }
}

/// Connects the sandbox, if that was not done yet, and syncs from the shop.
fn sync(server: &Server, folder: &Path, guard: u64) -> Ran {
    sync_to(server, folder, guard, "to-vtiger")
}

/// [`sync`] in a direction.
fn sync_to(server: &Server, folder: &Path, guard: u64, direction: &str) -> Ran {
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_syncdeck"));
        command.env_remove("SYNCDECK_DATA_DIR").env("TZ", "UTC");
        command.arg("--data-dir").arg(folder).args(arguments);
        command
    };
    if !folder.exists() {
        let settings = folder.with_extension("toml");
        std::fs::write(&settings, server.settings(guard, direction))
            .unwrap_or_else(|e| fail(&e.to_string()));
        Ran::of(program(&["apply", &settings.to_string_lossy()]));
    }
    let before = commits(folder);
    let mut ran = Ran::of(program(&["sync", "--json"]));
    ran.commits = Some(commits(folder) - before);
    ran
}

/// The commits that the store below a folder counts.
fn commits(folder: &Path) -> u64 {
    let path = folder.join("syncdeck.redb");
    let store = Store::open(&path).unwrap_or_else(|e| fail(&format!("{}: {e}", path.display())));
    *store.generation().borrow()
}

fn sum(out: &Value, side: &str, number: &str) -> u64 {
    let modules = out[0]["modules"].as_array().map(Vec::as_slice).unwrap_or_default();
    modules.iter().filter_map(|m| m[side][number].as_u64()).sum()
}

fn created(out: &Value) -> u64 {
    sum(out, "vtiger", "created")
}

fn updated(out: &Value) -> u64 {
    sum(out, "vtiger", "updated")
}

fn nothing_written(out: &Value) {
    let all = ["created", "updated", "deleted"];
    if all.iter().any(|n| sum(out, "vtiger", n) + sum(out, "service", n) > 0) {
        fail(&format!("a sync without changes wrote: {out}"));
    }
}

/// The guard has to have held the creates of all that the bare client read.
fn held_all((ran, traffic): &(Ran, Traffic), read: u64) {
    let out = &ran.out;
    if traffic.requests.keys().any(|name| name.contains("create")) {
        fail(&format!("the guard let creates pass: {out}"));
    }
    let planned = out[0]["held"]["counts"]["contacts.vtiger.created"].as_u64().unwrap_or(0);
    // What has no name would not be created.
    if planned > read || planned < read * 95 / 100 {
        fail(&format!("{read} records read, but {planned} planned: {out}"));
    }
}

/// The program has to have compared what the bare client read.
fn compared_all(out: &Value, read: u64) {
    nothing_written(out);
    let modules = out[0]["modules"].as_array().map(Vec::as_slice).unwrap_or_default();
    let same: u64 = modules.iter().filter_map(|m| m["unchanged"].as_u64()).sum();
    // What has no name stands among the skipped.
    if same > read || same < read * 95 / 100 {
        fail(&format!("{read} records read, but {same} compared: {out}"));
    }
}

/// The program has to have linked what the bare client read.
fn linked_all(out: &Value, read: u64) {
    nothing_written(out);
    let modules = out[0]["modules"].as_array().map(Vec::as_slice).unwrap_or_default();
    let linked: u64 = modules.iter().filter_map(|m| m["linked"].as_u64()).sum();
    // What has no name was not created in Vtiger, so it is read on one side only.
    if linked * 2 > read || linked * 2 < read * 95 / 100 {
        fail(&format!("{read} records read, but {linked} linked: {out}"));
    }
}
