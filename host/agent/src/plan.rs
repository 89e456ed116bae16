//! The plan that the model keeps with its plan tool.
//!
//! What the tool's arguments mean is its plugin's matter. The loop holds the plan that came of the last successful call,
//! shows it, and keeps it over compaction, undo and resume. It is read from `plan` of the call's structured result, or
//! where there is none, from `todos` of its arguments.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The tool whose results are plans.
pub const PLAN_TOOL: &str = "plan_tool";

/// Unfinished items that a note names.
const NAMED: usize = 4;

/// How far an item has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing was done about it yet.
    Pending,
    /// It is being worked on.
    InProgress,
    /// It is done.
    Completed,
}

/// One item of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanItem {
    /// The model's name for it.
    pub id: String,
    /// What is to be done.
    pub content: String,
    /// How far it has come.
    pub status: Status,
}

/// The plan, in its order; empty where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plan(pub Vec<PlanItem>);

impl Plan {
    /// The plan that a successful call of the plan tool came to; none where neither its result nor its arguments have
    /// one.
    pub(crate) fn of_call(arguments: &Value, structured: Option<&Value>) -> Option<Plan> {
        structured
            .and_then(|value| value.get("plan"))
            .and_then(Plan::read)
            .or_else(|| arguments.get("todos").and_then(Plan::read))
    }

    /// Reads a list of items.
    pub(crate) fn read(value: &Value) -> Option<Plan> {
        Plan::deserialize(value).ok()
    }

    /// Whether anything is left to do.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.unfinished().next().is_some()
    }

    fn unfinished(&self) -> impl Iterator<Item = &PlanItem> {
        self.0
            .iter()
            .filter(|item| item.status != Status::Completed)
    }

    /// What is left to do, in a sentence: the first items by name, the others counted.
    pub(crate) fn left(&self) -> String {
        let mut names: Vec<String> = self
            .unfinished()
            .take(NAMED)
            .map(|item| format!("{:?}", item.content))
            .collect();
        let more = self.unfinished().count().saturating_sub(NAMED);
        if more > 0 {
            names.push(format!("and {more} more"));
        }
        names.join(", ")
    }

    /// The whole plan as lines of text, for a model that has lost sight of it.
    pub(crate) fn lines(&self) -> String {
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|item| {
                let mark = match item.status {
                    Status::Completed => "[x]",
                    Status::InProgress => "[~]",
                    Status::Pending => "[ ]",
                };
                format!("{mark} {}: {}", item.id, item.content)
            })
            .collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan(statuses: &[&str]) -> Value {
        let items = statuses.iter().enumerate().map(
            |(i, status)| json!({"id": i.to_string(), "content": format!("step {i}"), "status": status}),
        );
        items.collect()
    }

    #[test]
    fn where_a_plan_is_read_from() {
        let (one, two) = (plan(&["pending"]), plan(&["completed", "in_progress"]));
        let table = [
            (json!({"todos": one}), None, Some(1)),
            (json!({"todos": one}), Some(json!({"plan": two})), Some(2)),
            (json!({"todos": one}), Some(json!({"other": 1})), Some(1)),
            (json!({"todos": one}), Some(json!({"plan": "odd"})), Some(1)),
            (json!({"todos": []}), None, Some(0)),
            (json!({"todos": null}), None, None),
            (json!({"todos": [{"id": 1}]}), None, None),
            (json!({"todos": plan(&["waiting"])}), None, None),
            (json!({}), None, None),
        ];
        for (arguments, structured, items) in table {
            let found = Plan::of_call(&arguments, structured.as_ref());
            assert_eq!(found.map(|plan| plan.0.len()), items, "{arguments}");
        }
    }

    #[test]
    fn what_is_left() {
        let table: [(&[&str], bool, &str); 4] = [
            (&[], false, ""),
            (&["completed"], false, ""),
            (
                &["completed", "in_progress", "pending"],
                true,
                r#""step 1", "step 2""#,
            ),
            (
                &["pending"; 6],
                true,
                r#""step 0", "step 1", "step 2", "step 3", and 2 more"#,
            ),
        ];
        for (statuses, unfinished, left) in table {
            let plan = Plan::read(&plan(statuses)).unwrap();
            assert_eq!(plan.is_unfinished(), unfinished);
            assert_eq!(plan.left(), left);
        }
        let all = Plan::read(&plan(&["completed", "in_progress", "pending"])).unwrap();
        assert_eq!(all.lines(), "[x] 0: step 0\n[~] 1: step 1\n[ ] 2: step 2");
    }
}
