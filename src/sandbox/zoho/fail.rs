//! Refusals, in Zoho's own shapes.

use serde_json::{Value, json};

use crate::sandbox::http::Reply;

/// A JSON answer.
pub fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::new(status, "application/json;charset=UTF-8", body.to_string())
}

/// An empty answer.
pub fn empty(status: u16) -> Reply {
    Reply::new(status, "text/plain", String::new())
}

/// An error of a whole request.
pub fn fail(status: u16, code: &str, message: &str, details: Value) -> Reply {
    json_reply(
        status,
        &json!({"code": code, "details": details, "message": message, "status": "error"}),
    )
}

/// An error of one record.
pub fn item(code: &str, message: &str, details: Value) -> Value {
    json!({"code": code, "details": details, "message": message, "status": "error"})
}

/// An answer of Books.
pub fn books_fail(status: u16, code: u32, message: &str) -> Reply {
    json_reply(status, &json!({"code": code, "message": message}))
}
