//! Integration tests of the whole package.
