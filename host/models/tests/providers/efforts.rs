//! Finding out which effort a model takes.

use agent::{Effort, ModelError, Probe};
use serde_json::{Value, json};

use crate::samples;
use crate::support::{Answer, bench, json_answer, sse};

fn refuse(message: &str) -> Answer {
    json_answer(400, &json!({"error": {"message": message}}))
}

fn efforts(bodies: &[Value], pointer: &str) -> Vec<String> {
    let word = |body: &Value| {
        body.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("-")
            .to_owned()
    };
    bodies.iter().map(word).collect()
}

#[tokio::test]
async fn the_cascade() {
    let bad = "reasoning effort: not a valid value";
    let off = "thinking is not supported by this model";
    let claude = (
        "anthropic/claude-opus-4-8",
        samples::anthropic().stream,
        "/output_config/effort",
    );
    let gpt = (
        "openai/gpt-5.5",
        samples::openai().stream,
        "/reasoning/effort",
    );
    let kimi = (
        "moonshotai/Kimi-K2.6",
        samples::router().stream,
        "/reasoning_effort",
    );
    let rows: [((&str, &str, &str), Effort, Vec<Answer>, Probe, &[&str]); 10] = [
        (
            claude,
            Effort::Max,
            vec![],
            Probe::Effort(Effort::Max),
            &["max"],
        ),
        (
            claude,
            Effort::Max,
            vec![refuse(bad); 2],
            Probe::Effort(Effort::High),
            &["max", "xhigh", "high"],
        ),
        (
            claude,
            Effort::Max,
            vec![refuse(bad); 5],
            Probe::NoEffort,
            &["max", "xhigh", "high", "medium", "low", "-"],
        ),
        (
            claude,
            Effort::High,
            vec![refuse(off)],
            Probe::NoEffort,
            &["high", "-"],
        ),
        (
            gpt,
            Effort::Minimal,
            vec![refuse(bad)],
            Probe::Effort(Effort::Low),
            &["minimal", "low"],
        ),
        (
            gpt,
            Effort::Low,
            vec![refuse(bad)],
            Probe::NoEffort,
            &["low", "-"],
        ),
        // What the router cannot take is passed over without a request.
        (
            kimi,
            Effort::Max,
            vec![],
            Probe::Effort(Effort::High),
            &["high"],
        ),
        (
            kimi,
            Effort::Xhigh,
            vec![refuse(bad)],
            Probe::Effort(Effort::Medium),
            &["high", "medium"],
        ),
        (
            kimi,
            Effort::Minimal,
            vec![],
            Probe::Effort(Effort::Low),
            &["low"],
        ),
        (
            kimi,
            Effort::Minimal,
            vec![refuse(bad)],
            Probe::NoEffort,
            &["low", "-"],
        ),
    ];
    for ((id, stream, pointer), wanted, mut answers, expected, asked) in rows {
        answers.push(sse(stream));
        answers.push(sse(stream));
        let bench = bench(answers).await;
        let found = bench.model(id).probe(Some(wanted)).await.unwrap();
        assert_eq!(found, expected, "{id} {wanted}");
        let bodies: Vec<Value> = bench
            .server
            .turns()
            .into_iter()
            .map(|asked| asked.body)
            .collect();
        assert_eq!(efforts(&bodies, pointer), asked, "{id} {wanted}");
        assert!(bench.time.waited().is_empty(), "a probe waits for nobody");
        // What was found holds for the turns after it, by full id.
        bench
            .ask(id, &[crate::support::user("q")], Some(wanted))
            .await
            .0
            .unwrap();
        let last = [bench.server.turns().last().unwrap().body.clone()];
        assert_eq!(
            efforts(&last, pointer),
            [*asked.last().unwrap()],
            "{id} {wanted}"
        );
    }
}

#[tokio::test]
async fn other_ends() {
    let down = || json_answer(503, &json!({"error": {"message": "busy"}}));
    let overload = ModelError::Overload {
        message: "busy (status 503)".into(),
        retry_after: None,
    };
    // It may pass: nobody can tell.
    let bench = bench(vec![down()]).await;
    let found = bench
        .model("moonshotai/Kimi-K2.6")
        .probe(Some(Effort::High))
        .await;
    assert_eq!(found, Ok(Probe::Unchecked(overload.clone())));

    // A server of the user's own either answers or not.
    bench.server.then(vec![down()]);
    let found = bench.model("llamacpp/x").probe(Some(Effort::High)).await;
    assert_eq!(found, Err(overload));

    // It will not pass.
    bench
        .server
        .then(vec![json_answer(401, &json!({"error": "no"}))]);
    let found = bench.model("moonshotai/Kimi-K2.6").probe(None).await;
    assert!(matches!(found, Err(ModelError::Auth(_))), "{found:?}");

    bench.server.then(vec![sse(samples::router().stream); 2]);
    assert_eq!(
        bench.model("llamacpp/x").probe(Some(Effort::High)).await,
        Ok(Probe::NoEffort)
    );
    assert_eq!(bench.model("a/b").probe(None).await, Ok(Probe::NoEffort));
    let turns = bench.server.turns();
    let tokens: Vec<&Value> = turns
        .iter()
        .map(|asked| &asked.body["max_tokens"])
        .collect();
    assert_eq!(tokens, [64, 1, 64, 1, 64]);
    let last = &turns.last().unwrap().body;
    assert_eq!(
        last["messages"],
        json!([{"role": "user", "content": "ping"}])
    );
    assert_eq!(last.get("tools"), None);

    // It takes too long.
    bench
        .server
        .then(vec![Answer::Stall(b": wait\n\n".to_vec())]);
    let model = bench.model("moonshotai/Kimi-K2.6");
    let (found, ()) = tokio::join!(model.probe(Some(Effort::High)), async {
        bench.server.stalled().await;
        bench.time.pass(15_000);
    });
    assert_eq!(
        found,
        Ok(Probe::Unchecked(ModelError::Network(
            "no answer within 15 s".into()
        )))
    );
}

/// A model that thinks with a budget is probed with room for one.
#[tokio::test]
async fn budgets() {
    let sample = samples::anthropic();
    let rows = [
        (Effort::Minimal, 1024),
        (Effort::Low, 4096),
        (Effort::Medium, 10_240),
        (Effort::High, 20_480),
        (Effort::Max, 31_999),
    ];
    for (effort, budget) in rows {
        let bench = bench(vec![sse(sample.stream); 2]).await;
        let id = "anthropic/claude-sonnet-4-5";
        assert_eq!(
            bench.model(id).probe(Some(effort)).await,
            Ok(Probe::Effort(effort))
        );
        bench
            .ask(id, &[crate::support::user("q")], Some(effort))
            .await
            .0
            .unwrap();
        let turns = bench.server.turns();
        assert_eq!(turns[0].body["max_tokens"], 2048);
        assert_eq!(
            turns[0].body["thinking"]["budget_tokens"],
            budget.min(1536),
            "{effort}"
        );
        assert_eq!(
            turns[1].body["thinking"]["budget_tokens"], budget,
            "{effort}"
        );
        assert_eq!(
            turns[1].headers["anthropic-beta"],
            "interleaved-thinking-2025-05-14"
        );
    }
}
