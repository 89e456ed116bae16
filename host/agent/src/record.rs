//! What the loop writes into the journal.
//!
//! Everything is written before it counts: an input before it is answered, a decision and a start before a call runs, an
//! end before the model hears of it. So an error here stops the turn. What happens together is written together.
//!
//! A nested agent writes into the same journal: its calls name the call that it is part of as their parent, and its other
//! records belong to that call.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journal::{CallId, Data, Entry, Journal, JournalError};
use policy::{Decision, Effect, Verdict};
use serde_json::{Value, json};

use crate::ending::Ending;
use crate::mark::{LlmCall, Mark};
use crate::{
    Answer, Denial, Prepared, Receipt, SessionRule, ToolFailure, ToolOutput, ToolSpec, Turn,
};

/// A journal that several parts of a process write to: the loop, and what runs its calls. Where another session begins,
/// its journal takes the place of the one before.
pub type SharedJournal = Arc<Mutex<Journal>>;

/// The loop's pen.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    journal: SharedJournal,
    /// The call that everything belongs to, in a nested agent.
    within: Option<CallId>,
}

/// How a call ended, for its record.
#[derive(Debug)]
pub(crate) struct CallRecord<'a> {
    pub(crate) result: &'a Result<ToolOutput, ToolFailure>,
    /// What it used, where it ran.
    pub(crate) receipt: Option<&'a Receipt>,
    /// What else is written with it, before.
    pub(crate) marks: Vec<Mark>,
}

impl Record {
    pub(crate) fn new(journal: SharedJournal) -> Record {
        Record {
            journal,
            within: None,
        }
    }

    /// The pen of a nested agent.
    pub(crate) fn within(&self, call: CallId) -> Record {
        Record {
            journal: Arc::clone(&self.journal),
            within: Some(call),
        }
    }

    /// The call that the agent is part of; none where it is the session's own.
    pub(crate) const fn around(&self) -> Option<CallId> {
        self.within
    }

    /// Where the journal is.
    pub(crate) fn path(&self) -> PathBuf {
        self.lock().path().to_owned()
    }

    /// An entry of the loop's own.
    pub(crate) fn mark(&self, mark: &Mark) -> Result<(), JournalError> {
        self.append(mark.entry())
    }

    pub(crate) fn note(&self, text: &str) -> Result<(), JournalError> {
        self.mark(&Mark::Note {
            text: text.to_owned(),
        })
    }

    /// What a person said, and where it begins a turn, what goes with that. Gives the number of the first record.
    pub(crate) fn user_input(
        &self,
        text: &str,
        turn_start: Option<&Mark>,
    ) -> Result<u64, JournalError> {
        let input = journal::UserInput {
            text: text.to_owned(),
        };
        let entries: Vec<Entry> = turn_start
            .map(|mark| self.own(mark.entry()))
            .into_iter()
            .chain(std::iter::once(self.own(input)))
            .collect();
        let before = entries.len().saturating_sub(1) as u64;
        let last = self.lock().append_all(entries)?;
        Ok(last.seq.saturating_sub(before))
    }

    /// A question to the model, and the results that it gets with it.
    pub(crate) fn model_request(
        &self,
        model: &str,
        kind: &str,
        messages: usize,
        specs: &[ToolSpec],
        delivered: &[(CallId, String)],
    ) -> Result<(), JournalError> {
        let tools: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        let request = journal::ModelRequest {
            model: model.to_owned(),
            messages: messages as u64,
            parameters: json!({ "kind": kind, "tools": tools }),
        };
        let delivered = delivered.iter().map(|(call, tool_call)| {
            let delivered = journal::CallDelivered {
                tool_call: tool_call.clone(),
            };
            self.of_call(*call, delivered)
        });
        self.append_all(std::iter::once(self.own(request)).chain(delivered))
    }

    /// An answer that is not part of the conversation.
    pub(crate) fn llm_call(&self, call: LlmCall) -> Result<(), JournalError> {
        self.mark(&Mark::LlmCall(Box::new(call)))
    }

    /// An answer, and the ids of its calls.
    pub(crate) fn model_turn(
        &self,
        call: LlmCall,
        turn: &Turn,
        stop: &str,
        ids: &[CallId],
    ) -> Result<(), JournalError> {
        let usage = turn.usage.unwrap_or_default();
        let tool_calls = turn.tool_calls.iter().map(|call| journal::ToolCall {
            id: call.id.clone(),
            tool: call.name.clone(),
            arguments: call.arguments.clone(),
        });
        let model_turn = journal::ModelTurn {
            text: turn.text.clone(),
            tool_calls: tool_calls.collect(),
            usage: journal::Usage {
                input_tokens: usage.input_tokens,
                cached_tokens: usage.cache_read_tokens,
                output_tokens: usage.output_tokens,
                cost: usage.cost.map(|cost| cost.0),
            },
            stop: stop.to_owned(),
        };
        let calls = (!ids.is_empty()).then(|| {
            let mark = Mark::Calls { ids: ids.to_vec() };
            self.own(mark.entry())
        });
        let call = Mark::LlmCall(Box::new(call)).entry();
        self.append_all(
            [self.own(call), self.own(model_turn)]
                .into_iter()
                .chain(calls),
        )
    }

    /// Ids for so many calls, one after the other.
    pub(crate) fn allocate_calls(&self, number: usize) -> Vec<CallId> {
        let mut journal = self.lock();
        (0..number).map(|_| journal.allocate_call()).collect()
    }

    /// Every decision about a call.
    pub(crate) fn decisions(&self, call: CallId, prepared: &Prepared) -> Result<(), JournalError> {
        let decisions = prepared.decisions.iter();
        self.append_all(
            decisions
                .map(|decision| self.of_call(call, decision_record(decision, &prepared.effects))),
        )
    }

    /// One more decision about a call: a bound's, a session rule's.
    pub(crate) fn decision(
        &self,
        call: CallId,
        decision: &Decision,
        effects: &[Effect],
    ) -> Result<(), JournalError> {
        self.append(self.of_call(call, decision_record(decision, effects)))
    }

    /// What somebody answered to the question that a decision asks, and the rule that came of it.
    pub(crate) fn answer(
        &self,
        call: CallId,
        prepared: &Prepared,
        answer: &Answer,
        rule: Option<&SessionRule>,
    ) -> Result<(), JournalError> {
        let subject = prepared.decision.subject.clone();
        let verdict = |verdict, rule: &str, remedy: &str| Decision {
            verdict,
            subject: subject.clone(),
            rule: rule.to_owned(),
            remedy: remedy.to_owned(),
        };
        let decision = match (answer, rule) {
            (Answer::Approve, _) => verdict(Verdict::Allow, "approved when asked", ""),
            (Answer::Edit(_), _) => verdict(
                Verdict::Allow,
                "approved when asked, with other arguments",
                "",
            ),
            (Answer::Always, Some(rule)) => {
                let name = format!("approved when asked; {} from now on", rule.name());
                verdict(Verdict::Allow, &name, "")
            }
            (Answer::Always, None) => verdict(Verdict::Allow, "approved when asked", ""),
            (Answer::Deny(Denial { rule, remedy, .. }), _) => verdict(Verdict::Deny, rule, remedy),
            (Answer::Reject { feedback }, _) => verdict(
                Verdict::Deny,
                "rejected when asked",
                feedback.as_deref().unwrap_or_default(),
            ),
        };
        let rule = rule.map(|rule| self.own(Mark::SessionRule(rule.clone()).entry()));
        let answer = self.of_call(call, decision_record(&decision, &prepared.effects));
        self.append_all(rule.into_iter().chain(std::iter::once(answer)))
    }

    pub(crate) fn call_start(
        &self,
        call: CallId,
        prepared: &Prepared,
        arguments: &Value,
        charge: Option<Mark>,
    ) -> Result<(), JournalError> {
        let start = journal::CallStart {
            plugin: prepared.plugin.clone(),
            tool: prepared.tool.clone(),
            operation: prepared.operation.clone(),
            effects: words(&prepared.effects),
            arguments: arguments.clone(),
        };
        let charge = charge.map(|mark| self.of_call(call, mark.entry()));
        self.append_all(charge.into_iter().chain([self.of_call(call, start)]))
    }

    /// The end of a call.
    pub(crate) fn call_end(
        &self,
        call: CallId,
        ended: &CallRecord<'_>,
    ) -> Result<(), JournalError> {
        let receipt = ended.receipt.map(|receipt| journal::Receipt {
            fuel: receipt.fuel,
            ticks: None,
            peak_memory: receipt.peak_memory,
            wall_time: receipt.wall_us,
            bytes_in: receipt.bytes_in,
            bytes_out: receipt.bytes_out,
            host_calls: receipt.host_calls,
            disk: receipt.disk,
            open_files: receipt.open_files,
        });
        let end: Data = match ended.result {
            Ok(output) => journal::CallEnd {
                outcome: "ok".to_owned(),
                output: json!(output),
            }
            .into(),
            Err(ToolFailure::Cancelled) => cancelled(Ending::Interrupted).into(),
            Err(failure) => journal::CallEnd {
                outcome: failure.kind().to_owned(),
                output: json!(failure),
            }
            .into(),
        };
        let marks = ended
            .marks
            .iter()
            .map(|mark| self.of_call(call, mark.entry()));
        let receipt = receipt.map(|receipt| self.of_call(call, receipt));
        self.append_all(
            marks
                .chain(receipt)
                .chain(std::iter::once(self.of_call(call, end))),
        )
    }

    /// The end of calls of a process that is gone: the call, the one that it is part of, and how it ended.
    pub(crate) fn close(
        &self,
        calls: impl IntoIterator<Item = (CallId, Option<CallId>, Ending)>,
    ) -> Result<(), JournalError> {
        let entries = calls.into_iter().map(|(call, parent, ending)| {
            let entry = Entry::of(call, cancelled(ending));
            match parent {
                Some(parent) => entry.under(parent),
                None => entry,
            }
        });
        self.append_all(entries)
    }

    fn own(&self, data: impl Into<Data>) -> Entry {
        match self.within {
            Some(call) => Entry::of(call, data),
            None => Entry::from(data),
        }
    }

    fn of_call(&self, call: CallId, data: impl Into<Data>) -> Entry {
        let entry = Entry::of(call, data);
        match self.within {
            Some(parent) => entry.under(parent),
            None => entry,
        }
    }

    fn append(&self, data: impl IntoEntry) -> Result<(), JournalError> {
        self.append_all([data.into_entry(self)])
    }

    fn append_all(&self, entries: impl IntoIterator<Item = Entry>) -> Result<(), JournalError> {
        self.lock().append_all(entries).map(drop)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Journal> {
        // A journal refuses to go on by itself after a write that it does not know the end of.
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What can be appended: an entry as it is, or an event of the loop's own.
trait IntoEntry {
    fn into_entry(self, record: &Record) -> Entry;
}

impl IntoEntry for Entry {
    fn into_entry(self, _: &Record) -> Entry {
        self
    }
}

impl IntoEntry for journal::Event {
    fn into_entry(self, record: &Record) -> Entry {
        record.own(self)
    }
}

/// Whether an entry was refused for what is in it, and not because nothing can be written any more.
pub(crate) fn unrecordable(error: &JournalError) -> bool {
    matches!(
        error,
        JournalError::TooLong { .. } | JournalError::TooDeep { .. } | JournalError::Encode { .. }
    )
}

fn cancelled(ending: Ending) -> journal::CallCancelled {
    journal::CallCancelled {
        reason: ending.reason().to_owned(),
    }
}

fn decision_record(decision: &Decision, effects: &[Effect]) -> journal::Decision {
    journal::Decision {
        verdict: decision.verdict.to_string(),
        subject: decision.subject.clone(),
        rule: decision.rule.clone(),
        remedy: decision.remedy.clone(),
        effects: words(effects),
        needs: Vec::new(),
    }
}

fn words(effects: &[Effect]) -> Vec<String> {
    effects.iter().map(ToString::to_string).collect()
}
