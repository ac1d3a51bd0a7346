//! OAuth 1.0a, one-legged, in the query, as WooCommerce checks it (WooCommerce REST API,
//! Authentication over HTTP).

use super::super::oauth::{base_string, nonce, signature};

/// Adds OAuth's parameters to those of a request. There is no token, so its secret is empty.
pub(crate) fn sign(
    method: &str,
    address: &str,
    mut params: Vec<(String, String)>,
    key: &str,
    secret: &str,
    time_s: i64,
) -> Vec<(String, String)> {
    let mut add = |name: &str, value: String| params.push((name.to_owned(), value));
    add("oauth_consumer_key", key.to_owned());
    add("oauth_nonce", nonce());
    add("oauth_signature_method", "HMAC-SHA256".to_owned());
    add("oauth_timestamp", time_s.to_string());
    let base = base_string(method, address, &params, str::cmp);
    params.push(("oauth_signature".to_owned(), signature(&base, &format!("{secret}&"))));
    params
}
