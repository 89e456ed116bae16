//! The loop's own entries in a journal: records of kind `event`, by their type.
//!
//! | type | when | what it is for |
//! | --- | --- | --- |
//! | `system_prompt` | at the start, and where a session is resumed with another one | the prompt |
//! | `note` | before the model is told | the host's guidance |
//! | `turn_start` | with the user's input that begins a turn | where an undo goes back to |
//! | `llm_call` | before the answer that it is about; alone where that broke off or is no part of the conversation | usage, cost, and reasoning that goes back |
//! | `calls` | after an answer with calls | which id of the session's each call has |
//! | `spilled` | before the end of a call with a long output | how much of it the model is shown |
//! | `plan_update` | after the end of a call of the plan tool | the plan |
//! | `compaction` | before the conversation is made shorter | what stays |
//! | `window` | when a provider says that a conversation is too long | the window that is assumed from then on |
//! | `session_rule`, `session_rule_revoked` | before it holds | what a person allowed for the rest of the session |
//! | `budget` | before it holds | a bound that a person raised |
//! | `charge`, `refund` | before a call runs, and when it failed | money that a call spends |
//! | `model` | before it is asked | another model |
//! | `turn_end` | at the end of a turn | how it ended |
//! | `undo` | when it is undone | everything from that record up to here never happened, as far as the conversation goes |
//! | `resumed_from` | where a session goes on in a journal of its own | where it comes from |

use journal::CallId;
use policy::LimitName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cut::Compaction;
use crate::{MicroUsd, Plan, Reasoning, SessionRule, Usage};

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub(crate) enum Mark {
    SystemPrompt {
        text: String,
    },
    Note {
        text: String,
    },
    TurnStart {
        label: String,
        /// What the files were; none where nobody keeps that.
        checkpoint: Option<String>,
    },
    LlmCall(Box<LlmCall>),
    Calls {
        ids: Vec<CallId>,
    },
    Spilled {
        /// Where all of it is; none where it is in the journal alone.
        path: Option<String>,
        head: usize,
        tail: usize,
    },
    PlanUpdate {
        plan: Plan,
    },
    Compaction {
        method: Method,
        old_tokens: u64,
        new_tokens: u64,
        #[serde(flatten)]
        what: Compaction,
    },
    Window {
        tokens: u64,
    },
    SessionRule(SessionRule),
    SessionRuleRevoked {
        id: u64,
    },
    Budget {
        /// None where a person said that the session may go on without known prices.
        limit: Option<LimitName>,
        to: u64,
    },
    Charge {
        micros: MicroUsd,
    },
    Refund {
        micros: MicroUsd,
    },
    Model {
        label: String,
    },
    TurnEnd {
        outcome: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// How long the session has been at work, in milliseconds.
        worked_ms: u64,
    },
    Undo {
        /// The first record that never happened.
        to: u64,
    },
    ResumedFrom {
        path: String,
        original_session_id: String,
        original_event_count: u64,
        forked: bool,
    },
}

/// How a conversation was made shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    /// A model said in short what went before.
    Summary,
    /// The same, part by part.
    Pieces,
    /// What went before is left out.
    Truncation,
    /// Only long texts were cut.
    Clipping,
}

/// One answer of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LlmCall {
    pub(crate) model: String,
    pub(crate) kind: String,
    pub(crate) latency_ms: u64,
    pub(crate) finish_reason: String,
    /// None where the provider does not say.
    pub(crate) usage: Option<Usage>,
    /// What counts against a bound of dollars; none where nobody knows.
    pub(crate) charged: Option<MicroUsd>,
    /// What counts against a bound of tokens.
    pub(crate) tokens: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning: Option<Reasoning>,
}

impl Mark {
    /// As the journal has it.
    pub(crate) fn entry(&self) -> journal::Event {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        let name = value
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let data = value.get_mut("data").map_or(Value::Null, Value::take);
        journal::Event { name, data }
    }

    /// None where it is an event of somebody else's.
    pub(crate) fn read(event: &journal::Event) -> Option<Mark> {
        let value = serde_json::json!({ "type": event.name, "data": event.data });
        Mark::deserialize(value).ok()
    }
}

/// What a journal has of an answer beside its words and calls: in the event `llm_call` right before the `model_turn`.
/// Whoever replays a journal gets it from here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnswerDetails {
    /// None where the provider did not say.
    pub usage: Option<Usage>,
    /// As the provider wants it back; none where there was none.
    pub reasoning: Option<Reasoning>,
}

impl AnswerDetails {
    /// None where the event is another one.
    #[must_use]
    pub fn read(event: &journal::Event) -> Option<AnswerDetails> {
        match Mark::read(event)? {
            Mark::LlmCall(call) => Some(AnswerDetails {
                usage: call.usage,
                reasoning: call.reasoning,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read() {
        let compaction = Compaction {
            head: 2,
            note: Some("n".into()),
            user: None,
            tail: 7,
            longest: Some(9),
        };
        let table = [
            (Mark::Note { text: "a".into() }, "note", r#"{"text":"a"}"#),
            (
                Mark::TurnStart {
                    label: "go".into(),
                    checkpoint: None,
                },
                "turn_start",
                r#"{"label":"go","checkpoint":null}"#,
            ),
            (
                Mark::LlmCall(Box::new(LlmCall {
                    model: "m".into(),
                    kind: "main".into(),
                    latency_ms: 5,
                    finish_reason: "stop".into(),
                    usage: None,
                    charged: Some(MicroUsd(7)),
                    tokens: 9,
                    reasoning: None,
                })),
                "llm_call",
                r#"{"model":"m","kind":"main","latency_ms":5,"finish_reason":"stop","usage":null,"charged":7,"tokens":9}"#,
            ),
            (
                Mark::Calls {
                    ids: vec!["c1".parse().unwrap()],
                },
                "calls",
                r#"{"ids":["c1"]}"#,
            ),
            (
                Mark::Compaction {
                    method: Method::Pieces,
                    old_tokens: 3,
                    new_tokens: 2,
                    what: compaction,
                },
                "compaction",
                r#"{"method":"pieces","old_tokens":3,"new_tokens":2,"head":2,"note":"n","user":null,"tail":7,"longest":9}"#,
            ),
            (
                Mark::Budget {
                    limit: Some(LimitName::Cost),
                    to: 9,
                },
                "budget",
                r#"{"limit":"cost","to":9}"#,
            ),
        ];
        for (mark, name, data) in table {
            let event = mark.entry();
            assert_eq!(
                (event.name.as_str(), event.data.to_string().as_str()),
                (name, data)
            );
            assert_eq!(Mark::read(&event), Some(mark));
        }
        let foreign = journal::Event {
            name: "sandbox".into(),
            data: Value::Null,
        };
        assert_eq!(Mark::read(&foreign), None);
    }
}
