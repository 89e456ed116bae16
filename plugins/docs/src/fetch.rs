//! `fetch_hf_docs`: one page, as Markdown.
//!
//! | URL | |
//! | --- | --- |
//! | `https://huggingface.co/docs/…`, `/learn/…`, `/blog/…` | taken |
//! | `https://gradio.app/docs/…`, `/guides/…`, `/llms.txt`, and the same at `www.gradio.app` | taken |
//! | the same with `.md`, a query or a fragment | taken; a fragment means the section of that name |
//! | another scheme, host, port or path; a user | refused before anything is sent |

use std::fmt::Write as _;

use ml_intern_hub::HUB;
use ml_intern_sdk::http::{Patience, Request};
use ml_intern_sdk::page::piece;
use ml_intern_sdk::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::RESULT;
use crate::markdown::{Heading, headings, slug};
use crate::refresh::{markdown_of, markdown_url};
use crate::snippet::start;

/// The origins and the paths beneath which pages are read.
const ALLOWED: [(&str, &[&str]); 3] = [
    (HUB, &["/docs", "/learn", "/blog"]),
    ("https://gradio.app", GRADIO),
    ("https://www.gradio.app", GRADIO),
];
const GRADIO: &[&str] = &["/docs", "/guides", "/llms.txt"];
/// Bytes of a page at most.
const BYTES: usize = 8 << 20;
/// Redirects that are followed.
const HOPS: u32 = 5;
/// Milliseconds that an answer may take to begin, and between its parts.
const WAIT: u32 = 30_000;
/// Headings of a table of contents at most.
const CONTENTS: usize = 80;
/// Headings that are named where there is none of the name that is wanted.
const NAMED: usize = 40;

/// What it takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fetch {
    /// The page's URL; `.md` is added where it is missing.
    url: String,
    /// Only the section under this heading.
    section: Option<String>,
    /// Characters to pass over.
    #[serde(default)]
    offset: u32,
}

/// The part for programs.
#[derive(Debug, Serialize)]
struct Fetched<'a> {
    url: &'a str,
    section: Option<&'a str>,
    from: usize,
    next: Option<usize>,
    total: usize,
}

/// What it asks for: to read such pages, with nobody's token.
pub(crate) fn needs() -> Vec<Need> {
    let need = |(origin, paths): (&str, &[&'static str])| {
        let reason = "reads pages of documentation";
        need::http(origin, [HttpMethod::Get], paths.iter().copied(), reason)
    };
    ALLOWED.into_iter().map(need).collect()
}

/// Where a page's Markdown is, and the fragment.
fn allowed(url: &str) -> Result<(String, Option<String>), Failure> {
    let refused = |why: &str| {
        Failure::argument(
            "/url",
            format!(
                "a page under https://huggingface.co/docs/, /learn/ or /blog/, or under https://www.gradio.app/docs/ \
                 or /guides/{why}"
            ),
        )
    };
    let mut url = Url::parse(url.trim()).map_err(|error| refused(&format!(" ({error})")))?;
    let origin = url.origin().ascii_serialization();
    let plain = url.username().is_empty() && url.password().is_none();
    let within = |prefix: &&str| {
        url.path()
            .strip_prefix(*prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let known = ALLOWED
        .iter()
        .any(|(known, paths)| *known == origin && paths.iter().any(within));
    if !(plain && known) {
        return Err(refused(""));
    }
    let fragment = url
        .fragment()
        .filter(|name| !name.is_empty())
        .map(str::to_owned);
    url.set_fragment(None);
    url.set_query(None);
    let page = url.as_str().trim_end_matches('/');
    let markdown = match page.ends_with(".txt") {
        true => page.to_owned(),
        false => markdown_url(page),
    };
    Ok((markdown, fragment))
}

pub(crate) fn fetch(arguments: Fetch) -> Result<Output, Failure> {
    let (url, fragment) = allowed(&arguments.url)?;
    let request = Request::get(&url).patience(WAIT);
    let answer = Patience::default().follow(&request, HOPS)?.success()?;
    let text = markdown_of(answer, BYTES)?;
    let headings = headings(&text);
    let wanted = arguments
        .section
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let section = match (wanted, fragment) {
        (Some(name), _) => Some(named(&headings, name).ok_or_else(|| unknown(&headings, name))?),
        // A fragment may lead to something that is no heading; then it is the page that is wanted.
        (None, Some(name)) => headings
            .iter()
            .find(|heading| heading.anchor == name || slug(&heading.title) == name),
        (None, None) => None,
    };
    let whole = section
        .and_then(|heading| text.get(heading.place.clone()))
        .unwrap_or(&text);
    let from = arguments.offset as usize;
    let mut head = format!("Documentation from: {url}\n");
    if let Some(heading) = section {
        let _ = writeln!(head, "Section: {}", start(&heading.title, 200));
    }
    let long = whole.chars().count() > RESULT - 200 - head.chars().count();
    if long && from == 0 {
        let within = |heading: &&Heading| {
            section.is_none_or(|section| {
                section.place.start < heading.place.start && heading.place.end <= section.place.end
            })
        };
        let inner: Vec<&Heading> = headings.iter().filter(within).collect();
        head.push_str(&contents(&text, &inner));
    }
    head.push('\n');
    let room = RESULT - 200 - head.chars().count();
    let piece = piece(whole, from, room);
    let fetched = Fetched {
        url: &url,
        section: section.map(|heading| heading.title.as_str()),
        from: piece.from,
        next: piece.next,
        total: piece.total,
    };
    Output::text(format!("{head}{}", piece.with_note("offset"))).with_structured(&fetched)
}

/// The heading that is meant: of this title, of this anchor, or the only one with this in its title.
fn named<'h>(headings: &'h [Heading], name: &str) -> Option<&'h Heading> {
    let name = name.trim_start_matches('#').trim();
    let lower = name.to_lowercase();
    let is = |test: &dyn Fn(&Heading) -> bool| headings.iter().find(|heading| test(heading));
    is(&|heading| heading.title == name)
        .or_else(|| is(&|heading| heading.title.to_lowercase() == lower))
        .or_else(|| is(&|heading| heading.anchor == name))
        .or_else(|| is(&|heading| slug(&heading.title) == slug(name)))
        .or_else(|| {
            let mut with = headings
                .iter()
                .filter(|heading| heading.title.to_lowercase().contains(&lower));
            with.next().filter(|_| with.next().is_none())
        })
}

fn unknown(headings: &[Heading], name: &str) -> Failure {
    let mut near: Vec<(f64, &str)> = headings
        .iter()
        .map(|heading| {
            let like = strsim::jaro_winkler(&heading.title.to_lowercase(), &name.to_lowercase());
            (like, heading.title.as_str())
        })
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<String> = near
        .into_iter()
        .take(NAMED)
        .map(|(_, title)| format!("`{}`", start(title, 80)))
        .collect();
    let known = match near.as_slice() {
        [] => "the page has none".to_owned(),
        near => near.join(", "),
    };
    Failure::argument("/section", format!("one heading of the page: {known}"))
}

/// A table of contents, with the length of each section; the deepest are left out where there are too many.
fn contents(text: &str, headings: &[&Heading]) -> String {
    let depth = (1..=6)
        .rev()
        .find(|depth| {
            headings
                .iter()
                .filter(|heading| heading.level <= *depth)
                .count()
                <= CONTENTS
        })
        .unwrap_or(1);
    let shown = headings
        .iter()
        .filter(|heading| heading.level <= depth)
        .take(CONTENTS);
    let top = headings
        .iter()
        .map(|heading| heading.level)
        .min()
        .unwrap_or(1);
    let mut contents = String::new();
    for heading in shown {
        let long = text
            .get(heading.place.clone())
            .map_or(0, |section| section.chars().count());
        let indent = "  ".repeat(heading.level.saturating_sub(top));
        let _ = writeln!(contents, "{indent}- {} ({long})", start(&heading.title, 80));
    }
    match contents.as_str() {
        "" => contents,
        _ => format!("\nContents (characters; read one with section=\"…\"):\n{contents}\n---\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_documentation_is_fetched() {
        let table = [
            (
                "https://huggingface.co/docs/trl/sft_trainer",
                Some("https://huggingface.co/docs/trl/sft_trainer.md"),
            ),
            (
                "https://huggingface.co/docs/trl/sft_trainer.md",
                Some("https://huggingface.co/docs/trl/sft_trainer.md"),
            ),
            (
                " https://huggingface.co/docs/trl/sft_trainer/?x=1#y ",
                Some("https://huggingface.co/docs/trl/sft_trainer.md"),
            ),
            (
                "https://huggingface.co/docs/trl",
                Some("https://huggingface.co/docs/trl/index.md"),
            ),
            (
                "https://huggingface.co:443/learn/llm-course/chapter1/1",
                Some("https://huggingface.co/learn/llm-course/chapter1/1.md"),
            ),
            (
                "https://huggingface.co/blog/trl",
                Some("https://huggingface.co/blog/trl.md"),
            ),
            (
                "https://www.gradio.app/docs/gradio/blocks",
                Some("https://www.gradio.app/docs/gradio/blocks.md"),
            ),
            (
                "https://gradio.app/guides/quickstart",
                Some("https://gradio.app/guides/quickstart.md"),
            ),
            (
                "https://gradio.app/llms.txt",
                Some("https://gradio.app/llms.txt"),
            ),
            ("https://huggingface.co/docs/%2e%2e/api/whoami-v2", None),
            ("https://huggingface.co/docs/../api/whoami-v2", None),
            ("https://huggingface.co/docsx/y", None),
            ("https://huggingface.co/api/models", None),
            ("https://huggingface.co/", None),
            ("http://huggingface.co/docs/trl/x", None),
            ("https://huggingface.co:8443/docs/trl/x", None),
            ("https://user:pass@huggingface.co/docs/trl/x", None),
            ("https://user@huggingface.co/docs/trl/x", None),
            ("https://huggingface.co.evil.example/docs/trl/x", None),
            ("https://huggingface.co@evil.example/docs/trl/x", None),
            ("https://evil.example/docs/x", None),
            ("https://169.254.169.254/docs/x", None),
            ("https://[::1]/docs/x", None),
            ("https://hf.co/docs/trl/x", None),
            ("file:///docs/x", None),
            ("data:text/plain,/docs/x", None),
            ("huggingface.co/docs/trl/x", None),
            ("", None),
        ];
        for (url, expected) in table {
            let found = allowed(url);
            match expected {
                Some(expected) => assert_eq!(found.unwrap().0, expected, "{url}"),
                None => assert!(
                    matches!(&found, Err(Failure::InvalidArguments(errors)) if errors.iter().all(|error| error.pointer == "/url")),
                    "{url}: {found:?}"
                ),
            }
        }
    }
}
