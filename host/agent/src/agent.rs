//! The loop.

use std::sync::Arc;

use journal::{CallId, JournalError};
use policy::{LimitExceeded, LimitName};
use tokio_util::sync::CancellationToken;

use crate::event::{EventSender, Events};
use crate::outcome::Verdicts;
use crate::record::Record;
use crate::{
    Approver, Clock, Event, FinishReason, Message, MicroUsd, Model, ModelError, Outcome, Part,
    SharedJournal, Tally, ToolSpec, Tools, Turn, TurnRequest, TurnSink,
};

/// Turns of the model in one turn of the user's, where nobody says otherwise.
pub const DEFAULT_MAX_ITERATIONS: u32 = 300;

/// What a negative number of iterations stands for.
pub const UNLIMITED_ITERATIONS: u32 = 10_000;

/// The bound on iterations that a number on a command line or in a configuration stands for.
#[must_use]
pub fn iterations(number: i64) -> u32 {
    match number {
        ..0 => UNLIMITED_ITERATIONS,
        number => u32::try_from(number).unwrap_or(u32::MAX),
    }
}

/// What an agent is made of.
pub struct Parts {
    /// Who thinks.
    pub model: Arc<dyn Model>,
    /// What acts.
    pub tools: Arc<dyn Tools>,
    /// Who is asked.
    pub approver: Arc<dyn Approver>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where everything is written down, under the session that it names.
    pub journal: SharedJournal,
    /// What the model is told to be.
    pub system_prompt: String,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("model", &self.model.label())
            .finish_non_exhaustive()
    }
}

/// The bounds and habits of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Turns of the model in one turn of the user's.
    pub max_iterations: u32,
    /// What the session may cost: once more than this was spent, the model is not asked again. With a bound, an unknown
    /// price is an error, because the bound could not be kept.
    pub max_cost: Option<MicroUsd>,
    /// Whether a turn in which anything was denied ends as [`Outcome::Denied`].
    pub strict_denials: bool,
    /// Whether the model's words are shown while they come.
    pub stream: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_iterations: DEFAULT_MAX_ITERATIONS,
            max_cost: None,
            strict_denials: false,
            stream: true,
        }
    }
}

/// One conversation with a model that acts through tools.
pub struct Agent {
    pub(crate) model: Arc<dyn Model>,
    pub(crate) tools: Arc<dyn Tools>,
    pub(crate) approver: Arc<dyn Approver>,
    clock: Arc<dyn Clock>,
    pub(crate) specs: Vec<ToolSpec>,
    options: Options,
    pub(crate) record: Record,
    pub(crate) events: EventSender,
    pub(crate) messages: Vec<Message>,
    /// Calls whose results are in the conversation, but in no request yet.
    pub(crate) undelivered: Vec<(CallId, String)>,
    pub(crate) verdicts: Verdicts,
    tally: Tally,
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent")
            .field("model", &self.model.label())
            .field("messages", &self.messages.len())
            .field("tally", &self.tally)
            .finish_non_exhaustive()
    }
}

impl Agent {
    /// An agent that has said nothing yet, and what it will tell whoever watches. The first event is `ready`.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written.
    pub fn new(parts: Parts, options: Options) -> Result<(Agent, Events), JournalError> {
        let Parts {
            model,
            tools,
            approver,
            clock,
            journal,
            system_prompt,
        } = parts;
        let record = Record::new(journal);
        record.system_prompt(&system_prompt)?;
        let (events, receiver) = EventSender::new();
        let specs = tools.specs();
        events.send(Event::Ready {
            message: format!("Agent initialized with {}", model.label()),
            tool_count: specs.len(),
        });
        let agent = Agent {
            model,
            tools,
            approver,
            clock,
            specs,
            options,
            record,
            events,
            messages: vec![Message::System {
                text: system_prompt,
            }],
            undelivered: Vec::new(),
            verdicts: Verdicts::default(),
            tally: Tally::default(),
        };
        Ok((agent, receiver))
    }

    /// The conversation so far.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// What the session has used so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Takes what the user says and goes on until the model is done, something stops it, or `cancel` is cancelled.
    /// Whatever happens is an outcome; the conversation stays one that can go on.
    pub async fn run_turn(&mut self, text: &str, cancel: &CancellationToken) -> Outcome {
        self.verdicts = Verdicts::default();
        let (outcome, event) = match self.drive(text, cancel).await {
            Ok(words) => {
                let final_response = Some(words).filter(|words| !words.is_empty());
                let verdicts = std::mem::take(&mut self.verdicts);
                let outcome = verdicts.outcome(final_response.clone(), self.options.strict_denials);
                let history_size = self.messages.len();
                (
                    outcome,
                    Event::TurnComplete {
                        history_size,
                        final_response,
                    },
                )
            }
            Err(Stop::Interrupted) => (Outcome::Interrupted, Event::Interrupted {}),
            Err(stop) => {
                let error = stop.to_string();
                (stop.outcome(), Event::Error { error })
            }
        };
        let recorded = self.record.turn_end(&outcome, &event);
        self.events.send(event);
        match recorded {
            Ok(()) => outcome,
            Err(error) => Stop::Journal(error).outcome(),
        }
    }

    /// Tells whoever watches that no more turns will be taken.
    pub(crate) fn announce_shutdown(&self) {
        self.events.send(Event::Shutdown {});
    }

    /// The turn itself, up to the model's last words.
    async fn drive(&mut self, text: &str, cancel: &CancellationToken) -> Result<String, Stop> {
        self.record.user_input(text)?;
        self.messages.push(Message::User {
            content: vec![Part::text(text)],
        });
        self.events.send(Event::Processing {
            message: "Processing user input".to_owned(),
        });
        let mut iterations: u32 = 0;
        loop {
            self.within_bounds(iterations)?;
            iterations = iterations.saturating_add(1);
            let turn = self.ask_model(cancel).await?;
            if turn.tool_calls.is_empty() {
                let words = turn.text.clone();
                self.messages.push(Message::Assistant {
                    text: turn.text,
                    reasoning: turn.reasoning,
                    tool_calls: Vec::new(),
                });
                return Ok(words);
            }
            if turn.finish == FinishReason::Length {
                self.drop_cut_calls(turn)?;
                continue;
            }
            self.verdicts.next_calls();
            self.run_calls(turn, cancel).await?;
            if cancel.is_cancelled() {
                return Err(Stop::Interrupted);
            }
        }
    }

    /// May the model be asked once more?
    fn within_bounds(&self, iterations: u32) -> Result<(), Stop> {
        let max = self.options.max_iterations;
        if iterations >= max {
            return Err(Stop::Limit(LimitExceeded {
                limit: LimitName::Iterations,
                allowed: max.into(),
                requested: u64::from(iterations).saturating_add(1),
            }));
        }
        let Some(cap) = self.options.max_cost else {
            return Ok(());
        };
        let spent = self.tally.known_cost;
        if spent > cap {
            return Err(Stop::Limit(LimitExceeded {
                limit: LimitName::Cost,
                allowed: cap.0,
                requested: spent.0,
            }));
        }
        match self.tally.cost() {
            Some(_) => Ok(()),
            None => Err(Stop::UnknownCost {
                cap,
                model: self.model.label(),
            }),
        }
    }

    /// One request to the model.
    async fn ask_model(&mut self, cancel: &CancellationToken) -> Result<Turn, Stop> {
        let label = self.model.label();
        self.record
            .model_request(&label, self.messages.len(), &self.specs, &self.undelivered)?;
        self.undelivered.clear();
        let start = self.clock.now();
        let mut sink = Pieces {
            events: &self.events,
            stream: self.options.stream,
        };
        let request = TurnRequest {
            messages: &self.messages,
            tools: &self.specs,
            ..TurnRequest::default()
        };
        let turn = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Stop::Interrupted),
            turn = self.model.turn(request, &mut sink) => turn?,
        };
        let latency = self.clock.now().saturating_sub(start);
        self.tally.add(turn.usage.as_ref());
        self.record.model_turn(&turn)?;
        let usage = turn.usage.as_ref();
        self.events.send(Event::LlmCall {
            model: label,
            latency_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
            finish_reason: turn.finish.as_str().to_owned(),
            cost_usd: usage.and_then(|usage| usage.cost).map(MicroUsd::dollars),
            kind: "main".to_owned(),
            prompt_tokens: usage.map(|usage| usage.input_tokens),
            completion_tokens: usage.map(|usage| usage.output_tokens),
            total_tokens: usage.map(|usage| usage.input_tokens.saturating_add(usage.output_tokens)),
            cache_read_tokens: usage.map(|usage| usage.cache_read_tokens),
            cache_creation_tokens: usage.map(|usage| usage.cache_write_tokens),
        });
        if self.options.stream {
            self.events.send(Event::AssistantStreamEnd {});
        } else if !turn.text.is_empty() {
            self.events.send(Event::AssistantMessage {
                content: turn.text.clone(),
            });
        }
        Ok(turn)
    }

    /// The model ran into its bound on output in the midst of its calls. What is cut off cannot be run; the model is
    /// told so, and may go on.
    fn drop_cut_calls(&mut self, turn: Turn) -> Result<(), Stop> {
        let lost: Vec<String> = turn
            .tool_calls
            .iter()
            .map(|call| format!("`{}`", call.name))
            .collect();
        let lost = lost.join(", ");
        if !turn.text.is_empty() {
            self.messages.push(Message::Assistant {
                text: turn.text,
                // It led to calls that are not in the conversation.
                reasoning: None,
                tool_calls: Vec::new(),
            });
        }
        self.note(
            format!(
                "Your last answer reached the bound on output tokens, so these tool calls were cut off and were NOT \
                 executed: {lost}. Go on with smaller steps: write long content in several calls."
            ),
            format!("output cut off by the provider's bound; not executed: {lost}"),
        )
    }

    /// Tells the model something that the user did not say, and whoever watches, that it was told.
    fn note(&mut self, text: String, log: String) -> Result<(), Stop> {
        self.record.note(&text)?;
        self.messages.push(Message::Note { text });
        self.events.send(Event::ToolLog {
            tool: "system".to_owned(),
            log,
            tool_call_id: None,
        });
        Ok(())
    }
}

/// Shows a turn's words while they come.
struct Pieces<'a> {
    events: &'a EventSender,
    stream: bool,
}

impl TurnSink for Pieces<'_> {
    fn text(&mut self, piece: &str) {
        if self.stream && !piece.is_empty() {
            self.events.send(Event::AssistantChunk {
                content: piece.to_owned(),
            });
        }
    }

    fn reasoning(&mut self, piece: &str) {
        if self.stream && !piece.is_empty() {
            self.events.send(Event::AssistantReasoning {
                content: piece.to_owned(),
            });
        }
    }

    fn restart(&mut self) {
        if self.stream {
            self.events.send(Event::AssistantStreamRestart {});
        }
    }

    fn status(&mut self, line: &str) {
        self.events.send(Event::ToolLog {
            tool: "system".to_owned(),
            log: line.to_owned(),
            tool_call_id: None,
        });
    }
}

/// Why a turn ends before the model ends it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("interrupted")]
    Interrupted,
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Limit(LimitExceeded),
    #[error(
        "the cost cap of {cap} cannot be kept: the price of {model} is unknown; take the cap away or choose a model with \
         a known price"
    )]
    UnknownCost { cap: MicroUsd, model: String },
    #[error("the journal cannot be written, so nothing more is done: {0}")]
    Journal(#[from] JournalError),
}

impl Stop {
    fn outcome(self) -> Outcome {
        match self {
            Stop::Interrupted => Outcome::Interrupted,
            Stop::Model(ModelError::Denied(decision)) => Outcome::Denied((&decision).into()),
            Stop::Limit(exceeded) => Outcome::Limit(exceeded),
            Stop::Model(_) | Stop::UnknownCost { .. } | Stop::Journal(_) => Outcome::Failed {
                error: self.to_string(),
            },
        }
    }
}
