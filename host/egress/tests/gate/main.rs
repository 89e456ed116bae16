//! The gate against real servers on loopback.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is the report, and helpers are part of tests"
)]

mod bodies;
mod cache;
mod connections;
mod credentials;
mod denials;
mod endpoints;
mod names;
mod quotas;
mod redirects;
mod responses;
mod secrets;
mod support;
mod trust;
