//! Notifications in Slack where variables alone say so.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `SLACK_BOT_TOKEN`, and `SLACK_CHANNEL_ID` or `SLACK_CHANNEL` | where both are set, there is a destination, and notifications are on |
//! | `ML_INTERN_SLACK_NOTIFICATIONS` | false: none of this |
//! | `ML_INTERN_SLACK_DESTINATION` | the destination's name, `slack.default`; one that a file has under that name stays as it is |
//! | `ML_INTERN_SLACK_AUTO_EVENTS` | `messaging.auto_event_types`, with commas in between |
//! | `ML_INTERN_SLACK_ALLOW_AGENT_TOOL`, `ML_INTERN_SLACK_ALLOW_AUTO_EVENTS` | the destination's `allow_…`, true |
//!
//! True is `1`, `true`, `yes`, `on`; false `0`, `false`, `no`, `off`. A file that says `messaging.enabled: false` keeps
//! notifications off. Only variables of the process count: a project's `.env` must not have its reader's sessions told to
//! somebody else's Slack.

use serde_json::{Value, json};

use super::check::boolean;
use super::environment::{Environment, From};
use super::error::Problem;
use super::substitute::Used;
use super::tree::{Content, Leaf, Origin, Source, Tree};

const TOKEN: &str = "SLACK_BOT_TOKEN";
const CHANNELS: [&str; 2] = ["SLACK_CHANNEL_ID", "SLACK_CHANNEL"];

/// What variables add to a configuration.
pub(crate) fn layer(
    below: &Tree,
    environment: &Environment<'_>,
    warnings: &mut Vec<String>,
) -> Result<Option<Tree>, Problem> {
    let set = |name: &'static str| {
        let value = environment.process(name)?.trim().to_owned();
        (!value.is_empty()).then_some((name, value))
    };
    let flag = |name: &'static str| match set(name) {
        None => Ok(true),
        Some((_, text)) => boolean(&text).ok_or_else(|| Problem {
            place: name.to_owned(),
            pointer: String::new(),
            message: "expected `true` or `false`".to_owned(),
        }),
    };
    if !flag("ML_INTERN_SLACK_NOTIFICATIONS")? || switched_off(below) {
        return Ok(None);
    }
    let (Some(token), Some(channel)) = (set(TOKEN), CHANNELS.into_iter().find_map(set)) else {
        let anywhere = |name: &str| {
            environment
                .value(name)
                .is_some_and(|value| !value.trim().is_empty())
        };
        if anywhere(TOKEN) && CHANNELS.into_iter().any(anywhere) {
            warnings.push(format!(
                "{TOKEN} and its channel do not switch on notifications from a .env, which may be a stranger's; set them in the \
                 environment, or name a destination in your own file"
            ));
        }
        return Ok(None);
    };
    let mut messaging = vec![("enabled".to_owned(), value(TOKEN, json!(true)))];
    let name = set("ML_INTERN_SLACK_DESTINATION")
        .map_or_else(|| "slack.default".to_owned(), |(_, name)| name);
    if below.at(&["messaging", "destinations", &name]).is_none() {
        let agent_tool = flag("ML_INTERN_SLACK_ALLOW_AGENT_TOOL")?;
        let auto_events = flag("ML_INTERN_SLACK_ALLOW_AUTO_EVENTS")?;
        let destination = vec![
            ("provider".to_owned(), value(TOKEN, json!("slack"))),
            ("token".to_owned(), variable(token)),
            ("channel".to_owned(), variable(channel)),
            (
                "allow_agent_tool".to_owned(),
                value("ML_INTERN_SLACK_ALLOW_AGENT_TOOL", json!(agent_tool)),
            ),
            (
                "allow_auto_events".to_owned(),
                value("ML_INTERN_SLACK_ALLOW_AUTO_EVENTS", json!(auto_events)),
            ),
        ];
        let destinations = object(vec![(name, object(destination))]);
        messaging.push(("destinations".to_owned(), destinations));
    }
    if let Some((name, list)) = set("ML_INTERN_SLACK_AUTO_EVENTS") {
        let events = list
            .split(',')
            .map(str::trim)
            .filter(|event| !event.is_empty());
        messaging.push(("auto_event_types".to_owned(), value(name, events.collect())));
    }
    Ok(Some(object(vec![(
        "messaging".to_owned(),
        object(messaging),
    )])))
}

/// Whether a file of somebody's own says that nothing is to be sent.
fn switched_off(below: &Tree) -> bool {
    below.at(&["messaging", "enabled"]).is_some_and(|enabled| {
        enabled.origin.source != Source::BuiltIn
            && enabled
                .leaf()
                .is_some_and(|leaf| leaf.value == Value::Bool(false))
    })
}

fn origin(variable: &str) -> Origin {
    Origin {
        source: Source::Variable(variable.to_owned()),
        line: None,
    }
}

fn object(entries: Vec<(String, Tree)>) -> Tree {
    Tree {
        origin: origin(TOKEN),
        content: Content::Object(entries),
    }
}

fn value(name: &str, value: Value) -> Tree {
    Tree {
        origin: origin(name),
        content: Content::Leaf(Leaf::plain(value)),
    }
}

fn variable((name, value): (&'static str, String)) -> Tree {
    Tree {
        origin: origin(name),
        content: Content::Leaf(Leaf {
            value: Value::String(value.clone()),
            written: Some(Value::String(format!("${{{name}}}"))),
            used: vec![Used {
                name: name.to_owned(),
                value,
                from: From::Process,
            }],
            text: true,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::dotenv::DotEnv;
    use super::*;

    fn with(
        variables: &[(&str, &str)],
        below: Value,
        dotenv: &str,
    ) -> (Result<Option<Value>, String>, Vec<String>) {
        let get = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let environment = Environment::new(get, vec![DotEnv::parse(Path::new(".env"), dotenv)]);
        let below = Tree::of(below, &Source::User("u.json".into()));
        let mut warnings = Vec::new();
        let layer = layer(&below, &environment, &mut warnings);
        let layer = layer.map(|layer| layer.map(|tree| tree.value()));
        (layer.map_err(|problem| problem.to_string()), warnings)
    }

    #[test]
    fn variables_that_switch_it_on() {
        let token = ("SLACK_BOT_TOKEN", "xoxb");
        let channel = ("SLACK_CHANNEL_ID", "C1");
        let messaging = |name: &str, agent: bool, auto: bool| {
            json!({"messaging": {"enabled": true, "destinations": {name: {
                "provider": "slack", "token": "xoxb", "channel": "C1", "allow_agent_tool": agent, "allow_auto_events": auto,
            }}}})
        };
        let on = messaging("slack.default", true, true);
        type Row<'r> = (
            Vec<(&'r str, &'r str)>,
            Value,
            Result<Option<Value>, &'r str>,
        );
        let table: Vec<Row<'_>> = vec![
            (vec![], json!({}), Ok(None)),
            (vec![token], json!({}), Ok(None)),
            (vec![channel], json!({}), Ok(None)),
            (vec![token, ("SLACK_CHANNEL", "  ")], json!({}), Ok(None)),
            (vec![token, channel], json!({}), Ok(Some(on.clone()))),
            (
                vec![token, ("SLACK_CHANNEL", "C1")],
                json!({}),
                Ok(Some(on.clone())),
            ),
            (
                vec![token, channel, ("SLACK_CHANNEL", "C2")],
                json!({}),
                Ok(Some(on.clone())),
            ),
            (
                vec![token, channel, ("ML_INTERN_SLACK_NOTIFICATIONS", "off")],
                json!({}),
                Ok(None),
            ),
            (
                vec![token, channel, ("ML_INTERN_SLACK_NOTIFICATIONS", "1")],
                json!({}),
                Ok(Some(on)),
            ),
            (
                vec![token, channel, ("ML_INTERN_SLACK_NOTIFICATIONS", "nope")],
                json!({}),
                Err("ML_INTERN_SLACK_NOTIFICATIONS: expected `true` or `false`"),
            ),
            (
                vec![
                    token,
                    channel,
                    ("ML_INTERN_SLACK_DESTINATION", "ops"),
                    ("ML_INTERN_SLACK_ALLOW_AGENT_TOOL", "no"),
                ],
                json!({}),
                Ok(Some(messaging("ops", false, true))),
            ),
            (
                vec![
                    token,
                    channel,
                    ("ML_INTERN_SLACK_AUTO_EVENTS", "error, turn_complete,"),
                ],
                json!({"messaging": {"destinations": {"slack.default": {"provider": "slack"}}}}),
                Ok(Some(
                    json!({"messaging": {"enabled": true, "auto_event_types": ["error", "turn_complete"]}}),
                )),
            ),
            (
                vec![token, channel],
                json!({"messaging": {"enabled": false}}),
                Ok(None),
            ),
        ];
        for (variables, below, expected) in table {
            let (layer, warnings) = with(&variables, below.clone(), "");
            assert_eq!(
                layer,
                expected.map_err(str::to_owned),
                "{variables:?} {below}"
            );
            assert_eq!(warnings, [""; 0]);
        }
    }

    #[test]
    fn a_file_of_the_project_does_not() {
        let (layer, warnings) = with(&[], json!({}), "SLACK_BOT_TOKEN=canary\nSLACK_CHANNEL=C1\n");
        assert_eq!(layer, Ok(None));
        assert_eq!(
            warnings,
            [
                "SLACK_BOT_TOKEN and its channel do not switch on notifications from a .env, which may be a stranger's; set them in \
                 the environment, or name a destination in your own file"
            ]
        );
    }
}
