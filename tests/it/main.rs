//! Integration tests of the whole package.

mod model;
