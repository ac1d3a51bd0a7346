//! OAuth 1.0a with HMAC-SHA256, as Magento checks it (RFC 5849, with the habits of its PHP library):
//! names are sorted as people sort numbers, and the path is normalised before it is signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use std::cmp::Ordering;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The text as OAuth encodes it; a space is `%20`.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The four values of an integration.
pub(crate) struct Keys<'a> {
    /// Consumer key.
    pub(crate) key: &'a str,
    /// Consumer secret.
    pub(crate) secret: &'a str,
    /// Access token.
    pub(crate) token: &'a str,
    /// Access token secret.
    pub(crate) token_secret: &'a str,
}

/// The path as the server normalises it: characters that need no encoding stand for themselves,
/// all others are encoded with capitals.
pub(crate) fn normal_path(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = path.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let decoded = pair.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (decoded, pair) {
            (Some(byte), _) if byte.is_ascii_alphanumeric() || b"-._~:@&=+$,/;".contains(&byte) => {
                out.push(char::from(byte));
                at += 3;
            }
            (Some(_), Some(hex)) => {
                out.push('%');
                out.push_str(&hex.to_ascii_uppercase());
                at += 3;
            }
            _ => {
                let step = path[at..].chars().next().map_or(1, char::len_utf8);
                out.push_str(&path[at..at + step]);
                at += step;
            }
        }
    }
    out
}

/// Compares as PHP's `strnatcmp`: runs of digits count as numbers.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut i, mut j) = (0, 0);
    loop {
        match (a.get(i), b.get(j)) {
            (None, None) => return Ordering::Equal,
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (left, right) = (digits(&a[i..]), digits(&b[j..]));
                let by_text = *x == b'0' || *y == b'0';
                // With a zero in front they count as digits behind a point.
                let order = if by_text { left.cmp(right) } else { as_numbers(left, right) };
                if order != Ordering::Equal {
                    return order;
                }
                i += left.len();
                j += right.len();
            }
            (Some(x), Some(y)) if x == y => {
                i += 1;
                j += 1;
            }
            (Some(x), Some(y)) => return x.cmp(y),
        }
    }
}

fn digits(text: &[u8]) -> &[u8] {
    let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
    &text[..count]
}

fn as_numbers(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// What is signed: method, address without query, parameters.
pub(crate) fn base_string(method: &str, address: &str, params: &[(String, String)]) -> String {
    let mut pairs: Vec<(String, String)> =
        params.iter().map(|(k, v)| (encode(k), encode(v))).collect();
    pairs.sort_by(|(a, x), (b, y)| natural(a, b).then_with(|| x.cmp(y)));
    let joined: Vec<String> = pairs.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
    format!("{method}&{}&{}", encode(address), encode(&joined.join("&")))
}

/// The signature of a base string.
pub(crate) fn signature(base: &str, secret: &str, token_secret: &str) -> String {
    let key = format!("{}&{}", encode(secret), encode(token_secret));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, base.as_bytes()))
}

/// The `Authorization` header of a request, with a new nonce each time.
pub(crate) fn header(
    method: &str,
    address: &str,
    query: &[(String, String)],
    keys: &Keys<'_>,
    time_s: i64,
) -> String {
    let own = [
        ("oauth_consumer_key", keys.key.to_owned()),
        ("oauth_nonce", nonce()),
        ("oauth_signature_method", "HMAC-SHA256".to_owned()),
        ("oauth_timestamp", time_s.to_string()),
        ("oauth_token", keys.token.to_owned()),
        ("oauth_version", "1.0".to_owned()),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value));
    let all: Vec<(String, String)> = own.iter().cloned().chain(query.iter().cloned()).collect();
    let signed = signature(&base_string(method, address, &all), keys.secret, keys.token_secret);
    let shown: Vec<String> = own
        .into_iter()
        .chain([("oauth_signature".to_owned(), signed)])
        .map(|(name, value)| format!("{name}=\"{}\"", encode(&value)))
        .collect();
    format!("OAuth {}", shown.join(", "))
}

fn nonce() -> String {
    let mut bytes = [0u8; 16];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        // No randomness: the time is as good for a value that must only differ.
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        bytes = now.as_nanos().to_be_bytes();
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_base_string_of_the_standard_comes_out() {
        // RFC 5849, section 3.4.1.1, with the parameters that occur once.
        let base = base_string(
            "POST",
            "http://example.com/request",
            &params(&[
                ("b5", "=%3D"),
                ("c@", ""),
                ("a2", "r b"),
                ("oauth_token", "kkk9d7dh3k39sjv7"),
            ]),
        );
        assert_eq!(
            base,
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26b5%3D%253D%25253D%26c%2540%3D%26\
             oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn the_signature_is_hmac_sha256_under_both_secrets() {
        // printf 'base' | openssl dgst -sha256 -hmac 'kd94hf93k423kf44&pfkkdhi9sl3r4s00' -binary | base64
        assert_eq!(
            signature("base", "kd94hf93k423kf44", "pfkkdhi9sl3r4s00"),
            "hUz1edMiGyYH0tefrEAycg/bi+zffBrQeWoxgOvhR0c="
        );
        assert_ne!(
            signature("base", "a&b", "c"),
            signature("base", "a", "b&c"),
            "encoded in the key"
        );
    }

    #[test]
    fn names_are_sorted_as_people_sort_numbers() {
        let mut names = vec!["a%5B10%5D", "a%5B9%5D", "a%5B1%5D", "oauth_token", "Z", "a"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["Z", "a", "a%5B1%5D", "a%5B9%5D", "a%5B10%5D", "oauth_token"]);
        assert_eq!(natural("x02", "x1"), Ordering::Less, "a zero in front: by digits");
    }

    #[test]
    fn paths_are_normalised() {
        for (from, to) in [
            ("/V1/products/S%2F4", "/V1/products/S/4"),
            ("/V1/products/a%20b%c3%a4", "/V1/products/a%20b%C3%A4"),
            ("/V1/%41%7e%3b", "/V1/A~;"),
            ("/V1/%zz%", "/V1/%zz%"),
        ] {
            assert_eq!(normal_path(from), to);
        }
    }

    #[test]
    fn the_header_holds_no_secret_and_never_twice_the_same_nonce() {
        let keys = Keys { key: "ck", secret: "top", token: "at", token_secret: "hush" };
        let first = header("GET", "http://h/rest/V1/x", &params(&[("q", "a b")]), &keys, 7);
        assert!(first.starts_with("OAuth oauth_consumer_key=\"ck\", oauth_nonce=\""), "{first}");
        assert!(!first.contains("top") && !first.contains("hush") && !first.contains("q="));
        assert_ne!(first, header("GET", "http://h/rest/V1/x", &[], &keys, 7));
    }
}
