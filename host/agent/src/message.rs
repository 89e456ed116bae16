//! What a conversation is made of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One part of what a person or a tool said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Words.
    Text {
        /// UTF-8.
        text: String,
    },
    /// A picture.
    Image {
        /// A media type, for example `image/png`.
        mime: String,
        /// The file's bytes; base64 (RFC 4648 §4) in JSON.
        #[serde(rename = "data", with = "as_base64")]
        bytes: Vec<u8>,
        /// What it shows, for those who cannot see it.
        alt: String,
    },
    /// A pointer to something that is not part of the message.
    Link {
        /// Where it is: `workspace:/plot.png`, or an `https:` address.
        uri: String,
        /// Its media type, where known.
        mime: Option<String>,
        /// What to call it.
        title: String,
    },
}

impl Part {
    /// A text part.
    pub fn text(text: impl Into<String>) -> Part {
        Part::Text { text: text.into() }
    }
}

/// The parts in words, one after the other on lines of their own: for events, logs, and models that read nothing else.
#[must_use]
pub fn in_words(parts: &[Part]) -> String {
    let words: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Part::Text { text } => text.clone(),
            Part::Image { mime, bytes, alt } => {
                format!("[image: {alt} ({mime}, {} bytes)]", bytes.len())
            }
            Part::Link { uri, title, .. } => format!("[{title}]({uri})"),
        })
        .collect();
    words.join("\n")
}

/// A tool call as a model asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The model's own name for the call; its result goes back under the same name. The session's id is another one.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments as the model wrote them: meant to be the text of a JSON object, but it may be anything.
    pub arguments: String,
}

/// What a model thought in one turn, and whatever else its provider wants back word for word with that turn. It is sent
/// back to the model that it came from, and dropped for any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasoning {
    /// The id of that model, as [`ModelInfo`](crate::ModelInfo) has it.
    pub model: String,
    /// In the order in which they came.
    pub blocks: Vec<ReasoningBlock>,
}

/// One piece of it, and its place in the turn: some models think again between words and calls, and their providers
/// refuse another order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasoningBlock {
    /// The piece.
    pub thought: Thought,
    /// Bytes of the turn's text that came before it.
    pub after_text: usize,
    /// Calls of the turn that came before it.
    pub after_calls: usize,
}

/// A piece of reasoning in its provider's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Thought {
    /// A `thinking` block of Anthropic's Messages API. Without its signature it is not taken back.
    Signed {
        /// The words; may be empty where the provider does not show them.
        text: String,
        /// The provider's proof that they are its own.
        signature: String,
    },
    /// A `redacted_thinking` block of the Messages API.
    Redacted {
        /// Encrypted.
        data: String,
    },
    /// An output item of OpenAI's Responses API: reasoning, encrypted or not, or what marks the words that follow.
    Item {
        /// The whole item.
        item: Value,
    },
    /// A field of an assistant message in Chat Completions: `reasoning_content`, `reasoning`, `reasoning_details`.
    Field {
        /// The field.
        name: String,
        /// Its value.
        value: Value,
    },
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// What the model is told to be. The first message, once.
    System {
        /// The prompt.
        text: String,
    },
    /// What the host tells the model in between. Not the person's words, and never sent as such: a provider without
    /// system messages in mid-conversation has to mark it.
    Note {
        /// The guidance.
        text: String,
    },
    /// What the person said.
    User {
        /// Their words and pictures.
        content: Vec<Part>,
    },
    /// What the model said.
    Assistant {
        /// Its words; may be empty.
        text: String,
        /// What it thought, as its provider wants it back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reasoning: Option<Reasoning>,
        /// The calls it asked for, in order.
        tool_calls: Vec<ToolCall>,
    },
    /// What came of one call.
    Tool {
        /// The model's name for the call.
        tool_call_id: String,
        /// The tool.
        name: String,
        /// The result, or the failure in words.
        content: Vec<Part>,
        /// The result as JSON, for programs; models read the content.
        structured: Option<Value>,
        /// Whether the call gave a result.
        success: bool,
    },
}

/// Bytes as base64 text.
mod as_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        STANDARD
            .decode(String::deserialize(deserializer)?)
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A journal or a session file from before there was reasoning is still read.
    #[test]
    fn reasoning_in_json() {
        let plain = json!({"role": "assistant", "text": "a", "tool_calls": []});
        let message = Message::Assistant {
            text: "a".into(),
            reasoning: None,
            tool_calls: vec![],
        };
        assert_eq!(serde_json::to_value(&message).unwrap(), plain);
        assert_eq!(serde_json::from_value::<Message>(plain).unwrap(), message);

        let table = [
            (
                Thought::Signed {
                    text: "hm".into(),
                    signature: "s".into(),
                },
                json!({"type": "signed", "text": "hm", "signature": "s"}),
            ),
            (
                Thought::Redacted { data: "d".into() },
                json!({"type": "redacted", "data": "d"}),
            ),
            (
                Thought::Item {
                    item: json!({"type": "reasoning", "id": "rs_1"}),
                },
                json!({"type": "item", "item": {"type": "reasoning", "id": "rs_1"}}),
            ),
            (
                Thought::Field {
                    name: "reasoning_content".into(),
                    value: json!("hm"),
                },
                json!({"type": "field", "name": "reasoning_content", "value": "hm"}),
            ),
        ];
        for (thought, value) in table {
            assert_eq!(serde_json::to_value(&thought).unwrap(), value);
            let reasoning = Reasoning {
                model: "m".into(),
                blocks: vec![ReasoningBlock {
                    thought,
                    after_text: 1,
                    after_calls: 0,
                }],
            };
            let whole = json!({"model": "m", "blocks": [{"thought": value, "after_text": 1, "after_calls": 0}]});
            assert_eq!(serde_json::to_value(&reasoning).unwrap(), whole);
            assert_eq!(
                serde_json::from_value::<Reasoning>(whole).unwrap(),
                reasoning
            );
        }
    }

    #[test]
    fn parts_in_words_and_in_json() {
        let table = [
            (Part::text("a"), "a", json!({"type": "text", "text": "a"})),
            (
                Part::Image {
                    mime: "image/png".into(),
                    bytes: vec![0, 255],
                    alt: "loss".into(),
                },
                "[image: loss (image/png, 2 bytes)]",
                json!({"type": "image", "mime": "image/png", "data": "AP8=", "alt": "loss"}),
            ),
            (
                Part::Link {
                    uri: "workspace:/a.csv".into(),
                    mime: Some("text/csv".into()),
                    title: "table".into(),
                },
                "[table](workspace:/a.csv)",
                json!({"type": "link", "uri": "workspace:/a.csv", "mime": "text/csv", "title": "table"}),
            ),
        ];
        for (part, words, value) in table {
            assert_eq!(in_words(std::slice::from_ref(&part)), words);
            assert_eq!(serde_json::to_value(&part).unwrap(), value);
            assert_eq!(serde_json::from_value::<Part>(value).unwrap(), part);
        }
        assert_eq!(in_words(&[Part::text("a"), Part::text("b")]), "a\nb");
        assert_eq!(in_words(&[]), "");
    }
}
