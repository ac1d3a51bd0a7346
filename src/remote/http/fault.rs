//! A failed try of a request: the error, and whether another try may help.

use super::super::{ErrorKind, RemoteError};
use crate::model::UserError;
use std::time::Duration;

/// A failed try.
#[derive(Debug)]
pub(crate) struct Fault {
    /// What to tell if it stays so.
    pub(crate) error: Box<RemoteError>,
    /// Another try may help, and does no harm.
    pub(crate) again: bool,
    /// The system is overloaded or asked to slow down; how long it asked to wait.
    pub(crate) slow: Option<Option<Duration>>,
}

impl Fault {
    /// A failure of this kind. Whether it is tried again follows from the kind.
    pub(crate) fn new(kind: ErrorKind, error: UserError) -> Self {
        RemoteError::new(kind, error).into()
    }

    /// Try again although the kind says no, as for a page that may be an accident.
    pub(crate) fn again(mut self) -> Self {
        self.again = true;
        self
    }

    /// The system is overloaded, and perhaps said for how long.
    pub(crate) fn slowly(mut self, wait: Option<Duration>) -> Self {
        self.slow = Some(wait);
        self
    }

    /// Do not try again.
    pub(crate) fn at_once(mut self) -> Self {
        self.again = false;
        self
    }

    /// How long the system asked to wait.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.slow.flatten()
    }
}

impl From<RemoteError> for Fault {
    fn from(error: RemoteError) -> Self {
        let slow = match error.kind {
            ErrorKind::RateLimited { wait } => Some(wait),
            _ => None,
        };
        let again = matches!(
            error.kind,
            ErrorKind::RateLimited { .. } | ErrorKind::Temporary | ErrorKind::Unreachable
        );
        Self { error: Box::new(error), again, slow }
    }
}
