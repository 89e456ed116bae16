//! Who is asked when the policy says `ask`.

use async_trait::async_trait;
use journal::CallId;
use policy::{Decision, Effect};
use serde_json::Value;

use crate::Denial;

/// Somebody who can say yes or no, outside the model's reach.
#[async_trait]
pub trait Approver: Send + Sync {
    /// Answers the questions, in their order. A question that gets no answer is denied. The future is dropped when the
    /// turn is interrupted.
    async fn ask(&self, questions: &[Question<'_>]) -> Vec<Answer>;
}

/// One call that waits for an answer.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The session's id of the call.
    pub call_id: CallId,
    /// The tool.
    pub tool: &'a str,
    /// Its operation.
    pub operation: &'a str,
    /// What the operation declares to do.
    pub effects: &'a [Effect],
    /// What it would work on, in words.
    pub target: &'a str,
    /// The arguments.
    pub arguments: &'a Value,
    /// The decision that asks.
    pub decision: &'a Decision,
}

/// Yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It may run, this once.
    Approve,
    /// It may not. The denial says who decided, and what the model should know.
    Deny(Denial),
}

/// Nobody is there: every question is denied, with what the policy would need to allow it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unattended;

#[async_trait]
impl Approver for Unattended {
    async fn ask(&self, questions: &[Question<'_>]) -> Vec<Answer> {
        questions
            .iter()
            .map(|question| Answer::Deny(question.decision.into()))
            .collect()
    }
}
