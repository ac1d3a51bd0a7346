mod access;
mod goods;
mod lists;
mod orders;
mod people;

use axum::http::HeaderMap;

use super::*;
use crate::sandbox::WooKey;

const BASE: i64 = 1_700_000_000;

fn shop(records: u64) -> Woo {
    let world = Arc::new(World::new(1, records, BASE));
    Woo::new(world, Arc::default(), Arc::default(), &[], "http://127.0.0.1:1/shop".into()).unwrap()
}

fn ask(shop: &Woo, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let reply = shop.trusted(&method.parse().unwrap(), path, body);
    (
        reply.status.as_u16(),
        serde_json::from_str(&reply.body).unwrap_or_else(|e| panic!("{e}: {}", reply.body)),
    )
}

fn get(shop: &Woo, path: &str) -> Value {
    let (status, value) = ask(shop, "GET", path, &Value::Null);
    assert_eq!(status, 200, "{path}: {value}");
    value
}

fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v)
}

fn ids(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|r| r["id"].as_u64().unwrap()).collect()
}

/// A request with a key, as if its signature had been checked.
fn with_key(shop: &Woo, kind: WooKey, method: &str, path: &str, body: &Value) -> (u16, Value) {
    use crate::sandbox::http::Request;
    let (key, secret) = key_pair(1, kind);
    let now = shop.clock.now();
    let nonce = format!("{kind:?}{method}{path}{body}");
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let encode = |t: &str| {
        percent_encoding::utf8_percent_encode(t, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let strict = |t: &str| {
        encode(t).replace("%2D", "-").replace("%2E", ".").replace("%5F", "_").replace("%7E", "~")
    };
    let mut all = pairs(query);
    all.extend([
        ("oauth_consumer_key".into(), key),
        ("oauth_timestamp".into(), now.to_string()),
        ("oauth_nonce".into(), nonce),
        ("oauth_signature_method".into(), "HMAC-SHA256".into()),
    ]);
    all.sort();
    let joined: Vec<String> =
        all.iter().map(|(k, v)| format!("{}={}", strict(k), strict(v))).collect();
    let url = format!("{}/wp-json/wc/v3/{path}", shop.home);
    let base = format!("{method}&{}&{}", strict(&url), strict(&joined.join("&")));
    let mac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, format!("{secret}&").as_bytes());
    use base64::Engine;
    let signature =
        base64::engine::general_purpose::STANDARD.encode(ring::hmac::sign(&mac, base.as_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    let request = Request {
        method: method.parse().unwrap(),
        path: format!("/wp-json/wc/v3/{path}"),
        query: format!("{}&oauth_signature={}", joined.join("&"), strict(&signature)),
        headers,
        body: body.to_string().into_bytes(),
    };
    let reply = shop.answer(&request, Line::own());
    (reply.status.as_u16(), serde_json::from_str(&reply.body).unwrap())
}

fn without_key(shop: &Woo, method: &str, path: &str, body: &str) -> (u16, String) {
    use crate::sandbox::http::Request;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    let request = Request {
        method: method.parse().unwrap(),
        path: path.into(),
        query: query.into(),
        headers,
        body: body.as_bytes().to_vec(),
    };
    let reply = shop.answer(&request, Line::own());
    let value: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    (reply.status.as_u16(), value["code"].as_str().unwrap_or_default().to_owned())
}
