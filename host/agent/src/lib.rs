//! The agent loop: it asks a model, runs the tools that the model calls, and goes on until the model is done or a bound
//! is reached.
//!
//! It owns the traits that it drives: [`Model`], [`Tools`], [`Approver`], [`Clock`]. What implements them is plugged in.
//! Given the same answers from them, it makes the same decisions.

mod agent;
mod approver;
mod arguments;
mod budget;
mod calls;
mod clip;
mod clock;
mod compaction;
mod context;
mod continuation;
mod cut;
mod dangling;
mod desk;
mod ending;
mod estimate;
mod event;
mod inbox;
mod losses;
mod mark;
mod message;
mod meter;
mod model;
mod model_info;
mod money;
mod nested;
mod options;
mod outcome;
mod plan;
mod queue;
mod record;
mod repetition;
mod replay;
mod services;
mod session;
mod session_rules;
mod shared;
mod slips;
mod stop;
mod streak;
mod tally;
mod thread;
mod threshold;
mod tools;
mod view;

pub use agent::{Agent, Parts};
pub use approver::{
    Answer, Approver, BudgetAnswer, BudgetQuestion, BudgetSubject, Question, Unattended,
};
pub use budget::Bounds;
pub use calls::CANCEL_GRACE;
pub use clock::{Clock, SystemClock};
pub use context::DEFAULT_WINDOW;
pub use desk::{Desk, DeskError};
pub use estimate::{ByLength, Estimator};
pub use event::{ApprovalItem, Envelope, Event, Events};
pub use mark::AnswerDetails;
pub use message::{Message, Part, Reasoning, ReasoningBlock, Thought, ToolCall, in_words};
pub use meter::Meter;
pub use model::{
    FinishReason, Model, ModelError, Probe, ToolChoice, ToolSpec, Turn, TurnRequest, TurnSink,
    Usage,
};
pub use model_info::{Effort, EffortError, LongRates, ModelInfo, Prices, Rates};
pub use money::MicroUsd;
pub use nested::{Agents, NESTED_ITERATIONS, NestedError, NestedTask};
pub use options::{
    DEFAULT_MAX_ITERATIONS, DEFAULT_OUTPUT, Options, UNLIMITED_ITERATIONS, iterations,
};
pub use outcome::Outcome;
pub use plan::{PLAN_TOOL, Plan, PlanItem, Status};
pub use queue::{ApprovalAnswer, Handle, Operation, QueueError, SUBMISSIONS, Ticket};
pub use record::SharedJournal;
pub use repetition::MAX_NOTES;
pub use replay::{Restored, result_in_words};
pub use services::{
    Checkpoints, Notice, Notifier, PluginStores, ServiceError, Services, Sessions, Spill, Stores,
};
pub use session::{Fork, SessionError, checkpoint_from, fork};
pub use session_rules::{SessionRule, SessionRules};
pub use tally::Tally;
pub use tools::{
    Approval, ArgumentError, CallContext, Denial, Prepared, Progress, Quote, Receipt, ToolFailure,
    ToolOutcome, ToolOutput, Tools,
};
