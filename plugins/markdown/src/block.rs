//! Blocks of text, and what they are made of.

use std::cell::RefCell;

use url::Url;

use crate::inline::Style;
use crate::line::Line;
use crate::skip::skip;
use crate::{Html, NodeId};

/// Elements that are blocks of text, beside those that LaTeXML marks by class.
const BLOCKS: [&str; 40] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "thead",
    "tr",
    "ul",
];

/// LaTeXML's classes of blocks: where a block stands in running text, it is a `span`.
const BLOCK_CLASSES: [&str; 10] = [
    "ltx_description",
    "ltx_enumerate",
    "ltx_eqn_div",
    "ltx_equation",
    "ltx_equationgroup",
    "ltx_figure",
    "ltx_itemize",
    "ltx_listing",
    "ltx_para",
    "ltx_tabular",
];

/// How deep elements are looked into; deeper, only their text counts.
const DEEPEST: u16 = 120;

pub(crate) fn is_block(html: &Html, node: NodeId) -> bool {
    BLOCKS.contains(&html.name(node))
        || html
            .classes(node)
            .any(|class| BLOCK_CLASSES.contains(&class))
}

/// Where in a page something stands.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    pub(crate) depth: u16,
    /// Lists around it.
    pub(crate) lists: u8,
    /// In a figure, whose pictures are named together.
    pub(crate) figure: bool,
    pub(crate) style: Style,
}

impl Place {
    pub(crate) fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }

    pub(crate) fn is_too_deep(self) -> bool {
        self.depth > DEEPEST
    }
}

/// Makes Markdown of parts of a page.
#[derive(Debug)]
pub struct Converter<'h> {
    pub(crate) html: &'h Html,
    /// What addresses are relative to.
    base: Option<Url>,
    /// Footnotes: their marks and texts.
    pub(crate) notes: RefCell<Vec<(String, String)>>,
}

impl<'h> Converter<'h> {
    /// For a page that was found at this address; its own `base` counts.
    #[must_use]
    pub fn new(html: &'h Html, url: Option<Url>) -> Self {
        let base = url.map(|url| {
            let own = html
                .find(html.root(), |node| html.name(node) == "base")
                .and_then(|node| html.attribute(node, "href"));
            own.and_then(|own| url.join(own).ok()).unwrap_or(url)
        });
        Self {
            html,
            base,
            notes: RefCell::default(),
        }
    }

    /// These nodes as Markdown, and their footnotes beneath.
    pub fn blocks(&mut self, nodes: impl IntoIterator<Item = NodeId>) -> String {
        self.notes.borrow_mut().clear();
        let nodes: Vec<NodeId> = nodes.into_iter().collect();
        let mut blocks = self.flow(&nodes, Place::default());
        for (mark, text) in self.notes.borrow_mut().drain(..) {
            blocks.push(format!("[^{mark}]: {text}"));
        }
        blocks.join("\n\n")
    }

    /// A node as one line.
    #[must_use]
    pub fn line(&self, node: NodeId) -> String {
        let mut line = Line::default();
        let style = Style {
            one_line: true,
            ..Style::default()
        };
        let place = Place {
            style,
            ..Place::default()
        };
        self.inline(node, place, &mut line);
        line.done()
    }

    /// An address as an absolute one, if it is one of the web; and whether it leads out of the page.
    pub(crate) fn address(&self, href: &str) -> Option<(String, bool)> {
        /// Bytes of an address that is worth its room.
        const LONGEST: usize = 600;
        let href = href.trim();
        if href.starts_with('#') || href.is_empty() {
            return None;
        }
        let url = match &self.base {
            Some(base) => base.join(href).ok()?,
            None => Url::parse(href).ok()?,
        };
        if !matches!(url.scheme(), "http" | "https" | "mailto") || url.as_str().len() > LONGEST {
            return None;
        }
        let plain = |url: &Url| {
            let mut url = url.clone();
            url.set_fragment(None);
            url.as_str().trim_end_matches('/').to_owned()
        };
        let out = self
            .base
            .as_ref()
            .is_none_or(|base| url.fragment().is_none() || plain(base) != plain(&url));
        Some((crate::target(url.as_str()), out))
    }

    /// Nodes that stand one after the other, as blocks.
    pub(crate) fn flow(&self, nodes: &[NodeId], place: Place) -> Vec<String> {
        let mut blocks = Vec::new();
        let mut line = Line::default();
        self.flow_into(nodes, place, &mut blocks, &mut line);
        end(&mut blocks, &mut line);
        blocks
    }

    fn flow_into(&self, nodes: &[NodeId], place: Place, blocks: &mut Vec<String>, line: &mut Line) {
        let html = self.html;
        for node in nodes.iter().copied() {
            if skip(html, node) {
                continue;
            }
            if !html.has_block(node) || html.has_class(node, "ltx_note") {
                self.inline(node, place, line);
            } else if is_block(html, node) {
                end(blocks, line);
                self.block(node, place.deeper(), blocks);
            } else if html.name(node) == "a" && html.text(node).chars().count() <= 200 {
                // A link around a heading and a line or two.
                end(blocks, line);
                self.inline(node, place, line);
                end(blocks, line);
            } else if place.is_too_deep() {
                line.text(&html.text(node));
            } else {
                // A page, or an element of running text around blocks.
                self.flow_into(html.children(node), place.deeper(), blocks, line);
            }
        }
    }

    fn block(&self, node: NodeId, place: Place, blocks: &mut Vec<String>) {
        let html = self.html;
        if place.is_too_deep() {
            push(blocks, html.text(node));
            return;
        }
        if crate::equation::is_one(html, node) {
            blocks.extend(self.equations(node, place));
            return;
        }
        if crate::table::is_one(html, node) {
            self.table(node, place, blocks);
            return;
        }
        if crate::code::is_listing(html, node) {
            blocks.extend(self.listing(node));
            return;
        }
        let children = html.children(node);
        match html.name(node) {
            name @ ("h1" | "h2" | "h3" | "h4" | "h5" | "h6") => {
                push(blocks, self.heading(node, name, place));
            }
            "summary" | "legend" => {
                let text = self.line(node);
                if !text.is_empty() {
                    blocks.push(format!("**{text}**"));
                }
            }
            "hr" => blocks.push("---".into()),
            "pre" => blocks.extend(self.code(node)),
            "ul" | "ol" => push(blocks, self.list(node, place)),
            "dl" => self.definitions(node, place, blocks),
            "blockquote" => {
                let inner = self.flow(children, place).join("\n\n");
                let quoted: Vec<String> = inner
                    .lines()
                    .map(|line| format!("> {line}").trim_end().to_owned())
                    .collect();
                push(blocks, quoted.join("\n"));
            }
            "figure" => self.figure(node, place, blocks),
            _ if html.has_class(node, "ltx_figure") => self.figure(node, place, blocks),
            _ => blocks.extend(self.flow(children, place)),
        }
    }

    fn heading(&self, node: NodeId, name: &str, place: Place) -> String {
        let mut line = Line::default();
        let style = Style {
            one_line: true,
            plain: true,
            ..place.style
        };
        let place = Place { style, ..place };
        for child in self.html.children(node) {
            self.inline(*child, place, &mut line);
        }
        let text = line.done();
        let runs_in = ["ltx_title_theorem", "ltx_title_proof", "ltx_runin"]
            .iter()
            .any(|class| self.html.has_class(node, class));
        match (text.as_str(), runs_in) {
            ("", _) => text,
            (_, true) => format!("**{text}**"),
            (_, false) => {
                let level = name
                    .strip_prefix('h')
                    .and_then(|level| level.parse::<usize>().ok())
                    .unwrap_or(1);
                format!("{} {text}", "#".repeat(level))
            }
        }
    }
}

/// Ends a paragraph of running text.
fn end(blocks: &mut Vec<String>, line: &mut Line) {
    push(blocks, std::mem::take(line).done());
}

fn push(blocks: &mut Vec<String>, text: String) {
    if !text.is_empty() {
        blocks.push(text);
    }
}
