//! What the user sees now: whether a turn runs, what is being asked, what stands around the line.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use agent::{ApprovalAnswer, ApprovalItem, Envelope, Event};
use tokio_util::sync::CancellationToken;

use super::input::{Around, lock};
use super::view::View;
use crate::attended::is_scheduled;

/// What an event asks of whoever prints.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reaction {
    /// Whole lines to print.
    pub(crate) text: String,
    /// Whether what the line is for has changed.
    pub(crate) wake: bool,
}

/// What is being asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) items: Vec<ApprovalItem>,
    /// Whether it is about a bound of the budget, and not about calls.
    pub(crate) budget: bool,
    /// What was answered so far, of several.
    pub(crate) answers: Vec<ApprovalAnswer>,
}

/// What is known of the session for `/status`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) model: String,
    pub(crate) turns: usize,
    /// Messages of the conversation.
    pub(crate) messages: usize,
    /// Tokens of the last request.
    pub(crate) context: Option<u64>,
}

struct Inner {
    view: View,
    asked: Option<Asked>,
    running: Vec<(u64, CancellationToken)>,
    known: Known,
}

/// What several threads know of the session.
pub(crate) struct State {
    inner: Mutex<Inner>,
    yolo: AtomicBool,
    leaves: AtomicBool,
    begun: Instant,
}

impl State {
    pub(crate) fn new(view: View, yolo: bool) -> State {
        State {
            inner: Mutex::new(Inner {
                view,
                asked: None,
                running: Vec::new(),
                known: Known::default(),
            }),
            yolo: AtomicBool::new(yolo),
            leaves: AtomicBool::new(false),
            begun: Instant::now(),
        }
    }

    /// Forgets what belongs to a session: another one begins.
    pub(crate) fn begin(&self, model: &str) {
        let mut inner = lock(&self.inner);
        inner.asked = None;
        inner.running.clear();
        inner.known = Known {
            model: model.to_owned(),
            ..Known::default()
        };
        inner.view.begin();
    }

    /// Takes an event in.
    pub(crate) fn event(&self, envelope: &Envelope) -> Reaction {
        let mut inner = lock(&self.inner);
        let mut reaction = Reaction {
            text: inner.view.event(envelope, self.now()),
            wake: false,
        };
        match &envelope.event {
            Event::ApprovalRequired {
                tools,
                yolo_budget,
                usage_threshold,
                ..
            } => {
                let budget = *yolo_budget || *usage_threshold;
                let waives = self.is_yolo() && !budget;
                let (waived, asked): (Vec<ApprovalItem>, Vec<ApprovalItem>) = tools
                    .iter()
                    .cloned()
                    .partition(|item| waives && !is_scheduled(&item.operation));
                if !waived.is_empty() {
                    reaction.text.push_str(&inner.view.waived(&waived));
                }
                if !asked.is_empty() {
                    reaction
                        .text
                        .push_str(&inner.view.questions(&asked, budget));
                    inner.asked = Some(Asked {
                        items: asked,
                        budget,
                        answers: Vec::new(),
                    });
                    reaction.wake = true;
                }
            }
            Event::LlmCall {
                kind,
                prompt_tokens,
                completion_tokens,
                ..
            } if kind == "main" => {
                let both = prompt_tokens.zip(*completion_tokens);
                inner.known.context = both.map(|(input, output)| input.saturating_add(output));
            }
            Event::TurnComplete { history_size, .. } => {
                inner.known.messages = *history_size;
                inner.known.turns = inner.known.turns.saturating_add(1);
                reaction.wake = inner.asked.take().is_some();
            }
            Event::Interrupted {} | Event::Error { .. } => {
                reaction.wake = inner.asked.take().is_some();
            }
            _ => {}
        }
        reaction
    }

    /// A submission began.
    pub(crate) fn runs(&self, id: u64, cancel: CancellationToken) {
        lock(&self.inner).running.push((id, cancel));
    }

    /// A submission came to its end.
    pub(crate) fn ended(&self, id: u64) {
        lock(&self.inner).running.retain(|(one, _)| *one != id);
    }

    /// Stops what runs and what waits; whether there was anything.
    pub(crate) fn interrupt(&self) -> bool {
        let inner = lock(&self.inner);
        for (_, cancel) in &inner.running {
            cancel.cancel();
        }
        !inner.running.is_empty()
    }

    pub(crate) fn is_idle(&self) -> bool {
        lock(&self.inner).running.is_empty()
    }

    pub(crate) fn asked(&self) -> Option<Asked> {
        lock(&self.inner).asked.clone()
    }

    /// Remembers some answers; all of them, once there is one for each question.
    pub(crate) fn answer(&self, answers: Vec<ApprovalAnswer>) -> Option<Vec<ApprovalAnswer>> {
        let mut inner = lock(&self.inner);
        let asked = inner.asked.as_mut()?;
        for answer in answers {
            asked
                .answers
                .retain(|one| one.tool_call_id != answer.tool_call_id);
            asked.answers.push(answer);
        }
        if asked.answers.len() < asked.items.len() {
            return None;
        }
        inner.asked.take().map(|asked| asked.answers)
    }

    pub(crate) fn is_yolo(&self) -> bool {
        self.yolo.load(Ordering::Relaxed)
    }

    pub(crate) fn set_yolo(&self, on: bool) {
        self.yolo.store(on, Ordering::Relaxed);
    }

    /// The process is asked to end.
    pub(crate) fn leave(&self) {
        self.leaves.store(true, Ordering::Relaxed);
    }

    pub(crate) fn leaves(&self) -> bool {
        self.leaves.load(Ordering::Relaxed)
    }

    pub(crate) fn known(&self) -> Known {
        lock(&self.inner).known.clone()
    }

    pub(crate) fn set_model(&self, label: &str) {
        lock(&self.inner).known.model = label.to_owned();
    }

    /// The call of a result that was shown, by its number.
    pub(crate) fn shown(&self, number: usize) -> Option<String> {
        lock(&self.inner).view.shown(number)
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }
}

impl Around for State {
    fn indicator(&self) -> String {
        let inner = lock(&self.inner);
        match &inner.asked {
            Some(asked) if asked.budget => "go on? ".to_owned(),
            Some(_) => "allow? ".to_owned(),
            None => "> ".to_owned(),
        }
    }

    fn below(&self) -> String {
        let mut inner = lock(&self.inner);
        if inner.running.is_empty() {
            return String::new();
        }
        let now = self.now();
        inner.view.live(now)
    }
}
