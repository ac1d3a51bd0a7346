//! The lines of a document add up to its grand total. Vtiger rounds nothing before the end, taxes
//! charges without a line, and stores taxes that it does not count: what the lines lack of the total,
//! or have too much, is put where it belongs.

use crate::model::document::{Line, LineKind};
use rust_decimal::Decimal;

/// The highest rate that is believed of charges, in percent.
const HIGHEST: u32 = 30;

/// Makes the lines add up to `grand`.
pub(crate) fn agree(lines: &mut Vec<Line>, grand: Decimal) {
    let sum: Decimal = lines.iter().map(|line| line.net() + line.tax).sum();
    let rest = (grand - sum).round_dp(2);
    if rest.is_zero() || lines.is_empty() {
        return;
    }
    let taxed = lines.iter().filter(|line| !line.tax.is_zero()).count();
    let small = rest.abs() <= Decimal::new(taxed as i64, 2);
    let largest = lines.iter_mut().max_by_key(|line| line.tax.abs());
    if let Some(line) = largest.filter(|_| small) {
        line.tax = (line.tax + rest).normalize();
        return;
    }
    let most = |price: Decimal| price * Decimal::from(HIGHEST) / Decimal::ONE_HUNDRED;
    let charge = lines.iter_mut().find(|line| {
        line.kind == LineKind::Shipping && line.product.is_empty() && line.tax.is_zero()
    });
    if let Some(line) = charge.filter(|line| rest > Decimal::ZERO && rest <= most(line.price)) {
        line.tax = rest.normalize();
        return;
    }
    let name =
        if rest.abs() <= Decimal::new(5, 2) { "Rounding" } else { "Difference to the total" };
    lines.push(Line {
        kind: LineKind::Fee,
        name: name.to_owned(),
        quantity: Decimal::ONE,
        price: rest.normalize(),
        ..Line::default()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn line(kind: LineKind, price: &str, tax: &str) -> Line {
        Line { kind, quantity: Decimal::ONE, price: dec(price), tax: dec(tax), ..Line::default() }
    }

    fn agreed(lines: &[Line], grand: &str) -> Vec<(String, Decimal, Decimal)> {
        let mut lines = lines.to_vec();
        agree(&mut lines, dec(grand));
        let sum: Decimal = lines.iter().map(|l| l.net() + l.tax).sum();
        assert!((sum - dec(grand)).abs() < dec("0.005"), "{lines:?}");
        lines.into_iter().map(|l| (l.name, l.price, l.tax)).collect()
    }

    #[test]
    fn a_rest_goes_where_it_belongs() {
        use LineKind::{Product, Shipping};
        let goods = [line(Product, "10.30", "1.96"), line(Product, "5", "0.95")];
        let named = |name: &str, price: &str, tax: &str| (name.to_owned(), dec(price), dec(tax));
        assert_eq!(agreed(&goods, "18.21").len(), 2);
        assert_eq!(agreed(&goods, "18.22")[0], named("", "10.30", "1.97"), "rounding of the tax");
        assert_eq!(agreed(&goods, "18.81")[2], named("Difference to the total", "0.6", "0"));
        let untaxed = [line(Product, "10.331", "0")];
        assert_eq!(agreed(&untaxed, "10.37")[1], named("Rounding", "0.04", "0"));
        let sent = [goods[0].clone(), line(Shipping, "8", "0")];
        assert_eq!(agreed(&sent, "20.62")[1], named("", "8", "0.36"), "the tax on charges");
        assert_eq!(agreed(&sent, "60.26").len(), 3);
        assert_eq!(agreed(&[], "0").len(), 0);
    }
}
