//! The crate from outside.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod checkpoints;
mod commit;
mod common;
mod diff;
mod open;
mod properties;
mod staging;
