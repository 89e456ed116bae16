//! What on the Hub belongs to a paper: data sets, models, collections.

use ml_intern_hub::{HUB, explain};
use ml_intern_sdk::http::{Patience, Request, Response};
use ml_intern_sdk::{Failure, Output};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::arguments::{Limit, Offset};
use crate::arxiv::ArxivId;
use crate::hub_papers::LARGEST;
use crate::scholar::why;
use crate::told::{MOST, count, many, short, told};

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sort {
    #[default]
    Downloads,
    Likes,
    Trending,
}

impl Sort {
    fn field(self) -> &'static str {
        match self {
            Self::Downloads => "downloads",
            Self::Likes => "likes",
            Self::Trending => "trendingScore",
        }
    }
}

/// What `find_datasets` and `find_models` take.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Find {
    arxiv_id: ArxivId,
    /// What the list is sorted by; downloads unless given.
    sort: Option<Sort>,
    limit: Option<Limit>,
    offset: Option<Offset>,
}

/// What `find_collections` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindCollections {
    arxiv_id: ArxivId,
    limit: Option<Limit>,
    offset: Option<Offset>,
}

/// What `find_all_resources` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindAll {
    arxiv_id: ArxivId,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Repo {
    id: Option<String>,
    downloads: Option<u64>,
    likes: Option<u64>,
    tags: Option<Vec<String>>,
    description: Option<String>,
    pipeline_tag: Option<String>,
    library_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Collection {
    slug: Option<String>,
    title: Option<String>,
    description: Option<String>,
    upvotes: Option<u64>,
    items: Option<Vec<serde::de::IgnoredAny>>,
}

/// Data sets that a paper is named for.
pub(crate) fn datasets(arguments: Find) -> Result<Output, Failure> {
    repos(
        &arguments,
        "dataset",
        "hf_inspect_dataset shows the schema and rows of one.",
    )
}

/// Models that a paper is named for.
pub(crate) fn models(arguments: Find) -> Result<Output, Failure> {
    repos(&arguments, "model", "")
}

fn repos(arguments: &Find, kind: &str, hint: &str) -> Result<Output, Failure> {
    let limit = Limit::or_default(arguments.limit);
    let id = &arguments.arxiv_id;
    let request = repos_request(id, kind, arguments.sort.unwrap_or_default(), limit);
    let mut repos: Vec<Repo> = ask(&request)?;
    repos.truncate(limit);
    let mut text = format!(
        "# {} for the paper {id}\n\n",
        capital(&many(repos.len(), kind))
    );
    for (at, repo) in repos.iter().enumerate() {
        text.push_str(&repo.entry(at + 1, kind));
    }
    if repos.is_empty() {
        text.push_str(&format!("No {kind} on the Hub names this paper.\n"));
    } else if !hint.is_empty() {
        text.push_str(hint);
    }
    let list: Vec<Value> = repos.iter().map(Repo::told).collect();
    let structured = json!({ "arxiv_id": id.to_string(), format!("{kind}s"): list });
    told(
        text.trim_end(),
        Offset::or_start(arguments.offset),
        MOST,
        &structured,
    )
}

/// Collections that a paper is in.
pub(crate) fn collections(arguments: FindCollections) -> Result<Output, Failure> {
    let limit = Limit::or_default(arguments.limit);
    let id = &arguments.arxiv_id;
    let mut collections: Vec<Collection> = ask(&collections_request(id))?;
    let all = collections.len();
    collections.truncate(limit);
    let mut text = format!(
        "# {} with the paper {id}\n\n",
        capital(&many(all, "collection"))
    );
    for (at, collection) in collections.iter().enumerate() {
        text.push_str(&collection.entry(at + 1));
    }
    if collections.is_empty() {
        text.push_str("No collection on the Hub has this paper.\n");
    }
    let list: Vec<Value> = collections.iter().map(Collection::told).collect();
    let structured = json!({ "arxiv_id": id.to_string(), "total": all, "collections": list });
    told(
        text.trim_end(),
        Offset::or_start(arguments.offset),
        MOST,
        &structured,
    )
}

/// All three, shortly.
pub(crate) fn all(arguments: FindAll) -> Result<Output, Failure> {
    /// Entries of each kind.
    const MOST_OF_A_KIND: usize = 10;
    let id = &arguments.arxiv_id;
    let requests = [
        repos_request(id, "dataset", Sort::Downloads, MOST_OF_A_KIND),
        repos_request(id, "model", Sort::Downloads, MOST_OF_A_KIND),
        collections_request(id),
    ];
    let mut answers = Patience::default().many(&requests, 3).into_iter();
    let mut next = || {
        answers.next().unwrap_or_else(|| {
            Err(ml_intern_sdk::http::Error::Request(
                "it was not sent".into(),
            ))
        })
    };
    let datasets: Result<Vec<Repo>, Failure> = read(next());
    let models: Result<Vec<Repo>, Failure> = read(next());
    let collections: Result<Vec<Collection>, Failure> = read(next());
    if let (Err(failure), Err(_), Err(_)) = (&datasets, &models, &collections) {
        return Err(failure.clone());
    }
    let mut text = format!("# Resources of the paper {id}\n{HUB}/papers/{id}\n");
    let mut structured = json!({ "arxiv_id": id.to_string() });
    let mut part = |name: &str, entries: Result<(Vec<String>, Vec<Value>), Failure>| match entries {
        Ok((lines, values)) => {
            text.push_str(&format!("\n## {} ({})\n\n", capital(name), lines.len()));
            if lines.is_empty() {
                text.push_str("None.\n");
            }
            text.push_str(&lines.concat());
            if let Some(object) = structured.as_object_mut() {
                object.insert(name.to_owned(), Value::from(values));
            }
        }
        Err(failure) => {
            text.push_str(&format!(
                "\n## {}\n\nNot available: {}\n",
                capital(name),
                why(&failure)
            ));
        }
    };
    let repos = |repos: Vec<Repo>, kind: &str| {
        let repos = repos
            .get(..repos.len().min(MOST_OF_A_KIND))
            .unwrap_or_default();
        let lines = repos.iter().map(|repo| repo.line(kind)).collect();
        (lines, repos.iter().map(Repo::told).collect())
    };
    part("datasets", datasets.map(|found| repos(found, "dataset")));
    part("models", models.map(|found| repos(found, "model")));
    part(
        "collections",
        collections.map(|mut found| {
            found.truncate(MOST_OF_A_KIND);
            let lines = found.iter().map(Collection::line).collect();
            (lines, found.iter().map(Collection::told).collect())
        }),
    );
    told(text.trim_end(), 0, MOST, &structured)
}

fn repos_request(id: &ArxivId, kind: &str, sort: Sort, limit: usize) -> Request {
    Request::get(format!("{HUB}/api/{kind}s"))
        .query("filter", format!("arxiv:{id}"))
        .query("limit", limit.to_string())
        .query("sort", sort.field())
        .query("direction", "-1")
        .patience(15_000)
}

fn collections_request(id: &ArxivId) -> Request {
    Request::get(format!("{HUB}/api/collections"))
        .query("paper", id.to_string())
        .patience(15_000)
}

fn ask<T: DeserializeOwned>(request: &Request) -> Result<T, Failure> {
    read(Patience::default().send(request))
}

fn read<T: DeserializeOwned>(
    answer: Result<Response, ml_intern_sdk::http::Error>,
) -> Result<T, Failure> {
    answer
        .and_then(Response::success)
        .and_then(|answer| answer.json(LARGEST))
        .map_err(explain)
}

impl Repo {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or("?")
    }

    fn address(&self, kind: &str) -> String {
        match kind {
            "model" => format!("{HUB}/{}", self.id()),
            kind => format!("{HUB}/{kind}s/{}", self.id()),
        }
    }

    fn told(&self) -> Value {
        json!({ "id": self.id, "downloads": self.downloads, "likes": self.likes })
    }

    fn line(&self, kind: &str) -> String {
        let task = self
            .pipeline_tag
            .as_ref()
            .map(|task| format!(", {}", short(task, 40)));
        format!(
            "- [{}]({}) ({} downloads, {} likes{})\n",
            self.id(),
            self.address(kind),
            count(self.downloads.unwrap_or(0)),
            count(self.likes.unwrap_or(0)),
            task.unwrap_or_default()
        )
    }

    fn entry(&self, number: usize, kind: &str) -> String {
        let mut text = format!(
            "**{number}. [{}]({})**\nDownloads: {} | Likes: {}\n",
            self.id(),
            self.address(kind),
            count(self.downloads.unwrap_or(0)),
            count(self.likes.unwrap_or(0)),
        );
        let facts: Vec<String> = [
            ("Task", &self.pipeline_tag),
            ("Library", &self.library_name),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}: {}", short(value.as_ref()?, 60))))
        .collect();
        if !facts.is_empty() {
            text.push_str(&format!("{}\n", facts.join(" | ")));
        }
        // What every entry has in common says nothing.
        let tags: Vec<String> = self
            .tags
            .iter()
            .flatten()
            .filter(|tag| !tag.starts_with("arxiv:") && !tag.starts_with("region:"))
            .take(5)
            .map(|tag| short(tag, 60))
            .collect();
        if !tags.is_empty() {
            text.push_str(&format!("Tags: {}\n", tags.join(", ")));
        }
        if let Some(words) = self
            .description
            .as_ref()
            .filter(|words| !words.trim().is_empty())
        {
            text.push_str(&format!("{}\n", short(words, 300)));
        }
        text.push('\n');
        text
    }
}

impl Collection {
    fn title(&self) -> String {
        short(self.title.as_deref().unwrap_or("(no title)"), 200)
    }

    fn address(&self) -> String {
        format!(
            "{HUB}/collections/{}",
            self.slug.as_deref().unwrap_or_default()
        )
    }

    fn items(&self) -> usize {
        self.items.as_ref().map_or(0, Vec::len)
    }

    fn told(&self) -> Value {
        json!({ "slug": self.slug, "title": self.title(), "upvotes": self.upvotes, "items": self.items() })
    }

    fn line(&self) -> String {
        format!(
            "- [{}]({}) ({} upvotes)\n",
            self.title(),
            self.address(),
            count(self.upvotes.unwrap_or(0))
        )
    }

    fn entry(&self, number: usize) -> String {
        let mut text = format!(
            "**{number}. [{}]({})**\nUpvotes: {} | Items: {}\n",
            self.title(),
            self.address(),
            count(self.upvotes.unwrap_or(0)),
            self.items(),
        );
        if let Some(words) = self
            .description
            .as_ref()
            .filter(|words| !words.trim().is_empty())
        {
            text.push_str(&format!("{}\n", short(words, 300)));
        }
        text.push('\n');
        text
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
