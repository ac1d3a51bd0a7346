//! The real terminal, in a pseudo-terminal: what a fault leaves of it.

use super::*;
use crate::tui::fixture;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::Read;
use std::num::NonZeroU16;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc::channel;

/// Names the folder for reports to the program below.
const FOLDER: &str = "SYNCDECK_TEST_REPORTS";

#[test]
#[ignore = "the program that the test below starts in a terminal"]
fn a_program_with_a_fault() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    fault::report_into(Path::new(&folder));
    fault::tell_people();
    let (sender, _messages) = channel();
    let mut screen = Tty::take(sender).unwrap();
    screen.draw(&fixture::model((80, 24)).model).unwrap();
    panic!("the key: s3cret");
}

#[test]
fn a_fault_gives_the_terminal_back_and_names_its_report() {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).unwrap();
    let reports = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    let name = "tui::terminal::tests::a_program_with_a_fault";
    command.args([name, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, reports.path());
    command.env("TERM", "xterm-256color");
    command.env("RUST_BACKTRACE", "0");
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut output = pty.master.try_clone_reader().unwrap();
    let mut sent = Vec::new();
    let mut chunk = [0; 4096];
    // A terminal whose program has ended answers with an error.
    while let Ok(n @ 1..) = output.read(&mut chunk) {
        sent.extend_from_slice(&chunk[..n]);
    }
    assert!(!child.wait().unwrap().success());
    let text = String::from_utf8_lossy(&sent);
    assert!(text.contains("\x1b[?1049h"), "it had the terminal: {text}");
    let of = |n| NonZeroU16::new(n).unwrap();
    let mut parser = vt100::Parser::new(of(24), of(80), 0);
    parser.process(&sent);
    let screen = parser.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
    let told: String = screen.contents().split_whitespace().collect();
    assert!(told.contains("SyncDeckmetafaultinitself:thekey"), "{}", screen.contents());
    let report = std::fs::read_dir(reports.path()).unwrap().next().unwrap().unwrap().path();
    assert!(told.contains(&report.display().to_string()), "{}", screen.contents());
    assert_eq!(report.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let written = std::fs::read_to_string(&report).unwrap();
    assert!(written.contains("terminal::tests") && !written.contains("s3cret"), "{written}");
    assert!(!text.contains("s3cret"), "nothing of the data on the screen either");
}
