//! Record lists: pages, filtering, sorting. Everything in short transactions of a few hundred rows,
//! so that a list of millions keeps nobody waiting.

use super::Shared;
use crate::model::{ConnectorId, Item, ItemStatus, Module, Side, id_key};
use crate::store::{Reader, StoreResult};
use crate::tui::history::MOST;
use crate::tui::msg::{
    Arrangement, Column, Links, Msg, Page, PageRequest, Part, Row, RowKey, Source, Wanted,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Rows read in one transaction.
const CHUNK: usize = 2_000;
/// Sort keys are cut to this many characters, to keep a million of them in memory.
const SORT_KEY: usize = 32;

/// How long each part of a source is.
pub fn lengths(reader: &Reader, source: &Source) -> StoreResult<Vec<u64>> {
    let run = reader.run(source.run)?;
    source
        .parts
        .iter()
        .map(|part| match (&run, part.status) {
            (_, ItemStatus::Conflict | ItemStatus::Linked | ItemStatus::Waiting) => {
                probe(reader, source.run, *part)
            }
            (Some(run), _) => Ok(crate::tui::log::number(run, *part)),
            (None, _) => Ok(0),
        })
        .collect()
}

/// The length of a list that the run's row does not count by side: lists are dense, so it is found
/// by doubling and halving.
fn probe(reader: &Reader, run: u64, part: Part) -> StoreResult<u64> {
    let has = |at: u64| -> StoreResult<bool> {
        Ok(!reader.items(run, part.module, part.side, part.status, at, 1)?.is_empty())
    };
    if !has(0)? {
        return Ok(0);
    }
    let mut low = 0;
    let mut high = 1;
    while has(high)? {
        low = high;
        high *= 2;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if has(middle)? { low = middle } else { high = middle }
    }
    Ok(high)
}

/// So many rows from a position on, over the borders of the parts.
pub fn range(
    reader: &Reader,
    source: &Source,
    lengths: &[u64],
    from: u64,
    count: usize,
) -> StoreResult<Vec<Row>> {
    let mut rows = Vec::new();
    let mut start = 0;
    for (at, (part, length)) in source.parts.iter().zip(lengths).enumerate() {
        let end = start + length;
        let want = count - rows.len();
        if want > 0 && from < end && *length > 0 {
            let position = from.saturating_sub(start);
            let room = usize::try_from(length - position).unwrap_or(usize::MAX);
            let items = reader.items(
                source.run,
                part.module,
                part.side,
                part.status,
                position,
                want.min(room),
            )?;
            for (position, item) in (position..).zip(items) {
                rows.push(Row { key: RowKey::new(at, position), item });
            }
        }
        start = end;
    }
    Ok(rows)
}

/// The rows with these keys, neighbours read together.
pub fn picked(reader: &Reader, source: &Source, keys: &[RowKey]) -> StoreResult<Vec<Row>> {
    let mut rows = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.first() {
        let together = rest
            .iter()
            .zip(first.position()..)
            .take_while(|(key, position)| key.part() == first.part() && key.position() == *position)
            .count()
            .max(1);
        if let Some(part) = source.parts.get(first.part()) {
            let items = reader.items(
                source.run,
                part.module,
                part.side,
                part.status,
                first.position(),
                together,
            )?;
            rows.extend(rest.iter().zip(items).map(|(key, item)| Row { key: *key, item }));
        }
        rest = &rest[together..];
    }
    Ok(rows)
}

/// Reads a page.
pub fn page(shared: &Shared, request: &PageRequest) {
    let source = &request.source;
    let read = shared.read(|reader| {
        let lengths = lengths(reader, source)?;
        let (from, rows) = match &request.wanted {
            Wanted::Range(from, count) => (*from, range(reader, source, &lengths, *from, *count)?),
            Wanted::Picked(from, keys) => (*from, picked(reader, source, keys)?),
        };
        Ok(Page { generation: request.generation, lengths, from, rows })
    });
    if let Some(page) = read {
        shared.send(Msg::Page(page));
    }
}

/// Filters and sorts a list, unless a newer job comes.
pub fn arrange(shared: &Shared, job: u64, source: &Source, generation: u64, how: &Arrangement) {
    let given_up = || shared.arranging.load(Ordering::SeqCst) != job;
    let Some(lengths) = shared.read(|reader| lengths(reader, source)) else {
        return;
    };
    let total: u64 = lengths.iter().sum();
    let mut keyed: Vec<(String, RowKey)> = Vec::new();
    let mut done = 0;
    while done < total {
        if given_up() {
            return;
        }
        let rows = shared.read(|reader| range(reader, source, &lengths, done, CHUNK));
        let Some(rows) = rows.filter(|rows| !rows.is_empty()) else {
            break;
        };
        done += u64::try_from(rows.len()).unwrap_or(0);
        for row in rows.into_iter().filter(|row| how.sift.passes(&row.item)) {
            let key = how.sort.map(|(column, _)| sort_key(&row.item, column)).unwrap_or_default();
            keyed.push((key, row.key));
        }
        if done < total && done.is_multiple_of(10 * u64::try_from(CHUNK).unwrap_or(1)) {
            shared.send(Msg::Arranging { generation, done, total });
        }
    }
    match how.sort {
        Some((_, false)) => keyed.sort_unstable(),
        // Downwards by the column, but equal ones still in the store's order.
        Some((_, true)) => keyed.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1))),
        None => {}
    }
    if !given_up() {
        let order = Arc::new(keyed.into_iter().map(|(_, key)| key).collect());
        shared.send(Msg::Arranged { generation, lengths, order });
    }
}

fn sort_key(item: &Item, column: Column) -> String {
    let text = match column {
        Column::SourceModule => item.source_module.to_lowercase(),
        Column::Name => item.name.to_lowercase(),
        Column::Status => format!("{}", u8::MAX - item.status as u8),
        Column::VtigerId => id_key(&item.vtiger_id),
        Column::ServiceId => id_key(&item.service_id),
        Column::Time => format!("{:020}", item.time.0),
        Column::Reason => match (&item.reason, &item.conflict) {
            (Some(reason), _) => reason.text.to_lowercase(),
            (None, Some(row)) => row.field.to_lowercase(),
            (None, None) => String::new(),
        },
    };
    match text.char_indices().nth(SORT_KEY) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

/// Reads what became of a record in all runs of a connector. An id that is not known is that of the
/// linked record.
pub fn history(shared: &Shared, id: u64, c: ConnectorId, m: Module, ids: [String; 2]) {
    let read = shared.read(|reader| {
        let [mut vtiger_id, mut service_id] = ids;
        if vtiger_id.is_empty() {
            let link = reader.link_by_service(c, m, &service_id)?;
            vtiger_id = link.map(|link| link.vtiger_id).unwrap_or_default();
        } else if service_id.is_empty() {
            let link = reader.link_by_vtiger(c, m, &vtiger_id)?;
            service_id = link.map(|link| link.service_id).unwrap_or_default();
        }
        reader.outcomes(c, m, [&vtiger_id, &service_id], MOST)
    });
    if let Some(rows) = read {
        shared.send(Msg::History { id, rows });
    }
}

/// Finds the web pages of a record.
pub fn links(shared: &Shared, generation: u64, connector: ConnectorId, item: &Item) {
    let read = shared.read(|reader| Ok((reader.crm()?, reader.connector(connector)?)));
    let links = match read {
        Some((Some(crm), Some(connector))) => {
            let url = |side, id: &str| {
                shared
                    .engine
                    .record_url(&crm, &connector, item.module, side, id)
                    .filter(|_| !id.is_empty())
            };
            Links {
                vtiger: url(Side::Vtiger, &item.vtiger_id),
                service: url(Side::Service, &item.service_id),
            }
        }
        _ => Links::default(),
    };
    shared.send(Msg::Links { generation, links });
}

#[cfg(test)]
mod tests;
