//! The one shape in which an error reaches the user: what happened, why, and what to do next.

use serde::{Deserialize, Serialize};

/// An error in the words of the user.
///
/// `what` says what did not work, `why` the cause as far as it is known, `next` what the user can
/// do. Each is a sentence or two without secrets; `why` and `next` may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", self.one_line())]
pub struct UserError {
    /// What happened.
    pub what: String,
    /// Why it happened.
    pub why: String,
    /// What to do next.
    pub next: String,
    /// What of the program mends it, where that is known; the words of `next` are for people.
    #[serde(skip)]
    pub remedy: Option<Remedy>,
}

/// Something that the program can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// A person logs in to the service again.
    LogIn,
}

impl UserError {
    /// An error of three sentences.
    pub fn new(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), next: next.into(), remedy: None }
    }

    /// The same error, which this mends.
    #[must_use]
    pub fn mended_by(self, remedy: Remedy) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    /// The three parts in one line, empty ones left out.
    pub fn one_line(&self) -> String {
        [&self.what, &self.why, &self.next]
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }
}
