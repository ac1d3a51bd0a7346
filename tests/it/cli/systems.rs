//! The two systems as their own users reach them: plain HTTP, without anything of the program.

use super::bench::Sandbox;
use base64::Engine as _;
use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
    pairs.join("&")
}

/// One request on a connection of its own; the answer's body as JSON.
fn request(host: &str, method: &str, target: &str, kind: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// A logged-in user of the CRM.
pub struct CrmUser<'a> {
    sandbox: &'a Sandbox,
    session: String,
}

impl<'a> CrmUser<'a> {
    pub fn login(sandbox: &'a Sandbox) -> Self {
        let mut user = Self { sandbox, session: String::new() };
        let name = sandbox.vtiger("username");
        let challenge = user.get(&[("operation", "getchallenge"), ("username", name)]);
        let token = challenge["token"].as_str().unwrap();
        let secret = format!("{token}{}", sandbox.vtiger("access_key"));
        let hash: String =
            Md5::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let login = user.post(&[("operation", "login"), ("username", name), ("accessKey", &hash)]);
        user.session = login["sessionName"].as_str().unwrap().to_owned();
        user
    }

    pub fn retrieve(&self, id: &str) -> Value {
        let session = ("sessionName", self.session.as_str());
        self.get(&[("operation", "retrieve"), session, ("id", id)])
    }

    pub fn revise(&self, id: &str, mut change: Value) {
        change["id"] = id.into();
        let session = ("sessionName", self.session.as_str());
        self.post(&[("operation", "revise"), session, ("element", &change.to_string())]);
    }

    pub fn create(&self, module: &str, element: &Value) -> Value {
        let session = ("sessionName", self.session.as_str());
        let element = element.to_string();
        let pairs = [("operation", "create"), session, ("elementType", module)];
        self.post(&[&pairs[..], &[("element", &element)]].concat())
    }

    pub fn delete(&self, id: &str) {
        let session = ("sessionName", self.session.as_str());
        self.post(&[("operation", "delete"), session, ("id", id)]);
    }

    /// The ids of all records, one page after the other.
    pub fn ids(&self, module: &str) -> Vec<String> {
        let session = ("sessionName", self.session.as_str());
        let mut ids = Vec::new();
        loop {
            let from = ids.len();
            let query = format!("SELECT id FROM {module} ORDER BY id LIMIT {from}, 100;");
            let rows = self.get(&[("operation", "query"), session, ("query", &query)]);
            let rows = rows.as_array().unwrap();
            if rows.is_empty() {
                return ids;
            }
            ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        }
    }

    /// How many records there are. This Vtiger answers `count(*)` with nothing.
    pub fn count(&self, module: &str) -> u64 {
        let session = ("sessionName", self.session.as_str());
        let mut count = 0;
        loop {
            let query = format!("SELECT id FROM {module} ORDER BY id LIMIT {count}, 100;");
            let rows = self.get(&[("operation", "query"), session, ("query", &query)]);
            match rows.as_array().unwrap().len() {
                0 => return count,
                more => count += more as u64,
            }
        }
    }

    fn get(&self, pairs: &[(&str, &str)]) -> Value {
        let target = format!("/vtiger/webservice.php?{}", form(pairs));
        result(request(self.sandbox.host(), "GET", &target, "text/plain", ""))
    }

    fn post(&self, pairs: &[(&str, &str)]) -> Value {
        let kind = "application/x-www-form-urlencoded";
        let host = self.sandbox.host();
        result(request(host, "POST", "/vtiger/webservice.php", kind, &form(pairs)))
    }
}

fn result(envelope: Value) -> Value {
    assert_eq!(envelope["success"], json!(true), "{envelope}");
    envelope["result"].clone()
}

/// Somebody with the shop's key. Over plain HTTP each request is signed (OAuth 1.0a).
pub struct ShopUser<'a> {
    pub sandbox: &'a Sandbox,
}

impl ShopUser<'_> {
    pub fn get(&self, path: &str) -> Value {
        self.call("GET", path, "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", path, &body.to_string())
    }

    pub fn put(&self, path: &str, change: &Value) -> Value {
        self.call("PUT", path, &change.to_string())
    }

    fn call(&self, method: &str, path: &str, body: &str) -> Value {
        let url = format!("{}/wp-json/wc/v3/{path}", self.sandbox.shop("app_url"));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let (nonce, seconds) = (format!("n{}", now.as_nanos()), now.as_secs().to_string());
        // In the order of their names, as the signature wants them.
        let mut pairs = vec![
            ("oauth_consumer_key", self.sandbox.shop("consumer_key")),
            ("oauth_nonce", &nonce),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", &seconds),
        ];
        let base = format!("{method}&{}&{}", encode(&url), encode(&form(&pairs)));
        let secret = format!("{}&", self.sandbox.shop("consumer_secret"));
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
        let signature = ring::hmac::sign(&key, base.as_bytes());
        let signature = base64::engine::general_purpose::STANDARD.encode(signature);
        pairs.push(("oauth_signature", &signature));
        let target = url.split_once(self.sandbox.host()).unwrap().1;
        let target = format!("{target}?{}", form(&pairs));
        request(self.sandbox.host(), method, &target, "application/json", body)
    }
}
