//! How results are told.

use ml_intern_sdk::page::piece;
use ml_intern_sdk::{Failure, Output};
use serde_json::Value;

/// Characters of a result, without the note on how to go on.
pub(crate) const MOST: usize = 15_800;

/// A piece of a text of at most so many characters, from an offset on, and the part for programs.
///
/// # Errors
/// [`Failure::InvalidArguments`] where the offset is behind the end.
pub(crate) fn told(
    text: &str,
    offset: usize,
    most: usize,
    structured: &Value,
) -> Result<Output, Failure> {
    let piece = piece(text, offset, most);
    if offset > 0 && offset >= piece.total {
        let expected = format!(
            "less than {}: the result has no more characters",
            piece.total
        );
        return Err(Failure::argument("/offset", expected));
    }
    Output::text(piece.with_note("offset")).with_structured(structured)
}

/// The first so many characters of a text in one line.
pub(crate) fn short(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(most) {
        None => line,
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
    }
}

/// A number as people write it: `1,234`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 paper`, `2 papers`.
pub(crate) fn many(number: usize, name: &str) -> String {
    match number {
        1 => format!("1 {name}"),
        number => format!("{} {name}s", count(number as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lines_are_short() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), expected);
        }
        for (text, most, expected) in [
            ("a  b\nc", 9, "a b c"),
            ("éàü", 3, "éàü"),
            ("abc def", 4, "abc…"),
            ("", 4, ""),
        ] {
            assert_eq!(short(text, most), expected);
        }
        assert_eq!(
            (many(1, "paper"), many(1_000, "paper")),
            ("1 paper".into(), "1,000 papers".into())
        );
    }
}
