//! Masks what stands behind a name that says *secret*: `name=value`, `name: value`,
//! `"name":"value"`, `<name>value</name>`, and the same percent-encoded or as HTML.

use super::STARS;

/// Names whose values are secrets, wherever they stand; longer ones before those they begin with.
const NAMES: [&str; 21] = [
    "oauth_consumer_key",
    "oauth_token_secret",
    "oauth_signature",
    "oauth_verifier",
    "oauth_token",
    "oauth_nonce",
    "consumer_secret",
    "consumer_key",
    "client_secret",
    "access_token",
    "refresh_token",
    "access_key",
    "accesskey",
    "sessionname",
    "phpsessid",
    "authorization",
    "password",
    "user_pass",
    "secret_key",
    "api_key",
    "token",
];

/// What a name or a value may be wrapped in.
const QUOTES: [&str; 9] = ["\\\"", "\"", "'", "%5c%22", "%22", "%27", "&quot;", "&#039;", "&#39;"];
const BLANKS: [&str; 3] = [" ", "%20", "+"];
/// What stands between name and value; a name in brackets is PHP's way to print it.
const BETWEEN: [&str; 8] = ["]=>", "] =>", "=>", "=", ":", "%3d", "%3a", ">"];
/// Where a value ends that is in no quotes.
const ENDS: [&str; 15] =
    ["&", "\"", "'", ",", ";", "<", ">", "}", "\\", "%26", "%22", "%27", "%2c", "%7d", "%3c"];
/// The schemes of the header `Authorization`, which may stand without its name.
const SCHEMES: [&str; 2] = ["basic ", "bearer "];
/// What follows a scheme is taken for a key from this length on.
const KEY: usize = 16;

/// The text without what stands behind such names.
pub(super) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, end) in places(text) {
        out.push_str(&text[copied..start]);
        out.push_str(STARS);
        copied = end;
    }
    out.push_str(&text[copied..]);
    out
}

/// What stands behind such names.
pub(super) fn values(text: &str) -> Vec<&str> {
    places(text).into_iter().map(|(start, end)| &text[start..end]).collect()
}

/// Where what stands behind such names lies.
fn places(text: &str) -> Vec<(usize, usize)> {
    let lower = text.to_ascii_lowercase();
    let bytes = lower.as_bytes();
    let mut places = Vec::new();
    let mut at = 0;
    while at < lower.len() {
        let begins = bytes[at].is_ascii_alphabetic()
            && (at == 0 || !bytes[at - 1].is_ascii_alphanumeric() || escaped(&bytes[..at]));
        match begins.then(|| value_at(&lower, at)).flatten() {
            Some((start, end)) if end > start => {
                places.push((start, end));
                at = end;
            }
            _ => at += 1,
        }
    }
    places
}

/// Whether a text ends in `%22` or the like: what follows is a word of its own.
fn escaped(before: &[u8]) -> bool {
    matches!(before, [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
}

/// Where the value lies, if such a name (or the scheme of a header) stands at a place.
fn value_at(lower: &str, at: usize) -> Option<(usize, usize)> {
    let rest = lower.get(at..)?;
    if let Some(key) = SCHEMES.iter().find_map(|scheme| rest.strip_prefix(scheme)) {
        let is_key = |c: char| c.is_ascii_alphanumeric() || "+/=._-~".contains(c);
        let length = key.find(|c| !is_key(c)).unwrap_or(key.len());
        let start = lower.len() - key.len();
        return (length >= KEY).then_some((start, start + length));
    }
    let name = NAMES.iter().find(|name| rest.starts_with(**name))?;
    let rest = without(&rest[name.len()..], &QUOTES);
    let rest = without(rest, &BLANKS);
    let rest = BETWEEN.iter().find_map(|between| rest.strip_prefix(between))?;
    let rest = without(rest, &BLANKS);
    let quote = QUOTES.iter().find(|quote| rest.starts_with(**quote));
    let value = &rest[quote.map_or(0, |quote| quote.len())..];
    let start = lower.len() - value.len();
    let length = match quote {
        Some(quote) => quoted(value, quote),
        None if *name == "authorization" => value.find(['\n', '\r']).unwrap_or(value.len()),
        None => open(value),
    };
    Some((start, start + length))
}

/// A text without such pieces at its beginning.
fn without<'a>(mut text: &'a str, pieces: &[&str]) -> &'a str {
    while let Some(rest) = pieces.iter().find_map(|piece| text.strip_prefix(piece)) {
        text = rest;
    }
    text
}

/// How long a value is that ends in this quote.
fn quoted(value: &str, quote: &str) -> usize {
    let escapes = quote.len() == 1;
    let mut skip = false;
    for (at, c) in value.char_indices() {
        if std::mem::take(&mut skip) {
            continue;
        }
        if value[at..].starts_with(quote) {
            return at;
        }
        skip = escapes && c == '\\';
    }
    value.len()
}

/// How long a value is that stands in no quotes.
fn open(value: &str) -> usize {
    let ends = |(at, c): &(usize, char)| {
        c.is_whitespace() || ENDS.iter().any(|end| value[*at..].starts_with(end))
    };
    value.char_indices().find(ends).map_or(value.len(), |(at, _)| at)
}
