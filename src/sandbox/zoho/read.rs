//! Reading: lists, single records, search, what was deleted, counts.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Zoho;
use super::coql;
use super::fail::{empty, fail, json_reply};
use super::store::{Record, Store, Table, parse_time, plain, time};
use crate::sandbox::http::{Reply, Request, last, pairs};
use crate::sandbox::text::fold;

/// Fields that only the single record shows.
const ALONE: [&str; 1] = ["Invoiced_Items"];

/// The query of a request.
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Of a request.
    pub fn of(request: &Request) -> Self {
        Self(pairs(&request.query))
    }

    /// A parameter that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        last(&self.0, name).filter(|v| !v.is_empty())
    }

    fn number(&self, name: &str, usual: usize) -> usize {
        self.get(name).and_then(|v| v.parse().ok()).unwrap_or(usual)
    }

    /// What a page token is bound to: everything but the place.
    fn bound(&self) -> u64 {
        let mut all: Vec<String> = self
            .0
            .iter()
            .filter(|(k, _)| !matches!(k.as_str(), "page" | "page_token"))
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        all.sort();
        xxhash_rust::xxh3::xxh3_64(all.join("&").as_bytes())
    }
}

/// Some members of a record.
fn members(record: &Record, fields: &[&str]) -> Value {
    let mut out = Map::new();
    out.insert("id".into(), record.get("id").cloned().unwrap_or_default());
    for field in fields.iter().filter(|f| !ALONE.contains(f)) {
        out.insert((*field).to_owned(), record.get(*field).cloned().unwrap_or(Value::Null));
    }
    Value::Object(out)
}

impl Zoho {
    /// `GET /{module}`.
    pub fn list(&self, store: &Store, table: Table, request: &Request) -> Reply {
        let params = Params::of(request);
        let Some(fields) = params.get("fields") else {
            return fail(
                400,
                "REQUIRED_PARAM_MISSING",
                "One of the expected parameter is missing",
                json!({"param_name": "fields"}),
            );
        };
        let fields: Vec<&str> = fields.split(',').map(str::trim).collect();
        if fields.len() > 50 {
            return fail(
                400,
                "LIMIT_EXCEEDED",
                "cannot process more than 50 fields",
                json!({"param": "fields", "limit": 50}),
            );
        }
        let per_page = params.number("per_page", 200);
        if per_page > 200 {
            return fail(
                400,
                "INVALID_DATA",
                "invalid data",
                json!({"param_name": "per_page", "maximum_length": 200}),
            );
        }
        let (offset, page) = match (params.get("page_token"), params.get("page")) {
            (Some(_), Some(_)) => {
                return fail(400, "AMBIGUITY_DURING_PROCESSING", "page and page_token", json!({}));
            }
            (Some(token), None) => {
                let (at, bound) = token.split_once('.').unwrap_or((token, ""));
                if bound != params.bound().to_string() {
                    return fail(
                        400,
                        "TOKEN_BOUND_DATA_MISMATCH",
                        "the parameters differ",
                        json!({"param_name": "page_token"}),
                    );
                }
                let offset = at.parse().unwrap_or(0);
                (offset, offset / per_page + 1)
            }
            (None, page) => {
                let page = page.and_then(|p| p.parse::<usize>().ok()).unwrap_or(1).max(1);
                if page * per_page > 2000 {
                    return fail(
                        400,
                        "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
                        "use page_token",
                        json!({"page_number": page}),
                    );
                }
                ((page - 1) * per_page, page)
            }
        };
        let mut numbers = self.selected(store, table, &params);
        if let Some(since) = request.header("if-modified-since") {
            let Some(since) = parse_time(since) else {
                return fail(
                    400,
                    "INVALID_DATA",
                    "invalid header",
                    json!({"header": "If-Modified-Since"}),
                );
            };
            numbers.retain(|n| store.modified(table, *n) > since);
            if numbers.is_empty() {
                return empty(304);
            }
        }
        sort(store, table, &mut numbers, &params);
        let found = numbers.len();
        let data: Vec<Value> = numbers
            .into_iter()
            .skip(offset)
            .take(per_page)
            .filter_map(|n| store.get(table, n))
            .map(|r| members(&r, &fields))
            .collect();
        if data.is_empty() {
            return empty(204);
        }
        let more = found > offset + data.len();
        let token = |at: usize| format!("{at}.{}", params.bound());
        let info = json!({
            "page": page, "per_page": per_page, "count": data.len(), "more_records": more,
            "next_page_token": more.then(|| token(offset + data.len())),
            "previous_page_token": (offset > 0).then(|| token(offset.saturating_sub(per_page))),
            "page_token_expiry": more.then(|| time(self.clock.now() + 86_400)),
            "sort_by": params.get("sort_by").unwrap_or("id"),
            "sort_order": params.get("sort_order").unwrap_or("desc"),
            "call": false, "email": false,
        });
        json_reply(200, &json!({"data": data, "info": info}))
    }

    fn selected(&self, store: &Store, table: Table, params: &Params) -> Vec<u64> {
        let Some(ids) = params.get("ids") else { return store.numbers(table) };
        let ids = ids.split(',').filter_map(|id| table.number(id.trim().parse().ok()?));
        ids.filter(|n| store.get(table, *n).is_some()).collect()
    }

    /// `GET /{module}/{id}`.
    pub fn single(&self, store: &Store, table: Table, id: &str) -> Reply {
        match self.found(store, table, id) {
            Some(record) => {
                let mut whole = Map::new();
                for field in self.fields.of(table.name()) {
                    let usual = if field.kind == "boolean" { false.into() } else { Value::Null };
                    whole.insert(field.name.to_owned(), usual);
                }
                whole.extend(record.iter().map(|(k, v)| (k.clone(), v.clone())));
                whole.insert("$has_more".into(), json!({}));
                json_reply(200, &json!({"data": [whole]}))
            }
            None => empty(204),
        }
    }

    /// A record by the text of its id.
    pub fn found(&self, store: &Store, table: Table, id: &str) -> Option<Arc<Record>> {
        store.get(table, table.number(id.parse().ok()?)?)
    }

    /// `GET /{module}/deleted`.
    pub fn deleted(&self, store: &Store, table: Table, request: &Request) -> Reply {
        let params = Params::of(request);
        let mut all = store.deleted(table);
        if let Some(since) = request.header("if-modified-since").and_then(parse_time) {
            all.retain(|d| d.at > since);
            if all.is_empty() {
                return empty(304);
            }
        }
        all.sort_by_key(|d| (std::cmp::Reverse(d.at), d.id));
        let (page, per_page) = (params.number("page", 1).max(1), params.number("per_page", 200));
        let found = all.len();
        let data: Vec<Value> = all
            .into_iter()
            .skip((page - 1) * per_page)
            .take(per_page)
            .map(|d| {
                json!({"id": d.id.to_string(), "display_name": d.title, "type": "recycle",
                    "deleted_by": super::settings::owner(), "created_by": super::settings::owner(),
                    "deleted_time": time(d.at)})
            })
            .collect();
        if data.is_empty() {
            return empty(204);
        }
        let info = json!({"page": page, "per_page": per_page, "count": data.len(),
            "more_records": found > (page - 1) * per_page + data.len()});
        json_reply(200, &json!({"data": data, "info": info}))
    }

    /// `GET /{module}/search`.
    pub fn search(&self, store: &Store, table: Table, request: &Request) -> Reply {
        let params = Params::of(request);
        let numbers: Vec<u64> = if let Some(criteria) = params.get("criteria") {
            match criterion(criteria) {
                Some((field, op, value)) => match op.as_str() {
                    "equals" => store.with(table, &field, &value),
                    "starts_with" => {
                        let folded = fold(&value);
                        let starts = |n: &u64| {
                            store.get(table, *n).is_some_and(|r| {
                                r.get(&field).is_some_and(|v| fold(&plain(v)).starts_with(&folded))
                            })
                        };
                        store.numbers(table).into_iter().filter(starts).collect()
                    }
                    _ => {
                        return fail(
                            400,
                            "INVALID_QUERY",
                            "invalid operator",
                            json!({"operator": op}),
                        );
                    }
                },
                None => {
                    return fail(
                        400,
                        "INVALID_QUERY",
                        "invalid query formed",
                        json!({"reason": "criteria"}),
                    );
                }
            }
        } else if let Some(email) = params.get("email") {
            store.with(table, "Email", email)
        } else if let Some(phone) = params.get("phone") {
            store.with(table, "Phone", phone)
        } else if let Some(word) = params.get("word") {
            store.with(table, table.title(), word)
        } else {
            return fail(
                400,
                "REQUIRED_PARAM_MISSING",
                "One of the expected parameter is missing",
                json!({"param_name": "criteria"}),
            );
        };
        let fields: Option<Vec<&str>> = params.get("fields").map(|f| f.split(',').collect());
        let data: Vec<Value> = numbers
            .into_iter()
            .take(200)
            .filter_map(|n| store.get(table, n))
            .map(|r| match &fields {
                Some(fields) => members(&r, fields),
                None => Value::Object((*r).clone()),
            })
            .collect();
        if data.is_empty() {
            return empty(204);
        }
        let info = json!({"page": 1, "per_page": 200, "count": data.len(), "more_records": false});
        json_reply(200, &json!({"data": data, "info": info}))
    }

    /// `POST /coql`.
    pub fn coql(&self, store: &Store, body: &Value) -> Reply {
        let Some(text) = body.get("select_query").and_then(Value::as_str) else {
            return fail(
                400,
                "MANDATORY_NOT_FOUND",
                "required field not found",
                json!({"api_name": "select_query"}),
            );
        };
        let query = match coql::parse(text) {
            Ok(query) => query,
            Err((code, why)) => return fail(400, code, &why, json!({})),
        };
        let known = |c: &&String| {
            let top = c.split('.').next().unwrap_or(c);
            top == "id"
                || self.fields.get(query.table.name(), top).is_some_and(|f| f.kind != "subform")
        };
        if let Some(bad) = query.columns.iter().find(|c| !known(c)) {
            return fail(
                400,
                "INVALID_QUERY",
                "column given seems to be invalid",
                json!({"column_name": bad}),
            );
        }
        let (numbers, more) = query.run(store);
        let columns: Vec<&str> =
            query.columns.iter().map(String::as_str).filter(|c| *c != "id").collect();
        let data: Vec<Value> = numbers
            .into_iter()
            .filter_map(|n| store.get(query.table, n))
            .map(|r| joined(store, members(&r, &columns), &r, &columns))
            .collect();
        if data.is_empty() {
            return empty(204);
        }
        let count = data.len();
        json_reply(200, &json!({"data": data, "info": {"count": count, "more_records": more}}))
    }
}

/// Columns of the records that a lookup points to (`Account_Name.Phone`).
fn joined(store: &Store, mut row: Value, record: &Record, columns: &[&str]) -> Value {
    for column in columns {
        let Some((lookup, field)) = column.split_once('.') else { continue };
        let id = record.get(lookup).map(plain).and_then(|id| id.parse::<u64>().ok());
        let other = id.and_then(|id| {
            let found = |t: &Table| store.get(*t, t.number(id)?);
            super::store::TABLES.iter().find_map(found)
        });
        row[*column] = other.and_then(|r| r.get(field).cloned()).unwrap_or_default();
    }
    row
}

fn sort(store: &Store, table: Table, numbers: &mut [u64], params: &Params) {
    let down = params.get("sort_order").unwrap_or("desc") == "desc";
    match params.get("sort_by") {
        Some("Modified_Time") => numbers.sort_by_key(|n| (store.modified(table, *n), *n)),
        Some("Created_Time") => numbers.sort_by_key(|n| {
            let record = store.get(table, *n);
            let at = record.and_then(|r| parse_time(r.get("Created_Time")?.as_str()?));
            (at.unwrap_or(0), *n)
        }),
        _ => numbers.sort_unstable(),
    }
    if down {
        numbers.reverse();
    }
}

/// `(Field:operator:value)`, with escaped signs.
fn criterion(text: &str) -> Option<(String, String, String)> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    let mut parts = inner.splitn(3, ':');
    let (field, op, raw) = (parts.next()?, parts.next()?, parts.next()?);
    let mut value = String::new();
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.extend(chars.next()),
            '(' | ')' => return None,
            c => value.push(c),
        }
    }
    Some((field.to_owned(), op.to_owned(), value))
}
