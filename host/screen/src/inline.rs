//! Words inside a line of Markdown: emphasis, code, links.
//!
//! Links go behind words only where they lead to the web or to a mailbox, and are plain ASCII: others are shown in
//! words. Where the words themselves name an address, and the link leads to another one, both are shown.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::style::{BLUE, CYAN, Span, Style};
use crate::{Terminal, clean};

/// What stands before the text for the parser, so that it takes nothing in it for a list, a heading or another block.
const BEFORE: &str = "x ";

/// What LaTeX in a line begins and ends with; longer ones first.
const MATH: [(&str, &str); 4] = [("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")];

/// The spans of a line's text, which is trimmed.
pub(crate) fn inline(text: &str, terminal: &Terminal) -> Vec<Span> {
    let source = format!("{BEFORE}{}", literal_math(text));
    let mut line = Line {
        terminal,
        spans: Vec::new(),
        style: Style::plain(),
        links: Vec::new(),
        skip: BEFORE.len(),
    };
    for event in Parser::new_ext(&source, Options::ENABLE_STRIKETHROUGH) {
        line.event(&event);
    }
    line.spans
}

struct Line<'t> {
    terminal: &'t Terminal,
    spans: Vec<Span>,
    style: Style,
    /// Where the text leads, and what it says, from the outermost link.
    links: Vec<(String, String)>,
    /// Bytes of [`BEFORE`] that are still to come.
    skip: usize,
}

impl Line<'_> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Text(text) => {
                let text = text.get(self.skip.min(text.len())..).unwrap_or_default();
                self.skip = 0;
                self.text(text);
            }
            Event::InlineHtml(html) => {
                let lower = html.to_ascii_lowercase();
                if ["<br>", "<br/>", "<br />"].contains(&lower.as_str()) {
                    self.add(" ", self.style);
                } else {
                    self.add(html, self.style);
                }
            }
            Event::Code(code) => {
                let mark = if self.terminal.styles { "" } else { "`" };
                let style = Style {
                    colour: Some(CYAN),
                    ..self.style
                };
                self.add(&format!("{mark}{code}{mark}"), style);
            }
            Event::SoftBreak | Event::HardBreak => self.add(" ", self.style),
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Strong => {
                self.style.bold = true;
                self.mark("**");
            }
            Tag::Emphasis => {
                self.style.italic = true;
                self.mark("*");
            }
            Tag::Strikethrough => {
                self.style.struck = true;
                self.mark("~~");
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((clean::line(dest_url), String::new()));
                self.style.underline = true;
                self.style.colour = Some(BLUE);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: &TagEnd) {
        match tag {
            TagEnd::Strong => {
                self.mark("**");
                self.style.bold = false;
            }
            TagEnd::Emphasis => {
                self.mark("*");
                self.style.italic = false;
            }
            TagEnd::Strikethrough => {
                self.mark("~~");
                self.style.struck = false;
            }
            TagEnd::Link | TagEnd::Image => {
                let Some((url, said)) = self.links.pop() else {
                    return;
                };
                if self.links.is_empty() {
                    self.style.underline = false;
                    self.style.colour = None;
                }
                let behind = self.terminal.links && is_linkable(&url);
                let same = url == said || url.strip_prefix("mailto:") == Some(said.as_str());
                if !url.is_empty() && !same && (!behind || is_address(&said)) {
                    self.add(&format!(" ({url})"), Style::dim());
                }
            }
            _ => {}
        }
    }

    /// A mark that is kept where there are no styles.
    fn mark(&mut self, mark: &str) {
        if !self.terminal.styles {
            self.add(mark, self.style);
        }
    }

    /// Words, of which those that are addresses lead there.
    fn text(&mut self, text: &str) {
        if !self.terminal.links || !self.links.is_empty() {
            return self.add(text, self.style);
        }
        let mut rest = text;
        while let Some((before, url, after)) = address(rest) {
            self.add(before, self.style);
            self.links.push((url.to_owned(), String::new()));
            self.add(url, self.style);
            self.links.pop();
            rest = after;
        }
        self.add(rest, self.style);
    }

    fn add(&mut self, text: &str, style: Style) {
        // What the parser made of `&#27;` and the like was not seen when the source was made harmless.
        let text = clean::text(text).replace('\n', " ");
        if text.is_empty() {
            return;
        }
        for (_, said) in &mut self.links {
            said.push_str(&text);
        }
        let link = self.links.last().map(|(url, _)| url);
        self.spans.push(Span {
            link: link.filter(|url| is_linkable(url)).cloned(),
            text,
            style,
        });
    }
}

/// Whether a link may go behind words. Its characters are those that OSC 8 takes.
fn is_linkable(url: &str) -> bool {
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
        && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether words look like an address.
fn is_address(said: &str) -> bool {
    said.contains("://") || said.starts_with("www.") || said.starts_with("mailto:")
}

/// The first address in a text, with what is before and after.
fn address(text: &str) -> Option<(&str, &str, &str)> {
    let at = ["https://", "http://"]
        .iter()
        .filter_map(|scheme| text.find(scheme))
        .min()?;
    let (before, rest) = text.split_at(at);
    let end = rest
        .find(|c: char| !c.is_ascii_graphic() || matches!(c, '<' | '>' | '"'))
        .unwrap_or(rest.len());
    let url = rest
        .get(..end)?
        .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '*']);
    Some((before, url, rest.get(url.len()..)?))
}

/// A text with each character of its LaTeX, and of what only looks as if it began some, escaped: what it says is not
/// Markdown. Code stays as it is.
fn literal_math(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // What was looked for and is not in the rest.
    let mut missing: Vec<String> = Vec::new();
    while let Some(c) = rest.chars().next() {
        if c == '`' {
            let run = rest.len() - rest.trim_start_matches('`').len();
            let (ticks, after) = rest.split_at(run);
            let code = code_end(after, ticks, &mut missing).unwrap_or(0);
            let (code, after) = after.split_at(code);
            out.push_str(ticks);
            out.push_str(code);
            rest = after;
            continue;
        }
        let Some((begin, end)) = MATH.iter().find(|(begin, _)| rest.starts_with(begin)) else {
            let mut length = c.len_utf8();
            if c == '\\' {
                // What is escaped begins nothing.
                length += rest.chars().nth(1).map_or(0, char::len_utf8);
            }
            let (one, after) = rest.split_at(length);
            out.push_str(one);
            rest = after;
            continue;
        };
        let (_, inside) = rest.split_at(begin.len());
        let length = math_end(inside, end, &mut missing).unwrap_or(0);
        let (math, after) = rest.split_at(begin.len() + length);
        if length == 0 && *begin != "\\(" && *begin != "\\[" {
            out.push_str(math);
        } else {
            escape(math, &mut out);
        }
        rest = after;
    }
    out
}

/// Where code ends that began with `ticks`: after as many.
fn code_end(text: &str, ticks: &str, missing: &mut Vec<String>) -> Option<usize> {
    if missing.iter().any(|one| one == ticks) {
        return None;
    }
    let mut at = 0;
    while let Some(found) = text.get(at..)?.find('`') {
        let begin = at + found;
        let run = text.get(begin..)?;
        let run = run.len() - run.trim_start_matches('`').len();
        at = begin + run;
        if run == ticks.len() {
            return Some(at);
        }
    }
    missing.push(ticks.to_owned());
    None
}

/// Where LaTeX ends. Dollars stand next to what they enclose, and no amount follows the last.
fn math_end(text: &str, end: &str, missing: &mut Vec<String>) -> Option<usize> {
    if missing.iter().any(|one| one == end) {
        return None;
    }
    if end.starts_with('$') && text.starts_with(|c: char| c.is_whitespace() || c == '$') {
        return None;
    }
    for (at, _) in text.match_indices(end) {
        let stop = at + end.len();
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(stop..).unwrap_or_default();
        let encloses = end != "$"
            || !(before.ends_with([' ', '\\', '$'])
                || before.is_empty()
                || after.starts_with(|c: char| c.is_ascii_digit() || c == '$'));
        if encloses {
            return Some(stop);
        }
    }
    missing.push(end.to_owned());
    None
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        let spans = inline(text, &Terminal::pipe());
        spans.iter().map(|span| span.text.as_str()).collect()
    }

    #[test]
    fn nothing_in_a_line_is_a_block() {
        for text in [
            "1. Set up",
            "- dash",
            "# of rows",
            "> 3",
            "+ 5",
            "* one",
            "[a]: https://b",
            "| a | b |",
            "<div>",
            "---",
            "~~~",
        ] {
            assert_eq!(plain(text), text, "{text:?}");
        }
    }

    #[test]
    fn math_is_left_as_it_is() {
        for text in [
            "$a_1 * b_2 * c$",
            "\\(x*y*z\\)",
            "\\[x_{*}*y_{*}\\]",
            "$$a*b*c$$ then",
            "only \\( opens",
            "\\frac{a}{b}",
            "$\\{x\\}$",
        ] {
            assert_eq!(plain(text), text, "{text:?}");
            let styled = Terminal {
                styles: true,
                ..Terminal::pipe()
            };
            let spans = inline(text, &styled);
            let said: String = spans.iter().map(|span| span.text.as_str()).collect();
            assert_eq!(said, text, "{text:?}");
        }
        let styled = Terminal {
            styles: true,
            ..Terminal::pipe()
        };
        let emphasized = |text: &str| {
            let spans = inline(text, &styled);
            spans.iter().any(|span| span.style.bold)
        };
        assert!(emphasized("$5 is **not** $6"));
        assert!(emphasized("`\\(` **b** `\\)`"));
        assert!(!emphasized("$5**n**6$"));
    }

    /// No escape sequence, nothing invisible comes out of entities.
    #[test]
    fn entities_are_harmless() {
        for (text, shown) in [
            ("a &lt; b &amp; c", "a < b & c"),
            ("&#27;[31mred", "[31mred"),
            ("&#x9b;2Jx&#7;", "2Jx·"),
            ("a&#x202e;b&#10;c", "ab c"),
            ("[a](https://x&#27;]52;c;y)", "a (https://x)"),
            ("`&#27;`", "`&#27;`"),
            ("&ZeroWidthSpace;", ""),
        ] {
            assert_eq!(plain(text), shown, "{text:?}");
        }
    }

    #[test]
    fn links() {
        let terminal = Terminal {
            links: true,
            ..Terminal::pipe()
        };
        for (text, said, links) in [
            ("[a](https://b.c)", "a", vec!["https://b.c"]),
            ("[a](file:///etc)", "a (file:///etc)", vec![]),
            ("[a](https://bücher.de)", "a (https://bücher.de)", vec![]),
            (
                "[https://good.org](https://bad.org)",
                "https://good.org (https://bad.org)",
                vec!["https://bad.org"],
            ),
            ("<https://b.c>", "https://b.c", vec!["https://b.c"]),
            ("<a@b.c>", "a@b.c", vec![]),
            (
                "see https://b.c/d, and (http://e.f).",
                "see https://b.c/d, and (http://e.f).",
                vec!["https://b.c/d", "http://e.f"],
            ),
            (
                "![chart](https://b.c/d.png)",
                "chart",
                vec!["https://b.c/d.png"],
            ),
            ("a<br>b", "a b", vec![]),
        ] {
            let spans = inline(text, &terminal);
            let shown: String = spans.iter().map(|span| span.text.as_str()).collect();
            assert_eq!(shown, said, "{text:?}");
            let mut found: Vec<&str> = spans
                .iter()
                .filter_map(|span| span.link.as_deref())
                .collect();
            found.dedup();
            assert_eq!(found, links, "{text:?}");
        }
    }
}
