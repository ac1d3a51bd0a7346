//! Orders, invoices, price rules and tax rates. Orders are reckoned as the shop's own calculator
//! does it: rows rounded, tax after the discount, everything in cents.

use serde_json::{Map, Value, json};

use super::goods::{self, Good, money, number};
use super::{people, places};
use crate::sandbox::clock::stamp;
use crate::sandbox::seed::{Fact, World, mix};

const ORDER: u64 = 0x4d4f;
/// Every so many-th order has no invoice.
const UNPAID: u64 = 4;

/// How many orders there are.
pub fn orders(world: &World) -> u64 {
    (world.records / 2).max(8)
}

/// How many invoices there are.
pub fn invoices(world: &World) -> u64 {
    orders(world) - orders(world) / UNPAID
}

/// The order of an invoice, both by their place.
pub fn order_of(invoice: u64) -> u64 {
    invoice + invoice / (UNPAID - 1)
}

/// When an order was made and last changed.
pub fn stamps(world: &World, order: u64) -> (i64, i64) {
    let span = u64::try_from((world.base - world.dawn() - 86_400).max(1)).unwrap_or(1);
    let created = world.dawn() + i64::try_from(mix(world.seed, ORDER, order) % span).unwrap_or(0);
    let later = mix(world.seed, ORDER + 1, order) % 36_000;
    (created, created + i64::try_from(later).unwrap_or(0))
}

/// A line of a cart, in cents of the order's currency.
#[derive(Debug, Clone)]
struct Row {
    good: Good,
    name: String,
    sku: String,
    kind: &'static str,
    parent: Option<usize>,
    quantity: i64,
    price: i64,
    row: i64,
    discount: i64,
    tax: i64,
}

/// A cart that has been reckoned.
struct Cart {
    rows: Vec<Row>,
    rate: i64,
    shipping: i64,
    shipping_tax: i64,
    subtotal: i64,
    discount: i64,
    tax: i64,
    grand: i64,
}

/// The rate of a country, in hundredths of a percent.
fn rate(country: &str) -> i64 {
    match country {
        "DE" => 1_900,
        "FR" => 2_000,
        "ES" => 2_100,
        "IT" => 2_200,
        "PL" | "PT" => 2_300,
        "US" => 825,
        _ => 0,
    }
}

fn percent(amount: i64, hundredths: i64) -> i64 {
    (amount * hundredths + 5_000).div_euclid(10_000)
}

fn cart(world: &World, order: u64, country: &str) -> Cart {
    let draw = |stream: u64, limit: u64| mix(world.seed, ORDER + 16 + stream, order) % limit.max(1);
    let (simple, configurable, bundles) = goods::counts(world);
    let (coupon, rate) = (if draw(1, 5) == 0 { 1_000 } else { 0 }, rate(country));
    let mut rows: Vec<Row> = Vec::new();
    let add = |rows: &mut Vec<Row>, good, kind, parent, quantity, priced: bool| {
        let (sku, name, cents) = goods::tell(world, good);
        let price = if priced { cents } else { 0 };
        let row = price * quantity;
        let discount = percent(row, coupon);
        let tax = percent(row - discount, rate);
        rows.push(Row { good, name, sku, kind, parent, quantity, price, row, discount, tax });
        rows.len() - 1
    };
    for line in 0..1 + draw(2, 3) {
        let quantity = 1 + i64::try_from(draw(10 + line, 3)).unwrap_or(0);
        match draw(20 + line, 20) {
            0..=2 => {
                let n = world.records + draw(30 + line, configurable);
                let size = usize::try_from(draw(40 + line, 3)).unwrap_or(0);
                let variant = Good::Variant(n, size);
                // The parent bears the price, and the SKU of the variant.
                let at = add(&mut rows, variant, "configurable", None, quantity, true);
                rows[at].good = Good::Configurable(n);
                add(&mut rows, variant, "simple", Some(at), quantity, false);
            }
            3 | 4 => {
                let k = draw(30 + line, bundles);
                let at = add(&mut rows, Good::Bundle(k), "bundle", None, quantity, false);
                for part in goods::parts(world, k) {
                    let child = add(&mut rows, part, "simple", Some(at), quantity, true);
                    let (price, row) = (rows[child].price, rows[child].row);
                    rows[at].price += price;
                    rows[at].row += row;
                }
            }
            _ => {
                let good = Good::Simple(people::person_at(draw(30 + line, simple)));
                add(&mut rows, good, "simple", None, quantity, true);
            }
        }
    }
    let shipping = [0, 500, 990][usize::try_from(draw(3, 3)).unwrap_or(0)];
    let shipping_tax = percent(shipping, rate);
    // A bundle's parts are counted, not the bundle.
    let counted = |row: &&Row| row.kind != "bundle";
    let sum = |of: fn(&Row) -> i64| rows.iter().filter(counted).map(of).sum::<i64>();
    let (subtotal, discount, taxes) = (sum(|r| r.row), sum(|r| r.discount), sum(|r| r.tax));
    let tax = taxes + shipping_tax;
    let grand = subtotal - discount + shipping + tax;
    Cart { rows, rate, shipping, shipping_tax, subtotal, discount, tax, grand }
}

/// Puts an amount in both currencies.
fn both(map: &mut Map<String, Value>, name: &str, cents: i64) {
    map.insert(name.to_owned(), money(cents));
    map.insert(format!("base_{name}"), money(cents));
}

fn item(world: &World, first: u64, at: usize, row: &Row, cart: &Cart, order: u64) -> Value {
    let mut item = Map::new();
    let id = |n: usize| first + n as u64;
    for (name, text) in [("name", &row.name), ("sku", &row.sku)] {
        item.insert(name.into(), text.as_str().into());
    }
    item.insert("item_id".into(), id(at).into());
    item.insert("order_id".into(), order.into());
    item.insert("product_id".into(), goods::place(world, row.good).map(|p| p + 1).into());
    item.insert("product_type".into(), row.kind.into());
    item.insert("qty_ordered".into(), row.quantity.into());
    for name in ["qty_canceled", "qty_invoiced", "qty_refunded", "qty_shipped"] {
        item.insert(name.into(), 0.into());
    }
    both(&mut item, "price", row.price);
    both(&mut item, "original_price", row.price);
    both(&mut item, "row_total", row.row);
    both(&mut item, "discount_amount", row.discount);
    both(&mut item, "tax_amount", row.tax);
    both(&mut item, "row_total_incl_tax", row.row + percent(row.row, cart.rate));
    item.insert("tax_percent".into(), number(cart.rate as f64 / 100.0));
    item.insert("discount_tax_compensation_amount".into(), 0.into());
    item.insert("store_id".into(), 1.into());
    item.insert("weee_tax_applied".into(), "[]".into());
    if let Some(parent) = row.parent {
        item.insert("parent_item_id".into(), id(parent).into());
        item.insert("parent_item".into(), json!({ "item_id": id(parent) }));
    }
    Value::Object(item)
}

/// The status of an order, and the state behind it.
fn status(world: &World, order: u64) -> (&'static str, &'static str) {
    let draw = mix(world.seed, ORDER + 2, order) % 10;
    if order % UNPAID == UNPAID - 1 {
        return [("pending", "new"), ("canceled", "canceled"), ("holded", "holded")]
            [usize::try_from(draw % 3).unwrap_or(0)];
    }
    match draw {
        0..=3 => ("processing", "processing"),
        4 => ("packed", "processing"),
        5 => ("closed", "closed"),
        _ => ("complete", "complete"),
    }
}

/// Who ordered: a customer, or a guest by the number of the person.
fn buyer(world: &World, order: u64) -> (Option<u64>, u64) {
    let draw = mix(world.seed, ORDER + 3, order);
    if order.is_multiple_of(3) {
        return (None, people::stranger(world, draw));
    }
    let place = draw % people::count(world).max(1);
    let person = people::person_at(place);
    // Some have an account and order without it.
    (if order % 13 == 5 { None } else { Some(place + 1) }, person)
}

/// An order as the API answers it.
pub fn order(world: &World, id: u64) -> Value {
    let k = id - 1;
    let (customer, person) = buyer(world, k);
    let known = people::know(world, person);
    let country = known.get(Fact::Country).to_owned();
    let cart = cart(world, k, &country);
    let (status, state) = status(world, k);
    let (created, updated) = stamps(world, k);
    let first_item = id * 16;
    let items: Vec<Value> = cart
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| item(world, first_item, at, row, &cart, id))
        .collect();
    let mut address = known.address();
    let code = known.get(Fact::State);
    address.insert("email".into(), known.email.clone().into());
    address.insert("parent_id".into(), id.into());
    if !code.is_empty() {
        let found = places::by_code(&country, code);
        let name = found.map_or(code, |(_, name)| name);
        address.insert("region".into(), name.into());
        address.insert("region_code".into(), code.into());
        address.insert("region_id".into(), found.map_or(0, |(n, _)| n).into());
    }
    let placed = |kind: &str, n: u64| {
        let mut address = address.clone();
        address.insert("address_type".into(), kind.into());
        address.insert("entity_id".into(), n.into());
        Value::Object(address)
    };
    let mut order = Map::new();
    for (name, cents) in [
        ("subtotal", cart.subtotal),
        ("discount_amount", -cart.discount),
        ("shipping_amount", cart.shipping),
        ("shipping_tax_amount", cart.shipping_tax),
        ("shipping_incl_tax", cart.shipping + cart.shipping_tax),
        ("shipping_discount_amount", 0),
        ("tax_amount", cart.tax),
        ("grand_total", cart.grand),
        ("total_due", if status == "pending" { cart.grand } else { 0 }),
        ("discount_tax_compensation_amount", 0),
    ] {
        both(&mut order, name, cents);
    }
    let taxes = if cart.rate == 0 {
        json!([])
    } else {
        let percent = number(cart.rate as f64 / 100.0);
        let title = format!("{country} tax");
        json!([{ "code": title, "title": title, "percent": percent, "amount": money(cart.tax),
                 "base_amount": money(cart.tax) }])
    };
    let guest = customer.is_none();
    let rest = json!({
        "entity_id": id,
        "increment_id": format!("{id:09}"),
        "protect_code": format!("{:032x}", mix(world.seed, ORDER + 9, k)),
        "state": state,
        "status": status,
        "created_at": stamp(created, ' '),
        "updated_at": stamp(updated, ' '),
        "customer_email": known.email,
        "customer_firstname": known.name.0,
        "customer_lastname": known.name.1,
        "customer_is_guest": i32::from(guest),
        "customer_group_id": i32::from(!guest),
        "base_currency_code": "EUR",
        "global_currency_code": "EUR",
        "order_currency_code": "EUR",
        "store_currency_code": "EUR",
        "base_to_global_rate": 1,
        "base_to_order_rate": 1,
        "store_id": 1,
        "store_name": "Main Website\nMain Website Store\nDefault Store View",
        "is_virtual": 0,
        "billing_address_id": id * 2,
        "quote_id": id,
        "remote_ip": "203.0.113.7",
        "shipping_description": "Flat Rate - Fixed",
        "total_item_count": items.len(),
        "total_qty_ordered": cart.rows.iter().filter(|r| r.parent.is_none()).map(|r| r.quantity).sum::<i64>(),
        "weight": 0,
        "billing_address": placed("billing", id * 2),
        "payment": { "method": "checkmo", "entity_id": id, "parent_id": id,
                     "additional_information": ["Check / Money order"],
                     "amount_ordered": money(cart.grand), "cc_last4": null, "account_status": null },
        "status_histories": [],
        "extension_attributes": {
            "shipping_assignments": [{
                "shipping": { "address": placed("shipping", id * 2 + 1), "method": "flatrate_flatrate",
                              "total": { "shipping_amount": money(cart.shipping) } },
                "items": items,
            }],
            "payment_additional_info": [{ "key": "method_title", "value": "Check / Money order" }],
            "applied_taxes": taxes,
            "item_applied_taxes": [],
        },
        "items": items,
    });
    if let Value::Object(rest) = rest {
        order.extend(rest);
    }
    if let Some(customer) = customer {
        order.insert("customer_id".into(), customer.into());
    } else if k.is_multiple_of(2) {
        // Guests' names often stand in the address only.
        order.insert("customer_firstname".into(), Value::Null);
        order.insert("customer_lastname".into(), Value::Null);
        order.retain(|_, value| !value.is_null());
    }
    if cart.discount > 0 {
        order.insert("coupon_code".into(), "TEN".into());
    }
    Value::Object(order)
}

/// An invoice of a whole order as the API answers it.
pub fn invoice(world: &World, id: u64) -> Value {
    let k = order_of(id - 1);
    let order = order(world, k + 1);
    let (created, _) = stamps(world, k);
    let mut invoice = Map::new();
    for name in [
        "subtotal",
        "discount_amount",
        "shipping_amount",
        "shipping_tax_amount",
        "shipping_incl_tax",
        "tax_amount",
        "grand_total",
        "discount_tax_compensation_amount",
    ] {
        for name in [name.to_owned(), format!("base_{name}")] {
            invoice.insert(name.clone(), order[&name].clone());
        }
    }
    for name in ["base_currency_code", "order_currency_code", "store_id", "billing_address_id"] {
        invoice.insert(name.into(), order[name].clone());
    }
    let items = order["items"].as_array().into_iter().flatten().enumerate().map(|(at, item)| {
        let mut line = Map::new();
        for name in [
            "name",
            "sku",
            "product_id",
            "price",
            "row_total",
            "tax_amount",
            "discount_amount",
            "discount_tax_compensation_amount",
            "base_price",
            "base_row_total",
        ] {
            line.insert(name.into(), item[name].clone());
        }
        line.insert("order_item_id".into(), item["item_id"].clone());
        line.insert("qty".into(), item["qty_ordered"].clone());
        line.insert("parent_id".into(), id.into());
        line.insert("entity_id".into(), (id * 16 + at as u64).into());
        Value::Object(line)
    });
    invoice.insert("items".into(), items.collect::<Vec<_>>().into());
    let rest = json!({
        "entity_id": id,
        "increment_id": format!("{id:09}"),
        "order_id": k + 1,
        "state": 2,
        "can_void_flag": 0,
        "total_qty": order["total_qty_ordered"],
        "created_at": stamp(created + 60, ' '),
        "updated_at": stamp(created + 60, ' '),
        "comments": [],
    });
    if let Value::Object(rest) = rest {
        invoice.extend(rest);
    }
    Value::Object(invoice)
}

/// Price rules.
pub fn rules() -> Vec<Value> {
    [
        ("Ten percent with coupon TEN", "For newsletter readers", true, None),
        ("Free shipping over 100 €", "", true, Some("2027-12-31")),
        ("Summer sale", "All of June", false, Some("2026-06-30")),
        ("Buy three, pay two", "On cups", true, None),
        ("Wholesale", "For the group Wholesale & Retail", true, None),
    ]
    .into_iter()
    .zip(1_u64..)
    .map(|((name, text, active, to), id)| {
        let mut rule = json!({
            "rule_id": id, "name": name, "store_labels": [], "website_ids": [1],
            "customer_group_ids": [0, 1], "uses_per_customer": 0, "is_active": active,
            "stop_rules_processing": false, "is_advanced": true, "sort_order": 0,
            "simple_action": "by_percent", "discount_amount": 10, "discount_step": 0,
            "apply_to_shipping": false, "times_used": 3, "is_rss": false, "coupon_type": "NO_COUPON",
            "use_auto_generation": false, "uses_per_coupon": 0, "simple_free_shipping": "0",
            "from_date": "2026-01-01",
        });
        if !text.is_empty() {
            rule["description"] = text.into();
        }
        if let Some(to) = to {
            rule["to_date"] = to.into();
        }
        rule
    })
    .collect()
}

/// Tax rates.
pub fn taxes() -> Vec<Value> {
    [
        ("DE-19", "DE", 0, 19.0),
        ("DE-7", "DE", 0, 7.0),
        ("FR-20", "FR", 0, 20.0),
        ("US-TX-*-Rate 1", "US", 57, 8.25),
    ]
    .into_iter()
    .zip(1_u64..)
    .map(|((code, country, region, rate), id)| {
        json!({
            "id": id, "tax_country_id": country, "tax_region_id": region, "tax_postcode": "*",
            "rate": number(rate), "code": code, "titles": [],
        })
    })
    .collect()
}
