//! What is told when SyncDeck itself is at fault (a panic): what and where, but none of the data
//! that a panic's message may quote, which could be a secret. No report is written to disk.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::panic::{self, PanicHookInfo};

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
        let mut text = format!(
            "SyncDeck met a fault in itself: {}.\n  next: What was written so far is recorded; \
             start it again. Please report the fault.\n",
            told(info)
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
