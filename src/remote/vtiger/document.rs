//! Orders and invoices: Vtiger's line items as neutral lines, and back. Pure functions; the
//! requests are in `documents`.
//!
//! Vtiger computes the totals itself, in one of two ways. We always write the way in which the tax
//! of the whole document is computed from one rate (`hdnTaxType` "group"), with the effective rate
//! where a document has several, and carry what rounding leaves over as the adjustment: so the
//! grand total is the other system's to the cent.

use crate::model::Value;
use crate::model::document::{Line, LineKind};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value as Json, json};
use std::str::FromStr;

/// A tax of the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tax {
    /// Its column (`tax1`).
    pub(crate) name: String,
    /// Its rate in percent.
    pub(crate) rate: Decimal,
}

/// Quantities have three decimals in Vtiger.
const QUANTITY: u32 = 3;
/// Prices have eight.
const PRICE: u32 = 8;
/// Rates have three.
const RATE: u32 = 3;

/// A member as a number; nothing is 0.
pub(crate) fn number(json: &Json, key: &str) -> Decimal {
    match json.get(key) {
        Some(Json::String(text)) => Decimal::from_str(text.trim()).unwrap_or_default(),
        Some(Json::Number(n)) => {
            let text = n.to_string();
            Decimal::from_str(&text)
                .or_else(|_| Decimal::from_scientific(&text))
                .unwrap_or_default()
        }
        _ => Decimal::ZERO,
    }
}

fn text(json: &Json, key: &str) -> String {
    match json.get(key) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// The sum of the rates that a line carries.
fn rate(line: &Json) -> Decimal {
    let Json::Object(members) = line else { return Decimal::ZERO };
    members
        .keys()
        .filter(|key| {
            key.strip_prefix("tax")
                .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        })
        .map(|key| number(line, key))
        .sum()
}

/// What `LineItems` holds: a list, or an object with the keys 0, 1, 2.
pub(crate) fn items(lines: &Json) -> Vec<&Json> {
    match lines {
        Json::Array(items) => items.iter().collect(),
        Json::Object(items) => items.values().collect(),
        _ => Vec::new(),
    }
}

/// The lines of a document as `retrieve` answers it.
pub(crate) fn lines(document: &Json) -> Vec<Line> {
    let items = document.get("LineItems").map(items).unwrap_or_default();
    let group = document.get("hdnTaxType").and_then(Json::as_str) != Some("individual");
    let group_rate = items.first().map(|first| rate(first)).unwrap_or_default();
    let mut lines: Vec<Line> = Vec::with_capacity(items.len());
    for item in items {
        let quantity = number(item, "quantity");
        let price = number(item, "listprice");
        let percent = number(item, "discount_percent");
        let discount = if percent.is_zero() {
            number(item, "discount_amount")
        } else {
            quantity * price * percent / Decimal::ONE_HUNDRED
        };
        let rate = if group { group_rate } else { rate(item) };
        let net = quantity * price - discount;
        lines.push(Line {
            kind: LineKind::Product,
            id: String::new(),
            product: text(item, "productid"),
            sku: String::new(),
            name: html_escape::decode_html_entities(&text(item, "product_name")).into_owned(),
            quantity: quantity.normalize(),
            price: price.normalize(),
            discount: discount.normalize(),
            tax: cents(net * rate / Decimal::ONE_HUNDRED).normalize(),
            rate: (!rate.is_zero()).then(|| rate.normalize()),
            tax_name: String::new(),
            comment: text(item, "comment"),
            gone: text(item, "productid").is_empty(),
        });
    }
    let net: Decimal = lines.iter().map(Line::net).sum();
    let percent = number(document, "hdnDiscountPercent");
    let discount = if percent.is_zero() {
        number(document, "hdnDiscountAmount")
    } else {
        net * percent / Decimal::ONE_HUNDRED
    };
    let extra = |kind, name: &str, price: Decimal, tax: Decimal| Line {
        kind,
        name: name.to_owned(),
        quantity: Decimal::ONE,
        price: price.normalize(),
        tax: tax.normalize(),
        ..Line::default()
    };
    if !discount.is_zero() {
        let tax = if group {
            -cents(discount * group_rate / Decimal::ONE_HUNDRED)
        } else {
            Decimal::ZERO
        };
        lines.push(extra(LineKind::Fee, "Discount", -discount, tax));
    }
    let shipping = number(document, "hdnS_H_Amount");
    if !shipping.is_zero() {
        let rate = number(document, "hdnS_H_Percent");
        let tax = cents(shipping * rate / Decimal::ONE_HUNDRED);
        lines.push(extra(LineKind::Shipping, "Shipping", shipping, tax));
    }
    let adjustment = number(document, "txtAdjustment");
    // Fractions of cents only make the total whole.
    if adjustment.abs() >= Decimal::new(1, 2) {
        lines.push(extra(LineKind::Fee, "Adjustment", adjustment, Decimal::ZERO));
    }
    if document.get("hdnGrandTotal").is_some() {
        super::totals::agree(&mut lines, cents(number(document, "hdnGrandTotal")));
    }
    lines
}

/// The grand total of a document, as a value of a record.
pub(crate) fn total(amount: &Value) -> Value {
    match Decimal::from_str(amount.to_text().trim()) {
        Ok(amount) => Value::Number(cents(amount).normalize()),
        Err(_) => Value::Null,
    }
}

/// The rate of a whole document: the one that all its lines share, else the effective one.
fn group_rate(lines: &[Line], net: Decimal, tax: Decimal) -> Decimal {
    if tax.is_zero() || net.is_zero() {
        return Decimal::ZERO;
    }
    let shared = lines.first().and_then(|first| first.rate);
    if let Some(rate) = shared
        && lines.iter().all(|line| line.rate == shared)
        && (net * rate / Decimal::ONE_HUNDRED - tax).abs() <= Decimal::new(lines.len() as i64, 2)
    {
        return rate;
    }
    (tax / net * Decimal::ONE_HUNDRED).round_dp(RATE)
}

/// The tax that carries a rate: the one that has it, else the first.
fn tax_for(taxes: &[Tax], rate: Decimal) -> Option<&Tax> {
    taxes.iter().find(|tax| tax.rate == rate).or_else(|| taxes.first())
}

/// The members of a document's element that carry lines. An error: why they cannot be carried.
pub(crate) fn element(lines: &[Line], taxes: &[Tax]) -> Result<Map<String, Json>, String> {
    let first =
        lines.first().ok_or("It has no lines, and Vtiger keeps no document without one.")?;
    let net: Decimal = lines.iter().map(Line::net).sum();
    let tax: Decimal = lines.iter().map(|line| line.tax).sum();
    let rate = group_rate(lines, net, tax);
    let carrier = if rate.is_zero() {
        None
    } else {
        let none = "The document has taxes, and the CRM has none under Settings > Tax Management.";
        Some(tax_for(taxes, rate).ok_or(none)?)
    };
    let mut items = Vec::with_capacity(lines.len());
    let mut held = Decimal::ZERO;
    for line in lines {
        if line.product.is_empty() {
            return Err(format!("The line \"{}\" has no product or service.", line.name));
        }
        let (item, amount) = line_item(line, carrier, rate);
        items.push(item);
        held += amount;
    }
    let computed = held + held * rate / Decimal::ONE_HUNDRED;
    // Vtiger keeps fractions of cents: the rest makes the total whole.
    let rest = (cents(net + tax) - computed).round_dp(PRICE);
    let mut element = Map::new();
    element.insert("LineItems".into(), items.into());
    element.insert("productid".into(), first.product.clone().into());
    element.insert("hdnTaxType".into(), "group".into());
    for zero in ["hdnDiscountAmount", "hdnDiscountPercent", "hdnS_H_Amount", "hdnS_H_Percent"] {
        element.insert(zero.into(), "0".into());
    }
    element.insert("txtAdjustment".into(), rest.normalize().to_string().into());
    Ok(element)
}

/// A line as Vtiger takes it, and the net amount that Vtiger will compute for it.
fn line_item(line: &Line, carrier: Option<&Tax>, rate: Decimal) -> (Json, Decimal) {
    let mut comment = line.comment.clone();
    let (mut quantity, mut price) = (line.quantity, line.price);
    if quantity.round_dp(QUANTITY) != quantity {
        comment = format!("{} × {}. {comment}", quantity.normalize(), price.normalize());
        (quantity, price) = (Decimal::ONE, quantity * price);
    }
    let price = price.round_dp(PRICE);
    let discount = line.discount.round_dp(PRICE);
    let mut item = json!({
        "productid": line.product,
        "quantity": quantity.normalize().to_string(),
        "listprice": price.normalize().to_string(),
        "comment": super::values::storable(comment.trim()),
    });
    if let Json::Object(members) = &mut item {
        if !discount.is_zero() {
            members.insert("discount_amount".into(), discount.normalize().to_string().into());
        }
        if let Some(tax) = carrier {
            members.insert(tax.name.clone(), rate.normalize().to_string().into());
        }
    }
    (item, quantity * price - discount)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        Decimal::from_str(text).unwrap()
    }

    fn line(quantity: &str, price: &str, discount: &str, rate: &str) -> Line {
        let mut line = Line {
            product: "14x3".into(),
            quantity: dec(quantity),
            price: dec(price),
            discount: dec(discount),
            rate: Some(dec(rate)),
            ..Line::default()
        };
        line.tax = cents(line.net() * dec(rate) / Decimal::ONE_HUNDRED);
        line
    }

    fn taxes() -> Vec<Tax> {
        let tax = |name: &str, rate| Tax { name: name.into(), rate: dec(rate) };
        vec![tax("tax1", "4.5"), tax("tax2", "19")]
    }

    /// What Vtiger computes from an element, as the fact sheet of its line items says.
    fn computed(element: &Map<String, Json>) -> Decimal {
        let items = element["LineItems"].as_array().unwrap();
        let net: Decimal = items
            .iter()
            .map(|i| number(i, "quantity") * number(i, "listprice") - number(i, "discount_amount"))
            .sum();
        let adjustment = number(&Json::Object(element.clone()), "txtAdjustment");
        (net + net * rate(&items[0]) / Decimal::ONE_HUNDRED + adjustment).round_dp(6).normalize()
    }

    #[test]
    fn documents_with_one_rate_use_the_tax_that_has_it() {
        let lines = [line("2", "10", "1", "19"), line("3", "3.33333333", "0", "19")];
        let element = element(&lines, &taxes()).unwrap();
        assert_eq!(element["LineItems"][0]["tax2"], "19");
        assert_eq!(element["LineItems"][0]["discount_amount"], "1");
        let total: Decimal = lines.iter().map(|l| l.net() + l.tax).sum();
        assert_eq!(computed(&element), cents(total));
    }

    #[test]
    fn totals_agree_to_the_cent_whatever_the_rates() {
        let mut seed = 7u64;
        let mut dice = |n: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % n
        };
        for _ in 0..2_000 {
            let lines: Vec<Line> = (0..1 + dice(6))
                .map(|_| {
                    let price = Decimal::new(dice(50_000) as i64, 2);
                    let quantity = Decimal::from(1 + dice(9));
                    let discount =
                        (price * quantity * Decimal::new(dice(40) as i64, 2)).round_dp(2);
                    let rate = ["0", "7", "19", "8.1", "4.5"][dice(5) as usize];
                    line(&quantity.to_string(), &price.to_string(), &discount.to_string(), rate)
                })
                .collect();
            let total: Decimal = lines.iter().map(|l| l.net() + l.tax).sum();
            let element = element(&lines, &taxes()).unwrap();
            assert_eq!(computed(&element), cents(total), "{lines:?}");
        }
    }

    #[test]
    fn quantities_with_many_decimals_become_one() {
        let element = element(&[line("1.2345", "8", "0", "0")], &[]).unwrap();
        assert_eq!(element["LineItems"][0]["quantity"], "1");
        assert_eq!(element["LineItems"][0]["listprice"], "9.876");
        assert_eq!(element["LineItems"][0]["comment"], "1.2345 × 8.");
    }

    #[test]
    fn what_cannot_be_carried_is_refused() {
        assert!(element(&[], &taxes()).is_err());
        assert!(
            element(&[line("1", "10", "0", "19")], &[]).unwrap_err().contains("Tax Management")
        );
        let nameless = Line { product: String::new(), ..line("1", "10", "0", "0") };
        assert!(element(&[nameless], &taxes()).unwrap_err().contains("no product"));
    }

    #[test]
    fn documents_are_read_as_lines() {
        let document = json!({
            "hdnTaxType": "group", "hdnDiscountAmount": "5.00", "hdnS_H_Amount": "8",
            "txtAdjustment": "-0.01", "hdnGrandTotal": "25.75500000",
            "LineItems": [
                {"productid": "14x3", "quantity": "2.000", "listprice": "10.00000000",
                 "discount_percent": "10", "tax1": "4.500", "tax2": null,
                 "product_name": "Cup &amp; Saucer", "comment": "red"},
                {"productid": "26x1", "quantity": "1.000", "listprice": "4", "tax1": "0"}
            ]
        });
        let lines = lines(&document);
        assert_eq!(lines[0].name, "Cup & Saucer");
        assert_eq!(lines[0].net(), dec("18"));
        assert_eq!(lines[0].tax, dec("0.82"), "the cent that rounding line by line loses");
        assert_eq!(lines[1].tax, dec("0.18"));
        let kinds: Vec<_> = lines[2..].iter().map(|l| (l.name.as_str(), l.net())).collect();
        let expected =
            [("Discount", dec("-5")), ("Shipping", dec("8")), ("Adjustment", dec("-0.01"))];
        assert_eq!(kinds, expected);
    }
}
