//! Who asks: an integration by its four values (OAuth 1.0a, HMAC-SHA256), or by its token as bearer
//! where the shop allows it.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::hmac;
use serde_json::json;

use super::fail::Failure;
use crate::sandbox::MagentoKey;
use crate::sandbox::http::Request;
use crate::sandbox::seed::mix;

/// So far into the future a signature may be dated.
const AHEAD: i64 = 600;
/// What stays unencoded (RFC 3986).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Nonces kept at the most.
const NONCES: usize = 1_000_000;

/// The four values of an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// What it may do.
    pub kind: MagentoKey,
    /// Consumer key, consumer secret, access token, access token secret.
    pub values: [String; 4],
}

/// The integrations of the shop and the nonces they have used.
#[derive(Debug)]
pub struct Integrations {
    all: Vec<Integration>,
    nonces: Mutex<HashSet<String>>,
}

/// The four values of a kind, from the seed.
pub fn values(seed: u64, kind: MagentoKey) -> [String; 4] {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    [0_u64, 1, 2, 3].map(|n| {
        let stream = 0x00ac_ce55 + 8 * kind as u64 + n;
        let letter = |i| {
            let at = usize::try_from(mix(seed, stream, i) % LETTERS.len() as u64).unwrap_or(0);
            char::from(LETTERS[at])
        };
        (0..32).map(letter).collect()
    })
}

impl Integrations {
    /// The integrations of a seed.
    pub fn new(seed: u64) -> Self {
        let kinds = [MagentoKey::Full, MagentoKey::CustomersOnly];
        let all = kinds.map(|kind| Integration { kind, values: values(seed, kind) }).to_vec();
        Self { all, nonces: Mutex::default() }
    }

    /// Who made a request to `url` (scheme, host and path as they came); nobody is no error here.
    pub fn identify(
        &self,
        request: &Request,
        url: &str,
        bearer_allowed: bool,
        now: i64,
    ) -> Result<Option<MagentoKey>, Failure> {
        let Some((scheme, rest)) = request.header("authorization").and_then(|h| h.split_once(' '))
        else {
            return Ok(None);
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            let token = rest.trim();
            let found = self.all.iter().find(|i| i.values[2] == token);
            return Ok(found.filter(|_| bearer_allowed).map(|i| i.kind));
        }
        if !scheme.eq_ignore_ascii_case("oauth") {
            return Ok(None);
        }
        self.signed(request, url, rest, now).map(Some)
    }

    fn signed(
        &self,
        request: &Request,
        url: &str,
        header: &str,
        now: i64,
    ) -> Result<MagentoKey, Failure> {
        let given: Vec<(String, String)> = header
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
            .map(|(name, value)| (name.to_owned(), raw(value.trim_matches('"'))))
            .collect();
        let value = |name: &str| {
            let found = given.iter().find(|(n, v)| n == name && !v.is_empty());
            found.map(|(_, v)| v.as_str()).ok_or_else(|| {
                Failure::new(400, "\"%1\" is required. Enter and try again.").with(json!([name]))
            })
        };
        let key = value("oauth_consumer_key")?;
        let integration = self.all.iter().find(|i| i.values[0] == key).ok_or_else(|| {
            Failure::new(401, "A consumer having the specified key does not exist.")
        })?;
        let method = value("oauth_signature_method")?;
        if method != "HMAC-SHA256" {
            return Err(
                Failure::new(400, "Signature method %1 is not supported").with(json!([method]))
            );
        }
        let stamp = value("oauth_timestamp")?.parse::<i64>().unwrap_or(0);
        if stamp <= 0 || stamp > now + AHEAD {
            return Err(Failure::new(401, "An error occurred validating the nonce."));
        }
        if value("oauth_token")? != integration.values[2] {
            return Err(Failure::new(401, "Specified token does not exist."));
        }
        let signature = value("oauth_signature")?;
        let base = base_string(request.method.as_str(), url, &given, &request.query);
        let secret =
            format!("{}&{}", encode(&integration.values[1]), encode(&integration.values[3]));
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        if STANDARD.encode(hmac::sign(&secret, base.as_bytes())) != signature {
            return Err(Failure::new(401, "The signature is invalid. Verify and try again."));
        }
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        if nonces.len() > NONCES {
            nonces.clear();
        }
        if !nonces.insert(format!("{key} {}", value("oauth_nonce")?)) {
            let message = "The nonce is already being used by the consumer with ID %1.";
            return Err(Failure::new(401, message).with(json!([1])));
        }
        Ok(integration.kind)
    }
}

/// The text that is signed.
fn base_string(method: &str, url: &str, given: &[(String, String)], query: &str) -> String {
    let mut all: Vec<(String, String)> = given
        .iter()
        .filter(|(name, _)| name.starts_with("oauth_") && name != "oauth_signature")
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    // A part with no or two equal signs is left out; a plus is a plus.
    let parts = query.split('&').map(|part| part.split('=').collect::<Vec<_>>());
    for part in parts {
        if let [name, value] = part.as_slice() {
            all.push((encode(&raw(name)), encode(&raw(value))));
        }
    }
    all.sort_by(|(a, _), (b, _)| strnatcmp(a.as_bytes(), b.as_bytes()));
    let joined: Vec<String> = all.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
    format!("{method}&{}&{}", encode(&normal(url)), encode(&joined.join("&")))
}

/// The path as the URI class of the server writes it.
fn normal(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let path = url[start..].find('/').map_or(url.len(), |at| start + at);
    let mut out = url[..path].to_owned();
    let mut rest = &url[path..];
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let byte = rest.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(b) if b.is_ascii_alphanumeric() || b"-._~:@&=+$,/;".contains(&b) => {
                out.push(char::from(b));
                rest = &rest[3..];
            }
            Some(_) => {
                out.push_str(&rest[..3].to_ascii_uppercase());
                rest = &rest[3..];
            }
            None => {
                out.push('%');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

fn raw(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// PHP's `strnatcmp`, as far as names of parameters need it.
fn strnatcmp(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while let (Some(x), Some(y)) = (a.first(), b.first()) {
        if !(x.is_ascii_digit() && y.is_ascii_digit()) {
            if x != y {
                return x.cmp(y);
            }
            (a, b) = (&a[1..], &b[1..]);
            continue;
        }
        let end = |t: &[u8]| t.iter().position(|c| !c.is_ascii_digit()).unwrap_or(t.len());
        let ((m, rest_a), (n, rest_b)) = (a.split_at(end(a)), b.split_at(end(b)));
        let fraction = *x == b'0' || *y == b'0';
        let order = if fraction { m.cmp(n) } else { m.len().cmp(&n.len()).then_with(|| m.cmp(n)) };
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    a.len().cmp(&b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_by_nature() {
        let mut names = ["f[10]", "f[9]", "f[1]", "oauth_x", "e"];
        names.sort_by(|a, b| strnatcmp(a.as_bytes(), b.as_bytes()));
        assert_eq!(names, ["e", "f[1]", "f[9]", "f[10]", "oauth_x"]);
    }

    #[test]
    fn urls_are_normalised_and_odd_parts_left_out() {
        assert_eq!(normal("http://h:1/a/S%2f4%c3%a4"), "http://h:1/a/S/4%C3%A4");
        let given = [("oauth_nonce".to_owned(), "n".to_owned())];
        let base = base_string("GET", "http://h/p", &given, "x=a%20b&y&z=1=2&p=a+b");
        assert_eq!(base, "GET&http%3A%2F%2Fh%2Fp&oauth_nonce%3Dn%26p%3Da%252Bb%26x%3Da%2520b");
    }
}
