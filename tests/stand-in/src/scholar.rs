//! api.semanticscholar.org: the graph of citations, search, recommendations.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::digest::{git, object_id};
use crate::papers::{Paper, all, find, search};
use crate::serve::StandIn;
use crate::world::World;

/// The key that is never told to wait.
const KEY: &str = "s2_standin";

/// What the service remembers.
#[derive(Debug, Default)]
pub(crate) struct Scholar {
    /// Requests without a key that are refused before the next is answered.
    limited: usize,
}

impl StandIn {
    /// The next `times` requests to Semantic Scholar that have no key are told to wait.
    pub fn scholar_limits(&self, times: usize) {
        self.world().scholar.limited = times;
    }
}

pub(crate) fn answer(ask: &Ask, world: &mut World) -> Answer {
    match ask.header("x-api-key") {
        Some(KEY) => {}
        Some(_) => return Answer::json_with(403, &json!({"message": "Forbidden"})),
        None if world.scholar.limited > 0 => {
            world.scholar.limited -= 1;
            return Answer::json_with(
                429,
                &json!({
                    "message": "Too Many Requests. Please wait and try again or apply for a key for higher rate limits. https://www.semanticscholar.org/product/api#api-key-form",
                    "code": "429",
                }),
            );
        }
        None => {}
    }
    let parts = ask.parts();
    let reply = match (ask.method.as_str(), parts.as_slice()) {
        ("GET", ["graph", "v1", "paper", "search", "bulk"]) => bulk(ask),
        ("GET", ["graph", "v1", "paper", "search"]) => relevance(ask),
        ("GET", ["graph", "v1", "snippet", "search"]) => snippets(ask),
        ("GET", ["graph", "v1", "paper", id]) => {
            paper(id).and_then(|found| Ok(Answer::json(&shown(found, &fields(ask, "title")?))))
        }
        ("GET", ["graph", "v1", "paper", id, "references"]) => edges(ask, id, true),
        ("GET", ["graph", "v1", "paper", id, "citations"]) => edges(ask, id, false),
        ("GET", ["recommendations", "v1", "papers", "forpaper", id]) => {
            paper(id).and_then(|found| recommend(ask, &[found], &[]))
        }
        ("POST", ["recommendations", "v1", "papers"]) => recommend_many(ask),
        _ => Err(Answer::json_with(404, &json!({"message": "Not Found"}))),
    };
    reply.unwrap_or_else(|refusal| refusal)
}

type Reply = Result<Answer, Answer>;

fn bad(message: &str) -> Answer {
    Answer::json_with(400, &json!({"error": message}))
}

/// By `ARXIV:…`, by its 40 digits here, or by its number.
fn paper(id: &str) -> Result<&'static Paper, Answer> {
    let name = id
        .strip_prefix("ARXIV:")
        .or_else(|| id.strip_prefix("arXiv:"));
    let number = id.strip_prefix("CorpusId:");
    name.and_then(find)
        .or_else(|| {
            all().iter().find(|paper| {
                long_id(paper) == id
                    || number.is_some_and(|number| number == corpus_id(paper).to_string())
            })
        })
        .ok_or_else(|| {
            Answer::json_with(
                404,
                &json!({"error": format!("Paper with id {id} not found")}),
            )
        })
}

fn long_id(paper: &Paper) -> String {
    git("paper", paper.id.as_bytes())
}

fn corpus_id(paper: &Paper) -> u64 {
    270_000_000 + paper.id.replace('.', "").parse::<u64>().unwrap() % 1_000_000
}

const FIELDS: [&str; 18] = [
    "paperId",
    "corpusId",
    "externalIds",
    "url",
    "title",
    "abstract",
    "venue",
    "year",
    "referenceCount",
    "citationCount",
    "influentialCitationCount",
    "isOpenAccess",
    "openAccessPdf",
    "fieldsOfStudy",
    "tldr",
    "publicationDate",
    "authors",
    "journal",
];

/// The fields that are asked for; of one that does not exist the service says so.
fn fields(ask: &Ask, default: &str) -> Result<Vec<String>, Answer> {
    let all: Vec<String> = ask
        .param("fields")
        .unwrap_or(default)
        .split(',')
        .map(|field| field.split('.').next().unwrap_or(field).to_owned())
        .collect();
    let edge = ["contexts", "intents", "isInfluential"];
    match all
        .iter()
        .find(|field| !FIELDS.contains(&field.as_str()) && !edge.contains(&field.as_str()))
    {
        Some(field) => Err(bad(&format!(
            "Unrecognized or unsupported fields: [{field}]"
        ))),
        None => Ok(all),
    }
}

fn shown(paper: &Paper, fields: &[String]) -> Value {
    let mut value = json!({"paperId": long_id(paper)});
    for field in fields {
        value[field.as_str()] = match field.as_str() {
            "paperId" => long_id(paper).into(),
            "corpusId" => corpus_id(paper).into(),
            "externalIds" => {
                json!({"ArXiv": paper.id, "DOI": format!("10.48550/arXiv.{}", paper.id), "CorpusId": corpus_id(paper)})
            }
            "url" => format!("https://www.semanticscholar.org/paper/{}", long_id(paper)).into(),
            "title" => paper.title.clone().into(),
            // Some publishers do not let it be shown.
            "abstract" if paper.venue == "KDD" => Value::Null,
            "abstract" => paper.summary.clone().into(),
            "venue" => {
                if paper.venue == "arXiv" {
                    "arXiv.org".into()
                } else {
                    paper.venue.clone().into()
                }
            }
            "year" => paper.year().into(),
            "referenceCount" => paper.references.len().into(),
            "citationCount" => paper.citations.into(),
            "influentialCitationCount" => paper.influential.into(),
            "isOpenAccess" => true.into(),
            "openAccessPdf" => {
                json!({"url": format!("https://arxiv.org/pdf/{}", paper.id), "status": "GREEN"})
            }
            "fieldsOfStudy" => json!(["Computer Science"]),
            "tldr" if paper.upvotes < 10 => Value::Null,
            "tldr" => {
                json!({"model": "tldr@v2.0.0", "text": paper.summary.split(". ").next().unwrap_or_default()})
            }
            "publicationDate" => paper.day().into(),
            "authors" => paper
                .authors
                .iter()
                .map(|name| json!({"authorId": authors_id(name), "name": name}))
                .collect(),
            "journal" => json!({"name": paper.venue}),
            _ => continue,
        };
    }
    value
}

fn authors_id(name: &str) -> String {
    let digits = object_id(name, 0);
    (u64::from_str_radix(&digits[..8], 16).unwrap() % 100_000_000).to_string()
}

/// The filters that all searches have.
fn fits(ask: &Ask, paper: &Paper) -> bool {
    let day = paper.day();
    let dates = ask.param("publicationDateOrYear").is_none_or(|range| {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        let to = format!("{to}\u{7f}");
        (from.is_empty() || day.as_str() >= from) && (to.len() == 1 || day.as_str() <= to.as_str())
    });
    let year = ask.param("year").is_none_or(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        let year = paper.year().to_string();
        (from.is_empty() || year.as_str() >= from) && (to.is_empty() || year.as_str() <= to)
    });
    let fields = ask.param("fieldsOfStudy").is_none_or(|fields| {
        fields
            .split(',')
            .any(|field| field.trim() == "Computer Science")
    });
    let cited = ask
        .number("minCitationCount")
        .is_none_or(|least| paper.citations >= u64::try_from(least).unwrap());
    dates && year && fields && cited
}

/// `GET …/paper/search/bulk`: all that fit, by `sort`, in pages of a thousand.
fn bulk(ask: &Ask) -> Reply {
    let query = ask
        .param("query")
        .ok_or_else(|| bad("Missing required parameter: 'query'"))?;
    let fields = fields(ask, "title")?;
    let mut found: Vec<&Paper> = search(query)
        .into_iter()
        .filter(|paper| fits(ask, paper))
        .collect();
    let (key, falls) = ask
        .param("sort")
        .map(|sort| sort.split_once(':').unwrap_or((sort, "asc")))
        .map_or(("paperId", false), |(key, order)| (key, order == "desc"));
    match key {
        "citationCount" => found.sort_by_key(|paper| paper.citations),
        "publicationDate" => found.sort_by_key(|paper| paper.day()),
        "paperId" => found.sort_by_key(|paper| long_id(paper)),
        _ => return Err(bad(&format!("Unacceptable sort field: {key}"))),
    }
    if falls {
        found.reverse();
    }
    let data: Vec<Value> = found.iter().map(|paper| shown(paper, &fields)).collect();
    Ok(Answer::json(
        &json!({"total": data.len(), "token": null, "data": data}),
    ))
}

/// `GET …/paper/search`: by relevance, `offset` and `limit`.
fn relevance(ask: &Ask) -> Reply {
    let query = ask
        .param("query")
        .ok_or_else(|| bad("Missing required parameter: 'query'"))?;
    let fields = fields(ask, "title")?;
    let found: Vec<&Paper> = search(query)
        .into_iter()
        .filter(|paper| fits(ask, paper))
        .collect();
    Ok(paged(
        ask,
        found.len(),
        found.iter().map(|paper| shown(paper, &fields)).collect(),
        true,
    ))
}

/// A page of `data` with `offset`, and `next` if there is more.
fn paged(ask: &Ask, total: usize, all: Vec<Value>, counted: bool) -> Answer {
    let offset = ask.number("offset").unwrap_or(0);
    let limit = ask.number("limit").unwrap_or(100).min(1000);
    let data: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
    let mut value = json!({"offset": offset});
    if counted {
        value["total"] = total.into();
    }
    if offset + data.len() < total {
        value["next"] = (offset + data.len()).into();
    }
    value["data"] = data.into();
    Answer::json(&value)
}

/// What the citing paper says where it cites, and why; not known of all.
fn context(from: &Paper, to: &Paper) -> (Vec<String>, Vec<&'static str>) {
    let number = (from.id.bytes().map(u64::from).sum::<u64>() + to.citations) % 4;
    let author = to.authors[0].rsplit(' ').next().unwrap_or_default();
    let topic = to.keywords[0].as_str();
    match number {
        0 => (
            vec![format!(
                "We follow {author} et al. in how {topic} is measured, and use their splits."
            )],
            vec!["methodology"],
        ),
        1 => (
            vec![
                format!("Work on {topic} [{author} et al.] assumes that rows are exchangeable."),
                format!("Our error is half of what {author} et al. report for {topic}."),
            ],
            vec!["background", "result"],
        ),
        2 => (
            vec![format!("See {author} et al. for an overview of {topic}.")],
            vec!["background"],
        ),
        _ => (Vec::new(), Vec::new()),
    }
}

/// `GET …/references` and `…/citations`
fn edges(ask: &Ask, id: &str, forward: bool) -> Reply {
    let centre = paper(id)?;
    let fields = fields(ask, "title")?;
    let others: Vec<&Paper> = if forward {
        centre.references.iter().filter_map(|id| find(id)).collect()
    } else {
        all()
            .iter()
            .filter(|paper| paper.references.contains(&centre.id))
            .collect()
    };
    let data: Vec<Value> = others
        .iter()
        .map(|other| {
            let (from, to) = if forward {
                (centre, *other)
            } else {
                (*other, centre)
            };
            let (contexts, intents) = context(from, to);
            let mut edge = json!({});
            if fields.iter().any(|field| field == "contexts") {
                edge["contexts"] = contexts.clone().into();
            }
            if fields.iter().any(|field| field == "intents") {
                edge["intents"] = intents.clone().into();
            }
            if fields.iter().any(|field| field == "isInfluential") {
                edge["isInfluential"] = (contexts.len() > 1).into();
            }
            let key = if forward { "citedPaper" } else { "citingPaper" };
            edge[key] = shown(other, &fields);
            edge
        })
        .collect();
    Ok(paged(ask, data.len(), data, false))
}

/// `GET …/snippet/search`: sentences of abstracts.
fn snippets(ask: &Ask) -> Reply {
    let query = ask
        .param("query")
        .ok_or_else(|| bad("Missing required parameter: 'query'"))?;
    let limit = ask.number("limit").unwrap_or(10);
    let data: Vec<Value> = search(query)
        .into_iter()
        .filter(|paper| fits(ask, paper))
        .take(limit)
        .enumerate()
        .map(|(rank, paper)| {
            let sentences: Vec<&str> = paper.summary.split_inclusive(". ").collect();
            let words = query.to_lowercase();
            let best = sentences
                .iter()
                .max_by_key(|sentence| {
                    let sentence = sentence.to_lowercase();
                    words.split_whitespace().filter(|word| sentence.contains(word)).count()
                })
                .copied()
                .unwrap_or_default();
            let start = paper.summary.find(best).unwrap_or(0);
            json!({
                "score": 0.9 - 0.02 * f64::from(u32::try_from(rank).unwrap()),
                "paper": {
                    "corpusId": corpus_id(paper).to_string(),
                    "title": paper.title,
                    "authors": paper.authors,
                    "openAccessInfo": {"license": "CCBY", "status": "GREEN", "disclaimer": null},
                },
                "snippet": {
                    "text": best.trim(),
                    "snippetKind": "abstract",
                    "section": "Abstract",
                    "snippetOffset": {"start": start, "end": start + best.len()},
                    "annotations": {"sentences": [{"start": 0, "end": best.len()}], "refMentions": []},
                },
            })
        })
        .collect();
    Ok(Answer::json(
        &json!({"data": data, "retrievalVersion": "stand-in"}),
    ))
}

/// What has keywords in common with some and not with others.
fn recommend(ask: &Ask, like: &[&Paper], unlike: &[&Paper]) -> Reply {
    let fields = fields(ask, "title")?;
    let limit = ask.number("limit").unwrap_or(100).min(500);
    let mut weights: BTreeMap<&str, i64> = BTreeMap::new();
    for (papers, weight) in [(like, 1), (unlike, -1)] {
        for keyword in papers.iter().flat_map(|paper| &paper.keywords) {
            *weights.entry(keyword).or_default() += weight;
        }
    }
    let given = |paper: &Paper| like.iter().chain(unlike).any(|one| one.id == paper.id);
    let score = |paper: &Paper| -> i64 {
        paper
            .keywords
            .iter()
            .filter_map(|keyword| weights.get(keyword.as_str()))
            .sum()
    };
    let mut found: Vec<&Paper> = all()
        .iter()
        .filter(|paper| !given(paper) && score(paper) > 0)
        .collect();
    found.sort_by_key(|paper| {
        (
            std::cmp::Reverse(score(paper)),
            std::cmp::Reverse(paper.day()),
        )
    });
    let papers: Vec<Value> = found
        .iter()
        .take(limit)
        .map(|paper| shown(paper, &fields))
        .collect();
    Ok(Answer::json(&json!({"recommendedPapers": papers})))
}

fn recommend_many(ask: &Ask) -> Reply {
    let body = ask.json();
    let listed = |key: &str| -> Result<Vec<&Paper>, Answer> {
        let ids = body[key].as_array().into_iter().flatten();
        ids.filter_map(Value::as_str).map(paper).collect()
    };
    let (like, unlike) = (listed("positivePaperIds")?, listed("negativePaperIds")?);
    if like.is_empty() {
        return Err(bad("positivePaperIds must have at least one paper"));
    }
    recommend(ask, &like, &unlike)
}
