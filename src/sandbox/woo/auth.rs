//! Who asks: API keys, over plain http by OAuth 1.0a only.
//!
//! Basic authentication and keys in the query are for https; over http the shop does not look at
//! them and says nothing about it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;
use serde_json::{Map, Value};

use super::fail::Failure;
use super::php;
use crate::sandbox::WooKey;
use crate::sandbox::http::{Request, decode};
use crate::sandbox::seed::mix;

/// A clock may be wrong by so many seconds, and a nonce is remembered as long.
const WINDOW: i64 = 15 * 60;

/// What stays unencoded in OAuth (RFC 3986).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An API key.
#[derive(Debug, Clone)]
pub struct Key {
    /// `ck_…`
    pub key: String,
    secret: String,
    /// What it is for.
    pub kind: WooKey,
}

impl Key {
    /// Whether it may read.
    pub fn reads(&self) -> bool {
        self.kind != WooKey::Write
    }

    /// Whether it may write.
    pub fn writes(&self) -> bool {
        self.kind != WooKey::Read
    }

    /// Whether its user is an administrator.
    pub fn administrator(&self) -> bool {
        self.kind != WooKey::ShopManager
    }
}

/// The keys of the shop and the nonces they have used.
#[derive(Debug)]
pub struct Keys {
    keys: Vec<Key>,
    home: String,
    nonces: Mutex<HashMap<String, BTreeMap<i64, String>>>,
}

/// The key and secret of a kind, from the seed.
pub fn pair(seed: u64, kind: WooKey) -> (String, String) {
    let hex = |stream: u64| -> String {
        let words: String = (0..3).map(|i| format!("{:016x}", mix(seed, stream, i))).collect();
        words.chars().take(40).collect()
    };
    let stream = 0x000c_0de0 + 2 * kind as u64;
    (format!("ck_{}", hex(stream)), format!("cs_{}", hex(stream + 1)))
}

impl Keys {
    /// The keys of a seed; `home` is the URL that signatures are made with.
    pub fn new(seed: u64, home: String) -> Self {
        let keys = [WooKey::ReadWrite, WooKey::Read, WooKey::Write, WooKey::ShopManager]
            .into_iter()
            .map(|kind| {
                let (key, secret) = pair(seed, kind);
                Key { key, secret, kind }
            })
            .collect();
        Self { keys, home, nonces: Mutex::default() }
    }

    /// An administrator's key for work inside the process.
    pub fn own(&self) -> Option<&Key> {
        self.keys.first()
    }

    /// The key a request was made with; none is not an error here.
    pub fn identify(
        &self,
        request: &Request,
        query: &Map<String, Value>,
        now: i64,
    ) -> Result<Option<&Key>, Failure> {
        let mut given = query.clone();
        given.extend(php::parameters(&request.form()));
        let header = request.header("authorization").and_then(|h| h.strip_prefix("OAuth "));
        given.extend(header.map(authorization).unwrap_or_default());
        let names = [
            "oauth_consumer_key",
            "oauth_timestamp",
            "oauth_nonce",
            "oauth_signature",
            "oauth_signature_method",
        ];
        let value = |name: &str| given.get(name).and_then(Value::as_str).filter(|v| !v.is_empty());
        let missing: Vec<&str> = names.into_iter().filter(|n| value(n).is_none()).collect();
        if missing.len() == names.len() {
            return Ok(None);
        }
        if !missing.is_empty() {
            let s = if missing.len() == 1 { "" } else { "s" };
            let message = format!("Missing OAuth parameter{s} {}", missing.join(", "));
            return Err(Failure::new(
                401,
                "woocommerce_rest_authentication_missing_parameter",
                message,
            ));
        }
        let text = |name: &str| value(name).unwrap_or_default();
        let key = self.keys.iter().find(|k| k.key == text("oauth_consumer_key"));
        let key = key.ok_or_else(|| Failure::authentication("Consumer key is invalid."))?;
        let base =
            base_string(request.method.as_str(), &format!("{}{}", self.home, request.path), &given);
        verify(key, &base, text("oauth_signature_method"), text("oauth_signature"))?;
        self.fresh(key, text("oauth_timestamp"), text("oauth_nonce"), now)?;
        Ok(Some(key))
    }

    /// The time must be near, the nonce new; only one nonce for each second is remembered.
    fn fresh(&self, key: &Key, timestamp: &str, nonce: &str, now: i64) -> Result<(), Failure> {
        let at = timestamp.parse::<i64>().unwrap_or(0);
        if (at - now).abs() > WINDOW {
            return Err(Failure::authentication("Invalid timestamp."));
        }
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        let used = nonces.entry(key.key.clone()).or_default();
        if used.values().any(|n| n == nonce) {
            return Err(Failure::authentication("Invalid nonce - nonce has already been used."));
        }
        used.insert(at, nonce.to_owned());
        used.retain(|second, _| *second >= now - WINDOW);
        Ok(())
    }
}

fn verify(key: &Key, base: &str, method: &str, signature: &str) -> Result<(), Failure> {
    let algorithm = match method {
        "HMAC-SHA1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "HMAC-SHA256" => hmac::HMAC_SHA256,
        _ => {
            return Err(Failure::authentication(
                "Invalid signature - signature method is invalid.",
            ));
        }
    };
    let secret = hmac::Key::new(algorithm, format!("{}&", key.secret).as_bytes());
    let expected = STANDARD.encode(hmac::sign(&secret, base.as_bytes()));
    if signature.replace(' ', "+") == expected {
        Ok(())
    } else {
        Err(Failure::authentication("Invalid signature - provided signature does not match."))
    }
}

/// The text that is signed.
fn base_string(method: &str, url: &str, given: &Map<String, Value>) -> String {
    let signed = given.iter().filter(|(k, _)| *k != "oauth_signature");
    let mut sorted: Vec<(&String, &Value)> = signed.collect();
    sorted.sort_by_key(|(key, _)| key.as_bytes());
    let mut pairs = Vec::new();
    for (key, value) in sorted {
        let one: Map<String, Value> = [(key.clone(), value.clone())].into_iter().collect();
        pairs.extend(php::flat(&one).iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))));
    }
    format!("{method}&{}&{}", encode(url), encode(&pairs.join("&")))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// The parameters of an `Authorization: OAuth` header.
fn authorization(header: &str) -> Map<String, Value> {
    let parts = header.split(',').filter_map(|part| part.trim().split_once('='));
    parts
        .filter(|(key, _)| key.starts_with("oauth_"))
        .map(|(key, value)| {
            (key.to_owned(), Value::String(decode(&value.trim_matches('"').replace('+', "%2B"))))
        })
        .collect()
}

#[cfg(test)]
mod tests;
