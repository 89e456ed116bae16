//! A whole page of the web: its title, and of its text what is not furniture.

use url::Url;

use crate::{Converter, Html, NodeId};

/// A page as it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its title; empty where it has none.
    pub title: String,
    /// Its text, as Markdown.
    pub text: String,
    /// Whether its end is missing, since it is too long.
    pub cut: bool,
}

/// Characters of text that a main part has to have; where there are fewer, the whole page counts.
const LEAST: usize = 200;

/// A page that was found at this address.
#[must_use]
pub fn page(html: &Html, url: &Url) -> Page {
    let mut converter = Converter::new(html, Some(url.clone()));
    let main = main_part(html).map(|main| converter.blocks([main]));
    let text = match main {
        Some(text) if text.chars().count() >= LEAST => text,
        _ => converter.blocks([html.root()]),
    };
    Page {
        title: title(html),
        text,
        cut: html.is_cut(),
    }
}

/// The element that says that it is the main one: `main`, else the only `article`.
fn main_part(html: &Html) -> Option<NodeId> {
    let main = html.find(html.root(), |node| {
        html.name(node) == "main" || html.attribute(node, "role") == Some("main")
    });
    let mut articles = html
        .within(html.root(), |node| html.name(node) != "article")
        .filter(|node| html.name(*node) == "article");
    match (main, articles.next(), articles.next()) {
        (Some(main), _, _) => Some(main),
        (None, Some(article), None) => Some(article),
        _ => None,
    }
}

fn title(html: &Html) -> String {
    let named = |name: &'static str| {
        html.find(html.root(), |node| html.name(node) == name)
            .map(|node| html.text(node))
            .filter(|text| !text.is_empty())
    };
    // A drawing has a title too.
    let own = html
        .find(html.root(), |node| html.name(node) == "head")
        .and_then(|head| html.find(head, |node| html.name(node) == "title"))
        .map(|node| html.text(node))
        .filter(|text| !text.is_empty());
    own.or_else(|| named("h1")).unwrap_or_default()
}
