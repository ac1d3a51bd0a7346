//! Orders in JSON.

use serde_json::{Map, Value, json};

use super::reckon::{amount, items, round};
use crate::sandbox::clock::{parse_stamp, push_stamp};
use crate::sandbox::woo::render::{OFFSET, View};
use crate::sandbox::woo::site::trimmed;
use crate::sandbox::woo::store::{Row, Store};

/// The members of a billing address.
pub const BILLING: [&str; 11] = [
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "email",
    "phone",
];
/// Sums of an order.
const SUMS: [&str; 7] = [
    "discount_total",
    "discount_tax",
    "shipping_total",
    "shipping_tax",
    "cart_tax",
    "total",
    "total_tax",
];
/// Amounts of an item.
const AMOUNTS: [&str; 6] =
    ["subtotal", "subtotal_tax", "total", "total_tax", "tax_total", "shipping_tax_total"];

/// An instant in UTC or at the site.
fn at(instant: Option<i64>, local: bool) -> Value {
    let Some(instant) = instant else { return Value::Null };
    let mut out = String::new();
    push_stamp(&mut out, instant + if local { OFFSET } else { 0 }, 'T');
    Value::String(out)
}

fn money(value: &Value, places: u32) -> Value {
    let places_wide = usize::try_from(places).unwrap_or(2);
    Value::String(format!("{:.*}", places_wide, round(amount(value), places)))
}

/// An item with its amounts to so many places.
fn item(item: &Value, list: &str, places: u32) -> Value {
    let mut shown = item.clone();
    for name in AMOUNTS {
        if let Some(value) = item.get(name) {
            shown[name] = money(value, places);
        }
    }
    for tax in shown["taxes"].as_array_mut().into_iter().flatten() {
        tax["total"] = money(&tax["total"].clone(), places);
        if tax["subtotal"] != "" {
            tax["subtotal"] = money(&tax["subtotal"].clone(), places);
        }
    }
    if list == "line_items" {
        let quantity = amount(&item["quantity"]);
        let each = if quantity.is_zero() { quantity } else { amount(&item["total"]) / quantity };
        let each: f64 = round(each, places).normalize().to_string().parse().unwrap_or(0.0);
        shown["price"] = json!(each);
        shown["image"] = json!({ "id": "", "src": "" });
        let varied = item["variation_id"].as_u64().is_some_and(|id| id > 0);
        let parent = item["name"].as_str().and_then(|n| n.rsplit_once(" - ")).map(|(p, _)| p);
        shown["parent_name"] = if varied { json!(parent) } else { Value::Null };
    }
    shown
}

/// The order as the API shows it.
pub fn shown(store: &Store, row: &Row<'_>, view: &View, home: &str, places: u32) -> Value {
    let Some(order) = store.order(row.id) else { return Value::Null };
    let status = row.get("status");
    let customer: u64 = row.get("customer_id").parse().unwrap_or(0);
    let mut all: Map<String, Value> = order.clone();
    for name in SUMS {
        all.insert(name.into(), money(&order[name], places));
    }
    for list in ["line_items", "shipping_lines", "fee_lines", "tax_lines"] {
        let items = items(&order, list).iter().map(|i| item(i, list, places)).collect();
        all.insert(list.into(), Value::Array(items));
    }
    let stamps = [("date_created", row.instant("date_created")), ("date_modified", row.modified())];
    let kept = ["date_paid", "date_completed"]
        .map(|name| (name, order.get(name).and_then(Value::as_str).and_then(parse_stamp)));
    for (name, instant) in stamps.into_iter().chain(kept) {
        all.insert(name.into(), at(instant, true));
        all.insert(format!("{name}_gmt"), at(instant, view.local));
    }
    let refunds = items(&order, "refunds").iter().map(|refund| {
        let total = format!("-{}", money(&refund["amount"], 2).as_str().unwrap_or("0.00"));
        json!({ "id": refund["id"], "reason": refund["reason"], "total": total })
    });
    all.insert("refunds".into(), refunds.collect());
    let symbol = match order["currency"].as_str() {
        Some("USD") => "$",
        Some("GBP") => "£",
        Some("JPY") => "¥",
        _ => "€",
    };
    let key = order["order_key"].as_str().unwrap_or_default();
    let open = matches!(status.as_str(), "pending" | "failed");
    let own = json!({
        "id": row.id, "number": row.id.to_string(), "status": status, "customer_id": customer,
        "version": "10.0.2", "customer_ip_address": "", "customer_user_agent": "",
        "cart_hash": "", "currency_symbol": symbol,
        "payment_url": format!("{home}/checkout/order-pay/{}/?pay_for_order=true&key={key}", row.id),
        "is_editable": matches!(status.as_str(), "pending" | "on-hold" | "auto-draft"),
        "needs_payment": open && amount(&order["total"]) > rust_decimal::Decimal::ZERO,
        "needs_processing": !matches!(status.as_str(), "cancelled"),
    });
    all.extend(own.as_object().cloned().unwrap_or_default());
    let links = links(row.id, customer, home);
    let mut shown = trimmed(Value::Object(all), &view.fields);
    if view.single || view.fields.is_empty() || view.fields.iter().any(|f| f == "_links") {
        shown["_links"] = links;
    }
    shown
}

fn links(id: u64, customer: u64, home: &str) -> Value {
    let below = |path: &str| format!("{home}/wp-json/wc/v3/{path}");
    let allow = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let mut links = json!({
        "self": [{ "href": below(&format!("orders/{id}")), "targetHints": { "allow": allow } }],
        "collection": [{ "href": below("orders") }],
    });
    if customer > 0 {
        links["customer"] = json!([{ "href": below(&format!("customers/{customer}")) }]);
    }
    links
}
