//! Where tokens live that a system hands out instead of a password.

use crate::model::UserError;
use futures::future::BoxFuture;
use secrecy::SecretString;
use std::any::Any;

/// Keeps the tokens of one connection, sealed, for all processes that use it.
///
/// `origin` stands for the credentials that the tokens were got with: with other credentials there
/// are no tokens yet.
pub trait TokenStore: Send + Sync {
    /// What was saved last for these credentials.
    fn load<'a>(
        &'a self,
        origin: &'a str,
    ) -> BoxFuture<'a, Result<Option<SecretString>, UserError>>;

    /// Saves.
    fn save<'a>(
        &'a self,
        origin: &'a str,
        tokens: &'a SecretString,
    ) -> BoxFuture<'a, Result<(), UserError>>;

    /// Waits for the right to renew the tokens, which one process has at a time. It is given back
    /// when what is answered is dropped.
    fn turn(&self) -> BoxFuture<'_, Result<Box<dyn Any + Send>, UserError>>;

    /// A remark about the connection that is no secret (the number of an organisation), if one was
    /// left.
    fn remark(&self) -> Option<String>;

    /// Leaves a remark.
    fn leave_remark<'a>(&'a self, remark: &'a str) -> BoxFuture<'a, ()>;
}
