//! An imitation of WooCommerce 10.0's REST API v3 on WordPress 6.8.
//!
//! It answers what the real one was seen to answer over plain http: OAuth 1.0a checked to the
//! letter and everything else ignored, WordPress's checks of parameters, lists with their headers,
//! escaped names, stamps that move with every write, batches without checks. It was written from
//! observation of the real server and shares no code with the connector.

mod act;
mod auth;
mod customers;
mod dates;
mod fail;
mod find;
mod list;
mod orders;
mod php;
mod products;
mod render;
mod route;
mod schema;
mod shape;
mod site;
mod store;
mod taxes;
mod values;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::http::Method;
use serde_json::{Map, Value};

pub use self::auth::pair as key_pair;
use self::auth::{Key, Keys};
use self::fail::{Failure, json_reply};
use self::render::wp_json;
use self::route::Route;
use self::schema::Schema;
use self::store::Store;
use super::SandboxError;
use super::clock::Clock;
use super::gate::Line;
use super::http::{Reply, Request, pairs};
use super::journal::{Entry, Journal};
use super::seed::World;

/// The imitated shop.
#[derive(Debug)]
pub struct Woo {
    clock: Arc<Clock>,
    home: String,
    keys: Keys,
    store: RwLock<Store>,
    kept: list::Kept,
    schemas: Schemas,
    /// How it differs from other shops.
    pub switches: Switches,
}

/// Ways in which shops differ, for tests.
#[derive(Debug, Default)]
pub struct Switches {
    /// Orders are posts, as they were before WooCommerce 8.2 and still are in many shops: asked for
    /// `any` status, WordPress leaves out those that a plugin keeps out of searches.
    pub orders_as_posts: AtomicBool,
}

/// The documents of the resources.
#[derive(Debug)]
struct Schemas {
    customers: Schema,
    products: Schema,
    orders: Schema,
    taxes: Schema,
    classes: Schema,
}

/// One call of a route.
pub struct Call<'a> {
    /// The method after any override.
    method: Method,
    /// Who asks.
    key: Option<&'a Key>,
    /// The query string as it came.
    raw_query: &'a str,
    /// Query parameters.
    query: Map<String, Value>,
    /// The members of the body.
    body: Map<String, Value>,
    /// The way it came.
    line: Line<'a>,
}

impl Woo {
    /// A shop over the seeded data and the edits of the journal, reached at `home`.
    pub fn new(
        world: Arc<World>,
        clock: Arc<Clock>,
        journal: Arc<Journal>,
        entries: &[Entry],
        home: String,
    ) -> Result<Self, SandboxError> {
        let keys = Keys::new(world.seed, home.clone());
        let mut store = Store::new(world, journal);
        for entry in entries {
            if let Some(name) = entry.table.strip_prefix("woo ") {
                store.replay(name, entry);
            }
        }
        let schemas = Schemas::load().map_err(|e| SandboxError::Assets(e.to_string()))?;
        Ok(Self {
            clock,
            home,
            keys,
            store: RwLock::new(store),
            kept: list::Kept::default(),
            schemas,
            switches: Switches::default(),
        })
    }

    /// What a request asks for, for counting: `GET customers/{id}`.
    pub fn operation(request: &Request) -> String {
        let path = request.path.trim_end_matches('/');
        let path = path.split_once("/wc/v3/").map_or(path, |(_, rest)| rest);
        let number = |part: &str| {
            if part.bytes().all(|b| b.is_ascii_digit()) {
                "{id}".to_owned()
            } else {
                part.to_owned()
            }
        };
        let parts: Vec<String> = path.split('/').map(number).collect();
        format!("{} {}", request.method, parts.join("/"))
    }

    /// Whether a request changes records.
    pub fn writes(request: &Request) -> bool {
        let query = php::parameters(&pairs(&request.query));
        !matches!(method(request, &query), Method::GET | Method::HEAD | Method::OPTIONS)
    }

    /// Answers a request; the path is the one below the shop's home.
    pub fn answer(&self, request: &Request, line: Line<'_>) -> Reply {
        let query = php::parameters(&pairs(&request.query));
        let Some(path) = rest_path(&request.path, &query) else {
            return Reply::new(
                200,
                "text/html; charset=UTF-8",
                "<!DOCTYPE html><title>Sandbox Shop</title>".into(),
            );
        };
        let envelope = query.contains_key("_envelope");
        let served = self.serve(request, query, &path, line);
        let reply = served.unwrap_or_else(|failure| failure.reply());
        if envelope { enveloped(&reply) } else { reply }
    }

    fn serve(
        &self,
        request: &Request,
        query: Map<String, Value>,
        path: &str,
        line: Line<'_>,
    ) -> Result<Reply, Failure> {
        // Keys are looked at only when the address shows this text.
        let seen = request.path.contains("wp-json/wc/") || request.query.contains("wp-json/wc/");
        let key = if seen { self.keys.identify(request, &query, self.clock.now())? } else { None };
        let method = method(request, &query);
        let reads = matches!(method, Method::GET | Method::HEAD);
        if let Some(key) = key.filter(|_| method != Method::OPTIONS) {
            if reads && !key.reads() {
                return Err(Failure::authentication(
                    "The API key provided does not have read permissions.",
                ));
            }
            if !reads && !key.writes() {
                return Err(Failure::authentication(
                    "The API key provided does not have write permissions.",
                ));
            }
        }
        let route = Route::parse(path).ok_or_else(Failure::no_route)?;
        let body = body(request)?;
        let call = Call { method, key, raw_query: &request.query, query, body, line };
        self.perform(&route, &call)
    }

    /// Does a request as the administrator, without keys.
    pub fn trusted(&self, method: &Method, path: &str, body: &Value) -> Reply {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let Some(route) = Route::parse(&format!("/wc/v3/{}", path.trim_matches('/'))) else {
            return Failure::no_route().reply();
        };
        let call = Call {
            method: method.clone(),
            key: self.keys.own(),
            raw_query: query,
            query: php::parameters(&pairs(query)),
            body: body.as_object().cloned().unwrap_or_default(),
            line: Line::own(),
        };
        self.perform(&route, &call).unwrap_or_else(|failure| failure.reply())
    }

    fn read(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Schemas {
    fn load() -> Result<Self, serde_json::Error> {
        Ok(Self {
            customers: Schema::load(include_str!(
                "../../../assets/sandbox/woocommerce/customers.json"
            ))?,
            products: Schema::load(include_str!(
                "../../../assets/sandbox/woocommerce/products.json"
            ))?,
            orders: Schema::load(include_str!("../../../assets/sandbox/woocommerce/orders.json"))?,
            taxes: Schema::load(include_str!("../../../assets/sandbox/woocommerce/taxes.json"))?,
            classes: Schema::load(include_str!(
                "../../../assets/sandbox/woocommerce/taxes_classes.json"
            ))?,
        })
    }
}

/// The REST path of a request: below `/wp-json`, or in `rest_route`; none is a page of the site.
fn rest_path(path: &str, query: &Map<String, Value>) -> Option<String> {
    let path = path.strip_prefix("/index.php").unwrap_or(path);
    if let Some(route) = query.get("rest_route").and_then(Value::as_str) {
        return Some(route.to_owned());
    }
    let rest = path.strip_prefix("/wp-json")?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
}

/// The method, which a query parameter or a header may override on POST.
fn method(request: &Request, query: &Map<String, Value>) -> Method {
    let named = query
        .get("_method")
        .and_then(Value::as_str)
        .or_else(|| request.header("x-http-method-override"));
    let overridden = named
        .filter(|_| request.method == Method::POST)
        .and_then(|m| m.to_uppercase().parse().ok());
    overridden.unwrap_or_else(|| request.method.clone())
}

/// The members of a JSON or form body; any other kind is not read.
fn body(request: &Request) -> Result<Map<String, Value>, Failure> {
    let kind = request.media_type();
    if kind == "application/json" || kind.ends_with("+json") {
        if request.body.is_empty() {
            return Ok(Map::new());
        }
        return match serde_json::from_slice::<Value>(&request.body) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Ok(Map::new()),
            Err(_) => Err(Failure::new(400, "rest_invalid_json", "Invalid JSON body passed.")
                .with("json_error_code", 4.into())
                .with("json_error_message", "Syntax error".into())),
        };
    }
    Ok(php::parameters(&request.form()))
}

/// A reply inside a reply, for clients that see no headers.
fn enveloped(reply: &Reply) -> Reply {
    let shown: Map<String, Value> = reply
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::String(value.clone())))
        .collect();
    let status = reply.status.as_u16();
    let body = format!(
        "{{\"body\":{},\"status\":{status},\"headers\":{}}}",
        reply.body,
        wp_json(&Value::Object(shown))
    );
    json_reply(200, body)
}

#[cfg(test)]
mod tests;
