//! WooCommerce's errors in our classes and in plain words.
//!
//! Messages are translated to the site's language, so only the code and the HTTP status decide.

use super::super::{ErrorKind, RemoteError};
use crate::model::{Fields, UserError, Value};

/// `{code, message, data}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// HTTP status, of the answer or of the item.
    pub(crate) status: u16,
    /// The code.
    pub(crate) code: String,
    /// The message, without HTML.
    pub(crate) message: String,
    /// The member that is complained about.
    pub(crate) field: Option<String>,
    /// The record that has the same key.
    pub(crate) resource: Option<String>,
    /// The order that is left of a create that failed.
    pub(crate) draft: Option<String>,
}

impl ApiError {
    /// Reads an error. Its `data` is an object, a number or null.
    pub(crate) fn read(status: u16, error: &Fields) -> Option<Self> {
        let text = |name: &str| error.get(name).map(Value::to_text);
        let data = match error.get("data") {
            Some(Value::Object(data)) => data.clone(),
            _ => Fields::new(),
        };
        let of_item = data.get("status").and_then(|s| s.to_text().parse().ok());
        Some(Self {
            status: of_item.filter(|_| status < 400).unwrap_or(status),
            code: text("code").filter(|c| !c.is_empty())?,
            message: plain(&text("message").unwrap_or_default()),
            field: data.get("params").and_then(first_name),
            resource: id(&data, "resource_id"),
            draft: id(&data, "new_draft_order_id"),
        })
    }
}

fn id(data: &Fields, name: &str) -> Option<String> {
    data.get(name).map(Value::to_text).filter(|id| !id.is_empty() && id != "0")
}

/// `params` is a list of names, or an object by name.
fn first_name(params: &Value) -> Option<String> {
    match params {
        Value::List(names) => names.first().map(Value::to_text),
        Value::Object(names) => names.iter().next().map(|(name, _)| name.to_owned()),
        _ => None,
    }
}

fn plain(message: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in message.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    let text = html_escape::decode_html_entities(&out);
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
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
    /// It changes something.
    pub(crate) write: bool,
    /// The keys have worked before on this connection.
    pub(crate) known: bool,
    /// It was one item of a batch.
    pub(crate) item: bool,
}

/// The error for an API error.
pub(crate) fn explain(api: &ApiError, asked: Asked<'_>) -> RemoteError {
    let kind = kind(api, asked);
    let said = if api.message.is_empty() {
        format!("It answered {} {}.", api.status, api.code)
    } else {
        let stop = if api.message.ends_with(['.', '!', '?', '…']) { "" } else { "." };
        format!("It answered {} {}: {}{stop}", api.status, api.code, api.message)
    };
    let (what, next) = match &kind {
        ErrorKind::Login if api.message.contains("timestamp") => (
            "The shop does not accept the time of our signature.".to_owned(),
            "Set this machine's clock and the shop's by NTP.",
        ),
        ErrorKind::Login if api.message.contains("signature") => (
            "The shop does not accept our signature.".to_owned(),
            "Check the consumer secret; use the very address that WordPress shows as Site Address in \
             Settings, General.",
        ),
        ErrorKind::Login => (
            "The shop does not accept the consumer key and secret.".to_owned(),
            "Copy both again from WooCommerce, Settings, Advanced, REST API; if they are lost, make \
             a new key.",
        ),
        ErrorKind::Permission if api.status == 401 && asked.write => (
            "The key may not write.".to_owned(),
            "Give the key the permission Read/Write in WooCommerce, Settings, Advanced, REST API.",
        ),
        ErrorKind::Permission if api.status == 401 => (
            "The key may not read.".to_owned(),
            "Give the key the permission Read/Write in WooCommerce, Settings, Advanced, REST API.",
        ),
        ErrorKind::Permission => (
            format!("The key's user may not {}.", asked.what),
            "Let the key belong to an administrator; the role of its user is too weak for this.",
        ),
        ErrorKind::NotFound => {
            (format!("The shop could not {}: the record is gone.", asked.what), "")
        }
        ErrorKind::Exists { .. } => (
            format!("The shop refused to {}: there is a record with this key already.", asked.what),
            "Change the key of one of them, or link the two.",
        ),
        ErrorKind::NotTheApi => (
            "WooCommerce's REST API v3 is not there.".to_owned(),
            "Activate WooCommerce (3.5 or later) on this site, and check the App URL.",
        ),
        ErrorKind::TooLarge => (format!("The shop refused to {} as too large.", asked.what), ""),
        _ => (
            format!("The shop refused to {}.", asked.what),
            "Look at the value named, and correct it in the record it comes from.",
        ),
    };
    let mut error = RemoteError::new(kind, UserError::new(what, said, next));
    error.field = api.field.clone();
    error.whole |= !asked.item
        && (api.status == 401
            || (api.status == 403 && !asked.write)
            || api.code.ends_with("cannot_batch"));
    error
}

fn kind(api: &ApiError, asked: Asked<'_>) -> ErrorKind {
    let code = api.code.as_str();
    match api.status {
        401 if is_permission(api) => ErrorKind::Permission,
        401 if asked.known && asked.write && !is_key(api) => ErrorKind::Permission,
        401 if asked.item => ErrorKind::Permission,
        401 => ErrorKind::Login,
        403 => ErrorKind::Permission,
        404 if code == "rest_no_route" => ErrorKind::NotTheApi,
        413 => ErrorKind::TooLarge,
        429 => ErrorKind::RateLimited { wait: None },
        404 => ErrorKind::NotFound,
        500..=599 if !asked.item && asked.write && api.status != 501 => ErrorKind::Unknown,
        500..=599 if !asked.write => ErrorKind::Temporary,
        _ if is_taken(code) => ErrorKind::Exists { id: api.resource.clone() },
        _ if code.ends_with("_invalid_id") => ErrorKind::NotFound,
        _ => ErrorKind::Refused,
    }
}

/// The key is right, but has only the other permission. The code is the same as for a wrong
/// secret; the message tells them apart in English only.
fn is_permission(api: &ApiError) -> bool {
    api.code == "woocommerce_rest_authentication_error"
        && (api.message.contains("read permissions") || api.message.contains("write permissions"))
}

/// The key, the signature or its time is wrong; told from a missing permission in English only.
fn is_key(api: &ApiError) -> bool {
    ["timestamp", "nonce", "ignature", "is invalid"].iter().any(|word| api.message.contains(word))
}

fn is_taken(code: &str) -> bool {
    matches!(
        code,
        "registration-error-email-exists"
            | "woocommerce_rest_customer_exists"
            | "woocommerce_rest_customer_invalid_email"
            | "existing_user_login"
            | "existing_user_email"
            | "product_invalid_sku"
            | "woocommerce_rest_product_not_created"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncdeck_records::project::Projection;

    fn api(status: u16, json: &str) -> ApiError {
        let found = Projection::new(["code", "message", "data"], &[]).take(json).unwrap();
        ApiError::read(status, &found.fields).unwrap()
    }

    const WRITE: Asked<'_> =
        Asked { what: "create a customer", write: true, known: true, item: false };
    const READ: Asked<'_> =
        Asked { what: "read customers", write: false, known: false, item: false };

    #[test]
    fn errors_are_read_leniently() {
        let error = api(
            400,
            r#"{"code":"rest_invalid_param","message":"Invalid parameter(s): billing","data":{"status":400,"params":{"billing":"billing[email] &lt;b&gt;"},"details":{}}}"#,
        );
        assert_eq!(error.field.as_deref(), Some("billing"));
        let error = api(
            400,
            r#"{"code":"rest_missing_callback_param","message":"Missing","data":{"status":400,"params":["email"]}}"#,
        );
        assert_eq!(error.field.as_deref(), Some("email"));
        let error = api(
            500,
            r#"{"code":"woocommerce_rest_cannot_create_order_refund","message":"<p>No &amp; no</p>","data":500}"#,
        );
        assert_eq!(error.message, "No & no");
        let error =
            api(200, r#"{"code":"wc_user_invalid_id","message":"x","data":{"status":404}}"#);
        assert_eq!(error.status, 404);
        assert!(ApiError::read(400, &Fields::new()).is_none());
    }

    #[test]
    fn codes_have_their_classes() {
        use ErrorKind as K;
        let auth = "woocommerce_rest_authentication_error";
        for (status, code, message, asked, want) in [
            (
                401,
                "woocommerce_rest_cannot_view",
                "Sorry, you cannot list resources.",
                READ,
                K::Login,
            ),
            (401, auth, "Consumer secret is invalid.", READ, K::Login),
            (
                401,
                auth,
                "The API key provided does not have read permissions.",
                READ,
                K::Permission,
            ),
            (
                401,
                auth,
                "The API key provided does not have write permissions.",
                WRITE,
                K::Permission,
            ),
            (401, auth, "Der API-Schlüssel hat keine Schreibrechte.", WRITE, K::Permission),
            (403, "woocommerce_rest_cannot_create", "", WRITE, K::Permission),
            (404, "rest_no_route", "", READ, K::NotTheApi),
            (404, "wc_user_invalid_id", "", WRITE, K::NotFound),
            (400, "woocommerce_rest_product_invalid_id", "", WRITE, K::NotFound),
            (400, "registration-error-email-exists", "", WRITE, K::Exists { id: None }),
            (400, "woocommerce_rest_product_not_created", "", WRITE, K::Exists { id: None }),
            (400, "customer_invalid_email", "", WRITE, K::Refused),
            (413, "woocommerce_rest_request_entity_too_large", "", WRITE, K::TooLarge),
            (500, "internal_server_error", "", WRITE, K::Unknown),
            (500, "internal_server_error", "", READ, K::Temporary),
        ] {
            let error = ApiError {
                status,
                code: code.into(),
                message: message.into(),
                ..ApiError::default()
            };
            assert_eq!(explain(&error, asked).kind, want, "{status} {code} {message}");
        }
        let taken = api(
            400,
            r#"{"code":"product_invalid_sku","message":"x","data":{"status":400,"resource_id":43,"unique_sku":"A-1"}}"#,
        );
        assert_eq!(explain(&taken, WRITE).kind, K::Exists { id: Some("43".into()) });
    }

    #[test]
    fn errors_of_the_key_concern_everything_and_those_of_an_item_do_not() {
        let denied = ApiError {
            status: 403,
            code: "woocommerce_rest_cannot_edit".into(),
            ..ApiError::default()
        };
        assert!(explain(&denied, READ).whole);
        assert!(!explain(&denied, Asked { item: true, ..WRITE }).whole);
        let no_write = ApiError {
            status: 401,
            code: "woocommerce_rest_authentication_error".into(),
            ..ApiError::default()
        };
        assert!(explain(&no_write, WRITE).whole);
    }
}
