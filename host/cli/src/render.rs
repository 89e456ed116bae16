//! Events, as a person or a program reads them.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use agent::{Envelope, Event};

/// Lines of a result that are shown; all of it is in the journal.
const RESULT_LINES: usize = 12;
/// Characters of one line that are shown.
const LINE: usize = 160;

/// Puts events into words.
#[derive(Debug)]
pub(crate) struct Renderer {
    json: bool,
    colour: bool,
    /// Whether the model's words have left the cursor in the middle of a line.
    open_line: bool,
    out: String,
}

impl Renderer {
    /// Colour only where a person looks, and has not asked for none (no-color.org).
    pub(crate) fn new(json: bool) -> Renderer {
        let colour = !json && io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Renderer {
            json,
            colour,
            open_line: false,
            out: String::new(),
        }
    }

    /// Says what is about to run: the model, the policy, and where.
    pub(crate) fn opening(
        &mut self,
        model: &str,
        policy: &str,
        tools: usize,
        workspace: &Path,
        staged: bool,
    ) -> String {
        if self.json {
            return String::new();
        }
        self.line(&format!("model      {model}"));
        self.line(&format!("policy     {policy}"));
        self.line(&format!("tools      {tools}"));
        self.line(&format!(
            "workspace  {} ({})",
            workspace.display(),
            if staged {
                "a private copy"
            } else {
                "the directory itself"
            }
        ));
        self.line("");
        std::mem::take(&mut self.out)
    }

    /// One event.
    pub(crate) fn event(&mut self, envelope: &Envelope) -> String {
        if self.json {
            return serde_json::to_string(envelope)
                .map(|line| format!("{line}\n"))
                .unwrap_or_default();
        }
        self.shown(&envelope.event);
        std::mem::take(&mut self.out)
    }

    fn shown(&mut self, event: &Event) {
        match event {
            Event::AssistantChunk { content } => {
                self.out.push_str(content);
                self.open_line = !content.ends_with('\n');
            }
            Event::AssistantStreamRestart {} => {
                self.close_line();
                self.line("  the answer broke off and begins anew; what is above is void");
            }
            Event::AssistantMessage { content } => self.line(content),
            Event::AssistantStreamEnd {} => self.close_line(),
            Event::ToolCall {
                tool, arguments, ..
            } => {
                self.close_line();
                let mark = self.paint("36", "▸");
                let name = self.paint("1", tool);
                self.line(&format!("{mark} {name} {}", short(&arguments.to_string())));
            }
            Event::ToolLog { tool, log, .. } if tool == "system" => {
                self.line(&format!("  · {}", short(log)))
            }
            // What a nested agent has used so far is in the events; here it would only take lines.
            Event::ToolLog {
                log,
                label: Some(_),
                ..
            } if log.starts_with("tokens:") || log.starts_with("tools:") => {}
            Event::ToolLog {
                log,
                label: Some(label),
                ..
            } => {
                let text = short(&format!("{label} · {log}"));
                let line = self.paint("2", &format!("  │ {text}"));
                self.line(&line);
            }
            Event::ToolLog { log, .. } => {
                let line = self.paint("2", &format!("  │ {}", short(log)));
                self.line(&line);
            }
            Event::ToolOutput {
                output, success, ..
            } => {
                let mark = if *success {
                    self.paint("32", "✓")
                } else {
                    self.paint("31", "✗")
                };
                let lines: Vec<&str> = output.lines().collect();
                for (i, text) in lines.iter().take(RESULT_LINES).enumerate() {
                    let lead = if i == 0 {
                        format!("  {mark}")
                    } else {
                        "   ".to_owned()
                    };
                    self.line(&format!("{lead} {}", short(text)));
                }
                if lines.is_empty() {
                    self.line(&format!("  {mark} (no output)"));
                }
                if let Some(more) = lines
                    .len()
                    .checked_sub(RESULT_LINES)
                    .filter(|more| *more > 0)
                {
                    self.line(&format!("    … {more} more lines, in the journal"));
                }
            }
            Event::CapabilityDenied {
                capability, rule, ..
            } => {
                self.close_line();
                let word = self.paint("33", "denied");
                self.line(&format!("  {word} {capability} (rule: {rule})"));
            }
            Event::Error { error } => {
                self.close_line();
                let word = self.paint("31", "error");
                self.line(&format!("{word} {error}"));
            }
            Event::Interrupted {} => {
                self.close_line();
                self.line("interrupted");
            }
            _ => {}
        }
    }

    fn close_line(&mut self) {
        if self.open_line {
            self.out.push('\n');
            self.open_line = false;
        }
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Prints; a reader that has gone away is no failure of the run.
pub(crate) fn put(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// A text that a guest wrote, without what a terminal would obey.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => character,
            other if other.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// Says something that is no result, on standard error.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "ml-intern: {text}");
}

/// One line, cut, without control characters that would move the cursor.
pub(crate) fn short(text: &str) -> String {
    let clean = text
        .replace('\n', "⏎")
        .replace(|c: char| c.is_control() && c != '\t', "·");
    if clean.chars().count() <= LINE {
        return clean;
    }
    clean.chars().take(LINE - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_harmless() {
        for (text, shown) in [
            ("plain", "plain".to_owned()),
            ("two\nlines", "two⏎lines".to_owned()),
            ("\u{1b}[2Jgone", "·[2Jgone".to_owned()),
            ("[bold] stays as it is", "[bold] stays as it is".to_owned()),
            (&"x".repeat(200), format!("{}…", "x".repeat(159))),
        ] {
            assert_eq!(short(text), shown);
        }
    }
}
