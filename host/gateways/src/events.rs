//! What is told by itself, in words.
//!
//! | event | title | text | severity |
//! | --- | --- | --- | --- |
//! | `approval_required` | Agent approval required | how many calls wait, and of which tools | warning |
//! | `approval_required`, about money | Usage approval required | what was spent, and what is asked for | warning |
//! | `error` | Agent error | its first 500 characters | error |
//! | `turn_complete` | Agent task complete | the first 39,000 characters of the final answer | success |

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message::{Message, Severity, TEXT_CHARS};

/// Characters of an error that are told.
pub const ERROR_CHARS: usize = 500;
/// Characters of a final answer that are told.
pub const RESPONSE_CHARS: usize = TEXT_CHARS;

/// The kinds of events that are told by themselves, by their names in `messaging.auto_event_types`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// Somebody is asked.
    ApprovalRequired,
    /// A turn could not go on.
    Error,
    /// A turn is over.
    TurnComplete,
}

impl EventType {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            EventType::ApprovalRequired => "approval_required",
            EventType::Error => "error",
            EventType::TurnComplete => "turn_complete",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About<'a> {
    /// The session's id.
    pub session_id: &'a str,
    /// The model's id.
    pub model: &'a str,
}

impl About<'_> {
    /// As metadata: `session_id`, `model`.
    #[must_use]
    pub fn metadata(&self) -> Vec<(String, String)> {
        vec![
            ("session_id".to_owned(), self.session_id.to_owned()),
            ("model".to_owned(), self.model.to_owned()),
        ]
    }
}

/// Somebody is asked about so many calls, of these tools; each tool is named once.
#[must_use]
pub fn approval_required(count: usize, tools: &[String], about: About<'_>) -> Message {
    let mut unique: Vec<&str> = Vec::new();
    for tool in tools {
        if !unique.contains(&tool.as_str()) {
            unique.push(tool);
        }
    }
    let calls = if count == 1 {
        "1 tool call waits for approval".to_owned()
    } else {
        format!("{count} tool calls wait for approval")
    };
    let text = if unique.is_empty() {
        format!("{calls}.")
    } else {
        format!("{calls}: {}", unique.join(", "))
    };
    told(
        EventType::ApprovalRequired,
        "Agent approval required",
        text,
        Severity::Warning,
        about,
    )
}

/// Somebody is asked whether the agent may spend on: what it has spent, and the bound that it reached, in millionths of a
/// dollar.
#[must_use]
pub fn usage_approval_required(spent: u64, bound: u64, about: About<'_>) -> Message {
    let text = format!(
        "The session has used {} and reached {}. Approve to go on.",
        Dollars(spent),
        Dollars(bound)
    );
    told(
        EventType::ApprovalRequired,
        "Usage approval required",
        text,
        Severity::Warning,
        about,
    )
}

/// A turn could not go on, for this reason.
#[must_use]
pub fn error(error: &str, about: About<'_>) -> Message {
    let text = clipped(error, ERROR_CHARS, "(no reason given)");
    told(
        EventType::Error,
        "Agent error",
        text,
        Severity::Error,
        about,
    )
}

/// A turn is over, with this final answer.
#[must_use]
pub fn turn_complete(response: &str, about: About<'_>) -> Message {
    let text = clipped(response, RESPONSE_CHARS, "(no final answer)");
    told(
        EventType::TurnComplete,
        "Agent task complete",
        text,
        Severity::Success,
        about,
    )
}

fn told(
    event: EventType,
    title: &str,
    text: String,
    severity: Severity,
    about: About<'_>,
) -> Message {
    let mut metadata = about.metadata();
    metadata.push(("event_type".to_owned(), event.to_string()));
    Message {
        title: Some(title.to_owned()),
        text,
        severity,
        metadata,
        event_type: Some(event),
    }
}

fn clipped(text: &str, most: usize, blank: &str) -> String {
    if text.trim().is_empty() {
        return blank.to_owned();
    }
    text.chars().take(most).collect()
}

/// Millionths of a dollar, as dollars and cents, rounded half up.
struct Dollars(u64);

impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.0.saturating_add(5_000) / 10_000;
        write!(f, "${}.{:02}", cents / 100, cents % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About<'_> = About {
        session_id: "s1",
        model: "a/b",
    };

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn events_in_words() {
        let table = [
            (
                approval_required(1, &names(&["bash"]), ABOUT),
                "[WARNING] Agent approval required\n1 tool call waits for approval: bash\n\
                 session_id: s1\nmodel: a/b\nevent_type: approval_required",
            ),
            (
                approval_required(3, &names(&["hf_jobs", "bash", "hf_jobs"]), ABOUT),
                "[WARNING] Agent approval required\n3 tool calls wait for approval: hf_jobs, bash\n\
                 session_id: s1\nmodel: a/b\nevent_type: approval_required",
            ),
            (
                approval_required(2, &[], ABOUT),
                "[WARNING] Agent approval required\n2 tool calls wait for approval.\n\
                 session_id: s1\nmodel: a/b\nevent_type: approval_required",
            ),
            (
                usage_approval_required(5_014_999, 5_000_000, ABOUT),
                "[WARNING] Usage approval required\nThe session has used $5.01 and reached $5.00. Approve to go on.\n\
                 session_id: s1\nmodel: a/b\nevent_type: approval_required",
            ),
            (
                error("it broke", ABOUT),
                "[ERROR] Agent error\nit broke\nsession_id: s1\nmodel: a/b\nevent_type: error",
            ),
            (
                error(" ", ABOUT),
                "[ERROR] Agent error\n(no reason given)\nsession_id: s1\nmodel: a/b\nevent_type: error",
            ),
            (
                turn_complete("All **done**.", ABOUT),
                "[SUCCESS] Agent task complete\nAll **done**.\n\
                 session_id: s1\nmodel: a/b\nevent_type: turn_complete",
            ),
            (
                turn_complete("", ABOUT),
                "[SUCCESS] Agent task complete\n(no final answer)\n\
                 session_id: s1\nmodel: a/b\nevent_type: turn_complete",
            ),
        ];
        for (message, lines) in table {
            assert_eq!(message.lines(), lines);
            assert_eq!(message.unfit(), None);
        }
    }

    #[test]
    fn what_is_long_is_clipped() {
        let long = "é".repeat(50_000);
        assert_eq!(error(&long, ABOUT).text, "é".repeat(500));
        assert_eq!(error(&long[..1000], ABOUT).text, "é".repeat(500));
        assert_eq!(turn_complete(&long, ABOUT).text, "é".repeat(39_000));
    }

    #[test]
    fn money() {
        let table = [
            (0, "$0.00"),
            (4_999, "$0.00"),
            (5_000, "$0.01"),
            (995_000, "$1.00"),
            (5_000_000, "$5.00"),
            (u64::MAX, "$18446744073709.55"),
        ];
        for (micro, text) in table {
            assert_eq!(Dollars(micro).to_string(), text, "{micro}");
        }
    }
}
