//! All three tools against a server, and what its faults come to.

use ml_intern_sdk::Failure;
use ml_intern_sdk::http::native::{Entered, Native};
use ml_intern_stand_in::{Fault, StandIn};
use serde_json::{Value, json};

use crate::world::{World, golden, text};

/// A token is there, and must not be sent.
fn enter(server: &StandIn) -> Entered {
    server.public_links(true);
    let mut native = Native::new().bearer("huggingface", "hf_standin_ada");
    for (public, here) in server.endpoints() {
        native = native.serves(&public, here);
    }
    native.enter()
}

fn explore(world: &World, endpoint: &'static str, query: Value) -> String {
    text(world.call(
        "explore_hf_docs",
        endpoint,
        json!({"endpoint": endpoint, "query": query}),
    ))
}

fn no_token_was_sent(server: &StandIn) {
    for asked in server.asked() {
        assert!(
            !format!("{asked:?}").contains("hf_standin_ada"),
            "{asked:?}"
        );
    }
}

#[test]
fn documentation_is_found_and_read() {
    let server = StandIn::start();
    let _entered = enter(&server);
    let world = World::new();
    golden(
        "stand-in-search.md",
        &explore(
            &world,
            "trl",
            json!("which dataset format does the DPO trainer expect"),
        ),
    );
    let before = server.asked().len();
    explore(&world, "trl", json!("reward functions"));
    assert_eq!(server.asked().len(), before);
    let courses = explore(&world, "courses", json!("calibrated predictions"));
    assert!(
        courses.contains("1. **Calibrated predictions on small tables**"),
        "{courses}"
    );
    assert!(courses.contains("   Section: cookbook\n"), "{courses}");
    assert!(
        courses.contains("audio-course is left out: http GET"),
        "{courses}"
    );
    let optimum = explore(&world, "optimum", Value::Null);
    assert!(
        optimum.contains("Found 2 page(s) (total available: 2)."),
        "{optimum}"
    );
    let url = "https://huggingface.co/docs/trl/sft_trainer";
    let page = text(world.call("fetch_hf_docs", "fetch_hf_docs", json!({"url": url})));
    assert!(
        page.starts_with(
            "Documentation from: https://huggingface.co/docs/trl/sft_trainer.md\n\n# SFT Trainer"
        ),
        "{page}"
    );
    let gradio = explore(&world, "gradio", Value::Null);
    assert!(
        gradio.contains("Gradio turns a Python function into a web page"),
        "{gradio}"
    );
    let gradio = explore(&world, "gradio", json!("chat interface"));
    assert!(
        gradio.contains("`gradio.ChatInterface(fn, type=\"messages\")`"),
        "{gradio}"
    );
    let api = text(world.call(
        "find_hf_api",
        "find_hf_api",
        json!({"query": "move a repository"}),
    ));
    assert!(api.contains("## 1. POST /api/repos/move\n"), "{api}");
    no_token_was_sent(&server);
}

/// What each fault comes to: the kind of failure, and what is in its message.
fn faults() -> Vec<(Fault, &'static str, &'static str)> {
    let status = |status, headers: &[(&str, &str)]| Fault::Status {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        body: "no".into(),
    };
    vec![
        (
            status(429, &[("retry-after", "60")]),
            "upstream",
            "status 429: no",
        ),
        (status(500, &[]), "upstream", "status 500: no"),
        (status(404, &[]), "failed", "status 404"),
        (Fault::Cut, "upstream", "the answer broke off"),
        (Fault::Huge(21 << 20), "failed", "the answer has more than "),
        (
            Fault::Redirect("http://169.254.169.254/x".into()),
            "away",
            "",
        ),
    ]
}

fn kind(failure: &Failure) -> (&'static str, String) {
    match failure {
        Failure::Upstream(error) => ("upstream", error.message.clone()),
        Failure::Failed(message) => ("failed", message.clone()),
        Failure::Denied(denial) => ("denied", denial.capability.clone()),
        Failure::InvalidArguments(_) => ("arguments", String::new()),
    }
}

#[test]
fn a_fault_is_told_as_what_it_is() {
    let url = "https://huggingface.co/docs/trl/sft_trainer";
    let calls = [
        (
            "https://huggingface.co/docs/trl",
            "explore_hf_docs",
            "trl",
            json!({"query": "x"}),
            "denied",
        ),
        (
            "https://huggingface.co/docs/trl/sft_trainer.md",
            "fetch_hf_docs",
            "fetch_hf_docs",
            json!({"url": url}),
            "denied",
        ),
        (
            "https://huggingface.co/.well-known/openapi.json",
            "find_hf_api",
            "find_hf_api",
            json!({"query": "x"}),
            "failed",
        ),
    ];
    for (request, tool, operation, arguments, away) in calls {
        for (fault, expected, said) in faults() {
            let server = StandIn::start();
            let _entered = enter(&server);
            server.fault(&format!("GET {request}"), fault.clone());
            let failure = World::new()
                .call(tool, operation, arguments.clone())
                .unwrap_err();
            let expected = if expected == "away" { away } else { expected };
            let (kind, message) = kind(&failure);
            assert_eq!(kind, expected, "{tool} {fault:?}: {message}");
            assert!(message.contains(said), "{tool} {fault:?}: {message}");
            no_token_was_sent(&server);
        }
        let server = StandIn::start();
        let _entered = enter(&server);
        server.fault(&format!("GET {request}"), Fault::WrongType);
        let failure = World::new().call(tool, operation, arguments.clone());
        assert!(
            matches!(&failure, Err(Failure::Failed(_))),
            "{tool}: {failure:?}"
        );
        server.clear();
        let slow = Fault::Slow(std::time::Duration::from_millis(20));
        server.fault(&format!("GET {request}"), slow);
        assert!(
            World::new().call(tool, operation, arguments).is_ok(),
            "{tool}"
        );
    }
}
