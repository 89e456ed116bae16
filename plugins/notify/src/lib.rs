//! The `notify` tool: a message to people, through the destinations that the user configured.
//!
//! Its component imports `notify` and nothing else. Which destinations there are, and how messages get there, is the
//! host's business.

mod notice;
mod post;

use ml_intern_sdk::prelude::*;
use notice::Notice;
use post::{Host, send};

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    let limits = Limits {
        // A message of 39,000 characters, and a copy of it for each destination, one at a time.
        memory: 16 << 20,
        fuel: 1_000_000_000,
        // The host tries for a minute at each destination.
        deadline: 600_000,
        output: 64 << 10,
        open_files: 0,
        // The destinations, and a message to each.
        host_calls: 1 + notice::MOST_DESTINATIONS as u32,
    };
    let operation = Operation::new("notify", notify)
        .effects([Effect::Notify])
        .needs([need::notify()]);
    Plugin::new(
        "notify",
        env!("CARGO_PKG_VERSION"),
        "Sends messages to people.",
        limits,
    )
    .tool(Tool::new("notify", DESCRIPTION, operation))
}

const DESCRIPTION: &str = "Sends a message to people, to destinations that the user configured, such as a Slack channel. \
Use it only when the user asked to be notified, or told you of a destination. Nobody can answer. Name destinations exactly; \
a wrong name is answered with the known ones.";

fn notify(notice: Notice) -> Result<Output, Failure> {
    send(&notice.checked()?, &Host)
}

ml_intern_sdk::export!(plugin);

#[cfg(test)]
mod tests {
    use ml_intern_sdk::Call;
    use serde_json::{Value, json};

    use super::*;
    use crate::notice::{LONGEST_MESSAGE, LONGEST_TITLE};

    #[test]
    fn it_declares_what_it_needs() {
        let manifest = plugin().manifest();
        let [tool] = manifest.tools.as_slice() else {
            panic!("one tool")
        };
        let [operation] = tool.operations.as_slice() else {
            panic!("one operation")
        };
        assert_eq!(
            (tool.name.as_str(), operation.name.as_str()),
            ("notify", "notify")
        );
        assert_eq!(operation.effects, [Effect::Notify]);
        assert_eq!(operation.needs, [Need::Notify]);
        assert_eq!(manifest.limits.host_calls, 11);
        let schema: Value = serde_json::from_str(&tool.parameters).unwrap();
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "properties": {
                    "destinations": {
                        "type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 10,
                    },
                    "message": {"description": "The text, in Markdown.", "type": "string", "maxLength": 39000},
                    "title": {"description": "A headline.", "type": "string", "maxLength": 200},
                    "severity": {
                        "description": "How urgent it is.",
                        "type": "string", "enum": ["info", "success", "warning", "error"], "default": "info",
                    },
                },
                "required": ["destinations", "message"],
                "additionalProperties": false,
            })
        );
    }

    #[test]
    fn arguments_that_do_not_fit_send_nothing() {
        let with = |key: &str, value: Value| {
            let mut arguments = json!({"destinations": ["ops"], "message": "x"});
            arguments[key] = value;
            arguments
        };
        let table = [
            (
                json!({"message": "x"}),
                "/destinations",
                "a value: it is required",
            ),
            (
                json!({"destinations": ["ops"]}),
                "/message",
                "a value: it is required",
            ),
            (
                with("destinations", json!([])),
                "/destinations",
                "1 to 10 names, not 0",
            ),
            (
                with("destinations", json!(vec!["a"; 11])),
                "/destinations",
                "1 to 10 names, not 11",
            ),
            (
                with("message", json!(" \n")),
                "/message",
                "a text that is not blank",
            ),
            (
                with("message", json!("é".repeat(LONGEST_MESSAGE + 1))),
                "/message",
                "39000 characters at most, not 39001",
            ),
            (
                with("title", json!("é".repeat(LONGEST_TITLE + 1))),
                "/title",
                "200 characters at most, not 201",
            ),
            (
                with("severity", json!("fatal")),
                "/severity",
                "unknown variant `fatal`, expected one of `info`, `success`, `warning`, `error`",
            ),
            (
                with("channel", json!("C1")),
                "/channel",
                "no such argument; the known are: one of `destinations`, `message`, `title`, `severity`",
            ),
        ];
        for (arguments, pointer, expected) in table {
            let call = Call {
                id: "1".into(),
                tool: "notify".into(),
                operation: "notify".into(),
                arguments: arguments.to_string(),
            };
            assert_eq!(
                plugin().invoke(&call),
                Err(Failure::argument(pointer, expected)),
                "{pointer} {expected}"
            );
        }
    }
}
