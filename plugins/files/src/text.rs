//! Text as the model sees it: no byte order mark, every line ending a `\n`; and the way back to the file's own bytes.

/// U+FEFF at a file's start: kept in the file, not shown.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file's text, seen without its byte order mark and with `\n` for each line ending.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct View<'a> {
    raw: &'a str,
    /// What is seen.
    pub(crate) text: String,
    /// Where in `text` a `\r` was left out before a `\n`, ascending.
    dropped: Vec<usize>,
    /// Bytes of byte order mark.
    mark: usize,
}

impl<'a> View<'a> {
    /// The view of a file's text.
    pub(crate) fn new(raw: &'a str) -> Self {
        let shown = raw.strip_prefix(BYTE_ORDER_MARK).unwrap_or(raw);
        let mut text = String::with_capacity(shown.len());
        let mut dropped = Vec::new();
        for piece in shown.split_inclusive("\r\n") {
            match piece.strip_suffix("\r\n") {
                Some(line) => {
                    text.push_str(line);
                    dropped.push(text.len());
                    text.push('\n');
                }
                None => text.push_str(piece),
            }
        }
        Self {
            raw,
            text,
            dropped,
            mark: raw.len() - shown.len(),
        }
    }

    /// The file's position of a position in `text`. Before a line ending is before the whole of it.
    fn in_file(&self, position: usize) -> usize {
        self.mark + position + self.dropped.partition_point(|dropped| *dropped < position)
    }

    /// The file with these pieces of `text` replaced; the pieces ascend and do not overlap. Nothing else changes.
    ///
    /// Line endings of a replacement become those of the line where it goes.
    pub(crate) fn replace(&self, pieces: &[(usize, usize)], replacement: &str) -> String {
        let replacement = line_feeds(replacement);
        let mut file = String::with_capacity(self.raw.len());
        let mut done = 0;
        for (start, end) in pieces {
            file.push_str(self.raw.get(done..self.in_file(*start)).unwrap_or_default());
            match self.ending_at(*start) {
                "\r\n" => file.push_str(&replacement.replace('\n', "\r\n")),
                _ => file.push_str(&replacement),
            }
            done = self.in_file(*end);
        }
        file.push_str(self.raw.get(done..).unwrap_or_default());
        file
    }

    /// How the line at the position ends; the last line, as the one before it.
    fn ending_at(&self, position: usize) -> &'static str {
        if self.dropped.is_empty() {
            return "\n";
        }
        let after = self
            .text
            .get(position..)
            .and_then(|rest| rest.find('\n'))
            .map(|offset| position + offset);
        let before = || {
            self.text
                .get(..position)
                .and_then(|before| before.rfind('\n'))
        };
        match after.or_else(before) {
            Some(line_feed) if self.dropped.binary_search(&line_feed).is_ok() => "\r\n",
            _ => "\n",
        }
    }

    /// What the line endings are: `lf`, `crlf`, `mixed`, or `none`.
    pub(crate) fn endings(&self) -> &'static str {
        match (self.text.matches('\n').count(), self.dropped.len()) {
            (0, _) => "none",
            (_, 0) => "lf",
            (all, crlf) if all == crlf => "crlf",
            _ => "mixed",
        }
    }
}

/// The same text with `\n` for each line ending.
pub(crate) fn line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The 1-based number of the line that the position is on.
pub(crate) fn line_number(text: &str, position: usize) -> usize {
    1 + text
        .bytes()
        .take(position)
        .filter(|byte| *byte == b'\n')
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_has_plain_line_feeds_and_no_mark() {
        let table = [
            ("", "", "none"),
            ("a", "a", "none"),
            ("a\nb\n", "a\nb\n", "lf"),
            ("a\r\nb\r\n", "a\nb\n", "crlf"),
            ("a\r\nb\n", "a\nb\n", "mixed"),
            ("a\rb\r\r\n", "a\rb\r\n", "crlf"),
            ("\u{feff}a\r\n", "a\n", "crlf"),
            ("a\u{feff}", "a\u{feff}", "none"),
        ];
        for (raw, text, endings) in table {
            let view = View::new(raw);
            assert_eq!(
                (view.text.as_str(), view.endings()),
                (text, endings),
                "{raw:?}"
            );
        }
    }

    #[test]
    fn a_replacement_changes_nothing_else() {
        // The file, what is replaced in the view, by what, and the file afterwards.
        let table = [
            ("a\nb\nc\n", "b", "x", "a\nx\nc\n"),
            ("a\r\nb\r\nc\r\n", "b", "x\ny", "a\r\nx\r\ny\r\nc\r\n"),
            ("a\r\nb\r\nc\r\n", "a\nb", "x", "x\r\nc\r\n"),
            ("a\r\nb\r\nc\r\n", "b\n", "", "a\r\nc\r\n"),
            ("a\r\nb\r\nc\r\n", "b", "x\r\ny", "a\r\nx\r\ny\r\nc\r\n"),
            ("a\nb\nc\n", "b", "x\r\ny", "a\nx\ny\nc\n"),
            ("a\r\nb\nc\r\n", "b", "x\ny", "a\r\nx\ny\nc\r\n"),
            ("a\nb\r\nc\n", "b\nc", "x\ny", "a\nx\r\ny\n"),
            ("a\r\nb", "b", "x\ny", "a\r\nx\r\ny"),
            ("a\rb\r\n", "b", "x", "a\rx\r\n"),
            ("\u{feff}a\r\nb", "a", "x", "\u{feff}x\r\nb"),
            ("é\r\né", "é", "ü", "ü\r\nü"),
            ("a a\r\na\r\n", "a", "bb", "bb bb\r\nbb\r\n"),
        ];
        for (raw, old, new, expected) in table {
            let view = View::new(raw);
            let pieces: Vec<_> = view
                .text
                .match_indices(old)
                .map(|(at, found)| (at, at + found.len()))
                .collect();
            assert_eq!(view.replace(&pieces, new), expected, "{raw:?} {old:?}");
        }
    }

    #[test]
    fn an_insertion_goes_before_the_whole_line_ending() {
        let view = View::new("\u{feff}a\r\nb\r\n");
        let table = [
            (0, "\u{feff}xa\r\nb\r\n"),
            (1, "\u{feff}ax\r\nb\r\n"),
            (2, "\u{feff}a\r\nxb\r\n"),
            (4, "\u{feff}a\r\nb\r\nx"),
        ];
        for (position, expected) in table {
            assert_eq!(
                view.replace(&[(position, position)], "x"),
                expected,
                "{position}"
            );
        }
    }

    #[test]
    fn positions_have_line_numbers() {
        for (position, line) in [(0, 1), (1, 1), (2, 2), (4, 3)] {
            assert_eq!(line_number("a\nb\nc", position), line, "{position}");
        }
    }
}
