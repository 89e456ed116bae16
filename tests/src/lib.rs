//! What tests of several crates have in common: a server that plays a model's provider, and a clock that nobody waits for.
#![expect(clippy::unwrap_used, reason = "for tests; a panic is their report")]

pub mod providers;
pub mod server;
pub mod time;
