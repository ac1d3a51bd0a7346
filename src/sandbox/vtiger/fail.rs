//! The ways Vtiger says no.

use crate::sandbox::http::Reply;
use crate::sandbox::text::push_vtiger_json;

/// An answer that is not a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The error envelope, with HTTP 200.
    Coded(&'static str, String),
    /// The unique-field check, the one error whose code is a number.
    Duplicate,
    /// PHP died: HTTP 500, empty.
    Fatal,
    /// Plain text, with HTTP 200.
    Plain(&'static str),
}

impl Failure {
    /// An error with its code.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self::Coded(code, message.into())
    }

    /// No permission, which Vtiger also says of what does not exist.
    pub fn denied() -> Self {
        Self::new("ACCESS_DENIED", "Permission to perform the operation is denied")
    }

    /// An id that is none, or of another type.
    pub fn bad_id() -> Self {
        Self::new("INVALID_ID_ATTRIBUTE", "Id specified is incorrect")
    }

    /// Any PHP exception nobody foresaw.
    pub fn internal() -> Self {
        Self::new("INTERNAL_SERVER_ERROR", "Unknown Error while processing request")
    }

    /// The reply that says so.
    pub fn reply(&self) -> Reply {
        match self {
            Self::Coded(code, message) => {
                let mut body = String::from("{\"success\":false,\"error\":{\"message\":");
                push_vtiger_json(&mut body, message);
                body.push_str(",\"code\":");
                push_vtiger_json(&mut body, code);
                body.push_str("}}");
                json(body)
            }
            Self::Duplicate => json(
                "{\"success\":false,\"error\":{\"message\":\"Duplicate(s) detected!\",\"code\":0}}"
                    .into(),
            ),
            Self::Fatal => Reply::new(500, "text/html; charset=UTF-8", String::new()),
            Self::Plain(text) => Reply::new(200, "text/html; charset=UTF-8", (*text).to_owned()),
        }
    }
}

/// A JSON reply as the webservice sends it.
pub fn json(body: String) -> Reply {
    Reply::new(200, "application/json", body)
        .with("cache-control", "no-store, no-cache, must-revalidate")
        .with("x-powered-by", "PHP/8.2.29")
}
