//! What is written into a file, and how that ended.

use super::Source;
use crate::model::{ConnectorId, UserError};
use crate::tui::order::Order;
use std::path::PathBuf;
use std::sync::Arc;

/// What is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportWhat {
    /// A record list, in this order where it is arranged.
    Records(Source, Option<Order>),
    /// The log of a connector.
    Log(ConnectorId, String),
    /// Rows that are on the screen, under these heads.
    Shown(&'static [&'static str], Arc<Vec<Vec<String>>>),
    /// The debug log of a connector; after a search, these entries of it.
    Debug(ConnectorId, String, Option<Arc<Vec<u64>>>),
}

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRequest {
    /// What.
    pub what: ExportWhat,
    /// Into which file.
    pub path: PathBuf,
    /// Whether a file that is there may be replaced.
    pub replace: bool,
}

/// How an export ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// Written: the file and how many rows.
    Done(PathBuf, u64),
    /// There is such a file already.
    Exists(PathBuf),
    /// It was cancelled; no file is left.
    Cancelled,
    /// It did not work.
    Failed(UserError),
}
