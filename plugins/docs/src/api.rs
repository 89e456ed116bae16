//! `find_hf_api`: endpoints of the Hub's HTTP API, from its own description.

use std::fmt::Write as _;

use ml_intern_hub::HUB;
use ml_intern_sdk::http::encode;
use ml_intern_sdk::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RESULT;
use crate::openapi::{Document, Endpoint, Parameter, tags};
use crate::search::{Fields, SearchIndex};
use crate::snippet::{one_line, start};

/// Where the description is.
pub(crate) const PATH: &str = "/.well-known/openapi.json";
/// Bytes of it at most.
const BYTES: usize = 20 << 20;
/// Results at most.
const RESULTS: usize = 20;
/// Characters of a description, and of a parameter's.
const DESCRIPTION: usize = 300;
const PARAMETER: usize = 120;
/// Parameters of one place that are told.
const PARAMETERS: usize = 20;
/// Characters of a query at most.
const QUERY: usize = 1_000;
/// Tags that are named where there is none like the one that is wanted.
const NEAR: usize = 12;

const FIELDS: Fields = &[
    ("summary", 3.0),
    ("id", 2.0),
    ("tags", 1.5),
    ("description", 1.0),
    ("parameters", 1.0),
];

/// What it takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Find {
    /// Plain words to search for.
    query: Option<String>,
    /// A tag or a part of one: `models`, `spaces`, `collections`, `webhooks` …
    tag: Option<String>,
    /// Results to pass over.
    #[serde(default)]
    offset: u32,
}

/// The part for programs.
#[derive(Debug, Serialize)]
struct Found<'a> {
    total: usize,
    endpoints: Vec<Named<'a>>,
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    method: &'a str,
    path: &'a str,
    score: Option<f32>,
}

pub(crate) fn find(arguments: Find) -> Result<Output, Failure> {
    let given = |text: &Option<String>| {
        let text = one_line(text.as_deref().unwrap_or_default());
        (!text.is_empty()).then_some(text)
    };
    let (query, tag) = (given(&arguments.query), given(&arguments.tag));
    if query.is_none() && tag.is_none() {
        return Err(Failure::argument("", "`query` or `tag`, or both"));
    }
    for (name, text) in [("/query", &query), ("/tag", &tag)] {
        let long = text.as_ref().map_or(0, |text| text.chars().count());
        if long > QUERY {
            return Err(Failure::argument(
                name,
                format!("{QUERY} characters at most, not {long}"),
            ));
        }
    }
    let Document { endpoints } = ml_intern_hub::get(PATH, &[], BYTES)?;
    let of_tag = |endpoint: &Endpoint| match &tag {
        Some(tag) => endpoint.tags.iter().any(|known| has(known, tag)),
        None => true,
    };
    if let Some(tag) = &tag {
        let known = tags(&endpoints);
        if !known.iter().any(|known| has(known, tag)) {
            return Err(unknown(tag, &known));
        }
    }
    let mut note = "";
    let mut found: Vec<(&Endpoint, Option<f32>)> = Vec::new();
    if let Some(query) = &query {
        let hits = search(&endpoints, query)?;
        found.extend(
            hits.into_iter()
                .filter_map(|(at, score)| Some((endpoints.get(at)?, Some(score))))
                .filter(|(endpoint, _)| of_tag(endpoint)),
        );
    }
    if found.is_empty() && tag.is_some() {
        if query.is_some() {
            note = "Nothing matches the query; these are all endpoints of the tag.\n";
        }
        let all = endpoints.iter().filter(|endpoint| of_tag(endpoint));
        found.extend(all.map(|endpoint| (endpoint, None)));
    }
    tell(
        query.as_deref(),
        tag.as_deref(),
        note,
        &found,
        arguments.offset as usize,
    )
}

/// Whether a tag has this in it, in whatever case.
fn has(tag: &str, part: &str) -> bool {
    tag.to_lowercase().contains(&part.to_lowercase())
}

fn unknown(tag: &str, known: &[&str]) -> Failure {
    let tag = tag.to_lowercase();
    let mut near: Vec<(f64, &str)> = known
        .iter()
        .map(|known| (strsim::jaro_winkler(&known.to_lowercase(), &tag), *known))
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<String> = near
        .into_iter()
        .take(NEAR)
        .map(|(_, tag)| format!("`{}`", start(tag, 60)))
        .collect();
    Failure::argument(
        "/tag",
        format!(
            "one of the {} tags, such as {}",
            known.len(),
            near.join(", ")
        ),
    )
}

fn search(endpoints: &[Endpoint], query: &str) -> Result<Vec<(usize, f32)>, Failure> {
    // An id is one word to the index: `createDiscussion`, `create-discussion` and `create_discussion` are three.
    let texts: Vec<[String; 3]> = endpoints
        .iter()
        .map(|endpoint| {
            let names = endpoint
                .parameters
                .iter()
                .map(|parameter| parameter.name.as_str());
            let fields = endpoint.fields.iter().map(|(name, _)| name.as_str());
            let names: Vec<&str> = names.chain(fields).collect();
            [
                format!("{} {}", apart(&endpoint.id), endpoint.path),
                endpoint.tags.join(" "),
                apart(&names.join(" ")),
            ]
        })
        .collect();
    let entries = endpoints
        .iter()
        .zip(&texts)
        .map(|(endpoint, [id, tags, names])| {
            [
                endpoint.summary.as_str(),
                id,
                tags,
                endpoint.description.as_str(),
                names,
            ]
        });
    let index = SearchIndex::build(FIELDS, entries).map_err(Failure::failed)?;
    let hits = index.search(query).map_err(Failure::failed)?;
    Ok(hits.into_iter().map(|hit| (hit.entry, hit.score)).collect())
}

/// A name and its words: `createRepo` is also `create Repo`.
fn apart(name: &str) -> String {
    let mut words = String::new();
    let mut before_lower = false;
    for character in name.chars() {
        if character.is_uppercase() && before_lower {
            words.push(' ');
        }
        before_lower = character.is_lowercase() || character.is_numeric();
        words.push(character);
    }
    match words == name {
        true => words,
        false => format!("{name} {words}"),
    }
}

fn tell(
    query: Option<&str>,
    tag: Option<&str>,
    note: &str,
    found: &[(&Endpoint, Option<f32>)],
    from: usize,
) -> Result<Output, Failure> {
    let mut sought = Vec::new();
    sought.extend(query.map(|query| format!("query '{}'", start(query, 200))));
    sought.extend(tag.map(|tag| format!("tag '{}'", start(tag, 200))));
    let mut text = format!("# Hugging Face Hub API: {}\n\n", sought.join(", "));
    if found.is_empty() {
        text.push_str("No endpoint matches. Try other words, or a tag.");
        return Output::text(text).with_structured(&Found {
            total: 0,
            endpoints: Vec::new(),
        });
    }
    let mut body = String::new();
    let mut told = Vec::new();
    for (endpoint, score) in found.iter().skip(from).take(RESULTS) {
        let one = described(from + told.len() + 1, endpoint, *score);
        if body.chars().count() + one.chars().count() > RESULT - 1_000 {
            break;
        }
        body.push_str(&one);
        told.push(Named {
            method: &endpoint.method,
            path: &endpoint.path,
            score: *score,
        });
    }
    let next = from + told.len();
    let _ = writeln!(
        text,
        "{note}Showing {} of {} endpoint(s).\n",
        told.len(),
        found.len()
    );
    text.push_str(body.trim_end());
    if next < found.len() && !told.is_empty() {
        let _ = write!(
            text,
            "\n\n[{} more; call again with offset={next}]",
            found.len() - next
        );
    }
    Output::text(text.trim_end()).with_structured(&Found {
        total: found.len(),
        endpoints: told,
    })
}

/// One endpoint, as it is told.
fn described(number: usize, endpoint: &Endpoint, score: Option<f32>) -> String {
    let mut text = format!(
        "## {number}. {} {}\n\n",
        endpoint.method,
        start(&endpoint.path, 300)
    );
    if let Some(score) = score {
        let _ = writeln!(text, "**Relevance:** {score:.2}");
    }
    for (name, value, most) in [
        ("Summary", &endpoint.summary, DESCRIPTION),
        ("Description", &endpoint.description, DESCRIPTION),
        ("Tags", &endpoint.tags.join(", "), DESCRIPTION),
    ] {
        if !value.trim().is_empty() {
            let _ = writeln!(text, "**{name}:** {}", start(value, most));
        }
    }
    for place in ["path", "query", "header"] {
        let all: Vec<&Parameter> = endpoint
            .parameters
            .iter()
            .filter(|parameter| parameter.place == place)
            .collect();
        if !all.is_empty() {
            let _ = writeln!(text, "\n**Parameters ({place}):**");
        }
        for parameter in all.iter().take(PARAMETERS) {
            text.push_str(&told(parameter));
        }
        if all.len() > PARAMETERS {
            let _ = writeln!(text, "- … and {} more", all.len() - PARAMETERS);
        }
    }
    if let Some(kind) = &endpoint.body {
        let fields: Vec<String> = endpoint
            .fields
            .iter()
            .take(PARAMETERS)
            .map(|(name, required)| {
                format!("`{name}`{}", if *required { " (required)" } else { "" })
            })
            .collect();
        let fields = match fields.is_empty() {
            true => String::new(),
            false => format!(": {}", fields.join(", ")),
        };
        let _ = writeln!(text, "\n**Body ({kind})**{fields}");
    }
    let _ = writeln!(text, "\n```bash\n{}\n```", curl(endpoint));
    let responses: Vec<String> = endpoint
        .responses
        .iter()
        .take(3)
        .map(|(status, said)| match said.trim() {
            "" => status.clone(),
            said => format!("{status} ({})", start(said, 80)),
        })
        .collect();
    if !responses.is_empty() {
        let _ = writeln!(text, "\n**Responses:** {}", responses.join(", "));
    }
    text.push('\n');
    text
}

fn told(parameter: &Parameter) -> String {
    let required = if parameter.required { ", required" } else { "" };
    let kind = match parameter.kind.as_str() {
        "" => "any",
        kind => kind,
    };
    let said = match parameter.description.trim() {
        "" => String::new(),
        said => format!(": {}", start(said, PARAMETER)),
    };
    format!(
        "- `{}` ({}{required}){said}\n",
        start(&parameter.name, 80),
        start(kind, 100)
    )
}

/// A command that asks it, with names in the place of values.
fn curl(endpoint: &Endpoint) -> String {
    let query: Vec<String> = endpoint
        .parameters
        .iter()
        .filter(|parameter| parameter.place == "query" && parameter.required)
        .map(|parameter| format!("{}=<{}>", encode(&parameter.name), parameter.name))
        .collect();
    let query = match query.is_empty() {
        true => String::new(),
        false => format!("?{}", query.join("&")),
    };
    let mut command = format!(
        "curl -X {} \\\n  '{HUB}{}{query}' \\\n  -H \"Authorization: Bearer $HF_TOKEN\"",
        endpoint.method,
        endpoint.path.replace('\'', "%27"),
    );
    if let Some(kind) = &endpoint.body {
        let fields: Vec<String> = endpoint
            .fields
            .iter()
            .filter(|(_, required)| *required)
            .take(PARAMETERS)
            .map(|(name, _)| format!("\"{name}\": …"))
            .collect();
        let body = match (kind.as_str(), fields.is_empty()) {
            ("application/json", false) => format!("{{{}}}", fields.join(", ")),
            _ => "…".to_owned(),
        };
        let _ = write!(
            command,
            " \\\n  -H 'Content-Type: {kind}' \\\n  -d '{}'",
            body.replace('\'', "")
        );
    }
    command
}
