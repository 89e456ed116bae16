//! `github_find_examples`: paths that look like examples, the most telling first.

use ml_intern_sdk::http::encode;
use ml_intern_sdk::prelude::*;
use serde_json::json;

use crate::api::{self, Answered, Rate};
use crate::names::{name, wrong};
use crate::{RESULT, score};

/// What folders and files of examples are called, the most telling first.
pub(crate) const PATTERNS: [&str; 30] = [
    "scripts",
    "examples",
    "example",
    "notebooks",
    "notebook",
    "tutorials",
    "tutorial",
    "quickstart",
    "walkthroughs",
    "walkthrough",
    "cookbook",
    "cookbooks",
    "recipes",
    "recipe",
    "demos",
    "demo",
    "samples",
    "sample",
    "guides",
    "guide",
    "getting-started",
    "getting_started",
    "playground",
    "howto",
    "how-to",
    "use-cases",
    "usecases",
    "use_cases",
    "sandbox",
    "showcase",
];

/// Bytes of a tree that are read at most.
const TREE: usize = 32 << 20;
/// Folders that are looked into where the whole tree is too large for GitHub.
const FOLDERS: usize = 10;
/// Likeness from which a path counts as one of examples.
const LIKE: u32 = 60;

/// What `github_find_examples` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Find {
    /// Its name alone, for example trl.
    repo: String,
    /// Its organisation or user.
    #[serde(default = "huggingface")]
    org: String,
    /// For example grpo.
    #[serde(default)]
    keyword: Option<String>,
    /// 1 to 100.
    #[serde(default = "fifty")]
    max_results: u32,
    /// 0 to 100.
    #[serde(default = "sixty")]
    min_score: u32,
    /// Paths to skip.
    #[serde(default)]
    offset: u32,
}

fn huggingface() -> String {
    "huggingface".to_owned()
}

fn fifty() -> u32 {
    50
}

fn sixty() -> u32 {
    60
}

#[derive(Debug, Deserialize)]
struct Repository {
    default_branch: String,
}

#[derive(Debug, Deserialize)]
struct Tree {
    sha: String,
    tree: Vec<Entry>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Debug, Clone, Deserialize)]
struct Entry {
    path: String,
    #[serde(rename = "type")]
    kind: String,
    sha: String,
    #[serde(default)]
    size: u64,
}

/// What a repository has, and how much of it was seen.
struct Seen {
    files: Vec<Entry>,
    commit: String,
    note: Option<String>,
    rate: Rate,
}

pub(crate) fn find(arguments: Find) -> Result<Output, Failure> {
    let (org, repo) = (
        name("/org", &arguments.org)?,
        name("/repo", &arguments.repo)?,
    );
    if !(1..=100).contains(&arguments.max_results) {
        return Err(wrong("/max_results", "1 to 100"));
    }
    if arguments.min_score > 100 {
        return Err(wrong("/min_score", "0 to 100"));
    }
    let keyword = arguments
        .keyword
        .as_deref()
        .map(str::trim)
        .filter(|keyword| !keyword.is_empty());
    let found: Answered<Repository> = match api::get(&format!("/repos/{org}/{repo}"), &[], 1 << 20)
    {
        Err(missing) if api::is_missing(&missing) => return Err(like(org, repo, missing)),
        other => other?,
    };
    let branch = found.value.default_branch;
    let seen = files(org, repo, &branch)?;
    let ranked = rank(&seen.files, keyword, arguments.min_score);
    let skipped = arguments.offset as usize;
    let shown: Vec<&Entry> = ranked
        .iter()
        .skip(skipped)
        .take(arguments.max_results as usize)
        .copied()
        .collect();
    let matching = keyword.map_or_else(String::new, |keyword| format!(" matching '{keyword}'"));
    let mut text = if ranked.is_empty() {
        format!(
            "No example files in {org}/{repo}{matching}: {} files looked at. Try another keyword, or github_read_file with \
             README.md.\n",
            seen.files.len()
        )
    } else {
        format!(
            "**Found {} example files in {org}/{repo}{matching}:** (showing {} to {})\n",
            ranked.len(),
            (skipped + 1).min(ranked.len()),
            skipped + shown.len()
        )
    };
    let mut told = 0;
    for entry in &shown {
        let item = item(org, repo, &branch, &seen.commit, skipped + told + 1, entry);
        if text.len() + item.len() > RESULT {
            break;
        }
        text.push_str(&item);
        told += 1;
    }
    if skipped + told < ranked.len() && told > 0 {
        text.push_str(&format!(
            "\n[call again with offset={} for more]\n",
            skipped + told
        ));
    }
    for line in [seen.note, seen.rate.line()].into_iter().flatten() {
        text.push_str(&format!("\n{line}\n"));
    }
    let structured: Vec<_> = shown
        .iter()
        .take(told)
        .map(|entry| json!({"repo": format!("{org}/{repo}"), "path": entry.path, "size": entry.size}))
        .collect();
    Output::text(text).with_structured(&json!({"total": ranked.len(), "files": structured}))
}

fn item(org: &str, repo: &str, branch: &str, commit: &str, number: usize, entry: &Entry) -> String {
    let path = &entry.path;
    let short: String = commit.chars().take(7).collect();
    let address: Vec<String> = path.split('/').map(encode).collect();
    format!(
        "\n{number}. **{path}**\n   Size: {} bytes | Ref: {short}\n   URL: https://github.com/{org}/{repo}/blob/{}/{}\n   To \
         read, use: {}\n",
        entry.size,
        encode(branch),
        address.join("/"),
        json!({"repo": format!("{org}/{repo}"), "path": path}),
    )
}

/// The files of a branch. Where GitHub cuts the list, those of the folders that are called like examples.
fn files(org: &str, repo: &str, branch: &str) -> Result<Seen, Failure> {
    let at = |tree: &str| format!("/repos/{org}/{repo}/git/trees/{}", encode(tree));
    let whole: Answered<Tree> = api::get(&at(branch), &[("recursive", "1")], TREE)?;
    let (commit, mut rate) = (whole.value.sha, whole.rate);
    let file = |entry: &Entry| entry.kind == "blob";
    if !whole.value.truncated {
        let files = whole.value.tree.into_iter().filter(file).collect();
        return Ok(Seen {
            files,
            commit,
            note: None,
            rate,
        });
    }
    let root: Answered<Tree> = api::get(&at(branch), &[], TREE)?;
    rate = root.rate;
    let mut files: Vec<Entry> = root
        .value
        .tree
        .iter()
        .filter(|entry| file(entry))
        .cloned()
        .collect();
    let mut folders: Vec<&Entry> = root
        .value
        .tree
        .iter()
        .filter(|entry| entry.kind == "tree" && is_example(&entry.path))
        .collect();
    folders.sort_by_key(|entry| order(&entry.path));
    let mut looked = Vec::new();
    for folder in folders.into_iter().take(FOLDERS) {
        let inside: Answered<Tree> = api::get(&at(&folder.sha), &[("recursive", "1")], TREE)?;
        rate = inside.rate;
        looked.push(folder.path.clone());
        files.extend(
            inside
                .value
                .tree
                .into_iter()
                .filter(file)
                .map(|entry| Entry {
                    path: format!("{}/{}", folder.path, entry.path),
                    ..entry
                }),
        );
    }
    Ok(Seen {
        files,
        commit,
        note: Some(format!(
            "[the repository is too large for GitHub to list whole: these are its root and {}]",
            if looked.is_empty() {
                "no folder".to_owned()
            } else {
                looked.join(", ")
            }
        )),
        rate,
    })
}

fn is_example(path: &str) -> bool {
    PATTERNS
        .iter()
        .any(|pattern| score::token_set(path, pattern) >= LIKE)
}

/// The files that are examples: with a keyword the likest first, without one the most telling.
fn rank<'e>(files: &'e [Entry], keyword: Option<&str>, least: u32) -> Vec<&'e Entry> {
    let examples = files.iter().filter(|entry| is_example(&entry.path));
    match keyword {
        Some(keyword) => {
            let mut scored: Vec<(u32, &Entry)> = examples
                .map(|entry| {
                    let score = score::partial(keyword, &entry.path)
                        .max(score::token_set(keyword, &entry.path));
                    (score, entry)
                })
                .filter(|(score, _)| *score >= least)
                .collect();
            scored.sort_by(|one, two| two.0.cmp(&one.0).then_with(|| one.1.path.cmp(&two.1.path)));
            scored.into_iter().map(|(_, entry)| entry).collect()
        }
        None => {
            let mut found: Vec<&Entry> = examples.collect();
            found.sort_by_cached_key(|entry| order(&entry.path));
            found
        }
    }
}

/// Folders of examples first, then by the deepest part that is called like one, then the shorter way, then the name.
fn order(path: &str) -> (bool, usize, usize, String) {
    let parts: Vec<&str> = path.split('/').collect();
    let first = parts.first().copied().unwrap_or_default();
    let deepest = parts
        .iter()
        .rev()
        .find_map(|part| {
            PATTERNS
                .iter()
                .position(|pattern| part.eq_ignore_ascii_case(pattern))
        })
        .unwrap_or(PATTERNS.len());
    (
        !matches!(first, "examples" | "example"),
        deepest,
        parts.len(),
        path.to_owned(),
    )
}

#[derive(Debug, Deserialize)]
struct Similar {
    items: Vec<Named>,
}

#[derive(Debug, Deserialize)]
struct Named {
    full_name: String,
    #[serde(default)]
    description: Option<String>,
}

/// What is said of a repository that is not there: those of its organisation that are called like it.
fn like(org: &str, repo: &str, missing: Failure) -> Failure {
    let query = format!("org:{org} {repo}");
    let asked = [
        ("q", query.as_str()),
        ("sort", "stars"),
        ("order", "desc"),
        ("per_page", "10"),
    ];
    let Ok(similar) = api::get::<Similar>("/search/repositories", &asked, 4 << 20) else {
        return missing;
    };
    if similar.value.items.is_empty() {
        return missing;
    }
    let lines: Vec<String> = similar
        .value
        .items
        .iter()
        .map(|found| {
            let about: String = found
                .description
                .clone()
                .unwrap_or_default()
                .chars()
                .take(80)
                .collect();
            format!("- {} {about}", found.full_name)
                .trim_end()
                .to_owned()
        })
        .collect();
    Failure::failed(format!(
        "there is no repository {org}/{repo} on GitHub. Like it:\n{}",
        lines.join("\n")
    ))
}
