//! The stand-in, asked as its users ask it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests; a panic is their report"
)]

mod binary;
mod client;
mod conformance;
mod faults;
mod hub;
mod services;
