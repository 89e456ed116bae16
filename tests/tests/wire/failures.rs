//! Every class of error, as each provider tells it; after each the same session goes on.

use agent::{Options, Outcome};
use ml_intern_tests::server::{Answer, json_answer};
use serde_json::{Value, json};

use crate::format::{Format, calls, says};
use crate::scene::{Reply, Setup};

/// An error as this format tells it.
fn error(format: Format, status: u16, kind: &str, message: &str) -> Answer {
    let body: Value = match format {
        Format::Messages => {
            json!({"type": "error", "error": {"type": kind, "message": message}})
        }
        Format::Responses => {
            json!({"error": {"message": message, "type": kind, "code": kind}})
        }
        Format::Router => json!({"error": message}),
        Format::Local => {
            json!({"error": {"code": status, "message": message, "type": kind}})
        }
    };
    json_answer(status, &body)
}

#[tokio::test]
async fn classes() {
    use Format::{Local, Messages, Responses, Router};
    let too_long = |format: Format| {
        let (status, body) = format.too_long();
        json_answer(status, &body)
    };
    /// What the error says, how each provider tells it, and how often it is asked.
    type Class = (&'static str, Vec<(Format, Answer)>, usize);
    let every: [Class; 8] = [
        (
            "does not accept the credential",
            vec![
                (
                    Messages,
                    error(Messages, 401, "authentication_error", "invalid x-api-key"),
                ),
                (
                    Responses,
                    error(Responses, 401, "invalid_api_key", "Incorrect API key"),
                ),
                (
                    Router,
                    error(Router, 401, "", "Invalid username or password."),
                ),
                (
                    Local,
                    error(Local, 401, "authentication_error", "Invalid API Key"),
                ),
            ],
            1,
        ),
        (
            "out of credit",
            vec![
                (
                    Messages,
                    error(
                        Messages,
                        400,
                        "invalid_request_error",
                        "Your credit balance is too low",
                    ),
                ),
                (
                    Responses,
                    error(
                        Responses,
                        429,
                        "insufficient_quota",
                        "You exceeded your current quota",
                    ),
                ),
                (
                    Router,
                    error(
                        Router,
                        402,
                        "",
                        "You have exceeded your monthly included credits",
                    ),
                ),
            ],
            1,
        ),
        (
            "limits the rate of requests",
            vec![
                (
                    Messages,
                    error(Messages, 429, "rate_limit_error", "slow down"),
                ),
                (
                    Responses,
                    error(Responses, 429, "rate_limit_exceeded", "Rate limit reached"),
                ),
                (Router, error(Router, 429, "", "Too many requests")),
            ],
            3,
        ),
        (
            "is overloaded",
            vec![
                (
                    Messages,
                    error(Messages, 529, "overloaded_error", "Overloaded"),
                ),
                (Responses, error(Responses, 503, "server_error", "busy")),
                (Router, error(Router, 504, "", "late")),
                (
                    Local,
                    error(Local, 503, "unavailable_error", "Loading model"),
                ),
            ],
            3,
        ),
        (
            "rejects the request",
            vec![
                (
                    Messages,
                    error(Messages, 400, "invalid_request_error", "messages: roles"),
                ),
                (
                    Responses,
                    error(Responses, 400, "invalid_function_parameters", "schema"),
                ),
                (Router, error(Router, 400, "", "the messages are odd")),
                (Local, error(Local, 400, "invalid_request_error", "odd")),
            ],
            1,
        ),
        (
            "refuses to answer",
            vec![(
                Responses,
                error(Responses, 400, "invalid_prompt", "flagged"),
            )],
            1,
        ),
        (
            "cannot be reached",
            Format::ALL.map(|format| (format, Answer::Hang)).to_vec(),
            3,
        ),
        (
            // Nothing can go of so short a conversation, so it is not asked for ever.
            "does not fit into the model's context",
            Format::ALL
                .map(|format| (format, too_long(format)))
                .to_vec(),
            1,
        ),
    ];
    for (class, rows, attempts) in every {
        for (format, answer) in rows {
            let mut replies = vec![Reply::Raw(answer); attempts];
            replies.push(says("Here again.").into());
            let mut scene = Setup::new(format).plays(replies).await;
            let outcome = scene.turn("Go.").await;
            let Outcome::Failed { error } = &outcome else {
                panic!("{format:?} {class}: {outcome:?}")
            };
            assert!(error.contains(class), "{format:?} {class}: {error}");
            assert_eq!(outcome.exit_code(), 1);
            assert_eq!(scene.bodies().len(), attempts, "{format:?} {class}");
            assert_eq!(scene.seen_of("error").len(), 1);
            let again = scene.turn("And now?").await;
            let text = Some("Here again.".to_owned());
            assert_eq!(again, Outcome::Done { text }, "{format:?} {class}");
            let last = scene.bodies().last().unwrap().to_string();
            assert!(last.contains("Go.") && last.contains("And now?"), "{last}");
            scene.check();
        }
    }
}

/// What passes is waited for, as long as the provider says, and nobody hears of it but whoever watches.
#[tokio::test]
async fn what_passes() {
    for format in Format::ALL {
        let busy = Answer::Whole(
            429,
            vec![("retry-after", "7".into())],
            json!({"error": {"type": "rate_limit_error", "message": "slow down", "code": "rate_limit_exceeded"}})
                .to_string()
                .into_bytes(),
        );
        let call = calls(&[("echo", json!({}))]);
        let mut scene = Setup::new(format)
            .plays(vec![
                Reply::Raw(busy),
                call.into(),
                Reply::Raw(Answer::Hang),
                says("Done.").into(),
            ])
            .await;
        assert_eq!(scene.turn("Go.").await.as_str(), "done", "{format:?}");
        let waited = scene.playing.time.waited();
        assert!(waited.len() == 2 && waited[0] >= 7_000, "{waited:?}");
        assert!(scene.seen_of("tool_log").len() >= 2);
        assert_eq!(scene.ran().len(), 1);
        scene.check();
    }
}

/// A question that nobody is there to answer ends a run with the code that says so, strict or not.
#[tokio::test]
async fn nobody_answers() {
    for format in Format::ALL {
        for strict in [false, true] {
            let setup = Setup {
                options: Options {
                    strict_denials: strict,
                    ..Options::default()
                },
                ..Setup::new(format)
            };
            let call = calls(&[("asks", json!({}))]);
            let mut scene = setup
                .plays(vec![call.into(), says("Without, then.").into()])
                .await;
            assert_eq!(scene.turn("Go.").await.exit_code(), 3, "{format:?}");
            let denied = scene.seen_of("capability_denied");
            assert_eq!(denied[0]["rule"], "test: a rule");
            assert!(scene.ran().is_empty());
            assert!(scene.bodies()[1].to_string().contains("allow it"));
            scene.check();
        }
    }
}
