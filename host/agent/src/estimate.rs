//! How many tokens something has, where no model has counted them yet.
//!
//! A model's own usage is what counts; an estimate only bridges the time from one answer to the next, and
//! [`Context`](crate::context::Context) corrects it by what the model said before.

use crate::{Message, Part, Reasoning, Thought, ToolSpec};

/// Guesses the number of tokens of a text. Implemented with a tokenizer where somebody has one.
pub trait Estimator: Send + Sync {
    /// Tokens of a text.
    fn text(&self, text: &str) -> u64;
}

/// A token for every four bytes, rounded up: about right for English and code, and too many for most other scripts,
/// which is the safe side.
#[derive(Debug, Clone, Copy, Default)]
pub struct ByLength;

/// Bytes that one token stands for.
pub(crate) const BYTES_PER_TOKEN: u64 = 4;

impl Estimator for ByLength {
    fn text(&self, text: &str) -> u64 {
        (text.len() as u64).div_ceil(BYTES_PER_TOKEN)
    }
}

/// What a message has around its content: its role, and marks between messages.
const FRAME: u64 = 4;
/// What a call or a tool has around its content.
const CALL: u64 = 8;
/// A picture. Providers scale large ones down to about this.
const IMAGE: u64 = 1_600;

/// Tokens of a message.
pub(crate) fn message(estimator: &dyn Estimator, message: &Message) -> u64 {
    let content = match message {
        Message::System { text } | Message::Note { text } => estimator.text(text),
        Message::User { content } => parts(estimator, content),
        Message::Assistant {
            text,
            reasoning,
            tool_calls,
        } => {
            let calls = tool_calls
                .iter()
                .map(|call| CALL + estimator.text(&call.name) + estimator.text(&call.arguments));
            calls.sum::<u64>()
                + estimator.text(text)
                + reasoning
                    .as_ref()
                    .map_or(0, |reasoning| thoughts(estimator, reasoning))
        }
        Message::Tool { content, .. } => CALL + parts(estimator, content),
    };
    FRAME + content
}

fn parts(estimator: &dyn Estimator, parts: &[Part]) -> u64 {
    parts
        .iter()
        .map(|part| match part {
            Part::Text { text } => estimator.text(text),
            Part::Image { alt, .. } => IMAGE + estimator.text(alt),
            Part::Link { uri, title, .. } => estimator.text(uri) + estimator.text(title),
        })
        .sum()
}

fn thoughts(estimator: &dyn Estimator, reasoning: &Reasoning) -> u64 {
    reasoning
        .blocks
        .iter()
        .map(|block| match &block.thought {
            Thought::Signed { text, signature } => estimator.text(text) + estimator.text(signature),
            Thought::Redacted { data } => estimator.text(data),
            Thought::Item { item } => estimator.text(&item.to_string()),
            Thought::Field { value, .. } => estimator.text(&value.to_string()),
        })
        .sum()
}

/// Tokens of the tools on offer.
pub(crate) fn specs(estimator: &dyn Estimator, specs: &[ToolSpec]) -> u64 {
    specs
        .iter()
        .map(|spec| {
            CALL + estimator.text(&spec.name)
                + estimator.text(&spec.description)
                + estimator.text(&spec.parameters.to_string())
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ReasoningBlock, ToolCall};
    use serde_json::json;

    #[test]
    fn each_message() {
        let user = |content| Message::User { content };
        let image = Part::Image {
            mime: "image/png".into(),
            bytes: vec![0; 1 << 20],
            alt: "loss".into(),
        };
        let table = [
            (Message::System { text: "".into() }, 4),
            (
                Message::Note {
                    text: "12345".into(),
                },
                6,
            ),
            (user(vec![Part::text("1234"), Part::text("é")]), 6),
            (user(vec![image]), 1_605),
            (
                Message::Assistant {
                    text: "1234".into(),
                    reasoning: Some(Reasoning {
                        model: "m".into(),
                        blocks: vec![ReasoningBlock {
                            thought: Thought::Signed {
                                text: "12345678".into(),
                                signature: "1".into(),
                            },
                            after_text: 0,
                            after_calls: 0,
                        }],
                    }),
                    tool_calls: vec![ToolCall {
                        id: "a".into(),
                        name: "bash".into(),
                        arguments: "{}".into(),
                    }],
                },
                4 + 1 + 3 + 8 + 1 + 1,
            ),
            (
                Message::Tool {
                    tool_call_id: "a".into(),
                    name: "bash".into(),
                    content: vec![Part::text("12345678")],
                    structured: Some(json!("not sent")),
                    success: true,
                },
                14,
            ),
        ];
        for (one, tokens) in table {
            assert_eq!(message(&ByLength, &one), tokens, "{one:?}");
        }
        let spec = ToolSpec {
            name: "bash".into(),
            description: "Runs".into(),
            parameters: json!({}),
        };
        assert_eq!(specs(&ByLength, &[spec.clone(), spec]), 22);
    }
}
