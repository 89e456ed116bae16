//! A turn while it comes.

use std::ops::ControlFlow;

use agent::{
    FinishReason, MicroUsd, Reasoning, ReasoningBlock, Thought, ToolCall, Turn, TurnSink, Usage,
};

/// Bytes of words, thoughts and arguments that one turn may have. No model says so much; a broken server may.
pub(crate) const MAX_TURN_BYTES: usize = 64 * 1024 * 1024;

/// Collects a turn, and passes its words on.
pub(crate) struct Assembly<'s> {
    sink: &'s mut dyn TurnSink,
    text: String,
    calls: Vec<ToolCall>,
    blocks: Vec<ReasoningBlock>,
    pub(crate) finish: Option<FinishReason>,
    pub(crate) usage: Option<Usage>,
    /// Whether anything went to the sink that a new beginning makes void.
    shown: bool,
    bytes: usize,
}

impl<'s> Assembly<'s> {
    pub(crate) fn new(sink: &'s mut dyn TurnSink) -> Assembly<'s> {
        Assembly {
            sink,
            text: String::new(),
            calls: Vec::new(),
            blocks: Vec::new(),
            finish: None,
            usage: None,
            shown: false,
            bytes: 0,
        }
    }

    /// Words.
    pub(crate) fn text(&mut self, piece: &str) {
        if !piece.is_empty() {
            self.text.push_str(piece);
            self.bytes = self.bytes.saturating_add(piece.len());
            self.shown = true;
            self.sink.text(piece);
        }
    }

    /// Thoughts, for whoever watches. What goes back to the provider comes by [`Assembly::thought`].
    pub(crate) fn thinking(&mut self, piece: &str) {
        if !piece.is_empty() {
            self.bytes = self.bytes.saturating_add(piece.len());
            self.shown = true;
            self.sink.reasoning(piece);
        }
    }

    /// Reasoning to be sent back, at this place of the turn.
    pub(crate) fn thought(&mut self, thought: Thought) {
        self.blocks.push(ReasoningBlock {
            thought,
            after_text: self.text.len(),
            after_calls: self.calls.len(),
        });
    }

    /// Reasoning to be sent back, from before everything else of the turn.
    pub(crate) fn first_thought(&mut self, thought: Thought) {
        self.blocks.push(ReasoningBlock {
            thought,
            after_text: 0,
            after_calls: 0,
        });
    }

    /// A call begins; its number.
    pub(crate) fn call(&mut self, id: &str, name: &str) -> usize {
        let index = self.calls.len();
        self.calls.push(ToolCall {
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: String::new(),
        });
        index
    }

    /// A call that has begun.
    pub(crate) fn call_mut(&mut self, index: usize) -> Option<&mut ToolCall> {
        self.calls.get_mut(index)
    }

    /// More of a call's arguments.
    pub(crate) fn arguments(&mut self, index: usize, piece: &str) {
        self.bytes = self.bytes.saturating_add(piece.len());
        if let Some(call) = self.calls.get_mut(index) {
            call.arguments.push_str(piece);
        }
    }

    /// Whether the turn is larger than any can be.
    pub(crate) fn is_too_large(&self) -> bool {
        self.bytes > MAX_TURN_BYTES
    }

    /// Whether nothing came of it.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.calls.is_empty()
    }

    pub(crate) fn text_len(&self) -> usize {
        self.text.len()
    }

    /// Says what an attempt that failed has used, if its answer had begun. Gives how long the answer to another one may be
    /// at most; `most` is how long this one might have been.
    pub(crate) fn lost(
        &mut self,
        cost: Option<MicroUsd>,
        most: Option<u64>,
    ) -> ControlFlow<(), Option<u64>> {
        if self.usage.is_none() && self.bytes == 0 {
            return ControlFlow::Continue(most);
        }
        self.sink
            .lost(self.usage.map(|usage| Usage { cost, ..usage }))
    }

    /// Tells whoever watches why it begins anew. What was shown is void.
    pub(crate) fn give_up(self, line: &str) {
        self.sink.status(line);
        if self.shown {
            self.sink.restart();
        }
    }

    /// The turn. `calls_before` is how many calls the conversation has already: a call without an id gets a new one.
    pub(crate) fn turn(self, model: &str, calls_before: usize, cost: Option<MicroUsd>) -> Turn {
        let mut calls = self.calls;
        name_calls(&mut calls, calls_before);
        let finish = match self.finish.unwrap_or_default() {
            // Servers say `stop` after calls too, and `tool_calls` without any.
            FinishReason::Stop if !calls.is_empty() => FinishReason::ToolCalls,
            FinishReason::ToolCalls if calls.is_empty() => FinishReason::Stop,
            finish => finish,
        };
        let reasoning = (!self.blocks.is_empty()).then(|| Reasoning {
            model: model.to_owned(),
            blocks: self.blocks,
        });
        Turn {
            text: self.text,
            reasoning,
            tool_calls: calls,
            finish,
            usage: self.usage.map(|usage| Usage { cost, ..usage }),
        }
    }
}

/// Gives each call an id, and each a different one: results go back by it.
fn name_calls(calls: &mut [ToolCall], before: usize) {
    let mut taken: Vec<String> = Vec::with_capacity(calls.len());
    for (index, call) in calls.iter_mut().enumerate() {
        if call.id.is_empty() {
            call.id = format!("call_{}", before.saturating_add(index).saturating_add(1));
        }
        while taken.contains(&call.id) {
            call.id.push_str("_again");
        }
        taken.push(call.id.clone());
        if call.arguments.trim().is_empty() {
            // A tool without parameters is often called with nothing at all.
            call.arguments = "{}".to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_calls() {
        let call = |id: &str, arguments: &str| ToolCall {
            id: id.into(),
            name: "t".into(),
            arguments: arguments.into(),
        };
        let mut calls = vec![
            call("", " "),
            call("a", "{"),
            call("a", "{}"),
            call("", "{}"),
            call("a", "{}"),
        ];
        name_calls(&mut calls, 3);
        let ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids, ["call_4", "a", "a_again", "call_7", "a_again_again"]);
        let arguments: Vec<&str> = calls.iter().map(|call| call.arguments.as_str()).collect();
        assert_eq!(arguments, ["{}", "{", "{}", "{}", "{}"]);
    }
}
