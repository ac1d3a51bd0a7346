//! Record lists: pages of a few hundred rows in short transactions, history, links.

use super::Shared;
use crate::model::{ConnectorId, Item, Module, Run, Side};
use crate::store::{ItemList, Reader, StoreResult};
use crate::tui::history::MOST;
use crate::tui::log::{RUNS, Window};
use crate::tui::msg::{Links, Msg, Page, PageRequest, Part, Row, RowKey, Source};

/// How long each part of a source is.
pub fn lengths(reader: &Reader, source: &Source) -> StoreResult<Vec<u64>> {
    let list = |part: &Part| (part.module, part.side, part.status);
    let lists: Vec<_> = source.parts.iter().map(list).collect();
    reader.item_counts(source.run, &lists)
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

/// Shows so many rows from a position on without what changed in them, one after the other. Answers
/// how many there were.
pub fn heads(
    reader: &Reader,
    source: &Source,
    lengths: &[u64],
    from: u64,
    count: usize,
    mut take: impl FnMut(RowKey, &Item) -> StoreResult<()>,
) -> StoreResult<usize> {
    let mut taken = 0;
    let mut start = 0;
    for (at, (part, length)) in source.parts.iter().zip(lengths).enumerate() {
        let end = start + length;
        if taken < count && from < end && *length > 0 {
            let mut position = from.saturating_sub(start);
            let room = usize::try_from(length - position).unwrap_or(usize::MAX);
            let Part { module, side, status } = *part;
            let list = ItemList { run: source.run, module, side, status };
            taken += reader.item_heads(list, position, room.min(count - taken), |item| {
                position += 1;
                take(RowKey::new(at, position - 1), &item)
            })?;
        }
        start = end;
    }
    Ok(taken)
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
    match read_page(shared, request) {
        Ok(page) => shared.send(Msg::Page(page)),
        Err(error) => shared.send(Msg::Failed(error.user())),
    }
}

fn read_page(shared: &Shared, request: &PageRequest) -> StoreResult<Page> {
    let PageRequest { source, view, count, .. } = request;
    let mut from = request.from;
    let mut around = None;
    let mut keys = None;
    if let Some(order) = &request.order {
        if let Some(key) = request.around {
            let at = order.index_of(key)?;
            from = at.map_or(0, |at| at.saturating_sub(*count as u64 / 2));
            around = Some((key, at));
        }
        keys = Some(order.keys(from, *count)?);
    }
    shared.store.read_blocking(|reader| {
        let lengths = lengths(reader, source)?;
        let rows = match &keys {
            None => range(reader, source, &lengths, from, *count)?,
            Some(keys) => picked(reader, source, keys)?,
        };
        Ok(Page { view: *view, lengths, from, rows, around })
    })
}

/// Reads the runs of a window, newest first: whether there are newer ones, and older ones.
pub fn runs(
    reader: &Reader,
    connector: ConnectorId,
    window: Window,
) -> StoreResult<(Vec<Run>, bool, bool)> {
    let older = |before| reader.runs_before(Some(connector), before, RUNS + 1);
    let newer = |after| reader.runs_after(connector, after, RUNS + 1);
    let cut = |mut runs: Vec<Run>| {
        let more = runs.len() > RUNS;
        runs.truncate(RUNS);
        (runs, more)
    };
    let ((upper, more_above), (lower, more_below)) = match window {
        Window::Newest => (cut(Vec::new()), cut(older(None)?)),
        Window::Around(run) => (cut(newer(run)?), cut(older(Some(run.saturating_add(1)))?)),
        Window::Oldest => (cut(newer(0)?), cut(Vec::new())),
    };
    let runs = upper.into_iter().rev().chain(lower).collect();
    Ok((runs, more_above, more_below))
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
