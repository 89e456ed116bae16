//! Numbers and texts as people read them.

use ml_intern_sdk::page;

/// Characters of one result at most.
pub(crate) const PAGE: usize = 16_000;
/// Characters that the note on how to go on may take.
const NOTE: usize = 120;

/// Bytes, in powers of 1000 as the Hub shows them.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut divisor = 1_u128;
    let (mut tenths, mut unit) = (0, "B");
    for next in UNITS {
        divisor *= 1_000;
        unit = next;
        tenths = (u128::from(bytes) * 10 + divisor / 2) / divisor;
        if tenths < 10_000 {
            break;
        }
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// `1 file`, `3 files`.
pub(crate) fn count(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {one}{plural}")
}

/// A number with a comma between each three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The beginning of a text, of at most so many characters.
pub(crate) fn start(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// The first line of a text, of at most so many characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    start(text.lines().next().unwrap_or_default().trim(), most)
}

/// The first seven digits of a commit's id.
pub(crate) fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

/// A fence that the text does not end: one backquote more than any run in it.
pub(crate) fn fenced(language: &str, text: &str) -> String {
    let mut longest = 2;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}")
}

/// A piece of a text that fits into one result beside `used` characters, with how to go on.
pub(crate) fn piece(text: &str, offset: usize, used: usize) -> String {
    let most = PAGE.saturating_sub(used + NOTE);
    page::piece(text, offset, most).with_note("offset")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_to_a_tenth() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_250, "1.3 kB"),
            (999_499, "999.5 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (999_999, "1.0 MB"),
            (5_000_000_000, "5.0 GB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(123), "123");
    }

    #[test]
    fn a_fence_holds_what_is_in_it() {
        assert_eq!(fenced("", "a"), "```\na\n```");
        assert_eq!(fenced("py", "```\n"), "````py\n```\n````");
    }
}
