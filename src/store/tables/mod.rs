//! The tables of the store, one file each: its keys, the shape of its rows, and how it is read
//! and written.
//!
//! Ids stand in keys as [`crate::model::id_key`], so that `11x9` sorts before `11x10`.

pub(super) mod connectors;
pub(super) mod counters;
pub(super) mod cursors;
pub(super) mod debug_log;
pub(super) mod facts;
pub(super) mod history;
pub(super) mod intents;
pub(super) mod items;
pub(super) mod links;
pub(super) mod meta;
pub(super) mod parked;
pub(super) mod runs;
pub(super) mod settings;
pub(super) mod shapes;
pub(super) mod skips;
pub(super) mod tombs;

use super::StoreResult;
use super::codec::{Code, Row};
use super::writing::Slot;
use crate::model::{ConnectorId, Module, Side, id_key};
use redb::{ReadableTable, ReadableTableMetadata};
use std::ops::Bound;

/// A table of versioned rows.
pub(super) type BytesTable<'t, K> = Slot<'t, K, &'static [u8]>;
/// A table of texts (JSON, facts).
pub(super) type TextTable<'t, K> = Slot<'t, K, &'static str>;
/// The key of what belongs to a record of one side: connector, module, side, id.
pub(super) type RecordKey = (u32, u8, u8, &'static str);

/// The row of a record of one side.
fn get_record<R: Row>(
    table: &impl ReadableTable<RecordKey, &'static [u8]>,
    (c, m, side, id): (ConnectorId, Module, Side, &str),
) -> StoreResult<Option<R>> {
    let key = id_key(id);
    table
        .get((c, m.code(), side.code(), key.as_str()))?
        .map(|row| R::decode(row.value()))
        .transpose()
}

/// The rows of a module by side and id, after one, at most so many.
fn records_after<R: Row>(
    table: &impl ReadableTable<RecordKey, &'static [u8]>,
    c: ConnectorId,
    m: Module,
    after: Option<(Side, &str)>,
    limit: usize,
) -> StoreResult<Vec<R>> {
    let key = after.map(|(side, id)| (side.code(), id_key(id)));
    let start = match &key {
        Some((side, id)) => Bound::Excluded((c, m.code(), *side, id.as_str())),
        None => Bound::Included((c, m.code(), 0, "")),
    };
    let end = Bound::Excluded((c, m.code() + 1, 0, ""));
    table
        .range::<(u32, u8, u8, &str)>((start, end))?
        .take(limit)
        .map(|row| R::decode(row?.1.value()))
        .collect()
}

/// The rows of a module's records of one side by id, after an id.
fn records_of<R: Row>(
    table: &impl ReadableTable<RecordKey, &'static [u8]>,
    (c, m, side, after): (ConnectorId, Module, Side, &str),
) -> StoreResult<impl Iterator<Item = StoreResult<R>>> {
    let (side, key) = (side.code(), id_key(after));
    let start = Bound::Excluded((c, m.code(), side, key.as_str()));
    let end = Bound::Excluded((c, m.code(), side + 1, ""));
    let rows = table.range::<(u32, u8, u8, &str)>((start, end))?;
    Ok(rows.map(|row| R::decode(row?.1.value())))
}

/// Puts the row of a record of one side; answers whether it is new.
fn put_record<R: Row>(
    table: &mut BytesTable<'_, RecordKey>,
    (c, m, side, id): (ConnectorId, Module, Side, &str),
    row: &R,
) -> StoreResult<bool> {
    let key = id_key(id);
    let bytes = row.encode()?;
    let old = table.open()?.insert((c, m.code(), side.code(), key.as_str()), bytes.as_slice())?;
    Ok(old.is_none())
}

/// Removes the row of a record of one side; answers whether it was there.
fn drop_record(
    table: &mut BytesTable<'_, RecordKey>,
    (c, m, side, id): (ConnectorId, Module, Side, &str),
) -> StoreResult<bool> {
    let rows = table.open()?;
    if rows.is_empty()? {
        return Ok(false);
    }
    let key = id_key(id);
    let old = rows.remove((c, m.code(), side.code(), key.as_str()))?;
    Ok(old.is_some())
}

/// Removes everything of a connector from a table of records.
fn clear_records(table: &mut BytesTable<'_, RecordKey>, c: ConnectorId) -> StoreResult<()> {
    let all = (c, 0, 0, "")..(c + 1, 0, 0, "");
    table.open()?.retain_in::<(u32, u8, u8, &str), _>(all, |_, _| false)?;
    Ok(())
}
