//! Searches: the Hub's for a text alone, Semantic Scholar's with filters, and for passages.

use ml_intern_sdk::{Failure, HttpMethod, Output};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::arguments::{Limit, Offset, Query, SortBy, range};
use crate::hub_papers::{self, Entry};
use crate::scholar::{self, FIELDS, List, Paper};
use crate::told::{MOST, count, many, short, told};
use crate::when::When;

/// What `search` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    query: Query,
    /// Published from here on: YYYY, YYYY-MM or YYYY-MM-DD.
    date_from: Option<When>,
    /// Published up to here: YYYY, YYYY-MM or YYYY-MM-DD.
    date_to: Option<When>,
    /// Fields of study, comma-separated, as `Computer Science,Linguistics`.
    categories: Option<String>,
    /// Citations at least.
    min_citations: Option<u32>,
    sort_by: Option<SortBy>,
    limit: Option<Limit>,
    offset: Option<Offset>,
}

/// Papers that a text finds.
pub(crate) fn search(arguments: Search) -> Result<Output, Failure> {
    let limit = Limit::or_default(arguments.limit);
    let offset = Offset::or_start(arguments.offset);
    let filters = Filters::of(
        arguments.date_from.as_ref(),
        arguments.date_to.as_ref(),
        arguments.categories.as_deref(),
        arguments.min_citations,
    )?;
    let query = arguments.query.as_str();
    if filters.0.is_empty() && arguments.sort_by.is_none() {
        return of_the_hub(query, limit, offset, "");
    }
    match of_scholar(query, &filters, arguments.sort_by, limit) {
        Ok(found) => {
            let total = found.total.unwrap_or(0);
            let papers = found.first(limit);
            let all = total.max(papers.len() as u64);
            let mut text = format!(
                "# Papers for {query:?} (Semantic Scholar)\n\nShowing {} of {}\n",
                many(papers.len(), "paper"),
                count(all)
            );
            for (at, paper) in papers.iter().enumerate() {
                text.push_str(&paper.entry(at + 1));
            }
            text.push_str("\nFor more of one: paper_details or read_paper with its arxiv_id.");
            let list: Vec<_> = papers.iter().map(Paper::told).collect();
            let structured = json!({ "source": "semantic-scholar", "total": all, "papers": list });
            told(&text, offset, MOST, &structured)
        }
        Err(failure) => {
            let mut dropped: Vec<&str> =
                filters.0.iter().map(|(_, argument, _)| *argument).collect();
            if arguments.sort_by.is_some() {
                dropped.push("sort_by");
            }
            let note = format!(
                "**Note:** Semantic Scholar gave no answer, so this is the Hub's search for the text alone: {} NOT applied. \
                 ({})",
                match dropped.as_slice() {
                    [one] => format!("{one} was"),
                    several => format!("{} were", several.join(", ")),
                },
                scholar::why(&failure)
            );
            of_the_hub(query, limit, offset, &note)
        }
    }
}

/// Filters as Semantic Scholar takes them: its parameter, ours, the value.
struct Filters(Vec<(&'static str, &'static str, String)>);

impl Filters {
    fn of(
        from: Option<&When>,
        to: Option<&When>,
        categories: Option<&str>,
        min_citations: Option<u32>,
    ) -> Result<Self, Failure> {
        let mut filters = Vec::new();
        if let Some(range) = range(from, to)? {
            let argument = match (from, to) {
                (Some(_), Some(_)) => "date_from and date_to",
                (Some(_), None) => "date_from",
                _ => "date_to",
            };
            filters.push(("publicationDateOrYear", argument, range));
        }
        let categories = categories
            .map(str::trim)
            .filter(|fields| !fields.is_empty());
        if let Some(fields) = categories {
            if fields.chars().count() > 300 {
                return Err(Failure::argument("/categories", "300 characters at most"));
            }
            filters.push(("fieldsOfStudy", "categories", fields.to_owned()));
        }
        if let Some(least) = min_citations {
            filters.push(("minCitationCount", "min_citations", least.to_string()));
        }
        Ok(Self(filters))
    }
}

fn of_scholar(
    query: &str,
    filters: &Filters,
    sort_by: Option<SortBy>,
    limit: usize,
) -> Result<List<Paper>, Failure> {
    let limit = limit.to_string();
    let mut parameters = vec![
        ("query", query),
        ("limit", limit.as_str()),
        ("fields", FIELDS),
    ];
    parameters.extend(
        filters
            .0
            .iter()
            .map(|(name, _, value)| (*name, value.as_str())),
    );
    // By relevance is how it comes.
    match sort_by {
        Some(SortBy::CitationCount) => parameters.push(("sort", "citationCount:desc")),
        Some(SortBy::PublicationDate) => parameters.push(("sort", "publicationDate:desc")),
        Some(SortBy::Relevance) | None => {}
    }
    scholar::ask(&scholar::request(
        HttpMethod::Get,
        "/graph/v1/paper/search/bulk",
        &parameters,
    ))
}

fn of_the_hub(query: &str, limit: usize, offset: usize, note: &str) -> Result<Output, Failure> {
    let most = limit.to_string();
    let parameters = [("q", query), ("limit", most.as_str())];
    let entries: Vec<Entry> =
        ml_intern_hub::get("/api/papers/search", &parameters, hub_papers::LARGEST)?;
    let papers: Vec<_> = entries.into_iter().take(limit).map(Entry::paper).collect();
    hub_papers::list(&format!("Papers for {query:?}"), note, &papers, offset)
}

/// What `snippet_search` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snippets {
    query: Query,
    /// Published from here on: YYYY, YYYY-MM or YYYY-MM-DD.
    date_from: Option<When>,
    /// Published up to here: YYYY, YYYY-MM or YYYY-MM-DD.
    date_to: Option<When>,
    /// Fields of study, comma-separated, as `Computer Science,Linguistics`.
    categories: Option<String>,
    /// Citations at least.
    min_citations: Option<u32>,
    limit: Option<Limit>,
    offset: Option<Offset>,
}

#[derive(Debug, Deserialize)]
struct Found {
    paper: Option<FoundIn>,
    snippet: Option<Snippet>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FoundIn {
    corpus_id: Option<serde_json::Value>,
    #[serde(flatten)]
    paper: Paper,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Snippet {
    text: Option<String>,
    section: Option<String>,
    snippet_kind: Option<String>,
}

/// Passages in the texts of papers.
pub(crate) fn snippets(arguments: Snippets) -> Result<Output, Failure> {
    let limit = Limit::or_default(arguments.limit);
    let filters = Filters::of(
        arguments.date_from.as_ref(),
        arguments.date_to.as_ref(),
        arguments.categories.as_deref(),
        arguments.min_citations,
    )?;
    let query = arguments.query.as_str();
    let most = limit.to_string();
    let mut parameters = vec![("query", query), ("limit", most.as_str())];
    parameters.extend(
        filters
            .0
            .iter()
            .map(|(name, _, value)| (*name, value.as_str())),
    );
    let found: List<Found> = scholar::ask(&scholar::request(
        HttpMethod::Get,
        "/graph/v1/snippet/search",
        &parameters,
    ))?;
    let passages: Vec<Found> = found.first(limit);
    let mut text = format!(
        "# Passages for {query:?}\n\nShowing {}\n",
        many(passages.len(), "passage")
    );
    let mut list = Vec::new();
    for (at, passage) in passages.iter().enumerate() {
        let default = FoundIn::default();
        let paper = passage.paper.as_ref().unwrap_or(&default);
        let snippet = passage.snippet.as_ref();
        text.push_str(&format!("\n### {}. {}\n", at + 1, paper.paper.title()));
        let mut facts = Vec::new();
        let kind = snippet.and_then(|snippet| {
            snippet
                .section
                .as_deref()
                .or(snippet.snippet_kind.as_deref())
        });
        if let Some(section) = kind.filter(|section| !section.is_empty()) {
            facts.push(format!("Section: {}", short(section, 100)));
        }
        if let Some(id) = &paper.paper.external_ids.arxiv {
            facts.push(format!("arxiv_id: {}", short(id, 40)));
        } else if let Some(id) = &paper.corpus_id {
            let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            facts.push(format!("corpus id: {}", short(&id, 40)));
        }
        if !facts.is_empty() {
            text.push_str(&format!("{}\n", facts.join(" | ")));
        }
        let words = snippet
            .and_then(|snippet| snippet.text.as_deref())
            .unwrap_or_default();
        text.push_str(&format!("> {}\n", short(words, 400)));
        list.push(json!({
            "paper": paper.paper.told(),
            "section": kind.map(|kind| short(kind, 100)),
            "text": short(words, 400),
        }));
    }
    let structured = json!({ "source": "semantic-scholar", "passages": list });
    told(
        text.trim_end(),
        Offset::or_start(arguments.offset),
        MOST,
        &structured,
    )
}
