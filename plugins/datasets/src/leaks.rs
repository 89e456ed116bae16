//! What would let a model know the label without learning anything.

use std::collections::HashMap;

use crate::format::{code, count, percent, plain};
use crate::rows::digest;
use crate::table::{Column, Kind, Row, class_name};

/// Rows under which nothing is said.
const ENOUGH: usize = 20;
/// Of a column that tells the label, the rows for which it does, in percent.
const TELLS: u64 = 98;

/// Findings as lines of a list.
pub(crate) fn lines(
    columns: &[Column],
    rows: &[Row],
    label: Option<usize>,
    ids: &[usize],
) -> Vec<String> {
    let mut lines = Vec::new();
    let name = |place: usize| {
        columns
            .get(place)
            .map_or_else(String::new, |column| code(&column.name))
    };
    if !ids.is_empty() {
        let names: Vec<String> = ids.iter().map(|place| name(*place)).collect();
        lines.push(format!(
            "- id-like, another value in each row, so not compared and not to be trained on: {}",
            names.join(", ")
        ));
    }
    let Some(label) = label else { return lines };
    let Some(label_column) = columns.get(label) else {
        return lines;
    };
    let labelled: Vec<(&Row, String)> = rows
        .iter()
        .filter(|row| !row.cell(label).is_null())
        .map(|row| (row, plain(row.cell(label))))
        .collect();
    let mut classes: HashMap<&str, u64> = HashMap::new();
    for (_, class) in &labelled {
        *classes.entry(class).or_default() += 1;
    }
    let all = labelled.len() as u64;
    // A label with as many values as there are rows is a measure, and no class.
    if labelled.len() < ENOUGH || classes.len() < 2 || classes.len() * 2 > labelled.len() {
        return lines;
    }
    let largest = classes.values().copied().max().unwrap_or(0);
    for (place, column) in columns.iter().enumerate() {
        let compared = !matches!(column.kind, Kind::Media | Kind::Other)
            && place != label
            && !ids.contains(&place);
        if !compared {
            continue;
        }
        let mut values: HashMap<u128, HashMap<&str, u64>> = HashMap::new();
        for (row, class) in &labelled {
            let by_class = values.entry(digest(&plain(row.cell(place)))).or_default();
            *by_class.entry(class).or_default() += 1;
        }
        // Where most rows have a value of their own, each tells its label and nothing follows.
        if values.len() * 2 > labelled.len() {
            continue;
        }
        let told: u64 = values
            .values()
            .filter_map(|by_class| by_class.values().max())
            .sum();
        if told * 100 >= all * TELLS && told > largest + (all - largest) / 2 {
            let how = if told == all {
                "tells the label alone".to_owned()
            } else {
                format!(
                    "tells the label alone in {} of the rows",
                    percent(told, all)
                )
            };
            lines.push(format!(
                "- ⚠ {} {how} ({} values, each with one class of {}): leave it out unless it is known beforehand",
                code(&column.name),
                count(values.len() as u64),
                code(&label_column.name),
            ));
        }
    }
    let changes = labelled
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.1 != b.1))
        .count();
    if changes + 1 == classes.len() {
        let first = labelled
            .first()
            .map(|(row, _)| class_name(&label_column.kind, row.cell(label)));
        lines.push(format!(
            "- ⚠ rows are sorted by {}, {} first: shuffle before taking a part of them",
            code(&label_column.name),
            code(&first.unwrap_or_default()),
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::table::inferred;

    fn found(make: impl Fn(u64) -> Value, n: u64) -> Vec<String> {
        let rows: Vec<Row> = (0..n)
            .map(|index| Row {
                index,
                cells: make(index).as_array().unwrap().clone(),
            })
            .collect();
        let columns: Vec<Column> = ["source", "label"]
            .iter()
            .enumerate()
            .map(|(place, name)| inferred(name, rows.iter().map(|row| row.cell(place))))
            .collect();
        lines(&columns, &rows, Some(1), &[])
    }

    #[test]
    fn a_column_that_tells_the_label_is_named() {
        let told = "- ⚠ `source` tells the label alone (4 values, each with one class of `label`): leave it out unless it is known beforehand";
        assert_eq!(found(|n| json!([format!("s{}", n % 4), n % 2]), 40), [told]);
        // Too few rows; a value of its own in each; no relation.
        assert!(found(|n| json!([format!("s{}", n % 4), n % 2]), 19).is_empty());
        assert!(found(|n| json!([format!("s{n}"), n % 2]), 40).is_empty());
        assert!(found(|n| json!([format!("s{}", n % 3), n % 2]), 40).is_empty());
        let almost = found(
            |n| json!([format!("s{}", if n == 7 { 0 } else { n % 4 }), n % 2]),
            100,
        );
        assert!(
            almost[0].contains("alone in 99.0% of the rows"),
            "{almost:?}"
        );
    }

    #[test]
    fn sorted_rows_are_noticed() {
        let sorted =
            "- ⚠ rows are sorted by `label`, `1` first: shuffle before taking a part of them";
        assert_eq!(
            found(|n| json!([format!("s{n}"), u64::from(n < 20)]), 40),
            [sorted]
        );
    }
}
