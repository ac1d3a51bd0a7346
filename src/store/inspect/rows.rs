//! Every row of a store: can it be read, and does it agree with the others?

use super::{Inspection, SKEW_FACT};
use crate::model::{
    ConnectorId, Cursor, Intent, Item, ItemStatus, Link, Module, ModuleCounts, Parked, Side, Skip,
    Tomb, UserError, id_key,
};
use crate::store::codec::{Code, Row};
use crate::store::open::caught;
use crate::store::reader::{ReadSlot, Reader};
use crate::store::tables::RecordKey;
use crate::store::tables::counters::Counter;
use crate::store::tables::links::indexed;
use crate::store::tables::runs::StoredRun;
use crate::store::{StoreError, StoreResult};
use redb::{Key, ReadableTable};
use std::collections::{BTreeMap, BTreeSet};

/// How many rows of a kind are named.
const EXAMPLES: usize = 3;

/// What is wrong, by kind, with how often and some examples.
#[derive(Default)]
struct Wrong(BTreeMap<&'static str, (u64, Vec<String>)>);

const UNREADABLE: &str = "Rows of the store cannot be read.";
const HOMELESS: &str = "Rows of the store belong to a connector that is not there.";
const LINKS: &str = "Links and their index by service id do not agree.";
const COUNTERS: &str = "Counters of the store do not agree with its rows.";
const LISTS: &str = "Lists of a run do not agree with the run's numbers.";
const RUNS: &str = "Runs and their index by connector do not agree.";

impl Wrong {
    fn add(&mut self, kind: &'static str, example: impl FnOnce() -> String) {
        let (count, examples) = self.0.entry(kind).or_default();
        *count += 1;
        if examples.len() < EXAMPLES {
            examples.push(example());
        }
    }

    fn told(self) -> impl Iterator<Item = UserError> {
        self.0.into_iter().map(|(what, (count, examples))| {
            let more = match count - examples.len() as u64 {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            UserError::new(
                what,
                format!("{}{more}.", examples.join("; ")),
                "Restore the store from a backup. If the disk is sound, please report it.",
            )
        })
    }
}

/// Looks at everything, and notes what is wrong in the inspection.
pub(super) fn look(inspection: &mut Inspection, begin: impl Fn() -> StoreResult<Reader>) {
    let mut wrong = Wrong::default();
    let mut errors = Vec::new();
    // A damaged page can make redb panic; the other questions are asked all the same.
    let mut ask = |question: &mut dyn FnMut(&Reader, &mut Wrong) -> StoreResult<()>| {
        let asked = caught(|| question(&begin()?, &mut wrong));
        let error = match asked {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.user(),
            Err(_) => StoreError::from(redb::StorageError::Corrupted(
                "Its pages do not fit together".into(),
            ))
            .user(),
        };
        if !errors.contains(&error) {
            errors.push(error);
        }
    };
    ask(&mut |reader, _| {
        inspection.crm = reader.crm()?;
        for row in reader.facts.open(&reader.txn)?.range::<&str>(SKEW_FACT..)? {
            let row = row?;
            let Some(of) = row.0.value().strip_prefix(SKEW_FACT) else { break };
            let skew = row.1.value().parse().ok();
            inspection.skews.extend(skew.map(|skew| (of.to_owned(), skew)));
        }
        reader.retention().map(drop)
    });
    ask(&mut |reader, _| {
        inspection.connectors = reader.connectors()?;
        Ok(())
    });
    let known: BTreeSet<ConnectorId> = inspection.connectors.iter().map(|c| c.id).collect();
    for &c in &known {
        for module in Module::ALL {
            ask(&mut |reader, wrong| links(reader, wrong, c, module));
            ask(&mut |reader, wrong| counters(reader, wrong, c, module));
        }
    }
    ask(&mut |reader, wrong| {
        let home = |wrong: &mut Wrong, table: &str, c: ConnectorId| {
            if !known.contains(&c) {
                wrong.add(HOMELESS, || format!("{table} of connector {c}"));
            }
        };
        records(reader, &reader.intents, wrong, home, |i: &Intent| {
            (i.target, i.source_id.clone())
        })?;
        records(reader, &reader.parked, wrong, home, |p: &Parked| (p.side, p.id.clone()))?;
        records(reader, &reader.skips, wrong, home, |s: &Skip| (s.side, s.id.clone()))?;
        records(reader, &reader.tombs, wrong, home, |t: &Tomb| (t.side, t.id.clone()))?;
        decode::<_, Cursor>(reader, &reader.cursors, wrong, |wrong, key, _| {
            home(wrong, "cursors", key.0);
        })?;
        for row in reader.links.open(&reader.txn)?.iter()? {
            let (c, _, _) = row?.0.value();
            home(wrong, "links", c);
        }
        Ok(())
    });
    let mut ids = Vec::new();
    ask(&mut |reader, wrong| {
        ids = runs(reader, wrong, &known)?;
        inspection.newest_run = reader.runs_before(None, None, 1)?.first().map(|run| run.started);
        Ok(())
    });
    for run in ids {
        ask(&mut |reader, wrong| lists(reader, wrong, run));
    }
    inspection.findings.extend(errors);
    inspection.findings.extend(wrong.told());
}

/// Decodes every row of a table.
fn decode<K: Key + 'static, R: Row>(
    reader: &Reader,
    slot: &ReadSlot<K, &'static [u8]>,
    wrong: &mut Wrong,
    mut each: impl FnMut(&mut Wrong, K::SelfType<'_>, R),
) -> StoreResult<()> {
    for (at, row) in slot.open(&reader.txn)?.iter()?.enumerate() {
        let row = row?;
        match R::decode(row.1.value()) {
            Ok(decoded) => each(wrong, row.0.value(), decoded),
            Err(_) => wrong.add(UNREADABLE, || format!("row {} of the table {}", at + 1, R::TABLE)),
        }
    }
    Ok(())
}

/// Decodes every row of a table of records, and compares its key with what is in it.
fn records<R: Row>(
    reader: &Reader,
    slot: &ReadSlot<RecordKey, &'static [u8]>,
    wrong: &mut Wrong,
    home: impl Fn(&mut Wrong, &str, ConnectorId),
    side_and_id: impl Fn(&R) -> (Side, String),
) -> StoreResult<()> {
    decode(reader, slot, wrong, |wrong, (c, m, side, key), row: R| {
        home(wrong, R::TABLE, c);
        let (its_side, id) = side_and_id(&row);
        let fits = its_side.code() == side && id_key(&id) == key && Module::from_code(m).is_some();
        if !fits {
            wrong.add(UNREADABLE, || format!("{} of the table {} has another key", id, R::TABLE));
        }
    })
}

/// Links and their index: one to one.
fn links(reader: &Reader, wrong: &mut Wrong, c: ConnectorId, m: Module) -> StoreResult<()> {
    let forth = reader.links.open(&reader.txn)?;
    let back = reader.links_by_sid.open(&reader.txn)?;
    let all = (c, m.code(), "")..(c, m.code() + 1, "");
    for row in forth.range::<(u32, u8, &str)>(all.clone())? {
        let row = row?;
        let Ok(link) = Link::decode(row.1.value()) else {
            wrong.add(UNREADABLE, || format!("a link of {m} of connector {c}"));
            continue;
        };
        let key = id_key(&link.service_id);
        let found = back.get((c, m.code(), key.as_str()))?;
        let fits = found.is_some_and(|row| row.value() == indexed(&link));
        if !fits || id_key(&link.vtiger_id) != row.0.value().2 {
            wrong.add(LINKS, || {
                format!("{m} {} – {} of connector {c}", link.vtiger_id, link.service_id)
            });
        }
    }
    for row in back.range::<(u32, u8, &str)>(all)? {
        let row = row?;
        let (service_id, vtiger_id, ..) = row.1.value();
        let key = id_key(vtiger_id);
        let link = forth.get((c, m.code(), key.as_str()))?;
        let link = link.and_then(|row| Link::decode(row.value()).ok());
        if link.is_none_or(|link| link.service_id != service_id) {
            wrong.add(LINKS, || format!("{m} {vtiger_id} – {service_id} of connector {c}"));
        }
    }
    Ok(())
}

/// What is counted, against what is there.
fn counters(reader: &Reader, wrong: &mut Wrong, c: ConnectorId, m: Module) -> StoreResult<()> {
    let table = reader.counters.open(&reader.txn)?;
    let all = (c, m.code(), "")..(c, m.code() + 1, "");
    let records = (c, m.code(), 0, "")..(c, m.code() + 1, 0, "");
    let links = reader.links.open(&reader.txn)?.range::<(u32, u8, &str)>(all)?.count();
    let of = |slot: &ReadSlot<RecordKey, &'static [u8]>| -> StoreResult<usize> {
        let table = slot.open(&reader.txn)?;
        Ok(table.range::<(u32, u8, u8, &str)>(records.clone())?.count())
    };
    let mut undecided = 0;
    for row in reader.skips.open(&reader.txn)?.range::<(u32, u8, u8, &str)>(records.clone())? {
        let skip = Skip::decode(row?.1.value());
        undecided += usize::from(skip.is_ok_and(|skip| skip.waits_for_decision()));
    }
    let there = [
        (Counter::Links, "links", links),
        (Counter::Skips, "skips", of(&reader.skips)?),
        (Counter::Parked, "queue", of(&reader.parked)?),
        (Counter::Undecided, "decisions", undecided),
    ];
    for (counter, name, there) in there {
        let counted = table.get((c, m.code(), counter as u8))?.map_or(0, |n| n.value());
        if counted != there as u64 {
            wrong.add(COUNTERS, || {
                format!("{name} of {m} of connector {c}: {counted} counted, {there} there")
            });
        }
    }
    Ok(())
}

/// The runs and their index; answers their numbers.
fn runs(
    reader: &Reader,
    wrong: &mut Wrong,
    known: &BTreeSet<ConnectorId>,
) -> StoreResult<Vec<u64>> {
    let index = reader.runs_by_connector.open(&reader.txn)?;
    let mut ids = Vec::new();
    let mut indexed = 0;
    decode(reader, &reader.runs, wrong, |wrong, id, stored: StoredRun| {
        ids.push(id);
        let c = stored.run.connector;
        if !known.contains(&c) {
            wrong.add(HOMELESS, || format!("run {id} of connector {c}"));
        }
        let found = index.get((c, id)).is_ok_and(|row| row.is_some());
        indexed += u64::from(found);
        if !found || stored.run.id != id {
            wrong.add(RUNS, || format!("run {id}"));
        }
    })?;
    let entries = index.iter()?.count() as u64;
    if entries > indexed {
        wrong.add(RUNS, || format!("{} entries of the index have no run", entries - indexed));
    }
    Ok(ids)
}

/// The lists of a run: dense, as long as the run says, and its numbers are theirs.
fn lists(reader: &Reader, wrong: &mut Wrong, run: u64) -> StoreResult<()> {
    let row = reader.runs.open(&reader.txn)?.get(run)?;
    let Some(Ok(stored)) = row.map(|row| StoredRun::decode(row.value())) else {
        // Removed meanwhile, or told already.
        return Ok(());
    };
    let mut lengths: BTreeMap<(u8, u8, u8), u64> = BTreeMap::new();
    let mut counts: BTreeMap<Module, ModuleCounts> = BTreeMap::new();
    let items = reader.items.open(&reader.txn)?;
    for row in items.range((run, 0, 0, 0, 0)..(run + 1, 0, 0, 0, 0))? {
        let row = row?;
        let (_, module, side, status, n) = row.0.value();
        let next = lengths.entry((module, side, status)).or_default();
        if n != *next {
            wrong.add(LISTS, || format!("run {run}: place {next} is empty"));
        }
        *next = n + 1;
        match Item::decode(row.1.value()) {
            Ok(item) if key_of(&item) == (module, side, status) => {
                counts.entry(item.module).or_default().count(item.side, item.status);
                if !reader.is_noted(row.0.value(), &item)? {
                    wrong.add(LISTS, || format!("run {run}: place {n} is in no history"));
                }
            }
            _ => wrong.add(UNREADABLE, || format!("place {n} of a list of run {run}")),
        }
    }
    for module in Module::ALL {
        for side in Side::BOTH {
            for status in ItemStatus::ALL {
                let key = (module.code(), side.code(), status.code());
                let there = lengths.get(&key).copied().unwrap_or(0);
                let said = stored.length(module, side, status);
                if there != said {
                    wrong.add(LISTS, || format!("run {run}, {module}: {said} said, {there} there"));
                }
            }
        }
        let told = stored.run.modules.get(&module).cloned().unwrap_or_default();
        let there = counts.remove(&module).unwrap_or_default();
        if numbers(&told) != numbers(&there) {
            wrong.add(LISTS, || {
                format!("run {run}, {module}: the numbers are not those of the rows")
            });
        }
    }
    Ok(())
}

fn key_of(item: &Item) -> (u8, u8, u8) {
    (item.module.code(), item.side.code(), item.status.code())
}

/// The numbers that derive from rows.
fn numbers(counts: &ModuleCounts) -> impl PartialEq + use<> {
    (counts.vtiger, counts.service, counts.linked, counts.waiting, counts.conflicts)
}
