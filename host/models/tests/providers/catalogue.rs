//! What is known of models, and what turns cost.

use agent::{MicroUsd, ModelInfo};
use serde_json::{Value, json};

use crate::samples;
use crate::support::{Answer, bench, bench_with, json_answer, sse};

const CI: &str = include_str!("../../../../configs/policies/ci.toml");

fn models(window: u64) -> Answer {
    json_answer(
        200,
        &json!({"object": "list", "data": [
            {"id": "moonshotai/Kimi-K2.6", "architecture": {"input_modalities": ["text", "image"]}, "providers": [
                {"provider": "novita", "status": "live", "context_length": window, "pricing": {"input": 0.5, "output": 2.5}, "supports_tools": true},
                {"provider": "together", "status": "live", "context_length": 100, "pricing": {"input": 1.0, "output": 3.0}, "supports_tools": true},
            ]},
            {"id": "moonshotai/Kimi-K2.5", "providers": []},
        ]}),
    )
}

/// The router's own word, kept for five minutes; after a failure it is asked again in 15 s, and what was known stays.
#[tokio::test]
async fn the_routers_catalogue() {
    let id = "moonshotai/Kimi-K2.6:novita";
    let bench = bench(vec![]).await;
    let down = || Answer::Whole(503, vec![], vec![]);
    bench.server.at(
        "GET /v1/models",
        vec![down(), models(1000), down(), models(2000)],
    );
    let window = async || bench.model(id).info().await.context_window;
    // The bundled table, until the router answers.
    assert_eq!(window().await, Some(262_144));
    bench.time.advance(14);
    assert_eq!(window().await, Some(262_144));
    assert_eq!(bench.server.asked().len(), 1);
    bench.time.advance(1);
    assert_eq!(window().await, Some(1000));
    bench.time.advance(299);
    assert_eq!(window().await, Some(1000));
    assert_eq!(bench.server.asked().len(), 2);
    bench.time.advance(1);
    assert_eq!(window().await, Some(1000), "stale, but better than nothing");
    assert_eq!(bench.server.asked().len(), 3);
    bench.time.advance(15);
    assert_eq!(window().await, Some(2000));
}

#[tokio::test]
async fn prices_and_costs() {
    let sample = samples::router();
    let long = r#"
        [[model]]
        id = "a/own"
        price = { input = 1, output = 10, cache-read = 0.1, cache-write = 2 }
        long-price = { above = 999, input = 2, output = 20 }
        [[model]]
        id = "ollama/paid"
        price = { input = 1, output = 1 }
        [[model]]
        id = "anthropic/claude-opus-4-8"
        price = { input = 0, output = 0 }
    "#;
    let rows = [
        // 1000 in at 0.5 and 60 out at 2.5 dollars a million: 500 + 150. The router says nothing of a cache.
        ("moonshotai/Kimi-K2.6:novita", Some(650)),
        ("moonshotai/Kimi-K2.6:cheapest", Some(650)),
        ("moonshotai/Kimi-K2.6:together", Some(1180)),
        // Which one it was cannot be told.
        ("moonshotai/Kimi-K2.6", None),
        ("moonshotai/Kimi-K2.6:unknown", None),
        ("a/unknown", None),
        // The user's own table goes first. 1000 is more than 999.
        ("a/own", Some(2000 + 1200)),
        ("ollama/free", Some(0)),
        ("ollama/gpt-oss:120b-cloud", None),
        ("ollama/paid", Some(1060)),
    ];
    for (id, micros) in rows {
        let bench = bench_with(vec![sse(sample.stream)], &[], long, CI).await;
        bench.server.at("GET /v1/models", vec![models(1000)]);
        let usage = bench.turn(id).await.0.unwrap().usage.unwrap();
        assert_eq!(usage.cost, micros.map(MicroUsd), "{id}");
    }
    let bench = bench_with(vec![sse(samples::anthropic().stream)], &[], long, CI).await;
    let usage = bench
        .turn("anthropic/claude-opus-4-8")
        .await
        .0
        .unwrap()
        .usage
        .unwrap();
    assert_eq!(usage.cost, Some(MicroUsd(0)));
}

/// Each server is asked in its own way; what it does not say is not known, and not guessed.
#[tokio::test]
async fn local_servers() {
    let rows: [(&str, Vec<(&str, Value)>, Option<u64>); 8] = [
        (
            "llamacpp/x",
            vec![(
                "GET /props",
                json!({"default_generation_settings": {"n_ctx": 4096}}),
            )],
            Some(4096),
        ),
        ("llamacpp/x", vec![], None),
        (
            "vllm/m",
            vec![(
                "GET /v1/models",
                json!({"data": [{"id": "m", "max_model_len": 8192}]}),
            )],
            Some(8192),
        ),
        (
            "lm_studio/m",
            vec![(
                "GET /api/v0/models",
                json!({"data": [{"id": "m", "max_context_length": 9}]}),
            )],
            Some(9),
        ),
        (
            "ollama/m:8b",
            vec![
                ("POST /api/show", json!({"parameters": "num_ctx 8192"})),
                (
                    "GET /api/ps",
                    json!({"models": [{"model": "m:8b", "context_length": 4096}]}),
                ),
            ],
            Some(4096),
        ),
        (
            "ollama/m:8b",
            vec![("POST /api/show", json!({"parameters": "num_ctx 8192"}))],
            Some(8192),
        ),
        (
            "ollama/m:8b",
            vec![(
                "POST /api/show",
                json!({"model_info": {"llama.context_length": 131_072}}),
            )],
            None,
        ),
        ("vllm/m", vec![("GET /v1/models", json!("nonsense"))], None),
    ];
    for (id, answers, window) in rows {
        let bench = bench(vec![]).await;
        for (line, body) in answers {
            bench.server.at(line, vec![json_answer(200, &body)]);
        }
        assert_eq!(bench.model(id).info().await.context_window, window, "{id}");
        // It is asked again when the answer was of no use, and not before.
        let asked = bench.server.asked().len();
        bench.model(id).info().await;
        assert_eq!(bench.server.asked().len(), asked, "{id}");
        bench.time.advance(15);
        bench.model(id).info().await;
        assert_eq!(bench.server.asked().len() > asked, window.is_none(), "{id}");
    }
}

/// A catalogue that hangs holds nobody up for more than five seconds.
#[tokio::test]
async fn a_catalogue_that_hangs() {
    let bench = bench(vec![]).await;
    bench
        .server
        .at("GET /v1/models", vec![Answer::Stall(b"{".to_vec())]);
    let model = bench.model("moonshotai/Kimi-K2.6:novita");
    let (info, ()) = tokio::join!(model.info(), async {
        bench.server.stalled().await;
        bench.time.pass(5000);
    });
    assert_eq!(info.context_window, Some(262_144));
}

#[tokio::test]
async fn for_a_switch_of_models() {
    let bench = bench(vec![]).await;
    bench.server.at("GET /v1/models", vec![models(1000)]);
    let models = bench.providers.router_models().await;
    let names: Vec<&str> = models[0]
        .providers
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["novita", "together"]);
    let like = bench.providers.suggestions("moonshotai/Kimi-K2").await;
    assert_eq!(like.len(), 3);
    assert!(
        like.iter()
            .take(2)
            .all(|one| one.starts_with("moonshotai/Kimi-K2.")),
        "{like:?}"
    );
    assert_eq!(
        bench.providers.suggestions("zzzzzzzzzzzzzzzz").await,
        Vec::<String>::new()
    );

    // An id that the router does not know: it says what is like it.
    bench.server.then(vec![json_answer(404, &json!({"error": {"message": "The model `moonshotai/Kimi-K2` does not exist", "code": "model_not_found"}}))]);
    let error = bench
        .turn("moonshotai/Kimi-K2")
        .await
        .0
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("did you mean moonshotai/Kimi-K2."),
        "{error}"
    );
}

#[tokio::test]
async fn models_that_nobody_knows() {
    let bench = bench(vec![]).await;
    let info = bench.model("a/b").info().await;
    assert_eq!(info, ModelInfo::unknown("a/b"));
}

#[tokio::test]
async fn a_wrong_table() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("models.toml");
    std::fs::write(&path, "[[model]]\nid = \"a/b\"\nwindow = 1\n").unwrap();
    let settings = ml_intern_models::Settings::read(|_| None)
        .unwrap()
        .with_models(&path);
    let egress = egress::Egress::builder().build().unwrap();
    let policy = std::sync::Arc::new(policy::Policy::parse("ci.toml", CI).unwrap());
    let nobody = std::sync::Arc::new(|_: &egress::Exchange| {});
    let error = ml_intern_models::Providers::new(settings, egress, policy, nobody)
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.starts_with(&format!("{}:3: unknown field `window`", path.display())),
        "{error}"
    );
}
