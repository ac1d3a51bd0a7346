//! Runs a process to its end and tells what it took.

use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The exit code of a sync that left records behind.
const SKIPPED: i32 = 3;
/// The exit code of one that the guard held.
const HELD: i32 = 4;

/// What a process took, and what it printed.
pub struct Ran {
    /// The JSON that it printed; null if that is no JSON.
    pub out: Value,
    /// How long it ran. A bare client tells itself how long its requests took.
    pub took: Duration,
    /// Its processor time.
    pub cpu: Duration,
    /// The most memory that it had, in KiB.
    pub memory: u64,
    /// How many commits it made that a screen would show.
    pub commits: Option<u64>,
}

impl Ran {
    /// Runs a command; it has to succeed.
    pub fn of(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let start = Instant::now();
        let mut child = command.spawn().unwrap_or_else(|e| fail(&format!("{command:?}: {e}")));
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let out = std::thread::spawn(move || text(out));
        let err = std::thread::spawn(move || text(err));
        let watched = Process(PathBuf::from(format!("/proc/{}", child.id())));
        let (mut cpu, mut memory) = (Duration::ZERO, 0);
        let status = loop {
            // The last look before the end is a few milliseconds old.
            cpu = watched.cpu().unwrap_or(cpu);
            memory = watched.memory().unwrap_or(memory);
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Err(e) => fail(&e.to_string()),
            }
        };
        let took = start.elapsed();
        let out = out.join().unwrap_or_default();
        let err = err.join().unwrap_or_default();
        // Customers without a name are skipped, which the exit code tells.
        if !matches!(status.code(), Some(0 | SKIPPED | HELD)) {
            fail(&format!("{command:?}: {status}\n{out}\n{err}"));
        }
        let out: Value = serde_json::from_str(&out).unwrap_or_default();
        let own = out.get("millis").and_then(Value::as_f64);
        Self {
            took: own.map_or(took, |ms| Duration::from_secs_f64(ms / 1000.0)),
            out,
            cpu,
            memory,
            commits: None,
        }
    }

    /// Runs the bare client.
    pub fn bare(arguments: &[&str]) -> Self {
        let this = std::env::current_exe().unwrap_or_else(|e| fail(&e.to_string()));
        let mut command = Command::new(this);
        command.arg("--bare").args(arguments);
        Self::of(command)
    }

    /// How many records a bare client has read or written.
    pub fn records(&self) -> u64 {
        self.out["records"].as_u64().unwrap_or(0)
    }
}

fn text(stream: Option<impl Read>) -> String {
    let mut text = String::new();
    if let Some(mut stream) = stream {
        let _ = stream.read_to_string(&mut text);
    }
    text
}

/// A process, by its folder below `/proc`.
pub struct Process(pub PathBuf);

impl Process {
    /// User and system time so far.
    pub fn cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(self.0.join("stat")).ok()?;
        // Behind the name, which may hold anything: user and system time in hundredths.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 10))
    }

    /// The most memory it had so far, in KiB.
    pub fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(self.0.join("status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}

/// Ends the measurement.
pub fn fail(why: &str) -> ! {
    eprintln!("{why}");
    std::process::exit(1)
}
