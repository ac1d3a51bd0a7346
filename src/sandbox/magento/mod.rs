//! An imitation of Magento Open Source 2.4.7's REST API.
//!
//! It answers what the real one was seen to answer: signatures checked to the letter, one 401 for a
//! missing right and for a token it does not take, searches with all their conditions, stamps of a
//! second that move with every save and do not move with stock, addresses that replace each other
//! and are dropped in silence, products that are created and overwritten by SKU. It was written from
//! observation of the real server and shares no code with the connector.

mod auth;
mod criteria;
mod fail;
mod goods;
mod list;
mod meta;
mod people;
mod places;
mod sales;
mod store;
mod write;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use self::auth::Integrations;
pub use self::auth::values as integration_values;
use self::criteria::{Criteria, query_pairs, trim};
use self::fail::Failure;
use self::store::{Store, Table};
use super::MagentoKey;
use super::clock::Clock;
use super::http::{Reply, Request};
use super::journal::{Entry, Journal};
use super::seed::World;

/// The imitated shop.
#[derive(Debug)]
pub struct Magento {
    clock: Arc<Clock>,
    home: String,
    integrations: Integrations,
    store: RwLock<Store>,
    /// How the shop is configured.
    pub switches: Switches,
}

/// How the shop is configured.
#[derive(Debug, Default)]
pub struct Switches {
    /// An access token is taken alone, as bearer.
    pub bearer: AtomicBool,
    /// The largest page; 0: no limit.
    pub page_limit: AtomicUsize,
    /// A page past the end is the last page again, as before 2.4.
    pub repeats: AtomicBool,
    /// There is no list of stock by source, as before 2.3.
    pub no_sources: AtomicBool,
    /// Maintenance mode.
    pub maintenance: AtomicBool,
}

/// One call of a route.
struct Call<'a> {
    method: &'a Method,
    path: Vec<String>,
    query: &'a str,
    body: Value,
    who: Option<MagentoKey>,
}

impl Magento {
    /// A shop over the seeded data and the edits of the journal, reached at `home`.
    pub fn new(
        world: Arc<World>,
        clock: Arc<Clock>,
        journal: Arc<Journal>,
        entries: &[Entry],
        home: String,
    ) -> Self {
        let integrations = Integrations::new(world.seed);
        let mut store = Store::new(world, journal);
        for entry in entries.iter().filter(|e| e.table.starts_with("magento ")) {
            store.replay(entry);
        }
        let switches = Switches::default();
        Self { clock, home, integrations, store: RwLock::new(store), switches }
    }

    /// What a request asks for, for counting: `GET customers/{id}`.
    pub fn operation(request: &Request) -> String {
        let path = request.path.split_once("/V1/").map_or(request.path.as_str(), |(_, p)| p);
        let part = |part: &str| {
            let number = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            if number { "{id}".to_owned() } else { part.to_owned() }
        };
        let mut parts: Vec<String> = path.split('/').map(part).collect();
        if parts.len() == 2
            && ["products", "stockItems"].contains(&parts[0].as_str())
            && parts[1] != "attributes"
        {
            parts[1] = "{sku}".into();
        }
        format!("{} {}", request.method, parts.join("/"))
    }

    /// Answers a request; the path is the one below the shop's home.
    pub fn answer(&self, request: &Request) -> Reply {
        if self.switches.maintenance.load(Ordering::Relaxed) {
            return html(503, "Service Temporarily Unavailable");
        }
        let path = request.path.strip_prefix("/index.php").unwrap_or(&request.path);
        if path == "/magento_version" {
            return Reply::new(200, "text/html; charset=UTF-8", "Magento/2.4 (Community)".into());
        }
        if !path.starts_with("/rest/") {
            return html(404, "404 Not Found");
        }
        if request.header("accept").is_some_and(|a| a.starts_with("text/")) {
            return html(500, "There has been an error processing your request");
        }
        self.serve(request, path).unwrap_or_else(|failure| failure.reply())
    }

    fn serve(&self, request: &Request, path: &str) -> Result<Reply, Failure> {
        let host = request.header("host").unwrap_or_default();
        let folder = self.home.splitn(4, '/').nth(3).unwrap_or_default();
        let url = format!("http://{host}/{folder}{}", request.path);
        let now = self.clock.now();
        let bearer = self.switches.bearer.load(Ordering::Relaxed);
        let who = self.integrations.identify(request, &url, bearer, now)?;
        let kind = request.media_type();
        if !request.body.is_empty() && kind != "application/json" {
            let message = "Server cannot understand Content-Type HTTP header media type %1";
            return Err(Failure::new(400, message).with(json!([kind])));
        }
        let body = match request.body.as_slice() {
            [] => Value::Null,
            body => {
                serde_json::from_slice(body).map_err(|_| Failure::new(400, "Decoding error."))?
            }
        };
        self.routed(&request.method, path, &request.query, body, who)
    }

    /// Does a request as an integration with all rights, without its signature. The path is the one
    /// below `V1`, with its query.
    pub fn trusted(&self, method: &Method, path: &str, body: &Value) -> Reply {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let path = format!("/rest/V1/{}", path.trim_matches('/'));
        self.routed(method, &path, query, body.clone(), Some(MagentoKey::Full))
            .unwrap_or_else(|failure| failure.reply())
    }

    fn routed(
        &self,
        method: &Method,
        path: &str,
        query: &str,
        body: Value,
        who: Option<MagentoKey>,
    ) -> Result<Reply, Failure> {
        let plain = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let mut parts: Vec<String> = path
            .trim_start_matches("/rest/")
            .split('/')
            .filter(|p| !p.is_empty())
            .map(plain)
            .collect();
        if parts.first().is_some_and(|p| p != "V1") {
            let code = parts.remove(0);
            if code != "all" && !meta::VIEWS.contains(&code.as_str()) {
                return Err(Failure::new(400, "Specified request cannot be processed."));
            }
        }
        if parts.first().is_none_or(|p| p != "V1") {
            return Err(Failure::no_route());
        }
        parts.remove(0);
        if !["GET", "POST", "PUT", "DELETE"].contains(&method.as_str()) {
            return Err(Failure::new(405, format!("The {method} HTTP method is not supported.")));
        }
        let call = Call { method, path: parts, query, body, who };
        let answer = self.perform(&call)?;
        let fields = query_pairs(query).into_iter().find(|(name, _)| name == "fields");
        let answer = match fields {
            Some((_, fields)) if !fields.is_empty() => trim(answer, &fields),
            _ => answer,
        };
        Ok(Reply::new(200, "application/json; charset=utf-8", answer.to_string()))
    }

    fn perform(&self, call: &Call<'_>) -> Result<Value, Failure> {
        let parts: Vec<&str> = call.path.iter().map(String::as_str).collect();
        let now = self.clock.now();
        match (call.method.as_str(), parts.as_slice()) {
            ("GET", ["directory", "currency"]) => Ok(meta::currency()),
            ("GET", ["directory", "countries", code]) => places::country(code)
                .ok_or_else(|| Failure::new(404, "The country isn't available.")),
            ("GET", ["attributeMetadata", "customer"]) => Ok(meta::customer_attributes()),
            ("GET", ["store", "storeViews"]) => call.may("Magento_Backend::store", meta::views),
            ("GET", ["store", "websites"]) => call.may("Magento_Backend::store", meta::websites),
            ("GET", ["store", "storeConfigs"]) => {
                call.may("Magento_Backend::store", || meta::configs(&self.home))
            }
            ("GET", ["customers", "search"]) => {
                call.right("Magento_Customer::customer")?;
                self.list(Table::Customers, call)
            }
            ("GET", ["customers", id]) => {
                call.right("Magento_Customer::customer")?;
                self.read().get(Table::Customers, id_of(id)).ok_or_else(|| no_customer(id))
            }
            ("POST", ["customers"]) => write::customer(&mut self.change(), None, &call.body, now),
            ("PUT", ["customers", id]) => {
                call.right("Magento_Customer::manage")?;
                // An id in the body beats the one of the address.
                let id = call.body["customer"]["id"].as_u64().unwrap_or_else(|| id_of(id));
                write::customer(&mut self.change(), Some(id), &call.body, now)
            }
            ("DELETE", ["customers", id]) => {
                call.right("Magento_Customer::delete")?;
                self.drop(Table::Customers, id_of(id)).ok_or_else(|| no_customer(id))
            }
            ("GET", ["products", "attributes"]) => {
                call.right("Magento_Catalog::attributes_attributes")?;
                let criteria = self.criteria(call)?;
                let all = meta::product_attributes();
                let (total, size) =
                    (all.len(), if criteria.size == 0 { all.len() } else { criteria.size });
                let page = all.into_iter().skip((criteria.page - 1) * size).take(size);
                Ok(criteria.answer(page.collect(), total))
            }
            (_, ["products" | "stockItems" | "inventory", ..]) => self.goods(call, &parts, now),
            ("GET", ["orders"]) => self.sales(Table::Orders, call),
            ("GET", ["orders", id]) => self.sale(Table::Orders, id, call),
            ("POST", ["orders"]) => {
                call.right("Magento_Sales::create")?;
                write::order(&mut self.change(), &call.body, now)
            }
            ("GET", ["invoices"]) => self.sales(Table::Invoices, call),
            ("GET", ["invoices", id]) => self.sale(Table::Invoices, id, call),
            ("GET", ["taxRates", "search"]) => {
                call.right("Magento_Tax::manage_tax")?;
                self.list(Table::Taxes, call)
            }
            ("GET", ["salesRules", "search"]) => {
                call.right("Magento_SalesRule::quote")?;
                self.list(Table::Rules, call)
            }
            _ => Err(Failure::no_route()),
        }
    }

    fn goods(&self, call: &Call<'_>, parts: &[&str], now: i64) -> Result<Value, Failure> {
        let missing = || {
            let message =
                "The product that was requested doesn't exist. Verify the product and try again.";
            Failure::new(404, message)
        };
        let by_sku = |sku: &str| self.read().by_key(Table::Products, sku).first().copied();
        let catalog = "Magento_Catalog::products";
        match (call.method.as_str(), parts) {
            ("GET", ["products"]) => {
                call.right(catalog)?;
                self.list(Table::Products, call)
            }
            ("GET", ["products", sku]) => {
                call.right(catalog)?;
                let id = by_sku(sku).ok_or_else(missing)?;
                self.read().get(Table::Products, id).ok_or_else(missing)
            }
            ("POST", ["products"]) => {
                call.right(catalog)?;
                write::product(&mut self.change(), None, &call.body, now)
            }
            ("PUT", ["products", sku]) => {
                call.right(catalog)?;
                write::product(&mut self.change(), Some(sku), &call.body, now)
            }
            ("DELETE", ["products", sku]) => {
                call.right(catalog)?;
                by_sku(sku).and_then(|id| self.drop(Table::Products, id)).ok_or_else(missing)
            }
            ("GET", ["stockItems", sku]) => {
                call.right("Magento_Catalog::catalog_inventory")?;
                let id = by_sku(sku).ok_or_else(missing)?;
                let product = self.read().get(Table::Products, id).ok_or_else(missing)?;
                Ok(product["extension_attributes"]["stock_item"].clone())
            }
            ("PUT", ["products", sku, "stockItems", _]) => {
                call.right("Magento_Catalog::catalog_inventory")?;
                let id = by_sku(sku).ok_or_else(missing)?;
                let mut store = self.change();
                let mut product = store.get(Table::Products, id).ok_or_else(missing)?;
                let given = call.body["stockItem"].as_object().cloned().unwrap_or_default();
                for (name, value) in given {
                    product["extension_attributes"]["stock_item"][name] = value;
                }
                // The stamp of the product does not move.
                store.keep(Table::Products, id, product);
                Ok(id.into())
            }
            ("GET", ["inventory", "source-items"])
                if !self.switches.no_sources.load(Ordering::Relaxed) =>
            {
                call.right("Magento_InventoryApi::source")?;
                self.sources(call)
            }
            _ => Err(Failure::no_route()),
        }
    }

    /// Stock by source; this shop has one.
    fn sources(&self, call: &Call<'_>) -> Result<Value, Failure> {
        let criteria = self.criteria(call)?;
        let store = self.read();
        let mut items = Vec::new();
        let filters: Vec<_> = criteria.groups.iter().flatten().collect();
        for filter in filters.iter().filter(|f| f.field == "sku") {
            let values: Vec<&str> = if filter.condition == "in" {
                filter.value.split(',').collect()
            } else {
                vec![&filter.value]
            };
            for id in values.into_iter().flat_map(|sku| store.by_key(Table::Products, sku)) {
                let Some(product) = store.get(Table::Products, id) else { continue };
                let stock = &product["extension_attributes"]["stock_item"];
                if stock.is_object() {
                    items.push(json!({
                        "sku": product["sku"], "source_code": "default", "quantity": stock["qty"],
                        "status": i32::from(stock["is_in_stock"] == true),
                    }));
                }
            }
        }
        let total = items.len();
        if criteria.size > 0 {
            items.truncate(criteria.size);
        }
        Ok(criteria.answer(items, total))
    }

    fn sales(&self, table: Table, call: &Call<'_>) -> Result<Value, Failure> {
        call.right("Magento_Sales::actions_view")?;
        self.list(table, call)
    }

    fn sale(&self, table: Table, id: &str, call: &Call<'_>) -> Result<Value, Failure> {
        call.right("Magento_Sales::actions_view")?;
        let message =
            "The entity that was requested doesn't exist. Verify the entity and try again.";
        self.read().get(table, id_of(id)).ok_or_else(|| Failure::new(404, message))
    }

    fn list(&self, table: Table, call: &Call<'_>) -> Result<Value, Failure> {
        let criteria = self.criteria(call)?;
        let repeats = self.switches.repeats.load(Ordering::Relaxed);
        list::list(&self.read(), table, &criteria, repeats)
    }

    fn criteria(&self, call: &Call<'_>) -> Result<Criteria, Failure> {
        let most = self.switches.page_limit.load(Ordering::Relaxed);
        Criteria::read(call.query, (most > 0).then_some(most))
    }

    fn drop(&self, table: Table, id: u64) -> Option<Value> {
        let mut store = self.change();
        if !store.exists(table, id) {
            return None;
        }
        store.remove(table, id);
        Some(true.into())
    }

    fn read(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    /// Whether who asks has this right.
    fn right(&self, right: &str) -> Result<(), Failure> {
        let allowed = match self.who {
            Some(MagentoKey::Full) => true,
            Some(MagentoKey::CustomersOnly) => right == "Magento_Customer::customer",
            None => false,
        };
        if allowed { Ok(()) } else { Err(Failure::unauthorized(right)) }
    }

    fn may(&self, right: &str, what: impl Fn() -> Value) -> Result<Value, Failure> {
        self.right(right).map(|()| what())
    }
}

fn id_of(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

fn no_customer(id: &str) -> Failure {
    Failure::no_entity("customerId", id_of(id))
}

fn html(status: u16, title: &str) -> Reply {
    let body = format!(
        "<!doctype html><html><head><title>{title}</title></head><body>{title}</body></html>"
    );
    Reply::new(status, "text/html; charset=UTF-8", body)
}

#[cfg(test)]
mod tests;
