//! Lists, numbered or not, and lists of terms.

use crate::block::Place;
use crate::{Converter, Html, NodeId};

/// Lists in lists that are indented; deeper ones stand at the same place.
const DEEPEST: u8 = 6;

impl Converter<'_> {
    pub(crate) fn list(&self, list: NodeId, place: Place) -> String {
        let html = self.html;
        let ordered = html.name(list) == "ol" && !html.has_class(list, "ltx_itemize");
        let bibliography = html.has_class(list, "ltx_biblist");
        let mut number: usize = html
            .attribute(list, "start")
            .and_then(|start| start.parse().ok())
            .unwrap_or(1);
        let inside = Place {
            lists: place.lists.saturating_add(1),
            ..place
        };
        let mut items = Vec::new();
        for item in html.children(list).iter().copied() {
            if crate::skip::skip(html, item) || html.own_text(item).is_some() {
                continue;
            }
            if bibliography {
                items.push(format!("- {}", self.reference(item)));
                continue;
            }
            let children: Vec<NodeId> = html
                .children(item)
                .iter()
                .copied()
                .filter(|child| !html.has_class(*child, "ltx_tag_item"))
                .collect();
            let text = joined(&self.flow(&children, inside));
            let marker = match tag(html, item).as_deref() {
                Some(tag) if is_number(tag) => format!("{tag} "),
                Some(tag) if tag.chars().any(char::is_alphanumeric) => format!("- {tag} "),
                Some(_) => "- ".to_owned(),
                None if ordered => format!("{number}. "),
                None => "- ".to_owned(),
            };
            number = number.saturating_add(1);
            if text.is_empty() {
                continue;
            }
            items.push(indented(&marker, &text, place.lists));
        }
        items.join("\n")
    }

    /// Terms and what they mean.
    pub(crate) fn definitions(&self, list: NodeId, place: Place, blocks: &mut Vec<String>) {
        let html = self.html;
        let mut lines: Vec<String> = Vec::new();
        let mut term: Option<String> = None;
        let mut entries: Vec<NodeId> = Vec::new();
        for child in html.children(list) {
            match html.name(*child) {
                // HTML allows an element around each group.
                "div" => entries.extend(html.children(*child)),
                _ => entries.push(*child),
            }
        }
        for entry in entries {
            match html.name(entry) {
                "dt" => {
                    if let Some(alone) = term.take() {
                        lines.push(format!("**{alone}**"));
                    }
                    let text = self.line(entry);
                    let text = text.trim_start_matches("**").trim_end_matches("**");
                    term = Some(text.to_owned()).filter(|text| !text.is_empty());
                }
                "dd" => {
                    let meaning = self.flow(html.children(entry), place);
                    match (term.take(), meaning.as_slice()) {
                        (Some(term), []) => lines.push(format!("**{term}**")),
                        (Some(term), [one]) if !one.contains('\n') => {
                            lines.push(format!("- **{term}**: {one}"));
                        }
                        (term, _) => {
                            if let Some(term) = term {
                                lines.push(format!("**{term}**"));
                            }
                            lines.extend(meaning);
                        }
                    }
                }
                _ => {}
            }
        }
        lines.extend(term.map(|alone| format!("**{alone}**")));
        // Short entries stand together as a list.
        let mut block = String::new();
        for line in lines {
            let entry = line.starts_with("- **");
            if entry && block.starts_with("- **") {
                block.push('\n');
                block.push_str(&line);
                continue;
            }
            if !block.is_empty() {
                blocks.push(std::mem::take(&mut block));
            }
            block = line;
        }
        if !block.is_empty() {
            blocks.push(block);
        }
    }

    /// An entry of a list of references, in one line, with the addresses that its identifiers have.
    #[must_use]
    pub fn reference(&self, item: NodeId) -> String {
        let html = self.html;
        let tag = html
            .find(item, |node| html.has_class(node, "ltx_tag_bibitem"))
            .map(|tag| html.text(tag));
        let mut line = crate::line::Line::default();
        for child in html.children(item) {
            if !html.has_class(*child, "ltx_tag_bibitem") {
                line.space();
                let text = self.line(*child);
                line.raw(&text);
            }
        }
        let text = line.done();
        let mut told = match tag.filter(|tag| !tag.is_empty()) {
            Some(tag) if tag.starts_with('[') => format!("{tag} {text}"),
            Some(tag) => format!("[{tag}] {text}"),
            None => text.clone(),
        };
        if !text.contains("arxiv.org/")
            && let Some(id) = arxiv_id(&text)
        {
            told.push_str(&format!(" https://arxiv.org/abs/{id}"));
        }
        if !text.contains("doi.org/")
            && let Some(doi) = doi(&text)
        {
            told.push_str(&format!(" https://doi.org/{doi}"));
        }
        told
    }
}

/// The number of an item that LaTeXML wrote out.
fn tag(html: &Html, item: NodeId) -> Option<String> {
    html.children(item)
        .iter()
        .find(|child| html.has_class(**child, "ltx_tag_item"))
        .map(|tag| html.text(*tag))
}

fn is_number(tag: &str) -> bool {
    tag.strip_suffix('.')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// An item's blocks: lists follow its text closely, everything else stands apart.
fn joined(blocks: &[String]) -> String {
    let mut text = String::new();
    for block in blocks {
        if !text.is_empty() {
            text.push_str(match block.starts_with("- ") || block.starts_with("1. ") {
                true => "\n",
                false => "\n\n",
            });
        }
        text.push_str(block);
    }
    text
}

/// An item behind its marker, further lines under its text.
fn indented(marker: &str, text: &str, lists: u8) -> String {
    // `- (a) ` is a marker and a word.
    let width = marker.find(' ').map_or(2, |space| space + 1);
    let pad = match lists < DEEPEST {
        true => " ".repeat(width),
        false => String::new(),
    };
    let mut lines = text.lines();
    let mut item = format!("{marker}{}", lines.next().unwrap_or_default());
    for line in lines {
        item.push('\n');
        if !line.is_empty() {
            item.push_str(&pad);
            item.push_str(line);
        }
    }
    item
}

/// The identifier behind `arXiv:` or `abs/`.
fn arxiv_id(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let after = ["arxiv:", "corr abs/", "abs/"].iter().find_map(|mark| {
        let at = lower.find(mark)? + mark.len();
        text.get(at..)
    })?;
    let after = after.trim_start();
    let end = after
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-')))
        .unwrap_or(after.len());
    let id = after.get(..end)?.trim_end_matches(['.', '-', '/']);
    let (first, second) = id.split_once(['.', '/'])?;
    let digits = |text: &str| text.len() >= 4 && text.bytes().all(|b| b.is_ascii_digit());
    let version = second
        .find('v')
        .map_or(second, |at| second.get(..at).unwrap_or_default());
    let modern = first.len() == 4 && digits(first) && id.contains('.');
    let old = first.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') && id.contains('/');
    ((modern || old) && digits(version)).then_some(id)
}

/// A DOI that stands in the text.
fn doi(text: &str) -> Option<&str> {
    let at = text.match_indices("10.").map(|(at, _)| at).find(|at| {
        let before = text
            .get(..*at)
            .and_then(|before| before.chars().next_back());
        let rest = text.get(at + 3..).unwrap_or_default();
        let prefix = rest.split('/').next().unwrap_or_default();
        before.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '.')
            && rest.contains('/')
            && (4..=9).contains(&prefix.len())
            && prefix.bytes().all(|b| b.is_ascii_digit())
    })?;
    let rest = text.get(at..)?;
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, ')' | ']' | '"' | ',' | '`' | '*'))
        .unwrap_or(rest.len());
    let doi = rest.get(..end)?.trim_end_matches(['.', ';']);
    (doi.len() > 8).then_some(doi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_found() {
        let table = [
            ("arXiv preprint arXiv:1607.06450, 2016.", Some("1607.06450")),
            ("CoRR, abs/1409.0473v2, 2014.", Some("1409.0473v2")),
            ("arXiv:hep-th/9901001.", Some("hep-th/9901001")),
            ("arXiv: 2101.00001.", Some("2101.00001")),
            ("arXiv:cs.LG", None),
            ("about abs/12", None),
        ];
        for (text, expected) in table {
            assert_eq!(arxiv_id(text), expected, "{text}");
        }
        let table = [
            (
                "Nature, doi: 10.1038/s41586-021-03819-2.",
                Some("10.1038/s41586-021-03819-2"),
            ),
            ("pp. 10.5/3", None),
            ("in 2010.1234/x", None),
            ("(10.1145/3442188.3445922)", Some("10.1145/3442188.3445922")),
        ];
        for (text, expected) in table {
            assert_eq!(doi(text), expected, "{text}");
        }
    }
}
