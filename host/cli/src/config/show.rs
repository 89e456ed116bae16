//! What `config show` prints: every value, and who said it.
//!
//! A value that variables were put into is shown as it was written, with where each variable was found; what was put in is
//! not shown. What is a secret or may be one is not shown either.

use serde_json::{Map, Value, json};

use super::error::printable;
use super::secret::is_hidden;
use super::tree::{Tree, pointer};

/// What stands for a value that is not shown.
const HIDDEN: &str = "(hidden)";

/// One value.
struct Row {
    key: String,
    /// None where it is not shown.
    value: Option<Value>,
    from: &'static str,
    at: String,
    variables: Vec<(String, String)>,
}

fn rows(tree: &Tree) -> Vec<Row> {
    let keys = tree.leaves().into_iter();
    // What is for editors alone is no value.
    let keys = keys.filter(|(path, _)| *path != ["$schema"]);
    let rows = keys.map(|(path, tree)| {
        let leaf = tree.leaf();
        let written = leaf.and_then(|leaf| leaf.written.clone());
        let value = match written {
            // Text beside a variable is shown only where no secret is expected.
            Some(written) => (!is_hidden(&path) || is_variable(&written)).then_some(written),
            None if leaf.is_some() && is_hidden(&path) => None,
            None => Some(tree.value()),
        };
        let used = leaf.map_or(&[][..], |leaf| &leaf.used);
        Row {
            key: pointer(&path),
            value,
            from: tree.origin.source.word(),
            at: tree.origin.to_string(),
            variables: used
                .iter()
                .map(|used| (used.name.clone(), used.from.to_string()))
                .collect(),
        }
    });
    rows.collect()
}

/// Whether a text is one variable without a default, after a word like `Bearer` maybe.
fn is_variable(written: &Value) -> bool {
    let Some(text) = written.as_str() else {
        return false;
    };
    let text = text
        .strip_prefix("Bearer ")
        .or_else(|| text.strip_prefix("Basic "))
        .unwrap_or(text);
    text.strip_prefix("${")
        .and_then(|text| text.strip_suffix('}'))
        .is_some_and(|name| !name.contains(['$', '{', '}', ':']))
}

/// As a table: key, value as JSON, and who said it.
pub(crate) fn table(tree: &Tree) -> String {
    let lines: Vec<[String; 3]> = rows(tree)
        .into_iter()
        .map(|row| {
            let value = row
                .value
                .map_or_else(|| HIDDEN.to_owned(), |value| value.to_string());
            let mut from = match row.from {
                "built-in" => row.at,
                word => format!("{word} {}", row.at),
            };
            for (name, found) in &row.variables {
                from.push_str(&format!("; {name}: {found}"));
            }
            [printable(&row.key), printable(&value), printable(&from)]
        })
        .collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        // One long value must not push the others off the screen.
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .min(48)
    };
    let (first, second) = (width(0), width(1));
    lines
        .iter()
        .map(|[key, value, from]| format!("{key:first$}  {value:second$}  {from}\n"))
        .collect()
}

/// As JSON: by pointer, `value` (or `hidden`), `from`, `at`, and `variables` with where each was found.
pub(crate) fn json(tree: &Tree) -> Value {
    let entries = rows(tree).into_iter().map(|row| {
        let mut entry = Map::new();
        match row.value {
            Some(value) => entry.insert("value".to_owned(), value),
            None => entry.insert("hidden".to_owned(), json!(true)),
        };
        entry.insert("from".to_owned(), json!(row.from));
        entry.insert("at".to_owned(), json!(row.at));
        if !row.variables.is_empty() {
            let variables: Map<String, Value> = row
                .variables
                .into_iter()
                .map(|(name, found)| (name, json!(found)))
                .collect();
            entry.insert("variables".to_owned(), Value::Object(variables));
        }
        (row.key, Value::Object(entry))
    });
    Value::Object(entries.collect())
}
