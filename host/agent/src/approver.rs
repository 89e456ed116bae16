//! Who is asked when the policy says `ask`, or a bound of the budget would be crossed.

use async_trait::async_trait;
use journal::CallId;
use policy::{Decision, Effect, LimitName};
use serde_json::Value;

use crate::{Denial, MicroUsd};

/// Somebody who can say yes or no, outside the model's reach. The loop asks one thing at a time.
#[async_trait]
pub trait Approver: Send + Sync {
    /// Answers the questions, in their order. A question that gets no answer is denied. The future is dropped when the
    /// turn is interrupted, and when the user goes on with something else.
    async fn ask(&self, questions: &[Question<'_>]) -> Vec<Answer>;

    /// Says whether the session may go on although a bound would be crossed. Where nobody is there, it may not.
    async fn ask_budget(&self, question: &BudgetQuestion) -> BudgetAnswer {
        let _ = question;
        BudgetAnswer::Stop
    }
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
    /// What it would cost, where that is known.
    pub price: Option<MicroUsd>,
    /// What else is known of it beforehand: names and values.
    pub quote: &'a [(String, String)],
    /// The nested agent that calls it, where it is one's.
    pub agent: Option<&'a str>,
}

/// Yes or no.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It may run, this once.
    Approve,
    /// It may run with these arguments instead. The policy decides about them anew: what it denies stays denied, and
    /// where it asks about something else, the person is asked again.
    Edit(Value),
    /// It may run, and so may each later call of the same operation about which the policy asks the same.
    Always,
    /// It may not. The denial says who decided, and what the model should know.
    Deny(Denial),
    /// A person said no, and maybe why.
    Reject {
        /// Their words, for the model.
        feedback: Option<String>,
    },
}

/// A bound that would be crossed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetQuestion {
    /// Its id in the events: `yolo-budget-1`.
    pub id: String,
    /// What is asked about.
    pub about: BudgetSubject,
    /// What would be done next: `main`, `research`, `compaction`, `calls`, `time`.
    pub next: String,
}

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetSubject {
    /// What comes next does not fit under a bound any more.
    Bound {
        /// Which one: `cost`, `tokens`, `calls` or `deadline`.
        limit: LimitName,
        /// The bound, in the limit's unit.
        allowed: u64,
        /// What counts against it so far, and what is under way.
        used: u64,
        /// What would come next, at most.
        next: u64,
    },
    /// There is a bound of dollars, and the price of the model is not known.
    UnknownPrice {
        /// The bound.
        cap: MicroUsd,
    },
    /// So much was spent already.
    Spent {
        /// The amount that was passed.
        threshold: MicroUsd,
        /// What was spent, as far as is known.
        spent: MicroUsd,
        /// The amount at which is asked again.
        next: MicroUsd,
    },
}

/// What somebody says about a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetAnswer {
    /// Nothing more is done.
    Stop,
    /// Go on: with what comes next, without a known price, or up to the next amount.
    GoOn,
    /// The bound is now this, in the limit's unit. What is not enough is asked about again.
    Raise(u64),
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
