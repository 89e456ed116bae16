//! The list of a documentation's pages: the links in the sidebar of its first page.
//!
//! The sidebar is the `nav` whose class has `flex-auto` in it. A link counts once, and only if it leads beneath the first
//! page's own path; its fragment and query do not count.

use std::collections::HashSet;

use html5gum::{Token, Tokenizer};
use serde::{Deserialize, Serialize};
use url::Url;

/// Links that are taken at most.
const MOST: usize = 3_000;
/// Characters of a title that are taken at most.
const TITLE: usize = 200;

/// Characters of a URL at most; a link with a longer one does not count.
const URL: usize = 500;

/// One page, as the sidebar names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// Of the page for people.
    pub(crate) url: String,
    pub(crate) title: String,
}

/// The links of a page that was asked for at this URL, in their order.
pub(crate) fn links(html: &str, at: &Url) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut known = HashSet::new();
    // How many `nav`s are open, counted from the sidebar on.
    let mut depth = 0_usize;
    let mut open: Option<Link> = None;
    let tokens = Tokenizer::new(html);
    for token in tokens {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let attribute = |name: &[u8]| {
                    tag.attributes
                        .get(name)
                        .map(|value| String::from_utf8_lossy(value).into_owned())
                };
                match tag.name.as_slice() {
                    b"nav" if depth > 0 => depth += 1,
                    b"nav"
                        if attribute(b"class").is_some_and(|class| class.contains("flex-auto")) =>
                    {
                        depth = 1;
                    }
                    b"a" if depth > 0 => {
                        close(open.take(), &mut links, &mut known);
                        open = attribute(b"href")
                            .and_then(|href| target(&href, at))
                            .map(|url| Link {
                                url,
                                title: String::new(),
                            });
                    }
                    _ => {}
                }
            }
            Token::String(text) => {
                if let Some(link) = &mut open {
                    link.title.push_str(&String::from_utf8_lossy(&text));
                }
            }
            Token::EndTag(tag) => match tag.name.as_slice() {
                b"a" => close(open.take(), &mut links, &mut known),
                b"nav" if depth > 0 => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    close(open, &mut links, &mut known);
    links
}

fn close(link: Option<Link>, links: &mut Vec<Link>, known: &mut HashSet<String>) {
    let Some(mut link) = link.filter(|_| links.len() < MOST) else {
        return;
    };
    let words: Vec<&str> = link.title.split_whitespace().collect();
    link.title = words.join(" ").chars().take(TITLE).collect();
    if link.title.is_empty() {
        let last = link.url.rsplit('/').next().unwrap_or_default();
        link.title = last.to_owned();
    }
    if known.insert(link.url.clone()) {
        links.push(link);
    }
}

/// Where a link leads, if it is a page of the same documentation.
fn target(href: &str, at: &Url) -> Option<String> {
    let mut url = at.join(href).ok()?;
    url.set_fragment(None);
    url.set_query(None);
    let beneath = url
        .path()
        .strip_prefix(at.path().trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let same = url.origin() == at.origin() && url.username().is_empty() && url.password().is_none();
    (beneath && same && url.as_str().len() <= URL)
        .then(|| url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sidebars_links_are_the_pages() {
        let html = r##"<nav class="top"><a href="/docs/trl/no">No</a></nav>
            <nav class="px-4 flex-auto overflow"><div><span>Start</span>
            <a class="x" href="/docs/trl/index"><!-- -->
               Home &amp; <b>more</b></a>
            <a href="https://huggingface.co/docs/trl/sft_trainer#top">SFT</a>
            <a href="/docs/trl/sft_trainer?x=1">Again</a>
            <a href="/docs/trl">First<a href="/docs/trl/open">Never closed
            <nav><a href="/docs/trl/deep/x/"></a></nav>
            <a href="/docs/trlx/y">Other</a><a href="../peft/z">Other</a><a href="https://evil.example/docs/trl/x">Away</a>
            <a href="//evil.example/docs/trl/x">Away</a><a href="http://huggingface.co/docs/trl/x">Plain</a>
            <a href="https://u:p@huggingface.co/docs/trl/x">User</a><a href="javascript:alert(1)">Script</a><a>None</a>
            </div></nav><a href="/docs/trl/after">After</a>"##;
        let at = Url::parse("https://huggingface.co/docs/trl").unwrap();
        let found: Vec<(String, String)> = links(html, &at)
            .into_iter()
            .map(|link| (link.url, link.title))
            .collect();
        let expected = [
            ("https://huggingface.co/docs/trl/index", "Home & more"),
            ("https://huggingface.co/docs/trl/sft_trainer", "SFT"),
            ("https://huggingface.co/docs/trl", "First"),
            ("https://huggingface.co/docs/trl/open", "Never closed"),
            ("https://huggingface.co/docs/trl/deep/x", "x"),
        ];
        assert_eq!(
            found,
            expected.map(|(url, title)| (url.to_owned(), title.to_owned()))
        );
    }

    #[test]
    fn what_is_no_sidebar_has_no_links() {
        let at = Url::parse("https://huggingface.co/docs/trl").unwrap();
        for html in [
            "",
            "<nav",
            "{}",
            "<nav><a href=\"/docs/trl/x\">x</a></nav>",
            "</nav></a>",
        ] {
            assert_eq!(links(html, &at), [], "{html}");
        }
        let long = |more: usize| {
            let name = "x".repeat(URL - "https://huggingface.co/docs/trl/".len() + more);
            links(
                &format!("<nav class=flex-auto><a href=/docs/trl/{name}>x</a>"),
                &at,
            )
            .len()
        };
        assert_eq!((long(0), long(1)), (1, 0));
        let many: String = (0..MOST + 9)
            .map(|at| format!("<a href=/docs/trl/{at}>x</a>"))
            .collect();
        assert_eq!(
            links(&format!("<nav class=flex-auto>{many}"), &at).len(),
            MOST
        );
    }
}
