//! How a turn ended, and the exit code of a run that ended so.
//!
//! | how it ended | outcome | code |
//! | --- | --- | --- |
//! | the model ended it, and its last calls gave results | `Done` | 0 |
//! | the model ended it, and its last calls were denied | `Done` | 0 |
//! | the model ended it, and a call of the turn was asked about with nobody there to answer | `Denied` | 3 |
//! | the model ended it, with `strict_denials`, and any call of the turn was denied | `Denied` | 3 |
//! | the model ended it, and one of its last calls failed | `Failed` | 1 |
//! | the model ended it, and one of its last calls was stopped by a limit | `Limit` | 4 |
//! | the model gave no turn, the journal could not be written | `Failed` | 1 |
//! | the policy denies the model's provider | `Denied` | 3 |
//! | a bound on the whole run was reached: iterations, dollars, tokens, calls, time | `Limit` | 4 |
//! | a bound of dollars cannot be kept, because the price of the model is not known | `UnknownCost` | 4 |
//! | the model repeated itself, and went on after it was told three times | `Stuck` | 1 |
//! | it was interrupted | `Interrupted` | 130 |
//!
//! *The last calls* are the calls of the last turn of the model that had any: a failure that the model went on from
//! does not count. A denial is the policy at work, so it is an end of its own only where the user says so. What a person
//! rejected is no failure either. A question that nobody answered is not what the policy wants: a person should know of it.

use policy::LimitExceeded;

use crate::{Denial, ToolFailure};

/// How a turn ended. The module's table says when it is which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The model ended it.
    Done {
        /// Its last words, where it had any.
        text: Option<String>,
    },
    /// It could not go on, or ended in a failure.
    Failed {
        /// What went wrong.
        error: String,
    },
    /// The policy kept it from its goal.
    Denied(Denial),
    /// A limit stopped it.
    Limit(LimitExceeded),
    /// A bound of dollars cannot be kept, since nobody knows what the model costs: the next request was not sent.
    UnknownCost {
        /// Which bound and which model, and what can be done about it.
        error: String,
    },
    /// The model repeated itself until it was stopped.
    Stuck {
        /// What it repeated.
        error: String,
    },
    /// Somebody stopped it.
    Interrupted,
}

impl Outcome {
    /// The exit code of a process whose run ended so. (2, a usage error, comes before any run.)
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Outcome::Done { .. } => 0,
            Outcome::Failed { .. } | Outcome::Stuck { .. } => 1,
            Outcome::Denied(_) => 3,
            Outcome::Limit(_) | Outcome::UnknownCost { .. } => 4,
            Outcome::Interrupted => 130,
        }
    }

    /// One word, for the journal.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Outcome::Done { .. } => "done",
            Outcome::Failed { .. } => "failed",
            Outcome::Denied(_) => "denied",
            Outcome::Limit(_) => "limit",
            Outcome::UnknownCost { .. } => "unknown_cost",
            Outcome::Stuck { .. } => "stuck",
            Outcome::Interrupted => "interrupted",
        }
    }
}

/// What the calls of a turn came to, as far as its outcome depends on it.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    /// The first denial of the turn.
    denied: Option<Denial>,
    /// The first question of the turn that nobody was there to answer.
    unanswered: Option<Denial>,
    /// The first failure of the last calls: the tool and what went wrong.
    failed: Option<(String, ToolFailure)>,
}

impl Verdicts {
    /// The model asks for calls again: what it goes on from is forgiven.
    pub(crate) fn next_calls(&mut self) {
        self.failed = None;
    }

    /// A call was refused something.
    pub(crate) fn denied(&mut self, denial: &Denial) {
        self.denied.get_or_insert_with(|| denial.clone());
    }

    /// A call was asked about, and nobody was there.
    pub(crate) fn unanswered(&mut self, denial: &Denial) {
        self.unanswered.get_or_insert_with(|| denial.clone());
    }

    /// What was refused first.
    pub(crate) fn denial(&self) -> Option<Denial> {
        self.denied.clone()
    }

    /// A call gave no result.
    pub(crate) fn failed(&mut self, tool: &str, failure: &ToolFailure) {
        let decided = matches!(
            failure,
            ToolFailure::Denied(_) | ToolFailure::Rejected { .. } | ToolFailure::Abandoned
        );
        if !decided {
            self.failed
                .get_or_insert_with(|| (tool.to_owned(), failure.clone()));
        }
    }

    /// The outcome of a turn that the model ended.
    pub(crate) fn outcome(self, text: Option<String>, strict_denials: bool) -> Outcome {
        match self {
            Verdicts {
                unanswered: Some(denial),
                ..
            } => Outcome::Denied(denial),
            Verdicts {
                denied: Some(denial),
                ..
            } if strict_denials => Outcome::Denied(denial),
            Verdicts {
                failed: Some((_, ToolFailure::Limit(exceeded))),
                ..
            } => Outcome::Limit(exceeded),
            Verdicts {
                failed: Some((tool, failure)),
                ..
            } => Outcome::Failed {
                error: format!("the last call of `{tool}` failed: {failure}"),
            },
            Verdicts { failed: None, .. } => Outcome::Done { text },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::LimitName;

    fn denial() -> Denial {
        Denial {
            capability: "effect publish".into(),
            rule: "ci: never".into(),
            remedy: "ask".into(),
        }
    }

    fn exceeded() -> LimitExceeded {
        LimitExceeded {
            limit: LimitName::Fuel,
            allowed: 1,
            requested: 2,
        }
    }

    /// The module's table: the failures of the last calls, whether something was denied, `strict_denials`.
    #[test]
    fn what_the_calls_came_to() {
        let failed = || ToolFailure::Failed {
            message: "no".into(),
        };
        let limit = || ToolFailure::Limit(exceeded());
        let denied = || ToolFailure::Denied(denial());
        let rejected = || ToolFailure::Rejected { feedback: None };
        let done = || Outcome::Done {
            text: Some("bye".into()),
        };
        let wrong = || Outcome::Failed {
            error: "the last call of `t` failed: no".into(),
        };
        let table = [
            (vec![], vec![], false, done(), 0),
            (vec![], vec![], true, done(), 0),
            (vec![], vec![denied()], false, done(), 0),
            (vec![], vec![denied()], true, Outcome::Denied(denial()), 3),
            (vec![denied()], vec![], true, Outcome::Denied(denial()), 3),
            (vec![], vec![rejected()], true, done(), 0),
            (vec![], vec![ToolFailure::Abandoned], true, done(), 0),
            (vec![], vec![failed()], false, wrong(), 1),
            (vec![failed()], vec![], false, done(), 0),
            (vec![], vec![limit()], false, Outcome::Limit(exceeded()), 4),
            (vec![limit()], vec![], false, done(), 0),
            (vec![], vec![denied(), failed(), limit()], false, wrong(), 1),
            (
                vec![],
                vec![failed(), denied()],
                true,
                Outcome::Denied(denial()),
                3,
            ),
        ];
        for (before, last, strict, outcome, code) in table {
            let mut verdicts = Verdicts::default();
            for calls in [&before, &last] {
                verdicts.next_calls();
                for failure in calls {
                    verdicts.failed("t", failure);
                    if let ToolFailure::Denied(denial) = failure {
                        verdicts.denied(denial);
                    }
                }
            }
            let found = verdicts.outcome(Some("bye".into()), strict);
            assert_eq!(found, outcome, "{before:?} {last:?} {strict}");
            assert_eq!(found.exit_code(), code);
        }
        assert_eq!(Outcome::Interrupted.exit_code(), 130);
        let stuck = Outcome::Stuck { error: "a".into() };
        assert_eq!((stuck.exit_code(), stuck.as_str()), (1, "stuck"));
        let unknown = Outcome::UnknownCost { error: "a".into() };
        assert_eq!((unknown.exit_code(), unknown.as_str()), (4, "unknown_cost"));
    }
}
