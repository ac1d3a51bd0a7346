//! The forms in which a secret travels: as it is, percent-encoded, as a part of JSON or HTML, and
//! inside something that is base64, such as the header of HTTP Basic.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// As RFC 3986 has it.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// As forms have it.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');
/// A piece of base64 that is shorter could be part of anything.
const TELLING: usize = 8;

/// All forms of a secret, each once.
pub(super) fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    for set in [NON_ALPHANUMERIC, STRICT, FORM] {
        let encoded = utf8_percent_encode(secret, set).to_string();
        forms.push(encoded.replace("%20", "+"));
        forms.push(small_hex(&encoded));
        // The base of an OAuth signature is encoded twice.
        forms.push(utf8_percent_encode(&encoded, STRICT).to_string());
        forms.push(encoded);
    }
    let json = serde_json::to_string(secret).unwrap_or_default();
    let json = json.trim_matches('"').to_owned();
    forms.push(json.replace('/', "\\/"));
    forms.push(php_json(secret));
    forms.push(json);
    let html = html_escape::encode_text(secret).into_owned();
    let quoted = html.replace('"', "&quot;");
    forms.push(quoted.replace('\'', "&#039;"));
    forms.push(quoted.replace('\'', "&#39;"));
    forms.extend([html, quoted]);
    for skipped in 0..3 {
        forms.extend(base64_core(secret, skipped));
    }
    forms.sort_unstable();
    forms.dedup();
    forms.retain(|form| form.len() >= super::SHORTEST);
    forms
}

/// `%2F` as `%2f`.
fn small_hex(encoded: &str) -> String {
    let mut digits = 0;
    encoded
        .chars()
        .map(|c| {
            let small = digits > 0;
            digits = if c == '%' { 2 } else { digits.max(1) - 1 };
            if small { c.to_ascii_lowercase() } else { c }
        })
        .collect()
}

/// As PHP writes it: beyond ASCII everything is a `\u` escape.
fn php_json(secret: &str) -> String {
    let json = serde_json::to_string(secret).unwrap_or_default().replace('/', "\\/");
    let mut out = String::new();
    for c in json.trim_matches('"').chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// The characters that base64 of any text has where the secret stands in it, if so many bytes more
/// than a multiple of three stand before it.
fn base64_core(secret: &str, before: usize) -> Vec<String> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret.as_bytes());
    let start = (before * 8).div_ceil(6);
    let end = bytes.len() * 8 / 6;
    [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
        .into_iter()
        .filter_map(|text| text.get(start..end).map(str::to_owned))
        .filter(|core| core.len() >= TELLING)
        .collect()
}

/// Takes the beginning of a secret away from the end of a text that was cut.
pub(super) fn cut_partial<'a>(text: &mut String, secrets: impl Iterator<Item = &'a String>) {
    let mut keep = text.len();
    for secret in secrets {
        let longest = secret.len().saturating_sub(1).min(text.len());
        let begun = (1..=longest).rev().find(|n| {
            let at = text.len() - n;
            text.is_char_boundary(at) && secret.as_bytes().starts_with(&text.as_bytes()[at..])
        });
        keep = keep.min(text.len() - begun.unwrap_or(0));
    }
    text.truncate(keep);
}
