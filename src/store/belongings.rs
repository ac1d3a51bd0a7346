//! What belongs to a connector, counted: what goes with it when it is removed.

use super::{Reader, StoreResult};
use crate::model::{ConnectorId, Module};

/// Runs read in one go.
const RUNS: usize = 1_000;

/// What belongs to a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Belongings {
    /// Pairs of records known to be the same.
    pub links: u64,
    /// Records in the queue.
    pub queue: u64,
    /// Runs in the log.
    pub runs: u64,
}

impl Reader {
    /// What belongs to a connector.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn belongings(&self, connector: ConnectorId) -> StoreResult<Belongings> {
        let mut all = Belongings { queue: self.parked_count(connector)?, ..Belongings::default() };
        for module in Module::ALL {
            all.links += self.link_count(connector, module)?;
        }
        let mut before = None;
        loop {
            let page = self.runs_before(Some(connector), before, RUNS)?;
            all.runs += page.len() as u64;
            match page.last() {
                Some(last) => before = Some(last.id),
                None => return Ok(all),
            }
        }
    }
}
