//! One turn in each wire format: thoughts, words and two calls.

use agent::{FinishReason, MicroUsd, Reasoning, ReasoningBlock, Thought, ToolCall, Turn, Usage};
use serde_json::json;

/// A provider, a sample of its stream, and the turn that it is.
pub(crate) struct Sample {
    pub(crate) id: &'static str,
    pub(crate) stream: &'static str,
    pub(crate) turn: Turn,
    pub(crate) thoughts: &'static str,
}

pub(crate) fn all() -> [Sample; 4] {
    [anthropic(), openai(), router(), llamacpp()]
}

/// One of each wire format.
pub(crate) fn each_format() -> [Sample; 3] {
    [anthropic(), openai(), router()]
}

const TEXT: &str = "Let me look. Größe ✓";

fn calls(ids: [&str; 2]) -> Vec<ToolCall> {
    let call = |id: &str, name: &str, arguments: &str| ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    vec![
        call(ids[0], "read", r#"{"path": "a.txt"}"#),
        call(ids[1], "bash", r#"{"command": "echo \"ü\""}"#),
    ]
}

fn reasoning(model: &str, thought: Thought) -> Option<Reasoning> {
    Some(Reasoning {
        model: model.into(),
        blocks: vec![ReasoningBlock {
            thought,
            after_text: 0,
            after_calls: 0,
        }],
    })
}

pub(crate) fn anthropic() -> Sample {
    let id = "anthropic/claude-opus-4-8";
    Sample {
        id,
        stream: r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-opus-4-8","stop_reason":null,"usage":{"input_tokens":100,"cache_creation_input_tokens":2000,"cache_read_input_tokens":30000,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"A file, "}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"then."}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Let me look."}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" Größe ✓"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"read","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"path\": \"a."}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"txt\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_2","name":"bash","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"command\": \"echo \\\"ü\\\"\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":50}}

event: message_stop
data: {"type":"message_stop"}

"#,
        turn: Turn {
            text: TEXT.into(),
            reasoning: reasoning(
                id,
                Thought::Signed {
                    text: "A file, then.".into(),
                    signature: "EqQB".into(),
                },
            ),
            tool_calls: calls(["toolu_1", "toolu_2"]),
            finish: FinishReason::ToolCalls,
            usage: Some(Usage {
                input_tokens: 32_100,
                output_tokens: 50,
                reasoning_tokens: None,
                cache_read_tokens: 30_000,
                cache_write_tokens: 2000,
                // 100 at 5, 30 000 at 0.5, 2000 at 6.25, 50 at 25 dollars a million.
                cost: Some(MicroUsd(500 + 15_000 + 12_500 + 1250)),
            }),
        },
        thoughts: "A file, then.",
    }
}

pub(crate) fn openai() -> Sample {
    let id = "openai/gpt-5.5";
    Sample {
        id,
        stream: r#"event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","output":[]}}

event: response.output_item.added
data: {"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":""}}

event: response.reasoning_summary_part.added
data: {"type":"response.reasoning_summary_part.added","item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}

event: response.reasoning_summary_text.delta
data: {"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"A file, "}

event: response.reasoning_summary_text.delta
data: {"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"then."}

event: response.output_item.done
data: {"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"A file, then."}],"encrypted_content":"gAAA"}}

event: response.output_item.added
data: {"type":"response.output_item.added","output_index":1,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}}

event: response.content_part.added
data: {"type":"response.content_part.added","item_id":"msg_1","output_index":1,"content_index":0,"part":{"type":"output_text","text":""}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","item_id":"msg_1","output_index":1,"content_index":0,"delta":"Let me look."}

event: response.output_text.delta
data: {"type":"response.output_text.delta","item_id":"msg_1","output_index":1,"content_index":0,"delta":" Größe ✓"}

event: response.output_text.done
data: {"type":"response.output_text.done","item_id":"msg_1","output_index":1,"content_index":0,"text":"Let me look. Größe ✓"}

event: response.output_item.done
data: {"type":"response.output_item.done","output_index":1,"item":{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Let me look. Größe ✓"}]}}

event: response.output_item.added
data: {"type":"response.output_item.added","output_index":2,"item":{"id":"fc_1","type":"function_call","call_id":"call_a","name":"read","arguments":""}}

event: response.function_call_arguments.delta
data: {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":2,"delta":"{\"path\": \"a."}

event: response.function_call_arguments.delta
data: {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":2,"delta":"txt\"}"}

event: response.output_item.done
data: {"type":"response.output_item.done","output_index":2,"item":{"id":"fc_1","type":"function_call","call_id":"call_a","name":"read","arguments":"{\"path\": \"a.txt\"}"}}

event: response.output_item.added
data: {"type":"response.output_item.added","output_index":3,"item":{"id":"fc_2","type":"function_call","call_id":"call_b","name":"bash","arguments":""}}

event: response.function_call_arguments.delta
data: {"type":"response.function_call_arguments.delta","item_id":"fc_2","output_index":3,"delta":"{\"command\": \"echo \\\"ü\\\"\"}"}

event: response.output_item.done
data: {"type":"response.output_item.done","output_index":3,"item":{"id":"fc_2","type":"function_call","call_id":"call_b","name":"bash","arguments":"{\"command\": \"echo \\\"ü\\\"\"}"}}

event: response.completed
data: {"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":1000,"input_tokens_details":{"cached_tokens":800},"output_tokens":60,"output_tokens_details":{"reasoning_tokens":40},"total_tokens":1060}}}

"#,
        turn: Turn {
            text: TEXT.into(),
            reasoning: reasoning(
                id,
                Thought::Item {
                    item: json!({
                        "id": "rs_1",
                        "type": "reasoning",
                        "summary": [{"type": "summary_text", "text": "A file, then."}],
                        "encrypted_content": "gAAA",
                    }),
                },
            ),
            tool_calls: calls(["call_a", "call_b"]),
            finish: FinishReason::ToolCalls,
            usage: Some(Usage {
                input_tokens: 1000,
                output_tokens: 60,
                reasoning_tokens: Some(40),
                cache_read_tokens: 800,
                cache_write_tokens: 0,
                // 200 at 5, 800 at 0.5, 60 at 30 dollars a million.
                cost: Some(MicroUsd(1000 + 400 + 1800)),
            }),
        },
        thoughts: "A file, then.",
    }
}

const CHAT: &str = r#": OPENROUTER PROCESSING

data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":"A file, "},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"reasoning_content":"then."},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Let me look."},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" Größe ✓"},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"read","arguments":""}}]},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\": \"a."}}]},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"txt\"}"}},{"index":1,"id":"call_b","type":"function","function":{"name":"bash","arguments":"{\"command\": \"echo \\\"ü\\\"\"}"}}]},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: {"id":"c1","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":60,"total_tokens":1060,"prompt_tokens_details":{"cached_tokens":800},"completion_tokens_details":{"reasoning_tokens":40}}}

data: [DONE]

"#;

fn chat(id: &'static str, cost: Option<u64>) -> Sample {
    Sample {
        id,
        stream: CHAT,
        turn: Turn {
            text: TEXT.into(),
            reasoning: reasoning(
                id,
                Thought::Field {
                    name: "reasoning_content".into(),
                    value: json!("A file, then."),
                },
            ),
            tool_calls: calls(["call_a", "call_b"]),
            finish: FinishReason::ToolCalls,
            usage: Some(Usage {
                input_tokens: 1000,
                output_tokens: 60,
                reasoning_tokens: Some(40),
                cache_read_tokens: 800,
                cache_write_tokens: 0,
                cost: cost.map(MicroUsd),
            }),
        },
        thoughts: "A file, then.",
    }
}

/// Nothing is known of its price: the catalogue is not there.
pub(crate) fn router() -> Sample {
    chat("moonshotai/Kimi-K2.6:novita", None)
}

/// On this machine, so it costs nothing.
pub(crate) fn llamacpp() -> Sample {
    chat("llamacpp/default", Some(0))
}
