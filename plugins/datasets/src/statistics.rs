//! Statistics of columns: as the Hub's server has them for a whole split, or from the rows that were looked at.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::format::{cell, code, count, number, percent, plain, sparkline, table};
use crate::rows::digest;
use crate::table::{Column, Kind, Row, class_name};

/// Bars of a histogram.
const BARS: usize = 10;
/// Different values that a column of text or whole numbers may have to count as one of classes.
const MOST_CLASSES: usize = 30;
/// The same for the column that is to be predicted.
const MOST_LABELS: usize = 1_000;

/// What is known of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Statistics {
    pub(crate) column: String,
    /// As the server calls it, or the column's type.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Rows with a value or none.
    pub(crate) rows: u64,
    pub(crate) nulls: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) distinct: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spread: Option<Spread>,
    /// Classes and their rows, the largest first; empty where it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) classes: Vec<(String, u64)>,
}

/// How values, or their lengths, are spread.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// What is measured: `value`, `characters`, `items`, `seconds`, `pixels wide`.
    pub(crate) of: &'static str,
    pub(crate) min: Value,
    pub(crate) max: Value,
    pub(crate) mean: Value,
    pub(crate) median: Value,
    pub(crate) std: Value,
    pub(crate) histogram: Vec<u64>,
    /// One more than there are bars, where they are known.
    pub(crate) edges: Vec<Value>,
}

/// What the server says of one column.
pub(crate) fn of_server(entry: &Value, rows: u64) -> Option<Statistics> {
    let name = entry.get("column_name")?.as_str()?;
    let kind = entry.get("column_type")?.as_str()?;
    let said = entry.get("column_statistics")?.as_object()?;
    let whole = |name: &str| said.get(name).and_then(Value::as_u64);
    let mut classes: Vec<(String, u64)> = said
        .get("frequencies")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, n)| Some((name.clone(), n.as_u64()?)))
        .collect();
    largest_first(&mut classes);
    let of = match kind {
        "string_text" | "string_label" => "characters",
        "list" => "items",
        "audio" | "video" => "seconds",
        "image" => "pixels wide",
        _ => "value",
    };
    Some(Statistics {
        column: name.to_owned(),
        kind: kind.to_owned(),
        rows,
        // Of a class label, -1 means that there is none.
        nulls: whole("nan_count").unwrap_or(0) + whole("no_label_count").unwrap_or(0),
        distinct: whole("n_unique").or((kind == "bool").then_some(classes.len() as u64)),
        spread: server_spread(said, of),
        classes,
    })
}

fn server_spread(said: &Map<String, Value>, of: &'static str) -> Option<Spread> {
    let value = |name: &str| said.get(name).cloned().unwrap_or(Value::Null);
    if value("min").is_null() {
        return None;
    }
    let bars = said.get("histogram");
    let list = |name: &str| {
        bars.and_then(|bars| bars.get(name))
            .and_then(Value::as_array)
            .cloned()
    };
    Some(Spread {
        of,
        min: value("min"),
        max: value("max"),
        mean: value("mean"),
        median: value("median"),
        std: value("std"),
        histogram: list("hist")
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_u64)
            .collect(),
        edges: list("bin_edges").unwrap_or_default(),
    })
}

fn largest_first(classes: &mut [(String, u64)]) {
    classes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
}

/// Statistics of every column, from rows. The label's classes are counted however many there are of them, within reason.
pub(crate) fn of_rows(columns: &[Column], rows: &[Row], label: Option<usize>) -> Vec<Statistics> {
    columns
        .iter()
        .enumerate()
        .map(|(place, column)| of_column(column, place, rows, label == Some(place)))
        .collect()
}

fn of_column(column: &Column, place: usize, rows: &[Row], is_label: bool) -> Statistics {
    let is_null = |value: &Value| {
        value.is_null()
            || (matches!(column.kind, Kind::Label(_)) && value.as_i64() == Some(-1))
            || value.as_f64().is_some_and(f64::is_nan)
    };
    let mut distinct = HashSet::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut measures: Vec<f64> = Vec::new();
    let (mut first, mut last): (Option<&str>, Option<&str>) = (None, None);
    let mut nulls = 0;
    let most = if is_label { MOST_LABELS } else { MOST_CLASSES };
    for row in rows {
        let value = row.cell(place);
        if is_null(value) {
            nulls += 1;
            continue;
        }
        if column.kind != Kind::Media {
            let new = distinct.insert(digest(&plain(value)));
            if distinct.len() <= most {
                *counts.entry(class_name(&column.kind, value)).or_default() += 1;
            } else if new {
                counts.clear();
            }
        }
        match (value, &column.kind) {
            (Value::String(text), Kind::Time) => {
                first = Some(first.map_or(text.as_str(), |first| first.min(text)));
                last = Some(last.map_or(text.as_str(), |last| last.max(text)));
            }
            (Value::String(text), Kind::Text) => measures.push(text.chars().count() as f64),
            (Value::Array(items), Kind::List) => measures.push(items.len() as f64),
            (Value::Number(n), Kind::Number) => measures.extend(n.as_f64()),
            _ => {}
        }
    }
    let whole = |value: &Value| !value.is_f64();
    let enough = distinct.len() * 2 <= rows.len() || is_label || rows.len() < 20;
    let of_classes = match column.kind {
        Kind::Label(_) | Kind::Bool => true,
        Kind::Text => enough && distinct.len() <= most,
        // A few whole numbers are classes only where somebody says so.
        Kind::Number => is_label && rows.iter().all(|row| whole(row.cell(place))),
        _ => false,
    };
    let mut classes: Vec<(String, u64)> = if of_classes && distinct.len() <= most {
        counts.into_iter().collect()
    } else {
        Vec::new()
    };
    largest_first(&mut classes);
    let spread = match column.kind {
        Kind::Text => spread(measures, "characters"),
        Kind::List => spread(measures, "items"),
        Kind::Number => spread(measures, "value"),
        Kind::Time => first.zip(last).map(|(first, last)| Spread {
            of: "value",
            min: first.into(),
            max: last.into(),
            mean: Value::Null,
            median: Value::Null,
            std: Value::Null,
            histogram: Vec::new(),
            edges: Vec::new(),
        }),
        _ => None,
    };
    Statistics {
        column: column.name.clone(),
        kind: column.shown.clone(),
        rows: rows.len() as u64,
        nulls,
        distinct: (column.kind != Kind::Media).then_some(distinct.len() as u64),
        spread,
        classes,
    }
}

fn spread(mut measures: Vec<f64>, of: &'static str) -> Option<Spread> {
    measures.retain(|x| x.is_finite());
    measures.sort_by(f64::total_cmp);
    let (min, max) = (*measures.first()?, *measures.last()?);
    let n = measures.len() as f64;
    let mean = measures.iter().sum::<f64>() / n;
    // Of a sample, as the server's: with one less than there are.
    let squares: f64 = measures.iter().map(|x| (x - mean).powi(2)).sum();
    let std = if measures.len() > 1 {
        (squares / (n - 1.0)).sqrt()
    } else {
        0.0
    };
    let middle = measures.len() / 2;
    let at = |place: usize| measures.get(place).copied().unwrap_or(mean);
    let median = if measures.len() % 2 == 1 {
        at(middle)
    } else {
        f64::midpoint(at(middle.saturating_sub(1)), at(middle))
    };
    // Of a few whole numbers, each has a bar of its own.
    let whole = measures.iter().all(|x| x.fract() == 0.0);
    let bars = if max == min {
        1
    } else if whole && max - min < BARS as f64 {
        (max - min) as usize + 1
    } else {
        BARS
    };
    let width = if whole && bars < BARS {
        1.0
    } else {
        (max - min) / bars as f64
    };
    let mut histogram = vec![0_u64; bars];
    for x in &measures {
        let bar = if width > 0.0 {
            ((x - min) / width) as usize
        } else {
            0
        };
        if let Some(count) = histogram.get_mut(bar.min(bars - 1)) {
            *count += 1;
        }
    }
    let edges = (0..=bars)
        .map(|bar| (min + width * bar as f64).into())
        .collect();
    Some(Spread {
        of,
        min: min.into(),
        max: max.into(),
        mean: mean.into(),
        median: median.into(),
        std: std.into(),
        histogram,
        edges,
    })
}

/// A number or a point in time.
pub(crate) fn measure(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Number(n) => n.as_f64().map_or_else(|| n.to_string(), number),
        other => cell(&plain(other), 26),
    }
}

/// The table of all columns.
pub(crate) fn lines(all: &[Statistics]) -> Vec<String> {
    let rows = all.iter().map(|column| {
        let nulls = if column.nulls == 0 {
            "0".to_owned()
        } else {
            format!(
                "{} ({})",
                count(column.nulls),
                percent(column.nulls, column.rows)
            )
        };
        let distinct = column.distinct.map_or_else(|| "–".to_owned(), count);
        let mut cells = vec![code(&column.column), nulls, distinct];
        match &column.spread {
            Some(spread) => {
                let values = [
                    &spread.min,
                    &spread.mean,
                    &spread.median,
                    &spread.max,
                    &spread.std,
                ];
                cells.push(spread.of.to_owned());
                cells.extend(values.map(measure));
                cells.push(sparkline(&spread.histogram));
            }
            None => cells.extend(
                [
                    if column.classes.is_empty() {
                        "–"
                    } else {
                        "classes"
                    },
                    "",
                    "",
                    "",
                    "",
                    "",
                    "",
                ]
                .map(str::to_owned),
            ),
        }
        cells
    });
    table(
        &[
            "column",
            "nulls",
            "distinct",
            "of",
            "min",
            "mean",
            "median",
            "max",
            "std",
            "histogram",
        ],
        rows,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::table::inferred;

    fn rows(values: &Value) -> Vec<Row> {
        let values = values.as_array().unwrap();
        let row = |(index, value): (usize, &Value)| Row {
            index: index as u64,
            cells: vec![value.clone()],
        };
        values.iter().enumerate().map(row).collect()
    }

    fn one(values: Value) -> Statistics {
        let column = inferred("c", values.as_array().unwrap().iter());
        of_column(&column, 0, &rows(&values), false)
    }

    #[test]
    fn numbers_are_measured() {
        let found = one(json!([1, 2, 3, 4, null]));
        assert_eq!((found.rows, found.nulls, found.distinct), (5, 1, Some(4)));
        let spread = found.spread.unwrap();
        assert_eq!(
            [&spread.min, &spread.max, &spread.mean, &spread.median].map(measure),
            ["1", "4", "2.5", "2.5"]
        );
        // statistics.stdev([1, 2, 3, 4]) of Python
        assert_eq!(measure(&spread.std), "1.291");
        assert_eq!(spread.histogram, [1, 1, 1, 1]);
        assert_eq!(one(json!([7.5])).spread.unwrap().histogram, [1]);
        assert_eq!(one(json!([])).spread, None);
        let long: Vec<f64> = (0..=100).map(|n| f64::from(n) / 2.0).collect();
        assert_eq!(
            one(json!(long)).spread.unwrap().histogram,
            [10, 10, 10, 10, 10, 10, 10, 10, 10, 11]
        );
    }

    #[test]
    fn texts_have_lengths_and_perhaps_classes() {
        let found = one(json!(["a", "bé", "a", ""]));
        assert_eq!(
            found.classes,
            [
                ("a".to_owned(), 2),
                (String::new(), 1),
                ("bé".to_owned(), 1)
            ]
        );
        assert_eq!(measure(&found.spread.unwrap().max), "2");
        let many: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        assert!(one(json!(many)).classes.is_empty());
        let repeated: Vec<String> = (0..40).map(|n| (n % 31).to_string()).collect();
        assert!(one(json!(repeated)).classes.is_empty());
    }

    #[test]
    fn labels_have_names_and_holes() {
        let column = Column {
            name: "label".into(),
            kind: Kind::Label(vec!["neg".into(), "pos".into()]),
            shown: "ClassLabel".into(),
        };
        let found = of_column(&column, 0, &rows(&json!([0, 1, 1, -1, null])), true);
        assert_eq!(
            found.classes,
            [("pos".to_owned(), 2), ("neg".to_owned(), 1)]
        );
        assert_eq!(found.nulls, 2);
    }

    #[test]
    fn the_servers_statistics_are_taken() {
        let entry = json!({"column_name": "label", "column_type": "class_label", "column_statistics":
            {"nan_count": 1, "no_label_count": 2, "n_unique": 2, "frequencies": {"neg": 3, "pos": 9}}});
        let found = of_server(&entry, 15).unwrap();
        assert_eq!((found.nulls, found.distinct), (3, Some(2)));
        assert_eq!(
            found.classes,
            [("pos".to_owned(), 9), ("neg".to_owned(), 3)]
        );
        let entry = json!({"column_name": "text", "column_type": "string_text", "column_statistics":
            {"nan_count": 0, "min": 52, "max": 13704, "mean": 1325.06964, "median": 979, "std": 1003.13,
             "histogram": {"hist": [17426, 5384], "bin_edges": [52, 1418, 13704]}}});
        assert_eq!(
            lines(&[of_server(&entry, 25_000).unwrap()]).last().unwrap(),
            "| `text` | 0 | – | characters | 52 | 1325 | 979 | 13704 | 1003 | █▃ |"
        );
        for broken in [
            json!({}),
            json!({"column_name": 1}),
            json!({"column_name": "a", "column_type": "int"}),
        ] {
            assert_eq!(of_server(&broken, 1), None);
        }
    }
}
