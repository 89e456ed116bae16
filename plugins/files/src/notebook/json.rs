//! JSON text taken apart one level at a time, and put together again byte for byte (RFC 8259).
//!
//! What is not taken apart stays the text that it is: white space, the order of keys, how numbers and characters are
//! written. Only text that [`check`] has passed is taken apart.

use std::borrow::Cow;
use std::collections::HashSet;

/// Items of one object or array at most; a notebook's lines and outputs are far fewer.
pub(crate) const MOST: usize = 100_000;

/// Characters of a name that are said.
const NAME: usize = 100;

/// An object or an array, one level deep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container<'a> {
    array: bool,
    pub(crate) items: Vec<Item<'a>>,
    /// The white space inside an empty one.
    inside: &'a str,
}

/// A member or an element, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    /// White space after the bracket or comma before it.
    pub(crate) before: Cow<'a, str>,
    /// A member's name; empty in an array.
    pub(crate) name: Cow<'a, str>,
    /// The name as it is written, up to where the value begins: `"a": `.
    label: Cow<'a, str>,
    /// The value's text.
    pub(crate) value: Cow<'a, str>,
    /// White space before the comma or bracket after it.
    after: Cow<'a, str>,
}

/// Refuses text that is not one JSON value.
pub(crate) fn check(text: &str) -> Result<(), String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// The text of a JSON string as a string.
pub(crate) fn string(value: &str) -> Result<String, String> {
    serde_json::from_str(value).map_err(|error| error.to_string())
}

/// A name out of a file, fit to be said: on one line, and not longer than any honest one.
pub(crate) fn short(name: &str) -> String {
    let mut short: String = name
        .chars()
        .take(NAME)
        .flat_map(char::escape_debug)
        .collect();
    if name.chars().nth(NAME).is_some() {
        short.push('…');
    }
    short
}

impl<'a> Container<'a> {
    /// An array's elements.
    pub(crate) fn array(value: &'a str) -> Result<Self, String> {
        Self::apart(value, true)
    }

    /// An object's members. No two may have the same name, since readers of JSON differ in which of them counts.
    pub(crate) fn object(value: &'a str) -> Result<Self, String> {
        Self::apart(value, false)
    }

    fn apart(value: &'a str, array: bool) -> Result<Self, String> {
        let (open, kind) = if array {
            (b'[', "an array")
        } else {
            (b'{', "an object")
        };
        if value.as_bytes().first() != Some(&open) {
            return Err(format!("is not {kind}"));
        }
        let mut scan = Scan { text: value, at: 1 };
        let mut items = Vec::new();
        let mut names = HashSet::new();
        loop {
            let before = scan.white();
            if items.is_empty() && matches!(scan.peek(), Some(b']' | b'}')) {
                return Ok(Self {
                    array,
                    items,
                    inside: before,
                });
            }
            let (name, label) = if array {
                (String::new(), "")
            } else {
                let start = scan.at;
                let name = string(scan.value())?;
                if !names.insert(name.clone()) {
                    return Err(format!("has `{}` twice", short(&name)));
                }
                scan.white();
                scan.at += 1;
                scan.white();
                (name, scan.since(start))
            };
            let text = scan.value();
            let after = scan.white();
            if items.len() == MOST {
                return Err(format!("has more than {MOST} items"));
            }
            items.push(Item {
                before: before.into(),
                name: name.into(),
                label: label.into(),
                value: text.into(),
                after: after.into(),
            });
            match scan.peek() {
                Some(b',') => scan.at += 1,
                Some(b']' | b'}') => break,
                _ => return Err("is not JSON".to_owned()),
            }
        }
        Ok(Self {
            array,
            items,
            inside: "",
        })
    }

    /// The member of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Item<'a>> {
        self.items.iter().find(|item| item.name == name)
    }

    /// Gives the member of this name another value, where there is one.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        if let Some(item) = self.items.iter_mut().find(|item| item.name == name) {
            item.value = value.into();
        }
    }

    /// The text again.
    pub(crate) fn text(&self) -> String {
        let length: usize = self
            .items
            .iter()
            .map(|item| {
                item.before.len() + item.label.len() + item.value.len() + item.after.len() + 1
            })
            .sum();
        let mut text = String::with_capacity(length + self.inside.len() + 2);
        text.push(if self.array { '[' } else { '{' });
        text.push_str(self.inside);
        for (index, item) in self.items.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&item.before);
            text.push_str(&item.label);
            text.push_str(&item.value);
            text.push_str(&item.after);
        }
        text.push(if self.array { ']' } else { '}' });
        text
    }

    /// The white space between a comma and what follows it here; `single` where there is no telling.
    pub(crate) fn separator(&self, single: &str) -> String {
        match self.items.as_slice() {
            [_, second, ..] => second.before.clone().into_owned(),
            [only] if only.before.contains('\n') => only.before.clone().into_owned(),
            _ => single.to_owned(),
        }
    }

    /// Puts an item at the index, spaced like the others; `label` is empty in an array. What is empty stays on one line:
    /// a first item is for [`Style`](super::style::Style) to write.
    pub(crate) fn insert(&mut self, index: usize, label: &str, value: String, single: &str) {
        let separator = self.separator(single);
        let index = index.min(self.items.len());
        let mut item = Item {
            before: separator.clone().into(),
            name: name_of(label).into(),
            label: label.to_owned().into(),
            value: value.into(),
            after: Cow::Borrowed(""),
        };
        if index == 0 {
            if let Some(first) = self.items.first_mut() {
                item.before = std::mem::replace(&mut first.before, separator.into());
            } else {
                item.before = Cow::Borrowed("");
            }
        } else if index == self.items.len()
            && let Some(last) = self.items.last_mut()
        {
            item.after = std::mem::take(&mut last.after);
        }
        self.inside = "";
        self.items.insert(index, item);
    }

    /// Takes out the item at the index; those around it keep their places.
    pub(crate) fn remove(&mut self, index: usize) {
        if index >= self.items.len() {
            return;
        }
        let removed = self.items.remove(index);
        if index == self.items.len() {
            if let Some(last) = self.items.last_mut() {
                last.after = removed.after;
            }
        } else if index == 0
            && let Some(first) = self.items.first_mut()
        {
            first.before = removed.before;
        }
    }
}

impl<'a> Item<'a> {
    /// The value as it was in the text that was taken apart; nothing where it is another now.
    pub(crate) fn original(&self) -> &'a str {
        match &self.value {
            Cow::Borrowed(value) => value,
            Cow::Owned(_) => "",
        }
    }

    /// What stands between a member's name and its value: the colon, and white space.
    pub(crate) fn colon(&self) -> &str {
        let mut scan = Scan {
            text: &self.label,
            at: 0,
        };
        scan.value();
        self.label.get(scan.at..).unwrap_or_default()
    }
}

/// The name in a label.
fn name_of(label: &str) -> String {
    let mut scan = Scan { text: label, at: 0 };
    string(scan.value()).unwrap_or_default()
}

/// A position in text that is known to be JSON; in other text it goes anywhere, but not out of bounds.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn white(&mut self) -> &'a str {
        let start = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.since(start)
    }

    /// The text of the value that begins here.
    fn value(&mut self) -> &'a str {
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'[' | b'{') => {
                let mut depth = 0_usize;
                while let Some(byte) = self.peek() {
                    match byte {
                        b'"' => {
                            self.string();
                            continue;
                        }
                        b'[' | b'{' => depth += 1,
                        b']' | b'}' => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        break;
                    }
                }
            }
            _ => {
                while !matches!(
                    self.peek(),
                    None | Some(b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n')
                ) {
                    self.at += 1;
                }
            }
        }
        self.since(start)
    }

    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += match byte {
                b'\\' => 2,
                _ => 1,
            };
            if byte == b'"' {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_apart_goes_together_again() {
        let table = [
            "{}",
            "{ \n }",
            "[]",
            "[\t]",
            "[1]",
            "[ 1 , -2.50e+3,\ttrue ,null, \"a\\\"],\\\\\" , [ ] , {\"x\":[{}]} ]",
            "{\"a\":1,\"b\" : [1, 2]\r\n, \"\\u00e9\\/\"\t:{\"c\":\"}\"} }",
            "{\n \"é\": \"\u{1f600}\",\n \"b\": 1.0\n}",
        ];
        for text in table {
            check(text).unwrap();
            let container = Container::apart(text, text.starts_with('[')).unwrap();
            assert_eq!(container.text(), text);
        }
    }

    #[test]
    fn items_are_found_as_they_are_written() {
        let object = Container::object("{\"a\" : 1e5, \"\\u0062\": [1, 2] }").unwrap();
        assert_eq!(object.get("a").map(|item| item.value.as_ref()), Some("1e5"));
        assert_eq!(
            object.get("b").map(|item| item.value.as_ref()),
            Some("[1, 2]")
        );
        assert_eq!(object.get("c"), None);
    }

    #[test]
    fn what_cannot_be_taken_apart_is_said() {
        let table = [
            ("[1]", false, "is not an object"),
            ("{}", true, "is not an array"),
            ("null", true, "is not an array"),
            ("{\"a\":1,\"\\u0061\":2}", false, "has `a` twice"),
        ];
        for (text, array, message) in table {
            assert_eq!(
                Container::apart(text, array).unwrap_err(),
                message,
                "{text}"
            );
        }
        let most = format!("[{}0]", "0,".repeat(MOST - 1));
        assert_eq!(Container::array(&most).unwrap().items.len(), MOST);
        let more = format!("[{}0]", "0,".repeat(MOST));
        assert_eq!(
            Container::array(&more).unwrap_err(),
            "has more than 100000 items"
        );
    }

    #[test]
    fn text_that_is_no_json_goes_nowhere_bad() {
        for text in [
            "{",
            "[",
            "[\"",
            "[\"\\",
            "{\"a",
            "{\"a\"",
            "{\"a\":",
            "[1",
            "[[[",
            "[}]",
            "{\"a\":]}",
        ] {
            let _ = Container::apart(text, text.starts_with('['));
        }
    }

    #[test]
    fn items_are_put_in_and_taken_out_in_the_style_of_their_neighbours() {
        // The array, where 9 goes in, and the array afterwards.
        let table = [
            ("[]", 0, "[9]"),
            ("[1]", 0, "[9, 1]"),
            ("[1]", 1, "[1, 9]"),
            ("[1,2]", 1, "[1,9,2]"),
            ("[1, 2]", 2, "[1, 2, 9]"),
            ("[\n 1\n]", 0, "[\n 9,\n 1\n]"),
            ("[\n 1\n]", 1, "[\n 1,\n 9\n]"),
            ("[\r\n\t1,\r\n\t2\r\n]", 1, "[\r\n\t1,\r\n\t9,\r\n\t2\r\n]"),
            ("[ 1 , 2 ]", 2, "[ 1 , 2, 9 ]"),
        ];
        for (text, index, expected) in table {
            let mut array = Container::array(text).unwrap();
            array.insert(index, "", "9".into(), " ");
            assert_eq!(array.text(), expected, "{text} {index}");
        }
        // The array, what is taken out, and the array afterwards.
        let table = [
            ("[1]", 0, "[]"),
            ("[\n 1\n]", 0, "[]"),
            ("[1, 2]", 0, "[2]"),
            ("[1, 2]", 1, "[1]"),
            ("[\n 1,\n 2,\n 3\n]", 0, "[\n 2,\n 3\n]"),
            ("[\n 1,\n 2,\n 3\n]", 1, "[\n 1,\n 3\n]"),
            ("[\n 1,\n 2,\n 3\n]", 2, "[\n 1,\n 2\n]"),
            ("[1]", 1, "[1]"),
        ];
        for (text, index, expected) in table {
            let mut array = Container::array(text).unwrap();
            array.remove(index);
            assert_eq!(array.text(), expected, "{text} {index}");
        }
    }
}
