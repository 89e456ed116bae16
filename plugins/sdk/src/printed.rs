//! What a program printed, made fit for a model.

/// Characters of printed text that the model gets at most; a quarter from its start, the rest from its end, since errors
/// and results come last.
pub const SHOWN: usize = 25_000;

/// The text without what only a terminal understands: escape sequences (ECMA-48 §5.4 CSI, and OSC), and what a carriage
/// return overwrote, which is how progress bars draw.
#[must_use]
pub fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut plain = String::with_capacity(text.len());
    let mut line_start = 0;
    let mut returned = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => match characters.next() {
                // A control sequence ends at its final byte.
                Some('[') => {
                    characters
                        .by_ref()
                        .find(|c| ('\u{40}'..='\u{7e}').contains(c));
                }
                // An operating system command ends at BEL, or at ESC and a backslash.
                Some(']') => {
                    let end = characters.find(|c| matches!(c, '\u{7}' | '\u{1b}'));
                    if end == Some('\u{1b}') {
                        characters.next();
                    }
                }
                _ => {}
            },
            // What comes next on the line overwrites it; where nothing does, it stays.
            '\r' => returned = true,
            '\n' => {
                plain.push('\n');
                line_start = plain.len();
                returned = false;
            }
            other => {
                if std::mem::take(&mut returned) {
                    plain.truncate(line_start);
                }
                plain.push(other);
            }
        }
    }
    plain
}

/// The text, or its head and tail with a line between them that says what was left out.
#[must_use]
pub fn cut(text: &str) -> String {
    shorten(text, SHOWN, "Print less, or write to a file and read it.")
}

/// The same for another number of characters, and with other advice on how to see the rest.
#[must_use]
pub fn shorten(text: &str, most: usize, advice: &str) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let head = most / 4;
    let tail = most - head;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    let omitted = length - most;
    format!(
        "{start}\n... ({omitted} of {length} characters left out; these are the first {head} and the last {tail}. \
         {advice}) ...\n{end}"
    )
}

/// The text's last part, of so many bytes at most, cut between characters.
#[must_use]
pub fn end_of(text: &str, most: usize) -> &str {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_control_is_taken_out() {
        let table: [(&[u8], &str); 14] = [
            (b"", ""),
            (b"plain\n", "plain\n"),
            (b"a\r\nb\r\n", "a\nb\n"),
            (b"10%\r50%\r100%\ndone\n", "100%\ndone\n"),
            (b"kept\n1\r2", "kept\n2"),
            (b"end\r", "end"),
            (b"a\r\r\n", "a\n"),
            (b"50%\r\x1b[K100%\n", "100%\n"),
            (b"\x1b[31mred\x1b[0m!", "red!"),
            (b"\x1b[1;31;4mx", "x"),
            (b"\x1b]0;title\x07x\x1b]8;;u\x1b\\y", "xy"),
            (b"\x1b", ""),
            (b"\x1b[", ""),
            (b"caf\xc3\xa9 \xff", "café \u{fffd}"),
        ];
        for (bytes, expected) in table {
            assert_eq!(plain(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn long_text_keeps_its_head_and_its_tail() {
        const HEAD: usize = SHOWN / 4;
        let fits = "é".repeat(SHOWN);
        assert_eq!(cut(&fits), fits);
        let long = format!(
            "{}{}{}",
            "a".repeat(HEAD),
            "b".repeat(7),
            "c".repeat(SHOWN - HEAD)
        );
        let expected = format!(
            "{}\n... (7 of 25007 characters left out; these are the first 6250 and the last 18750. \
             Print less, or write to a file and read it.) ...\n{}",
            "a".repeat(HEAD),
            "c".repeat(SHOWN - HEAD)
        );
        assert_eq!(cut(&long), expected);
        assert_eq!(shorten("abcdefgh", 8, "Ask."), "abcdefgh");
        let expected = "ab\n... (1 of 9 characters left out; these are the first 2 and the last 6. Ask.) ...\ndefghi";
        assert_eq!(shorten("abcdefghi", 8, "Ask."), expected);
    }
}
