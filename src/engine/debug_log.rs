//! Debug Mode: what the systems were asked and answered during a run or a check is collected in
//! memory and written to the store about twice a second, off the path of the sync. Nothing here can
//! slow a sync down or fail it: what cannot be kept is counted and told.

use crate::model::{Connector, ConnectorId, DebugEntry};
use crate::remote::{Exchange, Tap};
use crate::store::{Change, Store, StoreResult};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long entries are collected before they are written.
const COLLECT: Duration = Duration::from_millis(500);
/// The most that waits in memory, in bytes; beyond it the oldest go.
const WAITING: usize = 4 << 20;
/// How long the end of a run waits for the last entries. They are written all the same if it takes
/// longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The debug log of one run or check; a connector without Debug Mode has none, and costs nothing.
pub struct DebugLog {
    open: Option<Open>,
}

struct Open {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

struct Shared {
    run: Option<u64>,
    buffer: Mutex<Buffer>,
    news: Notify,
    ending: Notify,
}

impl DebugLog {
    /// A log for a stored connector in Debug Mode; needs a tokio runtime.
    pub fn open(store: &Store, connector: &Connector, run: Option<u64>) -> Self {
        // One that is only being entered has no place in the store yet.
        if !connector.debug || connector.id == 0 {
            return Self { open: None };
        }
        let shared = Arc::new(Shared {
            run,
            buffer: Mutex::default(),
            news: Notify::new(),
            ending: Notify::new(),
        });
        let writer = tokio::spawn(write(shared.clone(), store.clone(), connector.id));
        Self { open: Some(Open { shared, writer: Some(writer) }) }
    }

    /// What hears of the exchanges of a remote.
    pub fn tap(&self) -> Option<Tap> {
        let shared = self.open.as_ref()?.shared.clone();
        Some(Arc::new(move |exchange| {
            let entry = shared.entry(exchange);
            shared.buffer().push(entry);
            shared.news.notify_one();
        }))
    }

    /// Writes what is left.
    pub async fn close(mut self) {
        let writer = self.open.as_mut().and_then(|open| open.writer.take());
        drop(self);
        if let Some(writer) = writer {
            timeout(PATIENCE, writer).await.ok();
        }
    }
}

impl Drop for Open {
    /// Lets the writer write what is left, and end.
    fn drop(&mut self) {
        self.shared.buffer().ended = true;
        self.shared.news.notify_one();
        self.shared.ending.notify_one();
    }
}

impl Shared {
    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, exchange: Exchange) -> DebugEntry {
        let Exchange { time, system, request, body, status, answer, millis, sent, received } =
            exchange;
        DebugEntry {
            number: 0,
            run: self.run,
            time,
            system,
            request,
            body,
            status,
            answer,
            millis,
            sent,
            received,
        }
    }
}

/// Collects and writes, until the log is closed and nothing is left.
async fn write(shared: Arc<Shared>, store: Store, connector: ConnectorId) {
    loop {
        shared.news.notified().await;
        let ended = shared.buffer().ended;
        if !ended {
            // The end of the run does not wait for the pause.
            let pause = timeout(COLLECT, shared.ending.notified());
            pause.await.ok();
        }
        let (entries, lost, ended) = shared.buffer().take(shared.run);
        if !entries.is_empty() {
            let kept: StoreResult<()> =
                store.commit(Change::AddDebug(connector, entries).into()).await;
            if kept.is_err() {
                // Whatever is wrong with the store, the sync itself will tell.
                shared.buffer().dropped += lost;
                sleep(if ended { Duration::ZERO } else { COLLECT }).await;
            }
        }
        if ended {
            return;
        }
    }
}

/// What waits to be written.
#[derive(Default)]
struct Buffer {
    entries: VecDeque<DebugEntry>,
    bytes: usize,
    /// Entries that there was no room for.
    dropped: u64,
    ended: bool,
}

impl Buffer {
    fn push(&mut self, entry: DebugEntry) {
        self.bytes += size(&entry);
        self.entries.push_back(entry);
        while self.bytes > WAITING
            && let Some(oldest) = self.entries.pop_front()
        {
            self.bytes -= size(&oldest);
            self.dropped += 1;
        }
    }

    /// All that waits, with a remark if some of it is gone; how many are lost if it cannot be
    /// written; and whether nothing more comes.
    fn take(&mut self, run: Option<u64>) -> (Vec<DebugEntry>, u64, bool) {
        let lost = self.entries.len() as u64 + self.dropped;
        let mut entries = Vec::with_capacity(self.entries.len() + 1);
        if self.dropped > 0 {
            let text = match self.dropped {
                1 => "1 exchange was not kept".to_owned(),
                n => format!("{n} exchanges were not kept"),
            };
            let why = "they came faster than they could be written";
            entries.push(DebugEntry::remark(run, format!("{text}: {why}.")));
        }
        entries.extend(self.entries.drain(..));
        (self.bytes, self.dropped) = (0, 0);
        (entries, lost, self.ended)
    }
}

/// What an entry takes in memory, about.
fn size(entry: &DebugEntry) -> usize {
    let texts = [&entry.system, &entry.request, &entry.body, &entry.answer];
    size_of::<DebugEntry>() + texts.iter().map(|text| text.len()).sum::<usize>()
}

#[cfg(test)]
mod tests;
