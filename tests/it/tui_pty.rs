//! The whole program in a pseudo-terminal: the real binary, the real engine, the sandbox on
//! loopback; keys go in, and what a terminal would show comes out.

mod zoho;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What the reading thread has made of the program's output.
struct Seen {
    parser: vt100::Parser,
    sent: Vec<u8>,
}

/// The program in a terminal.
pub struct Term {
    /// None once the terminal is gone.
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    keys: Option<Box<dyn Write + Send>>,
    gone: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    home: TempDir,
}

impl Term {
    /// Starts `syncdeck` with these arguments on 80 × 24, in a home of its own.
    pub fn start(args: &[&str]) -> Self {
        Self::of(env!("CARGO_BIN_EXE_syncdeck"), args)
    }

    /// Starts any program like this.
    pub fn of(program: &str, args: &[&str]) -> Self {
        let pty_size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(pty_size).unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "UTC");
        command.cwd(home.path());
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let keys = pty.master.take_writer().unwrap();
        let mut output = pty.master.try_clone_reader().unwrap();
        let seen = Arc::new(Mutex::new(Seen {
            parser: vt100::Parser::new(size(24), size(80), 0),
            sent: Vec::new(),
        }));
        let into = Arc::clone(&seen);
        let gone = Arc::new(AtomicBool::new(false));
        let is_gone = Arc::clone(&gone);
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut chunk) {
                if is_gone.load(Ordering::SeqCst) {
                    return;
                }
                let mut seen = into.lock().unwrap();
                seen.sent.extend_from_slice(&chunk[..n]);
                seen.parser.process(&chunk[..n]);
            }
        });
        Self { master: Some(pty.master), child, keys: Some(keys), gone, seen, home }
    }

    pub fn screen(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub fn bytes(&self) -> usize {
        self.seen.lock().unwrap().sent.len()
    }

    /// What was sent to the terminal from a byte on, as it was.
    pub fn sent(&self, from: usize) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().sent[from..]).into_owned()
    }

    /// Whether any cell on the screen has a colour.
    pub fn is_coloured(&self) -> bool {
        let seen = self.seen.lock().unwrap();
        let cells = (0..24).flat_map(|row| (0..80).map(move |column| (row, column)));
        let mut colours = cells.filter_map(|(row, column)| {
            seen.parser.screen().cell(row, column).map(|cell| (cell.fgcolor(), cell.bgcolor()))
        });
        colours.any(|colours| colours != (vt100::Color::Default, vt100::Color::Default))
    }

    pub fn press(&mut self, keys: &str) {
        let terminal = self.keys.as_mut().unwrap();
        terminal.write_all(keys.as_bytes()).unwrap();
        terminal.flush().unwrap();
    }

    pub fn resize(&self, width: u16, height: u16) {
        let pty_size = PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(pty_size).unwrap();
    }

    /// Takes the terminal away, as a broken line does.
    pub fn hang_up(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
        // The reading thread has it too, until something is drawn once more.
        self.resize(100, 30);
        self.keys = None;
        self.master = None;
    }

    /// Waits until the screen shows a text.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    pub fn wait(&self, what: &str, until: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if until(&screen) {
                return screen;
            }
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "\"{what}\" did not come:\n{screen}"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the program has ended, and answers its exit code.
    pub fn ended(&mut self) -> u32 {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(started.elapsed() < Duration::from_secs(30), "it goes on:\n{}", self.screen());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether the terminal is as it was before, or becomes so: what was sent last may still be read.
    pub fn is_whole(&self) -> bool {
        let started = Instant::now();
        loop {
            thread::sleep(Duration::from_millis(100));
            let seen = self.seen.lock().unwrap();
            let screen = seen.parser.screen();
            if !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste() {
                return true;
            }
            if started.elapsed() > Duration::from_secs(5) {
                return false;
            }
        }
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

fn demo() -> Term {
    let term = Term::start(&["demo", "--records", "300"]);
    term.wait_for("Sync Now");
    term.wait_for("Vtiger CRM");
    term
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_sync_is_started_looked_into_and_downloaded() {
    let mut term = demo();
    term.press("s");
    term.wait_for("synced:");
    let log = term.wait_for("completed");
    assert!(log.contains("Contacts") && log.contains("Products"), "{log}");
    // The number under the cursor, its list, a record, and back.
    term.press("\t\r");
    let list = term.wait_for("Records Created in Vtiger");
    assert!(list.contains("Source Module") && list.contains("Record Name"), "{list}");
    term.wait_for("row 1 of ");
    term.press("\r");
    let detail = term.wait_for("Outcome");
    assert!(detail.contains("created in Vtiger"), "{detail}");
    term.wait_for("http://127.0.0.1");
    term.press("o");
    term.wait_for("Copied: http://127.0.0.1");
    term.press("\x1b");
    let list = term.wait_for("row 1 of ");
    let rows: usize =
        list.split("row 1 of ").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    term.press("x");
    term.wait_for("Download as CSV");
    term.press("\r");
    term.wait_for("written to");
    let file = std::fs::read_dir(term.home.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "csv"))
        .unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(name.contains("-created-vtiger-"), "{name}");
    assert_eq!(mode(&file), 0o600);
    let records = csv::Reader::from_path(&file).unwrap().records().count();
    assert_eq!(records, rows, "exactly what is shown");
    term.press("x");
    term.wait_for("Download as CSV");
    term.press("\r");
    term.wait_for("Replace the file?");
    term.press("\x1b");
    term.wait("no question", |screen| !screen.contains("Replace the file?"));
    term.press("\x1b");
    term.wait("the list again", |screen| !screen.contains("Download as CSV"));
    term.press("\x1b");
    term.wait_for("Connectors");
    term.press("q");
    assert_eq!(term.ended(), 0);
    assert!(term.is_whole());
}

#[test]
fn an_idle_screen_sends_no_byte_and_a_key_only_what_it_changes() {
    let mut term = demo();
    thread::sleep(Duration::from_millis(800));
    let before = term.bytes();
    thread::sleep(Duration::from_millis(1_500));
    assert_eq!(term.bytes(), before, "idle");
    term.press("\t");
    term.wait("the log has the keys", |screen| !screen.contains("[Connectors]"));
    thread::sleep(Duration::from_millis(200));
    let key = term.bytes() - before;
    assert!(key < 2_000, "{key} bytes for one key");
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn resizing_draws_anew_and_too_small_says_so() {
    let mut term = demo();
    let resize = |term: &Term, rows, cols| {
        term.seen.lock().unwrap().parser.screen_mut().set_size(size(rows), size(cols));
        term.resize(cols, rows);
    };
    resize(&term, 12, 48);
    term.wait_for("need 60x15, have 48x12");
    resize(&term, 40, 120);
    term.wait_for("1 Sync Log");
    term.press("q");
    assert_eq!(term.ended(), 0);
    assert!(term.is_whole());
}

#[test]
fn a_signal_leaves_the_terminal_whole() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::HUP] {
        let mut term = demo();
        let id = i32::try_from(term.child.process_id().unwrap()).unwrap();
        let process = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
        term.ended();
        assert!(term.is_whole(), "{signal:?}");
    }
}

#[test]
fn the_first_start_leads_to_the_crm() {
    let mut term = Term::start(&[]);
    term.wait_for("Welcome to SyncDeck");
    term.press("127.0.0.1:1\tadmin\tsome-key");
    term.press("\x14");
    let screen = term.wait_for("does not work");
    assert!(!screen.contains("some-key"), "the key is masked");
    assert!(screen.contains("What to do"), "{screen}");
    term.press("\x1b");
    term.wait_for("Leave without saving?");
    term.press("y");
    term.wait_for("Available Connectors");
    term.press("q");
    assert_eq!(term.ended(), 0);
    assert!(term.is_whole());
}

#[test]
fn the_terminal_is_asked_nothing_and_set_to_nothing_that_was_not_wished() {
    let mut term = demo();
    term.press("\t?");
    term.wait_for("Keys");
    term.press("\x1b");
    term.wait("no help", |screen| !screen.contains("┌ Keys"));
    term.press("q");
    assert_eq!(term.ended(), 0);
    let sent = term.sent(0);
    for (wished, name) in [
        ("\x1b[?1049h", "the alternate screen"),
        ("\x1b[?2004h", "bracketed paste"),
        ("\x1b[?2026h", "synchronized updates"),
    ] {
        assert!(sent.contains(wished), "{name}");
    }
    for (unwished, name) in [
        ("\x1b[c", "what it is"),
        ("\x1b[0c", "what it is"),
        ("\x1b[>", "which version it is"),
        ("\x1b[6n", "where the cursor is"),
        ("\x1b[5n", "whether it is there"),
        ("\x1b]10;?", "its colours"),
        ("\x1b]11;?", "its colours"),
        ("\x1b[?u", "its keyboard"),
        ("\x1bP+q", "its capabilities"),
        ("\x1b[?1000h", "the mouse"),
        ("\x1b[?1002h", "the mouse"),
        ("\x1b[?1003h", "the mouse"),
        ("\x1b[?1006h", "the mouse"),
        ("\x1b[?1004h", "the focus"),
        ("\x1b]0;", "the title"),
        ("\x1b]2;", "the title"),
    ] {
        assert!(!sent.contains(unwished), "{name}: {unwished:?}");
    }
}

#[test]
fn colours_are_used_unless_they_are_refused() {
    let term = demo();
    assert!(term.is_coloured());
    drop(term);
    let term = Term::start(&["--color", "never", "demo", "--records", "20"]);
    term.wait_for("Sync Now");
    assert!(!term.is_coloured());
}
