//! Styled text, and breaking it into lines.

use unicode_width::UnicodeWidthChar as _;

use crate::Terminal;

/// How text looks: what of it the terminal cannot show is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "text has each of these or has it not"
)]
pub(crate) struct Style {
    pub(crate) bold: bool,
    pub(crate) dim: bool,
    pub(crate) italic: bool,
    pub(crate) underline: bool,
    pub(crate) struck: bool,
    /// One of the palette's first eight.
    pub(crate) colour: Option<u8>,
}

pub(crate) const RED: u8 = 1;
pub(crate) const GREEN: u8 = 2;
pub(crate) const YELLOW: u8 = 3;
pub(crate) const BLUE: u8 = 4;
pub(crate) const MAGENTA: u8 = 5;
pub(crate) const CYAN: u8 = 6;

impl Style {
    pub(crate) const fn plain() -> Style {
        Style {
            bold: false,
            dim: false,
            italic: false,
            underline: false,
            struck: false,
            colour: None,
        }
    }

    pub(crate) const fn dim() -> Style {
        Style {
            dim: true,
            ..Style::plain()
        }
    }

    pub(crate) const fn bold() -> Style {
        Style {
            bold: true,
            ..Style::plain()
        }
    }

    pub(crate) const fn colour(colour: u8) -> Style {
        Style {
            colour: Some(colour),
            ..Style::plain()
        }
    }

    /// The parameters of SGR (ECMA-48), with `;` in between; empty for plain text.
    fn parameters(self) -> String {
        let mut all: Vec<String> = Vec::new();
        for (on, code) in [
            (self.bold, 1),
            (self.dim, 2),
            (self.italic, 3),
            (self.underline, 4),
            (self.struck, 9),
        ] {
            if on {
                all.push(code.to_string());
            }
        }
        if let Some(colour) = self.colour {
            all.push((30 + u16::from(colour % 8)).to_string());
        }
        all.join(";")
    }
}

/// A piece of a line. Its text is clean, and has no line breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) style: Style,
    /// Where it leads.
    pub(crate) link: Option<String>,
}

impl Span {
    pub(crate) fn new(text: impl Into<String>, style: Style) -> Span {
        Span {
            text: text.into(),
            style,
            link: None,
        }
    }
}

/// A line as it goes out, without its end. Each style ends where it began, so that lines can be put anywhere.
pub(crate) fn paint(spans: &[Span], terminal: &Terminal) -> String {
    let mut out = String::new();
    for span in spans.iter().filter(|span| !span.text.is_empty()) {
        let link = span.link.as_deref().filter(|_| terminal.links);
        if let Some(link) = link {
            // OSC 8, as terminals have agreed on.
            out.push_str(&format!("\u{1b}]8;;{link}\u{1b}\\"));
        }
        let parameters = span.style.parameters();
        if terminal.styles && !parameters.is_empty() {
            out.push_str(&format!("\u{1b}[{parameters}m{}\u{1b}[0m", span.text));
        } else {
            out.push_str(&span.text);
        }
        if link.is_some() {
            out.push_str("\u{1b}]8;;\u{1b}\\");
        }
    }
    out
}

/// One text in one style, as it goes out.
pub(crate) fn painted(text: &str, style: Style, terminal: &Terminal) -> String {
    paint(&[Span::new(text, style)], terminal)
}

/// Spans cut to so many columns: where they are longer, they end with `ellipsis`.
pub(crate) fn clip(spans: &[Span], columns: usize, ellipsis: &str) -> Vec<Span> {
    let width = |text: &str| crate::clean::width(text);
    if spans.iter().map(|span| width(&span.text)).sum::<usize>() <= columns {
        return spans.to_vec();
    }
    let mut room = columns.saturating_sub(width(ellipsis));
    let mut out: Vec<Span> = Vec::new();
    for span in spans {
        let text = crate::clean::fitting(&span.text, room);
        room = room.saturating_sub(width(text));
        out.push(Span {
            text: text.to_owned(),
            ..span.clone()
        });
        if text.len() < span.text.len() {
            break;
        }
    }
    if let Some(last) = out.last_mut().filter(|_| width(ellipsis) <= columns) {
        last.text.push_str(ellipsis);
    }
    out
}

/// Breaks spans into lines of so many columns at most, between words where that is possible. The first begins with
/// `first`, the others with `rest`; both are counted.
pub(crate) fn wrap(
    spans: &[Span],
    columns: usize,
    first: &[Span],
    rest: &[Span],
) -> Vec<Vec<Span>> {
    let mut lines = Vec::new();
    let mut line = Line::new(first, columns);
    for span in spans {
        for word in words(&span.text) {
            let wide = crate::clean::width(word);
            let blank = word.trim().is_empty();
            if line.used.saturating_add(wide) > columns && (blank || !line.is_empty()) {
                if blank {
                    // The end of the line takes its place.
                    line.broken = true;
                    continue;
                }
                lines.push(line.end());
                line = Line::new(rest, columns);
            }
            if line.broken {
                if blank {
                    continue;
                }
                lines.push(line.end());
                line = Line::new(rest, columns);
            }
            if line.used.saturating_add(wide) <= columns {
                line.push(word, span, wide);
                continue;
            }
            // A word longer than a line is cut where the line ends.
            for c in word.chars() {
                let wide = c.width().unwrap_or(0);
                if line.used.saturating_add(wide) > columns && !line.is_empty() {
                    lines.push(line.end());
                    line = Line::new(rest, columns);
                }
                line.push(c.encode_utf8(&mut [0; 4]), span, wide);
            }
        }
    }
    lines.push(line.end());
    lines
}

struct Line {
    spans: Vec<Span>,
    used: usize,
    prefix: usize,
    broken: bool,
}

impl Line {
    fn new(prefix: &[Span], columns: usize) -> Line {
        let used = prefix
            .iter()
            .map(|span| crate::clean::width(&span.text))
            .sum();
        // Where the prefix alone fills the line, it is left out.
        if used + 2 > columns {
            return Line {
                spans: Vec::new(),
                used: 0,
                prefix: 0,
                broken: false,
            };
        }
        Line {
            spans: prefix.to_vec(),
            used,
            prefix: prefix.len(),
            broken: false,
        }
    }

    fn is_empty(&self) -> bool {
        self.spans.len() == self.prefix
    }

    fn push(&mut self, text: &str, like: &Span, wide: usize) {
        self.used = self.used.saturating_add(wide);
        match self
            .spans
            .get_mut(self.prefix..)
            .and_then(<[Span]>::last_mut)
        {
            Some(last) if last.style == like.style && last.link == like.link => {
                last.text.push_str(text);
            }
            _ => self.spans.push(Span {
                text: text.to_owned(),
                ..like.clone()
            }),
        }
    }

    fn end(mut self) -> Vec<Span> {
        if let Some(last) = self
            .spans
            .get_mut(self.prefix..)
            .and_then(<[Span]>::last_mut)
        {
            last.text.truncate(last.text.trim_end().len());
        }
        self.spans
    }
}

/// The words of a text, and the blanks between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let blank = first == ' ';
        let end = rest.find(|c| (c == ' ') != blank).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// A painted line without what [`paint`] puts around texts. Any other control stays, for tests to find.
#[cfg(test)]
pub(crate) fn seen(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        let sgr = after
            .strip_prefix('[')
            .map(|after| after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
        let link = after
            .strip_prefix("]8;;")
            .and_then(|after| after.split_once("\u{1b}\\"))
            .filter(|(url, _)| url.bytes().all(|byte| byte.is_ascii_graphic()));
        rest = match (sgr.and_then(|sgr| sgr.strip_prefix('m')), link) {
            (Some(after), _) => after,
            (None, Some((_, after))) => after,
            (None, None) => {
                out.push('\u{1b}');
                after
            }
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, columns: usize, first: &str, rest: &str) -> Vec<String> {
        let span = |text: &str| vec![Span::new(text, Style::plain())];
        wrap(&span(text), columns, &span(first), &span(rest))
            .iter()
            .map(|line| line.iter().map(|span| span.text.as_str()).collect())
            .collect()
    }

    #[test]
    fn lines_are_broken_between_words() {
        for (text, columns, expected) in [
            ("", 10, vec![""]),
            ("one two", 10, vec!["one two"]),
            ("one two three", 8, vec!["one two", "three"]),
            ("one two  three", 7, vec!["one two", "three"]),
            ("abcdefghij", 4, vec!["abcd", "efgh", "ij"]),
            ("a abcdefgh", 4, vec!["a", "abcd", "efgh"]),
            ("日本語 日本", 6, vec!["日本語", "日本"]),
            ("日本語", 3, vec!["日", "本", "語"]),
            ("    indented", 20, vec!["    indented"]),
        ] {
            assert_eq!(lines(text, columns, "", ""), expected, "{text:?}");
        }
        assert_eq!(
            lines("one two three", 9, "- ", "  "),
            ["- one two", "  three"]
        );
    }

    #[test]
    fn spans_are_cut() {
        let spans = [
            Span::new("日本", Style::bold()),
            Span::new("abc", Style::plain()),
        ];
        for (columns, shown) in [
            (7, "日本|abc"),
            (6, "日本|a…"),
            (5, "日本|…"),
            (4, "日…"),
            (2, "…"),
            (0, ""),
        ] {
            let texts: Vec<String> = clip(&spans, columns, "…")
                .iter()
                .map(|span| span.text.clone())
                .collect();
            assert_eq!(texts.join("|"), shown, "{columns}");
        }
    }

    #[test]
    fn what_goes_out() {
        let mut terminal = Terminal::pipe();
        let link = Span {
            link: Some("https://a".into()),
            ..Span::new(
                "here",
                Style {
                    underline: true,
                    ..Style::colour(BLUE)
                },
            )
        };
        let line = [Span::new("a", Style::bold()), link];
        assert_eq!(paint(&line, &terminal), "ahere");
        terminal.styles = true;
        assert_eq!(
            paint(&line, &terminal),
            "\u{1b}[1ma\u{1b}[0m\u{1b}[4;34mhere\u{1b}[0m"
        );
        terminal.links = true;
        assert_eq!(
            paint(&line[1..], &terminal),
            "\u{1b}]8;;https://a\u{1b}\\\u{1b}[4;34mhere\u{1b}[0m\u{1b}]8;;\u{1b}\\"
        );
    }
}
