//! How a command ends: its exit code, and the error that people are told.

use crate::engine::SyncError;
use crate::model::UserError;
use crate::store::StoreError;
use std::io;
use std::process::ExitCode;

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything was done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// Wrong usage, or settings that were refused.
    Usage = 2,
    /// Done; some records were skipped.
    Skipped = 3,
    /// A guard stopped it; a person decides.
    Held = 4,
    /// Another process holds the connector.
    Busy = 5,
    /// Interrupted by a signal.
    Interrupted = 130,
}

impl Exit {
    /// The one that tells more, of two commands in one.
    pub fn and(self, other: Self) -> Self {
        const TELLING: [Exit; 7] = [
            Exit::Interrupted,
            Exit::Usage,
            Exit::Failed,
            Exit::Held,
            Exit::Busy,
            Exit::Skipped,
            Exit::Done,
        ];
        TELLING.into_iter().find(|exit| [self, other].contains(exit)).unwrap_or(self)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended without its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// An error for people.
    Told {
        /// What to tell.
        error: UserError,
        /// How to end.
        exit: Exit,
    },
    /// Whoever reads our output has gone away: nothing to say, and nobody to say it to.
    NobodyReads,
}

/// What a command answers.
pub type Outcome<T = Exit> = Result<T, Failure>;

impl Failure {
    /// Wrong usage, or a setting that is refused.
    pub fn usage(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Told { error: UserError::new(what, why, next), exit: Exit::Usage }
    }

    /// Something that does not work.
    pub fn failed(
        what: impl Into<String>,
        why: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        UserError::new(what, why, next).into()
    }
}

impl From<UserError> for Failure {
    fn from(error: UserError) -> Self {
        Self::Told { error, exit: Exit::Failed }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        error.user().into()
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Busy(error) => Self::Told { error, exit: Exit::Busy },
            SyncError::Failed(error) => error.into(),
        }
    }
}

/// An error of standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::NobodyReads;
        }
        Self::failed(
            "The output could not be written.",
            format!("The operating system says: {error}."),
            "Check where the output goes to.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_telling_exit_wins() {
        assert_eq!(Exit::Done.and(Exit::Skipped), Exit::Skipped);
        assert_eq!(Exit::Held.and(Exit::Skipped), Exit::Held);
        assert_eq!(Exit::Busy.and(Exit::Failed), Exit::Failed);
        assert_eq!(Exit::Interrupted.and(Exit::Failed), Exit::Interrupted);
        assert_eq!(Exit::Done.and(Exit::Done), Exit::Done);
    }
}
