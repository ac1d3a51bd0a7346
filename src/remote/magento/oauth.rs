//! OAuth 1.0a with HMAC-SHA256, as Magento checks it (RFC 5849, with the habits of its PHP library):
//! names are sorted as people sort numbers, and the path is normalised before it is signed.

use super::super::oauth::{base_string, encode, nonce};
use std::cmp::Ordering;

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

/// The signature of a base string.
fn signature(base: &str, keys: &Keys<'_>) -> String {
    let secrets = format!("{}&{}", encode(keys.secret), encode(keys.token_secret));
    super::super::oauth::signature(base, &secrets)
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
    let signed = signature(&base_string(method, address, &all, natural), keys);
    let shown: Vec<String> = own
        .into_iter()
        .chain([("oauth_signature".to_owned(), signed)])
        .map(|(name, value)| format!("{name}=\"{}\"", encode(&value)))
        .collect();
    format!("OAuth {}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_signature_is_hmac_sha256_under_both_secrets() {
        // printf 'base' | openssl dgst -sha256 -hmac 'kd94hf93k423kf44&pfkkdhi9sl3r4s00' -binary | base64
        let of = |secret, token_secret| {
            signature("base", &Keys { key: "ck", secret, token: "at", token_secret })
        };
        assert_eq!(
            of("kd94hf93k423kf44", "pfkkdhi9sl3r4s00"),
            "hUz1edMiGyYH0tefrEAycg/bi+zffBrQeWoxgOvhR0c="
        );
        assert_ne!(of("a&b", "c"), of("a", "b&c"), "encoded in the key");
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
