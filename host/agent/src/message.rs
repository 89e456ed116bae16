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
