//! Fixed scenarios, killed at every step.
