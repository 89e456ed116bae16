//! A session, read back from its journal.
//!
//! Any first part of a journal gives a conversation that can go on: every message that the model was sent is there, and
//! every call has its result. A call that had started and not ended is said to be lost, and one that had not started is
//! said not to have run; neither is run again.
//!
//! What an undo took back is not in the conversation. What was spent, the rules of the session and the bounds that a
//! person raised stay: they are not the conversation's.

use std::collections::BTreeMap;
use std::time::Duration;

use journal::{CallId, Data, Entry, Fault, ReadError, Record};

use crate::arguments;
use crate::budget::Used;
use crate::clip::{Kept, Shown, clip_parts};
use crate::ending::Ending;
use crate::mark::{LlmCall, Mark};
use crate::{
    FinishReason, Message, MicroUsd, Part, Plan, PluginStores, SessionRule, ToolCall, ToolFailure,
    ToolOutput, Usage, in_words,
};

/// What stands for a secret in a journal.
const REDACTED: &str = "[secret:";

/// Where a turn begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TurnStart {
    /// Its first record.
    pub(crate) seq: u64,
    /// What the files were then.
    pub(crate) checkpoint: Option<String>,
}

/// A session as its journal tells it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Restored {
    /// Its id.
    pub(crate) session: String,
    /// Records that were read.
    pub(crate) records: u64,
    pub(crate) messages: Vec<Message>,
    pub(crate) plan: Plan,
    pub(crate) used: Used,
    pub(crate) rules: Vec<SessionRule>,
    /// The window that a provider made the loop assume.
    pub(crate) window: Option<u64>,
    pub(crate) turns: Vec<TurnStart>,
    /// Calls that never came to an end, the call that they are part of, and how they ended.
    pub(crate) open: Vec<(CallId, Option<CallId>, Ending)>,
    /// Results that the model was not sent yet.
    pub(crate) undelivered: Vec<(CallId, String)>,
    /// How many messages there were when the model counted last, and the tokens.
    pub(crate) measured: Option<(usize, u64)>,
    /// The model that was asked last.
    pub(crate) model: Option<String>,
    /// What plugins keep.
    pub(crate) stores: PluginStores,
    /// Messages that could not be read.
    pub(crate) dropped: usize,
    /// Whether it goes on in a journal of its own.
    pub(crate) forked: bool,
}

impl Restored {
    /// Reads a session, up to the end of the records or to the torn rest of a write.
    ///
    /// # Errors
    ///
    /// The first record that is not what it should be.
    pub fn read(
        records: impl IntoIterator<Item = Result<Record, ReadError>>,
    ) -> Result<Restored, ReadError> {
        let mut entries: Vec<(u64, Entry)> = Vec::new();
        let mut count = 0;
        for record in records {
            match record {
                Ok(Record { seq, entry, .. }) => {
                    count = seq + 1;
                    if counts(&entry) {
                        entries.push((seq, entry));
                    }
                }
                Err(ReadError {
                    fault: Fault::Torn { .. },
                    ..
                }) if count > 0 => break,
                Err(error) => return Err(error),
            }
        }
        let mut replay = Replay::default();
        let undone = undone(&entries);
        let mut undone = undone.iter().peekable();
        for (seq, entry) in entries {
            while undone.next_if(|(_, end)| *end <= seq).is_some() {}
            let never_happened = undone
                .peek()
                .is_some_and(|(start, end)| (*start..*end).contains(&seq));
            replay.any(&entry);
            if never_happened {
                replay.undone(&entry);
            } else {
                replay.entry(seq, entry);
            }
        }
        let mut restored = replay.end();
        restored.records = count;
        Ok(restored)
    }

    /// The session's id.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The conversation, the prompt first.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// What the model was told to be; empty where it was told nothing yet.
    #[must_use]
    pub fn prompt(&self) -> &str {
        match self.messages.first() {
            Some(Message::System { text }) => text,
            _ => "",
        }
    }

    /// The last that the user said.
    #[must_use]
    pub fn last_words(&self) -> Option<&str> {
        let mut messages = self.messages.iter().rev();
        messages.find_map(|message| match message {
            Message::User { content } => content.iter().find_map(|part| match part {
                Part::Text { text } => Some(text.as_str()),
                _ => None,
            }),
            _ => None,
        })
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What plugins keep in the session.
    #[must_use]
    pub const fn stores(&self) -> &PluginStores {
        &self.stores
    }

    /// The records that were read.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// The model that was asked last, by its label.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Turns that can be undone.
    #[must_use]
    pub fn turns(&self) -> usize {
        self.turns.len()
    }

    /// Whether secrets were redacted from what it says.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        self.messages.iter().any(|message| match message {
            Message::System { text } | Message::Note { text } => text.contains(REDACTED),
            Message::User { content } | Message::Tool { content, .. } => {
                in_words(content).contains(REDACTED)
            }
            Message::Assistant {
                text, tool_calls, ..
            } => {
                text.contains(REDACTED)
                    || tool_calls
                        .iter()
                        .any(|call| call.arguments.contains(REDACTED))
            }
        })
    }
}

/// Whether a record is part of what is read back. What is not would only take memory.
fn counts(entry: &Entry) -> bool {
    !matches!(
        entry.data,
        Data::HostCall(_)
            | Data::Receipt(_)
            | Data::Workspace(_)
            | Data::Policy(_)
            | Data::Decision(_)
            | Data::End(_)
    )
}

/// The records that were undone: from the first one up to the one that says so, in order, without overlaps.
fn undone(entries: &[(u64, Entry)]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for (seq, entry) in entries.iter().rev() {
        // An undo that was itself undone counts for nothing.
        if ranges.last().is_some_and(|(start, _)| seq >= start) {
            continue;
        }
        if let Data::Event(event) = &entry.data
            && entry.call.is_none()
            && let Some(Mark::Undo { to }) = Mark::read(event)
        {
            ranges.push((to.min(*seq), *seq));
        }
    }
    ranges.reverse();
    ranges
}

#[derive(Debug, Default)]
struct Replay {
    restored: Restored,
    batch: Option<Batch>,
    /// The answer that comes next is of this call.
    answer: Option<LlmCall>,
    /// Calls that run, and the call that they are part of.
    running: BTreeMap<CallId, Option<CallId>>,
    /// How the model is shown the output that comes next, by call.
    spilled: BTreeMap<CallId, (Option<String>, Shown)>,
}

/// The calls of one answer.
#[derive(Debug)]
struct Batch {
    calls: Vec<ToolCall>,
    /// The session's ids; empty until they were given.
    ids: Vec<CallId>,
    started: Vec<bool>,
    results: Vec<Option<Message>>,
}

impl Replay {
    /// What counts whether it was undone or not.
    fn any(&mut self, entry: &Entry) {
        let used = &mut self.restored.used;
        match &entry.data {
            Data::Session(session) => self.restored.session.clone_from(&session.id),
            Data::CallStart(_) => {
                used.calls = used.calls.saturating_add(1);
                if let Some(call) = entry.call {
                    self.running.insert(call, entry.parent);
                }
            }
            Data::CallEnd(_) | Data::CallCancelled(_) => {
                if let Some(call) = entry.call {
                    self.running.remove(&call);
                }
            }
            Data::Event(event) => match Mark::read(event) {
                Some(Mark::LlmCall(call)) => count(used, &call),
                Some(Mark::Charge { micros }) => used.charged = used.charged.plus(micros),
                Some(Mark::Refund { micros }) => {
                    used.charged = MicroUsd(used.charged.0.saturating_sub(micros.0));
                }
                Some(Mark::Budget {
                    limit: Some(limit),
                    to,
                }) => used.raised.push((limit, to)),
                Some(Mark::Budget { limit: None, .. }) => used.goes_unpriced = true,
                Some(Mark::TurnEnd { worked_ms, .. }) => {
                    used.worked = Duration::from_millis(worked_ms);
                }
                Some(Mark::SessionRule(rule)) => self.restored.rules.push(rule),
                Some(Mark::SessionRuleRevoked { id }) => {
                    self.restored.rules.retain(|rule| rule.id != id);
                }
                Some(Mark::Window { tokens }) => self.restored.window = Some(tokens),
                Some(Mark::Model { label }) => {
                    self.restored.model = Some(label);
                    // A window that was learned is the other model's.
                    self.restored.window = None;
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// A record that was undone: a call that it started, and that has not ended, is still to be told of.
    fn undone(&mut self, _: &Entry) {
        self.answer = None;
    }

    /// A record of the conversation.
    fn entry(&mut self, seq: u64, entry: Entry) {
        let Entry { call, parent, data } = entry;
        // What a nested agent did is part of its call.
        let nested = parent.is_some();
        match (data, call) {
            (Data::UserInput(input), None) => {
                self.flush();
                self.push(Message::User {
                    content: vec![Part::text(input.text)],
                });
            }
            (Data::ModelRequest(request), None) => {
                self.flush();
                self.restored.model = Some(request.model);
            }
            (Data::CallDelivered(_), Some(call)) => {
                self.restored.undelivered.retain(|(id, _)| *id != call);
            }
            (Data::ModelTurn(turn), None) => self.answer(turn),
            (Data::StateWrite(write), _) => self.store(write),
            (Data::CallStart(_), Some(call)) if !nested => {
                if let Some((batch, at)) = self.of_batch(call)
                    && let Some(started) = batch.started.get_mut(at)
                {
                    *started = true;
                }
            }
            (Data::CallEnd(end), Some(call)) if !nested => {
                let shown = self.spilled.remove(&call);
                let result = outcome(&end);
                if result.is_none() {
                    self.restored.dropped += 1;
                }
                if let Some(result) = result {
                    self.result(call, |asked| message(asked, &result, shown.as_ref()));
                }
            }
            (Data::CallCancelled(cancelled), Some(call)) if !nested => {
                self.spilled.remove(&call);
                let words = Ending::words_of(&cancelled.reason);
                self.result(call, |asked| failed(asked, &words));
            }
            (Data::Event(event), call) => {
                if let Some(mark) = Mark::read(&event) {
                    self.mark(seq, call, mark);
                }
            }
            _ => {}
        }
    }

    fn store(&mut self, write: journal::StateWrite) {
        let store = self.restored.stores.entry(write.plugin).or_default();
        match write.value {
            Some(value) => store.insert(write.key, value),
            None => store.remove(&write.key),
        };
    }

    fn mark(&mut self, seq: u64, call: Option<CallId>, mark: Mark) {
        match (mark, call) {
            (Mark::Spilled { path, head, tail }, Some(call)) => {
                self.spilled.insert(call, (path, Shown { head, tail }));
            }
            // The rest is the session's own, and a nested agent's is not.
            (_, Some(_)) => {}
            (Mark::SystemPrompt { text }, None) => {
                self.flush();
                let prompt = Message::System { text };
                match self.restored.messages.first_mut() {
                    Some(first @ Message::System { .. }) => *first = prompt,
                    _ => self.restored.messages.insert(0, prompt),
                }
            }
            (Mark::Note { text }, None) => {
                self.flush();
                self.push(Message::Note { text });
            }
            (Mark::TurnStart { checkpoint, .. }, None) => {
                self.flush();
                self.restored.turns.push(TurnStart { seq, checkpoint });
            }
            (Mark::LlmCall(call), None) => self.answer = Some(*call),
            (Mark::Calls { ids }, None) => {
                if let Some(batch) = &mut self.batch {
                    batch.ids = ids;
                }
            }
            (Mark::PlanUpdate { plan }, None) => self.restored.plan = plan,
            (Mark::Compaction { what, .. }, None) => {
                self.flush();
                let messages = std::mem::take(&mut self.restored.messages);
                self.restored.messages = what.apply(messages);
                self.restored.measured = None;
            }
            (Mark::Undo { to }, None) => {
                self.batch = None;
                self.answer = None;
                // Where its first record was one that is not kept, it is at the latest here.
                self.restored.turns.retain(|turn| turn.seq < to);
            }
            _ => {}
        }
    }

    fn answer(&mut self, turn: journal::ModelTurn) {
        self.flush();
        let call = self.answer.take().filter(|call| call.kind == "main");
        let (usage, reasoning) = call.map_or((None, None), |call| (call.usage, call.reasoning));
        let interrupted = turn.stop == INTERRUPTED;
        let cut_off = turn.stop == FinishReason::Length.as_str() && !turn.tool_calls.is_empty();
        if (interrupted || cut_off) && turn.text.is_empty() {
            return;
        }
        let calls: Vec<ToolCall> = if interrupted || cut_off {
            Vec::new()
        } else {
            turn.tool_calls
                .into_iter()
                .map(|call| {
                    arguments::kept(ToolCall {
                        id: call.id,
                        name: call.tool,
                        arguments: call.arguments,
                    })
                })
                .collect()
        };
        self.push(Message::Assistant {
            text: turn.text,
            reasoning: reasoning.filter(|_| !interrupted && !cut_off),
            tool_calls: calls.clone(),
        });
        if let Some(Usage {
            input_tokens: input @ 1..,
            output_tokens,
            ..
        }) = usage
        {
            let tokens = input.saturating_add(output_tokens);
            self.restored.measured = Some((self.restored.messages.len(), tokens));
        }
        if !calls.is_empty() {
            self.batch = Some(Batch {
                ids: Vec::new(),
                started: vec![false; calls.len()],
                results: vec![None; calls.len()],
                calls,
            });
        }
    }

    fn push(&mut self, message: Message) {
        self.restored.messages.push(message);
    }

    fn of_batch(&mut self, call: CallId) -> Option<(&mut Batch, usize)> {
        let batch = self.batch.as_mut()?;
        let at = batch.ids.iter().position(|id| *id == call)?;
        Some((batch, at))
    }

    fn result(&mut self, call: CallId, message: impl FnOnce(&ToolCall) -> Message) {
        let Some((batch, at)) = self.of_batch(call) else {
            return;
        };
        if let (Some(asked), Some(slot)) = (batch.calls.get(at), batch.results.get_mut(at)) {
            *slot = Some(message(asked));
        }
    }

    /// The calls of the last answer are over: their results are in the conversation.
    fn flush(&mut self) {
        let Some(Batch {
            calls,
            ids,
            started,
            results,
        }) = self.batch.take()
        else {
            return;
        };
        let mut ids = ids.into_iter();
        for ((asked, started), result) in calls.iter().zip(started).zip(results) {
            let ending = if started {
                Ending::Lost
            } else {
                Ending::NeverRan
            };
            let known = ids.next();
            if let Some(id) = known {
                self.restored.undelivered.push((id, asked.id.clone()));
            }
            let message = result.unwrap_or_else(|| {
                if let Some(id) = known {
                    self.restored.open.push((id, None, ending));
                }
                failed(asked, ending.words())
            });
            self.push(message);
        }
    }

    fn end(mut self) -> Restored {
        // Only what is still open at the end has to be closed; what was open in between, a later resume has closed.
        self.restored.open.clear();
        self.flush();
        let mut restored = self.restored;
        restored.messages = crate::dangling::repair(std::mem::take(&mut restored.messages));
        for (call, parent) in self.running {
            if !restored.open.iter().any(|(open, ..)| *open == call) {
                restored.open.push((call, parent, Ending::Lost));
            }
        }
        restored.open.sort_by_key(|(call, ..)| *call);
        restored
    }
}

/// How the record of an answer says that somebody broke it off.
pub(crate) const INTERRUPTED: &str = "interrupted";

fn count(used: &mut Used, call: &LlmCall) {
    used.tally.add(call.usage.as_ref());
    used.tokens = used.tokens.saturating_add(call.tokens);
    match call.charged {
        Some(charged) => used.charged = used.charged.plus(charged),
        None => used.unpriced = used.unpriced.saturating_add(1),
    }
}

/// All that a call gave, in words, as its record has it.
#[must_use]
pub fn result_in_words(end: &journal::CallEnd) -> String {
    match outcome(end) {
        Some(Ok(output)) => in_words(&output.content),
        Some(Err(failure)) => failure.to_string(),
        None => end.output.to_string(),
    }
}

fn outcome(end: &journal::CallEnd) -> Option<Result<ToolOutput, ToolFailure>> {
    if end.outcome == "ok" {
        serde_json::from_value(end.output.clone()).ok().map(Ok)
    } else {
        serde_json::from_value(end.output.clone()).ok().map(Err)
    }
}

/// A result as the model gets it, shortened where it is long.
pub(crate) fn message(
    asked: &ToolCall,
    result: &Result<ToolOutput, ToolFailure>,
    shown: Option<&(Option<String>, Shown)>,
) -> Message {
    let (content, structured) = match result {
        Ok(output) => (output.content.clone(), output.structured.clone()),
        Err(failure) => (vec![Part::text(failure.to_string())], None),
    };
    let content = match shown {
        Some((path, shown)) => {
            let kept = path.as_deref().map_or(Kept::Journal, Kept::File);
            clip_parts(&content, *shown, kept)
        }
        None => content,
    };
    Message::Tool {
        tool_call_id: asked.id.clone(),
        name: asked.name.clone(),
        content,
        structured,
        success: result.is_ok(),
    }
}

/// The result of a call that was stopped.
pub(crate) fn failed(asked: &ToolCall, words: &str) -> Message {
    Message::Tool {
        tool_call_id: asked.id.clone(),
        name: asked.name.clone(),
        content: vec![Part::text(words)],
        structured: None,
        success: false,
    }
}
