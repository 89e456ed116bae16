//! What waits to be done, in the order in which it came.
//!
//! A message that comes while a turn runs joins it before the model is asked again. It never goes before anything that
//! came before it, so a message behind another operation waits for that. A turn that asks the model no more leaves it to
//! a turn of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::futures::Notified;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use crate::queue::Work;
use crate::{Operation, Outcome, QueueError, SUBMISSIONS};

/// One submission.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) work: Work,
    pub(crate) cancel: CancellationToken,
    pub(crate) reply: oneshot::Sender<Outcome>,
}

/// The submissions of an agent. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inbox {
    held: Arc<Held>,
}

#[derive(Debug, Default)]
struct Held {
    waiting: Mutex<Waiting>,
    /// Something came.
    came: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    submissions: VecDeque<Submission>,
    closed: bool,
}

impl Inbox {
    pub(crate) fn put(&self, submission: Submission) -> Result<(), QueueError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(QueueError::Closed);
        }
        if waiting.submissions.len() >= SUBMISSIONS {
            return Err(QueueError::Full);
        }
        waiting.submissions.push_back(submission);
        drop(waiting);
        self.held.came.notify_waiters();
        Ok(())
    }

    /// Nothing more gets in; what is in is still taken out, unless `drop_waiting`.
    pub(crate) fn close(&self, drop_waiting: bool) {
        let mut waiting = self.lock();
        waiting.closed = true;
        if drop_waiting {
            waiting.submissions.clear();
        }
        drop(waiting);
        self.held.came.notify_waiters();
    }

    /// The next one; none when it is closed and empty.
    pub(crate) async fn next(&self) -> Option<Submission> {
        loop {
            let came = self.held.came.notified();
            {
                let mut waiting = self.lock();
                if let Some(next) = waiting.submissions.pop_front() {
                    return Some(next);
                }
                if waiting.closed {
                    return None;
                }
            }
            came.await;
        }
    }

    /// The next one, where it is a message of the user's.
    pub(crate) fn next_message(&self) -> Option<(String, Submission)> {
        let mut waiting = self.lock();
        let text = match waiting.submissions.front() {
            Some(Submission {
                work: Work::Operation(Operation::UserInput { text }),
                ..
            }) => text.clone(),
            _ => return None,
        };
        let submission = waiting.submissions.pop_front()?;
        Some((text, submission))
    }

    /// Waits until a message of the user's comes, from now on, that is the next one to be taken out.
    pub(crate) fn message_comes(&self) -> impl Future<Output = ()> + Send + '_ {
        // It hears of what comes from when it is made, not only from when it is first looked at.
        let came = self.held.came.notified();
        self.message_after(came)
    }

    async fn message_after(&self, mut came: Notified<'_>) {
        loop {
            came.await;
            came = self.held.came.notified();
            let waiting = self.lock();
            let is_message = matches!(
                waiting.submissions.front(),
                Some(Submission {
                    work: Work::Operation(Operation::UserInput { .. }),
                    ..
                })
            );
            if is_message {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.held
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
