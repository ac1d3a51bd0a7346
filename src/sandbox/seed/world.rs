//! The seeded world: which ids there are and how a record is found.

use std::ops::Range;

use super::company::Company;
use super::dates::Date;
use super::deck::{Deck, Side, Trait};
use super::mix::mix;
use super::papers::{Line, Paper, lines_before};
use super::person::Person;
use super::product::{Product, SIZES};
use super::tables::Tables;
use super::{Fact, Facts, Part};
use crate::sandbox::text::push_number;

/// Two years before the base instant the first record was created.
const SPAN: i64 = 730 * 86_400;
/// Nothing is younger than this before the base instant.
const QUIET: i64 = 60;

const FIRST_ACCOUNT: u64 = 11;
const FIRST_CUSTOMER: u64 = 3;
const FIRST_POST: u64 = 11;

/// A table of one of the systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Vtiger's organizations.
    Accounts,
    /// Vtiger's contacts.
    Contacts,
    /// Vtiger's products.
    Products,
    /// The shop's customers.
    Customers,
    /// The shop's products.
    Goods,
    /// The shop's variations.
    Variations,
    /// Vtiger's leads.
    Leads,
    /// Vtiger's campaigns.
    Campaigns,
    /// Vtiger's orders.
    Orders,
    /// Vtiger's invoices.
    Invoices,
    /// Vtiger's events.
    Events,
    /// The lines of Vtiger's orders and invoices.
    Lines,
}

/// Everything the seed determines.
#[derive(Debug)]
pub struct World {
    /// The seed.
    pub seed: u64,
    /// How many distinct people, and how many distinct products, there are.
    pub records: u64,
    /// The instant nothing is younger than.
    pub base: i64,
    /// Vtiger holds nothing at first.
    empty_crm: bool,
    /// The ids of each table.
    ids: [Range<u64>; 12],
    pub(super) deck: Deck,
    pub(super) tables: Tables,
}

impl World {
    /// The world of a seed.
    pub fn new(seed: u64, records: u64, base: i64) -> Self {
        let (deck, tables) = (Deck::new(), Tables::load());
        let ids = [const { 0..0 }; 12];
        let mut world = Self { seed, records, base, empty_crm: false, ids, deck, tables };
        world.lay_out();
        world
    }

    /// The same world with a Vtiger that nobody has used yet.
    #[must_use]
    pub fn with_empty_crm(mut self) -> Self {
        self.empty_crm = true;
        self.lay_out();
        self
    }

    /// Gives each table its ids.
    fn lay_out(&mut self) {
        let from = |start: u64, count: u64| start..start + count;
        let vtiger = if self.empty_crm { 0 } else { self.deck.count(Side::Vtiger, self.records) };
        let woo = self.deck.count(Side::Woo, self.records);
        let parents = self.deck.variable_rank(self.records);
        let accounts =
            from(FIRST_ACCOUNT, if self.empty_crm { 0 } else { self.companies().div_ceil(2) });
        let contacts = from(accounts.end, vtiger);
        let products = from(contacts.end, vtiger);
        let goods = from(FIRST_POST, woo);
        let variations = from(goods.end, parents * SIZES.len() as u64);
        let customers = from(FIRST_CUSTOMER, woo);
        let some = |part: u64| if vtiger == 0 { 0 } else { part };
        let leads = from(products.end, some(self.records / 4));
        let campaigns = from(leads.end, some(2 + self.records / 100));
        let orders = from(campaigns.end, some(self.records / 2));
        let bills = (orders.end - orders.start).div_ceil(2);
        let invoices = from(orders.end, bills);
        let events = from(invoices.end, some(self.records / 4));
        let (n, bills) = (orders.end - orders.start, invoices.end - invoices.start);
        let lines = from(1, lines_before(Kind::Orders, n) + lines_before(Kind::Invoices, bills));
        self.ids = [
            accounts, contacts, products, customers, goods, variations, leads, campaigns, orders,
            invoices, events, lines,
        ];
    }

    /// How many companies there are: three people share one, and a third of all belong to one.
    pub fn companies(&self) -> u64 {
        (self.records / 9).max(2)
    }

    /// The ids of a table.
    pub fn ids(&self, kind: Kind) -> Range<u64> {
        self.ids[kind as usize].clone()
    }

    /// The facts of a generated record.
    pub fn facts(&self, kind: Kind, id: u64) -> Option<Facts<'_>> {
        let ids = self.ids(kind);
        if !ids.contains(&id) {
            return None;
        }
        let index = id - ids.start;
        Some(match kind {
            Kind::Accounts => Facts::Company(Company::new(self, index * 2)),
            Kind::Contacts => {
                let (p, twin) = self.deck.at(Side::Vtiger, index);
                Facts::Person(Person::new(self, p, twin))
            }
            Kind::Products => {
                let (p, twin) = self.deck.at(Side::Vtiger, index);
                Facts::Product(Product::new(self, p, twin))
            }
            Kind::Customers => {
                Facts::Person(Person::new(self, self.deck.at(Side::Woo, index).0, false))
            }
            Kind::Goods => {
                Facts::Product(Product::new(self, self.deck.at(Side::Woo, index).0, false))
            }
            Kind::Variations => {
                let sizes = SIZES.len() as u64;
                let parent = Product::new(self, self.deck.variable_at(index / sizes), false);
                Facts::Product(parent.vary(usize::try_from(index % sizes).unwrap_or(0)))
            }
            // People nobody else knows.
            Kind::Leads => Facts::Person(Person::new(self, self.records + index, false)),
            Kind::Campaigns | Kind::Events => Facts::Date(Date::new(self, kind, index)),
            Kind::Orders | Kind::Invoices => Facts::Paper(Paper::new(self, kind, index)),
            Kind::Lines => Facts::Line(Line::new(self, index)),
        })
    }

    /// The ids of the generated records that may have the value (folded) of a key. Every record
    /// that has it is among them.
    pub fn find(&self, kind: Kind, fact: Fact, folded: &str) -> Vec<u64> {
        let at = |side, p| -> Vec<u64> {
            let start = self.ids(kind).start;
            self.deck.places(side, p, self.records).map(|i| start + i).collect()
        };
        let numbered = || -> Option<Vec<u64>> {
            let digits = folded.trim_start_matches(|c: char| !c.is_ascii_digit());
            let index = digits.parse::<u64>().ok()?.checked_sub(1)?;
            let id = self.ids(kind).start + index;
            Some(vec![id])
        };
        let found = match (kind, fact) {
            (Kind::Contacts, Fact::Email) => {
                Person::number_in_email(folded).map(|p| at(Side::Vtiger, p))
            }
            (Kind::Customers, Fact::Email) => {
                Person::number_in_email(folded).map(|p| at(Side::Woo, p))
            }
            (Kind::Customers, Fact::Username) => {
                Person::number_in_email(&format!("{folded}@")).map(|p| at(Side::Woo, p))
            }
            (Kind::Products, Fact::Sku) => {
                Product::number_in_sku(folded).map(|(p, _)| at(Side::Vtiger, p))
            }
            (Kind::Goods, Fact::Sku) => {
                Product::number_in_sku(folded).map(|(p, _)| at(Side::Woo, p))
            }
            (Kind::Variations, Fact::Sku) => match Product::number_in_sku(folded) {
                Some((p, Some(size))) => Some(vec![self.variations_of(p).start + size as u64]),
                _ => None,
            },
            (Kind::Accounts, Fact::Name) => {
                Company::find(self, folded).and_then(|k| self.account_id(k)).map(|id| vec![id])
            }
            (Kind::Accounts, Fact::Email) => {
                Person::number_in_email(folded).and_then(|k| self.account_id(k)).map(|id| vec![id])
            }
            (Kind::Leads, Fact::Email) => Person::number_in_email(folded)
                .and_then(|p| p.checked_sub(self.records))
                .map(|index| vec![self.ids(kind).start + index]),
            (Kind::Lines, Fact::Part(Part::Parent)) => Some(self.lines_of(folded)),
            (_, Fact::Number | Fact::Part(Part::Subject)) => numbered(),
            _ => None,
        };
        found.unwrap_or_default()
    }

    /// The ids of the variations of product `p`, which must be a variable one.
    pub fn variations_of(&self, p: u64) -> Range<u64> {
        let sizes = SIZES.len() as u64;
        let start = self.ids(Kind::Variations).start + self.deck.variable_rank(p) * sizes;
        start..start + sizes
    }

    /// The shop's id of product `p`.
    pub fn good_id(&self, p: u64) -> u64 {
        let start = self.ids(Kind::Goods).start;
        self.deck.places(Side::Woo, p, self.records).next().map_or(0, |i| start + i)
    }

    /// The organization of a company, if Vtiger has it.
    pub fn account_id(&self, company: u64) -> Option<u64> {
        let known = !self.empty_crm && company < self.companies() && company.is_multiple_of(2);
        known.then(|| FIRST_ACCOUNT + company / 2)
    }

    /// How many records a table has.
    pub fn count(&self, kind: Kind) -> u64 {
        let ids = self.ids(kind);
        ids.end - ids.start
    }

    /// How many organizations there are.
    pub(super) fn accounts(&self) -> u64 {
        self.count(Kind::Accounts).max(1)
    }

    /// The id of the first line of a kind of document.
    pub(super) fn first_line(&self, kind: Kind) -> u64 {
        let orders = lines_before(Kind::Orders, self.count(Kind::Orders));
        self.ids(Kind::Lines).start + if kind == Kind::Invoices { orders } else { 0 }
    }

    /// The ids of the lines of a document, which is given as `6x12`.
    fn lines_of(&self, document: &str) -> Vec<u64> {
        let Some(id) = document.split_once('x').and_then(|(_, id)| id.parse::<u64>().ok()) else {
            return Vec::new();
        };
        let paper = [Kind::Orders, Kind::Invoices].into_iter().find_map(|kind| {
            let ids = self.ids(kind);
            ids.contains(&id).then(|| Paper::new(self, kind, id - ids.start))
        });
        paper.map(|paper| paper.lines().collect()).unwrap_or_default()
    }

    /// An index into Vtiger's contacts or products near `from` whose record is fit.
    pub(super) fn pick(&self, kind: Kind, from: u64, fit: impl Fn(Trait) -> bool) -> u64 {
        let count = self.count(kind).max(1);
        let mut candidates = (0..count.min(100)).map(|step| (from + step) % count);
        let fits = |index: &u64| fit(self.deck.slot(self.deck.at(Side::Vtiger, *index).0).special);
        candidates.find(fits).unwrap_or(0)
    }

    /// Appends Vtiger's id of a record.
    pub(super) fn push_id(&self, kind: Kind, index: u64, out: &mut String) {
        out.push_str(match kind {
            Kind::Accounts => "11x",
            Kind::Contacts => "12x",
            Kind::Products => "14x",
            Kind::Invoices => "7x",
            _ => "6x",
        });
        push_number(out, self.ids(kind).start + index);
    }

    /// The instant nothing seeded is older than.
    pub fn dawn(&self) -> i64 {
        self.base - SPAN
    }

    /// When a record was created and last modified.
    pub(super) fn stamps(&self, stream: u64, number: u64) -> (i64, i64) {
        let draw = |stream: u64, limit: i64| {
            let limit = u64::try_from(limit.max(1)).unwrap_or(1);
            i64::try_from(mix(self.seed, stream, number) % limit).unwrap_or(0)
        };
        let created = self.dawn() + draw(stream + 0x1000, SPAN - QUIET);
        (created, created + draw(stream + 0x2000, self.base - QUIET - created))
    }
}
