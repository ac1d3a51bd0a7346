//! Writing customers, products and the status of orders.

use serde_json::{Map, Value, json};

use super::fail::Failure;
use super::goods::{number, stock_item};
use super::places;
use super::store::{Store, Table};

/// Members of a customer; any other is refused.
const CUSTOMER: [&str; 25] = [
    "id",
    "group_id",
    "default_billing",
    "default_shipping",
    "confirmation",
    "created_at",
    "updated_at",
    "created_in",
    "dob",
    "email",
    "firstname",
    "lastname",
    "middlename",
    "prefix",
    "suffix",
    "gender",
    "store_id",
    "taxvat",
    "website_id",
    "addresses",
    "disable_auto_group_change",
    "extension_attributes",
    "custom_attributes",
    "password",
    "region",
];
const ADDRESS: [&str; 23] = [
    "id",
    "customer_id",
    "region",
    "region_id",
    "country_id",
    "street",
    "company",
    "telephone",
    "fax",
    "postcode",
    "city",
    "firstname",
    "lastname",
    "middlename",
    "prefix",
    "suffix",
    "vat_id",
    "default_shipping",
    "default_billing",
    "extension_attributes",
    "custom_attributes",
    "email",
    "region_code",
];
const PRODUCT: [&str; 17] = [
    "id",
    "sku",
    "name",
    "attribute_set_id",
    "price",
    "status",
    "visibility",
    "type_id",
    "created_at",
    "updated_at",
    "weight",
    "extension_attributes",
    "product_links",
    "options",
    "media_gallery_entries",
    "tier_prices",
    "custom_attributes",
];
/// Attributes of products that are kept; others are ignored without a word.
pub const ATTRIBUTES: [&str; 12] = [
    "description",
    "short_description",
    "url_key",
    "tax_class_id",
    "category_ids",
    "special_price",
    "cost",
    "meta_title",
    "meta_keyword",
    "meta_description",
    "options_container",
    "material",
];

fn text<'v>(map: &'v Map<String, Value>, name: &str) -> &'v str {
    map.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A key that the object does not have is refused, its name as PHP's setter is called.
fn known(object: &Map<String, Value>, names: &[&str]) -> Result<(), Failure> {
    let Some(odd) = object.keys().find(|k| !names.contains(&k.as_str())) else { return Ok(()) };
    let camel: String = odd
        .split('_')
        .map(|part| {
            let mut chars = part.chars();
            chars
                .next()
                .map(|c| c.to_ascii_uppercase().to_string() + chars.as_str())
                .unwrap_or_default()
        })
        .collect();
    let message = "\"%fieldName\" is not supported. Correct the field name and try again.";
    Err(Failure::new(400, message).with(json!({ "fieldName": camel })))
}

/// Creates or changes a customer; the answer is the record.
pub fn customer(
    store: &mut Store,
    id: Option<u64>,
    body: &Value,
    now: i64,
) -> Result<Value, Failure> {
    let given = body["customer"].as_object().ok_or_else(|| Failure::required("customer"))?;
    known(given, &CUSTOMER)?;
    let old = match id {
        Some(id) => {
            store.get(Table::Customers, id).ok_or_else(|| Failure::no_entity("customerId", id))?
        }
        None => json!({}),
    };
    let mut new = old.as_object().cloned().unwrap_or_default();
    for (name, value) in given {
        if ["id", "addresses", "created_at", "updated_at", "custom_attributes"]
            .contains(&name.as_str())
        {
            continue;
        }
        if value.is_null() || value == "" {
            new.remove(name);
        } else if let (Some(Value::Object(old)), Value::Object(more)) = (new.get_mut(name), value) {
            old.extend(more.clone());
        } else {
            new.insert(name.clone(), value.clone());
        }
    }
    for (name, label) in [("firstname", "First Name"), ("lastname", "Last Name")] {
        if text(&new, name).trim().is_empty() {
            return Err(Failure::new(400, format!("\"{label}\" is a required value.")));
        }
    }
    let email = text(&new, "email").to_owned();
    if !email.split_once('@').is_some_and(|(l, d)| !l.is_empty() && d.contains('.'))
        || email.contains(' ')
    {
        return Err(Failure::new(400, "\"Email\" is not a valid email address."));
    }
    if store.by_key(Table::Customers, &email).iter().any(|other| Some(*other) != id) {
        let message =
            "A customer with the same email address already exists in an associated website.";
        return Err(Failure::new(400, message));
    }
    let number = id.unwrap_or_else(|| store.next_id(Table::Customers));
    for (name, value) in [
        ("id", json!(number)),
        ("group_id", json!(1)),
        ("created_in", json!("Default Store View")),
        ("store_id", json!(1)),
        ("website_id", json!(1)),
        ("disable_auto_group_change", json!(0)),
        ("extension_attributes", json!({ "is_subscribed": false })),
        ("addresses", json!([])),
    ] {
        new.entry(name).or_insert(value);
    }
    if let Some(list) = given.get("addresses").and_then(Value::as_array) {
        addresses(store, number, &old, given, list, &mut new)?;
    }
    let mut new = Value::Object(new);
    if let Some(more) = given.get("custom_attributes") {
        attributes(&mut new, more, &super::meta::OWN.map(|(code, _)| code));
    }
    store.put(Table::Customers, number, new, now);
    store.get(Table::Customers, number).ok_or_else(Failure::internal)
}

/// The list takes the place of the old one.
fn addresses(
    store: &mut Store,
    customer: u64,
    old: &Value,
    given: &Map<String, Value>,
    list: &[Value],
    new: &mut Map<String, Value>,
) -> Result<(), Failure> {
    let default = old["default_billing"].as_str().and_then(|id| id.parse::<u64>().ok());
    let reset = given.get("default_billing").is_some_and(Value::is_null);
    if let Some(default) = default
        && !list.is_empty()
        && !reset
        && !list.iter().any(|a| a["id"].as_u64() == Some(default))
    {
        let message = "No such entity with %fieldName = %fieldValue";
        return Err(Failure::new(400, message)
            .with(json!({ "fieldName": "default_billing", "fieldValue": default })));
    }
    if list.is_empty() || reset {
        new.remove("default_billing");
        new.remove("default_shipping");
    }
    let mut kept = Vec::new();
    for entry in list {
        let Some(entry) = entry.as_object() else { continue };
        known(entry, &ADDRESS)?;
        if let Some(address) = address(store, customer, entry, new)? {
            kept.push(address);
        }
    }
    for which in ["default_billing", "default_shipping"] {
        let marked = new.get(which).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = marked.parse::<u64>().ok();
        let there = kept.iter().any(|a: &Value| number.is_some() && a["id"].as_u64() == number);
        if !there {
            new.remove(which);
        }
        for address in &mut kept {
            let id = address["id"].to_string();
            if let Some(address) = address.as_object_mut() {
                if there && id == marked {
                    address.insert(which.into(), true.into());
                } else {
                    address.remove(which);
                }
            }
        }
    }
    new.insert("addresses".into(), kept.into());
    Ok(())
}

/// One address; `None`: dropped in silence.
fn address(
    store: &mut Store,
    customer: u64,
    entry: &Map<String, Value>,
    owner: &mut Map<String, Value>,
) -> Result<Option<Value>, Failure> {
    let country = text(entry, "country_id").to_owned();
    if !places::is_country(&country) || entry.len() < 4 {
        return Ok(None);
    }
    let lines: Vec<&str> = entry
        .get("street")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if lines.len() > 2 {
        return Err(Failure::new(400, "\"Street Address\" cannot contain more than 2 lines."));
    }
    for name in ["firstname", "lastname", "city", "telephone"] {
        if text(entry, name).is_empty() {
            return Err(Failure::required(name));
        }
    }
    if lines.first().is_none_or(|l| l.is_empty()) {
        return Err(Failure::required("street"));
    }
    let mut new = entry.clone();
    new.retain(|_, value| !value.is_null() && *value != "");
    let region = entry.get("region").and_then(Value::as_object);
    let number = entry
        .get("region_id")
        .or_else(|| region.and_then(|r| r.get("region_id")))
        .and_then(|n| n.as_u64().or_else(|| n.as_str()?.parse().ok()))
        .unwrap_or(0);
    let free = region.and_then(|r| r.get("region")).and_then(Value::as_str).unwrap_or_default();
    let shown = if number > 0 {
        let (code, name) = places::region(&country, number).ok_or_else(|| {
            Failure::new(400, "Invalid value of \"%value\" provided for the %fieldName field.")
                .with(json!({ "fieldName": "regionId", "value": number }))
        })?;
        json!({ "region_code": code, "region": name, "region_id": number })
    } else if free.is_empty() || places::has_regions(&country) {
        json!({ "region_code": null, "region": null, "region_id": 0 })
    } else {
        json!({ "region_code": free, "region": free, "region_id": 0 })
    };
    new.insert("region_id".into(), number.into());
    new.insert("region".into(), shown);
    let id = entry.get("id").and_then(Value::as_u64).unwrap_or_else(|| store.next_address());
    new.insert("id".into(), id.into());
    new.insert("customer_id".into(), customer.into());
    for which in ["default_billing", "default_shipping"] {
        if entry.get(which) == Some(&Value::Bool(true)) {
            owner.insert(which.into(), id.to_string().into());
        }
    }
    Ok(Some(Value::Object(new)))
}

/// Creates or changes a product by its SKU; the answer is the record.
pub fn product(
    store: &mut Store,
    sku: Option<&str>,
    body: &Value,
    now: i64,
) -> Result<Value, Failure> {
    let given = body["product"].as_object().ok_or_else(|| Failure::required("product"))?;
    known(given, &PRODUCT)?;
    let sku = sku.unwrap_or_else(|| text(given, "sku")).to_owned();
    if sku.is_empty() {
        return Err(Failure::required("sku"));
    }
    if sku.chars().count() > 64 {
        return Err(Failure::new(400, "The \"SKU\" attribute value is too long."));
    }
    let id = store.by_key(Table::Products, &sku).first().copied();
    let mut new = match id {
        Some(id) => store.get(Table::Products, id).unwrap_or_default(),
        None => fresh(given, &sku)?,
    };
    let number_of = id.unwrap_or_else(|| store.next_id(Table::Products));
    new["id"] = number_of.into();
    for (name, value) in given {
        match name.as_str() {
            "id" | "sku" | "created_at" | "updated_at" | "extension_attributes" => {}
            "custom_attributes" => attributes(&mut new, value, &ATTRIBUTES),
            "price" | "weight" => new[name] = number(value.as_f64().unwrap_or(0.0)),
            _ => new[name] = value.clone(),
        }
    }
    if let Some(stock) = given.get("extension_attributes").and_then(|e| e["stock_item"].as_object())
    {
        let item = &mut new["extension_attributes"]["stock_item"];
        if item.is_null() {
            *item = stock_item(number_of, 0.0);
        }
        for (name, value) in stock {
            item[name] =
                if name == "qty" { number(value.as_f64().unwrap_or(0.0)) } else { value.clone() };
        }
    }
    unique_url(store, number_of, &new)?;
    store.put(Table::Products, number_of, new, now);
    store.get(Table::Products, number_of).ok_or_else(Failure::internal)
}

fn fresh(given: &Map<String, Value>, sku: &str) -> Result<Value, Failure> {
    if given.get("attribute_set_id").and_then(Value::as_u64) != Some(4) {
        return Err(Failure::new(400, "Invalid product data: %1")
            .with(json!(["Invalid attribute set entity type"])));
    }
    if text(given, "name").is_empty() {
        let message =
            "The \"Product Name\" attribute value is empty. Set the attribute and try again.";
        return Err(Failure::new(400, message));
    }
    let slug: String = text(given, "name")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    Ok(json!({
        "sku": sku, "price": 0, "status": 1, "visibility": 4, "type_id": "simple",
        "extension_attributes": { "website_ids": [1], "stock_item": stock_item(0, 0.0) },
        "product_links": [], "options": [], "media_gallery_entries": [], "tier_prices": [],
        "custom_attributes": [
            { "attribute_code": "options_container", "value": "container2" },
            { "attribute_code": "url_key", "value": slug },
            { "attribute_code": "category_ids", "value": [] },
        ],
    }))
}

/// Merges attributes; those that the shop does not know are ignored without a word.
fn attributes(document: &mut Value, given: &Value, known: &[&str]) {
    let list = document["custom_attributes"].as_array().cloned().unwrap_or_default();
    let mut list: Vec<Value> = list;
    for entry in given.as_array().into_iter().flatten() {
        let code = entry["attribute_code"].as_str().unwrap_or_default();
        if !known.contains(&code) {
            continue;
        }
        list.retain(|e| e["attribute_code"] != code);
        if entry["value"] != "" && !entry["value"].is_null() {
            list.push(entry.clone());
        }
    }
    document["custom_attributes"] = list.into();
}

fn url_key(product: &Value) -> Option<&str> {
    let list = product["custom_attributes"].as_array()?;
    list.iter().find(|e| e["attribute_code"] == "url_key")?["value"].as_str()
}

/// Only written products are looked at: the computed ones have keys of their own kind.
fn unique_url(store: &Store, id: u64, product: &Value) -> Result<(), Failure> {
    let Some(key) = url_key(product) else { return Ok(()) };
    let clash =
        store.written_products().any(|(other, doc)| other != id && url_key(doc) == Some(key));
    if clash {
        return Err(Failure::new(400, "URL key for specified store already exists."));
    }
    Ok(())
}

/// Changes the given columns of an order.
pub fn order(store: &mut Store, body: &Value, now: i64) -> Result<Value, Failure> {
    let given = body["entity"].as_object().ok_or_else(|| Failure::required("entity"))?;
    let id = given.get("entity_id").and_then(Value::as_u64);
    let id = id.ok_or_else(|| Failure::new(400, "Please provide payment for the order."))?;
    let mut order = store.get(Table::Orders, id).ok_or_else(|| {
        Failure::new(
            404,
            "The entity that was requested doesn't exist. Verify the entity and try again.",
        )
    })?;
    for name in ["status", "state", "customer_note"] {
        if let Some(value) = given.get(name) {
            order[name] = value.clone();
        }
    }
    store.put(Table::Orders, id, order, now);
    store.get(Table::Orders, id).ok_or_else(Failure::internal)
}
