//! Refunds of an order. They change no line; one of all that is left makes the order refunded.

use axum::http::Method;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::reckon::{amount, items, kept, round};
use super::{invalid, save};
use crate::sandbox::clock::{parse_stamp, stamp};
use crate::sandbox::http::Reply;
use crate::sandbox::woo::fail::{Failure, json_reply};
use crate::sandbox::woo::render::{OFFSET, wp_json};
use crate::sandbox::woo::store::{Store, Table};
use crate::sandbox::woo::values::{text, yes};

/// The refund as the API shows it.
fn shown(refund: &Value, order: u64, home: &str) -> Value {
    let created = refund["date_created"].as_str().and_then(parse_stamp).unwrap_or(0);
    let list = format!("{home}/wp-json/wc/v3/orders/{order}");
    json!({
        "id": refund["id"], "parent_id": order,
        "date_created": stamp(created + OFFSET, 'T'), "date_created_gmt": stamp(created, 'T'),
        "amount": format!("{:.2}", round(amount(&refund["amount"]), 2)),
        "reason": refund["reason"], "refunded_by": 1, "refunded_payment": false, "meta_data": [],
        "line_items": [], "shipping_lines": [], "tax_lines": [], "fee_lines": [],
        "_links": {
            "self": [{ "href": format!("{list}/refunds/{}", text(&refund["id"])) }],
            "collection": [{ "href": format!("{list}/refunds") }], "up": [{ "href": list }],
        },
    })
}

/// Answers a request to the refunds of an order.
pub fn answer(
    store: &mut Store,
    order: u64,
    refund: Option<u64>,
    method: &Method,
    body: &Map<String, Value>,
    home: &str,
    now: i64,
) -> Result<Reply, Failure> {
    let mut kept_order = store.order(order).ok_or_else(|| invalid(404))?;
    let mut all = items(&kept_order, "refunds").to_vec();
    let at = refund.map(|id| all.iter().position(|r| r["id"].as_u64() == Some(id)));
    let missing =
        || Failure::new(404, "woocommerce_rest_shop_order_refund_invalid_id", "Invalid ID.");
    match (method, at) {
        (&Method::GET | &Method::HEAD, None) => {
            let list: Vec<Value> = all.iter().rev().map(|r| shown(r, order, home)).collect();
            let total = list.len().to_string();
            Ok(json_reply(200, wp_json(&Value::Array(list)))
                .with("x-wp-total", total)
                .with("x-wp-totalpages", "1"))
        }
        (&Method::GET | &Method::HEAD, Some(at)) => {
            let refund = at.map(|at| &all[at]).ok_or_else(missing)?;
            Ok(json_reply(200, wp_json(&shown(refund, order, home))))
        }
        (&Method::POST, None) => {
            let made = refunded(store, &kept_order, body, now)?;
            all.push(made.clone());
            let status = status(store, order, &kept_order, &all);
            kept_order.insert("refunds".into(), Value::Array(all));
            let customer = customer(store, order);
            save(store, order, kept_order, &status, customer, (None, now));
            Ok(json_reply(201, wp_json(&shown(&made, order, home))))
        }
        (&Method::DELETE, Some(at)) => {
            let gone = all.remove(at.ok_or_else(missing)?);
            kept_order.insert("refunds".into(), Value::Array(all));
            let (status, customer) = (status_now(store, order), customer(store, order));
            let before = store.row(Table::Orders, order).and_then(|row| row.modified());
            // It moves no stamp.
            save(store, order, kept_order, &status, customer, (None, before.unwrap_or(now)));
            Ok(json_reply(200, wp_json(&shown(&gone, order, home))))
        }
        _ => Err(Failure::no_route()),
    }
}

fn customer(store: &Store, order: u64) -> u64 {
    let row = store.row(Table::Orders, order);
    row.and_then(|row| row.get("customer_id").parse().ok()).unwrap_or(0)
}

fn status_now(store: &Store, order: u64) -> String {
    store.row(Table::Orders, order).map(|row| row.get("status")).unwrap_or_default()
}

fn sum(all: &[Value]) -> Decimal {
    all.iter().map(|refund| amount(&refund["amount"])).sum()
}

fn status(store: &Store, order: u64, kept: &Map<String, Value>, all: &[Value]) -> String {
    let whole = sum(all) >= round(amount(&kept["total"]), 2);
    if whole { "refunded".into() } else { status_now(store, order) }
}

/// A new refund; more than is left, or one by a gateway that is not there, is an error whose `data`
/// is a bare number.
fn refunded(
    store: &mut Store,
    order: &Map<String, Value>,
    body: &Map<String, Value>,
    now: i64,
) -> Result<Value, Failure> {
    let refuse = |message: &str| {
        let mut failure = Failure::new(500, "woocommerce_rest_cannot_create_order_refund", message);
        failure.data = json!(500);
        Err(failure)
    };
    let asked = round(body.get("amount").map(amount).unwrap_or_default(), 2);
    let left = round(amount(&order["total"]), 2) - sum(items(order, "refunds"));
    if asked <= Decimal::ZERO || asked > left {
        return refuse("Invalid refund amount.");
    }
    if body.get("api_refund").is_none_or(|v| yes(v) == "1") {
        return refuse("The payment gateway for this order does not exist.");
    }
    let id = store.next_id(Table::Orders);
    store.skip_id(id);
    Ok(json!({
        "id": id, "reason": body.get("reason").map(text).unwrap_or_default(),
        "amount": kept(asked), "date_created": stamp(now, ' '),
    }))
}
