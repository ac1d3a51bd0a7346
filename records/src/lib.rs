//! Values and fields of records, taking them out of JSON, and putting them aside as bytes. Every
//! record that is read goes through here, so this is a crate of its own, which a release builds for
//! speed; the rest of the program is built small.

pub mod pack;
pub mod project;
mod value;

pub use value::{Fields, Value};

/// What stands in place of what no reader understands (bytes that are not UTF-8, half a surrogate
/// pair): the replacement character, and a noncharacter that tells it from one that was in the data.
pub const UNREADABLE: &str = "\u{FFFD}\u{FDD1}";
