//! The `research` tool: hands a question to a nested agent that reads, and answers with a report.
//!
//! Its component imports `agents` and nothing else. The agent's tools, turns and money are the host's to grant, under the
//! same policy as everything else of the session.

mod question;

use ml_intern_sdk::agents;
use ml_intern_sdk::prelude::*;
use question::Question;

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    let limits = Limits {
        // A question, an answer, and what is made of them: less than a megabyte.
        memory: 16 << 20,
        fuel: 1_000_000_000,
        // It stands still while the agent runs.
        deadline: 600_000,
        // The host cuts an answer at 20,000 characters, of four bytes at most.
        output: 128 << 10,
        open_files: 0,
        host_calls: 1,
    };
    let ask = Operation::new("research", research)
        // To read; and to run commands in the sandbox, where what it reads is files.
        .effects([Effect::Observe, Effect::Execute])
        .needs([need::agent()]);
    Plugin::new(
        "research",
        env!("CARGO_PKG_VERSION"),
        "Has an agent with a context of its own look things up.",
        limits,
    )
    .tool(Tool::new("research", DESCRIPTION, ask))
}

const DESCRIPTION: &str = "Has an agent with a context of its own look something up in papers, documentation, \
datasets, code and files, and returns its report: ranked recipes, code patterns, references. Use it before writing ML \
code, choosing a method or dataset, or relying on an API from memory; not for what one call of another tool answers. \
Name the task, model, data, constraints, and what the report has to settle: it sees nothing of this conversation, \
changes nothing and cannot ask. Several calls in one turn run in parallel.";

fn research(question: Question) -> Result<Output, Failure> {
    answer(agents::run(&question.task()?))
}

/// What the agent came to, as the result of the call.
///
/// # Errors
/// Why it gave no answer: [`Failure::Denied`] as the host put it, [`Failure::Failed`] else.
fn answer(found: Result<String, agents::Error>) -> Result<Output, Failure> {
    match found {
        Ok(report) => Ok(Output::text(report)),
        Err(agents::Error::Denied(denial)) => Err(denial.into()),
        Err(agents::Error::Budget(used)) => Err(Failure::failed(format!(
            "the research ended without a report, since a budget is used up: {used}"
        ))),
        Err(agents::Error::Failed(why)) => Err(Failure::failed(format!(
            "the research gave no report: {why}"
        ))),
    }
}

ml_intern_sdk::export!(plugin);

#[cfg(test)]
mod tests {
    use ml_intern_sdk::{Call, Denial};
    use serde_json::{Value, json};

    use super::*;
    use crate::question::{LONGEST_CONTEXT, LONGEST_TASK};

    #[test]
    fn it_declares_what_it_needs() {
        let manifest = plugin().manifest();
        let [tool] = manifest.tools.as_slice() else {
            panic!("one tool")
        };
        let [operation] = tool.operations.as_slice() else {
            panic!("one operation")
        };
        assert_eq!(
            (tool.name.as_str(), operation.name.as_str()),
            ("research", "research")
        );
        assert_eq!(operation.effects, [Effect::Observe, Effect::Execute]);
        assert_eq!(operation.needs, [Need::Agent]);
        let schema: Value = serde_json::from_str(&tool.parameters).unwrap();
        let named: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(named, ["task", "context"]);
        assert_eq!(schema["required"], json!(["task"]));
        assert_eq!(schema["additionalProperties"], false);
    }

    #[test]
    fn arguments_that_do_not_fit_start_no_agent() {
        let table = [
            (json!({}), "/task", "a value: it is required"),
            (
                json!({"task": null}),
                "/task",
                "invalid type: null, expected a string",
            ),
            (
                json!({"task": ""}),
                "/task",
                "what is to be found out: a text that is not blank",
            ),
            (
                json!({"task": " \n\t"}),
                "/task",
                "what is to be found out: a text that is not blank",
            ),
            (
                json!({"task": "é".repeat(LONGEST_TASK + 1)}),
                "/task",
                "20000 characters at most, not 20001",
            ),
            (
                json!({"task": "x", "context": "é".repeat(LONGEST_CONTEXT + 1)}),
                "/context",
                "50000 characters at most, not 50001",
            ),
            (
                json!({"task": "x", "context": 1}),
                "/context",
                "invalid type: integer `1`, expected a string",
            ),
            (
                json!({"task": "x", "model": "y"}),
                "/model",
                "no such argument; the known are: `task` or `context`",
            ),
        ];
        for (arguments, pointer, expected) in table {
            let call = Call {
                id: "1".into(),
                tool: "research".into(),
                operation: "research".into(),
                arguments: arguments.to_string(),
            };
            assert_eq!(
                plugin().invoke(&call),
                Err(Failure::argument(pointer, expected)),
                "{pointer} {expected}"
            );
        }
    }

    #[test]
    fn how_the_agent_ended_is_how_the_call_ends() {
        let denial =
            agents::Error::Denied(ml_intern_sdk::bindings::ml_intern::plugin::calls::Denial {
                capability: "agent".into(),
                rule: "p.toml:1 \"none\"".into(),
                remedy: "allow it".into(),
            });
        let table = [
            (Ok("A report.".to_owned()), Ok(Output::text("A report."))),
            (
                Err(denial),
                Err(Failure::Denied(Denial {
                    capability: "agent".into(),
                    rule: "p.toml:1 \"none\"".into(),
                    remedy: "allow it".into(),
                })),
            ),
            (
                Err(agents::Error::Budget("2.00 of 2.00 dollars".into())),
                Err(Failure::failed(
                    "the research ended without a report, since a budget is used up: 2.00 of 2.00 dollars",
                )),
            ),
            (
                Err(agents::Error::Failed("it ended without an answer".into())),
                Err(Failure::failed(
                    "the research gave no report: it ended without an answer",
                )),
            ),
        ];
        for (found, expected) in table {
            assert_eq!(answer(found), expected);
        }
    }
}
