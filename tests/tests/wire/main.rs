//! The loop with its providers: `agent` asks `models`, which speak to a server in each provider's own format. The server
//! refuses what a real one would refuse (`refuse.rs`), whatever a scenario is about.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests; a panic is their report"
)]

mod budgets;
mod cuts;
mod failures;
mod format;
mod interrupts;
mod limits;
mod refuse;
mod room;
mod scene;
mod talks;
mod tools;
