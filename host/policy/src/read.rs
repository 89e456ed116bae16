//! Reads TOML so that every error knows its place.

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use toml_edit::{Item, TableLike, Value};

use crate::error::{PolicyError, PolicyProblem};

/// The text that is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    /// Line and column of a byte offset; 1 is the first of each.
    pub(crate) fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or("").chars().count();
        (before.matches('\n').count() + 1, column + 1)
    }

    pub(crate) fn error(&self, at: usize, key: &str, problem: PolicyProblem) -> PolicyError {
        let (line, column) = self.position(at);
        PolicyError {
            file: self.file.to_owned(),
            line,
            column,
            key: key.to_owned(),
            problem: Box::new(problem),
        }
    }
}

/// A table: keys with values.
#[derive(Clone, Copy)]
pub(crate) struct Section<'a> {
    source: Source<'a>,
    table: &'a dyn TableLike,
    key: &'a str,
    at: usize,
}

impl<'a> Section<'a> {
    /// The whole text's table.
    pub(crate) fn root(source: Source<'a>, table: &'a dyn TableLike) -> Self {
        Section {
            source,
            table,
            key: "",
            at: 0,
        }
    }

    fn path(&self, key: &str) -> String {
        if self.key.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.key)
        }
    }

    /// The line of the table's beginning.
    pub(crate) fn line(&self) -> usize {
        self.source.position(self.at).0
    }

    /// An error about the table itself.
    pub(crate) fn error(&self, problem: PolicyProblem) -> PolicyError {
        self.source.error(self.at, self.key, problem)
    }

    /// Refuses keys that are none of these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), PolicyError> {
        for (key, item) in self.table.iter() {
            if known.contains(&key) {
                continue;
            }
            let expected = match nearest(key, known) {
                Some(near) => format!("`{near}`"),
                None => format!("one of {}", known.join(", ")),
            };
            let at = self.key_span(key, item).start;
            let problem = PolicyProblem::UnknownKey(expected);
            return Err(self.source.error(at, &self.path(key), problem));
        }
        Ok(())
    }

    fn key_span(&self, key: &str, item: &Item) -> Range<usize> {
        self.table
            .key(key)
            .and_then(toml_edit::Key::span)
            .or_else(|| item.span())
            .unwrap_or(self.at..self.at)
    }

    /// The value of a key, where there is one.
    pub(crate) fn get(&self, key: &str) -> Option<Field<'a>> {
        let (name, item) = self.table.get_key_value(key)?;
        let node = match item {
            Item::Value(value) => Node::Value(value),
            other => Node::Item(other),
        };
        Some(Field {
            source: self.source,
            node,
            key: self.path(key),
            at: item
                .span()
                .or_else(|| name.span())
                .map_or(self.at, |span| span.start),
        })
    }

    /// The value of a key that has to be there.
    pub(crate) fn need(&self, key: &str, expected: &str) -> Result<Field<'a>, PolicyError> {
        self.get(key).ok_or_else(|| {
            let problem = PolicyProblem::Missing {
                expected: expected.to_owned(),
            };
            self.source.error(self.at, &self.path(key), problem)
        })
    }
}

#[derive(Clone, Copy)]
enum Node<'a> {
    Value(&'a Value),
    Item(&'a Item),
}

/// A value, with the key that it belongs to.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    source: Source<'a>,
    node: Node<'a>,
    key: String,
    at: usize,
}

impl<'a> Field<'a> {
    /// An error about this value.
    pub(crate) fn error(&self, problem: PolicyProblem) -> PolicyError {
        self.source.error(self.at, &self.key, problem)
    }

    /// The error that something else was expected here.
    pub(crate) fn unexpected(&self, expected: &str) -> PolicyError {
        self.error(PolicyProblem::Unexpected {
            found: self.found(),
            expected: expected.to_owned(),
        })
    }

    fn found(&self) -> String {
        match self.node {
            Node::Value(Value::String(text)) => {
                let start: String = text.value().chars().take(40).collect();
                format!("{start:?}")
            }
            Node::Value(Value::Integer(number)) => format!("the integer {}", number.value()),
            Node::Value(Value::Boolean(truth)) => truth.value().to_string(),
            Node::Value(Value::Float(_)) => "a fraction".to_owned(),
            Node::Value(Value::Datetime(_)) => "a date".to_owned(),
            Node::Value(Value::Array(list)) if list.is_empty() => "an empty list".to_owned(),
            Node::Value(Value::Array(_)) => "a list".to_owned(),
            Node::Item(Item::ArrayOfTables(_)) => "a list of tables".to_owned(),
            Node::Value(Value::InlineTable(_)) | Node::Item(_) => "a table".to_owned(),
        }
    }

    pub(crate) fn as_str(&self) -> Option<&'a str> {
        match self.node {
            Node::Value(value) => value.as_str(),
            Node::Item(_) => None,
        }
    }

    pub(crate) fn text(&self, expected: &str) -> Result<&'a str, PolicyError> {
        self.as_str().ok_or_else(|| self.unexpected(expected))
    }

    /// A text that is not empty.
    pub(crate) fn name(&self, expected: &str) -> Result<String, PolicyError> {
        match self.as_str() {
            Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
            _ => Err(self.unexpected(expected)),
        }
    }

    /// A text of a form of its own, whose error says what it should have been.
    pub(crate) fn parse<T>(&self, expected: &str) -> Result<T, PolicyError>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.text(expected)?
            .parse()
            .map_err(|error: T::Err| self.error(PolicyProblem::Invalid(error.to_string())))
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(
        &self,
        words: &[(&str, T)],
        expected: &str,
    ) -> Result<T, PolicyError> {
        let text = self.as_str();
        words
            .iter()
            .find(|(word, _)| Some(*word) == text)
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| self.unexpected(expected))
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&self) -> Result<u64, PolicyError> {
        let integer = match self.node {
            Node::Value(value) => value.as_integer(),
            Node::Item(_) => None,
        };
        integer
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| self.unexpected("a whole number, 0 or more"))
    }

    pub(crate) fn is_true(&self) -> bool {
        matches!(self.node, Node::Value(value) if value.as_bool() == Some(true))
    }

    /// The elements of a list.
    pub(crate) fn list(&self, expected: &str) -> Result<Vec<Field<'a>>, PolicyError> {
        let Node::Value(Value::Array(array)) = self.node else {
            return Err(self.unexpected(expected));
        };
        let element = |value: &'a Value| Field {
            source: self.source,
            node: Node::Value(value),
            key: self.key.clone(),
            at: value.span().map_or(self.at, |span| span.start),
        };
        Ok(array.iter().map(element).collect())
    }

    /// A table, in braces or with a header.
    pub(crate) fn section(&'a self, expected: &str) -> Result<Section<'a>, PolicyError> {
        let table = match self.node {
            Node::Value(Value::InlineTable(table)) => Some(table as &dyn TableLike),
            Node::Item(Item::Table(table)) => Some(table as &dyn TableLike),
            _ => None,
        };
        Ok(Section {
            source: self.source,
            table: table.ok_or_else(|| self.unexpected(expected))?,
            key: &self.key,
            at: self.at,
        })
    }

    /// Tables with doubled headers.
    pub(crate) fn sections(&'a self, expected: &str) -> Result<Vec<Section<'a>>, PolicyError> {
        let Node::Item(Item::ArrayOfTables(tables)) = self.node else {
            return Err(self.unexpected(expected));
        };
        Ok(tables
            .iter()
            .map(|table| Section {
                source: self.source,
                table,
                key: &self.key,
                at: table.span().map_or(self.at, |span| span.start),
            })
            .collect())
    }
}

/// The known word that was probably meant: at most two typing errors away, and nearer than a new word.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|one| (distance(word, one), *one))
        .filter(|(errors, one)| *errors <= 2 && *errors < one.len())
        .min()
        .map(|(_, one)| one)
}

/// Levenshtein's distance in characters, over the first 40 of each.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().take(40).enumerate() {
        let mut next = vec![i + 1];
        for ((b, replaced), removed) in other.iter().zip(&row).zip(row.iter().skip(1)) {
            let inserted = next.last().copied().unwrap_or(0) + 1;
            next.push(
                inserted
                    .min(removed + 1)
                    .min(replaced + usize::from(a != *b)),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
