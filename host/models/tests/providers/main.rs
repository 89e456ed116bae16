//! Providers against servers that speak their wire formats: what is sent, what is made of what comes, what is done about
//! what goes wrong.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::type_complexity,
    reason = "in tests a panic is the report"
)]

mod answers;
mod catalogue;
mod efforts;
mod errors;
mod keys;
mod local;
mod replay;
mod requests;
mod samples;
mod streams;
mod support;
