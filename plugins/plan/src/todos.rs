//! What the model sends: the items of the plan, their bounds, and how they are told.

use std::collections::BTreeMap;

use ml_intern_sdk::ArgumentError;
use ml_intern_sdk::prelude::*;

/// Items of a plan at most.
pub(crate) const MOST_ITEMS: usize = 100;
/// Characters of an id at most.
pub(crate) const LONGEST_ID: usize = 64;
/// Characters of a content at most.
pub(crate) const LONGEST_CONTENT: usize = 500;
/// Places that do not fit which one answer names at most.
pub(crate) const MOST_NAMED: usize = 10;

/// The arguments: the whole plan.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Todos {
    #[schemars(length(max = 100))]
    todos: Vec<Todo>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with id, content and status"
)]
struct Todo {
    id: String,
    /// What is to be done, in a line.
    content: String,
    status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pending,
    InProgress,
    Completed,
}

/// The order in which the items are told, and the mark of each.
const GROUPS: [(Status, &str); 3] = [
    (Status::Completed, "[x]"),
    (Status::InProgress, "[~]"),
    (Status::Pending, "[ ]"),
];

/// The part for programs, which is what the agent loop reads.
#[derive(Debug, Serialize)]
struct Structured<'a> {
    plan: &'a [Todo],
}

impl Todos {
    /// The same, within its bounds.
    ///
    /// # Errors
    /// [`Failure::InvalidArguments`] with the first places that do not fit.
    pub(crate) fn checked(self) -> Result<Self, Failure> {
        let count = self.todos.len();
        if count > MOST_ITEMS {
            return Err(Failure::argument(
                "/todos",
                format!("{MOST_ITEMS} items at most, not {count}"),
            ));
        }
        let mut errors = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, todo) in self.todos.iter().enumerate() {
            let fields = [
                ("id", &todo.id, LONGEST_ID),
                ("content", &todo.content, LONGEST_CONTENT),
            ];
            for (field, text, longest) in fields {
                if let Some(expected) = unfit(text, longest) {
                    errors.push(ArgumentError {
                        pointer: format!("/todos/{index}/{field}"),
                        expected,
                    });
                }
            }
            let first = *places.entry(&todo.id).or_insert(index);
            if first != index {
                errors.push(ArgumentError {
                    pointer: format!("/todos/{index}/id"),
                    expected: format!("another id than that of /todos/{first}"),
                });
            }
        }
        if errors.is_empty() {
            return Ok(self);
        }
        errors.truncate(MOST_NAMED);
        Err(Failure::InvalidArguments(errors))
    }

    /// The plan for the model and for programs.
    ///
    /// # Errors
    /// None that can happen: an item always has a JSON form.
    pub(crate) fn output(&self) -> Result<Output, Failure> {
        Output::text(self.text()).with_structured(&Structured { plan: &self.todos })
    }

    fn text(&self) -> String {
        if self.todos.is_empty() {
            return "Plan is empty.".to_owned();
        }
        let mut lines = vec!["Plan updated:".to_owned()];
        for (status, mark) in GROUPS {
            lines.extend(self.with(status).map(|Todo { id, content, .. }| {
                // One item, one line, whatever white space is in it.
                let content: Vec<&str> = content.split_whitespace().collect();
                format!("{mark} {id}: {}", content.join(" "))
            }));
        }
        let done = self.with(Status::Completed).count();
        lines.push(format!("{done}/{} done", self.todos.len()));
        lines.join("\n")
    }

    fn with(&self, status: Status) -> impl Iterator<Item = &Todo> {
        self.todos.iter().filter(move |todo| todo.status == status)
    }
}

/// What the text should be instead; none where it fits.
fn unfit(text: &str, longest: usize) -> Option<String> {
    if text.trim().is_empty() {
        return Some("a text that is not blank".to_owned());
    }
    let length = text.chars().count();
    (length > longest).then(|| format!("{longest} characters at most, not {length}"))
}
