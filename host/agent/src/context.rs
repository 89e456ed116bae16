//! The conversation, and how many tokens it has.
//!
//! What the model counted last is taken as it is; what came after it is estimated, and the estimate is corrected by how
//! far it was off before. Adding a message costs the same in a long conversation as in a short one.

use std::sync::Arc;

use crate::{Estimator, Message, ToolSpec, Usage, estimate};

/// The context window of a model that nobody knows, in tokens. Where it is too large, the provider says so.
pub const DEFAULT_WINDOW: u64 = 200_000;

/// The smallest window that is assumed, in tokens.
const SMALLEST_WINDOW: u64 = 512;

/// One conversation.
#[derive(Clone)]
pub(crate) struct Context {
    messages: Vec<Message>,
    estimator: Arc<dyn Estimator>,
    /// Tokens of the tools on offer, by estimate.
    tools: u64,
    /// Tokens of all messages, by estimate.
    estimate: u64,
    measured: Option<Measured>,
    /// Tokens for each thousand that are estimated.
    ratio: u64,
    window: u64,
}

/// What the model counted.
#[derive(Debug, Clone, Copy)]
struct Measured {
    tokens: u64,
    /// The estimate of the same messages.
    estimate: u64,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("messages", &self.messages.len())
            .field("tokens", &self.tokens())
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

impl Context {
    pub(crate) fn new(
        messages: Vec<Message>,
        tools: &[ToolSpec],
        estimator: Arc<dyn Estimator>,
    ) -> Context {
        let mut context = Context {
            messages: Vec::new(),
            tools: estimate::specs(&*estimator, tools),
            estimator,
            estimate: 0,
            measured: None,
            ratio: 1_000,
            window: DEFAULT_WINDOW,
        };
        context.replace(messages);
        context
    }

    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(crate) fn push(&mut self, message: Message) {
        self.estimate += estimate::message(&*self.estimator, &message);
        self.messages.push(message);
    }

    /// Another conversation in the place of this one. What was learned about the estimate stays.
    pub(crate) fn replace(&mut self, messages: Vec<Message>) {
        self.estimate = messages
            .iter()
            .map(|message| estimate::message(&*self.estimator, message))
            .sum();
        self.messages = messages;
        self.measured = None;
    }

    /// Gives the messages away, to be [replaced](Self::replace).
    pub(crate) fn take(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.messages)
    }

    /// Tokens of the next request.
    pub(crate) fn tokens(&self) -> u64 {
        let estimate = self.tools + self.estimate;
        match self.measured {
            Some(measured) => {
                measured.tokens + self.corrected(estimate.saturating_sub(measured.estimate))
            }
            None => self.corrected(estimate),
        }
    }

    /// Tokens of other messages, sent with or without the tools.
    pub(crate) fn tokens_of(&self, messages: &[Message], with_tools: bool) -> u64 {
        let tools = if with_tools { self.tools } else { 0 };
        let sum: u64 = messages
            .iter()
            .map(|message| estimate::message(&*self.estimator, message))
            .sum();
        self.corrected(tools + sum)
    }

    /// Tokens of a text.
    pub(crate) fn tokens_of_text(&self, text: &str) -> u64 {
        self.corrected(self.estimator.text(text))
    }

    fn corrected(&self, estimate: u64) -> u64 {
        estimate.saturating_mul(self.ratio).div_ceil(1_000)
    }

    /// Bytes of text that so many tokens are, with what was learned about the estimate.
    pub(crate) fn bytes_of(&self, tokens: u64) -> usize {
        let bytes = tokens.saturating_mul(estimate::BYTES_PER_TOKEN * 1_000) / self.ratio.max(1);
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// The model's answer is the last message; this is what it counted.
    pub(crate) fn measure(&mut self, usage: &Usage) {
        if usage.input_tokens == 0 {
            return;
        }
        let answer = self
            .messages
            .last()
            .map_or(0, |last| estimate::message(&*self.estimator, last));
        let asked = (self.tools + self.estimate).saturating_sub(answer).max(1);
        // Twice or half as much is a model's way of counting; more is something that the estimate does not see, and that
        // a longer conversation does not have more of.
        self.ratio = (usage.input_tokens.saturating_mul(1_000) / asked).clamp(500, 2_000);
        self.measured = Some(Measured {
            tokens: usage.input_tokens.saturating_add(usage.output_tokens),
            estimate: self.tools + self.estimate,
        });
    }

    /// What the model counted when the conversation had so many messages.
    pub(crate) fn measured_before(&mut self, messages: usize, tokens: u64) {
        let Some(then) = self.messages.get(..messages) else {
            return;
        };
        let sum: u64 = then
            .iter()
            .map(|message| estimate::message(&*self.estimator, message))
            .sum();
        self.measured = Some(Measured {
            tokens,
            estimate: self.tools + sum,
        });
    }

    pub(crate) const fn window(&self) -> u64 {
        self.window
    }

    /// Another model, another window, in tokens.
    pub(crate) fn set_window(&mut self, window: u64) {
        self.window = window.max(SMALLEST_WINDOW);
    }

    /// The provider says that the conversation does not fit: the window is smaller than was thought. Halved, so that a
    /// few steps lead from any guess to any truth.
    pub(crate) fn overflowed(&mut self) {
        let believed = self.window.min(self.tokens());
        self.set_window(believed / 2);
        // What it counted was of another conversation, or wrong.
        self.measured = None;
    }

    /// A share of the window, in percent.
    pub(crate) const fn share(&self, percent: u64) -> u64 {
        // Divided first: a window can be as large as it likes.
        self.window / 100 * percent + self.window % 100 * percent / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ByLength, Part};

    fn user(bytes: usize) -> Message {
        Message::User {
            content: vec![Part::text("x".repeat(bytes))],
        }
    }

    fn context(messages: Vec<Message>) -> Context {
        Context::new(messages, &[], Arc::new(ByLength))
    }

    fn usage(input_tokens: u64, output_tokens: u64) -> Usage {
        Usage {
            input_tokens,
            output_tokens,
            ..Usage::default()
        }
    }

    #[test]
    fn measured_and_estimated() {
        let mut context = context(vec![user(384)]);
        assert_eq!(context.tokens(), 100);
        context.push(user(184));
        assert_eq!(context.tokens(), 150);
        // The model counted 120 for what was estimated as 100, and put out 30.
        context.measure(&usage(120, 30));
        assert_eq!(context.tokens(), 150);
        // What comes after is estimated as 100, and so taken for 120.
        context.push(user(384));
        assert_eq!(context.tokens(), 270);
        assert_eq!(context.tokens_of(&[user(384)], true), 120);
        assert_eq!(context.bytes_of(120), 400);
        // After a compaction all is estimated, with what was learned.
        context.replace(vec![user(384)]);
        assert_eq!(context.tokens(), 120);
        // A provider that counts nothing says nothing.
        context.measure(&usage(0, 0));
        assert_eq!(context.tokens(), 120);
    }

    #[test]
    fn corrections_are_bounded() {
        for (input, tokens) in [(10_000, 200), (1, 50), (150, 150)] {
            let mut context = context(vec![user(384), user(0)]);
            context.measure(&usage(input, 0));
            context.replace(vec![user(384)]);
            assert_eq!(context.tokens(), tokens, "{input}");
        }
    }

    #[test]
    fn a_window_that_was_too_large() {
        let mut context = context(vec![user(4 * 19_996)]);
        assert_eq!(context.window(), 200_000);
        let mut found = vec![];
        for _ in 0..3 {
            context.overflowed();
            found.push(context.window());
        }
        assert_eq!(found, [10_000, 5_000, 2_500]);
        context.set_window(0);
        assert_eq!(context.window(), SMALLEST_WINDOW);
        context.set_window(u64::MAX);
        assert_eq!(context.share(90), u64::MAX / 100 * 90 + 13);
        context.set_window(1_050);
        assert_eq!(context.share(90), 945);
    }
}
