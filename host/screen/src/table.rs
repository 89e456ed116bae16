//! Tables: columns of the same width, shrunk to the terminal. Where they do not fit, and where they are read aloud, each
//! row is a line of `name: value`.

use crate::inline::inline;
use crate::style::{Span, Style, wrap};
use crate::{Terminal, clean};

/// Columns between two columns.
const GAP: usize = 2;
/// A column is not made narrower than this, in characters.
const NARROWEST: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Middle,
}

/// The lines of a table, from its rows in Markdown; none where they are no table.
pub(crate) fn lay_out(rows: &[String], terminal: &Terminal) -> Option<Vec<Vec<Span>>> {
    let sides = sides(rows.get(1)?)?;
    let head = cells(rows.first()?);
    let body = rows.get(2..)?;
    let mut all: Vec<Vec<Vec<Span>>> = Vec::with_capacity(rows.len());
    for (at, row) in std::iter::once(head)
        .chain(body.iter().map(|row| cells(row)))
        .enumerate()
    {
        let mut row: Vec<Vec<Span>> = row
            .iter()
            .take(sides.len())
            .map(|cell| {
                let mut spans = if cell.is_empty() {
                    Vec::new()
                } else {
                    inline(cell, terminal)
                };
                if at == 0 {
                    for span in &mut spans {
                        span.style.bold = true;
                    }
                }
                spans
            })
            .collect();
        row.resize(sides.len(), Vec::new());
        all.push(row);
    }
    let wide = |cell: &Vec<Span>| {
        cell.iter()
            .map(|span| clean::width(&span.text))
            .sum::<usize>()
    };
    let mut widths: Vec<usize> = (0..sides.len())
        .map(|column| {
            let cells = all.iter().filter_map(|row| row.get(column));
            cells.map(wide).max().unwrap_or(0).max(1)
        })
        .collect();
    if terminal.spoken || !shrink(&mut widths, terminal.width) {
        return Some(in_words(&all, terminal));
    }
    let mut lines = Vec::new();
    for (at, row) in all.iter().enumerate() {
        lines.extend(row_lines(row, &widths, &sides));
        if at == 0 {
            let mark = if terminal.unicode { "─" } else { "-" };
            let rules: Vec<String> = widths.iter().map(|width| mark.repeat(*width)).collect();
            let rule = Span::new(rules.join(&" ".repeat(GAP)), Style::dim());
            lines.push(vec![rule]);
        }
    }
    Some(lines)
}

/// Each row as a line, after the names of the columns.
fn in_words(rows: &[Vec<Vec<Span>>], terminal: &Terminal) -> Vec<Vec<Span>> {
    let Some((head, body)) = rows.split_first() else {
        return Vec::new();
    };
    let between = |text: &str| Span::new(text, Style::plain());
    let join = |cells: Vec<Vec<Span>>| {
        let mut line: Vec<Span> = Vec::new();
        for cell in cells.into_iter().filter(|cell| !cell.is_empty()) {
            if !line.is_empty() {
                line.push(between("; "));
            }
            line.extend(cell);
        }
        line
    };
    let named = body.iter().map(|row| {
        let cells = head.iter().zip(row).map(|(name, cell)| {
            if name.is_empty() || cell.is_empty() {
                return cell.clone();
            }
            let mut named = name.clone();
            named.push(between(": "));
            named.extend(cell.iter().cloned());
            named
        });
        join(cells.collect())
    });
    let mut lines: Vec<Vec<Span>> = named.collect();
    if lines.is_empty() {
        lines.push(join(head.clone()));
    }
    let hang = [Span::new("  ", Style::plain())];
    lines
        .iter()
        .flat_map(|line| wrap(line, terminal.width, &[], &hang))
        .collect()
}

/// The cells of a row.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let row = row
        .strip_suffix('|')
        .filter(|row| !row.ends_with('\\'))
        .unwrap_or(row);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in row.chars() {
        match (escaped, c) {
            (false, '|') => cells.push(String::new()),
            (false, '\\') => {
                escaped = true;
                continue;
            }
            _ => {
                if let Some(last) = cells.last_mut() {
                    if escaped && c != '|' {
                        last.push('\\');
                    }
                    last.push(c);
                }
            }
        }
        escaped = false;
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Which way columns lean, by the row of dashes; none where it is none.
fn sides(row: &str) -> Option<Vec<Side>> {
    cells(row)
        .iter()
        .map(|cell| {
            let (left, right) = (cell.starts_with(':'), cell.ends_with(':'));
            let dashes = cell.trim_matches(':');
            if dashes.is_empty() || !dashes.chars().all(|c| c == '-') {
                return None;
            }
            Some(match (left, right) {
                (true, true) => Side::Middle,
                (false, true) => Side::Right,
                _ => Side::Left,
            })
        })
        .collect()
}

/// Makes the widest columns narrower until all fit; false where they cannot.
fn shrink(widths: &mut [usize], columns: usize) -> bool {
    let gaps = widths.len().saturating_sub(1).saturating_mul(GAP);
    let Some(room) = columns.checked_sub(gaps) else {
        return false;
    };
    if widths.len().saturating_mul(NARROWEST) > room {
        return false;
    }
    while widths.iter().sum::<usize>() > room {
        let over = widths.iter().sum::<usize>().saturating_sub(room);
        let widest = widths.iter().copied().max().unwrap_or(0);
        let next = widths.iter().copied().filter(|width| *width < widest).max();
        let several = widths.iter().filter(|width| **width == widest).count();
        let step = widest
            .saturating_sub(next.unwrap_or(0).max(NARROWEST))
            .min(over.div_ceil(several))
            .max(1);
        for width in widths.iter_mut().filter(|width| **width == widest) {
            *width = width.saturating_sub(step);
        }
    }
    true
}

fn row_lines(row: &[Vec<Span>], widths: &[usize], sides: &[Side]) -> Vec<Vec<Span>> {
    let wrapped: Vec<Vec<Vec<Span>>> = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| wrap(cell, *width, &[], &[]))
        .collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(1);
    (0..height)
        .map(|at| {
            let mut line = Vec::new();
            let mut gap = 0;
            for ((cell, width), side) in wrapped.iter().zip(widths).zip(sides) {
                let cell = cell.get(at).cloned().unwrap_or_default();
                let used: usize = cell.iter().map(|span| clean::width(&span.text)).sum();
                let free = width.saturating_sub(used);
                let before = match side {
                    Side::Left => 0,
                    Side::Right => free,
                    Side::Middle => free / 2,
                };
                // Blanks at the end of a line are left out.
                if used == 0 {
                    gap += width + GAP;
                    continue;
                }
                line.push(Span::new(" ".repeat(gap + before), Style::plain()));
                line.extend(cell);
                gap = free.saturating_sub(before) + GAP;
            }
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::paint;

    fn lines(rows: &[&str], terminal: &Terminal) -> Option<Vec<String>> {
        let rows: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
        let lines = lay_out(&rows, terminal)?;
        Some(lines.iter().map(|line| paint(line, terminal)).collect())
    }

    #[test]
    fn tables() {
        for (rows, width, expected) in [
            (
                &["|model|loss|", "|:--|--:|", "|a|0.5|", "|longer|12|"][..],
                40,
                Some(
                    &[
                        "model   loss",
                        "------  ----",
                        "a        0.5",
                        "longer    12",
                    ][..],
                ),
            ),
            (
                &["|a|b|", "|-|:-:|", "|1|"],
                40,
                Some(&["a  b", "-  -", "1"]),
            ),
            (
                &["|a|b|", "|-|-|", "|x \\| y|some words that are long|"],
                20,
                Some(&[
                    "a      b",
                    "-----  -------------",
                    "x | y  some words",
                    "       that are long",
                ]),
            ),
            (
                &["|a|b|c|", "|-|-|-|", "||x|", "|y||", "|||"],
                40,
                Some(&["a  b  c", "-  -  -", "   x", "y", ""]),
            ),
            // Numbers and marks in cells are no lists.
            (
                &["|#|what|", "|-|-|", "|1. a|- b|"],
                40,
                Some(&["#     what", "----  ----", "1. a  - b"]),
            ),
            (&["|a|b|", "|1|2|"], 40, None),
            (&["|a|"], 40, None),
            (
                &["|a|b|c|d|e|f|", "|-|-|-|-|-|-|", "|1|2|3||5|six of them|"],
                20,
                Some(&["a: 1; b: 2; c: 3; e:", "  5; f: six of them"]),
            ),
            (
                &["|a|b|c|d|e|f|", "|-|-|-|-|-|-|"],
                20,
                Some(&["a; b; c; d; e; f"]),
            ),
        ] {
            let expected =
                expected.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect());
            let terminal = Terminal {
                width,
                ..Terminal::pipe()
            };
            assert_eq!(lines(rows, &terminal), expected, "{rows:?}");
        }
        let spoken = Terminal {
            spoken: true,
            ..Terminal::pipe()
        };
        assert_eq!(
            lines(&["|model|loss|", "|-|-|", "|a|0.5|"], &spoken),
            Some(vec!["model: a; loss: 0.5".to_owned()])
        );
    }
}
