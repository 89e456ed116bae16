//! The crate from outside.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod common;
mod diff;
mod staging;
