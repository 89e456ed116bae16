//! What a session may use: what would cross a bound is not begun.

use std::time::Duration;

use agent::{MicroUsd, Options, Outcome};
use ml_intern_tests::server::Answer;
use policy::LimitName;
use serde_json::json;

use crate::format::{Format, calls, says, stream};
use crate::scene::{Reply, Setup};

/// The bound, whether it holds the session back, and how often the model was asked.
#[tokio::test]
async fn bounds() {
    let base = Options::default;
    let table: [(Options, Option<LimitName>, u64); 8] = [
        (
            Options {
                max_cost: Some(MicroUsd(1_000)),
                ..base()
            },
            Some(LimitName::Cost),
            0,
        ),
        (
            Options {
                max_cost: Some(MicroUsd(10_000_000)),
                ..base()
            },
            None,
            0,
        ),
        (
            Options {
                max_tokens: Some(1_000),
                ..base()
            },
            Some(LimitName::Tokens),
            0,
        ),
        (
            Options {
                max_tokens: Some(1_000_000),
                ..base()
            },
            None,
            0,
        ),
        (
            Options {
                max_calls: Some(2),
                ..base()
            },
            Some(LimitName::Calls),
            0,
        ),
        (
            Options {
                max_calls: Some(3),
                ..base()
            },
            None,
            0,
        ),
        (
            Options {
                max_time: Some(Duration::from_millis(20)),
                ..base()
            },
            Some(LimitName::Deadline),
            5,
        ),
        (
            Options {
                max_time: Some(Duration::from_secs(3_600)),
                ..base()
            },
            None,
            5,
        ),
    ];
    for format in Format::ALL {
        for (options, limit, pace) in table.clone() {
            let setup = Setup {
                options,
                pace,
                table: format.row(100_000, Some(100)),
                ..Setup::new(format)
            };
            let three = [
                ("poll", json!({})),
                ("poll", json!({})),
                ("poll", json!({})),
            ];
            let mut scene = setup
                .replies(move |number, _| {
                    if number == 0 {
                        calls(&three).into()
                    } else {
                        says("Done.").into()
                    }
                })
                .await;
            let outcome = scene.turn("Go.").await;
            match (limit, &outcome) {
                (None, Outcome::Done { .. }) => assert_eq!(scene.ran().len(), 3),
                (Some(limit), Outcome::Limit(found)) => {
                    assert_eq!(found.limit, limit, "{format:?}");
                    assert_eq!(outcome.exit_code(), 4);
                    // It was not crossed: nothing ran of what did not fit as a whole.
                    assert!(scene.ran().is_empty() || limit == LimitName::Deadline);
                }
                _ => panic!("{format:?} {limit:?}: {outcome:?}"),
            }
            scene.check();
        }
    }
}

/// A bound of dollars that nobody can keep is not taken for kept.
#[tokio::test]
async fn unknown_prices() {
    for format in [Format::Router, Format::Responses] {
        let setup = Setup {
            options: Options {
                max_cost: Some(MicroUsd(10_000_000)),
                ..Options::default()
            },
            // Another model's row: nothing is known of this one.
            table: String::new(),
            ..Setup::new(format)
        };
        let mut scene = setup.replies(|_, _| says("Done.").into()).await;
        let outcome = scene.turn("Go.").await;
        if format == Format::Router {
            assert!(
                matches!(outcome, Outcome::UnknownCost { .. }),
                "{outcome:?}"
            );
            assert_eq!(outcome.exit_code(), 4);
            assert!(scene.bodies().is_empty());
        } else {
            // The bundled catalogue knows it.
            assert_eq!(outcome.as_str(), "done");
            assert!(scene.agent.tally().cost().is_some());
        }
        scene.check();
    }
}

/// Attempts that broke off count: the bound holds, and one for which nothing is left is not made. A neighbour of the bound
/// is not held back.
#[tokio::test]
async fn attempts_that_broke_off() {
    for format in Format::ALL {
        let turn = async |max_tokens| {
            let setup = Setup {
                options: Options {
                    max_tokens: Some(max_tokens),
                    ..Options::default()
                },
                table: format.row(100_000, Some(100)),
                ..Setup::new(format)
            };
            let mut scene = setup
                .replies(move |number, asked| {
                    let whole = stream(format, &says("An answer."), number, &asked.body).concat();
                    Reply::Raw(Answer::Cut(whole.as_bytes()[..whole.len() / 2].to_vec()))
                })
                .await;
            let outcome = scene.turn("Go.").await;
            let asked = scene.bodies().len();
            scene.check();
            (outcome, asked)
        };
        let limit = |outcome: &Outcome| match outcome {
            Outcome::Limit(found) if found.limit == LimitName::Tokens => found.requested,
            _ => panic!("{format:?}: {outcome:?}"),
        };
        let (outcome, asked) = turn(1).await;
        assert_eq!(asked, 0);
        // What one attempt needs, and no second one has.
        let one = limit(&outcome) + 1;
        let (outcome, asked) = turn(one).await;
        assert_eq!(asked, 1, "{format:?}: {outcome:?}");
        assert!(limit(&outcome) > one);
        let (outcome, asked) = turn(one * 10).await;
        assert_eq!(asked, 3, "{format:?}: {outcome:?}");
        assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
    }
}
