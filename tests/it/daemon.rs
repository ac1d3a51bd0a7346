//! `syncdeck daemon`, the real program: by the clock and at once, under systemd, ended and killed,
//! two of them on one store.

use crate::cli::bench::{Deck, Sandbox, Settings};
use crate::cli::systems::CrmUser;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use syncdeck::store::Store;

/// The longest that anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A daemon, what it has said on standard error, and the runs on standard output.
struct Daemon {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    printed: Arc<Mutex<Vec<String>>>,
}

/// Collects what comes, line by line.
fn collect(from: impl Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let all = Arc::<Mutex<Vec<String>>>::default();
    let (lines, heard) = (BufReader::new(from).lines(), all.clone());
    std::thread::spawn(move || {
        lines.map_while(Result::ok).for_each(|line| heard.lock().unwrap().push(line));
    });
    all
}

impl Daemon {
    fn start(deck: &Deck, environment: &[(&str, &str)]) -> Self {
        let mut command = deck.command(&["daemon", "--json"]);
        command.env_remove("NOTIFY_SOCKET").envs(environment.iter().copied());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = collect(child.stderr.take().unwrap());
        let printed = collect(child.stdout.take().unwrap());
        Self { child, said, printed }
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    /// Waits until it has said a text so often.
    fn says(&self, text: &str, times: usize) {
        until(text, || self.said().matches(text).count() >= times, || self.said());
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it, and answers its exit code.
    fn end(mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(started.elapsed() < PATIENCE, "it goes on: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn until(what: &str, is: impl Fn() -> bool, tell: impl Fn() -> String) {
    let started = Instant::now();
    while !is() {
        assert!(started.elapsed() < PATIENCE, "\"{what}\" did not come: {}", tell());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A deck whose connector is synced every minute.
fn by_the_clock(sandbox: &Sandbox) -> Deck {
    let deck = Deck::new();
    let text = Settings::of(sandbox).text();
    deck.apply(&text.replace("sync_from", "frequency = \"1m\"\nsync_from")).exits(0);
    deck
}

/// A deck whose connector is synced as soon as something changes.
fn at_once(sandbox: &Sandbox) -> Deck {
    let deck = Deck::new();
    let mut settings = Settings::of(sandbox);
    settings.advanced = "probe_interval = \"5s\"";
    let text = settings.text();
    let text = text.replace("enabled = true\n", "enabled = true\nmode = \"immediately\"\n");
    let applied = deck.apply(&text).exits(0);
    assert!(!applied.err.contains("warning"), "{applied:?}");
    deck
}

/// The log, newest first.
fn log(deck: &Deck) -> Vec<Value> {
    let log = deck.run(&["log", "shop", "--json"]).exits(0).json();
    log.as_array().unwrap().clone()
}

fn ended(deck: &Deck) -> Vec<Value> {
    log(deck).into_iter().filter(|run| run["status"] == "completed").collect()
}

fn modules(run: &Value) -> Vec<&str> {
    run["modules"].as_array().unwrap().iter().map(|m| m["module"].as_str().unwrap()).collect()
}

fn written(run: &Value) -> u64 {
    let sides =
        run["modules"].as_array().unwrap().iter().flat_map(|m| [&m["vtiger"], &m["service"]]);
    sides
        .flat_map(|side| ["created", "updated", "deleted"].map(|n| side[n].as_u64().unwrap()))
        .sum()
}

/// No run of a list began before the one before had ended.
fn assert_apart(runs: &[Value]) {
    let text = |run: &Value, key: &str| run[key].as_str().unwrap_or("still running").to_owned();
    for two in runs.windows(2) {
        assert!(text(&two[1], "ended") <= text(&two[0], "started"), "{two:?}");
    }
}

/// A socket like systemd's, which is read all the time.
struct Ear {
    heard: Receiver<String>,
    _folder: tempfile::TempDir,
    path: String,
}

impl Ear {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let (said, heard) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok(length) = socket.recv(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                if said.send(text).is_err() {
                    return;
                }
            }
        });
        Self { heard, path: path.to_str().unwrap().to_owned(), _folder: folder }
    }

    /// The next message with this text.
    fn hears(&self, wanted: &str) -> String {
        loop {
            let text =
                self.heard.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("{wanted}: {e}"));
            if text.contains(wanted) {
                return text;
            }
        }
    }
}

#[test]
fn it_syncs_by_the_clock_and_tells_systemd() {
    let sandbox = Sandbox::start(&["--records", "30"]);
    let deck = by_the_clock(&sandbox);
    let ear = Ear::new();
    let environment = [("NOTIFY_SOCKET", ear.path.as_str()), ("WATCHDOG_USEC", "1000000")];
    let daemon = Daemon::start(&deck, &environment);
    assert!(ear.hears("READY=1").contains("1 connector"));
    ear.hears("WATCHDOG=1");
    daemon.says("sync of Products, Contacts began by the clock", 1);
    daemon.says("completed after", 1);
    ear.hears("STATUS=next shop at ");
    let first = log(&deck).remove(0);
    assert_eq!((&first["trigger"], &first["status"]), (&json!("schedule"), &json!("completed")));
    assert!(written(&first) > 0);
    // Settings that change while it runs are heard of, and SIGHUP is no harm.
    deck.run(&["connector", "disable", "shop"]).exits(0);
    ear.hears("STATUS=nothing is scheduled");
    daemon.signal(Signal::HUP);
    daemon.says("looked at again", 1);
    ear.hears("WATCHDOG=1");
    deck.run(&["connector", "enable", "shop"]).exits(0);
    ear.hears("STATUS=next shop at ");
    // The next one, a minute after the first.
    let second = Instant::now();
    daemon.says("completed after", 2);
    assert!(second.elapsed() > Duration::from_secs(5), "{}", daemon.said());
    let runs = log(&deck);
    assert_eq!((runs.len(), written(&runs[0])), (2, 0));
    assert_apart(&runs);
    // Each run is one line on standard output, the same as from `sync --json`.
    let printed = daemon.printed.clone();
    until("both runs", || printed.lock().unwrap().len() >= 2, || daemon.said());
    for (line, run) in printed.lock().unwrap().iter().zip(runs.iter().rev()) {
        let told: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&told["run"], &told["modules"]), (&run["run"], &run["modules"]), "{line}");
    }
    assert_eq!(daemon.end(Signal::TERM), Some(0));
    ear.hears("STOPPING=1");
}

#[test]
fn it_may_not_run_read_only() {
    let deck = Deck::new();
    let refused = deck.run(&["daemon", "--read-only"]).exits(2);
    assert!(refused.err.contains("The daemon is not possible with --read-only"), "{refused:?}");
}

fn open_intents(folder: &Path) -> usize {
    let store = Store::open(&folder.join("syncdeck.redb")).unwrap();
    store.read_blocking(|r| r.intents(r.connectors()?[0].id)).unwrap().len()
}

#[test]
fn sigterm_finishes_what_is_in_flight_and_the_next_daemon_goes_on_at_once() {
    let sandbox = Sandbox::start(&["--records", "120", "--latency", "100"]);
    let deck = by_the_clock(&sandbox);
    let daemon = Daemon::start(&deck, &[]);
    daemon.says("began by the clock", 1);
    until("a write", || log(&deck).first().is_some_and(|run| written(run) > 0), || daemon.said());
    assert_eq!(daemon.end(Signal::TERM), Some(0));
    assert_eq!(log(&deck)[0]["status"], "cancelled");
    assert_eq!(open_intents(&deck.path("data")), 0, "all that was sent is recorded");
    let started = Instant::now();
    let daemon = Daemon::start(&deck, &[]);
    daemon.says("began by the clock", 1);
    assert!(started.elapsed() < Duration::from_secs(30), "at once, not at the next period");
    daemon.says("completed after", 1);
    assert_eq!(daemon.end(Signal::INT), Some(0));
    let quiet = deck.run(&["sync", "shop", "--json"]).json();
    assert_eq!(written(&quiet), 0, "{quiet}");
}

#[test]
fn a_killed_daemon_frees_its_connector_at_once() {
    let sandbox = Sandbox::start(&["--records", "120", "--latency", "100"]);
    let deck = by_the_clock(&sandbox);
    let daemon = Daemon::start(&deck, &[]);
    until("a write", || log(&deck).first().is_some_and(|run| written(run) > 0), || daemon.said());
    deck.run(&["sync", "shop"]).exits(5);
    assert_eq!(daemon.end(Signal::KILL), None);
    assert_eq!(log(&deck)[0]["status"], "running", "nobody could tell");
    let daemon = Daemon::start(&deck, &[]);
    daemon.says("completed after", 1);
    let runs = log(&deck);
    assert_eq!(
        (&runs[0]["status"], &runs[1]["status"]),
        (&json!("completed"), &json!("interrupted"))
    );
    assert_eq!(daemon.end(Signal::TERM), Some(0));
    assert_eq!(open_intents(&deck.path("data")), 0);
    let quiet = deck.run(&["sync", "shop", "--json"]).json();
    assert_eq!(written(&quiet), 0, "{quiet}");
}

/// The ids of some contacts.
fn contacts(deck: &Deck, run: &Value) -> Vec<String> {
    let id = run["run"].to_string();
    let filter = ["--module", "contacts", "--status", "created", "--side", "service", "--json"];
    let rows = deck.run(&[&["records", &id], &filter[..]].concat()).exits(0).json();
    rows.as_array().unwrap().iter().map(|row| row["vtiger_id"].as_str().unwrap().into()).collect()
}

#[test]
fn two_daemons_sync_at_once_what_changed_and_share_the_work() {
    let sandbox = Sandbox::start(&["--records", "60"]);
    let deck = at_once(&sandbox);
    let daemons = [Daemon::start(&deck, &[]), Daemon::start(&deck, &[])];
    let tell = || format!("{}\n--\n{}", daemons[0].said(), daemons[1].said());
    let count = || ended(&deck).len();
    until("the first sync", || count() >= 1, tell);
    // Our own writes are seen once more, and then no more.
    std::thread::sleep(Duration::from_secs(14));
    let before = count();
    assert!(before <= 2, "{}", tell());
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!(count(), before, "a chain of syncs: {}", tell());
    let first = log(&deck).pop().unwrap();
    let contact = contacts(&deck, &first).remove(0);
    let crm = CrmUser::login(&sandbox);
    crm.revise(&contact, json!({"mailingcity": "Changed at once"}));
    until("the edit", || ended(&deck).iter().filter(|run| written(run) > 0).count() >= 2, tell);
    let runs = ended(&deck);
    let edit = runs.iter().find(|run| written(run) > 0).unwrap();
    assert_eq!(edit["trigger"], "immediate");
    assert_eq!(modules(edit), ["Contacts"], "only what changed");
    assert_eq!(written(edit), 1);
    std::thread::sleep(Duration::from_secs(14));
    let after = count();
    assert!(after <= before + 2, "one sync, and one that sees our own write: {}", tell());
    let runs = log(&deck);
    assert!(runs.iter().all(|run| run["status"] == "completed"), "{runs:?}");
    assert_apart(&runs);
    // Nothing is synced only because the daemon starts anew.
    for daemon in daemons {
        assert_eq!(daemon.end(Signal::TERM), Some(0));
    }
    let daemon = Daemon::start(&deck, &[]);
    std::thread::sleep(Duration::from_secs(8));
    assert_eq!(count(), after, "{}", daemon.said());
    assert_eq!(daemon.end(Signal::TERM), Some(0));
}

#[test]
fn a_held_run_stops_the_schedule_until_a_person_decides() {
    let sandbox = Sandbox::start(&["--records", "40"]);
    let deck = Deck::new();
    let mut settings = Settings::of(&sandbox);
    settings.advanced = "guard_creates = 1\nprobe_interval = \"5s\"";
    let text =
        settings.text().replace("enabled = true\n", "enabled = true\nmode = \"immediately\"\n");
    deck.apply(&text).exits(0);
    let daemon = Daemon::start(&deck, &[]);
    daemon.says("held", 1);
    let held = log(&deck)[0]["run"].to_string();
    std::thread::sleep(Duration::from_secs(12));
    assert_eq!(log(&deck).len(), 1, "it waits: {}", daemon.said());
    deck.run(&["sync", "shop", "--confirm", &held]).exits(3);
    // What the person did is no reason for more than one look of the schedule's own.
    until("a sync after it", || ended(&deck).len() == 2, || daemon.said());
    assert_eq!(written(&log(&deck)[0]), 0);
    // A connector that goes away goes quietly.
    deck.run(&["connector", "remove", "shop", "--yes"]).exits(0);
    std::thread::sleep(Duration::from_secs(7));
    let said = daemon.said();
    assert!(!said.contains("did not start") && !said.contains("cannot look"), "{said}");
    assert_eq!(daemon.end(Signal::TERM), Some(0));
}
