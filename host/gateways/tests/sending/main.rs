//! Messages on their way, over the real egress, to a server on this machine.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test; a panic is its report"
)]

mod desk;
mod queue;
mod rules;
mod services;
