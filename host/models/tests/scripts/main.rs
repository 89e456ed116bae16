//! Scripts from end to end: what is read, what is refused and where, what is played.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in tests a panic is the report"
)]

mod playing;
mod reading;
mod support;
