//! Agents that run as part of a call, side by side.

use std::collections::VecDeque;
use std::time::Duration;

use crate::style::{CYAN, GREEN, RED, Style, painted};
use crate::turn::{ById, short, span};
use crate::{Terminal, clean};

/// Calls of an agent that is alone which are shown.
const CALLS: usize = 4;

/// Those that run.
#[derive(Debug, Default)]
pub(crate) struct Agents(ById<Agent>);

#[derive(Debug)]
struct Agent {
    name: String,
    since: Duration,
    calls: VecDeque<String>,
    uses: u64,
    tokens: u64,
}

impl Agents {
    /// Takes a line of an agent's log in; the line as it is shown where nothing can be drawn anew.
    pub(crate) fn log(&mut self, id: &str, name: &str, log: &str, now: Duration) -> Option<String> {
        let agent = self.0.entry(id.to_owned()).or_insert_with(|| Agent {
            name: clean::line(name),
            since: now,
            calls: VecDeque::new(),
            uses: 0,
            tokens: 0,
        });
        if let Some(tokens) = log.strip_prefix("tokens:") {
            agent.tokens = tokens.trim().parse().unwrap_or(agent.tokens);
            return None;
        }
        if let Some(uses) = log.strip_prefix("tools:") {
            agent.uses = uses.trim().parse().unwrap_or(agent.uses);
            return None;
        }
        let line: String = log.chars().take(400).collect();
        let line = clean::line(&line);
        if let Some(call) = line.strip_prefix("▸ ") {
            agent.uses = agent.uses.saturating_add(1);
            if agent.calls.len() == CALLS {
                agent.calls.pop_front();
            }
            agent.calls.push_back(call.to_owned());
        }
        Some(format!("{} · {line}", agent.name))
    }

    /// One alone with its last calls; several, a line each.
    pub(crate) fn live(&self, now: Duration, terminal: &Terminal) -> Vec<String> {
        let columns = terminal.width.saturating_sub(2);
        let mark = if terminal.unicode { "▸" } else { ">" };
        let fit = |text: &str, style| {
            let text = terminal.own(text.to_owned());
            painted(
                &clean::clip(&text, columns, terminal.ellipsis()),
                style,
                terminal,
            )
        };
        let mut lines = Vec::new();
        for agent in self.0.values() {
            let text = format!("{mark} {}  ({})", agent.name, agent.figures(now));
            lines.push(fit(&text, Style::colour(CYAN)));
            if self.0.len() == 1 {
                lines.extend(
                    agent
                        .calls
                        .iter()
                        .map(|call| fit(&format!("    {call}"), Style::dim())),
                );
            }
        }
        lines
    }

    /// The agents of a call that has ended: what stays of each.
    pub(crate) fn ended(
        &mut self,
        call: &str,
        success: bool,
        now: Duration,
        terminal: &Terminal,
    ) -> Vec<String> {
        // An agent's id is the call's, or begins with it where a call has several.
        let of_call = |id: &str| {
            id.strip_prefix(call)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let ids: Vec<String> = self.0.keys().filter(|id| of_call(id)).cloned().collect();
        let (mark, colour) = match (terminal.unicode && !terminal.spoken, success) {
            (true, true) => ("✓", GREEN),
            (true, false) => ("✗", RED),
            (false, true) => ("done:", GREEN),
            (false, false) => ("failed:", RED),
        };
        let ended = ids.into_iter().filter_map(|id| self.0.remove(&id));
        ended
            .map(|agent| {
                let mark = painted(mark, Style::colour(colour), terminal);
                let text = terminal.own(format!("{}  ({})", agent.name, agent.figures(now)));
                let room = terminal.width.saturating_sub(10);
                format!("  {mark} {}", clean::clip(&text, room, terminal.ellipsis()))
            })
            .collect()
    }
}

impl Agent {
    fn figures(&self, now: Duration) -> String {
        let uses = match self.uses {
            1 => "1 call".to_owned(),
            uses => format!("{uses} calls"),
        };
        format!(
            "{uses} · {} tokens · {}",
            short(self.tokens),
            span(now.saturating_sub(self.since))
        )
    }
}
