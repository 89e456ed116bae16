//! What the model asks, as the task of a nested agent.

use ml_intern_sdk::agents::Task;
use ml_intern_sdk::prelude::*;

/// Characters of a task at most.
pub(crate) const LONGEST_TASK: usize = 20_000;
/// Characters of a context at most.
pub(crate) const LONGEST_CONTEXT: usize = 50_000;

/// What the agent is told to be.
const PROMPT: &str = include_str!("prompt.md");

/// What it may use: those that look things up, and `bash` for what is in files. The host leaves out what the session does
/// not have.
const TOOLS: [&str; 12] = [
    "read",
    "bash",
    "explore_hf_docs",
    "fetch_hf_docs",
    "find_hf_api",
    "hf_papers",
    "github_find_examples",
    "github_list_repos",
    "github_read_file",
    "web_search",
    "hf_inspect_dataset",
    "hf_repo_files",
];

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// What is to be found out, and for what.
    task: String,
    /// What is known already: the goal, what was tried, results so far.
    context: Option<String>,
}

impl Question {
    /// The agent's task.
    ///
    /// # Errors
    /// [`Failure::InvalidArguments`] where a text is blank or over its bound.
    pub(crate) fn task(self) -> Result<Task, Failure> {
        if self.task.trim().is_empty() {
            return Err(Failure::argument(
                "/task",
                "what is to be found out: a text that is not blank",
            ));
        }
        bounded("/task", &self.task, LONGEST_TASK)?;
        let context = self.context.unwrap_or_default();
        bounded("/context", &context, LONGEST_CONTEXT)?;
        let prompt = match context.trim() {
            "" => format!("Research task: {}", self.task),
            _ => format!("Context: {context}\n\nResearch task: {}", self.task),
        };
        let title = self.task.trim().lines().next().unwrap_or_default();
        Ok(Task {
            title: Some(title.to_owned()),
            system: Some(PROMPT.to_owned()),
            prompt,
            tools: TOOLS.map(str::to_owned).to_vec(),
            max_iterations: None,
            max_tokens: None,
        })
    }
}

fn bounded(pointer: &str, text: &str, most: usize) -> Result<(), Failure> {
    let length = text.chars().count();
    if length <= most {
        return Ok(());
    }
    Err(Failure::argument(
        pointer,
        format!("{most} characters at most, not {length}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(task: &str, context: Option<&str>) -> Result<Task, Failure> {
        Question {
            task: task.to_owned(),
            context: context.map(str::to_owned),
        }
        .task()
    }

    #[test]
    fn what_the_agent_is_asked() -> Result<(), Failure> {
        let longest = ("é".repeat(LONGEST_TASK), "é".repeat(LONGEST_CONTEXT));
        let all = format!("Context: {}\n\nResearch task: {}", longest.1, longest.0);
        let table = [
            ("\nFind it.", None, "Research task: \nFind it."),
            ("Find it.", Some(""), "Research task: Find it."),
            ("Find it.", Some(" \n"), "Research task: Find it."),
            (
                "Find\nit.",
                Some("We have it."),
                "Context: We have it.\n\nResearch task: Find\nit.",
            ),
            (&longest.0, Some(&longest.1), &all),
        ];
        for (asked, context, prompt) in table {
            let title = asked.trim().lines().next().map(str::to_owned);
            let expected = Task {
                title,
                system: Some(PROMPT.into()),
                prompt: prompt.into(),
                tools: TOOLS.map(str::to_owned).to_vec(),
                max_iterations: None,
                max_tokens: None,
            };
            assert_eq!(task(asked, context)?, expected);
        }
        Ok(())
    }

    #[test]
    fn the_prompt_is_short_and_names_no_tool_that_is_not_offered() {
        // About 900 tokens: it is sent with each of the agent's requests.
        assert!(PROMPT.len() <= 3_600, "{}", PROMPT.len());
        let named: Vec<&str> = PROMPT.split('`').skip(1).step_by(2).collect();
        assert!(named.iter().all(|name| TOOLS.contains(name)), "{named:?}");
        let unnamed: Vec<_> = TOOLS.iter().filter(|tool| !named.contains(tool)).collect();
        assert!(unnamed.is_empty(), "{unnamed:?}");
    }
}
