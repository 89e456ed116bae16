//! The `plan_tool` tool: the plan that the model keeps while it works.
//!
//! It only checks the plan and puts it into words. The agent loop reads it from the structured part of the result, shows
//! it, and holds it; so this component has no state and imports nothing.

mod todos;

use ml_intern_sdk::prelude::*;
use todos::Todos;

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    let limits = Limits {
        // The largest plan takes a tenth of this, however it is escaped.
        memory: 16 << 20,
        fuel: 1_000_000_000,
        deadline: 5_000,
        output: 1 << 20,
        open_files: 0,
        host_calls: 0,
    };
    Plugin::new(
        "plan",
        env!("CARGO_PKG_VERSION"),
        "Keeps the plan of what is being worked on.",
        limits,
    )
    .tool(Tool::new(
        "plan_tool",
        DESCRIPTION,
        Operation::new("update", update).effects([Effect::Observe]),
    ))
}

const DESCRIPTION: &str = "Sets the plan for work of three or more steps; the user sees it. todos is the whole plan and \
replaces the one before. Mark a step in_progress when you begin it and completed as soon as it is done and checked; one \
that failed stays in_progress.";

fn update(todos: Todos) -> Result<Output, Failure> {
    todos.checked()?.output()
}

ml_intern_sdk::export!(plugin);

#[cfg(test)]
mod tests {
    use ml_intern_sdk::{ArgumentError, Call};
    use serde_json::{Value, json};

    use super::*;
    use crate::todos::{LONGEST_CONTENT, LONGEST_ID, MOST_ITEMS, MOST_NAMED};

    fn call(arguments: &Value) -> Result<Output, Failure> {
        plugin().invoke(&Call {
            id: "1".into(),
            tool: "plan_tool".into(),
            operation: "update".into(),
            arguments: arguments.to_string(),
        })
    }

    fn items(count: usize) -> Value {
        let item = |n| json!({"id": format!("{n}"), "content": "x", "status": "pending"});
        json!({"todos": (0..count).map(item).collect::<Vec<_>>()})
    }

    #[test]
    fn it_declares_that_it_needs_nothing() {
        let manifest = plugin().manifest();
        let [tool] = manifest.tools.as_slice() else {
            panic!("one tool")
        };
        let [operation] = tool.operations.as_slice() else {
            panic!("one operation")
        };
        assert_eq!(tool.name, "plan_tool");
        assert_eq!(operation.effects, [Effect::Observe]);
        assert_eq!(operation.needs, []);
        let schema: Value = serde_json::from_str(&tool.parameters).unwrap();
        let expected = json!({
            "type": "object",
            "properties": {
                "todos": {
                    "type": "array",
                    "maxItems": 100,
                    "items": {
                        "type": "object",
                        "properties": {
                            "id": { "type": "string" },
                            "content": { "type": "string", "description": "What is to be done, in a line." },
                            "status": { "type": "string", "enum": ["pending", "in_progress", "completed"] },
                        },
                        "required": ["id", "content", "status"],
                        "additionalProperties": false,
                    },
                },
            },
            "required": ["todos"],
            "additionalProperties": false,
        });
        assert_eq!(schema, expected);
    }

    #[test]
    fn a_plan_is_told_by_groups_and_structured_in_its_order() -> Result<(), Failure> {
        let item = |id: &str, content: &str, status: &str| json!({"id": id, "content": content, "status": status});
        let table = [
            (json!([]), "Plan is empty."),
            (
                json!([item("a", "Read the paper", "pending")]),
                "Plan updated:\n[ ] a: Read the paper\n0/1 done",
            ),
            (
                json!([
                    item("1", "Publish", "pending"),
                    item("2", "Train", "in_progress"),
                    item("3", "Audit the data", "completed"),
                    item("4", "Evaluate", "pending"),
                    item("5", "Write it up", "in_progress"),
                    item("6", "Find a baseline", "completed"),
                ]),
                "Plan updated:\n[x] 3: Audit the data\n[x] 6: Find a baseline\n[~] 2: Train\n[~] 5: Write it up\n\
                 [ ] 1: Publish\n[ ] 4: Evaluate\n2/6 done",
            ),
            (
                json!([item("é", "Zwei\n[x] Zeilen \t hier", "completed")]),
                "Plan updated:\n[x] é: Zwei [x] Zeilen hier\n1/1 done",
            ),
        ];
        for (todos, text) in table {
            let output = call(&json!({ "todos": todos }))?;
            let expected = Output::text(text).with_structured(&json!({ "plan": todos }))?;
            assert_eq!(output, expected);
        }
        Ok(())
    }

    #[test]
    fn what_is_no_plan_is_named_by_its_place() {
        let one = |id: Value, content: Value, status: Value| json!({"todos": [{"id": id, "content": content, "status": status}]});
        let table = [
            (json!({}), "/todos", "a value: it is required"),
            (
                json!({"todos": null}),
                "/todos",
                "invalid type: null, expected a sequence",
            ),
            (
                json!({"todos": "train"}),
                "/todos",
                "invalid type: string \"train\", expected a sequence",
            ),
            (
                json!({"todos": ["train"]}),
                "/todos/0",
                "invalid type: string \"train\", expected an object with id, content and status",
            ),
            (
                json!({"todos": [{"id": "1", "content": "x"}]}),
                "/todos/0/status",
                "a value: it is required",
            ),
            (
                json!({"todos": [{"id": "1", "content": "x", "status": "pending", "priority": 1}]}),
                "/todos/0/priority",
                "no such argument; the known are: one of `id`, `content`, `status`",
            ),
            (
                one(json!(1), json!("x"), json!("pending")),
                "/todos/0/id",
                "invalid type: integer `1`, expected a string",
            ),
            (
                one(json!("1"), json!("x"), json!("done")),
                "/todos/0/status",
                "unknown variant `done`, expected one of `pending`, `in_progress`, `completed`",
            ),
            (
                one(json!(""), json!("x"), json!("pending")),
                "/todos/0/id",
                "a text that is not blank",
            ),
            (
                one(json!("1"), json!(" \n"), json!("pending")),
                "/todos/0/content",
                "a text that is not blank",
            ),
            (
                one(
                    json!("1"),
                    json!("é".repeat(LONGEST_CONTENT + 1)),
                    json!("pending"),
                ),
                "/todos/0/content",
                "500 characters at most, not 501",
            ),
            (
                one(
                    json!("é".repeat(LONGEST_ID + 1)),
                    json!("x"),
                    json!("pending"),
                ),
                "/todos/0/id",
                "64 characters at most, not 65",
            ),
            (
                items(MOST_ITEMS + 1),
                "/todos",
                "100 items at most, not 101",
            ),
        ];
        for (arguments, pointer, expected) in table {
            assert_eq!(
                call(&arguments),
                Err(Failure::argument(pointer, expected)),
                "{arguments}"
            );
        }
    }

    #[test]
    fn every_place_that_does_not_fit_is_named_up_to_a_bound() {
        let error = |pointer: &str, expected: &str| ArgumentError {
            pointer: pointer.into(),
            expected: expected.into(),
        };
        let todos = json!([
            {"id": "a", "content": "x", "status": "pending"},
            {"id": "b", "content": "", "status": "pending"},
            {"id": "a", "content": "y", "status": "pending"},
        ]);
        let expected = Failure::InvalidArguments(vec![
            error("/todos/1/content", "a text that is not blank"),
            error("/todos/2/id", "another id than that of /todos/0"),
        ]);
        assert_eq!(call(&json!({ "todos": todos })), Err(expected));

        let blank = |n: usize| json!({"id": n.to_string(), "content": "", "status": "pending"});
        let many: Vec<Value> = (0..MOST_ITEMS).map(blank).collect();
        let Err(Failure::InvalidArguments(errors)) = call(&json!({ "todos": many })) else {
            panic!("blank contents")
        };
        assert_eq!(errors.len(), MOST_NAMED);
    }

    #[test]
    fn the_largest_plan_fits_into_the_output_it_asks_for() -> Result<(), Failure> {
        // The worst that JSON can make of a character: six bytes for one.
        let item = |n: usize| {
            let id = format!("{n:0width$}", width = LONGEST_ID);
            json!({"id": id, "content": "\u{1}".repeat(LONGEST_CONTENT), "status": "in_progress"})
        };
        let todos: Vec<Value> = (0..MOST_ITEMS).map(item).collect();
        let output = call(&json!({ "todos": todos }))?;
        let [ml_intern_sdk::Content::Text(text)] = output.content.as_slice() else {
            panic!("one text")
        };
        let bytes = text.len() + output.structured.as_deref().unwrap_or_default().len();
        let most = plugin().manifest().limits.output as usize;
        assert!(bytes < most, "{bytes} of {most}");
        Ok(())
    }
}
