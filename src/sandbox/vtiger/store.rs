//! The imitated Vtiger's database: generated records under edits, read column by column.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use super::Release;
use super::documents;
use super::fail::Failure;
use super::registry::{Column, Module, Registry, Type};
use crate::sandbox::clock::{parse_stamp, push_stamp, stamp};
use crate::sandbox::edits::{Edit, Edits};
use crate::sandbox::journal::{Entry, Journal};
use crate::sandbox::patch::{Changes, Patch};
use crate::sandbox::seed::deck::Side;
use crate::sandbox::seed::{Fact, Facts, World};
use crate::sandbox::text::{fold, push_number};

/// The tables.
#[derive(Debug)]
pub struct Store {
    /// The seeded data.
    pub world: Arc<World>,
    /// The modules; their places are the tables' places.
    pub registry: Arc<Registry>,
    tables: Vec<Edits>,
    by_time: Vec<OnceLock<Vec<(u32, u32)>>>,
    next_id: u64,
    journal: Arc<Journal>,
    /// What was deleted: when, of which table, which record.
    deleted: BTreeSet<(i64, usize, u64)>,
    /// What deleted records held, for the recycle bin.
    bin: BTreeMap<(usize, u64), Patch>,
    /// Which Vtiger it is.
    pub release: Release,
    /// The zone of the stamps: seconds east of UTC.
    pub zone: i64,
}

/// A record being looked at.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    store: &'a Store,
    /// Its module.
    pub module: &'a Module,
    /// Its number.
    pub id: u64,
    facts: Option<Facts<'a>>,
    patch: Option<&'a Patch>,
    generated_from: u64,
    /// Which of its lines is joined to it, in a query that names columns of lines.
    pub line: Option<u64>,
}

impl Store {
    /// The tables as they are before any edit.
    pub fn new(
        world: Arc<World>,
        registry: Arc<Registry>,
        journal: Arc<Journal>,
        zone: i64,
    ) -> Self {
        let mut next_id = 11;
        let mut tables = Vec::new();
        for module in &registry.modules {
            let ids = module.seeds.map_or(0..0, |kind| world.ids(kind));
            next_id = next_id.max(ids.end);
            tables.push(Edits::over(ids));
        }
        let by_time = registry.modules.iter().map(|_| OnceLock::new()).collect();
        let mut store = Self {
            world,
            registry: Arc::clone(&registry),
            tables,
            by_time,
            next_id,
            journal,
            deleted: BTreeSet::new(),
            bin: BTreeMap::new(),
            release: Release::default(),
            zone,
        };
        for (at, module) in registry.modules.iter().enumerate() {
            for row in &module.rows {
                store.plant(at, row);
            }
        }
        store
    }

    fn plant(&mut self, at: usize, row: &HashMap<String, serde_json::Value>) {
        let registry = Arc::clone(&self.registry);
        let module = &registry.modules[at];
        let id = row.get("id").and_then(serde_json::Value::as_u64).unwrap_or(0);
        let mut changes: Changes = row
            .iter()
            .filter_map(|(name, value)| {
                Some((module.column(name)?, Some(value.as_str()?.to_owned())))
            })
            .collect();
        if module.entity && module.prefix != USERS {
            let times = ["createdtime", "modifiedtime"].iter().filter_map(|n| module.column(n));
            changes.extend(
                times.map(|column| (column, Some(stamp(self.world.dawn() + self.zone, ' ')))),
            );
        }
        self.apply(at, id, &changes);
    }

    /// Takes one line of the journal.
    pub fn replay(&mut self, at: usize, entry: &Entry) {
        let registry = Arc::clone(&self.registry);
        let module = &registry.modules[at];
        match &entry.set {
            None => self.forget(at, entry.id),
            Some(set) => {
                let changes: Changes = set
                    .iter()
                    .filter_map(|(name, value)| Some((module.column(name)?, value.clone())))
                    .collect();
                self.apply(at, entry.id, &changes);
            }
        }
        if module.entity && module.prefix != USERS {
            self.next_id = self.next_id.max(entry.id + 1);
        }
    }

    /// A number for a new record: one sequence for all modules, one for each table of the system.
    pub fn next_id(&mut self, at: usize) -> u64 {
        let module = &self.registry.modules[at];
        if module.entity && module.prefix != USERS {
            self.next_id += 1;
            return self.next_id - 1;
        }
        self.number_after(at)
    }

    /// The number after the last one of a table that counts by itself.
    pub fn number_after(&self, at: usize) -> u64 {
        let after = self.tables[at].created().last().map_or(1, |id| id + 1);
        after.max(self.tables[at].generated().end)
    }

    /// Changes a record or makes one, and writes it down.
    pub fn write(&mut self, at: usize, id: u64, changes: &Changes) {
        if self.journal.keeps() {
            let module = &self.registry.modules[at];
            let set =
                changes.iter().map(|(c, v)| (module.at(*c).name.clone(), v.clone())).collect();
            self.journal.append(&Entry {
                table: format!("vtiger {}", module.name),
                id,
                set: Some(set),
            });
        }
        self.apply(at, id, changes);
    }

    fn apply(&mut self, at: usize, id: u64, changes: &Changes) {
        let module = &self.registry.modules[at];
        let table = &mut self.tables[at];
        let patch =
            table.patch(id).map_or_else(|| Patch::default().merged(changes), |p| p.merged(changes));
        let modified = module
            .column("modifiedtime")
            .and_then(|c| patch.get(c))
            .flatten()
            .and_then(parse_stamp);
        let keys: Vec<(u8, String)> = changes
            .iter()
            .filter(|(c, _)| module.at(*c).indexed)
            .filter_map(|(c, v)| Some((*c, fold(v.as_deref()?))))
            .collect();
        table.put(id, patch, modified.unwrap_or(0), keys);
    }

    /// Deletes a record.
    pub fn remove(&mut self, at: usize, id: u64) {
        let table = format!("vtiger {}", self.registry.modules[at].name);
        self.journal.append(&Entry { table, id, set: None });
        self.forget(at, id);
    }

    fn forget(&mut self, at: usize, id: u64) {
        if let Some(Edit::Row(patch, when)) = self.tables[at].get(id) {
            self.deleted.insert((*when, at, id));
            self.bin.insert((at, id), patch.clone());
        }
        self.tables[at].remove(id);
    }

    /// Takes a deleted record out of the recycle bin, with its old id and a new stamp. False: it is
    /// not there.
    pub fn restore(&mut self, at: usize, id: u64, now: i64) -> bool {
        let Some(patch) = self.bin.remove(&(at, id)) else { return false };
        self.deleted.retain(|(_, table, deleted)| (*table, *deleted) != (at, id));
        let mut changes: Changes =
            patch.iter().map(|(column, value)| (column, value.map(str::to_owned))).collect();
        if let Some(column) = self.registry.modules[at].column("modifiedtime") {
            changes.retain(|(c, _)| *c != column);
            changes.push((column, Some(stamp(now, ' '))));
        }
        self.write(at, id, &changes);
        true
    }

    /// Deleted records of a table by the time of their deletion, after that time.
    pub fn deleted_after(&self, at: usize, time: i64) -> impl Iterator<Item = (i64, u64)> + '_ {
        let later = self.deleted.range((time + 1, 0, 0)..);
        later.filter(move |(_, table, _)| *table == at).map(|(when, _, id)| (*when, *id))
    }

    /// A module's edits.
    pub fn table(&self, at: usize) -> &Edits {
        &self.tables[at]
    }

    /// A record, if it is there.
    pub fn row(&self, at: usize, id: u64) -> Option<Row<'_>> {
        let module = &self.registry.modules[at];
        let table = &self.tables[at];
        let patch = match table.get(id) {
            Some(Edit::Gone) => return None,
            Some(Edit::Row(patch, _)) => Some(patch),
            None if table.generated().contains(&id) => None,
            None => return None,
        };
        let facts = module.seeds.and_then(|kind| self.world.facts(kind, id));
        let generated_from = table.generated().start;
        Some(Row { store: self, module, id, facts, patch, generated_from, line: None })
    }

    /// The module a number belongs to, if that record is there.
    pub fn module_of(&self, id: u64) -> Option<usize> {
        let entities =
            self.registry.modules.iter().enumerate().filter(|(_, m)| m.entity && m.prefix != USERS);
        entities.map(|(at, _)| at).find(|at| self.tables[*at].exists(id))
    }

    /// Ids that have the folded value in an indexed column, in order.
    pub fn with_key(&self, at: usize, column: u8, folded: &str) -> Vec<u64> {
        let module = &self.registry.modules[at];
        let mut ids = match (module.seeds, module.at(column).fact) {
            (Some(kind), Some(fact)) => self.world.find(kind, fact, folded),
            _ => Vec::new(),
        };
        ids.extend_from_slice(self.tables[at].with_key(column, folded));
        ids.sort_unstable();
        ids.dedup();
        let mut text = String::new();
        ids.retain(|id| {
            text.clear();
            self.row(at, *id).is_some_and(|row| row.read(column, &mut text))
                && fold(&text) == folded
        });
        ids
    }

    /// Generated records by modification stamp, as seconds from the world's beginning.
    fn generated_by_time(&self, at: usize) -> &[(u32, u32)] {
        self.by_time[at].get_or_init(|| {
            let Some(kind) = self.registry.modules[at].seeds else {
                return Vec::new();
            };
            let mut all: Vec<(u32, u32)> = self
                .world
                .ids(kind)
                .filter_map(|id| {
                    let stamp =
                        self.world.facts(kind, id)?.modified(Side::Vtiger) - self.world.dawn();
                    Some((u32::try_from(stamp).ok()?, u32::try_from(id).ok()?))
                })
                .collect();
            all.sort_unstable();
            all
        })
    }

    /// Records by modification stamp and id, from that stamp on.
    pub fn by_time(&self, at: usize, from: i64) -> impl Iterator<Item = u64> + '_ {
        let dawn = self.world.dawn() + self.zone;
        let table = &self.tables[at];
        let all = self.generated_by_time(at);
        let start = all.partition_point(|(stamp, _)| i64::from(*stamp) + dawn < from);
        let mut generated = all[start..]
            .iter()
            .map(move |(stamp, id)| (i64::from(*stamp) + dawn, u64::from(*id)))
            .filter(|(_, id)| table.get(*id).is_none())
            .peekable();
        let mut edited = table.by_time(from).peekable();
        std::iter::from_fn(move || match (generated.peek(), edited.peek()) {
            (Some(a), Some(b)) if a < b => generated.next(),
            (_, Some(_)) => edited.next(),
            (_, None) => generated.next(),
        })
        .map(|(_, id)| id)
    }

    /// The numbers in a webservice id, checked as Vtiger checks them.
    pub fn id_parts(text: &str) -> Result<(u64, u64), Failure> {
        let Some((prefix, number)) = text.split_once('x') else {
            return Err(Failure::denied());
        };
        let prefix: u64 = prefix.parse().map_err(|_| Failure::denied())?;
        Ok((prefix, number.parse().map_err(|_| Failure::bad_id())?))
    }
}

/// The prefix of users' ids.
pub const USERS: u64 = 19;
/// The prefix of groups' ids.
pub const GROUPS: u64 = 20;

impl Row<'_> {
    /// Appends the column's value as `query` shows it; `false` is null.
    pub fn read(&self, column: u8, out: &mut String) -> bool {
        let spec = self.module.at(column);
        if spec.kind == Type::Id {
            push_number(out, self.module.prefix);
            out.push('x');
            push_number(out, self.id);
            return true;
        }
        if spec.of_lines {
            return self.read_line(spec, out);
        }
        let from = out.len();
        let known = match self.patch.and_then(|p| p.get(column)) {
            Some(Some(text)) => {
                out.push_str(text);
                true
            }
            Some(None) => false,
            None => self.computed(column, out),
        };
        match &spec.kind {
            Type::Reference(_) if known => {
                self.reference_lives(&out[from..]) || {
                    out.truncate(from);
                    false
                }
            }
            Type::Date => known && out.len() > from,
            _ => known,
        }
    }

    /// Appends the value of a column by its name.
    pub fn named(&self, name: &str, out: &mut String) -> bool {
        self.module.column(name).is_some_and(|column| self.read(column, out))
    }

    fn read_line(&self, spec: &Column, out: &mut String) -> bool {
        let first =
            || documents::lines_of(self.store, self.module.prefix, self.id).first().copied();
        let table = self.store.registry.find("LineItem");
        let line = table.zip(self.line.or_else(first)).and_then(|(at, id)| self.store.row(at, id));
        line.is_some_and(|line| line.named(&spec.name, out))
    }

    fn computed(&self, column: u8, out: &mut String) -> bool {
        let spec = self.module.at(column);
        match (&self.facts, spec.fact) {
            (Some(_), Some(Fact::Number)) => {
                let prefix = self.module.number.as_ref().map_or("", |(_, prefix)| prefix.as_str());
                out.push_str(prefix);
                push_number(out, self.id - self.generated_from + 1);
                return true;
            }
            (Some(facts), Some(fact @ (Fact::Created | Fact::Modified))) => {
                let (created, modified) = facts.stamps(Side::Vtiger);
                let at = if fact == Fact::Created { created } else { modified };
                push_stamp(out, at + self.store.zone, ' ');
                return true;
            }
            (Some(facts), Some(fact)) => return facts.write(fact, Side::Vtiger, out),
            _ => {}
        }
        match (&spec.kind, spec.name.as_str()) {
            (Type::Owner, _) | (Type::Reference(_), "modifiedby") => out.push_str("19x1"),
            (Type::Reference(_), _) => return false,
            _ => out.push_str(spec.default),
        }
        true
    }

    fn reference_lives(&self, text: &str) -> bool {
        let Ok((prefix, id)) = Store::id_parts(text) else {
            return false;
        };
        let at = self.store.registry.by_prefix(prefix);
        at.is_some_and(|at| self.store.tables[at].exists(id))
    }

    /// The display name, unescaped.
    pub fn label(&self) -> String {
        let mut label = String::new();
        for column in &self.module.label_columns {
            let mut text = String::new();
            if self.read(*column, &mut text) && !text.is_empty() {
                if !label.is_empty() {
                    label.push(' ');
                }
                label.push_str(&text);
            }
        }
        label
    }
}
