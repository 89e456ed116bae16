//! How an answer comes must not count: in which pieces, with which line ends, to which end.

use agent::{FinishReason, MicroUsd, ModelError};

use crate::samples::{self, Sample};
use crate::support::{Answer, Bench, bench, sse};

/// What was waited between three attempts.
const TWICE: [u64; 2] = [5312, 15_937];

async fn same(bench: &Bench, sample: &Sample, what: &str) {
    let (turn, watcher) = bench.turn(sample.id).await;
    assert_eq!(turn.as_ref(), Ok(&sample.turn), "{} {what}", sample.id);
    assert_eq!(watcher.thoughts, sample.thoughts, "{} {what}", sample.id);
}

#[tokio::test]
async fn as_it_is() {
    for sample in samples::all() {
        let bench = bench(vec![sse(sample.stream)]).await;
        let (turn, watcher) = bench.turn(sample.id).await;
        assert_eq!(turn, Ok(sample.turn), "{}", sample.id);
        assert_eq!(watcher.thoughts, sample.thoughts);
        assert_eq!(watcher.pieces, ["Let me look.", " Größe ✓"]);
        assert_eq!((watcher.restarts, watcher.lines), (0, vec![]));
        assert_eq!(bench.server.turns().len(), 1);
    }
}

/// Two chunks, split at every byte; and every byte a chunk.
#[tokio::test]
async fn split_at_every_byte() {
    for sample in samples::each_format() {
        let bytes = sample.stream.as_bytes();
        let bench = bench(vec![]).await;
        for at in 0..=bytes.len() {
            let (left, right) = bytes.split_at(at);
            bench
                .server
                .then(vec![Answer::Pieces(vec![left.to_vec(), right.to_vec()])]);
            same(&bench, &sample, &format!("split at {at}")).await;
        }
        let single = bytes.iter().map(|byte| vec![*byte]).collect();
        bench.server.then(vec![Answer::Pieces(single)]);
        same(&bench, &sample, "byte by byte").await;
    }
}

/// Cut at every byte, and whole the second time: the turn is whole, and what was shown of the first is void.
#[tokio::test]
async fn cut_at_every_byte() {
    for sample in samples::each_format() {
        let bytes = sample.stream.as_bytes();
        let bench = bench(vec![]).await;
        let mut restarts = 0;
        for at in 0..bytes.len() {
            bench
                .server
                .then(vec![Answer::Cut(bytes[..at].to_vec()), sse(sample.stream)]);
            let (turn, watcher) = bench.turn(sample.id).await;
            let turn = turn.unwrap();
            let what = format!("{} cut at {at}", sample.id);
            assert_eq!(turn.text, sample.turn.text, "{what}");
            assert_eq!(turn.tool_calls, sample.turn.tool_calls, "{what}");
            assert_eq!(turn.reasoning, sample.turn.reasoning, "{what}");
            assert_eq!(turn.finish, sample.turn.finish, "{what}");
            assert_eq!(watcher.thoughts, sample.thoughts, "{what}");
            // What the last events say was said before: the turn was complete, or it came again.
            assert!(watcher.lines.len() <= 1, "{what}");
            restarts += watcher.restarts;
            // Nothing is left for the next round.
            if watcher.lines.is_empty() {
                assert_eq!(
                    bench.turn(sample.id).await.0.unwrap().text,
                    sample.turn.text
                );
            }
        }
        assert!(restarts > 100, "{}: {restarts}", sample.id);
    }
}

/// A response without chunks or length, cut at every byte three times: an error, or the whole turn; never a short one.
#[tokio::test]
async fn closed_at_every_byte() {
    for sample in samples::each_format() {
        let bytes = sample.stream.as_bytes();
        let bench = bench(vec![]).await;
        let mut complete = 0;
        for at in 0..bytes.len() {
            let closed = Answer::Closed(bytes[..at].to_vec());
            bench
                .server
                .then(vec![closed.clone(), closed.clone(), closed]);
            let (turn, _) = bench.turn(sample.id).await;
            let what = format!("{} closed at {at}", sample.id);
            match turn {
                Ok(turn) => {
                    complete += 1;
                    assert_eq!(turn.text, sample.turn.text, "{what}");
                    assert_eq!(turn.tool_calls, sample.turn.tool_calls, "{what}");
                    assert_eq!(turn.finish, sample.turn.finish, "{what}");
                    // The answers that are left over.
                    for _ in 0..2 {
                        let _ = bench.turn(sample.id).await;
                    }
                }
                Err(ModelError::Truncated(_)) => {}
                Err(other) => panic!("{what}: {other:?}"),
            }
            // Each attempt ends by itself: nothing is left for the next round.
            while !matches!(
                bench.turn(sample.id).await.0,
                Err(ModelError::BadRequest(_))
            ) {}
        }
        // Only what comes after the reason for the end may be missing.
        assert!(complete < 400, "{}: {complete}", sample.id);
    }
}

/// Other ways to write the same events.
#[tokio::test]
async fn spellings() {
    for sample in samples::all() {
        let plain = sample.stream;
        let rows = [
            ("CRLF", plain.replace('\n', "\r\n")),
            ("CR", plain.replace('\n', "\r")),
            ("a byte order mark", format!("\u{feff}{plain}")),
            (
                "comments",
                plain.replace("\ndata: ", "\n: keep-alive\n\n:\ndata: "),
            ),
            ("no blank after the colon", plain.replace("data: ", "data:")),
            (
                "data on several lines",
                plain.replace("data: {\"", "data: {\ndata: \""),
            ),
            (
                "ids and other fields",
                plain.replace("data: ", "id: 7\nretry: 10\nodd: x\ndata: "),
            ),
            ("no empty line at the end", plain.trim_end().to_owned()),
        ];
        for (what, stream) in rows {
            let bench = bench(vec![sse(&stream)]).await;
            same(&bench, &sample, what).await;
        }
    }
}

#[tokio::test]
async fn an_answer_at_once() {
    let rows = [
        (
            "anthropic/claude-opus-4-8",
            r#"{"type":"message","role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"Hi"},{"type":"tool_use","id":"t","name":"read","input":{"path":"a"}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}}"#,
        ),
        (
            "openai/gpt-5.5",
            r#"{"object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]},{"type":"function_call","call_id":"t","name":"read","arguments":"{\"path\":\"a\"}"}],"usage":{"input_tokens":1,"output_tokens":2}}"#,
        ),
        (
            "llamacpp/x",
            r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","tool_calls":[{"id":"t","type":"function","function":{"name":"read","arguments":"{\"path\":\"a\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
        ),
    ];
    for (id, body) in rows {
        let json = Answer::Whole(
            200,
            vec![("content-type", "application/json; charset=utf-8".into())],
            body.as_bytes().to_vec(),
        );
        let bench = bench(vec![json]).await;
        let turn = bench.turn(id).await.0.unwrap();
        assert_eq!(turn.text, "Hi", "{id}");
        assert_eq!(turn.tool_calls.len(), 1, "{id}");
        assert_eq!(turn.tool_calls[0].arguments, r#"{"path":"a"}"#, "{id}");
        assert_eq!(turn.finish, FinishReason::ToolCalls, "{id}");
        let usage = turn.usage.unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (1, 2), "{id}");
    }
}

/// JSON that is an error after all, JSON that is cut, and a page.
#[tokio::test]
async fn answers_that_are_none() {
    let json = |body: &str| {
        Answer::Whole(
            200,
            vec![("content-type", "application/json".into())],
            body.as_bytes().to_vec(),
        )
    };
    for sample in samples::all() {
        let bench = bench(vec![json(
            r#"{"error":{"message":"maximum context length is 10"}}"#,
        )])
        .await;
        let error = bench.turn(sample.id).await.0.unwrap_err();
        assert_eq!(
            error,
            ModelError::Overflow("maximum context length is 10".into())
        );

        bench
            .server
            .then(vec![json("{\"choi"), json("{\"choi"), json("{\"choi")]);
        let error = bench.turn(sample.id).await.0.unwrap_err();
        assert!(matches!(error, ModelError::Truncated(_)), "{error:?}");
        assert_eq!(bench.time.waited(), TWICE);

        let page = vec![("content-type", "text/html".into())];
        bench
            .server
            .then(vec![Answer::Whole(200, page, b"<html>".to_vec())]);
        let error = bench.turn(sample.id).await.0.unwrap_err();
        let expected = format!(
            "{}/v1 answers with `text/html`, not with an event stream or JSON; is this the address of a model server?",
            bench.server.origin
        );
        assert_eq!(error, ModelError::BadRequest(expected));
    }
}

/// Nothing comes for five minutes: the answer has broken off, whatever the clock on the wall says.
#[tokio::test]
async fn a_stall() {
    for sample in samples::all() {
        let half = &sample.stream.as_bytes()[..sample.stream.find(" Größe").unwrap()];
        let bench = bench(vec![Answer::Stall(half.to_vec()), sse(sample.stream)]).await;
        let (turn, watcher) = tokio::join!(async { bench.turn(sample.id).await }, async {
            bench.server.stalled().await;
            bench.time.pass(300_000);
        })
        .0;
        assert_eq!(turn.unwrap().text, sample.turn.text, "{}", sample.id);
        assert!(
            watcher.lines[0].contains("nothing came for 300 s; asking again in 6 s (2 of 3)"),
            "{:?}",
            watcher.lines
        );
    }
}

/// A turn that nobody waits for any more is given up: its connection is closed.
#[tokio::test]
async fn dropped_in_the_midst() {
    let sample = samples::router();
    let half = &sample.stream.as_bytes()[..sample.stream.find(" Größe").unwrap()];
    let bench = bench(vec![Answer::Stall(half.to_vec())]).await;
    tokio::select! {
        _ = bench.turn(sample.id) => panic!("it cannot end"),
        () = bench.server.stalled() => {}
    }
    let exchanges = bench.exchanges.lock().unwrap();
    let turn = exchanges
        .iter()
        .find(|exchange| exchange.method == "POST")
        .unwrap();
    assert_eq!(turn.error.as_deref(), Some("given up before its end"));
}

/// The provider gives up in the midst: what was shown is void, and it is asked again.
#[tokio::test]
async fn an_error_in_the_midst() {
    let rows = [
        (
            samples::anthropic(),
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
        ),
        (
            samples::openai(),
            "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"Overloaded\",\"param\":null}\n\n",
        ),
        (
            samples::openai(),
            "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"Overloaded\"}}}\n\n",
        ),
        (
            samples::router(),
            "data: {\"error\":{\"message\":\"Overloaded\",\"type\":\"server_error\"}}\n\n",
        ),
    ];
    for (sample, error) in rows {
        let upto = sample.stream.find(" Größe").unwrap();
        let upto = sample.stream[..upto].rfind("\n\n").unwrap() + 2;
        let broken = format!("{}{error}", &sample.stream[..upto]);
        let bench = bench(vec![sse(&broken), sse(sample.stream)]).await;
        let (turn, watcher) = bench.turn(sample.id).await;
        // What the first one had read was read, and costs; only one of them says how much before the end.
        let says = sample.id.starts_with("anthropic/");
        assert_eq!(watcher.lost.len(), 1, "{error}");
        assert_eq!(watcher.lost[0].is_some(), says, "{error}");
        if let Some(lost) = watcher.lost[0] {
            assert!(lost.cost > Some(MicroUsd(0)) && lost.input_tokens > 0);
        }
        assert_eq!(turn, Ok(sample.turn), "{error}");
        assert_eq!(watcher.restarts, 1);
        assert_eq!(
            watcher.lines,
            ["the model provider is overloaded: Overloaded; asking again in 6 s (2 of 3)"]
        );
        assert_eq!(bench.time.waited(), [5312]);
    }
}
