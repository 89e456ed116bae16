//! Which cell is meant: its id, or its number.

use std::borrow::Cow;
use std::fmt;

use ml_intern_sdk::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Visitor};

use super::{Notebook, json};

/// Ids that are listed.
const LISTED: usize = 12;

/// A cell's id, or its number from 0. A string that is no id of the notebook's may be a number too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CellName {
    Id(String),
    Number(usize),
}

impl<'de> Deserialize<'de> for CellName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = CellName;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a cell's id, or its number from 0")
            }

            fn visit_str<E: serde::de::Error>(self, id: &str) -> Result<CellName, E> {
                Ok(CellName::Id(id.to_owned()))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<CellName, E> {
                // On a machine of 32 bits no notebook has more cells than that.
                Ok(CellName::Number(
                    usize::try_from(number).unwrap_or(usize::MAX),
                ))
            }
        }

        deserializer.deserialize_any(Name)
    }
}

impl JsonSchema for CellName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "CellName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"] })
    }
}

impl Notebook<'_> {
    /// The number of the cell that is meant; else what would have been right, for the model.
    pub(crate) fn find(&self, name: &CellName, path: &str) -> Result<usize, String> {
        let number = match name {
            CellName::Number(number) => Some(*number),
            CellName::Id(id) => {
                let mut named = self
                    .cells
                    .iter()
                    .enumerate()
                    .filter(|(_, cell)| cell.id.as_ref() == Some(id))
                    .map(|(number, _)| number);
                match (named.next(), named.next()) {
                    (Some(first), Some(second)) => {
                        return Err(format!(
                            "a number: cells {first} and {second} of `{path}` both have the id `{}`",
                            json::short(id)
                        ));
                    }
                    (Some(only), None) => Some(only),
                    (None, _) => id.parse().ok(),
                }
            }
        };
        number
            .filter(|number| *number < self.cells.len())
            .ok_or_else(|| self.cells_there_are(path))
    }

    /// Which cells can be named.
    fn cells_there_are(&self, path: &str) -> String {
        let last = match self.cells.len() {
            0 => return format!("nothing yet: `{path}` has no cells"),
            1 => return format!("0: `{path}` has one cell{}", self.ids()),
            many => many - 1,
        };
        format!(
            "a cell of `{path}`: a number from 0 to {last}{}",
            self.ids()
        )
    }

    fn ids(&self) -> String {
        let ids: Vec<String> = self
            .cells
            .iter()
            .filter_map(|cell| cell.id.as_ref())
            .map(|id| format!("`{}`", json::short(id)))
            .collect();
        match ids.as_slice() {
            [] => ", without ids".to_owned(),
            [only] => format!(", or the id {only}"),
            few if few.len() <= LISTED => format!(", or one of the ids {}", few.join(", ")),
            many => format!(
                ", or one of the ids {} and {} more",
                many.iter()
                    .take(LISTED)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", "),
                many.len() - LISTED
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use ml_intern_sdk::serde_json::{self, json};

    use super::*;

    fn notebook(ids: &[Option<&str>]) -> String {
        let cells: Vec<_> = ids
            .iter()
            .map(|id| match id {
                Some(id) => json!({ "cell_type": "raw", "id": id, "metadata": {}, "source": "" }),
                None => json!({ "cell_type": "raw", "metadata": {}, "source": "" }),
            })
            .collect();
        json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells }).to_string()
    }

    fn find(ids: &[Option<&str>], name: &serde_json::Value) -> Result<usize, String> {
        let name = serde_json::from_value(name.clone()).unwrap();
        Notebook::new(&notebook(ids))
            .unwrap()
            .find(&name, "a.ipynb")
    }

    #[test]
    fn a_cell_is_found_by_id_or_number() {
        let ids = [Some("intro"), Some("0"), None, Some("12345678")];
        let table = [
            (json!("intro"), 0),
            (json!(0), 0),
            (json!("0"), 1),
            (json!(2), 2),
            (json!("2"), 2),
            (json!("12345678"), 3),
        ];
        for (name, number) in table {
            assert_eq!(find(&ids, &name), Ok(number), "{name}");
        }
    }

    #[test]
    fn a_name_that_leads_nowhere_is_answered_with_those_that_do() {
        let many: Vec<String> = (0..14).map(|number| format!("c{number}")).collect();
        let many: Vec<_> = many.iter().map(|id| Some(id.as_str())).collect();
        let table: [(&[Option<&str>], _, &str); 7] = [
            (&[], json!(0), "nothing yet: `a.ipynb` has no cells"),
            (
                &[Some("a")],
                json!(1),
                "0: `a.ipynb` has one cell, or the id `a`",
            ),
            (
                &[Some("a"), Some("b")],
                json!("c"),
                "a cell of `a.ipynb`: a number from 0 to 1, or one of the ids `a`, `b`",
            ),
            (
                &[None, None],
                json!("7"),
                "a cell of `a.ipynb`: a number from 0 to 1, without ids",
            ),
            (
                &[Some("a"), None],
                json!(u64::MAX),
                "a cell of `a.ipynb`: a number from 0 to 1, or the id `a`",
            ),
            (
                &[Some("a"), Some("a")],
                json!("a"),
                "a number: cells 0 and 1 of `a.ipynb` both have the id `a`",
            ),
            (
                &many,
                json!(14),
                "a cell of `a.ipynb`: a number from 0 to 13, or one of the ids `c0`, `c1`, `c2`, `c3`, `c4`, `c5`, `c6`, \
                 `c7`, `c8`, `c9`, `c10`, `c11` and 2 more",
            ),
        ];
        for (ids, name, expected) in table {
            assert_eq!(find(ids, &name), Err(expected.to_owned()), "{name}");
        }
    }

    #[test]
    fn a_name_is_text_or_a_whole_number() {
        for (value, message) in [
            (
                json!(-1),
                "invalid type: integer `-1`, expected a cell's id, or its number from 0",
            ),
            (
                json!(1.5),
                "invalid type: floating point `1.5`, expected a cell's id, or its number from 0",
            ),
            (
                json!(null),
                "invalid type: null, expected a cell's id, or its number from 0",
            ),
        ] {
            let error = serde_json::from_value::<CellName>(value).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
