//! Streams that break off.

use agent::Outcome;
use ml_intern_tests::server::Answer;
use serde_json::json;

use crate::format::{Format, calls, says, stream};
use crate::scene::{Reply, Setup};

/// Cut at every byte of an answer with a call, in the midst of a chunked body and where the connection is closed: the call
/// is run once, nothing is said twice, and the next request is one that a provider takes.
#[tokio::test]
async fn cut_at_every_byte() {
    for format in Format::ALL {
        let said = calls(&[("echo", json!({"a": "ü"}))]);
        let whole = stream(format, &said, 0, &json!({})).concat();
        // Behind the last event that matters there is nothing to lose.
        for length in 0..whole.len() {
            let (said, cut) = (said.clone(), whole.as_bytes()[..length].to_vec());
            let raw = if length % 2 == 0 {
                Answer::Cut(cut)
            } else {
                Answer::Closed(cut)
            };
            let mut scene = Setup::new(format)
                .replies(move |number, asked| match number {
                    0 => Reply::Raw(raw.clone()),
                    _ if asked.body.to_string().contains("\\\"ü\\\"") => says("Done.").into(),
                    _ => said.clone().into(),
                })
                .await;
            let outcome = scene.turn("Go.").await;
            let text = Some("Done.".to_owned());
            assert_eq!(outcome, Outcome::Done { text }, "{format:?} at {length}");
            assert_eq!(scene.ran(), [r#"echo {"a":"ü"}"#], "{format:?} at {length}");
            assert!(scene.bodies().len() <= 3, "{format:?} at {length}");
            // What is shown since the last restart is what was said.
            let mut shown = String::new();
            for (name, data) in scene.seen() {
                match name.as_str() {
                    "assistant_chunk" => shown.push_str(data["content"].as_str().unwrap()),
                    "assistant_stream_restart" => shown.clear(),
                    _ => {}
                }
            }
            assert_eq!(shown, "Let me look.Done.", "{format:?} at {length}");
            scene.check();
        }
    }
}

/// One that breaks off each time ends the turn, and the next turn works.
#[tokio::test]
async fn cut_each_time() {
    for format in Format::ALL {
        let said = calls(&[("echo", json!({}))]);
        let whole = stream(format, &said, 0, &json!({})).concat();
        let cut = Reply::Raw(Answer::Cut(whole.as_bytes()[..whole.len() / 2].to_vec()));
        let mut scene = Setup::new(format)
            .plays(vec![cut.clone(), cut.clone(), cut, says("Here.").into()])
            .await;
        let outcome = scene.turn("Go.").await;
        let Outcome::Failed { error } = outcome else {
            panic!("{format:?}: {outcome:?}")
        };
        assert!(error.contains("broke off"), "{error}");
        // Each is paid for, so each is counted, and seen.
        assert_eq!(scene.agent.tally().requests, 3, "{format:?}");
        let calls = scene.seen_of("llm_call");
        assert_eq!(calls.len(), 3);
        let known = format == Format::Messages;
        for call in calls {
            assert_eq!(call["finish_reason"], "broke_off");
            assert_eq!(call["prompt_tokens"].is_u64(), known, "{call}");
            assert_eq!(call["cost_usd"].is_number(), known, "{call}");
        }
        assert_eq!(scene.turn("Again.").await.as_str(), "done");
        assert!(scene.ran().is_empty());
        scene.check();
    }
}
