//! Answers that end a turn too early.
//!
//! | the model answers in words alone | what is done |
//! | --- | --- |
//! | while its plan has unfinished items | it is told to go on, twice in a row at most |
//! | the same, and the user only asked a question and it has called no tool in this turn | the turn ends: the question is answered |
//! | with an answer that was cut off by the bound on output | it is told to go on, three times in a row at most |

use crate::{FinishReason, Plan, Turn};

/// How often it is told in a row that its plan is not finished.
const UNFINISHED: u32 = 2;
/// How often it is told in a row that its answer was cut off.
const CUT_OFF: u32 = 3;

/// How often it was told, and what the turn is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Continuation {
    unfinished: u32,
    cut_off: u32,
    /// Whether it has called a tool in this turn.
    worked: bool,
    question: bool,
}

impl Continuation {
    /// The user said something.
    pub(crate) fn heard(&mut self, text: &str) {
        self.question = text.trim_end().ends_with(['?', '？', '؟']);
        self.unfinished = 0;
    }

    /// It calls tools.
    pub(crate) fn calls(&mut self) {
        *self = Continuation {
            worked: true,
            question: self.question,
            ..Continuation::default()
        };
    }

    /// What it is told after an answer in words alone, and what whoever watches is told; none where the turn ends.
    pub(crate) fn told(&mut self, turn: &Turn, plan: &Plan) -> Option<(String, String)> {
        if turn.finish == FinishReason::Length && !turn.text.is_empty() && self.cut_off < CUT_OFF {
            self.cut_off += 1;
            let text = "Your answer reached the bound on output tokens and was cut off. Go on exactly where it ended.";
            let log = "answer cut off by the provider's bound; asked to go on";
            return Some((text.to_owned(), log.to_owned()));
        }
        let only_answers = self.question && !self.worked;
        if only_answers || !plan.is_unfinished() || self.unfinished >= UNFINISHED {
            return None;
        }
        self.unfinished += 1;
        let left = plan.left();
        let text = format!(
            "Your plan is not finished: {left}. Go on with it. If it is done, or if you cannot go on without the user, \
             bring the plan up to date and say so."
        );
        Some((
            text,
            format!("the plan is not finished, asked to go on: {left}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PlanItem, Status};

    fn plan(status: Status) -> Plan {
        Plan(vec![PlanItem {
            id: "1".into(),
            content: "train".into(),
            status,
        }])
    }

    /// `w`ords, words that were `l`eft short, `c`alls; what each came to: told to `g`o on, or the `e`nd.
    #[test]
    fn when_it_is_told_to_go_on() {
        let table = [
            ("do it", None, "w", "e"),
            ("do it", Some(Status::Completed), "w", "e"),
            ("do it", Some(Status::Pending), "www", "gge"),
            ("do it", Some(Status::InProgress), "wwcwww", "gg gge"),
            ("what is it?", Some(Status::Pending), "w", "e"),
            ("what is it? \n", Some(Status::Pending), "cw", " g"),
            ("what is it?", None, "cw", " e"),
            ("do it", None, "llll", "ggge"),
            ("do it", None, "lcllll", "g ggge"),
            ("what is it?", Some(Status::Pending), "lw", "ge"),
        ];
        for (text, status, steps, expected) in table {
            let plan = status.map(plan).unwrap_or_default();
            let mut continuation = Continuation::default();
            continuation.heard(text);
            let mut found = String::new();
            for step in steps.chars() {
                if step == 'c' {
                    continuation.calls();
                    found.push(' ');
                    continue;
                }
                let turn = Turn {
                    text: "words".into(),
                    finish: if step == 'l' {
                        FinishReason::Length
                    } else {
                        FinishReason::Stop
                    },
                    ..Turn::default()
                };
                let told = continuation.told(&turn, &plan);
                found.push(if told.is_some() { 'g' } else { 'e' });
            }
            assert_eq!(found, expected, "{text} {status:?} {steps}");
        }
        // An answer without any words cannot be gone on with.
        let empty = Turn {
            finish: FinishReason::Length,
            ..Turn::default()
        };
        let mut continuation = Continuation::default();
        assert_eq!(continuation.told(&empty, &Plan::default()), None);
    }
}
