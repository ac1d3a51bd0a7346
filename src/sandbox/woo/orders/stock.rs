//! What orders take out of stock.

use super::super::store::Store;
use super::super::values::meta;
use super::reckon::{amount, items};
use super::{Order, id_in};
use crate::sandbox::gate::Line;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Takes the goods out of stock in some statuses and puts them back in others. How much was taken
/// stands in the item, and no more is taken.
pub fn keep_stock(
    store: &mut Store,
    order: &mut Order,
    (took, takes): (bool, bool),
    now: i64,
    line: Line<'_>,
) {
    if !took && !takes {
        return;
    }
    let mut goods = items(order, "line_items").to_vec();
    for item in &mut goods {
        let product = match id_in(item.get("variation_id")) {
            0 => id_in(item.get("product_id")),
            variation => variation,
        };
        let taken = item["meta_data"].as_array().and_then(|all| {
            all.iter().find(|m| m["key"] == "_reduced_stock").map(|m| amount(&m["value"]))
        });
        let quantity = amount(&item["quantity"]);
        let (by, meta_value) = match (takes, taken) {
            (true, None) => (-quantity, json!(quantity.to_string())),
            // The quantity was changed while the goods are taken.
            (true, Some(taken)) if took && taken != quantity => {
                (taken - quantity, json!(quantity.to_string()))
            }
            (false, Some(taken)) => (taken, Value::Null),
            _ => continue,
        };
        if move_stock(store, product, by, now, line) {
            let stored = item["meta_data"].to_string();
            let given = json!([{ "key": "_reduced_stock", "value": meta_value }]);
            let all = meta(store, &stored, &given, false);
            item["meta_data"] = serde_json::from_str(&all).unwrap_or_else(|_| json!([]));
        }
    }
    order.insert("line_items".into(), Value::Array(goods));
}

/// Takes so much from the stock of a product whose stock is kept, or puts it back.
fn move_stock(store: &mut Store, product: u64, by: Decimal, now: i64, line: Line<'_>) -> bool {
    let Some(table) = store.product(product) else { return false };
    let Some(row) = store.row(table, product).filter(|row| row.is("manage_stock")) else {
        return false;
    };
    let stock: Decimal = row.get("stock_quantity").parse().unwrap_or_default();
    let left = (stock + by).trunc().to_string();
    let body = json!({ "stock_quantity": left }).as_object().cloned().unwrap_or_default();
    super::super::products::update(store, table, product, &body, now, line).is_ok()
}
