//! From what became of a record to the place that mends it, and back.

use super::model::{Screen, Tab};
use crate::model::Module;
use crate::settings::Section;

/// A place that mends something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The mapping line of a Vtiger field.
    Line(Module, String),
    /// A section of the settings.
    Settings(Section),
}

/// The screens that were left for the mapping: Esc there comes back to them.
#[derive(Debug, Clone)]
pub struct Left {
    /// They.
    pub screens: Vec<Screen>,
    /// The tab below them.
    pub tab: Tab,
}
