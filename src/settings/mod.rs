//! The settings file: read, checked, put into the store, and written from it.
//!
//! The file and the forms on the screen are two faces of one validation: [`check_field`] is what
//! both ask. Nothing is stored unless everything is in order.

mod apply;
mod export;
mod fields;
mod file;
mod form;
mod manifest;
mod mapping;
mod problem;
mod url;
mod validate;

pub use apply::{Applied, MayRemove, apply};
pub use export::export;
pub use fields::check_field;
pub use form::{
    Choice, Section, Setting, check_setting, forbidden_http, next_choice, put_setting, settings_of,
};
pub use manifest::{read_manifest, read_manifests};
pub use mapping::{
    LineProblem, LivePair, Part as LinePart, check_mapping, export_mapping, live_problems,
    mapping_problems, read_mapping, with_mapping,
};
pub use problem::SettingsProblem;
pub use url::{crm_address, is_plain_http, web_address};
pub use validate::default_connector;

#[cfg(test)]
mod tests;
