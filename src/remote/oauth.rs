//! OAuth 1.0a with HMAC-SHA256 (RFC 5849), as far as it is the same for all who ask for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

/// All but the unreserved characters of RFC 3986.
pub(super) const RESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The text as OAuth encodes it; a space is `%20`.
pub(super) fn encode(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, RESERVED).into()
}

/// What is signed: method, address without query, and the parameters, by their encoded names in this
/// order and then by their values.
pub(super) fn base_string(
    method: &str,
    address: &str,
    params: &[(String, String)],
    order: impl Fn(&str, &str) -> Ordering,
) -> String {
    let mut pairs: Vec<_> = params.iter().map(|(k, v)| (encode(k), encode(v))).collect();
    pairs.sort_by(|(a, x), (b, y)| order(a, b).then_with(|| x.cmp(y)));
    let mut joined = String::new();
    for (name, value) in &pairs {
        let between = if joined.is_empty() { "" } else { "&" };
        joined.extend([between, name, "=", value]);
    }
    format!("{method}&{}&{}", encode(address), encode(&joined))
}

/// The signature of a base string, under both secrets joined by `&`.
pub(super) fn signature(base: &str, secrets: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secrets.as_bytes());
    STANDARD.encode(hmac::sign(&key, base.as_bytes()))
}

/// A text that no other request has.
pub(super) fn nonce() -> String {
    let mut bytes = [0u8; 16];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        // No randomness: the time is as good for a value that must only differ.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        bytes = now.as_nanos().to_be_bytes();
    }
    format!("{:032x}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn based(method: &str, address: &str, params: &[(&str, &str)]) -> String {
        let params: Vec<_> =
            params.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        base_string(method, address, &params, str::cmp)
    }

    #[test]
    fn the_base_string_of_the_standard_comes_out() {
        // RFC 5849, section 3.4.1.1, with the parameters that occur once.
        let params =
            [("b5", "=%3D"), ("c@", ""), ("a2", "r b"), ("oauth_token", "kkk9d7dh3k39sjv7")];
        assert_eq!(
            based("POST", "http://example.com/request", &params),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26b5%3D%253D%25253D%26c%2540%3D%26\
             oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn the_base_string_is_the_one_that_a_real_shop_accepted() {
        let params = [
            ("per_page", "1"),
            ("_fields", "id"),
            ("oauth_consumer_key", "ck_1"),
            ("oauth_nonce", "63b9"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1795289065"),
        ];
        assert_eq!(
            based("GET", "http://shop.example.com/wp-json/wc/v3/customers", &params),
            "GET&http%3A%2F%2Fshop.example.com%2Fwp-json%2Fwc%2Fv3%2Fcustomers&_fields%3Did%26\
             oauth_consumer_key%3Dck_1%26oauth_nonce%3D63b9%26oauth_signature_method%3DHMAC-SHA1%26\
             oauth_timestamp%3D1795289065%26per_page%3D1"
        );
    }

    #[test]
    fn values_are_encoded_twice_and_names_sorted() {
        assert_eq!(
            based("POST", "http://h/p", &[("email", "a+b@c.d"), ("B", "2"), ("a", "ü&=")]),
            "POST&http%3A%2F%2Fh%2Fp&B%3D2%26a%3D%25C3%25BC%2526%253D%26email%3Da%252Bb%2540c.d"
        );
    }

    #[test]
    fn signatures_are_hmac_sha256_in_base64() {
        // echo -n 'base' | openssl dgst -sha256 -hmac 'secret&' -binary | base64
        assert_eq!(signature("base", "secret&"), "26pQ9X/BrUEfYRxqauj0v5mCrSqoA6L/V3Ycvlmm0gM=");
    }

    #[test]
    fn a_nonce_never_comes_twice() {
        assert_eq!(nonce().len(), 32);
        assert_ne!(nonce(), nonce());
    }
}
