//! Values, numbers and tables as the report shows them.

use serde_json::Value;

/// What stands between 0 and the largest count of a histogram.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A count with its thousands apart: `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `1 row`, `2 rows`.
pub(crate) fn counted(n: u64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(n))
}

/// A number with four digits that say something, or whole.
pub(crate) fn number(x: f64) -> String {
    if !x.is_finite() {
        return x.to_string();
    }
    if x.fract() == 0.0 && x.abs() < 1e15 {
        return format!("{x:.0}");
    }
    let size = x.abs();
    if !(1e-4..1e9).contains(&size) {
        return format!("{x:.3e}");
    }
    let before = size.log10().floor().max(0.0);
    let decimals = if size < 1.0 {
        4
    } else {
        (3.0 - before).max(0.0) as usize
    };
    let text = format!("{x:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A share in percent; what is not nothing is never shown as nothing.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    if part > 0 && share < 0.05 {
        "<0.1%".to_owned()
    } else if part < whole && share > 99.95 {
        ">99.9%".to_owned()
    } else {
        format!("{share:.1}%")
    }
}

/// Bytes as megabytes or what is near.
pub(crate) fn size(bytes: u64) -> String {
    let bytes_f = bytes as f64;
    if bytes >= 1_000_000_000 {
        format!("{:.2} GB", bytes_f / 1e9)
    } else if bytes >= 1_000_000 {
        format!("{:.1} MB", bytes_f / 1e6)
    } else {
        format!("{:.1} kB", bytes_f / 1e3)
    }
}

/// A histogram in one line: a dot where there is nothing.
pub(crate) fn sparkline(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or(0);
    counts
        .iter()
        .map(|&n| {
            if n == 0 || most == 0 {
                return '·';
            }
            // Rounded up, so that the least is the lowest bar and the most is the highest.
            let level = (u128::from(n) * LEVELS.len() as u128).div_ceil(u128::from(most));
            let place = usize::try_from(level).unwrap_or(1).saturating_sub(1);
            LEVELS.get(place).copied().unwrap_or('█')
        })
        .collect()
}

/// The first characters of a text, and a sign that it went on.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => {
            let start: String = text.chars().take(most.saturating_sub(1)).collect();
            format!("{start}…")
        }
    }
}

/// A value as plain text: a string as it is, all else as JSON.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Text that can stand in a cell of a table: in one line, its bars escaped, at most so many characters.
pub(crate) fn cell(text: &str, most: usize) -> String {
    // No more of it is looked at than can be shown.
    let start: String = text.chars().take(most * 4 + 1).collect();
    let shorter = start.len() < text.len();
    let mut line = String::new();
    for c in start.chars() {
        let c = if c.is_control() || c == '\u{2028}' || c == '\u{2029}' {
            ' '
        } else {
            c
        };
        if !(c == ' ' && line.ends_with(' ')) {
            line.push(c);
        }
    }
    if shorter {
        line.push('…');
    }
    cut(line.trim(), most).replace('|', "\\|")
}

/// A name in code style.
pub(crate) fn code(name: &str) -> String {
    format!("`{}`", cell(&name.replace('`', "'"), 60))
}

/// Names, the first of them, and how many more there are.
pub(crate) fn some(names: impl IntoIterator<Item = String>, most: usize) -> String {
    let names: Vec<String> = names.into_iter().collect();
    let more = names.len().saturating_sub(most);
    let mut shown = names.into_iter().take(most).collect::<Vec<_>>().join(", ");
    if more > 0 {
        shown.push_str(&format!(", … ({more} more)"));
    }
    shown
}

/// The lines of a table.
pub(crate) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Vec<String> {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|&name| name.to_owned()).collect();
    let rule: Vec<String> = head.iter().map(|_| "---".to_owned()).collect();
    let mut lines = vec![line(&head), line(&rule)];
    lines.extend(rows.into_iter().map(|row| line(&row)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (x, shown) in [
            (0.0, "0"),
            (-3.0, "-3"),
            (1_234_567.0, "1234567"),
            (0.123_456, "0.1235"),
            (12.345_67, "12.35"),
            (1_234.567, "1235"),
            (0.000_012_3, "1.230e-5"),
            (1.5e12 + 0.5, "1.500e12"),
            (2.50, "2.5"),
        ] {
            assert_eq!(number(x), shown, "{x}");
        }
        for (n, shown) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(n), shown);
        }
        for (part, whole, shown) in [
            (0, 0, "–"),
            (0, 5, "0.0%"),
            (1, 3, "33.3%"),
            (1, 100_000, "<0.1%"),
            (99_999, 100_000, ">99.9%"),
            (5, 5, "100.0%"),
        ] {
            assert_eq!(percent(part, whole), shown);
        }
        for (bytes, shown) in [
            (0, "0.0 kB"),
            (20_979_968, "21.0 MB"),
            (3_210_000_000, "3.21 GB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }

    #[test]
    fn histograms_fit_a_line() {
        for (counts, shown) in [
            (&[][..], ""),
            (&[0, 0], "··"),
            (&[1, 8, 4, 0], "▁█▄·"),
            (&[1, 1_000_000], "▁█"),
            (&[u64::MAX, 1], "█▁"),
        ] {
            assert_eq!(sparkline(counts), shown);
        }
    }

    #[test]
    fn cells_stay_in_their_table() {
        let long = "x".repeat(1_000);
        for (text, shown) in [
            ("a|b", "a\\|b".to_owned()),
            ("a\r\n\tb\u{7}c", "a b c".to_owned()),
            ("", String::new()),
            ("1234567890", "1234567890".to_owned()),
            ("12345678901", "123456789…".to_owned()),
            (&long, format!("{}…", "x".repeat(9))),
        ] {
            assert_eq!(cell(text, 10), shown);
        }
        assert_eq!(
            some(["a".into(), "b".into(), "c".into()], 2),
            "a, b, … (1 more)"
        );
    }
}
