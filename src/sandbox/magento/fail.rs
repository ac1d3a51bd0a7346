//! Magento's errors.

use serde_json::{Value, json};

use crate::sandbox::http::Reply;

/// An error of the API.
#[derive(Debug, Clone)]
pub struct Failure {
    status: u16,
    message: String,
    parameters: Value,
}

impl Failure {
    /// An error without parameters.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), parameters: Value::Null }
    }

    /// With the parameters of its message: a list or an object.
    #[must_use]
    pub fn with(mut self, parameters: Value) -> Self {
        self.parameters = parameters;
        self
    }

    /// The right is missing, or the token; both are told alike.
    pub fn unauthorized(right: &str) -> Self {
        Self::new(401, "The consumer isn't authorized to access %resources.")
            .with(json!({ "resources": right }))
    }

    /// A field is missing.
    pub fn required(field: &str) -> Self {
        Self::new(400, "\"%fieldName\" is required. Enter and try again.")
            .with(json!({ "fieldName": field }))
    }

    /// No record has this id.
    pub fn no_entity(field: &str, value: impl Into<Value>) -> Self {
        Self::new(404, "No such entity with %fieldName = %fieldValue")
            .with(json!({ "fieldName": field, "fieldValue": value.into() }))
    }

    /// No route is there.
    pub fn no_route() -> Self {
        Self::new(404, "Request does not match any route.")
    }

    /// The database did not understand.
    pub fn internal() -> Self {
        let message = "Internal Error. Details are available in Magento log file. Report ID: \
                       webapi-6b01f441d731f";
        Self::new(500, message)
    }

    /// As it is answered.
    pub fn reply(&self) -> Reply {
        let mut body = json!({ "message": self.message });
        if !self.parameters.is_null() {
            body["parameters"] = self.parameters.clone();
        }
        Reply::new(self.status, "application/json; charset=utf-8", body.to_string())
    }
}
