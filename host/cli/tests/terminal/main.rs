//! The binary as people live in it: in a terminal, a pipe, and where there are no colours. Needs tmux and `make setup`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests; a panic is their report"
)]

mod approvals;
mod first;
mod plain;
mod screen;
mod talk;
