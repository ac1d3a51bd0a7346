//! The ways the shop says no.

use serde_json::{Value, json};

use super::render::wp_json;
use crate::sandbox::http::Reply;

/// An error: status, code, message and what else stands in `data`.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    /// What a program looks at.
    pub code: String,
    /// What a person reads.
    pub message: String,
    /// `data`, which holds the status.
    pub data: Value,
}

impl Failure {
    /// An error with nothing but its status in `data`.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            data: json!({ "status": status }),
        }
    }

    /// The same with one more member of `data`.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.data[key] = value;
        self
    }

    /// A key or signature that was looked at and found wrong.
    pub fn authentication(message: &str) -> Self {
        Self::new(401, "woocommerce_rest_authentication_error", message)
    }

    /// No such path.
    pub fn no_route() -> Self {
        Self::new(404, "rest_no_route", "No route was found matching the URL and request method.")
    }

    /// The envelope, in WordPress's order.
    pub fn body(&self) -> String {
        let text = |text: &str| wp_json(&Value::from(text));
        format!(
            "{{\"code\":{},\"message\":{},\"data\":{}}}",
            text(&self.code),
            text(&self.message),
            wp_json(&self.data)
        )
    }

    /// The reply that says so.
    pub fn reply(&self) -> Reply {
        json_reply(self.status, self.body())
    }
}

/// A JSON reply as WordPress sends it.
pub fn json_reply(status: u16, body: String) -> Reply {
    Reply::new(status, "application/json; charset=UTF-8", body)
        .with("x-robots-tag", "noindex")
        .with("x-content-type-options", "nosniff")
        .with("access-control-expose-headers", "X-WP-Total, X-WP-TotalPages, Link")
        .with("cache-control", "no-cache, must-revalidate, max-age=0, no-store, private")
}
