//! What a provider would refuse of a request, in words.
//!
//! | format | held to |
//! | --- | --- |
//! | all | a prompt, tools with schemas, tools at all where there are calls, arguments that are objects, each call with exactly one result and no result without its call; ids that no other call of the request has, of the shape that the format takes; four marks for the cache at most |
//! | Messages | roles take turns and the user is first and last; results right after their calls and before anything else; thoughts word for word, with their signature, before the calls; no empty texts |
//! | Responses | each call before its result; thoughts word for word, and something after them |
//! | Chat Completions | one system message, the first; results right after their calls; no two messages of the user or the assistant in a row |

use std::collections::BTreeSet;

use serde_json::Value;

use crate::format::{Format, signature};

pub(crate) fn problems(format: Format, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match format {
        Format::Messages => messages(body, &mut found),
        Format::Responses => responses(body, &mut found),
        Format::Router | Format::Local => chat(body, &mut found),
    }
    let tools = body["tools"].as_array().map_or(&[][..], Vec::as_slice);
    let calls = ["tool_use", "tool_calls", "function_call"];
    let said = body.to_string();
    if tools.is_empty()
        && calls
            .iter()
            .any(|kind| said.contains(&format!("\"{kind}\"")))
    {
        found.push("calls, and no tools".to_owned());
    }
    if said.matches("\"cache_control\"").count() > 4 {
        found.push("more than four marks for the cache".to_owned());
    }
    for tool in tools {
        let schema = ["/input_schema", "/parameters", "/function/parameters"]
            .iter()
            .find_map(|place| tool.pointer(place));
        if schema.is_none_or(|schema| schema["type"] != "object") {
            found.push(format!("a tool without a schema: {tool}"));
        }
    }
    found
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Ids, each of which may be there once.
fn ids<'a>(values: impl Iterator<Item = &'a Value>, found: &mut Vec<String>) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for id in values {
        let id = id.as_str().unwrap_or_default().to_owned();
        if id.is_empty() || !ids.insert(id.clone()) {
            found.push(format!("the id {id:?} is empty, or there twice"));
        }
    }
    ids
}

/// Ids of calls that are there twice in a request, or not of the format's shape.
fn shapes<'a>(calls: impl Iterator<Item = &'a Value>, narrow: bool, found: &mut Vec<String>) {
    let calls: Vec<&Value> = calls.collect();
    for id in ids(calls.into_iter(), found) {
        let fits = |c: char| !narrow || c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if id.chars().count() > 64 || !id.chars().all(fits) {
            found.push(format!("the id {id:?} is too long, or has odd characters"));
        }
    }
}

fn object(arguments: &Value) -> bool {
    let text = arguments.as_str().unwrap_or_default();
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}

fn messages(body: &Value, found: &mut Vec<String>) {
    if list(&body["system"]).is_empty() || body["max_tokens"].as_u64().unwrap_or(0) == 0 {
        found.push("no prompt, or no bound on the answer".to_owned());
    }
    let all = list(&body["messages"]);
    let blocks = all.iter().flat_map(|message| list(&message["content"]));
    let calls = blocks.filter(|block| block["type"] == "tool_use");
    shapes(calls.map(|block| &block["id"]), true, found);
    let mut waiting = BTreeSet::new();
    for (at, message) in all.iter().enumerate() {
        let wanted = if at % 2 == 0 { "user" } else { "assistant" };
        if message["role"] != wanted {
            found.push(format!("message {at} is the {}'s", message["role"]));
        }
        let blocks = list(&message["content"]);
        if blocks.is_empty() {
            found.push(format!("message {at} is empty"));
        }
        let of = |kind: &'static str| blocks.iter().filter(move |block| block["type"] == kind);
        let results = ids(of("tool_result").map(|block| &block["tool_use_id"]), found);
        if results != waiting {
            found.push(format!(
                "message {at} has results {results:?} for the calls {waiting:?}"
            ));
        }
        if !blocks[..results.len().min(blocks.len())]
            .iter()
            .all(|block| block["type"] == "tool_result")
        {
            found.push(format!("message {at} says something before its results"));
        }
        waiting = ids(of("tool_use").map(|block| &block["id"]), found);
        for call in of("tool_use").filter(|call| !call["input"].is_object()) {
            found.push(format!(
                "message {at}: the input {} is no object",
                call["input"]
            ));
        }
        for text in of("text").filter(|text| text["text"].as_str().is_none_or(str::is_empty)) {
            found.push(format!("message {at}: an empty text {text}"));
        }
        for thought in of("thinking") {
            let words = thought["thinking"].as_str().unwrap_or_default();
            if thought["signature"] != signature(words) {
                found.push(format!(
                    "message {at}: a thought that is not its own: {thought}"
                ));
            }
        }
        if !waiting.is_empty() && of("thinking").count() > 0 && blocks[0]["type"] != "thinking" {
            found.push(format!("message {at}: a thought after the words"));
        }
    }
    if all.last().is_none_or(|last| last["role"] != "user") || !waiting.is_empty() {
        found.push("the last word is not the user's".to_owned());
    }
}

fn responses(body: &Value, found: &mut Vec<String>) {
    if body["instructions"].as_str().is_none_or(str::is_empty) {
        found.push("no prompt".to_owned());
    }
    let all = list(&body["input"]);
    let of = |kind: &'static str| all.iter().filter(move |item| item["type"] == kind);
    shapes(
        of("function_call").map(|item| &item["call_id"]),
        false,
        found,
    );
    let calls = ids(of("function_call").map(|item| &item["call_id"]), found);
    let results = ids(
        of("function_call_output").map(|item| &item["call_id"]),
        found,
    );
    if calls != results {
        found.push(format!("results {results:?} for the calls {calls:?}"));
    }
    let mut before = BTreeSet::new();
    for (at, item) in all.iter().enumerate() {
        match item["type"].as_str() {
            Some("function_call") => {
                before.insert(item["call_id"].to_string());
                if !object(&item["arguments"]) {
                    found.push(format!(
                        "item {at}: the arguments {} are no object",
                        item["arguments"]
                    ));
                }
            }
            Some("function_call_output") if !before.contains(&item["call_id"].to_string()) => {
                found.push(format!("item {at} is a result before its call"));
            }
            Some("reasoning") => {
                let words = item.pointer("/summary/0/text").and_then(Value::as_str);
                if item["encrypted_content"] != signature(words.unwrap_or_default()) {
                    found.push(format!("item {at}: a thought that is not its own: {item}"));
                }
                let next = all.get(at + 1).map(|next| &next["type"]);
                if next.is_none_or(|next| next != "message" && next != "function_call") {
                    found.push(format!("item {at} is a thought with nothing after it"));
                }
            }
            _ => {}
        }
    }
}

fn chat(body: &Value, found: &mut Vec<String>) {
    let all = list(&body["messages"]);
    let calls = all.iter().flat_map(|message| list(&message["tool_calls"]));
    shapes(calls.map(|call| &call["id"]), false, found);
    let mut waiting: BTreeSet<String> = BTreeSet::new();
    let mut before = "";
    for (at, message) in all.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if (role == "system") != (at == 0) {
            found.push(format!("message {at} is the {role}'s"));
        }
        if role == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            if !waiting.remove(id) {
                found.push(format!(
                    "message {at} is a result of {id:?}, which nobody waits for"
                ));
            }
        } else if !waiting.is_empty() {
            found.push(format!(
                "message {at} comes before the results of {waiting:?}"
            ));
            waiting.clear();
        }
        if role == before && role != "tool" {
            found.push(format!(
                "messages {} and {at} are both the {role}'s",
                at - 1
            ));
        }
        let calls = list(&message["tool_calls"]);
        if role == "assistant" {
            waiting = ids(calls.iter().map(|call| &call["id"]), found);
            let words = message["content"].as_str().unwrap_or_default();
            if calls.is_empty() && words.is_empty() {
                found.push(format!("message {at} is empty"));
            }
        }
        for call in calls {
            let arguments = &call["function"]["arguments"];
            if !object(arguments) {
                found.push(format!(
                    "message {at}: the arguments {arguments} are no object"
                ));
            }
        }
        before = role;
    }
    if !waiting.is_empty() || !matches!(before, "user" | "tool") {
        found.push(format!("the last word is the {before}'s; {waiting:?} wait"));
    }
}
