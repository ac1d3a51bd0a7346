//! An imitation of iRujul's API, as a client's source shows it: POST only, JSON, a login that gives
//! a token, an envelope whose status stands in the body, all values as text, transactions as a header
//! with lines, filtered by a range of days, without pages.
//!
//! What no source shows (the names of some modules and amounts) is made after what is shown.

mod render;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::clock::Clock;
use super::http::{Reply, Request};
use super::seed::{World, mix};
use super::shelf::{Shelf, Table};

/// How long a token lives, in seconds.
const LIFE: i64 = 3_600;

/// The imitated ERP.
#[derive(Debug)]
pub struct Irujul {
    seed: u64,
    clock: Arc<Clock>,
    /// What it holds.
    pub shelf: Shelf,
    /// Tokens of earlier generations are over.
    generation: AtomicU64,
}

/// The client and its key.
pub fn client(seed: u64) -> (String, String) {
    let key = mix(seed, 0x4952, 2);
    (format!("client-{:08x}", mix(seed, 0x4952, 1) as u32), format!("{key:016x}{key:016x}"))
}

impl Irujul {
    /// An ERP with the data of a world.
    pub fn new(world: Arc<World>, clock: Arc<Clock>) -> Self {
        let seed = world.seed;
        Self { seed, clock, shelf: Shelf::new(world), generation: AtomicU64::new(0) }
    }

    /// What a request asks for, for counting: `getRecords contacts`.
    pub fn operation(request: &Request) -> String {
        let verb = request.path.rsplit('/').next().unwrap_or_default();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        match body["module"].as_str() {
            Some(module) => format!("{verb} {module}"),
            None => verb.to_owned(),
        }
    }

    /// Ends all tokens.
    pub fn expire_tokens(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    fn token(&self, until: i64) -> String {
        let generation = self.generation.load(Ordering::Relaxed);
        format!("{until}.{:016x}", mix(self.seed, until.unsigned_abs(), generation))
    }

    fn is_valid(&self, token: &str) -> bool {
        let until = token.split('.').next().and_then(|t| t.parse::<i64>().ok());
        until.is_some_and(|until| until > self.clock.now() && token == self.token(until))
    }

    /// Answers a request; its path begins below the base address.
    pub fn answer(&self, request: &Request) -> Reply {
        let Some(verb) = request.path.strip_prefix("/apis/v1/") else {
            return Reply::new(404, "text/html", "<title>404 Not Found</title>".into());
        };
        if request.method != "POST" {
            return failure("Method not allowed");
        }
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return failure("Invalid JSON");
        };
        if verb == "login" {
            return self.login(&body);
        }
        let given = request.header("authorization").and_then(|h| h.strip_prefix("Bearer "));
        if !given.is_some_and(|token| self.is_valid(token)) {
            return failure("Invalid or expired token");
        }
        let module = body["module"].as_str().unwrap_or_default();
        match (verb, module) {
            ("getRecords", "contacts") => self.records(Table::Contacts, &body),
            ("getRecords", "SalesOrder") => self.records(Table::Orders, &body),
            ("getRecords", "Invoice") => self.records(Table::Invoices, &body),
            ("getRecords", "tax") => self.records(Table::Taxes, &body),
            ("getItemInfo", "item_list") => self.records(Table::Products, &body),
            ("getRecords" | "getItemInfo", _) => failure("Invalid module name"),
            _ => failure("Invalid request"),
        }
    }

    fn login(&self, body: &Value) -> Reply {
        let (id, secret) = client(self.seed);
        if body["client_id"] != json!(id) || body["client_secret"] != json!(secret) {
            return failure("Invalid client credentials");
        }
        success(json!({
            "access_token": self.token(self.clock.now() + LIFE),
            "token_type": "Bearer",
            "expires_in": LIFE.to_string(),
            "CompanyID": "1", "CompanyName": "Demo Traders", "BranchID": "1",
            "BranchAPIRefCode": "MAIN", "BranchName": "Main", "UserGroup": "API",
        }))
    }

    fn records(&self, table: Table, body: &Value) -> Reply {
        let day = |name: &str| body[name].as_str().map(str::to_owned).unwrap_or_default();
        let (from, to) = (day("FromDate"), day("ToDate"));
        let mobile = day("mobileNo");
        let dated = matches!(table, Table::Orders | Table::Invoices);
        let mut found = Vec::new();
        for row in self.shelf.rows(table) {
            // A deleted transaction keeps its number and gets a status; anything else is not there.
            if row.gone && !dated {
                continue;
            }
            let made = render::day(row.created);
            let outside = (!from.is_empty() && made < from) || (!to.is_empty() && made > to);
            if dated && outside {
                continue;
            }
            if table == Table::Contacts && !mobile.is_empty() && row.text("phone") != mobile {
                continue;
            }
            found.push(render::record(&self.shelf, table, &row));
        }
        match found.is_empty() {
            true => success(Value::Null),
            false => success(found.into()),
        }
    }
}

fn success(data: Value) -> Reply {
    let body = json!({ "status": 200, "message": "Success", "Data": data });
    Reply::new(200, "application/json", body.to_string())
}

/// Failures come with HTTP 200, too.
fn failure(message: &str) -> Reply {
    Reply::new(200, "application/json", json!({ "error": { "message": message } }).to_string())
}
