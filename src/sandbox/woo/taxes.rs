//! Tax rates and tax classes.

use serde_json::{Map, Value, json};

use super::fail::{Failure, json_reply};
use super::render::{slug, wp_json};
use super::store::{Store, Table};
use super::values::{money, text, unslashed, whole, yes};
use crate::sandbox::http::Reply;
use crate::sandbox::patch::Changes;

/// Creates a rate; nothing is required and nothing need be unlike.
pub fn create(store: &mut Store, body: &Map<String, Value>) -> Result<u64, Failure> {
    let changes = changes(store, body)?;
    let id = store.next_id(Table::Taxes);
    store.write(Table::Taxes, id, &changes);
    Ok(id)
}

/// Changes a rate.
pub fn update(store: &mut Store, id: u64, body: &Map<String, Value>) -> Result<(), Failure> {
    if !store.table(Table::Taxes).exists(id) {
        return Err(invalid(404));
    }
    let changes = changes(store, body)?;
    store.write(Table::Taxes, id, &changes);
    Ok(())
}

/// Deletes a rate.
pub fn delete(store: &mut Store, id: u64, force: bool) -> Result<(), Failure> {
    if !store.table(Table::Taxes).exists(id) {
        return Err(invalid(400));
    }
    if !force {
        let message = "Taxes do not support trashing.";
        return Err(Failure::new(501, "woocommerce_rest_trash_not_supported", message));
    }
    store.remove(Table::Taxes, id);
    Ok(())
}

/// No such rate.
pub fn invalid(status: u16) -> Failure {
    Failure::new(status, "woocommerce_rest_invalid_id", "Invalid resource ID.")
}

fn changes(store: &Store, body: &Map<String, Value>) -> Result<Changes, Failure> {
    let entity = Table::Taxes.entity();
    let mut changes = Changes::new();
    for (name, value) in body {
        let value = match name.as_str() {
            "country" | "state" | "postcode" | "city" => Some(unslashed(value).to_uppercase()),
            "rate" => Some(format!("{:.4}", money(value).parse::<f64>().unwrap_or(0.0))),
            "name" => Some(unslashed(value)),
            "priority" | "order" => whole(value),
            "compound" | "shipping" => Some(yes(value)),
            "class" => {
                let known = store.has_class(&text(value));
                if !known {
                    let message = "Invalid parameter(s): class";
                    return Err(Failure::new(400, "rest_invalid_param", message));
                }
                Some(text(value))
            }
            "postcodes" | "cities" => {
                let items: Vec<String> =
                    super::schema::items(value).iter().map(|v| text(v).to_uppercase()).collect();
                let last = if name == "cities" { "city" } else { "postcode" };
                changes.push((entity.column(last), items.last().cloned().or(Some(String::new()))));
                Some(wp_json(&json!(items)))
            }
            _ => continue,
        };
        changes.push((entity.column(name), value));
    }
    Ok(changes)
}

/// The list of classes, which has no pages.
pub fn classes(store: &Store, home: &str) -> Reply {
    let ids: Vec<u64> = store.table(Table::Classes).ids_from(0).collect();
    let all: Vec<Value> = ids.iter().filter_map(|id| class(store, *id, home)).collect();
    let total = all.len().to_string();
    json_reply(200, wp_json(&Value::Array(all)))
        .with("x-wp-total", total)
        .with("x-wp-totalpages", "1")
}

fn class(store: &Store, id: u64, home: &str) -> Option<Value> {
    let row = store.row(Table::Classes, id)?;
    let list = format!("{home}/wp-json/wc/v3/taxes/classes");
    Some(json!({
        "slug": row.get("slug"), "name": row.get("name"), "_links": { "collection": [{ "href": list }] }
    }))
}

/// Creates a class.
pub fn create_class(
    store: &mut Store,
    body: &Map<String, Value>,
    home: &str,
) -> Result<Value, Failure> {
    let name = body.get("name").map(unslashed).unwrap_or_default();
    let slug = slug(&name);
    if store.has_class(&slug) {
        let message = "Cannot create existing resource.";
        return Err(Failure::new(400, "woocommerce_rest_tax_class_exists", message));
    }
    let entity = Table::Classes.entity();
    let id = store.next_id(Table::Classes);
    store.write(
        Table::Classes,
        id,
        &vec![(entity.column("slug"), Some(slug)), (entity.column("name"), Some(name))],
    );
    class(store, id, home).ok_or_else(|| invalid(404))
}

/// Deletes a class by its slug.
pub fn delete_class(
    store: &mut Store,
    slug: &str,
    force: bool,
    home: &str,
) -> Result<Value, Failure> {
    if !force {
        let message = "Taxes do not support trashing.";
        return Err(Failure::new(501, "woocommerce_rest_trash_not_supported", message));
    }
    let id = store.class_id(slug).ok_or_else(|| invalid(404))?;
    let last = class(store, id, home).ok_or_else(|| invalid(404))?;
    store.remove(Table::Classes, id);
    Ok(last)
}

impl Store {
    /// The number of the tax class with that slug.
    fn class_id(&self, slug: &str) -> Option<u64> {
        let has =
            |id: &u64| self.row(Table::Classes, *id).is_some_and(|row| row.get("slug") == slug);
        self.table(Table::Classes).ids_from(0).find(has)
    }

    /// Whether there is a tax class with that slug.
    pub fn has_class(&self, slug: &str) -> bool {
        self.class_id(slug).is_some()
    }
}
