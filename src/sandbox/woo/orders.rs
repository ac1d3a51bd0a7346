//! Creating, changing and deleting orders.

pub mod reckon;
pub mod refunds;
pub mod seeds;
pub mod show;
mod stock;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use self::reckon::{Rate, amount, items, kept, reckon};
use self::seeds::{COUPONS, Seed};
use self::stock::keep_stock;
use super::fail::Failure;
use super::list::whole;
use super::render::price;
use super::schema::number;
use super::store::{Store, Table};
use super::values::{members, meta, text, unslashed};
use crate::sandbox::clock::stamp;
use crate::sandbox::gate::Line;
use crate::sandbox::patch::Changes;

/// A status that a plugin has added, and kept out of searches: shops that keep orders as posts leave
/// it out of `any`.
pub const OF_A_PLUGIN: &str = "awaiting-pickup";
/// Statuses of placed orders.
const STATUSES: [&str; 8] = [
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    OF_A_PLUGIN,
];
/// Those in which the goods are taken from the stock.
const TAKEN: [&str; 3] = ["processing", "on-hold", "completed"];
const TEXTS: [&str; 6] = [
    "customer_note",
    "payment_method",
    "payment_method_title",
    "transaction_id",
    "currency",
    "created_via",
];

type Order = Map<String, Value>;

impl Store {
    /// An order as it is kept.
    pub fn order(&self, id: u64) -> Option<Order> {
        let row = self.row(Table::Orders, id)?;
        let kept = row.get("document");
        if kept.is_empty() {
            return Some(Seed::of(&self.world, id)?.order());
        }
        serde_json::from_str(&kept).ok()
    }

    /// The tax rates by their numbers.
    fn rates(&self) -> Vec<Rate> {
        let ids: Vec<u64> = self.table(Table::Taxes).ids_from(0).collect();
        let rate = |id: u64| {
            let row = self.row(Table::Taxes, id)?;
            Some(Rate {
                id,
                country: row.get("country"),
                state: row.get("state"),
                percent: row.get("rate").parse().ok()?,
                label: row.get("name"),
                class: row.get("class"),
                priority: row.get("priority").parse().unwrap_or(1),
                shipping: row.is("shipping"),
            })
        };
        ids.into_iter().filter_map(rate).collect()
    }

    fn product(&self, id: u64) -> Option<Table> {
        [Table::Variations, Table::Products].into_iter().find(|t| self.table(*t).exists(id))
    }

    fn tax_class(&self, product: u64) -> String {
        let row = self.product(product).and_then(|table| self.row(table, product));
        row.map(|row| row.get("tax_class")).unwrap_or_default()
    }
}

/// The id in a value, 0 for none.
fn id_in(value: Option<&Value>) -> u64 {
    value.and_then(number).map_or(0, whole)
}

/// Creates an order and gives its number.
pub fn create(store: &mut Store, body: &Order, now: i64, line: Line<'_>) -> Result<u64, Failure> {
    if id_in(body.get("id")) > 0 {
        let message = "Cannot create existing shop_order.";
        return Err(Failure::new(400, "woocommerce_rest_shop_order_exists", message));
    }
    let empty = |names: &[&str]| -> Value {
        Value::Object(names.iter().map(|name| ((*name).to_owned(), json!(""))).collect())
    };
    let mut order = json!({
        "parent_id": 0, "currency": "EUR", "prices_include_tax": false, "created_via": "rest-api",
        "billing": empty(&show::BILLING), "shipping": empty(&show::BILLING[..9]),
        "customer_note": "", "payment_method": "", "payment_method_title": "",
        "transaction_id": "", "meta_data": [], "line_items": [], "shipping_lines": [],
        "fee_lines": [], "coupon_lines": [], "tax_lines": [], "refunds": [], "date_paid": null,
        "date_completed": null,
    });
    order["shipping"]["phone"] = json!("");
    let mut order = order.as_object().cloned().unwrap_or_default();
    let id = store.next_id(Table::Orders);
    let key = crate::sandbox::seed::mix(store.world.seed, 0x4b45, id);
    order.insert("order_key".into(), json!(format!("wc_order_{:013x}", key >> 12)));
    let customer = customer(store, body)?.unwrap_or(0);
    let given = body.get("status").map(text).unwrap_or_default();
    let status = if STATUSES.contains(&given.as_str()) { given } else { "pending".into() };
    if let Err(failure) = fill(store, &mut order, body, true) {
        // What was begun is left behind as a draft.
        let rates = store.rates();
        reckon(&mut order, &rates, &|_| String::new());
        save(store, id, order, "checkout-draft", customer, (Some(now), now));
        return Err(failure.with("new_draft_order_id", json!(id)));
    }
    let status = if body.get("set_paid").is_some_and(|paid| super::values::yes(paid) == "1") {
        order.insert("date_paid".into(), json!(stamp(now, ' ')));
        "processing".to_owned()
    } else {
        status
    };
    if order["billing"]["email"] == "" && customer > 0 {
        let email = store.row(Table::Customers, customer).map(|row| row.get("email"));
        order["billing"]["email"] = json!(email.unwrap_or_default());
    }
    step(store, &mut order, "", &status, now, line);
    save(store, id, order, &status, customer, (Some(now), now));
    Ok(id)
}

/// Changes an order; only what is sent changes, and the stamp moves in any case.
pub fn update(
    store: &mut Store,
    id: u64,
    body: &Order,
    now: i64,
    line: Line<'_>,
) -> Result<(), Failure> {
    let (Some(mut order), Some(row)) = (store.order(id), store.row(Table::Orders, id)) else {
        return Err(invalid(400));
    };
    let (before, customer_before) = (row.get("status"), row.get("customer_id"));
    let customer = customer(store, body)?;
    fill(store, &mut order, body, false)?;
    let given = body.get("status").map(text).unwrap_or_default();
    let mut status = if STATUSES.contains(&given.as_str()) { given } else { before.clone() };
    let unpaid = order["date_paid"].is_null();
    if body.get("set_paid").is_some_and(|paid| super::values::yes(paid) == "1") && unpaid {
        status = "processing".into();
    }
    step(store, &mut order, &before, &status, now, line);
    if before == status && TAKEN.contains(&status.as_str()) && body.contains_key("line_items") {
        keep_stock(store, &mut order, (true, true), now, line);
    }
    let customer = customer.unwrap_or_else(|| customer_before.parse().unwrap_or(0));
    save(store, id, order, &status, customer, (None, now));
    Ok(())
}

/// The customer asked for, who must be there.
fn customer(store: &Store, body: &Order) -> Result<Option<u64>, Failure> {
    let Some(given) = body.get("customer_id") else { return Ok(None) };
    let id = id_in(Some(given));
    let known = [Table::Customers, Table::Staff].iter().any(|t| store.table(*t).exists(id));
    if id > 0 && !known {
        let message = "Customer ID is invalid.";
        return Err(Failure::new(400, "woocommerce_rest_invalid_customer_id", message));
    }
    Ok(Some(id))
}

/// What follows from a status: when it was paid and completed, what is taken from the stock.
fn step(store: &mut Store, order: &mut Order, before: &str, after: &str, now: i64, line: Line<'_>) {
    if before == after {
        return;
    }
    if matches!(after, "processing" | "completed") && order["date_paid"].is_null() {
        order.insert("date_paid".into(), json!(stamp(now, ' ')));
    }
    let completed = if after == "completed" { json!(stamp(now, ' ')) } else { Value::Null };
    if after == "completed" || before == "completed" {
        order.insert("date_completed".into(), completed);
    }
    keep_stock(store, order, (TAKEN.contains(&before), TAKEN.contains(&after)), now, line);
}

/// Takes what is sent, and reckons the order anew.
fn fill(store: &mut Store, order: &mut Order, body: &Order, new: bool) -> Result<(), Failure> {
    for name in TEXTS {
        if let Some(value) = body.get(name).filter(|_| new || name != "created_via") {
            order.insert(name.into(), json!(unslashed(value)));
        }
    }
    if let Some(parent) = body.get("parent_id") {
        order.insert("parent_id".into(), json!(id_in(Some(parent))));
    }
    for part in ["billing", "shipping"] {
        for (name, value) in members(body.get(part)) {
            if order[part].get(&name).is_some() {
                order[part][&name] = json!(unslashed(&value));
            }
        }
    }
    if let Some(given) = body.get("meta_data") {
        let all = meta(store, &order["meta_data"].to_string(), given, false);
        order.insert("meta_data".into(), serde_json::from_str(&all).unwrap_or_else(|_| json!([])));
    }
    for list in ["line_items", "shipping_lines", "fee_lines"] {
        for given in body.get(list).and_then(Value::as_array).into_iter().flatten() {
            put_item(store, order, list, given)?;
        }
    }
    if let Some(coupons) = body.get("coupon_lines").and_then(Value::as_array) {
        put_coupons(store, order, coupons)?;
    }
    let touched = ["line_items", "shipping_lines", "fee_lines", "coupon_lines"]
        .iter()
        .any(|list| body.contains_key(*list));
    if new || touched {
        let rates = store.rates();
        let shared: &Store = store;
        reckon(order, &rates, &|product| shared.tax_class(product));
        for at in 0..items(order, "tax_lines").len() {
            if order["tax_lines"][at]["id"].is_null() {
                order["tax_lines"][at]["id"] = json!(store.next_item());
            }
        }
    }
    Ok(())
}

/// Puts an item into a list, changes one that is there, or takes it out.
fn put_item(
    store: &mut Store,
    order: &mut Order,
    list: &str,
    given: &Value,
) -> Result<(), Failure> {
    let id = id_in(given.get("id"));
    let mut all = items(order, list).to_vec();
    let at = all.iter().position(|item| item["id"].as_u64() == Some(id));
    let mut item = match at {
        None if id > 0 => {
            let message = "Order item ID provided is not associated with order.";
            return Err(Failure::new(400, "woocommerce_rest_invalid_item_id", message));
        }
        Some(at) => {
            let emptied = ["product_id", "method_id", "method_title", "name"]
                .iter()
                .any(|key| given.get(*key).is_some_and(Value::is_null));
            let none = given.get("quantity").is_some_and(|q| number(q) == Some(0.0));
            if emptied || none {
                all.remove(at);
                order.insert(list.into(), Value::Array(all));
                return Ok(());
            }
            all[at].clone()
        }
        None => json!({ "id": store.next_item(), "meta_data": [] }),
    };
    match list {
        "line_items" => goods(store, &mut item, given, at.is_none())?,
        "shipping_lines" => {
            if at.is_none() && given.get("method_id").map(text).unwrap_or_default().is_empty() {
                let message = "Shipping method ID is required.";
                return Err(Failure::new(400, "woocommerce_rest_invalid_shipping_item", message));
            }
            texts(
                &mut item,
                given,
                &[("method_title", ""), ("method_id", ""), ("instance_id", "")],
            );
            money(&mut item, given, "total");
        }
        _ => {
            if at.is_none() && given.get("name").map(text).unwrap_or_default().is_empty() {
                let message = "Fee name is required.";
                return Err(Failure::new(400, "woocommerce_rest_invalid_fee_item", message));
            }
            let defaults =
                [("name", ""), ("tax_class", ""), ("tax_status", "taxable"), ("amount", "")];
            texts(&mut item, given, &defaults);
            money(&mut item, given, "total");
        }
    }
    if let Some(entries) = given.get("meta_data") {
        let all = meta(store, &item["meta_data"].to_string(), entries, false);
        item["meta_data"] = serde_json::from_str(&all).unwrap_or_else(|_| json!([]));
    }
    match at {
        Some(at) => all[at] = item,
        None => all.push(item),
    }
    order.insert(list.into(), Value::Array(all));
    Ok(())
}

fn texts(item: &mut Value, given: &Value, names: &[(&str, &str)]) {
    for (name, default) in names {
        match given.get(*name) {
            Some(value) => item[*name] = json!(unslashed(value)),
            None if item.get(*name).is_none() => item[*name] = json!(default),
            None => {}
        }
    }
}

fn money(item: &mut Value, given: &Value, name: &str) {
    match given.get(name) {
        Some(value) => item[name] = kept(amount(&json!(super::values::money(value)))),
        None if item.get(name).is_none() => item[name] = json!("0"),
        None => {}
    }
}

/// A line item. A product that is not there is taken without a word.
fn goods(store: &mut Store, item: &mut Value, given: &Value, new: bool) -> Result<(), Failure> {
    let sku = given.get("sku").map(text).unwrap_or_default();
    let (product, variation) = (id_in(given.get("product_id")), id_in(given.get("variation_id")));
    if new && product == 0 && variation == 0 && sku.is_empty() {
        let message = "Product ID or SKU is required.";
        return Err(Failure::new(400, "woocommerce_rest_required_product_reference", message));
    }
    let sold = match (variation, product) {
        _ if !sku.is_empty() => store.post_by_sku(&sku).map_or(0, |(_, id)| id),
        (0, product) => product,
        (variation, _) => variation,
    };
    let mut priced = Decimal::ZERO;
    if sold > 0 {
        let row = store.product(sold).and_then(|table| store.row(table, sold));
        let parent = row.as_ref().map_or(0, |row| row.parent());
        let of_variation = row.as_ref().is_some_and(|row| row.table == Table::Variations);
        item["product_id"] = json!(if of_variation { parent } else { sold });
        item["variation_id"] = json!(if of_variation { sold } else { 0 });
        item["name"] = json!(row.as_ref().map(|row| row.get("name")).unwrap_or_default());
        item["sku"] = json!(row.as_ref().map(|row| row.get("sku")).unwrap_or_default());
        priced = row.map(|row| amount(&json!(price(store, &row)))).unwrap_or_default();
    }
    texts(item, given, &[("name", ""), ("tax_class", "")]);
    match given.get("quantity").and_then(number) {
        Some(quantity) => item["quantity"] = json!(whole(quantity.max(0.0))),
        None if item.get("quantity").is_none() => item["quantity"] = json!(1),
        None => {}
    }
    if new {
        let first = kept(priced * amount(&item["quantity"]));
        item["subtotal"] = first.clone();
        item["total"] = first;
        money(item, given, "subtotal");
        item["total"] = item["subtotal"].clone();
    }
    money(item, given, "subtotal");
    money(item, given, "total");
    Ok(())
}

/// The coupons are these and no others; the discounts follow.
fn put_coupons(store: &mut Store, order: &mut Order, given: &[Value]) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let mut goods = items(order, "line_items").to_vec();
    for item in &mut goods {
        item["total"] = item["subtotal"].clone();
    }
    for coupon in given {
        let code = coupon.get("code").map(text).unwrap_or_default().to_lowercase();
        let Some((code, kind, much)) = COUPONS.iter().find(|(known, ..)| *known == code) else {
            let message = format!("Coupon \"{code}\" does not exist!");
            return Err(Failure::new(400, "woocommerce_rest_invalid_coupon", message));
        };
        let whole: Decimal = goods.iter().map(|item| amount(&item["total"])).sum();
        let mut off = Decimal::ZERO;
        for item in &mut goods {
            let total = amount(&item["total"]);
            let part = match *kind {
                "percent" => total * Decimal::from(*much) / Decimal::ONE_HUNDRED,
                _ if whole.is_zero() => Decimal::ZERO,
                _ => total * Decimal::from(*much).min(whole) / whole,
            };
            let part = reckon::round(part, 2);
            off += part;
            item["total"] = kept(total - part);
        }
        lines.push(json!({
            "id": store.next_item(), "code": code, "discount": kept(off), "discount_tax": "0",
            "discount_type": kind, "nominal_amount": much, "free_shipping": false, "meta_data": [],
        }));
    }
    order.insert("line_items".into(), Value::Array(goods));
    order.insert("coupon_lines".into(), Value::Array(lines));
    Ok(())
}

/// Writes the order down; `times` are those of its making, if it is made, and of now.
fn save(
    store: &mut Store,
    id: u64,
    order: Order,
    status: &str,
    customer: u64,
    times: (Option<i64>, i64),
) {
    let entity = Table::Orders.entity();
    let mut changes: Changes = vec![
        (entity.column("status"), Some(status.to_owned())),
        (entity.column("date_modified"), Some(stamp(times.1, ' '))),
        (entity.column("customer_id"), Some(customer.to_string())),
        (entity.column("document"), Some(Value::Object(order).to_string())),
    ];
    if let Some(created) = times.0 {
        changes.push((entity.column("date_created"), Some(stamp(created, ' '))));
    }
    store.write(Table::Orders, id, &changes);
}

/// Puts an order into the trash, or deletes it for good.
pub fn delete(store: &mut Store, id: u64, force: bool, now: i64) -> Result<(), Failure> {
    let row = store.row(Table::Orders, id).ok_or_else(|| invalid(404))?;
    if force {
        store.remove(Table::Orders, id);
        return Ok(());
    }
    if row.get("status") == "trash" {
        let message = "The order has already been deleted.";
        return Err(Failure::new(410, "woocommerce_rest_already_trashed", message));
    }
    let entity = Table::Orders.entity();
    let changes = vec![
        (entity.column("status"), Some("trash".into())),
        (entity.column("date_modified"), Some(stamp(now, ' '))),
    ];
    store.write(Table::Orders, id, &changes);
    Ok(())
}

/// The orders of a customer who is deleted become those of a guest.
pub fn orphan(store: &mut Store, customer: u64, now: i64) {
    let mine: Vec<u64> = store
        .table(Table::Orders)
        .ids_from(0)
        .filter(|id| {
            store
                .row(Table::Orders, *id)
                .is_some_and(|r| r.get("customer_id") == customer.to_string())
        })
        .collect();
    for id in mine {
        let (Some(order), Some(row)) = (store.order(id), store.row(Table::Orders, id)) else {
            continue;
        };
        let status = row.get("status");
        save(store, id, order, &status, 0, (None, now));
    }
}

/// Whether a text stands where the shop looks for it in an order.
pub fn mentions(order: &Order, id: u64, word: &str) -> bool {
    let word = crate::sandbox::text::fold(word.trim());
    let has = |value: &Value| crate::sandbox::text::fold(&text(value)).contains(&word);
    id.to_string() == word
        || ["billing", "shipping"]
            .iter()
            .any(|part| order[*part].as_object().is_some_and(|a| a.values().any(has)))
        || items(order, "line_items").iter().any(|item| has(&item["name"]))
}

/// No such order.
pub fn invalid(status: u16) -> Failure {
    Failure::new(status, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
}
