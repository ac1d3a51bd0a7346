//! The imitated organisation's records: computed ones under edits.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value, json};

use super::seed;
use crate::sandbox::clock;
use crate::sandbox::journal::{Entry, Journal};
use crate::sandbox::seed::World;
use crate::sandbox::text::fold;

/// The first id; each table has a range of its own.
pub const BASE: u64 = 5_545_974_000_000_000_000;
const RANGE: u64 = 1_000_000_000;
/// The organisation's offset, in seconds.
pub const OFFSET: i64 = 19_800;

/// A record's members.
pub type Record = Map<String, Value>;

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Persons.
    Contacts,
    /// Persons who are not customers yet.
    Leads,
    /// Companies.
    Accounts,
    /// Products.
    Products,
    /// Meetings.
    Events,
    /// Invoices.
    Invoices,
    /// Payments in Books.
    Payments,
}

/// Every table.
pub const TABLES: [Table; 7] = [
    Table::Contacts,
    Table::Leads,
    Table::Accounts,
    Table::Products,
    Table::Events,
    Table::Invoices,
    Table::Payments,
];

impl Table {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Contacts => "Contacts",
            Self::Leads => "Leads",
            Self::Accounts => "Accounts",
            Self::Products => "Products",
            Self::Events => "Events",
            Self::Invoices => "Invoices",
            Self::Payments => "customerpayments",
        }
    }

    /// The CRM's module with this name.
    pub fn module(name: &str) -> Option<Self> {
        TABLES.into_iter().find(|t| *t != Self::Payments && t.name().eq_ignore_ascii_case(name))
    }

    /// The field that names a record.
    pub fn title(self) -> &'static str {
        match self {
            Self::Contacts | Self::Leads => "Full_Name",
            Self::Accounts => "Account_Name",
            Self::Products => "Product_Name",
            Self::Events => "Event_Title",
            Self::Invoices => "Subject",
            Self::Payments => "payment_number",
        }
    }

    /// The id of its `n`-th record, from 1.
    pub fn id(self, n: u64) -> u64 {
        BASE + (self as u64 + 1) * RANGE + n
    }

    /// Which record an id is; `None`: of another table.
    pub fn number(self, id: u64) -> Option<u64> {
        let first = BASE + (self as u64 + 1) * RANGE;
        (id > first && id < first + RANGE).then(|| id - first)
    }
}

/// What became of a record.
#[derive(Debug)]
enum Edit {
    Live(Arc<Record>),
    Deleted { at: i64, title: String },
}

/// A record that was deleted.
#[derive(Debug)]
pub struct Deleted {
    /// Its id.
    pub id: u64,
    /// When.
    pub at: i64,
    /// What it was called.
    pub title: String,
}

/// Generated records by a field's folded text.
type Index = HashMap<String, Vec<u64>>;

/// The tables.
#[derive(Debug)]
pub struct Store {
    /// The seeded data.
    pub world: Arc<World>,
    journal: Arc<Journal>,
    counts: [u64; 7],
    edits: BTreeMap<(Table, u64), Edit>,
    next: [u64; 7],
    next_row: u64,
    indexes: HashMap<(Table, &'static str), OnceLock<Index>>,
}

/// Fields by which records are looked up often.
const INDEXED: [(Table, &str); 6] = [
    (Table::Contacts, "Email"),
    (Table::Leads, "Email"),
    (Table::Accounts, "Account_Name"),
    (Table::Products, "Product_Code"),
    (Table::Events, "Event_Title"),
    (Table::Invoices, "Subject"),
];

impl Store {
    /// The tables as they are before any edit.
    pub fn new(world: Arc<World>, journal: Arc<Journal>) -> Self {
        let counts = TABLES.map(|t| seed::count(&world, t));
        let next = counts.map(|n| n + 1);
        let indexes = INDEXED.into_iter().map(|key| (key, OnceLock::new())).collect();
        Self { world, journal, counts, edits: BTreeMap::new(), next, next_row: 1, indexes }
    }

    /// Takes one line of the journal.
    pub fn replay(&mut self, name: &str, entry: &Entry) {
        let Some(table) = TABLES.into_iter().find(|t| t.name() == name) else { return };
        let Some(set) = &entry.set else { return };
        let value = |key: &str| {
            set.iter().find(|(k, _)| k == key).and_then(|(_, v)| v.clone()).unwrap_or_default()
        };
        if let Ok(at) = value("deleted").parse() {
            self.bury(table, entry.id, at, value("title"));
        } else if let Ok(Value::Object(record)) = serde_json::from_str(&value("json")) {
            self.place(table, entry.id, record);
        }
    }

    fn place(&mut self, table: Table, n: u64, record: Record) {
        let rows = record.values().filter_map(Value::as_array).flatten();
        let highest = rows
            .filter_map(|row| row.get("id")?.as_str()?.parse::<u64>().ok())
            .filter_map(|id| id.checked_sub(BASE + 20 * RANGE))
            .max();
        self.next_row = self.next_row.max(highest.map_or(1, |n| n + 1));
        self.next[table as usize] = self.next[table as usize].max(n + 1);
        self.edits.insert((table, n), Edit::Live(Arc::new(record)));
    }

    fn bury(&mut self, table: Table, n: u64, at: i64, title: String) {
        self.next[table as usize] = self.next[table as usize].max(n + 1);
        self.edits.insert((table, n), Edit::Deleted { at, title });
    }

    /// An id for a row of a document.
    pub fn row_id(&mut self) -> String {
        self.next_row += 1;
        (BASE + 20 * RANGE + self.next_row - 1).to_string()
    }

    /// The number of a new record.
    pub fn next(&self, table: Table) -> u64 {
        self.next[table as usize]
    }

    /// Keeps a record and writes it down.
    pub fn write(&mut self, table: Table, n: u64, record: Record) {
        if self.journal.keeps() {
            let json = Value::Object(record.clone()).to_string();
            self.note(table, n, vec![("json".to_owned(), Some(json))]);
        }
        self.place(table, n, record);
    }

    /// Deletes a record.
    pub fn delete(&mut self, table: Table, n: u64, at: i64) {
        let title =
            self.get(table, n).and_then(|r| r.get(table.title())?.as_str().map(str::to_owned));
        let title = title.unwrap_or_default();
        if self.journal.keeps() {
            let set = vec![
                ("deleted".to_owned(), Some(at.to_string())),
                ("title".to_owned(), Some(title.clone())),
            ];
            self.note(table, n, set);
        }
        self.bury(table, n, at, title);
    }

    fn note(&self, table: Table, n: u64, set: Vec<(String, Option<String>)>) {
        self.journal.append(&Entry {
            table: format!("zoho {}", table.name()),
            id: n,
            set: Some(set),
        });
    }

    /// A record, if it is there.
    pub fn get(&self, table: Table, n: u64) -> Option<Arc<Record>> {
        match self.edits.get(&(table, n)) {
            Some(Edit::Live(record)) => Some(record.clone()),
            Some(Edit::Deleted { .. }) => None,
            None => self.generated(table, n).map(Arc::new),
        }
    }

    fn generated(&self, table: Table, n: u64) -> Option<Record> {
        (1..=self.counts[table as usize]).contains(&n).then(|| seed::record(&self.world, table, n))
    }

    /// The numbers of all records, in order.
    pub fn numbers(&self, table: Table) -> Vec<u64> {
        let mut all: Vec<u64> = (1..=self.counts[table as usize]).collect();
        for ((_, n), edit) in self.edits.range((table, 0)..=(table, u64::MAX)) {
            match (edit, all.binary_search(n)) {
                (Edit::Live(_), Err(at)) => all.insert(at, *n),
                (Edit::Deleted { .. }, Ok(at)) => drop(all.remove(at)),
                _ => {}
            }
        }
        all
    }

    /// When a record was last modified, without making the whole of it.
    pub fn modified(&self, table: Table, n: u64) -> i64 {
        match self.edits.get(&(table, n)) {
            Some(Edit::Live(record)) => {
                let member =
                    if table == Table::Payments { "last_modified_time" } else { "Modified_Time" };
                record.get(member).and_then(Value::as_str).and_then(parse_time).unwrap_or(0)
            }
            Some(Edit::Deleted { at, .. }) => *at,
            None => seed::stamps(&self.world, table, n).1,
        }
    }

    /// What was deleted.
    pub fn deleted(&self, table: Table) -> Vec<Deleted> {
        let edits = self.edits.range((table, 0)..=(table, u64::MAX));
        edits
            .filter_map(|((_, n), edit)| match edit {
                Edit::Deleted { at, title } => {
                    Some(Deleted { id: table.id(*n), at: *at, title: title.clone() })
                }
                Edit::Live(_) => None,
            })
            .collect()
    }

    /// The numbers of the records whose field has this text, compared without case and accents.
    pub fn with(&self, table: Table, field: &str, text: &str) -> Vec<u64> {
        let folded = fold(text);
        let is = |n: &u64| {
            self.get(table, *n)
                .is_some_and(|r| r.get(field).is_some_and(|v| fold(&plain(v)) == folded))
        };
        let key = INDEXED.into_iter().find(|(t, f)| *t == table && *f == field);
        let Some(index) = key.and_then(|key| self.indexes.get(&key)) else {
            return self.numbers(table).into_iter().filter(is).collect();
        };
        let index = index.get_or_init(|| {
            let mut index = Index::new();
            for n in 1..=self.counts[table as usize] {
                let record = seed::record(&self.world, table, n);
                if let Some(value) = record.get(field).filter(|v| !v.is_null()) {
                    index.entry(fold(&plain(value))).or_default().push(n);
                }
            }
            index
        });
        let mut found: Vec<u64> = index.get(&folded).cloned().unwrap_or_default();
        found.extend(self.edits.range((table, 0)..=(table, u64::MAX)).map(|((_, n), _)| *n));
        found.retain(is);
        found.sort_unstable();
        found.dedup();
        found
    }

    /// A reference to a record, as Zoho tells it.
    pub fn reference(&self, table: Table, n: u64) -> Value {
        let name =
            self.get(table, n).and_then(|r| r.get(table.title()).cloned()).unwrap_or_default();
        json!({"name": name, "id": table.id(n).to_string()})
    }
}

/// A value as plain text.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(map) => map.get("id").map(plain).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// An instant with the organisation's offset.
pub fn time(secs: i64) -> String {
    format!("{}+05:30", clock::stamp(secs + OFFSET, 'T'))
}

/// Reads an instant with any offset.
pub fn parse_time(text: &str) -> Option<i64> {
    let at: jiff::Timestamp = text.replace(' ', "+").parse().ok()?;
    Some(at.as_second())
}
