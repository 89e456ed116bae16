//! What a paper cites, who cites it, and what is like it.

use ml_intern_sdk::http::Request;
use ml_intern_sdk::{Failure, HttpMethod, Output};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::arguments::{Limit, Offset};
use crate::arxiv::ArxivId;
use crate::scholar::{self, FIELDS, List, Paper};
use crate::told::{MOST, count, many, short, told};

/// Which way to follow citations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    Citations,
    References,
    #[default]
    Both,
}

/// What `citation_graph` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Graph {
    arxiv_id: ArxivId,
    /// Who cites it, what it cites, or both; both unless given.
    direction: Option<Direction>,
    limit: Option<Limit>,
    offset: Option<Offset>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Edge {
    #[serde(deserialize_with = "or_empty")]
    contexts: Vec<String>,
    #[serde(deserialize_with = "or_empty")]
    intents: Vec<String>,
    is_influential: Option<bool>,
    citing_paper: Option<Paper>,
    cited_paper: Option<Paper>,
}

fn or_empty<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Fields of an edge of the graph, and of the paper at its other end.
const EDGE: &str =
    "title,externalIds,year,citationCount,influentialCitationCount,contexts,intents,isInfluential";

/// The papers around one.
pub(crate) fn citations(arguments: Graph) -> Result<Output, Failure> {
    let limit = Limit::or_default(arguments.limit);
    let id = &arguments.arxiv_id;
    let sides: &[&str] = match arguments.direction.unwrap_or_default() {
        Direction::References => &["references"],
        Direction::Citations => &["citations"],
        Direction::Both => &["references", "citations"],
    };
    let most = limit.to_string();
    let requests: Vec<Request> = sides
        .iter()
        .map(|side| {
            let path = format!("/graph/v1/paper/ARXIV:{id}/{side}");
            scholar::request(
                HttpMethod::Get,
                &path,
                &[("fields", EDGE), ("limit", &most)],
            )
        })
        .collect();
    let answers: Vec<Result<List<Edge>, Failure>> = scholar::many(&requests);
    // One side that is missing is told; if both are, that is how the call ends.
    if answers.iter().all(Result::is_err) {
        let failure = answers.into_iter().find_map(Result::err);
        return Err(failure.unwrap_or_else(|| Failure::failed("nothing was asked")));
    }
    let mut text = format!("# Citations around {id}\n{}\n", id.page());
    let mut structured = json!({ "arxiv_id": id.to_string() });
    for (side, answer) in sides.iter().zip(answers) {
        let name = match *side {
            "references" => "References",
            _ => "Citations",
        };
        match answer {
            Ok(list) => {
                let edges = list.first(limit);
                text.push_str(&format!("\n## {name} ({})\n\n", edges.len()));
                if edges.is_empty() {
                    text.push_str("None that Semantic Scholar knows of or may tell.\n");
                }
                for edge in &edges {
                    text.push_str(&edge.line(*side == "citations"));
                }
                let told: Vec<Value> = edges.iter().map(Edge::told).collect();
                if let Some(object) = structured.as_object_mut() {
                    object.insert((*side).to_owned(), Value::from(told));
                }
            }
            Err(failure) => {
                text.push_str(&format!(
                    "\n## {name}\n\nNot available: {}\n",
                    scholar::why(&failure)
                ));
            }
        }
    }
    told(
        text.trim_end(),
        Offset::or_start(arguments.offset),
        MOST,
        &structured,
    )
}

impl Edge {
    fn paper(&self) -> Option<&Paper> {
        self.citing_paper.as_ref().or(self.cited_paper.as_ref())
    }

    fn line(&self, with_contexts: bool) -> String {
        let default = Paper::default();
        let paper = self.paper().unwrap_or(&default);
        let mut text = format!(
            "- **{}** ({}, {} cites)",
            paper.title(),
            paper
                .year
                .map_or_else(|| "?".into(), |year| year.to_string()),
            paper.citation_count.map_or_else(|| "?".into(), count),
        );
        if self.is_influential == Some(true) {
            text.push_str(" **[influential]**");
        }
        if let Some(id) = &paper.external_ids.arxiv {
            text.push_str(&format!("  arxiv:{}", short(id, 40)));
        }
        text.push('\n');
        if with_contexts {
            if !self.intents.is_empty() {
                let intents: Vec<String> = self
                    .intents
                    .iter()
                    .take(5)
                    .map(|intent| short(intent, 40))
                    .collect();
                text.push_str(&format!("  Intent: {}\n", intents.join(", ")));
            }
            for context in self.contexts.iter().take(2) {
                text.push_str(&format!("  > {}\n", short(context, 200)));
            }
        }
        text
    }

    fn told(&self) -> Value {
        json!({
            "paper": self.paper().map(Paper::told),
            "influential": self.is_influential == Some(true),
            "intents": self.intents.iter().take(5).collect::<Vec<_>>(),
        })
    }
}

/// What `recommend` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recommend {
    arxiv_id: Option<ArxivId>,
    /// Papers to be like, comma-separated arXiv ids; in place of arxiv_id.
    positive_ids: Option<String>,
    /// Papers not to be like, comma-separated arXiv ids; with positive_ids.
    negative_ids: Option<String>,
    limit: Option<Limit>,
    offset: Option<Offset>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recommended {
    recommended_papers: Option<Vec<Paper>>,
}

/// Papers like one, or like several.
pub(crate) fn recommend(arguments: Recommend) -> Result<Output, Failure> {
    let limit = Limit::or_default(arguments.limit);
    let most = limit.to_string();
    let positive = ids("/positive_ids", arguments.positive_ids.as_deref())?;
    let negative = ids("/negative_ids", arguments.negative_ids.as_deref())?;
    let (request, of) = match (&arguments.arxiv_id, positive.as_slice()) {
        (Some(_), [_, ..]) => {
            return Err(Failure::argument(
                "/positive_ids",
                "either arxiv_id or positive_ids, not both",
            ));
        }
        (Some(_), []) if !negative.is_empty() => {
            return Err(Failure::argument(
                "/negative_ids",
                "positive_ids beside it, in place of arxiv_id",
            ));
        }
        (Some(id), []) => {
            let path = format!("/recommendations/v1/papers/forpaper/ARXIV:{id}");
            let query = [
                ("fields", FIELDS),
                ("limit", most.as_str()),
                ("from", "recent"),
            ];
            (
                scholar::request(HttpMethod::Get, &path, &query),
                id.to_string(),
            )
        }
        (None, []) => {
            return Err(Failure::argument(
                "/arxiv_id",
                "an arXiv id, or positive_ids in its place",
            ));
        }
        (None, several) => {
            let query = [("fields", FIELDS), ("limit", most.as_str())];
            let named = |ids: &[ArxivId]| -> Vec<String> {
                ids.iter().map(|id| format!("ARXIV:{id}")).collect()
            };
            let body = json!({
                "positivePaperIds": named(several),
                "negativePaperIds": named(&negative),
            });
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            let request = scholar::request(HttpMethod::Post, "/recommendations/v1/papers/", &query);
            (request.json(&body)?, names.join(", "))
        }
    };
    let found: Recommended = scholar::ask(&request)?;
    let mut papers = found.recommended_papers.unwrap_or_default();
    papers.truncate(limit);
    let mut text = format!(
        "# Papers like {of}\n\nShowing {}\n",
        many(papers.len(), "paper")
    );
    for (at, paper) in papers.iter().enumerate() {
        text.push_str(&paper.entry(at + 1));
    }
    text.push_str("\nFor more of one: paper_details or read_paper with its arxiv_id.");
    let list: Vec<_> = papers.iter().map(Paper::told).collect();
    let structured = json!({ "source": "semantic-scholar", "papers": list });
    told(&text, Offset::or_start(arguments.offset), MOST, &structured)
}

fn ids(pointer: &str, given: Option<&str>) -> Result<Vec<ArxivId>, Failure> {
    /// As many as make sense to be like.
    const MOST_IDS: usize = 50;
    let ids: Vec<ArxivId> = given
        .unwrap_or_default()
        .split(',')
        .filter(|id| !id.trim().is_empty())
        .map(|id| ArxivId::try_from(id.to_owned()))
        .collect::<Result<_, _>>()
        .map_err(|expected| Failure::argument(pointer, expected))?;
    match ids.len() {
        0..=MOST_IDS => Ok(ids),
        many => Err(Failure::argument(
            pointer,
            format!("{MOST_IDS} ids at most, not {many}"),
        )),
    }
}
