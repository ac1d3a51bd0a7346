//! Orders as documents: neutral lines with net prices, and the paths that an order tells of its
//! people. Written orders are made in `send`.
//!
//! WooCommerce keeps amounts without tax, whatever its prices include: a line's `subtotal` before
//! and its `total` after discounts (coupons are inside of it), each with its tax. Refunds change no
//! line; a full one shows as the status. What the total holds beside the lines becomes a line of its
//! own.

mod send;

use super::records::{member, text};
use crate::model::document::{CURRENCY, LINES, Line, LineKind, TOTAL, TOTAL_TAX, lines_value};
use crate::model::{Fields, Record, Value};
use rust_decimal::{Decimal, RoundingStrategy};
use std::str::FromStr;

/// Where an order that we create carries the id of its source.
pub(crate) const MARK: &str = "meta_data._syncdeck_id";
/// What an order is called in the CRM: its own number with the shop behind it, unless it came from
/// there or was renamed there.
pub(crate) const SUBJECT: &str = "subject";
/// Where the shop keeps the name an order has in the CRM.
const NAMED: &str = "meta_data._syncdeck_subject";

/// The company of the billing address, else the person: Vtiger demands an organization.
const ORGANIZATION: &str = "billing.organization";
/// How it is shipped.
const SHIPPING: &str = "shipping_method";
/// The codes of its coupons.
const COUPONS: &str = "coupons";
/// What was paid back, in words.
const REFUNDED: &str = "refunded";

/// Lines that stand for what a total has beside its lines. They are no lines of the shop.
const ROUNDING: &str = "Rounding";
const MORE: &str = "Other charges";
const LESS: &str = "Other reductions";
/// What the CRM calls it.
const ADJUSTMENT: &str = "Adjustment";
/// No more than this is left over by rounding in the CRM.
const SMALL: Decimal = Decimal::from_parts(10, 0, 0, false, 2);
/// Lines of which each may be rounded by a cent; an order with fewer is taken to have so many.
const FEW: usize = 5;
/// Decimals of a cent.
const CENTS: u32 = 2;
/// Decimals of amounts as the shop stores them.
const STORED: u32 = 6;
/// Currencies without cents.
const WHOLE: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF",
];
/// Half a cent.
const HALF: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// The paths that the shop itself does not have: path, label, type, writable.
pub(crate) const VIRTUAL: [(&str, &str, &str, bool); 12] = [
    (SUBJECT, "Order number with the shop, or the name it has in the CRM", "string", true),
    (LINES, "Line items, shipping and fees", "items", true),
    (TOTAL, "Grand total", "number", false),
    (TOTAL_TAX, "Taxes together", "number", false),
    (ORGANIZATION, "Company of the billing address, else the person's name", "string", true),
    ("guest.email", "E-mail address of a guest", "email", true),
    ("guest.first_name", "First name of a guest", "string", true),
    ("guest.last_name", "Last name of a guest", "string", true),
    ("guest.phone", "Phone of a guest", "string", true),
    (SHIPPING, "Way of shipping", "string", false),
    (COUPONS, "Codes of the coupons", "string", false),
    (REFUNDED, "What was paid back", "string", false),
];

/// The paths of the shop behind one of ours.
pub(crate) fn behind(path: &str) -> Option<&'static [&'static str]> {
    Some(match path {
        SUBJECT => &["number", NAMED],
        LINES => &["line_items", "shipping_lines", "fee_lines", "tax_lines", "total", CURRENCY],
        TOTAL => &["total"],
        TOTAL_TAX => &["total_tax"],
        ORGANIZATION => {
            &["billing.company", "billing.first_name", "billing.last_name", "billing.email"]
        }
        "guest.email" => &["customer_id", "billing.email"],
        "guest.first_name" => &["customer_id", "billing.first_name"],
        "guest.last_name" => {
            &["customer_id", "billing.last_name", "billing.first_name", "billing.email"]
        }
        "guest.phone" => &["customer_id", "billing.phone"],
        SHIPPING => &["shipping_lines"],
        COUPONS => &["coupon_lines"],
        REFUNDED => &["refunds", CURRENCY],
        _ => return None,
    })
}

/// Adds the wanted paths that the shop itself does not have.
pub(crate) fn fill(record: &mut Record, wanted: &[String], shop: &str) {
    let row = record.fields.clone();
    for path in wanted {
        if behind(path).is_some() {
            record.fields.remove(path);
        }
        if let Some(value) = value(&row, path, shop) {
            record.fields.set(path.as_str(), value);
        }
    }
}

fn value(row: &Fields, path: &str, shop: &str) -> Option<Value> {
    let guest = || matches!(text(row, "customer_id").as_str(), "" | "0");
    let of_guest = |text: String| Some(Value::from(if guest() { text } else { String::new() }));
    Some(match path {
        SUBJECT => Value::from(subject(row, shop)),
        LINES => lines_value(&lines(row)),
        TOTAL => Value::Number(amount(row, "total")?),
        TOTAL_TAX => Value::Number(amount(row, "total_tax")?),
        ORGANIZATION => Value::from(organization(row)),
        "guest.email" => return of_guest(text(row, "billing.email")),
        "guest.first_name" => return of_guest(text(row, "billing.first_name")),
        // A contact needs a last name.
        "guest.last_name" => return of_guest(last_name(row)),
        "guest.phone" => return of_guest(text(row, "billing.phone")),
        SHIPPING => Value::from(named(row, "shipping_lines", "method_title")),
        COUPONS => Value::from(named(row, "coupon_lines", "code")),
        REFUNDED => Value::from(refunded(row)),
        _ => return None,
    })
}

/// The name in the CRM: the shop's number with the shop behind it, since another shop may have the
/// same number.
fn subject(row: &Fields, shop: &str) -> String {
    let named = text(row, NAMED);
    let number = text(row, "number");
    match (named.trim(), number.as_str()) {
        ("", "") => String::new(),
        ("", number) => format!("{number}@{shop}"),
        (named, _) => named.to_owned(),
    }
}

/// The number in a name made by [`subject`].
pub(crate) fn number_in<'a>(subject: &'a str, shop: &str) -> Option<&'a str> {
    let (number, of) = subject.trim().split_once('@')?;
    (of.eq_ignore_ascii_case(shop) && !number.is_empty()).then_some(number)
}

fn full_name(row: &Fields) -> String {
    let names = [text(row, "billing.first_name"), text(row, "billing.last_name")];
    names.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn organization(row: &Fields) -> String {
    let candidates = [text(row, "billing.company"), full_name(row), text(row, "billing.email")];
    candidates.into_iter().map(|c| c.trim().to_owned()).find(|c| !c.is_empty()).unwrap_or_default()
}

fn last_name(row: &Fields) -> String {
    let candidates = ["billing.last_name", "billing.first_name", "billing.email"];
    candidates.iter().map(|path| text(row, path)).find(|t| !t.trim().is_empty()).unwrap_or_default()
}

/// The names in a list of objects, each once.
fn named(row: &Fields, list: &str, member: &str) -> String {
    let mut names: Vec<String> = Vec::new();
    for entry in objects(row.get(list)) {
        let name = text(entry, member);
        if !name.trim().is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

fn refunded(row: &Fields) -> String {
    let amounts: Vec<Decimal> =
        objects(row.get("refunds")).into_iter().filter_map(|r| amount(r, "total")).collect();
    let sum: Decimal = amounts.iter().map(Decimal::abs).sum();
    if sum.is_zero() {
        return String::new();
    }
    format!("Refunded: {} {}", cents(sum), text(row, CURRENCY)).trim().to_owned()
}

/// The objects of a list.
fn objects(value: Option<&Value>) -> Vec<&Fields> {
    let Some(Value::List(list)) = value else { return Vec::new() };
    list.iter()
        .filter_map(|entry| match entry {
            Value::Object(fields) => Some(fields),
            _ => None,
        })
        .collect()
}

fn amount(row: &Fields, path: &str) -> Option<Decimal> {
    match member(row, path)? {
        Value::Number(number) => Some(*number),
        Value::Text(text) => Decimal::from_str(text.trim()).ok(),
        _ => None,
    }
}

fn money(row: &Fields, path: &str) -> Decimal {
    amount(row, path).unwrap_or_default()
}

/// As shops round.
fn rounded(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// To the cent.
fn cents(amount: Decimal) -> Decimal {
    rounded(amount, CENTS)
}

/// An id that is none when it is zero.
fn id(row: &Fields, path: &str) -> String {
    let id = text(row, path);
    if id == "0" { String::new() } else { id }
}

/// The lines of an order; together they are its total, to the cent.
///
/// A shop rounds each line, or only their sum (*Rounding* in its tax settings). So the amounts are
/// told as they add up: rounded to the cent (or yen), else as they are stored.
pub(crate) fn lines(row: &Fields) -> Vec<Line> {
    let told = |places: u32| {
        let rates = objects(row.get("tax_lines"));
        let goods_of = objects(row.get("line_items")).into_iter();
        let mut lines: Vec<Line> =
            goods_of.filter_map(|item| goods(item, &rates, places)).collect();
        for item in objects(row.get("shipping_lines")) {
            let kind = LineKind::Shipping;
            lines.extend(charge(kind, item, ("method_title", "Shipping"), &rates, places));
        }
        for item in objects(row.get("fee_lines")) {
            lines.extend(charge(LineKind::Fee, item, ("name", "Fee"), &rates, places));
        }
        lines
    };
    let Some(grand) = amount(row, "total") else { return told(CENTS) };
    let whole = WHOLE.contains(&text(row, CURRENCY).as_str());
    let smallest = if whole { 0 } else { CENTS };
    let mut closest: Option<(Vec<Line>, Decimal)> = None;
    for places in [smallest, STORED] {
        let lines = told(places);
        let rest = grand - sum(&lines);
        if rest.abs() < HALF {
            return lines;
        }
        if closest.as_ref().is_none_or(|(_, least)| rest.abs() < least.abs()) {
            closest = Some((lines, rest));
        }
    }
    let Some((mut lines, rest)) = closest else { return told(smallest) };
    // A shop that rounds the sum of taxes: less than a cent belongs to the largest of them.
    if rest.abs() < Decimal::new(1, smallest)
        && let Some(line) = lines.iter_mut().max_by_key(|line| line.tax.abs())
        && !line.tax.is_zero()
    {
        line.tax = (line.tax + rest).normalize();
        return lines;
    }
    lines.push(beside(rest, lines.len(), smallest));
    lines
}

fn sum(lines: &[Line]) -> Decimal {
    lines.iter().map(|line| line.net() + line.tax).sum()
}

fn goods(item: &Fields, rates: &[&Fields], places: u32) -> Option<Line> {
    let money = |path: &str| rounded(money(item, path), places);
    let (before, after) = (money("subtotal"), money("total"));
    let quantity = self::money(item, "quantity");
    let tax = money("total_tax");
    let amounts = ["total", "total_tax"].map(|path| self::money(item, path));
    if quantity.is_zero() && amounts.iter().all(Decimal::is_zero) {
        return None;
    }
    let quantity = if quantity.is_zero() { Decimal::ONE } else { quantity };
    // A price raised by hand is no negative discount.
    let before = if (before - after) * quantity < Decimal::ZERO { after } else { before };
    let (rate, tax_name) = rate(item, rates);
    let product = [id(item, "variation_id"), id(item, "product_id")];
    let product = product.into_iter().find(|p| !p.is_empty());
    Some(Line {
        kind: LineKind::Product,
        id: text(item, "id"),
        gone: product.is_none(),
        product: product.unwrap_or_default(),
        sku: text(item, "sku"),
        name: plain(&text(item, "name")),
        quantity,
        price: (before / quantity).round_dp(8).normalize(),
        discount: (before - after).normalize(),
        tax: tax.normalize(),
        rate,
        tax_name,
        comment: String::new(),
    })
}

fn charge(
    kind: LineKind,
    item: &Fields,
    (title, otherwise): (&str, &str),
    rates: &[&Fields],
    places: u32,
) -> Option<Line> {
    let [price, tax] = ["total", "total_tax"].map(|path| money(item, path));
    if price.is_zero() && tax.is_zero() {
        return None;
    }
    let [price, tax] = [price, tax].map(|amount| rounded(amount, places));
    let name = plain(&text(item, title));
    let (rate, tax_name) = rate(item, rates);
    Some(Line {
        kind,
        id: text(item, "id"),
        name: if name.trim().is_empty() { otherwise.to_owned() } else { name },
        quantity: Decimal::ONE,
        price: price.normalize(),
        tax: tax.normalize(),
        rate,
        tax_name,
        ..Line::default()
    })
}

/// The one rate of an item, and its name. An item with several (state and county) has none.
fn rate(item: &Fields, rates: &[&Fields]) -> (Option<Decimal>, String) {
    let taxes = objects(item.get("taxes"));
    let charged: Vec<&&Fields> =
        taxes.iter().filter(|tax| !money(tax, "total").is_zero()).collect();
    let [only] = charged.as_slice() else { return (None, String::new()) };
    let of = id(only, "id");
    let Some(line) = rates.iter().find(|line| id(line, "rate_id") == of) else {
        return (None, String::new());
    };
    // Before WooCommerce 3.7 a tax line does not tell its rate.
    (amount(line, "rate_percent").map(|rate| rate.normalize()), plain(&text(line, "label")))
}

/// Names of lines may be written for HTML.
fn plain(text: &str) -> String {
    if !text.contains(['&', '<']) {
        return text.to_owned();
    }
    html_escape::decode_html_entities(text).into_owned()
}

/// The line for what the total has and no line tells.
fn beside(rest: Decimal, lines: usize, places: u32) -> Line {
    let rounding = Decimal::new(lines.max(FEW).try_into().unwrap_or(i64::MAX), places);
    let name = match rest {
        rest if rest.abs() <= rounding => ROUNDING,
        rest if rest.is_sign_negative() => LESS,
        _ => MORE,
    };
    Line {
        kind: LineKind::Fee,
        name: name.to_owned(),
        quantity: Decimal::ONE,
        price: rest.normalize(),
        ..Line::default()
    }
}

/// Whether a line of the CRM only stands for a rest that the shop computes for itself.
fn is_rest(line: &Line) -> bool {
    let small = line.net().abs() <= SMALL;
    line.kind == LineKind::Fee
        && match line.name.trim() {
            MORE | LESS => true,
            ROUNDING | ADJUSTMENT => small,
            _ => false,
        }
}

#[cfg(test)]
mod tests;
