//! The tools as they run: under their needs, against a Hub that answers here.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "for tests; a panic is their report"
)]

mod api;
mod explore;
mod fetch;
mod gradio;
mod stand_in;
mod world;
