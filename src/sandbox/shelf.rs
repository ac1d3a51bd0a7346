//! What the two systems that are only read hold: people, goods, orders, invoices and taxes of the
//! seeded world, and what tests edit in them. Edits last as long as the sandbox.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::seed::deck::Side;
use super::seed::person::Person;
use super::seed::product::Product;
use super::seed::{Fact, World, mix};

/// Two years before the base instant the first document was made.
const SPAN: u64 = 700 * 86_400;
/// Nothing is younger than this before the base instant.
const QUIET: i64 = 3 * 86_400;
/// There are no more records of a kind.
const MOST: u64 = 5_000;
/// Every so many people are known here.
const STRIDE: u64 = 3;

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// People.
    Contacts,
    /// Goods.
    Products,
    /// Orders.
    Orders,
    /// Invoices: one for every second order.
    Invoices,
    /// Tax rates.
    Taxes,
}

impl Table {
    /// The table of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "contacts" => Self::Contacts,
            "products" => Self::Products,
            "orders" => Self::Orders,
            "invoices" => Self::Invoices,
            "taxes" => Self::Taxes,
            _ => return None,
        })
    }
}

/// A record: neutral facts, which each system tells in its own way.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its number.
    pub id: u64,
    /// What is known of it.
    pub facts: Map<String, Value>,
    /// When it was made.
    pub created: i64,
    /// When it was last changed.
    pub modified: i64,
    /// It was deleted.
    pub gone: bool,
}

impl Row {
    /// A fact as text.
    pub fn text(&self, name: &str) -> String {
        match self.facts.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        }
    }

    /// A fact as a whole number.
    pub fn number(&self, name: &str) -> i64 {
        self.facts.get(name).and_then(Value::as_i64).unwrap_or_default()
    }
}

#[derive(Debug, Default, Clone)]
struct Edit {
    patch: Map<String, Value>,
    stamp: i64,
    gone: bool,
    made: bool,
}

/// The records, and what was edited.
#[derive(Debug)]
pub struct Shelf {
    world: Arc<World>,
    edits: Mutex<BTreeMap<(Table, u64), Edit>>,
}

/// A line of a document, amounts in hundredths.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// The product.
    pub product: u64,
    /// How many.
    pub quantity: i64,
    /// Net price of one.
    pub price: i64,
    /// What is taken off.
    pub discount: i64,
    /// The line's tax.
    pub tax: i64,
}

impl Line {
    /// What it costs with tax.
    pub fn total(&self) -> i64 {
        self.quantity * self.price - self.discount + self.tax
    }
}

impl Shelf {
    /// The records of a world.
    pub fn new(world: Arc<World>) -> Self {
        Self { world, edits: Mutex::default() }
    }

    fn count(&self, table: Table) -> u64 {
        let people = self.world.records.div_ceil(STRIDE).min(MOST);
        match table {
            Table::Contacts | Table::Products => people,
            Table::Orders if people == 0 => 0,
            Table::Orders => people,
            Table::Invoices => people.div_ceil(2),
            Table::Taxes => 4,
        }
    }

    /// The records of a table, by number; deleted ones marked.
    pub fn rows(&self, table: Table) -> Vec<Row> {
        let made: Vec<u64> = {
            let edits = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
            let of = edits.iter().filter(|((t, _), edit)| *t == table && edit.made);
            of.map(|((_, id), _)| *id).collect()
        };
        (1..=self.count(table)).chain(made).filter_map(|id| self.row(table, id)).collect()
    }

    /// A record, deleted or not.
    pub fn row(&self, table: Table, id: u64) -> Option<Row> {
        let edit = {
            let edits = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
            edits.get(&(table, id)).cloned()
        };
        let known = (1..=self.count(table)).contains(&id);
        let (mut facts, created) = match (known, &edit) {
            (true, _) => self.seeded(table, id),
            (false, Some(edit)) if edit.made => (Map::new(), edit.stamp),
            _ => return None,
        };
        let edit = edit.unwrap_or_default();
        facts.extend(edit.patch);
        Some(Row { id, facts, created, modified: created.max(edit.stamp), gone: edit.gone })
    }

    /// Changes facts of a record, or makes one with a new number.
    pub fn put(&self, table: Table, id: Option<u64>, patch: &Value, now: i64) -> u64 {
        let mut edits = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
        let highest = edits.keys().filter(|(t, _)| *t == table).map(|(_, id)| *id).max();
        let next = highest.unwrap_or(0).max(self.count(table)) + 1;
        let number = id.unwrap_or(next);
        let edit = edits.entry((table, number)).or_default();
        edit.made |= id.is_none();
        edit.stamp = now;
        edit.gone = false;
        for (name, value) in patch.as_object().into_iter().flatten() {
            edit.patch.insert(name.clone(), value.clone());
        }
        number
    }

    /// Deletes a record.
    pub fn remove(&self, table: Table, id: u64, now: i64) {
        let mut edits = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
        let edit = edits.entry((table, id)).or_default();
        (edit.gone, edit.stamp) = (true, now);
    }

    fn draw(&self, what: u64, id: u64, limit: u64) -> u64 {
        (mix(self.world.seed, 0x5348 + what, id) >> 20) % limit.max(1)
    }

    fn seeded(&self, table: Table, id: u64) -> (Map<String, Value>, i64) {
        let made = self.world.base - QUIET;
        let ago = self.draw(table as u64, id, SPAN);
        let created = made - i64::try_from(ago).unwrap_or(0);
        let facts = match table {
            Table::Contacts => self.person(id),
            Table::Products => self.product(id),
            Table::Orders => self.order(id, created),
            Table::Invoices => {
                let order = id * 2 - 1;
                let (mut facts, _) = self.seeded(Table::Orders, order);
                facts.insert("order".into(), order.into());
                facts.insert("number".into(), format!("INV-{id:05}").into());
                let paid = if self.draw(9, id, 3) == 0 { "open" } else { "paid" };
                facts.insert("status".into(), paid.into());
                facts
            }
            Table::Taxes => {
                let rates = [("GST 5%", 5), ("GST 12%", 12), ("GST 18%", 18), ("GST 28%", 28)];
                let (name, rate) = rates[usize::try_from(id - 1).unwrap_or(0) % rates.len()];
                object(json!({ "name": name, "rate": rate }))
            }
        };
        (facts, created)
    }

    fn person(&self, id: u64) -> Map<String, Value> {
        let person = Person::new(&self.world, (id - 1) * STRIDE, false);
        let read = |fact: Fact| {
            let mut out = String::new();
            person.write(fact, Side::Woo, &mut out);
            if out.is_empty() && matches!(fact, Fact::First | Fact::Last) {
                person.write(fact, Side::Vtiger, &mut out);
            }
            out
        };
        let mut email = String::new();
        person.email(&mut email);
        object(json!({
            "first": read(Fact::First), "last": read(Fact::Last), "email": email,
            "phone": read(Fact::Phone), "company": read(Fact::Company),
            "street": read(Fact::Street), "street2": read(Fact::Street2),
            "city": read(Fact::City), "state": read(Fact::State), "zip": read(Fact::Zip),
            "country": read(Fact::Country),
        }))
    }

    fn product(&self, id: u64) -> Map<String, Value> {
        let product = Product::new(&self.world, (id - 1) * STRIDE, false);
        let read = |fact: Fact| {
            let mut out = String::new();
            product.write(fact, Side::Vtiger, &mut out);
            out
        };
        let sku = match read(Fact::Sku) {
            sku if sku.is_empty() => format!("ITEM-{id:05}"),
            sku => sku,
        };
        object(json!({
            "name": read(Fact::Name), "sku": sku, "price": self.price(id),
            "stock": self.draw(20, id, 200), "active": self.draw(21, id, 12) != 0,
            "description": read(Fact::Description), "category": read(Fact::Category),
        }))
    }

    /// In hundredths.
    fn price(&self, product: u64) -> i64 {
        i64::try_from(199 + self.draw(22, product, 48_000)).unwrap_or(199)
    }

    fn order(&self, id: u64, _created: i64) -> Map<String, Value> {
        let status = ["open", "approved", "delivered", "delivered", "cancelled"];
        let rates = [18, 18, 5, 12, 0];
        let contact = 1 + self.draw(30, id, self.count(Table::Contacts));
        object(json!({
            "number": format!("SO-{id:05}"),
            "contact": contact,
            "status": status[usize::try_from(self.draw(31, id, 5)).unwrap_or(0)],
            "rate": rates[usize::try_from(self.draw(32, id, 5)).unwrap_or(0)],
            "shipping": if self.draw(33, id, 3) == 0 { 4_900 } else { 0 },
            "remarks": "",
        }))
    }

    /// The lines of an order or invoice.
    pub fn lines(&self, row: &Row) -> Vec<Line> {
        let order = match row.facts.get("order").and_then(Value::as_u64) {
            Some(order) => order,
            None => row.id,
        };
        let rate = row.number("rate");
        let products = self.count(Table::Products);
        let count = 1 + self.draw(40, order, 3);
        let start = self.draw(41, order, products);
        (0..count.min(products))
            .map(|place| {
                let product = 1 + (start + place) % products;
                let quantity = i64::try_from(1 + self.draw(42 + place, order, 4)).unwrap_or(1);
                let price = self.price(product);
                let discount = match self.draw(50 + place, order, 4) {
                    0 => quantity * price / 10,
                    _ => 0,
                };
                let net = quantity * price - discount;
                Line { product, quantity, price, discount, tax: (net * rate + 50) / 100 }
            })
            .collect()
    }

    /// What a document comes to, with tax and shipping.
    pub fn total(&self, row: &Row) -> i64 {
        self.lines(row).iter().map(Line::total).sum::<i64>() + row.number("shipping")
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Hundredths as text: `12.50`.
pub fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
