//! Integration tests of the whole package.

mod model;
mod sandbox_sync;
