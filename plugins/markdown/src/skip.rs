//! What of a page is not text: its furniture, and what is not shown.

use crate::{Html, NodeId};

/// Elements that have no text of the page's.
const TAGS: [&str; 21] = [
    "audio", "button", "canvas", "dialog", "embed", "footer", "head", "iframe", "input", "menu",
    "nav", "noscript", "option", "script", "select", "style", "svg", "template", "textarea",
    "video", "map",
];

/// Classes of furniture: LaTeXML's, Sphinx's, MediaWiki's.
const CLASSES: [&str; 17] = [
    "headerlink",
    "ltx_ERROR",
    "ltx_TOC",
    "ltx_bib_cited",
    "ltx_listing_data",
    "ltx_note_type",
    "ltx_page_footer",
    "ltx_page_header",
    "ltx_page_logo",
    "ltx_page_navbar",
    "ltx_rdf",
    "ltx_rule",
    "mw-editsection",
    "mwe-math-fallback-image-display",
    "mwe-math-fallback-image-inline",
    "navbox",
    "noprint",
];

/// Whether a node, and all in it, is left out.
pub(crate) fn skip(html: &Html, node: NodeId) -> bool {
    let tag = html.name(node);
    if tag.is_empty() {
        return false;
    }
    if tag == "script" && crate::math::is_script(html, node) {
        return false;
    }
    if TAGS.contains(&tag) || html.classes(node).any(|class| CLASSES.contains(&class)) {
        return true;
    }
    if matches!(tag, "aside" | "header") && !is_in_article(html, node) {
        return true;
    }
    let role = html.attribute(node, "role").unwrap_or_default();
    if matches!(
        role,
        "navigation" | "banner" | "contentinfo" | "search" | "complementary" | "dialog"
    ) {
        return true;
    }
    // The formula that a picture shows to those who see it.
    let formula = html
        .classes(node)
        .any(|class| class.starts_with("mwe-math") || class.starts_with("katex"));
    html.attribute(node, "hidden").is_some()
        || html.attribute(node, "aria-hidden") == Some("true")
        || (!formula && is_not_displayed(html, node))
}

fn is_not_displayed(html: &Html, node: NodeId) -> bool {
    let style = html.attribute(node, "style").unwrap_or_default();
    let style: String = style
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    style.contains("display:none") || style.contains("visibility:hidden")
}

fn is_in_article(html: &Html, node: NodeId) -> bool {
    html.ancestors(node).any(|around| {
        matches!(html.name(around), "main" | "article" | "section")
            || html.attribute(around, "role") == Some("main")
    })
}
