//! What the loop asks of a language model.

use std::ops::ControlFlow;
use std::time::Duration;

use async_trait::async_trait;
use policy::Decision;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Effort, Message, MicroUsd, ModelInfo, Reasoning, ToolCall};

/// A language model, or something that plays one.
#[async_trait]
pub trait Model: Send + Sync {
    /// How it is named to people, in events and in the journal. A script says that it is one:
    /// `scripted/demo.jsonl (a script, not a model)`.
    fn label(&self) -> String;

    /// Whether its turns were written beforehand.
    fn is_scripted(&self) -> bool {
        false
    }

    /// What is known of it. May ask the provider, for a few seconds at most; what it learns is kept, so that it can be
    /// asked before every turn.
    async fn info(&self) -> ModelInfo {
        ModelInfo::unknown(self.label())
    }

    /// Asks the model for a word or two, to find out whether it answers and how much effort it takes: the wanted one, or
    /// the next lower one that it accepts. What is found holds for its later turns.
    ///
    /// # Errors
    ///
    /// When it can be told that turns will fail. What may pass, such as an overload, is [`Probe::Unchecked`].
    async fn probe(&self, effort: Option<Effort>) -> Result<Probe, ModelError> {
        let _ = effort;
        Ok(Probe::NoEffort)
    }

    /// Gives one turn. Its words also go to the sink, in pieces, as they come. A request that fails in a way that may
    /// pass is sent again, a few times; a failure that comes out of here is one for the caller to decide about. The
    /// future may be dropped at any await: that is how a turn is interrupted.
    ///
    /// # Errors
    ///
    /// When there is no complete turn. Pieces may have gone to the sink by then.
    async fn turn(
        &self,
        request: TurnRequest<'_>,
        sink: &mut dyn TurnSink,
    ) -> Result<Turn, ModelError>;
}

/// What a model is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct TurnRequest<'a> {
    /// The conversation so far. Every tool call in it has its result.
    pub messages: &'a [Message],
    /// The tools it may call.
    pub tools: &'a [ToolSpec],
    /// Whether it may call them this time. The tools stay part of the request either way: a conversation with calls in
    /// it needs them, and providers' caches keep them.
    pub tool_choice: ToolChoice,
    /// How hard it is to think; none leaves it to the provider. A model that does not take it is asked without.
    pub effort: Option<Effort>,
    /// The most tokens that it may put out, thinking included; none stands for the model's own bound.
    pub max_output_tokens: Option<u64>,
    /// The session that the request is part of: providers keep caches and bills by it.
    pub session: Option<&'a str>,
}

/// Whether a model may call tools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// It decides.
    #[default]
    Auto,
    /// It may not: it is asked for words, such as a summary.
    None,
}

/// What came of asking a model for a word or two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It answers, and takes this effort.
    Effort(Effort),
    /// It answers, and takes no effort, or none was wanted.
    NoEffort,
    /// It could not be told this time.
    Unchecked(ModelError),
}

/// One tool, as a model is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Unique among the tools.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// JSON Schema (2020-12) of the arguments object.
    pub parameters: Value,
}

/// Where a turn goes while it comes.
///
/// No method has a default: whoever shows pieces has to decide what a restart means for what is on the screen.
pub trait TurnSink: Send {
    /// The next piece of the turn's words.
    fn text(&mut self, piece: &str);
    /// The next piece of what the model thinks, where the provider shows it. Not part of the turn's words.
    fn reasoning(&mut self, piece: &str);
    /// The answer broke off and the request is sent again: every piece so far, of words and of thoughts, is void, and
    /// the turn begins anew.
    fn restart(&mut self);
    /// An attempt broke off after its answer had begun, and is paid for all the same: what it used, or none where the
    /// provider did not say. It comes before the restart, and before the error where there is no other attempt.
    ///
    /// Gives the most tokens that the answer to another attempt may have (none is no bound), or breaks where there is no
    /// budget for one: the attempt's error is then the turn's.
    fn lost(&mut self, usage: Option<Usage>) -> ControlFlow<(), Option<u64>>;
    /// A line about the request itself for people, such as that it is sent again and why.
    fn status(&mut self, line: &str);
}

/// A complete turn of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Turn {
    /// Its words: exactly the pieces that went to the sink since the last restart, together.
    pub text: String,
    /// What it thought, to be sent back with the turn; none where the provider wants nothing back.
    pub reasoning: Option<Reasoning>,
    /// The calls it asks for, in order.
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended.
    pub finish: FinishReason,
    /// What it used; none where the provider does not say.
    pub usage: Option<Usage>,
}

/// Why a turn ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model had said everything.
    #[default]
    Stop,
    /// It waits for the results of its calls.
    ToolCalls,
    /// It reached the provider's bound on output: what it said last, and any call, is cut off.
    Length,
}

impl FinishReason {
    /// The word used on the wire and in events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            FinishReason::Stop => "stop",
            FinishReason::ToolCalls => "tool_calls",
            FinishReason::Length => "length",
        }
    }
}

/// What one turn used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens in, cached ones included.
    pub input_tokens: u64,
    /// Tokens out, those that were thought included.
    pub output_tokens: u64,
    /// Tokens out that were thought; none where the provider does not say.
    #[serde(default)]
    pub reasoning_tokens: Option<u64>,
    /// Tokens in that came from the provider's cache.
    pub cache_read_tokens: u64,
    /// Tokens in that went into the provider's cache.
    pub cache_write_tokens: u64,
    /// What it cost; none where the price is unknown.
    pub cost: Option<MicroUsd>,
}

/// Why there is no turn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The credential is missing or wrong.
    #[error("the model provider does not accept the credential: {0}")]
    Auth(String),
    /// The account has nothing left to spend.
    #[error("the model provider's account is out of credit: {0}")]
    Credit(String),
    /// Too many requests.
    #[error("the model provider limits the rate of requests{}: {message}", wait(*.retry_after))]
    RateLimit {
        /// What the provider said.
        message: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The provider is overloaded or broken for now.
    #[error("the model provider is overloaded{}: {message}", wait(*.retry_after))]
    Overload {
        /// What the provider said.
        message: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The conversation does not fit into the model's context.
    #[error("the conversation does not fit into the model's context: {0}")]
    Overflow(String),
    /// The provider does not understand the request.
    #[error("the model provider rejects the request: {0}")]
    BadRequest(String),
    /// The provider could not be reached, or the connection broke before it answered.
    #[error("the model provider cannot be reached: {0}")]
    Network(String),
    /// The answer broke off.
    #[error("the model's answer broke off: {0}")]
    Truncated(String),
    /// The model, or a filter before it, will not answer.
    #[error("the model refuses to answer: {0}")]
    Refused(String),
    /// The policy does not let the provider be reached.
    #[error("the policy denies the model provider: {} ({}); {}", .0.subject, .0.rule, .0.remedy)]
    Denied(Decision),
    /// The script that plays the model is wrong. Names the file and the line.
    #[error("{0}")]
    Script(String),
}

fn wait(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |after| {
        format!(" (retry after {} s)", after.as_secs_f64())
    })
}
