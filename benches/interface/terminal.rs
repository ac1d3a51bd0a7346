//! The program in a pseudo-terminal of 200 × 60.

use crate::{Plan, disk, process};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How a frame ends.
const END: &[u8] = b"\x1b[?2026l";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What came out so far.
struct Seen {
    parser: vt100::Parser,
    bytes: u64,
    frames: u64,
    tail: Vec<u8>,
}

/// The program in its terminal.
pub struct Term {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    _master: Box<dyn MasterPty + Send>,
    pub started: Instant,
}

impl Term {
    pub fn start(plan: &Plan) -> Self {
        let (rows, cols) = (60, 200);
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_syncdeck"));
        command.arg("--data-dir");
        command.arg(disk::data(plan));
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC")] {
            command.env(name, value);
        }
        command.env("HOME", &plan.folder);
        command.env("CRM_KEY", "none");
        command.cwd(&plan.folder);
        let mut output = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let started = Instant::now();
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let size = |n| NonZeroU16::new(n).unwrap();
        let parser = vt100::Parser::new(size(rows), size(cols), 0);
        let seen = Seen { parser, bytes: 0, frames: 0, tail: Vec::new() };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let into = seen.clone();
        thread::spawn(move || {
            let mut chunk = [0; 65_536];
            while let Ok(n @ 1..) = output.read(&mut chunk) {
                into.0.lock().unwrap().take(&chunk[..n]);
                into.1.notify_all();
            }
        });
        Self { child, keys, seen, _master: pty.master, started }
    }

    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub fn bytes(&self) -> u64 {
        self.seen.0.lock().unwrap().bytes
    }

    pub fn frames(&self) -> u64 {
        self.seen.0.lock().unwrap().frames
    }

    pub fn screen(&self) -> String {
        self.seen.0.lock().unwrap().parser.screen().contents()
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until the screen is as wanted, and answers how long that took.
    pub fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Duration {
        let since = Instant::now();
        self.until(what, |seen| wanted(&seen.parser.screen().contents()));
        since.elapsed()
    }

    /// Waits for another frame after so many.
    pub fn wait_for_frame(&self, after: u64) {
        self.until("another frame", |seen| seen.frames > after);
    }

    fn until(&self, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let (seen, told) = &*self.seen;
        let (seen, late) =
            told.wait_timeout_while(seen.lock().unwrap(), PATIENCE, |seen| !wanted(seen)).unwrap();
        assert!(!late.timed_out(), "{what} did not come:\n{}", seen.parser.screen().contents());
    }

    /// Waits until nothing has come for a while.
    pub fn settle(&self) {
        let mut before = self.bytes();
        loop {
            thread::sleep(Duration::from_millis(100));
            let now = self.bytes();
            if now == before {
                return;
            }
            before = now;
        }
    }

    /// Nanoseconds on a processor of the thread that draws, and of all.
    pub fn worked(&self) -> (u64, u64) {
        process::worked(self.id())
    }

    pub fn peak(&self) -> u64 {
        process::peak(self.id())
    }

    /// Ends the program.
    pub fn end(mut self) {
        self.press("\x03");
        self.child.wait().unwrap();
    }
}

impl Seen {
    fn take(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        self.parser.process(chunk);
        // The end of a frame may be cut in two.
        self.tail.extend_from_slice(chunk);
        let ends = self.tail.windows(END.len()).filter(|window| *window == END).count();
        self.frames += ends as u64;
        let keep = self.tail.len().min(END.len() - 1);
        let complete = self.tail.ends_with(END);
        self.tail.drain(..self.tail.len() - keep);
        if complete {
            self.tail.clear();
        }
    }
}
