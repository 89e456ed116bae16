//! How a notebook's JSON is written, so that what is new in it looks like the rest.
//!
//! | writer | style |
//! | --- | --- |
//! | Jupyter, VS Code | one space a level, `": "`, characters as they are |
//! | Python's `json.dump(…, indent=2)` | two spaces, `": "`, characters outside ASCII as `\u00e9` |
//! | `JSON.stringify`, `jq -c` | one line, `":"`, `","` |

use super::json::Container;

/// The style, as the notebook's own object shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Style {
    /// What a level is indented by; none where everything is on one line.
    indent: Option<String>,
    /// Between a name and its value, with the colon.
    colon: String,
    /// White space after a comma on one line.
    pub(crate) comma: String,
    /// Whether characters outside ASCII are escaped.
    ascii: bool,
}

impl Style {
    /// The style of a text whose outermost object this is.
    pub(crate) fn of(text: &str, top: &Container) -> Self {
        let first = top.items.first();
        let indent = first
            .and_then(|item| item.before.rsplit_once('\n'))
            .map(|(_, indent)| indent.to_owned());
        let colon = first.map_or(": ", |item| item.colon()).to_owned();
        // Where lines are broken after commas, a list on one line has a space there.
        let comma = match (&indent, top.items.get(1)) {
            (None, Some(second)) => second.before.clone().into_owned(),
            _ => " ".to_owned(),
        };
        Self {
            indent,
            colon,
            comma,
            ascii: text.is_ascii() && escapes(text),
        }
    }

    /// The white space before what is one level deeper than what has `before` before it.
    pub(crate) fn deeper(&self, before: &str) -> String {
        match &self.indent {
            Some(indent) => format!("{before}{indent}"),
            None => String::new(),
        }
    }

    /// A JSON string.
    pub(crate) fn string(&self, text: &str) -> String {
        let plain = serde_json::Value::from(text).to_string();
        if !self.ascii {
            return plain;
        }
        let mut escaped = String::with_capacity(plain.len());
        for character in plain.chars() {
            if matches!(character, ' '..='~') {
                escaped.push(character);
            } else {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
        escaped
    }

    /// A member's name, with what follows it.
    pub(crate) fn label(&self, name: &str) -> String {
        self.string(name) + &self.colon
    }

    /// An array of what is written already; `before` is the white space before the line that it begins on.
    pub(crate) fn array(&self, before: &str, elements: &[String]) -> String {
        self.container(before, '[', elements, ']')
    }

    /// An object of members that are written already.
    pub(crate) fn object(&self, before: &str, members: &[(&str, String)]) -> String {
        let members: Vec<String> = members
            .iter()
            .map(|(name, value)| self.label(name) + value)
            .collect();
        self.container(before, '{', &members, '}')
    }

    fn container(&self, before: &str, open: char, items: &[String], close: char) -> String {
        if items.is_empty() {
            return format!("{open}{close}");
        }
        if self.indent.is_none() {
            let separator = format!(",{}", self.comma);
            return format!("{open}{}{close}", items.join(&separator));
        }
        let deeper = self.deeper(before);
        let separator = format!(",{deeper}");
        format!("{open}{deeper}{}{before}{close}", items.join(&separator))
    }
}

/// Whether a character outside ASCII is written as an escape: `\u00e9`, but neither `\\u00e9` nor `\u001b`.
fn escapes(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('\\') {
        let code = after
            .strip_prefix('u')
            .and_then(|code| code.get(..4))
            .and_then(|code| u32::from_str_radix(code, 16).ok());
        if code.is_some_and(|code| code > 0x7f) {
            return true;
        }
        rest = after.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(text: &str) -> Style {
        Style::of(text, &Container::object(text).unwrap())
    }

    #[test]
    fn new_json_looks_like_the_rest() {
        // The notebook's text, and a new object in it, one level deep.
        let table = [
            (
                "{\n \"a\": 1\n}",
                "{\n  \"é\": [\n   \"\u{1f600}\",\n   2\n  ],\n  \"m\": {}\n }",
            ),
            (
                "{\n  \"a\": \"\\u00e9\"\n}",
                "{\n    \"\\u00e9\": [\n      \"\\ud83d\\ude00\",\n      2\n    ],\n    \"m\": {}\n  }",
            ),
            (
                "{\r\n\t\"a\":1\r\n}",
                "{\r\n\t\t\"é\":[\r\n\t\t\t\"\u{1f600}\",\r\n\t\t\t2\r\n\t\t],\r\n\t\t\"m\":{}\r\n\t}",
            ),
            ("{\"a\":1,\"b\":2}", "{\"é\":[\"\u{1f600}\",2],\"m\":{}}"),
            (
                "{\"a\": 1, \"b\": \"\\u00E9\"}",
                "{\"\\u00e9\": [\"\\ud83d\\ude00\", 2], \"m\": {}}",
            ),
        ];
        for (text, expected) in table {
            let style = style(text);
            let before = Container::object(text).unwrap().items[0].before.clone();
            let deeper = style.deeper(&before);
            let array = style.array(&deeper, &[style.string("\u{1f600}"), "2".into()]);
            let object = style.object(&before, &[("é", array), ("m", style.object(&deeper, &[]))]);
            assert_eq!(object, expected, "{text}");
        }
    }

    #[test]
    fn only_escaped_characters_outside_ascii_ask_for_escapes() {
        let table = [
            ("{\"a\": \"\\u00e9\"}", true),
            ("{\"a\": \"\\\\\\u00e9\"}", true),
            ("{\"a\": \"\\\\u00e9\"}", false),
            ("{\"a\": \"\\u001b\\u007f\"}", false),
            ("{\"a\": \"\\u00e9 é\"}", false),
            ("{\"a\": \"plain\"}", false),
        ];
        for (text, ascii) in table {
            assert_eq!(style(text).ascii, ascii, "{text}");
        }
    }

    #[test]
    fn control_characters_and_quotes_are_always_escaped() {
        let plain = style("{\"a\": 1}");
        assert_eq!(
            plain.string("\"\\\n\t\u{1b}/\u{7f}"),
            "\"\\\"\\\\\\n\\t\\u001b/\u{7f}\""
        );
        let ascii = style("{\"a\": \"\\u00e9\"}");
        assert_eq!(ascii.string("\u{7f}\n"), "\"\\u007f\\n\"");
    }
}
