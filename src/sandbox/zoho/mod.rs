//! Zoho CRM's API v8 with its accounts server, and the customer payments of Zoho Books, as their
//! documentation and their own client libraries tell them.

pub mod accounts;
mod books;
mod coql;
mod fail;
mod fields;
mod read;
mod seed;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod totals;
mod write;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::http::{HeaderMap, Method};
use serde_json::{Value, json};

use self::accounts::{Accounts, covers, module_scopes};
use self::fail::{books_fail, fail, json_reply};
use self::fields::Fields;
use self::store::{BASE, Store, Table};
use self::write::Kind;
use super::clock::Clock;
use super::http::{Reply, Request};
use super::journal::{Entry, Journal};
use super::seed::World;

/// The imitated organisation.
#[derive(Debug)]
pub struct Zoho {
    clock: Arc<Clock>,
    fields: Fields,
    store: RwLock<Store>,
    accounts: Mutex<Accounts>,
}

/// What a request needs: the scopes of which one suffices.
struct Route<'a> {
    parts: Vec<&'a str>,
    scopes: Vec<String>,
}

impl Zoho {
    /// An organisation over the seeded data and the edits of the journal, reached at `home`.
    pub fn new(
        world: Arc<World>,
        clock: Arc<Clock>,
        journal: Arc<Journal>,
        entries: &[Entry],
        home: String,
    ) -> Self {
        let mut accounts =
            Accounts::new(world.seed, Arc::clone(&clock), Arc::clone(&journal), home);
        let mut store = Store::new(world, journal);
        for entry in entries {
            match entry.table.strip_prefix("zoho ") {
                Some("oauth") => accounts.replay(entry),
                Some(name) => store.replay(name, entry),
                None => {}
            }
        }
        Self {
            clock,
            fields: Fields::load(),
            store: RwLock::new(store),
            accounts: Mutex::new(accounts),
        }
    }

    /// What a request does, for counting.
    pub fn operation(request: &Request) -> String {
        let path = request.path.trim_start_matches('/');
        let path =
            path.strip_prefix("crm/v8/").or_else(|| path.strip_prefix("books/v3/")).unwrap_or(path);
        let parts = path.split('/').map(|p| if p.parse::<u64>().is_ok() { "{id}" } else { p });
        format!("{} {}", request.method, parts.collect::<Vec<_>>().join("/"))
    }

    /// Ends all access tokens.
    pub fn expire_tokens(&self) {
        self.accounts().expire();
    }

    /// Takes every consent back.
    pub fn revoke_consent(&self) {
        self.accounts().revoke_all();
    }

    /// A code of the console with this scope.
    pub fn console_code(&self, scope: &str) -> String {
        self.accounts().console_code(scope)
    }

    fn accounts(&self) -> std::sync::MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request; its path begins below the home.
    pub fn answer(&self, request: &Request) -> Reply {
        if request.path.starts_with("/oauth/") {
            return self.accounts().answer(&request.path, request);
        }
        let books = request.path.starts_with("/books/v3/");
        let given = request.header("authorization").unwrap_or_default();
        let Some(token) = given.strip_prefix("Zoho-oauthtoken ") else {
            return match books {
                true => books_fail(401, 14, "Invalid value passed for authtoken."),
                false => fail(401, "AUTHENTICATION_FAILURE", "Authentication failed", json!({})),
            };
        };
        let scope = self.accounts().scope_of(token.trim()).map(str::to_owned);
        let Some(scope) = scope else {
            return match books {
                true => books_fail(401, 14, "Invalid value passed for authtoken."),
                false => fail(401, "INVALID_TOKEN", "invalid oauth token", json!({})),
            };
        };
        if let Some(rest) = request.path.strip_prefix("/books/v3/") {
            return self.answer_books(rest, &scope, request);
        }
        let Some(rest) = request.path.strip_prefix("/crm/v8/") else {
            return not_found();
        };
        let route = route(rest, &request.method);
        if !route.scopes.is_empty() && !covers(&scope, &route.scopes) {
            return fail(
                401,
                "OAUTH_SCOPE_MISMATCH",
                "invalid oauth scope to access this URL",
                json!({}),
            );
        }
        self.crm(&route.parts, request)
    }

    fn answer_books(&self, path: &str, scope: &str, request: &Request) -> Reply {
        let kind = path.split('/').next().unwrap_or_default();
        let needed: Vec<String> = match (kind, &request.method) {
            ("organizations", _) => {
                vec!["ZohoBooks.settings.READ".into(), "ZohoBooks.settings.ALL".into()]
            }
            ("contacts", _) => {
                vec!["ZohoBooks.contacts.READ".into(), "ZohoBooks.contacts.ALL".into()]
            }
            ("customerpayments", &Method::GET) => {
                vec![
                    "ZohoBooks.customerpayments.READ".into(),
                    "ZohoBooks.customerpayments.ALL".into(),
                ]
            }
            _ => vec!["ZohoBooks.customerpayments.ALL".into()],
        };
        let full = "ZohoBooks.fullaccess.all".to_owned();
        if !covers(scope, &[needed, vec![full]].concat()) {
            return books_fail(401, 57, "You are not authorized to perform this operation");
        }
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        self.books(&mut store, path, request)
    }

    /// Does a request to the CRM as its user, past tokens and network.
    pub fn trusted(&self, method: &Method, path: &str, body: &Value) -> Reply {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method: method.clone(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        };
        if let Some(rest) = path.strip_prefix("books/v3/") {
            let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
            let mut request = request.clone();
            request.query = format!("{query}&organization_id={}", settings::BOOKS);
            return self.books(&mut store, rest, &request);
        }
        self.crm(&route(path, method).parts, &request)
    }

    fn crm(&self, parts: &[&str], request: &Request) -> Reply {
        let read = || self.store.read().unwrap_or_else(PoisonError::into_inner);
        let body = || serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
        let get = request.method == Method::GET;
        match parts {
            ["org"] if get => return json_reply(200, &settings::org()),
            ["org", "taxes"] if get => return json_reply(200, &settings::taxes()),
            ["users"] if get => return json_reply(200, &settings::users()),
            ["settings", "modules"] if get => return json_reply(200, &settings::modules()),
            ["settings", "modules", name] if get => return module(name),
            ["settings", "fields"] if get => {
                let params = read::Params::of(request);
                let name = params.get("module").unwrap_or_default();
                return match self.fields.of(name) {
                    [] => invalid_module(),
                    _ => json_reply(200, &self.fields.answer(name)),
                };
            }
            ["settings", "related_lists"] if get => return fail::empty(204),
            ["coql"] if request.method == Method::POST => return self.coql(&read(), &body()),
            ["actions", "watch"] => return watch(&request.method, &body()),
            _ => {}
        }
        let Some(table) = parts.first().and_then(|name| Table::module(name)) else {
            return match parts {
                [_] | [_, _] => invalid_module(),
                _ => not_found(),
            };
        };
        let locked = || self.store.write().unwrap_or_else(PoisonError::into_inner);
        match (&request.method, &parts[1..]) {
            (&Method::GET, []) => self.list(&read(), table, request),
            (&Method::GET, ["deleted"]) => self.deleted(&read(), table, request),
            (&Method::GET, ["search"]) => self.search(&read(), table, request),
            (&Method::GET, ["actions", "count"]) => {
                json_reply(200, &json!({"count": read().numbers(table).len()}))
            }
            (&Method::GET, [id]) => self.single(&read(), table, id),
            (&Method::POST, []) => self.write(&mut locked(), table, Kind::Insert, None, request),
            (&Method::POST, ["upsert"]) if table == Table::Events => {
                fail(400, "NOT_SUPPORTED", "the module does not support upsert", json!({}))
            }
            (&Method::POST, ["upsert"]) => {
                self.write(&mut locked(), table, Kind::Upsert, None, request)
            }
            (&Method::PUT, []) => self.write(&mut locked(), table, Kind::Update, None, request),
            (&Method::PUT, [id]) => {
                self.write(&mut locked(), table, Kind::Update, Some(id), request)
            }
            (&Method::DELETE, []) => self.remove(&mut locked(), table, None, request),
            (&Method::DELETE, [id]) => self.remove(&mut locked(), table, Some(id), request),
            _ => not_found(),
        }
    }
}

fn not_found() -> Reply {
    fail(
        404,
        "INVALID_URL_PATTERN",
        "Please check if the URL trying to access is a correct one",
        json!({}),
    )
}

fn invalid_module() -> Reply {
    fail(
        400,
        "INVALID_MODULE",
        "the module name given seems to be invalid",
        json!({"resource_path_index": 0}),
    )
}

fn module(name: &str) -> Reply {
    let all = settings::modules();
    let found = all["modules"].as_array().into_iter().flatten().find(|m| m["api_name"] == name);
    match found {
        Some(module) => json_reply(200, &json!({ "modules": [module] })),
        None => invalid_module(),
    }
}

/// Notifications are taken note of and never sent.
fn watch(method: &Method, body: &Value) -> Reply {
    if *method == Method::GET {
        return fail::empty(204);
    }
    let details = |w: &Value| {
        json!({"code": "SUCCESS", "details": {"events": [{
            "channel_expiry": w["channel_expiry"], "channel_id": w["channel_id"],
            "resource_uri": "", "resource_id": "1", "resource_name": w["events"][0]
        }]}, "message": "Successfully subscribed for actions-watch of the given module", "status": "success"})
    };
    let all = body.get("watch").and_then(Value::as_array).into_iter().flatten();
    let status = if *method == Method::POST { 201 } else { 200 };
    json_reply(status, &json!({"watch": all.map(details).collect::<Vec<_>>()}))
}

fn route<'a>(path: &'a str, method: &Method) -> Route<'a> {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let one = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let scopes = match parts.as_slice() {
        ["org", "taxes"] => one(&[
            "ZohoCRM.settings.ALL",
            "ZohoCRM.settings.taxes.READ",
            "ZohoCRM.settings.taxes.ALL",
        ]),
        ["org", ..] => one(&["ZohoCRM.org.READ", "ZohoCRM.org.ALL"]),
        ["users", ..] => one(&["ZohoCRM.users.READ", "ZohoCRM.users.ALL"]),
        ["coql"] => one(&["ZohoCRM.coql.READ"]),
        ["settings", kind, ..] => vec![
            "ZohoCRM.settings.ALL".to_owned(),
            "ZohoCRM.settings.READ".to_owned(),
            format!("ZohoCRM.settings.{kind}.READ"),
            format!("ZohoCRM.settings.{kind}.ALL"),
        ],
        ["actions", "watch"] => one(&["ZohoCRM.notifications.ALL"]),
        [module, ..] => {
            let operation = match *method {
                Method::POST => "CREATE",
                Method::PUT => "UPDATE",
                Method::DELETE => "DELETE",
                _ => "READ",
            };
            module_scopes(module, operation)
        }
        [] => Vec::new(),
    };
    Route { parts, scopes }
}
