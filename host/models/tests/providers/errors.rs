//! What goes wrong, what it is called, and what is done about it.

use std::time::Duration;

use agent::{Effort, Message, ModelError, Part, Reasoning, ReasoningBlock, Thought};
use serde_json::json;

use crate::samples;
use crate::support::{Answer, bench, json_answer, sse, user};

fn anthropic(status: u16, kind: &str, message: &str) -> Answer {
    json_answer(
        status,
        &json!({"type": "error", "error": {"type": kind, "message": message}}),
    )
}

fn openai(status: u16, code: &str, message: &str) -> Answer {
    json_answer(
        status,
        &json!({"error": {"message": message, "type": "x", "param": null, "code": code}}),
    )
}

/// Every class, in each provider's own words. Those that may pass are tried three times.
#[tokio::test]
async fn classes() {
    let claude = "anthropic/claude-opus-4-8";
    let gpt = "openai/gpt-5.5";
    let kimi = "moonshotai/Kimi-K2.6:novita";
    let llama = "llamacpp/x";
    let hf = |status: u16, message: &str| json_answer(status, &json!({"error": message}));
    let rows: [(&str, Answer, &str, usize); 28] = [
        (
            claude,
            anthropic(401, "authentication_error", "invalid x-api-key"),
            "the model provider does not accept the credential: invalid x-api-key (status 401); check ANTHROPIC_API_KEY",
            1,
        ),
        (
            claude,
            anthropic(
                400,
                "invalid_request_error",
                "Your credit balance is too low",
            ),
            "the model provider's account is out of credit: Your credit balance is too low (status 400)",
            1,
        ),
        (
            claude,
            anthropic(429, "rate_limit_error", "slow down"),
            "the model provider limits the rate of requests: slow down (status 429)",
            3,
        ),
        (
            claude,
            anthropic(529, "overloaded_error", "Overloaded"),
            "the model provider is overloaded: Overloaded (status 529)",
            3,
        ),
        (
            claude,
            anthropic(500, "api_error", "Internal"),
            "the model provider is overloaded: Internal (status 500)",
            3,
        ),
        (
            claude,
            anthropic(
                400,
                "invalid_request_error",
                "prompt is too long: 9 tokens > 8 maximum",
            ),
            "the conversation does not fit into the model's context: prompt is too long",
            1,
        ),
        (
            claude,
            anthropic(400, "invalid_request_error", "messages: roles"),
            "the model provider rejects the request: messages: roles (status 400)",
            1,
        ),
        (
            claude,
            Answer::Hang,
            "the model provider cannot be reached: ",
            3,
        ),
        (
            gpt,
            openai(401, "invalid_api_key", "Incorrect API key"),
            "the model provider does not accept the credential: Incorrect API key (status 401); check OPENAI_API_KEY",
            1,
        ),
        (
            gpt,
            openai(429, "insufficient_quota", "You exceeded your current quota"),
            "the model provider's account is out of credit: You exceeded",
            1,
        ),
        (
            gpt,
            openai(429, "rate_limit_exceeded", "Rate limit reached"),
            "the model provider limits the rate of requests: Rate limit reached",
            3,
        ),
        (
            gpt,
            openai(503, "server_error", "busy"),
            "the model provider is overloaded: busy",
            3,
        ),
        (
            gpt,
            openai(400, "context_length_exceeded", "too long"),
            "the conversation does not fit into the model's context: too long",
            1,
        ),
        (
            gpt,
            openai(400, "invalid_prompt", "flagged"),
            "the model refuses to answer: flagged",
            1,
        ),
        (
            gpt,
            openai(400, "invalid_function_parameters", "schema"),
            "the model provider rejects the request: schema",
            1,
        ),
        (
            gpt,
            Answer::Hang,
            "the model provider cannot be reached: ",
            3,
        ),
        (
            kimi,
            hf(401, "Invalid username or password."),
            "the model provider does not accept the credential: Invalid username or password. (status 401); check HF_TOKEN: ",
            1,
        ),
        (
            kimi,
            hf(402, "You have exceeded your monthly included credits"),
            "the model provider's account is out of credit: You have exceeded your monthly included credits (status 402); see https://huggingface.co/settings/billing",
            1,
        ),
        (
            kimi,
            hf(429, "Too many requests"),
            "the model provider limits the rate of requests: ",
            3,
        ),
        (
            kimi,
            hf(504, "late"),
            "the model provider is overloaded: ",
            3,
        ),
        (
            kimi,
            hf(
                400,
                "prompt is too long: 365407, model maximum context length: 262143",
            ),
            "the conversation does not fit into the model's context: ",
            1,
        ),
        (
            kimi,
            hf(400, "model a/b is not supported by provider novita"),
            "the model provider rejects the request: model a/b is not supported by provider novita (status 400); leave out what is after `:`",
            1,
        ),
        (
            kimi,
            hf(
                400,
                "The requested model 'moonshotai/Kimi-K2.6' does not exist",
            ),
            "the model provider rejects the request: The requested model 'moonshotai/Kimi-K2.6' does not exist (status 400); ",
            1,
        ),
        (
            kimi,
            Answer::Hang,
            "the model provider cannot be reached: ",
            3,
        ),
        (
            llama,
            json_answer(
                400,
                &json!({"error": {"code": 400, "message": "the request exceeds the available context size", "type": "exceed_context_size_error"}}),
            ),
            "the conversation does not fit into the model's context: ",
            1,
        ),
        (
            llama,
            json_answer(
                503,
                &json!({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}),
            ),
            "the model provider is overloaded: Loading model",
            3,
        ),
        (
            llama,
            json_answer(
                401,
                &json!({"error": {"code": 401, "message": "Invalid API Key", "type": "authentication_error"}}),
            ),
            "the model provider does not accept the credential: Invalid API Key (status 401); set LLAMACPP_API_KEY",
            1,
        ),
        (
            llama,
            Answer::Hang,
            "the model provider cannot be reached: ",
            3,
        ),
    ];
    for (id, answer, expected, attempts) in rows {
        let bench = bench(vec![answer.clone(), answer.clone(), answer]).await;
        let (turn, watcher) = bench.turn(id).await;
        let error = turn.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{id}: {error}");
        assert_eq!(bench.server.turns().len(), attempts, "{id}: {error}");
        assert_eq!(
            watcher.lines.len(),
            attempts - 1,
            "{id}: {:?}",
            watcher.lines
        );
        assert_eq!(watcher.restarts, 0);
    }
}

/// Nobody is at the address: told at once for a server of the user's own, and with what to do.
#[tokio::test]
async fn nobody_there() {
    let bench = bench(vec![]).await;
    let origin = bench.server.origin.clone();
    let variables = [("LLAMACPP_BASE_URL", "http://127.0.0.1:9")];
    let bench = crate::support::bench_with(
        vec![],
        &variables,
        "",
        include_str!("../../../../configs/policies/ci.toml"),
    )
    .await;
    let error = bench.turn("llamacpp/x").await.0.unwrap_err().to_string();
    assert!(
        error.starts_with(
            "the model provider cannot be reached: http://127.0.0.1:9: cannot connect"
        ),
        "{error}"
    );
    assert!(
        error.ends_with("; start llama.cpp, or set LLAMACPP_BASE_URL to where it is"),
        "{error}"
    );
    assert!(bench.time.waited().is_empty());
    assert_ne!(origin, bench.server.origin);
}

#[tokio::test]
async fn waits() {
    let limited = |headers: Vec<(&'static str, String)>| {
        let body = br#"{"error":{"type":"rate_limit_error","message":"slow down"}}"#;
        Answer::Whole(429, headers, body.to_vec())
    };
    let header = |name, value: &str| vec![(name, value.to_owned())];
    let rows: [(Vec<Answer>, &[u64], Option<u64>); 8] = [
        // The schedule, a sixteenth longer: 30 s and 60 s.
        (
            vec![limited(vec![]), limited(vec![])],
            &[31_875, 63_750],
            None,
        ),
        (vec![limited(header("retry-after", "2"))], &[2125], None),
        (vec![limited(header("retry-after-ms", "400"))], &[425], None),
        (
            vec![limited(header(
                "retry-after",
                "Sat, 31 Jan 2026 12:00:16 GMT",
            ))],
            &[17_000],
            None,
        ),
        (
            vec![
                limited(header(
                    "anthropic-ratelimit-tokens-reset",
                    "2026-01-31T12:01:20Z",
                ))
                .clone(),
                limited(vec![]),
            ],
            &[31_875, 63_750],
            None,
        ),
        (
            vec![limited(vec![
                ("anthropic-ratelimit-tokens-remaining", "0".into()),
                (
                    "anthropic-ratelimit-tokens-reset",
                    "2026-01-31T12:01:20Z".into(),
                ),
            ])],
            &[85_000],
            None,
        ),
        // Nobody waits for an hour; whoever asked is told.
        (
            vec![limited(header("retry-after", "3600"))],
            &[],
            Some(3600),
        ),
        (
            vec![
                limited(vec![]),
                limited(vec![]),
                limited(header("retry-after", "7")),
            ],
            &[31_875, 63_750],
            Some(7),
        ),
    ];
    for (mut answers, waited, told) in rows {
        let sample = samples::anthropic();
        answers.push(sse(sample.stream));
        let bench = bench(answers).await;
        let turn = bench.turn(sample.id).await.0;
        assert_eq!(bench.time.waited(), waited);
        match told {
            None => assert_eq!(turn, Ok(sample.turn)),
            Some(seconds) => assert_eq!(
                turn,
                Err(ModelError::RateLimit {
                    message: "slow down (status 429)".into(),
                    retry_after: Some(Duration::from_secs(seconds)),
                })
            ),
        }
    }
}

/// What is mended does not use up attempts: a turn that needs six mends and breaks twice still comes.
#[tokio::test]
async fn mends_are_no_attempts() {
    let sample = samples::anthropic();
    let refuse = |message: &str| anthropic(400, "invalid_request_error", message);
    let broken = || anthropic(529, "overloaded_error", "Overloaded");
    let bench = bench(vec![
        refuse("tools.0.eager_input_streaming: Extra inputs are not permitted"),
        broken(),
        refuse("system.0.cache_control: Extra inputs are not permitted"),
        refuse("output_config.effort: max is not supported on this model"),
        refuse("output_config.effort: xhigh is not supported on this model"),
        broken(),
        refuse("adaptive thinking is not supported on this model"),
        sse(sample.stream),
        sse(sample.stream),
    ])
    .await;
    let (turn, watcher) = bench.ask(sample.id, &[user("q")], Some(Effort::Max)).await;
    assert_eq!(turn.unwrap().text, sample.turn.text);
    assert_eq!(bench.time.waited(), [5312, 15_937]);
    assert_eq!(watcher.lines.len(), 7, "{:?}", watcher.lines);
    // The next turn knows all that.
    let (turn, watcher) = bench.ask(sample.id, &[user("q")], Some(Effort::Max)).await;
    assert_eq!(turn, Ok(sample.turn));
    assert_eq!(watcher.lines, Vec::<String>::new());
    let body = bench.server.turns().pop().unwrap().body;
    assert!(!body.to_string().contains("cache_control"));
    assert_eq!(body["tools"][0].get("eager_input_streaming"), None);
    assert_eq!(
        body["thinking"],
        json!({"type": "enabled", "budget_tokens": 20_480})
    );
    assert_eq!(body.get("output_config"), None);
}

/// A signature that the provider does not accept any more: asked again without the reasoning in the history, which stays
/// out; new reasoning goes back as ever.
#[tokio::test]
async fn spoiled_reasoning() {
    let id = "anthropic/claude-opus-4-8";
    let turn = |signature: &str| Message::Assistant {
        text: "a".into(),
        reasoning: Some(Reasoning {
            model: id.into(),
            blocks: vec![ReasoningBlock {
                thought: Thought::Signed {
                    text: "hm".into(),
                    signature: signature.into(),
                },
                after_text: 0,
                after_calls: 0,
            }],
        }),
        tool_calls: vec![],
    };
    let sample = samples::anthropic();
    let bench = bench(vec![
        anthropic(
            400,
            "invalid_request_error",
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        sse(sample.stream),
        sse(sample.stream),
    ])
    .await;
    let messages = [user("q"), turn("old"), user("q")];
    let (answer, watcher) = bench.ask(id, &messages, None).await;
    assert_eq!(answer, Ok(sample.turn));
    assert_eq!(
        watcher.lines,
        ["the provider does not take its own reasoning back; asking again without it"]
    );
    let messages = [user("q"), turn("old"), user("q"), turn("new"), user("q")];
    bench.ask(id, &messages, None).await.0.unwrap();
    let has = |index: usize| {
        let body = bench.server.turns()[index].body.to_string();
        (
            body.contains(r#""signature":"old""#),
            body.contains(r#""signature":"new""#),
        )
    };
    assert_eq!(
        [has(0), has(1), has(2)],
        [(true, false), (false, false), (false, true)]
    );
}

/// The same refusal again, in other words each time, ends.
#[tokio::test]
async fn a_provider_that_always_refuses() {
    let refuse = anthropic(
        400,
        "invalid_request_error",
        "output_config.effort: unknown value; cache_control; image not supported; thinking not supported",
    );
    let bench = bench(vec![refuse; 40]).await;
    let messages = [Message::User {
        content: vec![Part::text("q")],
    }];
    let (turn, _) = bench
        .ask("anthropic/claude-opus-4-8", &messages, Some(Effort::Max))
        .await;
    assert!(matches!(turn, Err(ModelError::BadRequest(_))));
    assert!(bench.server.turns().len() < 10);
}

/// An address that has no Responses API is asked with Chat Completions from then on.
#[tokio::test]
async fn an_openai_without_responses() {
    let sample = samples::router();
    let missing = || Answer::Whole(404, vec![], b"404 page not found".to_vec());
    let bench = bench(vec![missing(), sse(sample.stream), sse(sample.stream)]).await;
    let (turn, watcher) = bench.turn("openai/gpt-5.5").await;
    let turn = turn.unwrap();
    assert_eq!(
        (turn.text, turn.tool_calls),
        (sample.turn.text, sample.turn.tool_calls)
    );
    assert_eq!(watcher.lines.len(), 1);
    bench.turn("openai/gpt-5.5").await.0.unwrap();
    let lines: Vec<String> = bench
        .server
        .turns()
        .into_iter()
        .map(|asked| asked.line)
        .collect();
    assert_eq!(
        lines,
        [
            "POST /v1/responses",
            "POST /v1/chat/completions",
            "POST /v1/chat/completions"
        ]
    );

    // It is the model that is not found: the next model is asked for as usual.
    bench.server.then(vec![missing(), missing(), missing()]);
    let error = bench.turn("openai/gpt-x").await.0.unwrap_err();
    assert!(matches!(error, ModelError::BadRequest(_)), "{error:?}");
    let _ = bench.turn("openai/gpt-x").await;
    let lines: Vec<String> = bench
        .server
        .turns()
        .into_iter()
        .skip(3)
        .map(|asked| asked.line)
        .collect();
    assert_eq!(
        lines[..3],
        [
            "POST /v1/responses",
            "POST /v1/chat/completions",
            "POST /v1/responses"
        ]
    );
}
