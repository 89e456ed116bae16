//! What is sent.

use serde::{Deserialize, Serialize};

use crate::events::EventType;

/// Characters of a text at most. Slack takes 40,000; the rest is for the headline and what is known about the session.
pub const TEXT_CHARS: usize = 39_000;
/// Characters of a title at most.
pub const TITLE_CHARS: usize = 200;

/// How urgent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something to know.
    Info,
    /// Something went well.
    Success,
    /// Something to look at.
    Warning,
    /// Something went wrong.
    Error,
}

impl Severity {
    /// The word in front of a headline.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Severity::Info => "INFO",
            Severity::Success => "SUCCESS",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        }
    }
}

/// One message, for whichever destinations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// A headline.
    pub title: Option<String>,
    /// The text, in Markdown.
    pub text: String,
    /// How urgent it is.
    pub severity: Severity,
    /// Names and values, in their order: `session_id`, `model`.
    pub metadata: Vec<(String, String)>,
    /// The event that it tells of; none for what the agent says itself.
    pub event_type: Option<EventType>,
}

impl Message {
    /// The whole as text: `[SEVERITY] title`, the text, then a line for each of the metadata.
    #[must_use]
    pub fn lines(&self) -> String {
        let mark = self.severity.mark();
        let mut lines = vec![match &self.title {
            Some(title) => format!("[{mark}] {title}"),
            None => format!("[{mark}]"),
        }];
        lines.push(self.text.clone());
        lines.extend(
            self.metadata
                .iter()
                .map(|(name, value)| format!("{name}: {value}")),
        );
        lines.join("\n")
    }

    /// What is wrong with it, if anything is.
    pub(crate) fn unfit(&self) -> Option<String> {
        if self.text.trim().is_empty() {
            return Some("the message is blank".to_owned());
        }
        let over = |what: &str, text: &str, most: usize| {
            let length = text.chars().count();
            (length > most).then(|| format!("the {what} has {length} characters; {most} at most"))
        };
        over("message", &self.text, TEXT_CHARS).or_else(|| {
            self.title
                .as_ref()
                .and_then(|title| over("title", title, TITLE_CHARS))
        })
    }

    /// The same with every text changed by `change`.
    pub(crate) fn map(self, change: impl Fn(&str) -> String) -> Message {
        Message {
            title: self.title.as_deref().map(&change),
            text: change(&self.text),
            severity: self.severity,
            metadata: self
                .metadata
                .into_iter()
                .map(|(name, value)| (name, change(&value)))
                .collect(),
            event_type: self.event_type,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(title: Option<&str>, text: &str) -> Message {
        Message {
            title: title.map(str::to_owned),
            text: text.to_owned(),
            severity: Severity::Info,
            metadata: vec![],
            event_type: None,
        }
    }

    #[test]
    fn a_message_as_lines() {
        let about = vec![
            ("session_id".to_owned(), "s1".to_owned()),
            ("model".to_owned(), "a/b".to_owned()),
        ];
        let table = [
            (Severity::Info, None, vec![], "[INFO]\nhi"),
            (
                Severity::Success,
                Some("Done"),
                vec![],
                "[SUCCESS] Done\nhi",
            ),
            (
                Severity::Warning,
                Some("Hm"),
                about.clone(),
                "[WARNING] Hm\nhi\nsession_id: s1\nmodel: a/b",
            ),
            (
                Severity::Error,
                None,
                about,
                "[ERROR]\nhi\nsession_id: s1\nmodel: a/b",
            ),
        ];
        for (severity, title, metadata, lines) in table {
            let message = Message {
                severity,
                metadata,
                ..message(title, "hi")
            };
            assert_eq!(message.lines(), lines);
        }
    }

    #[test]
    fn bounds() {
        let text = |count: usize| "é".repeat(count);
        let table = [
            (message(None, "x"), None),
            (message(None, &text(TEXT_CHARS)), None),
            (message(Some(&text(TITLE_CHARS)), "x"), None),
            (message(None, " \n"), Some("the message is blank")),
            (
                message(None, &text(TEXT_CHARS + 1)),
                Some("the message has 39001 characters; 39000 at most"),
            ),
            (
                message(Some(&text(TITLE_CHARS + 1)), "x"),
                Some("the title has 201 characters; 200 at most"),
            ),
        ];
        for (message, unfit) in table {
            assert_eq!(message.unfit().as_deref(), unfit);
        }
    }
}
