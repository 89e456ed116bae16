//! slack.com: `chat.postMessage`. Answers are 200 whatever happens, but for the rate limit.

use serde_json::json;

use crate::answer::Answer;
use crate::ask::{Ask, pairs};
use crate::serve::StandIn;
use crate::world::World;

/// The token that may post; and the channels that there are.
const TOKEN: &str = "xoxb-standin";
const CHANNELS: [(&str, &str); 2] = [("#experiments", "C0STANDIN01"), ("#alerts", "C0STANDIN02")];

/// What was posted.
#[derive(Debug, Default)]
pub(crate) struct Slack {
    posted: u64,
    /// Posts that are refused with `ratelimited` before the next one goes through.
    limited: usize,
}

impl StandIn {
    /// The next `times` posts to Slack are told to wait.
    pub fn slack_limits(&self, times: usize) {
        self.world().slack.limited = times;
    }
}

pub(crate) fn answer(ask: &Ask, world: &mut World) -> Answer {
    if (ask.method.as_str(), ask.path.as_str()) != ("POST", "/api/chat.postMessage") {
        return no("unknown_method");
    }
    if world.slack.limited > 0 {
        world.slack.limited -= 1;
        return Answer::json_with(429, &json!({"ok": false, "error": "ratelimited"}))
            .with("retry-after", "30");
    }
    match ask.bearer() {
        None => return no("not_authed"),
        Some(TOKEN) => {}
        Some(_) => return no("invalid_auth"),
    }
    let form = ask
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = if form {
        let mut body = json!({});
        for (key, value) in pairs(&String::from_utf8_lossy(&ask.body)) {
            body[key] = value.into();
        }
        body
    } else {
        ask.json()
    };
    let channel = body["channel"].as_str().unwrap_or_default();
    let Some((_, id)) = CHANNELS.iter().find(|(name, id)| {
        channel == *name || channel == *id || channel == name.trim_start_matches('#')
    }) else {
        return no("channel_not_found");
    };
    let text = body["text"].as_str().unwrap_or_default();
    if text.is_empty() && !body["blocks"].is_array() {
        return no("no_text");
    }
    if text.chars().count() > 40_000 {
        return no("msg_too_long");
    }
    world.slack.posted += 1;
    let ts = format!("{}.{:06}", world.clock.seconds(), 100 * world.slack.posted);
    Answer::json(&json!({
        "ok": true,
        "channel": id,
        "ts": ts,
        "message": {"type": "message", "bot_id": "B0STANDIN", "text": text, "ts": ts},
    }))
}

fn no(error: &str) -> Answer {
    Answer::json(&json!({"ok": false, "error": error}))
}
