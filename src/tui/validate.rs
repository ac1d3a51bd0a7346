//! What a field of a connection form accepts. One small place, so that it can give way to the
//! validation that forms and settings files share.

use super::form::{Field, NAME};
use crate::catalog::FieldKind;

/// Whether a text is read from somewhere else when it is needed.
pub fn is_reference(text: &str) -> bool {
    ["env:", "file:", "cmd:"].iter().any(|prefix| text.starts_with(prefix))
}

/// Checks one field.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn field(field: &Field, taken: &[String]) -> Result<(), String> {
    let text = field.text();
    if text.is_empty() {
        return if field.required && !field.stored {
            Err(format!("{} is needed.", field.label))
        } else {
            Ok(())
        };
    }
    if is_reference(text) {
        return reference(text);
    }
    match (field.name.as_str(), field.kind) {
        (NAME, _) => connector_name(text, taken),
        (_, FieldKind::Url) => url(text),
        (_, FieldKind::Text) => Ok(()),
    }
}

fn reference(text: &str) -> Result<(), String> {
    match text.split_once(':') {
        Some((_, rest)) if !rest.trim().is_empty() => Ok(()),
        _ => Err("Write what comes after the colon: env:NAME, file:PATH or cmd:COMMAND.".into()),
    }
}

fn connector_name(text: &str, taken: &[String]) -> Result<(), String> {
    if taken.iter().any(|name| name == text) {
        return Err(format!("There is a connector {text} already."));
    }
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.len() > 40 || !text.chars().all(fine) {
        return Err("A name has up to 40 letters, digits, - and _.".into());
    }
    Ok(())
}

fn url(text: &str) -> Result<(), String> {
    let rest = match text.split_once("://") {
        Some(("http" | "https", rest)) => rest,
        Some((scheme, _)) => return Err(format!("{scheme}:// is not a web address.")),
        None => text,
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || text.contains(char::is_whitespace) {
        return Err("Write the address, for example https://shop.example.com.".into());
    }
    if host.contains('@') {
        return Err("Write the address without a user name in it.".into());
    }
    Ok(())
}

/// A web address with its scheme and without a slash at its end. Without a scheme it is https,
/// except on this machine.
pub fn complete_url(text: &str) -> String {
    let text = text.trim().trim_end_matches('/');
    if text.contains("://") {
        return text.to_owned();
    }
    let host = text.split(['/', ':']).next().unwrap_or_default();
    let local = matches!(host, "localhost" | "127.0.0.1");
    format!("{}://{text}", if local { "http" } else { "https" })
}

/// The address of a CRM's web service: `/webservice.php` is completed.
pub fn complete_crm_url(text: &str) -> String {
    let url = complete_url(text);
    if url.ends_with(".php") { url } else { format!("{url}/webservice.php") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed() {
        assert_eq!(complete_crm_url("crm.example.com/"), "https://crm.example.com/webservice.php");
        assert_eq!(
            complete_crm_url("http://127.0.0.1:8080/vt/webservice.php"),
            "http://127.0.0.1:8080/vt/webservice.php"
        );
        assert_eq!(complete_url("localhost:8080"), "http://localhost:8080");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in ["https://", "ftp://x", "a b", "https://me:pw@host/"] {
            assert!(url(bad).is_err(), "{bad}");
        }
        for good in ["shop.example.com", "https://x/y", "http://127.0.0.1:80"] {
            assert_eq!(url(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn names_are_plain_and_free() {
        let taken = vec!["shop".to_owned()];
        assert!(connector_name("shop", &taken).is_err());
        assert!(connector_name("my shop", &taken).is_err());
        assert_eq!(connector_name("shop-2", &taken), Ok(()));
    }

    #[test]
    fn references_need_a_name() {
        assert!(reference("env:").is_err());
        assert_eq!(reference("env:KEY"), Ok(()));
    }
}
