//! Conversations that outgrow the window.

use agent::Outcome;
use ml_intern_tests::server::json_answer;
use serde_json::{Value, json};

use crate::format::{Format, calls, says};
use crate::scene::{Reply, Setup};

/// Whether a request asks for a summary.
fn is_summary(body: &Value) -> bool {
    let text = body.to_string();
    text.contains("is about to be made shorter") || text.contains("part by part")
}

const PLAN: &str = "train the seventh model";

fn plan() -> crate::format::Said {
    calls(&[(
        "plan_tool",
        json!({"todos": [{"id": "1", "content": PLAN, "status": "in_progress"}]}),
    )])
}

/// Twice in one session: what the user said first and the plan stay, and each request is one that a provider takes. A
/// summary that cannot be had is done without.
#[tokio::test]
async fn compaction_twice() {
    for format in Format::ALL {
        for summaries in [true, false] {
            let setup = Setup {
                table: format.row(12_000, None),
                ..Setup::new(format)
            };
            let mut done = 0;
            let mut scene = setup
                .replies(move |number, asked| {
                    if is_summary(&asked.body) {
                        done += 1;
                        return if summaries {
                            says(&format!("Summary {done}.")).into()
                        } else {
                            Reply::Raw(json_answer(
                                400,
                                &json!({"error": {"type": "invalid_request_error", "message": "odd",
                                    "code": "odd"}}),
                            ))
                        };
                    }
                    match number {
                        0 => plan().into(),
                        1..=20 => calls(&[("long", json!({"n": number}))]).into(),
                        _ => says("Done.").into(),
                    }
                })
                .await;
            let outcome = scene.turn("Find the first words again.").await;
            // The plan is not finished, so it is asked to go on, and says the same.
            assert_eq!(
                outcome.as_str(),
                "done",
                "{format:?} {summaries}: {outcome:?}"
            );
            let compacted = scene.seen_of("compacted");
            assert!(
                compacted.len() >= 2,
                "{format:?} {summaries}: {compacted:?}"
            );
            for event in &compacted {
                assert!(event["new_tokens"].as_u64() < event["old_tokens"].as_u64());
            }
            let bodies = scene.bodies();
            let last = bodies.iter().rev().find(|body| !is_summary(body)).unwrap();
            let text = last.to_string();
            assert!(text.contains("Find the first words again."), "{text}");
            assert!(text.contains(PLAN), "{format:?} {summaries}");
            assert_eq!(text.contains("Summary"), summaries, "{format:?}");
            // The originals are in the journal.
            let journal = scene.check();
            assert!(journal.matches("word word word").count() >= 15);
        }
    }
}

/// The catalogue says that more fits than does: a smaller window is assumed, the turn is done, and nobody asks for ever.
#[tokio::test]
async fn overflow_with_a_wrong_window() {
    for format in Format::ALL {
        let setup = Setup {
            table: format.row(1_000_000, None),
            ..Setup::new(format)
        };
        let mut scene = setup
            .replies(move |number, asked| {
                if asked.body.to_string().len() / 4 > 15_000 {
                    let (status, body) = format.too_long();
                    return Reply::Raw(json_answer(status, &body));
                }
                if is_summary(&asked.body) {
                    return says("Summary.").into();
                }
                if number < 12 {
                    calls(&[("long", json!({"n": number}))]).into()
                } else {
                    says("Done.").into()
                }
            })
            .await;
        let outcome = scene.turn("Find the first words again.").await;
        let text = Some("Done.".to_owned());
        assert_eq!(outcome, Outcome::Done { text }, "{format:?}");
        let bodies = scene.bodies();
        assert!(bodies.len() < 30, "{format:?}: {}", bodies.len());
        let last = bodies.last().unwrap().to_string();
        assert!(last.contains("Find the first words again."), "{last}");
        assert!(!scene.seen_of("compacted").is_empty());
        scene.check();
    }
}
