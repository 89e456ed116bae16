//! Gradio's site: `llms.txt`, and the search that its documentation has.

use serde_json::json;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::world::World;

const LLMS: &str = include_str!("../data/gradio.txt");

/// www.gradio.app
pub(crate) fn answer(ask: &Ask, _: &mut World) -> Answer {
    match ask.path.as_str() {
        "/llms.txt" => Answer::text(LLMS),
        _ => Answer::json_with(404, &json!({"error": "Not Found"})),
    }
}

/// gradio.app leads to the host with www before it.
pub(crate) fn redirect(ask: &Ask, _: &mut World) -> Answer {
    Answer::redirect(308, ask.link("www.gradio.app", &ask.path))
}

/// playground-worker.pages.dev: `POST /api/prompt` `{prompt_to_embed, SYSTEM_PROMPT, FALLBACK_PROMPT}`, for who comes from the
/// documentation.
pub(crate) fn search(ask: &Ask, _: &mut World) -> Answer {
    if (ask.method.as_str(), ask.path.as_str()) != ("POST", "/api/prompt") {
        return Answer::empty(404);
    }
    if ask.header("origin") != Some("https://gradio-docs-mcp.up.railway.app") {
        return Answer::json_with(403, &json!({"error": "Forbidden"}));
    }
    let body = ask.json();
    let query = body["prompt_to_embed"]
        .as_str()
        .unwrap_or_default()
        .to_lowercase();
    let words: Vec<&str> = query
        .split_whitespace()
        .filter(|word| word.len() > 2)
        .collect();
    let found: Vec<&str> = LLMS
        .split("\n## ")
        .skip(1)
        .filter(|section| {
            let section = section.to_lowercase();
            words.iter().any(|word| section.contains(word))
        })
        .collect();
    let text = if found.is_empty() {
        body["FALLBACK_PROMPT"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    } else {
        format!("## {}", found.join("\n## "))
    };
    Answer::json(&json!({"SYS_PROMPT": text}))
}
