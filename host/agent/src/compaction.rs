//! Making a conversation shorter that does not fit any more.
//!
//! What goes is said in short by the model; what stays is in [`cut`](crate::cut). The originals stay in the journal.
//!
//! | what happens | what is done |
//! | --- | --- |
//! | the summary fits behind what it is about | one request, which the provider's cache has most of |
//! | it does not, or the provider says so | the conversation is summarised part by part, in smaller parts where needed |
//! | a request fails in a way that may pass | it is sent again, twice, after a while |
//! | it fails for good | the middle is left out without a summary |
//! | what stays is still too long | its texts lose their middle, more and more of it |
//! | even that is too long | the turn ends, and says what does not fit |
//!
//! A compaction that does not make the conversation shorter is none, so it cannot be repeated for ever: each attempt of
//! the loop after an overflow assumes a smaller window, and counts.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clip::{Kept, Shown, clip};
use crate::cut::Compaction;
use crate::mark::{Mark, Method};
use crate::record::unrecordable;
use crate::stop::Stop;
use crate::thread::{Sending, Sent, Thread};
use crate::{Event, Message, ModelError, Part, Plan, ToolChoice, in_words};

/// Percent of the window from which on a conversation is made shorter.
pub(crate) const THRESHOLD: u64 = 90;
/// Percent of the window that a summary may have.
const SUMMARY: u64 = 10;
/// Percent of the window that the tail may have.
const TAIL: u64 = 30;
/// Percent of the window that one part of the conversation has, where it is summarised part by part.
const PIECE: u64 = 40;
/// Percent of the window that the conversation should have afterwards, so that the next compaction is far off.
const WANTED: u64 = 60;
/// Percent of the window that it must not exceed afterwards.
const BEARABLE: u64 = 85;
/// A message that has more tokens than this loses its middle.
const LONGEST_MESSAGE: u64 = 50_000;
/// The least that is left of a message, in bytes.
const SHORTEST_MESSAGE: usize = 512;
/// Parts that a conversation is summarised in at most.
const MAX_PIECES: usize = 32;
/// How often a part is made smaller after the provider said that it is too long.
const MAX_OVERFLOWS: u32 = 4;
/// How often one request is sent.
const ATTEMPTS: usize = 3;
/// How long is waited before it is sent again: otherwise, and where the rate of requests is limited.
const DELAYS: [(Duration, Duration); ATTEMPTS - 1] = [
    (Duration::from_secs(5), Duration::from_secs(30)),
    (Duration::from_secs(15), Duration::from_secs(60)),
];
/// The longest time that a provider's wish is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What the model is asked for behind the conversation.
const INSTRUCTION: &str = "\
The conversation is about to be made shorter: everything but its beginning and its last messages will be replaced by \
what you write now. Summarise it for somebody who goes on with the work and has not seen it. Say what the user wants, \
in their own words where they matter; what was done, with the paths, names, numbers and commands that count; what was \
decided and why; what failed and what was learned from it; and what is left to do. Be concise. Do not call tools.";

/// What a model is told to be that summarises part by part.
const SUMMARISER: &str = "\
You summarise a long conversation between a user, an assistant and its tools, part by part, for somebody who goes on \
with the work and has not seen it. You get the summary so far and the next part. Answer with one new summary of both, \
and nothing else: what the user wants; what was done, with the paths, names, numbers and commands that count; what was \
decided and why; what failed; and what is left to do. Be concise.";

const HEADING: &str = "Earlier messages of this conversation were replaced by this summary:";

/// A compaction that has been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Compacted {
    pub(crate) old_tokens: u64,
    pub(crate) new_tokens: u64,
}

impl Thread {
    /// Whether the next request is too long.
    pub(crate) fn is_full(&self) -> bool {
        self.context.tokens() > self.context.share(THRESHOLD)
    }

    /// The provider said that the conversation is too long: a smaller window is assumed from now on.
    pub(crate) fn overflowed(&mut self) -> Result<(), Stop> {
        self.context.overflowed();
        let tokens = self.context.window();
        self.record.mark(&Mark::Window { tokens })?;
        let line = format!(
            "the provider says that the conversation is too long; {tokens} tokens are assumed to fit from now on"
        );
        self.shared.events.send(self.view.log(line));
        Ok(())
    }

    /// Makes the conversation shorter. Where nothing can go, it stays as it is.
    ///
    /// # Errors
    ///
    /// Where it cannot be made to fit, or somebody stopped it.
    pub(crate) async fn compact(
        &mut self,
        plan: &Plan,
        cancel: &CancellationToken,
    ) -> Result<Compacted, Stop> {
        let old_tokens = self.context.tokens();
        let most = self.context.share(TAIL);
        let messages = self.context.messages();
        let mut cut = Compaction::plan(messages, most, |message| {
            self.context.tokens_of(std::slice::from_ref(message), false)
        });
        let mut method = Method::Clipping;
        if cut.drops() {
            let (found, summary) = match self.summarise(&cut, cancel).await? {
                Some(found) => found,
                None => (Method::Truncation, self.digest(&cut)),
            };
            method = found;
            cut.note = Some(note(&summary, plan));
        }
        self.shorten(cut, method, old_tokens)
    }

    /// Makes the conversation shorter without asking anybody.
    pub(crate) fn truncate(&mut self) -> Result<Compacted, Stop> {
        let old_tokens = self.context.tokens();
        let most = self.context.share(TAIL);
        let mut cut = Compaction::plan(self.context.messages(), most, |message| {
            self.context.tokens_of(std::slice::from_ref(message), false)
        });
        if cut.drops() {
            cut.note = Some(self.digest(&cut));
        }
        self.shorten(cut, Method::Truncation, old_tokens)
    }

    /// Does what was planned, and cuts as much from long texts as is needed for the rest to fit.
    fn shorten(
        &mut self,
        mut cut: Compaction,
        method: Method,
        old_tokens: u64,
    ) -> Result<Compacted, Stop> {
        let messages = self.context.messages();
        let ceiling = LONGEST_MESSAGE.min(self.context.share(100) / 8);
        let mut longest = self.context.bytes_of(ceiling);
        let mut after = cut.apply(messages.to_vec());
        let mut new_tokens = self.context.tokens_of(&after, true);
        while new_tokens > self.context.share(WANTED) && longest >= SHORTEST_MESSAGE {
            let shorter = Compaction {
                longest: Some(longest),
                ..cut.clone()
            };
            let messages = shorter.apply(messages.to_vec());
            let tokens = self.context.tokens_of(&messages, true);
            if tokens < new_tokens {
                (after, new_tokens, cut) = (messages, tokens, shorter);
            }
            longest /= 2;
        }
        if new_tokens > self.context.share(BEARABLE) {
            return Err(Stop::Full {
                needed: new_tokens,
                window: self.context.window(),
            });
        }
        // By estimate; what a model counted before may have been another number. Nothing is gained by less.
        let shorter = cut.drops() || cut.longest.is_some();
        if !shorter {
            return Ok(Compacted {
                old_tokens,
                new_tokens: old_tokens,
            });
        }
        let mark = Mark::Compaction {
            method,
            old_tokens,
            new_tokens,
            what: cut,
        };
        self.record.mark(&mark)?;
        self.context.replace(after);
        Ok(Compacted {
            old_tokens,
            new_tokens,
        })
    }

    /// Tells whoever watches.
    pub(crate) fn tell_compacted(&self, compacted: Compacted) {
        self.shared.events.send(Event::Compacted {
            old_tokens: compacted.old_tokens,
            new_tokens: compacted.new_tokens,
        });
    }

    /// The middle in short; none where no model says it.
    async fn summarise(
        &mut self,
        cut: &Compaction,
        cancel: &CancellationToken,
    ) -> Result<Option<(Method, String)>, Stop> {
        let before = self.context.messages().get(..cut.tail).unwrap_or_default();
        let mut messages = before.to_vec();
        messages.push(Message::Note {
            text: INSTRUCTION.to_owned(),
        });
        let input = self.context.tokens_of(&messages, true);
        let fits = input.saturating_add(self.context.share(SUMMARY)) <= self.context.window();
        if fits {
            match self.summary_of(&messages, true, cancel).await? {
                Summary::Words(words) => return Ok(Some((Method::Summary, words))),
                Summary::Failed => return Ok(None),
                Summary::TooLong => {}
            }
        }
        let pieces = self.in_pieces(cut, cancel).await?;
        Ok(pieces.map(|words| (Method::Pieces, words)))
    }

    /// The middle in short, part by part.
    async fn in_pieces(
        &mut self,
        cut: &Compaction,
        cancel: &CancellationToken,
    ) -> Result<Option<String>, Stop> {
        let middle = self
            .context
            .messages()
            .get(cut.middle())
            .unwrap_or_default();
        let text: String = middle.iter().map(transcript).collect();
        let mut size = self.context.bytes_of(self.context.share(PIECE)).max(1);
        if text.len() / size >= MAX_PIECES {
            return Ok(None);
        }
        let mut rest = text.as_str();
        let mut summary = String::new();
        let mut overflows = 0;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.ceil_char_boundary(size.min(rest.len())));
            let words = format!(
                "<summary>\n{summary}\n</summary>\n<next-part>\n{piece}\n</next-part>\nAnswer with the new summary."
            );
            let messages = [
                Message::System {
                    text: SUMMARISER.to_owned(),
                },
                Message::User {
                    content: vec![Part::text(words)],
                },
            ];
            match self.summary_of(&messages, false, cancel).await? {
                Summary::Words(words) => {
                    summary = words;
                    rest = after;
                }
                Summary::TooLong if overflows < MAX_OVERFLOWS => {
                    overflows += 1;
                    size = (size / 2).max(1);
                    if rest.len() / size >= MAX_PIECES {
                        return Ok(None);
                    }
                }
                Summary::TooLong | Summary::Failed => return Ok(None),
            }
        }
        Ok(Some(summary))
    }

    /// One summary, with the patience that it is worth.
    async fn summary_of(
        &mut self,
        messages: &[Message],
        with_tools: bool,
        cancel: &CancellationToken,
    ) -> Result<Summary, Stop> {
        for attempt in 0..ATTEMPTS {
            let specs = if with_tools { &*self.specs } else { &[] };
            let sent = self
                .send(
                    Sending {
                        messages,
                        specs,
                        choice: ToolChoice::None,
                        kind: "compaction",
                        input: self.context.tokens_of(messages, with_tools),
                        longest: Some(self.context.share(SUMMARY).max(1)),
                        delivered: &[],
                        stream: false,
                    },
                    cancel,
                )
                .await;
            let error = match sent {
                Ok(Sent {
                    turn,
                    call,
                    broken_off,
                }) => {
                    match self.record.llm_call(call.clone()) {
                        Err(error) if !unrecordable(&error) => return Err(error.into()),
                        _ => self.tell(&call),
                    }
                    if broken_off {
                        return Err(Stop::Interrupted);
                    }
                    let words = turn.text.trim();
                    return Ok(if words.is_empty() {
                        Summary::Failed
                    } else {
                        Summary::Words(words.to_owned())
                    });
                }
                Err(Stop::Model(error)) => error,
                Err(stop) => return Err(stop),
            };
            if matches!(error, ModelError::Overflow(_)) {
                return Ok(Summary::TooLong);
            }
            let delay = DELAYS.get(attempt).and_then(|delays| wait(&error, *delays));
            let Some(delay) = delay else {
                let line =
                    format!("no summary, so earlier messages are left out without one: {error}");
                self.shared.events.send(self.view.log(line));
                return Ok(Summary::Failed);
            };
            let line = format!(
                "no summary yet, trying again in {} s: {error}",
                delay.as_secs()
            );
            self.shared.events.send(self.view.log(line));
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(Stop::Interrupted),
                () = self.shared.clock.sleep(delay) => {}
            }
        }
        Ok(Summary::Failed)
    }

    /// What can be said of the middle without a model: what the person said, and which tools were called.
    fn digest(&self, cut: &Compaction) -> String {
        let middle = self
            .context
            .messages()
            .get(cut.middle())
            .unwrap_or_default();
        let bytes = self.context.bytes_of(self.context.share(SUMMARY));
        let mut lines = vec![format!(
            "{} earlier messages were left out; they are in the session's journal, which tools cannot read. Of them:",
            middle.len()
        )];
        for message in middle {
            match message {
                Message::User { content } => {
                    let words = clip(&in_words(content), Shown::of(400), Kept::Journal);
                    lines.push(format!("- the user said: {words}"));
                }
                Message::Assistant { tool_calls, .. } => {
                    lines.extend(tool_calls.iter().map(|call| {
                        let arguments: String = call.arguments.chars().take(100).collect();
                        format!("- called {}: {arguments}", call.name)
                    }));
                }
                Message::Note { text } => {
                    lines.push(clip(text, Shown::of(bytes / 2), Kept::Journal));
                }
                Message::System { .. } | Message::Tool { .. } => {}
            }
        }
        clip(&lines.join("\n"), Shown::of(bytes), Kept::Journal)
    }
}

/// What came of asking for a summary.
enum Summary {
    Words(String),
    /// The provider says that what it is about is too long.
    TooLong,
    Failed,
}

/// How long to wait before a request is sent again; none where that would not help.
fn wait(error: &ModelError, (other, rate): (Duration, Duration)) -> Option<Duration> {
    match error {
        ModelError::RateLimit { retry_after, .. } => {
            Some(retry_after.unwrap_or(rate).min(LONGEST_WAIT))
        }
        ModelError::Overload { retry_after, .. } => {
            Some(retry_after.unwrap_or(other).min(LONGEST_WAIT))
        }
        ModelError::Network(_) | ModelError::Truncated(_) => Some(other),
        _ => None,
    }
}

fn note(summary: &str, plan: &Plan) -> String {
    let plan = if plan.0.is_empty() {
        String::new()
    } else {
        format!("\n\nThe plan, as it is now:\n{}", plan.lines())
    };
    format!("{HEADING}\n\n{summary}{plan}")
}

/// A message in words, for a summary.
fn transcript(message: &Message) -> String {
    match message {
        Message::System { .. } => String::new(),
        Message::Note { text } => format!("[host] {text}\n"),
        Message::User { content } => format!("[user] {}\n", in_words(content)),
        Message::Assistant {
            text, tool_calls, ..
        } => {
            let calls: Vec<String> = tool_calls
                .iter()
                .map(|call| format!("[calls {}] {}\n", call.name, call.arguments))
                .collect();
            format!("[assistant] {text}\n{}", calls.concat())
        }
        Message::Tool {
            name,
            content,
            success,
            ..
        } => {
            let word = if *success { "result" } else { "failure" };
            format!("[{word} of {name}] {}\n", in_words(content))
        }
    }
}
