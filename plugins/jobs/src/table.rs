//! Cells of Markdown tables.

/// The text on one line, without what ends a cell, of so many characters at most.
pub(crate) fn cell(text: &str, most: usize) -> String {
    let plain: String = text
        .chars()
        .map(|c| match c {
            '|' => '¦',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    short(plain.trim(), most)
}

/// The text, of so many characters at most, an ellipsis in place of what is left out.
pub(crate) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// An instant to the second, as `2025-06-02T10:00:00`.
pub(crate) fn instant(text: Option<&str>) -> String {
    let plain: String = text.unwrap_or("-").chars().take(19).collect();
    cell(&plain, 19)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_cells() {
        for (text, most, expected) in [
            ("a", 3, "a"),
            ("abcd", 3, "ab…"),
            ("abc", 3, "abc"),
            (" a|b\nc ", 9, "a¦b c"),
            ("éàüx", 3, "éà…"),
        ] {
            assert_eq!(cell(text, most), expected);
        }
    }

    #[test]
    fn instants_are_told_to_the_second() {
        for (text, expected) in [
            (Some("2025-06-02T10:00:00.123Z"), "2025-06-02T10:00:00"),
            (Some("|"), "¦"),
            (None, "-"),
        ] {
            assert_eq!(instant(text), expected);
        }
    }
}
