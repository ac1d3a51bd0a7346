//! Standard output and standard error: with `--json` exactly one document on the first, and all
//! messages on the second.

use super::exit::{Failure, Outcome};
use crate::model::UserError;
use serde::Serialize;
use std::cell::Cell;
use std::io::{self, BufWriter, Stdout, Write};

/// Where a command's output goes.
#[derive(Debug, Default)]
pub struct Output {
    /// JSON instead of text.
    pub json: bool,
    begun: Cell<bool>,
}

impl Output {
    /// Output in this form.
    pub fn new(json: bool) -> Self {
        Self { json, begun: Cell::new(false) }
    }

    /// Prints text as it is.
    pub fn text(&self, text: &str) -> Outcome<()> {
        self.begun.set(true);
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Prints the one JSON document, on one line.
    pub fn document(&self, document: &impl Serialize) -> Outcome<()> {
        let mut line = serde_json::to_string(document).map_err(unwritable)?;
        line.push('\n');
        self.text(&line)
    }

    /// Begins the one JSON document as an array whose elements come one by one.
    pub fn array(&self) -> Outcome<Array> {
        self.begun.set(true);
        let mut out = BufWriter::new(io::stdout());
        out.write_all(b"[")?;
        Ok(Array { out, empty: true })
    }

    /// A message to people, on standard error.
    pub fn message(&self, text: &str) {
        // Nobody can be told that standard error is closed.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Tells an error: three short lines on standard error; with JSON the document, too, if none
    /// has begun.
    pub fn error(&self, error: &UserError) {
        let mut lines = format!("error: {}", plain(&error.what));
        for (label, text) in [("why", &error.why), ("next", &error.next)] {
            if !text.is_empty() {
                lines.push_str(&format!("\n  {label}: {}", plain(text)));
            }
        }
        self.message(&lines);
        if self.json && !self.begun.get() {
            // The exit code tells the same; there is no further way to report this one.
            let _ = self.document(&serde_json::json!({ "error": error }));
        }
    }
}

/// A JSON array on standard output, an element a line, however many there are.
pub struct Array {
    out: BufWriter<Stdout>,
    empty: bool,
}

impl Array {
    /// Adds an element.
    pub fn push(&mut self, element: &impl Serialize) -> Outcome<()> {
        self.out.write_all(if self.empty { b"\n" } else { b",\n" })?;
        self.empty = false;
        serde_json::to_writer(&mut self.out, element).map_err(unwritable)
    }

    /// Ends the array.
    pub fn end(mut self) -> Outcome<()> {
        self.out.write_all(if self.empty { b"]\n" } else { b"\n]\n" })?;
        Ok(self.out.flush()?)
    }
}

fn unwritable(error: serde_json::Error) -> Failure {
    io::Error::from(error).into()
}

/// Text of other systems for the terminal: control characters, which could drive it, become a
/// visible mark; line ends become blanks.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            // Marks that turn the direction of what follows.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// A clause as a sentence.
pub fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_drive_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\r\nc\u{9b}1m"), "a\u{fffd}[2Jb  c\u{fffd}1m");
        assert_eq!(plain("Zoë 東京"), "Zoë 東京");
    }
}
