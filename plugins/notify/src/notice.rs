//! What the model wants to be told, and to whom.

use ml_intern_sdk::notify;
use ml_intern_sdk::prelude::*;

/// Destinations of one call at most.
pub(crate) const MOST_DESTINATIONS: usize = 10;
/// Characters of a message at most: what the host's gateways take.
pub(crate) const LONGEST_MESSAGE: usize = 39_000;
/// Characters of a title at most.
pub(crate) const LONGEST_TITLE: usize = 200;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notice {
    #[schemars(length(min = 1, max = 10))]
    pub(crate) destinations: Vec<String>,
    /// The text, in Markdown.
    #[schemars(length(max = 39_000))]
    pub(crate) message: String,
    /// A headline.
    #[schemars(length(max = 200))]
    pub(crate) title: Option<String>,
    /// How urgent it is.
    #[serde(default)]
    pub(crate) severity: Severity,
}

/// How urgent it is.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    #[default]
    Info,
    Success,
    Warning,
    Error,
}

impl From<Severity> for notify::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Success => Self::Success,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
        }
    }
}

impl Notice {
    /// The same, within its bounds.
    ///
    /// # Errors
    /// [`Failure::InvalidArguments`] with the first place that does not fit.
    pub(crate) fn checked(self) -> Result<Self, Failure> {
        let count = self.destinations.len();
        if !(1..=MOST_DESTINATIONS).contains(&count) {
            return Err(Failure::argument(
                "/destinations",
                format!("1 to {MOST_DESTINATIONS} names, not {count}"),
            ));
        }
        if self.message.trim().is_empty() {
            return Err(Failure::argument("/message", "a text that is not blank"));
        }
        bounded("/message", &self.message, LONGEST_MESSAGE)?;
        bounded(
            "/title",
            self.title.as_deref().unwrap_or_default(),
            LONGEST_TITLE,
        )?;
        Ok(self)
    }

    /// What goes to one destination.
    pub(crate) fn to(&self, destination: &str) -> notify::Message {
        notify::Message {
            destination: destination.to_owned(),
            title: self.title.clone().filter(|title| !title.trim().is_empty()),
            text: self.message.clone(),
            severity: self.severity.into(),
        }
    }
}

fn bounded(pointer: &str, text: &str, most: usize) -> Result<(), Failure> {
    let length = text.chars().count();
    if length <= most {
        return Ok(());
    }
    Err(Failure::argument(
        pointer,
        format!("{most} characters at most, not {length}"),
    ))
}
