//! Orders and invoices as neutral lines, and the paths that an order tells of its people.
//!
//! Magento writes a configurable product twice (the parent has the price, the child is the variant
//! that was sold) and a bundle as a parent with its parts; which of them has the money depends on
//! the bundle. What the total holds beside the lines becomes a line of its own.

use super::companies::id_of_name;
use super::customers::{address_value, full_name};
use super::records::{Beside, member, text};
use crate::model::document::{CURRENCY, LINES, Line, LineKind, TOTAL, TOTAL_TAX, lines_value};
use crate::model::{Fields, Value};
use rust_decimal::Decimal;
use std::collections::HashMap;
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

/// The first part of the id of a guest, who has no record.
const GUEST: &str = "guest:";

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
    let some = |text: String| (!text.is_empty()).then_some(Value::Text(text));
    match path {
        LINES => Some(lines_value(&order_lines(row, beside))),
        TOTAL => Some(Value::Number(grand(row).unwrap_or_else(|| {
            order_lines(row, beside).iter().map(|line| line.net() + line.tax).sum()
        }))),
        TOTAL_TAX => Some(Value::Number(money(row, "tax_amount"))),
        CURRENCY => row.get("order_currency_code").cloned(),
        "phase" => some(phase(row)),
        "contact" => some(contact(row, beside)),
        "organization" => id_of_name(&organization(row)).map(Value::Text),
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
            (!reference.is_empty()).then_some(Value::Text(reference))
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

/// The customer, or what stands for a guest.
fn contact(row: &Fields, beside: &Beside) -> String {
    let id = text(row, "customer_id");
    match guest_of(row) {
        Some(mail) => match beside.customers.get(&mail) {
            Some(customer) => customer.clone(),
            None => format!("{GUEST}{mail}"),
        },
        None => id,
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

/// An item of an order or invoice, as far as its line needs it.
#[derive(Debug, Clone, Default)]
struct Item {
    id: String,
    parent: Option<String>,
    kind: String,
    sku: String,
    product: String,
    name: String,
    quantity: Decimal,
    price: Decimal,
    row: Decimal,
    /// What is taken off the row, without tax.
    discount: Decimal,
    tax: Decimal,
    rate: Option<Decimal>,
    tax_name: String,
    fixed_tax: Decimal,
}

/// The sums of a document beside its items.
struct Totals {
    grand: Option<Decimal>,
    shipping: Decimal,
    shipping_tax: Decimal,
    shipping_discount: Decimal,
    shipping_name: String,
}

/// The lines of an order.
pub(crate) fn order_lines(row: &Fields, beside: &Beside) -> Vec<Line> {
    let names = tax_names(row);
    let items = objects(row.get("items"));
    let items: Vec<Item> =
        items.into_iter().map(|item| order_item(item, &names, "qty_ordered", beside)).collect();
    let totals = Totals {
        grand: grand(row),
        shipping: money(row, "shipping_amount"),
        shipping_tax: money(row, "shipping_tax_amount"),
        shipping_discount: money(row, "shipping_discount_amount")
            - money(row, "shipping_discount_tax_compensation_amount"),
        shipping_name: text(row, "shipping_description"),
    };
    lines(&items, totals, row)
}

/// The lines of an invoice. Which item belongs to which stands in the order only.
fn invoice_lines(row: &Fields, order: &Fields, beside: &Beside) -> Vec<Line> {
    let names = tax_names(order);
    let ordered: HashMap<String, &Fields> =
        objects(order.get("items")).into_iter().map(|item| (text(item, "item_id"), item)).collect();
    let mut items = Vec::new();
    let mut item_discounts = Decimal::ZERO;
    for item in objects(row.get("items")) {
        let id = text(item, "order_item_id");
        let mut own = order_item(item, &names, "qty", beside);
        own.id.clone_from(&id);
        if let Some(ordered) = ordered.get(&id) {
            let of_order = order_item(ordered, &names, "qty_ordered", beside);
            own.parent = of_order.parent;
            own.kind = of_order.kind;
            own.rate = of_order.rate;
            own.tax_name = of_order.tax_name;
            if own.product.is_empty() {
                own.product = of_order.product;
            }
        }
        item_discounts += money(item, "discount_amount");
        items.push(own);
    }
    // An invoice tells its whole discount; what no item has was taken off the shipping.
    let shipping = money(row, "shipping_amount");
    let rest = money(row, "discount_amount").abs() - item_discounts;
    let shipping_discount = if shipping > Decimal::ZERO && rest > Decimal::ZERO {
        rest.min(money(order, "shipping_discount_amount"))
            - money(row, "shipping_discount_tax_compensation_amount")
    } else {
        Decimal::ZERO
    };
    let totals = Totals {
        grand: grand(row),
        shipping,
        shipping_tax: money(row, "shipping_tax_amount"),
        shipping_discount,
        shipping_name: text(order, "shipping_description"),
    };
    lines(&items, totals, row)
}

fn objects(value: Option<&Value>) -> Vec<&Fields> {
    match value {
        Some(Value::List(list)) => list
            .iter()
            .filter_map(|entry| match entry {
                Value::Object(fields) => Some(fields),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn order_item(
    item: &Fields,
    names: &HashMap<String, String>,
    count: &str,
    beside: &Beside,
) -> Item {
    let id = text(item, "item_id");
    let sku = text(item, "sku");
    let product = text(item, "product_id");
    let parent = text(item, "parent_item_id");
    let nested = text(item, "parent_item.item_id");
    let parent = [parent, nested].into_iter().find(|p| !p.is_empty() && p != "0");
    let tax = money(item, "tax_amount");
    Item {
        parent,
        kind: text(item, "product_type"),
        product: if product.is_empty() {
            beside.products.get(&sku.to_lowercase()).cloned().unwrap_or_default()
        } else {
            product
        },
        name: text(item, "name"),
        quantity: money(item, count),
        price: money(item, "price"),
        row: money(item, "row_total"),
        discount: money(item, "discount_amount").abs()
            - money(item, "discount_tax_compensation_amount"),
        tax,
        rate: item.get("tax_percent").and_then(decimal),
        tax_name: names.get(&id).cloned().unwrap_or_default(),
        fixed_tax: money(item, "weee_tax_applied_row_amount"),
        sku,
        id,
    }
}

/// The title of the one tax of each item.
fn tax_names(order: &Fields) -> HashMap<String, String> {
    let taxes = member(order, "extension_attributes.item_applied_taxes");
    let mut names = HashMap::new();
    for entry in objects(taxes.as_ref()) {
        if let [only] = objects(entry.get("applied_taxes")).as_slice() {
            names.insert(text(entry, "item_id"), text(only, "title"));
        }
    }
    names
}

/// The lines of items, of shipping, and of what the total holds beside them.
fn lines(items: &[Item], totals: Totals, row: &Fields) -> Vec<Line> {
    let mut lines: Vec<Line> = sold(items).iter().map(line).collect();
    let shipped = !totals.shipping.is_zero() || !totals.shipping_tax.is_zero();
    if shipped {
        lines.push(Line {
            kind: LineKind::Shipping,
            name: if totals.shipping_name.is_empty() {
                "Shipping".into()
            } else {
                totals.shipping_name
            },
            quantity: Decimal::ONE,
            price: totals.shipping,
            discount: totals.shipping_discount,
            tax: totals.shipping_tax,
            ..Line::default()
        });
    }
    if let Some(grand) = totals.grand {
        let fixed: Decimal = items.iter().map(|item| item.fixed_tax).sum();
        lines.extend(rest(grand, &lines, fixed, row));
    }
    lines
}

fn fee(name: &str, amount: Decimal) -> Line {
    Line {
        kind: LineKind::Fee,
        name: name.to_owned(),
        quantity: Decimal::ONE,
        price: amount,
        ..Line::default()
    }
}

/// What the total has and no line tells: by name where Magento names it.
fn rest(grand: Decimal, lines: &[Line], fixed_tax: Decimal, row: &Fields) -> Vec<Line> {
    let told: Decimal = lines.iter().map(|line| line.net() + line.tax).sum();
    let mut rest = grand - told;
    let mut fees = Vec::new();
    let named = BESIDE.iter().map(|(member, name, adds)| {
        let amount = money(row, member) + money(row, &format!("extension_attributes.{member}"));
        (*name, if *adds { amount } else { -amount })
    });
    for (name, amount) in [("Fixed product tax", fixed_tax)].into_iter().chain(named) {
        // Taken for the cause only if it explains a part of the rest.
        if !amount.is_zero() && (rest - amount).abs() < rest.abs() {
            rest -= amount;
            fees.push(fee(name, amount));
        }
    }
    let cent = Decimal::new(5, 3);
    if rest.abs() >= cent {
        let name = match rest {
            rest if rest.abs() <= Decimal::new(5, 2) => "Rounding",
            rest if rest.is_sign_negative() => "Other reductions",
            _ => "Other charges",
        };
        fees.push(fee(name, rest.round_dp(2)));
    }
    fees
}

/// The items that were sold, each once, with the money that counts.
fn sold(items: &[Item]) -> Vec<Item> {
    let mut sold = Vec::new();
    for item in items {
        if let Some(parent) = item.parent.as_ref().filter(|p| items.iter().any(|i| i.id == **p)) {
            let _ = parent;
            continue;
        }
        let children: Vec<&Item> =
            items.iter().filter(|i| i.parent.as_deref() == Some(item.id.as_str())).collect();
        let of_children: Decimal = children.iter().map(|c| c.row).sum();
        match children.as_slice() {
            [child, ..] if item.kind != "bundle" => {
                let mut variant = item.clone();
                if !child.product.is_empty() {
                    variant.product.clone_from(&child.product);
                }
                sold.push(variant);
            }
            [_, ..] if !of_children.is_zero() => sold.extend(parts(item, &children)),
            _ => sold.push(item.clone()),
        }
    }
    sold.retain(|item| !item.quantity.is_zero() || !item.row.is_zero());
    sold
}

/// The parts of a bundle whose parts have prices of their own. Where discount or tax stand at the
/// bundle only, they are spread over the parts.
fn parts(bundle: &Item, children: &[&Item]) -> Vec<Item> {
    let mut parts: Vec<Item> = children.iter().map(|c| (*c).clone()).collect();
    if parts.iter().all(|p| p.discount.is_zero()) {
        spread(bundle.discount, &mut parts, |part| &mut part.discount);
    }
    if parts.iter().all(|p| p.tax.is_zero()) {
        spread(bundle.tax, &mut parts, |part| &mut part.tax);
    }
    parts
}

/// Spreads an amount by the rows, in cents, the last one taking what is left.
fn spread(amount: Decimal, parts: &mut [Item], of: impl Fn(&mut Item) -> &mut Decimal) {
    let whole: Decimal = parts.iter().map(|p| p.row).sum();
    if amount.is_zero() || whole.is_zero() {
        return;
    }
    let mut left = amount;
    let count = parts.len();
    for (at, part) in parts.iter_mut().enumerate() {
        let share = if at + 1 == count { left } else { (amount * part.row / whole).round_dp(2) };
        left -= share;
        *of(part) = share;
    }
}

fn line(item: &Item) -> Line {
    let exact = item.price * item.quantity == item.row;
    let price = if exact || item.quantity.is_zero() {
        item.price
    } else {
        // Magento rounds the row, not the price; eight decimals keep every cent.
        (item.row / item.quantity).round_dp(8)
    };
    Line {
        kind: LineKind::Product,
        id: item.id.clone(),
        product: item.product.clone(),
        sku: item.sku.clone(),
        name: item.name.clone(),
        quantity: if item.quantity.is_zero() { Decimal::ONE } else { item.quantity },
        price: if item.quantity.is_zero() { item.row } else { price },
        discount: item.discount,
        tax: item.tax,
        rate: item.rate,
        tax_name: item.tax_name.clone(),
        comment: String::new(),
    }
}

/// SKUs of lines that do not tell their product's id.
pub(crate) fn nameless(row: &Fields) -> Vec<String> {
    let items = objects(row.get("items")).into_iter();
    items.filter(|i| text(i, "product_id").is_empty()).map(|i| text(i, "sku")).collect()
}

#[cfg(test)]
mod tests;
