//! What happens, for whoever watches. Names and fields are a contract: programs read them.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{PlanItem, Receipt, SessionRule};

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
        /// `stop`, `tool_calls`, `length`; `interrupted` where somebody broke it off, and `broke_off` where it did by
        /// itself and may have been asked for again.
        finish_reason: String,
        /// US dollars; null where the price is unknown.
        cost_usd: Option<f64>,
        /// What it was for: `main`, `compaction`, `research`.
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
        /// The tool's operation; none where the call cannot run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation: Option<String>,
        /// What the operation declares to do.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        effects: Vec<String>,
        /// What it works on, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
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
        /// The nested agent, where it is one's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent_id: Option<String>,
        /// What the nested agent is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
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
    /// A call's state: `approved`, `rejected`, `abandoned`, `running`, `cancelled`, or what the tool itself says.
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
        /// Whether what is asked about is a bound of the budget, and the items are no calls.
        #[serde(default, skip_serializing_if = "is_false")]
        yolo_budget: bool,
        /// Whether what is asked about is how much was spent so far.
        #[serde(default, skip_serializing_if = "is_false")]
        usage_threshold: bool,
        /// Whether a bound of the budget is why any of them is asked about. Then the other three are those of the first.
        #[serde(default, skip_serializing_if = "is_false")]
        auto_approval_blocked: bool,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        block_reason: Option<String>,
        /// What the call would cost, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        estimated_cost_usd: Option<f64>,
        /// What is left under the bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remaining_cap_usd: Option<f64>,
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
    /// The plan is another one.
    PlanUpdate {
        /// All of it.
        plan: Vec<PlanItem>,
    },
    /// What the files were is kept, before a turn.
    Checkpoint {
        /// Its name.
        id: String,
        /// What the turn is about.
        label: String,
    },
    /// The conversation was made shorter.
    Compacted {
        /// Tokens before.
        old_tokens: u64,
        /// Tokens now.
        new_tokens: u64,
    },
    /// The model repeats itself, and was told so `notes` times.
    DoomLoop {
        /// The tools of what it repeats.
        tools: Vec<String>,
        /// How often in a row.
        repetitions: usize,
        /// How often it was told.
        notes: u32,
        /// Whether the turn ends for it.
        ended: bool,
    },
    /// What a person allowed for the rest of the session has changed.
    SessionRules {
        /// What is allowed now.
        rules: Vec<SessionRule>,
    },
    /// The last turn is undone, as far as there was one.
    UndoComplete {},
    /// A new session has begun.
    NewComplete {
        /// Its id.
        session_id: String,
        /// The one before.
        previous_session_id: String,
        /// How many turns that had.
        previous_turn_count: usize,
        /// How many messages that had, the prompt not counted.
        previous_message_count: usize,
        /// Where that is kept; null where it had no messages.
        saved_path: Option<String>,
        /// Whether the screen is to be cleared.
        clear_screen: bool,
    },
    /// An earlier session goes on.
    ResumeComplete {
        /// Its journal.
        path: String,
        /// Messages that are back, the prompt not counted.
        restored_count: usize,
        /// Records that could not be read as messages.
        dropped_count: usize,
        /// The model that goes on.
        model_name: String,
        /// The model that was saved, where another one goes on.
        invalid_saved_model: Option<String>,
        /// Whether it goes on in a journal of its own.
        forked: bool,
        /// Whether secrets were redacted from what was restored.
        had_redacted_content: bool,
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
    /// What the operation declares to do.
    pub effects: Vec<String>,
    /// What it would work on, in words.
    pub target: String,
    /// What is asked about.
    pub capability: String,
    /// The rule that asks.
    pub rule: String,
    /// The nested agent that calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Whether a bound of the budget is why it is asked about.
    #[serde(default, skip_serializing_if = "is_false")]
    pub auto_approval_blocked: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_reason: Option<String>,
    /// What it would cost, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_cost_usd: Option<f64>,
    /// What is left under the bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_cap_usd: Option<f64>,
    /// What the tool says of it beforehand, such as the hardware and its price: names and values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quote: Vec<(String, String)>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls it in"
)]
fn is_false(value: &bool) -> bool {
    !value
}

impl Event {
    /// The event that calls wait for an answer.
    pub(crate) fn approval(tools: Vec<ApprovalItem>) -> Event {
        let blocked = tools.iter().find(|item| item.auto_approval_blocked);
        Event::ApprovalRequired {
            count: tools.len(),
            yolo_budget: false,
            usage_threshold: false,
            auto_approval_blocked: blocked.is_some(),
            block_reason: blocked.and_then(|item| item.block_reason.clone()),
            estimated_cost_usd: blocked.and_then(|item| item.estimated_cost_usd),
            remaining_cap_usd: blocked.and_then(|item| item.remaining_cap_usd),
            tools,
        }
    }

    /// A line of the host's own.
    pub(crate) fn system_log(log: impl Into<String>) -> Event {
        Event::ToolLog {
            tool: "system".to_owned(),
            log: log.into(),
            tool_call_id: None,
            agent_id: None,
            label: None,
        }
    }
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

    /// How many were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .seq
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
        let item = |blocked: bool| ApprovalItem {
            tool: tool(),
            arguments: json!({}),
            tool_call_id: tool_call_id(),
            operation: "run".into(),
            effects: vec!["publish".into()],
            target: "ls".into(),
            capability: "effect publish".into(),
            rule: "ci: ask first".into(),
            agent: None,
            auto_approval_blocked: blocked,
            block_reason: blocked.then(|| "too dear".into()),
            estimated_cost_usd: blocked.then_some(32.0),
            remaining_cap_usd: blocked.then_some(5.0),
            quote: Vec::new(),
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
                    operation: None,
                    effects: Vec::new(),
                    target: None,
                },
                r#"{"event_type":"tool_call","data":{"tool":"bash","arguments":{"command":"ls"},"tool_call_id":"c1"},"seq":7}"#,
            ),
            (
                Event::ToolCall {
                    tool: tool(),
                    arguments: json!({}),
                    tool_call_id: tool_call_id(),
                    operation: Some("run".into()),
                    effects: vec!["execute".into()],
                    target: Some("ls".into()),
                },
                r#"{"event_type":"tool_call","data":{"tool":"bash","arguments":{},"tool_call_id":"c1","operation":"run","effects":["execute"],"target":"ls"},"seq":7}"#,
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
                Event::system_log("l"),
                r#"{"event_type":"tool_log","data":{"tool":"system","log":"l"},"seq":7}"#,
            ),
            (
                Event::ToolLog {
                    tool: tool(),
                    log: "l".into(),
                    tool_call_id: Some(tool_call_id()),
                    agent_id: None,
                    label: None,
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
                Event::ToolLog {
                    tool: "research".into(),
                    log: "tokens:7".into(),
                    tool_call_id: None,
                    agent_id: Some(tool_call_id()),
                    label: Some("research: losses".into()),
                },
                r#"{"event_type":"tool_log","data":{"tool":"research","log":"tokens:7","agent_id":"c1","label":"research: losses"},"seq":7}"#,
            ),
            (
                Event::approval(vec![item(false)]),
                r#"{"event_type":"approval_required","data":{"tools":[{"tool":"bash","arguments":{},"tool_call_id":"c1","operation":"run","effects":["publish"],"target":"ls","capability":"effect publish","rule":"ci: ask first"}],"count":1},"seq":7}"#,
            ),
            (
                Event::approval(vec![item(false), item(true)]),
                r#"{"event_type":"approval_required","data":{"tools":[{"tool":"bash","arguments":{},"tool_call_id":"c1","operation":"run","effects":["publish"],"target":"ls","capability":"effect publish","rule":"ci: ask first"},{"tool":"bash","arguments":{},"tool_call_id":"c1","operation":"run","effects":["publish"],"target":"ls","capability":"effect publish","rule":"ci: ask first","auto_approval_blocked":true,"block_reason":"too dear","estimated_cost_usd":32.0,"remaining_cap_usd":5.0}],"count":2,"auto_approval_blocked":true,"block_reason":"too dear","estimated_cost_usd":32.0,"remaining_cap_usd":5.0},"seq":7}"#,
            ),
            (
                Event::PlanUpdate {
                    plan: vec![PlanItem {
                        id: "1".into(),
                        content: "train".into(),
                        status: crate::Status::InProgress,
                    }],
                },
                r#"{"event_type":"plan_update","data":{"plan":[{"id":"1","content":"train","status":"in_progress"}]},"seq":7}"#,
            ),
            (
                Event::Checkpoint {
                    id: "3".into(),
                    label: "train it".into(),
                },
                r#"{"event_type":"checkpoint","data":{"id":"3","label":"train it"},"seq":7}"#,
            ),
            (
                Event::Compacted {
                    old_tokens: 9,
                    new_tokens: 4,
                },
                r#"{"event_type":"compacted","data":{"old_tokens":9,"new_tokens":4},"seq":7}"#,
            ),
            (
                Event::DoomLoop {
                    tools: vec![tool()],
                    repetitions: 3,
                    notes: 1,
                    ended: false,
                },
                r#"{"event_type":"doom_loop","data":{"tools":["bash"],"repetitions":3,"notes":1,"ended":false},"seq":7}"#,
            ),
            (
                Event::SessionRules {
                    rules: vec![SessionRule {
                        id: 1,
                        plugin: "hub".into(),
                        tool: tool(),
                        operation: "run".into(),
                        subjects: vec!["effect publish".into()],
                    }],
                },
                r#"{"event_type":"session_rules","data":{"rules":[{"id":1,"plugin":"hub","tool":"bash","operation":"run","subjects":["effect publish"]}]},"seq":7}"#,
            ),
            (
                Event::UndoComplete {},
                r#"{"event_type":"undo_complete","data":{},"seq":7}"#,
            ),
            (
                Event::NewComplete {
                    session_id: "b".into(),
                    previous_session_id: "a".into(),
                    previous_turn_count: 1,
                    previous_message_count: 2,
                    saved_path: Some("/s/a".into()),
                    clear_screen: true,
                },
                r#"{"event_type":"new_complete","data":{"session_id":"b","previous_session_id":"a","previous_turn_count":1,"previous_message_count":2,"saved_path":"/s/a","clear_screen":true},"seq":7}"#,
            ),
            (
                Event::ResumeComplete {
                    path: "/s/a".into(),
                    restored_count: 2,
                    dropped_count: 0,
                    model_name: "m".into(),
                    invalid_saved_model: None,
                    forked: false,
                    had_redacted_content: false,
                },
                r#"{"event_type":"resume_complete","data":{"path":"/s/a","restored_count":2,"dropped_count":0,"model_name":"m","invalid_saved_model":null,"forked":false,"had_redacted_content":false},"seq":7}"#,
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
