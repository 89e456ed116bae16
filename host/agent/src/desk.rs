//! Where answers come in from outside: an approver for whoever shows the questions as events and sends the answers as
//! operations.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{Answer, ApprovalAnswer, Approver, BudgetAnswer, BudgetQuestion, Question};

/// An approver that waits until its answers are brought to it. Clones are the same desk.
#[derive(Clone, Default)]
pub struct Desk {
    open: Arc<Mutex<Option<Open>>>,
}

/// What is being asked.
struct Open {
    ids: Vec<String>,
    answers: oneshot::Sender<Vec<ApprovalAnswer>>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("asks", &self.asks()).finish()
    }
}

/// Why answers were not taken. What was being asked still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// Nothing is being asked, or nothing that any of the answers is about.
    #[error("nothing is being asked that these answers are about")]
    NothingAsked,
    /// There is no answer among them.
    #[error("no answers; expected one for each call that is asked about")]
    Empty,
}

impl Desk {
    /// The ids of what is being asked; none where nothing is.
    #[must_use]
    pub fn asks(&self) -> Vec<String> {
        self.lock()
            .as_ref()
            .map_or_else(Vec::new, |open| open.ids.clone())
    }

    /// Brings the answers. What is asked and not among them is rejected.
    ///
    /// # Errors
    ///
    /// When none of them is about what is being asked.
    pub fn answer(&self, answers: &[ApprovalAnswer]) -> Result<(), DeskError> {
        let mut slot = self.lock();
        let Some(open) = slot.as_ref() else {
            return Err(DeskError::NothingAsked);
        };
        if answers.is_empty() {
            return Err(DeskError::Empty);
        }
        if !answers
            .iter()
            .any(|answer| open.ids.contains(&answer.tool_call_id))
        {
            return Err(DeskError::NothingAsked);
        }
        let Some(open) = slot.take() else {
            return Err(DeskError::NothingAsked);
        };
        open.answers
            .send(answers.to_vec())
            .map_err(|_| DeskError::NothingAsked)
    }

    /// Asks, and waits.
    async fn wait(&self, ids: Vec<String>) -> Vec<ApprovalAnswer> {
        let (answers, receiver) = oneshot::channel();
        *self.lock() = Some(Open { ids, answers });
        // Where the wait is given up, nothing is asked any more.
        let cleared = Clear(self);
        let found = receiver.await.unwrap_or_default();
        drop(cleared);
        found
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Clear<'a>(&'a Desk);

impl Drop for Clear<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

#[async_trait]
impl Approver for Desk {
    async fn ask(&self, questions: &[Question<'_>]) -> Vec<Answer> {
        let ids = questions
            .iter()
            .map(|one| one.call_id.to_string())
            .collect();
        let answers = self.wait(ids).await;
        questions
            .iter()
            .map(|question| {
                let id = question.call_id.to_string();
                let own = answers.iter().find(|answer| answer.tool_call_id == id);
                own.map_or(Answer::Reject { feedback: None }, |own| {
                    read(own, question.arguments)
                })
            })
            .collect()
    }

    async fn ask_budget(&self, question: &BudgetQuestion) -> BudgetAnswer {
        let answers = self.wait(vec![question.id.clone()]).await;
        match answers.iter().find(|one| one.tool_call_id == question.id) {
            Some(ApprovalAnswer {
                approved: true,
                raise_to,
                ..
            }) => raise_to.map_or(BudgetAnswer::GoOn, BudgetAnswer::Raise),
            _ => BudgetAnswer::Stop,
        }
    }
}

fn read(answer: &ApprovalAnswer, arguments: &Value) -> Answer {
    if !answer.approved {
        return Answer::Reject {
            feedback: answer.feedback.clone(),
        };
    }
    let mut edited = answer
        .edited_arguments
        .clone()
        .unwrap_or_else(|| arguments.clone());
    let changes = [
        ("script", &answer.edited_script),
        ("namespace", &answer.namespace),
    ];
    for (name, value) in changes {
        if let (Some(object), Some(value)) = (edited.as_object_mut(), value) {
            object.insert(name.to_owned(), Value::from(value.as_str()));
        }
    }
    if edited != *arguments {
        Answer::Edit(edited)
    } else if answer.always {
        Answer::Always
    } else {
        Answer::Approve
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(id: &str, approved: bool) -> ApprovalAnswer {
        ApprovalAnswer {
            tool_call_id: id.into(),
            approved,
            ..ApprovalAnswer::default()
        }
    }

    #[test]
    fn answers_are_read() {
        let yes = || answer("c1", true);
        let text = |text: &str| Some(text.to_owned());
        let table = [
            (yes(), Answer::Approve),
            (
                ApprovalAnswer {
                    always: true,
                    ..yes()
                },
                Answer::Always,
            ),
            (
                ApprovalAnswer {
                    edited_script: text("print(2)"),
                    namespace: text("org"),
                    ..yes()
                },
                Answer::Edit(json!({"script": "print(2)", "namespace": "org"})),
            ),
            (
                ApprovalAnswer {
                    edited_arguments: Some(json!({"a": 1})),
                    edited_script: text("b"),
                    ..yes()
                },
                Answer::Edit(json!({"a": 1, "script": "b"})),
            ),
            // The same as before is no edit.
            (
                ApprovalAnswer {
                    edited_script: text("print(1)"),
                    ..yes()
                },
                Answer::Approve,
            ),
            (
                ApprovalAnswer {
                    feedback: text("smaller"),
                    edited_script: text("b"),
                    ..answer("c1", false)
                },
                Answer::Reject {
                    feedback: text("smaller"),
                },
            ),
        ];
        for (answer, expected) in table {
            assert_eq!(read(&answer, &json!({"script": "print(1)"})), expected);
        }
    }

    #[tokio::test]
    async fn only_what_is_asked_is_answered() {
        let desk = Desk::default();
        assert_eq!(
            desk.answer(&[answer("b-1", true)]),
            Err(DeskError::NothingAsked)
        );
        let question = BudgetQuestion {
            id: "b-1".into(),
            about: crate::BudgetSubject::UnknownPrice {
                cap: crate::MicroUsd(1),
            },
            next: "main".into(),
        };
        let table = [
            (answer("b-1", true), BudgetAnswer::GoOn),
            (answer("b-1", false), BudgetAnswer::Stop),
            (
                ApprovalAnswer {
                    raise_to: Some(9),
                    ..answer("b-1", true)
                },
                BudgetAnswer::Raise(9),
            ),
        ];
        for (given, expected) in table {
            let (found, ()) = tokio::join!(desk.ask_budget(&question), async {
                assert_eq!(desk.asks(), ["b-1"]);
                assert_eq!(desk.answer(&[]), Err(DeskError::Empty));
                assert_eq!(
                    desk.answer(&[answer("c9", true)]),
                    Err(DeskError::NothingAsked)
                );
                desk.answer(&[answer("c9", true), given]).unwrap();
            });
            assert_eq!(found, expected);
            assert!(desk.asks().is_empty());
        }
        // A question that is given up is not asked any more.
        {
            let asking = desk.ask_budget(&question);
            tokio::pin!(asking);
            assert!(futures_pending(asking.as_mut()).await);
            assert_eq!(desk.asks(), ["b-1"]);
        }
        assert!(desk.asks().is_empty());
    }

    async fn futures_pending<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
        let mut future = Some(future);
        std::future::poll_fn(move |context| {
            let pending = future
                .take()
                .is_some_and(|future| future.poll(context).is_pending());
            std::task::Poll::Ready(pending)
        })
        .await
    }
}
