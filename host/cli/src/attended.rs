//! Who answers what the policy asks: the user, or nobody, or a switch that says yes to all but what runs later.

use std::sync::Arc;

use agent::{Answer, Approver, BudgetAnswer, BudgetQuestion, MicroUsd, Question};
use async_trait::async_trait;

/// What a session may cost that does without asking, where its user sets no bound.
pub(crate) const YOLO_CAP: MicroUsd = MicroUsd(5_000_000);

/// Whether an operation makes something that runs by itself later: nobody is there to see that.
pub(crate) fn is_scheduled(operation: &str) -> bool {
    operation.trim().to_lowercase().starts_with("scheduled")
}

/// Says yes where a switch is on, and asks somebody else where it is off, about what is scheduled, and about bounds.
pub(crate) struct Waiving<A> {
    pub(crate) on: Arc<dyn Fn() -> bool + Send + Sync>,
    pub(crate) otherwise: A,
}

#[async_trait]
impl<A: Approver> Approver for Waiving<A> {
    async fn ask(&self, questions: &[Question<'_>]) -> Vec<Answer> {
        if !(self.on)() {
            return self.otherwise.ask(questions).await;
        }
        let asked: Vec<Question<'_>> = questions
            .iter()
            .filter(|question| is_scheduled(question.operation))
            .copied()
            .collect();
        let mut answers = if asked.is_empty() {
            Vec::new()
        } else {
            self.otherwise.ask(&asked).await
        }
        .into_iter();
        questions
            .iter()
            .map(|question| {
                if is_scheduled(question.operation) {
                    // One without an answer is denied.
                    answers.next().unwrap_or(Answer::Reject { feedback: None })
                } else {
                    Answer::Approve
                }
            })
            .collect()
    }

    async fn ask_budget(&self, question: &BudgetQuestion) -> BudgetAnswer {
        self.otherwise.ask_budget(question).await
    }
}
