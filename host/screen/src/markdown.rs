//! Markdown that comes in pieces, as lines for a terminal.
//!
//! A line of the source is laid out as soon as it is whole; a table, as soon as its last row is. Nothing that was given
//! out is taken back. Where lines of a paragraph are broken in the source, they are broken here.
//!
//! | source | on a terminal | without styles |
//! | --- | --- | --- |
//! | `# Heading` | bold | `# Heading` |
//! | `**strong**`, `*emphasis*`, `~~struck~~` | bold, italic, struck | as written |
//! | `` `code` `` | coloured | as written |
//! | `[text](url)` | a link; the URL too, where the terminal has no links | `text (url)` |
//! | lists, tasks, quotes | `•`, `☐` and `☑`, `▌` | `-`, `[ ]` and `[x]`, `>` |
//! | fences | indented, in colours | the same, with the fences |
//! | tables | columns, shrunk to the width | the same |
//! | `$…$`, `\(…\)` | as written | as written |

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::clean::{self, Cleaner};
use crate::code::Code;
use crate::style::{BLUE, CYAN, Span, Style, paint, wrap};
use crate::{Terminal, table};

/// Columns that a line of text has at most, however wide the terminal is: longer ones are hard to read. A log has them all the
/// same: there, a line that is broken is hard to find.
const COLUMNS: usize = 100;

/// A line of the source is broken here where it has no end.
const LONGEST: usize = 64 * 1024;

/// Rows of a table that are laid out together at most.
const ROWS: usize = 1_000;

/// Lays out what a model says.
pub struct Markdown {
    terminal: Terminal,
    cleaner: Cleaner,
    /// The line of the source that is not whole yet.
    open: String,
    fence: Option<Fence>,
    table: Vec<String>,
    /// Whether the last line that was given out is empty, or there was none.
    blank: bool,
}

struct Fence {
    mark: char,
    length: usize,
    code: Code,
}

impl std::fmt::Debug for Markdown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Markdown")
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

impl Markdown {
    /// For a terminal.
    #[must_use]
    pub fn new(terminal: &Terminal) -> Markdown {
        Markdown {
            terminal: terminal.clone(),
            cleaner: Cleaner::default(),
            open: String::new(),
            fence: None,
            table: Vec::new(),
            blank: true,
        }
    }

    /// The terminal has another size.
    pub fn resize(&mut self, terminal: &Terminal) {
        self.terminal = terminal.clone();
    }

    /// The next piece. Gives the lines that are whole with it, each with its end.
    pub fn push(&mut self, piece: &str) -> String {
        let mut out = String::new();
        let clean = self.cleaner.push(piece);
        for part in clean.split_inclusive('\n') {
            match part.strip_suffix('\n') {
                Some(part) => {
                    self.open.push_str(part);
                    let line = std::mem::take(&mut self.open);
                    self.line(&line, &mut out);
                }
                None => {
                    self.open.push_str(part);
                    if self.open.len() > LONGEST {
                        let line = std::mem::take(&mut self.open);
                        self.line(&line, &mut out);
                    }
                }
            }
        }
        out
    }

    /// What is not whole yet, as it will look: for a place that is drawn anew. Lines without their ends.
    #[must_use]
    pub fn tail(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.table.clone();
        if !self.open.is_empty() {
            let spans = match &self.fence {
                Some(_) => vec![Span::new(self.open.clone(), Style::plain())],
                None => inline(&self.open, &self.terminal),
            };
            lines.extend(self.wrapped(&spans, &[], &[]));
        }
        lines
    }

    /// The end: what was not whole is.
    pub fn finish(&mut self) -> String {
        let mut out = String::new();
        if !self.open.is_empty() {
            let line = std::mem::take(&mut self.open);
            self.line(&line, &mut out);
        }
        self.end_table(&mut out);
        self.forget();
        out
    }

    /// Forgets what was not given out: the answer begins anew.
    pub fn forget(&mut self) {
        self.cleaner = Cleaner::default();
        self.open.clear();
        self.fence = None;
        self.table.clear();
        self.blank = true;
    }

    fn columns(&self) -> usize {
        if self.terminal.tty {
            self.terminal.width.min(COLUMNS)
        } else {
            self.terminal.width
        }
    }

    fn line(&mut self, line: &str, out: &mut String) {
        if let Some(fence) = &mut self.fence {
            if closes(line, fence.mark, fence.length) {
                self.fence = None;
                if !self.terminal.styles {
                    self.put(line.trim_start().to_owned(), out);
                }
                return;
            }
            let spans = fence.code.line(line);
            self.code(&spans, out);
            return;
        }
        if is_row(line) && self.table.len() < ROWS {
            self.table.push(line.trim().to_owned());
            return;
        }
        self.end_table(out);
        if let Some((mark, length, language)) = opens(line) {
            if !self.terminal.styles {
                self.put(line.trim_start().to_owned(), out);
            }
            self.fence = Some(Fence {
                mark,
                length,
                code: Code::new(language),
            });
            return;
        }
        if line.trim().is_empty() {
            if !self.blank {
                out.push('\n');
                self.blank = true;
            }
            return;
        }
        self.block(line, out);
    }

    /// A line of code. It is not broken between words.
    fn code(&mut self, spans: &[Span], out: &mut String) {
        let indent = Span::new("  ", Style::plain());
        let columns = self.terminal.width;
        let mut line = vec![indent.clone()];
        let mut used = 2;
        for span in spans {
            let mut rest = span.text.as_str();
            while !rest.is_empty() {
                let fits = clean::fitting(rest, columns.saturating_sub(used));
                if fits.is_empty() && used > 2 {
                    self.put(paint(&line, &self.terminal), out);
                    line = vec![indent.clone()];
                    used = 2;
                    continue;
                }
                // One that is wider than the terminal goes out all the same.
                let end = if fits.is_empty() {
                    rest.len()
                } else {
                    fits.len()
                };
                let (now, after) = rest.split_at(end);
                line.push(Span::new(now, span.style));
                used = used.saturating_add(clean::width(now));
                rest = after;
            }
        }
        self.put(paint(&line, &self.terminal), out);
    }

    /// A line outside of fences and tables.
    fn block(&mut self, line: &str, out: &mut String) {
        let indent = line.chars().take_while(|c| *c == ' ').count();
        let text = line.trim();
        if is_rule(text) {
            let mark = if self.terminal.unicode { "─" } else { "-" };
            let rule = mark.repeat(self.columns().min(40));
            self.put(paint(&[Span::new(rule, Style::dim())], &self.terminal), out);
            return;
        }
        if let Some((level, title)) = heading(text) {
            let style = Style {
                colour: (level <= 2).then_some(CYAN),
                ..Style::bold()
            };
            let mut spans = inline(title, &self.terminal);
            if self.terminal.styles {
                for span in &mut spans {
                    span.style = Style {
                        italic: span.style.italic,
                        ..style
                    };
                }
            } else {
                spans.insert(
                    0,
                    Span::new(format!("{} ", "#".repeat(level)), Style::plain()),
                );
            }
            let lines = self.wrapped(&spans, &[], &[]);
            self.put_all(lines, out);
            return;
        }
        if let Some(quoted) = text.strip_prefix('>') {
            let mark = if self.terminal.unicode && !self.terminal.spoken {
                "▌ "
            } else {
                "> "
            };
            let mark = [Span::new(mark, Style::dim())];
            let mut spans = inline(quoted.trim_start(), &self.terminal);
            for span in &mut spans {
                span.style.italic = true;
            }
            let lines = self.wrapped(&spans, &mark, &mark);
            self.put_all(lines, out);
            return;
        }
        let deep = indent.min(self.terminal.width / 3);
        if let Some((mark, text)) = item(text, &self.terminal) {
            let first = [Span::new(
                format!("{}{mark} ", " ".repeat(deep)),
                Style::plain(),
            )];
            let hang = clean::width(&first[0].text);
            let rest = [Span::new(" ".repeat(hang), Style::plain())];
            let lines = self.wrapped(&inline(text, &self.terminal), &first, &rest);
            self.put_all(lines, out);
            return;
        }
        let spaces = [Span::new(" ".repeat(deep), Style::plain())];
        let lines = self.wrapped(&inline(text, &self.terminal), &spaces, &spaces);
        self.put_all(lines, out);
    }

    fn wrapped(&self, spans: &[Span], first: &[Span], rest: &[Span]) -> Vec<String> {
        wrap(spans, self.columns(), first, rest)
            .iter()
            .map(|line| paint(line, &self.terminal))
            .collect()
    }

    fn end_table(&mut self, out: &mut String) {
        let rows = std::mem::take(&mut self.table);
        if rows.is_empty() {
            return;
        }
        match table::lay_out(&rows, &self.terminal) {
            Some(lines) => self.put_all(lines, out),
            None => {
                for row in rows {
                    self.block(&row, out);
                }
            }
        }
    }

    fn put_all(&mut self, lines: Vec<String>, out: &mut String) {
        for line in lines {
            self.put(line, out);
        }
    }

    fn put(&mut self, line: String, out: &mut String) {
        out.push_str(&line);
        out.push('\n');
        self.blank = false;
    }
}

/// Whether a line may be a row of a table.
fn is_row(line: &str) -> bool {
    let line = line.trim();
    line.len() > 1 && line.starts_with('|')
}

/// A fence's mark, its length, and its language.
fn opens(line: &str) -> Option<(char, usize, &str)> {
    let line = line.trim();
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == mark).count();
    let info = line.trim_start_matches(mark).trim();
    if length < 3 || (mark == '`' && info.contains('`')) {
        return None;
    }
    let language = info
        .split(|c: char| c.is_whitespace() || c == '{' || c == ',')
        .next();
    Some((mark, length, language.unwrap_or_default()))
}

fn closes(line: &str, mark: char, length: usize) -> bool {
    let line = line.trim();
    line.chars().count() >= length && line.chars().all(|c| c == mark)
}

fn is_rule(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| *c != ' ').collect();
    let mark = plain.chars().next();
    plain.len() >= 3
        && matches!(mark, Some('-' | '*' | '_'))
        && plain.chars().all(|c| Some(c) == mark)
}

fn heading(text: &str) -> Option<(usize, &str)> {
    let level = text.chars().take_while(|c| *c == '#').count();
    let rest = text.get(level..)?;
    let title = rest.strip_prefix(' ')?;
    (1..=6)
        .contains(&level)
        .then(|| (level, title.trim_end_matches('#').trim()))
}

/// An item of a list: its mark as it is shown, and its text.
fn item<'t>(text: &'t str, terminal: &Terminal) -> Option<(String, &'t str)> {
    let pretty = terminal.unicode && !terminal.spoken;
    for mark in ["- ", "* ", "+ "] {
        let Some(rest) = text.strip_prefix(mark) else {
            continue;
        };
        for (box_, shown) in [("[ ] ", "☐"), ("[x] ", "☑"), ("[X] ", "☑")] {
            if let Some(rest) = rest.strip_prefix(box_) {
                let shown = if pretty { shown } else { box_.trim_end() };
                return Some((shown.to_owned(), rest));
            }
        }
        return Some((if pretty { "•" } else { "-" }.to_owned(), rest));
    }
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    let rest = rest
        .strip_prefix(". ")
        .or_else(|| rest.strip_prefix(") "))?;
    (1..=9)
        .contains(&digits)
        .then(|| (format!("{number}."), rest))
}

/// The spans of a line's text.
pub(crate) fn inline(text: &str, terminal: &Terminal) -> Vec<Span> {
    // LaTeX's own parentheses are no escapes.
    let mut source = text.to_owned();
    for open in ["\\(", "\\)", "\\[", "\\]"] {
        source = source.replace(open, &format!("\\{open}"));
    }
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH;
    let mut spans: Vec<Span> = Vec::new();
    let mut style = Style::plain();
    let mut links: Vec<(String, String)> = Vec::new();
    let styles = terminal.styles;
    let add =
        |spans: &mut Vec<Span>, links: &mut Vec<(String, String)>, text: &str, style: Style| {
            for (_, said) in links.iter_mut() {
                said.push_str(text);
            }
            spans.push(Span {
                text: text.replace('\n', " "),
                style,
                link: links.last().map(|(url, _)| url.clone()),
            });
        };
    for event in Parser::new_ext(&source, options) {
        let marked = |mark: &str| {
            if styles {
                String::new()
            } else {
                mark.to_owned()
            }
        };
        match event {
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                add(&mut spans, &mut links, &text, style);
            }
            Event::Code(code) => {
                let code = format!("{0}{code}{0}", marked("`"));
                let style = Style {
                    colour: Some(CYAN),
                    ..style
                };
                add(&mut spans, &mut links, &code, style);
            }
            Event::InlineMath(math) => add(&mut spans, &mut links, &format!("${math}$"), style),
            Event::DisplayMath(math) => add(&mut spans, &mut links, &format!("$${math}$$"), style),
            Event::SoftBreak | Event::HardBreak => add(&mut spans, &mut links, " ", style),
            Event::Start(Tag::Strong) => {
                style.bold = true;
                add(&mut spans, &mut links, &marked("**"), style);
            }
            Event::End(TagEnd::Strong) => {
                add(&mut spans, &mut links, &marked("**"), style);
                style.bold = false;
            }
            Event::Start(Tag::Emphasis) => {
                style.italic = true;
                add(&mut spans, &mut links, &marked("*"), style);
            }
            Event::End(TagEnd::Emphasis) => {
                add(&mut spans, &mut links, &marked("*"), style);
                style.italic = false;
            }
            Event::Start(Tag::Strikethrough) => {
                style.struck = true;
                add(&mut spans, &mut links, &marked("~~"), style);
            }
            Event::End(TagEnd::Strikethrough) => {
                add(&mut spans, &mut links, &marked("~~"), style);
                style.struck = false;
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push((clean::line(&dest_url), String::new()));
                style.underline = true;
                style.colour = Some(BLUE);
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                style.underline = false;
                style.colour = None;
                if let Some((url, said)) = links.pop()
                    && !terminal.links
                    && url != said
                    && !url.is_empty()
                {
                    add(&mut spans, &mut links, &format!(" ({url})"), Style::dim());
                }
            }
            _ => {}
        }
    }
    if spans.is_empty() {
        // What the parser takes for something else, such as a definition, is text.
        spans.push(Span::new(text, Style::plain()));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain() -> Terminal {
        Terminal {
            width: 30,
            unicode: true,
            ..Terminal::pipe()
        }
    }

    fn all(text: &str, terminal: &Terminal) -> String {
        let mut markdown = Markdown::new(terminal);
        let mut out = markdown.push(text);
        out.push_str(&markdown.finish());
        out
    }

    #[test]
    fn without_styles() {
        for (source, expected) in [
            ("", ""),
            ("one", "one\n"),
            ("one\n\n\n\ntwo\n", "one\n\ntwo\n"),
            ("# A *b*\n", "# A *b*\n"),
            ("**a** `b` ~~c~~", "**a** `b` ~~c~~\n"),
            ("see [here](https://x.y)", "see here (https://x.y)\n"),
            ("<https://x.y>", "https://x.y\n"),
            ("- a\n  - b\n1. c\n", "• a\n  • b\n1. c\n"),
            ("- [ ] a\n- [x] b", "☐ a\n☑ b\n"),
            ("> quoted", "▌ quoted\n"),
            ("---", "──────────────────────────────\n"),
            (
                "```py\nx = 1\n\ny\n```\nend",
                "```py\n  x = 1\n  \n  y\n```\nend\n",
            ),
            (
                "$a_1 * b_2 * c$ and \\(x*y*z\\)",
                "$a_1 * b_2 * c$ and \\(x*y*z\\)\n",
            ),
            ("snake_case_name stays", "snake_case_name stays\n"),
            ("a < b & c", "a < b & c\n"),
            (
                "- a long item that has to be broken",
                "• a long item that has to be\n  broken\n",
            ),
            ("|a|b|\n|-|-|\n|1|22|\n", "a  b\n─  ──\n1  22\n"),
            ("| no table", "| no table\n"),
            ("bad \u{1b}[2J\u{202e}text", "bad text\n"),
        ] {
            assert_eq!(all(source, &plain()), expected, "{source:?}");
        }
    }

    #[test]
    fn with_styles() {
        let terminal = Terminal {
            styles: true,
            ..plain()
        };
        for (source, expected) in [
            ("## A", "\u{1b}[1;36mA\u{1b}[0m\n"),
            ("a **b**", "a \u{1b}[1mb\u{1b}[0m\n"),
            ("`c`", "\u{1b}[36mc\u{1b}[0m\n"),
            ("```\nx\n```\n", "  x\n"),
        ] {
            assert_eq!(all(source, &terminal), expected, "{source:?}");
        }
    }

    #[test]
    fn what_is_not_whole() {
        let mut markdown = Markdown::new(&plain());
        assert_eq!(markdown.push("one\ntw"), "one\n");
        assert_eq!(markdown.tail(), ["tw"]);
        markdown.forget();
        assert_eq!(markdown.push("new\n"), "new\n");
        assert_eq!(markdown.push("|a|\n|-|\n"), "");
        assert_eq!(markdown.tail(), ["|a|", "|-|"]);
        assert_eq!(markdown.finish(), "a\n─\n");
    }

    proptest! {
        /// However it is split, it is the same; nothing is wider than the terminal, and no control gets through.
        #[test]
        fn pieces(
            source in "([a-zé日 *_`|#>\\-\\[\\]()~$\u{1b}\u{202e}0-9]|\n|```py\n|\\*\\*|https://a\\.b/){0,60}",
            at in 0usize..200,
            width in 20usize..90,
        ) {
            let terminal = Terminal { width, ..plain() };
            let whole = all(&source, &terminal);
            let cut = source.char_indices().map(|(i, _)| i).nth(at).unwrap_or(source.len());
            let mut markdown = Markdown::new(&terminal);
            let mut split = markdown.push(&source[..cut]);
            split.push_str(&markdown.push(&source[cut..]));
            split.push_str(&markdown.finish());
            prop_assert_eq!(&whole, &split);
            for line in whole.lines() {
                prop_assert!(clean::width(line) <= width, "{:?}", line);
                prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
            }
        }
    }
}
