//! Semantic Scholar: its requests, its answers, and what its refusals mean.

use ml_intern_sdk::http::{Error, Patience, Request};
use ml_intern_sdk::{Failure, HttpMethod};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::told::{count, short};

pub(crate) const ORIGIN: &str = "https://api.semanticscholar.org";
/// The host sends it as `x-api-key`, where there is one.
pub(crate) const CREDENTIAL: &str = "semantic-scholar";

/// Milliseconds that an answer may take to begin.
const WAIT: u32 = 12_000;
/// Bytes of an answer at most: a search gives a thousand papers.
const LARGEST: usize = 16 << 20;
/// Fields of a paper in a list.
pub(crate) const FIELDS: &str = "title,externalIds,year,citationCount,tldr,venue,publicationDate";

/// A list or an object that may be `null`.
fn or_default<'d, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'d>,
    T: Deserialize<'d> + Default,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A paper as Semantic Scholar tells it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Paper {
    pub(crate) title: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) external_ids: Ids,
    pub(crate) year: Option<u32>,
    pub(crate) citation_count: Option<u64>,
    #[serde(deserialize_with = "or_default")]
    tldr: Summary,
    venue: Option<String>,
    publication_date: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Ids {
    #[serde(rename = "ArXiv")]
    pub(crate) arxiv: Option<String>,
    #[serde(rename = "DOI")]
    doi: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Summary {
    text: Option<String>,
}

/// A list that may be missing.
#[derive(Debug, Deserialize)]
pub(crate) struct List<T> {
    data: Option<Vec<T>>,
    /// How many there are in all, estimated.
    pub(crate) total: Option<u64>,
}

impl<T> List<T> {
    /// Its first entries.
    pub(crate) fn first(self, most: usize) -> Vec<T> {
        let mut entries = self.data.unwrap_or_default();
        entries.truncate(most);
        entries
    }
}

/// A paper for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    pub(crate) arxiv_id: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) year: Option<u32>,
    pub(crate) citations: Option<u64>,
}

impl Paper {
    pub(crate) fn told(&self) -> Told {
        Told {
            arxiv_id: self.external_ids.arxiv.clone(),
            title: self.title.as_deref().map(|title| short(title, 300)),
            year: self.year,
            citations: self.citation_count,
        }
    }

    pub(crate) fn title(&self) -> String {
        short(self.title.as_deref().unwrap_or("(no title)"), 300)
    }

    /// An entry of a list.
    pub(crate) fn entry(&self, number: usize) -> String {
        let unknown = || "?".to_owned();
        let mut facts = vec![
            format!(
                "Year: {}",
                self.year.map_or_else(unknown, |year| year.to_string())
            ),
            format!(
                "Citations: {}",
                self.citation_count.map_or_else(unknown, count)
            ),
        ];
        if let Some(venue) = self.venue.as_ref().filter(|venue| !venue.is_empty()) {
            facts.push(format!("Venue: {}", short(venue, 100)));
        }
        if let Some(date) = &self.publication_date {
            facts.push(format!("Published: {}", short(date, 10)));
        }
        let mut address = None;
        if let Some(id) = &self.external_ids.arxiv {
            facts.push(format!("arxiv_id: {}", short(id, 40)));
            address = Some(format!("https://arxiv.org/abs/{}", short(id, 40)));
        } else if let Some(doi) = &self.external_ids.doi {
            address = Some(format!("https://doi.org/{}", short(doi, 200)));
        }
        let mut text = format!("\n### {number}. {}\n{}\n", self.title(), facts.join(" | "));
        if let Some(address) = address {
            text.push_str(&format!("{address}\n"));
        }
        if let Some(summary) = self.tldr.text.as_ref().filter(|text| !text.is_empty()) {
            text.push_str(&format!("**TL;DR:** {}\n", short(summary, 400)));
        }
        text
    }
}

/// A request of a path and its parameters.
pub(crate) fn request(method: HttpMethod, path: &str, query: &[(&str, &str)]) -> Request {
    let mut request = Request::new(method, format!("{ORIGIN}{path}")).patience(WAIT);
    for (name, value) in query {
        request = request.query(*name, *value);
    }
    request
}

/// What a request that only reads gives. What Semantic Scholar asks to wait is waited for, within a bound.
///
/// # Errors
/// What it said, explained.
pub(crate) fn ask<T: DeserializeOwned>(request: &Request) -> Result<T, Failure> {
    many(std::slice::from_ref(request))
        .pop()
        .unwrap_or_else(|| Err(Failure::failed("the request was not sent")))
}

/// What several requests give, in their order.
pub(crate) fn many<T: DeserializeOwned>(requests: &[Request]) -> Vec<Result<T, Failure>> {
    Patience::default()
        .many(requests, 2)
        .into_iter()
        .map(|answer| {
            answer
                .and_then(|answer| answer.success())
                .and_then(|answer| answer.json(LARGEST))
                .map_err(explain)
        })
        .collect()
}

fn explain(error: Error) -> Failure {
    let status = match &error {
        Error::Status { status, .. } => Some(*status),
        _ => None,
    };
    match (status, Failure::from(error)) {
        (Some(429), Failure::Upstream(mut said)) => {
            said.message = format!(
                "Semantic Scholar allows no more requests for now: try again later, or use search without filters; a person \
                 can set S2_API_KEY for more ({})",
                said.message
            );
            Failure::Upstream(said)
        }
        (Some(404), Failure::Failed(why)) => {
            Failure::Failed(format!("Semantic Scholar does not know this paper ({why})"))
        }
        (Some(403), Failure::Failed(why)) => Failure::Failed(format!(
            "Semantic Scholar refuses the key: a person has to check S2_API_KEY ({why})"
        )),
        (_, failure) => failure,
    }
}

/// A failure in a few words, for a note.
pub(crate) fn why(failure: &Failure) -> String {
    match failure {
        Failure::Failed(why) => short(why, 300),
        Failure::Upstream(said) => short(&said.message, 300),
        Failure::Denied(denial) => format!("{}: denied by {}", denial.capability, denial.rule),
        Failure::InvalidArguments(_) => "the arguments do not fit".into(),
    }
}
