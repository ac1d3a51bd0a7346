//! Errors of the store.

use crate::model::UserError;

/// Why the store could not be opened, read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// For people: what, why, what next.
    #[error("{0}")]
    User(UserError),
    /// A link would tie a record twice; the whole batch was refused.
    #[error("{0} is linked to {1} already")]
    AlreadyLinked(String, String),
}

impl StoreError {
    /// The error in the words of the user.
    pub fn user(&self) -> UserError {
        match self {
            Self::User(error) => error.clone(),
            Self::AlreadyLinked(..) => UserError::new(
                "The store refused a link.",
                self.to_string(),
                "Nothing was stored; sync again.",
            ),
        }
    }
}
