//! A plain REST service that nobody sells: customers, products, orders, invoices and taxes below a
//! path that says how it authorises, pages and tells deletions, so that one service imitates many:
//! `/rest/{auth}/{pages}/{deletions}/customers`.
//!
//! `auth`: `open`, `basic`, `key` (a header), `query`, `bearer`, `oauth2`, `login`. `pages`: `page`,
//! `offset`, `token`, `link`, `deaf` (it takes no notice of the page). `deletions`: `flag`, `list`,
//! `absence`.

mod access;
mod pages;
mod render;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::{Value, json};

use super::clock::{Clock, parse_stamp};
use super::http::{Reply, Request, last, pairs};
use super::seed::World;
use super::shelf::{Row, Shelf, Table};
pub use access::credentials;

/// The imitated service.
#[derive(Debug)]
pub struct Rest {
    seed: u64,
    clock: Arc<Clock>,
    home: String,
    /// What it holds.
    pub shelf: Shelf,
    generation: AtomicU64,
}

/// How a path says that the service behaves.
#[derive(Debug, Clone, Copy)]
struct Way<'a> {
    auth: &'a str,
    pages: &'a str,
    deletions: &'a str,
}

impl Rest {
    /// A service with the data of a world, reached at `home`.
    pub fn new(world: Arc<World>, clock: Arc<Clock>, home: String) -> Self {
        let seed = world.seed;
        Self { seed, clock, home, shelf: Shelf::new(world), generation: AtomicU64::new(0) }
    }

    /// What a request asks for, for counting: `GET customers`.
    pub fn operation(request: &Request) -> String {
        let parts: Vec<&str> = request.path.split('/').skip(4).collect();
        let part = |part: &&str| if part.parse::<u64>().is_ok() { "{id}" } else { part }.to_owned();
        let parts: Vec<String> = parts.iter().map(part).collect();
        format!("{} {}", request.method, parts.join("/"))
    }

    /// Answers a request; its path begins below the home.
    pub fn answer(&self, request: &Request) -> Reply {
        let parts: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
        let [auth, pages, deletions, rest @ ..] = parts.as_slice() else {
            return failure(404, "not_found", "There is no such address.");
        };
        let way = Way { auth, pages, deletions };
        let query = pairs(&request.query);
        if let Some(reply) = self.token_request(way, rest, request) {
            return reply;
        }
        if !self.admits(way, request, &query) {
            return failure(401, "unauthorized", "The credentials are not valid.");
        }
        if request.method != "GET" {
            return failure(405, "method_not_allowed", "This service is only read.");
        }
        match rest {
            ["me"] => json_reply(&json!({ "name": "SyncDeck", "version": "1.0" })),
            ["deletions"] => self.deletions(way, &query),
            [table] => match table_of(table) {
                Some(table) => self.list(way, table, request, &query),
                None => failure(404, "not_found", "There is no such resource."),
            },
            [table, id] => self.one(way, table, id),
            _ => failure(404, "not_found", "There is no such address."),
        }
    }

    fn list(
        &self,
        way: Way<'_>,
        table: Table,
        request: &Request,
        query: &[(String, String)],
    ) -> Reply {
        let since = match last(query, "updated_since") {
            None => i64::MIN,
            Some(text) => match parse_stamp(text.trim_end_matches('Z')) {
                Some(at) => at,
                None => return failure(400, "bad_request", "updated_since is not a time."),
            },
        };
        let flagged = way.deletions == "flag";
        let mut rows = self.shelf.rows(table);
        rows.retain(|row| row.modified >= since && (flagged || !row.gone));
        let render = |row: &Row| render::record(&self.shelf, table, row, flagged);
        let address = format!("{}{}", self.home, request.path);
        pages::page(way.pages, &rows, query, &address, render)
    }

    fn one(&self, way: Way<'_>, table: &str, id: &str) -> Reply {
        let flagged = way.deletions == "flag";
        let found = table_of(table).and_then(|table| {
            let row = self.shelf.row(table, id.parse().ok()?)?;
            (flagged || !row.gone).then(|| render::record(&self.shelf, table, &row, flagged))
        });
        match found {
            Some(record) => json_reply(&json!({ "data": record })),
            None => failure(404, "not_found", "There is no such record."),
        }
    }

    fn deletions(&self, way: Way<'_>, query: &[(String, String)]) -> Reply {
        let table = last(query, "resource").and_then(table_of);
        let (Some(table), "list") = (table, way.deletions) else {
            return failure(404, "not_found", "There is no such resource.");
        };
        let since = last(query, "since").and_then(|text| parse_stamp(text.trim_end_matches('Z')));
        let mut rows = self.shelf.rows(table);
        rows.retain(|row| row.gone && since.is_none_or(|since| row.modified >= since));
        let gone = |row: &Row| json!({ "ref": row.id, "deleted_at": render::time(row.modified) });
        json_reply(&json!({ "data": rows.iter().map(gone).collect::<Vec<_>>() }))
    }
}

fn table_of(name: &str) -> Option<Table> {
    Table::named(if name == "customers" { "contacts" } else { name })
}

fn json_reply(value: &Value) -> Reply {
    Reply::new(200, "application/json", value.to_string())
}

fn failure(status: u16, code: &str, message: &str) -> Reply {
    let body = json!({ "error": { "code": code, "message": message } });
    Reply::new(status, "application/json", body.to_string())
}
