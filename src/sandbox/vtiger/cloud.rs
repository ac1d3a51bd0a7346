//! Vtiger Cloud's REST API: the same operations as paths below `restapi/v1/vtiger/default`, with
//! Basic authentication and no session. Refusals have an HTTP status. Written from Vtiger's manual
//! and its own client, not from observation.

use axum::http::{Method, StatusCode};
use base64::Engine as _;

use super::fail::Failure;
use super::session::Session;
use super::store::USERS;
use super::{Given, Release, Vtiger, envelope};
use crate::sandbox::gate::Line;
use crate::sandbox::http::{Reply, Request, pairs};
use crate::sandbox::text::push_vtiger_json;

/// Where the API begins.
const BASE: &str = "/restapi/v1/vtiger/default";
const GETS: [&str; 6] = ["me", "listtypes", "describe", "retrieve", "query", "sync"];
const POSTS: [&str; 4] = ["create", "update", "revise", "delete"];
/// Requests a minute, of the smallest edition that has the API.
const MINUTE: &str = "30";

impl Vtiger {
    /// What follows the address of the server in the address of its API.
    pub fn address(&self) -> &'static str {
        if self.is_cloud() { BASE } else { "" }
    }

    /// Whether it is Vtiger Cloud, which has no `webservice.php` here.
    pub fn is_cloud(&self) -> bool {
        self.read().release == Release::Cloud
    }

    /// The operation that a path means, if this server has the REST API.
    pub fn cloud_operation(&self, path: &str) -> Option<String> {
        let operation = path.strip_prefix(BASE)?.strip_prefix('/')?;
        self.is_cloud().then(|| operation.trim_end_matches('/').to_ascii_lowercase())
    }

    /// Answers a request to the REST API.
    pub fn answer_cloud(&self, request: &Request, operation: &str, line: Line<'_>) -> Reply {
        let Some(user) = self.basic(request) else {
            let failure = Failure::new("AUTHENTICATION_FAILURE", "Invalid username or access key");
            return told(StatusCode::UNAUTHORIZED, envelope(Err(failure)));
        };
        let known = (GETS.contains(&operation), POSTS.contains(&operation));
        let values = match (known, &request.method) {
            ((true, _), &Method::GET) => pairs(&request.query),
            ((_, true), &Method::POST) => fields(request),
            ((false, false), _) => {
                return Reply::new(404, "text/html; charset=UTF-8", String::new());
            }
            _ => return Reply::new(405, "text/html; charset=UTF-8", String::new()),
        };
        let session = Session::of(user);
        let result = match operation {
            "me" => self.me(user),
            _ => {
                let given = Given { operation, values: &values };
                self.perform(&given, &session, &request.method, (line, None))
            }
        };
        match result {
            Ok(result) => told(StatusCode::OK, envelope(Ok(result))),
            Err(failure @ Failure::Fatal) => failure.reply(),
            Err(failure) => told(StatusCode::BAD_REQUEST, envelope(Err(failure))),
        }
    }

    /// The user whom the request names, if the key is right.
    fn basic(&self, request: &Request) -> Option<u64> {
        let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
        let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (name, key) = decoded.split_once(':')?;
        let user = self.user(name)?;
        (Self::access_key(self.seed, user) == key).then_some(user)
    }

    fn me(&self, user: u64) -> Result<String, Failure> {
        let store = self.read();
        let at = self.registry.by_prefix(USERS).ok_or(Failure::Fatal)?;
        let row = store.row(at, user).ok_or(Failure::Fatal)?;
        let mut out = format!("{{\"id\":\"{USERS}x{user}\"");
        for name in ["user_name", "first_name", "last_name", "email1", "time_zone", "is_admin"] {
            let mut text = String::new();
            row.named(name, &mut text);
            out.push_str(&format!(",\"{name}\":"));
            push_vtiger_json(&mut out, &text);
        }
        out.push('}');
        Ok(out)
    }
}

/// A form, or a JSON object whose members are texts or, as `element` may be, objects.
fn fields(request: &Request) -> Vec<(String, String)> {
    if request.media_type() != "application/json" {
        return request.form();
    }
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let members = body.as_object().into_iter().flatten();
    let text =
        |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    members.map(|(name, value)| (name.clone(), text(value))).collect()
}

fn told(status: StatusCode, reply: Reply) -> Reply {
    let reply = Reply { status, ..reply };
    reply
        .with("x-vtiger-version", Release::Cloud.version())
        .with("x-floodcontrol-minutelimit", MINUTE)
}
