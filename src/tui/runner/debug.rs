//! What the debug pane asks of the store. A search goes through the log in short transactions, and
//! gives up when another one is asked for.

use super::Shared;
use crate::model::{Connector, ConnectorId, UserError};
use crate::store::{Change, Reader, StoreResult};
use crate::tui::debug::{DebugNews, DebugRow, DebugWanted, Search};
use crate::tui::msg::Msg;
use std::sync::atomic::Ordering;

/// Entries read in one transaction; each may have some ten kilobytes.
const CHUNK: usize = 200;

/// Reads rows.
pub fn page(shared: &Shared, connector: ConnectorId, generation: u64, wanted: &DebugWanted) {
    let read = shared
        .read(|reader| Ok((reader.debug_extent(connector)?, rows(reader, connector, wanted)?)));
    if let Some((extent, rows)) = read {
        shared.send(Msg::Debug(DebugNews::Page { generation, extent, rows }));
    }
}

fn rows(reader: &Reader, c: ConnectorId, wanted: &DebugWanted) -> StoreResult<Vec<DebugRow>> {
    match wanted {
        DebugWanted::From(from, count) => {
            let entries = reader.debug_entries(c, 0..=*from, *count)?;
            Ok(entries.into_iter().map(DebugRow::from).collect())
        }
        DebugWanted::These(numbers) => {
            let entries = numbers.iter().filter_map(|n| reader.debug_entry(c, *n).transpose());
            entries.map(|entry| entry.map(DebugRow::from)).collect()
        }
    }
}

/// Finds the entries above a number that have a text, the newest first; with `!` before it, those
/// that do not.
pub fn search(
    shared: &Shared,
    job: u64,
    connector: ConnectorId,
    generation: u64,
    text: &str,
    above: u64,
) {
    let (inverse, text) = match text.strip_prefix('!') {
        Some(rest) => (true, rest.to_lowercase()),
        None => (false, text.to_lowercase()),
    };
    let Some(extent) = shared.read(|reader| reader.debug_extent(connector)) else { return };
    let first = extent.first.max(above + 1);
    let total = (extent.last + 1).saturating_sub(first);
    let mut search = Search { looked: 0, total, newest: extent.last, done: false };
    let mut below = extent.last;
    while !search.done {
        if shared.searching.load(Ordering::SeqCst) != job {
            return;
        }
        let read = shared.read(|reader| reader.debug_entries(connector, first..=below, CHUNK));
        let Some(entries) = read else { return };
        search.looked += entries.len() as u64;
        search.done = entries.len() < CHUNK;
        below = entries.last().map_or(0, |entry| entry.number.saturating_sub(1));
        let fits = entries.iter().filter(|entry| entry.holds(&text) != inverse);
        let numbers = fits.map(|entry| entry.number).collect();
        shared.send(Msg::Debug(DebugNews::Found { generation, numbers, search }));
    }
}

/// Reads an entry in full.
pub fn open(shared: &Shared, connector: ConnectorId, number: u64) {
    if let Some(entry) = shared.read(|reader| reader.debug_entry(connector, number)) {
        let entry = entry.map(Box::new);
        shared.send(Msg::Debug(DebugNews::Opened { connector, number, entry }));
    }
}

/// Switches Debug Mode on or off.
pub fn switch(shared: &Shared, connector: ConnectorId, on: bool) {
    let stored = match shared.store.read_blocking(|reader| reader.connector(connector)) {
        Ok(stored) => stored.ok_or_else(|| {
            UserError::new("There is no such connector.", "It was removed.", "Choose another one.")
        }),
        Err(error) => Err(error.user()),
    };
    let name = stored.as_ref().map(|c| c.name.clone()).unwrap_or_default();
    let result = stored.and_then(|stored| {
        let connector = Connector { debug: on, ..stored };
        let change = Change::PutConnector(Box::new(connector));
        shared.store.commit_blocking(change.into()).map_err(|error| error.user())
    });
    shared.send(Msg::Debug(DebugNews::Switched { name, on, result }));
}

#[cfg(test)]
mod tests;
