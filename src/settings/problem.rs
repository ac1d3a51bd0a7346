//! What is wrong with a settings file, and where: the line is quoted, without secrets.

use crate::model::{Module, UserError};
use crate::secrets::is_reference;
use std::fmt;
use std::ops::Range;

/// Something in a settings file that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// The file's name.
    pub file: String,
    /// Line and column from 1, if it is about a place.
    pub place: Option<(usize, usize)>,
    /// The line, without secrets; empty if it is not about a place.
    pub line: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to write instead, if that can be guessed; else empty.
    pub hint: String,
}

impl SettingsProblem {
    /// The problem in the shape of all errors.
    pub fn user(&self) -> UserError {
        let line = if self.line.is_empty() { "" } else { " The line is: " };
        UserError::new(
            format!("{} was refused.", self.position()),
            format!("{}{line}{}", self.message, self.line),
            if self.hint.is_empty() { "Correct it and apply the file again." } else { &self.hint },
        )
    }

    fn position(&self) -> String {
        match self.place {
            Some((line, column)) => format!("{}:{line}:{column}", self.file),
            None => self.file.clone(),
        }
    }
}

impl fmt::Display for SettingsProblem {
    /// As compilers do it: the position, the message, the line with a mark under the place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position(), self.message)?;
        if !self.hint.is_empty() {
            write!(f, " {}", self.hint)?;
        }
        if let Some((line, column)) = self.place {
            let number = line.to_string();
            let blank = " ".repeat(number.len());
            let before = " ".repeat(column.saturating_sub(1));
            write!(f, "\n  {number} | {}\n  {blank} | {before}^", self.line)?;
        }
        Ok(())
    }
}

/// Collects the problems of one file.
pub(super) struct Problems<'a> {
    file: &'a str,
    text: &'a str,
    found: Vec<SettingsProblem>,
    /// Whether a setting with this name may be a secret.
    secret: fn(&str) -> bool,
}

impl<'a> Problems<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, found: Vec::new(), secret: may_be_secret }
    }

    /// For a manifest, which has no secrets by intention: only what looks like one is hidden.
    pub(super) fn of_manifest(file: &'a str, text: &'a str) -> Self {
        Self { secret: looks_secret, ..Self::new(file, text) }
    }

    /// Adds a problem at a place in the text.
    pub(super) fn at(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.hinted(span, message, String::new());
    }

    /// Adds a problem at a place in the text, with what to write instead.
    pub(super) fn hinted(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let place = Place::of(self.text, span.start);
        let mut message = message.into();
        for secret in
            secrets_in(place.line, self.secret).into_iter().filter(|secret| secret.len() > 3)
        {
            message = message.replace(secret, "•••");
        }
        self.found.push(SettingsProblem {
            file: self.file.to_owned(),
            place: Some((place.number, place.column)),
            line: masked(place.line, self.secret),
            message,
            hint: hint.into(),
        });
    }

    /// Adds a problem of the whole file.
    pub(super) fn whole(&mut self, error: &UserError) {
        self.found.push(SettingsProblem {
            file: self.file.to_owned(),
            place: None,
            line: String::new(),
            message: [&*error.what, &*error.why].join(" ").trim().to_owned(),
            hint: error.next.clone(),
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All problems, in the order of the lines.
    pub(super) fn into_found(mut self) -> Vec<SettingsProblem> {
        self.found.sort_by_key(|problem| problem.place);
        self.found
    }
}

/// A line of a text, and a column in it.
struct Place<'a> {
    number: usize,
    column: usize,
    line: &'a str,
}

impl<'a> Place<'a> {
    fn of(text: &'a str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let line = text[start..].lines().next().unwrap_or("");
        Self {
            number: text[..offset].matches('\n').count() + 1,
            column: text[start..offset].chars().count() + 1,
            line,
        }
    }
}

/// The names of settings that are no secrets. A misspelt name may be that of one.
#[rustfmt::skip]
const OPEN: &[&str] = &[
    "name", "service", "enabled", "url", "username", "api", "app_url", "base_url", "sync_from",
    "frequency", "conflict", "debug", "direction", "mode", "period", "deletes", "vtiger",
    "fallback", "type", "active", "description", "required", "empty", "default", "transform",
    "kind", "length", "to_vtiger", "to_service", "otherwise", "with", "replaces", "concurrency",
    "requests_per_second", "probe_interval", "full_scan", "settle_wait", "guard_deletes", "guard_changes",
    "guard_creates", "external_id_fields", "service_id_fields", "allow_http", "ca_file", "runs",
    "debug_size", "once", "zero_is_empty", "null_is_silent", "credentials", "modules", "module", "mapping", "advanced",
];

/// Whether a setting with this name may be a secret.
fn may_be_secret(name: &str) -> bool {
    !OPEN.contains(&name) && name.parse::<Module>().is_err()
}

/// Whether a manifest's entry with this name may hold a secret, instead of naming where one is
/// entered.
fn looks_secret(name: &str) -> bool {
    ["password", "client_secret", "refresh_token", "value"].contains(&name)
}

/// The values on a line that may be secrets, as they are written, without quotes.
fn secrets_in(line: &str, may_be_secret: fn(&str) -> bool) -> Vec<&str> {
    let mut secrets = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.trim_end().trim_end_matches(['"', '\'']);
        let name = name.rsplit([' ', '\t', ',', '{', '.', '"', '\'']).next().unwrap_or("");
        let after = after.trim_start();
        if after.starts_with(['{', '[']) && may_be_secret(name) {
            secrets.push(after);
            return secrets;
        }
        let (value, next) = value_of(after);
        let named = is_reference(value) || value == "keep:" || value.contains("{{");
        if may_be_secret(name) && value.len() > 1 && !named {
            secrets.push(value);
        }
        rest = next;
    }
    secrets
}

/// The value at the start of a text, and what comes after it.
fn value_of(text: &str) -> (&str, &str) {
    for quote in ["\"\"\"", "'''", "\"", "'"] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    if let Some(inside) = text.strip_prefix(['{', '[']) {
        return ("", inside);
    }
    let end = text.find([',', '}', '#']).unwrap_or(text.len());
    (text[..end].trim_end(), &text[end..])
}

/// A line without what may be secrets.
fn masked(line: &str, may_be_secret: fn(&str) -> bool) -> String {
    let mut shown = line.to_owned();
    for secret in secrets_in(line, may_be_secret) {
        shown = shown.replace(secret, "•••");
    }
    shown
}

/// The word of a list that somebody probably meant.
pub(super) fn closest<'w>(
    meant: &str,
    words: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    let meant = meant.to_lowercase();
    words
        .into_iter()
        .map(|word| (distance(&meant, &word.to_lowercase()), word))
        .min()
        .filter(|(distance, word)| *distance <= (word.chars().count() / 3).max(2))
        .map(|(_, word)| word)
}

/// `Did you mean …?`, if that can be guessed.
pub(super) fn did_you_mean<'w>(meant: &str, words: impl IntoIterator<Item = &'w str>) -> String {
    closest(meant, words).map(|word| format!("Did you mean \"{word}\"?")).unwrap_or_default()
}

/// How many letters have to be changed, added or removed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
