//! Addresses as people enter them, and what may be sent to them.

use super::super::ConnectOptions;
use crate::model::UserError;
use reqwest::Url;
use std::net::IpAddr;

/// Reads an address as a person enters it: without a scheme it is `https`, or `http` for this
/// machine. Query and fragment are cut; credentials inside the address are refused.
pub(crate) fn read(text: &str, field: &str) -> Result<Url, UserError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(UserError::new(
            format!("The {field} is empty."),
            "",
            "Enter the address of the system, for example https://example.com.",
        ));
    }
    let lower = text.to_ascii_lowercase();
    let full = if lower.starts_with("http://") || lower.starts_with("https://") {
        text.to_owned()
    } else if text.contains("://") {
        return Err(bad(text, field, "Only http and https addresses work."));
    } else {
        with_scheme(text.trim_start_matches('/'))
    };
    let mut url = Url::parse(&full).map_err(|e| bad(text, field, &format!("{e}.")))?;
    if url.host_str().unwrap_or("").is_empty() {
        return Err(bad(text, field, "It has no host name."));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad(
            &format!("…@{}", url.host_str().unwrap_or("")),
            field,
            "It holds a user name or password, which belong into their own fields.",
        ));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn with_scheme(text: &str) -> String {
    let https = format!("https://{text}");
    match Url::parse(&https) {
        Ok(url) if is_loopback(&url) => format!("http://{text}"),
        _ => https,
    }
}

fn bad(text: &str, field: &str, why: &str) -> UserError {
    UserError::new(
        format!("The {field} \"{text}\" is not a web address."),
        why,
        "Enter it as in https://example.com.",
    )
}

/// Whether the address is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("").trim_end_matches('.');
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Whether a text is an address with its scheme.
pub(crate) fn is_address(text: &str) -> bool {
    let lower = text.trim_start().to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

/// Whether keys would travel in the clear to another machine.
fn is_open(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

/// What a check says of keys that travel in the clear.
pub(crate) fn warning(url: &Url) -> Option<UserError> {
    is_open(url).then(|| {
        UserError::new(
            format!("The connection to {} is not encrypted.", host(url)),
            "Keys and records travel unprotected over plain http.",
            "Use https as soon as the server offers it.",
        )
    })
}

/// Refuses plain http to other machines unless it is allowed.
pub(crate) fn permit(url: &Url, options: &ConnectOptions) -> Result<(), UserError> {
    if is_open(url) && !options.allow_http {
        return Err(UserError::new(
            format!("{} would be reached by plain http.", origin(url)),
            "Keys and records would travel unprotected, and anybody on the way could read and \
             change them.",
            "Use the https:// address. If there is none and the network is trusted, allow plain \
             http in the advanced settings (allow_http = true).",
        ));
    }
    Ok(())
}

/// Scheme, host and port, without a final slash.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The host, with the port if it is an unusual one: what people recognise.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("").to_owned();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, want) in [
            ("shop.example.com", "https://shop.example.com/"),
            (" https://shop.example.com/a/?x=1#y ", "https://shop.example.com/a/"),
            ("HTTP://Shop.Example.com:8080", "http://shop.example.com:8080/"),
            ("localhost:8080", "http://localhost:8080/"),
            ("127.0.0.1:8080/shop", "http://127.0.0.1:8080/shop"),
            ("[::1]:80", "http://[::1]/"),
            ("//cdn.example.com/x", "https://cdn.example.com/x"),
            ("bücher.example", "https://xn--bcher-kva.example/"),
        ] {
            assert_eq!(read(text, "address").unwrap().as_str(), want, "{text}");
        }
        for bad in ["", "  ", "ftp://x", "http://", "https://u:p@x.example", "a b c", "https://:80"]
        {
            assert!(read(bad, "address").is_err(), "{bad}");
        }
        let told = read("https://u:hidden@x.example", "address").unwrap_err();
        assert!(!told.one_line().contains("hidden"));
    }

    #[test]
    fn plain_http_needs_permission_except_on_this_machine() {
        let permitted = |text: &str, allow_http| {
            let options = ConnectOptions { allow_http, ..ConnectOptions::default() };
            permit(&Url::parse(text).unwrap(), &options).is_ok()
        };
        assert!(permitted("http://localhost/", false));
        assert!(permitted("http://127.8.9.1:99/", false));
        assert!(permitted("http://[::1]/", false));
        assert!(permitted("https://shop.example.com/", false));
        assert!(!permitted("http://shop.example.com/", false));
        assert!(!permitted("http://192.168.1.4/", false));
        assert!(!permitted("http://localhost.example.com/", false));
        assert!(permitted("http://shop.example.com/", true));
    }
}
