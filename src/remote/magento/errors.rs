//! Magento's errors in our classes and in plain words.
//!
//! `{"message", "parameters"}`, the parameters a list (`%1`) or an object (`%fieldName`), and
//! perhaps `errors` of the same shape. A missing right and a token that is not accepted are told by
//! the same 401, so both are said.

use super::super::{ErrorKind, RemoteError};
use crate::model::{Fields, UserError, Value};

/// An error of the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// HTTP status.
    pub(crate) status: u16,
    /// The message with its parameters filled in, and those of `errors` behind it.
    pub(crate) message: String,
    /// The message as it came.
    pub(crate) template: String,
    /// The field that is complained about.
    pub(crate) field: Option<String>,
    /// The right that is asked for (`Magento_Customer::customer`).
    pub(crate) right: Option<String>,
    /// The largest page allowed.
    pub(crate) most: Option<u32>,
}

impl ApiError {
    /// Reads an error; `None`: the body is none of Magento's.
    pub(crate) fn read(status: u16, body: &Value) -> Option<Self> {
        let Value::Object(body) = body else { return None };
        let template = body.get("message").map(Value::to_text).filter(|m| !m.is_empty())?;
        let mut parts = vec![filled(&template, body.get("parameters"))];
        let mut field = named(body.get("parameters"), "fieldName");
        if let Some(Value::List(errors)) = body.get("errors") {
            for error in errors {
                let Value::Object(error) = error else { continue };
                let text = error.get("message").map(Value::to_text).unwrap_or_default();
                parts.push(filled(&text, error.get("parameters")));
                field = field.or_else(|| named(error.get("parameters"), "fieldName"));
            }
        }
        let most = template.contains("pageSize").then(|| named(body.get("parameters"), "max"));
        Some(Self {
            status,
            message: plain(&parts.join(" ")),
            field,
            right: named(body.get("parameters"), "resources"),
            most: most.flatten().and_then(|n| n.parse().ok()).filter(|n| *n > 0),
            template,
        })
    }

    /// The signature's nonce was seen before: nothing was done, and a new one helps.
    pub(crate) fn is_nonce(&self) -> bool {
        self.status == 401 && self.template.contains("nonce is already")
    }

    /// The signature's time lies in the shop's future.
    pub(crate) fn is_time(&self) -> bool {
        self.status == 401
            && (self.template.contains("validating the nonce")
                || self.template.contains("timestamp"))
    }

    /// There is no such path: the module is off, or the address is wrong.
    pub(crate) fn is_no_route(&self) -> bool {
        self.status == 404 && self.template.contains("does not match any route")
    }
}

fn named(parameters: Option<&Value>, name: &str) -> Option<String> {
    let Some(Value::Object(parameters)) = parameters else { return None };
    parameters.get(name).map(Value::to_text).filter(|text| !text.is_empty())
}

/// The message with `%1` or `%name` replaced; longer names first, `%10` before `%1`.
fn filled(message: &str, parameters: Option<&Value>) -> String {
    let mut values: Vec<(String, String)> = match parameters {
        Some(Value::List(list)) => {
            (1..).zip(list).map(|(n, v)| (format!("%{n}"), v.to_text())).collect()
        }
        Some(Value::Object(object)) => {
            object.iter().map(|(k, v)| (format!("%{k}"), v.to_text())).collect()
        }
        _ => return message.to_owned(),
    };
    values.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut out = String::new();
    let mut rest = message;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match values.iter().find(|(name, _)| rest.starts_with(name.as_str())) {
            Some((name, value)) => {
                out.push_str(value);
                rest = &rest[name.len()..];
            }
            None => {
                out.push('%');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// One line of readable length.
fn plain(message: &str) -> String {
    let mut line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 300 {
        line = line.chars().take(299).collect::<String>() + "…";
    }
    line
}

/// What was asked when the error came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// For people: `read customers`, `create a product`.
    pub(crate) what: &'a str,
    /// The credentials have worked before on this connection.
    pub(crate) known: bool,
    /// A bearer token, not a signature.
    pub(crate) bearer: bool,
}

/// The error for an API error.
pub(crate) fn explain(api: &ApiError, asked: Asked<'_>) -> RemoteError {
    let stop = if api.message.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    let said = format!("It answered {}: {}{stop}", api.status, api.message);
    let (kind, what, next) = match api.status {
        401 => denied(api, asked),
        403 => (
            ErrorKind::Permission,
            format!("Magento does not let us {}.", asked.what),
            "Give the integration the right in System, Integrations, API.".to_owned(),
        ),
        404 if api.is_no_route() && !asked.known => (
            ErrorKind::NotTheApi,
            "Magento does not know this path of its API.".to_owned(),
            "Check the shop URL: it may be missing a folder, or have one too many.".to_owned(),
        ),
        404 if api.is_no_route() => (
            ErrorKind::Refused,
            format!("This Magento cannot {}.", asked.what),
            "Its module is switched off, or this version does not have it.".to_owned(),
        ),
        404 => {
            let what = format!("Magento could not {}: the record is gone.", asked.what);
            (ErrorKind::NotFound, what, String::new())
        }
        400 if api.template.starts_with("Specified request cannot be processed") => (
            ErrorKind::NotTheApi,
            "Magento does not know the store view.".to_owned(),
            "Correct the store view code; the codes stand in Stores, All Stores. Empty is the \
             default view."
                .to_owned(),
        ),
        413 => (
            ErrorKind::TooLarge,
            format!("Magento refused to {} as too large.", asked.what),
            "Shorten the record's longest fields.".to_owned(),
        ),
        _ => (
            ErrorKind::Refused,
            format!("Magento refused to {}.", asked.what),
            "Look at the value named, and correct it in the record it comes from.".to_owned(),
        ),
    };
    let mut error = RemoteError::new(kind, UserError::new(what, said, next));
    error.field.clone_from(&api.field);
    error
}

/// 401 in all its meanings.
fn denied(api: &ApiError, asked: Asked<'_>) -> (ErrorKind, String, String) {
    if api.template.contains("signature") {
        return (
            ErrorKind::Login,
            "Magento does not accept our signature.".to_owned(),
            "Copy the consumer secret and the access token secret again. If the shop stands behind a \
             proxy, enter as signing URL the address that Magento itself is called by, with its \
             scheme and port."
                .to_owned(),
        );
    }
    if api.is_time() {
        return (
            ErrorKind::Login,
            "Magento does not accept the time of our signature.".to_owned(),
            "Set this machine's clock and the shop's by NTP.".to_owned(),
        );
    }
    let Some(right) = &api.right else {
        return (
            ErrorKind::Login,
            "Magento does not accept the keys.".to_owned(),
            "Copy the values again from System, Integrations; the integration must be active."
                .to_owned(),
        );
    };
    if asked.bearer && !asked.known {
        return (
            ErrorKind::Login,
            "Magento does not accept the bearer token, or it lacks a right.".to_owned(),
            format!(
                "Since 2.4.4 a shop takes an integration's token alone only if Stores, Configuration, \
                 Services, OAuth, Consumer Settings allows it as standalone bearer token: allow it, or \
                 enter all four values of the integration. If it is allowed, give the integration the \
                 right {right}; an administrator's token may also have expired."
            ),
        );
    }
    (
        ErrorKind::Permission,
        format!("The integration may not {}.", asked.what),
        format!(
            "Give it the right {right} in System, Integrations, API, and activate it anew. An \
             integration that was deleted or deactivated is refused in the same words."
        ),
    )
}

/// A request that the shop's database did not understand: it fails the same way every time.
pub(crate) fn unknown_column(what: &str, field: &str, said: &str) -> RemoteError {
    let mut error = RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            format!("Magento could not {what} by \"{field}\"."),
            format!("It answers 500 to a field that it cannot search by: {said}"),
            "Use another field as the match key in the mapping.",
        ),
    );
    error.field = Some(field.to_owned());
    error
}

/// The part of an API error that an unreadable body gives.
pub(crate) fn message_of(body: &Fields) -> String {
    plain(&body.get("message").map(Value::to_text).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncdeck_records::project::value;

    fn api(status: u16, json: &str) -> ApiError {
        ApiError::read(status, &value(json)).unwrap()
    }

    const SIGNED: Asked<'_> = Asked { what: "read customers", known: false, bearer: false };
    const BEARER: Asked<'_> = Asked { bearer: true, ..SIGNED };

    #[test]
    fn parameters_are_filled_in_from_lists_and_objects() {
        let error = api(
            404,
            r#"{"message":"No such entity with %fieldName = %fieldValue","parameters":{"fieldName":"customerId","fieldValue":99999}}"#,
        );
        assert_eq!(error.message, "No such entity with customerId = 99999");
        let error = api(
            400,
            r#"{"message":"%1 already exists. 100% of %10 and %2","parameters":["Code","b"]}"#,
        );
        assert_eq!(error.message, "Code already exists. 100% of Code0 and b");
        let error = api(
            400,
            r#"{"message":"One or more input exceptions have occurred.","errors":[{"message":"\"%fieldName\" is required.","parameters":{"fieldName":"country_id"}},{"message":"%1","parameters":["x"]}]}"#,
        );
        assert_eq!(
            error.message,
            "One or more input exceptions have occurred. \"country_id\" is required. x"
        );
        assert_eq!(error.field.as_deref(), Some("country_id"));
        let limit = api(
            400,
            r#"{"message":"Maximum SearchCriteria pageSize is %max","parameters":{"max":300}}"#,
        );
        assert_eq!(limit.most, Some(300));
        assert!(ApiError::read(400, &value("[]")).is_none());
        assert!(ApiError::read(400, &value(r#"{"error":"x"}"#)).is_none());
    }

    #[test]
    fn one_401_is_told_from_another() {
        use ErrorKind as K;
        let right = r#"{"message":"The consumer isn't authorized to access %resources.","parameters":{"resources":"Magento_Customer::customer"}}"#;
        let signature = r#"{"message":"The signature is invalid. Verify and try again."}"#;
        let time = r#"{"message":"An error occurred validating the nonce."}"#;
        let key = r#"{"message":"A consumer having the specified key does not exist."}"#;
        for (json, asked, kind, word) in [
            (right, SIGNED, K::Permission, "Magento_Customer::customer"),
            (right, BEARER, K::Login, "standalone bearer token"),
            (right, Asked { known: true, ..BEARER }, K::Permission, "Magento_Customer::customer"),
            (signature, SIGNED, K::Login, "signing URL"),
            (time, SIGNED, K::Login, "NTP"),
            (key, SIGNED, K::Login, "System, Integrations"),
        ] {
            let error = explain(&api(401, json), asked);
            assert_eq!(error.kind, kind, "{json}");
            assert!(error.error.next.contains(word), "{error}");
        }
        let both = explain(&api(401, right), BEARER).error.next;
        assert!(both.contains("Magento_Customer::customer"), "both causes are said: {both}");
        assert!(api(401, r#"{"message":"The nonce is already being used by the consumer with ID %1","parameters":[3]}"#).is_nonce());
    }

    #[test]
    fn a_missing_route_is_a_wrong_address_only_while_nothing_has_worked() {
        let route = api(404, r#"{"message":"Request does not match any route."}"#);
        assert_eq!(explain(&route, SIGNED).kind, ErrorKind::NotTheApi);
        let later = explain(&route, Asked { known: true, ..SIGNED });
        assert!(later.kind == ErrorKind::Refused && !later.whole);
        let gone = api(404, r#"{"message":"The product that was requested doesn't exist."}"#);
        assert_eq!(explain(&gone, SIGNED).kind, ErrorKind::NotFound);
        let view = api(400, r#"{"message":"Specified request cannot be processed."}"#);
        assert!(explain(&view, SIGNED).error.what.contains("store view"));
    }
}
