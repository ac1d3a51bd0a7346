//! Vtiger's orders and invoices and their lines.
//!
//! Every order has one to three products and shipping; every second order has an invoice with the
//! same lines. So a line's document, and a document's lines, are arithmetic.

use std::ops::Range;

use rust_decimal::{Decimal, RoundingStrategy};

use super::deck::{Side, Trait};
use super::mix::mix;
use super::person::Person;
use super::product::Product;
use super::world::{Kind, World};
use super::{Fact, Part};
use crate::sandbox::clock::push_stamp;
use crate::sandbox::text::push_number;

const PAPER: u64 = 0x5041;
const DAY: i64 = 86_400;

/// The service that shipping is a line of.
pub const SHIPPING: &str = "26x3";

/// An order or invoice.
#[derive(Debug, Clone, Copy)]
pub struct Paper<'w> {
    world: &'w World,
    /// [`Kind::Orders`] or [`Kind::Invoices`].
    kind: Kind,
    /// The number among those of its kind.
    number: u64,
}

/// A line of one.
#[derive(Debug, Clone, Copy)]
pub struct Line<'w> {
    paper: Paper<'w>,
    /// Its place, from 0 on.
    place: u64,
}

/// How many lines the orders have, by turns.
const ORDER_LINES: [u64; 3] = [2, 3, 4];
/// How many lines the invoices have: those of orders 0, 2, 4 …
const INVOICE_LINES: [u64; 3] = [2, 4, 3];
/// How many lines three of them have.
const LINES_OF_THREE: u64 = 9;

fn pattern(kind: Kind) -> [u64; 3] {
    if kind == Kind::Invoices { INVOICE_LINES } else { ORDER_LINES }
}

/// How many lines the first `papers` of a kind have.
pub fn lines_before(kind: Kind, papers: u64) -> u64 {
    let rest = usize::try_from(papers % 3).unwrap_or(0);
    papers / 3 * LINES_OF_THREE + pattern(kind)[..rest].iter().sum::<u64>()
}

impl<'w> Paper<'w> {
    /// The document with that number.
    pub fn new(world: &'w World, kind: Kind, number: u64) -> Self {
        Self { world, kind, number }
    }

    /// The number of the order it is, or bills.
    fn order(&self) -> u64 {
        if self.kind == Kind::Invoices { self.number * 2 } else { self.number }
    }

    /// The ids of its lines.
    pub fn lines(&self) -> Range<u64> {
        let first = self.world.first_line(self.kind);
        let from = first + lines_before(self.kind, self.number);
        from..first + lines_before(self.kind, self.number + 1)
    }

    fn draw(&self, what: u64, limit: u64) -> u64 {
        (mix(self.world.seed, PAPER + what, self.order()) >> 20) % limit.max(1)
    }

    /// The customer: its index among the contacts.
    fn contact(&self) -> u64 {
        let plain = |special| !matches!(special, Trait::NoKey | Trait::Twin);
        self.world.pick(Kind::Contacts, self.order() * 5, plain)
    }

    fn person(&self) -> Person<'w> {
        let (p, twin) = self.world.deck.at(Side::Vtiger, self.contact());
        Person::new(self.world, p, twin)
    }

    /// The customer's organization, or some other: an order must have one.
    fn account(&self, out: &mut String) {
        if !self.person().write(Fact::Account, Side::Vtiger, out) {
            self.world.push_id(Kind::Accounts, self.order() % self.world.accounts(), out);
        }
    }

    /// Where in the list of currencies, and how many of it a euro is.
    fn currency(&self) -> (u64, Decimal) {
        match self.order() % 10 {
            7 => (2, Decimal::new(116, 2)),
            9 => (3, Decimal::new(88, 2)),
            _ => (1, Decimal::ONE),
        }
    }

    /// The tax column and its rate.
    fn tax(&self) -> Option<(Part, Decimal)> {
        match self.order() % 7 {
            0 => None,
            3 => Some((Part::Tax1, Decimal::new(45, 1))),
            _ => Some((Part::Tax2, Decimal::TEN)),
        }
    }

    /// When the document was made and last modified.
    pub fn stamps(&self) -> (i64, i64) {
        let (created, _) = self.world.stamps(PAPER, self.order());
        let later = if self.kind == Kind::Invoices { 3600 } else { 0 };
        let created = (created + later).min(self.world.base - 60);
        let most = u64::try_from(self.world.base - 60 - created).unwrap_or(0);
        (created, created + i64::try_from(self.draw(1, most.min(864_000))).unwrap_or(0))
    }

    fn net(&self) -> Decimal {
        let count = self.lines().count() as u64;
        (0..count).map(|place| Line { paper: *self, place }.net()).sum()
    }

    fn total(&self) -> Decimal {
        let rate = self.tax().map_or(Decimal::ZERO, |(_, rate)| rate);
        let net = self.net();
        net + net * rate / Decimal::ONE_HUNDRED
    }

    fn paid(&self) -> bool {
        self.draw(2, 3) != 0
    }

    fn date(&self, days: i64, out: &mut String) {
        push_stamp(out, self.stamps().0 + days * DAY, ' ');
        out.truncate(out.len() - 9);
    }

    /// See [`super::Facts::write`].
    pub fn write(&self, fact: Fact, out: &mut String) -> bool {
        let part = match fact {
            Fact::Part(part) => part,
            Fact::Created => {
                push_stamp(out, self.stamps().0, ' ');
                return true;
            }
            Fact::Modified => {
                push_stamp(out, self.stamps().1, ' ');
                return true;
            }
            address => return self.person().write(address, Side::Vtiger, out),
        };
        let invoice = self.kind == Kind::Invoices;
        match part {
            Part::Subject => {
                out.push_str(if invoice { "Invoice " } else { "Order " });
                push_number(out, self.number + 1);
            }
            Part::Contact => self.world.push_id(Kind::Contacts, self.contact(), out),
            Part::Account => self.account(out),
            Part::Status if invoice => {
                out.push_str(if self.paid() { "Paid" } else { "Sent" });
            }
            Part::Status => {
                let all = ["Created", "Approved", "Approved", "Delivered", "Delivered"];
                out.push_str(all[usize::try_from(self.draw(3, 5)).unwrap_or(0)]);
            }
            Part::Carrier => {
                let all = ["", "UPS", "DHL", "FedEx"];
                out.push_str(all[usize::try_from(self.draw(4, 4)).unwrap_or(0)]);
            }
            Part::Date => self.date(0, out),
            Part::Due => self.date(14, out),
            Part::Currency => {
                out.push_str("21x");
                push_number(out, self.currency().0);
            }
            Part::Rate => out.push_str(&format!("{:.3}", self.currency().1)),
            Part::TaxType => out.push_str("group"),
            Part::Net => push_amount(self.net(), out),
            Part::Total => push_amount(self.total(), out),
            Part::Received => {
                push_amount(if self.paid() { self.total() } else { Decimal::ZERO }, out);
            }
            Part::Balance => {
                push_amount(if self.paid() { Decimal::ZERO } else { self.total() }, out);
            }
            Part::Order => self.world.push_id(Kind::Orders, self.order(), out),
            _ => {}
        }
        true
    }
}

impl<'w> Line<'w> {
    /// The line with that place among all lines.
    pub fn new(world: &'w World, ordinal: u64) -> Self {
        let orders = lines_before(Kind::Orders, world.count(Kind::Orders));
        let (kind, ordinal) = match ordinal.checked_sub(orders) {
            None => (Kind::Orders, ordinal),
            Some(rest) => (Kind::Invoices, rest),
        };
        let (mut number, mut place) = (ordinal / LINES_OF_THREE * 3, ordinal % LINES_OF_THREE);
        for lines in pattern(kind) {
            if place < lines {
                break;
            }
            place -= lines;
            number += 1;
        }
        Self { paper: Paper::new(world, kind, number), place }
    }

    fn last(&self) -> bool {
        self.place + 1 == self.paper.lines().count() as u64
    }

    fn draw(&self, what: u64, limit: u64) -> u64 {
        self.paper.draw(what + 16 * (self.place + 1), limit)
    }

    /// The product's index in Vtiger's list.
    fn product(&self) -> u64 {
        let world = self.paper.world;
        let plain = |special| !matches!(special, Trait::NoKey | Trait::Twin);
        world.pick(Kind::Products, self.draw(0, world.count(Kind::Products)), plain)
    }

    fn price(&self) -> Decimal {
        let world = self.paper.world;
        let euros = if self.last() {
            Decimal::new(500, 2)
        } else {
            let (p, twin) = world.deck.at(Side::Vtiger, self.product());
            let mut text = String::new();
            Product::new(world, p, twin).write(Fact::LongPrice, Side::Vtiger, &mut text);
            text.parse().unwrap_or(Decimal::TEN)
        };
        cents(euros * self.paper.currency().1)
    }

    fn quantity(&self) -> Decimal {
        if self.last() { Decimal::ONE } else { Decimal::from(1 + self.draw(1, 4)) }
    }

    fn discount(&self) -> Decimal {
        if self.last() || self.draw(2, 5) != 0 {
            return Decimal::ZERO;
        }
        cents(self.price() * self.quantity() / Decimal::TEN)
    }

    fn net(&self) -> Decimal {
        self.price() * self.quantity() - self.discount()
    }

    /// See [`super::Facts::write`].
    pub fn write(&self, fact: Fact, out: &mut String) -> bool {
        let Fact::Part(part) = fact else { return true };
        let world = self.paper.world;
        match part {
            Part::Parent => world.push_id(self.paper.kind, self.paper.number, out),
            Part::Product if self.last() => out.push_str(SHIPPING),
            Part::Product => world.push_id(Kind::Products, self.product(), out),
            Part::Sequence => push_number(out, self.place + 1),
            Part::Quantity => out.push_str(&format!("{:.3}", self.quantity())),
            Part::ListPrice => push_amount(self.price(), out),
            Part::Discount if self.discount().is_zero() => return false,
            Part::Discount => push_amount(self.discount(), out),
            Part::Tax1 | Part::Tax2 => match self.paper.tax() {
                Some((column, rate)) if column == part => out.push_str(&format!("{rate:.3}")),
                _ => return false,
            },
            _ => {}
        }
        true
    }
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

fn push_amount(amount: Decimal, out: &mut String) {
    out.push_str(&format!("{amount:.8}"));
}
