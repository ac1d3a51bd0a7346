//! How a record travels: reading the mapped values of one side, making them comparable, and turning
//! them into what the other side is sent. Pure functions; the engine does the rest.

mod canonical;
mod convert;
mod country;
mod module_mapping;
mod transform;

pub use canonical::{Canonical, folded_name};
pub use convert::{Target, Written, to_service, to_vtiger};
pub use country::country_code;
pub use module_mapping::{FieldLimits, ModuleMapping, Projection};
pub use transform::is_date_format;
