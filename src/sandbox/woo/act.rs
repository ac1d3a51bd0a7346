//! What the routes do.

use std::sync::atomic::Ordering;

use axum::http::Method;
use serde_json::{Map, Value};

use super::auth::Key;
use super::fail::{Failure, json_reply};
use super::list::{Ask, fields, list, whole};
use super::render::{Plan, View, wp_json};
use super::route::{Resource, Route};
use super::schema::{Schema, check, number};
use super::store::{Store, Table};
use super::{Call, Woo, customers, orders, products, site, taxes};
use crate::sandbox::faults::FaultKind;
use crate::sandbox::gate::Deed;
use crate::sandbox::http::Reply;

/// So many items a batch may hold.
const BATCH: usize = 100;

impl Call<'_> {
    /// All parameters; the body's win.
    fn all(&self) -> Map<String, Value> {
        let mut all = self.query.clone();
        all.extend(self.body.clone());
        all
    }

    fn force(&self) -> bool {
        let force = self.body.get("force").or_else(|| self.query.get("force"));
        force.is_some_and(|f| super::values::yes(f) == "1")
    }

    fn view(&self, edit: bool, single: bool) -> View {
        let all = self.all();
        let asked = all.get("context").and_then(Value::as_str) == Some("edit");
        let administrator = self.key.is_some_and(Key::administrator);
        let local = self.line.strikes(FaultKind::LocalTime);
        let places = all.get("dp").and_then(number).map_or(2, whole);
        let places = u32::try_from(places).unwrap_or(2);
        View {
            fields: fields(&self.query),
            edit: edit || asked,
            administrator,
            single,
            local,
            places,
        }
    }

    /// Someone must ask; what is said when nobody does depends on what was wanted.
    fn allowed(&self, want: Want) -> Result<(), Failure> {
        if self.key.is_some() {
            return Ok(());
        }
        let (code, message) = match want {
            Want::List => ("view", "Sorry, you cannot list resources."),
            Want::View => ("view", "Sorry, you cannot view this resource."),
            Want::Create => ("create", "Sorry, you are not allowed to create resources."),
            Want::Edit => ("edit", "Sorry, you are not allowed to edit this resource."),
            Want::Delete => ("delete", "Sorry, you are not allowed to delete this resource."),
            Want::Batch => {
                ("batch", "Sorry, you are not allowed to batch manipulate this resource.")
            }
        };
        Err(Failure::new(401, format!("woocommerce_rest_cannot_{code}"), message))
    }
}

#[derive(Debug, Clone, Copy)]
enum Want {
    List,
    View,
    Create,
    Edit,
    Delete,
    Batch,
}

/// A record that is there and is not found.
fn unseen(resource: Resource, update: bool, call: &Call<'_>) -> Result<(), Failure> {
    if !call.line.strikes(FaultKind::Ghost) {
        return Ok(());
    }
    Err(match resource {
        Resource::Customers => customers::missing(),
        Resource::Taxes => taxes::invalid(404),
        Resource::Orders => orders::invalid(if update { 400 } else { 404 }),
        // A product that is not there is a bad request when it is to be changed.
        _ => {
            let status = if update { 400 } else { 404 };
            Failure::new(status, products::invalid(resource.table()), "Invalid ID.")
        }
    })
}

impl Woo {
    /// Does what a route is for.
    pub fn perform(&self, route: &Route, call: &Call<'_>) -> Result<Reply, Failure> {
        if call.method == Method::OPTIONS {
            return self.options(route);
        }
        let get = matches!(call.method, Method::GET | Method::HEAD);
        let write = matches!(call.method, Method::POST | Method::PUT | Method::PATCH);
        match route {
            Route::Discovery if get => Ok(json_reply(200, wp_json(&site::discovery(&self.home)))),
            Route::Index if get => Ok(json_reply(200, wp_json(&site::index(&self.home)))),
            Route::Status if get => self.told(call, site::status(&self.home)),
            Route::Currency if get => self.told(call, site::currency(&self.home)),
            Route::Classes | Route::Class(_) => self.classes(route, call),
            Route::Refunds(order, refund) => {
                call.allowed(if get { Want::List } else { Want::Edit })?;
                let (mut store, now) = (self.change(), self.clock.now());
                let all = call.all();
                orders::refunds::answer(
                    &mut store,
                    *order,
                    *refund,
                    &call.method,
                    &all,
                    &self.home,
                    now,
                )
            }
            Route::List(resource) if get => self.list(*resource, call),
            Route::List(resource) if call.method == Method::POST => self.create(*resource, call),
            Route::One(resource, id) if get => self.one(*resource, *id, call),
            Route::One(resource, id) if write => self.update(*resource, *id, call),
            Route::One(resource, id) if call.method == Method::DELETE => {
                self.delete(*resource, *id, call)
            }
            Route::Batch(resource) if write => self.batch(*resource, call),
            _ => Err(Failure::no_route()),
        }
    }

    fn told(&self, call: &Call<'_>, what: Value) -> Result<Reply, Failure> {
        call.allowed(Want::List)?;
        Ok(json_reply(200, wp_json(&site::trimmed(what, &fields(&call.query)))))
    }

    fn schema(&self, resource: Resource) -> &Schema {
        match resource {
            Resource::Customers => &self.schemas.customers,
            Resource::Products | Resource::Variations(_) => &self.schemas.products,
            Resource::Taxes => &self.schemas.taxes,
            Resource::Orders => &self.schemas.orders,
        }
    }

    fn options(&self, route: &Route) -> Result<Reply, Failure> {
        let schema = match route {
            Route::List(resource) | Route::One(resource, _) | Route::Batch(resource) => {
                self.schema(*resource)
            }
            Route::Classes | Route::Class(_) => &self.schemas.classes,
            _ => {
                return Ok(json_reply(
                    200,
                    "{\"namespace\":\"wc\\/v3\",\"methods\":[\"GET\"],\"endpoints\":[]}".into(),
                ));
            }
        };
        let allow = if matches!(route, Route::One(..)) {
            "GET, POST, PUT, PATCH, DELETE"
        } else {
            "GET, POST"
        };
        Ok(json_reply(200, wp_json(&schema.document)).with("allow", allow))
    }

    fn list(&self, resource: Resource, call: &Call<'_>) -> Result<Reply, Failure> {
        let all = call.all();
        check(&self.schema(resource).list, &all, false)?;
        call.allowed(Want::List)?;
        let path = resource.path();
        let view = call.view(false, false);
        let ask = Ask {
            home: &self.home,
            path: &path,
            query: call.raw_query,
            parameters: &all,
            view,
            parent: resource.parent(),
            posts: self.switches.orders_as_posts.load(Ordering::Relaxed),
            line: call.line,
        };
        Ok(list(&self.read(), &self.kept, resource.table(), &ask))
    }

    fn one(&self, resource: Resource, id: u64, call: &Call<'_>) -> Result<Reply, Failure> {
        call.allowed(Want::View)?;
        let store = self.read();
        let view = call.view(false, true);
        let body = self.shown(&store, resource, id, &view)?;
        unseen(resource, false, call)?;
        Ok(json_reply(200, body))
    }

    /// The JSON of a record, or the error for one that is not there.
    fn shown(
        &self,
        store: &Store,
        resource: Resource,
        id: u64,
        view: &View,
    ) -> Result<String, Failure> {
        let missing = |code: &str| Failure::new(404, code, "Invalid ID.");
        let table = match resource {
            Resource::Customers => customers::find(store, id)?,
            Resource::Products if store.table(Table::Variations).exists(id) => Table::Variations,
            Resource::Products => Table::Products,
            Resource::Variations(parent) => {
                let fits =
                    store.row(Table::Variations, id).is_some_and(|row| row.parent() == parent);
                if !fits {
                    return Err(missing(products::invalid(Table::Variations)));
                }
                Table::Variations
            }
            Resource::Taxes => Table::Taxes,
            Resource::Orders => {
                let row = store.row(Table::Orders, id).ok_or_else(|| orders::invalid(404))?;
                let shown = orders::show::shown(store, &row, view, &self.home, view.places);
                return Ok(wp_json(&shown));
            }
        };
        let row = store.row(table, id).ok_or_else(|| match resource {
            Resource::Taxes => taxes::invalid(404),
            _ => missing(products::invalid(table)),
        })?;
        // A variation asked for as a product looks like one.
        let look = if resource == Resource::Products { Table::Products } else { table };
        let mut body = String::with_capacity(2048);
        Plan::new(look, view, &self.home).push(&mut body, store, &row);
        Ok(body)
    }

    fn create(&self, resource: Resource, call: &Call<'_>) -> Result<Reply, Failure> {
        let all = call.all();
        check(&self.schema(resource).write, &all, true)?;
        call.allowed(Want::Create)?;
        let mut store = self.change();
        let id = self.make(&mut store, resource, &all, call)?;
        let body = self.shown(&store, resource, id, &call.view(true, true))?;
        let location = format!("{}/wp-json/wc/v3/{}/{id}", self.home, resource.path());
        Ok(json_reply(201, body).with("location", location))
    }

    fn make(
        &self,
        store: &mut Store,
        resource: Resource,
        body: &Map<String, Value>,
        call: &Call<'_>,
    ) -> Result<u64, Failure> {
        let (now, line) = (self.clock.now(), call.line);
        let made = match resource {
            Resource::Customers => customers::create(store, body, now, line),
            Resource::Products => products::create(store, Table::Products, None, body, now, line),
            Resource::Variations(parent) if !store.table(Table::Products).exists(parent) => {
                let message = "<p>There has been a critical error on this website.</p>";
                Err(Failure::new(500, "internal_server_error", message))
            }
            Resource::Variations(parent) => {
                products::create(store, Table::Variations, Some(parent), body, now, line)
            }
            Resource::Taxes => taxes::create(store, body),
            Resource::Orders => orders::create(store, body, now, line),
        };
        made.inspect(|_| line.did(&resource.path(), Deed::Created))
    }

    fn alter(
        &self,
        store: &mut Store,
        resource: Resource,
        id: u64,
        body: &Map<String, Value>,
        call: &Call<'_>,
    ) -> Result<(), Failure> {
        let (now, line) = (self.clock.now(), call.line);
        unseen(resource, true, call)?;
        let changed = match resource {
            Resource::Customers => customers::update(store, id, body, now, line).map(|_| ()),
            Resource::Products => products::update(store, Table::Products, id, body, now, line),
            Resource::Variations(parent) => {
                products::update(store, Table::Variations, id, body, now, line)?;
                // The product moves with its variation.
                products::update(store, Table::Products, parent, &Map::new(), now, line)
            }
            Resource::Taxes => taxes::update(store, id, body),
            Resource::Orders => orders::update(store, id, body, now, line),
        };
        changed.inspect(|()| line.did(&resource.path(), Deed::Updated))
    }

    fn drop(
        &self,
        store: &mut Store,
        resource: Resource,
        id: u64,
        force: bool,
        call: &Call<'_>,
    ) -> Result<(), Failure> {
        unseen(resource, false, call)?;
        let dropped = match resource {
            Resource::Customers => customers::delete(store, id, force)
                .map(|()| orders::orphan(store, id, self.clock.now())),
            Resource::Products => {
                products::delete(store, Table::Products, id, force, self.clock.now())
            }
            Resource::Variations(_) => {
                products::delete(store, Table::Variations, id, force, self.clock.now())
            }
            Resource::Taxes => taxes::delete(store, id, force),
            Resource::Orders => orders::delete(store, id, force, self.clock.now()),
        };
        dropped.inspect(|()| call.line.did(&resource.path(), Deed::Deleted))
    }

    fn update(&self, resource: Resource, id: u64, call: &Call<'_>) -> Result<Reply, Failure> {
        let all = call.all();
        check(&self.schema(resource).write, &all, false)?;
        call.allowed(Want::Edit)?;
        // An id in the body beats the one in the address.
        let id = all.get("id").and_then(number).map_or(id, whole);
        let mut store = self.change();
        self.alter(&mut store, resource, id, &all, call)?;
        let body = self.shown(&store, resource, id, &call.view(true, true))?;
        Ok(json_reply(200, body))
    }

    fn delete(&self, resource: Resource, id: u64, call: &Call<'_>) -> Result<Reply, Failure> {
        call.allowed(Want::Delete)?;
        self.managers(resource, call)?;
        let mut store = self.change();
        let last = match (resource, self.shown(&store, resource, id, &call.view(true, true))) {
            (Resource::Taxes, Err(_)) => return Err(taxes::invalid(400)),
            (_, shown) => shown?,
        };
        self.drop(&mut store, resource, id, call.force(), call)?;
        let body = if call.force() {
            last
        } else {
            self.shown(&store, resource, id, &call.view(true, true))?
        };
        Ok(json_reply(200, body))
    }

    /// Shop managers do not delete customers.
    fn managers(&self, resource: Resource, call: &Call<'_>) -> Result<(), Failure> {
        let manager = call.key.is_some_and(|key| !key.administrator());
        if manager && resource == Resource::Customers {
            let message = "Sorry, you are not allowed to delete this resource.";
            return Err(Failure::new(403, "woocommerce_rest_cannot_delete", message));
        }
        Ok(())
    }

    /// Creates, updates and deletes in that order; each item answers for itself.
    fn batch(&self, resource: Resource, call: &Call<'_>) -> Result<Reply, Failure> {
        call.allowed(Want::Batch)?;
        let empty = Vec::new();
        let given = |name: &str| call.body.get(name).and_then(Value::as_array).unwrap_or(&empty);
        let (create, update, delete) = (given("create"), given("update"), given("delete"));
        if create.len() + update.len() + delete.len() > BATCH {
            let message = format!("Unable to accept more than {BATCH} items for this request.");
            return Err(Failure::new(413, "woocommerce_rest_request_entity_too_large", message));
        }
        let mut store = self.change();
        let view = View { fields: Vec::new(), ..call.view(true, false) };
        let mut parts = Vec::new();
        for (name, items) in [("create", create), ("update", update), ("delete", delete)] {
            if items.is_empty() {
                continue;
            }
            let done: Vec<String> = items
                .iter()
                .filter_map(|item| self.item(&mut store, resource, name, item, call, &view))
                .collect();
            parts.push((name, done.join(",")));
        }
        let names = fields(&call.query);
        let shown: Vec<String> = parts
            .into_iter()
            .filter(|(name, _)| {
                names.is_empty() || names.iter().any(|f| f.split('.').next() == Some(name))
            })
            .map(|(name, done)| match names.is_empty() || names.iter().any(|f| f == name) {
                true => format!("\"{name}\":[{done}]"),
                false => format!("\"{name}\":[]"),
            })
            .collect();
        let body = if shown.is_empty() { "[]".into() } else { format!("{{{}}}", shown.join(",")) };
        Ok(json_reply(200, body))
    }

    /// One item of a batch; nothing is checked beforehand and every delete is for good.
    fn item(
        &self,
        store: &mut Store,
        resource: Resource,
        what: &str,
        item: &Value,
        call: &Call<'_>,
        view: &View,
    ) -> Option<String> {
        let empty = Map::new();
        let body = item.as_object().unwrap_or(&empty);
        let id = match what {
            "delete" => number(item).map(whole),
            "update" => body.get("id").and_then(number).map(whole),
            _ => Some(0),
        };
        if what == "delete" && id.unwrap_or(0) == 0 {
            return None;
        }
        let number = id.unwrap_or(0);
        let done = match what {
            "create" => self
                .make(store, resource, body, call)
                .and_then(|id| self.shown(store, resource, id, view)),
            "update" => self
                .alter(store, resource, number, body, call)
                .and_then(|()| self.shown(store, resource, number, view)),
            _ => self.managers(resource, call).and_then(|()| {
                let last = self.shown(store, resource, number, view)?;
                self.drop(store, resource, number, true, call)?;
                Ok(last)
            }),
        };
        let id = id.map_or_else(|| "null".to_owned(), |id| id.to_string());
        Some(done.unwrap_or_else(|failure| format!("{{\"id\":{id},\"error\":{}}}", failure.body())))
    }

    fn classes(&self, route: &Route, call: &Call<'_>) -> Result<Reply, Failure> {
        match (route, &call.method) {
            (Route::Classes, &Method::GET | &Method::HEAD) => {
                call.allowed(Want::List)?;
                Ok(taxes::classes(&self.read(), &self.home))
            }
            (Route::Classes, &Method::POST) => {
                let all = call.all();
                check(&self.schemas.classes.write, &all, true)?;
                call.allowed(Want::Create)?;
                let made = taxes::create_class(&mut self.change(), &all, &self.home)?;
                Ok(json_reply(201, wp_json(&made)))
            }
            (Route::Class(slug), &Method::DELETE) => {
                call.allowed(Want::Delete)?;
                let last = taxes::delete_class(&mut self.change(), slug, call.force(), &self.home)?;
                Ok(json_reply(200, wp_json(&last)))
            }
            _ => Err(Failure::no_route()),
        }
    }
}
