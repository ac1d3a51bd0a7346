//! The imitated shop's database: generated records under edits.

mod row;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::orders::seeds::{self, Seed};
use super::shape::{CUSTOMERS, Default, Entity, ORDERS, PRODUCTS, TAXES, VARIATIONS};
use crate::sandbox::clock::parse_stamp;
use crate::sandbox::edits::{Edit, Edits};
use crate::sandbox::journal::{Entry, Journal};
use crate::sandbox::patch::{Changes, Patch};
use crate::sandbox::seed::{Facts, World};
use crate::sandbox::text::fold;

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// Customers.
    Customers,
    /// The people who run the shop.
    Staff,
    /// Products.
    Products,
    /// Variations.
    Variations,
    /// Tax rates.
    Taxes,
    /// Tax classes, by number.
    Classes,
    /// Orders.
    Orders,
}

const TABLES: [Table; 7] = [
    Table::Customers,
    Table::Staff,
    Table::Products,
    Table::Variations,
    Table::Taxes,
    Table::Classes,
    Table::Orders,
];

/// A tax class has a slug and a name.
pub static CLASSES: Entity = Entity {
    name: "classes",
    path: "taxes/classes",
    seeds: None,
    columns: &[("slug", None, Default::Text("")), ("name", None, Default::Text(""))],
    members: &[],
};

static STAFF: Entity = Entity { name: "staff", seeds: None, ..entity_of_customers() };

const fn entity_of_customers() -> Entity {
    Entity {
        name: "customers",
        path: "customers",
        seeds: None,
        columns: CUSTOMERS.columns,
        members: CUSTOMERS.members,
    }
}

impl Table {
    /// Its description.
    pub fn entity(self) -> &'static Entity {
        match self {
            Self::Customers => &CUSTOMERS,
            Self::Staff => &STAFF,
            Self::Products => &PRODUCTS,
            Self::Variations => &VARIATIONS,
            Self::Taxes => &TAXES,
            Self::Classes => &CLASSES,
            Self::Orders => &ORDERS,
        }
    }
}

/// The tables.
#[derive(Debug)]
pub struct Store {
    /// The seeded data.
    pub world: Arc<World>,
    tables: [Edits; 7],
    /// Products in the trash.
    pub trashed: BTreeSet<u64>,
    next: [u64; 7],
    /// Numbers for items of orders.
    next_item: u64,
    /// Numbers for meta data.
    next_meta: u64,
    /// Moves with every write, so that a kept list is known to be old.
    pub generation: u64,
    journal: Arc<Journal>,
}

/// A record being looked at.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// What kind it is.
    pub table: Table,
    /// Its number.
    pub id: u64,
    facts: Option<Facts<'a>>,
    patch: Option<&'a Patch>,
    world: &'a World,
}

impl Store {
    /// The tables as they are before any edit.
    pub fn new(world: Arc<World>, journal: Arc<Journal>) -> Self {
        let ids = TABLES.map(|t| match t {
            Table::Orders => seeds::ids(&world),
            other => other.entity().seeds.map_or(0..0, |kind| world.ids(kind)),
        });
        let users = ids[0].end;
        let posts = ids[2].end.max(ids[3].end).max(ids[6].end);
        let mut store = Self {
            tables: ids.map(Edits::over),
            trashed: BTreeSet::new(),
            next: [users, users, posts, posts, 1, 1, posts],
            next_item: seeds::items_end(&world),
            next_meta: 1001,
            generation: 0,
            journal,
            world,
        };
        store.plant();
        store
    }

    /// What every shop has: staff, tax rates and classes.
    fn plant(&mut self) {
        for (id, name, role) in [(1, "admin", "administrator"), (2, "manager", "shop_manager")] {
            let email = format!("{name}@shop.example");
            let created = crate::sandbox::clock::stamp(self.world.dawn(), ' ');
            self.plant_row(
                Table::Staff,
                id,
                &[
                    ("username", name),
                    ("email", &email),
                    ("role", role),
                    ("date_created", &created),
                ],
            );
        }
        for (rate, id) in seeds::rates().into_iter().zip(1..) {
            self.plant_row(
                Table::Taxes,
                id,
                &[
                    ("country", &rate.country),
                    ("state", &rate.state),
                    ("rate", &format!("{:.4}", rate.percent)),
                    ("name", &rate.label),
                    ("class", &rate.class),
                    ("priority", &rate.priority.to_string()),
                    ("shipping", if rate.shipping { "1" } else { "0" }),
                ],
            );
        }
        for (id, slug, name) in [
            (1, "standard", "Standard rate"),
            (2, "reduced-rate", "Reduced rate"),
            (3, "zero-rate", "Zero rate"),
        ] {
            self.plant_row(Table::Classes, id, &[("slug", slug), ("name", name)]);
        }
    }

    fn plant_row(&mut self, table: Table, id: u64, values: &[(&str, &str)]) {
        let entity = table.entity();
        let changes =
            values.iter().map(|(n, v)| (entity.column(n), Some((*v).to_owned()))).collect();
        self.apply(table, id, &changes);
    }

    /// Takes one line of the journal.
    pub fn replay(&mut self, name: &str, entry: &Entry) {
        let Some(table) = TABLES.into_iter().find(|t| t.entity().name == name) else {
            return;
        };
        match &entry.set {
            None => self.drop_row(table, entry.id),
            Some(set) => {
                let entity = table.entity();
                let changes: Changes = set
                    .iter()
                    .map(|(name, value)| (entity.column(name), value.clone()))
                    .filter(|(column, _)| *column != u8::MAX)
                    .collect();
                self.apply(table, entry.id, &changes);
            }
        }
    }

    /// A number for a new record. Users share one sequence, posts another.
    pub fn next_id(&mut self, table: Table) -> u64 {
        self.next[table as usize]
    }

    /// A number for an item of an order.
    pub fn next_item(&mut self) -> u64 {
        self.next_item += 1;
        self.next_item - 1
    }

    /// Takes a number of the posts that no record of a table has.
    pub fn skip_id(&mut self, id: u64) {
        self.used(Table::Orders, id);
    }

    /// A number for a piece of meta data.
    pub fn next_meta(&mut self) -> u64 {
        self.next_meta += 1;
        self.next_meta - 1
    }

    /// Changes a record or makes one, and writes it down.
    pub fn write(&mut self, table: Table, id: u64, changes: &Changes) {
        let entity = table.entity();
        if self.journal.keeps() {
            let set = changes
                .iter()
                .map(|(c, v)| (entity.columns[usize::from(*c)].0.to_owned(), v.clone()))
                .collect();
            self.journal.append(&Entry {
                table: format!("woo {}", entity.name),
                id,
                set: Some(set),
            });
        }
        self.apply(table, id, changes);
    }

    fn apply(&mut self, table: Table, id: u64, changes: &Changes) {
        let entity = table.entity();
        let edits = &mut self.tables[table as usize];
        let patch =
            edits.patch(id).map_or_else(|| Patch::default().merged(changes), |p| p.merged(changes));
        let modified = patch.get(entity.column("date_modified")).flatten().and_then(parse_stamp);
        let keys: Vec<(u8, String)> = changes
            .iter()
            .filter(|(c, _)| {
                matches!(
                    entity.columns[usize::from(*c)].0,
                    "email" | "username" | "sku" | "parent_id"
                )
            })
            .filter_map(|(c, v)| Some((*c, fold(v.as_deref()?))))
            .collect();
        if table == Table::Products {
            match patch.get(entity.column("status")) {
                Some(Some("trash")) => self.trashed.insert(id),
                _ => self.trashed.remove(&id),
            };
        }
        if let Some(Some(meta)) =
            changes.iter().find(|(c, _)| *c == entity.column("meta_data")).map(|(_, v)| v)
        {
            self.next_meta = self.next_meta.max(highest_meta(meta) + 1);
        }
        if table == Table::Orders
            && let Some((_, Some(order))) =
                changes.iter().find(|(c, _)| *c == entity.column("document"))
        {
            let (item, meta) = highest_of(order);
            self.next_item = self.next_item.max(item + 1);
            self.next_meta = self.next_meta.max(meta + 1);
        }
        edits.put(id, patch, modified.unwrap_or(0), keys);
        self.used(table, id);
        self.generation += 1;
    }

    /// Keeps numbers from being given twice.
    fn used(&mut self, table: Table, id: u64) {
        let shared: &[Table] = match table {
            Table::Customers | Table::Staff => &[Table::Customers, Table::Staff],
            Table::Products | Table::Variations | Table::Orders => {
                &[Table::Products, Table::Variations, Table::Orders]
            }
            Table::Taxes => &[Table::Taxes],
            Table::Classes => &[Table::Classes],
        };
        for table in shared {
            let next = &mut self.next[*table as usize];
            *next = (*next).max(id + 1);
        }
    }

    /// Deletes a record for good.
    pub fn remove(&mut self, table: Table, id: u64) {
        self.journal.append(&Entry {
            table: format!("woo {}", table.entity().name),
            id,
            set: None,
        });
        self.drop_row(table, id);
    }

    fn drop_row(&mut self, table: Table, id: u64) {
        if table == Table::Products {
            self.trashed.remove(&id);
        }
        self.tables[table as usize].remove(id);
        self.used(table, id);
        self.generation += 1;
    }

    /// A table's edits.
    pub fn table(&self, table: Table) -> &Edits {
        &self.tables[table as usize]
    }

    /// A record, if it is there.
    pub fn row(&self, table: Table, id: u64) -> Option<Row<'_>> {
        let edits = &self.tables[table as usize];
        let patch = match edits.get(id) {
            Some(Edit::Gone) => return None,
            Some(Edit::Row(patch, _)) => Some(patch),
            None if edits.generated().contains(&id) => None,
            None => return None,
        };
        let facts = table.entity().seeds.and_then(|kind| self.world.facts(kind, id));
        Some(Row { table, id, facts, patch, world: &self.world })
    }

    /// Ids that have the folded value in a key column, in order.
    pub fn with_key(&self, table: Table, name: &str, folded: &str) -> Vec<u64> {
        let entity = table.entity();
        let column = entity.column(name);
        let mut ids =
            match (entity.seeds, entity.columns.get(usize::from(column)).and_then(|c| c.1)) {
                (Some(kind), Some(fact)) => self.world.find(kind, fact, folded),
                _ => Vec::new(),
            };
        ids.extend_from_slice(self.table(table).with_key(column, folded));
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| self.row(table, *id).is_some_and(|row| fold(&row.get(name)) == folded));
        ids
    }

    /// The user of an e-mail address, staff included.
    pub fn user_by(&self, name: &str, value: &str) -> Option<(Table, u64)> {
        let folded = fold(value);
        [Table::Customers, Table::Staff]
            .into_iter()
            .find_map(|table| self.with_key(table, name, &folded).first().map(|id| (table, *id)))
    }

    /// The product or variation of a stock keeping unit, in the trash or not.
    pub fn post_by_sku(&self, sku: &str) -> Option<(Table, u64)> {
        let folded = fold(sku);
        [Table::Products, Table::Variations]
            .into_iter()
            .find_map(|table| self.with_key(table, "sku", &folded).first().map(|id| (table, *id)))
    }

    /// The variations of a product, in order.
    pub fn variations(&self, parent: u64) -> Vec<u64> {
        let mut ids: Vec<u64> =
            match self.row(Table::Products, parent).and_then(|row| row.seeded_number()) {
                Some(number) => self.world.variations_of(number).collect(),
                None => Vec::new(),
            };
        ids.extend(self.with_key(Table::Variations, "parent_id", &parent.to_string()));
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| self.row(Table::Variations, *id).is_some_and(|row| row.parent() == parent));
        ids
    }
}

/// The highest numbers of an order's items and of their meta data.
fn highest_of(json: &str) -> (u64, u64) {
    let order: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    let (mut item, mut meta) = (0, 0);
    let of = |list: &serde_json::Value| -> Vec<serde_json::Value> {
        list.as_array().cloned().unwrap_or_default()
    };
    for list in ["line_items", "shipping_lines", "fee_lines", "coupon_lines", "tax_lines"] {
        for entry in of(&order[list]) {
            item = item.max(entry["id"].as_u64().unwrap_or(0));
            meta = meta.max(highest_meta(&entry["meta_data"].to_string()));
        }
    }
    (item, meta.max(highest_meta(&order["meta_data"].to_string())))
}

fn highest_meta(json: &str) -> u64 {
    let items: Vec<serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    items.iter().filter_map(|m| m["id"].as_u64()).max().unwrap_or(0)
}
