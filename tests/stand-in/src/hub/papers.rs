//! Paper pages: `/api/papers`, `/api/daily_papers`, `/papers/{id}.md`.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::errors::{Reply, not_found, plain};
use crate::hub::info::tags;
use crate::hub::repo::Kind;
use crate::papers::{Paper, all, find, search};
use crate::world::World;

/// The day that `daily_papers` shows when it is not told which: all papers, as on a full day. Another day shows what appeared on it.
const TODAY: &str = "2025-06-02";

fn authors(paper: &Paper) -> Vec<Value> {
    paper
        .authors
        .iter()
        .enumerate()
        .map(|(position, name)| {
            let mut author = json!({
                "_id": crate::hub::digest::object_id(name, position),
                "name": name,
                "hidden": false,
            });
            if name == "Ada Marchetti" {
                author["status"] = "claimed_verified".into();
                author["user"] = crate::hub::accounts::author("ada");
            }
            author
        })
        .collect()
}

/// What all answers say of a paper.
fn paper(paper: &Paper) -> Value {
    let mut value = json!({
        "id": paper.id,
        "authors": authors(paper),
        "publishedAt": paper.published(),
        "submittedOnDailyAt": format!("{TODAY}T02:10:00.000Z"),
        "title": paper.title,
        "summary": paper.summary,
        "upvotes": paper.upvotes,
        "discussionId": crate::hub::digest::object_id(&paper.id, 0),
        "ai_summary": format!("{} without a held-out set, evaluated on small tables.", paper.keywords.join(", ")),
        "ai_keywords": paper.keywords,
    });
    if let Some(name) = &paper.github {
        value["githubRepo"] = format!("https://github.com/{name}").into();
        value["githubStars"] = (paper.upvotes * 3).into();
        value["githubRepoAddedBy"] = "user".into();
    }
    if paper.id == "2505.04321" {
        value["projectPage"] = "https://tabular-lab.example.org/cgb".into();
        value["organization"] = json!({"name": "tabular-lab", "fullname": "Tabular Lab", "avatar": "/avatars/tabular-lab.svg"});
    }
    value
}

pub(crate) fn api(ask: &Ask, world: &World, parts: &[&str]) -> Reply {
    match parts {
        ["papers", "search"] => {
            let query = ask.param("q").unwrap_or_default();
            if query.is_empty() {
                return Err(plain(
                    400,
                    "✖ Invalid input: expected string, received undefined\n  → at q",
                ));
            }
            let limit = ask.number("limit").unwrap_or(120).min(120);
            Ok(Answer::json(
                &search(query)
                    .into_iter()
                    .take(limit)
                    .map(|found| {
                        json!({
                            "paper": paper(found),
                            "publishedAt": found.published(),
                            "title": found.title,
                            "thumbnail": format!("https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/{}.png", found.id),
                            "numComments": found.upvotes / 40,
                            "isAuthorParticipating": found.id == "2505.04321",
                        })
                    })
                    .collect(),
            ))
        }
        ["papers", id] => {
            let found = find(id).ok_or_else(|| plain(404, "Paper not found"))?;
            let mut value = paper(found);
            let linked = |kind: Kind| -> Vec<Value> {
                let tag = format!("arxiv:{}", found.id);
                world
                    .hub
                    .repos
                    .values()
                    .filter(|repo| repo.kind == kind && !repo.private && tags(repo).contains(&tag))
                    .map(|repo| json!({"id": repo.id, "author": repo.namespace(), "downloads": repo.downloads, "likes": repo.likes, "lastModified": repo.modified, "private": false}))
                    .collect()
            };
            for (kind, shown, count) in [
                (Kind::Model, "linkedModels", "numTotalModels"),
                (Kind::Dataset, "linkedDatasets", "numTotalDatasets"),
                (Kind::Space, "linkedSpaces", "numTotalSpaces"),
            ] {
                let all = linked(kind);
                value[count] = all.len().into();
                value[shown] = all.into_iter().take(6).collect();
            }
            Ok(Answer::json(&value))
        }
        ["daily_papers"] => {
            let date = ask.param("date").unwrap_or(TODAY);
            let valid = date.len() == 10 && date.split('-').count() == 3;
            if !valid {
                return Err(plain(400, &format!("✖ Invalid date: {date}\n  → at date")));
            }
            let mut found: Vec<&Paper> = all()
                .iter()
                .filter(|paper| date == TODAY || paper.day() == date)
                .collect();
            found.sort_by_key(|paper| std::cmp::Reverse(paper.upvotes));
            let limit = ask.number("limit").unwrap_or(50).clamp(1, 100);
            let start = ask.number("p").unwrap_or(0) * limit;
            let page: Vec<Value> = found
                .iter()
                .skip(start)
                .take(limit)
                .map(|one| {
                    json!({
                        "paper": paper(one),
                        "publishedAt": one.published(),
                        "title": one.title,
                        "summary": one.summary,
                        "thumbnail": format!("https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/{}.png", one.id),
                        "numComments": one.upvotes / 40,
                        "submittedBy": crate::hub::accounts::author("lin"),
                        "isAuthorParticipating": one.id == "2505.04321",
                    })
                })
                .collect();
            let answer = Answer::json(&Value::Array(page));
            Ok(if start + limit < found.len() {
                let next = (start / limit + 1).to_string();
                answer.with("link", ask.next_page(&[("p", &next)]))
            } else {
                answer
            })
        }
        _ => Err(not_found()),
    }
}

/// `/papers/{id}` and `/papers/{id}.md`
pub(crate) fn page(_ask: &Ask, parts: &[&str]) -> Reply {
    let [name] = parts else {
        return Err(not_found());
    };
    let id = name.strip_suffix(".md").unwrap_or(name);
    let found = find(id).ok_or_else(not_found)?;
    if name.ends_with(".md") {
        let text = format!(
            "# {}\n\n{}\n\n## Abstract\n\n{}\n",
            found.title,
            found.authors.join(", "),
            found.summary
        );
        return Ok(Answer::new(200, "text/markdown; charset=utf-8", text));
    }
    Ok(Answer::html(format!(
        "<!doctype html><html><head><title>Paper page - {0}</title></head><body><h1>{0}</h1><p>{1}</p></body></html>",
        found.title, found.summary
    )))
}
