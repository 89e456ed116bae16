//! The contract is not a Rust affair: the samples in Python and JavaScript load and answer like any plugin.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use std::sync::Arc;

use ml_intern_sandbox::{Call, Mounts, Sandbox, Services, Setup};
use serde_json::json;
use support::{AMPLE, Recorder, component, grant, told};
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn python_and_javascript_speak_the_contract() {
    let sandbox = Sandbox::new(Setup {
        cache: &support::cache(),
        mounts: Mounts::new(),
        programs: Vec::new(),
        worker: None,
        walls: policy::Walls::Required,
        patience: ml_intern_sandbox::PATIENCE,
    })
    .unwrap();
    let rows = [
        (
            "word-count-py",
            "word_count",
            json!({"text": "to be or not to be", "top": 1}),
            r#""words":6"#,
        ),
        (
            "word-count-py",
            "word_count",
            json!({"top": 1}),
            "invalid arguments: /text: expected a string",
        ),
        (
            "slugify-js",
            "slugify",
            json!({"text": "Été à Paris: 2026!"}),
            "ete-a-paris-2026",
        ),
        (
            "slugify-js",
            "slugify",
            json!({"text": 1}),
            "invalid arguments: /text: expected a string",
        ),
    ];
    for (sample, tool, arguments, expected) in rows {
        let plugin = sandbox
            .load(&component(&format!("samples/{sample}.wasm")))
            .await
            .unwrap();
        assert_eq!(
            plugin.imports(),
            Vec::<String>::new(),
            "{sample} asks for nothing"
        );
        let outcome = plugin
            .invoke(Call {
                id: "c1".into(),
                tool: tool.into(),
                operation: tool.into(),
                arguments: arguments.to_string(),
                grant: Arc::new(grant(&[], AMPLE)),
                services: Arc::new(Recorder::default()) as Arc<dyn Services>,
                egress: None,
                cancel: CancellationToken::new(),
            })
            .await;
        let structured = outcome
            .result
            .as_ref()
            .ok()
            .and_then(|output| output.structured.clone());
        let all = format!("{} {}", told(&outcome), structured.unwrap_or_default());
        assert!(all.contains(expected), "{sample} {arguments}: {all}");
    }
}
