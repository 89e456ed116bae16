//! A notice on its way: who gets it, what became of it, and how that is told.

use ml_intern_sdk::notify::{self, Destination, Error, Message, Receipt};
use ml_intern_sdk::prelude::*;
use ml_intern_sdk::{ArgumentError, Denial};

use crate::notice::Notice;

/// Characters of a reason that are told.
const LONGEST_REASON: usize = 1_000;

/// What takes messages: the host, or a test.
pub(crate) trait Post {
    /// All destinations.
    fn destinations(&self) -> Vec<Destination>;
    /// Sends one message.
    fn send(&self, message: &Message) -> Result<Receipt, Error>;
}

/// The host, behind the imports.
pub(crate) struct Host;

impl Post for Host {
    fn destinations(&self) -> Vec<Destination> {
        notify::destinations()
    }

    fn send(&self, message: &Message) -> Result<Receipt, Error> {
        notify::send(message)
    }
}

/// The part for programs.
#[derive(Debug, Serialize)]
struct Structured {
    deliveries: Vec<Delivery>,
}

#[derive(Debug, Serialize)]
struct Delivery {
    destination: String,
    ok: bool,
    provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
}

/// Sends a notice to each of its destinations, if it may go to all of them.
///
/// # Errors
/// [`Failure::InvalidArguments`] where a destination does not exist or is not for the agent; [`Failure::Denied`] where
/// every message was denied; [`Failure::Failed`], with a line for each destination, where one will not arrive.
pub(crate) fn send(notice: &Notice, post: &impl Post) -> Result<Output, Failure> {
    let destinations = named(notice, &post.destinations())?;
    let (mut lines, mut deliveries) = (Vec::new(), Vec::new());
    let mut denials: Vec<Denial> = Vec::new();
    for destination in destinations {
        let Destination { name, provider, .. } = destination;
        let delivery = |ok, error, external_id| Delivery {
            destination: name.clone(),
            ok,
            provider: provider.clone(),
            error,
            external_id,
        };
        match post.send(&notice.to(&name)) {
            Ok(Receipt::Sent(external_id)) => {
                lines.push(format!("{name}: sent"));
                deliveries.push(delivery(true, None, external_id));
            }
            Ok(Receipt::Queued(why)) => {
                let why = clipped(&why);
                lines.push(format!("{name}: queued, and sent later ({why})"));
                deliveries.push(delivery(true, Some(why), None));
            }
            Err(error) => {
                let why = match error.into() {
                    Failure::Denied(denial) => {
                        let why = format!("denied by {}: {}", denial.rule, denial.remedy);
                        denials.push(denial);
                        why
                    }
                    Failure::Failed(why) => why,
                    // What the import does not give.
                    other => format!("{other:?}"),
                };
                let why = clipped(&why);
                lines.push(format!("{name}: failed ({why})"));
                deliveries.push(delivery(false, Some(why), None));
            }
        }
    }
    if denials.len() == lines.len()
        && let Some(denial) = denials.into_iter().next()
    {
        return Err(Failure::Denied(denial));
    }
    let text = lines.join("\n");
    if deliveries.iter().all(|delivery| delivery.ok) {
        Output::text(text).with_structured(&Structured { deliveries })
    } else {
        Err(Failure::failed(text))
    }
}

/// The destinations that a notice names, each once, in its order.
fn named(notice: &Notice, all: &[Destination]) -> Result<Vec<Destination>, Failure> {
    let usable: Vec<&str> = all
        .iter()
        .filter(|destination| destination.allowed)
        .map(|destination| destination.name.as_str())
        .collect();
    let known = match usable.as_slice() {
        [] => "there is none, since the user has configured none for it".to_owned(),
        names => format!("one of: {}", names.join(", ")),
    };
    let (mut found, mut wrong): (Vec<Destination>, Vec<ArgumentError>) = (Vec::new(), Vec::new());
    for (index, name) in notice.destinations.iter().enumerate() {
        let one = all.iter().find(|destination| destination.name == *name);
        let problem = match one {
            Some(one) if one.allowed => {
                if !found.iter().any(|known| known.name == *name) {
                    found.push(one.clone());
                }
                continue;
            }
            Some(_) => "is not for the agent",
            None => "does not exist",
        };
        wrong.push(ArgumentError {
            pointer: format!("/destinations/{index}"),
            expected: format!("a destination that the agent may use ({known}); this one {problem}"),
        });
    }
    if wrong.is_empty() {
        Ok(found)
    } else {
        Err(Failure::InvalidArguments(wrong))
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use ml_intern_sdk::bindings::ml_intern::plugin::calls::Denial as Refused;
    use serde_json::{Value, json};

    use super::*;

    /// Plays answers, by the destination's name, and keeps what it was asked to send.
    struct Played {
        answers: Vec<(&'static str, Result<Receipt, Error>)>,
        sent: RefCell<Vec<Message>>,
    }

    impl Post for Played {
        fn destinations(&self) -> Vec<Destination> {
            let destination = |name: &str, provider: &str, allowed| Destination {
                name: name.to_owned(),
                provider: provider.to_owned(),
                allowed,
            };
            vec![
                destination("ops", "slack", true),
                destination("boss", "slack", false),
                destination("hook", "webhook", true),
            ]
        }

        fn send(&self, message: &Message) -> Result<Receipt, Error> {
            self.sent.borrow_mut().push(message.clone());
            let answer = self
                .answers
                .iter()
                .find(|(name, _)| *name == message.destination);
            answer.unwrap().1.clone()
        }
    }

    /// Nothing is configured.
    struct Empty;

    impl Post for Empty {
        fn destinations(&self) -> Vec<Destination> {
            Vec::new()
        }

        fn send(&self, message: &Message) -> Result<Receipt, Error> {
            panic!("{message:?}")
        }
    }

    fn notice(arguments: Value) -> Notice {
        serde_json::from_value::<Notice>(arguments)
            .unwrap()
            .checked()
            .unwrap()
    }

    fn to(destinations: &[&str]) -> Notice {
        notice(json!({"destinations": destinations, "message": "m"}))
    }

    fn denied() -> Error {
        Error::Denied(Refused {
            capability: "notify".into(),
            rule: "ci: beyond the sandbox".into(),
            remedy: "change it".into(),
        })
    }

    fn sent(id: &str) -> Result<Receipt, Error> {
        Ok(Receipt::Sent(Some(id.to_owned())))
    }

    #[test]
    fn a_line_for_each_destination() {
        let queued = || Ok(Receipt::Queued("answered 503".into()));
        let failed = || Err(Error::Failed("channel_not_found".into()));
        let unknown = || Err(Error::UnknownDestination(vec!["x".into(), "y".into()]));
        type Row = (
            Vec<(&'static str, Result<Receipt, Error>)>,
            Result<(&'static str, Value), Failure>,
        );
        let table: Vec<Row> = vec![
            (
                vec![("ops", sent("1.2")), ("hook", Ok(Receipt::Sent(None)))],
                Ok((
                    "ops: sent\nhook: sent",
                    json!([
                        {"destination": "ops", "ok": true, "provider": "slack", "external_id": "1.2"},
                        {"destination": "hook", "ok": true, "provider": "webhook"},
                    ]),
                )),
            ),
            (
                vec![("ops", queued()), ("hook", sent("1"))],
                Ok((
                    "ops: queued, and sent later (answered 503)\nhook: sent",
                    json!([
                        {"destination": "ops", "ok": true, "provider": "slack", "error": "answered 503"},
                        {"destination": "hook", "ok": true, "provider": "webhook", "external_id": "1"},
                    ]),
                )),
            ),
            (
                vec![("ops", failed()), ("hook", sent("1"))],
                Err(Failure::failed(
                    "ops: failed (channel_not_found)\nhook: sent",
                )),
            ),
            (
                vec![("ops", Err(denied())), ("hook", queued())],
                Err(Failure::failed(
                    "ops: failed (denied by ci: beyond the sandbox: change it)\n\
                     hook: queued, and sent later (answered 503)",
                )),
            ),
            (
                vec![("ops", Err(denied())), ("hook", Err(denied()))],
                Err(Failure::Denied(Denial {
                    capability: "notify".into(),
                    rule: "ci: beyond the sandbox".into(),
                    remedy: "change it".into(),
                })),
            ),
            (
                vec![
                    ("ops", unknown()),
                    ("hook", Err(Error::Failed("é".repeat(1_001)))),
                ],
                Err(Failure::failed(format!(
                    "ops: failed (no such destination; the agent may use: x, y)\nhook: failed ({}…)",
                    "é".repeat(1_000)
                ))),
            ),
        ];
        for (answers, expected) in table {
            let post = Played {
                answers,
                sent: RefCell::default(),
            };
            let expected = expected.and_then(|(text, deliveries)| {
                Output::text(text).with_structured(&json!({"deliveries": deliveries}))
            });
            assert_eq!(send(&to(&["ops", "hook"]), &post), expected);
            assert_eq!(post.sent.borrow().len(), 2);
        }
    }

    #[test]
    fn what_is_sent() {
        let table = [
            (
                json!({"destinations": ["hook", "ops", "hook"], "message": "m"}),
                vec!["hook", "ops"],
                None,
                notify::Severity::Info,
            ),
            (
                json!({"destinations": ["ops"], "message": "m", "title": "t", "severity": "error"}),
                vec!["ops"],
                Some("t"),
                notify::Severity::Error,
            ),
            (
                json!({"destinations": ["ops"], "message": "m", "title": " ", "severity": "warning"}),
                vec!["ops"],
                None,
                notify::Severity::Warning,
            ),
            (
                json!({"destinations": ["ops"], "message": "m", "title": null, "severity": "success"}),
                vec!["ops"],
                None,
                notify::Severity::Success,
            ),
        ];
        for (arguments, names, title, severity) in table {
            let post = Played {
                answers: vec![("ops", sent("1")), ("hook", sent("2"))],
                sent: RefCell::default(),
            };
            send(&notice(arguments), &post).unwrap();
            let expected: Vec<Message> = names
                .into_iter()
                .map(|name| Message {
                    destination: name.to_owned(),
                    title: title.map(str::to_owned),
                    text: "m".to_owned(),
                    severity,
                })
                .collect();
            assert_eq!(*post.sent.borrow(), expected);
        }
    }

    #[test]
    fn nothing_is_sent_unless_it_may_go_to_all() {
        let post = Played {
            answers: vec![],
            sent: RefCell::default(),
        };
        let error = |index: usize, expected: &str| ArgumentError {
            pointer: format!("/destinations/{index}"),
            expected: expected.to_owned(),
        };
        let wrong = send(&to(&["ops", "boss", "nobody"]), &post);
        assert_eq!(
            wrong,
            Err(Failure::InvalidArguments(vec![
                error(
                    1,
                    "a destination that the agent may use (one of: ops, hook); this one is not for the agent"
                ),
                error(
                    2,
                    "a destination that the agent may use (one of: ops, hook); this one does not exist"
                ),
            ]))
        );
        assert_eq!(*post.sent.borrow(), []);
        assert_eq!(
            send(&to(&["ops"]), &Empty),
            Err(Failure::InvalidArguments(vec![error(
                0,
                "a destination that the agent may use (there is none, since the user has configured none for it); this \
                 one does not exist"
            )]))
        );
    }
}
