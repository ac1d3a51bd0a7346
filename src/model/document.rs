//! Orders and invoices as all systems can tell them: lines with net prices, and totals.
//!
//! Each connector turns its own line items into these and back. In a [`super::Record`] the lines
//! stand at the path [`LINES`] as a list of objects; the totals at the paths below `totals.`.

use super::{Fields, Value};
use rust_decimal::Decimal;
use std::str::FromStr;

/// The path of a document's lines.
pub const LINES: &str = "lines";
/// What the customer pays, with taxes, shipping and fees.
pub const TOTAL: &str = "totals.grand";
/// All taxes together.
pub const TOTAL_TAX: &str = "totals.tax";
/// The document's currency, as an ISO 4217 code.
pub const CURRENCY: &str = "currency";

/// What a line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LineKind {
    /// Goods or services that were sold.
    #[default]
    Product,
    /// Shipping.
    Shipping,
    /// A fee, or a reduction that belongs to no product (then its price is negative).
    Fee,
}

impl LineKind {
    /// The word in a record's fields.
    pub fn key(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Shipping => "shipping",
            Self::Fee => "fee",
        }
    }

    fn read(text: &str) -> Self {
        match text {
            "shipping" => Self::Shipping,
            "fee" => Self::Fee,
            _ => Self::Product,
        }
    }
}

/// A line of a document. Amounts are net (without tax), in the document's currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// What it stands for.
    pub kind: LineKind,
    /// The id that this side gives the line, if it keeps one; not compared.
    pub id: String,
    /// The id of the product or service on this side; empty for a line without one. The engine
    /// turns it into the id of the linked record of the other side.
    pub product: String,
    /// The product's SKU or code, if the line tells it; not compared.
    pub sku: String,
    /// The line's text.
    pub name: String,
    /// How many.
    pub quantity: Decimal,
    /// Price of one, before any discount.
    pub price: Decimal,
    /// What is taken off the whole line: line discounts and the line's part of coupons.
    pub discount: Decimal,
    /// The tax of the whole line.
    pub tax: Decimal,
    /// The rate of that tax in percent, if the line has one rate and the system tells it.
    pub rate: Option<Decimal>,
    /// The name of that rate (`VAT`), if the system tells it; not compared.
    pub tax_name: String,
    /// A remark.
    pub comment: String,
}

impl Line {
    /// What the line costs without tax.
    pub fn net(&self) -> Decimal {
        self.quantity * self.price - self.discount
    }

    /// The line as a value of a record.
    pub fn to_value(&self) -> Value {
        let mut fields = Fields::new();
        fields.set("kind", self.kind.key());
        let texts = [
            ("id", &self.id),
            ("product", &self.product),
            ("sku", &self.sku),
            ("name", &self.name),
            ("tax_name", &self.tax_name),
            ("comment", &self.comment),
        ];
        for (key, text) in texts {
            if !text.is_empty() {
                fields.set(key, text.as_str());
            }
        }
        let numbers = [
            ("quantity", Some(self.quantity)),
            ("price", Some(self.price)),
            ("discount", (!self.discount.is_zero()).then_some(self.discount)),
            ("tax", (!self.tax.is_zero()).then_some(self.tax)),
            ("rate", self.rate),
        ];
        for (key, number) in numbers {
            if let Some(number) = number {
                fields.set(key, Value::Number(number.normalize()));
            }
        }
        Value::Object(fields)
    }

    /// The line that a value tells; `None` if the value is no object.
    pub fn from_value(value: &Value) -> Option<Self> {
        let Value::Object(fields) = value else { return None };
        let text = |key: &str| fields.get(key).map(Value::to_text).unwrap_or_default();
        let number = |key: &str| Decimal::from_str(text(key).trim()).ok();
        Some(Self {
            kind: LineKind::read(&text("kind")),
            id: text("id"),
            product: text("product"),
            sku: text("sku"),
            name: text("name"),
            quantity: number("quantity").unwrap_or_default(),
            price: number("price").unwrap_or_default(),
            discount: number("discount").unwrap_or_default(),
            tax: number("tax").unwrap_or_default(),
            rate: number("rate"),
            tax_name: text("tax_name"),
            comment: text("comment"),
        })
    }

    /// The line in words: `2 × Cup (CUP-1) at 4.50, less 1.00, 19 % tax`.
    pub fn shown(&self) -> String {
        let mut text = format!("{} × {}", self.quantity.normalize(), self.name.trim());
        if !self.sku.is_empty() {
            text.push_str(&format!(" ({})", self.sku));
        }
        text.push_str(&format!(" at {}", self.price.normalize()));
        if !self.discount.is_zero() {
            text.push_str(&format!(", less {}", self.discount.normalize()));
        }
        match self.rate {
            Some(rate) if !rate.is_zero() => {
                text.push_str(&format!(", {} % tax", rate.normalize()));
            }
            _ if !self.tax.is_zero() => {
                text.push_str(&format!(", {} tax", self.tax.normalize()));
            }
            _ => {}
        }
        text
    }
}

/// The lines that a record's value tells; empty if it tells none.
pub fn lines_of(value: &Value) -> Vec<Line> {
    match value {
        Value::List(items) => items.iter().filter_map(Line::from_value).collect(),
        _ => Vec::new(),
    }
}

/// Lines as a record's value.
pub fn lines_value(lines: &[Line]) -> Value {
    Value::List(lines.iter().map(Line::to_value).collect())
}

/// What is compared of lines: one text, the same for lines that mean the same. Amounts count to the
/// cent, so that a side that divides a row's total by its quantity agrees with one that multiplies.
pub fn canonical_lines(value: &Value) -> String {
    let mut out = String::new();
    for line in lines_of(value) {
        let cents = |amount: Decimal| amount.round_dp(2).normalize();
        let product = match line.kind {
            LineKind::Product if !line.product.is_empty() => line.product.clone(),
            kind => format!("{}:{}", kind.key(), line.name.trim().to_lowercase()),
        };
        let row = format!(
            "{product} {} {} {}\n",
            line.quantity.normalize(),
            cents(line.net()),
            cents(line.tax)
        );
        out.push_str(&row);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cup() -> Line {
        Line {
            product: "14x3".into(),
            sku: "CUP-1".into(),
            name: "Cup".into(),
            quantity: Decimal::from(2),
            price: Decimal::new(450, 2),
            discount: Decimal::ONE,
            tax: Decimal::new(152, 2),
            rate: Some(Decimal::from(19)),
            ..Line::default()
        }
    }

    #[test]
    fn a_line_survives_the_way_through_a_record() {
        let line = cup();
        assert_eq!(Line::from_value(&line.to_value()), Some(line.clone()));
        assert_eq!(line.net(), Decimal::from(8));
        assert_eq!(line.shown(), "2 × Cup (CUP-1) at 4.5, less 1, 19 % tax");
        assert_eq!(Line::from_value(&Value::Null), None);
    }

    #[test]
    fn lines_that_mean_the_same_compare_equal() {
        let third = Line { quantity: Decimal::from(3), ..Line::default() };
        let a = Line { price: Decimal::new(333_333_333, 8), ..third.clone() };
        let b = Line { price: Decimal::new(10, 0) / Decimal::from(3), ..third };
        assert_eq!(
            canonical_lines(&lines_value(std::slice::from_ref(&a))),
            canonical_lines(&lines_value(&[b]))
        );
        let dearer = Line { price: Decimal::new(335, 2), ..a.clone() };
        assert_ne!(canonical_lines(&lines_value(&[a])), canonical_lines(&lines_value(&[dearer])));
    }

    #[test]
    fn what_is_no_list_has_no_lines() {
        assert!(lines_of(&Value::Text("x".into())).is_empty());
        assert_eq!(canonical_lines(&Value::Null), "");
    }
}
