//! Orders and invoices as neutral lines, and the paths that an order tells of its people.
//!
//! Magento writes a configurable product twice (the parent has the price, the child is the variant
//! that was sold) and a bundle as a parent with its parts; which of them has the money depends on
//! the bundle. What the total holds beside the lines becomes a line of its own.

mod lines;

pub(crate) use lines::order_lines;

use super::companies::id_of_name;
use super::customers::{address_value, full_name};
use super::records::{Beside, member, text};
use crate::model::document::{CURRENCY, LINES, TOTAL, TOTAL_TAX, lines_value};
use crate::model::{Fields, Value};
use lines::{invoice_lines, objects};
use rust_decimal::Decimal;
use std::str::FromStr;

/// The statuses that every shop has, which need no look at the state behind them.
const OWN: [&str; 10] = [
    "pending",
    "pending_payment",
    "payment_review",
    "processing",
    "complete",
    "closed",
    "canceled",
    "holded",
    "fraud",
    "pending_paypal",
];

/// What is written into a total beside goods, shipping and taxes, and the words for it.
const BESIDE: [(&str, &str, bool); 6] = [
    ("gift_cards_amount", "Gift card", false),
    ("customer_balance_amount", "Store credit", false),
    ("reward_currency_amount", "Reward points", false),
    ("gw_price", "Gift wrapping", true),
    ("gw_items_price", "Gift wrapping of items", true),
    ("gw_card_price", "Greeting card", true),
];

/// A value of an order that stands elsewhere than its path says.
pub(crate) fn order_value(row: &Fields, path: &str, beside: &Beside) -> Option<Value> {
    let some = |text: String| (!text.is_empty()).then_some(Value::from(text));
    match path {
        LINES => Some(lines_value(&order_lines(row, beside))),
        TOTAL => Some(Value::Number(grand(row).unwrap_or_else(|| {
            order_lines(row, beside).iter().map(|line| line.net() + line.tax).sum()
        }))),
        TOTAL_TAX => Some(Value::Number(money(row, "tax_amount"))),
        CURRENCY => row.get("order_currency_code").cloned(),
        "phase" => some(phase(row)),
        "contact" => some(contact(row, beside)),
        "organization" => id_of_name(&organization(row)).map(Value::from),
        "organization_name" => some(organization(row)),
        "guest.email" => some(guest_email(row, beside)?),
        "guest.first_name" => guest_email(row, beside).and_then(|_| some(name(row).0)),
        "guest.last_name" => guest_email(row, beside).and_then(|_| some(name(row).1)),
        "payment_title" => some(payment_title(row)),
        "reference" => some(reference(row, beside)),
        _ => {
            if let Some(name) = path.strip_prefix("guest.") {
                guest_email(row, beside)?;
                return address_value(billing(row)?, guest_member(name));
            }
            if let Some(name) = path.strip_prefix("billing.") {
                return address_value(billing(row)?, name);
            }
            let name = path.strip_prefix("shipping.")?;
            address_value(shipping(row)?, name)
        }
    }
}

/// A value of an invoice; what it does not tell itself is its order's.
pub(crate) fn invoice_value(row: &Fields, path: &str, beside: &Beside) -> Option<Value> {
    let order = beside.orders.get(&text(row, "order_id"));
    match path {
        LINES => Some(lines_value(&invoice_lines(row, order?, beside))),
        TOTAL => Some(Value::Number(grand(row).unwrap_or_default())),
        TOTAL_TAX => Some(Value::Number(money(row, "tax_amount"))),
        CURRENCY => row.get("order_currency_code").cloned(),
        "reference" => {
            let reference = reference(row, beside);
            (!reference.is_empty()).then_some(Value::from(reference))
        }
        _ => {
            if let Some(path) = path.strip_prefix("order.") {
                return order_value(order?, path, beside).or_else(|| member(order?, path));
            }
            let shared = ["contact", "organization", "organization_name"].contains(&path)
                || ["guest.", "billing.", "shipping."].iter().any(|p| path.starts_with(p));
            if shared { order_value(order?, path, beside) } else { None }
        }
    }
}

const PEOPLE: &[&str] = &[
    "customer_id",
    "customer_is_guest",
    "customer_email",
    "customer_firstname",
    "customer_lastname",
    "billing_address",
];
const MONEY: &[&str] = &[
    "items",
    "grand_total",
    "tax_amount",
    "subtotal",
    "discount_amount",
    "shipping_amount",
    "shipping_tax_amount",
    "shipping_discount_amount",
    "shipping_discount_tax_compensation_amount",
    "discount_tax_compensation_amount",
    "shipping_description",
    "order_currency_code",
    "extension_attributes",
    "gift_cards_amount",
    "customer_balance_amount",
    "reward_currency_amount",
];

/// The members of an order behind a path.
pub(crate) fn needed(path: &str) -> Option<&'static [&'static str]> {
    Some(match path {
        LINES | TOTAL => MONEY,
        TOTAL_TAX => &["tax_amount"],
        CURRENCY => &["order_currency_code"],
        "phase" => &["status", "state"],
        "payment_title" => &["payment", "extension_attributes"],
        "reference" => &["increment_id"],
        "contact" | "organization" | "organization_name" => PEOPLE,
        _ if path.starts_with("guest.") => PEOPLE,
        _ if path.starts_with("billing.") => &["billing_address"],
        _ if path.starts_with("shipping.") => &["extension_attributes"],
        _ => return None,
    })
}

/// The members of an invoice behind a path.
pub(crate) fn invoice_needed(path: &str) -> Option<&'static [&'static str]> {
    let mine: &[&str] = match path {
        LINES => MONEY,
        TOTAL => &["grand_total"],
        TOTAL_TAX => &["tax_amount"],
        CURRENCY => &["order_currency_code"],
        "reference" => &["increment_id"],
        _ if of_order(path) => &["order_id"],
        _ => return None,
    };
    Some(mine)
}

/// Whether a path of an invoice is told by its order.
pub(crate) fn of_order(path: &str) -> bool {
    path == LINES
        || ["contact", "organization", "organization_name"].contains(&path)
        || ["guest.", "billing.", "shipping.", "order."].iter().any(|p| path.starts_with(p))
}

/// The e-mail address of an order without a customer.
pub(crate) fn guest_of(row: &Fields) -> Option<String> {
    if !text(row, "customer_id").is_empty() {
        return None;
    }
    let mail = text(row, "customer_email").trim().to_lowercase();
    (!mail.is_empty()).then_some(mail)
}

/// The guest's address, unless the address belongs to a customer after all.
fn guest_email(row: &Fields, beside: &Beside) -> Option<String> {
    guest_of(row).filter(|mail| !beside.customers.contains_key(mail))
}

fn guest_member(name: &str) -> &str {
    match name {
        "phone" => "telephone",
        "postcode" | "city" | "company" | "country_id" | "region" | "street_1" | "street_2" => name,
        other => other,
    }
}

/// The customer. A guest has no record, unless the address is a customer's by now.
fn contact(row: &Fields, beside: &Beside) -> String {
    match guest_of(row) {
        Some(mail) => beside.customers.get(&mail).cloned().unwrap_or_default(),
        None => text(row, "customer_id"),
    }
}

/// First and last name; those of the billing address where the order tells none.
fn name(row: &Fields) -> (String, String) {
    let own = (text(row, "customer_firstname"), text(row, "customer_lastname"));
    if !full_name(&own.0, &own.1).is_empty() {
        return own;
    }
    let of = |name| billing(row).map(|a| text(a, name)).unwrap_or_default();
    (of("firstname"), of("lastname"))
}

/// The company of the billing address, else the person, else the e-mail address: Vtiger demands an
/// organization for every order.
fn organization(row: &Fields) -> String {
    let company = billing(row).map(|a| text(a, "company").trim().to_owned()).unwrap_or_default();
    if !company.is_empty() {
        return company;
    }
    let (first, last) = name(row);
    let person = full_name(&first, &last);
    if person.is_empty() { text(row, "customer_email") } else { person }
}

fn billing(row: &Fields) -> Option<&Fields> {
    match row.get("billing_address") {
        Some(Value::Object(address)) => Some(address),
        _ => None,
    }
}

fn shipping(row: &Fields) -> Option<&Fields> {
    let Some(Value::Object(more)) = row.get("extension_attributes") else { return None };
    let Some(Value::List(list)) = more.get("shipping_assignments") else { return None };
    let Some(Value::Object(first)) = list.first() else { return None };
    let Some(Value::Object(shipping)) = first.get("shipping") else { return None };
    match shipping.get("address") {
        Some(Value::Object(address)) => Some(address),
        _ => None,
    }
}

/// The status, or the state behind a status that the shop has made for itself.
fn phase(row: &Fields) -> String {
    let (status, state) = (text(row, "status"), text(row, "state"));
    let known = OWN.contains(&status.as_str()) || state.is_empty();
    let phase = if known { status } else { state };
    // A new order's state is called otherwise than its status.
    if phase == "new" { "pending".into() } else { phase }
}

fn payment_title(row: &Fields) -> String {
    if let Some(Value::List(list)) = member(row, "extension_attributes.payment_additional_info") {
        for entry in &list {
            if let Value::Object(entry) = entry
                && text(entry, "key") == "method_title"
            {
                return text(entry, "value");
            }
        }
    }
    text(row, "payment.method")
}

/// The number with the shop behind it: another shop may have the same number.
fn reference(row: &Fields, beside: &Beside) -> String {
    let number = text(row, "increment_id");
    if number.is_empty() { number } else { format!("{number}@{}", beside.shop) }
}

fn grand(row: &Fields) -> Option<Decimal> {
    row.get("grand_total").and_then(decimal)
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => Decimal::from_str(text.trim()).ok(),
        _ => None,
    }
}

fn money(row: &Fields, path: &str) -> Decimal {
    member(row, path).as_ref().and_then(decimal).unwrap_or_default()
}

/// SKUs of lines that do not tell their product's id.
pub(crate) fn nameless(row: &Fields) -> Vec<String> {
    let items = objects(row.get("items")).into_iter();
    items.filter(|i| text(i, "product_id").is_empty()).map(|i| text(i, "sku")).collect()
}

#[cfg(test)]
mod tests;
