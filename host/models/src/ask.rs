//! What one attempt asks of a provider, whatever its wire format.

use agent::{Effort, Message, ModelInfo, Part, Reasoning, ReasoningBlock, TurnRequest, in_words};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::catalogue::Thinking;
use crate::fit::Fit;

/// One attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The full id: only reasoning that came from it goes back to it.
    pub(crate) id: &'a str,
    /// What the provider calls the model.
    pub(crate) name: &'a str,
    pub(crate) request: TurnRequest<'a>,
    pub(crate) info: &'a ModelInfo,
    /// How the model is told to think, as far as the table knows.
    pub(crate) thinking: Thinking,
    /// The effort to ask for, of those that the model takes.
    pub(crate) effort: Option<Effort>,
    pub(crate) fit: &'a Fit,
}

/// How guidance of the host's is marked where a provider has no other role for it than the person's.
pub(crate) fn marked(note: &str) -> String {
    format!("[Guidance from the host, not from the user]\n{note}")
}

/// What stands where nothing was said: providers refuse empty text.
pub(crate) const NO_OUTPUT: &str = "(no output)";

impl<'a> Ask<'a> {
    /// The reasoning of a message that goes back: this model's own, and none that was refused before.
    pub(crate) fn replayed(&self, reasoning: Option<&'a Reasoning>) -> Vec<&'a ReasoningBlock> {
        let Some(reasoning) = reasoning else {
            return Vec::new();
        };
        if self.fit.no_replay || reasoning.model != self.id {
            return Vec::new();
        }
        let blocks = reasoning.blocks.iter();
        blocks
            .filter(|block| !self.fit.is_spoiled(&block.thought))
            .collect()
    }

    /// Whether pictures can be sent as such.
    pub(crate) fn sees(&self) -> bool {
        self.info.images != Some(false) && !self.fit.no_images
    }

    /// How many calls the conversation has.
    pub(crate) fn calls_before(&self) -> usize {
        let messages = self.request.messages.iter();
        messages
            .map(|message| match message {
                Message::Assistant { tool_calls, .. } => tool_calls.len(),
                _ => 0,
            })
            .sum()
    }
}

/// A piece of an assistant's turn, in its order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece<'a> {
    Thought(&'a ReasoningBlock),
    Text(&'a str),
    /// The number of the call.
    Call(usize),
}

/// A turn's words, calls and thoughts in the order in which they came. Words come before calls; a thought's place counts
/// as far as the turn still has it (a summary may have shortened it).
pub(crate) fn pieces<'a>(
    text: &'a str,
    calls: usize,
    thoughts: &[&'a ReasoningBlock],
) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut said = 0;
    let mut called = 0;
    let mut say = |pieces: &mut Vec<Piece<'a>>, to: usize| {
        let mut to = to.clamp(said, text.len());
        while !text.is_char_boundary(to) {
            to = to.saturating_sub(1).max(said);
        }
        if let Some(part) = text.get(said..to).filter(|part| !part.is_empty()) {
            pieces.push(Piece::Text(part));
        }
        said = to.max(said);
    };
    for thought in thoughts {
        say(&mut pieces, thought.after_text);
        let until = thought.after_calls.min(calls);
        if until > called {
            // What was said after a call stands before it: that is where the turn has it.
            say(&mut pieces, text.len());
        }
        while called < until {
            pieces.push(Piece::Call(called));
            called += 1;
        }
        pieces.push(Piece::Thought(thought));
    }
    say(&mut pieces, text.len());
    pieces.extend((called..calls).map(Piece::Call));
    pieces
}

/// A picture as a `data:` URL (RFC 2397).
pub(crate) fn data_url(mime: &str, bytes: &[u8]) -> String {
    format!("data:{mime};base64,{}", base64(bytes))
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Whether providers take pictures of this kind.
pub(crate) fn is_picture(mime: &str) -> bool {
    ["image/png", "image/jpeg", "image/gif", "image/webp"].contains(&mime)
}

/// A part in words.
pub(crate) fn words(part: &Part) -> String {
    in_words(std::slice::from_ref(part))
}

/// The arguments of a call as an object, for providers that take nothing else. The loop lets no other text into a
/// conversation; what comes from elsewhere may have some.
pub(crate) fn arguments_object(text: &str) -> serde_json::Value {
    match serde_json::from_str(text) {
        Ok(object @ serde_json::Value::Object(_)) => object,
        _ => serde_json::json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agent::Thought;

    fn block(after_text: usize, after_calls: usize) -> ReasoningBlock {
        ReasoningBlock {
            thought: Thought::Redacted {
                data: format!("{after_text}/{after_calls}"),
            },
            after_text,
            after_calls,
        }
    }

    fn shown(text: &str, calls: usize, blocks: &[ReasoningBlock]) -> String {
        let refs: Vec<&ReasoningBlock> = blocks.iter().collect();
        let pieces = pieces(text, calls, &refs);
        let words: Vec<String> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Thought(block) => format!("t{}/{}", block.after_text, block.after_calls),
                Piece::Text(text) => format!("{text:?}"),
                Piece::Call(call) => format!("c{call}"),
            })
            .collect();
        words.join(" ")
    }

    #[test]
    fn the_order_of_a_turn() {
        let table = [
            ("ab", 2, vec![], r#""ab" c0 c1"#),
            ("", 1, vec![block(0, 0)], "t0/0 c0"),
            (
                "ab",
                1,
                vec![block(0, 0), block(1, 0)],
                r#"t0/0 "a" t1/0 "b" c0"#,
            ),
            ("ab", 2, vec![block(2, 1)], r#""ab" c0 t2/1 c1"#),
            ("ab", 2, vec![block(2, 2)], r#""ab" c0 c1 t2/2"#),
            // The text was shortened, the calls were dropped.
            ("a", 0, vec![block(5, 3)], r#""a" t5/3"#),
            // In the midst of a character.
            ("é", 0, vec![block(1, 0)], r#"t1/0 "é""#),
            // Words after a call.
            ("ab", 1, vec![block(1, 1)], r#""a" "b" c0 t1/1"#),
        ];
        for (text, calls, blocks, expected) in table {
            assert_eq!(shown(text, calls, &blocks), expected, "{text} {calls}");
        }
    }

    #[test]
    fn objects() {
        assert_eq!(arguments_object(r#"{"a":1}"#), serde_json::json!({"a": 1}));
        for text in ["", "[1]", "{", "null"] {
            assert_eq!(arguments_object(text), serde_json::json!({}), "{text}");
        }
        assert_eq!(
            data_url("image/png", &[0, 255]),
            "data:image/png;base64,AP8="
        );
    }
}
