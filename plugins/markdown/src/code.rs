//! Code and algorithms, in fences.

use crate::{Converter, Html, NodeId, math};

/// Whether it is a listing of LaTeXML's, whose lines are elements.
pub(crate) fn is_listing(html: &Html, node: NodeId) -> bool {
    html.has_class(node, "ltx_listing")
}

impl Converter<'_> {
    /// Preformatted text.
    pub(crate) fn code(&self, node: NodeId) -> Option<String> {
        fence(language(self.html, node), &verbatim(self.html, node))
    }

    /// Lines of a program, or of an algorithm, whose formulas are TeX.
    pub(crate) fn listing(&self, node: NodeId) -> Option<String> {
        let html = self.html;
        let is_line = |node: NodeId| html.has_class(node, "ltx_listingline");
        let lines: Vec<String> = html
            .within(node, |inside| !is_line(inside))
            .filter(|inside| is_line(*inside))
            .map(|line| {
                verbatim(html, line)
                    .replace('\n', " ")
                    .trim_end()
                    .to_owned()
            })
            .collect();
        match lines.is_empty() {
            true => fence(String::new(), &verbatim(html, node)),
            false => fence(String::new(), &lines.join("\n")),
        }
    }
}

/// Text as it stands, with formulas as TeX.
fn verbatim(html: &Html, node: NodeId) -> String {
    let mut text = String::new();
    let formula = |node| math::formula(html, node).is_some();
    let hidden = |node| crate::skip::skip(html, node);
    let is_number = |node| html.has_class(node, "ltx_tag_listingline");
    for inside in html.within(node, |node| {
        !formula(node) && !hidden(node) && !is_number(node)
    }) {
        if let Some(own) = html.own_text(inside) {
            text.push_str(&own.replace('\u{a0}', " "));
        } else if let Some((tex, _)) = math::formula(html, inside) {
            text.push_str(&math::inline(&tex, false));
        } else if html.name(inside) == "br" {
            text.push('\n');
        } else if is_number(inside) {
            // As it is printed: `1:` before the line.
            let number = html.text(inside);
            text.push_str(&number);
            if !number.is_empty() {
                text.push(' ');
            }
        }
    }
    text
}

/// The language that a class names: `language-rust`, `highlight-python`, `brush: js`.
fn language(html: &Html, pre: NodeId) -> String {
    let code = html.find(pre, |node| html.name(node) == "code");
    let around = html.ancestors(pre).take(2);
    [Some(pre), code]
        .into_iter()
        .flatten()
        .chain(around)
        .flat_map(|node| html.classes(node))
        .find_map(|class| {
            let name = ["language-", "lang-", "highlight-source-", "highlight-"]
                .iter()
                .find_map(|mark| class.strip_prefix(mark))?;
            let fits = name.len() <= 20
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'#'));
            (fits && !matches!(name, "default" | "none" | "text")).then(|| name.to_owned())
        })
        .unwrap_or_default()
}

fn fence(language: String, text: &str) -> Option<String> {
    let text = text.trim_end().trim_start_matches('\n');
    if text.trim().is_empty() {
        return None;
    }
    let longest = text
        .lines()
        .map(|line| line.trim_start().bytes().take_while(|b| *b == b'`').count())
        .max()
        .unwrap_or(0);
    let mark = "`".repeat(3.max(longest + 1));
    Some(format!("{mark}{language}\n{text}\n{mark}"))
}
