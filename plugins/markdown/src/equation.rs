//! Displayed equations as LaTeXML writes them: tables whose cells are parts of one formula, with its number.
//!
//! | row | text |
//! | --- | --- |
//! | cells with formulas | `$$…$$` |
//! | the same, with a number | `$$… \tag{3}$$` |
//! | several rows that share a number | one formula of several lines |
//! | a cell of words alone | a paragraph (`\intertext`) |

use crate::block::Place;
use crate::{Converter, Html, NodeId, math};

pub(crate) fn is_one(html: &Html, node: NodeId) -> bool {
    html.has_class(node, "ltx_eqn_table")
        || html.has_class(node, "ltx_equationgroup")
        || html.has_class(node, "ltx_equation")
        || html.has_class(node, "ltx_eqn_div")
}

impl Converter<'_> {
    pub(crate) fn equations(&self, node: NodeId, place: Place) -> Vec<String> {
        let html = self.html;
        let is_row = |node: NodeId| html.name(node) == "tr";
        let mut rows: Vec<NodeId> = html
            .within(node, |inside| !is_row(inside))
            .filter(|inside| is_row(*inside))
            .collect();
        if rows.is_empty() {
            rows.push(node);
        }
        let mut blocks = Vec::new();
        // Formulas that wait for the rest of what their number is for.
        let mut open: Vec<String> = Vec::new();
        let mut number: Option<String> = None;
        let mut shared = 0_usize;
        for row in rows {
            let found = self.row(row, place);
            if let Some((told, rows)) = found.number {
                number = Some(told);
                shared = rows;
            }
            if !found.tex.is_empty() {
                open.push(found.tex);
            }
            shared = shared.saturating_sub(1);
            if shared == 0 || !found.words.is_empty() {
                blocks.extend(display(&std::mem::take(&mut open), number.take()));
                shared = 0;
            }
            if !found.words.is_empty() {
                blocks.push(found.words);
            }
        }
        blocks.extend(display(&open, number));
        blocks
    }

    fn row(&self, row: NodeId, place: Place) -> Row {
        let html = self.html;
        let is_number = |node: NodeId| html.has_class(node, "ltx_tag_equation");
        let number = html.find(row, is_number).map(|tag| {
            let rows = html
                .parent(tag)
                .and_then(|cell| html.attribute(cell, "rowspan"))
                .and_then(|rows| rows.parse().ok())
                .unwrap_or(1);
            let text = html.text(tag);
            let bare = text
                .strip_prefix('(')
                .and_then(|text| text.strip_suffix(')'))
                .unwrap_or(&text);
            (bare.to_owned(), rows)
        });
        let is_formula = |node: NodeId| math::formula(html, node).is_some();
        let mut tex: Vec<String> = Vec::new();
        let mut words = false;
        for inside in html.within(row, |node| !is_formula(node) && !is_number(node)) {
            if let Some((part, _)) = math::formula(html, inside) {
                tex.push(part);
            } else if let Some(text) = html.own_text(inside) {
                let text = text.trim();
                let has_letters = text.chars().any(char::is_alphanumeric);
                words |= has_letters;
                if has_letters {
                    tex.push(format!("\\text{{{text}}}"));
                } else if !text.is_empty() {
                    tex.push(text.to_owned());
                }
            }
        }
        // A row of words with formulas between them is a sentence; words between formulas are part of one.
        let cells = html
            .within(row, |_| true)
            .filter(|cell| html.name(*cell) == "td" && !html.text(*cell).is_empty())
            .count();
        if words && number.is_none() && cells == 1 {
            let sentence = self.flow(html.children(row), place).join(" ");
            return Row {
                tex: String::new(),
                words: sentence,
                number,
            };
        }
        tex.retain(|part| !part.is_empty());
        Row {
            tex: tex.join(" "),
            words: String::new(),
            number,
        }
    }
}

struct Row {
    tex: String,
    words: String,
    /// The number, and of how many rows.
    number: Option<(String, usize)>,
}

fn display(lines: &[String], number: Option<String>) -> Option<String> {
    let formula = match lines {
        [] => return None,
        [one] => one.clone(),
        lines => format!("\\begin{{aligned}}{}\\end{{aligned}}", lines.join(" \\\\ ")),
    };
    Some(match number.filter(|number| !number.is_empty()) {
        Some(number) => format!("$${formula} \\tag{{{number}}}$$"),
        None => format!("$${formula}$$"),
    })
}
