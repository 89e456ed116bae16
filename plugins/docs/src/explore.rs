//! `explore_hf_docs`, for the documentations on the Hub.

use std::collections::HashMap;
use std::fmt::Write as _;

use ml_intern_sdk::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::endpoints::{paths, place};
use crate::kept::Kept;
use crate::refresh::{Report, Wanted, refresh};
use crate::search::Hit;
use crate::sidebar::Link;
use crate::snippet::{one_line, snippet, start};
use crate::{RESULT, Setting};

/// Results where no number is asked for, and at most.
const RESULTS: (u32, u32) = (20, 50);
/// Characters of a glimpse, and of what matches.
const GLIMPSE: usize = 200;
const MATCH: usize = 300;
/// Characters of a query at most.
const QUERY: usize = 1_000;

/// What it takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explore {
    /// Plain words to search for.
    pub(crate) query: Option<String>,
    /// 1 to 50; 20 if not given. Not for gradio.
    #[schemars(range(min = 1))]
    pub(crate) max_results: Option<u32>,
    /// Results to pass over (gradio: characters).
    #[serde(default)]
    pub(crate) offset: u32,
}

impl Explore {
    /// The query, if it has any words.
    pub(crate) fn words(&self) -> Result<Option<String>, Failure> {
        let query = one_line(self.query.as_deref().unwrap_or_default());
        let long = query.chars().count();
        if long > QUERY {
            return Err(Failure::argument(
                "/query",
                format!("{QUERY} characters at most, not {long}"),
            ));
        }
        Ok((!query.is_empty()).then_some(query))
    }
}

/// The part for programs.
#[derive(Debug, Serialize)]
struct Found<'a> {
    endpoint: &'a str,
    query: Option<&'a str>,
    /// Pages that match, or all.
    total: usize,
    pages_in_all: usize,
    /// Pages whose text is not there yet.
    missing: usize,
    results: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    title: &'a str,
    url: &'a str,
    section: &'a str,
    score: Option<f32>,
    glimpse: String,
}

pub(crate) fn explore(
    endpoint: &str,
    setting: &Setting,
    arguments: Explore,
) -> Result<Output, Failure> {
    let query = arguments.words()?;
    let mut notes = Vec::new();
    let most = match arguments.max_results {
        None => RESULTS.0,
        Some(0) => return Err(Failure::argument("/max_results", "1 to 50")),
        Some(many) if many > RESULTS.1 => {
            notes.push(format!("max_results is {} at most", RESULTS.1));
            RESULTS.1
        }
        Some(some) => some,
    };
    let (from, count) = (arguments.offset as usize, most as usize);
    let mut kept = Kept::open(setting.root(), endpoint);
    let wanted = match &query {
        Some(_) => Wanted::All,
        None => Wanted::Window { from, count },
    };
    let report = refresh(&mut kept, &paths(endpoint), wanted, setting)?;
    let all = report.pages.len();
    // What is shown, in its order: its place among all pages, and how well it matches.
    let in_order = |score| {
        (0..all)
            .map(move |entry| (entry, score))
            .collect::<Vec<_>>()
    };
    let mut weights = HashMap::new();
    let shown: Vec<(usize, Option<f32>)> = match &query {
        None => in_order(None),
        Some(query) => {
            let links: Vec<&Link> = report.pages.iter().map(|(link, _)| link).collect();
            let index = kept.index(&links).map_err(Failure::failed)?;
            let hits = index.search(query).map_err(Failure::failed)?;
            weights = index.weights(query).map_err(Failure::failed)?;
            if hits.is_empty() {
                notes.push("no page matches; all are shown in their order".to_owned());
                in_order(None)
            } else {
                let place = |hit: Hit| (hit.entry, Some(hit.score));
                hits.into_iter().map(place).collect()
            }
        }
    };
    if query.is_some() && report.due > 0 {
        notes.push(format!(
            "{} of {all} pages indexed so far; call again to go on",
            all - report.due.min(all)
        ));
    }
    notes.extend(report.notes.iter().cloned());
    let entries: Vec<Entry<'_>> = shown
        .iter()
        .skip(from)
        .take(count)
        .filter_map(|(place, score)| entry(&kept, &report, *place, *score, &weights))
        .collect();
    tell(
        endpoint,
        query.as_deref(),
        &report,
        &notes,
        from,
        shown.len(),
        entries,
    )
}

fn entry<'r>(
    kept: &Kept,
    report: &'r Report,
    place: usize,
    score: Option<f32>,
    weights: &HashMap<String, f32>,
) -> Option<Entry<'r>> {
    let (link, section) = report.pages.get(place)?;
    let glimpse = match kept.page(&link.url).map(|page| &page.text) {
        Some(Ok(text)) => score
            .and_then(|_| snippet(beneath_title(text), weights, MATCH))
            .unwrap_or_else(|| start(beneath_title(text), GLIMPSE)),
        Some(Err(why)) => format!("(its text cannot be read: {})", start(why, GLIMPSE)),
        None => "(its text is not fetched yet)".to_owned(),
    };
    Some(Entry {
        title: &link.title,
        url: &link.url,
        section,
        score,
        glimpse,
    })
}

/// A page without the heading that it begins with, where there is more.
fn beneath_title(text: &str) -> &str {
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("# ") && !rest.trim().is_empty() => rest,
        _ => text,
    }
}

/// The result: as many entries as have room.
fn tell(
    endpoint: &str,
    query: Option<&str>,
    report: &Report,
    notes: &[String],
    from: usize,
    total: usize,
    mut entries: Vec<Entry<'_>>,
) -> Result<Output, Failure> {
    let all = report.pages.len();
    let mut body = String::new();
    let mut told = 0;
    for entry in &entries {
        let mut text = format!(
            "{}. **{}**\n   URL: {}\n   Section: {}\n",
            from + told + 1,
            entry.title,
            entry.url,
            entry.section
        );
        if let Some(score) = entry.score {
            let _ = writeln!(text, "   Relevance score: {score:.2}");
        }
        let _ = writeln!(text, "   Glimpse: {}\n", entry.glimpse);
        // The head and what follows have their share.
        if body.chars().count() + text.chars().count() > RESULT - 3_000 {
            break;
        }
        body.push_str(&text);
        told += 1;
    }
    entries.truncate(told);
    let mut head = format!("Documentation structure for: {}\n\n", place(endpoint));
    let notes = match notes {
        [] => String::new(),
        notes => format!(" ({})", start(&notes.join("; "), 1_500)),
    };
    match query {
        Some(query) => {
            let query = start(query, 200);
            let _ = writeln!(
                head,
                "Query: '{query}' → showing {told} result(s) out of {all} pages{notes}\n"
            );
        }
        None => {
            let _ = writeln!(
                head,
                "Found {told} page(s) (total available: {all}).{notes}\n"
            );
        }
    }
    let next = from + told;
    if next < total && told > 0 {
        let _ = writeln!(
            body,
            "[{} more; call again with offset={next}]",
            total - next
        );
    } else if told == 0 && total > 0 {
        let _ = writeln!(body, "[offset={from} is after the last of {total}]");
    }
    let found = Found {
        endpoint,
        query,
        total,
        pages_in_all: all,
        missing: report.due,
        results: entries,
    };
    Output::text(format!("{head}{}", body.trim_end())).with_structured(&found)
}
