//! Safeguards.
