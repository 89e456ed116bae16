//! How a conversation shows itself: the session's own with events for each thing that happens, a nested agent's with
//! lines in the log of the call that it is part of.

use std::ops::ControlFlow;

use journal::CallId;
use serde_json::Value;

use crate::event::EventSender;
use crate::losses::Losses;
use crate::{Event, Prepared, Progress, TurnSink, Usage};

/// Characters of a nested call's arguments that are shown.
const ARGUMENTS: usize = 80;

/// Whose conversation it is.
#[derive(Debug, Clone)]
pub(crate) enum View {
    /// The session's own.
    Session,
    /// A nested agent's.
    Nested(Nested),
}

/// A nested agent, as whoever watches knows it.
#[derive(Debug, Clone)]
pub(crate) struct Nested {
    /// The tool that it is part of.
    pub(crate) tool: String,
    /// The call that it is part of; with a number where that has several.
    pub(crate) agent_id: String,
    /// What it is called.
    pub(crate) label: String,
}

impl Nested {
    pub(crate) fn log(&self, line: &str) -> Event {
        Event::ToolLog {
            tool: self.tool.clone(),
            log: line.to_owned(),
            tool_call_id: None,
            agent_id: Some(self.agent_id.clone()),
            label: Some(self.label.clone()),
        }
    }
}

impl View {
    pub(crate) const fn is_session(&self) -> bool {
        matches!(self, View::Session)
    }

    pub(crate) fn label(&self) -> Option<&str> {
        match self {
            View::Session => None,
            View::Nested(nested) => Some(&nested.label),
        }
    }

    /// A line of the host's own.
    pub(crate) fn log(&self, line: impl AsRef<str>) -> Event {
        match self {
            View::Session => Event::system_log(line.as_ref()),
            View::Nested(nested) => nested.log(line.as_ref()),
        }
    }

    /// A call, and what is known of it where it can run.
    pub(crate) fn call(
        &self,
        tool: &str,
        arguments: &Value,
        id: CallId,
        prepared: Option<&Prepared>,
    ) -> Event {
        match self {
            View::Session => Event::ToolCall {
                tool: tool.to_owned(),
                arguments: arguments.clone(),
                tool_call_id: id.to_string(),
                operation: prepared.map(|prepared| prepared.operation.clone()),
                effects: prepared.map_or_else(Vec::new, |prepared| {
                    let effects = prepared.effects.iter();
                    effects.map(|effect| effect.as_str().to_owned()).collect()
                }),
                target: prepared
                    .map(|prepared| prepared.target.clone())
                    .filter(|target| !target.is_empty()),
            },
            View::Nested(nested) => nested.log(&format!(
                "▸ {tool}  {}",
                arguments
                    .to_string()
                    .chars()
                    .take(ARGUMENTS)
                    .collect::<String>()
            )),
        }
    }
}

/// Shows a turn's words while they come, and remembers them in case that it is broken off.
pub(crate) struct Pieces<'a> {
    pub(crate) losses: Losses<'a>,
    pub(crate) events: &'a EventSender,
    pub(crate) view: &'a View,
    pub(crate) stream: bool,
    pub(crate) heard: String,
}

impl Pieces<'_> {
    const fn streams(&self) -> bool {
        self.stream && self.view.is_session()
    }
}

impl TurnSink for Pieces<'_> {
    fn text(&mut self, piece: &str) {
        self.heard.push_str(piece);
        if self.streams() && !piece.is_empty() {
            self.events.send(Event::AssistantChunk {
                content: piece.to_owned(),
            });
        }
    }

    fn reasoning(&mut self, piece: &str) {
        if self.streams() && !piece.is_empty() {
            self.events.send(Event::AssistantReasoning {
                content: piece.to_owned(),
            });
        }
    }

    fn restart(&mut self) {
        self.heard.clear();
        if self.streams() {
            self.events.send(Event::AssistantStreamRestart {});
        }
    }

    fn lost(&mut self, usage: Option<Usage>) -> ControlFlow<(), Option<u64>> {
        self.losses.count(usage, &self.heard)
    }

    fn status(&mut self, line: &str) {
        self.events.send(self.view.log(line));
    }
}

/// Shows what a running call says about itself.
pub(crate) struct CallProgress {
    pub(crate) tool: String,
    pub(crate) call_id: String,
    pub(crate) events: EventSender,
    pub(crate) view: View,
}

impl Progress for CallProgress {
    fn log(&self, line: &str) {
        self.events.send(match &self.view {
            View::Session => Event::ToolLog {
                tool: self.tool.clone(),
                log: line.to_owned(),
                tool_call_id: Some(self.call_id.clone()),
                agent_id: None,
                label: None,
            },
            View::Nested(nested) => nested.log(&format!("{}: {line}", self.tool)),
        });
    }

    fn report(&self, done: u64, total: Option<u64>, unit: &str) {
        if self.view.is_session() {
            self.events.send(Event::ToolProgress {
                tool: self.tool.clone(),
                tool_call_id: self.call_id.clone(),
                done,
                total,
                unit: unit.to_owned(),
            });
        }
    }

    fn status(&self, status: &str) {
        if self.view.is_session() {
            self.events.send(Event::ToolStateChange {
                tool_call_id: self.call_id.clone(),
                tool: self.tool.clone(),
                state: status.to_owned(),
            });
        }
    }
}
