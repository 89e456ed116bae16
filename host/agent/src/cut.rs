//! What a compaction keeps of a conversation, and what the conversation is afterwards.
//!
//! | part | what it is |
//! | --- | --- |
//! | head | the prompt, what the host says at the start, and the first thing that the person said |
//! | note | what was between, in short; and the plan |
//! | user | the last thing that the person said, where the tail does not have it |
//! | tail | the last messages; calls and their results are never parted |
//!
//! A compaction is in the journal as it is here, so that a resumed session has the same conversation.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::clip::{Kept, Shown, clip, clip_parts};
use crate::{Message, Part, ToolCall, in_words};

/// Messages that the tail has at least, where they fit.
const TAIL: usize = 5;

/// Below so many bytes for each message, pictures go too.
const WITHOUT_PICTURES: usize = 4_096;

/// A compaction: what becomes of the messages by their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Compaction {
    /// The first messages, as many as this, stay.
    pub(crate) head: usize,
    /// What takes the place of those in between; none where there are none.
    pub(crate) note: Option<String>,
    /// This one stays.
    pub(crate) user: Option<usize>,
    /// And those from here on.
    pub(crate) tail: usize,
    /// Texts of what stays that are longer than this, in bytes, lose their middle.
    pub(crate) longest: Option<usize>,
}

impl Compaction {
    /// The parts of a conversation, for a tail of so many tokens at most, and of one group of calls and results at
    /// least. `tokens` tells how many a message has.
    pub(crate) fn plan(
        messages: &[Message],
        most: u64,
        tokens: impl Fn(&Message) -> u64,
    ) -> Compaction {
        let is_user = |message: &Message| matches!(message, Message::User { .. });
        let head = messages
            .iter()
            .position(is_user)
            .map_or_else(|| messages.len().min(1), |first| first + 1);
        let mut tail = messages.len();
        let mut size = 0_u64;
        while tail > head {
            let from = group(messages, tail).max(head);
            let group = messages.get(from..tail).unwrap_or_default();
            size = group.iter().map(&tokens).fold(size, u64::saturating_add);
            let enough = messages.len() - tail >= TAIL;
            if tail < messages.len() && (enough || size > most) {
                break;
            }
            tail = from;
        }
        let user = messages
            .iter()
            .rposition(is_user)
            .filter(|last| (head..tail).contains(last));
        Compaction {
            head,
            note: None,
            user,
            tail,
            longest: None,
        }
    }

    /// The messages that go.
    pub(crate) const fn middle(&self) -> Range<usize> {
        self.head..self.tail
    }

    /// Whether any message goes.
    pub(crate) fn drops(&self) -> bool {
        self.middle().any(|at| Some(at) != self.user)
    }

    /// The conversation afterwards.
    pub(crate) fn apply(&self, messages: Vec<Message>) -> Vec<Message> {
        let mut after: Vec<Message> = Vec::with_capacity(messages.len().min(self.head + TAIL + 2));
        let mut note = self.note.clone();
        for (at, message) in messages.into_iter().enumerate() {
            let stays = at < self.head || at >= self.tail || Some(at) == self.user;
            if !stays {
                continue;
            }
            if at >= self.head
                && let Some(mut text) = note.take()
            {
                // Two notes in a row are one.
                if let Message::Note { text: next } = &message {
                    text = format!("{text}\n\n{next}");
                    after.push(Message::Note { text });
                    continue;
                }
                after.push(Message::Note { text });
            }
            let is_prompt = matches!(message, Message::System { .. });
            after.push(match self.longest {
                Some(longest) if !is_prompt => shorten(message, longest),
                _ => message,
            });
        }
        after.extend(note.map(|text| Message::Note { text }));
        after
    }
}

/// Where the group begins that ends before this place: a message with calls and its results, or one message.
fn group(messages: &[Message], end: usize) -> usize {
    let results = messages
        .get(..end)
        .unwrap_or_default()
        .iter()
        .rev()
        .take_while(|message| matches!(message, Message::Tool { .. }))
        .count();
    end.saturating_sub(results + 1)
}

/// The message with its long texts cut. Calls and their names, results and their names, and what a model thought stay.
fn shorten(message: Message, longest: usize) -> Message {
    let shown = Shown::of(longest);
    let text = |text: String| {
        if text.len() > longest {
            clip(&text, shown, Kept::Journal)
        } else {
            text
        }
    };
    let parts = |content: Vec<Part>| {
        let content = if longest < WITHOUT_PICTURES {
            content.into_iter().map(without_picture).collect()
        } else {
            content
        };
        clip_parts(&content, shown, Kept::Journal)
    };
    match message {
        Message::System { .. } => message,
        Message::Note { text: note } => Message::Note { text: text(note) },
        Message::User { content } => Message::User {
            content: parts(content),
        },
        Message::Assistant {
            text: words,
            reasoning,
            tool_calls,
        } => Message::Assistant {
            text: text(words),
            reasoning,
            tool_calls: tool_calls
                .into_iter()
                .map(|call| shorten_call(call, longest))
                .collect(),
        },
        Message::Tool {
            tool_call_id,
            name,
            content,
            structured,
            success,
        } => Message::Tool {
            tool_call_id,
            name,
            content: parts(content),
            structured,
            success,
        },
    }
}

fn without_picture(part: Part) -> Part {
    match part {
        Part::Image { .. } => Part::text(in_words(&[part])),
        other => other,
    }
}

/// Arguments have to stay JSON, so long ones go as a whole.
fn shorten_call(call: ToolCall, longest: usize) -> ToolCall {
    if call.arguments.len() <= longest {
        return call;
    }
    let omitted = format!(
        "arguments of {} bytes, left out to fit the context; they are in the session's journal",
        call.arguments.len()
    );
    ToolCall {
        arguments: serde_json::json!({ "omitted": omitted }).to_string(),
        ..call
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dangling::is_sound;
    use proptest::prelude::*;

    /// `s`ystem, `n`ote, `u`ser, `a`ssistant; `c2` asks for two calls and has their results.
    fn messages(text: &str) -> Vec<Message> {
        let mut messages = Vec::new();
        for word in text.split_whitespace() {
            let (role, calls) = word.split_at(1);
            let calls: Vec<ToolCall> = (0..calls.parse().unwrap_or(0))
                .map(|n: u32| ToolCall {
                    id: n.to_string(),
                    name: "t".into(),
                    arguments: "{}".into(),
                })
                .collect();
            messages.push(match role {
                "s" => Message::System { text: word.into() },
                "n" => Message::Note { text: word.into() },
                "u" => Message::User {
                    content: vec![Part::text(word)],
                },
                _ => Message::Assistant {
                    text: word.into(),
                    reasoning: None,
                    tool_calls: calls.clone(),
                },
            });
            messages.extend(calls.iter().map(|call| Message::Tool {
                tool_call_id: call.id.clone(),
                name: "t".into(),
                content: vec![Part::text("done")],
                structured: None,
                success: true,
            }));
        }
        messages
    }

    fn shape(messages: &[Message]) -> String {
        let letters: Vec<&str> = messages
            .iter()
            .map(|message| match message {
                Message::System { .. } => "s",
                Message::Note { text } if text.starts_with("short") => "N",
                Message::Note { .. } => "n",
                Message::User { .. } => "u",
                Message::Assistant { tool_calls, .. } if tool_calls.is_empty() => "a",
                Message::Assistant { .. } => "c",
                Message::Tool { .. } => "t",
            })
            .collect();
        letters.concat()
    }

    /// Each message has one token.
    #[test]
    fn what_stays() {
        let table = [
            // Nothing between: nothing goes.
            ("s", 9, "s", false),
            ("s u", 9, "su", false),
            ("s u a u a", 9, "suaua", false),
            // Five at the end, and more where calls would be parted from their results.
            ("s u a u a u a u a", 9, "suNauaua", true),
            ("s u c1 c1 c1 c1", 9, "suNctctct", true),
            ("s u c1 c5", 9, "suNcttttt", true),
            ("s u a a c1 c1", 9, "suNactct", true),
            // The last thing that the person said stays, wherever it is.
            ("s u a u c1 c1 c1 c1", 9, "suNuctctct", true),
            ("s n u a u c1 c1 c1", 9, "snuNuctctct", true),
            // What is too large goes, but never the last group.
            ("s u c1 c1 c1", 4, "suNctct", true),
            ("s u c1 c1 c1", 1, "suNct", true),
            ("s u c1 c9", 1, "suNcttttttttt", true),
            // Two notes in a row are one.
            ("s u c1 c1 n c1 c1", 5, "suNctct", true),
            // Nobody has said anything yet.
            ("s a a a a a a a", 9, "sNaaaaa", true),
        ];
        for (text, most, after, drops) in table {
            let messages = messages(text);
            let mut compaction = Compaction::plan(&messages, most, |_| 1);
            assert_eq!(compaction.drops(), drops, "{text}");
            compaction.note = drops.then(|| "short".to_owned());
            let found = compaction.apply(messages);
            assert_eq!(shape(&found), after, "{text}");
            assert!(is_sound(&found));
        }
    }

    #[test]
    fn long_texts_lose_their_middle() {
        let long = "x".repeat(100);
        let before = vec![
            Message::System { text: long.clone() },
            Message::User {
                content: vec![Part::text(long.clone())],
            },
            Message::Assistant {
                text: long.clone(),
                reasoning: None,
                tool_calls: vec![ToolCall {
                    id: "1".into(),
                    name: "write".into(),
                    arguments: format!("{{\"content\":\"{long}\"}}"),
                }],
            },
            Message::Tool {
                tool_call_id: "1".into(),
                name: "write".into(),
                content: vec![
                    Part::text(long.clone()),
                    Part::Image {
                        mime: "image/png".into(),
                        bytes: vec![1],
                        alt: "loss".into(),
                    },
                ],
                structured: None,
                success: true,
            },
        ];
        let mut compaction = Compaction::plan(&before, 9, |_| 1);
        assert_eq!(compaction.apply(before.clone()), before);
        compaction.longest = Some(200);
        let after = compaction.apply(before.clone());
        let [
            Message::System { text },
            _,
            _,
            Message::Tool { content, .. },
        ] = after.as_slice()
        else {
            panic!("{after:?}")
        };
        assert_eq!(text, &long);
        let words = Part::text("[image: loss (image/png, 1 bytes)]");
        assert_eq!(content, &[Part::text(long.clone()), words]);

        compaction.longest = Some(10);
        let after = compaction.apply(before);
        let Message::Assistant {
            tool_calls, text, ..
        } = &after[2]
        else {
            panic!("{after:?}")
        };
        assert!(
            text.starts_with("xxxx\n[… 90 of 100 characters left out;"),
            "{text}"
        );
        assert_eq!(
            tool_calls[0].arguments,
            r#"{"omitted":"arguments of 114 bytes, left out to fit the context; they are in the session's journal"}"#
        );
        assert!(is_sound(&after));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the conversation was: the prompt, what the person said first and last, and the last calls are there;
        /// each call has its result; and two messages of one kind do not follow each other where they did not before.
        #[test]
        fn nothing_that_counts_is_lost(words in prop::collection::vec("[ua]|c[1-3]|u c[1-3]", 0..24), most in 0_u64..20) {
            let before = messages(&format!("s u {}", words.join(" ")));
            let mut compaction = Compaction::plan(&before, most, |_| 1);
            let drops = compaction.drops();
            compaction.note = drops.then(|| "short".to_owned());
            let after = compaction.apply(before.clone());
            prop_assert!(is_sound(&after));
            prop_assert_eq!(&after[..2], &before[..2]);
            let last = |messages: &[Message]| {
                messages.iter().rev().find(|m| matches!(m, Message::User { .. })).cloned()
            };
            prop_assert_eq!(last(&after), last(&before));
            prop_assert_eq!(after.last(), before.last());
            prop_assert_eq!(drops, shape(&after).contains('N'));
            prop_assert!(after.len() <= before.len() + 1);
        }
    }
}
