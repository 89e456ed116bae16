//! `github_list_repos`: the repositories of an organisation or a user.
//!
//! Stars, forks and the latest change are ranked by GitHub's search, which ranks all of them; a plain list could only rank
//! what stands on its first pages. The date that they were made on is one that the plain list ranks by.

use ml_intern_sdk::prelude::*;
use serde_json::json;

use crate::api::{self, Answered, Rate};
use crate::names::{name, wrong};

/// What `github_list_repos` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    owner: String,
    #[serde(default)]
    owner_type: OwnerType,
    #[serde(default)]
    sort: Sort,
    #[serde(default)]
    order: Order,
    /// 1 to 100.
    #[serde(default = "thirty")]
    limit: u32,
    /// From 1.
    #[serde(default = "one")]
    page: u32,
}

fn thirty() -> u32 {
    30
}

fn one() -> u32 {
    1
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum OwnerType {
    User,
    #[default]
    Org,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Sort {
    #[default]
    Stars,
    Forks,
    Updated,
    Created,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    Asc,
    #[default]
    Desc,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
    html_url: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    stargazers_count: u64,
    #[serde(default)]
    forks_count: u64,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    topics: Vec<String>,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    pushed_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Found {
    total_count: u64,
    items: Vec<Repository>,
}

pub(crate) fn list(arguments: List) -> Result<Output, Failure> {
    let owner = name("/owner", &arguments.owner)?;
    if !(1..=100).contains(&arguments.limit) {
        return Err(wrong("/limit", "1 to 100"));
    }
    // The search goes no further than its first 1,000.
    if arguments.page == 0 || arguments.page.saturating_mul(arguments.limit) > 1_000 {
        return Err(wrong("/page", "1 or more; page times limit at most 1000"));
    }
    let (repositories, total, rate) = fetch(owner, &arguments)?;
    let first = (arguments.page - 1) * arguments.limit;
    let mut text = match (repositories.len(), total) {
        (0, _) => format!("No repositories of {owner} here.\n"),
        (count, Some(total)) => format!(
            "**{total} repositories of {owner}** (showing {} to {})\n",
            first + 1,
            first as usize + count
        ),
        (count, None) => format!(
            "**Repositories of {owner}** (showing {} to {})\n",
            first + 1,
            first as usize + count
        ),
    };
    for (at, found) in repositories.iter().enumerate() {
        text.push_str(&item(first as usize + at + 1, found));
    }
    let more = match total {
        Some(total) => u64::from(first) + (repositories.len() as u64) < total,
        None => repositories.len() as u32 == arguments.limit,
    };
    if more && !repositories.is_empty() {
        text.push_str(&format!(
            "\n[call again with page={} for more]\n",
            arguments.page + 1
        ));
    }
    if let Some(line) = rate.line() {
        text.push_str(&format!("\n{line}\n"));
    }
    let rows: Vec<_> = repositories
        .iter()
        .map(|found| {
            json!({"repo": found.full_name, "stars": found.stargazers_count, "forks": found.forks_count,
                   "language": found.language, "url": found.html_url})
        })
        .collect();
    Output::text(text).with_structured(&json!({"total": total, "repositories": rows}))
}

fn fetch(owner: &str, arguments: &List) -> Result<(Vec<Repository>, Option<u64>, Rate), Failure> {
    const LIMIT: usize = 8 << 20;
    let order = match arguments.order {
        Order::Asc => "asc",
        Order::Desc => "desc",
    };
    let (limit, page) = (arguments.limit.to_string(), arguments.page.to_string());
    let sort = match arguments.sort {
        Sort::Stars => "stars",
        Sort::Forks => "forks",
        Sort::Updated => "updated",
        Sort::Created => {
            let kind = match arguments.owner_type {
                OwnerType::Org => "orgs",
                OwnerType::User => "users",
            };
            let asked = [
                ("sort", "created"),
                ("direction", order),
                ("per_page", &limit),
                ("page", &page),
            ];
            let found: Answered<Vec<Repository>> =
                api::get(&format!("/{kind}/{owner}/repos"), &asked, LIMIT)?;
            return Ok((found.value, None, found.rate));
        }
    };
    let query = match arguments.owner_type {
        OwnerType::Org => format!("org:{owner} fork:true"),
        OwnerType::User => format!("user:{owner} fork:true"),
    };
    let asked = [
        ("q", query.as_str()),
        ("sort", sort),
        ("order", order),
        ("per_page", &limit),
        ("page", &page),
    ];
    let found: Answered<Found> = api::get("/search/repositories", &asked, LIMIT)?;
    Ok((found.value.items, Some(found.value.total_count), found.rate))
}

fn item(number: usize, found: &Repository) -> String {
    let mut line = format!(
        "\n{number}. **{}** ⭐ {} 🍴 {}",
        found.full_name, found.stargazers_count, found.forks_count
    );
    if let Some(language) = &found.language {
        line.push_str(&format!(" {language}"));
    }
    if found.archived {
        line.push_str(" (archived)");
    }
    if let Some(day) = found.pushed_at.as_deref().and_then(|time| time.get(..10)) {
        line.push_str(&format!(", last change {day}"));
    }
    line.push('\n');
    let about: String = found
        .description
        .clone()
        .unwrap_or_default()
        .chars()
        .take(100)
        .collect();
    if !about.is_empty() {
        line.push_str(&format!("   {}\n", about.replace('\n', " ")));
    }
    line.push_str(&format!("   {}\n", found.html_url));
    if !found.topics.is_empty() {
        let topics: Vec<&str> = found.topics.iter().take(5).map(String::as_str).collect();
        line.push_str(&format!("   Topics: {}\n", topics.join(", ")));
    }
    line
}
