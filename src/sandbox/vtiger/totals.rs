//! How Vtiger computes the totals of a document from its lines.

use rust_decimal::Decimal;

/// A line, as far as totals go.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// Quantity times price, less the line's discount.
    pub net: Decimal,
    /// The taxes that were sent with the line; `None`: none was named at all.
    pub given: Option<Vec<(String, Decimal)>>,
    /// The taxes of its product.
    pub own: Vec<(String, Decimal)>,
}

/// What the document itself says.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// Each line is taxed by itself; else all by the taxes of the first.
    pub individual: bool,
    /// A discount in percent; 0: the amount counts.
    pub discount_percent: Decimal,
    /// A discount as an amount.
    pub discount: Decimal,
    /// Shipping.
    pub shipping: Decimal,
    /// The sum of the rates on shipping.
    pub shipping_rate: Decimal,
    /// Added at the end, may be negative.
    pub adjustment: Decimal,
}

/// The totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// `hdnSubTotal`.
    pub sub: Decimal,
    /// `pre_tax_total`.
    pub before_tax: Decimal,
    /// `hdnGrandTotal`.
    pub grand: Decimal,
}

fn percent(amount: Decimal, rate: Decimal) -> Decimal {
    amount * rate / Decimal::ONE_HUNDRED
}

fn sum(taxes: &[(String, Decimal)]) -> Decimal {
    taxes.iter().map(|(_, rate)| *rate).sum()
}

/// The rate of a line that is taxed by itself: what was sent counts, but only where the product has
/// that tax.
fn own_rate(line: &Line) -> Decimal {
    match &line.given {
        None => sum(&line.own),
        Some(given) => {
            let has = |name: &str| line.own.iter().any(|(own, _)| own == name);
            given.iter().filter(|(name, _)| has(name)).map(|(_, rate)| *rate).sum()
        }
    }
}

/// The totals of a document.
pub fn compute(lines: &[Line], header: &Header) -> Totals {
    let net: Decimal = lines.iter().map(|line| line.net).sum();
    let taxed: Decimal = lines.iter().map(|line| percent(line.net, own_rate(line))).sum();
    let sub = if header.individual { net + taxed } else { net };
    let discount = if header.discount_percent.is_zero() {
        header.discount
    } else {
        percent(sub, header.discount_percent)
    };
    let base = sub - discount;
    let tax = if header.individual {
        Decimal::ZERO
    } else {
        let first = lines.first().and_then(|line| line.given.as_deref()).unwrap_or_default();
        percent(base, sum(first))
    };
    let shipping = header.shipping + percent(header.shipping, header.shipping_rate);
    let before_tax = net - discount + header.shipping;
    Totals { sub, before_tax, grand: base + tax + shipping + header.adjustment }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(net: i64, given: &[(&str, i64)], own: &[(&str, i64)]) -> Line {
        let taxes = |list: &[(&str, i64)]| -> Vec<(String, Decimal)> {
            list.iter().map(|(name, rate)| ((*name).to_owned(), Decimal::from(*rate))).collect()
        };
        let given = (!given.is_empty()).then(|| taxes(given));
        Line { net: Decimal::from(net), given, own: taxes(own) }
    }

    fn grand(lines: &[Line], header: &Header) -> String {
        compute(lines, header).grand.normalize().to_string()
    }

    #[test]
    fn a_group_is_taxed_by_its_first_line() {
        let lines = [line(100, &[("tax1", 7)], &[]), line(50, &[("tax1", 19)], &[])];
        let header = Header { discount: Decimal::TEN, ..Header::default() };
        let totals = compute(&lines, &header);
        assert_eq!(totals.sub, Decimal::from(150));
        assert_eq!(totals.before_tax, Decimal::from(140));
        assert_eq!(totals.grand.normalize().to_string(), "149.8");
        assert_eq!(grand(&[line(100, &[], &[("tax1", 7)])], &Header::default()), "100");
    }

    #[test]
    fn individual_lines_have_the_taxes_of_their_product_only() {
        let header = Header { individual: true, ..Header::default() };
        let own = &[("tax1", 5), ("tax2", 10)];
        assert_eq!(grand(&[line(100, &[], own)], &header), "115");
        assert_eq!(grand(&[line(100, &[("tax1", 7)], own)], &header), "107");
        assert_eq!(grand(&[line(100, &[("tax3", 7)], own)], &header), "100");
        assert_eq!(compute(&[line(100, &[], own)], &header).sub, Decimal::from(115));
    }

    #[test]
    fn shipping_and_adjustment_come_on_top() {
        let header = Header {
            shipping: Decimal::from(8),
            shipping_rate: Decimal::new(45, 1),
            adjustment: Decimal::new(-1, 2),
            discount_percent: Decimal::TEN,
            ..Header::default()
        };
        assert_eq!(grand(&[line(100, &[("tax1", 10)], &[])], &header), "107.35");
    }
}
