//! The places that mend what became of a record.

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
