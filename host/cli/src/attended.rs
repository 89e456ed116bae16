//! Who answers what the policy asks: the user, or nobody, or what the user has said beforehand.
//!
//! | said | waived |
//! | --- | --- |
//! | `yolo_mode`, `/yolo` | everything but what is scheduled to run later |
//! | `confirm_cpu_jobs: false` | starting a job on a CPU, within the bound of dollars |

use std::sync::Arc;

use agent::{Answer, Approver, BudgetAnswer, BudgetQuestion, MicroUsd, Question};
use async_trait::async_trait;

/// What a session may cost that does without asking, where its user sets no bound.
pub(crate) const YOLO_CAP: MicroUsd = MicroUsd(5_000_000);

/// Whether an operation makes something that runs by itself later: nobody is there to see that.
pub(crate) fn is_scheduled(operation: &str) -> bool {
    operation.trim().to_lowercase().starts_with("scheduled")
}

/// Whether it is the start of a job on a CPU, asked about for what it does, not for what it costs.
fn is_cpu_job(question: &Question<'_>) -> bool {
    let flavor = question.arguments.get("hardware_flavor");
    question.tool == "hf_jobs"
        && matches!(question.operation, "run" | "run without token")
        && flavor.is_none_or(|flavor| flavor.as_str().is_some_and(|name| name.starts_with("cpu-")))
        && !question.decision.rule.starts_with("budget: ")
}

/// Says yes to what was waived beforehand, and asks somebody else about the rest, and about bounds.
pub(crate) struct Waiving<A> {
    /// Whether everything is waived that is not scheduled.
    pub(crate) all: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whether jobs on CPUs are.
    pub(crate) cpu_jobs: bool,
    pub(crate) otherwise: A,
}

impl<A> Waiving<A> {
    fn waives(&self, question: &Question<'_>) -> bool {
        ((self.all)() && !is_scheduled(question.operation))
            || (self.cpu_jobs && is_cpu_job(question))
    }
}

#[async_trait]
impl<A: Approver> Approver for Waiving<A> {
    async fn ask(&self, questions: &[Question<'_>]) -> Vec<Answer> {
        let waived: Vec<bool> = questions.iter().map(|one| self.waives(one)).collect();
        let asked: Vec<Question<'_>> = questions
            .iter()
            .zip(&waived)
            .filter(|(_, waived)| !**waived)
            .map(|(question, _)| *question)
            .collect();
        let mut answers = if asked.is_empty() {
            Vec::new()
        } else {
            self.otherwise.ask(&asked).await
        }
        .into_iter();
        waived
            .into_iter()
            .map(|waived| {
                if waived {
                    Answer::Approve
                } else {
                    // One without an answer is denied.
                    answers.next().unwrap_or(Answer::Reject { feedback: None })
                }
            })
            .collect()
    }

    async fn ask_budget(&self, question: &BudgetQuestion) -> BudgetAnswer {
        self.otherwise.ask_budget(question).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agent::{Denial, Unattended};
    use policy::{Decision, Effect, Verdict};
    use serde_json::{Value, json};

    #[tokio::test]
    async fn what_was_said_beforehand_is_waived_and_no_more() {
        let run = |flavor: Option<&str>| match flavor {
            Some(flavor) => json!({"hardware_flavor": flavor}),
            None => json!({}),
        };
        // Tool, operation, arguments, rule; whether it is waived by the one and by the other.
        let table: [(&str, &str, Value, &str, bool, bool); 8] = [
            ("hf_jobs", "run", run(None), "r", true, true),
            (
                "hf_jobs",
                "run without token",
                run(Some("cpu-upgrade")),
                "r",
                true,
                true,
            ),
            ("hf_jobs", "run", run(Some("a10g-small")), "r", true, false),
            (
                "hf_jobs",
                "run",
                json!({"hardware_flavor": 1}),
                "r",
                true,
                false,
            ),
            (
                "hf_jobs",
                "run",
                run(None),
                "budget: it would cost $9",
                true,
                false,
            ),
            ("hf_jobs", "scheduled run", run(None), "r", false, false),
            ("hf_jobs", "cancel", run(None), "r", true, false),
            ("other", "run", run(None), "r", true, false),
        ];
        for (tool, operation, arguments, rule, yolo, cpu) in table {
            let decision = Decision {
                verdict: Verdict::Ask,
                subject: "effect spend".to_owned(),
                rule: rule.to_owned(),
                remedy: String::new(),
            };
            let question = Question {
                call_id: "c1".parse().unwrap(),
                tool,
                operation,
                effects: &[Effect::Spend],
                target: "",
                arguments: &arguments,
                decision: &decision,
                price: None,
                quote: &[],
                agent: None,
            };
            for (all, cpu_jobs, waived) in [
                (true, false, yolo),
                (false, true, cpu),
                (false, false, false),
            ] {
                let waiving = Waiving {
                    all: Arc::new(move || all),
                    cpu_jobs,
                    otherwise: Unattended,
                };
                let answers = waiving.ask(&[question]).await;
                let approved = matches!(answers.as_slice(), [Answer::Approve]);
                let denied = matches!(answers.as_slice(), [Answer::Deny(Denial { .. })]);
                assert_eq!(
                    (approved, denied),
                    (waived, !waived),
                    "{tool} {operation} {arguments}"
                );
            }
        }
    }
}
