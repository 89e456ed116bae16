//! What makes two rows the same.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::format::plain;
use crate::table::{Column, Kind, Row};

/// 128 bits that stand for a text: two hashes of 64 bits, so that texts which differ do not meet in a million rows.
pub(crate) fn digest(text: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        text.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// A text without what people do not see as a difference: case, and how words are set apart.
pub(crate) fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// Rows as keys that can be compared.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// Columns that are compared.
    pub(crate) compared: Vec<usize>,
    /// Those of text, among them.
    pub(crate) texts: Vec<usize>,
}

impl Keys {
    /// Columns that say what a row is: not its number, and nothing that only has an address. Its texts are those that
    /// are no classes, or the one that was named.
    pub(crate) fn new(
        columns: &[Column],
        rows: &[Row],
        ids: &[usize],
        label: Option<usize>,
        text: Option<usize>,
    ) -> Self {
        let compared: Vec<usize> = columns
            .iter()
            .enumerate()
            .filter(|(place, column)| column.kind != Kind::Media && !ids.contains(place))
            .map(|(place, _)| place)
            .collect();
        let is_text = |place: &usize| {
            let column = columns.get(*place);
            column.is_some_and(|column| column.kind == Kind::Text)
                && label != Some(*place)
                && !is_class(rows, *place)
        };
        let texts = match text {
            Some(text) => vec![text],
            None => compared.iter().copied().filter(is_text).collect(),
        };
        Self { compared, texts }
    }

    /// The whole row.
    pub(crate) fn exact(&self, row: &Row) -> u128 {
        key(row, &self.compared, plain)
    }

    /// The whole row without some column.
    pub(crate) fn without(&self, row: &Row, column: usize) -> u128 {
        let rest: Vec<usize> = self
            .compared
            .iter()
            .copied()
            .filter(|place| *place != column)
            .collect();
        key(row, &rest, plain)
    }

    /// Its texts, folded; none where they are empty, which are alike without meaning it.
    pub(crate) fn alike(&self, row: &Row) -> Option<u128> {
        let text = |value: &Value| folded(&plain(value));
        let said =
            |place: &usize| !row.cell(*place).is_null() && !text(row.cell(*place)).is_empty();
        self.texts
            .iter()
            .any(said)
            .then(|| key(row, &self.texts, text))
    }
}

/// Whether a column of text has few values, many times each.
fn is_class(rows: &[Row], place: usize) -> bool {
    let values: HashSet<u128> = rows
        .iter()
        .map(|row| digest(&plain(row.cell(place))))
        .collect();
    rows.len() >= 20 && values.len() <= 30 && values.len() * 2 <= rows.len()
}

fn key(row: &Row, columns: &[usize], shown: impl Fn(&Value) -> String) -> u128 {
    let mut text = String::new();
    for column in columns {
        let value = row.cell(*column);
        let value_text = shown(value);
        // Its kind and length first, so that no value runs into the next, and null is no "null".
        let kind = if value.is_string() { 's' } else { 'v' };
        text.push_str(&format!("{kind}{}:{value_text}", value_text.len()));
    }
    digest(&text)
}

/// Columns that number or name the rows: another value in each, whole numbers that go up by one, or the name of an id.
pub(crate) fn ids(columns: &[Column], rows: &[Row]) -> Vec<usize> {
    let is_id = |(place, column): &(usize, &Column)| {
        if rows.len() < 2 || !matches!(column.kind, Kind::Number | Kind::Text) {
            return false;
        }
        let mut distinct = HashSet::new();
        let differ = rows.iter().all(|row| {
            let value = row.cell(*place);
            !value.is_null() && !value.is_f64() && distinct.insert(digest(&plain(value)))
        });
        differ
            && (has_name_of_id(&column.name) || counts_up(rows, *place) || are_uuids(rows, *place))
    };
    columns
        .iter()
        .enumerate()
        .filter(is_id)
        .map(|(place, _)| place)
        .collect()
}

fn has_name_of_id(name: &str) -> bool {
    let name = name.to_lowercase();
    let exact = [
        "id",
        "idx",
        "index",
        "uuid",
        "guid",
        "key",
        "rowid",
        "__index_level_0__",
        "unnamed: 0",
        "",
    ];
    let ends = ["_id", "-id", "_idx", "_index", "_uuid", "_key", "_hash"];
    exact.contains(&name.as_str()) || ends.iter().any(|end| name.ends_with(end))
}

/// Whether each value is as far from the one of the row before as the rows are.
fn counts_up(rows: &[Row], place: usize) -> bool {
    rows.len() > 2
        && rows.windows(2).all(|pair| match pair {
            [a, b] => {
                let step = b.index as i64 - a.index as i64;
                a.cell(place)
                    .as_i64()
                    .zip(b.cell(place).as_i64())
                    .is_some_and(|(a, b)| b.checked_sub(a) == Some(step))
            }
            _ => false,
        })
}

fn are_uuids(rows: &[Row], place: usize) -> bool {
    rows.iter().all(|row| {
        let text = row.cell(place).as_str().unwrap_or_default();
        let digits = text.chars().filter(char::is_ascii_hexdigit).count();
        matches!(text.len(), 32 | 36 | 40 | 64)
            && digits + text.matches('-').count() == text.len()
            && digits >= 32
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::table::inferred;

    #[test]
    fn ids_are_told_from_what_is_measured() {
        let row = |index: u64, cells: Value| Row {
            index,
            cells: cells.as_array().unwrap().clone(),
        };
        let rows = [
            row(
                0,
                json!([
                    7,
                    "a",
                    "x1",
                    3,
                    0.5,
                    "6f9619ff-8b86-d011-b42d-00c04fc964ff",
                    null
                ]),
            ),
            row(
                1,
                json!([
                    8,
                    "b",
                    "x2",
                    9,
                    1.5,
                    "6f9619ff-8b86-d011-b42d-00c04fc964fe",
                    "a"
                ]),
            ),
            row(
                100,
                json!([
                    107,
                    "c",
                    "x3",
                    4,
                    2.5,
                    "6f9619ff-8b86-d011-b42d-00c04fc964fd",
                    "b"
                ]),
            ),
        ];
        let names = ["n", "text", "doc_id", "price", "share", "u", "id"];
        let columns: Vec<Column> = names
            .iter()
            .enumerate()
            .map(|(place, name)| inferred(name, rows.iter().map(|row| row.cell(place))))
            .collect();
        assert_eq!(ids(&columns, &rows), [0, 2, 5]);
        assert_eq!(ids(&columns, &rows[..1]), [0_usize; 0]);
    }

    #[test]
    fn keys_tell_apart_what_differs() {
        let columns = [
            inferred("a", [json!("")].iter()),
            inferred("b", [json!("")].iter()),
        ];
        let keys = Keys::new(&columns, &[], &[], None, None);
        let row = |a: Value, b: Value| Row {
            index: 0,
            cells: vec![a, b],
        };
        let table = [
            (
                row(json!("ab"), json!("c")),
                row(json!("a"), json!("bc")),
                false,
                false,
            ),
            (
                row(json!(null), json!("c")),
                row(json!("null"), json!("c")),
                false,
                false,
            ),
            (
                row(json!(" A\tb "), json!("c")),
                row(json!("a B"), json!("C")),
                false,
                true,
            ),
            (
                row(json!("a"), json!("c")),
                row(json!("a"), json!("c")),
                true,
                true,
            ),
        ];
        for (a, b, exact, alike) in table {
            assert_eq!(keys.exact(&a) == keys.exact(&b), exact, "{a:?} {b:?}");
            assert_eq!(keys.alike(&a) == keys.alike(&b), alike, "{a:?} {b:?}");
        }
        assert_eq!(keys.alike(&row(json!(" "), json!(null))), None);
    }
}
