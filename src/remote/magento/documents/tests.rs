use super::*;
use crate::model::document::{Line, LineKind, lines_of};
use proptest::prelude::*;
use syncdeck_records::project;

fn row(json: &str) -> Fields {
    match project::value(json) {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

fn shown(json: &str) -> Vec<String> {
    order_lines(&row(json), &Beside::default()).iter().map(Line::shown).collect()
}

fn sum(lines: &[Line]) -> Decimal {
    lines.iter().map(|line| line.net() + line.tax).sum()
}

#[test]
fn an_order_of_a_real_shop_is_told_in_lines() {
    // A guest's order of a shop of version 2.4.7: two at 77.00 with 8.3 %, shipping without tax.
    let json = r#"{"entity_id":26,"grand_total":176.78,"tax_amount":12.78,"shipping_amount":10,"shipping_tax_amount":0,
        "shipping_description":"Flat Rate - Fixed","discount_amount":0,"order_currency_code":"USD",
        "items":[{"item_id":25,"sku":"P1","name":"Prod 1","product_id":8,"product_type":"simple","price":77,"qty_ordered":2,
          "row_total":154,"tax_amount":12.78,"tax_percent":8.3,"discount_amount":0}],
        "extension_attributes":{"item_applied_taxes":[{"type":"product","item_id":25,"applied_taxes":[{"title":"US-CA-*-Rate 1","percent":8.3}]}]}}"#;
    assert_eq!(shown(json), ["2 × Prod 1 (P1) at 77, 8.3 % tax", "1 × Flat Rate - Fixed at 10"]);
    let lines = order_lines(&row(json), &Beside::default());
    assert_eq!((lines[0].product.as_str(), lines[0].tax_name.as_str()), ("8", "US-CA-*-Rate 1"));
    assert_eq!(lines[1].kind, LineKind::Shipping);
}

#[test]
fn a_configurable_product_is_one_line_of_its_variant() {
    let json = r#"{"grand_total":40,"items":[
        {"item_id":1,"sku":"S-M","name":"Shirt","product_id":5,"product_type":"configurable","price":20,"qty_ordered":2,"row_total":40},
        {"item_id":2,"parent_item_id":1,"sku":"S-M","name":"Shirt M","product_id":7,"product_type":"simple","price":0,"qty_ordered":2,"row_total":0}]}"#;
    assert_eq!(shown(json), ["2 × Shirt (S-M) at 20"]);
    assert_eq!(order_lines(&row(json), &Beside::default())[0].product, "7");
}

#[test]
fn a_bundle_is_told_where_its_price_stands() {
    let dynamic = r#"{"grand_total":27,"items":[
        {"item_id":1,"sku":"SET","name":"Set","product_id":9,"product_type":"bundle","price":30,"qty_ordered":1,"row_total":30,"discount_amount":3},
        {"item_id":2,"parent_item_id":1,"sku":"A","name":"A","product_id":1,"product_type":"simple","price":10,"qty_ordered":1,"row_total":10},
        {"item_id":3,"parent_item_id":1,"sku":"B","name":"B","product_id":2,"product_type":"simple","price":20,"qty_ordered":1,"row_total":20}]}"#;
    assert_eq!(shown(dynamic), ["1 × A (A) at 10, less 1", "1 × B (B) at 20, less 2"]);
    let fixed = r#"{"grand_total":30,"items":[
        {"item_id":1,"sku":"SET","name":"Set","product_id":9,"product_type":"bundle","price":30,"qty_ordered":1,"row_total":30},
        {"item_id":2,"parent_item_id":1,"sku":"A","name":"A","product_id":1,"product_type":"simple","price":0,"qty_ordered":1,"row_total":0}]}"#;
    assert_eq!(shown(fixed), ["1 × Set (SET) at 30"]);
}

#[test]
fn a_discount_on_prices_with_tax_is_told_without_it() {
    // 119.00 with 19 % inside, 10 % off: 11.90 are taken off, 1.90 of them tax.
    let json = r#"{"grand_total":107.1,"items":[{"item_id":1,"sku":"X","name":"X","product_id":1,"product_type":"simple","price":100,
        "qty_ordered":1,"row_total":100,"discount_amount":11.9,"discount_tax_compensation_amount":1.9,"tax_amount":17.1,"tax_percent":19}]}"#;
    assert_eq!(shown(json), ["1 × X (X) at 100, less 10, 19 % tax"]);
}

#[test]
fn what_the_total_holds_beside_the_lines_is_named() {
    let item = r#"{"item_id":1,"sku":"X","name":"X","product_id":1,"product_type":"simple","price":10,"qty_ordered":3,"row_total":30}"#;
    let of = |more: &str| shown(&format!(r#"{{"items":[{item}],{more}}}"#));
    assert_eq!(of(r#""grand_total":25,"gift_cards_amount":5"#)[1..], ["1 × Gift card at -5"]);
    let wrapped = r#""grand_total":32.5,"extension_attributes":{"gw_price":"2.50"}"#;
    assert_eq!(of(wrapped)[1..], ["1 × Gift wrapping at 2.5"]);
    assert_eq!(of(r#""grand_total":30.01"#)[1..], ["1 × Rounding at 0.01"]);
    assert_eq!(of(r#""grand_total":33"#)[1..], ["1 × Other charges at 3"]);
    assert_eq!(of(r#""grand_total":30,"gift_cards_amount":5"#).len(), 1, "paid otherwise: no line");
}

#[test]
fn rows_that_were_rounded_keep_their_cents() {
    let json = r#"{"grand_total":10,"items":[{"item_id":1,"sku":"X","name":"X","product_id":1,"product_type":"simple","price":3.33,"qty_ordered":3,"row_total":10}]}"#;
    let lines = order_lines(&row(json), &Beside::default());
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].net().round_dp(2), Decimal::TEN);
}

#[test]
fn an_invoice_takes_what_it_lacks_from_its_order() {
    let order = row(
        r#"{"entity_id":5,"customer_is_guest":1,"customer_email":"Guest@x.example","shipping_description":"Post","shipping_discount_amount":2,
        "billing_address":{"firstname":"Guesty","lastname":"Buyer","company":"ACME","street":["1 Main"],"city":"Austin","region":"Texas"},
        "items":[{"item_id":4,"product_type":"configurable","tax_percent":10,"product_id":3},{"item_id":6,"parent_item_id":4,"product_type":"simple","product_id":8}]}"#,
    );
    let invoice = row(
        r#"{"entity_id":2,"increment_id":"000000002","order_id":5,"grand_total":32.2,"discount_amount":-5,"shipping_amount":10,"shipping_tax_amount":0,
        "items":[{"order_item_id":4,"sku":"P","name":"P","price":25,"qty":1,"row_total":25,"tax_amount":2.2,"discount_amount":3,"product_id":3},
                 {"order_item_id":6,"sku":"P","name":"P","price":0,"qty":1,"row_total":0,"product_id":8}]}"#,
    );
    let mut beside = Beside { shop: "shop.example.com".into(), ..Beside::default() };
    beside.orders.insert("5".into(), order);
    let value = |path: &str| {
        invoice_value(&invoice, path, &beside).map(|v| v.to_text()).unwrap_or_default()
    };
    let lines = lines_of(&invoice_value(&invoice, LINES, &beside).unwrap());
    let shown: Vec<String> = lines.iter().map(Line::shown).collect();
    assert_eq!(shown, ["1 × P (P) at 25, less 3, 10 % tax", "1 × Post at 10, less 2"]);
    assert_eq!(lines[0].product, "8");
    assert_eq!(sum(&lines), Decimal::new(322, 1));
    assert_eq!(value("reference"), "000000002@shop.example.com");
    assert_eq!(
        (value("guest.email"), value("organization_name")),
        ("guest@x.example".into(), "ACME".into())
    );
    assert_eq!(
        (value("billing.city"), value("order.shipping_description")),
        ("Austin".into(), "Post".into())
    );
}

#[test]
fn guests_are_told_by_their_address_and_customers_by_their_number() {
    let guest = row(
        r#"{"increment_id":"000000003","customer_is_guest":1,"customer_email":"Guesty@Example.com","status":"packed","state":"processing",
        "billing_address":{"firstname":"Guesty","lastname":"Buyer","telephone":"555","city":"Austin","street":["1 Main","Apt 2"]}}"#,
    );
    let mut beside = Beside::default();
    let of = |beside: &Beside, path: &str| {
        order_value(&guest, path, beside).map(|v| v.to_text()).unwrap_or_default()
    };
    assert_eq!(of(&beside, "contact"), "", "a guest has no record");
    assert_eq!(of(&beside, "guest.email"), "guesty@example.com");
    assert_eq!(of(&beside, "guest.first_name"), "Guesty");
    assert_eq!(
        (of(&beside, "guest.phone"), of(&beside, "guest.street_2")),
        ("555".into(), "Apt 2".into())
    );
    assert_eq!(of(&beside, "organization_name"), "Guesty Buyer");
    assert_eq!(of(&beside, "organization"), "company:guesty buyer");
    assert_eq!(of(&beside, "phase"), "processing", "a status of the shop's own: its state");
    beside.customers.insert("guesty@example.com".into(), "12".into());
    assert_eq!((of(&beside, "contact"), of(&beside, "guest.email")), ("12".into(), String::new()));
    let customer =
        row(r#"{"customer_id":7,"customer_email":"a@b.c","status":"pending","state":"new"}"#);
    assert_eq!(order_value(&customer, "contact", &beside), Some(Value::from("7")));
    assert_eq!(order_value(&customer, "guest.email", &beside), None);
    assert_eq!(order_value(&customer, "phase", &beside), Some(Value::from("pending")));
}

/// A calculator of carts of its own, in cents: Magento's way with prices without tax and prices with
/// tax, discounts in percent, tax after the discount, shipping with and without tax.
fn cart(
    lines: &[(i64, i64, u8)],
    discount: i64,
    rate: i64,
    shipping: i64,
    inclusive: bool,
) -> (String, i64) {
    let part = |amount: i64, percent: i64| (amount * percent + 5_000).div_euclid(10_000);
    let inside = |amount: i64| {
        amount - (amount * 10_000 * 2 + 10_000 + rate).div_euclid((10_000 + rate) * 2)
    };
    let money = |cents: i64| {
        format!(
            "{}{}.{:02}",
            if cents < 0 { "-" } else { "" },
            cents.abs() / 100,
            cents.abs() % 100
        )
    };
    let (mut items, mut id) = (Vec::new(), 0);
    let (mut grand, mut subtotal, mut taken, mut taxes, mut hidden) = (0, 0, 0, 0, 0);
    for (price, quantity, kind) in lines {
        let row = price * quantity;
        let (net, off, tax, compensation) = if inclusive {
            let net = row - inside(row);
            let off = part(row, discount);
            let tax = inside(row - off);
            (net, off, tax, row - net - tax)
        } else {
            let off = part(row, discount);
            (row, off, part(row - off, rate), 0)
        };
        subtotal += net;
        taken += off;
        taxes += tax;
        hidden += compensation;
        id += 2;
        let unit = if inclusive { price - inside(*price) } else { *price };
        let money_part = format!(
            r#""price":{},"row_total":{},"discount_amount":{},"discount_tax_compensation_amount":{},"tax_amount":{},"tax_percent":{}"#,
            money(unit),
            money(net),
            money(off),
            money(compensation),
            money(tax),
            money(rate)
        );
        let item = |id: i64, kind: &str, more: &str| {
            format!(
                r#"{{"item_id":{id},"product_id":{id},"product_type":"{kind}","sku":"S{id}","name":"N{id}","qty_ordered":{quantity},{more}}}"#
            )
        };
        let empty = |parent: i64| {
            format!(
                r#""parent_item_id":{parent},"price":0,"row_total":0,"tax_amount":0,"discount_amount":0"#
            )
        };
        match kind % 4 {
            1 => {
                items.push(item(id, "configurable", &money_part));
                items.push(item(id + 1, "simple", &empty(id)));
            }
            2 => {
                items.push(item(id, "bundle", &money_part));
                items.push(item(
                    id + 1,
                    "simple",
                    &format!(r#""parent_item_id":{id},{money_part}"#),
                ));
            }
            3 => {
                items.push(item(id, "bundle", &money_part));
                items.push(item(id + 1, "simple", &empty(id)));
            }
            _ => items.push(item(id, "simple", &money_part)),
        }
    }
    let shipping_tax = part(shipping, rate);
    grand += subtotal - taken + hidden + taxes + shipping + shipping_tax;
    let json = format!(
        r#"{{"grand_total":{},"subtotal":{},"discount_amount":{},"shipping_amount":{},"shipping_tax_amount":{},"tax_amount":{},"items":[{}]}}"#,
        money(grand),
        money(subtotal),
        money(-taken),
        money(shipping),
        money(shipping_tax),
        money(taxes + shipping_tax),
        items.join(",")
    );
    (json, grand)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn lines_add_up_to_the_total_to_the_cent(
        lines in proptest::collection::vec((1_i64..50_000, 1_i64..8, 0_u8..4), 1..7),
        discount in prop_oneof![Just(0_i64), 1_i64..9_999],
        rate in prop_oneof![Just(0_i64), Just(700), Just(1_900), Just(825), Just(838)],
        shipping in prop_oneof![Just(0_i64), 1_i64..5_000],
        inclusive: bool,
    ) {
        let (json, grand) = cart(&lines, discount, rate, shipping, inclusive);
        let told = order_lines(&row(&json), &Beside::default());
        prop_assert_eq!(sum(&told).round_dp(2), Decimal::new(grand, 2), "{}", json);
        prop_assert!(told.iter().all(|line| line.kind != LineKind::Fee), "no unexplained rest: {}", json);
        let goods = told.iter().filter(|line| line.kind == LineKind::Product).count();
        prop_assert_eq!(goods, lines.len());
        prop_assert!(told.iter().all(|line| line.tax >= Decimal::ZERO));
    }
}
