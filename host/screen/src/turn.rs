//! What a session shows while it goes on.
//!
//! Events come in; lines come out that are finished and stay, each with its end. What is not finished, such as a call that
//! runs, is in [`Turn::live`], for a place that is drawn anew. A terminal that cannot do that, a file, or a screen reader
//! gets the same as finished lines, with less of what only passes.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use agent::{ApprovalItem, Event, PlanItem, Receipt, Status};
use serde_json::Value;

use crate::agents::Agents;
use crate::style::{CYAN, GREEN, RED, Span, Style, YELLOW, clip, paint, painted, wrap};
use crate::{Markdown, Terminal, clean, figures};

/// Lines of a result that are shown: to who can ask for the rest, and to who cannot.
const RESULT: usize = 5;
const RESULT_ALONE: usize = 12;
/// Lines of a call's log that are shown while it runs.
const LOG: usize = 3;
/// Lines of a call's log that stay, where nothing can be drawn anew.
const KEPT: u64 = 20;
/// Lines of what the model says that are drawn before they are whole.
const TAIL: usize = 8;
/// Characters of a line of a log or a result that are looked at.
const LINE: usize = 1_000;
/// A call that took as long has its receipt shown.
const LONG: Duration = Duration::from_secs(1);
/// Columns that what a call is about has at least, where its effects are shown too.
const SHORTEST: usize = 8;
/// Columns of a bar.
const BAR: usize = 16;
/// Arguments that say what a call is about, the most telling first.
const TELLING: [&str; 11] = [
    "command", "path", "script", "code", "query", "url", "task", "repo_id", "dataset", "model",
    "name",
];

/// Shows one session.
#[derive(Debug)]
pub struct Turn {
    terminal: Terminal,
    words: Markdown,
    /// The end of what the model thinks.
    thought: String,
    calls: Vec<Call>,
    agents: Agents,
    results: Vec<String>,
    /// The call that the last line names, and which is the only one: its result needs no name.
    last: Option<String>,
    plan: Vec<PlanItem>,
    plan_shown: bool,
    since: Option<Duration>,
    spent: Spent,
    /// Whether the last lines that were given out are a result: an empty one stands between it and what is said.
    after_result: bool,
    /// Nobody is there who could ask for the rest of a result.
    alone: bool,
}

/// A call that runs.
#[derive(Debug)]
struct Call {
    id: String,
    title: String,
    since: Duration,
    log: VecDeque<String>,
    logged: u64,
    state: Option<String>,
    progress: Option<Progress>,
}

#[derive(Debug)]
struct Progress {
    done: u64,
    total: Option<u64>,
    unit: String,
    /// When it was first reported, and how much was done then.
    first: (Duration, u64),
}

/// What the turn has used.
#[derive(Debug, Default)]
struct Spent {
    requests: u64,
    input: u64,
    output: u64,
    cost: f64,
    /// Whether a request came without token counts, or without a price.
    some_tokens_unknown: bool,
    some_cost_unknown: bool,
}

impl Turn {
    /// For a terminal.
    #[must_use]
    pub fn new(terminal: &Terminal) -> Turn {
        Turn {
            terminal: terminal.clone(),
            words: Markdown::new(terminal),
            thought: String::new(),
            calls: Vec::new(),
            agents: Agents::default(),
            results: Vec::new(),
            last: None,
            plan: Vec::new(),
            plan_shown: true,
            since: None,
            spent: Spent::default(),
            after_result: false,
            alone: false,
        }
    }

    /// For a run that nobody attends: more of each result is shown, and the rest is said to be in the journal.
    #[must_use]
    pub fn alone(mut self) -> Turn {
        self.alone = true;
        self
    }

    /// The terminal has another size.
    pub fn resize(&mut self, terminal: &Terminal) {
        self.terminal = terminal.clone();
        self.words.resize(terminal);
    }

    /// What it is for.
    #[must_use]
    pub const fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// The id of the call whose result was shown as number `number`, from 1; the last one for 0.
    #[must_use]
    pub fn shown(&self, number: usize) -> Option<&str> {
        let at = match number {
            0 => self.results.len().checked_sub(1)?,
            number => number.checked_sub(1)?,
        };
        self.results.get(at).map(String::as_str)
    }

    /// The finished lines that come of an event, at a time.
    pub fn event(&mut self, event: &Event, now: Duration) -> String {
        let mut out = String::new();
        self.take(event, now, &mut out);
        out
    }

    fn take(&mut self, event: &Event, now: Duration, out: &mut String) {
        match event {
            Event::Processing { .. } => {
                self.since = Some(now);
                self.spent = Spent::default();
            }
            Event::AssistantChunk { content } => {
                self.thought.clear();
                let words = self.words.push(content);
                self.say(&words, out);
            }
            Event::AssistantReasoning { content } => self.think(content),
            Event::AssistantStreamRestart {} => {
                self.words.forget();
                self.thought.clear();
                self.line(
                    out,
                    "the answer broke off and begins anew; what is above is void",
                    YELLOW,
                );
            }
            Event::AssistantStreamEnd {} => self.end_words(out),
            Event::AssistantMessage { content } => {
                let words = self.words.push(content);
                self.say(&words, out);
                self.end_words(out);
            }
            Event::LlmCall {
                prompt_tokens,
                completion_tokens,
                cost_usd,
                ..
            } => self
                .spent
                .add(*prompt_tokens, *completion_tokens, *cost_usd),
            Event::ToolCall {
                tool,
                arguments,
                tool_call_id,
                operation,
                effects,
                target,
            } => {
                self.end_words(out);
                if tool == agent::PLAN_TOOL {
                    // The plan itself is what counts.
                    return;
                }
                let title = title(tool, operation.as_deref(), target.as_deref(), arguments);
                self.begin_call(tool_call_id, &title, effects, now, out);
            }
            Event::ApprovalRequired { .. } => self.end_words(out),
            Event::ToolStateChange {
                tool_call_id,
                state,
                ..
            } => self.state(tool_call_id, state, now, out),
            Event::ToolProgress {
                tool_call_id,
                done,
                total,
                unit,
                ..
            } => self.progress(tool_call_id, *done, *total, unit, now),
            Event::ToolLog {
                agent_id: Some(agent),
                label,
                tool,
                log,
                ..
            } => {
                let name = label.as_deref().unwrap_or(tool);
                let line = self.agents.log(agent, name, log, now);
                if !self.terminal.moves
                    && let Some(line) = line
                {
                    self.dim(out, &line);
                }
            }
            Event::ToolLog {
                tool,
                log,
                tool_call_id,
                ..
            } => self.log(tool, log, tool_call_id.as_deref(), out),
            Event::ToolOutput {
                tool,
                tool_call_id,
                output,
                success,
            } => self.result(tool, tool_call_id, output, *success, now, out),
            Event::CapabilityDenied {
                tool,
                capability,
                rule,
                remedy,
                ..
            } => {
                self.end_words(out);
                let denied = format!("{tool} was denied {capability} (rule: {rule})");
                self.line(out, &denied, YELLOW);
                self.dim(out, &format!("  {remedy}"));
            }
            Event::PlanUpdate { plan } => {
                self.plan.clone_from(plan);
                self.plan_shown = false;
            }
            Event::Compacted {
                old_tokens,
                new_tokens,
            } => self.dim(
                out,
                &format!(
                    "context compacted: {} → {} tokens",
                    grouped(*old_tokens),
                    grouped(*new_tokens)
                ),
            ),
            Event::DoomLoop {
                tools,
                repetitions,
                ended,
                ..
            } => {
                let end = if *ended {
                    "; the turn ends"
                } else {
                    "; it was told so"
                };
                let text = format!(
                    "the model repeats {} ({repetitions} times){end}",
                    tools.join(", ")
                );
                self.line(out, &text, YELLOW);
            }
            Event::TurnComplete { .. } => {
                self.end_words(out);
                self.show_plan(out);
                self.end_turn(now, out);
            }
            Event::Interrupted {} => {
                self.end_words(out);
                self.dim(out, "interrupted");
                self.end_turn(now, out);
            }
            Event::Error { error } => {
                self.end_words(out);
                self.line(out, &format!("Error: {error}"), RED);
                self.end_turn(now, out);
            }
            Event::Receipt { receipt, .. } => self.receipt(receipt, out),
            Event::UndoComplete {}
            | Event::Ready { .. }
            | Event::Checkpoint { .. }
            | Event::SessionRules { .. }
            | Event::NewComplete { .. }
            | Event::ResumeComplete { .. }
            | Event::Shutdown {} => {}
        }
    }

    /// Calls that may run now although they were asked about: they are shown as others are when they begin.
    pub fn approved(&mut self, items: &[ApprovalItem], now: Duration) -> String {
        let mut out = String::new();
        for item in items {
            let target = Some(item.target.as_str()).filter(|target| !target.is_empty());
            let title = title(&item.tool, Some(&item.operation), target, &item.arguments);
            self.begin_call(&item.tool_call_id, &title, &item.effects, now, &mut out);
        }
        out
    }

    /// What goes on, as lines without ends that fit the terminal: what the model is about to have said, what runs, and how
    /// long it all takes so far. Empty where nothing runs, and for a screen reader.
    #[must_use]
    pub fn live(&self, now: Duration) -> Vec<String> {
        let Some(since) = self.since else {
            return Vec::new();
        };
        if self.terminal.spoken {
            return Vec::new();
        }
        let mut lines: Vec<String> = Vec::new();
        let tail = self.words.tail();
        let hidden = tail.len().saturating_sub(TAIL);
        lines.extend(tail.into_iter().skip(hidden));
        if let Some(thought) = self
            .thought
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
        {
            lines.push(self.fit(
                &format!("  {thought}"),
                Style {
                    italic: true,
                    ..Style::dim()
                },
            ));
        }
        for call in &self.calls {
            let seconds = span(now.saturating_sub(call.since));
            let state = call
                .state
                .as_deref()
                .map_or_else(String::new, |state| format!(" · {state}"));
            lines.push(self.fit(
                &format!(
                    "{} {} · {seconds}{state}",
                    self.mark("⋯", "..."),
                    call.title
                ),
                Style::colour(CYAN),
            ));
            if let Some(progress) = &call.progress {
                lines.push(self.fit(&format!("  {}", self.bar(progress, now)), Style::plain()));
            }
            for log in &call.log {
                lines.push(self.fit(&format!("  {} {log}", self.mark("│", "|")), Style::dim()));
            }
        }
        lines.extend(self.agents.live(now, &self.terminal));
        let mut status = format!(
            "{} {} · {}",
            self.mark("·", "-"),
            if self.calls.is_empty() {
                "thinking"
            } else {
                "working"
            },
            span(now.saturating_sub(since))
        );
        status.push_str(&self.spent.words(" · "));
        status.push_str(" · Ctrl-C stops it");
        lines.push(self.fit(&status, Style::dim()));
        // The line that is typed has to stay in sight.
        let most = (self.terminal.height / 2).max(1);
        let over = lines.len().saturating_sub(most);
        lines.split_off(over)
    }

    fn begin_call(
        &mut self,
        id: &str,
        title: &str,
        effects: &[String],
        now: Duration,
        out: &mut String,
    ) {
        let mark = if self.terminal.spoken {
            "call:"
        } else {
            self.mark("▸", ">")
        };
        let (name, rest) = title.split_once(' ').unwrap_or((title, ""));
        let mut effects = match effects {
            [] => String::new(),
            effects => format!("  [{}]", clean::line(&effects.join(", "))),
        };
        let taken = clean::width(mark) + clean::width(name) + 4;
        let mut room = self
            .terminal
            .width
            .saturating_sub(taken + clean::width(&effects));
        if room < SHORTEST {
            effects = String::new();
            room = self.terminal.width.saturating_sub(taken);
        }
        let mut spans = vec![
            Span::new(mark, Style::colour(CYAN)),
            Span::new(" ", Style::plain()),
            Span::new(name, Style::bold()),
        ];
        if !rest.is_empty() {
            let rest = clean::clip(rest, room, self.terminal.ellipsis());
            spans.push(Span::new(format!("  {rest}"), Style::plain()));
        }
        spans.push(Span::new(effects, Style::dim()));
        self.row(&spans, out);
        self.last = Some(id.to_owned());
        self.calls.push(Call {
            id: id.to_owned(),
            title: title.to_owned(),
            since: now,
            log: VecDeque::new(),
            logged: 0,
            state: None,
            progress: None,
        });
    }

    fn call_mut(&mut self, id: &str) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.id == id)
    }

    fn state(&mut self, id: &str, state: &str, now: Duration, out: &mut String) {
        if state == "cancelled" {
            // Nothing more comes of it.
            if let Some(call) = self.forget(id, false, now, out) {
                let name = self.name(id, Some(&call), "");
                self.last = None;
                self.dim(out, &format!("{name}cancelled"));
            }
            return;
        }
        if let Some(call) = self.call_mut(id) {
            call.state = (!["approved", "running"].contains(&state)).then(|| clean::line(state));
        }
    }

    /// Takes out a call that is over, with what stays of its agents.
    fn forget(&mut self, id: &str, success: bool, now: Duration, out: &mut String) -> Option<Call> {
        if self.last.as_deref() == Some(id) && self.calls.len() > 1 {
            self.last = None;
        }
        for line in self.agents.ended(id, success, now, &self.terminal) {
            out.push_str(&line);
            out.push('\n');
            // That is a name already.
            self.last = Some(id.to_owned());
        }
        let at = self.calls.iter().position(|call| call.id == id)?;
        Some(self.calls.remove(at))
    }

    /// What a result begins with, so that it is clear whose it is.
    fn name(&self, id: &str, call: Option<&Call>, tool: &str) -> String {
        if self.last.as_deref() == Some(id) {
            return String::new();
        }
        let name = call.map_or_else(|| clean::line(tool), |call| call.title.clone());
        let room = self.terminal.width / 3;
        format!("{}: ", clean::clip(&name, room, self.terminal.ellipsis()))
    }

    fn receipt(&mut self, receipt: &Receipt, out: &mut String) {
        let time = Duration::from_micros(receipt.wall_us);
        if time < LONG {
            return;
        }
        let mut parts = vec![span(time)];
        if receipt.peak_memory > 0 {
            parts.push(format!("{} of memory", bytes(receipt.peak_memory)));
        }
        for (count, what) in [(receipt.bytes_in, "in"), (receipt.bytes_out, "out")] {
            if count > 0 {
                parts.push(format!("{} {what}", bytes(count)));
            }
        }
        self.dim(out, &format!("  {}", parts.join(" · ")));
    }

    fn progress(&mut self, id: &str, done: u64, total: Option<u64>, unit: &str, now: Duration) {
        let unit = clean::line(unit);
        let Some(call) = self.call_mut(id) else {
            return;
        };
        // Another unit, or a smaller count, is another piece of work.
        let first = match &call.progress {
            Some(before) if before.unit == unit && before.done <= done => before.first,
            _ => (now, done),
        };
        call.progress = Some(Progress {
            done,
            total,
            unit,
            first,
        });
    }

    fn log(&mut self, tool: &str, log: &str, id: Option<&str>, out: &mut String) {
        if tool == "system" {
            self.dim(out, &clean::line(log));
            return;
        }
        let moves = self.terminal.moves;
        let Some(call) = id.and_then(|id| self.call_mut(id)) else {
            self.dim(out, &format!("{tool}: {}", clean::line(log)));
            return;
        };
        call.logged = call.logged.saturating_add(1);
        let logged = call.logged;
        // The end of a long line is not worth its memory.
        let line: String = log.chars().take(400).collect();
        let line = clean::line(&line);
        if call.log.len() == LOG {
            call.log.pop_front();
        }
        call.log.push_back(line.clone());
        if !moves && logged <= KEPT {
            self.dim(out, &format!("{} {line}", self.mark("│", "|")));
        } else if !moves && logged == KEPT + 1 {
            self.dim(out, "more lines of its log are not shown");
        }
    }

    fn result(
        &mut self,
        tool: &str,
        id: &str,
        output: &str,
        success: bool,
        now: Duration,
        out: &mut String,
    ) {
        self.end_words(out);
        let call = self.forget(id, success, now, out);
        let name = self.name(id, call.as_ref(), tool);
        self.last = None;
        self.results.push(id.to_owned());
        self.after_result = true;
        if tool == agent::PLAN_TOOL && success {
            self.show_plan(out);
            return;
        }
        let (mark, colour) = match (self.terminal.spoken, success) {
            (true, true) => ("result:", GREEN),
            (true, false) => ("failed:", RED),
            (false, true) => (self.mark("✓", "ok"), GREEN),
            (false, false) => (self.mark("✗", "failed"), RED),
        };
        // Of a long output only the lines that are shown are looked at.
        let mut lines = output.lines();
        let shown = if self.alone { RESULT_ALONE } else { RESULT };
        let first: Vec<String> = lines
            .by_ref()
            .take(shown)
            .map(|line| clean::line(&line.chars().take(LINE).collect::<String>()))
            .collect();
        let more = lines.count();
        let style = if success {
            Style::plain()
        } else {
            Style::colour(RED)
        };
        let head = first.first().map_or("(no output)", String::as_str);
        let begin = [
            Span::new("  ", Style::plain()),
            Span::new(mark, Style::colour(colour)),
            Span::new(" ", Style::plain()),
        ];
        let indent = [Span::new("    ", Style::plain())];
        let head = Span::new(format!("{name}{head}"), style);
        if success {
            let [margin, mark, gap] = begin;
            self.row(&[margin, mark, gap, head], out);
        } else {
            // Why it failed is not cut.
            self.lines(&[head], &begin, &indent, out);
        }
        for line in first.iter().skip(1) {
            let [indent] = indent.clone();
            self.row(&[indent, Span::new(line, Style::plain())], out);
        }
        if more > 0 {
            let place = if self.alone {
                "in the journal".to_owned()
            } else {
                format!("/show {}", self.results.len())
            };
            let dots = self.terminal.ellipsis();
            let mark = self.mark("·", "-");
            let text = format!("    {dots} {more} more lines {mark} {place}");
            self.row(&[Span::new(text, Style::dim())], out);
        }
    }

    /// A picture that a result has, where the terminal shows pictures; else where it is.
    pub fn picture(&self, png: &[u8], place: &str) -> String {
        match figures::inline(png, &self.terminal) {
            Some(picture) => format!("{picture}\n"),
            None => {
                let mut out = String::new();
                self.dim(&mut out, place);
                out
            }
        }
    }

    fn think(&mut self, piece: &str) {
        self.thought.push_str(&clean::text(piece));
        // Only its end is ever shown.
        if self.thought.len() > 4_096 {
            let mut cut = self.thought.len() - 1_024;
            while !self.thought.is_char_boundary(cut) {
                cut += 1;
            }
            self.thought.drain(..cut);
        }
    }

    fn end_words(&mut self, out: &mut String) {
        self.thought.clear();
        let words = self.words.finish();
        self.say(&words, out);
    }

    fn say(&mut self, words: &str, out: &mut String) {
        if words.is_empty() {
            return;
        }
        if std::mem::take(&mut self.after_result) {
            out.push('\n');
        }
        out.push_str(words);
    }

    fn show_plan(&mut self, out: &mut String) {
        if self.plan_shown || self.plan.is_empty() {
            return;
        }
        self.plan_shown = true;
        let done = self
            .plan
            .iter()
            .filter(|item| item.status == Status::Completed)
            .count();
        for item in &self.plan {
            let (mark, word, style) = match item.status {
                Status::Completed => ("✓", "done:", Style::dim()),
                Status::InProgress => ("▸", "now:", Style::bold()),
                Status::Pending => ("○", "to do:", Style::plain()),
            };
            let mark = if self.terminal.spoken || !self.terminal.unicode {
                word
            } else {
                mark
            };
            let text = format!("  {mark} {}", clean::line(&item.content));
            out.push_str(&self.fit(&text, style));
            out.push('\n');
        }
        self.dim(out, &format!("{done}/{} done", self.plan.len()));
    }

    fn end_turn(&mut self, now: Duration, out: &mut String) {
        self.calls.clear();
        self.agents = Agents::default();
        let Some(since) = self.since.take() else {
            return;
        };
        let text = format!(
            "{}{}",
            span(now.saturating_sub(since)),
            self.spent.words(" · ")
        );
        self.dim(out, &text);
        out.push('\n');
        self.after_result = false;
    }

    /// A line of the host's own.
    fn line(&self, out: &mut String, text: &str, colour: u8) {
        let indent = [Span::new("  ", Style::plain())];
        for line in clean::text(text).lines() {
            let spans = [Span::new(line, Style::colour(colour))];
            self.lines(&spans, &indent, &indent, out);
        }
    }

    fn dim(&self, out: &mut String, text: &str) {
        let indent = [Span::new("  ", Style::plain())];
        let text = self.terminal.own(clean::line(text));
        let spans = [Span::new(text, Style::dim())];
        self.lines(&spans, &indent, &indent, out);
    }

    /// Lines as many as it takes.
    fn lines(&self, spans: &[Span], first: &[Span], rest: &[Span], out: &mut String) {
        for line in wrap(spans, self.terminal.width, first, rest) {
            out.push_str(&paint(&line, &self.terminal));
            out.push('\n');
        }
    }

    /// One line, cut to the terminal.
    fn row(&self, spans: &[Span], out: &mut String) {
        let spans = clip(spans, self.terminal.width, self.terminal.ellipsis());
        out.push_str(&paint(&spans, &self.terminal));
        out.push('\n');
    }

    /// A line cut to the terminal.
    fn fit(&self, text: &str, style: Style) -> String {
        let columns = self.terminal.width.saturating_sub(4);
        let text = self.terminal.own(text.to_owned());
        painted(
            &clean::clip(&text, columns, self.terminal.ellipsis()),
            style,
            &self.terminal,
        )
    }

    fn mark(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.terminal.unicode {
            unicode
        } else {
            ascii
        }
    }

    fn bar(&self, progress: &Progress, now: Duration) -> String {
        let Progress {
            done,
            total,
            unit,
            first,
        } = progress;
        let amount = |count: u64| {
            if ["bytes", "byte", "B"].contains(&unit.as_str()) {
                bytes(count)
            } else {
                grouped(count)
            }
        };
        let named = if ["bytes", "byte", "B"].contains(&unit.as_str()) {
            String::new()
        } else {
            format!(" {unit}")
        };
        let Some(total) = total.filter(|total| *total > 0) else {
            return format!("{}{named}", amount(*done));
        };
        let done = (*done).min(total);
        let part = share(done, total);
        let full = usize::try_from(part * BAR as u64 / 100).unwrap_or(0);
        let (on, off) = (self.mark("█", "#"), self.mark("░", "."));
        let mut text = format!(
            "{}{} {part} % · {} of {}{named}",
            on.repeat(full),
            off.repeat(BAR.saturating_sub(full)),
            amount(done),
            amount(total)
        );
        // At the pace since it was first reported.
        let passed = now.saturating_sub(first.0);
        let moved = done.saturating_sub(first.1);
        if moved > 0 && done < total && passed >= Duration::from_secs(1) {
            let left = passed.as_millis() * u128::from(total - done) / u128::from(moved);
            let left = Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX));
            text.push_str(&format!(" · {} left", span(left)));
        }
        text
    }
}

impl Spent {
    fn add(&mut self, input: Option<u64>, output: Option<u64>, cost: Option<f64>) {
        self.requests = self.requests.saturating_add(1);
        self.some_tokens_unknown |= input.is_none() || output.is_none();
        self.some_cost_unknown |= cost.is_none();
        self.input = self.input.saturating_add(input.unwrap_or(0));
        self.output = self.output.saturating_add(output.unwrap_or(0));
        self.cost += cost.unwrap_or(0.0);
    }

    /// Tokens and dollars, each after `before`; what is not known is said to be.
    fn words(&self, before: &str) -> String {
        if self.requests == 0 {
            return String::new();
        }
        let tokens = self.input.saturating_add(self.output);
        let tokens = match (self.some_tokens_unknown, tokens) {
            (true, 0) => "tokens unknown".to_owned(),
            (true, tokens) => format!("at least {} tokens", short(tokens)),
            (false, tokens) => format!("{} tokens", short(tokens)),
        };
        let cost = if !self.some_cost_unknown {
            format!("${:.4}", self.cost)
        } else if self.cost > 0.0 {
            format!("at least ${:.4}", self.cost)
        } else {
            "cost unknown".to_owned()
        };
        format!("{before}{tokens}{before}{cost}")
    }
}

/// A call in a few words: its tool, its operation, and what it is about.
pub(crate) fn title(
    tool: &str,
    operation: Option<&str>,
    target: Option<&str>,
    arguments: &Value,
) -> String {
    let mut title = clean::line(tool);
    if let Some(operation) = operation.filter(|operation| *operation != tool && *operation != "run")
    {
        title.push_str(&format!(" {}", clean::line(operation)));
    }
    let about = target.map(str::to_owned).or_else(|| {
        let key = TELLING
            .iter()
            .find(|key| arguments.get(key).is_some_and(Value::is_string))?;
        arguments.get(key)?.as_str().map(str::to_owned)
    });
    let about = about.unwrap_or_else(|| match arguments {
        Value::Object(fields) if fields.is_empty() => String::new(),
        other => other.to_string(),
    });
    if !about.is_empty() {
        let about: String = about.chars().take(400).collect();
        title.push_str(&format!(" {}", clean::line(&about)));
    }
    title
}

/// A time in words: `18s`, `2m 5s`, `1h 3m`.
pub(crate) fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        seconds => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A number as people read it: `950`, `12.3k`, `4.5M`.
pub(crate) fn short(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{}.{}k", number / 1_000, number % 1_000 / 100),
        _ => format!("{}.{}M", number / 1_000_000, number % 1_000_000 / 100_000),
    }
}

/// With a comma between each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{}.{} kB", count / 1_000, count % 1_000 / 100),
        1_000_000..1_000_000_000 => {
            format!("{}.{} MB", count / 1_000_000, count % 1_000_000 / 100_000)
        }
        _ => format!(
            "{}.{} GB",
            count / 1_000_000_000,
            count % 1_000_000_000 / 100_000_000
        ),
    }
}

/// In percent, rounded down.
fn share(done: u64, total: u64) -> u64 {
    let percent = u128::from(done) * 100 / u128::from(total.max(1));
    u64::try_from(percent).unwrap_or(100)
}

/// What sub-agents of a call are kept under.
pub(crate) type ById<T> = BTreeMap<String, T>;

#[cfg(test)]
mod tests;
