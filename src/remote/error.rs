//! Errors of the other systems. Each carries its own class, so that nobody guesses from codes.

use crate::model::{Reason, ReasonCode, UserError};
use std::time::Duration;

/// What kind of failure it is, which decides what the engine does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The system could not be reached (name, connection, TLS). Nothing was sent.
    Unreachable,
    /// A person stopped the run before it was its turn. Nothing was sent.
    Stopped,
    /// It asked to slow down. Nothing was done.
    RateLimited {
        /// How long it asked to wait, capped.
        wait: Option<Duration>,
    },
    /// It is busy or broken for now (5xx, maintenance) and the request was a read, or certainly
    /// was not applied.
    Temporary,
    /// A write was sent and its outcome is not known: timeout, reset, 5xx, an answer that is not
    /// the API's.
    Unknown,
    /// The credentials are not accepted.
    Login,
    /// The user or key may not do this.
    Permission,
    /// There is no such record (any more).
    NotFound,
    /// A record with the same key exists already.
    Exists {
        /// Its id, if the system says so.
        id: Option<String>,
    },
    /// The system refused the record or request for good.
    Refused,
    /// What answered is not the API: an HTML page, a redirect, a wrong path.
    NotTheApi,
    /// The record changed in between (where the API can tell).
    Precondition,
    /// The request or record is too large.
    TooLarge,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct RemoteError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// What happened, why and what to do, for people; names the system.
    pub error: UserError,
    /// The request (method and path, secrets masked).
    pub request: String,
    /// How often it was sent.
    pub tries: u32,
    /// How long it took in all.
    pub elapsed: Duration,
    /// The field that the system complains about, if it names one.
    pub field: Option<String>,
    /// It concerns the connection or the whole module, not one record.
    pub whole: bool,
}

impl RemoteError {
    /// An error about one record or request.
    pub fn new(kind: ErrorKind, error: UserError) -> Self {
        let whole =
            matches!(kind, ErrorKind::Unreachable | ErrorKind::Login | ErrorKind::NotTheApi);
        Self {
            kind,
            error,
            request: String::new(),
            tries: 1,
            elapsed: Duration::ZERO,
            field: None,
            whole,
        }
    }

    /// A write for which no result came back: its outcome is not known.
    pub fn unanswered() -> Self {
        let error = UserError::new(
            "A write was not answered.",
            "Whether it was done is not known.",
            "The record is looked up before anything is repeated.",
        );
        Self::new(ErrorKind::Unknown, error)
    }

    /// A write that was still to be sent when a person stopped the run.
    pub fn stopped() -> Self {
        let error = UserError::new(
            "A write was not sent.",
            "The run was stopped before its turn came.",
            "Start the run again: it goes on where this one ended.",
        );
        Self::new(ErrorKind::Stopped, error)
    }

    /// Whether going on with other records makes no sense.
    pub fn stops_the_run(&self) -> bool {
        self.whole
    }

    /// Whether the record may be taken again at the next sync without anybody mending anything.
    pub fn is_passing(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Unreachable
                | ErrorKind::RateLimited { .. }
                | ErrorKind::Temporary
                | ErrorKind::Unknown
                | ErrorKind::Precondition
        )
    }

    /// The reason to store for a record that met this error.
    pub fn reason(&self) -> Reason {
        let code = match &self.kind {
            ErrorKind::RateLimited { .. } => ReasonCode::RateLimited,
            ErrorKind::Unknown => ReasonCode::OutcomeUnknown,
            ErrorKind::Permission => ReasonCode::NoPermission,
            ErrorKind::Exists { .. } => ReasonCode::AlreadyLinked,
            ErrorKind::Refused => ReasonCode::Refused,
            ErrorKind::TooLarge => ReasonCode::TooLarge,
            ErrorKind::Unreachable
            | ErrorKind::Stopped
            | ErrorKind::Temporary
            | ErrorKind::Login
            | ErrorKind::NotFound
            | ErrorKind::NotTheApi
            | ErrorKind::Precondition => ReasonCode::ApiError,
        };
        let field = self.field.clone().unwrap_or_default();
        Reason::new(code, &field, self.error.one_line())
    }
}
