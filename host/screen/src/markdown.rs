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
//! | `[text](url)` | a link; the URL too, where the terminal has no links, or the text says another one | `text (url)` |
//! | lists, tasks, quotes | `•`, `☐` and `☑`, `▌` | `-`, `[ ]` and `[x]`, `>` |
//! | fences | indented, in colours | the same, with the fences |
//! | tables | columns, shrunk to the width; rows of `name: value` where they do not fit | the same |
//! | `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, `\begin{…}` | as written | as written |

use crate::clean::{self, Cleaner};
use crate::code::Code;
use crate::inline::inline;
use crate::style::{CYAN, Span, Style, paint, wrap};
use crate::{Terminal, table};

/// Columns that a line of text has at most, however wide the terminal is: longer ones are hard to read. A log has them all the
/// same: there, a line that is broken is hard to find.
const COLUMNS: usize = 100;

/// A line of the source is broken here where it has no end.
const LONGEST: usize = 64 * 1024;

/// Rows of a table that are laid out together at most.
const ROWS: usize = 1_000;

/// Quotes in quotes that are told apart.
const QUOTES: usize = 3;

/// What LaTeX over several lines begins and ends with.
const DISPLAYS: [(&str, &str); 3] = [("$$", "$$"), ("\\[", "\\]"), ("\\begin{", "\\end{")];

/// Lays out what a model says.
pub struct Markdown {
    terminal: Terminal,
    cleaner: Cleaner,
    /// The line of the source that is not whole yet.
    open: String,
    fence: Option<Fence>,
    /// What ends the LaTeX that the last line was part of.
    display: Option<&'static str>,
    table: Vec<String>,
    /// Whether the last line that was given out is empty, or there was none.
    blank: bool,
}

struct Fence {
    mark: char,
    length: usize,
    /// Columns that it stands in from the left, as in a list.
    indent: usize,
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
            display: None,
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
            let (part, whole) = match part.strip_suffix('\n') {
                Some(part) => (part, true),
                None => (part, false),
            };
            self.more(part, &mut out);
            if whole {
                let line = std::mem::take(&mut self.open);
                self.line(&line, &mut out);
            }
        }
        out
    }

    /// More of the line. Where one is cut depends on nothing but the line.
    fn more(&mut self, mut part: &str, out: &mut String) {
        while self.open.len().saturating_add(part.len()) > LONGEST {
            let mut room = LONGEST.saturating_sub(self.open.len());
            while !part.is_char_boundary(room) {
                room = room.saturating_sub(1);
            }
            let (now, later) = part.split_at(room);
            self.open.push_str(now);
            let line = std::mem::take(&mut self.open);
            self.line(&line, out);
            part = later;
        }
        self.open.push_str(part);
    }

    /// What is not whole yet, as it will look: for a place that is drawn anew. Lines without their ends.
    #[must_use]
    pub fn tail(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .table
            .iter()
            .map(|row| clean::clip(row, self.terminal.width, self.terminal.ellipsis()))
            .collect();
        if self.open.is_empty() {
            return lines;
        }
        let spans = match &self.fence {
            Some(fence) => self.code(&[Span::new(fence.inside(&self.open), Style::plain())]),
            None if self.display.is_some() => self.verbatim(&self.open),
            None => self.block(&self.open),
        };
        lines.extend(spans.iter().map(|line| paint(line, &self.terminal)));
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
        self.display = None;
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
                return self.put_fence(line, out);
            }
            let inside = fence.inside(line);
            let spans = fence.code.line(inside);
            let lines = self.code(&spans);
            self.put_all(&lines, out);
            return;
        }
        if let Some(end) = self.display {
            if line.contains(end) || line.trim().is_empty() {
                self.display = None;
            }
            if !line.trim().is_empty() {
                let lines = self.verbatim(line);
                return self.put_all(&lines, out);
            }
        }
        if is_row(line) && self.table.len() < ROWS {
            self.table.push(line.trim().to_owned());
            return;
        }
        self.end_table(out);
        if let Some((mark, length, language)) = opens(line) {
            self.put_fence(line, out);
            self.fence = Some(Fence {
                mark,
                length,
                indent: spaces(line),
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
        self.display = display(line.trim());
        let lines = if self.display.is_some() {
            self.verbatim(line)
        } else {
            self.block(line)
        };
        self.put_all(&lines, out);
    }

    /// The line that a fence begins or ends with, where colours do not set its code apart.
    fn put_fence(&mut self, line: &str, out: &mut String) {
        if !self.terminal.styles {
            let lines = self.verbatim(line.trim());
            self.put_all(&lines, out);
        }
    }

    /// A line of code. It is not broken between words.
    fn code(&self, spans: &[Span]) -> Vec<Vec<Span>> {
        let indent = Span::new("  ", Style::plain());
        let columns = self.terminal.width;
        let mut lines = Vec::new();
        let mut line = vec![indent.clone()];
        let mut used = 2;
        for span in spans {
            let mut rest = span.text.as_str();
            while !rest.is_empty() {
                let fits = clean::fitting(rest, columns.saturating_sub(used));
                if fits.is_empty() && used > 2 {
                    lines.push(std::mem::replace(&mut line, vec![indent.clone()]));
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
        if line.len() > 1 {
            lines.push(line);
        } else if lines.is_empty() {
            lines.push(Vec::new());
        }
        lines
    }

    /// A line as it is written.
    fn verbatim(&self, line: &str) -> Vec<Vec<Span>> {
        wrap(&[Span::new(line, Style::plain())], self.columns(), &[], &[])
    }

    /// A line outside of fences and tables.
    fn block(&self, line: &str) -> Vec<Vec<Span>> {
        let mut text = line.trim();
        let mut depth = 0_usize;
        while let Some(quoted) = text.strip_prefix('>') {
            text = quoted.trim_start();
            depth = depth.saturating_add(1);
        }
        if depth == 0 {
            return self.unquoted(text, spaces(line), self.columns());
        }
        let mark = if self.terminal.unicode && !self.terminal.spoken {
            "▌ "
        } else {
            "> "
        };
        let mark = Span::new(mark.repeat(depth.min(QUOTES)), Style::dim());
        let columns = self.columns().saturating_sub(clean::width(&mark.text));
        let mut lines = self.unquoted(text, 0, columns);
        for line in &mut lines {
            for span in line.iter_mut() {
                span.style.italic = true;
            }
            line.insert(0, mark.clone());
        }
        lines
    }

    /// A line that is trimmed, and stands so many columns in from the left.
    fn unquoted(&self, text: &str, indent: usize, columns: usize) -> Vec<Vec<Span>> {
        if is_rule(text) {
            let mark = if self.terminal.unicode { "─" } else { "-" };
            return vec![vec![Span::new(mark.repeat(columns.min(40)), Style::dim())]];
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
                let marks = format!("{} ", "#".repeat(level));
                spans.insert(0, Span::new(marks, Style::plain()));
            }
            return wrap(&spans, columns, &[], &[]);
        }
        let deep = indent.min(columns / 3);
        if let Some((mark, text)) = item(text, &self.terminal) {
            let mark = format!("{}{mark} ", " ".repeat(deep));
            let hang = Span::new(" ".repeat(clean::width(&mark)), Style::plain());
            let mark = Span::new(mark, Style::plain());
            return wrap(&inline(text, &self.terminal), columns, &[mark], &[hang]);
        }
        let hang = [Span::new(" ".repeat(deep), Style::plain())];
        wrap(&inline(text, &self.terminal), columns, &hang, &hang)
    }

    fn end_table(&mut self, out: &mut String) {
        let rows = std::mem::take(&mut self.table);
        if rows.is_empty() {
            return;
        }
        let lines = table::lay_out(&rows, &self.terminal)
            .unwrap_or_else(|| rows.iter().flat_map(|row| self.block(row)).collect());
        self.put_all(&lines, out);
    }

    fn put_all(&mut self, lines: &[Vec<Span>], out: &mut String) {
        for line in lines {
            self.put(paint(line, &self.terminal), out);
        }
    }

    fn put(&mut self, line: String, out: &mut String) {
        out.push_str(&line);
        out.push('\n');
        self.blank = false;
    }
}

impl Fence {
    /// A line without what the fence itself stands in from the left.
    fn inside<'l>(&self, line: &'l str) -> &'l str {
        line.get(spaces(line).min(self.indent)..).unwrap_or(line)
    }
}

/// The spaces that a line begins with.
fn spaces(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// What ends the LaTeX that begins in a line, and does not end in it.
fn display(text: &str) -> Option<&'static str> {
    let (rest, end) = DISPLAYS
        .iter()
        .find_map(|(begin, end)| Some((text.strip_prefix(begin)?, *end)))?;
    (!rest.contains(end)).then_some(end)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::seen;
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
                "```py\n  x = 1\n\n  y\n```\nend\n",
            ),
            (
                "- a\n  ```py\n  if x:\n    y\n  ```",
                "• a\n```py\n  if x:\n    y\n```\n",
            ),
            ("## 1. Set up", "## 1. Set up\n"),
            ("- # of rows\n- 2. b", "• # of rows\n• 2. b\n"),
            ("> > deep\n> - item", "▌ ▌ deep\n▌ • item\n"),
            (
                "$$\na_1 * b_2 * c\n\\alpha_*x*\n$$\n*b*",
                "$$\na_1 * b_2 * c\n\\alpha_*x*\n$$\n*b*\n",
            ),
            ("\\[\nx*y*\n\n*b*", "\\[\nx*y*\n\n*b*\n"),
            ("&#27;[2Jgone &#x202e;x", "[2Jgone x\n"),
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
            ("$$\na*b*c\n$$\n", "$$\na*b*c\n$$\n"),
            ("\\(a*b*c\\) *d*", "\\(a*b*c\\) \u{1b}[3md\u{1b}[0m\n"),
            ("> a", "\u{1b}[2m▌ \u{1b}[0m\u{1b}[3ma\u{1b}[0m\n"),
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

    /// What is drawn before it is whole fits as well, and looks as it will.
    #[test]
    fn tails() {
        for (source, tail) in [
            ("# He", vec!["# He"]),
            ("- it", vec!["• it"]),
            ("> q", vec!["▌ q"]),
            ("```py\nx = ", vec!["  x = "]),
            ("$$\na*b*", vec!["a*b*"]),
            (
                "|a much longer cell than fits|b|\n",
                vec!["|a much longer cell than fits…"],
            ),
            ("&#27;[31mred", vec!["[31mred"]),
            ("done\n", vec![]),
        ] {
            let mut markdown = Markdown::new(&plain());
            markdown.push(source);
            assert_eq!(markdown.tail(), tail, "{source:?}");
        }
    }

    /// A line that does not end is cut, at the same place however it comes.
    #[test]
    fn a_line_without_end() {
        let source = "日本 ".repeat(40_000);
        let whole = all(&source, &plain());
        for size in [1, 7, 65_535, 65_536] {
            let mut markdown = Markdown::new(&plain());
            let mut split = String::new();
            let chars: Vec<char> = source.chars().collect();
            for piece in chars.chunks(size) {
                split.push_str(&markdown.push(&piece.iter().collect::<String>()));
                assert!(markdown.open.len() <= LONGEST);
            }
            split.push_str(&markdown.finish());
            assert!(whole == split, "{size}");
        }
    }

    /// Time grows with the length, no faster: what would take hours otherwise ends.
    #[test]
    fn hostile_lengths() {
        for piece in [
            "*a ", "**", "`", "`a``", "[", "[a](", "![", "<", "$", "\\(", "\\[ ", "&#27;", "> ",
            "- ", "|", "|a", "https://", "_a__", "~~", "\u{1b}]", "\\", "(", "# ", "a\u{301}",
        ] {
            for ending in ["", "\n"] {
                let source = format!("{piece}{ending}").repeat(100_000 / piece.len());
                let shown = all(&source, &plain());
                assert!(
                    shown.lines().all(|line| clean::width(line) <= 30),
                    "{piece:?}"
                );
            }
        }
        let code = format!("```py\n{}\n```\n", "\"\\'#\u{e9}f(1)".repeat(20_000));
        assert!(all(&code, &plain()).len() > 200_000);
    }

    proptest! {
        /// However it is split, it is the same; nothing is wider than the terminal, and no control gets through.
        #[test]
        fn pieces(
            source in "([a-zé日 *_`|#>\\-\\[\\]()~$\\\\\u{1b}\u{202e}0-9]|\n|```py\n|\\*\\*|https://a\\.b/|&#27;|&#x202e;|\n\\|a\\|b\\|\n\\|-\\|-\\|\n){0,60}",
            cuts in prop::collection::vec(0usize..200, 0..6),
            width in 20usize..90,
            styles: bool,
        ) {
            let terminal = Terminal { width, styles, links: styles, ..plain() };
            let whole = all(&source, &terminal);
            let mut markdown = Markdown::new(&terminal);
            let mut split = String::new();
            for (at, c) in source.chars().enumerate() {
                split.push_str(&markdown.push(c.encode_utf8(&mut [0; 4])));
                if cuts.contains(&at) {
                    for line in markdown.tail() {
                        prop_assert!(clean::width(&seen(&line)) <= width, "{:?}", line);
                    }
                }
            }
            split.push_str(&markdown.finish());
            prop_assert_eq!(&whole, &split);
            for line in whole.lines() {
                let line = seen(line);
                prop_assert!(clean::width(&line) <= width, "{:?}", line);
                prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
                prop_assert!(!line.contains('\u{202e}'), "{:?}", line);
            }
        }
    }
}
