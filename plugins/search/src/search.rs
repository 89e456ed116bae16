//! `web_search`.

use std::time::Instant;

use ml_intern_sdk::http::{Patience, Request, Response};
use ml_intern_sdk::{Failure, Output, UpstreamError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::domains::Domains;
use crate::results::{self, Hit, Results};

pub(crate) const ORIGIN: &str = "https://html.duckduckgo.com";
/// Milliseconds that an answer may take to begin.
const WAIT: u32 = 20_000;
/// Bytes of a page of results at most.
const LARGEST: usize = 4 << 20;
/// Characters of a query at most.
const LONGEST: usize = 1_000;
/// Results at most, and unless given.
const MOST: u32 = 20;
const USUAL: u32 = 8;
/// Characters of the list at most.
const ROOM: usize = 15_500;

/// What `web_search` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    /// What to look for.
    #[schemars(length(min = 2))]
    query: String,
    /// Only these, and what is below them.
    #[serde(default)]
    allowed_domains: Vec<String>,
    /// None of these.
    #[serde(default)]
    blocked_domains: Vec<String>,
    /// 8 unless given.
    #[schemars(range(min = 1, max = 20))]
    max_results: Option<u32>,
}

/// Pages that a text finds.
pub(crate) fn search(arguments: Search) -> Result<Output, Failure> {
    let query = arguments.query.trim();
    match query.chars().count() {
        0 | 1 => {
            return Err(Failure::argument(
                "/query",
                "a text of two characters or more",
            ));
        }
        2..=LONGEST => {}
        many => {
            let expected = format!("{LONGEST} characters at most, not {many}");
            return Err(Failure::argument("/query", expected));
        }
    }
    let most = match arguments.max_results.unwrap_or(USUAL) {
        most @ 1..=MOST => most as usize,
        other => {
            return Err(Failure::argument(
                "/max_results",
                format!("1 to {MOST}, not {other}"),
            ));
        }
    };
    let allowed = Domains::of("allowed_domains", &arguments.allowed_domains)?;
    let blocked = Domains::of("blocked_domains", &arguments.blocked_domains)?;
    let started = Instant::now();
    let found = ask(query)?;
    let all = found.len();
    let mut hits: Vec<Hit> = found
        .into_iter()
        .filter(|hit| (allowed.is_empty() || allowed.has(&hit.host)) && !blocked.has(&hit.host))
        .collect();
    let dropped = all - hits.len();
    hits.truncate(most);
    let text = told(query, &hits, dropped, &allowed);
    // The form that its users know, with snippets beside.
    let summary = match hits.is_empty() {
        true => format!("No web search results matched the query {query:?}."),
        false => {
            format!("Search results for {query:?}. Include a Sources section in the final answer.")
        }
    };
    Output::text(text).with_structured(&json!({
        "query": query,
        "results": [summary, { "tool_use_id": "web_search_1", "content": hits }],
        "durationSeconds": started.elapsed().as_secs_f64(),
    }))
}

fn ask(query: &str) -> Result<Vec<Hit>, Failure> {
    let request = Request::get(format!("{ORIGIN}/html/"))
        .query("q", query)
        .header("accept", "text/html")
        .patience(WAIT);
    let answer = Patience::default().send(&request)?;
    // A challenge comes with a status of success, 202, or with a refusal.
    let (status, address) = (answer.status, answer.url.clone());
    if matches!(status, 202 | 403 | 418) {
        return Err(challenge(status));
    }
    let page = answer
        .success()
        .and_then(|answer: Response| answer.bytes(LARGEST))?;
    let url = Url::parse(&address).map_err(Failure::failed)?;
    match results::read(&String::from_utf8_lossy(&page), &url) {
        Results::Hits(hits) => Ok(hits),
        Results::Challenge => Err(challenge(status)),
        Results::Unknown => Err(Failure::Upstream(UpstreamError {
            status: Some(status),
            retry_after: None,
            message: "DuckDuckGo answered with a page that is no page of results: try again later, or fetch a known \
                      address with web_fetch"
                .into(),
        })),
    }
}

fn challenge(status: u16) -> Failure {
    Failure::Upstream(UpstreamError {
        status: Some(status),
        retry_after: None,
        message: format!(
            "DuckDuckGo takes this for a robot and wants a person to answer (its \"anomaly\" page, status {status}): try again \
             in some minutes, with fewer searches; or fetch a known address with web_fetch"
        ),
    })
}

fn told(query: &str, hits: &[Hit], dropped: usize, allowed: &Domains) -> String {
    let others = match dropped {
        0 => String::new(),
        1 => "1 result of other domains was left out.".into(),
        many => format!("{many} results of other domains were left out."),
    };
    if hits.is_empty() {
        let hint = match allowed.first() {
            Some(domain) if dropped > 0 => {
                format!(
                    " {others} Try the query with site:{domain} in it, or without allowed_domains."
                )
            }
            _ if dropped > 0 => format!(" {others}"),
            _ => String::new(),
        };
        return format!("No results for {query:?}.{hint}");
    }
    let mut text = format!("# Web results for {query:?}\n");
    let mut shown = 0;
    for hit in hits {
        let mut entry = format!(
            "\n{}. [{}]({})\n",
            shown + 1,
            hit.title,
            ml_intern_markdown::target(&hit.url)
        );
        if !hit.snippet.is_empty() {
            entry.push_str(&format!("   {}\n", hit.snippet));
        }
        if text.chars().count() + entry.chars().count() > ROOM {
            break;
        }
        text.push_str(&entry);
        shown += 1;
    }
    if shown < hits.len() {
        text.push_str(&format!(
            "\n{} more had no room here.\n",
            hits.len() - shown
        ));
    }
    if !others.is_empty() {
        text.push_str(&format!("\n{others}\n"));
    }
    text.push_str("\nRead one with web_fetch.");
    text
}
