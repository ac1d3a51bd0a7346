//! What a person at the keyboard waits for, and what it costs.

use crate::terminal::Term;
use crate::{Plan, deck, disk, spread, tell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use syncdeck::model::{Progress, Stamp};
use syncdeck::store::{Batch, Change, Store};

/// How often a key is pressed in turn.
const PRESSES: usize = 60;

fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// As the log has room for it.
fn short(n: u64) -> String {
    if n < 1_000_000 { number(n) } else { format!("{:.1} M", n as f64 / 1e6) }
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The first frame: from the start of the process until the log with its numbers stands.
pub fn start(plan: &Plan) {
    if !plan.has("start") {
        return;
    }
    let mut peak = 0;
    let mut work = Vec::new();
    let times = (0..9).map(|_| {
        let term = Term::start(plan);
        term.wait("the log", |screen| screen.contains(&short(plan.records)));
        let took = term.started.elapsed();
        work.push(term.worked().1 as f64 / 1e6);
        term.settle();
        peak = peak.max(term.peak());
        term.end();
        took.as_secs_f64() * 1e3
    });
    let (middle, longest) = spread(times.collect());
    let (work, _) = spread(work);
    tell(
        "start to first full frame",
        format!("{middle:.1} ms, at most {longest:.1} ms; {work:.1} ms of work"),
    );
    tell("memory after the start", format!("{:.1} MB", mb(peak)));
}

/// Opens the list of all records.
fn open_list(plan: &Plan) -> Term {
    let mut term = Term::start(plan);
    let all = short(plan.records);
    term.wait("the log", |screen| screen.contains(&all));
    term.settle();
    // The newest run is selected; go down to the large one.
    let row = |screen: &str| screen.lines().any(|line| line.contains(&format!("[{all}]")));
    for _ in 0..40 {
        if row(&term.screen()) {
            break;
        }
        let frames = term.frames();
        term.press("j");
        term.wait_for_frame(frames);
        term.settle();
    }
    term.press("\r");
    let shown = format!("row 1 of {}", number(plan.records));
    term.wait(&shown, |screen| screen.contains(&shown));
    term.settle();
    term
}

/// Another process that writes outcomes as a sync does.
struct Sync {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Sync {
    fn start(plan: &Plan) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let store = Store::open(&disk::data(plan).join("syncdeck.redb")).unwrap();
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let run = disk::start_run(&store, deck::run(Stamp::now()));
            let mut done = 0;
            while !stopped.load(Ordering::SeqCst) {
                let mut batch = Batch::new();
                for n in done..done + 100 {
                    batch.push(Change::AddItem(run, Box::new(deck::outcome(n, Stamp::now()))));
                }
                done += 100;
                let progress = Progress { step: "writing".into(), done, ..Progress::default() };
                let progress = Some(progress);
                batch.push(Change::Progress { run, progress, requests: done, retries: 0 });
                store.commit_blocking(batch).unwrap();
                thread::sleep(Duration::from_millis(50));
            }
            let (status, ended) = (syncdeck::model::RunStatus::Completed, Some(Stamp::now()));
            let end = Change::EndRun { run, status, ended, held: None, error: None };
            store.commit_blocking(end.into()).unwrap();
            done
        });
        Self { stop, thread }
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

/// Keys in a list of all records, while a sync writes.
pub fn keys(plan: &Plan) {
    if !plan.has("keys") {
        return;
    }
    for syncing in [false, true] {
        let mut term = open_list(plan);
        let sync = syncing.then(|| Sync::start(plan));
        let with = if syncing { ", while a sync writes" } else { "" };
        for (name, pair) in [
            ("line", ["j", "k"]),
            ("half page", ["\x04", "\x15"]),
            ("page", ["\x06", "\x06"]),
            ("end and start", ["G", "g"]),
        ] {
            let mut waits = Vec::new();
            let (mut first, mut all, mut bytes) = (0, 0, 0);
            for press in 0..PRESSES {
                let (frames, before, sent) = (term.frames(), term.worked(), term.bytes());
                let since = Instant::now();
                term.press(pair[press % 2]);
                term.wait_for_frame(frames);
                waits.push(since.elapsed().as_secs_f64() * 1e3);
                // What the key still causes: rows that are read and come into the frame.
                thread::sleep(Duration::from_millis(30));
                let after = term.worked();
                first += after.0 - before.0;
                all += after.1 - before.1;
                bytes += term.bytes() - sent;
            }
            let each = |nanos: u64| nanos as f64 / PRESSES as f64 / 1e6;
            let (middle, longest) = spread(waits);
            tell(
                &format!("{name}{with}"),
                format!(
                    "{:.2} ms of work in the thread that draws, {:.2} ms in all; key to frame \
                     {middle:.1} ms, at most {longest:.1} ms; {} bytes",
                    each(first),
                    each(all),
                    bytes / PRESSES as u64
                ),
            );
        }
        let written = sync.map(Sync::end);
        let note = written.map(|n| format!(" ({n} outcomes were written)")).unwrap_or_default();
        tell(&format!("memory{with}"), format!("{:.1} MB{note}", mb(term.peak())));
        term.end();
    }
}

/// Waits for a list to be filtered or sorted; keys are pressed meanwhile.
fn made(term: &mut Term, keys: &str, shown: impl Fn(&str) -> bool) -> (Duration, Vec<f64>) {
    let busy = |screen: &str| screen.contains("looking through") || screen.contains("sorting ");
    let since = Instant::now();
    term.press(keys);
    let mut waits = Vec::new();
    let ready = |screen: &str| !busy(screen) && shown(screen);
    let mut turn = ["j", "k"].iter().cycle();
    while !ready(&term.screen()) {
        let (frames, pressed) = (term.frames(), Instant::now());
        term.press(turn.next().unwrap());
        term.wait_for_frame(frames);
        waits.push(pressed.elapsed().as_secs_f64() * 1e3);
        thread::sleep(Duration::from_millis(20));
        assert!(since.elapsed() < Duration::from_secs(120), "{}", term.screen());
    }
    (since.elapsed(), waits)
}

fn meanwhile(waits: Vec<f64>) -> String {
    if waits.is_empty() {
        return "no key fell into it".into();
    }
    let count = waits.len();
    let (middle, longest) = spread(waits);
    format!("{count} keys meanwhile: {middle:.1} ms, at most {longest:.1} ms")
}

/// Filtering, sorting by each column, giving up.
pub fn list(plan: &Plan) {
    if !plan.has("list") {
        return;
    }
    let mut term = open_list(plan);
    for (name, filter) in
        [("a common name", "müller"), ("a rare name", "name:12345"), ("an id", "id:12x1000007")]
    {
        term.press("/");
        term.settle();
        let text = format!("{filter}\r");
        let (took, waits) = made(&mut term, &text, |s| s.contains(&format!("/{filter}")));
        tell(&format!("filter by {name}"), format!("{took:.2?}; {}", meanwhile(waits)));
        term.settle();
        term.press("\x1b");
        let all = format!(" of {} ", number(plan.records));
        term.wait("all rows", |s| s.contains(&all) && !s.contains(&format!("/{filter}")));
        term.settle();
    }
    tell("memory after filtering", format!("{:.1} MB", mb(term.peak())));
    for column in ["Source Module", "Record Name", "Vtiger", "WooCommerce", "Time"] {
        let sorted = format!("sorted by {column} ▲");
        let (took, waits) = made(&mut term, ">", |s| s.contains(&sorted));
        term.settle();
        tell(&format!("sort by {column}"), format!("{took:.2?}; {}", meanwhile(waits)));
    }
    let (took, _) = made(&mut term, "v", |s| s.contains("sorted by Time ▼"));
    tell("the other way round", format!("{took:.2?}"));
    term.press("\x1b");
    term.settle();
    let mut gone = Vec::new();
    term.press("<");
    thread::sleep(Duration::from_millis(300));
    let since = Instant::now();
    term.press("\x1b");
    term.wait("the list as it was", |s| !s.contains("looking through") && !s.contains("sorting "));
    gone.push(since.elapsed().as_secs_f64() * 1e3);
    tell("given up by Esc", format!("{:.1} ms", spread(gone).0));
    tell("memory after sorting", format!("{:.1} MB", mb(term.peak())));
    term.end();
}

/// A CSV file of all rows in another order, and of a filtered list.
pub fn export(plan: &Plan) {
    if !plan.has("export") {
        return;
    }
    let mut term = open_list(plan);
    let before = term.peak();
    let write = |term: &mut Term, what: &str, name: &str| {
        term.press("x");
        term.settle();
        term.press("\x15");
        term.press(name);
        term.settle();
        let since = Instant::now();
        term.press("\r");
        term.wait("the file", |s| s.contains("written to"));
        let took = since.elapsed();
        let bytes = std::fs::metadata(plan.folder.join(name)).unwrap().len();
        tell(what, format!("{:.1} MB in {took:.1?}", mb(bytes)));
        std::fs::remove_file(plan.folder.join(name)).unwrap();
        thread::sleep(Duration::from_secs(5));
    };
    write(&mut term, "CSV of all rows", "all.csv");
    made(&mut term, ">", |s| s.contains("sorted by Source Module ▲"));
    made(&mut term, ">", |s| s.contains("sorted by Record Name ▲"));
    term.settle();
    write(&mut term, "CSV of all rows, sorted by name", "sorted.csv");
    let peak = term.peak();
    tell("memory after the files", format!("{:.1} MB, {:.1} MB before", mb(peak), mb(before)));
    term.end();
}

/// Nothing happens.
pub fn idle(plan: &Plan) {
    if !plan.has("idle") {
        return;
    }
    let term = open_list(plan);
    thread::sleep(Duration::from_secs(2));
    let (bytes, before) = (term.bytes(), term.worked());
    thread::sleep(Duration::from_secs(10));
    let (after, sent) = (term.worked(), term.bytes() - bytes);
    let micros = |nanos: u64| nanos as f64 / 1e3 / 10.0;
    tell(
        "idle, each second",
        format!(
            "{:.0} µs of work, none of it ({:.0} µs) in the thread that draws; {sent} bytes in 10 s",
            micros(after.1 - before.1),
            micros(after.0 - before.0)
        ),
    );
    term.end();
}

/// The log of a connector with very many runs.
pub fn log(plan: &Plan) {
    if !plan.has("log") {
        return;
    }
    disk::add_runs(plan);
    let mut term = Term::start(plan);
    term.wait("the log", |screen| screen.contains("Contacts"));
    tell("start with many runs", format!("{:.1?}, {} runs", term.started.elapsed(), plan.runs));
    term.settle();
    for (name, keys, presses) in
        [("line", "j", 300), ("page", "\x06", 100), ("end", "G", 1), ("start", "g", 1)]
    {
        let before = term.worked();
        let mut waits = Vec::new();
        for _ in 0..presses {
            let (frames, since) = (term.frames(), Instant::now());
            term.press(keys);
            term.wait_for_frame(frames);
            waits.push(since.elapsed().as_secs_f64() * 1e3);
            thread::sleep(Duration::from_millis(10));
        }
        term.settle();
        let work = (term.worked().0 - before.0) as f64 / f64::from(presses) / 1e6;
        let (middle, longest) = spread(waits);
        tell(
            &format!("{name} in the log"),
            format!("{work:.2} ms of work; key to frame {middle:.1} ms, at most {longest:.1} ms"),
        );
    }
    tell("memory after the log", format!("{:.1} MB", mb(term.peak())));
    term.end();
}
