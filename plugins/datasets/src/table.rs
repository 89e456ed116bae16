//! Columns and rows, whoever read them.

use serde_json::Value;

use crate::format::{cell, some};

/// Names of classes that a type lists.
const CLASSES: usize = 5;
/// Fields of a struct that a type lists.
const FIELDS: usize = 6;
/// Characters of a type.
const TYPE: usize = 160;

/// What the values of a column are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Whole numbers or others.
    Number,
    /// Text.
    Text,
    /// Yes or no.
    Bool,
    /// Numbers that stand for these names.
    Label(Vec<String>),
    /// Points in time.
    Time,
    /// Lists.
    List,
    /// Objects.
    Struct,
    /// Pictures, sound and the like: the viewer gives an address of each, which says nothing about the content.
    Media,
    /// Several of these, or none.
    Other,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The type as the report shows it.
    pub(crate) shown: String,
}

/// A row: where it is in its split, and its cells, one for each column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) index: u64,
    pub(crate) cells: Vec<Value>,
}

impl Row {
    /// The value in a column; null where there is none.
    pub(crate) fn cell(&self, column: usize) -> &Value {
        self.cells.get(column).unwrap_or(&Value::Null)
    }
}

/// The rows of a split that were looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Split {
    pub(crate) name: String,
    pub(crate) rows: Vec<Row>,
    /// Rows that it has, where that is known.
    pub(crate) total: Option<u64>,
}

impl Split {
    /// Whether there are rows that were not looked at, or may be.
    pub(crate) fn is_sample(&self) -> bool {
        self.total
            .is_none_or(|total| total > self.rows.len() as u64)
    }
}

/// A column of the Hub's, from its feature.
pub(crate) fn column(name: &str, feature: &Value) -> Column {
    let kind = match feature_type(feature) {
        "Value" => match dtype(feature) {
            "string" | "large_string" => Kind::Text,
            "bool" => Kind::Bool,
            other if is_number(other) => Kind::Number,
            other
                if ["timestamp", "date", "time"]
                    .iter()
                    .any(|begin| other.starts_with(begin)) =>
            {
                Kind::Time
            }
            _ => Kind::Other,
        },
        "ClassLabel" => Kind::Label(class_names(feature)),
        "Image" | "Audio" | "Video" | "Pdf" | "Nifti" => Kind::Media,
        "Sequence" | "List" | "LargeList" => Kind::List,
        "struct" => Kind::Struct,
        _ => Kind::Other,
    };
    Column {
        name: name.to_owned(),
        kind,
        shown: cell(&type_of(feature, 0), TYPE),
    }
}

fn is_number(dtype: &str) -> bool {
    ["int", "uint", "float", "double", "decimal"]
        .iter()
        .any(|begin| dtype.starts_with(begin))
}

fn dtype(feature: &Value) -> &str {
    feature
        .get("dtype")
        .and_then(Value::as_str)
        .unwrap_or("unknown")
}

fn class_names(feature: &Value) -> Vec<String> {
    let names = feature.get("names").and_then(Value::as_array);
    names
        .into_iter()
        .flatten()
        .map(crate::format::plain)
        .collect()
}

/// `_type`, or what is meant where there is none.
fn feature_type(feature: &Value) -> &str {
    match feature {
        Value::Array(_) => "List",
        Value::Object(fields) => match fields.get("_type") {
            Some(Value::String(name)) => name,
            _ => "struct",
        },
        _ => "unknown",
    }
}

/// A feature as a type: `string`, `ClassLabel (neg, pos)`, `List[{role: string, content: string}]`.
fn type_of(feature: &Value, depth: usize) -> String {
    if depth > 4 {
        return "…".to_owned();
    }
    match feature_type(feature) {
        "Value" => dtype(feature).to_owned(),
        "ClassLabel" => {
            let names = class_names(feature);
            format!("ClassLabel, {} ({})", names.len(), some(names, CLASSES))
        }
        "Sequence" | "List" | "LargeList" => {
            let inner = match feature {
                Value::Array(inner) => inner.first(),
                other => other.get("feature"),
            };
            format!(
                "List[{}]",
                type_of(inner.unwrap_or(&Value::Null), depth + 1)
            )
        }
        "struct" => {
            let fields = feature.as_object().into_iter().flatten();
            let fields =
                fields.map(|(name, inner)| format!("{name}: {}", type_of(inner, depth + 1)));
            format!("{{{}}}", some(fields, FIELDS))
        }
        other => other.to_owned(),
    }
}

/// A column of a file, whose type is what its values are.
pub(crate) fn inferred<'v>(name: &str, values: impl Iterator<Item = &'v Value>) -> Column {
    // In the order in which they are named where there are several.
    let names = ["int", "float", "string", "bool", "list", "struct"];
    let mut seen = [false; 6];
    for value in values {
        let place = match value {
            Value::Null => continue,
            Value::Number(n) if n.is_f64() => 1,
            Value::Number(_) => 0,
            Value::String(_) => 2,
            Value::Bool(_) => 3,
            Value::Array(_) => 4,
            Value::Object(_) => 5,
        };
        if let Some(seen) = seen.get_mut(place) {
            *seen = true;
        }
    }
    let found: Vec<&str> = names
        .iter()
        .zip(seen)
        .filter_map(|(name, seen)| seen.then_some(*name))
        .collect();
    let (kind, shown) = match found.as_slice() {
        [] => (Kind::Other, "null".to_owned()),
        ["int", "float"] => (Kind::Number, "float".to_owned()),
        [one] => {
            let kind = match *one {
                "string" => Kind::Text,
                "bool" => Kind::Bool,
                "list" => Kind::List,
                "struct" => Kind::Struct,
                _ => Kind::Number,
            };
            (kind, (*one).to_owned())
        }
        several => (Kind::Other, format!("mixed: {}", several.join(", "))),
    };
    Column {
        name: name.to_owned(),
        kind,
        shown,
    }
}

/// Names that a label often has, the most telling first.
const LABELS: [&str; 12] = [
    "label",
    "labels",
    "target",
    "class",
    "category",
    "y",
    "sentiment",
    "intent",
    "coarse_label",
    "fine_label",
    "outcome",
    "is_duplicate",
];

/// The column that is to be predicted: the one that was named, else one of classes, else one with the name of a label.
pub(crate) fn label(columns: &[Column], named: Option<&str>) -> Option<usize> {
    if let Some(named) = named {
        return columns.iter().position(|column| column.name == named);
    }
    let scalar = |column: &Column| {
        matches!(
            column.kind,
            Kind::Number | Kind::Text | Kind::Bool | Kind::Label(_)
        )
    };
    let of_classes = || {
        columns
            .iter()
            .position(|column| matches!(column.kind, Kind::Label(_)))
    };
    LABELS
        .iter()
        .find_map(|name| {
            columns
                .iter()
                .position(|column| column.name.eq_ignore_ascii_case(name) && scalar(column))
        })
        .or_else(of_classes)
}

/// A value of a label column as people call it.
pub(crate) fn class_name(kind: &Kind, value: &Value) -> String {
    let named = match (kind, value.as_u64()) {
        (Kind::Label(names), Some(n)) => usize::try_from(n).ok().and_then(|n| names.get(n)),
        _ => None,
    };
    named
        .cloned()
        .unwrap_or_else(|| crate::format::plain(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn features_become_types() {
        let table = [
            (
                json!({"dtype": "string", "_type": "Value"}),
                Kind::Text,
                "string",
            ),
            (
                json!({"dtype": "int64", "_type": "Value"}),
                Kind::Number,
                "int64",
            ),
            (
                json!({"dtype": "bool", "_type": "Value"}),
                Kind::Bool,
                "bool",
            ),
            (
                json!({"dtype": "timestamp[us]", "_type": "Value"}),
                Kind::Time,
                "timestamp[us]",
            ),
            (
                json!({"names": ["neg", "pos"], "_type": "ClassLabel"}),
                Kind::Label(vec!["neg".into(), "pos".into()]),
                "ClassLabel, 2 (neg, pos)",
            ),
            (json!({"_type": "Image"}), Kind::Media, "Image"),
            (
                json!([{"role": {"dtype": "string", "_type": "Value"}}]),
                Kind::List,
                "List[{role: string}]",
            ),
            (
                json!({"feature": {"dtype": "float32", "_type": "Value"}, "length": -1, "_type": "Sequence"}),
                Kind::List,
                "List[float32]",
            ),
            (
                json!({"a": {"dtype": "int8", "_type": "Value"}}),
                Kind::Struct,
                "{a: int8}",
            ),
            (json!(3), Kind::Other, "unknown"),
        ];
        for (feature, kind, shown) in table {
            let expected = Column {
                name: "c".into(),
                kind,
                shown: shown.into(),
            };
            assert_eq!(column("c", &feature), expected);
        }
    }

    #[test]
    fn values_become_types() {
        for (values, shown) in [
            (json!([null, null]), "null"),
            (json!([1, null]), "int"),
            (json!([1, 2.5]), "float"),
            (json!(["a", 1]), "mixed: int, string"),
            (json!([[1], []]), "list"),
            (json!([true]), "bool"),
        ] {
            let column = inferred("c", values.as_array().unwrap().iter());
            assert_eq!(column.shown, shown);
        }
    }

    #[test]
    fn the_label_is_found() {
        let text = |name: &str| Column {
            name: name.into(),
            kind: Kind::Text,
            shown: String::new(),
        };
        let class = |name: &str| Column {
            name: name.into(),
            kind: Kind::Label(vec![]),
            shown: String::new(),
        };
        let columns = [text("text"), class("topic"), text("Label")];
        assert_eq!(label(&columns, None), Some(2));
        assert_eq!(label(&columns, Some("text")), Some(0));
        assert_eq!(label(&columns, Some("none")), None);
        assert_eq!(label(&columns[..2], None), Some(1));
        assert_eq!(label(&columns[..1], None), None);
    }
}
