//! The shop's products: simple ones, of the same world as the CRM's, and of its own configurable
//! ones with their variants, and bundles.

use serde_json::{Value, json};

use super::people::{person_at, place_of};
use crate::sandbox::clock::stamp;
use crate::sandbox::seed::deck::Side;
use crate::sandbox::seed::product::{Product, SIZES};
use crate::sandbox::seed::{Fact, World, mix};

/// What a number of the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Good {
    /// A simple product of this number of the world.
    Simple(u64),
    /// A configurable product.
    Configurable(u64),
    /// One size of a configurable product.
    Variant(u64, usize),
    /// A bundle of two simple products, by its number.
    Bundle(u64),
}

/// How many simple, configurable and bundled products there are.
pub fn counts(world: &World) -> (u64, u64, u64) {
    let simple = super::people::count(world);
    (simple, world.records / 50 + 2, world.records / 100 + 2)
}

/// How many products there are.
pub fn count(world: &World) -> u64 {
    let (simple, configurable, bundles) = counts(world);
    simple + configurable * (1 + SIZES.len() as u64) + bundles
}

/// What stands at a place of the list.
pub fn at(world: &World, index: u64) -> Good {
    let (simple, configurable, _) = counts(world);
    if index < simple {
        return Good::Simple(person_at(index));
    }
    let index = index - simple;
    if index < configurable {
        return Good::Configurable(world.records + index);
    }
    let index = index - configurable;
    let sizes = SIZES.len() as u64;
    if index < configurable * sizes {
        let size = usize::try_from(index % sizes).unwrap_or(0);
        return Good::Variant(world.records + index / sizes, size);
    }
    Good::Bundle(index - configurable * sizes)
}

/// The place of a product in the list.
pub fn place(world: &World, good: Good) -> Option<u64> {
    let (simple, configurable, bundles) = counts(world);
    let sizes = SIZES.len() as u64;
    match good {
        Good::Simple(n) => place_of(world, n),
        Good::Configurable(n) => {
            n.checked_sub(world.records).filter(|k| *k < configurable).map(|k| simple + k)
        }
        Good::Variant(n, size) => n
            .checked_sub(world.records)
            .filter(|k| *k < configurable)
            .map(|k| simple + configurable + k * sizes + size as u64),
        Good::Bundle(k) => (k < bundles).then(|| simple + configurable * (1 + sizes) + k),
    }
}

/// The place of the product that may have this SKU.
pub fn by_sku(world: &World, sku: &str) -> Option<u64> {
    let lower = sku.to_lowercase();
    if let Some(number) = lower.strip_prefix("set-") {
        return place(world, Good::Bundle(number.parse::<u64>().ok()?.checked_sub(1)?));
    }
    let (number, size) = Product::number_in_sku(&lower)?;
    let good = match size {
        Some(size) => Good::Variant(number, size),
        None if number >= world.records => Good::Configurable(number),
        None => Good::Simple(number),
    };
    place(world, good)
}

fn read(product: &Product<'_>, fact: Fact) -> String {
    let mut out = String::new();
    product.write(fact, Side::Woo, &mut out);
    out
}

/// SKU, name and price in cents.
pub fn tell(world: &World, good: Good) -> (String, String, i64) {
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap_or(0);
    match good {
        Good::Simple(n) | Good::Configurable(n) => {
            let product = Product::new(world, n, false);
            let sku = read(&product, Fact::Sku);
            let sku = if sku.is_empty() { format!("MAG-{:04}", n + 1) } else { sku };
            (sku, read(&product, Fact::Name), cents(&read(&product, Fact::Price)))
        }
        Good::Variant(n, size) => {
            let (sku, name, price) = tell(world, Good::Configurable(n));
            let price = if price == 0 { 2_990 } else { price };
            (format!("{sku}-{}", SIZES[size]), format!("{name}, {}", SIZES[size]), price)
        }
        Good::Bundle(k) => {
            let parts = parts(world, k);
            let price = parts.iter().map(|part| tell(world, *part).2).sum();
            (format!("SET-{:04}", k + 1), format!("Gift set no. {}", k + 1), price)
        }
    }
}

/// The two parts of a bundle.
pub fn parts(world: &World, bundle: u64) -> [Good; 2] {
    let (simple, ..) = counts(world);
    let draw = |n: u64| person_at(mix(world.seed, 0xb0 + n, bundle) % simple.max(1));
    [Good::Simple(draw(0)), Good::Simple(draw(1))]
}

/// When a product was created and last changed.
pub fn stamps(world: &World, index: u64) -> (i64, i64) {
    match at(world, index) {
        Good::Simple(n) | Good::Configurable(n) | Good::Variant(n, _) => {
            Product::new(world, n, false).stamps(Side::Woo)
        }
        Good::Bundle(k) => Product::new(world, k, false).stamps(Side::Woo),
    }
}

/// A product as the API answers it alone; lists leave the stock out.
pub fn product(world: &World, id: u64, index: u64) -> Value {
    let good = at(world, index);
    let (sku, name, cents) = tell(world, good);
    let (created, updated) = stamps(world, index);
    let number = match good {
        Good::Simple(n) | Good::Configurable(n) | Good::Variant(n, _) => n,
        Good::Bundle(k) => k,
    };
    let facts = Product::new(world, number, false);
    let (kind, price) = match good {
        Good::Configurable(_) => ("configurable", 0),
        Good::Bundle(_) => ("bundle", 0),
        _ => ("simple", cents),
    };
    let status = if read(&facts, Fact::Active) == "0" { 2 } else { 1 };
    let stock = read(&facts, Fact::Stock).parse::<i64>().unwrap_or(10);
    let mut product = json!({
        "id": id,
        "sku": sku,
        "name": name,
        "attribute_set_id": 4,
        "price": money(price),
        "status": status,
        "visibility": if matches!(good, Good::Variant(..)) { 1 } else { 4 },
        "type_id": kind,
        "created_at": stamp(created, ' '),
        "updated_at": stamp(updated, ' '),
        "extension_attributes": { "website_ids": [1] },
        "product_links": [],
        "options": [],
        "media_gallery_entries": [],
        "tier_prices": [],
        "custom_attributes": [
            { "attribute_code": "description", "value": format!("<p>{}</p>", read(&facts, Fact::Description)) },
            { "attribute_code": "url_key", "value": format!("product-{id}") },
            { "attribute_code": "tax_class_id", "value": "2" },
            { "attribute_code": "category_ids", "value": [] },
        ],
    });
    if kind == "simple" {
        product["weight"] = 1.into();
        product["extension_attributes"]["stock_item"] = stock_item(id, stock as f64);
    }
    product
}

/// Stock as a single product shows it.
pub fn stock_item(id: u64, quantity: f64) -> Value {
    json!({
        "item_id": id, "product_id": id, "stock_id": 1, "qty": number(quantity),
        "is_in_stock": quantity > 0.0, "is_qty_decimal": false, "use_config_manage_stock": true,
        "manage_stock": true, "min_qty": 0, "backorders": 0,
    })
}

/// Cents as the API writes money: no needless decimals.
pub fn money(cents: i64) -> Value {
    number(cents as f64 / 100.0)
}

/// A number without a needless point.
pub fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        json!(value as i64)
    } else {
        json!((value * 10_000.0).round() / 10_000.0)
    }
}
