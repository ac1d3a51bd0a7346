//! Filters and sorts record lists of any length: the rows are read in short transactions, what they
//! are sorted by is put aside on disk, and so is the order that comes out. Memory stays flat, and
//! the job is given up between two pieces.

use super::Shared;
use super::lists;
use crate::model::{Item, UserError, id_key};
use crate::store::StoreError;
use crate::store::scratch::{Numbers, NumbersWriter, Scratch};
use crate::tui::msg::{Arranged, Arrangement, Busy, Column, Msg, RowKey, Source};
use crate::tui::order::Order;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Rows read in one transaction.
const CHUNK: usize = 1_000;
/// How often it is told how far a job is.
const PACE: Duration = Duration::from_millis(100);
/// Texts are compared up to so many bytes.
const COMPARED: usize = 256;
/// Bytes of a row's key behind what it is sorted by.
const KEY: usize = 8;

/// Why a job ended without an order.
enum Stop {
    GivenUp,
    Failed(UserError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.user())
    }
}

/// Filters and sorts a list, unless a newer job comes.
pub fn arrange(shared: &Shared, job: u64, source: &Source, generation: u64, how: &Arrangement) {
    let work = Work { shared, job, source, generation, how, told: Instant::now() };
    let made = match work.make() {
        Ok(made) => Ok(made),
        Err(Stop::GivenUp) => return,
        Err(Stop::Failed(error)) => Err(error),
    };
    shared.send(Msg::Arranged { generation, made });
}

struct Work<'a> {
    shared: &'a Shared,
    job: u64,
    source: &'a Source,
    generation: u64,
    how: &'a Arrangement,
    told: Instant,
}

impl Work<'_> {
    fn make(mut self) -> Result<Arranged, Stop> {
        let store = &self.shared.store;
        let lengths = store.read_blocking(|reader| lists::lengths(reader, self.source))?;
        let order = Order::new(match self.how.sort {
            None => {
                let mut numbers = NumbersWriter::new(&self.folder());
                self.look_through(&lengths, |key, _| numbers.push(key.number()))?;
                numbers.finish()?
            }
            Some((column, down)) => self.sort(&lengths, column, down)?,
        });
        Ok(Arranged { lengths, order })
    }

    fn folder(&self) -> PathBuf {
        self.shared.store.folder().join("scratch")
    }

    /// Ends the job if a newer one came or it was given up; tells how far it is now and then.
    fn go_on(&mut self, busy: impl FnOnce() -> Busy) -> Result<(), Stop> {
        if self.shared.arranging.load(Ordering::SeqCst) != self.job {
            return Err(Stop::GivenUp);
        }
        if self.told.elapsed() >= PACE {
            self.told = Instant::now();
            self.shared.send(Msg::Arranging { generation: self.generation, busy: busy() });
        }
        Ok(())
    }

    /// Shows every row that passes the filter, in the store's order.
    fn look_through(
        &mut self,
        lengths: &[u64],
        mut take: impl FnMut(RowKey, &Item) -> Result<(), StoreError>,
    ) -> Result<(), Stop> {
        let total = lengths.iter().sum();
        let mut done = 0;
        while done < total {
            self.go_on(|| Busy { done, total, sorting: false })?;
            let seen = self.shared.store.read_blocking(|reader| {
                lists::heads(reader, self.source, lengths, done, CHUNK, |key, item| {
                    if self.how.sift.passes(item) { take(key, item) } else { Ok(()) }
                })
            })?;
            if seen == 0 {
                break;
            }
            done += seen as u64;
        }
        Ok(())
    }

    fn sort(&mut self, lengths: &[u64], column: Column, down: bool) -> Result<Numbers, Stop> {
        let mut sorted = Scratch::<()>::new(&self.folder());
        let mut key = Vec::new();
        self.look_through(lengths, |row, item| {
            key.clear();
            sort_key(&mut key, item, column, down);
            key.extend_from_slice(&row.number().to_be_bytes());
            sorted.push(&key, &())
        })?;
        let total = sorted.pushed();
        let mut numbers = NumbersWriter::new(&self.folder());
        for (done, entry) in (0..).zip(sorted.iter()?) {
            if done % CHUNK as u64 == 0 {
                self.go_on(|| Busy { done, total, sorting: true })?;
            }
            let (key, ()) = entry?;
            if let Some(number) = key.last_chunk::<KEY>() {
                numbers.push(u64::from_be_bytes(*number))?;
            }
        }
        Ok(numbers.finish()?)
    }
}

/// Adds bytes that are in the order of a column; turned round for the way down. Rows that are equal
/// in it stay in the store's order, by what is put behind.
fn sort_key(key: &mut Vec<u8>, item: &Item, column: Column, down: bool) {
    let start = key.len();
    let mut text = |text: &str| {
        // The end of a text comes before anything that it goes on with, a zero byte included.
        key.extend(text.bytes().take(COMPARED).map(|byte| byte.max(1)));
    };
    match column {
        Column::SourceModule => text(&item.source_module.to_lowercase()),
        Column::Name => text(&item.name.to_lowercase()),
        Column::Status => key.push(u8::MAX - item.status as u8),
        Column::VtigerId => text(&id_key(&item.vtiger_id)),
        Column::ServiceId => text(&id_key(&item.service_id)),
        // Those before 1970 first.
        Column::Time => key.extend_from_slice(&(item.time.0 ^ i64::MIN).to_be_bytes()),
        Column::Reason => match (&item.reason, &item.conflict) {
            (Some(reason), _) => text(&reason.text.to_lowercase()),
            (None, Some(row)) => text(&row.field.to_lowercase()),
            (None, None) => {}
        },
    }
    key.push(0);
    if down {
        key[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

#[cfg(test)]
mod tests;
