//! Reckoning an order as WooCommerce does it when an order is saved: taxes of each item by the rates
//! of the address, rounded by item, and the totals.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value, json};

use crate::sandbox::woo::values::text;

/// A tax rate.
#[derive(Debug, Clone)]
pub struct Rate {
    /// Its number.
    pub id: u64,
    /// Two letters, or nothing for every country.
    pub country: String,
    /// A state's code, or nothing for every state.
    pub state: String,
    /// In percent.
    pub percent: Decimal,
    /// Its name.
    pub label: String,
    /// `standard` or a class.
    pub class: String,
    /// Rates of one priority exclude each other.
    pub priority: u64,
    /// Shipping is taxed too.
    pub shipping: bool,
}

/// Decimals that amounts are kept with.
const STORED: u32 = 6;

/// As PHP rounds.
pub fn round(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// An amount in JSON; anything else is nothing.
pub fn amount(value: &Value) -> Decimal {
    text(value).trim().parse().unwrap_or_default()
}

/// An amount as it is kept.
pub fn kept(amount: Decimal) -> Value {
    Value::String(round(amount, STORED).normalize().to_string())
}

/// The items of one of an order's lists.
pub fn items<'a>(order: &'a Map<String, Value>, list: &str) -> &'a [Value] {
    order.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Where taxes are owed: where it is sent, else where the bill goes, else the shop's own country.
fn place(order: &Map<String, Value>) -> (String, String) {
    let of = |part: &str, name: &str| order.get(part).map(|a| text(&a[name])).unwrap_or_default();
    for part in ["shipping", "billing"] {
        let country = of(part, "country");
        if !country.is_empty() {
            return (country.to_uppercase(), of(part, "state"));
        }
    }
    ("DE".into(), String::new())
}

/// The rates of a class at a place, one of each priority.
fn rates_of<'a>(
    rates: &'a [Rate],
    class: &str,
    (country, state): &(String, String),
) -> Vec<&'a Rate> {
    let class = if class.is_empty() { "standard" } else { class };
    let mut found: Vec<&Rate> = Vec::new();
    for rate in rates {
        let here = (rate.country.is_empty() || rate.country == *country)
            && (rate.state.is_empty() || rate.state.eq_ignore_ascii_case(state));
        if here && rate.class == class && !found.iter().any(|f| f.priority == rate.priority) {
            found.push(rate);
        }
    }
    found
}

/// What an item owes by each rate, and its tax rounded by rate.
fn owed(amount: Decimal, rates: &[&Rate]) -> (Vec<(u64, Decimal)>, Decimal) {
    let each: Vec<(u64, Decimal)> = rates
        .iter()
        .map(|rate| (rate.id, round(amount * rate.percent / Decimal::ONE_HUNDRED, STORED)))
        .collect();
    let sum = each.iter().map(|(_, tax)| round(*tax, 2)).sum();
    (each, sum)
}

/// Taxes and totals of an order.
pub fn reckon(order: &mut Map<String, Value>, rates: &[Rate], class_of: &dyn Fn(u64) -> String) {
    let place = place(order);
    let [mut before, mut after, mut fees, mut shipping] = [Decimal::ZERO; 4];
    let [mut tax_before, mut cart_tax, mut shipping_tax] = [Decimal::ZERO; 3];
    let mut by_rate: Vec<(u64, Decimal, Decimal)> = Vec::new();
    for list in ["line_items", "shipping_lines", "fee_lines"] {
        let mut all = items(order, list).to_vec();
        for item in &mut all {
            let product = match item["variation_id"].as_u64() {
                Some(0) | None => item["product_id"].as_u64().unwrap_or(0),
                Some(id) => id,
            };
            let class = match (list, text(&item["tax_class"])) {
                ("line_items", class) if class.is_empty() => class_of(product),
                (_, class) => class,
            };
            let untaxed = list == "fee_lines" && text(&item["tax_status"]) == "none";
            let mut rates = if untaxed { Vec::new() } else { rates_of(rates, &class, &place) };
            if list == "shipping_lines" {
                rates.retain(|rate| rate.shipping);
            }
            let total = amount(&item["total"]);
            let (each, tax) = owed(total, &rates);
            let (first, first_tax) = owed(amount(&item["subtotal"]), &rates);
            item["total_tax"] = kept(tax);
            let goods = list == "line_items";
            let taxes = each.iter().zip(&first).map(|((id, tax), (_, first))| {
                let first = if goods { kept(*first) } else { json!("") };
                json!({ "id": id, "total": kept(*tax), "subtotal": first })
            });
            item["taxes"] = Value::Array(taxes.collect());
            for (id, tax) in &each {
                let at = by_rate.iter().position(|(known, ..)| known == id).unwrap_or_else(|| {
                    by_rate.push((*id, Decimal::ZERO, Decimal::ZERO));
                    by_rate.len() - 1
                });
                let slot = &mut by_rate[at];
                *(if list == "shipping_lines" { &mut slot.2 } else { &mut slot.1 }) +=
                    round(*tax, 2);
            }
            match list {
                "line_items" => {
                    item["subtotal_tax"] = kept(first_tax);
                    before += round(amount(&item["subtotal"]), 2);
                    after += round(total, 2);
                    tax_before += first_tax - tax;
                    cart_tax += tax;
                }
                "shipping_lines" => {
                    shipping += round(total, 2);
                    shipping_tax += tax;
                }
                _ => {
                    fees += total;
                    cart_tax += tax;
                }
            }
        }
        order.insert(list.into(), Value::Array(all));
    }
    let sums: [(&str, Decimal); 7] = [
        ("discount_total", before - after),
        ("discount_tax", tax_before),
        ("shipping_total", shipping),
        ("shipping_tax", shipping_tax),
        ("cart_tax", cart_tax),
        ("total_tax", round(cart_tax, 2) + round(shipping_tax, 2)),
        ("total", round(after + fees + shipping + round(cart_tax, 2) + round(shipping_tax, 2), 2)),
    ];
    for (name, sum) in sums {
        order.insert(name.into(), kept(round(sum, 2)));
    }
    tax_lines(order, rates, &by_rate);
}

/// A line for each rate; one that was there keeps its number.
fn tax_lines(order: &mut Map<String, Value>, rates: &[Rate], sums: &[(u64, Decimal, Decimal)]) {
    let known: Vec<Value> = items(order, "tax_lines").to_vec();
    let lines = sums.iter().filter_map(|(id, goods, shipping)| {
        let rate = rates.iter().find(|rate| rate.id == *id)?;
        let old = known.iter().find(|line| line["rate_id"].as_u64() == Some(*id));
        let code = format!(
            "{}-{}{}-{}",
            rate.country,
            if rate.state.is_empty() { String::new() } else { format!("{}-", rate.state) },
            rate.label.to_uppercase(),
            rate.priority
        );
        let percent: f64 = rate.percent.normalize().to_string().parse().unwrap_or(0.0);
        Some(json!({
            "id": old.map_or(Value::Null, |line| line["id"].clone()), "rate_code": code,
            "rate_id": id, "label": rate.label, "compound": false, "tax_total": kept(*goods),
            "shipping_tax_total": kept(*shipping), "rate_percent": percent, "meta_data": [],
        }))
    });
    let lines = lines.collect();
    order.insert("tax_lines".into(), Value::Array(lines));
}
