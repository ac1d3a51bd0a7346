//! What Debug Mode keeps: requests and answers, numbered densely in each connector. Only the oldest
//! ones are ever removed, so the length of a log is a subtraction, and how large it is stands in a
//! row of its own: nothing is scanned to prune it.

use crate::model::{ConnectorId, DebugEntry, Stamp};
use crate::store::codec::{Row, pack, unpack};
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use crate::store::{Store, StoreResult};
use redb::{ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Connector, number.
pub(in crate::store) type Key = (u32, u64);
/// The newest number, and the bytes of all entries.
pub(in crate::store) type Size = (u64, u64);

pub(in crate::store) const DEBUG_LOG: TableDefinition<'static, Key, &'static [u8]> =
    TableDefinition::new("debug_log");
pub(in crate::store) const DEBUG_SIZES: TableDefinition<'static, u32, Size> =
    TableDefinition::new("debug_sizes");

/// Entries deleted in one transaction.
const CHUNK: usize = 2_000;

#[derive(Serialize, Deserialize)]
struct EntryV1<'a> {
    number: u64,
    run: Option<u64>,
    time: i64,
    system: &'a str,
    request: &'a str,
    body: &'a str,
    status: u16,
    answer: &'a str,
    millis: u64,
    sent: u64,
    received: u64,
}

impl EntryV1<'_> {
    fn into_entry(self) -> DebugEntry {
        DebugEntry {
            number: self.number,
            run: self.run,
            time: Stamp(self.time),
            system: self.system.to_owned(),
            request: self.request.to_owned(),
            body: self.body.to_owned(),
            status: self.status,
            answer: self.answer.to_owned(),
            millis: self.millis,
            sent: self.sent,
            received: self.received,
        }
    }
}

impl Row for DebugEntry {
    const TABLE: &'static str = "debug_log";

    fn encode(&self) -> StoreResult<Vec<u8>> {
        let v1 = EntryV1 {
            number: self.number,
            run: self.run,
            time: self.time.0,
            system: &self.system,
            request: &self.request,
            body: &self.body,
            status: self.status,
            answer: &self.answer,
            millis: self.millis,
            sent: self.sent,
            received: self.received,
        };
        pack(Self::TABLE, 1, &v1)
    }

    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>> {
        (version == 1).then(|| unpack::<EntryV1<'_>>(Self::TABLE, bytes).map(EntryV1::into_entry))
    }
}

/// How long and how large a connector's debug log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DebugExtent {
    /// The number of the oldest entry.
    pub first: u64,
    /// The number of the newest one; below `first` if there is none.
    pub last: u64,
    /// The bytes of all entries.
    pub bytes: u64,
}

impl DebugExtent {
    /// How many entries there are.
    pub fn count(&self) -> u64 {
        if self.first == 0 { 0 } else { (self.last + 1).saturating_sub(self.first) }
    }
}

impl Writing<'_> {
    /// Adds entries to a connector's log under the next numbers. What is then too much for the
    /// retention goes, the oldest first, so that a long run cannot fill the disk.
    pub(in crate::store) fn add_debug(
        &mut self,
        c: ConnectorId,
        entries: Vec<DebugEntry>,
    ) -> StoreResult<()> {
        if self.connectors.open()?.get(c)?.is_none() {
            // It was removed while it was being checked.
            return Ok(());
        }
        let (mut last, mut bytes) = self.debug_size(c)?;
        for mut entry in entries {
            last += 1;
            entry.number = last;
            let row = entry.encode()?;
            bytes += row.len() as u64;
            self.debug_log.open()?.insert((c, last), row.as_slice())?;
        }
        self.debug_sizes.open()?.insert(c, (last, bytes))?;
        let limit = self.kept()?.debug_bytes();
        self.shrink_debug(limit, CHUNK).map(drop)
    }

    fn debug_size(&mut self, c: ConnectorId) -> StoreResult<Size> {
        Ok(self.debug_sizes.open()?.get(c)?.map_or((0, 0), |size| size.value()))
    }

    /// Removes up to so many of the oldest entries of all connectors while all logs together are
    /// larger than a limit. Answers how many it removed.
    fn shrink_debug(&mut self, limit: u64, most: usize) -> StoreResult<usize> {
        let mut sizes = Vec::new();
        for row in self.debug_sizes.open()?.iter()? {
            let row = row?;
            sizes.push((row.0.value(), row.1.value().1));
        }
        let mut total: u64 = sizes.iter().map(|(_, bytes)| bytes).sum();
        let mut removed = 0;
        while total > limit && removed < most {
            let mut oldest = None;
            for (c, _) in &sizes {
                if let Some(first) = self.oldest_debug(*c)? {
                    oldest = oldest.into_iter().chain([(first, *c)]).min();
                }
            }
            let Some((_, c)) = oldest else { break };
            total = total.saturating_sub(self.drop_oldest_debug(c)?);
            removed += 1;
        }
        Ok(removed)
    }

    /// Removes up to so many entries that are older than an instant. Answers how many it removed.
    fn expire_debug(&mut self, before: Stamp, most: usize) -> StoreResult<usize> {
        let connectors: Vec<u32> = self
            .debug_sizes
            .open()?
            .iter()?
            .map(|row| Ok(row?.0.value()))
            .collect::<StoreResult<_>>()?;
        let mut removed = 0;
        for c in connectors {
            while removed < most && self.oldest_debug(c)?.is_some_and(|time| time < before) {
                self.drop_oldest_debug(c)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// When a connector's oldest entry was made.
    fn oldest_debug(&mut self, c: ConnectorId) -> StoreResult<Option<Stamp>> {
        let table = self.debug_log.open()?;
        let first = table.range((c, 0)..=(c, u64::MAX))?.next();
        first.map(|row| Ok(DebugEntry::decode(row?.1.value())?.time)).transpose()
    }

    /// Removes a connector's oldest entry. Answers how many bytes it had.
    fn drop_oldest_debug(&mut self, c: ConnectorId) -> StoreResult<u64> {
        let table = self.debug_log.open()?;
        let first = table.range((c, 0)..=(c, u64::MAX))?.next();
        let Some(key) = first.transpose()?.map(|row| row.0.value()) else { return Ok(0) };
        let gone = table.remove(key)?.map_or(0, |row| row.value().len() as u64);
        let (last, bytes) = self.debug_size(c)?;
        self.debug_sizes.open()?.insert(c, (last, bytes.saturating_sub(gone)))?;
        Ok(gone)
    }

    /// Removes the log of a connector.
    pub(super) fn clear_debug(&mut self, c: ConnectorId) -> StoreResult<()> {
        self.debug_log.open()?.retain_in((c, 0)..=(c, u64::MAX), |_, _| false)?;
        self.debug_sizes.open()?.remove(c)?;
        Ok(())
    }
}

/// Removes what is too old, or too much, for the retention, in small transactions. Blocks.
pub(in crate::store) fn prune(store: &Store, now: Stamp) -> StoreResult<()> {
    let (keep, total) =
        store.read_blocking(|reader| Ok((reader.retention()?, reader.debug_bytes()?)))?;
    if total == 0 {
        return Ok(());
    }
    let (before, limit) = (now.minus(keep.debug.0), keep.debug_bytes());
    loop {
        let removed = store.write_blocking(Box::new(move |writing| {
            let removed = writing.expire_debug(before, CHUNK)?;
            let removed = removed + writing.shrink_debug(limit, CHUNK - removed)?;
            writing.visible |= removed > 0;
            Ok(removed as u64)
        }))?;
        if removed < CHUNK as u64 {
            return Ok(());
        }
    }
}

impl Reader {
    /// How long and how large a connector's debug log is. Does not scan.
    pub fn debug_extent(&self, c: ConnectorId) -> StoreResult<DebugExtent> {
        let Some(sizes) = self.debug_sizes.open_if_made(&self.txn)? else {
            return Ok(DebugExtent::default());
        };
        let (last, bytes) = sizes.get(c)?.map_or((0, 0), |size| size.value());
        let first = self.debug_range(c, 0..=u64::MAX, 1, false)?.first().map_or(0, |e| e.number);
        Ok(DebugExtent { first, last, bytes })
    }

    /// The bytes of all debug logs.
    fn debug_bytes(&self) -> StoreResult<u64> {
        let Some(sizes) = self.debug_sizes.open_if_made(&self.txn)? else { return Ok(0) };
        sizes.iter()?.map(|row| Ok(row?.1.value().1)).sum()
    }

    /// An entry of a connector's debug log.
    pub fn debug_entry(&self, c: ConnectorId, number: u64) -> StoreResult<Option<DebugEntry>> {
        Ok(self.debug_range(c, number..=number, 1, false)?.pop())
    }

    /// Entries of a connector's debug log with these numbers, newest first, at most so many.
    pub fn debug_entries(
        &self,
        c: ConnectorId,
        numbers: RangeInclusive<u64>,
        limit: usize,
    ) -> StoreResult<Vec<DebugEntry>> {
        self.debug_range(c, numbers, limit, true)
    }

    fn debug_range(
        &self,
        c: ConnectorId,
        numbers: RangeInclusive<u64>,
        limit: usize,
        newest_first: bool,
    ) -> StoreResult<Vec<DebugEntry>> {
        let Some(log) = self.debug_log.open_if_made(&self.txn)? else { return Ok(Vec::new()) };
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = log.range((c, *numbers.start())..=(c, *numbers.end()))?;
        let next = || if newest_first { rows.next_back() } else { rows.next() };
        std::iter::from_fn(next).take(limit).map(|row| DebugEntry::decode(row?.1.value())).collect()
    }
}
