//! Carts as shops fill them, with a calculator of their own: prices with and without tax, mixed
//! rates, coupons, line discounts, shipping, fees, three currencies, taxes rounded line by line or at
//! the end.

use rust_decimal::{Decimal, RoundingStrategy};
use syncdeck::model::document::{Line, LineKind};

/// Numbers that are always the same.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn one_in(&mut self, limit: u64) -> bool {
        self.below(limit) == 0
    }
}

/// Why a cart cannot arrive in the CRM as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Its currency is none of the CRM's.
    Currency,
    /// It has no lines.
    Empty,
    /// A line has no product, and nobody gave it a service.
    NoProduct,
}

/// A cart and what its shop says it costs.
#[derive(Debug, Clone)]
pub struct Cart {
    pub lines: Vec<Line>,
    pub currency: &'static str,
    pub total: Decimal,
    pub cause: Option<Cause>,
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// The rates of a few countries.
const RATES: [&[&str]; 5] =
    [&["19", "7", "0"], &["20", "10", "5.5"], &["8.1", "2.6"], &["25"], &["0"]];

/// A row of the cart before anything is divided up.
struct Row {
    product: String,
    quantity: Decimal,
    /// With or without tax, as the shop keeps prices.
    price: Decimal,
    rate: Decimal,
    discount: Decimal,
    kind: LineKind,
}

pub fn cart(dice: &mut Dice, products: &[String]) -> Cart {
    let rates = RATES[dice.below(5) as usize];
    let inclusive = dice.one_in(2);
    let at_the_end = dice.one_in(3);
    let mut rows: Vec<Row> = (0..1 + dice.below(6)).map(|_| row(dice, rates, products)).collect();
    coupon(dice, &mut rows);
    if !dice.one_in(3) {
        let price = Decimal::new(190 + dice.below(1500) as i64, 2);
        rows.push(extra(LineKind::Shipping, price, rates[0].parse().unwrap()));
    }
    if dice.one_in(6) {
        let sign = if dice.one_in(3) { -1 } else { 1 };
        let price = Decimal::new(sign * (50 + dice.below(400) as i64), 2);
        rows.push(extra(LineKind::Fee, price, Decimal::ZERO));
    }
    let mut cart = told(&rows, inclusive, at_the_end);
    cart.currency = ["EUR", "EUR", "USD", "GBP"][dice.below(4) as usize];
    match dice.below(600) {
        0 => (cart.currency, cart.cause) = ("CHF", Some(Cause::Currency)),
        1 => (cart.lines, cart.cause) = (Vec::new(), Some(Cause::Empty)),
        2 => (cart.lines[0].product, cart.cause) = (String::new(), Some(Cause::NoProduct)),
        _ => {}
    }
    cart
}

fn row(dice: &mut Dice, rates: &[&str], products: &[String]) -> Row {
    let quantity = match dice.below(20) {
        0 => Decimal::new(1 + dice.below(5000) as i64, 3),
        1 => Decimal::new(1 + dice.below(50_000) as i64, 4),
        _ => Decimal::from(1 + dice.below(12)),
    };
    let price = match dice.below(15) {
        0 => Decimal::new(1 + dice.below(90_000) as i64, 4),
        1 => Decimal::ZERO,
        _ => Decimal::new(1 + dice.below(60_000) as i64, 2),
    };
    let discount = match dice.below(4) {
        0 => cents(price * quantity * Decimal::new(dice.below(100) as i64, 2)),
        _ => Decimal::ZERO,
    };
    Row {
        product: products[dice.below(products.len() as u64) as usize].clone(),
        quantity,
        price,
        rate: rates[dice.below(rates.len() as u64) as usize].parse().unwrap(),
        discount,
        kind: LineKind::Product,
    }
}

fn extra(kind: LineKind, price: Decimal, rate: Decimal) -> Row {
    let (product, quantity) = ("26x3".to_owned(), Decimal::ONE);
    Row { product, quantity, price, rate, discount: Decimal::ZERO, kind }
}

/// A coupon over the whole cart, divided up by what the rows cost; the last one takes the rest.
fn coupon(dice: &mut Dice, rows: &mut [Row]) {
    if !dice.one_in(4) {
        return;
    }
    let worth = |row: &Row| row.price * row.quantity - row.discount;
    let all: Decimal = rows.iter().map(worth).sum();
    let amount = cents(all * Decimal::new(5 + dice.below(60) as i64, 2));
    let mut left = amount;
    let last = rows.len() - 1;
    for (n, row) in rows.iter_mut().enumerate() {
        let part = if n == last || all.is_zero() { left } else { cents(amount * worth(row) / all) };
        let part = part.min(cents(worth(row)));
        row.discount += part;
        left -= part;
    }
}

/// The cart as a shop tells it: net prices, taxes for each line, the total.
fn told(rows: &[Row], inclusive: bool, at_the_end: bool) -> Cart {
    let hundred = Decimal::ONE_HUNDRED;
    let mut lines = Vec::new();
    let mut total = Decimal::ZERO;
    for row in rows {
        let worth = row.price * row.quantity;
        let paid = worth - row.discount;
        let (net, tax) = if inclusive {
            let tax = paid * row.rate / (hundred + row.rate);
            let tax = if at_the_end { tax } else { cents(tax) };
            (paid - tax, tax)
        } else {
            let tax = paid * row.rate / hundred;
            (paid, if at_the_end { tax } else { cents(tax) })
        };
        total += net + tax;
        // Net prices of one piece, where the shop's prices have the tax in them.
        let factor = if inclusive { hundred / (hundred + row.rate) } else { Decimal::ONE };
        let (price, discount) = (row.price * factor, row.price * factor * row.quantity - net);
        lines.push(Line {
            kind: row.kind,
            product: row.product.clone(),
            name: "Thing".into(),
            quantity: row.quantity,
            price,
            discount,
            tax,
            rate: Some(row.rate),
            ..Line::default()
        });
    }
    Cart { lines, currency: "EUR", total: cents(total), cause: None }
}
