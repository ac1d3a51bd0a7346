//! An invoice's line items in the neutral form of documents, and back.
//!
//! Zoho's rows have a discount and taxes of their own; the document has a discount, a tax and an
//! adjustment besides. Discount and tax of the document are spread over the lines by what they
//! cost, the adjustment is a fee, so that the lines add up to the grand total to the cent. When a
//! document is written, shipping and fees become the adjustment: Zoho has no rows without a
//! product.

use super::super::{ErrorKind, RemoteError};
use crate::model::document::{CURRENCY, LINES, Line, LineKind, TOTAL, TOTAL_TAX, lines_value};
use crate::model::{Fields, UserError, Value};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value as Json, json};
use std::str::FromStr;

/// What a fee is called that stands for the document's adjustment.
const ADJUSTMENT: &str = "Adjustment";
/// The members of a document that the lines are made of, besides the rows.
pub(crate) const MEMBERS: [&str; 5] = ["Discount", "Tax", "Adjustment", "Grand_Total", "Currency"];

/// A tax of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tax {
    /// Its name.
    pub(crate) name: String,
    /// Percent.
    pub(crate) rate: Decimal,
}

/// The paths of a document, from a whole record's members.
pub(crate) fn document(rows: &str, read: &Fields, home_currency: &str) -> Fields {
    let mut lines: Vec<Line> = match read.get(rows) {
        Some(Value::List(rows)) => rows.iter().filter_map(line).collect(),
        _ => Vec::new(),
    };
    let amount = |name: &str| read.get(name).map(number).unwrap_or_default();
    let nets: Vec<Decimal> = lines.iter().map(Line::net).collect();
    for (line, share) in lines.iter_mut().zip(shares(amount("Discount"), &nets)) {
        line.discount += share;
    }
    let nets: Vec<Decimal> = lines.iter().map(Line::net).collect();
    for (line, share) in lines.iter_mut().zip(shares(amount("Tax"), &nets)) {
        line.tax += share;
    }
    let sum: Decimal = lines.iter().map(|l| cents(l.net()) + l.tax).sum();
    let grand = read.get("Grand_Total").map(number);
    // The adjustment, and what rounding left over.
    let rest = grand.map_or_else(|| amount("Adjustment"), |grand| cents(grand - sum));
    if !rest.is_zero() {
        lines.push(Line {
            kind: LineKind::Fee,
            name: ADJUSTMENT.to_owned(),
            quantity: Decimal::ONE,
            price: rest,
            ..Line::default()
        });
    }
    let tax: Decimal = lines.iter().map(|l| l.tax).sum();
    let currency = read.get("Currency").map(Value::to_text).filter(|c| !c.is_empty());
    let mut fields = Fields::new();
    fields.set(LINES, lines_value(&lines));
    fields.set(TOTAL, Value::Number(grand.unwrap_or(sum + rest).normalize()));
    fields.set(TOTAL_TAX, Value::Number(tax.normalize()));
    fields.set(CURRENCY, currency.unwrap_or_else(|| home_currency.to_owned()));
    fields
}

fn number(value: &Value) -> Decimal {
    Decimal::from_str(value.to_text().trim()).unwrap_or_default()
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// An amount, spread over lines by what they cost; the last one takes what rounding leaves.
fn shares(amount: Decimal, nets: &[Decimal]) -> Vec<Decimal> {
    let total: Decimal = nets.iter().sum();
    if amount.is_zero() || total.is_zero() {
        return vec![Decimal::ZERO; nets.len()];
    }
    let mut left = amount;
    let last = nets.len().saturating_sub(1);
    let share = |(at, net): (usize, &Decimal)| {
        let share = if at == last { left } else { cents(amount * net / total) };
        left -= share;
        share
    };
    nets.iter().enumerate().map(share).collect()
}

fn line(row: &Value) -> Option<Line> {
    let Value::Object(row) = row else { return None };
    let text = |name: &str| row.get(name).map(Value::to_text).unwrap_or_default();
    let amount = |name: &str| row.get(name).map(number).unwrap_or_default();
    let product = match row.get("Product_Name") {
        Some(Value::Object(product)) => product.clone(),
        _ => Fields::new(),
    };
    let of_product = |name: &str| product.get(name).map(Value::to_text).unwrap_or_default();
    let (quantity, price) = (amount("Quantity"), amount("List_Price"));
    let gross = quantity * price;
    let discount = match text("Discount").trim().strip_suffix('%') {
        Some(percent) => cents(
            gross * Decimal::from_str(percent.trim()).unwrap_or_default() / Decimal::ONE_HUNDRED,
        ),
        None => amount("Discount"),
    };
    let taxes: Vec<Tax> = match row.get("Line_Tax") {
        Some(Value::List(taxes)) => taxes.iter().filter_map(line_tax).collect(),
        _ => Vec::new(),
    };
    let rate: Decimal = taxes.iter().map(|t| t.rate).sum();
    // Zoho's own amount if it tells one, since that is what the total is made of.
    let tax = match row.get("Tax") {
        Some(value) if !value.is_empty() => number(value),
        _ => cents((gross - discount) * rate / Decimal::ONE_HUNDRED),
    };
    let names: Vec<&str> = taxes.iter().map(|t| t.name.as_str()).collect();
    Some(Line {
        kind: LineKind::Product,
        id: text("id"),
        product: of_product("id"),
        sku: of_product("Product_Code"),
        name: of_product("name"),
        quantity,
        price,
        discount,
        tax,
        rate: (!taxes.is_empty()).then_some(rate),
        tax_name: names.join(" + "),
        comment: text("Description"),
        gone: false,
    })
}

fn line_tax(value: &Value) -> Option<Tax> {
    let Value::Object(tax) = value else { return None };
    let name = tax.get("name").map(Value::to_text).unwrap_or_default();
    Some(Tax { name, rate: tax.get("percentage").map(number)? })
}

/// The members that a document with these lines is written with. `held` are the ids of the rows
/// that the document has: they are changed in place, those that are too many are deleted, so that
/// writing twice leaves the same rows.
pub(crate) fn members(
    rows: &str,
    lines: &[Line],
    held: &[String],
    taxes: &[Tax],
) -> Result<Map<String, Json>, RemoteError> {
    let mut list = Vec::new();
    let mut rest = Decimal::ZERO;
    let mut held = held.iter();
    for line in lines {
        if line.kind != LineKind::Product || line.product.is_empty() {
            rest += cents(line.net()) + line.tax;
            continue;
        }
        let mut row = json!({
            "Product_Name": {"id": line.product},
            "Quantity": json_number(line.quantity),
            "List_Price": json_number(line.price),
            "Discount": json_number(line.discount),
            "Line_Tax": line_taxes(line, taxes)?,
        });
        if let Some(row) = row.as_object_mut() {
            if !line.comment.is_empty() {
                row.insert("Description".into(), line.comment.as_str().into());
            }
            if let Some(id) = held.next() {
                row.insert("id".into(), id.as_str().into());
            }
        }
        list.push(row);
    }
    if list.is_empty() {
        return Err(no_rows());
    }
    list.extend(held.map(|id| json!({"id": id, "_delete": null})));
    let mut members = Map::new();
    members.insert(rows.to_owned(), Json::Array(list));
    members.insert(ADJUSTMENT.to_owned(), json_number(rest));
    members.insert("Discount".to_owned(), 0.into());
    Ok(members)
}

/// A decimal as a JSON number.
pub(crate) fn json_number(number: Decimal) -> Json {
    let text = number.normalize().to_string();
    serde_json::from_str(&text).unwrap_or(Json::String(text))
}

fn line_taxes(line: &Line, taxes: &[Tax]) -> Result<Json, RemoteError> {
    let net = line.net();
    let rate = match line.rate {
        Some(rate) => rate,
        None if line.tax.is_zero() || net.is_zero() => Decimal::ZERO,
        None => (line.tax * Decimal::ONE_HUNDRED / net).round_dp(1),
    };
    if rate.is_zero() {
        return Ok(json!([]));
    }
    let fits = |tax: &&Tax| tax.rate == rate;
    let named = taxes.iter().filter(fits).find(|t| t.name.eq_ignore_ascii_case(&line.tax_name));
    let tax = named.or_else(|| taxes.iter().find(fits)).ok_or_else(|| no_tax(line, rate))?;
    Ok(json!([{"name": tax.name, "percentage": json_number(tax.rate)}]))
}

fn refused(what: String, why: &str, next: &str) -> RemoteError {
    let mut error = RemoteError::new(ErrorKind::Refused, UserError::new(what, why, next));
    error.field = Some(LINES.to_owned());
    error
}

fn no_tax(line: &Line, rate: Decimal) -> RemoteError {
    refused(
        format!("Zoho has no tax of {} % for the line \"{}\".", rate.normalize(), line.name),
        "Line items can only bear taxes that the organisation has.",
        "Add it in Zoho: Setup, Customization, Modules and Fields, Products, Tax rates.",
    )
}

fn no_rows() -> RemoteError {
    refused(
        "The invoice was not sent: no line has a product.".to_owned(),
        "Zoho's invoices need at least one line with a product.",
        "Give the invoice a line with a product that is synced.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::lines_of;

    fn read(json: Json) -> Fields {
        let text = json.to_string();
        let Value::Object(fields) = syncdeck_records::project::value(&text) else {
            panic!("{text}")
        };
        fields
    }

    fn dec(text: &str) -> Decimal {
        Decimal::from_str(text).unwrap()
    }

    #[test]
    fn lines_add_up_to_the_grand_total() {
        let invoice = read(json!({
            "Invoiced_Items": [
                {"id": "1", "Product_Name": {"id": "71", "name": "Cup", "Product_Code": "CUP"}, "Quantity": 3, "List_Price": 3.33,
                 "Discount": "5%", "Line_Tax": [{"name": "VAT", "percentage": 19}], "Tax": 1.8},
                {"id": "2", "Product_Name": {"id": "72", "name": "Pot"}, "Quantity": 1, "List_Price": 20, "Discount": 1.5, "Line_Tax": []}
            ],
            "Discount": 2, "Tax": 0.99, "Adjustment": -0.5, "Grand_Total": 27.78
        }));
        let made = document("Invoiced_Items", &invoice, "EUR");
        let lines = lines_of(made.get(LINES).unwrap());
        let sum: Decimal = lines.iter().map(|l| cents(l.net()) + l.tax).sum();
        assert_eq!(sum, dec("27.78"));
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0].rate, Some(dec("19")));
        assert_eq!((lines[0].product.as_str(), lines[0].sku.as_str()), ("71", "CUP"));
        assert_eq!(lines[2].name, "Adjustment");
        assert_eq!(made.get(TOTAL).map(Value::to_text).as_deref(), Some("27.78"));
        assert_eq!(made.get(CURRENCY), Some(&Value::from("EUR")));
    }

    #[test]
    fn rows_are_changed_in_place() {
        let line = |product: &str, rate: i64| Line {
            product: product.to_owned(),
            name: "Cup".into(),
            quantity: Decimal::from(2),
            price: dec("4.50"),
            rate: (rate > 0).then(|| Decimal::from(rate)),
            ..Line::default()
        };
        let shipping = Line {
            kind: LineKind::Shipping,
            quantity: Decimal::ONE,
            price: dec("4.9"),
            tax: dec("0.93"),
            ..Line::default()
        };
        let taxes = [Tax { name: "VAT".into(), rate: Decimal::from(19) }];
        let held = ["11", "12", "13"].map(str::to_owned);
        let made =
            members("Invoiced_Items", &[line("71", 19), line("72", 0), shipping], &held, &taxes)
                .unwrap();
        let rows = &made["Invoiced_Items"];
        assert_eq!((&rows[0]["id"], &rows[1]["id"]), (&json!("11"), &json!("12")));
        assert_eq!(rows[2], json!({"id": "13", "_delete": null}));
        assert_eq!(rows[0]["Line_Tax"], json!([{"name": "VAT", "percentage": 19}]));
        assert_eq!((&rows[0]["Quantity"], &rows[0]["List_Price"]), (&json!(2), &json!(4.5)));
        assert_eq!(made["Adjustment"], json!(5.83));
        let fresh = members("Invoiced_Items", &[line("71", 0)], &[], &taxes).unwrap();
        assert!(fresh["Invoiced_Items"][0].get("id").is_none());
        let strange = members("Invoiced_Items", &[line("71", 7)], &[], &taxes).unwrap_err();
        assert!(strange.error.what.contains("no tax of 7 %"), "{strange}");
        assert!(members("Invoiced_Items", &[], &[], &taxes).is_err());
    }
}
