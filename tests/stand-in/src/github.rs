//! api.github.com and raw.githubusercontent.com: repositories to read, and the limit on asking.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::{Ask, base64, encode_path};
use crate::hub::digest::git;
use crate::serve::StandIn;
use crate::world::World;

/// The token; requests in an hour without one and with it, and of searches in a minute.
const TOKEN: &str = "ghp_standin";
const LIMIT: [u64; 2] = [60, 5000];
const SEARCH_LIMIT: [u64; 2] = [10, 30];
/// `contents` has no content of files above this.
const CONTENT_BYTES: usize = 1 << 20;
/// Entries of a recursive tree; the rest is cut off, and said to be. GitHub's is higher; so are its repositories.
const TREE_ENTRIES: usize = 500;

/// A file's path and content.
type Entry = (String, Vec<u8>);

/// A repository.
#[derive(Debug)]
struct Repo {
    owner: &'static str,
    name: String,
    about: String,
    language: Option<&'static str>,
    stars: u64,
    forks: u64,
    created: String,
    pushed: String,
    topics: Vec<&'static str>,
    fork: bool,
    archived: bool,
    branch: &'static str,
    files: Vec<Entry>,
}

/// Repositories, and how many requests are left without a token and with one.
#[derive(Debug)]
pub(crate) struct Github {
    repos: Vec<Repo>,
    left: [u64; 2],
    searches_left: [u64; 2],
}

impl StandIn {
    /// How many requests to GitHub are left in this hour: without a token, and with it.
    pub fn github_left(&self, anonymous: u64, with_token: u64) {
        self.world().github.left = [anonymous, with_token];
    }
}

impl Github {
    pub(crate) fn new() -> Self {
        Self {
            repos: repos(),
            left: LIMIT,
            searches_left: SEARCH_LIMIT,
        }
    }

    fn find(&self, owner: &str, name: &str) -> Result<&Repo, Answer> {
        self.repos
            .iter()
            .find(|repo| {
                repo.owner.eq_ignore_ascii_case(owner) && repo.name.eq_ignore_ascii_case(name)
            })
            .ok_or_else(not_found)
    }
}

fn cgb() -> Vec<Entry> {
    let mut files: Vec<Entry> = [
        ("README.md", include_str!("../data/github/cgb/README.md")),
        ("cgb/__init__.py", "from cgb.boosting import CalibratedBooster\n\n__all__ = [\"CalibratedBooster\"]\n"),
        ("cgb/boosting.py", include_str!("../data/github/cgb/boosting.py")),
        ("cgb/isotonic.py", include_str!("../data/github/cgb/isotonic.py")),
        ("docs/index.md", "# cgb\n\nSee the README.\n"),
        ("examples/README.md", "# Examples\n\n`train_wine.py` first.\n"),
        ("examples/sft/sft_support_chats.py", include_str!("../data/github/cgb/sft_support_chats.py")),
        ("examples/train_wine.py", include_str!("../data/github/cgb/train_wine.py")),
        ("notebooks/reliability.ipynb", include_str!("../data/github/cgb/reliability.ipynb")),
        ("pyproject.toml", "[project]\nname = \"cgb\"\nversion = \"0.3.0\"\ndependencies = [\"numpy\", \"scikit-learn\"]\n"),
        ("scripts/release.sh", "#!/bin/sh\nset -eu\npython -m build\n"),
        ("tests/test_boosting.py", "from cgb import CalibratedBooster\n\n\ndef test_probabilities_sum_to_one(wine):\n    X, y = wine\n    p = CalibratedBooster(n_trees=5).fit(X, y).predict_proba(X)\n    assert abs(p.sum(axis=1) - 1).max() < 1e-9\n"),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .collect();
    files.push((
        "docs/logo.png".to_owned(),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0".to_vec(),
    ));
    // Above what `contents` shows: 1.3 MB of readings.
    let mut csv = String::from("row,alcohol,hue\n");
    for row in 0..78_000_u32 {
        csv.push_str(&format!(
            "{row},{}.{:02},0.{:02}\n",
            11 + row % 4,
            row * 7 % 100,
            row * 13 % 100
        ));
    }
    files.push(("benchmarks/readings.csv".to_owned(), csv.into_bytes()));
    files.sort();
    files
}

fn small(name: &str, about: &str) -> Vec<Entry> {
    vec![
        (
            "README.md".to_owned(),
            format!("# {name}\n\n{about}\n").into_bytes(),
        ),
        (
            "src/main.py".to_owned(),
            format!("print(\"{name}\")\n").into_bytes(),
        ),
    ]
}

fn repo(
    owner: &'static str,
    name: &str,
    about: &str,
    language: Option<&'static str>,
    stars: u64,
    number: u64,
) -> Repo {
    Repo {
        owner,
        name: name.to_owned(),
        about: about.to_owned(),
        language,
        stars,
        forks: stars / 7,
        created: format!(
            "20{}-{:02}-{:02}T08:00:00Z",
            19 + number % 6,
            1 + number * 5 % 12,
            1 + number * 11 % 28
        ),
        pushed: format!(
            "2025-{:02}-{:02}T17:30:00Z",
            1 + number % 5,
            1 + number * 3 % 28
        ),
        topics: Vec::new(),
        fork: false,
        archived: false,
        branch: "main",
        files: small(name, about),
    }
}

fn repos() -> Vec<Repo> {
    let mut all = Vec::new();
    let mut main = repo(
        "tabular-lab",
        "cgb",
        "Calibrated gradient boosting for small tabular data",
        Some("Python"),
        426,
        3,
    );
    main.topics = vec![
        "gradient-boosting",
        "calibration",
        "tabular-data",
        "machine-learning",
        "small-data",
        "isotonic-regression",
    ];
    main.files = cgb();
    all.push(main);
    for (number, (name, about, language, stars)) in [
        (
            "reliability",
            "Reliability diagrams with honest bands",
            Some("Python"),
            211,
        ),
        (
            "fifteen-tables",
            "The benchmark of fifteen small tables",
            Some("Python"),
            154,
        ),
        (
            "leakfinder",
            "Finds rows of test in train, exact and nearly so",
            Some("Rust"),
            733,
        ),
        (
            "pava-rs",
            "Pool adjacent violators on streams",
            Some("Rust"),
            98,
        ),
        ("paper-2505.04321", "Source of the paper", Some("TeX"), 12),
        (
            "wine-cultivars",
            "How the wine table was made",
            Some("Jupyter Notebook"),
            37,
        ),
        (
            "vintner",
            "Chat models for a wine shop's help desk",
            Some("Python"),
            305,
        ),
        ("website", "The lab's pages", Some("HTML"), 4),
        (".github", "Templates", None, 0),
        ("boostviz", "Boosting, drawn", Some("TypeScript"), 61),
        ("old-booster", "Superseded by cgb", Some("C++"), 45),
    ]
    .into_iter()
    .enumerate()
    {
        let mut one = repo(
            "tabular-lab",
            name,
            about,
            language,
            stars,
            4 + number as u64,
        );
        one.archived = name == "old-booster";
        if name == "vintner" {
            one.branch = "trunk";
            one.topics = vec!["llm", "dialogue"];
        }
        all.push(one);
    }
    // More than fits on a page.
    for number in 0..137_u64 {
        let name = format!("grape-{number:03}");
        let about = format!("Measurements of vineyard {number}");
        let language = [Some("Python"), Some("R"), None][number as usize % 3];
        let mut one = repo(
            "grape-ml",
            &name,
            &about,
            language,
            number * 37 % 101,
            number,
        );
        one.fork = number % 9 == 0;
        all.push(one);
    }
    // More than fits in a tree.
    let mut monolith = repo(
        "grape-ml",
        "monolith",
        "Everything in one place",
        Some("Python"),
        1_204,
        7,
    );
    for package in 0..90 {
        for file in 0..10 {
            let path = format!("packages/p{package:02}/module_{file}.py");
            monolith
                .files
                .push((path, format!("VALUE = {package} * {file}\n").into_bytes()));
        }
    }
    monolith.files.push((
        "zz_examples/last.py".to_owned(),
        b"print('past the end of the tree')\n".to_vec(),
    ));
    monolith.files.sort();
    all.push(monolith);
    for (name, stars) in [
        ("curves", 88),
        ("dotfiles", 3),
        ("talks", 9),
        ("rowcount", 27),
    ] {
        all.push(repo(
            "linosei",
            name,
            "Of Lin Osei",
            Some("Python"),
            stars,
            stars,
        ));
    }
    all
}

fn message(status: u16, text: &str) -> Answer {
    Answer::json_with(
        status,
        &json!({"message": text, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()}),
    )
}

fn not_found() -> Answer {
    message(404, "Not Found")
}

/// api.github.com
pub(crate) fn answer(ask: &Ask, world: &mut World) -> Answer {
    if ask.header("user-agent").is_none_or(str::is_empty) {
        return Answer {
            status: 403,
            ..Answer::text(
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.\n",
            )
        };
    }
    let who = match ask.bearer() {
        None => 0,
        Some(TOKEN) => 1,
        Some(_) => return message(401, "Bad credentials"),
    };
    let parts = ask.parts();
    let reset = (world.clock.seconds() / 3600 + 1) * 3600;
    let github = &mut world.github;
    let search = parts.first() == Some(&"search");
    let (limits, left, resource) = if search {
        (SEARCH_LIMIT, &mut github.searches_left, "search")
    } else {
        (LIMIT, &mut github.left, "core")
    };
    let limit = limits[who];
    let free = parts.as_slice() == ["rate_limit"];
    let used_up = left[who] == 0 && !free;
    if !free {
        left[who] = left[who].saturating_sub(1);
    }
    let left = left[who];
    let answer = if used_up && who == 0 {
        message(
            403,
            "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)",
        )
    } else if used_up {
        message(403, "API rate limit exceeded for user ID 5049321.")
    } else if ask.method != "GET" {
        not_found()
    } else if free {
        let core = json!({"limit": LIMIT[who], "remaining": github.left[who], "used": LIMIT[who].saturating_sub(github.left[who]), "reset": reset, "resource": "core"});
        let searches = json!({"limit": SEARCH_LIMIT[who], "remaining": github.searches_left[who], "used": SEARCH_LIMIT[who] - github.searches_left[who], "reset": reset, "resource": "search"});
        Answer::json(&json!({"resources": {"core": core, "search": searches}, "rate": core}))
    } else {
        reply(ask, github, &parts, who == 1).unwrap_or_else(|refusal| refusal)
    };
    answer
        .with("x-ratelimit-limit", limit.to_string())
        .with("x-ratelimit-remaining", left.to_string())
        .with("x-ratelimit-used", limit.saturating_sub(left).to_string())
        .with("x-ratelimit-reset", reset.to_string())
        .with("x-ratelimit-resource", resource)
        .with("x-github-media-type", "github.v3; format=json")
}

fn reply(ask: &Ask, github: &Github, parts: &[&str], signed_in: bool) -> Result<Answer, Answer> {
    match parts {
        // It was called so once.
        ["repos", "tabular-lab", "calibrated-gb", rest @ ..] => {
            let mut path = "/repos/tabular-lab/cgb".to_owned();
            for part in rest {
                path.push('/');
                path.push_str(part);
            }
            let url = ask.link("api.github.com", &path);
            let body = json!({"message": "Moved Permanently", "url": url, "documentation_url": "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects"});
            Ok(Answer::json_with(301, &body).with("location", url))
        }
        ["repos", owner, name] => Ok(Answer::json(&shown(github.find(owner, name)?))),
        ["repos", owner, name, "readme"] => contents(ask, github.find(owner, name)?, "README.md"),
        ["repos", owner, name, "contents", path @ ..] => {
            contents(ask, github.find(owner, name)?, &path.join("/"))
        }
        ["repos", owner, name, "git", "trees", tree @ ..] => {
            trees(ask, github.find(owner, name)?, &tree.join("/"))
        }
        ["repos", owner, name, "git", "blobs", sha] => {
            let repo = github.find(owner, name)?;
            let found = repo
                .files
                .iter()
                .find(|(_, bytes)| git("blob", bytes) == *sha);
            let (_, bytes) = found.ok_or_else(not_found)?;
            Ok(Answer::json(
                &json!({"sha": sha, "size": bytes.len(), "content": wrapped(bytes), "encoding": "base64"}),
            ))
        }
        [kind @ ("orgs" | "users"), owner, "repos"] => list(ask, github, kind, owner),
        ["search", "repositories"] => search(ask, github),
        ["search", "code"] if !signed_in => Err(message(401, "Requires authentication")),
        ["search", "code"] => search_code(ask, github),
        _ => Err(not_found()),
    }
}

fn id(repo: &Repo) -> u64 {
    let digest = git("repo", format!("{}/{}", repo.owner, repo.name).as_bytes());
    u64::from_str_radix(&digest[..7], 16).unwrap()
}

fn shown(repo: &Repo) -> Value {
    let full = format!("{}/{}", repo.owner, repo.name);
    let kind = if repo.owner == "linosei" {
        "User"
    } else {
        "Organization"
    };
    json!({
        "id": id(repo),
        "name": repo.name,
        "full_name": full,
        "private": false,
        "owner": {"login": repo.owner, "id": 90_000_000 + repo.owner.len(), "type": kind, "html_url": format!("https://github.com/{}", repo.owner)},
        "html_url": format!("https://github.com/{full}"),
        "description": repo.about,
        "fork": repo.fork,
        "url": format!("https://api.github.com/repos/{full}"),
        "created_at": repo.created,
        "updated_at": repo.pushed,
        "pushed_at": repo.pushed,
        "size": repo.files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() / 1024,
        "stargazers_count": repo.stars,
        "watchers_count": repo.stars,
        "language": repo.language,
        "forks_count": repo.forks,
        "archived": repo.archived,
        "disabled": false,
        "open_issues_count": repo.stars / 30,
        "license": {"key": "apache-2.0", "name": "Apache License 2.0", "spdx_id": "Apache-2.0"},
        "topics": repo.topics,
        "visibility": "public",
        "forks": repo.forks,
        "default_branch": repo.branch,
    })
}

/// Whether there is such a branch or tag; every one has the same files.
fn known_ref(repo: &Repo, name: &str) -> bool {
    let name = name
        .trim_start_matches("refs/heads/")
        .trim_start_matches("refs/tags/");
    name == repo.branch || name == "HEAD" || name == "v0.3.0" || name == root(repo)
}

fn root(repo: &Repo) -> String {
    git("commit", format!("{}/{}", repo.owner, repo.name).as_bytes())
}

/// The id of a folder's tree.
fn folder_id(repo: &Repo, folder: &str) -> String {
    git(
        "tree",
        format!("{}/{}/{folder}", repo.owner, repo.name).as_bytes(),
    )
}

fn folders(repo: &Repo) -> Vec<String> {
    let mut all: Vec<String> = repo
        .files
        .iter()
        .flat_map(|(path, _)| {
            path.match_indices('/')
                .map(|(at, _)| path[..at].to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// `GET …/git/trees/{branch or id}?recursive=1`
fn trees(ask: &Ask, repo: &Repo, name: &str) -> Result<Answer, Answer> {
    let folder = if known_ref(repo, name) || name == folder_id(repo, "") {
        String::new()
    } else {
        folders(repo)
            .into_iter()
            .find(|folder| folder_id(repo, folder) == name)
            .map(|folder| format!("{folder}/"))
            .ok_or_else(not_found)?
    };
    // Any value is yes, as in reality.
    let recursive = ask.param("recursive").is_some();
    let mut entries: Vec<(String, Value)> = Vec::new();
    for inner in folders(repo)
        .iter()
        .filter(|inner| inner.starts_with(&folder))
    {
        let path = &inner[folder.len()..];
        if recursive || !path.contains('/') {
            entries.push((path.to_owned(), json!({"path": path, "mode": "040000", "type": "tree", "sha": folder_id(repo, inner)})));
        }
    }
    for (path, bytes) in repo
        .files
        .iter()
        .filter(|(path, _)| path.starts_with(&folder))
    {
        let short = &path[folder.len()..];
        if recursive || !short.contains('/') {
            let mode = if path.ends_with(".sh") {
                "100755"
            } else {
                "100644"
            };
            entries.push((short.to_owned(), json!({"path": short, "mode": mode, "type": "blob", "sha": git("blob", bytes), "size": bytes.len()})));
        }
    }
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    let truncated = recursive && entries.len() > TREE_ENTRIES;
    let tree: Vec<Value> = entries
        .into_iter()
        .take(TREE_ENTRIES)
        .map(|(_, entry)| entry)
        .collect();
    Ok(Answer::json(
        &json!({"sha": folder_id(repo, folder.trim_end_matches('/')), "tree": tree, "truncated": truncated}),
    ))
}

/// Base64 in lines of sixty, as GitHub sends it.
fn wrapped(bytes: &[u8]) -> String {
    let all = base64(bytes);
    let lines: Vec<&str> = (0..all.len())
        .step_by(60)
        .map(|at| &all[at..(at + 60).min(all.len())])
        .collect();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// `GET …/contents/{path}?ref=`: a file, or a folder's list.
fn contents(ask: &Ask, repo: &Repo, path: &str) -> Result<Answer, Answer> {
    let reference = ask.param("ref").unwrap_or(repo.branch);
    if !known_ref(repo, reference) {
        return Err(message(
            404,
            &format!("No commit found for the ref {reference}"),
        ));
    }
    let path = path.trim_matches('/');
    let full = format!("{}/{}", repo.owner, repo.name);
    let entry = |path: &str, kind: &str, sha: String, size: usize| {
        json!({
            "name": path.rsplit('/').next(),
            "path": path,
            "sha": sha,
            "size": size,
            "url": format!("https://api.github.com/repos/{full}/contents/{path}?ref={reference}"),
            "html_url": format!("https://github.com/{full}/blob/{reference}/{path}"),
            "git_url": format!("https://api.github.com/repos/{full}/git/blobs/{sha}"),
            "download_url": (kind == "file").then(|| ask.link("raw.githubusercontent.com", &format!("/{full}/{reference}/{}", encode_path(path)))),
            "type": kind,
        })
    };
    if let Some((_, bytes)) = repo.files.iter().find(|(name, _)| name == path) {
        let accept = ask.header("accept").unwrap_or_default();
        if accept.contains("application/vnd.github.raw")
            || accept.contains("application/vnd.github.v3.raw")
        {
            return Ok(Answer::new(
                200,
                "application/vnd.github.raw; charset=utf-8",
                bytes.clone(),
            ));
        }
        let mut value = entry(path, "file", git("blob", bytes), bytes.len());
        let large = bytes.len() > CONTENT_BYTES;
        value["content"] = if large { String::new() } else { wrapped(bytes) }.into();
        value["encoding"] = if large { "none" } else { "base64" }.into();
        return Ok(Answer::json(&value));
    }
    let inside = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    let mut list: Vec<(String, Value)> = folders(repo)
        .iter()
        .filter(|folder| {
            folder
                .strip_prefix(&inside)
                .is_some_and(|rest| !rest.contains('/'))
        })
        .map(|folder| {
            (
                folder.clone(),
                entry(folder, "dir", folder_id(repo, folder), 0),
            )
        })
        .collect();
    list.extend(
        repo.files
            .iter()
            .filter(|(name, _)| {
                name.strip_prefix(&inside)
                    .is_some_and(|rest| !rest.contains('/'))
            })
            .map(|(name, bytes)| {
                (
                    name.clone(),
                    entry(name, "file", git("blob", bytes), bytes.len()),
                )
            }),
    );
    if list.is_empty() {
        return Err(not_found());
    }
    list.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(Answer::json(
        &list.into_iter().map(|(_, entry)| entry).collect(),
    ))
}

/// The page that is asked for, with links to the others.
fn page<'a>(ask: &Ask, all: &[&'a Repo]) -> (Vec<&'a Repo>, Option<String>) {
    let size = ask.number("per_page").unwrap_or(30).clamp(1, 100);
    let number = ask.number("page").unwrap_or(1).max(1);
    let last = all.len().div_ceil(size).max(1);
    let found = all
        .iter()
        .skip((number - 1) * size)
        .take(size)
        .copied()
        .collect();
    let link = |number: usize, name: &str| {
        ask.next_page(&[("page", &number.to_string())])
            .replace("next", name)
    };
    let mut links = Vec::new();
    if number < last {
        links.push(link(number + 1, "next"));
        links.push(link(last, "last"));
    }
    if number > 1 {
        links.push(link(number - 1, "prev"));
        links.push(link(1, "first"));
    }
    (found, (!links.is_empty()).then(|| links.join(", ")))
}

/// `GET /orgs/{o}/repos`, `GET /users/{u}/repos`: by `created`, `updated`, `pushed` or `full_name`; stars are no order here.
fn list(ask: &Ask, github: &Github, kind: &str, owner: &str) -> Result<Answer, Answer> {
    let mut found: Vec<&Repo> = github
        .repos
        .iter()
        .filter(|repo| repo.owner.eq_ignore_ascii_case(owner))
        .collect();
    if found.is_empty() || (kind == "orgs" && owner == "linosei") {
        return Err(not_found());
    }
    let sort = ask.param("sort").unwrap_or(if kind == "orgs" {
        "created"
    } else {
        "full_name"
    });
    match sort {
        "updated" | "pushed" => found.sort_by_key(|repo| std::cmp::Reverse(repo.pushed.clone())),
        "full_name" => found.sort_by_key(|repo| repo.name.clone()),
        _ => found.sort_by_key(|repo| std::cmp::Reverse(repo.created.clone())),
    }
    let falls = sort != "full_name";
    if ask
        .param("direction")
        .is_some_and(|direction| (direction == "desc") != falls)
    {
        found.reverse();
    }
    let (found, links) = page(ask, &found);
    let answer = Answer::json(&found.into_iter().map(shown).collect());
    Ok(match links {
        Some(links) => answer.with("link", links),
        None => answer,
    })
}

/// A query's qualifiers by name, in lower case.
type Qualifiers = Vec<(String, String)>;

/// Words of a query, and its qualifiers `org:`, `user:`, `repo:`, `language:`.
fn query(ask: &Ask) -> Result<(Vec<String>, Qualifiers), Answer> {
    let all = ask.param("q").filter(|q| !q.trim().is_empty());
    let all = all.ok_or_else(|| message(422, "Validation Failed"))?;
    let (mut words, mut qualifiers) = (Vec::new(), Vec::new());
    for word in all.split_whitespace() {
        match word.split_once(':') {
            Some((key, value)) => qualifiers.push((key.to_lowercase(), value.to_lowercase())),
            None => words.push(word.trim_matches('"').to_lowercase()),
        }
    }
    Ok((words, qualifiers))
}

fn qualifies(repo: &Repo, qualifiers: &[(String, String)]) -> bool {
    qualifiers.iter().all(|(key, value)| match key.as_str() {
        "org" | "user" => repo.owner == value,
        "repo" => format!("{}/{}", repo.owner, repo.name).to_lowercase() == *value,
        "language" => repo
            .language
            .is_some_and(|language| language.to_lowercase() == *value),
        _ => true,
    })
}

/// `GET /search/repositories?q=&sort=stars&order=desc`
fn search(ask: &Ask, github: &Github) -> Result<Answer, Answer> {
    let (words, qualifiers) = query(ask)?;
    let mut found: Vec<&Repo> = github
        .repos
        .iter()
        .filter(|repo| {
            let text = format!("{} {}", repo.name, repo.about).to_lowercase();
            qualifies(repo, &qualifiers) && words.iter().all(|word| text.contains(word))
        })
        .collect();
    found.sort_by_key(|repo| std::cmp::Reverse(repo.stars));
    if ask.param("order") == Some("asc") {
        found.reverse();
    }
    let total = found.len();
    let (found, links) = page(ask, &found);
    let items: Vec<Value> = found
        .into_iter()
        .map(|repo| {
            let mut item = shown(repo);
            item["score"] = 1.0.into();
            item
        })
        .collect();
    let answer =
        Answer::json(&json!({"total_count": total, "incomplete_results": false, "items": items}));
    Ok(match links {
        Some(links) => answer.with("link", links),
        None => answer,
    })
}

/// `GET /search/code?q=`: files that have all the words.
fn search_code(ask: &Ask, github: &Github) -> Result<Answer, Answer> {
    let (words, qualifiers) = query(ask)?;
    let items: Vec<Value> = github
        .repos
        .iter()
        .filter(|repo| qualifies(repo, &qualifiers))
        .flat_map(|repo| repo.files.iter().map(move |file| (repo, file)))
        .filter(|(_, (path, bytes))| {
            let text = String::from_utf8_lossy(bytes).to_lowercase();
            words.iter().all(|word| text.contains(word) || path.to_lowercase().contains(word))
        })
        .map(|(repo, (path, bytes))| json!({"name": path.rsplit('/').next(), "path": path, "sha": git("blob", bytes), "repository": shown(repo), "score": 1.0}))
        .collect();
    let total = items.len();
    let shown: Vec<Value> = items
        .into_iter()
        .take(ask.number("per_page").unwrap_or(30).min(100))
        .collect();
    Ok(Answer::json(
        &json!({"total_count": total, "incomplete_results": false, "items": shown}),
    ))
}

/// raw.githubusercontent.com
pub(crate) fn raw(ask: &Ask, world: &mut World) -> Answer {
    let parts = ask.parts();
    let missing = || Answer {
        status: 404,
        ..Answer::text("404: Not Found")
    };
    let rest = match parts.as_slice() {
        [owner, name, "refs", "heads", reference, path @ ..]
        | [owner, name, reference, path @ ..] => Some((*owner, *name, *reference, path.join("/"))),
        _ => None,
    };
    let Some((owner, name, reference, path)) = rest else {
        return missing();
    };
    let Ok(repo) = world.github.find(owner, name) else {
        return missing();
    };
    match repo.files.iter().find(|(file, _)| *file == path) {
        Some((_, bytes)) if known_ref(repo, reference) => {
            Answer::text(bytes.clone()).with("etag", format!("\"{}\"", git("blob", bytes)))
        }
        _ => missing(),
    }
}
