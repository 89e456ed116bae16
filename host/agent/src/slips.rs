//! Slips in JSON that can be put right without guessing.
//!
//! A call acts, so it must be certain what was meant. Libraries that make JSON out of anything are for data that is only
//! looked at; here these are put right, and nothing else:
//!
//! | slip | put right |
//! | --- | --- |
//! | a Markdown fence around it | it is taken off |
//! | a comma before `}` or `]` | it is left out |
//! | line breaks, tabs and other control characters inside a string | they are escaped |
//! | `}` or `]` missing at the end, after a string, `}` or `]` | they are added |
//! | `}` or `]` too many at the end | they are left out |
//!
//! A string, number or word that ends with the text may have been cut off, so it is not completed.

use serde_json::Value;

/// Reads JSON with slips. None where it is beyond them; else the value and what was put right, each slip once.
pub(crate) fn read(text: &str) -> Option<(Value, Vec<&'static str>)> {
    let mut slips = Slips::default();
    let text = slips.without_fence(text.trim_start_matches('\u{feff}').trim());
    let json = slips.walk(text)?;
    let value = serde_json::from_str(&json).ok()?;
    Some((value, slips.found))
}

#[derive(Default)]
struct Slips {
    found: Vec<&'static str>,
}

impl Slips {
    fn note(&mut self, slip: &'static str) {
        if !self.found.contains(&slip) {
            self.found.push(slip);
        }
    }

    fn without_fence<'a>(&mut self, text: &'a str) -> &'a str {
        let inner = text
            .strip_prefix("```")
            .map(|rest| rest.strip_prefix("json").unwrap_or(rest))
            .and_then(|rest| rest.strip_suffix("```"));
        match inner {
            Some(inner) => {
                self.note("a Markdown fence");
                inner.trim()
            }
            None => text,
        }
    }

    /// The text as it should have been, as far as brackets, commas and control characters go.
    fn walk(&mut self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len() + 8);
        // What would close each bracket that is open.
        let mut open: Vec<char> = Vec::new();
        let mut in_string = false;
        let mut escaped = false;
        let mut begun = false;
        for (at, c) in text.char_indices() {
            if in_string {
                if escaped {
                    escaped = false;
                } else if c == '\\' {
                    escaped = true;
                } else if c == '"' {
                    in_string = false;
                } else if c.is_ascii_control() && c != '\u{7f}' {
                    self.note("control characters inside a string");
                    out.push_str(&escape(c));
                    continue;
                }
                out.push(c);
                continue;
            }
            match c {
                '"' => in_string = true,
                '{' => open.push('}'),
                '[' => open.push(']'),
                '}' | ']' => match open.pop() {
                    Some(expected) if expected == c => {}
                    Some(_) => return None,
                    None => {
                        let rest = text.get(at..)?;
                        let only = |c: char| c.is_whitespace() || matches!(c, '}' | ']');
                        if !begun || !rest.chars().all(only) {
                            return None;
                        }
                        self.note("brackets too many at the end");
                        return Some(out);
                    }
                },
                ',' => {
                    let next = text.get(at + 1..)?.trim_start();
                    if next.starts_with(['}', ']']) {
                        self.note("a comma before a closing bracket");
                        continue;
                    }
                }
                _ => {}
            }
            begun = true;
            out.push(c);
        }
        if in_string {
            return None;
        }
        if !open.is_empty() {
            if !out.trim_end().ends_with(['"', '}', ']']) {
                return None;
            }
            self.note("closing brackets missing at the end");
            out.extend(open.into_iter().rev());
        }
        Some(out)
    }
}

fn escape(c: char) -> String {
    match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        other => format!("\\u{:04x}", u32::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_is_put_right() {
        let table = [
            (
                r#"{"a":1,}"#,
                json!({"a": 1}),
                "a comma before a closing bracket",
            ),
            (
                r#"{"a":[1,2, ],}"#,
                json!({"a": [1, 2]}),
                "a comma before a closing bracket",
            ),
            (
                "{\"a\":\"x\ny\tz\u{1}\"}",
                json!({"a": "x\ny\tz\u{1}"}),
                "control characters inside a string",
            ),
            (r#"{"a":{"b":["c"#, json!(null), "beyond"),
            (
                r#"{"a":{"b":["c""#,
                json!({"a": {"b": ["c"]}}),
                "closing brackets missing at the end",
            ),
            (
                r#"{"a":{"b":[1]}"#,
                json!({"a": {"b": [1]}}),
                "closing brackets missing at the end",
            ),
            (
                r#"{"a":1}}"#,
                json!({"a": 1}),
                "brackets too many at the end",
            ),
            (
                r#"{"a":1}] }"#,
                json!({"a": 1}),
                "brackets too many at the end",
            ),
            (
                "```json\n{\"a\":1}\n```",
                json!({"a": 1}),
                "a Markdown fence",
            ),
            ("```{\"a\":1}```", json!({"a": 1}), "a Markdown fence"),
            ("{\"a\":\"x\ny\",", json!(null), "beyond"),
            // What may have been cut off, or can be read in two ways.
            (r#"{"a":12"#, json!(null), "beyond"),
            (r#"{"a":tru"#, json!(null), "beyond"),
            (r#"{"a":"#, json!(null), "beyond"),
            (r#"{"a""#, json!(null), "beyond"),
            ("{", json!(null), "beyond"),
            ("", json!(null), "beyond"),
            ("}", json!(null), "beyond"),
            (r#"{"a":1]"#, json!(null), "beyond"),
            (r#"{"a":1}{"b":2}"#, json!(null), "beyond"),
            (r#"{"a":1} and more"#, json!(null), "beyond"),
            (r#"{'a':1}"#, json!(null), "beyond"),
            (r#"{a:1}"#, json!(null), "beyond"),
            (r#"{"a":"\d"}"#, json!(null), "beyond"),
            // A comma, a bracket or a fence in a string is none.
            (
                r#"{"a":",}","b":["```"],}"#,
                json!({"a": ",}", "b": ["```"]}),
                "a comma before a closing bracket",
            ),
        ];
        for (text, value, slip) in table {
            let expected = (slip != "beyond").then(|| (value, vec![slip]));
            assert_eq!(read(text), expected, "{text}");
        }
        let all = "```json\n{\"a\":\"x\ny\",\"b\":[\"c\",]";
        assert_eq!(read(all), None);
        let (value, slips) = read("```json\n{\"a\":\"x\ny\",\"b\":[\"c\",]\n```").unwrap();
        assert_eq!(value, json!({"a": "x\ny", "b": ["c"]}));
        assert_eq!(slips.len(), 4);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// JSON stays what it is, and whatever is cut off from it is either put right as a whole or left alone.
        #[test]
        fn json_stays_and_cuts_invent_nothing(text in "[a-z\n\"\\\\]{0,12}", number in any::<i64>(), cut in 0_usize..64) {
            let whole = json!({"text": text, "list": [number, {"k": text}], "last": [[text]]});
            let json = whole.to_string();
            let (value, slips) = read(&json).unwrap();
            prop_assert_eq!(&value, &whole);
            prop_assert!(slips.is_empty());
            let cut = cut.min(json.len());
            let Some(part) = json.get(..cut) else { return Ok(()) };
            if let Some((value, _)) = read(part) {
                // Every string in it is one of the whole's.
                let known = [text.as_str()];
                let mut stack = vec![&value];
                while let Some(one) = stack.pop() {
                    match one {
                        Value::String(found) => prop_assert!(known.contains(&found.as_str())),
                        Value::Number(found) => prop_assert_eq!(found.as_i64(), Some(number)),
                        Value::Array(list) => stack.extend(list),
                        Value::Object(map) => stack.extend(map.values()),
                        _ => {}
                    }
                }
            }
        }
    }
}
