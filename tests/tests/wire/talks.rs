//! Words, calls and results, when nothing goes wrong.

use agent::{Options, Outcome};
use ml_intern_tests::server::Answer;
use serde_json::json;

use crate::format::{Format, calls, says, stream};
use crate::scene::{Reply, Setup};

fn done(text: &str) -> Outcome {
    Outcome::Done {
        text: Some(text.to_owned()),
    }
}

#[tokio::test]
async fn words_a_call_and_words() {
    for format in Format::ALL {
        for streams in [true, false] {
            let options = Options {
                stream: streams,
                ..Options::default()
            };
            let setup = Setup {
                options,
                ..Setup::new(format)
            };
            let call = calls(&[("echo", json!({"a": "Größe ✓"}))]);
            let mut scene = setup
                .plays(vec![
                    call.into(),
                    says("It is 1.").into(),
                    says("Thanks.").into(),
                ])
                .await;
            assert_eq!(
                scene.turn("What is it?").await,
                done("It is 1."),
                "{format:?}"
            );
            assert_eq!(scene.ran(), [r#"echo {"a":"Größe ✓"}"#]);
            let seen = scene.seen();
            let of = |name: &str| seen.iter().filter(|(found, _)| found == name).count();
            assert_eq!(
                of("assistant_message"),
                if streams { 0 } else { 2 },
                "{format:?}"
            );
            let chunks = seen.iter().filter(|(name, _)| name == "assistant_chunk");
            let words: String = chunks
                .map(|(_, data)| data["content"].as_str().unwrap())
                .collect();
            assert_eq!(words, if streams { "Let me look.It is 1." } else { "" });
            assert_eq!(of("tool_call"), 1);
            assert_eq!(of("llm_call"), 2);
            assert_eq!(scene.turn("Well done.").await, done("Thanks."));
            assert_eq!(scene.agent.tally().requests, 3);
            let text = scene.check();
            assert!(text.contains("Let me look."));
        }
    }
}

/// Five at once: their results are in the order of the calls, and one that failed is a result like the others.
#[tokio::test]
async fn calls_side_by_side() {
    for format in Format::ALL {
        let call = calls(&[
            ("echo", json!({"n": 1})),
            ("fails", json!({"n": 2})),
            ("poll", json!({"n": 3})),
            ("nothing", json!({"n": 4})),
            ("echo", json!({"n": 5})),
        ]);
        let mut scene = Setup::new(format)
            .plays(vec![call.into(), says("All.").into()])
            .await;
        assert_eq!(scene.turn("Go.").await.exit_code(), 1, "a last call failed");
        let body = scene.bodies()[1].to_string();
        let at = |piece: &str| {
            body.rfind(piece)
                .unwrap_or_else(|| panic!("{piece}: {body}"))
        };
        let order = [
            at(r#"{\"n\":1}"#),
            at("no such file"),
            at("poll 0"),
            at("there is no tool `nothing`"),
            at(r#"{\"n\":5}"#),
        ];
        assert!(order.is_sorted(), "{format:?}: {order:?}");
        scene.check();
    }
}

/// However the stream of a turn comes in chunks, it is the same turn.
#[tokio::test]
async fn chunks_of_every_size() {
    for format in Format::ALL {
        let call = calls(&[("echo", json!({"a": "ü"})), ("poll", json!({}))]);
        for size in [1, 2, 3, 5, 7, 11, 64, 1_000] {
            let said = call.clone();
            let mut scene = Setup::new(format)
                .replies(move |number, asked| {
                    if number > 0 {
                        return says("Done.").into();
                    }
                    let text = stream(format, &said, number, &asked.body).concat();
                    let pieces = text.as_bytes().chunks(size).map(<[u8]>::to_vec);
                    Reply::Raw(Answer::Pieces(pieces.collect()))
                })
                .await;
            assert_eq!(scene.turn("Go.").await, done("Done."), "{format:?} {size}");
            assert_eq!(scene.ran().len(), 2);
            scene.check();
        }
    }
}

/// What the user says while a turn runs is in the next request of it, and not in a turn of its own.
#[tokio::test]
async fn steering() {
    for format in Format::ALL {
        let scene = Setup::new(format)
            .plays(vec![
                calls(&[("waits", json!({}))]).into(),
                says("Both.").into(),
            ])
            .await;
        let (mut handle, rest) = scene.spawn();
        let say = |text: &str| agent::Operation::UserInput { text: text.into() };
        let first = handle.submit(say("First.")).unwrap();
        rest.tools.started.notified().await;
        let second = handle.submit(say("Second.")).unwrap();
        rest.tools.release.notify_one();
        assert_eq!(first.outcome().await, done("Both."), "{format:?}");
        assert_eq!(second.outcome().await, done("Both."), "{format:?}");
        let scene = rest.back(handle.shutdown().await.unwrap());
        let bodies = scene.bodies();
        assert_eq!(bodies.len(), 2);
        assert!(bodies[1].to_string().contains("Second."));
        scene.check();
    }
}
