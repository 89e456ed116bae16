//! The Hub's own papers: those of the day, those that a text finds, and one in detail.

use ml_intern_sdk::{Failure, Output};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::arguments::{Limit, Offset, Query};
use crate::arxiv::ArxivId;
use crate::told::{MOST, count, many, short, told};
use crate::when::Day;

/// Bytes of an answer at most.
pub(crate) const LARGEST: usize = 8 << 20;
/// The Hub lists no more papers of a day than these.
const MOST_OF_A_DAY: usize = 100;

/// A paper as the Hub tells it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Paper {
    pub(crate) id: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) upvotes: Option<u64>,
    pub(crate) authors: Option<Vec<Author>>,
    #[serde(rename = "ai_summary")]
    pub(crate) ai_summary: Option<String>,
    #[serde(rename = "ai_keywords")]
    pub(crate) ai_keywords: Option<Vec<String>>,
    pub(crate) github_repo: Option<String>,
    pub(crate) github_stars: Option<u64>,
    pub(crate) project_page: Option<String>,
    pub(crate) published_at: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Author {
    name: Option<String>,
}

/// An entry of a list: a paper, or something around one.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    paper: Option<Paper>,
    #[serde(flatten)]
    own: Paper,
}

impl Entry {
    pub(crate) fn paper(self) -> Paper {
        self.paper.unwrap_or(self.own)
    }
}

/// What `trending` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trending {
    /// The day of the list (YYYY-MM-DD); the latest unless given.
    date: Option<Day>,
    query: Option<Query>,
    limit: Option<Limit>,
    offset: Option<Offset>,
}

/// The papers of a day that people liked, or those of them that a text fits.
pub(crate) fn trending(arguments: Trending) -> Result<Output, Failure> {
    let limit = Limit::or_default(arguments.limit);
    // The text is looked for here: the Hub's list takes none.
    let asked = match arguments.query {
        None => limit,
        Some(_) => (limit * 3).clamp(30, MOST_OF_A_DAY),
    };
    let asked = asked.to_string();
    let mut query = vec![("limit", asked.as_str())];
    if let Some(date) = &arguments.date {
        query.push(("date", date.as_str()));
    }
    let entries: Vec<Entry> = ml_intern_hub::get("/api/daily_papers", &query, LARGEST)?;
    let looked_at = entries.len();
    let mut papers: Vec<Paper> = entries.into_iter().map(Entry::paper).collect();
    let mut title = "Trending papers".to_owned();
    if let Some(date) = &arguments.date {
        title.push_str(&format!(" of {}", date.as_str()));
    }
    if let Some(query) = &arguments.query {
        papers.retain(|paper| paper.has(query.as_str()));
        title.push_str(&format!(" with {:?} (among {looked_at})", query.as_str()));
    }
    papers.truncate(limit);
    list(&title, "", &papers, Offset::or_start(arguments.offset))
}

/// A list of papers as the Hub tells them.
pub(crate) fn list(
    title: &str,
    note: &str,
    papers: &[Paper],
    offset: usize,
) -> Result<Output, Failure> {
    let mut text = format!("# {title}\n\nShowing {}\n", many(papers.len(), "paper"));
    if !note.is_empty() {
        text.push_str(&format!("\n{note}\n"));
    }
    for (at, paper) in papers.iter().enumerate() {
        text.push_str(&paper.entry(at + 1));
    }
    let papers: Vec<Told<'_>> = papers.iter().map(Paper::told).collect();
    let structured = json!({ "source": "huggingface", "papers": papers });
    told(text.trim_end(), offset, MOST, &structured)
}

/// A paper for programs.
#[derive(Debug, Serialize)]
struct Told<'p> {
    arxiv_id: &'p Option<String>,
    title: &'p Option<String>,
    upvotes: Option<u64>,
    github: &'p Option<String>,
}

impl Paper {
    fn told(&self) -> Told<'_> {
        Told {
            arxiv_id: &self.id,
            title: &self.title,
            upvotes: self.upvotes,
            github: &self.github_repo,
        }
    }

    fn has(&self, query: &str) -> bool {
        let query = query.to_lowercase();
        let keywords = self.ai_keywords.iter().flatten();
        [&self.title, &self.summary]
            .into_iter()
            .flatten()
            .chain(keywords)
            .any(|text| text.to_lowercase().contains(&query))
    }

    pub(crate) fn title(&self) -> String {
        short(self.title.as_deref().unwrap_or("(no title)"), 300)
    }

    fn keywords(&self, most: usize) -> Option<String> {
        let words: Vec<String> = self
            .ai_keywords
            .iter()
            .flatten()
            .take(most)
            .map(|word| short(word, 60))
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    fn github(&self) -> Option<String> {
        let address = self
            .github_repo
            .as_ref()
            .filter(|address| !address.is_empty())?;
        let address = short(address, 200);
        Some(match self.github_stars {
            Some(stars) => format!("{address} ({} stars)", count(stars)),
            None => address,
        })
    }

    fn entry(&self, number: usize) -> String {
        let id = self.id.as_deref().unwrap_or("?");
        let mut text = format!(
            "\n## {number}. {}\n**arxiv_id:** {id} | **upvotes:** {}\n{}/papers/{id}\n",
            self.title(),
            self.upvotes.unwrap_or(0),
            ml_intern_hub::HUB,
        );
        if let Some(words) = self.keywords(5) {
            text.push_str(&format!("**Keywords:** {words}\n"));
        }
        if let Some(github) = self.github() {
            text.push_str(&format!("**GitHub:** {github}\n"));
        }
        let summary = self.ai_summary.as_ref().or(self.summary.as_ref());
        if let Some(summary) = summary.filter(|summary| !summary.is_empty()) {
            text.push_str(&format!("**Summary:** {}\n", short(summary, 300)));
        }
        text
    }
}

/// What `paper_details` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Details {
    arxiv_id: ArxivId,
}

/// What the Hub knows of a paper.
///
/// # Errors
/// What the Hub said.
pub(crate) fn paper(id: &ArxivId) -> Result<Paper, Failure> {
    ml_intern_hub::get(&format!("/api/papers/{id}"), &[], LARGEST)
}

/// One paper in detail.
pub(crate) fn details(arguments: Details) -> Result<Output, Failure> {
    let id = arguments.arxiv_id;
    let paper = paper(&id).map_err(|failure| match failure {
        Failure::Failed(why) => Failure::Failed(format!(
            "the Hub has no page for the paper {id}: {why}. read_paper reads papers that only arXiv has"
        )),
        other => other,
    })?;
    let mut text = format!(
        "# {}\n\n**arxiv_id:** {id} | **upvotes:** {}\n",
        paper.title(),
        paper.upvotes.unwrap_or(0)
    );
    text.push_str(&format!(
        "{}/papers/{id}\n{}\n",
        ml_intern_hub::HUB,
        id.page()
    ));
    let authors: Vec<String> = paper
        .authors
        .iter()
        .flatten()
        .filter_map(|author| author.name.as_deref())
        .map(|name| short(name, 80))
        .collect();
    if !authors.is_empty() {
        let shown: Vec<&str> = authors.iter().take(10).map(String::as_str).collect();
        let more = match authors.len().saturating_sub(10) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        text.push_str(&format!("**Authors:** {}{more}\n", shown.join(", ")));
    }
    if let Some(published) = paper
        .published_at
        .as_deref()
        .and_then(|date| date.get(..10))
    {
        text.push_str(&format!("**Published:** {published}\n"));
    }
    if let Some(words) = paper.keywords(20) {
        text.push_str(&format!("**Keywords:** {words}\n"));
    }
    if let Some(github) = paper.github() {
        text.push_str(&format!("**GitHub:** {github}\n"));
    }
    if let Some(page) = paper.project_page.as_ref().filter(|page| !page.is_empty()) {
        text.push_str(&format!("**Project:** {}\n", short(page, 200)));
    }
    if let Some(summary) = paper
        .ai_summary
        .as_ref()
        .filter(|summary| !summary.is_empty())
    {
        text.push_str(&format!(
            "\n## Summary (by a model)\n\n{}\n",
            short(summary, 1_000)
        ));
    }
    if let Some(summary) = paper.summary.as_ref().filter(|summary| !summary.is_empty()) {
        text.push_str(&format!("\n## Abstract\n\n{}\n", short(summary, 500)));
    }
    text.push_str(
        "\nread_paper reads it; find_all_resources lists its datasets, models and collections.",
    );
    Output::text(text).with_structured(&json!({
        "arxiv_id": id.to_string(),
        "title": paper.title,
        "upvotes": paper.upvotes,
        "authors": authors.iter().take(100).collect::<Vec<_>>(),
        "github": paper.github_repo,
        "published": paper.published_at,
    }))
}
