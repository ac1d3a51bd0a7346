//! Zoho's errors in our classes and in plain words. The code decides; messages vary.

use super::super::{ErrorKind, RemoteError};
use crate::model::{Remedy, UserError};
use serde_json::Value as Json;

/// `{code, details, message, status}`, of a whole request or of one record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ApiError {
    /// HTTP status of the answer.
    pub(crate) status: u16,
    /// The code; Books counts them.
    pub(crate) code: String,
    /// The message.
    pub(crate) message: String,
    /// What is complained about.
    pub(crate) details: Json,
}

impl ApiError {
    /// Reads an error; `None`: it is none.
    pub(crate) fn read(status: u16, json: &Json) -> Option<Self> {
        let code = match json.get("code")? {
            Json::String(code) => code.clone(),
            Json::Number(number) => number.to_string(),
            _ => return None,
        };
        let message = json.get("message").and_then(Json::as_str).unwrap_or_default().to_owned();
        let details = json.get("details").cloned().unwrap_or_default();
        // Of several errors the first one is told; all are in the message.
        if let Some(first) = details.pointer("/errors/0").filter(|_| code.starts_with("MULTIPLE"))
            && let Some(mut error) = Self::read(status, first)
        {
            let all = details.get("errors").and_then(Json::as_array).into_iter().flatten();
            let told: Vec<String> =
                all.filter_map(|e| Self::read(status, e)).map(|e| e.said()).collect();
            error.message = told.join("; ");
            return Some(error);
        }
        Some(Self { status, code, message, details })
    }

    fn detail(&self, name: &str) -> Option<String> {
        match self.details.get(name)? {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The field that is complained about.
    pub(crate) fn field(&self) -> Option<String> {
        self.detail("api_name").or_else(|| self.detail("param_name"))
    }

    /// The token was not recognised.
    pub(crate) fn is_token(&self) -> bool {
        let known = ["INVALID_TOKEN", "INVALID_OAUTHTOKEN", "AUTHENTICATION_FAILURE"];
        // Books says 14 for a token that it does not know.
        self.status == 401 && (known.contains(&self.code.as_str()) || self.code == "14")
    }

    /// The consent does not cover it.
    pub(crate) fn is_scope(&self) -> bool {
        self.code == "OAUTH_SCOPE_MISMATCH" || (self.status == 401 && self.code == "57")
    }

    /// The record is gone.
    fn is_gone(&self) -> bool {
        let about_id = self.field().as_deref() == Some("id")
            || (self.details.get("id").is_some() && self.details.get("api_name").is_none());
        (self.code == "INVALID_DATA" && about_id)
            || self.code == "RECORD_NOT_FOUND"
            || self.status == 404 && self.code != "INVALID_URL_PATTERN"
    }

    /// What Zoho said, for people.
    fn said(&self) -> String {
        let mut text = self.code.clone();
        if !self.message.is_empty() {
            text.push_str(&format!(": {}", self.message.trim_end_matches('.')));
        }
        for (name, words) in [
            ("api_name", "field"),
            ("maximum_length", "at most"),
            ("expected_data_type", "expected"),
            ("param_name", "parameter"),
        ] {
            if let Some(detail) = self.detail(name) {
                text.push_str(&format!(" ({words} {detail})"));
            }
        }
        text
    }
}

/// What was asked when the error came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// For people: `read Contacts`, `create a lead`.
    pub(crate) what: &'a str,
    /// It changes something.
    pub(crate) write: bool,
    /// It was one record of several.
    pub(crate) item: bool,
}

/// The error for an API error.
pub(crate) fn explain(api: &ApiError, asked: Asked<'_>) -> RemoteError {
    let kind = kind(api, asked);
    let (what, next) = match &kind {
        ErrorKind::Login => (
            "Zoho does not accept the token any more.".to_owned(),
            "Give the consent again: syncdeck connector authorize NAME",
        ),
        ErrorKind::Permission if api.is_scope() => (
            format!("The consent does not cover it: Zoho refused to {}.", asked.what),
            "Give the consent again with the usual scope (empty the field Scope).",
        ),
        ErrorKind::Permission => (
            format!("The Zoho user may not {}.", asked.what),
            "Give the user's profile that right in Zoho: Setup, Users and Control, Profiles.",
        ),
        ErrorKind::NotFound => (format!("Zoho could not {}: the record is gone.", asked.what), ""),
        ErrorKind::Exists { .. } => (
            format!("Zoho refused to {}: there is such a record already.", asked.what),
            "Change the value that has to be unique in one of them, or link the two.",
        ),
        ErrorKind::Precondition => (
            format!("Zoho refused to {}: somebody has just changed the record.", asked.what),
            "It is read and compared again.",
        ),
        ErrorKind::Temporary => (
            format!("Zoho could not {} for now.", asked.what),
            "It is tried again; a record that waits for an approval or a review has to get it first.",
        ),
        ErrorKind::Unknown => (
            format!("Whether Zoho did it is not known: {}.", asked.what),
            "The record is looked up before anything is repeated.",
        ),
        _ if is_module(api) => (
            format!("Zoho refused to {}.", asked.what),
            "The module is hidden, or not part of the organisation's edition.",
        ),
        _ => (
            format!("Zoho refused to {}.", asked.what),
            "Look at the value named, and correct it in the record it comes from.",
        ),
    };
    let why = format!("It answered {} {}.", api.status, api.said());
    let mut told = UserError::new(what, why, next);
    if kind == ErrorKind::Login {
        told = told.mended_by(Remedy::LogIn);
    }
    let mut error = RemoteError::new(kind, told);
    error.field = api.field();
    error.whole |= asked.write
        && !asked.item
        && matches!(error.kind, ErrorKind::Permission | ErrorKind::Login);
    error
}

fn kind(api: &ApiError, asked: Asked<'_>) -> ErrorKind {
    match api.code.as_str() {
        _ if api.is_token() => ErrorKind::Login,
        _ if api.is_scope() => ErrorKind::Permission,
        "NO_PERMISSION" | "PERMISSION_DENIED" => ErrorKind::Permission,
        "AUTHORIZATION_FAILED" => ErrorKind::Permission,
        "DUPLICATE_DATA" => {
            let nested = api.details.pointer("/duplicate_record/id").and_then(Json::as_str);
            ErrorKind::Exists { id: api.detail("id").or_else(|| nested.map(str::to_owned)) }
        }
        "ALREADY_MODIFIED" => ErrorKind::Precondition,
        "RECORD_LOCKED" | "NOT_APPROVED" | "NOT_REVIEWED" | "RECORD_IN_BLUEPRINT" => {
            ErrorKind::Temporary
        }
        "INTERNAL_ERROR" | "SERVICE_UNAVAILABLE" if asked.write => ErrorKind::Unknown,
        "INTERNAL_ERROR" | "SERVICE_UNAVAILABLE" => ErrorKind::Temporary,
        "TOO_MANY_REQUESTS" | "RATE_LIMIT_EXCEEDED" => ErrorKind::RateLimited { wait: None },
        "INVALID_URL_PATTERN" => ErrorKind::NotTheApi,
        _ if api.is_gone() => ErrorKind::NotFound,
        _ => match api.status {
            401 => ErrorKind::Login,
            403 => ErrorKind::Permission,
            412 => ErrorKind::Precondition,
            413 => ErrorKind::TooLarge,
            _ => ErrorKind::Refused,
        },
    }
}

/// The module is not there for this organisation.
fn is_module(api: &ApiError) -> bool {
    matches!(api.code.as_str(), "INVALID_MODULE" | "NOT_SUPPORTED")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn api(status: u16, json: Json) -> ApiError {
        ApiError::read(status, &json).unwrap()
    }

    #[test]
    fn codes_have_their_classes() {
        use ErrorKind as K;
        let item = Asked { what: "create a lead", write: true, item: true };
        let read = Asked { what: "read Leads", write: false, item: false };
        for (status, code, details, asked, want) in [
            (401, "INVALID_TOKEN", json!({}), read, K::Login),
            (401, "OAUTH_SCOPE_MISMATCH", json!({}), read, K::Permission),
            (403, "NO_PERMISSION", json!({"permissions": ["x"]}), read, K::Permission),
            (400, "INVALID_MODULE", json!({"resource_path_index": 0}), read, K::Refused),
            (400, "INVALID_DATA", json!({"id": "1"}), item, K::NotFound),
            (
                400,
                "INVALID_DATA",
                json!({"api_name": "id", "json_path": "$.data[0].id"}),
                item,
                K::NotFound,
            ),
            (
                400,
                "INVALID_DATA",
                json!({"api_name": "Email", "expected_data_type": "email"}),
                item,
                K::Refused,
            ),
            (400, "MANDATORY_NOT_FOUND", json!({"api_name": "Last_Name"}), item, K::Refused),
            (
                400,
                "DUPLICATE_DATA",
                json!({"api_name": "Email", "id": "7"}),
                item,
                K::Exists { id: Some("7".into()) },
            ),
            (412, "ALREADY_MODIFIED", json!({}), item, K::Precondition),
            (207, "RECORD_LOCKED", json!({}), item, K::Temporary),
            (207, "INTERNAL_ERROR", json!({}), item, K::Unknown),
            (404, "INVALID_URL_PATTERN", json!({}), read, K::NotTheApi),
        ] {
            let error = explain(&api(status, json!({"code": code, "details": details})), asked);
            assert_eq!(error.kind, want, "{code}");
        }
        let lost = explain(
            &api(401, json!({"code": "OAUTH_SCOPE_MISMATCH"})),
            Asked { item: false, ..item },
        );
        assert!(lost.whole, "no write of this module can work");
        assert!(!explain(&api(401, json!({"code": "OAUTH_SCOPE_MISMATCH"})), read).whole);
    }

    #[test]
    fn of_several_errors_all_are_told() {
        let error = api(
            400,
            json!({"code": "MULTIPLE_OR_MULTI_ERRORS", "details": {"errors": [
                {"code": "MANDATORY_NOT_FOUND", "details": {"api_name": "Last_Name"}, "message": "required field not found"},
                {"code": "INVALID_DATA", "details": {"api_name": "Email"}, "message": "invalid data"}
            ]}}),
        );
        assert_eq!(error.field().as_deref(), Some("Last_Name"));
        assert!(
            error.message.contains("Last_Name") && error.message.contains("Email"),
            "{error:?}"
        );
    }

    #[test]
    fn books_counts_its_errors() {
        let error = api(
            401,
            json!({"code": 57, "message": "You are not authorized to perform this operation"}),
        );
        assert!(error.is_scope() && !error.is_token());
    }
}
