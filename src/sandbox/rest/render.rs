//! Records as the plain service tells them.

use serde_json::{Value, json};

use crate::sandbox::clock::stamp;
use crate::sandbox::shelf::{Row, Shelf, Table};

/// An instant.
pub fn time(at: i64) -> String {
    stamp(at, 'T') + "Z"
}

fn amount(cents: i64) -> Value {
    // Two decimals, exact in a double up to far beyond any price.
    json!(cents as f64 / 100.0)
}

/// A record. `flagged`: it tells whether it was deleted.
pub fn record(shelf: &Shelf, table: Table, row: &Row, flagged: bool) -> Value {
    let mut record = match table {
        Table::Contacts => json!({
            "first_name": row.text("first"), "last_name": row.text("last"),
            "email": row.text("email"), "phone": row.text("phone"),
            "company": { "name": row.text("company") },
            "addresses": [{
                "street": row.text("street"), "street2": row.text("street2"),
                "city": row.text("city"), "state": row.text("state"), "zip": row.text("zip"),
                "country": row.text("country"),
            }],
        }),
        Table::Products => json!({
            "name": row.text("name"), "sku": row.text("sku"), "price": amount(row.number("price")),
            "stock": row.number("stock"), "active": row.facts.get("active"),
            "description": row.text("description"),
        }),
        Table::Taxes => json!({ "name": row.text("name"), "rate": row.number("rate") }),
        Table::Orders | Table::Invoices => document(shelf, row),
    };
    record["id"] = row.id.into();
    record["created_at"] = time(row.created).into();
    record["updated_at"] = time(row.modified).into();
    if flagged {
        record["state"] = if row.gone { "deleted" } else { "active" }.into();
    }
    record
}

fn document(shelf: &Shelf, row: &Row) -> Value {
    let person = shelf.row(Table::Contacts, u64::try_from(row.number("contact")).unwrap_or(0));
    let known = |name: &str| person.as_ref().map(|p| p.text(name)).unwrap_or_default();
    let lines = shelf.lines(row).into_iter().map(|line| {
        let product = shelf.row(Table::Products, line.product);
        let of = |name: &str| product.as_ref().map(|p| p.text(name)).unwrap_or_default();
        json!({
            "product_id": line.product, "sku": of("sku"), "name": of("name"),
            "quantity": line.quantity, "unit_price": amount(line.price),
            "discount": amount(line.discount), "tax": amount(line.tax),
            "tax_rate": row.number("rate"),
        })
    });
    json!({
        "number": row.text("number"), "status": row.text("status"),
        "customer": {
            "id": row.number("contact"), "email": known("email"),
            "name": format!("{} {}", known("first"), known("last")).trim(),
            "company": known("company"),
        },
        "order_id": row.facts.get("order"),
        "lines": lines.collect::<Vec<_>>(), "shipping": amount(row.number("shipping")),
        "total": amount(shelf.total(row)), "currency": "EUR",
    })
}
