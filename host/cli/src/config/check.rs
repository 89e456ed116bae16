//! Whether a configuration has the keys and types of the schema.
//!
//! The schema is our own ([`mod@super::schema`]), so exactly the words that its types bring about are known here: `$ref`,
//! `anyOf` of something and null, `type`, `enum`, `properties`, `additionalProperties`, `required`, `items`, `minimum`,
//! `maximum`, `minLength` and `format` of integers. A test holds that it has no other.

use serde_json::{Number, Value};

use super::error::Problem;
use super::tree::{Content, Leaf, Origin, Tree, below, found};

/// What texts mean where a variable has to be true or false.
const BOOLEANS: [(&str, bool); 8] = [
    ("1", true),
    ("true", true),
    ("yes", true),
    ("on", true),
    ("0", false),
    ("false", false),
    ("no", false),
    ("off", false),
];

/// True or false, from a variable.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    let text = text.trim().to_ascii_lowercase();
    let found = BOOLEANS.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value)
}

/// The nearest of some words, if it is near enough to have been meant.
pub(crate) fn nearest<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    const NEAR: f64 = 0.7;
    let plain = |word: &str| word.to_lowercase().replace(['-', '_'], "");
    let like = |other: &str| strsim::jaro_winkler(&plain(word), &plain(other));
    words
        .into_iter()
        .map(|other| (other, like(other)))
        .filter(|(_, likeness)| *likeness >= NEAR)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(other, _)| other)
}

/// What fits a part of a schema, in words, as the documentation has it.
#[cfg(test)]
pub(crate) fn expected_of(root: &Value, schema: &Value) -> String {
    let checker = Checker {
        root,
        problems: Vec::new(),
    };
    expected(checker.form(schema))
}

/// Checks all of a tree, and reads numbers, and true and false, from the texts of variables.
pub(crate) fn check(tree: &mut Tree, schema: &Value) -> Vec<Problem> {
    let mut checker = Checker {
        root: schema,
        problems: Vec::new(),
    };
    checker.tree(tree, schema, "");
    checker.problems
}

struct Checker<'s> {
    root: &'s Value,
    problems: Vec<Problem>,
}

/// A schema without its `$ref` and `anyOf`, and whether null fits as well.
#[derive(Clone, Copy)]
struct Form<'s> {
    schema: &'s Value,
    null: bool,
}

impl<'s> Checker<'s> {
    fn form(&self, schema: &'s Value) -> Form<'s> {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let target = name
                .strip_prefix('#')
                .and_then(|name| self.root.pointer(name));
            return Form {
                schema: target.unwrap_or(&Value::Null),
                null: false,
            };
        }
        if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
            let is_null =
                |schema: &&Value| schema.get("type").and_then(Value::as_str) == Some("null");
            let other = any.iter().find(|schema| !is_null(schema));
            return Form {
                schema: other.map_or(&Value::Null, |schema| self.form(schema).schema),
                null: any.iter().any(|schema| is_null(&schema)),
            };
        }
        let types = schema.get("type").and_then(Value::as_array);
        Form {
            schema,
            null: types.is_some_and(|types| types.iter().any(|name| name == "null")),
        }
    }

    fn problem(&mut self, origin: &Origin, pointer: &str, message: String) {
        self.problems.push(Problem {
            place: origin.to_string(),
            pointer: pointer.to_owned(),
            message,
        });
    }

    fn tree(&mut self, tree: &mut Tree, schema: &'s Value, pointer: &str) {
        let form = self.form(schema);
        match &mut tree.content {
            Content::Leaf(leaf) => {
                if let Some(message) = self.leaf(leaf, form) {
                    self.problem(&tree.origin, pointer, message);
                }
            }
            Content::Object(entries) => {
                if kind(form.schema) != "object" {
                    let message = format!("expected {}, found an object", expected(form));
                    self.problem(&tree.origin, pointer, message);
                    return;
                }
                for (key, value) in entries.iter_mut() {
                    let at = below(pointer, key);
                    match entry(form.schema, key) {
                        Some(schema) => self.tree(value, schema, &at),
                        None => self.unknown(value, form.schema, key, &at),
                    }
                }
                let required = form.schema.get("required").and_then(Value::as_array);
                for name in required.into_iter().flatten().filter_map(Value::as_str) {
                    if !entries.iter().any(|(key, _)| key == name) {
                        self.problem(&tree.origin, pointer, format!("`{name}` is missing"));
                    }
                }
            }
        }
    }

    fn unknown(&mut self, value: &Tree, schema: &Value, key: &str, at: &str) {
        let known = schema.get("properties").and_then(Value::as_object);
        let known: Vec<&str> =
            known.map_or_else(Vec::new, |known| known.keys().map(String::as_str).collect());
        let message = match nearest(key, known.iter().copied()) {
            Some(near) => format!("unknown key; the nearest is `{near}`"),
            None if at.matches('/').count() == 1 => {
                "unknown key; `ml-intern config show` has all".to_owned()
            }
            None => format!("unknown key; known are `{}`", known.join("`, `")),
        };
        self.problem(&value.origin, at, message);
    }

    /// What is wrong with a value, if anything is.
    fn leaf(&self, leaf: &mut Leaf, form: Form<'s>) -> Option<String> {
        if leaf.value.is_null() && form.null {
            return None;
        }
        if leaf.text {
            read(&mut leaf.value, form);
        }
        let secret = leaf.written.is_some() || form.schema.get("writeOnly").is_some();
        let found = match self.misfit(&leaf.value, form)? {
            Misfit::Word(_) | Misfit::Number(_) if secret => "something else".to_owned(),
            Misfit::Number(number) => number.to_string(),
            Misfit::Word(word) => {
                let near = nearest(&word, words(form.schema));
                let near =
                    near.map_or_else(String::new, |near| format!("; the nearest is `{near}`"));
                format!("`{}`{near}", word.escape_debug())
            }
            Misfit::Other(found) => found,
        };
        let from = leaf.written.as_ref().map_or_else(String::new, |written| {
            let written = written
                .as_str()
                .map_or_else(|| written.to_string(), str::to_owned);
            format!(" in place of {written}")
        });
        Some(format!("expected {}, found {found}{from}", expected(form)))
    }

    /// How a value does not fit.
    fn misfit(&self, value: &Value, form: Form<'s>) -> Option<Misfit> {
        let schema = form.schema;
        if value.is_null() && form.null {
            return None;
        }
        let other = || Some(Misfit::Other(found(value).to_owned()));
        match (kind(schema), value) {
            ("boolean", Value::Bool(_)) => None,
            ("string", Value::String(text)) => {
                if schema.get("enum").is_some() && !words(schema).any(|word| word == text) {
                    return Some(Misfit::Word(text.clone()));
                }
                let least = schema.get("minLength").and_then(Value::as_u64);
                (text.is_empty() && least.is_some_and(|least| least > 0))
                    .then(|| Misfit::Other("an empty one".to_owned()))
            }
            ("integer" | "number", Value::Number(number)) => {
                (!fits(number, schema)).then(|| Misfit::Number(number.clone()))
            }
            ("array", Value::Array(all)) => {
                let items = self.form(schema.get("items")?);
                all.iter().find_map(|item| self.misfit(item, items))
            }
            _ => other(),
        }
    }
}

enum Misfit {
    /// A word that is none of those that are known.
    Word(String),
    /// A number out of range, or with a fraction.
    Number(Number),
    /// What it is.
    Other(String),
}

/// The type's name, without null.
fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or_default(),
        _ => "",
    }
}

/// The schema of an object's key.
fn entry<'s>(schema: &'s Value, key: &str) -> Option<&'s Value> {
    let named = schema.get("properties").and_then(|all| all.get(key));
    named.or_else(|| {
        schema
            .get("additionalProperties")
            .filter(|other| other.is_object())
    })
}

/// The words that an `enum` allows.
fn words(schema: &Value) -> impl Iterator<Item = &str> {
    let words = schema.get("enum").and_then(Value::as_array);
    words.into_iter().flatten().filter_map(Value::as_str)
}

fn fits(number: &Number, schema: &Value) -> bool {
    let whole = match schema.get("format").and_then(Value::as_str) {
        Some("int64") => number.is_i64(),
        Some("uint64") => number.is_u64(),
        _ => kind(schema) == "number",
    };
    let value = number.as_f64();
    let limit = |word: &str| schema.get(word).and_then(Value::as_f64);
    let above = limit("minimum").is_none_or(|least| value.is_some_and(|value| value >= least));
    let below = limit("maximum").is_none_or(|most| value.is_some_and(|value| value <= most));
    whole && above && below
}

/// Reads what a variable's text means for a type; a text that means nothing stays as it is.
fn read(value: &mut Value, form: Form<'_>) {
    let Value::String(text) = &value else { return };
    let text = text.trim();
    let meant = match kind(form.schema) {
        "boolean" => boolean(text).map(Value::Bool),
        "integer" | "number" if text.is_empty() && form.null => Some(Value::Null),
        "integer" | "number" => text.parse::<Number>().ok().map(Value::Number),
        "string" if text.is_empty() && form.null => Some(Value::Null),
        _ => None,
    };
    if let Some(meant) = meant {
        *value = meant;
    }
}

/// What fits, in words.
fn expected(form: Form<'_>) -> String {
    let schema = form.schema;
    let limit = |word: &str| schema.get(word).and_then(Value::as_f64);
    let least = limit("minimum").map_or_else(String::new, |least| format!(" from {least}"));
    let most = limit("maximum").map_or_else(String::new, |most| format!(" to {most}"));
    let mut text = match kind(schema) {
        "boolean" => "true or false".to_owned(),
        "integer" => format!("a whole number{least}{most}"),
        "number" => format!("a number{least}{most}"),
        "array" => {
            let item = schema.get("items").unwrap_or(&Value::Null);
            let item = Form {
                schema: item,
                null: false,
            };
            match kind(item.schema) {
                "string" if item.schema.get("enum").is_none() => "an array of strings".to_owned(),
                _ => format!("an array with {}", expected(item)),
            }
        }
        "object" => "an object".to_owned(),
        _ => {
            let words: Vec<&str> = words(schema).collect();
            match words.as_slice() {
                [] => "a string".to_owned(),
                [word] => format!("`{word}`"),
                words => format!("one of `{}`", words.join("`, `")),
            }
        }
    };
    if form.null {
        text.push_str(" or null");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::schema::schema;
    use super::super::tree::Source;
    use super::*;

    fn problems(value: Value) -> Vec<String> {
        let mut tree = Tree::of(value, &Source::Flag("here".into()));
        let all = check(&mut tree, &schema());
        all.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn keys_and_types() {
        let server = |server: Value| json!({"mcpServers": {"s": server}});
        let slack = |more: Value| {
            let mut all = json!({"provider": "slack", "token": "t", "channel": "c"});
            for (key, value) in more.as_object().unwrap() {
                all[key] = value.clone();
            }
            json!({"messaging": {"destinations": {"d": all}}})
        };
        let table: Vec<(Value, &str)> = vec![
            (json!({}), ""),
            (
                json!({"$schema": "x", "model_name": "a/b", "yolo_mode": true, "max_iterations": -1}),
                "",
            ),
            (
                json!({"reasoning_effort": null, "max_cost_usd": 0, "max_tokens": null, "policy": null}),
                "",
            ),
            (
                server(json!({"command": "x", "args": ["a"], "env": {"A": "b"}})),
                "",
            ),
            (server(Value::Null), ""),
            (
                slack(json!({"username": null, "allow_agent_tool": true})),
                "",
            ),
            // ---- keys
            (
                json!({"max_cost_us": 5}),
                "here: /max_cost_us: unknown key; the nearest is `max_cost_usd`",
            ),
            (
                json!({"yoloMode": true}),
                "here: /yoloMode: unknown key; the nearest is `yolo_mode`",
            ),
            (
                json!({"mcp_servers": {}}),
                "here: /mcp_servers: unknown key; the nearest is `mcpServers`",
            ),
            (
                json!({"zzz": 1}),
                "here: /zzz: unknown key; `ml-intern config show` has all",
            ),
            (
                json!({"messaging": {"auto_events": []}}),
                "here: /messaging/auto_events: unknown key; the nearest is `auto_event_types`",
            ),
            (
                json!({"messaging": {"zzz": 1}}),
                "here: /messaging/zzz: unknown key; known are `enabled`, `auto_event_types`, `destinations`",
            ),
            (
                server(json!({"header": {}})),
                "here: /mcpServers/s/header: unknown key; the nearest is `headers`",
            ),
            (
                json!({"messaging": {"destinations": {"d": {"provider": "slack", "token": "t"}}}}),
                "here: /messaging/destinations/d: `channel` is missing",
            ),
            // ---- types
            (
                json!({"model_name": 5}),
                "here: /model_name: expected a string, found a number",
            ),
            (
                json!({"model_name": ""}),
                "here: /model_name: expected a string, found an empty one",
            ),
            (
                json!({"model_name": null}),
                "here: /model_name: expected a string, found null",
            ),
            (
                json!({"model_name": {"a": 1}}),
                "here: /model_name: expected a string, found an object",
            ),
            (
                json!({"yolo_mode": "true"}),
                "here: /yolo_mode: expected true or false, found a string",
            ),
            (
                json!({"max_iterations": 1.5}),
                "here: /max_iterations: expected a whole number, found 1.5",
            ),
            (
                json!({"max_iterations": "300"}),
                "here: /max_iterations: expected a whole number, found a string",
            ),
            (
                json!({"max_iterations": 9_223_372_036_854_775_808_u64}),
                "here: /max_iterations: expected a whole number, found 9223372036854775808",
            ),
            (
                json!({"heartbeat_interval_s": -1}),
                "here: /heartbeat_interval_s: expected a whole number from 0, found -1",
            ),
            (
                json!({"max_tokens": -1}),
                "here: /max_tokens: expected a whole number from 0 or null, found -1",
            ),
            (
                json!({"max_cost_usd": -0.5}),
                "here: /max_cost_usd: expected a number from 0 to 1000000000 or null, found -0.5",
            ),
            (
                json!({"reasoning_effort": "hihg"}),
                "here: /reasoning_effort: expected one of `minimal`, `low`, `medium`, `high`, `xhigh`, `max` or null, found `hihg`; the nearest is `high`",
            ),
            (
                json!({"tool_runtime": "space"}),
                "here: /tool_runtime: expected one of `local`, `sandbox`, found `space`",
            ),
            (
                json!({"mcpServers": []}),
                "here: /mcpServers: expected an object, found an array",
            ),
            (
                server(json!("x")),
                "here: /mcpServers/s: expected an object or null, found a string",
            ),
            (
                server(json!({"args": [1]})),
                "here: /mcpServers/s/args: expected an array of strings, found a number",
            ),
            (
                server(json!({"args": "a"})),
                "here: /mcpServers/s/args: expected an array of strings, found a string",
            ),
            (
                server(json!({"env": {"A": 1}})),
                "here: /mcpServers/s/env/A: expected a string, found a number",
            ),
            (
                json!({"messaging": {"auto_event_types": ["eror"]}}),
                "here: /messaging/auto_event_types: expected an array with one of `approval_required`, `error`, `turn_complete`, found `eror`",
            ),
            (
                slack(json!({"provider": "teams"})),
                "here: /messaging/destinations/d/provider: expected `slack`, found `teams`",
            ),
            (
                slack(json!({"token": ""})),
                "here: /messaging/destinations/d/token: expected a string, found an empty one",
            ),
        ];
        for (value, problem) in table {
            let all = problems(value.clone());
            let expected: &[&str] = if problem.is_empty() { &[] } else { &[problem] };
            assert_eq!(all, expected, "{value}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let all = problems(json!({"yolo_mode": 1, "max_call": 1}));
        assert_eq!(
            all,
            [
                "here: /yolo_mode: expected true or false, found a number",
                "here: /max_call: unknown key; the nearest is `max_calls`",
            ]
        );
    }

    #[test]
    fn texts_of_variables() {
        let table = [
            // key, text, what it means
            ("yolo_mode", "1", json!(true)),
            ("yolo_mode", " Yes ", json!(true)),
            ("yolo_mode", "off", json!(false)),
            ("max_iterations", "-1", json!(-1)),
            ("max_tokens", " 5 ", json!(5)),
            ("max_tokens", "", json!(null)),
            ("max_cost_usd", "1.5", json!(1.5)),
            ("model_name", "5", json!("5")),
            ("policy", "", json!(null)),
        ];
        let leaf = |text: &str| Leaf {
            written: Some(json!("${X}")),
            text: true,
            ..Leaf::plain(json!(text))
        };
        let tree = |key: &str, text: &str| {
            let mut tree = Tree::of(json!({key: null}), &Source::BuiltIn);
            if let Content::Object(entries) = &mut tree.content {
                entries[0].1.content = Content::Leaf(leaf(text));
            }
            tree
        };
        for (key, text, meant) in table {
            let mut tree = tree(key, text);
            assert_eq!(check(&mut tree, &schema()), [], "{key} {text}");
            assert_eq!(tree.value(), json!({key: meant}), "{key} {text}");
        }
        // The text itself is not told.
        let table = [
            (
                "yolo_mode",
                "expected true or false, found a string in place of ${X}",
            ),
            (
                "max_tokens",
                "expected a whole number from 0 or null, found a string in place of ${X}",
            ),
            (
                "tool_runtime",
                "expected one of `local`, `sandbox`, found something else in place of ${X}",
            ),
        ];
        for (key, message) in table {
            let problems = check(&mut tree(key, "canary"), &schema());
            assert_eq!(problems[0].message, message, "{key}");
        }
    }

    #[test]
    fn the_schema_has_no_word_that_is_not_checked() {
        const CHECKED: [&str; 12] = [
            "$ref",
            "anyOf",
            "type",
            "enum",
            "properties",
            "additionalProperties",
            "required",
            "items",
            "minimum",
            "maximum",
            "minLength",
            "format",
        ];
        const SAID: [&str; 6] = [
            "$schema",
            "$defs",
            "title",
            "description",
            "default",
            "writeOnly",
        ];
        fn walk(schema: &Value, names: bool) {
            let Value::Object(all) = schema else { return };
            for (word, value) in all {
                if names {
                    walk(value, false);
                    continue;
                }
                assert!(
                    CHECKED.contains(&word.as_str()) || SAID.contains(&word.as_str()),
                    "{word}"
                );
                match word.as_str() {
                    "properties" | "$defs" => walk(value, true),
                    "additionalProperties" | "items" => walk(value, false),
                    "anyOf" => value
                        .as_array()
                        .unwrap()
                        .iter()
                        .for_each(|value| walk(value, false)),
                    _ => {}
                }
            }
        }
        walk(&schema(), false);
    }
}
