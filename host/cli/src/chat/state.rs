//! What the user sees now: whether a turn runs, what is being asked, what stands around the line.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use agent::{ApprovalAnswer, ApprovalItem, Envelope, Event};
use screen::{Terminal, Turn};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::input::{Around, lock};
use crate::attended::is_scheduled;
use crate::render;

/// How the words of a result say that there is a picture.
const PICTURE: &str = "[image";

/// What an event asks of whoever prints.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reaction {
    /// Whole lines to print.
    pub(crate) text: String,
    /// Whether what the line is for has changed.
    pub(crate) wake: bool,
    /// The call whose result has a picture.
    pub(crate) picture: Option<String>,
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
    turn: Turn,
    asked: Option<Asked>,
    running: Vec<(u64, CancellationToken)>,
    known: Known,
}

/// What several threads know of the session.
pub(crate) struct State {
    inner: Mutex<Inner>,
    printed: watch::Sender<u64>,
    yolo: AtomicBool,
    leaves: AtomicBool,
    /// Events as JSON, in place of words.
    json: bool,
    begun: Instant,
}

impl Inner {
    /// Lines are laid out for the terminal as it is now.
    fn look_at_size(&mut self) {
        if let Some((width, height)) = render::size() {
            let terminal = self.turn.terminal().resized(width, height);
            if terminal != *self.turn.terminal() {
                self.turn.resize(&terminal);
            }
        }
    }
}

impl State {
    pub(crate) fn new(terminal: &Terminal, json: bool, yolo: bool) -> State {
        State {
            inner: Mutex::new(Inner {
                turn: Turn::new(terminal),
                asked: None,
                running: Vec::new(),
                known: Known::default(),
            }),
            printed: watch::Sender::new(0),
            yolo: AtomicBool::new(yolo),
            leaves: AtomicBool::new(false),
            json,
            begun: Instant::now(),
        }
    }

    /// Forgets what belongs to a session: another one begins.
    pub(crate) fn begin(&self, model: &str, turns: usize) {
        let mut inner = lock(&self.inner);
        self.print(0);
        inner.asked = None;
        inner.running.clear();
        inner.known = Known {
            model: model.to_owned(),
            turns,
            ..Known::default()
        };
        inner.turn = Turn::new(inner.turn.terminal());
    }

    /// Takes an event in.
    pub(crate) fn event(&self, envelope: &Envelope) -> Reaction {
        let now = self.now();
        let mut inner = lock(&self.inner);
        // Of a hundred thousand lines of a log, none is worth a look.
        if !matches!(envelope.event, Event::ToolLog { .. }) {
            inner.look_at_size();
        }
        let mut reaction = Reaction {
            text: if self.json {
                render::json(envelope)
            } else {
                inner.turn.event(&envelope.event, now)
            },
            ..Reaction::default()
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
                if !self.json {
                    let terminal = inner.turn.terminal().clone();
                    reaction.text.push_str(&screen::waived(&terminal, &waived));
                    reaction.text.push_str(&inner.turn.approved(&waived, now));
                    match asked.as_slice() {
                        [] => {}
                        [item, ..] if budget => {
                            reaction.text.push_str(&screen::budget(&terminal, item));
                        }
                        items => reaction.text.push_str(&screen::questions(&terminal, items)),
                    }
                }
                if !asked.is_empty() {
                    inner.asked = Some(Asked {
                        items: asked,
                        budget,
                        answers: Vec::new(),
                    });
                    reaction.wake = true;
                }
            }
            Event::Processing { .. } => {
                inner.known.turns = inner.known.turns.saturating_add(1);
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
            Event::ToolOutput {
                tool_call_id,
                output,
                ..
            } if !self.json && output.contains(PICTURE) => {
                reaction.picture = Some(tool_call_id.clone());
            }
            Event::TurnComplete { history_size, .. } => {
                inner.known.messages = *history_size;
                reaction.wake = inner.asked.take().is_some();
            }
            Event::Interrupted {} | Event::Error { .. } => {
                reaction.wake = inner.asked.take().is_some();
            }
            _ => {}
        }
        reaction
    }

    /// An event of this number, and all before it, are printed.
    pub(crate) fn print(&self, number: u64) {
        self.printed.send_replace(number);
    }

    /// Waits until an event of this number is printed.
    pub(crate) async fn printed(&self, number: u64) {
        let mut printed = self.printed.subscribe();
        // There is a sender for as long as there is this.
        let _ = printed.wait_for(|last| *last >= number).await;
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

    /// A picture as the terminal shows it, or where it is.
    pub(crate) fn picture(&self, png: &[u8], place: &str) -> String {
        lock(&self.inner).turn.picture(png, place)
    }

    /// Remembers some answers; all of them, and the lines of what may run, once there is one for each question.
    pub(crate) fn answer(
        &self,
        answers: Vec<ApprovalAnswer>,
    ) -> Option<(Vec<ApprovalAnswer>, String)> {
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
        let Asked {
            items,
            budget,
            answers,
        } = inner.asked.take()?;
        let approved = |item: &ApprovalItem| {
            let mut answers = answers.iter();
            answers.any(|answer| answer.tool_call_id == item.tool_call_id && answer.approved)
        };
        let run: Vec<ApprovalItem> = items.into_iter().filter(|item| approved(item)).collect();
        let text = if budget || self.json {
            String::new()
        } else {
            inner.turn.approved(&run, self.now())
        };
        Some((answers, text))
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

    /// A turn was taken back.
    pub(crate) fn undone(&self) {
        let turns = &mut lock(&self.inner).known.turns;
        *turns = turns.saturating_sub(1);
    }

    pub(crate) fn set_model(&self, label: &str) {
        lock(&self.inner).known.model = label.to_owned();
    }

    /// The call of a result that was shown, by its number.
    pub(crate) fn shown(&self, number: usize) -> Option<String> {
        lock(&self.inner).turn.shown(number).map(str::to_owned)
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
        let now = self.now();
        let mut inner = lock(&self.inner);
        if inner.running.is_empty() || self.json || inner.asked.is_some() {
            return String::new();
        }
        inner.look_at_size();
        inner.turn.live(now).join("\n")
    }
}
