//! An agent that takes its work from a queue: one submission at a time, in order.

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{Agent, Outcome};

/// Submissions that may wait at one time.
pub const SUBMISSIONS: usize = 64;

/// What an agent can be asked to do. In JSON: `{"op_type": …, "data": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op_type", content = "data", rename_all = "snake_case")]
pub enum Operation {
    /// Take a turn with what the user says.
    UserInput {
        /// Their words.
        text: String,
    },
    /// Take no more turns.
    Shutdown {},
}

struct Submission {
    operation: Operation,
    cancel: CancellationToken,
    reply: oneshot::Sender<Outcome>,
}

/// A running agent. Dropping it lets the agent finish what is in the queue, and then end.
#[derive(Debug)]
pub struct Handle {
    queue: mpsc::Sender<Submission>,
    task: JoinHandle<Agent>,
    submitted: u64,
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
}

impl Agent {
    /// Lets the agent run by itself. Needs a tokio runtime around it.
    #[must_use]
    pub fn spawn(mut self) -> Handle {
        let (queue, mut submissions) = mpsc::channel::<Submission>(SUBMISSIONS);
        let task = tokio::spawn(async move {
            while let Some(Submission {
                operation,
                cancel,
                reply,
            }) = submissions.recv().await
            {
                let outcome = match operation {
                    Operation::UserInput { text } => self.run_turn(&text, &cancel).await,
                    Operation::Shutdown {} => {
                        // Nobody gets into the queue any more; who is in it already is told that it is closed.
                        submissions.close();
                        let _ = reply.send(Outcome::Done { text: None });
                        break;
                    }
                };
                // Who submitted it may not care.
                let _ = reply.send(outcome);
            }
            self.announce_shutdown();
            self
        });
        Handle {
            queue,
            task,
            submitted: 0,
        }
    }
}

impl Handle {
    /// Puts an operation at the end of the queue.
    ///
    /// # Errors
    ///
    /// When the queue is full or the agent has ended.
    pub fn submit(&mut self, operation: Operation) -> Result<Ticket, QueueError> {
        let (reply, outcome) = oneshot::channel();
        let cancel = CancellationToken::new();
        let submission = Submission {
            operation,
            cancel: cancel.clone(),
            reply,
        };
        self.queue
            .try_send(submission)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => QueueError::Full,
                mpsc::error::TrySendError::Closed(_) => QueueError::Closed,
            })?;
        self.submitted = self.submitted.saturating_add(1);
        Ok(Ticket {
            id: self.submitted,
            cancel,
            reply: outcome,
        })
    }

    /// Lets the agent finish what is in the queue, and gives it back.
    ///
    /// # Errors
    ///
    /// When the agent's task broke down.
    pub async fn shutdown(self) -> Result<Agent, JoinError> {
        drop(self.queue);
        self.task.await
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

    #[test]
    fn operations_in_json() {
        let table = [
            (
                Operation::UserInput { text: "hi".into() },
                r#"{"op_type":"user_input","data":{"text":"hi"}}"#,
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
    }
}
