//! Products: stock, which lists do not tell, and writing.
//!
//! A product is known by its entity id, not by its SKU: the id stays when somebody renames the SKU
//! in the shop, and it is what order lines, the admin's pages and the keyed listing name. Writing
//! goes by SKU, because Magento's API does, so the SKU of an id is looked up before each write.
//!
//! The stock compared and written is that of the default source. A single product tells it, a list
//! does not; lists get it from one further request for each page (or one for each product, where
//! the shop has no source items).

use super::super::http::Plan;
use super::super::oauth::encode;
use super::super::{ErrorKind, RemoteError, RemoteResult, Written};
use super::Magento;
use super::call::{Ask, View};
use super::entity::{Entity, named};
use super::records::{self, Beside, member, text};
use super::search::{Filter, Search};
use super::values::{self, Kind, bad, put};
use crate::model::{Fields, UserError, Value};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::atomic::Ordering;

/// Where the stock stands.
const STOCK: &str = "extension_attributes.stock_item.";
/// SKUs asked for at a time.
const SKUS: usize = 100;
/// The longest list of values in an address.
pub(crate) const LONGEST: usize = 2_500;
/// The attribute set that every shop has.
const DEFAULT_SET: u64 = 4;

/// The list of stock by source.
const SOURCES: Entity = Entity {
    name: "source items",
    many: "the stock",
    one: "the stock",
    list: "inventory/source-items",
    columns: &["sku", "source_code"],
    attributes: false,
    ..*super::entity::PRODUCTS
};

/// The stock of a product at the default source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stock {
    /// How many.
    quantity: Decimal,
    /// Whether it can be bought.
    in_stock: bool,
}

/// A value that stands elsewhere than its path says.
pub(crate) fn value(row: &Fields, path: &str, beside: &Beside) -> Option<Value> {
    let name = path.strip_prefix(STOCK)?;
    if let Some(own) = member(row, path) {
        return Some(own);
    }
    let stock = beside.stock.get(&text(row, "sku").to_lowercase())?;
    match name {
        "qty" => Some(Value::Number(stock.quantity)),
        "is_in_stock" => Some(Value::Bool(stock.in_stock)),
        _ => None,
    }
}

/// Whether stock is wanted.
pub(crate) fn wants_stock(wanted: &[String]) -> bool {
    wanted.iter().any(|path| path.starts_with(STOCK))
}

/// Lists of values for `in`, short enough for an address; a value with a comma goes alone, since
/// the comma divides the list.
pub(crate) fn lists(values: &[String], most: usize) -> Vec<Values> {
    let mut all: Vec<Values> = Vec::new();
    let mut length = 0;
    let mut open = false;
    for value in values {
        let size = encode(value).len() + 3;
        if value.contains(',') {
            all.insert(0, Values { condition: "eq", value: value.clone(), count: 1 });
            continue;
        }
        match all.last_mut() {
            Some(list) if open && list.count < most && length + size <= LONGEST => {
                list.value.push(',');
                list.value.push_str(value);
                list.count += 1;
                length += size;
            }
            _ => {
                all.push(Values { condition: "in", value: value.clone(), count: 1 });
                open = true;
                length = size;
            }
        }
    }
    all
}

/// A condition with its value or values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Values {
    /// `in` or `eq`.
    pub(crate) condition: &'static str,
    /// The value, or values divided by commas.
    pub(crate) value: String,
    /// How many values.
    count: usize,
}

impl Magento {
    /// The view that products are read through: the chosen one, or what holds for all.
    pub(crate) fn product_view(&self) -> View {
        if self.view_part.is_empty() { View::All } else { View::Own }
    }

    /// The stock of these SKUs at the default source.
    pub(crate) async fn stock_of(&self, skus: &[String]) -> RemoteResult<HashMap<String, Stock>> {
        if !self.no_sources.load(Ordering::Relaxed) {
            match self.stock_by_source(skus).await {
                Err(error) if is_missing(&error) => self.no_sources.store(true, Ordering::Relaxed),
                other => return other,
            }
        }
        let asks: Vec<_> = skus.iter().map(|sku| self.stock_of_one(sku)).collect();
        let found: Vec<Option<(String, Stock)>> =
            stream::iter(asks).buffered(self.parallel).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn stock_by_source(&self, skus: &[String]) -> RemoteResult<HashMap<String, Stock>> {
        let mut all = HashMap::new();
        let most = self.page_size.load(Ordering::Relaxed) as usize;
        for list in lists(skus, SKUS.min(most)) {
            let search = Search::unsorted(self.page_size.load(Ordering::Relaxed))
                .and(Filter::new("source_code", "eq", "default"))
                .and(Filter::new("sku", list.condition, list.value));
            for item in self.rows(&SOURCES, &search, Plan::READ).await?.items {
                let quantity = Decimal::from_str(&text(&item, "quantity")).unwrap_or_default();
                let stock = Stock { quantity, in_stock: text(&item, "status") == "1" };
                all.insert(text(&item, "sku").to_lowercase(), stock);
            }
        }
        Ok(all)
    }

    /// As shops without sources tell it, one product at a time.
    async fn stock_of_one(&self, sku: &str) -> RemoteResult<Option<(String, Stock)>> {
        let ask = Ask::get(format!("stockItems/{}", encode(sku)), "read the stock");
        let item = match self.call(&ask).await {
            Ok((Value::Object(item), _)) => item,
            Ok(_) => return Ok(None),
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Ok(quantity) = Decimal::from_str(&text(&item, "qty")) else { return Ok(None) };
        let in_stock = member(&item, "is_in_stock") == Some(Value::Bool(true));
        Ok(Some((sku.to_lowercase(), Stock { quantity, in_stock })))
    }

    /// Creates a product, one at a time: Magento would overwrite one that has the SKU already, and
    /// make two of them if two requests came at once.
    pub(crate) async fn create_product(
        &self,
        fields: &Fields,
        wanted: &[String],
    ) -> RemoteResult<Written> {
        let entity = product_entity();
        let sku = fields.get("sku").map(Value::to_text).unwrap_or_default().trim().to_owned();
        if sku.is_empty() {
            return Err(bad(entity, "sku", "It is empty, and Magento needs it."));
        }
        if sku.chars().count() > 64 {
            return Err(bad(
                entity,
                "sku",
                "It has more than the 64 characters that Magento holds.",
            ));
        }
        if fields.get("name").is_none_or(Value::is_empty) {
            return Err(bad(entity, "name", "It is empty, and Magento needs it."));
        }
        let mut body = product_body(fields)?;
        body.insert("sku".into(), sku.clone().into());
        for (name, value) in [
            ("attribute_set_id", DEFAULT_SET.into()),
            ("type_id", "simple".into()),
            ("price", 0.into()),
        ] {
            body.entry(name).or_insert(value);
        }
        if fields.get("custom_attributes.url_key").is_none() {
            // Two products of one name would have one address, which Magento refuses.
            let name = fields.get("name").map(Value::to_text).unwrap_or_default();
            put(&mut body, "custom_attributes.url_key", slug(&format!("{name} {sku}")).into());
        }
        let _alone = self.creating.lock().await;
        let there = self.by_sku(std::slice::from_ref(&sku)).await?;
        if let Some(row) = there.iter().find(|row| same(&text(row, "sku"), &sku)) {
            return Err(exists(&sku, text(row, "id")));
        }
        self.send_product(body, format!("create the product {sku}"), wanted).await
    }

    /// Changes a product.
    pub(crate) async fn update_product(
        &self,
        id: &str,
        fields: &Fields,
        wanted: &[String],
    ) -> RemoteResult<Written> {
        let sku = self.sku_of(id).await?;
        if let Some(new) = fields.get("sku").map(Value::to_text)
            && !same(&new, &sku)
        {
            return Err(bad(
                product_entity(),
                "sku",
                &format!("Magento's API cannot rename a SKU (\"{sku}\" to \"{}\").", new.trim()),
            ));
        }
        let mut body = product_body(fields)?;
        body.insert("sku".into(), sku.clone().into());
        self.send_product(body, format!("change the product {sku}"), wanted).await
    }

    /// Deletes a product.
    pub(crate) async fn delete_product(&self, id: &str) -> RemoteResult<Written> {
        let sku = self.sku_of(id).await?;
        if sku.contains('%') {
            return Err(bad(
                product_entity(),
                "sku",
                "Magento does not find a SKU with % in an address.",
            ));
        }
        let what = format!("delete the product {sku}");
        let ask = Ask::write(Method::DELETE, format!("products/{}", encode(&sku)), what, None);
        self.call(&ask).await?;
        Ok(Written { id: id.to_owned(), record: None })
    }

    async fn send_product(
        &self,
        body: Map<String, Json>,
        what: String,
        wanted: &[String],
    ) -> RemoteResult<Written> {
        let body = serde_json::json!({ "product": body }).to_string().into_bytes();
        // Through a single view, the values would hold for that view only.
        let ask = Ask::write(Method::POST, "products", what, Some(body)).through(View::All);
        let (answer, _) = self.call(&ask).await?;
        let Value::Object(row) = answer else { return Err(values::no_answer(product_entity())) };
        let id = text(&row, "id");
        if self.product_view() == View::Own {
            // The view that is read may have values of its own.
            let found = self.fetch_ids(product_entity(), std::slice::from_ref(&id), wanted).await?;
            if let Some(record) = found.into_iter().next() {
                return Ok(Written { id, record: Some(record) });
            }
        }
        match records::record(product_entity(), &row, wanted, &Beside::default()) {
            Some(record) => Ok(Written { id, record: Some(record) }),
            None => Err(values::no_answer(product_entity())),
        }
    }

    async fn sku_of(&self, id: &str) -> RemoteResult<String> {
        let gone = || values::gone(product_entity(), id);
        if !values::is_id(id) {
            return Err(gone());
        }
        let search = Search::sorted("entity_id", 1)
            .and(Filter::new("entity_id", "eq", id))
            .only(vec!["id".into(), "sku".into()]);
        let rows = self.rows(product_entity(), &search, Plan::READ).await?;
        let row = rows.items.iter().find(|row| text(row, "id") == id).ok_or_else(gone)?;
        Ok(text(row, "sku"))
    }

    /// Id and SKU of products.
    pub(crate) async fn by_sku(&self, skus: &[String]) -> RemoteResult<Vec<Fields>> {
        let mut all = Vec::new();
        for list in lists(skus, SKUS) {
            let mut after = 0_u64;
            loop {
                let mut search =
                    Search::sorted("entity_id", self.page_size.load(Ordering::Relaxed))
                        .and(Filter::new("sku", list.condition, list.value.as_str()))
                        .only(vec!["id".into(), "sku".into()]);
                if after > 0 {
                    search = search.and(Filter::new("entity_id", "gt", after.to_string()));
                }
                let rows = self.rows(product_entity(), &search, Plan::READ).await?;
                let full = rows.items.len() >= rows.size;
                let last =
                    rows.items.iter().filter_map(|r| text(r, "id").parse().ok()).max().unwrap_or(0);
                all.extend(rows.items);
                if !full || last <= after {
                    break;
                }
                after = last;
            }
        }
        Ok(all)
    }
}

fn product_entity() -> &'static Entity {
    named("products").unwrap_or(super::entity::PRODUCTS)
}

/// The shop does not have it, or the integration may not see it.
fn is_missing(error: &RemoteError) -> bool {
    matches!(error.kind, ErrorKind::Permission | ErrorKind::NotFound | ErrorKind::Refused)
}

pub(crate) fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

fn exists(sku: &str, id: String) -> RemoteError {
    RemoteError::new(
        ErrorKind::Exists { id: Some(id) },
        UserError::new(
            format!("There is a product with the SKU {sku} in Magento already."),
            "A second one would overwrite it.",
            "Change the SKU of one of them, or link the two.",
        ),
    )
}

/// The members of a product.
fn product_body(fields: &Fields) -> RemoteResult<Map<String, Json>> {
    let entity = product_entity();
    let mut body = Map::new();
    for (path, value) in fields.iter().filter(|(path, _)| *path != "sku") {
        let kind = match path {
            "price" | "weight" => Kind::Money,
            "status" => Kind::OneOf(&["1", "2"]),
            "visibility" => Kind::OneOf(&["1", "2", "3", "4"]),
            "attribute_set_id" => Kind::Whole,
            "extension_attributes.stock_item.qty" => Kind::Number,
            "extension_attributes.stock_item.is_in_stock" => Kind::Switch,
            "id" | "type_id" | "created_at" | "updated_at" => Kind::ReadOnly,
            _ => Kind::Text,
        };
        if let Some(value) = values::checked(entity, path, kind, value)? {
            put(&mut body, path, value);
        }
    }
    let quantity = body
        .get("extension_attributes")
        .and_then(|e| e.pointer("/stock_item/qty"))
        .and_then(Json::as_f64);
    let given = body
        .get("extension_attributes")
        .is_some_and(|e| e.pointer("/stock_item/is_in_stock").is_some());
    if let (Some(quantity), false) = (quantity, given) {
        // Magento keeps a product out of stock whatever its quantity, until somebody says so.
        let path = "extension_attributes.stock_item.is_in_stock";
        put(&mut body, path, (quantity > 0.0).into());
    }
    Ok(body)
}

/// A part of an address: letters, digits and hyphens.
fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(fields: &[(&str, &str)]) -> RemoteResult<String> {
        let fields: Fields = fields.iter().map(|(k, v)| (*k, *v)).collect();
        product_body(&fields).map(|body| Json::Object(body).to_string())
    }

    #[test]
    fn values_have_the_types_that_magento_wants() {
        let built = body(&[
            ("name", "Cup"),
            ("price", "12.50"),
            ("status", "2"),
            ("custom_attributes.description", "<p>x</p>"),
            ("extension_attributes.stock_item.qty", "7.000"),
        ]);
        assert_eq!(
            built.unwrap(),
            r#"{"custom_attributes":[{"attribute_code":"description","value":"<p>x</p>"}],"extension_attributes":{"stock_item":{"is_in_stock":true,"qty":7.0}},"name":"Cup","price":12.5,"status":2}"#
        );
        for (path, value) in [("price", "-1"), ("price", "dear"), ("status", "9"), ("id", "3")] {
            let error = body(&[(path, value)]).unwrap_err();
            assert_eq!(
                (error.kind.clone(), error.field.as_deref()),
                (ErrorKind::Refused, Some(path))
            );
        }
    }

    #[test]
    fn lists_of_values_are_divided() {
        let many: Vec<String> = (0..120).map(|n| format!("SKU-{n:03}")).collect();
        let found = lists(&many, 50);
        assert_eq!(found.iter().map(|l| l.count).collect::<Vec<_>>(), [50, 50, 20]);
        let odd = ["a,b".to_owned(), "c".to_owned(), "d".to_owned()];
        let found = lists(&odd, 50);
        assert_eq!(found[0], Values { condition: "eq", value: "a,b".into(), count: 1 });
        assert_eq!(found[1].value, "c,d");
        let long = vec!["x".repeat(2_000), "y".repeat(2_000)];
        assert_eq!(lists(&long, 50).len(), 2);
    }

    #[test]
    fn addresses_are_plain() {
        assert_eq!(slug("Espresso Cup, №7 KIT-0001"), "espresso-cup-7-kit-0001");
        assert_eq!(slug("Ä"), "");
    }
}
