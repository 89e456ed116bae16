//! `explore_hf_docs`, for Gradio.

use std::cell::RefCell;
use std::rc::Rc;

use ml_intern_sdk::http::native::{Native, Reply};
use ml_intern_sdk::{Failure, Output};
use serde_json::{Value, json};

use crate::world::{World, golden, text};

fn explore(world: &World, arguments: Value) -> Result<Output, Failure> {
    world.call("explore_hf_docs", "gradio", arguments)
}

#[test]
fn the_overview_and_the_search_are_told_as_reviewed() {
    let world = World::new();
    let sent = Rc::new(RefCell::new(Vec::new()));
    let kept = sent.clone();
    let overview = format!("# Gradio\n\n{}", "Build apps.\n".repeat(3_000));
    let _entered = Native::new()
        .replies("https://gradio.app", |_| {
            Reply::new(308).header("location", "https://www.gradio.app/llms.txt")
        })
        .replies("https://www.gradio.app", move |_| {
            Reply::new(200).body(overview.clone())
        })
        .replies("https://playground-worker.pages.dev", move |request| {
            kept.borrow_mut().push(request.clone());
            Reply::new(200).body(json!({"SYS_PROMPT": "## Blocks\n\nA layout.\n"}).to_string())
        })
        .enter();
    golden(
        "gradio-search.md",
        &text(explore(&world, json!({"query": "blocks  layout"}))),
    );
    let sent = sent.borrow();
    let [asked] = sent.as_slice() else {
        panic!("one request")
    };
    assert_eq!((asked.method, asked.path.as_str()), ("POST", "/api/prompt"));
    assert!(asked.headers.contains(&(
        "origin".into(),
        "https://gradio-docs-mcp.up.railway.app".into()
    )));
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    let expected = json!({
        "prompt_to_embed": "blocks layout",
        "SYSTEM_PROMPT": "$INSERT_GUIDES_DOCS_DEMOS",
        "FALLBACK_PROMPT": "No results found",
    });
    assert_eq!(body, expected);
    let first = text(explore(&world, json!({})));
    assert!(first.contains("for more]"), "{first}");
    let next: u64 = first
        .rsplit_once("offset=")
        .unwrap()
        .1
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(text(explore(&world, json!({"offset": next}))).contains("Build apps."));
    assert_eq!(
        explore(&world, json!({"max_results": 0})),
        Err(Failure::argument("/max_results", "1 to 50"))
    );
}

#[test]
fn what_goes_wrong_is_told() {
    let world = World::new();
    let table: Vec<(Reply, &str)> = vec![
        (
            Reply::new(403),
            "http POST https://playground-worker.pages.dev:443/api/prompt: status 403",
        ),
        (
            Reply::new(200).body("<html>"),
            "http POST https://playground-worker.pages.dev:443/api/prompt: the answer is not the JSON that was \
             expected: expected value at line 1 column 1",
        ),
        (
            Reply::new(302).header("location", "http://127.0.0.1/"),
            "http POST https://playground-worker.pages.dev:443/api/prompt: status 302",
        ),
    ];
    for (reply, expected) in table {
        let _entered = Native::new()
            .replies("https://playground-worker.pages.dev", move |_| {
                reply.clone()
            })
            .enter();
        assert_eq!(
            explore(&world, json!({"query": "x"})),
            Err(Failure::failed(expected))
        );
    }
}
