//! Narrow tests of what the stories found.
