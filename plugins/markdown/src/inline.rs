//! Running text: emphasis, links, formulas, pictures, footnotes.

use crate::block::Place;
use crate::line::Line;
use crate::skip::skip;
use crate::{Converter, Html, NodeId, math};

/// What running text is in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Style {
    pub(crate) bold: bool,
    pub(crate) italic: bool,
    pub(crate) code: bool,
    pub(crate) link: bool,
    /// Line breaks are spaces.
    pub(crate) one_line: bool,
    /// In a table's cell, where `|` would end it.
    pub(crate) cell: bool,
    /// Without emphasis: headings have theirs already.
    pub(crate) plain: bool,
}

/// Marks that only say "here is a link to this place".
const ANCHORS: [&str; 5] = ["#", "¶", "§", "🔗", "\u{f0c1}"];

impl Converter<'_> {
    /// A node as part of running text.
    pub(crate) fn inline(&self, node: NodeId, place: Place, line: &mut Line) {
        let html = self.html;
        let style = place.style;
        if let Some(text) = html.own_text(node) {
            match style.cell {
                true => line.text(&text.replace('|', "\\|")),
                false => line.text(text),
            }
            return;
        }
        if skip(html, node) {
            return;
        }
        if place.is_too_deep() {
            line.text(&html.text(node));
            return;
        }
        if let Some((tex, display)) = math::formula(html, node) {
            self.formula(&tex, display, style, line);
            return;
        }
        if html.has_class(node, "ltx_note") {
            self.note(node, line);
            return;
        }
        let place = place.deeper();
        match html.name(node) {
            "br" if style.one_line => line.space(),
            "br" => line.newline(),
            "a" => self.link(node, place, line),
            "img" | "object" => self.picture(node, place, line),
            "sup" => self.script(node, "^", place, line),
            "sub" => self.script(node, "_", place, line),
            "q" => {
                line.raw("\"");
                self.children(node, place, line);
                line.raw("\"");
            }
            name => {
                if let Some((mark, style)) = emphasis(html, node, name, style) {
                    let mut inner = Line::default();
                    self.children(node, Place { style, ..place }, &mut inner);
                    // A picture or a footnote needs no emphasis, and code has its own marks.
                    let mark = match inner.so_far() {
                        "" => "",
                        text if text.starts_with(['!', '`', '[']) && mark != "`" => "",
                        text if mark == "`" && text.contains('`') => "",
                        text if text.contains('\n') => "",
                        _ => mark,
                    };
                    line.marked(mark, inner);
                    return;
                }
                // Blocks in one line, as in a table's cell, are apart by a space.
                let apart = html.has_block(node) || html.has_class(node, "ltx_p");
                if apart {
                    line.space();
                }
                self.children(node, place, line);
                if apart {
                    line.space();
                }
            }
        }
    }

    fn children(&self, node: NodeId, place: Place, line: &mut Line) {
        for child in self.html.children(node) {
            self.inline(*child, place, line);
        }
    }

    fn formula(&self, tex: &str, display: bool, style: Style, line: &mut Line) {
        if tex.is_empty() {
            return;
        }
        if display && !style.one_line && !style.cell {
            line.newline();
            line.raw(&format!("$${tex}$$"));
            line.newline();
        } else {
            line.raw(&math::inline(tex, style.cell));
        }
    }

    fn link(&self, node: NodeId, place: Place, line: &mut Line) {
        let mut inner = Line::default();
        let style = Style {
            link: true,
            one_line: true,
            ..place.style
        };
        self.children(node, Place { style, ..place }, &mut inner);
        let href = self.html.attribute(node, "href").unwrap_or_default();
        let address = self.address(href).filter(|(_, out)| *out);
        let text = inner.so_far().to_owned();
        match address {
            None if ANCHORS.contains(&text.as_str()) => {}
            Some((url, _)) if !text.is_empty() && !place.style.link && !place.style.code => {
                let mut outer = Line::default();
                let bare = url.strip_prefix("mailto:").unwrap_or(&url);
                if text == bare || format!("{text}/") == bare {
                    outer.raw(&text);
                } else if let Some(plain) = code_of(&text).filter(|plain| *plain == bare) {
                    outer.raw(plain);
                } else {
                    outer.raw(&format!("[{text}]({url})"));
                }
                // The white space that the link has at its ends stays outside of it.
                let mut around = inner;
                around.replace(outer);
                line.marked("", around);
            }
            _ => line.marked("", inner),
        }
    }

    fn picture(&self, node: NodeId, place: Place, line: &mut Line) {
        let html = self.html;
        let alt = html.attribute(node, "alt").unwrap_or_default().trim();
        if place.figure || alt.is_empty() || alt == "Refer to caption" {
            return;
        }
        let mut told = Line::default();
        told.text(alt);
        let told = told.done();
        match image_address(html, node).and_then(|source| self.address(source)) {
            Some((url, _)) if !place.style.link => line.raw(&format!("![{told}]({url})")),
            _ => line.raw(&told),
        }
    }

    fn script(&self, node: NodeId, mark: &str, place: Place, line: &mut Line) {
        let mut inner = Line::default();
        self.children(node, place, &mut inner);
        let text = inner.done();
        let short = text.chars().nth(1).is_none();
        match text.as_str() {
            "" => {}
            // A reference or a footnote.
            text if text.starts_with('[') || text.starts_with('$') => line.raw(text),
            text if text.contains('\n') || text.chars().count() > 40 => line.raw(text),
            text if short => line.raw(&format!("{mark}{text}")),
            text => line.raw(&format!("{mark}{{{text}}}")),
        }
    }

    /// A footnote of LaTeXML's: its mark, then its text, which is kept for the end.
    fn note(&self, node: NodeId, line: &mut Line) {
        let html = self.html;
        let class = |class: &'static str| move |node: NodeId| html.has_class(node, class);
        let mark = html
            .find(node, class("ltx_note_mark"))
            .map(|mark| html.text(mark))
            .filter(|mark| !mark.is_empty())
            .unwrap_or_else(|| "*".into());
        let Some(content) = html.find(node, class("ltx_note_content")) else {
            return;
        };
        let mut told = Line::default();
        let style = Style {
            one_line: true,
            ..Style::default()
        };
        for child in html.children(content) {
            let is_mark = ["ltx_note_mark", "ltx_tag_note"]
                .iter()
                .any(|class| html.has_class(*child, class));
            if !is_mark {
                let place = Place {
                    style,
                    depth: 1,
                    ..Place::default()
                };
                self.inline(*child, place, &mut told);
            }
        }
        let note = (mark, told.done());
        line.raw(&format!("[^{}]", note.0));
        let mut notes = self.notes.borrow_mut();
        if !note.1.is_empty() && !notes.contains(&note) {
            notes.push(note);
        }
    }
}

/// The mark of an element that emphasises, and the style within it.
fn emphasis(html: &Html, node: NodeId, name: &str, style: Style) -> Option<(&'static str, Style)> {
    let class = |class| html.has_class(node, class);
    if style.code {
        return None;
    }
    if matches!(name, "code" | "kbd" | "samp" | "tt") || class("ltx_font_typewriter") {
        return Some((
            "`",
            Style {
                code: true,
                ..style
            },
        ));
    }
    if style.plain {
        return None;
    }
    match name {
        "b" | "strong" if !style.bold => Some((
            "**",
            Style {
                bold: true,
                ..style
            },
        )),
        "i" | "em" | "dfn" | "var" if !style.italic => Some((
            "*",
            Style {
                italic: true,
                ..style
            },
        )),
        "del" | "s" | "strike" => Some(("~~", style)),
        "span" if class("ltx_font_bold") && !style.bold => Some((
            "**",
            Style {
                bold: true,
                ..style
            },
        )),
        "span" if class("ltx_font_italic") && !style.italic => Some((
            "*",
            Style {
                italic: true,
                ..style
            },
        )),
        _ => None,
    }
}

/// What stands between backquotes.
fn code_of(text: &str) -> Option<&str> {
    text.strip_prefix('`')?.strip_suffix('`')
}

/// Where a picture is; none where it is in the page itself.
pub(crate) fn image_address(html: &Html, node: NodeId) -> Option<&str> {
    html.attribute(node, "src")
        .or_else(|| html.attribute(node, "data"))
        .filter(|source| !source.starts_with("data:"))
}
