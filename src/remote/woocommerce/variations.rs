//! Product variations as products of their own: an order's line names the variation that was sold.
//!
//! They are no part of a listing of products, so those of each variable product on a page are read
//! after it; the product moves its stamp with them. Changes go to a route below the product, which
//! is remembered of every variation that was seen. SyncDeck makes none.

use super::super::ErrorKind;
use super::super::RemoteResult;
use super::Woo;
use super::call::Ask;
use super::entity::{Entity, Special};
use super::records::{self, text};
use crate::model::{Fields, Record, Value};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;
use syncdeck_records::project::Projected;

/// Variations in one answer.
const SIZE: usize = 100;
/// Members that only products have, or that the shop makes.
const NOT_THEIRS: [&str; 12] = [
    "name",
    "slug",
    "type",
    "parent_id",
    "featured",
    "catalog_visibility",
    "short_description",
    "categories",
    "tags",
    "brands",
    "images",
    "sold_individually",
];
/// What a variation takes from its product.
const OF_PARENT: [&str; 2] = ["name", "sku"];

/// The products of the variations that were seen.
pub(crate) type Families = HashMap<String, String>;

/// What a variation is told with.
#[derive(Debug, Clone, Default)]
struct Parent {
    id: String,
    name: String,
    sku: String,
}

impl Parent {
    fn of(record: &Record) -> Self {
        Self {
            id: record.id.clone(),
            name: text(&record.fields, "name"),
            sku: text(&record.fields, "sku"),
        }
    }
}

/// What a product or variation means that its members do not say.
pub(crate) fn settle(fields: &mut Fields) {
    // Its stock is the product's, which is told there.
    if text(fields, "manage_stock") == "parent" {
        fields.set("stock_quantity", Value::Null);
        fields.set("manage_stock", false);
    }
}

/// A variation is named as the shop names it in orders, and has a SKU of its own: one without is
/// told the product's by the shop.
fn told(parent: &Parent, id: &str, fields: &mut Fields) {
    let own = text(fields, "name");
    let own = if own.trim().is_empty() { options(fields) } else { own };
    let begins = !parent.name.is_empty() && own.starts_with(&parent.name);
    let name = match own.trim() {
        "" => parent.name.clone(),
        own if begins || parent.name.is_empty() => own.to_owned(),
        own => format!("{} - {own}", parent.name),
    };
    fields.set("name", html_escape::decode_html_entities(&name).into_owned());
    let sku = text(fields, "sku");
    if !parent.sku.is_empty() && (sku.is_empty() || sku.eq_ignore_ascii_case(&parent.sku)) {
        fields.set("sku", format!("{}-{id}", parent.sku));
    }
}

/// What was chosen, for shops whose variations have no names.
fn options(fields: &Fields) -> String {
    let Some(Value::List(list)) = fields.get("attributes") else { return String::new() };
    let chosen = list.iter().filter_map(|entry| match entry {
        Value::Object(entry) => Some(text(entry, "option")),
        _ => None,
    });
    chosen.filter(|option| !option.is_empty()).collect::<Vec<_>>().join(", ")
}

/// What of a body a variation takes. One that is not sold is private, not a draft.
pub(crate) fn body(mut json: Map<String, Json>) -> Map<String, Json> {
    json.retain(|name, _| !NOT_THEIRS.contains(&name.as_str()));
    if let Some(status) = json.get_mut("status")
        && status != "publish"
    {
        *status = "private".into();
    }
    json
}

impl Woo {
    /// The product of a variation, if it was seen. Ids of other entities are other numbers, though
    /// they may look alike: customer 109 is nobody's variation.
    pub(crate) fn parent_of(&self, entity: &Entity, id: &str) -> Option<String> {
        if entity.special != Special::Products {
            return None;
        }
        self.families.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn remember(&self, id: &str, parent: &str) {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        if families.get(id).is_none_or(|known| known != parent) {
            families.insert(id.to_owned(), parent.to_owned());
        }
    }

    /// The rows of a listing as records, each variable product followed by its variations.
    pub(crate) async fn with_variations(
        &self,
        entity: &'static Entity,
        rows: Vec<Projected>,
        wanted: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let full = full(wanted);
        let shop = self.shop();
        let mut parents = Vec::new();
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            let variable = records::is_variable(&row);
            let Some(record) = records::made(entity, row, &full, &shop) else { continue };
            if variable && !record.trashed {
                parents.push((records.len(), Parent::of(&record)));
            }
            records.push(record);
        }
        let reads = parents.into_iter().map(|(at, parent)| async move {
            let found = self.of_parent(entity, &parent, None, wanted).await?;
            Ok::<_, super::super::RemoteError>((at, found))
        });
        let read: Vec<(usize, Vec<Record>)> =
            stream::iter(reads).buffered(self.parallel).try_collect().await?;
        let mut read: HashMap<usize, Vec<Record>> = read.into_iter().collect();
        let mut all = Vec::with_capacity(records.len());
        for (at, mut record) in records.into_iter().enumerate() {
            records::trimmed(&mut record.fields, wanted);
            all.push(record);
            all.extend(read.remove(&at).unwrap_or_default());
        }
        Ok(all)
    }

    /// The variations of a product: all of them, or those with these ids.
    async fn of_parent(
        &self,
        entity: &'static Entity,
        parent: &Parent,
        ids: Option<&[String]>,
        wanted: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let mut full = full(wanted);
        full.push("attributes".to_owned());
        let shop = self.shop();
        let path = route(&parent.id);
        let mut all = Vec::new();
        for page in 1_u64.. {
            let mut ask = Ask::get(path.as_str(), format!("read the variations of {}", parent.id))
                .with("per_page", SIZE.to_string())
                .with("page", page.to_string())
                .with("orderby", "id")
                .with("order", "asc")
                .with("_fields", records::members(entity, full.iter().map(String::as_str)));
            for (name, value) in entity.always {
                ask = ask.with(name, *value);
            }
            if let Some(ids) = ids {
                ask = ask.with("include", ids.join(","));
            }
            let rows = match self.rows(entity, &ask, &full).await {
                Ok(rows) => rows,
                // The product was deleted after it was listed.
                Err(error) if error.kind == ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            };
            let count = rows.len();
            for row in rows {
                let Some(mut record) = records::made(entity, row, &full, &shop) else { continue };
                if ids.is_some_and(|ids| !ids.contains(&record.id)) {
                    continue;
                }
                self.remember(&record.id, &parent.id);
                told(parent, &record.id, &mut record.fields);
                records::trimmed(&mut record.fields, wanted);
                all.push(record);
            }
            if count < SIZE {
                break;
            }
        }
        Ok(all)
    }

    /// Of these ids of products those that are variations.
    pub(crate) async fn variations_of_ids(
        &self,
        entity: &'static Entity,
        ids: &[u64],
        wanted: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        let (known, new): (Vec<String>, Vec<String>) =
            ids.into_iter().partition(|id| self.parent_of(entity, id).is_some());
        let mut found = self.of_families(entity, &known, wanted).await?;
        let missing = known.into_iter().filter(|id| !found.iter().any(|r| r.id == *id));
        // A variation can be read as a product by itself only.
        let reads = new.into_iter().chain(missing).map(|id| self.alone(entity, id, wanted));
        let alone: Vec<Option<Alone>> =
            stream::iter(reads).buffered(self.parallel).try_collect().await?;
        let mut living = Vec::new();
        for alone in alone.into_iter().flatten() {
            match alone {
                Alone::Record(record) => found.push(record),
                Alone::Variation(id) => living.push(id),
            }
        }
        found.extend(self.of_families(entity, &living, wanted).await?);
        Ok(found)
    }

    /// Variations whose products are known.
    pub(crate) async fn of_families(
        &self,
        entity: &'static Entity,
        ids: &[String],
        wanted: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let mut families: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for id in ids {
            if let Some(parent) = self.parent_of(entity, id) {
                families.entry(parent).or_default().push(id.clone());
            }
        }
        let numbers: Vec<u64> = families.keys().filter_map(|id| id.parse().ok()).collect();
        let mut parents = Vec::new();
        for piece in numbers.chunks(SIZE) {
            let fields = OF_PARENT.map(str::to_owned);
            parents.extend(self.included(entity, piece, &fields, false).await?);
        }
        let reads = parents.into_iter().map(|parent| {
            let parent = Parent::of(&parent);
            let ids = families.get(&parent.id).cloned().unwrap_or_default();
            async move {
                let mut all = Vec::new();
                for piece in ids.chunks(SIZE) {
                    all.extend(self.of_parent(entity, &parent, Some(piece), wanted).await?);
                }
                Ok(all)
            }
        });
        stream::iter(reads).buffered(self.parallel).try_concat().await
    }

    /// A product or variation by itself, or nothing if it is gone.
    async fn alone(
        &self,
        entity: &'static Entity,
        id: String,
        wanted: &[String],
    ) -> RemoteResult<Option<Alone>> {
        let full = full(wanted);
        let mut ask =
            Ask::get(format!("{}/{id}", entity.name), format!("read {} {id}", entity.one))
                .with("_fields", records::members(entity, full.iter().map(String::as_str)));
        for (name, value) in entity.always {
            ask = ask.with(name, *value);
        }
        let row = match self.row(entity, &ask, &full).await {
            Ok(row) => row,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let variation = records::is_variation(&row);
        let Some(mut record) = records::made(entity, row, &full, &self.shop()) else {
            return Ok(None);
        };
        let parent = text(&record.fields, "parent_id");
        if variation && !parent.is_empty() && parent != "0" {
            self.remember(&record.id, &parent);
            if !record.trashed {
                return Ok(Some(Alone::Variation(record.id)));
            }
        }
        records::trimmed(&mut record.fields, wanted);
        Ok(Some(Alone::Record(record)))
    }

    /// The variations among rows that were found by SKU: they are read again below their products.
    pub(crate) async fn found_variations(
        &self,
        entity: &'static Entity,
        rows: &[Projected],
        wanted: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let mut ids = Vec::new();
        for row in rows.iter().filter(|row| records::is_variation(row)) {
            let (id, parent) = (records::id_of(row), text(&row.fields, "parent_id"));
            self.remember(&id, &parent);
            ids.push(id);
        }
        self.of_families(entity, &ids, wanted).await
    }
}

/// A record that was read by itself.
enum Alone {
    /// Whole.
    Record(Record),
    /// A variation, which is told below its product.
    Variation(String),
}

/// The route of a product's variations.
pub(crate) fn route(parent: &str) -> String {
    format!("products/{parent}/variations")
}

/// The wanted paths and those that a variation is told with.
fn full(wanted: &[String]) -> Vec<String> {
    let own = ["name", "sku", "parent_id", "manage_stock"];
    let mut all = wanted.to_vec();
    all.extend(own.iter().filter(|o| !wanted.iter().any(|w| w == *o)).map(|o| (*o).to_owned()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shirt() -> Parent {
        Parent { id: "34".into(), name: "Shirt 0".into(), sku: "SH-0".into() }
    }

    fn called(name: &str, sku: &str) -> (String, String) {
        let mut fields: Fields = [("name", name), ("sku", sku)].into_iter().collect();
        told(&shirt(), "38", &mut fields);
        (text(&fields, "name"), text(&fields, "sku"))
    }

    #[test]
    fn a_variation_is_named_after_its_product_and_has_a_sku_of_its_own() {
        let named = |name: &str, sku: &str| (name.to_owned(), sku.to_owned());
        assert_eq!(called("Green, L", "SH-0-G-L"), named("Shirt 0 - Green, L", "SH-0-G-L"));
        assert_eq!(called("Shirt 0 - Green, L", "sh-0"), named("Shirt 0 - Green, L", "SH-0-38"));
        assert_eq!(called("", ""), named("Shirt 0", "SH-0-38"));
        let mut fields = Fields::new();
        let option: Fields = [("option", "Green")].into_iter().collect();
        fields.set("attributes", Value::List(vec![Value::Object(option)]));
        told(&Parent::default(), "38", &mut fields);
        assert_eq!((text(&fields, "name"), text(&fields, "sku")), named("Green", ""));
    }

    #[test]
    fn stock_that_is_the_products_is_not_told_twice() {
        let mut fields: Fields =
            [("manage_stock", "parent"), ("stock_quantity", "7")].into_iter().collect();
        settle(&mut fields);
        assert_eq!(fields.get("stock_quantity"), Some(&Value::Null));
    }

    #[test]
    fn a_variation_is_sent_what_it_can_take() {
        let json = serde_json::json!({"name": "X", "status": "draft", "regular_price": "3"});
        let sent = body(json.as_object().unwrap().clone());
        assert_eq!(Json::Object(sent).to_string(), r#"{"regular_price":"3","status":"private"}"#);
        let json = serde_json::json!({"name": "X"});
        assert!(body(json.as_object().unwrap().clone()).is_empty());
    }
}
