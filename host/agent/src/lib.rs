//! The agent loop: it asks a model, runs the tools that the model calls, and goes on until the model is done or a bound
//! is reached.
//!
//! It owns the traits that it drives: [`Model`], [`Tools`], [`Approver`], [`Clock`]. What implements them is plugged in.
//! Given the same answers from them, it makes the same decisions.

mod agent;
mod approver;
mod calls;
mod clock;
mod event;
mod message;
mod model;
mod model_info;
mod money;
mod outcome;
mod queue;
mod record;
mod tally;
mod tools;

pub use agent::{Agent, DEFAULT_MAX_ITERATIONS, Options, Parts, UNLIMITED_ITERATIONS, iterations};
pub use approver::{Answer, Approver, Question, Unattended};
pub use calls::CANCEL_GRACE;
pub use clock::{Clock, SystemClock};
pub use event::{ApprovalItem, Envelope, Event, Events};
pub use message::{Message, Part, Reasoning, ReasoningBlock, Thought, ToolCall, in_words};
pub use model::{
    FinishReason, Model, ModelError, Probe, ToolChoice, ToolSpec, Turn, TurnRequest, TurnSink,
    Usage,
};
pub use model_info::{Effort, EffortError, LongRates, ModelInfo, Prices, Rates};
pub use money::MicroUsd;
pub use outcome::Outcome;
pub use queue::{Handle, Operation, QueueError, SUBMISSIONS, Ticket};
pub use record::SharedJournal;
pub use tally::Tally;
pub use tools::{
    Approval, ArgumentError, CallContext, Denial, Prepared, Progress, Receipt, ToolFailure,
    ToolOutcome, ToolOutput, Tools,
};
