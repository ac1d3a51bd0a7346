//! The shapes of reasons, errors and changed fields inside other rows.

use crate::model::{Change, Reason, ReasonCode, UserError};
use crate::store::StoreResult;
use crate::store::codec::Code;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct ReasonV1<'a> {
    code: u8,
    field: &'a str,
    text: &'a str,
    next: &'a str,
}

impl<'a> From<&'a Reason> for ReasonV1<'a> {
    fn from(reason: &'a Reason) -> Self {
        Self {
            code: reason.code.code(),
            field: &reason.field,
            text: &reason.text,
            next: &reason.next,
        }
    }
}

impl ReasonV1<'_> {
    pub(super) fn into_reason(self, table: &str) -> StoreResult<Reason> {
        Ok(Reason {
            code: ReasonCode::read(self.code, table)?,
            field: self.field.to_owned(),
            text: self.text.to_owned(),
            next: self.next.to_owned(),
            candidates: Vec::new(),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct UserErrorV1<'a> {
    what: &'a str,
    why: &'a str,
    next: &'a str,
}

impl<'a> From<&'a UserError> for UserErrorV1<'a> {
    fn from(error: &'a UserError) -> Self {
        Self { what: &error.what, why: &error.why, next: &error.next }
    }
}

impl From<UserErrorV1<'_>> for UserError {
    fn from(v1: UserErrorV1<'_>) -> Self {
        Self::new(v1.what, v1.why, v1.next)
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ChangeV1<'a> {
    field: &'a str,
    before: &'a str,
    after: &'a str,
    from: &'a str,
}

impl<'a> From<&'a Change> for ChangeV1<'a> {
    fn from(change: &'a Change) -> Self {
        Self {
            field: &change.field,
            before: &change.before,
            after: &change.after,
            from: &change.from,
        }
    }
}

impl From<ChangeV1<'_>> for Change {
    fn from(v1: ChangeV1<'_>) -> Self {
        Self {
            field: v1.field.to_owned(),
            before: v1.before.to_owned(),
            after: v1.after.to_owned(),
            from: v1.from.to_owned(),
        }
    }
}
