//! Slack: `chat.postMessage` of its Web API, <https://docs.slack.dev/reference/methods/chat.postMessage>.
//!
//! | answer | means |
//! | --- | --- |
//! | `{"ok": true, "ts": …}` | sent; `ts` is its id |
//! | none, 429, 500 and above, no JSON, `ok: false` with `ratelimited` | it may arrive later |
//! | any other status or `ok: false` | it would not arrive later either |

use async_trait::async_trait;
use policy::Decision;
use serde::{Deserialize, Serialize};

use crate::address::WebAddress;
use crate::gateway::{Fault, Gateway, Letter};
use crate::mrkdwn::mrkdwn;
use crate::wire::{Wire, retry_after};

/// The path of the method.
pub(crate) const PATH: &str = "/api/chat.postMessage";

/// Slack, as one destination.
#[derive(Debug)]
pub(crate) struct SlackGateway {
    pub(crate) wire: Wire,
    pub(crate) address: WebAddress,
    /// The name of the token among the credentials.
    pub(crate) credential: String,
    pub(crate) channel: String,
    pub(crate) username: Option<String>,
    pub(crate) icon_emoji: Option<String>,
}

/// A request.
#[derive(Debug, Serialize)]
struct Post<'a> {
    channel: &'a str,
    text: String,
    mrkdwn: bool,
    unfurl_links: bool,
    unfurl_media: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon_emoji: Option<&'a str>,
}

/// What is read of an answer.
#[derive(Debug, Deserialize)]
struct Answer {
    ok: bool,
    ts: Option<String>,
    error: Option<String>,
}

#[async_trait]
impl Gateway for SlackGateway {
    fn provider(&self) -> &'static str {
        "slack"
    }

    fn may_send(&self) -> Result<(), Decision> {
        let grant = self.wire.grant(&self.address, Some(&self.credential));
        grant.map(|_| ())
    }

    async fn send(&self, letter: Letter<'_>) -> Result<Option<String>, Fault> {
        let post = Post {
            channel: &self.channel,
            text: mrkdwn(&letter.message.lines()),
            mrkdwn: true,
            unfurl_links: false,
            unfurl_media: false,
            username: self.username.as_deref(),
            icon_emoji: self.icon_emoji.as_deref(),
        };
        let body =
            serde_json::to_string(&post).map_err(|error| Fault::Lasting(error.to_string()))?;
        let response = self
            .wire
            .post(&self.address, Some(&self.credential), Vec::new(), body)
            .await?;
        if let Some(fault) = self.wire.fault_of(&response) {
            return Err(fault);
        }
        let answer: Answer = serde_json::from_slice(response.body())
            .map_err(|_| Fault::passing("answered something that is not Slack's JSON"))?;
        if answer.ok {
            return Ok(answer.ts);
        }
        let code = answer.error.as_deref().unwrap_or("no reason given");
        if code == "ratelimited" {
            return Err(Fault::Passing {
                why: code.to_owned(),
                after: retry_after(response.headers(), self.wire.time.date()),
            });
        }
        Err(Fault::Lasting(match advice(code) {
            Some(advice) => format!("{code}: {advice}"),
            None => code.to_owned(),
        }))
    }
}

/// What a person can do about the errors that a new configuration meets.
fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "channel_not_found" => {
            "expected the id of a channel, such as C0123456789, that the bot is in"
        }
        "not_in_channel" => "invite the bot to the channel",
        "is_archived" => "the channel is archived",
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" => {
            "the token is not, or no longer, valid"
        }
        "missing_scope" => "the token's app needs the scope `chat:write`",
        _ => return None,
    })
}
