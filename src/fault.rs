//! What is told when SyncDeck itself is at fault (a panic): what and where, but none of the data
//! that a panic's message may quote, which could be a secret. The report on disk holds no more: the
//! version, the place, and which functions called which.

use crate::model::Stamp;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Where reports are written, once that is known.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Reports of faults are written into this folder from now on.
pub fn report_into(folder: &Path) {
    // The first one counts: a process has one home.
    let _ = FOLDER.set(folder.to_owned());
}

/// Writes a report of a fault. Answers where it is; `None`: there is no folder yet, or it cannot be
/// written, and nobody is left who could mend that.
pub fn report(info: &PanicHookInfo<'_>) -> Option<PathBuf> {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("without a name");
    write_report(FOLDER.get()?, &told(info), thread, &Backtrace::force_capture()).ok()
}

fn write_report(folder: &Path, told: &str, thread: &str, trace: &Backtrace) -> io::Result<PathBuf> {
    let now = Stamp::now().to_string();
    let at: String = now.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let path = folder.join(format!("crash-{at}-{}.txt", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(
        "SyncDeck {version} met a fault in itself at {now}, in the thread {thread}:\n{told}\n\n\
         None of your data is in this report.\n\n{trace}\n"
    );
    options.open(&path)?.write_all(text.as_bytes())?;
    Ok(path)
}

/// No message is longer.
const LONGEST: usize = 200;

/// The fault in half a sentence: `index out of bounds … (src/a.rs:3:7)`.
pub fn told(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    match info.location() {
        Some(at) => format!("{} ({}:{}:{})", harmless(message), at.file(), at.line(), at.column()),
        None => harmless(message),
    }
}

/// The part of a message before it begins to quote data.
fn harmless(message: &str) -> String {
    let message = message.lines().next().unwrap_or("");
    // The words of `unwrap` are always the same up to the value.
    let quotes: &[&str] =
        if message.starts_with("called `") { &["value:"] } else { &["`", "'", "\"", "{", ": "] };
    let fixed = ["index out of bounds", "internal error"].iter().any(|f| message.starts_with(f));
    let end = quotes.iter().filter(|_| !fixed).filter_map(|quote| message.find(quote)).min();
    let part = &message[..end.unwrap_or(message.len())];
    match (part.char_indices().nth(LONGEST), end) {
        (Some((at, _)), _) => format!("{}…", &part[..at]),
        (None, Some(_)) => format!("{} …", part.trim_end()),
        (None, None) => part.to_owned(),
    }
}

/// Tells faults on standard error in the words of people, from now on.
pub fn tell_people() {
    panic::set_hook(Box::new(|info| {
        let report = report(info).map(|path| format!(" The report is in {}.", path.display()));
        let mut text = format!(
            "SyncDeck met a fault in itself: {}.\n  next: What was written so far is recorded; \
             start it again. Please report the fault.{}\n",
            told(info),
            report.unwrap_or_default()
        );
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            text.push_str(&format!("{trace}\n"));
        }
        // Nobody can be told that standard error is closed.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_private_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let trace = Backtrace::force_capture();
        let written = write_report(folder.path(), "index out of bounds", "main", &trace).unwrap();
        let text = std::fs::read_to_string(&written).unwrap();
        assert!(text.contains(env!("CARGO_PKG_VERSION")) && text.contains("index out of bounds"));
        assert!(text.contains("write_report") || text.contains("fault::tests"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&written).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(write_report(&folder.path().join("no"), "x", "main", &trace).is_err());
    }

    #[test]
    fn messages_are_told_without_what_they_quote() {
        for (message, told) in [
            (
                "index out of bounds: the len is 3 but the index is 5",
                "index out of bounds: the len is 3 but the index is 5",
            ),
            (
                "called `Result::unwrap()` on an `Err` value: Key(\"s3cret\")",
                "called `Result::unwrap()` on an `Err` …",
            ),
            (
                "called `Option::unwrap()` on a `None` value",
                "called `Option::unwrap()` on a `None` value",
            ),
            (
                "byte index 1 is not a char boundary; it is inside 'ä' (bytes 0..2) of `äs3cret`",
                "byte index 1 is not a char boundary; it is inside …",
            ),
            ("the key: s3cret", "the key …"),
            ("attempt to subtract with overflow", "attempt to subtract with overflow"),
            ("first\ns3cret", "first"),
            ("", ""),
        ] {
            assert_eq!(harmless(message), told);
        }
        assert_eq!(harmless(&"ä".repeat(500)).chars().count(), LONGEST + 1);
    }
}
