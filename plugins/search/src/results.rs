//! DuckDuckGo's page of results.
//!
//! | on the page | |
//! | --- | --- |
//! | `a.result__a` in a `.result` | a result: its title and address |
//! | `.result__snippet` beside it | its snippet |
//! | `.result--ad`, `.badge--ad`, an address at `duckduckgo.com/y.js` | an advertisement, left out |
//! | `//duckduckgo.com/l/?uddg=…` | the address that is in it |
//! | `.no-results` | there are none |
//! | `anomaly…`, `challenge-form`, "bots use DuckDuckGo" | it wants to see that a person asks |

use std::collections::BTreeSet;

use ml_intern_markdown::{Html, NodeId};
use serde::Serialize;
use url::Url;

/// Characters of a title.
const TITLE: usize = 200;
/// Characters of a snippet.
const SNIPPET: usize = 400;
/// Bytes of an address; longer ones are of no use to a model.
const ADDRESS: usize = 1_000;

/// A page that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Hit {
    pub(crate) title: String,
    pub(crate) url: String,
    pub(crate) snippet: String,
    #[serde(skip)]
    pub(crate) host: String,
}

/// What a page of results says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Results {
    Hits(Vec<Hit>),
    /// It takes us for a robot.
    Challenge,
    /// Something else.
    Unknown,
}

pub(crate) fn read(page: &str, url: &Url) -> Results {
    let html = Html::parse(page);
    let root = html.root();
    let class = |node: NodeId, class: &str| html.has_class(node, class);
    let links: Vec<NodeId> = html
        .within(root, |_| true)
        .filter(|node| html.name(*node) == "a" && class(*node, "result__a"))
        .collect();
    if links.is_empty() {
        let challenge = html
            .find(root, |node| {
                html.classes(node).any(|class| class.starts_with("anomaly"))
                    || html.attribute(node, "id") == Some("challenge-form")
            })
            .is_some();
        if challenge || html.text(root).contains("bots use DuckDuckGo") {
            return Results::Challenge;
        }
        return match html.find(root, |node| class(node, "no-results")) {
            Some(_) => Results::Hits(Vec::new()),
            None => Results::Unknown,
        };
    }
    let mut seen = BTreeSet::new();
    let mut hits = Vec::new();
    for link in links {
        let around = html.ancestors(link).find(|node| class(*node, "result"));
        let is_ad = around.is_some_and(|around| {
            class(around, "result--ad")
                || html.find(around, |node| class(node, "badge--ad")).is_some()
        });
        let address = html
            .attribute(link, "href")
            .and_then(|href| target(href, url))
            .filter(|_| !is_ad);
        let Some((address, host)) = address.and_then(|address| {
            let host = address.host_str()?.to_owned();
            Some((address, host))
        }) else {
            continue;
        };
        let title = short(&html.text(link), TITLE);
        let snippet = around
            .and_then(|around| html.find(around, |node| class(node, "result__snippet")))
            .map(|snippet| short(&html.text(snippet), SNIPPET))
            .unwrap_or_default();
        if !title.is_empty() && seen.insert(address.as_str().to_owned()) {
            hits.push(Hit {
                title,
                url: String::from(address),
                snippet,
                host,
            });
        }
    }
    Results::Hits(hits)
}

/// Where a link of the page leads in the end; none where that is an advertisement, or no page of the web.
fn target(href: &str, base: &Url) -> Option<Url> {
    let mut url = base.join(href).ok()?;
    let is_own = |url: &Url| {
        url.host_str()
            .is_some_and(|host| host == "duckduckgo.com" || host.ends_with(".duckduckgo.com"))
    };
    if is_own(&url) && url.path() == "/l/" {
        let inner = url
            .query_pairs()
            .find_map(|(name, value)| (name == "uddg").then(|| value.into_owned()))?;
        url = Url::parse(&inner).ok()?;
    }
    let is_ad = is_own(&url) && url.path() == "/y.js";
    let fits = matches!(url.scheme(), "http" | "https") && url.as_str().len() <= ADDRESS;
    (fits && !is_ad).then_some(url)
}

fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://html.duckduckgo.com/html/?q=x").unwrap()
    }

    #[test]
    fn addresses_are_taken_out_of_links() {
        let table = [
            (
                "//duckduckgo.com/l/?uddg=https%3A%2F%2Fa.example%2Fx%3Fy%3D1%26z&rut=9",
                Some("https://a.example/x?y=1&z"),
            ),
            (
                "/l/?kh=-1&uddg=http%3A%2F%2Fa.example%2F",
                Some("http://a.example/"),
            ),
            ("https://a.example/direct", Some("https://a.example/direct")),
            (
                "//duckduckgo.com/l/?uddg=https%3A%2F%2Fduckduckgo.com%2Fy.js%3Fad_domain%3Da",
                None,
            ),
            ("https://duckduckgo.com/y.js?ad_provider=x", None),
            ("//duckduckgo.com/l/?uddg=javascript%3Ax", None),
            ("//duckduckgo.com/l/?rut=1", None),
            ("javascript:void(0)", None),
        ];
        for (href, expected) in table {
            let found = target(href, &base()).map(String::from);
            assert_eq!(found.as_deref(), expected, "{href}");
        }
        let long = format!("https://a.example/{}", "x".repeat(ADDRESS));
        assert_eq!(target(&long, &base()), None);
    }

    #[test]
    fn pages_are_told_apart() {
        let result = |class: &str, href: &str, snippet: &str| {
            format!(
                "<div class='result {class}'><h2><a class='result__a' href='{href}'>T  <b>1</b></a></h2>{snippet}</div>"
            )
        };
        let hit = |url: &str, snippet: &str| Hit {
            title: "T 1".into(),
            url: url.into(),
            snippet: snippet.into(),
            host: "a.example".into(),
        };
        let page = [
            result(
                "results_links",
                "https://a.example/1",
                "<a class='result__snippet' href='/x'>It <b>works</b>.</a>",
            ),
            result("result--ad", "https://a.example/2", ""),
            result(
                "",
                "https://a.example/3",
                "<button class='badge--ad'>Ad</button>",
            ),
            result("", "https://a.example/1", ""),
            result("", "https://a.example/4", ""),
        ];
        let table = [
            (
                page.concat(),
                Results::Hits(vec![
                    hit("https://a.example/1", "It works."),
                    hit("https://a.example/4", ""),
                ]),
            ),
            (
                "<div class='no-results'>No results.</div>".into(),
                Results::Hits(vec![]),
            ),
            (
                "<form id='challenge-form'></form>".into(),
                Results::Challenge,
            ),
            (
                "<div class='anomaly-modal__title'>x</div>".into(),
                Results::Challenge,
            ),
            (
                "<p>Unfortunately, bots use DuckDuckGo too.</p>".into(),
                Results::Challenge,
            ),
            ("<title>Please wait</title>".into(), Results::Unknown),
            (String::new(), Results::Unknown),
        ];
        for (page, expected) in table {
            assert_eq!(read(&page, &base()), expected, "{page}");
        }
    }
}
