//! The lines of orders and invoices: goods, shipping, and what else the total holds.

use super::super::records::{Beside, member, text};
use super::{BESIDE, decimal, grand, money};
use crate::model::Fields;
use crate::model::Value;
use crate::model::document::{Line, LineKind};
use rust_decimal::Decimal;
use std::collections::HashMap;

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
pub(super) fn invoice_lines(row: &Fields, order: &Fields, beside: &Beside) -> Vec<Line> {
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

pub(super) fn objects(value: Option<&Value>) -> Vec<&Fields> {
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
        gone: false,
    }
}
