//! Keys go to the origin of their own provider, and nowhere else; and what the policy has to say.

use agent::ModelError;
use serde_json::json;

use crate::samples;
use crate::support::{Answer, KEY, Server, bench, bench_with, json_answer, sse};

const CI: &str = include_str!("../../../../configs/policies/ci.toml");

#[tokio::test]
async fn each_key_in_its_header() {
    let bearer = format!("Bearer {KEY}");
    let rows = [
        (
            "anthropic/claude-opus-4-8",
            "x-api-key",
            Some(KEY.to_owned()),
        ),
        ("anthropic/claude-opus-4-8", "authorization", None),
        ("openai/gpt-5.5", "authorization", Some(bearer.clone())),
        ("a/b", "authorization", Some(bearer)),
        (
            "llamacpp/x",
            "authorization",
            Some("Bearer sk-local-no-key-required".into()),
        ),
        ("llamacpp/x", "x-api-key", None),
    ];
    for (id, header, expected) in rows {
        let bench = bench(vec![]).await;
        let _ = bench.turn(id).await;
        let asked = &bench.server.turns()[0];
        assert_eq!(
            asked.headers.get(header),
            expected.as_ref(),
            "{id} {header}"
        );
        // The catalogue is everybody's: it is read without the token.
        for asked in bench
            .server
            .asked()
            .iter()
            .filter(|asked| asked.line == "GET /v1/models" && id == "a/b")
        {
            assert_eq!(asked.headers.get("authorization"), None);
        }
    }
    let rows = [
        ("own-key-0123", "Bearer own-key-0123"),
        ("abc", "Bearer abc"),
        ("  ", "Bearer sk-local-no-key-required"),
    ];
    for (key, expected) in rows {
        let bench = bench_with(vec![], &[("VLLM_API_KEY", key)], "", CI).await;
        let _ = bench.turn("vllm/x").await;
        assert_eq!(bench.server.turns()[0].headers["authorization"], expected);
    }
    let bench = bench_with(
        vec![],
        &[("HF_TOKEN", ""), ("HOME", "/nonexistent")],
        "",
        CI,
    )
    .await;
    let _ = bench.turn("a/b").await;
    assert_eq!(bench.server.turns()[0].headers.get("authorization"), None);
}

/// A redirect is not followed, neither to another origin nor on the same one.
#[tokio::test]
async fn redirects() {
    let elsewhere = Server::new(vec![]).await;
    for sample in samples::all() {
        for status in [301, 302, 303, 307, 308] {
            let to = vec![("location", format!("{}/v1/x?key={KEY}", elsewhere.origin))];
            let bench = bench(vec![Answer::Whole(status, to, vec![])]).await;
            let error = bench.turn(sample.id).await.0.unwrap_err();
            let expected = format!(
                "{}/v1 redirects to `127.0.0.1` (status {status}), and a request with a conversation in it does not \
                 follow; set the address that it leads to",
                bench.server.origin
            );
            assert_eq!(error, ModelError::BadRequest(expected));
        }
    }
    assert!(elsewhere.asked().is_empty());
}

/// A provider that repeats the key: it is covered, wherever it stands.
#[tokio::test]
async fn a_key_that_comes_back() {
    for sample in samples::all().into_iter().take(3) {
        let echo = json_answer(
            401,
            &json!({"error": {"message": format!("Incorrect API key provided: {KEY}.")}}),
        );
        let bench = bench(vec![echo, sse(&sample.stream.replace("Let me look.", KEY))]).await;
        // The bench looks for the key in all that can be shown.
        let error = bench.turn(sample.id).await.0.unwrap_err();
        assert!(matches!(error, ModelError::Auth(_)), "{error:?}");
        let turn = bench.turn(sample.id).await.0.unwrap();
        assert!(
            turn.text.starts_with(&"*".repeat(KEY.len())),
            "{}",
            turn.text
        );
    }
}

/// A conversation with a key in it does not leave: not to its own provider, nor to another.
#[tokio::test]
async fn a_key_in_the_conversation() {
    let messages = [crate::support::user(&format!("my key is {KEY}"))];
    for id in ["anthropic/claude-opus-4-8", "llamacpp/x"] {
        let bench = bench(vec![]).await;
        let error = bench.ask(id, &messages, None).await.0.unwrap_err();
        assert!(
            matches!(&error, ModelError::Denied(decision) if decision.rule == "egress: known secrets"),
            "{error:?}"
        );
        assert!(bench.server.turns().is_empty());
    }
    // The placeholder is no secret: whoever reads about it can talk about it.
    let bench = bench(vec![sse(samples::llamacpp().stream)]).await;
    let messages = [crate::support::user("what is sk-local-no-key-required?")];
    bench.ask("llamacpp/x", &messages, None).await.0.unwrap();
}

#[tokio::test]
async fn the_policy_decides() {
    let denied = |turn: Result<agent::Turn, ModelError>| match turn {
        Err(ModelError::Denied(decision)) => decision.rule,
        other => panic!("{other:?}"),
    };
    let nothing = "version = 1\nname = \"nothing\"\nwalls = \"required\"\n\n[limits]\nmemory = \"1 MiB\"\nfuel = 1\ndeadline = \"1 s\"\noutput = \"1 KiB\"\nopen-files = 1\nhost-calls = 1\ndisk = \"1 KiB\"\nnetwork = \"1 MiB\"\nrequests = 10\n";
    let bench = bench_with(vec![], &[], "", nothing).await;
    assert_eq!(denied(bench.turn("llamacpp/x").await.0), "nothing: no rule");
    assert!(
        bench.server.asked().is_empty(),
        "nothing leaves, not even a question about the model"
    );

    // Nobody is there to be asked.
    let asks = format!(
        "{nothing}\n[[rule]]\nname = \"ask\"\ndecision = \"ask\"\ntools = [\"host/models\"]\neffects = [\"observe\", \"spend\"]\n"
    );
    let bench = bench_with(vec![], &[], "", &asks).await;
    assert_eq!(denied(bench.turn("a/b").await.0), "nothing: ask");

    // Off line, a server on this machine is all there is.
    let offline = include_str!("../../../../configs/policies/offline.toml");
    let far = [("HF_ROUTER_BASE_URL", "https://router.huggingface.co/v1")];
    let bench = bench_with(vec![sse(samples::llamacpp().stream)], &far, "", offline).await;
    bench.turn("llamacpp/x").await.0.unwrap();
    denied(bench.turn("a/b").await.0);

    // A limit of the policy's own is a matter of the policy.
    let tight = CI.replace("network = \"64 MiB\"", "network = \"600 B\"");
    assert_ne!(tight, CI);
    let bench = bench_with(vec![sse(samples::llamacpp().stream)], &[], "", &tight).await;
    let rule = denied(bench.turn("llamacpp/x").await.0);
    assert!(rule.starts_with("limits: "), "{rule}");
}

/// What is needed before anything is asked.
#[tokio::test]
async fn missing_keys() {
    let none = [
        ("ANTHROPIC_API_KEY", ""),
        ("ANTHROPIC_BASE_URL", ""),
        ("OPENAI_API_KEY", ""),
    ];
    let bench = bench_with(vec![], &none, "", CI).await;
    assert_eq!(
        bench
            .providers
            .open("anthropic/claude-opus-4-8")
            .err()
            .unwrap()
            .to_string(),
        "`anthropic/claude-opus-4-8` needs a key of Anthropic: set ANTHROPIC_API_KEY, or let the Hugging Face router find a \
         provider: `huggingface/anthropic/claude-opus-4-8`, or `anthropic/claude-opus-4-8:<provider>`"
    );
    // A server of the user's own may want none.
    assert!(bench.providers.open("openai/gpt-5.5").is_ok());
    assert!(bench.providers.open("a/b").is_ok());
    assert_eq!(
        bench
            .providers
            .open("gpt")
            .err()
            .unwrap()
            .to_string()
            .split(';')
            .next(),
        Some(
            "no provider for the model id `gpt`: expected `<org>/<model>`, `<org>/<model>:<provider>`, `anthropic/<model>`, `openai/<model>`, `ollama/<model>`, `vllm/<model>`, `lm_studio/<model>`, `llamacpp/<model>`, `scripted/<path of a JSON Lines script>` or `replay/<path of a journal>`"
        )
    );
}
