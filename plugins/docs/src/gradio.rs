//! `explore_hf_docs`, for Gradio, which has services of its own: an overview of its whole documentation, and a search that
//! answers with text.

use ml_intern_sdk::http::{Patience, Request};
use ml_intern_sdk::page::piece;
use ml_intern_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::RESULT;
use crate::explore::Explore;

/// Where the overview is; it may be at the second of the two names.
const OVERVIEW: &str = "https://gradio.app";
const OVERVIEW_TOO: &str = "https://www.gradio.app";
const OVERVIEW_PATH: &str = "/llms.txt";
/// Where the search is, and whom it serves.
const SEARCH: &str = "https://playground-worker.pages.dev";
const SEARCH_PATH: &str = "/api/prompt";
const SEARCH_FOR: &str = "https://gradio-docs-mcp.up.railway.app";
/// Bytes of an answer at most.
const BYTES: usize = 8 << 20;
/// Milliseconds that an answer may take to begin, and between its parts.
const WAIT: u32 = 30_000;

#[derive(Serialize)]
struct Prompt<'a> {
    prompt_to_embed: &'a str,
    #[serde(rename = "SYSTEM_PROMPT")]
    system: &'static str,
    #[serde(rename = "FALLBACK_PROMPT")]
    fallback: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "SYS_PROMPT")]
    text: String,
}

/// What it asks for: to read the overview, and to search.
pub(crate) fn needs() -> [Need; 3] {
    let overview = |origin| {
        let reason = "reads the overview of Gradio's documentation";
        need::http(origin, [HttpMethod::Get], [OVERVIEW_PATH], reason)
    };
    [
        overview(OVERVIEW),
        overview(OVERVIEW_TOO),
        need::http(
            SEARCH,
            [HttpMethod::Post],
            [SEARCH_PATH],
            "sends the query to the search of Gradio's documentation",
        ),
    ]
}

pub(crate) fn explore(arguments: Explore) -> Result<Output, Failure> {
    if arguments.max_results == Some(0) {
        return Err(Failure::argument("/max_results", "1 to 50"));
    }
    let query = arguments.words()?;
    let (title, text) = match &query {
        None => ("# Gradio Documentation".to_owned(), overview()?),
        Some(query) => (
            format!("# Gradio Documentation Search\n\nQuery: '{query}'"),
            search(query)?,
        ),
    };
    let head = format!("{title}\n\nSource: https://gradio.app/docs\n\n---\n\n");
    let room = RESULT - 200 - head.chars().count();
    let piece = piece(text.trim(), arguments.offset as usize, room);
    Ok(Output::text(format!("{head}{}", piece.with_note("offset"))))
}

fn overview() -> Result<String, Failure> {
    let request = Request::get(format!("{OVERVIEW}{OVERVIEW_PATH}")).patience(WAIT);
    let answer = Patience::default().follow(&request, 3)?.success()?;
    Ok(answer.text(BYTES)?)
}

fn search(query: &str) -> Result<String, Failure> {
    let request = Request::post(format!("{SEARCH}{SEARCH_PATH}"))
        .patience(WAIT)
        .header("origin", SEARCH_FOR)
        .json(&Prompt {
            prompt_to_embed: query,
            system: "$INSERT_GUIDES_DOCS_DEMOS",
            fallback: "No results found",
        })?;
    let answer = Patience::default().send(&request)?.success()?;
    let answer: Answer = answer.json(BYTES)?;
    Ok(answer.text)
}
