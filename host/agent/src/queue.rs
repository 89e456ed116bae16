//! An agent that takes its work from a queue: one operation at a time, in order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::inbox::{Inbox, Submission};
use crate::{Agent, Agents, Desk, DeskError, Effort, Meter, Model, Outcome, SessionRules};

/// Submissions that may wait at one time.
pub const SUBMISSIONS: usize = 64;

/// What an agent can be asked to do. In JSON: `{"op_type": …, "data": {…}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op_type", content = "data", rename_all = "snake_case")]
pub enum Operation {
    /// Take a turn with what the user says. Where a turn runs, it joins that one before the model is asked again; its
    /// outcome is that turn's.
    UserInput {
        /// Their words.
        text: String,
    },
    /// Answer what is being asked. It is not put into the queue: it is done at once.
    ExecApproval {
        /// The answers.
        approvals: Vec<ApprovalAnswer>,
    },
    /// Undo the last turn: messages, plan and files.
    Undo {},
    /// Make the conversation shorter.
    Compact {},
    /// Begin a new session.
    New {
        /// Whether the screen is to be cleared; the event says so again.
        #[serde(default)]
        clear_screen: bool,
    },
    /// Go on with an earlier session.
    Resume {
        /// What names it.
        path: String,
    },
    /// Take back what was allowed for the rest of the session.
    RevokeRule {
        /// The rule.
        id: u64,
    },
    /// Take no more turns.
    Shutdown {},
}

/// One answer to what is being asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApprovalAnswer {
    /// The call, or the bound of the budget.
    pub tool_call_id: String,
    /// Yes or no.
    pub approved: bool,
    /// What is said besides.
    pub feedback: Option<String>,
    /// Other arguments instead.
    pub edited_arguments: Option<Value>,
    /// The argument `script`, changed.
    pub edited_script: Option<String>,
    /// The argument `namespace`, changed.
    pub namespace: Option<String>,
    /// Whether the same may be done for the rest of the session.
    pub always: bool,
    /// The bound of the budget from now on, in its unit.
    pub raise_to: Option<u64>,
}

/// What is done in its turn.
#[derive(Clone)]
pub(crate) enum Work {
    Operation(Operation),
    SwitchModel(Arc<dyn Model>),
    SetEffort(Option<Effort>),
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Work::Operation(operation) => operation.fmt(f),
            Work::SetEffort(effort) => f.debug_tuple("SetEffort").field(effort).finish(),
            Work::SwitchModel(model) => f.debug_tuple("SwitchModel").field(&model.label()).finish(),
        }
    }
}

/// A running agent. Dropping it lets the agent finish what is in the queue, and then end.
pub struct Handle {
    inbox: Door,
    task: JoinHandle<Agent>,
    submitted: u64,
    rules: SessionRules,
    agents: Arc<dyn Agents>,
    meter: Meter,
    desk: Option<Desk>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle")
            .field("submitted", &self.submitted)
            .finish_non_exhaustive()
    }
}

/// One submission on its way.
#[derive(Debug)]
pub struct Ticket {
    /// Counts up from 1.
    pub id: u64,
    cancel: CancellationToken,
    reply: oneshot::Receiver<Outcome>,
}

/// Why a submission was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Too many wait already.
    #[error("{SUBMISSIONS} submissions are waiting already; wait for one to end")]
    Full,
    /// The agent has ended.
    #[error("the agent takes no more turns")]
    Closed,
    /// It answers something that nobody asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl Agent {
    /// Lets the agent run by itself. Needs a tokio runtime around it.
    #[must_use]
    pub fn spawn(mut self) -> Handle {
        let inbox = self.shared().inbox.clone();
        let rules = self.session_rules();
        let agents = self.agents();
        let meter = self.meter();
        let work = inbox.clone();
        let task = tokio::spawn(async move {
            while let Some(Submission {
                work: next,
                cancel,
                reply,
            }) = work.next().await
            {
                let outcome = match next {
                    Work::Operation(Operation::Shutdown {}) => {
                        // Nobody gets into the queue any more; who is in it already is told that it is closed.
                        work.close(true);
                        let _ = reply.send(Outcome::Done { text: None });
                        break;
                    }
                    Work::Operation(operation) => self.operate(operation, &cancel).await,
                    Work::SetEffort(effort) => {
                        self.set_effort(effort);
                        Outcome::Done { text: None }
                    }
                    Work::SwitchModel(model) => match self.switch_model(model) {
                        Ok(()) => Outcome::Done { text: None },
                        Err(error) => Outcome::Failed {
                            error: error.to_string(),
                        },
                    },
                };
                // Who submitted it may not care.
                let _ = reply.send(outcome);
            }
            self.announce_shutdown();
            self
        });
        Handle {
            inbox: Door(inbox),
            task,
            submitted: 0,
            rules,
            agents,
            meter,
            desk: None,
        }
    }

    /// Does one operation to its end.
    pub async fn operate(&mut self, operation: Operation, cancel: &CancellationToken) -> Outcome {
        if cancel.is_cancelled() && !matches!(operation, Operation::UserInput { .. }) {
            return Outcome::Interrupted;
        }
        match operation {
            Operation::UserInput { text } => self.run_turn(&text, cancel).await,
            Operation::ExecApproval { .. } => self.refuse("nothing is being asked"),
            Operation::Undo {} => self.undo().await,
            Operation::Compact {} => self.compact(cancel).await,
            Operation::New { clear_screen } => self.new_session(clear_screen),
            Operation::Resume { path } => self.resume_session(&path),
            Operation::RevokeRule { id } => self.revoke_rule(id),
            Operation::Shutdown {} => Outcome::Done { text: None },
        }
    }
}

impl Handle {
    /// Lets answers that are submitted reach the desk that the agent asks.
    #[must_use]
    pub fn attended(mut self, desk: Desk) -> Handle {
        self.desk = Some(desk);
        self
    }

    /// Puts an operation at the end of the queue; answers to what is being asked are taken at once.
    ///
    /// # Errors
    ///
    /// When the queue is full, the agent has ended, or nothing like it was asked.
    pub fn submit(&mut self, operation: Operation) -> Result<Ticket, QueueError> {
        if let Operation::ExecApproval { approvals } = operation {
            let desk = self.desk.as_ref().ok_or(DeskError::NothingAsked)?;
            desk.answer(&approvals)?;
            let (reply, outcome) = oneshot::channel();
            let _ = reply.send(Outcome::Done { text: None });
            self.submitted = self.submitted.saturating_add(1);
            return Ok(Ticket {
                id: self.submitted,
                cancel: CancellationToken::new(),
                reply: outcome,
            });
        }
        self.put(Work::Operation(operation))
    }

    /// Another model, as soon as what is in the queue is done.
    ///
    /// # Errors
    ///
    /// When the queue is full or the agent has ended.
    pub fn switch_model(&mut self, model: Arc<dyn Model>) -> Result<Ticket, QueueError> {
        self.put(Work::SwitchModel(model))
    }

    /// Another effort, as soon as what is in the queue is done; none leaves it to the provider.
    ///
    /// # Errors
    ///
    /// When the queue is full or the agent has ended.
    pub fn set_effort(&mut self, effort: Option<Effort>) -> Result<Ticket, QueueError> {
        self.put(Work::SetEffort(effort))
    }

    /// What the session has used, and may use.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.meter.clone()
    }

    fn put(&mut self, work: Work) -> Result<Ticket, QueueError> {
        let (ticket, submission) = self.ticket(work);
        // Its task may have broken down.
        if self.task.is_finished() {
            return Err(QueueError::Closed);
        }
        self.inbox.0.put(submission)?;
        self.submitted = ticket.id;
        Ok(ticket)
    }

    fn ticket(&self, work: Work) -> (Ticket, Submission) {
        let (reply, outcome) = oneshot::channel();
        let cancel = CancellationToken::new();
        let ticket = Ticket {
            id: self.submitted.saturating_add(1),
            cancel: cancel.clone(),
            reply: outcome,
        };
        let submission = Submission {
            work,
            cancel,
            reply,
        };
        (ticket, submission)
    }

    /// What a person allowed for the rest of the session.
    #[must_use]
    pub const fn session_rules(&self) -> &SessionRules {
        &self.rules
    }

    /// Runs nested agents as part of the agent's calls.
    #[must_use]
    pub fn agents(&self) -> Arc<dyn Agents> {
        Arc::clone(&self.agents)
    }

    /// Lets the agent finish what is in the queue, and gives it back.
    ///
    /// # Errors
    ///
    /// When the agent's task broke down.
    pub async fn shutdown(self) -> Result<Agent, JoinError> {
        let Handle { inbox, task, .. } = self;
        drop(inbox);
        task.await
    }
}

/// Where submissions come in. Dropped, it is closed: what is in the queue is still done.
struct Door(Inbox);

impl Drop for Door {
    fn drop(&mut self) {
        self.0.close(false);
    }
}

impl Ticket {
    /// Stops this submission: at once where it runs, and as soon as it would start where it waits.
    pub fn interrupt(&self) {
        self.cancel.cancel();
    }

    /// A token that does the same, for a signal handler.
    #[must_use]
    pub fn interrupter(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Waits for the submission's end.
    pub async fn outcome(self) -> Outcome {
        self.reply.await.unwrap_or_else(|_| Outcome::Failed {
            error: "the agent ended before it came to this submission's end".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_in_json() {
        let answer = ApprovalAnswer {
            tool_call_id: "c1".into(),
            approved: true,
            ..ApprovalAnswer::default()
        };
        let table = [
            (
                Operation::UserInput { text: "hi".into() },
                r#"{"op_type":"user_input","data":{"text":"hi"}}"#,
            ),
            (
                Operation::ExecApproval {
                    approvals: vec![answer],
                },
                r#"{"op_type":"exec_approval","data":{"approvals":[{"tool_call_id":"c1","approved":true,"feedback":null,"edited_arguments":null,"edited_script":null,"namespace":null,"always":false,"raise_to":null}]}}"#,
            ),
            (Operation::Undo {}, r#"{"op_type":"undo","data":{}}"#),
            (Operation::Compact {}, r#"{"op_type":"compact","data":{}}"#),
            (
                Operation::New { clear_screen: true },
                r#"{"op_type":"new","data":{"clear_screen":true}}"#,
            ),
            (
                Operation::Resume { path: "a".into() },
                r#"{"op_type":"resume","data":{"path":"a"}}"#,
            ),
            (
                Operation::RevokeRule { id: 1 },
                r#"{"op_type":"revoke_rule","data":{"id":1}}"#,
            ),
            (
                Operation::Shutdown {},
                r#"{"op_type":"shutdown","data":{}}"#,
            ),
        ];
        for (operation, json) in table {
            assert_eq!(serde_json::to_string(&operation).unwrap(), json);
            assert_eq!(serde_json::from_str::<Operation>(json).unwrap(), operation);
        }
        // As the predecessor's clients send it.
        let sent = json!({"op_type": "exec_approval", "data": {"approvals": [
            {"tool_call_id": "call_1", "approved": false, "feedback": "no", "edited_script": null, "namespace": null}
        ]}});
        let Operation::ExecApproval { approvals } = serde_json::from_value(sent).unwrap() else {
            panic!()
        };
        assert_eq!(approvals[0].feedback.as_deref(), Some("no"));
    }
}
