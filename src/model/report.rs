//! What *check connection* found out about one system.

use super::{Module, UserError};
use serde::{Deserialize, Serialize};

/// What a connection may do with one module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleCheck {
    /// The module.
    pub module: Module,
    /// It can be read.
    pub read: bool,
    /// It can be written.
    pub write: bool,
    /// The system has it.
    pub available: bool,
    /// If not: why.
    pub why: Option<String>,
}

/// What *check connection* found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// `vtiger`, or the connector's name.
    pub target: String,
    /// Whether it can be worked with.
    pub ok: bool,
    /// Who the user or key is, as far as the system says.
    pub user: Option<String>,
    /// The system's version.
    pub version: Option<String>,
    /// Whether the user is an administrator, if the system says so.
    pub admin: Option<bool>,
    /// The system's clock minus ours, in seconds.
    pub skew_s: Option<i64>,
    /// What may be done with each module.
    pub modules: Vec<ModuleCheck>,
    /// What is wrong, and how to mend it. Warnings too; `ok` tells whether they stop the work.
    pub problems: Vec<UserError>,
}

impl CheckReport {
    /// A report that knows nothing yet.
    pub fn of(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            ok: false,
            user: None,
            version: None,
            admin: None,
            skew_s: None,
            modules: Vec::new(),
            problems: Vec::new(),
        }
    }
}
