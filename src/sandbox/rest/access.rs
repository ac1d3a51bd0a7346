//! Who may read: keys, tokens, and where tokens come from.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use serde_json::{Value, json};

use super::{Rest, Way, failure, json_reply};
use crate::sandbox::http::{Reply, Request, last};
use crate::sandbox::seed::mix;

/// How long a token lives, in seconds.
const LIFE: i64 = 900;

/// All that a client may need, by name.
pub fn credentials(seed: u64, home: &str) -> BTreeMap<String, String> {
    let secret = |n: u64| format!("{:016x}", mix(seed, 0x5253, n));
    BTreeMap::from(
        [
            ("base_url", format!("{home}/key/page/flag")),
            ("home", home.to_owned()),
            ("username", "reader".to_owned()),
            ("password", secret(1)),
            ("api_key", secret(2)),
            ("client_id", "reader-app".to_owned()),
            ("client_secret", secret(3)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    )
}

impl Rest {
    fn secret(&self, name: &str) -> String {
        credentials(self.seed, "").remove(name).unwrap_or_default()
    }

    /// Ends all tokens.
    pub fn expire_tokens(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    fn token(&self, until: i64) -> String {
        let generation = self.generation.load(Ordering::Relaxed);
        format!("{until}-{:016x}", mix(self.seed, until.unsigned_abs() + 7, generation))
    }

    fn is_valid(&self, token: &str) -> bool {
        let until = token.split('-').next().and_then(|t| t.parse::<i64>().ok());
        until.is_some_and(|until| until > self.clock.now() && token == self.token(until))
    }

    /// Whether the request carries what this way of authorising wants.
    pub(super) fn admits(
        &self,
        way: Way<'_>,
        request: &Request,
        query: &[(String, String)],
    ) -> bool {
        let authorization = request.header("authorization").unwrap_or_default();
        match way.auth {
            "open" => true,
            "basic" => {
                let pair = format!("{}:{}", self.secret("username"), self.secret("password"));
                let coded = base64::engine::general_purpose::STANDARD.encode(pair);
                authorization == format!("Basic {coded}")
            }
            "key" => request.header("x-api-key") == Some(&self.secret("api_key")),
            "query" => last(query, "api_key") == Some(&self.secret("api_key")),
            "bearer" => authorization == format!("Bearer {}", self.secret("api_key")),
            "oauth2" => {
                authorization.strip_prefix("Bearer ").is_some_and(|token| self.is_valid(token))
            }
            "login" => request.header("x-session").is_some_and(|token| self.is_valid(token)),
            _ => false,
        }
    }

    /// A request for a token; `None`: it is something else.
    pub(super) fn token_request(
        &self,
        way: Way<'_>,
        rest: &[&str],
        request: &Request,
    ) -> Option<Reply> {
        if request.method != "POST" {
            return None;
        }
        let until = self.clock.now() + LIFE;
        match (way.auth, rest) {
            ("oauth2", ["oauth", "token"]) => {
                let form = request.form();
                let is = |name: &str, value: &str| last(&form, name) == Some(value);
                if !is("grant_type", "client_credentials") {
                    return Some(oauth_failure("unsupported_grant_type"));
                }
                let known = is("client_id", &self.secret("client_id"))
                    && is("client_secret", &self.secret("client_secret"));
                if !known {
                    return Some(oauth_failure("invalid_client"));
                }
                Some(json_reply(&json!({
                    "access_token": self.token(until), "token_type": "Bearer", "expires_in": LIFE,
                })))
            }
            ("login", ["session"]) => {
                let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
                let known = body["user"] == json!(self.secret("username"))
                    && body["password"] == json!(self.secret("password"));
                if !known {
                    let message = "User name or password are wrong.";
                    return Some(failure(401, "unauthorized", message));
                }
                Some(json_reply(&json!({ "session": { "id": self.token(until), "ttl": LIFE } })))
            }
            _ => None,
        }
    }
}

fn oauth_failure(error: &str) -> Reply {
    Reply::new(400, "application/json", json!({ "error": error }).to_string())
}
