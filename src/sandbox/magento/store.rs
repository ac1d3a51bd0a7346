//! The imitated shop's database: computed records under the documents that were written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::{goods, people, sales};
use crate::sandbox::clock::{parse_stamp, stamp};
use crate::sandbox::journal::{Entry, Journal};
use crate::sandbox::seed::World;
use crate::sandbox::text::fold;

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// Customers.
    Customers,
    /// Products.
    Products,
    /// Orders.
    Orders,
    /// Invoices.
    Invoices,
    /// Tax rates.
    Taxes,
    /// Price rules.
    Rules,
}

const TABLES: [Table; 6] =
    [Table::Customers, Table::Products, Table::Orders, Table::Invoices, Table::Taxes, Table::Rules];

impl Table {
    /// Its name in the journal.
    fn name(self) -> &'static str {
        match self {
            Self::Customers => "magento customers",
            Self::Products => "magento products",
            Self::Orders => "magento orders",
            Self::Invoices => "magento invoices",
            Self::Taxes => "magento taxes",
            Self::Rules => "magento rules",
        }
    }

    /// The column that a search knows the id by.
    pub fn column(self) -> &'static str {
        match self {
            Self::Taxes => "tax_calculation_rate_id",
            Self::Rules => "rule_id",
            _ => "entity_id",
        }
    }

    /// The member that is unique.
    fn key(self) -> Option<&'static str> {
        match self {
            Self::Customers => Some("email"),
            Self::Products => Some("sku"),
            _ => None,
        }
    }
}

/// The tables.
#[derive(Debug)]
pub struct Store {
    /// The seeded data.
    pub world: Arc<World>,
    journal: Arc<Journal>,
    written: [BTreeMap<u64, Option<Value>>; 6],
    keys: HashMap<(Table, String), Vec<u64>>,
    /// The next number of each table, and of addresses.
    next: [u64; 7],
}

impl Store {
    /// The tables as they are before any write.
    pub fn new(world: Arc<World>, journal: Arc<Journal>) -> Self {
        let mut store = Self {
            journal,
            written: Default::default(),
            keys: HashMap::new(),
            next: [1; 7],
            world,
        };
        for table in TABLES {
            store.next[table as usize] = store.computed(table) + 1;
        }
        store.next[6] = (store.computed(Table::Customers) + 1) * 2;
        store
    }

    /// Takes one line of the journal.
    pub fn replay(&mut self, entry: &Entry) {
        let Some(table) = TABLES.into_iter().find(|t| t.name() == entry.table) else { return };
        let text = entry.set.as_ref().and_then(|set| set.first()).and_then(|(_, v)| v.as_deref());
        let document = text.and_then(|text| serde_json::from_str(text).ok());
        self.apply(table, entry.id, document);
    }

    fn computed(&self, table: Table) -> u64 {
        match table {
            Table::Customers => people::count(&self.world),
            Table::Products => goods::count(&self.world),
            Table::Orders => sales::orders(&self.world),
            Table::Invoices => sales::invoices(&self.world),
            Table::Taxes => sales::taxes().len() as u64,
            Table::Rules => sales::rules().len() as u64,
        }
    }

    /// The ids of a table, from one on.
    pub fn ids(&self, table: Table, from: u64) -> Vec<u64> {
        let written = &self.written[table as usize];
        let computed = (from.max(1)..=self.computed(table)).filter(|id| !written.contains_key(id));
        let mut ids: Vec<u64> = computed.collect();
        ids.extend(written.range(from..).filter(|(_, doc)| doc.is_some()).map(|(id, _)| *id));
        ids.sort_unstable();
        ids
    }

    /// Whether a record is there.
    pub fn exists(&self, table: Table, id: u64) -> bool {
        match self.written[table as usize].get(&id) {
            Some(document) => document.is_some(),
            None => id >= 1 && id <= self.computed(table),
        }
    }

    /// A record as it is answered alone.
    pub fn get(&self, table: Table, id: u64) -> Option<Value> {
        if let Some(document) = self.written[table as usize].get(&id) {
            return document.clone();
        }
        if !self.exists(table, id) {
            return None;
        }
        let world = &self.world;
        let at = usize::try_from(id - 1).unwrap_or(0);
        Some(match table {
            Table::Customers => people::customer(world, id, people::person_at(id - 1)),
            Table::Products => goods::product(world, id, id - 1),
            Table::Orders => sales::order(world, id),
            Table::Invoices => sales::invoice(world, id),
            Table::Taxes => sales::taxes().into_iter().nth(at)?,
            Table::Rules => sales::rules().into_iter().nth(at)?,
        })
    }

    /// When a record was created and last changed, without computing the rest of it.
    pub fn stamps(&self, table: Table, id: u64) -> (i64, i64) {
        if let Some(Some(document)) = self.written[table as usize].get(&id) {
            let of = |name: &str| document[name].as_str().and_then(parse_stamp).unwrap_or(0);
            return (of("created_at"), of("updated_at"));
        }
        let world = &self.world;
        match table {
            Table::Customers => people::stamps(world, people::person_at(id - 1)),
            Table::Products => goods::stamps(world, id - 1),
            Table::Orders => sales::stamps(world, id - 1),
            Table::Invoices => {
                let (created, _) = sales::stamps(world, sales::order_of(id - 1));
                (created + 60, created + 60)
            }
            Table::Taxes | Table::Rules => (0, 0),
        }
    }

    /// Ids of the records that have this key.
    pub fn by_key(&self, table: Table, value: &str) -> Vec<u64> {
        let folded = fold(value);
        let mut ids = self.keys.get(&(table, folded.clone())).cloned().unwrap_or_default();
        let computed = match table {
            Table::Customers => {
                people::by_email(value).and_then(|p| people::place_of(&self.world, p))
            }
            Table::Products => goods::by_sku(&self.world, value),
            _ => None,
        };
        ids.extend(computed.map(|place| place + 1));
        ids.sort_unstable();
        ids.dedup();
        let key = table.key().unwrap_or_default();
        ids.retain(|id| {
            let held = self.get(table, *id);
            held.is_some_and(|doc| doc[key].as_str().is_some_and(|k| fold(k) == folded))
        });
        ids
    }

    /// Products that were written.
    pub fn written_products(&self) -> impl Iterator<Item = (u64, &Value)> {
        let written = self.written[Table::Products as usize].iter();
        written.filter_map(|(id, doc)| Some((*id, doc.as_ref()?)))
    }

    /// A number for a new record.
    pub fn next_id(&self, table: Table) -> u64 {
        self.next[table as usize]
    }

    /// A number for a new address.
    pub fn next_address(&mut self) -> u64 {
        self.next[6] += 1;
        self.next[6] - 1
    }

    /// Writes a record whole, with the stamp of now.
    pub fn put(&mut self, table: Table, id: u64, mut document: Value, now: i64) {
        document["updated_at"] = stamp(now, ' ').into();
        if document["created_at"].is_null() {
            document["created_at"] = stamp(now, ' ').into();
        }
        self.keep(table, id, document);
    }

    /// Writes a record whole, its stamp left alone: as stock and addresses are saved.
    pub fn keep(&mut self, table: Table, id: u64, document: Value) {
        if self.journal.keeps() {
            let set = vec![("json".to_owned(), Some(document.to_string()))];
            self.journal.append(&Entry { table: table.name().into(), id, set: Some(set) });
        }
        self.apply(table, id, Some(document));
    }

    /// Deletes a record.
    pub fn remove(&mut self, table: Table, id: u64) {
        self.journal.append(&Entry { table: table.name().into(), id, set: None });
        self.apply(table, id, None);
    }

    fn apply(&mut self, table: Table, id: u64, document: Option<Value>) {
        if let (Some(key), Some(document)) = (table.key(), &document)
            && let Some(text) = document[key].as_str()
        {
            let ids = self.keys.entry((table, fold(text))).or_default();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let addresses = document.as_ref().and_then(|d| d["addresses"].as_array());
        let highest = addresses.into_iter().flatten().filter_map(|a| a["id"].as_u64()).max();
        self.next[6] = self.next[6].max(highest.unwrap_or(0) + 1);
        self.next[table as usize] = self.next[table as usize].max(id + 1);
        self.written[table as usize].insert(id, document);
    }
}
