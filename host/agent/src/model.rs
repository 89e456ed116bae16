//! What the loop asks of a language model.

use std::time::Duration;

use async_trait::async_trait;
use policy::Decision;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Message, MicroUsd, ToolCall};

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

    /// Gives one turn. Its words also go to the sink, in pieces, as they come. The future may be dropped at any await:
    /// that is how a turn is interrupted.
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
#[derive(Debug, Clone, Copy)]
pub struct TurnRequest<'a> {
    /// The conversation so far. Every tool call in it has its result.
    pub messages: &'a [Message],
    /// The tools it may call.
    pub tools: &'a [ToolSpec],
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
pub trait TurnSink: Send {
    /// The next piece of the turn's words.
    fn text(&mut self, piece: &str);
}

/// A complete turn of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Its words: exactly the pieces that went to the sink, together.
    pub text: String,
    /// The calls it asks for, in order.
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended.
    pub finish: FinishReason,
    /// What it used; none where the provider does not say.
    pub usage: Option<Usage>,
}

/// Why a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model had said everything.
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
    /// Tokens out.
    pub output_tokens: u64,
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
