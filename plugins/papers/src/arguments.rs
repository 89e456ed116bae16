//! What several operations take. A value that does not fit is told with its place, before anything is sent.

use ml_intern_sdk::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::when::When;

/// Characters of a query at most.
const LONGEST: usize = 1_000;

/// What to look for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub(crate) struct Query(String);

impl Query {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Query {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        match text.chars().count() {
            0 => Err("a text that is not blank".into()),
            1..=LONGEST => Ok(Self(text.to_owned())),
            many => Err(format!("{LONGEST} characters at most, not {many}")),
        }
    }
}

/// 1 to 50; 10 unless given.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(try_from = "u32")]
pub(crate) struct Limit(u32);

impl Limit {
    pub(crate) fn or_default(limit: Option<Self>) -> usize {
        limit.map_or(10, |Self(limit)| limit as usize)
    }
}

impl TryFrom<u32> for Limit {
    type Error = String;

    fn try_from(limit: u32) -> Result<Self, String> {
        match limit {
            1..=50 => Ok(Self(limit)),
            other => Err(format!("1 to 50, not {other}")),
        }
    }
}

/// Characters to skip, to read on.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
pub(crate) struct Offset(pub(crate) u32);

impl Offset {
    pub(crate) fn or_start(offset: Option<Self>) -> usize {
        offset.map_or(0, |Self(offset)| offset as usize)
    }
}

/// What a search is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum SortBy {
    #[serde(rename = "relevance")]
    Relevance,
    #[serde(rename = "citationCount")]
    CitationCount,
    #[serde(rename = "publicationDate")]
    PublicationDate,
}

/// `2024-01:2024-06`, as Semantic Scholar takes it; none where neither end is given.
///
/// # Errors
/// [`Failure::InvalidArguments`] where it ends before it begins.
pub(crate) fn range(from: Option<&When>, to: Option<&When>) -> Result<Option<String>, Failure> {
    if let (Some(from), Some(to)) = (from, to)
        && !from.precedes(to)
    {
        let expected = format!("a date that is not before date_from, {}", from.as_str());
        return Err(Failure::argument("/date_to", expected));
    }
    let text = |end: Option<&When>| end.map(|end| end.as_str().to_owned()).unwrap_or_default();
    Ok((from.is_some() || to.is_some()).then(|| format!("{}:{}", text(from), text(to))))
}
