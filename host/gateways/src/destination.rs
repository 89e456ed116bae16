//! Where messages go, as the user configured it.

use egress::{CredentialError, Credentials};
use journal::Digest;
use policy::{Origin, OriginError};

use crate::address::WebAddress;
use crate::events::EventType;
use crate::secret::Secret;
use crate::signature::SECRET_MIN;
use crate::slack;

/// Where Slack's Web API is.
const SLACK: &str = "https://slack.com";

/// Everything that the user configured about messages. Whoever switched them off has none of this.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Where messages go.
    pub destinations: Vec<Destination>,
    /// What is told by itself, to the destinations that allow it.
    pub auto_event_types: Vec<EventType>,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Lowercase letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// The service.
    pub provider: Provider,
    /// Whether the agent may write there itself.
    pub allow_agent_tool: bool,
    /// Whether events are told there.
    pub allow_auto_events: bool,
}

/// A service, and what it needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// A channel of Slack.
    Slack(Slack),
    /// A web service of the user's own.
    Webhook(Webhook),
}

/// A channel of Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slack {
    /// The bot's token.
    pub token: Secret,
    /// The channel's id.
    pub channel: String,
    /// The name under which messages appear.
    pub username: Option<String>,
    /// The emoji beside that name, for example `:robot_face:`.
    pub icon_emoji: Option<String>,
    /// Where its Web API is; none for `https://slack.com`. The token goes nowhere else.
    pub origin: Option<Origin>,
}

/// A web service of the user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its address, in a form of the table in `address.rs`. Its query may be a secret.
    pub url: Secret,
    /// What messages are signed with. It is never sent.
    pub secret: Secret,
}

/// A destination that cannot be. No message shows a token, a secret or an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A name that none can have.
    #[error("destination {0:?}: expected a name of lowercase letters, digits, `.`, `_` and `-`")]
    Name(String),
    /// Two of one name.
    #[error("destination `{0}`: there are two of this name")]
    Duplicate(String),
    /// Something that is missing or wrong.
    #[error("destination `{name}`: {problem}")]
    Field {
        /// The destination.
        name: String,
        /// The field, and what is wrong with it.
        problem: String,
    },
    /// A token or secret that egress cannot keep.
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

impl Settings {
    /// The same credentials with those of all destinations: tokens of Slack, which go to Slack alone, and signing
    /// secrets, which go nowhere, so that egress stops them where they would leave.
    ///
    /// # Errors
    ///
    /// Where a destination cannot be, or a secret cannot be told from ordinary text.
    pub fn credentials(&self, credentials: Credentials) -> Result<Credentials, SettingsError> {
        self.check()?;
        let mut all = credentials;
        for destination in &self.destinations {
            let name = destination.credential();
            all = match &destination.provider {
                Provider::Slack(slack) => {
                    let address = destination.address()?;
                    all.bearer(&name, slack.token.reveal(), [address.origin().clone()])?
                }
                Provider::Webhook(webhook) => all.known(&name, webhook.secret.reveal())?,
            };
        }
        Ok(all)
    }

    /// Checks all destinations.
    ///
    /// # Errors
    ///
    /// The first that cannot be, with what is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        for (index, destination) in self.destinations.iter().enumerate() {
            destination.check()?;
            let name = &destination.name;
            if self
                .destinations
                .iter()
                .take(index)
                .any(|one| one.name == *name)
            {
                return Err(SettingsError::Duplicate(name.clone()));
            }
        }
        Ok(())
    }
}

impl Destination {
    fn check(&self) -> Result<(), SettingsError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        if self.name.is_empty() || !self.name.chars().all(fits) {
            return Err(SettingsError::Name(self.name.clone()));
        }
        self.address()?;
        match &self.provider {
            Provider::Slack(slack) => {
                if slack.channel.trim().is_empty() {
                    return Err(self.problem("channel: expected a channel's id"));
                }
                let token = slack.token.reveal();
                if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
                    return Err(self.problem("token: expected a token, which has no blanks"));
                }
            }
            Provider::Webhook(webhook) => {
                let bytes = webhook.secret.reveal().len();
                if bytes < SECRET_MIN {
                    return Err(self.problem(&format!(
                        "secret: it has {bytes} bytes; expected {SECRET_MIN} or more"
                    )));
                }
            }
        }
        Ok(())
    }

    fn problem(&self, problem: &str) -> SettingsError {
        SettingsError::Field {
            name: self.name.clone(),
            problem: problem.to_owned(),
        }
    }

    /// Where its requests go.
    pub(crate) fn address(&self) -> Result<WebAddress, SettingsError> {
        match &self.provider {
            Provider::Slack(slack) => {
                let origin = match &slack.origin {
                    Some(origin) => Ok(origin.clone()),
                    None => SLACK.parse(),
                };
                let origin =
                    origin.map_err(|error: OriginError| self.problem(&error.to_string()))?;
                Ok(WebAddress::at(origin, slack::PATH))
            }
            Provider::Webhook(webhook) => WebAddress::parse(webhook.url.reveal())
                .map_err(|problem| self.problem(&format!("url: {problem}"))),
        }
    }

    /// The name of its token or secret among egress's credentials.
    pub(crate) fn credential(&self) -> String {
        format!("gateways/{}", self.name)
    }

    /// The name of its service.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        match self.provider {
            Provider::Slack(_) => "slack",
            Provider::Webhook(_) => "webhook",
        }
    }

    /// What tells the place that it leads to from all others: a session with other settings may have the same name for
    /// another channel, and must not deliver there what was meant for this one.
    pub(crate) fn place(&self) -> Result<Digest, SettingsError> {
        let url = self.address()?.url();
        let channel = match &self.provider {
            Provider::Slack(slack) => slack.channel.as_str(),
            Provider::Webhook(_) => "",
        };
        let whole = format!("{}\n{}\n{url}\n{channel}", self.name, self.provider());
        Ok(Digest::of(whole.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slack(name: &str, token: &str, channel: &str) -> Destination {
        Destination {
            name: name.to_owned(),
            provider: Provider::Slack(Slack {
                token: Secret::new(token),
                channel: channel.to_owned(),
                username: None,
                icon_emoji: None,
                origin: None,
            }),
            allow_agent_tool: true,
            allow_auto_events: true,
        }
    }

    fn webhook(url: &str, secret: &str) -> Destination {
        Destination {
            provider: Provider::Webhook(Webhook {
                url: Secret::new(url),
                secret: Secret::new(secret),
            }),
            ..slack("hook", "", "")
        }
    }

    const SECRET: &str = "canary-0123456789";

    #[test]
    fn what_cannot_be() {
        let table = [
            (vec![], None),
            (
                vec![
                    slack("ops.a_b-1", SECRET, "C1"),
                    webhook("https://h.example/", SECRET),
                ],
                None,
            ),
            (
                vec![slack("Ops", SECRET, "C1")],
                Some(
                    "destination \"Ops\": expected a name of lowercase letters, digits, `.`, `_` and `-`",
                ),
            ),
            (
                vec![slack("", SECRET, "C1")],
                Some(
                    "destination \"\": expected a name of lowercase letters, digits, `.`, `_` and `-`",
                ),
            ),
            (
                vec![slack("a", SECRET, "C1"), slack("a", SECRET, "C2")],
                Some("destination `a`: there are two of this name"),
            ),
            (
                vec![slack("a", SECRET, " ")],
                Some("destination `a`: channel: expected a channel's id"),
            ),
            (
                vec![slack("a", "can ary0", "C1")],
                Some("destination `a`: token: expected a token, which has no blanks"),
            ),
            (
                vec![slack("a", "canary", "C1")],
                Some(
                    "credential `gateways/a`: its secret has 6 bytes; expected 8 to 4096, so that it can be found where it \
                     leaks; leave it out where the service takes any text",
                ),
            ),
            (
                vec![webhook("http://h.example/?canary-", SECRET)],
                Some(
                    "destination `hook`: url: it is `http` to another machine; expected `https`, so that only its owner \
                     reads the messages",
                ),
            ),
            (
                vec![webhook("https://h.example/", "canary-01234567")],
                Some("destination `hook`: secret: it has 15 bytes; expected 16 or more"),
            ),
        ];
        for (destinations, problem) in table {
            let settings = Settings {
                destinations,
                auto_event_types: vec![],
            };
            let error = settings.credentials(Credentials::new()).err();
            assert_eq!(error.map(|error| error.to_string()).as_deref(), problem);
            assert!(!format!("{settings:?}").contains("canary-"));
        }
    }

    #[test]
    fn a_place_is_known_by_where_it_leads() {
        let place = |destination: &Destination| destination.place().unwrap();
        let one = slack("a", SECRET, "C1");
        assert_eq!(place(&one), place(&slack("a", "another-token", "C1")));
        let others = [
            slack("b", SECRET, "C1"),
            slack("a", SECRET, "C2"),
            webhook("https://h.example/", SECRET),
            webhook("https://h.example/?x", SECRET),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(place(&one), place(other), "{index}");
        }
        assert_ne!(place(&others[2]), place(&others[3]));
    }
}
