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
    /// Its product is gone from this side, which cannot tell any more which one it was; not compared.
    pub gone: bool,
}

impl Line {
    /// What the line costs without tax.
    pub fn net(&self) -> Decimal {
        self.quantity * self.price - self.discount
    }

    /// What a line without a product is called: its text, and its remark if it has one.
    pub fn label(&self) -> String {
        match (self.name.trim(), self.comment.trim()) {
            (name, "") => name.to_owned(),
            ("", comment) => comment.to_owned(),
            (name, comment) => format!("{name}: {comment}"),
        }
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
        if self.gone {
            fields.set("gone", true);
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
            gone: fields.get("gone") == Some(&Value::Bool(true)),
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

/// The lines of a side, with what the other side tells of those whose product is gone here: the line
/// in the same place, or else the only one, that has the same quantity and costs the same. `None`:
/// nothing has to be told.
pub fn with_products_of(value: &Value, other: &Value) -> Option<Value> {
    let mut lines = lines_of(value);
    if !lines.iter().any(|line| line.gone) {
        return None;
    }
    let others = lines_of(other);
    let same =
        |a: &Line, b: &Line| a.quantity == b.quantity && a.net().round_dp(2) == b.net().round_dp(2);
    for (at, line) in lines.iter_mut().enumerate().filter(|(_, line)| line.gone) {
        let mut alike = others.iter().filter(|other| same(line, other));
        let found = match others.get(at).filter(|other| same(line, other)) {
            Some(there) => Some(there),
            None => alike.next().filter(|_| alike.next().is_none()),
        };
        if let Some(there) = found {
            line.kind = there.kind;
            line.product.clone_from(&there.product);
            line.name.clone_from(&there.name);
            line.comment.clone_from(&there.comment);
        }
    }
    Some(lines_value(&lines))
}

/// What is compared of lines: one text, the same for lines that mean the same. Amounts count to the
/// cent, so that a side that divides a row's total by its quantity agrees with one that multiplies.
/// Of the taxes the sum counts, since a side may know one rate for the whole document only.
pub fn canonical_lines(value: &Value) -> String {
    let lines = lines_of(value);
    let cents = |amount: Decimal| amount.round_dp(2).normalize();
    let mut out = String::new();
    for line in &lines {
        let product = match line.kind {
            LineKind::Product if !line.product.is_empty() => line.product.clone(),
            kind => format!("{}:{}", kind.key(), comparable(&line.label())),
        };
        // A quantity with more decimals than a side can hold becomes one.
        let quantity = line.quantity.normalize();
        let quantity = if quantity.scale() > 3 { Decimal::ONE } else { quantity };
        out.push_str(&format!("{product} {quantity} {}\n", cents(line.net())));
    }
    let tax = cents(lines.iter().map(|line| line.tax).sum());
    if !tax.is_zero() {
        out.push_str(&format!("tax {tax}\n"));
    }
    out
}

/// A label as all systems can hold it: without case, runs of blanks, and characters that some leave
/// out.
fn comparable(label: &str) -> String {
    let held = |c: &char| *c <= '\u{ffff}' && (!c.is_control() || c.is_whitespace());
    let text: String = label.chars().filter(held).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
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
    fn one_rate_for_the_whole_document_means_the_same() {
        let extra = |kind, tax| Line {
            kind,
            name: "Flat  rate \u{1f381}".into(),
            quantity: Decimal::ONE,
            price: Decimal::from(10),
            tax,
            ..Line::default()
        };
        let two_rates =
            [Line { tax: Decimal::new(152, 2), ..cup() }, extra(LineKind::Shipping, Decimal::ZERO)];
        let mut one_rate = [
            Line { tax: Decimal::new(68, 2), ..cup() },
            extra(LineKind::Shipping, Decimal::new(84, 2)),
        ];
        one_rate[1].name = "flat rate".into();
        let text = |lines: &[Line]| canonical_lines(&lines_value(lines));
        assert_eq!(text(&two_rates), text(&one_rate));
        one_rate[1].tax = Decimal::new(85, 2);
        assert_ne!(text(&two_rates), text(&one_rate));
        let renamed = [cup(), Line { name: "Express".into(), ..two_rates[1].clone() }];
        assert_ne!(text(&two_rates), text(&renamed));
        let remark = Line { name: "Flat".into(), comment: "rate".into(), ..two_rates[1].clone() };
        assert_eq!(remark.label(), "Flat: rate");
    }

    #[test]
    fn a_line_whose_product_is_gone_is_what_the_other_side_tells() {
        let gone = |line: Line| Line { product: String::new(), gone: true, ..line };
        let dear = Line { price: Decimal::from(9), product: "14x4".into(), ..cup() };
        let there = lines_value(&[cup(), dear.clone()]);
        let text = canonical_lines(&there);
        let told = |lines: &[Line]| with_products_of(&lines_value(lines), &there);
        for lines in [[gone(cup()), dear.clone()], [cup(), gone(dear.clone())]] {
            assert_ne!(canonical_lines(&lines_value(&lines)), text);
            assert_eq!(canonical_lines(&told(&lines).unwrap()), text);
        }
        assert_eq!(told(&[cup(), dear]), None);
        let edited = [gone(Line { quantity: Decimal::from(7), ..cup() })];
        assert_ne!(canonical_lines(&told(&edited).unwrap()), text);
        assert_eq!(Line::from_value(&gone(cup()).to_value()), Some(gone(cup())));
    }

    #[test]
    fn what_is_no_list_has_no_lines() {
        assert!(lines_of(&Value::Text("x".into())).is_empty());
        assert_eq!(canonical_lines(&Value::Null), "");
    }
}
