//! The loop.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use journal::JournalError;
use tokio_util::sync::CancellationToken;

use crate::clip::Shown;
use crate::compaction::Compacted;
use crate::context::Context;
use crate::continuation::Continuation;
use crate::event::{EventSender, Events};
use crate::inbox::Submission;
use crate::mark::Mark;
use crate::outcome::Verdicts;
use crate::record::Record;
use crate::repetition::Repetitions;
use crate::replay::TurnStart;
use crate::session::session_of;
use crate::shared::{Makings, Shared, millis};
use crate::stop::Stop;
use crate::streak::Streak;
use crate::thread::{Answer, Thread};
use crate::threshold::Threshold;
use crate::view::View;
use crate::{
    Agents, Approver, BudgetAnswer, BudgetSubject, Clock, Effort, Event, FinishReason, Message,
    Meter, Model, ModelError, ModelInfo, Notice, Options, Outcome, Part, Plan, Services,
    SessionRules, SharedJournal, Tally, ToolChoice, Tools, nested,
};

/// How often in a row the provider may say that the conversation is too long.
const MAX_OVERFLOWS: u32 = 8;

/// Characters of the user's words that a checkpoint is called.
const LABEL: usize = 80;

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

/// One conversation with a model that acts through tools.
pub struct Agent {
    pub(crate) thread: Thread,
    pub(crate) system_prompt: String,
    pub(crate) plan: Plan,
    /// Turns that can be undone.
    pub(crate) turns: Vec<TurnStart>,
    /// The window that a provider made the loop assume.
    pub(crate) window: Option<u64>,
    warning: Option<Threshold>,
    continuation: Continuation,
    /// Messages that came while the turn ran, and wait for its end with it.
    joined: Vec<Submission>,
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent")
            .field("model", &self.thread.model.label())
            .field("messages", &self.messages().len())
            .field("tally", &self.tally())
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
        Agent::with(parts, Services::default(), options)
    }

    /// The same, with what a session may have around it.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written.
    pub fn with(
        parts: Parts,
        services: Services,
        options: Options,
    ) -> Result<(Agent, Events), JournalError> {
        let (mut agent, events) = Agent::silent(parts, services, options);
        agent.begin_conversation()?;
        agent.announce_ready();
        Ok((agent, events))
    }

    /// An agent without a conversation.
    pub(crate) fn silent(parts: Parts, services: Services, options: Options) -> (Agent, Events) {
        let Parts {
            model,
            tools,
            approver,
            clock,
            journal,
            system_prompt,
        } = parts;
        let record = Record::new(journal);
        let session = session_of(&record.path());
        let (events, receiver) = EventSender::new();
        let specs = tools.specs();
        let shared = Arc::new(Shared::new(Makings {
            model: Arc::clone(&model),
            tools,
            approver,
            clock,
            services,
            options,
            specs,
            events,
            record: record.clone(),
            session,
        }));
        let options = &shared.options;
        let thread = Thread {
            context: Context::new(
                Vec::new(),
                &shared.specs,
                Arc::clone(&shared.services.estimator),
            ),
            model,
            info: ModelInfo::default(),
            effort: options.effort,
            kind: "main",
            specs: Arc::clone(&shared.specs),
            record,
            view: View::Session,
            undelivered: Vec::new(),
            verdicts: Verdicts::default(),
            repetitions: Repetitions::default(),
            streak: Streak::default(),
            shown: Shown::of(options.output),
            effects: None,
            allowance: None,
            tokens: AtomicU64::new(0),
            calls: 0,
            shared: Arc::clone(&shared),
        };
        let agent = Agent {
            thread,
            system_prompt,
            plan: Plan::default(),
            turns: Vec::new(),
            window: None,
            warning: None,
            continuation: Continuation::default(),
            joined: Vec::new(),
        };
        (agent, receiver)
    }

    /// The prompt, and what the model is told of the session.
    pub(crate) fn begin_conversation(&mut self) -> Result<(), JournalError> {
        let text = self.system_prompt.clone();
        self.thread
            .record
            .mark(&Mark::SystemPrompt { text: text.clone() })?;
        let mut messages = vec![Message::System { text }];
        if let Some(text) = self.shared().options.session_note.clone() {
            self.thread.record.note(&text)?;
            messages.push(Message::Note { text });
        }
        self.thread.context.replace(messages);
        Ok(())
    }

    pub(crate) fn announce_ready(&self) {
        self.shared().events.send(Event::Ready {
            message: format!("Agent initialized with {}", self.thread.model.label()),
            tool_count: self.shared().specs.len(),
        });
    }

    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.thread.shared
    }

    /// The conversation so far.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        self.thread.context.messages()
    }

    /// What the session has used so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.shared().budget().tally
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Tokens of the next request, as far as is known.
    #[must_use]
    pub fn context_tokens(&self) -> u64 {
        self.thread.context.tokens()
    }

    /// What a person allowed for the rest of the session.
    #[must_use]
    pub fn session_rules(&self) -> SessionRules {
        self.shared().rules.clone()
    }

    /// Runs nested agents as part of the calls of this one.
    #[must_use]
    pub fn agents(&self) -> Arc<dyn Agents> {
        nested::agents(self.shared())
    }

    /// Another model from the next request on.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written.
    pub fn switch_model(&mut self, model: Arc<dyn Model>) -> Result<(), JournalError> {
        let label = model.label();
        self.thread.record.mark(&Mark::Model { label })?;
        self.shared().set_model(Arc::clone(&model));
        self.thread.model = model;
        self.window = None;
        Ok(())
    }

    /// Another effort from the next request on; none leaves it to the provider.
    pub fn set_effort(&mut self, effort: Option<Effort>) {
        self.shared().set_effort(effort);
        self.thread.effort = effort;
    }

    /// What the session has used, and may use.
    #[must_use]
    pub fn meter(&self) -> Meter {
        Meter::new(Arc::clone(self.shared()))
    }

    /// Takes what the user says and goes on until the model is done, something stops it, or `cancel` is cancelled.
    /// Whatever happens is an outcome; the conversation stays one that can go on.
    pub async fn run_turn(&mut self, text: &str, cancel: &CancellationToken) -> Outcome {
        let shared = Arc::clone(self.shared());
        let turn = cancel.child_token();
        self.thread.verdicts = Verdicts::default();
        shared.begin_turn();
        let driven = {
            let drive = self.drive(text, &turn);
            let watch = shared.watch_time(&turn);
            tokio::pin!(drive, watch);
            tokio::select! {
                biased;
                driven = &mut drive => driven,
                () = &mut watch => drive.await,
            }
        };
        let driven = match (driven, shared.time_up()) {
            (Err(Stop::Interrupted), Some(exceeded)) => Err(Stop::Limit(exceeded)),
            (driven, _) => driven,
        };
        let (outcome, event) = match driven {
            Ok(words) => {
                let final_response = Some(words).filter(|words| !words.is_empty());
                let verdicts = std::mem::take(&mut self.thread.verdicts);
                let outcome =
                    verdicts.outcome(final_response.clone(), shared.options.strict_denials);
                shared.notify(Notice::TurnComplete {
                    response: final_response.as_deref().unwrap_or_default(),
                });
                let history_size = self.messages().len();
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
                shared.notify(Notice::Error { error: &error });
                (stop.outcome(), Event::Error { error })
            }
        };
        let worked_ms = millis(shared.end_turn());
        let error = match &event {
            Event::Error { error } => Some(error.clone()),
            _ => None,
        };
        let recorded = self.thread.record.mark(&Mark::TurnEnd {
            outcome: outcome.as_str().to_owned(),
            error,
            worked_ms,
        });
        shared.events.send(event);
        let outcome = match recorded {
            Ok(()) => outcome,
            Err(error) => Stop::Journal(error).outcome(),
        };
        for joined in self.joined.drain(..) {
            // Who submitted it may not care.
            let _ = joined.reply.send(outcome.clone());
        }
        outcome
    }

    /// Makes the conversation shorter now, whether it is full or not. Says what it came to, also where nothing could go.
    pub async fn compact(&mut self, cancel: &CancellationToken) -> Outcome {
        let compacted = match self.thread.inform(self.window, cancel).await {
            Ok(()) => self.thread.compact(&self.plan, cancel).await,
            Err(stop) => Err(stop),
        };
        match compacted {
            Ok(compacted) => {
                self.thread.tell_compacted(compacted);
                Outcome::Done { text: None }
            }
            Err(Stop::Interrupted) => {
                self.shared().events.send(Event::Interrupted {});
                Outcome::Interrupted
            }
            Err(stop) => {
                self.shared().events.send(Event::Error {
                    error: stop.to_string(),
                });
                stop.outcome()
            }
        }
    }

    /// Tells whoever watches that no more turns will be taken.
    pub(crate) fn announce_shutdown(&self) {
        self.shared().events.send(Event::Shutdown {});
    }

    /// The turn itself, up to the model's last words.
    async fn drive(&mut self, text: &str, cancel: &CancellationToken) -> Result<String, Stop> {
        self.begin_turn(text, cancel).await?;
        self.shared().events.send(Event::Processing {
            message: "Processing user input".to_owned(),
        });
        self.thread.inform(self.window, cancel).await?;
        let max = self.shared().options.max_iterations;
        let mut iterations: u32 = 0;
        let mut overflows = 0;
        // What was said before an answer was cut off.
        let mut said = String::new();
        loop {
            if iterations >= max {
                return Err(Stop::Limit(policy::LimitExceeded {
                    limit: policy::LimitName::Iterations,
                    allowed: max.into(),
                    requested: u64::from(iterations).saturating_add(1),
                }));
            }
            if iterations > 0 {
                self.join_waiting(cancel)?;
            }
            iterations = iterations.saturating_add(1);
            if self.thread.is_full() {
                self.make_room(cancel).await?;
            }
            self.spent_so_far(cancel).await?;
            self.thread.guard()?;
            let Answer { turn, ids } = match self.thread.ask(ToolChoice::Auto, cancel).await {
                Err(Stop::Model(ModelError::Overflow(why))) if overflows < MAX_OVERFLOWS => {
                    // It counts as an iteration, and each time a smaller window is assumed: it comes to an end.
                    overflows += 1;
                    self.thread.overflowed()?;
                    self.window = Some(self.thread.context.window());
                    let compacted = self.make_room(cancel).await?;
                    if compacted.new_tokens >= compacted.old_tokens {
                        // The same request again would not fit either.
                        return Err(Stop::Model(ModelError::Overflow(why)));
                    }
                    continue;
                }
                answer => answer?,
            };
            overflows = 0;
            self.tell_words(&turn.text);
            if turn.tool_calls.is_empty() {
                let told = self.continuation.told(&turn, &self.plan);
                if turn.finish == FinishReason::Length || told.is_none() {
                    said.push_str(&turn.text);
                }
                let message = Message::Assistant {
                    text: turn.text,
                    reasoning: turn.reasoning,
                    tool_calls: Vec::new(),
                };
                self.thread.said(message, turn.usage.as_ref());
                match told {
                    Some((text, log)) => self.thread.note(text, &log)?,
                    None => return Ok(said),
                }
                continue;
            }
            said.clear();
            self.continuation.calls();
            if turn.finish == FinishReason::Length {
                self.thread.drop_cut_calls(turn)?;
                continue;
            }
            self.thread.verdicts.next_calls();
            let plan = self.thread.run_calls(Answer { turn, ids }, cancel).await?;
            if let Some(plan) = plan {
                self.plan = plan;
            }
            if cancel.is_cancelled() {
                return Err(Stop::Interrupted);
            }
        }
    }

    /// Keeps what the files are, and takes down what the user says: that also where somebody interrupts it.
    async fn begin_turn(&mut self, text: &str, cancel: &CancellationToken) -> Result<(), Stop> {
        let line = text.lines().next().unwrap_or_default();
        let label: String = line.chars().take(LABEL).collect();
        let checkpoint = match &self.shared().services.checkpoints {
            Some(checkpoints) => tokio::select! {
                biased;
                () = cancel.cancelled() => None,
                kept = checkpoints.checkpoint(&label) => Some(kept.map_err(Stop::Checkpoint)?),
            },
            None => None,
        };
        let start = Mark::TurnStart {
            label: label.clone(),
            checkpoint: checkpoint.clone(),
        };
        let seq = self.thread.record.user_input(text, Some(&start))?;
        self.turns.push(TurnStart {
            seq,
            checkpoint: checkpoint.clone(),
        });
        if let Some(id) = checkpoint {
            self.shared().events.send(Event::Checkpoint { id, label });
        }
        self.continuation = Continuation::default();
        self.thread.repetitions = Repetitions::default();
        self.thread.streak = Streak::default();
        self.hear(text);
        Ok(())
    }

    fn hear(&mut self, text: &str) {
        self.continuation.heard(text);
        self.thread.context.push(Message::User {
            content: vec![Part::text(text)],
        });
    }

    /// Takes in what the user said while the turn ran.
    fn join_waiting(&mut self, cancel: &CancellationToken) -> Result<(), Stop> {
        while let Some((text, submission)) = self.shared().inbox.next_message() {
            if submission.cancel.is_cancelled() {
                let _ = submission.reply.send(Outcome::Interrupted);
                continue;
            }
            self.thread.record.user_input(&text, None)?;
            self.hear(&text);
            self.shared().events.send(Event::system_log(
                "the user's message joined the turn that runs",
            ));
            // Whoever interrupts it now interrupts the turn that it is part of.
            let (own, turn) = (submission.cancel.clone(), cancel.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = own.cancelled() => turn.cancel(),
                    () = turn.cancelled() => {}
                }
            });
            self.joined.push(submission);
        }
        Ok(())
    }

    async fn make_room(&mut self, cancel: &CancellationToken) -> Result<Compacted, Stop> {
        let compacted = self.thread.compact(&self.plan, cancel).await?;
        self.thread.tell_compacted(compacted);
        Ok(compacted)
    }

    /// Asks whether to go on, where so much was spent that somebody wants to be asked.
    async fn spent_so_far(&mut self, cancel: &CancellationToken) -> Result<(), Stop> {
        let shared = Arc::clone(self.shared());
        let Some(first) = shared.options.usage_warning else {
            return Ok(());
        };
        let spent = shared.budget().tally.known_cost;
        let warning = self
            .warning
            .get_or_insert_with(|| Threshold::new(first, crate::MicroUsd::default()));
        let Some((threshold, next)) = warning.passed(spent) else {
            return Ok(());
        };
        let _one_at_a_time = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Stop::Interrupted),
            turn = shared.asking.lock() => turn,
        };
        let about = BudgetSubject::Spent {
            threshold,
            spent,
            next,
        };
        match shared.ask_budget(about, "main", cancel).await? {
            BudgetAnswer::Stop => Err(Stop::Enough { spent }),
            BudgetAnswer::GoOn | BudgetAnswer::Raise(_) => {
                warning.go_on(spent);
                Ok(())
            }
        }
    }

    fn tell_words(&self, text: &str) {
        if self.shared().options.stream {
            self.shared().events.send(Event::AssistantStreamEnd {});
        } else if !text.is_empty() {
            self.shared().events.send(Event::AssistantMessage {
                content: text.to_owned(),
            });
        }
    }
}
