//! Pieces of a text that is longer than one result should be.

/// A piece of a text, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'t> {
    /// The piece.
    pub text: &'t str,
    /// Where it begins: characters before it.
    pub from: usize,
    /// Where the next one begins; none where this is the last.
    pub next: Option<usize>,
    /// Characters of the whole.
    pub total: usize,
}

/// The piece of a text that begins after `from` characters, of at most `most` characters: to the end of a line where one
/// ends in its last quarter, so that the next begins with a line.
#[must_use]
pub fn piece(text: &str, from: usize, most: usize) -> Piece<'_> {
    let total = text.chars().count();
    let byte = |at: usize| {
        text.char_indices()
            .nth(at)
            .map_or(text.len(), |(byte, _)| byte)
    };
    let from = from.min(total);
    let start = byte(from);
    let mut end = byte(from.saturating_add(most.max(1)));
    let whole = text.get(start..end).unwrap_or_default();
    if end < text.len()
        && let Some(line) = whole
            .rfind('\n')
            .filter(|line| *line >= whole.len() / 4 * 3)
    {
        end = start + line + 1;
    }
    let text = text.get(start..end).unwrap_or_default();
    let next = from + text.chars().count();
    Piece {
        text,
        from,
        next: (next < total).then_some(next),
        total,
    }
}

impl Piece<'_> {
    /// What tells the model how to go on, where there is more: the argument's name is the tool's.
    #[must_use]
    pub fn note(&self, argument: &str) -> Option<String> {
        let next = self.next?;
        Some(format!(
            "[characters {} to {next} of {}; call again with {argument}={next} for more]",
            self.from + 1,
            self.total,
        ))
    }

    /// The piece, and beneath it how to go on.
    #[must_use]
    pub fn with_note(&self, argument: &str) -> String {
        match self.note(argument) {
            Some(note) => format!("{}\n\n{note}", self.text.trim_end()),
            None => self.text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_whole() {
        let table: [(&str, usize, usize, &str, Option<usize>); 9] = [
            ("", 0, 5, "", None),
            ("abc", 0, 5, "abc", None),
            ("abcde", 0, 5, "abcde", None),
            ("abcdef", 0, 5, "abcde", Some(5)),
            ("abcdef", 5, 5, "f", None),
            ("abcdef", 99, 5, "", None),
            ("abcdefg\nhi", 0, 9, "abcdefg\n", Some(8)),
            ("a\nbcdefghij", 0, 9, "a\nbcdefgh", Some(9)),
            ("éàü\u{1f600}x", 1, 3, "àü\u{1f600}", Some(4)),
        ];
        for (text, from, most, expected, next) in table {
            let found = piece(text, from, most);
            assert_eq!((found.text, found.next), (expected, next), "{text:?}");
        }
        let text = "line\n".repeat(1_000);
        let (mut whole, mut from) = (String::new(), Some(0));
        while let Some(at) = from {
            let found = piece(&text, at, 333);
            whole.push_str(found.text);
            from = found.next;
        }
        assert_eq!(whole, text);
    }

    #[test]
    fn how_to_go_on_is_told() {
        assert_eq!(
            piece("abcdef", 2, 3).with_note("offset"),
            "cde\n\n[characters 3 to 5 of 6; call again with offset=5 for more]"
        );
        assert_eq!(piece("abc", 0, 3).with_note("offset"), "abc");
    }
}
