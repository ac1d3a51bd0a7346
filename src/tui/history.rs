//! What became of one record in all runs of its connector.

use crate::model::{ConnectorId, Item, Module};

/// So many outcomes are read at most, the newest ones.
pub const MOST: usize = 500;

/// The screen.
#[derive(Debug, Clone)]
pub struct HistoryView {
    /// Tells its answers from those for an older one.
    pub id: u64,
    /// The connector.
    pub connector: ConnectorId,
    /// The module.
    pub module: Module,
    /// Its ids in Vtiger and in the service, as far as they are known.
    pub ids: [String; 2],
    /// Its name.
    pub name: String,
    /// Run and outcome, newest first, once they are read.
    pub rows: Option<Vec<(u64, Item)>>,
    /// The chosen line.
    pub cursor: usize,
}

impl HistoryView {
    /// That of an item's record.
    pub fn of(id: u64, connector: ConnectorId, item: &Item) -> Self {
        Self {
            id,
            connector,
            module: item.module,
            ids: [item.vtiger_id.clone(), item.service_id.clone()],
            name: item.name.clone(),
            rows: None,
            cursor: 0,
        }
    }

    /// The rows that are there.
    pub fn rows(&self) -> &[(u64, Item)] {
        self.rows.as_deref().unwrap_or_default()
    }
}
