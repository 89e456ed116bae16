//! JSON whose every value knows where it was written.

use std::path::PathBuf;

use jsonc_parser::ast;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Number, Value};

use super::error::Problem;
use super::substitute::Used;

/// Who said what a value is. Later ones go before earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The program.
    BuiltIn,
    /// The user's file.
    User(PathBuf),
    /// The project's file.
    Project(PathBuf),
    /// A variable.
    Variable(String),
    /// The command line.
    Flag(String),
}

impl Source {
    /// In one word, as `config show` has it.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Source::BuiltIn => "built-in",
            Source::User(_) => "user",
            Source::Project(_) => "project",
            Source::Variable(_) => "environment",
            Source::Flag(_) => "flag",
        }
    }
}

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Who said it.
    pub(crate) source: Source,
    /// The number of the line, from 1, in a file.
    pub(crate) line: Option<usize>,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.source {
            Source::BuiltIn => return f.write_str("built-in"),
            Source::User(path) | Source::Project(path) => write!(f, "{}", path.display())?,
            Source::Variable(name) => f.write_str(name)?,
            Source::Flag(name) => f.write_str(name)?,
        }
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// A value with its place.
#[derive(Clone)]
pub(crate) struct Tree {
    /// Where it was written.
    pub(crate) origin: Origin,
    /// What it is.
    pub(crate) content: Content,
}

/// What a value is.
#[derive(Clone)]
pub(crate) enum Content {
    /// Not an object. Arrays are whole: one replaces another.
    Leaf(Leaf),
    /// An object, in the order in which it was written.
    Object(Vec<(String, Tree)>),
}

/// A value that is no object.
#[derive(Clone)]
pub(crate) struct Leaf {
    /// What it is now.
    pub(crate) value: Value,
    /// What was written, where variables were put into it.
    pub(crate) written: Option<Value>,
    /// The variables that were put into it.
    pub(crate) used: Vec<Used>,
    /// Whether it is a text because it came from a variable or a command line, so that numbers are to be read from it.
    pub(crate) text: bool,
}

impl Leaf {
    /// A value as it stands.
    pub(crate) const fn plain(value: Value) -> Leaf {
        Leaf {
            value,
            written: None,
            used: Vec::new(),
            text: false,
        }
    }
}

impl Tree {
    /// An object with nothing in it.
    pub(crate) const fn empty(source: Source) -> Tree {
        Tree {
            origin: Origin { source, line: None },
            content: Content::Object(Vec::new()),
        }
    }

    /// A value that has no lines.
    pub(crate) fn of(value: Value, source: &Source) -> Tree {
        let content = match value {
            Value::Object(entries) => Content::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, Tree::of(value, source)))
                    .collect(),
            ),
            value => Content::Leaf(Leaf::plain(value)),
        };
        Tree {
            origin: Origin {
                source: source.clone(),
                line: None,
            },
            content,
        }
    }

    /// Reads the text of a file: JSON (RFC 8259), in which comments may stand, and whose top is an object.
    ///
    /// # Errors
    ///
    /// Where the text is something else, or an object has a key twice.
    pub(crate) fn parse(text: &str, source: &Source) -> Result<Tree, Problem> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = Lines::of(text);
        let problem = |line: usize, message: String| Problem {
            place: Origin {
                source: source.clone(),
                line: Some(line),
            }
            .to_string(),
            pointer: String::new(),
            message,
        };
        let strict = ParseOptions {
            allow_comments: true,
            allow_loose_object_property_names: false,
            allow_trailing_commas: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        let parsed = parse_to_ast(text, &CollectOptions::default(), &strict)
            // Of an error, its kind alone: the rest may quote the file.
            .map_err(|error| {
                problem(
                    lines.at(error.range().start),
                    format!("not JSON: {}", error.kind()),
                )
            })?;
        let Some(value) = parsed.value else {
            return Err(problem(
                1,
                "the file is empty; expected an object, `{}` at least".to_owned(),
            ));
        };
        let ast::Value::Object(object) = value else {
            let line = lines.at(jsonc_parser::common::Ranged::start(&value));
            return Err(problem(
                line,
                format!(
                    "expected an object at the top, found {}",
                    found(&plain(value))
                ),
            ));
        };
        let origin = Origin {
            source: source.clone(),
            line: Some(lines.at(object.range.start)),
        };
        let mut reader = Reader {
            lines: &lines,
            source,
            twice: None,
        };
        let content = reader.object(object, "");
        match reader.twice {
            Some((line, pointer)) => Err(Problem {
                pointer,
                ..problem(line, "is there twice".to_owned())
            }),
            None => Ok(Tree { origin, content }),
        }
    }

    /// Lays another over this one: objects are merged, everything else is replaced.
    pub(crate) fn merge(&mut self, over: Tree) {
        match (&mut self.content, over.content) {
            (Content::Object(below), Content::Object(above)) => {
                for (key, value) in above {
                    match below.iter_mut().find(|(name, _)| *name == key) {
                        Some((_, place)) => place.merge(value),
                        None => below.push((key, value)),
                    }
                }
            }
            (_, content) => {
                *self = Tree {
                    origin: over.origin,
                    content,
                };
            }
        }
    }

    /// What is in an object.
    pub(crate) fn entries(&self) -> &[(String, Tree)] {
        match &self.content {
            Content::Object(entries) => entries,
            Content::Leaf(_) => &[],
        }
    }

    /// What an object has under a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Tree> {
        let (_, value) = self.entries().iter().find(|(name, _)| name == key)?;
        Some(value)
    }

    /// What is at a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Tree> {
        path.iter().try_fold(self, |tree, key| tree.get(key))
    }

    /// The leaf, if it is one.
    pub(crate) const fn leaf(&self) -> Option<&Leaf> {
        match &self.content {
            Content::Leaf(leaf) => Some(leaf),
            Content::Object(_) => None,
        }
    }

    /// Every leaf and every empty object with its path, from the top.
    pub(crate) fn leaves(&self) -> Vec<(Vec<&str>, &Tree)> {
        let mut all = Vec::new();
        self.collect(&mut Vec::new(), &mut all);
        all
    }

    fn collect<'t>(&'t self, path: &mut Vec<&'t str>, all: &mut Vec<(Vec<&'t str>, &'t Tree)>) {
        if self.entries().is_empty() {
            all.push((path.clone(), self));
        }
        for (key, value) in self.entries() {
            path.push(key);
            value.collect(path, all);
            path.pop();
        }
    }

    /// Without places.
    pub(crate) fn value(&self) -> Value {
        match &self.content {
            Content::Leaf(leaf) => leaf.value.clone(),
            Content::Object(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

/// A path of keys as a JSON pointer.
pub(crate) fn pointer(path: &[&str]) -> String {
    path.iter().fold(String::new(), |all, key| below(&all, key))
}

/// The pointer to a key below another.
pub(crate) fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// What a value is, without saying it.
pub(crate) const fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Where lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The number of the line that has a byte.
    fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|end| *end < byte) + 1
    }
}

struct Reader<'r> {
    lines: &'r Lines,
    source: &'r Source,
    /// The first key that is there twice.
    twice: Option<(usize, String)>,
}

impl Reader<'_> {
    fn object(&mut self, object: ast::Object<'_>, at: &str) -> Content {
        let mut entries: Vec<(String, Tree)> = Vec::with_capacity(object.properties.len());
        let mut seen = std::collections::HashSet::new();
        for property in object.properties {
            let line = self.lines.at(property.range.start);
            let key = property.name.into_string();
            let pointer = below(at, &key);
            if !seen.insert(key.clone()) {
                self.twice.get_or_insert((line, pointer.clone()));
            }
            let content = match property.value {
                ast::Value::Object(object) => self.object(object, &pointer),
                value => Content::Leaf(Leaf::plain(plain(value))),
            };
            let origin = Origin {
                source: self.source.clone(),
                line: Some(line),
            };
            entries.push((key, Tree { origin, content }));
        }
        Content::Object(entries)
    }
}

fn plain(value: ast::Value<'_>) -> Value {
    match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
        ast::Value::StringLit(literal) => Value::String(literal.value.into_owned()),
        // One that no number can hold stays a text, which no key takes for a number.
        ast::Value::NumberLit(literal) => literal
            .value
            .parse::<Number>()
            .map_or_else(|_| Value::String(literal.value.to_owned()), Value::Number),
        ast::Value::Array(array) => Value::Array(array.elements.into_iter().map(plain).collect()),
        ast::Value::Object(object) => Value::Object(
            object
                .properties
                .into_iter()
                .map(|property| (property.name.into_string(), plain(property.value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user() -> Source {
        Source::User("c.json".into())
    }

    fn parse(text: &str) -> Result<Tree, String> {
        Tree::parse(text, &user()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn merging() {
        let table = [
            // below, above, both
            (json!({}), json!({"a": 1}), json!({"a": 1})),
            (json!({"a": 1}), json!({"a": 2}), json!({"a": 2})),
            (json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]})),
            (
                json!({"a": {"b": 1, "c": {"d": 2}}}),
                json!({"a": {"c": {"e": 3}}}),
                json!({"a": {"b": 1, "c": {"d": 2, "e": 3}}}),
            ),
            (
                json!({"a": {"b": 1}}),
                json!({"a": {}}),
                json!({"a": {"b": 1}}),
            ),
            (json!({"a": {"b": 1}}), json!({"a": 2}), json!({"a": 2})),
            (
                json!({"a": 2}),
                json!({"a": {"b": 1}}),
                json!({"a": {"b": 1}}),
            ),
            (
                json!({"a": {"b": 1}}),
                json!({"a": null}),
                json!({"a": null}),
            ),
        ];
        for (below, above, both) in table {
            let mut tree = Tree::of(below.clone(), &Source::BuiltIn);
            tree.merge(Tree::of(above.clone(), &user()));
            assert_eq!(tree.value(), both, "{below} {above}");
        }
    }

    #[test]
    fn a_merged_value_keeps_its_place() {
        let mut tree = parse("{\n\"a\": {\n\"b\": 1,\n\"c\": 2}}").unwrap();
        tree.merge(Tree::of(
            json!({"a": {"c": 3}}),
            &Source::Flag("--c".into()),
        ));
        let places: Vec<String> = tree
            .leaves()
            .iter()
            .map(|(path, tree)| format!("{} {}", pointer(path), tree.origin))
            .collect();
        assert_eq!(places, ["/a/b c.json:3", "/a/c --c"]);
    }

    #[test]
    fn texts() {
        let table = [
            ("{}", Ok(json!({}))),
            (
                "\u{feff}{\"a\": [1, {\"b\": null}]}",
                Ok(json!({"a": [1, {"b": null}]})),
            ),
            ("// why\n{\"a\": true /* so */}", Ok(json!({"a": true}))),
            (
                "",
                Err("c.json:1: the file is empty; expected an object, `{}` at least"),
            ),
            (
                "\n[1]",
                Err("c.json:2: expected an object at the top, found an array"),
            ),
            (
                "\"canary\"",
                Err("c.json:1: expected an object at the top, found a string"),
            ),
            (
                "{\"a\": 1,}",
                Err("c.json:1: not JSON: Trailing commas are not allowed"),
            ),
            (
                "{\n\"a\" 1}",
                Err(
                    "c.json:2: not JSON: Expected colon after the string or word in object property",
                ),
            ),
            (
                "{\"a\": canary}",
                Err("c.json:1: not JSON: Unexpected token"),
            ),
            (
                "{\"a\": 1} {}",
                Err("c.json:1: not JSON: Text cannot contain more than one JSON value"),
            ),
            (
                "{\"a\": {\"x/y\": 1,\n\"x/y\": 2}}",
                Err("c.json:2: /a/x~1y: is there twice"),
            ),
        ];
        for (text, expected) in table {
            let value = parse(text).map(|tree| tree.value());
            assert_eq!(value, expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |depth: usize| format!("{{\"a\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&deep(100)).is_ok());
        assert_eq!(
            parse(&deep(100_000)).err().as_deref(),
            Some("c.json:1: not JSON: Maximum nesting depth exceeded")
        );
    }
}
