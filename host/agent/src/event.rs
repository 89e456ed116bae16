//! What happens, for whoever watches. Names and fields are a contract: programs read them.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::Receipt;

/// One event and its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// Counts up from 1 in a session, without gaps.
    pub seq: u64,
}

/// What happened. In JSON: `{"event_type": …, "data": {…}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event_type", content = "data", rename_all = "snake_case")]
pub enum Event {
    /// The agent can take its first turn.
    Ready {
        /// Says which model is used.
        message: String,
        /// How many tools the model is offered.
        tool_count: usize,
    },
    /// A turn starts.
    Processing {
        /// In words.
        message: String,
    },
    /// The next piece of the model's words.
    AssistantChunk {
        /// The piece.
        content: String,
    },
    /// The next piece of what the model thinks, where its provider shows it.
    AssistantReasoning {
        /// The piece.
        content: String,
    },
    /// The answer broke off and begins anew: the pieces since the last end of a stream are void.
    AssistantStreamRestart {},
    /// The model's words are complete.
    AssistantStreamEnd {},
    /// The model's words at once, where they are not streamed.
    AssistantMessage {
        /// All of them.
        content: String,
    },
    /// The model answered.
    LlmCall {
        /// Its label.
        model: String,
        /// From request to complete answer.
        latency_ms: u64,
        /// `stop`, `tool_calls` or `length`.
        finish_reason: String,
        /// US dollars; null where the price is unknown.
        cost_usd: Option<f64>,
        /// What it was for: `main`.
        kind: String,
        /// Tokens in; null where the provider does not say. The same holds for the other counts.
        prompt_tokens: Option<u64>,
        /// Tokens out.
        completion_tokens: Option<u64>,
        /// Both.
        total_tokens: Option<u64>,
        /// Tokens in from the cache.
        cache_read_tokens: Option<u64>,
        /// Tokens in to the cache.
        cache_creation_tokens: Option<u64>,
    },
    /// The model calls a tool. Not sent for calls that wait for approval: `approval_required` shows those.
    ToolCall {
        /// The tool.
        tool: String,
        /// What it is called with.
        arguments: Value,
        /// The session's id of the call.
        tool_call_id: String,
    },
    /// A call is over.
    ToolOutput {
        /// The tool.
        tool: String,
        /// The call.
        tool_call_id: String,
        /// What the model is told, in words.
        output: String,
        /// Whether it gave a result.
        success: bool,
    },
    /// A line of a call's log; of the tool `system` where the host itself speaks.
    ToolLog {
        /// The tool.
        tool: String,
        /// The line.
        log: String,
        /// The call, where it is one's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool_call_id: Option<String>,
    },
    /// How far a call has come.
    ToolProgress {
        /// The tool.
        tool: String,
        /// The call.
        tool_call_id: String,
        /// So much is done.
        done: u64,
        /// Of so much; null where it is not known.
        total: Option<u64>,
        /// What both count.
        unit: String,
    },
    /// A call's state: `approved`, `rejected`, `running`, `cancelled`, or what the tool itself says.
    ToolStateChange {
        /// The call.
        tool_call_id: String,
        /// The tool.
        tool: String,
        /// The state.
        state: String,
    },
    /// Calls wait for an answer.
    ApprovalRequired {
        /// The calls.
        tools: Vec<ApprovalItem>,
        /// How many.
        count: usize,
    },
    /// A call was not granted something.
    CapabilityDenied {
        /// The tool.
        tool: String,
        /// The call.
        tool_call_id: String,
        /// What was tried.
        capability: String,
        /// The rule that decided.
        rule: String,
        /// What a person would have to change to allow it.
        remedy: String,
    },
    /// What a call used.
    Receipt {
        /// The tool.
        tool: String,
        /// The call.
        tool_call_id: String,
        /// The figures.
        #[serde(flatten)]
        receipt: Receipt,
    },
    /// The model ended the turn.
    TurnComplete {
        /// Messages in the conversation.
        history_size: usize,
        /// Its last words; null where it had none.
        final_response: Option<String>,
    },
    /// Somebody stopped the turn.
    Interrupted {},
    /// The turn could not go on.
    Error {
        /// Why.
        error: String,
    },
    /// The agent takes no more turns.
    Shutdown {},
}

/// A call that waits for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalItem {
    /// The tool.
    pub tool: String,
    /// What it is called with.
    pub arguments: Value,
    /// The call.
    pub tool_call_id: String,
    /// The tool's operation.
    pub operation: String,
    /// What it would work on, in words.
    pub target: String,
    /// What is asked about.
    pub capability: String,
    /// The rule that asks.
    pub rule: String,
}

/// The events of a session, in order.
pub type Events = mpsc::UnboundedReceiver<Envelope>;

/// Where events go: numbered in the order in which they are sent.
///
/// The queue has no bound on purpose. Whoever watches may stop reading (a pager, a slow network), and that must neither
/// stall a call against its deadline nor lose an event. What goes in is bounded where it comes from: by the limits of
/// each call, and by what a model says. When nobody watches any more, events are dropped; the journal has what counts.
#[derive(Debug, Clone)]
pub(crate) struct EventSender {
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug)]
struct Queue {
    seq: u64,
    sender: mpsc::UnboundedSender<Envelope>,
}

impl EventSender {
    pub(crate) fn new() -> (EventSender, Events) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let queue = Queue { seq: 0, sender };
        (
            EventSender {
                queue: Arc::new(Mutex::new(queue)),
            },
            receiver,
        )
    }

    pub(crate) fn send(&self, event: Event) {
        // Number and send under one lock, so that the order of the numbers is the order in the queue.
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.seq = queue.seq.saturating_add(1);
        let envelope = Envelope {
            event,
            seq: queue.seq,
        };
        // The only failure is that nobody watches any more.
        let _ = queue.sender.send(envelope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Every event, as it goes out. A change here breaks programs that read events.
    #[test]
    fn each_event_in_json() {
        let (tool, tool_call_id) = (|| "bash".to_owned(), || "c1".to_owned());
        let receipt = Receipt {
            fuel: Some(1),
            peak_memory: 2,
            wall_us: 3,
            bytes_in: 4,
            bytes_out: 5,
            host_calls: 6,
            disk: 7,
            open_files: 8,
        };
        let table = [
            (
                Event::Ready {
                    message: "hello".into(),
                    tool_count: 18,
                },
                r#"{"event_type":"ready","data":{"message":"hello","tool_count":18},"seq":7}"#,
            ),
            (
                Event::Processing {
                    message: "m".into(),
                },
                r#"{"event_type":"processing","data":{"message":"m"},"seq":7}"#,
            ),
            (
                Event::AssistantChunk {
                    content: "a".into(),
                },
                r#"{"event_type":"assistant_chunk","data":{"content":"a"},"seq":7}"#,
            ),
            (
                Event::AssistantReasoning {
                    content: "a".into(),
                },
                r#"{"event_type":"assistant_reasoning","data":{"content":"a"},"seq":7}"#,
            ),
            (
                Event::AssistantStreamRestart {},
                r#"{"event_type":"assistant_stream_restart","data":{},"seq":7}"#,
            ),
            (
                Event::AssistantStreamEnd {},
                r#"{"event_type":"assistant_stream_end","data":{},"seq":7}"#,
            ),
            (
                Event::AssistantMessage {
                    content: "a".into(),
                },
                r#"{"event_type":"assistant_message","data":{"content":"a"},"seq":7}"#,
            ),
            (
                Event::LlmCall {
                    model: "m".into(),
                    latency_ms: 12,
                    finish_reason: "stop".into(),
                    cost_usd: Some(0.25),
                    kind: "main".into(),
                    prompt_tokens: Some(1),
                    completion_tokens: Some(2),
                    total_tokens: Some(3),
                    cache_read_tokens: Some(4),
                    cache_creation_tokens: Some(5),
                },
                r#"{"event_type":"llm_call","data":{"model":"m","latency_ms":12,"finish_reason":"stop","cost_usd":0.25,"kind":"main","prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cache_read_tokens":4,"cache_creation_tokens":5},"seq":7}"#,
            ),
            (
                Event::LlmCall {
                    model: "m".into(),
                    latency_ms: 12,
                    finish_reason: "length".into(),
                    cost_usd: None,
                    kind: "main".into(),
                    prompt_tokens: None,
                    completion_tokens: None,
                    total_tokens: None,
                    cache_read_tokens: None,
                    cache_creation_tokens: None,
                },
                r#"{"event_type":"llm_call","data":{"model":"m","latency_ms":12,"finish_reason":"length","cost_usd":null,"kind":"main","prompt_tokens":null,"completion_tokens":null,"total_tokens":null,"cache_read_tokens":null,"cache_creation_tokens":null},"seq":7}"#,
            ),
            (
                Event::ToolCall {
                    tool: tool(),
                    arguments: json!({"command": "ls"}),
                    tool_call_id: tool_call_id(),
                },
                r#"{"event_type":"tool_call","data":{"tool":"bash","arguments":{"command":"ls"},"tool_call_id":"c1"},"seq":7}"#,
            ),
            (
                Event::ToolOutput {
                    tool: tool(),
                    tool_call_id: tool_call_id(),
                    output: "a.txt".into(),
                    success: true,
                },
                r#"{"event_type":"tool_output","data":{"tool":"bash","tool_call_id":"c1","output":"a.txt","success":true},"seq":7}"#,
            ),
            (
                Event::ToolLog {
                    tool: "system".into(),
                    log: "l".into(),
                    tool_call_id: None,
                },
                r#"{"event_type":"tool_log","data":{"tool":"system","log":"l"},"seq":7}"#,
            ),
            (
                Event::ToolLog {
                    tool: tool(),
                    log: "l".into(),
                    tool_call_id: Some(tool_call_id()),
                },
                r#"{"event_type":"tool_log","data":{"tool":"bash","log":"l","tool_call_id":"c1"},"seq":7}"#,
            ),
            (
                Event::ToolProgress {
                    tool: tool(),
                    tool_call_id: tool_call_id(),
                    done: 1,
                    total: None,
                    unit: "rows".into(),
                },
                r#"{"event_type":"tool_progress","data":{"tool":"bash","tool_call_id":"c1","done":1,"total":null,"unit":"rows"},"seq":7}"#,
            ),
            (
                Event::ToolStateChange {
                    tool_call_id: tool_call_id(),
                    tool: tool(),
                    state: "cancelled".into(),
                },
                r#"{"event_type":"tool_state_change","data":{"tool_call_id":"c1","tool":"bash","state":"cancelled"},"seq":7}"#,
            ),
            (
                Event::ApprovalRequired {
                    tools: vec![ApprovalItem {
                        tool: tool(),
                        arguments: json!({}),
                        tool_call_id: tool_call_id(),
                        operation: "run".into(),
                        target: "ls".into(),
                        capability: "effect publish".into(),
                        rule: "ci: ask first".into(),
                    }],
                    count: 1,
                },
                r#"{"event_type":"approval_required","data":{"tools":[{"tool":"bash","arguments":{},"tool_call_id":"c1","operation":"run","target":"ls","capability":"effect publish","rule":"ci: ask first"}],"count":1},"seq":7}"#,
            ),
            (
                Event::CapabilityDenied {
                    tool: tool(),
                    tool_call_id: tool_call_id(),
                    capability: "effect publish".into(),
                    rule: "ci: never".into(),
                    remedy: "change it".into(),
                },
                r#"{"event_type":"capability_denied","data":{"tool":"bash","tool_call_id":"c1","capability":"effect publish","rule":"ci: never","remedy":"change it"},"seq":7}"#,
            ),
            (
                Event::Receipt {
                    tool: tool(),
                    tool_call_id: tool_call_id(),
                    receipt,
                },
                r#"{"event_type":"receipt","data":{"tool":"bash","tool_call_id":"c1","fuel":1,"peak_memory":2,"wall_us":3,"bytes_in":4,"bytes_out":5,"host_calls":6,"disk":7,"open_files":8},"seq":7}"#,
            ),
            (
                Event::TurnComplete {
                    history_size: 3,
                    final_response: None,
                },
                r#"{"event_type":"turn_complete","data":{"history_size":3,"final_response":null},"seq":7}"#,
            ),
            (
                Event::TurnComplete {
                    history_size: 3,
                    final_response: Some("done".into()),
                },
                r#"{"event_type":"turn_complete","data":{"history_size":3,"final_response":"done"},"seq":7}"#,
            ),
            (
                Event::Interrupted {},
                r#"{"event_type":"interrupted","data":{},"seq":7}"#,
            ),
            (
                Event::Error { error: "e".into() },
                r#"{"event_type":"error","data":{"error":"e"},"seq":7}"#,
            ),
            (
                Event::Shutdown {},
                r#"{"event_type":"shutdown","data":{},"seq":7}"#,
            ),
        ];
        for (event, json) in table {
            let envelope = Envelope { event, seq: 7 };
            assert_eq!(serde_json::to_string(&envelope).unwrap(), json);
            assert_eq!(serde_json::from_str::<Envelope>(json).unwrap(), envelope);
        }
    }

    #[test]
    fn numbers_have_no_gaps_and_nobody_needs_to_watch() {
        let (sender, mut receiver) = EventSender::new();
        let other = sender.clone();
        sender.send(Event::Interrupted {});
        other.send(Event::Shutdown {});
        assert_eq!(
            receiver.try_recv().unwrap(),
            Envelope {
                event: Event::Interrupted {},
                seq: 1
            }
        );
        assert_eq!(
            receiver.try_recv().unwrap(),
            Envelope {
                event: Event::Shutdown {},
                seq: 2
            }
        );
        drop(receiver);
        sender.send(Event::Shutdown {});
    }
}
