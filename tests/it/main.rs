//! Integration tests of the whole package.

mod conformance;
mod model;
mod sandbox_sync;
