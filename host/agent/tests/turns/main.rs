//! Turns of an agent from end to end: a canned model and test tools on one side; outcomes, events, the conversation and
//! the journal on the other.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in tests a panic is the report"
)]

mod approvals;
mod bench;
mod budgets;
mod compactions;
mod crashes;
mod events;
mod failures;
mod interrupts;
mod kills;
mod loops;
mod nesting;
mod outputs;
mod records;
mod sessions;
mod steering;
