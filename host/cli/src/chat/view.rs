//! What a session shows: finished lines for above the user's own, and what goes on for below it.

use std::time::Duration;

use agent::{ApprovalItem, Envelope, Event};
use serde_json::Value;

use crate::render::Renderer;

/// Shows one session.
pub(crate) struct View {
    renderer: Renderer,
    /// The model's words after the last line that is whole.
    open: String,
    /// Calls whose results were shown, in order.
    results: Vec<String>,
    running: Vec<String>,
    since: Option<Duration>,
}

impl View {
    pub(crate) fn new(renderer: Renderer) -> View {
        View {
            renderer,
            open: String::new(),
            results: Vec::new(),
            running: Vec::new(),
            since: None,
        }
    }

    /// Another session begins.
    pub(crate) fn begin(&mut self) {
        self.open.clear();
        self.results.clear();
        self.running.clear();
        self.since = None;
    }

    /// The whole lines that an event gives.
    pub(crate) fn event(&mut self, envelope: &Envelope, now: Duration) -> String {
        match &envelope.event {
            Event::Processing { .. } => self.since = Some(now),
            Event::ToolCall { tool, .. } => self.running.push(tool.clone()),
            Event::ToolOutput {
                tool_call_id, tool, ..
            } => {
                self.results.push(tool_call_id.clone());
                if let Some(at) = self.running.iter().position(|one| one == tool) {
                    self.running.remove(at);
                }
            }
            Event::TurnComplete { .. } | Event::Interrupted {} | Event::Error { .. } => {
                self.running.clear();
                self.since = None;
            }
            Event::AssistantStreamRestart {} => self.open.clear(),
            _ => {}
        }
        self.open.push_str(&self.renderer.event(envelope));
        let whole = self.open.rfind('\n').map_or(0, |at| at.saturating_add(1));
        self.open.drain(..whole).collect()
    }

    /// What goes on.
    pub(crate) fn live(&mut self, now: Duration) -> String {
        let Some(since) = self.since else {
            return String::new();
        };
        let what = if self.running.is_empty() {
            "thinking".to_owned()
        } else {
            self.running.join(", ")
        };
        let seconds = now.saturating_sub(since).as_secs();
        format!("  {what} · {seconds} s · Ctrl-C stops it")
    }

    /// Calls that run without a question, because the user wants none.
    pub(crate) fn waived(&mut self, items: &[ApprovalItem]) -> String {
        let names: Vec<String> = items
            .iter()
            .map(|item| format!("{} {}", item.tool, item.operation))
            .collect();
        format!("  yolo: {} without asking\n", names.join(", "))
    }

    /// What is asked.
    pub(crate) fn questions(&mut self, items: &[ApprovalItem], budget: bool) -> String {
        let mut text = String::new();
        for (at, item) in items.iter().enumerate() {
            text.push_str(&format!(
                "\n[{}/{}] {} {}  {}\n  effects {}\n  rule    {}\n",
                at.saturating_add(1),
                items.len(),
                item.tool,
                item.operation,
                item.target,
                item.effects.join(", "),
                item.rule
            ));
            match item.arguments.get("script").and_then(Value::as_str) {
                Some(script) => text.push_str(&format!("{script}\n")),
                None => text.push_str(&format!("{:#}\n", item.arguments)),
            }
        }
        text.push_str(if budget {
            "y go on · n stop · a number is the new bound\n"
        } else {
            "y yes · n no · a always for this session · e edit · or say why not\n"
        });
        text
    }

    /// The call of a result that was shown, by its number from 1.
    pub(crate) fn shown(&self, number: usize) -> Option<String> {
        match number {
            0 => self.results.last().cloned(),
            number => self.results.get(number.checked_sub(1)?).cloned(),
        }
    }
}
