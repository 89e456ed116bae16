//! Whether chats fit a chat template, and what they hold.
//!
//! | problem | why it matters |
//! | --- | --- |
//! | not a list of messages, no role, unknown role | no template takes it |
//! | system not first | most templates refuse it or move it |
//! | does not begin with a user | many templates refuse it |
//! | roles do not alternate | many templates refuse it |
//! | empty content | the model learns to say nothing |
//! | tool message without a call id, or for a call that nobody made | the template cannot match it |
//! | tool calls without an answer | the next message is read as one |
//! | no assistant, or not the last | nothing to learn from |

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::format::{code, count, counted, cut, percent, some, table};
use crate::table::{Column, Kind, Row};

/// Names that a column of chats has, the usual one first.
const NAMES: [&str; 7] = [
    "messages",
    "conversations",
    "conversation",
    "chat",
    "prompt",
    "chosen",
    "rejected",
];
/// The keys of a message whose presence is told.
const KEYS: [&str; 6] = [
    "role",
    "content",
    "tool_calls",
    "tool_call_id",
    "name",
    "function_call",
];
/// Characters of a message's content in the example.
const CONTENT: usize = 100;
/// Characters of the whole example.
const EXAMPLE: usize = 700;
/// Roles that templates know.
const ROLES: [&str; 7] = [
    "system",
    "developer",
    "user",
    "assistant",
    "tool",
    "function",
    "ipython",
];

/// Chats of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Chats {
    pub(crate) column: String,
    /// Rows that were looked at.
    pub(crate) rows: u64,
    pub(crate) messages: u64,
    /// Roles and their messages.
    pub(crate) roles: BTreeMap<String, u64>,
    /// The keys of messages that have a value, and in how many messages.
    pub(crate) keys: BTreeMap<&'static str, u64>,
    pub(crate) has_tool_calls: bool,
    pub(crate) has_tool_results: bool,
    /// Each problem, in how many rows it is, and the first of them.
    pub(crate) problems: Vec<(&'static str, u64, u64)>,
    /// Whether messages are `from` and `value`, which no template takes.
    pub(crate) is_sharegpt: bool,
    #[serde(skip)]
    example: Option<Value>,
}

/// Columns whose values are lists of messages.
pub(crate) fn columns(columns: &[Column], rows: &[Row]) -> Vec<usize> {
    let mut found: Vec<(usize, usize)> = columns
        .iter()
        .enumerate()
        .filter_map(|(place, column)| {
            let rank = NAMES.iter().position(|name| *name == column.name)?;
            let listed = matches!(column.kind, Kind::List | Kind::Other)
                || rows
                    .iter()
                    .take(1)
                    .any(|row| list(row.cell(place)).is_some());
            let said = rank == 0
                || rows.iter().any(|row| {
                    list(row.cell(place)).is_some_and(|list| {
                        list.iter().any(|message| {
                            message.get("role").is_some() || message.get("from").is_some()
                        })
                    })
                });
            (listed && said).then_some((rank, place))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, place)| place).collect()
}

/// The messages of a cell, which may be JSON in a text.
fn list(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(list) => Some(list.clone()),
        Value::String(text) if text.trim_start().starts_with('[') => {
            serde_json::from_str(text).ok()
        }
        _ => None,
    }
}

/// Looks at the chats of a column.
pub(crate) fn look(column: &str, place: usize, rows: &[Row]) -> Chats {
    let mut chats = Chats {
        column: column.to_owned(),
        rows: rows.len() as u64,
        messages: 0,
        roles: BTreeMap::new(),
        keys: BTreeMap::new(),
        has_tool_calls: false,
        has_tool_results: false,
        problems: Vec::new(),
        is_sharegpt: false,
        example: None,
    };
    let prompts = column == "prompt";
    for row in rows {
        let mut found: BTreeSet<&'static str> = BTreeSet::new();
        match list(row.cell(place)) {
            None => {
                found.insert("not a list of messages");
            }
            Some(messages) => {
                let messages: Vec<Value> = messages
                    .into_iter()
                    .map(|message| chats.take(message, &mut found))
                    .collect();
                check(&messages, prompts, &mut found);
            }
        }
        for problem in found {
            match chats.problems.iter_mut().find(|known| known.0 == problem) {
                Some((_, count, _)) => *count += 1,
                None => chats.problems.push((problem, 1, row.index)),
            }
        }
    }
    chats
        .problems
        .sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    chats
}

impl Chats {
    /// Counts a message, and gives it as `role` and `content` if it is one of `from` and `value`.
    fn take(&mut self, message: Value, found: &mut BTreeSet<&'static str>) -> Value {
        self.messages += 1;
        let Value::Object(mut fields) = message else {
            found.insert("a message that is no object");
            return Value::Object(Map::new());
        };
        if self.example.is_none() {
            self.example = Some(Value::Object(fields.clone()));
        }
        if !fields.contains_key("role")
            && let (Some(from), Some(value)) = (fields.remove("from"), fields.remove("value"))
        {
            self.is_sharegpt = true;
            let role = match from.as_str().unwrap_or_default() {
                "human" => "user",
                "gpt" => "assistant",
                other => other,
            };
            fields.insert("role".to_owned(), role.into());
            fields.insert("content".to_owned(), value);
        }
        for key in KEYS {
            if fields.get(key).is_some_and(|value| !value.is_null()) {
                *self.keys.entry(key).or_default() += 1;
            }
        }
        if let Some(role) = fields.get("role").and_then(Value::as_str) {
            *self.roles.entry(cut(role, 30)).or_default() += 1;
        }
        let message = Value::Object(fields);
        self.has_tool_calls |= !calls(&message).is_empty()
            || message.get("function_call").is_some_and(Value::is_object);
        self.has_tool_results |= matches!(role(&message), "tool" | "function" | "ipython");
        message
    }

    /// The section's lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        let roles = self
            .roles
            .iter()
            .map(|(role, n)| format!("{} ({})", code(role), count(*n)));
        let mut lines = vec![
            format!(
                "{}: {} in {} looked at",
                code(&self.column),
                counted(self.messages, "message"),
                counted(self.rows, "row")
            ),
            format!(
                "**Roles:** {}",
                if self.roles.is_empty() {
                    "none".to_owned()
                } else {
                    some(roles, 10)
                }
            ),
        ];
        lines.push(String::new());
        lines.extend(table(
            &["key", "present in messages"],
            KEYS.iter().map(|key| {
                let n = self.keys.get(key).copied().unwrap_or(0);
                vec![
                    code(key),
                    if n == 0 {
                        "✗".to_owned()
                    } else {
                        format!("✓ {}", percent(n, self.messages))
                    },
                ]
            }),
        ));
        let flag = |flag: bool| if flag { "✓" } else { "✗" };
        lines.push(String::new());
        lines.push(format!(
            "**Tool calls:** {} · **Tool results:** {}",
            flag(self.has_tool_calls),
            flag(self.has_tool_results)
        ));
        lines.push(String::new());
        lines.push("**Chat-template check:**".to_owned());
        if self.is_sharegpt {
            lines.push("- ⚠ messages are `from` and `value` (ShareGPT): rename to `role` and `content`, `human` to `user`, `gpt` to `assistant`".to_owned());
        }
        if self.problems.is_empty() {
            lines.push(format!("- ✓ no problem in {}", counted(self.rows, "row")));
        }
        for (problem, rows, first) in &self.problems {
            lines.push(format!(
                "- ⚠ {problem}: {} ({}), first row {first}",
                counted(*rows, "row"),
                percent(*rows, self.rows)
            ));
        }
        if let Some(example) = &self.example {
            let json = serde_json::to_string_pretty(&shortened(example)).unwrap_or_default();
            lines.extend([
                String::new(),
                "**Example message:**".to_owned(),
                "```json".to_owned(),
            ]);
            lines.extend(cut(&json, EXAMPLE).lines().map(str::to_owned));
            lines.push("```".to_owned());
        }
        lines
    }
}

/// Every text in it cut.
fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) => cut(text, CONTENT).into(),
        Value::Array(items) => items.iter().take(3).map(shortened).collect(),
        Value::Object(fields) => fields
            .iter()
            .take(10)
            .map(|(name, value)| (name.clone(), shortened(value)))
            .collect(),
        other => other.clone(),
    }
}

fn role(message: &Value) -> &str {
    message
        .get("role")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The calls of a message, which may be JSON in a text.
fn calls(message: &Value) -> Vec<Value> {
    message.get("tool_calls").and_then(list).unwrap_or_default()
}

fn is_empty(content: Option<&Value>) -> bool {
    match content {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::Array(parts)) => parts.is_empty(),
        Some(_) => false,
    }
}

fn check(messages: &[Value], prompts: bool, found: &mut BTreeSet<&'static str>) {
    if messages.is_empty() {
        found.insert("no messages");
        return;
    }
    // The calls that wait for an answer: ids, and how many have none.
    let (mut waiting, mut nameless) = (BTreeSet::<String>::new(), 0_usize);
    let mut before = "";
    for (place, message) in messages.iter().enumerate() {
        let role = role(message);
        if message.get("role").is_none_or(Value::is_null) {
            found.insert("a message without a role");
        } else if !ROLES.contains(&role) {
            found.insert("a role that templates do not know");
        }
        let system = matches!(role, "system" | "developer");
        if system && place > 0 {
            found.insert("system message is not first");
        }
        let result = matches!(role, "tool" | "function" | "ipython");
        if !result && !system && (!waiting.is_empty() || nameless > 0) {
            found.insert("tool calls without an answer");
            waiting.clear();
            nameless = 0;
        }
        let asked = calls(message);
        let called =
            !asked.is_empty() || message.get("function_call").is_some_and(Value::is_object);
        if is_empty(message.get("content")) && !called {
            found.insert("empty content");
        }
        if result {
            if role == "tool" {
                match message.get("tool_call_id").and_then(Value::as_str) {
                    None | Some("") => {
                        found.insert("tool message without tool_call_id");
                        // It answers some call, nobody knows which.
                        if nameless > 0 {
                            nameless -= 1;
                        } else {
                            waiting.pop_first();
                        }
                    }
                    Some(id) => {
                        if !waiting.remove(id) {
                            if nameless > 0 {
                                nameless -= 1;
                            } else {
                                found.insert("tool message for a call that was not made");
                            }
                        }
                    }
                }
            }
        } else {
            for call in &asked {
                match call.get("id").and_then(Value::as_str) {
                    Some(id) if !id.is_empty() => {
                        waiting.insert(id.to_owned());
                    }
                    _ => nameless += 1,
                }
            }
        }
        let turn = matches!(role, "user" | "assistant");
        if turn && before == role {
            found.insert("roles do not alternate (the same twice in a row)");
        }
        if role == "user" && matches!(before, "tool" | "function" | "ipython") {
            found.insert("tool result is not followed by the assistant");
        }
        if matches!(before, "" | "system") && !system && role != "user" {
            found.insert("does not begin with a user message");
        }
        if !system {
            // One without a role stands for some turn.
            before = if role.is_empty() { "?" } else { role };
        } else if before.is_empty() {
            before = "system";
        }
    }
    if !waiting.is_empty() || nameless > 0 {
        found.insert("tool calls without an answer");
    }
    let assistant = messages.iter().any(|message| role(message) == "assistant");
    if prompts {
        return;
    }
    if !assistant {
        found.insert("no assistant message");
    } else if before != "assistant" {
        found.insert("does not end with the assistant");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(chat: Value) -> Vec<&'static str> {
        let rows = [Row {
            index: 4,
            cells: vec![chat],
        }];
        let found = look("messages", 0, &rows);
        found
            .problems
            .into_iter()
            .map(|(problem, rows, first)| {
                assert_eq!((rows, first), (1, 4));
                problem
            })
            .collect()
    }

    #[test]
    fn each_problem_is_found_and_no_other() {
        let say = |role: &str| json!({"role": role, "content": "x"});
        let (system, user, assistant) = (say("system"), say("user"), say("assistant"));
        let call = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function"}]});
        let result = json!({"role": "tool", "content": "3", "tool_call_id": "c1"});
        let table = [
            (json!([user, assistant]), vec![]),
            (json!([system, user, assistant, user, assistant]), vec![]),
            (json!([user, call, result, assistant]), vec![]),
            (json!(json!([user, assistant]).to_string()), vec![]),
            (
                json!([{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]),
                vec![],
            ),
            (json!("text"), vec!["not a list of messages"]),
            (json!([]), vec!["no messages"]),
            (
                json!([user, system, assistant]),
                vec!["system message is not first"],
            ),
            (
                json!([assistant]),
                vec!["does not begin with a user message"],
            ),
            (
                json!([system, assistant]),
                vec!["does not begin with a user message"],
            ),
            (
                json!([user, user, assistant]),
                vec!["roles do not alternate (the same twice in a row)"],
            ),
            (
                json!([user, {"role": "assistant", "content": " "}]),
                vec!["empty content"],
            ),
            (json!([user]), vec!["no assistant message"]),
            (
                json!([user, assistant, user]),
                vec!["does not end with the assistant"],
            ),
            (
                json!([user, say("bot"), assistant]),
                vec!["a role that templates do not know"],
            ),
            (
                json!([user, {"content": "x"}, assistant]),
                vec!["a message without a role"],
            ),
            (
                json!([user, call, {"role": "tool", "content": "3"}, assistant]),
                vec!["tool message without tool_call_id"],
            ),
            (
                json!([user, call, {"role": "tool", "content": "3", "tool_call_id": "c2"}, result, assistant]),
                vec!["tool message for a call that was not made"],
            ),
            (
                json!([user, call, user, assistant]),
                vec!["tool calls without an answer"],
            ),
            (json!([user, call]), vec!["tool calls without an answer"]),
            (
                json!([user, call, result, user, assistant]),
                vec!["tool result is not followed by the assistant"],
            ),
        ];
        for (chat, expected) in table {
            assert_eq!(problems(chat.clone()), expected, "{chat}");
        }
    }

    #[test]
    fn columns_of_chats_are_found() {
        let column = |name: &str, kind| Column {
            name: name.into(),
            kind,
            shown: String::new(),
        };
        let all = [
            column("prompt", Kind::Text),
            column("chosen", Kind::List),
            column("messages", Kind::List),
            column("chat", Kind::List),
            column("text", Kind::List),
        ];
        let message = json!([{"role": "user", "content": "x"}]);
        let cells = vec![
            json!("a"),
            message.clone(),
            message.clone(),
            json!([1]),
            message,
        ];
        assert_eq!(columns(&all, &[Row { index: 0, cells }]), [2, 1]);
    }
}
