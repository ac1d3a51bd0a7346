//! Vtiger's error codes in our classes and in plain words.

use super::super::{ErrorKind, RemoteError};
use super::envelope::Failure;
use crate::model::UserError;

/// What was asked when the refusal came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// In the words of people: `read Contacts`, `create a record in Contacts`.
    pub(crate) what: &'a str,
    /// It changes something.
    pub(crate) write: bool,
}

/// The session is not (or no longer) known; a new login helps.
pub(crate) fn is_session_over(failure: &Failure) -> bool {
    matches!(
        failure.code.as_str(),
        "INVALID_SESSIONID" | "SESSION_EXPIRED" | "SESSION_LEFT_IDLE" | "AUTHENTICATION_REQUIRED"
    )
}

/// Nothing is wrong with the request: Vtiger stumbled, and may not the next time.
pub(crate) fn is_stumble(failure: &Failure) -> bool {
    matches!(failure.code.as_str(), "INTERNAL_SERVER_ERROR" | "DATABASE_QUERY_ERROR")
}

/// The error of a refusal.
pub(crate) fn explain(failure: &Failure, asked: Asked<'_>) -> RemoteError {
    let kind = kind(failure, asked.write);
    let what = match kind {
        ErrorKind::Unknown => {
            format!("Vtiger failed to {}; whether it was done is not known.", asked.what)
        }
        _ => format!("Vtiger refused to {}.", asked.what),
    };
    let said = if failure.message.is_empty() {
        format!("It answered {}.", failure.code)
    } else {
        format!("It answered {}: {}", code(failure), sentence(&failure.message))
    };
    let field = field(failure);
    let mut error = RemoteError::new(kind, UserError::new(what, said, next(failure)));
    error.field = field;
    error
}

fn kind(failure: &Failure, write: bool) -> ErrorKind {
    match failure.code.as_str() {
        "0" => ErrorKind::Exists { id: None },
        "ACCESS_DENIED" => ErrorKind::Permission,
        "RECORD_NOT_FOUND" => ErrorKind::NotFound,
        "INVALID_AUTH_TOKEN"
        | "INVALID_USER_CREDENTIALS"
        | "ACCESSKEY_UNDEFINED"
        | "AUTHENTICATION_FAILURE" => ErrorKind::Login,
        _ if is_session_over(failure) => ErrorKind::Login,
        _ if is_stumble(failure) && write => ErrorKind::Unknown,
        _ if is_stumble(failure) => ErrorKind::Temporary,
        _ => ErrorKind::Refused,
    }
}

fn code(failure: &Failure) -> &str {
    if failure.code == "0" { "DUPLICATE" } else { &failure.code }
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn next(failure: &Failure) -> &'static str {
    match failure.code.as_str() {
        "0" => "A record with the same unique field exists; change one of them, or link the two.",
        "ACCESS_DENIED" => {
            "Give the Vtiger user the permission (an administrator is best); the record may also \
             have been deleted."
        }
        "MANDATORY_FIELDS_MISSING" => "Map this field, or give it a default value.",
        "REFERENCE_INVALID" | "INVALID_ID_ATTRIBUTE" => {
            "Look whether the record that it refers to still exists."
        }
        _ if is_session_over(failure) => "Nothing to do; a new login follows.",
        _ if is_stumble(failure) => "If it goes on, look into Vtiger's and PHP's error logs.",
        _ => "Look at the record in Vtiger.",
    }
}

/// The field that a message names: `lastname does not have a value`,
/// `Invalid reference specified for account_id`, `Permission to access '.x.' attribute denied`.
fn field(failure: &Failure) -> Option<String> {
    let text = failure.message.as_str();
    let name = if let Some((name, _)) = text.split_once(" does not have a value") {
        name
    } else if let Some((_, name)) = text.split_once("reference specified for ") {
        name
    } else if let Some((_, rest)) = text.split_once("Permission to access ") {
        rest.split_once(" attribute")?.0
    } else {
        return None;
    };
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    super::vtql::is_name(name).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str, message: &str, write: bool) -> RemoteError {
        let failure = Failure { code: code.into(), message: message.into() };
        explain(&failure, Asked { what: "create a record in Contacts", write })
    }

    #[test]
    fn codes_have_their_classes() {
        use ErrorKind as K;
        for (code, write, want) in [
            ("INVALID_SESSIONID", false, K::Login),
            ("AUTHENTICATION_REQUIRED", true, K::Login),
            ("INVALID_USER_CREDENTIALS", false, K::Login),
            ("ACCESS_DENIED", true, K::Permission),
            ("RECORD_NOT_FOUND", true, K::NotFound),
            ("0", true, K::Exists { id: None }),
            ("MANDATORY_FIELDS_MISSING", true, K::Refused),
            ("REFERENCE_INVALID", true, K::Refused),
            ("INVALID_ID_ATTRIBUTE", true, K::Refused),
            ("QUERY_SYNTAX_ERROR", false, K::Refused),
            ("INTERNAL_SERVER_ERROR", false, K::Temporary),
            ("INTERNAL_SERVER_ERROR", true, K::Unknown),
            ("DATABASE_QUERY_ERROR", true, K::Unknown),
            ("SOMETHING_NEW", true, K::Refused),
        ] {
            assert_eq!(of(code, "x", write).kind, want, "{code}");
        }
    }

    #[test]
    fn the_field_is_found_in_the_message() {
        for (message, want) in [
            ("lastname does not have a value", Some("lastname")),
            ("Invalid reference specified for account_id", Some("account_id")),
            ("Permission to access '.cf_1.' attribute denied.", Some("cf_1")),
            ("Mandatory Fields Missing..", None),
            ("", None),
        ] {
            assert_eq!(of("X", message, true).field.as_deref(), want, "{message}");
        }
    }

    #[test]
    fn the_sentences_are_whole() {
        let error = of("MANDATORY_FIELDS_MISSING", "lastname does not have a value", true);
        assert_eq!(
            error.error.one_line(),
            "Vtiger refused to create a record in Contacts. It answered MANDATORY_FIELDS_MISSING: \
             lastname does not have a value. Map this field, or give it a default value."
        );
    }
}
