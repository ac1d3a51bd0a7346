use super::*;
use serde_json::{Value as Json, json};

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn line(kind: LineKind, product: &str, name: &str, quantity: &str, price: &str) -> Line {
    Line {
        kind,
        product: product.into(),
        name: name.into(),
        quantity: dec(quantity),
        price: dec(price),
        ..Line::default()
    }
}

/// What is sent of these lines to an order that holds those.
fn sent(lines: &[Line], now: &Json) -> Json {
    let wanted = ["line_items", "shipping_lines", "fee_lines"].map(str::to_owned);
    let entity = entity::named("orders").unwrap();
    let mut order = now.clone();
    order["id"] = json!(5);
    let row = records::projection(entity, &wanted).take(&order.to_string()).unwrap();
    let now = records::record(entity, row).unwrap().fields;
    let parents: Parents = [("35".to_owned(), "34".to_owned())].into();
    let mut fields = Fields::new();
    for (list, items) in items(lines, &now, &parents) {
        if !items.is_empty() {
            fields.set(list, Value::List(items));
        }
    }
    let body = super::super::super::values::body(entity, &fields, false).unwrap();
    Json::Object(body.json)
}

#[test]
fn a_new_order_has_its_lines() {
    use LineKind::{Fee, Product, Shipping};
    let mut cup = line(Product, "10", "Cup", "3", "4.5");
    cup.discount = dec("1.5");
    let mut wrap = line(Fee, "", "Gift wrap", "1", "2");
    wrap.tax = dec("0.38");
    let lines = [
        cup,
        line(Product, "35", "Shirt", "1.5", "10"),
        line(Product, "", "Advice", "2", "30"),
        line(Shipping, "", "Post", "1", "4.9"),
        wrap,
        line(Fee, "", "Rounding", "1", "0.01"),
    ];
    assert_eq!(
        sent(&lines, &json!({})),
        json!({
            "line_items": [
                {"product_id": 10, "quantity": 3, "subtotal": "13.5", "total": "12",
                 "meta_data": [{"key": "_reduced_stock", "value": 3}]},
                {"product_id": 34, "variation_id": 35, "quantity": 1, "name": "1.5 × Shirt",
                 "subtotal": "15", "total": "15",
                 "meta_data": [{"key": "_reduced_stock", "value": 1}]},
            ],
            "shipping_lines": [{"method_id": "other", "method_title": "Post", "total": "4.9"}],
            "fee_lines": [
                {"name": "2 × Advice", "tax_status": "none", "total": "60"},
                {"name": "Gift wrap", "tax_status": "taxable", "total": "2"},
            ],
        })
    );
}

#[test]
fn changed_lines_keep_their_ids_and_the_others_are_not_sent() {
    use LineKind::{Fee, Product, Shipping};
    let now = json!({
        "line_items": [
            {"id": 1, "product_id": 10, "variation_id": 0, "quantity": 3, "subtotal": "13.445378",
             "total": "13.445378"},
            {"id": 2, "product_id": 34, "variation_id": 35, "quantity": 1, "subtotal": "15.00",
             "total": "15.00"},
            {"id": 3, "product_id": 11, "variation_id": 0, "quantity": 1, "subtotal": "5.00",
             "total": "5.00"},
        ],
        "shipping_lines": [
            {"id": 8, "method_title": "Free", "total": "0.00", "total_tax": "0.00"},
            {"id": 9, "method_title": "Flat rate", "total": "4.90", "total_tax": "0.93"},
        ],
        "fee_lines": [{"id": 4, "name": "Gift wrap", "total": "2.00", "total_tax": "0.38"}],
    });
    let same = [
        line(Product, "10", "Cup", "3", "4.48333333"),
        line(Product, "35", "Shirt", "1", "15"),
        line(Product, "11", "Pen", "1", "5"),
        line(Shipping, "", "Shipping", "1", "4.9"),
        line(Fee, "", "Gift wrap", "1", "2"),
    ];
    assert_eq!(sent(&same, &now), json!({}), "nothing changed to the cent");
    let changed = [
        line(Product, "35", "Shirt", "2", "15"),
        line(Product, "10", "Cup", "3", "4.48333333"),
        line(Shipping, "", "Shipping", "1", "6"),
    ];
    assert_eq!(
        sent(&changed, &now),
        json!({
            "line_items": [
                {"id": 2, "quantity": 2, "subtotal": "30", "total": "30"},
                {"id": 3, "quantity": 0},
            ],
            "shipping_lines": [{"id": 9, "total": "6"}],
            "fee_lines": [{"id": 4, "name": null}],
        })
    );
}

#[test]
fn a_new_order_is_its_customers() {
    let fields: Fields = [
        ("guest.email", "a@b.co"),
        ("guest.first_name", "Anna"),
        ("guest.last_name", "Müller"),
        ("billing.organization", "Müller KG"),
        ("shipping.city", "Köln"),
        ("customer_id", ""),
    ]
    .into_iter()
    .collect();
    let mut out: Fields = [("shipping.city", "Köln"), ("customer_id", "")].into_iter().collect();
    new_order(&mut out, &fields);
    let told: Vec<(String, String)> =
        out.iter().map(|(path, value)| (path.to_owned(), value.to_text())).collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        told,
        [
            pair("billing.company", "Müller KG"),
            pair("billing.email", "a@b.co"),
            pair("billing.first_name", "Anna"),
            pair("billing.last_name", "Müller"),
            pair("shipping.city", "Köln"),
            pair("shipping.company", "Müller KG"),
            pair("shipping.first_name", "Anna"),
            pair("shipping.last_name", "Müller"),
        ]
    );
    let fields: Fields = [("billing.organization", "Anna Müller")].into_iter().collect();
    let mut out: Fields =
        [("billing.first_name", "Anna"), ("billing.last_name", "Müller")].into_iter().collect();
    new_order(&mut out, &fields);
    assert_eq!(out.get("billing.company"), None, "a person is no company");
}
