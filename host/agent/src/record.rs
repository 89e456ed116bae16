//! What the loop writes into the journal.
//!
//! Everything is written before it counts: an input before it is answered, a decision and a start before a call runs, an
//! end before the model hears of it. So an error here stops the turn.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journal::{CallId, Data, Entry, Journal, JournalError};
use policy::{Decision, Effect, Verdict};
use serde_json::{Value, json};

use crate::{Answer, Event, Outcome, Prepared, Receipt, ToolFailure, ToolOutput, ToolSpec, Turn};

/// A journal that several parts of a process write to: the loop, and what runs its calls.
pub type SharedJournal = Arc<Mutex<Journal>>;

/// The loop's pen.
#[derive(Debug)]
pub(crate) struct Record {
    journal: SharedJournal,
}

impl Record {
    pub(crate) fn new(journal: SharedJournal) -> Record {
        Record { journal }
    }

    pub(crate) fn system_prompt(&self, text: &str) -> Result<(), JournalError> {
        self.append(journal::Event {
            name: "system_prompt".to_owned(),
            data: json!({ "text": text }),
        })
    }

    /// Something that the host tells the model.
    pub(crate) fn note(&self, text: &str) -> Result<(), JournalError> {
        self.append(journal::Event {
            name: "note".to_owned(),
            data: json!({ "text": text }),
        })
    }

    pub(crate) fn user_input(&self, text: &str) -> Result<(), JournalError> {
        self.append(journal::UserInput {
            text: text.to_owned(),
        })
    }

    /// A question to the model, and the results that it gets with it.
    pub(crate) fn model_request(
        &self,
        model: &str,
        messages: usize,
        specs: &[ToolSpec],
        delivered: &[(CallId, String)],
    ) -> Result<(), JournalError> {
        let tools: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        let request = journal::ModelRequest {
            model: model.to_owned(),
            messages: messages as u64,
            parameters: json!({ "tools": tools }),
        };
        let delivered = delivered.iter().map(|(call, tool_call)| {
            Entry::of(
                *call,
                journal::CallDelivered {
                    tool_call: tool_call.clone(),
                },
            )
        });
        self.append_all(std::iter::once(Entry::from(request)).chain(delivered))
    }

    pub(crate) fn model_turn(&self, turn: &Turn) -> Result<(), JournalError> {
        let usage = turn.usage.unwrap_or_default();
        let tool_calls = turn.tool_calls.iter().map(|call| journal::ToolCall {
            id: call.id.clone(),
            tool: call.name.clone(),
            arguments: call.arguments.clone(),
        });
        self.append(journal::ModelTurn {
            text: turn.text.clone(),
            tool_calls: tool_calls.collect(),
            usage: journal::Usage {
                input_tokens: usage.input_tokens,
                cached_tokens: usage.cache_read_tokens,
                output_tokens: usage.output_tokens,
                cost: usage.cost.map(|cost| cost.0),
            },
            stop: turn.finish.as_str().to_owned(),
        })
    }

    pub(crate) fn allocate_call(&self) -> CallId {
        self.lock().allocate_call()
    }

    /// Every decision about a call.
    pub(crate) fn decisions(&self, call: CallId, prepared: &Prepared) -> Result<(), JournalError> {
        let decisions = prepared.decisions.iter();
        self.append_all(
            decisions.map(|decision| Entry::of(call, decision_record(decision, &prepared.effects))),
        )
    }

    /// What somebody answered to the question that a decision asks.
    pub(crate) fn answer(
        &self,
        call: CallId,
        prepared: &Prepared,
        answer: &Answer,
    ) -> Result<(), JournalError> {
        let Decision { subject, .. } = &prepared.decision;
        let decision = match answer {
            Answer::Approve => Decision {
                verdict: Verdict::Allow,
                subject: subject.clone(),
                rule: "approved when asked".to_owned(),
                remedy: String::new(),
            },
            Answer::Deny(denial) => Decision {
                verdict: Verdict::Deny,
                subject: subject.clone(),
                rule: denial.rule.clone(),
                remedy: denial.remedy.clone(),
            },
        };
        self.append(Entry::of(
            call,
            decision_record(&decision, &prepared.effects),
        ))
    }

    pub(crate) fn call_start(
        &self,
        call: CallId,
        prepared: &Prepared,
        arguments: &Value,
    ) -> Result<(), JournalError> {
        let start = journal::CallStart {
            plugin: prepared.plugin.clone(),
            tool: prepared.tool.clone(),
            operation: prepared.operation.clone(),
            effects: words(&prepared.effects),
            arguments: arguments.clone(),
        };
        self.append(Entry::of(call, start))
    }

    /// The end of a call, and what it used where it ran.
    pub(crate) fn call_end(
        &self,
        call: CallId,
        result: &Result<ToolOutput, ToolFailure>,
        receipt: Option<&Receipt>,
    ) -> Result<(), JournalError> {
        let receipt = receipt.map(|receipt| journal::Receipt {
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
        let end: Data = match result {
            Ok(output) => journal::CallEnd {
                outcome: "ok".to_owned(),
                output: json!(output),
            }
            .into(),
            Err(ToolFailure::Cancelled) => journal::CallCancelled {
                reason: "the turn was interrupted".to_owned(),
            }
            .into(),
            Err(failure) => journal::CallEnd {
                outcome: failure.kind().to_owned(),
                output: json!(failure),
            }
            .into(),
        };
        let receipt = receipt.map(|receipt| Entry::of(call, receipt));
        self.append_all(
            receipt
                .into_iter()
                .chain(std::iter::once(Entry::of(call, end))),
        )
    }

    /// How a turn ended.
    pub(crate) fn turn_end(&self, outcome: &Outcome, event: &Event) -> Result<(), JournalError> {
        let mut data = json!({ "outcome": outcome.as_str() });
        if let (Some(data), Event::Error { error }) = (data.as_object_mut(), event) {
            data.insert("error".to_owned(), json!(error));
        }
        self.append(journal::Event {
            name: "turn_end".to_owned(),
            data,
        })
    }

    fn append(&self, entry: impl Into<Entry>) -> Result<(), JournalError> {
        self.append_all([entry.into()])
    }

    fn append_all(&self, entries: impl IntoIterator<Item = Entry>) -> Result<(), JournalError> {
        self.lock().append_all(entries).map(drop)
    }

    fn lock(&self) -> MutexGuard<'_, Journal> {
        // A journal refuses to go on by itself after a write that it does not know the end of.
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an entry was refused for what is in it, and not because nothing can be written any more.
pub(crate) fn unrecordable(error: &JournalError) -> bool {
    matches!(
        error,
        JournalError::TooLong { .. } | JournalError::TooDeep { .. } | JournalError::Encode { .. }
    )
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
