//! Retrying and dropping entries of the queue, one or thousands, in small transactions.

use super::{QueueAt, Select, page};
use crate::engine::handle::{Engine, SyncError};
use crate::model::{ConnectorId, Module, Parked, ReasonCode, Side, Stamp};
use crate::store::{Came, Deed, QueueChange};
use std::collections::BTreeMap;

/// Entries changed in one transaction.
const CHUNK: usize = 300;

/// What is done with entries of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// They are tried again at the next sync.
    Retry,
    /// They are taken out: not tried again until they change.
    Drop,
}

/// What came of it, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changed {
    /// How many of each.
    pub counts: BTreeMap<Came, u64>,
}

impl Changed {
    /// How many were changed as wished.
    pub fn done(&self) -> u64 {
        self.of(Came::Done)
    }

    /// How many came out so.
    pub fn of(&self, came: Came) -> u64 {
        self.counts.get(&came).copied().unwrap_or(0)
    }

    /// Counts one more.
    pub fn add(&mut self, came: Came) {
        *self.counts.entry(came).or_default() += 1;
    }

    /// Why others were left as they are, in sentences; each begins with how many.
    pub fn left(&self) -> Vec<String> {
        let told = self.counts.iter().filter(|(came, _)| **came != Came::Done);
        told.map(|(came, n)| format!("{n} left: {}", why_left(*came))).collect()
    }
}

/// Why an entry was left as it is.
pub fn why_left(came: Came) -> &'static str {
    match came {
        Came::Done => "done.",
        Came::Nothing => "nothing of it waits or is skipped (any more).",
        Came::Open => {
            "the outcome of a write is still open; the next sync looks it up. Then try again."
        }
        Came::Unseen => {
            "it was not looked at since it came into the queue; sync once, then drop it."
        }
        Came::Gone => {
            "it was deleted, and its counterpart is to be. If that is to stay, switch deletes off in \
             the module's settings."
        }
        Came::Deletion => {
            "a deletion is not carried over; trying again would bring the record back. To bring it \
             back on purpose: links new."
        }
        Came::LeftOut => "a person left it out; name the record to bring it back.",
        Came::Anyway => "nothing to change; it stands as decided until something changes.",
    }
}

impl Engine {
    /// Retries or drops the entries that are meant, in small transactions, while syncs may run.
    ///
    /// # Errors
    /// The store cannot be used. What was changed until then stays changed.
    pub async fn change_queue(
        &self,
        connector: ConnectorId,
        mut select: Select,
        act: Act,
    ) -> Result<Changed, SyncError> {
        // One that is left out comes back only if somebody means just that.
        let named = select.id.is_some() || select.reason == Some(ReasonCode::LeftOut);
        if act == Act::Drop && select.id.is_none() {
            select.waiting = Some(true);
        }
        let mut changed = Changed::default();
        let mut at = QueueAt::default();
        loop {
            let (meant, from) = (select.clone(), at);
            let read = move |r: &crate::store::Reader| page(r, connector, &meant, from, CHUNK);
            let page = self.store().read(read).await?;
            let entries = page.entries.iter();
            let changes = entries.map(|entry| QueueChange {
                module: entry.module,
                side: entry.side(),
                id: entry.id().to_owned(),
                deed: match act {
                    Act::Retry => Deed::Retry { named },
                    Act::Drop => Deed::Leave,
                },
            });
            let mut changes: Vec<_> = changes.collect();
            // A record may both wait and have a skip that stands.
            changes.dedup();
            if !changes.is_empty() {
                let came = self.store().change_queue(connector, changes, Stamp::now()).await?;
                came.into_iter().for_each(|came| changed.add(came));
            }
            match page.next {
                Some(next) => at = next,
                None => return Ok(changed),
            }
        }
    }

    /// *Add All To Queue*: the next sync reads and compares every record of the module, whatever it
    /// knows of it, and tries what was skipped again.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn queue_all(&self, connector: ConnectorId, module: Module) -> Result<(), SyncError> {
        let id = Parked::ALL.to_owned();
        let deed = Deed::Add(format!("all {module}"));
        let change = QueueChange { module, side: Side::Vtiger, id, deed };
        self.store().change_queue(connector, vec![change], Stamp::now()).await?;
        Ok(())
    }
}
