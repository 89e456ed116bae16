//! How even classes are.

use crate::format::{cell, code, count, number, percent, table};
use crate::statistics::Statistics;

/// Classes of a column that are listed.
const LISTED: usize = 12;
/// Columns that are listed.
const COLUMNS: usize = 3;
/// The largest class of so many times the smallest is worth a word, and of so many times an alarm.
const UNEVEN: f64 = 3.0;
const VERY_UNEVEN: f64 = 10.0;
/// Rows of a class with which little can be learned or measured.
const FEW: u64 = 10;
/// Characters of a bar.
const BAR: u64 = 20;

/// The label's classes first, then those of other columns.
pub(crate) fn lines(all: &[Statistics], label: Option<&str>, of: &str) -> Vec<String> {
    let is_label = |column: &&Statistics| Some(column.column.as_str()) == label;
    let classed = || all.iter().filter(|column| !column.classes.is_empty());
    let others = classed().filter(|column| !is_label(column));
    let mut lines = Vec::new();
    for column in classed().filter(is_label).chain(others).take(COLUMNS) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(one(column, is_label(&column), of));
    }
    lines
}

fn one(column: &Statistics, is_label: bool, of: &str) -> Vec<String> {
    let whole: u64 = column.classes.iter().map(|(_, n)| n).sum();
    let role = if is_label { " (label)" } else { "" };
    let classes = column.classes.len();
    let noun = if classes == 1 { "class" } else { "classes" };
    let mut lines = vec![
        format!("{}{role}: {classes} {noun} in {of}", code(&column.column)),
        String::new(),
    ];
    let most = column.classes.first().map_or(1, |(_, n)| *n).max(1);
    lines.extend(table(
        &["class", "rows", "share", ""],
        column.classes.iter().take(LISTED).map(|(name, n)| {
            let bar = u128::from(*n) * u128::from(BAR) / u128::from(most);
            let bar = usize::try_from(bar).unwrap_or(0).max(usize::from(*n > 0));
            vec![
                cell(name, 40),
                count(*n),
                percent(*n, whole),
                "█".repeat(bar),
            ]
        }),
    ));
    if classes > LISTED {
        let rest: u64 = column.classes.iter().skip(LISTED).map(|(_, n)| n).sum();
        lines.push(format!(
            "| … {} more | {} | {} | |",
            classes - LISTED,
            count(rest),
            percent(rest, whole)
        ));
    }
    if is_label {
        lines.push(String::new());
        lines.push(hint(&column.classes));
    }
    lines
}

/// One sentence about how even the classes are, and what to do.
pub(crate) fn hint(classes: &[(String, u64)]) -> String {
    let (Some(most), Some(least)) = (classes.first(), classes.last()) else {
        return String::new();
    };
    if classes.len() == 1 {
        return "⚠ There is one class alone: nothing to tell apart.".to_owned();
    }
    let empty = classes.iter().filter(|(_, n)| *n == 0).count();
    let few = classes.iter().filter(|(_, n)| (1..FEW).contains(n)).count();
    let ratio = most.1 as f64 / least.1.max(1) as f64;
    let mut said = if ratio >= VERY_UNEVEN {
        format!(
            "⚠ Very uneven: the largest class has {} times the rows of the smallest. Split by class, weight the loss or resample, and report macro F1 rather than accuracy.",
            number(ratio.round())
        )
    } else if ratio >= UNEVEN {
        format!(
            "⚠ Uneven: the largest class has {} times the rows of the smallest. Split by class, and report macro F1 beside accuracy.",
            number((ratio * 10.0).round() / 10.0)
        )
    } else {
        format!(
            "Even enough: the largest class has {} times the rows of the smallest.",
            number((ratio * 10.0).round() / 10.0)
        )
    };
    if few > 0 {
        said.push_str(&format!(
            " {few} of the classes have fewer than {FEW} rows."
        ));
    }
    if empty > 0 {
        said.push_str(&format!(" {empty} of the classes have none."));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_follow_the_counts() {
        for (counts, begins, ends) in [
            (&[5][..], "⚠ There is one class", "tell apart."),
            (
                &[100, 50],
                "Even enough: the largest class has 2 times",
                "smallest.",
            ),
            (&[299, 100], "Even enough", "smallest."),
            (
                &[300, 100],
                "⚠ Uneven: the largest class has 3 times",
                "accuracy.",
            ),
            (
                &[1_000, 100],
                "⚠ Very uneven: the largest class has 10 times",
                "accuracy.",
            ),
            (
                &[100, 9, 0],
                "⚠ Very uneven",
                "1 of the classes have fewer than 10 rows. 1 of the classes have none.",
            ),
        ] {
            let classes: Vec<(String, u64)> = counts.iter().map(|n| ("c".into(), *n)).collect();
            let said = hint(&classes);
            assert!(said.starts_with(begins) && said.ends_with(ends), "{said}");
        }
        assert_eq!(hint(&[]), "");
    }

    #[test]
    fn long_lists_end() {
        let column = |classes: usize| Statistics {
            column: "label".into(),
            kind: "class_label".into(),
            rows: 1,
            nulls: 0,
            distinct: None,
            spread: None,
            classes: (0..classes).map(|n| (format!("c{n}"), 10)).collect(),
        };
        let shown = |classes| lines(&[column(classes)], Some("label"), "train").join("\n");
        assert!(!shown(LISTED).contains("more"));
        assert!(shown(LISTED + 1).contains("| … 1 more | 10 | 7.7% | |"));
        assert!(lines(&[column(0)], Some("label"), "train").is_empty());
    }
}
