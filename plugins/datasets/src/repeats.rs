//! Rows that are there more than once: in a split, and in two of them.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::format::{count, counted, percent, plain};
use crate::rows::Keys;
use crate::table::Split;

/// What repeats in a split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Within {
    pub(crate) split: String,
    /// Rows that were looked at.
    pub(crate) looked_at: u64,
    /// Rows that it has.
    pub(crate) total: Option<u64>,
    /// Copies of a row that came before.
    pub(crate) exact: u64,
    /// Rows whose texts are those of one before but for case and spaces, and that are no copies.
    pub(crate) alike: u64,
    /// Rows that have the text of one before, and another label; without columns of text, all else of it.
    pub(crate) contradicting: u64,
    /// The first pair of rows of each of the three, where there is one.
    pub(crate) first: [Option<(u64, u64)>; 3],
}

/// What two splits share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Between {
    pub(crate) splits: (String, String),
    /// Rows of the second that are in the first.
    pub(crate) exact: u64,
    /// Rows of the second whose texts are in the first, but for case and spaces, and that are not there whole.
    pub(crate) alike: u64,
    /// The first pair of rows of each, where there is one.
    pub(crate) first: [Option<(u64, u64)>; 2],
}

/// What repeats within a split.
pub(crate) fn within(split: &Split, keys: &Keys, label: Option<usize>) -> Within {
    let mut found = Within {
        split: split.name.clone(),
        looked_at: split.rows.len() as u64,
        total: split.total,
        exact: 0,
        alike: 0,
        contradicting: 0,
        first: [None; 3],
    };
    let label = label.filter(|label| keys.compared.len() > 1 && keys.compared.contains(label));
    let mut rows: HashMap<u128, u64> = HashMap::new();
    // Of each input, the first row and its label.
    let mut inputs: HashMap<u128, (u64, Option<String>)> = HashMap::new();
    if keys.compared.is_empty() {
        return found;
    }
    let [first_exact, first_alike, first_other] = &mut found.first;
    for row in &split.rows {
        if let Some(earlier) = rows.get(&keys.exact(row)) {
            found.exact += 1;
            first_exact.get_or_insert((*earlier, row.index));
            continue;
        }
        rows.insert(keys.exact(row), row.index);
        // The texts are what the label is about; without any, all else is.
        let input = match (label, keys.texts.is_empty()) {
            (Some(label), true) => Some(keys.without(row, label)),
            _ => keys.alike(row),
        };
        let Some(input) = input else { continue };
        let class = label.map(|label| plain(row.cell(label)));
        match inputs.get(&input) {
            None => {
                inputs.insert(input, (row.index, class));
            }
            Some((earlier, other)) if *other != class => {
                found.contradicting += 1;
                first_other.get_or_insert((*earlier, row.index));
            }
            Some((earlier, _)) => {
                found.alike += 1;
                first_alike.get_or_insert((*earlier, row.index));
            }
        }
    }
    found
}

/// What each two splits share, the first with each of the others first.
pub(crate) fn between(splits: &[Split], keys: &Keys) -> Vec<Between> {
    let mut found = Vec::new();
    if keys.compared.is_empty() {
        return found;
    }
    for (place, one) in splits.iter().enumerate() {
        let mut rows: HashMap<u128, u64> = HashMap::new();
        let mut texts: HashMap<u128, u64> = HashMap::new();
        for row in &one.rows {
            rows.entry(keys.exact(row)).or_insert(row.index);
            if let Some(key) = keys.alike(row) {
                texts.entry(key).or_insert(row.index);
            }
        }
        for other in splits.iter().skip(place + 1) {
            let mut shared = Between {
                splits: (one.name.clone(), other.name.clone()),
                exact: 0,
                alike: 0,
                first: [None; 2],
            };
            let [first_exact, first_alike] = &mut shared.first;
            for row in &other.rows {
                if let Some(earlier) = rows.get(&keys.exact(row)) {
                    shared.exact += 1;
                    first_exact.get_or_insert((*earlier, row.index));
                } else if let Some(earlier) = keys.alike(row).and_then(|key| texts.get(&key)) {
                    shared.alike += 1;
                    first_alike.get_or_insert((*earlier, row.index));
                }
            }
            found.push(shared);
        }
    }
    found
}

/// Which rows were looked at, in one line.
pub(crate) fn looked_at(splits: &[Split]) -> String {
    let each: Vec<String> = splits
        .iter()
        .map(|split| {
            let rows = split.rows.len() as u64;
            match split.total {
                Some(total) if total == rows => {
                    format!("{}: all {}", split.name, counted(rows, "row"))
                }
                Some(total) => format!("{}: {} of {} rows", split.name, count(rows), count(total)),
                None => format!("{}: the first {}", split.name, counted(rows, "row")),
            }
        })
        .collect();
    let sample = if splits.iter().any(Split::is_sample) {
        " This is a sample: there are at least as many repeats as were found, and finding none proves nothing."
    } else {
        ""
    };
    format!("Looked at {}.{sample}", each.join("; "))
}

fn pair((earlier, later): (u64, u64)) -> String {
    format!("rows {earlier} and {later}")
}

/// Findings as lines of a list.
pub(crate) fn lines(within: &[Within], between: &[Between], have_text: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for found in within {
        let of = |n: u64, one: &str, more: &str| {
            let share = percent(n, found.looked_at);
            let verb = if n == 1 { one } else { more };
            format!("{} ({share}) {verb}", counted(n, "row"))
        };
        let [exact, alike, other] = found.first;
        if let Some(first) = exact {
            lines.push(format!(
                "- ⚠ {}: {} an earlier one exactly, first {}",
                found.split,
                of(found.exact, "repeats", "repeat"),
                pair(first)
            ));
        }
        if let Some(first) = alike {
            lines.push(format!(
                "- ⚠ {}: {} the text of an earlier one (case, spaces or other columns differ), first {}",
                found.split,
                of(found.alike, "has", "have"),
                pair(first)
            ));
        }
        if let Some(first) = other {
            lines.push(format!(
                "- ⚠ {}: {} the text of an earlier one and another label, first {}",
                found.split,
                of(found.contradicting, "has", "have"),
                pair(first)
            ));
        }
    }
    let clean: HashSet<&str> = within
        .iter()
        .filter(|found| found.first.iter().all(Option::is_none))
        .map(|found| found.split.as_str())
        .collect();
    if !clean.is_empty() {
        let names: Vec<&str> = within
            .iter()
            .map(|found| found.split.as_str())
            .filter(|name| clean.contains(name))
            .collect();
        let what = if have_text {
            "no repeated row or text"
        } else {
            "no repeated row"
        };
        lines.push(format!("- {}: {what}", names.join(", ")));
    }
    for found in between {
        let (one, other) = &found.splits;
        let [exact, alike] = found.first;
        let at = |(a, b): (u64, u64)| format!("first {one} row {a} = {other} row {b}");
        if let Some(first) = exact {
            lines.push(format!(
                "- ⚠ leak: {} of {other} {} in {one} too, {}",
                counted(found.exact, "row"),
                if found.exact == 1 { "is" } else { "are" },
                at(first)
            ));
        }
        if let Some(first) = alike {
            lines.push(format!(
                "- ⚠ leak: {} of {other} {} the text of one in {one} (case, spaces or other columns differ), {}",
                counted(found.alike, "row"),
                if found.alike == 1 { "has" } else { "have" },
                at(first)
            ));
        }
        if exact.is_none() && alike.is_none() {
            lines.push(format!("- {one} and {other}: no row in both"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::table::{Column, Row, inferred};

    fn split(name: &str, rows: Value) -> Split {
        let rows: Vec<Row> = rows
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(index, cells)| Row {
                index: index as u64,
                cells: cells.as_array().unwrap().clone(),
            })
            .collect();
        Split {
            name: name.into(),
            total: Some(rows.len() as u64),
            rows,
        }
    }

    fn keys() -> Keys {
        let columns: Vec<Column> = vec![
            inferred("text", [json!("")].iter()),
            inferred("label", [json!(0)].iter()),
        ];
        Keys::new(&columns, &[], &[], Some(1), None)
    }

    #[test]
    fn each_row_is_one_kind_of_repeat() {
        let split = split(
            "train",
            json!([
                ["a b", 0],
                ["c", 1],
                ["a b", 0],
                ["A  b", 0],
                ["c", 0],
                ["c", 1],
                ["d", 1]
            ]),
        );
        let found = within(&split, &keys(), Some(1));
        assert_eq!((found.exact, found.alike, found.contradicting), (2, 1, 1));
        assert_eq!(found.first, [Some((0, 2)), Some((0, 3)), Some((1, 4))]);
        let found = within(&split, &keys(), None);
        assert_eq!((found.exact, found.alike, found.contradicting), (2, 2, 0));
    }

    #[test]
    fn splits_are_compared() {
        let splits = [
            split("train", json!([["a", 0], ["b", 1]])),
            split("test", json!([["x", 0], ["a", 0], ["B ", 1]])),
            split("val", json!([["y", 0]])),
        ];
        let found = between(&splits, &keys());
        let shared = |found: &Between| (found.exact, found.alike);
        assert_eq!(
            found.iter().map(shared).collect::<Vec<_>>(),
            [(1, 1), (0, 0), (0, 0)]
        );
        assert_eq!(found[0].first, [Some((0, 1)), Some((1, 2))]);
        let within: Vec<Within> = splits
            .iter()
            .map(|split| super::within(split, &keys(), None))
            .collect();
        assert_eq!(
            lines(&within, &found, true),
            [
                "- train, test, val: no repeated row or text",
                "- ⚠ leak: 1 row of test is in train too, first train row 0 = test row 1",
                "- ⚠ leak: 1 row of test has the text of one in train (case, spaces or other columns differ), first train row 1 = test row 2",
                "- train and val: no row in both",
                "- test and val: no row in both",
            ]
        );
    }

    #[test]
    fn a_sample_is_called_one() {
        let whole = split("train", json!([["a", 0]]));
        let mut part = whole.clone();
        part.name = "test".into();
        part.total = Some(1_000);
        let mut unknown = part.clone();
        unknown.total = None;
        assert_eq!(
            looked_at(std::slice::from_ref(&whole)),
            "Looked at train: all 1 row."
        );
        let said = looked_at(&[whole, part, unknown]);
        assert!(said.starts_with("Looked at train: all 1 row; test: 1 of 1,000 rows; test: the first 1 row. This is a sample"));
    }
}
