//! Events, as a person or a program reads them.

use std::io::{self, IsTerminal as _, Write as _};

use agent::Envelope;
use screen::Terminal;

/// Characters of one line that are shown.
const LINE: usize = 160;

/// What standard output can do.
pub(crate) fn terminal(variable: impl Fn(&str) -> Option<String>) -> Terminal {
    Terminal::detect(variable, io::stdout().is_terminal(), size())
}

/// The terminal's columns and lines, where standard output is one.
pub(crate) fn size() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some((size.ws_col, size.ws_row))
}

/// An event as JSON, in a line.
pub(crate) fn json(envelope: &Envelope) -> String {
    serde_json::to_string(envelope)
        .map(|line| format!("{line}\n"))
        .unwrap_or_default()
}

/// Prints; a reader that has gone away is no failure of the run.
pub(crate) fn put(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Prints to standard error what is no result, in the same way.
pub(crate) fn tell(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes());
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
