//! One conversation with a model: the session's own, or a nested agent's.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use journal::CallId;
use policy::Effect;
use tokio_util::sync::CancellationToken;

use crate::budget::Asking;
use crate::clip::Shown;
use crate::context::Context;
use crate::losses::Losses;
use crate::mark::LlmCall;
use crate::outcome::Verdicts;
use crate::record::{Record, unrecordable};
use crate::repetition::{Finding, Repetitions};
use crate::replay::INTERRUPTED;
use crate::shared::{Shared, millis};
use crate::stop::Stop;
use crate::streak::{Broken, Streak};
use crate::view::{Pieces, View};
use crate::{
    Effort, Event, FinishReason, Message, MicroUsd, Model, ModelInfo, ToolChoice, ToolSpec, Turn,
    TurnRequest, Usage,
};

/// One conversation with a model.
pub(crate) struct Thread {
    pub(crate) shared: Arc<Shared>,
    pub(crate) model: Arc<dyn Model>,
    pub(crate) info: ModelInfo,
    pub(crate) effort: Option<Effort>,
    /// What its requests are for: `main`, `research`.
    pub(crate) kind: &'static str,
    pub(crate) specs: Arc<[ToolSpec]>,
    pub(crate) record: Record,
    pub(crate) view: View,
    pub(crate) context: Context,
    /// Calls whose results are in the conversation, but in no request yet.
    pub(crate) undelivered: Vec<(CallId, String)>,
    pub(crate) verdicts: Verdicts,
    pub(crate) repetitions: Repetitions,
    pub(crate) streak: Streak,
    /// How much of a long output it is shown.
    pub(crate) shown: Shown,
    /// The effects that its calls may have; none where only the policy says.
    pub(crate) effects: Option<Vec<Effect>>,
    /// The tokens that it may use by itself.
    pub(crate) allowance: Option<Allowance>,
    /// Tokens and calls so far. Tokens are counted while a request is under way.
    pub(crate) tokens: AtomicU64,
    pub(crate) calls: u64,
}

/// Tokens that a nested agent may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    pub(crate) most: u64,
}

/// An answer, and the ids of its calls.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) turn: Turn,
    pub(crate) ids: Vec<CallId>,
}

/// One request.
pub(crate) struct Sending<'a> {
    pub(crate) messages: &'a [Message],
    pub(crate) specs: &'a [ToolSpec],
    pub(crate) choice: ToolChoice,
    pub(crate) kind: &'static str,
    /// Tokens that it has.
    pub(crate) input: u64,
    /// The longest answer that is wanted.
    pub(crate) longest: Option<u64>,
    /// Results that the model gets with it.
    pub(crate) delivered: &'a [(CallId, String)],
    /// Whether its words are shown while they come.
    pub(crate) stream: bool,
}

/// What came of a request.
pub(crate) struct Sent {
    pub(crate) turn: Turn,
    pub(crate) call: LlmCall,
    /// Somebody broke it off; the turn is what was heard until then.
    pub(crate) broken_off: bool,
}

impl Thread {
    /// Asks the model for the next turn of the conversation, and writes it down. It is not part of the conversation yet.
    pub(crate) async fn ask(
        &mut self,
        choice: ToolChoice,
        cancel: &CancellationToken,
    ) -> Result<Answer, Stop> {
        let input = self.context.tokens();
        let longest = self.allowance.map(|allowance| {
            allowance
                .most
                .saturating_sub(self.tokens())
                .saturating_sub(input)
        });
        let sent = self
            .send(
                Sending {
                    messages: self.context.messages(),
                    specs: &self.specs,
                    choice,
                    kind: self.kind,
                    input,
                    longest,
                    delivered: &self.undelivered,
                    stream: self.shared.options.stream,
                },
                cancel,
            )
            .await;
        let Sent {
            mut turn,
            mut call,
            broken_off,
        } = match sent {
            Ok(sent) => sent,
            Err(stop) => {
                self.undelivered_after(&stop);
                return Err(stop);
            }
        };
        self.undelivered.clear();
        if broken_off {
            turn.tool_calls.clear();
        }
        let runs = turn.finish != FinishReason::Length;
        let ids = if runs {
            self.record.allocate_calls(turn.tool_calls.len())
        } else {
            Vec::new()
        };
        let stop = if broken_off {
            INTERRUPTED
        } else {
            turn.finish.as_str()
        };
        match self.record.model_turn(call.clone(), &turn, stop, &ids) {
            // What a provider thinks can be of any shape; what it says is what counts.
            Err(error) if unrecordable(&error) && turn.reasoning.is_some() => {
                turn.reasoning = None;
                call.reasoning = None;
                self.record.model_turn(call.clone(), &turn, stop, &ids)?;
            }
            recorded => recorded?,
        }
        self.tell(&call);
        if broken_off {
            if !turn.text.is_empty() {
                self.context.push(Message::Assistant {
                    text: turn.text,
                    reasoning: None,
                    tool_calls: Vec::new(),
                });
            }
            return Err(Stop::Interrupted);
        }
        if let View::Nested(nested) = &self.view {
            let line = format!("tokens:{}", self.tokens());
            self.shared.events.send(nested.log(&line));
        }
        Ok(Answer { turn, ids })
    }

    /// A request that failed was written down with the results that it had: those have been sent.
    fn undelivered_after(&mut self, stop: &Stop) {
        if matches!(stop, Stop::Model(_)) {
            self.undelivered.clear();
        }
    }

    /// Sends a request, under the budget. Its answer is counted, and not written down yet.
    pub(crate) async fn send(
        &self,
        sending: Sending<'_>,
        cancel: &CancellationToken,
    ) -> Result<Sent, Stop> {
        let shared = &self.shared;
        let prices = self.info.prices.as_ref();
        let scripted = self.model.is_scripted();
        let most = [self.info.max_output_tokens, sending.longest]
            .into_iter()
            .flatten()
            .min();
        let asking = Asking {
            input: sending.input,
            prices,
            longest: most,
            scripted,
        };
        let label = self.model.label();
        loop {
            let reserved = shared
                .within_budget(sending.kind, cancel, |budget| budget.reserve(asking))
                .await?;
            let losses = Losses {
                shared,
                context: &self.context,
                asking,
                model: &label,
                kind: sending.kind,
                longest: sending.longest,
                reserved,
                calls: Vec::new(),
                out_of_budget: false,
            };
            match self.send_once(&sending, losses, cancel).await? {
                ControlFlow::Break(sent) => return Ok(sent),
                // Its attempts used up what there was: somebody is asked whether there may be more.
                ControlFlow::Continue(()) => {}
            }
        }
    }

    /// Sends a request for which something is set aside. Goes on where attempts broke off until there was nothing left.
    async fn send_once(
        &self,
        sending: &Sending<'_>,
        losses: Losses<'_>,
        cancel: &CancellationToken,
    ) -> Result<ControlFlow<Sent>, Stop> {
        let shared = &self.shared;
        let Asking {
            prices, scripted, ..
        } = losses.asking;
        let label = losses.model;
        let recorded = self.record.model_request(
            label,
            sending.kind,
            sending.messages.len(),
            sending.specs,
            sending.delivered,
        );
        if let Err(error) = recorded {
            shared.budget().release(losses.reserved);
            return Err(error.into());
        }
        let session = shared.session();
        let request = TurnRequest {
            messages: sending.messages,
            tools: sending.specs,
            tool_choice: sending.choice,
            effort: self.effort,
            max_output_tokens: losses.most(),
            session: Some(session.as_str()).filter(|id| !id.is_empty()),
        };
        let start = shared.clock.now();
        let mut sink = Pieces {
            events: &shared.events,
            view: &self.view,
            stream: sending.stream,
            heard: String::new(),
            losses,
        };
        let turn = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            turn = self.model.turn(request, &mut sink) => Some(turn),
        };
        let Pieces { heard, losses, .. } = sink;
        let Losses {
            reserved,
            calls: lost,
            out_of_budget,
            ..
        } = losses;
        for call in lost {
            self.count(&call);
            self.record.llm_call(call.clone())?;
            self.tell(&call);
        }
        let latency = shared.clock.now().saturating_sub(start);
        let (mut turn, broken_off) = match turn {
            Some(Ok(turn)) => (turn, false),
            Some(Err(error)) => {
                shared.budget().release(reserved);
                if out_of_budget {
                    return Ok(ControlFlow::Continue(()));
                }
                return Err(error.into());
            }
            None => (
                Turn {
                    text: heard,
                    ..Turn::default()
                },
                true,
            ),
        };
        if let (Some(usage), Some(prices)) = (&mut turn.usage, prices) {
            usage.cost = usage.cost.or_else(|| Some(prices.cost(usage)));
        }
        let estimate = Usage {
            input_tokens: sending.input,
            output_tokens: self.context.tokens_of_text(&turn.text),
            ..Usage::default()
        };
        let counted = {
            let mut budget = shared.budget();
            budget.release(reserved);
            budget.settle(turn.usage.as_ref(), &estimate, prices, scripted)
        };
        let call = LlmCall {
            model: label.to_owned(),
            kind: sending.kind.to_owned(),
            latency_ms: millis(latency),
            finish_reason: if broken_off {
                INTERRUPTED
            } else {
                turn.finish.as_str()
            }
            .to_owned(),
            usage: turn.usage,
            charged: counted.charged,
            tokens: counted.tokens,
            reasoning: turn.reasoning.clone(),
        };
        self.count(&call);
        Ok(ControlFlow::Break(Sent {
            turn,
            call,
            broken_off,
        }))
    }

    /// Counts an answer as the conversation's own.
    fn count(&self, call: &LlmCall) {
        self.tokens.fetch_add(call.tokens, Ordering::Relaxed);
    }

    /// Tokens so far.
    pub(crate) fn tokens(&self) -> u64 {
        self.tokens.load(Ordering::Relaxed)
    }

    /// Tells whoever watches that the model answered.
    pub(crate) fn tell(&self, call: &LlmCall) {
        let usage = call.usage.as_ref();
        self.shared.events.send(Event::LlmCall {
            model: call.model.clone(),
            latency_ms: call.latency_ms,
            finish_reason: call.finish_reason.clone(),
            cost_usd: usage.and_then(|usage| usage.cost).map(MicroUsd::dollars),
            kind: call.kind.clone(),
            prompt_tokens: usage.map(|usage| usage.input_tokens),
            completion_tokens: usage.map(|usage| usage.output_tokens),
            total_tokens: usage.map(|usage| usage.input_tokens.saturating_add(usage.output_tokens)),
            cache_read_tokens: usage.map(|usage| usage.cache_read_tokens),
            cache_creation_tokens: usage.map(|usage| usage.cache_write_tokens),
        });
    }

    /// Puts the model's words into the conversation, and takes its count.
    pub(crate) fn said(&mut self, message: Message, usage: Option<&Usage>) {
        self.context.push(message);
        if let Some(usage) = usage {
            self.context.measure(usage);
        }
    }

    /// Tells the model something that the user did not say, and whoever watches, that it was told.
    pub(crate) fn note(&mut self, text: String, log: &str) -> Result<(), Stop> {
        self.record.note(&text)?;
        self.context.push(Message::Note { text });
        self.shared.events.send(self.view.log(log));
        Ok(())
    }

    /// The model ran into its bound on output in the midst of its calls. What is cut off cannot be run; the model is
    /// told so, and may go on.
    pub(crate) fn drop_cut_calls(&mut self, turn: Turn) -> Result<(), Stop> {
        let lost: Vec<String> = turn
            .tool_calls
            .iter()
            .map(|call| format!("`{}`", call.name))
            .collect();
        let lost = lost.join(", ");
        if !turn.text.is_empty() {
            // What it thought led to calls that are not in the conversation.
            let message = Message::Assistant {
                text: turn.text,
                reasoning: None,
                tool_calls: Vec::new(),
            };
            self.said(message, turn.usage.as_ref());
        }
        self.note(
            format!(
                "Your last answer reached the bound on output tokens, so these tool calls were cut off and were NOT \
                 executed: {lost}. Go on with smaller steps: write long content in several calls."
            ),
            &format!("output cut off by the provider's bound; not executed: {lost}"),
        )
    }

    /// Looks at whether the model goes round in circles, and tells it so.
    pub(crate) fn guard(&mut self) -> Result<(), Stop> {
        match self.repetitions.check() {
            Finding::Nothing => {}
            Finding::Tell(found, notes) => {
                self.tell_loop(&found.tools, found.times, notes, false);
                self.note(
                    format!(
                        "You repeat {found}. Doing it again will give the same result. Change your approach: look at why \
                         it does not get you further, try other arguments or another tool, or ask the user."
                    ),
                    &format!("repetition: {found}"),
                )?;
            }
            Finding::Stop(found) => {
                let notes = crate::MAX_NOTES;
                self.tell_loop(&found.tools, found.times, notes, true);
                return Err(Stop::Stuck(found.to_string()));
            }
        }
        match self.streak.check() {
            Broken::Nothing => Ok(()),
            Broken::Tell { tool, times } => self.note(
                format!(
                    "The arguments of your last {times} calls of `{tool}` were not valid JSON. Change your approach: make \
                     the arguments smaller, write long content in several calls, and escape quotes and line breaks."
                ),
                &format!("malformed arguments for `{tool}`, {times} times in a row"),
            ),
            Broken::Stop { tool, times } => {
                self.tell_loop(std::slice::from_ref(&tool), times as usize, times, true);
                Err(Stop::Stuck(format!(
                    "{times} calls of `{tool}` in a row with arguments that are no JSON"
                )))
            }
        }
    }

    fn tell_loop(&self, tools: &[String], repetitions: usize, notes: u32, ended: bool) {
        if self.view.is_session() {
            self.shared.events.send(Event::DoomLoop {
                tools: tools.to_vec(),
                repetitions,
                notes,
                ended,
            });
        }
    }

    /// Learns what is known of the model, and takes its window. A window that a provider taught stays.
    pub(crate) async fn inform(
        &mut self,
        learned: Option<u64>,
        cancel: &CancellationToken,
    ) -> Result<(), Stop> {
        self.info = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Stop::Interrupted),
            info = self.model.info() => info,
        };
        let known = self
            .shared
            .options
            .context_window
            .or(self.info.context_window)
            .unwrap_or(crate::DEFAULT_WINDOW);
        self.context
            .set_window(learned.map_or(known, |learned| learned.min(known)));
        Ok(())
    }
}
