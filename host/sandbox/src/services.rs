//! What a call may use of the world around the sandbox; the embedder provides it.

use std::pin::Pin;

use serde::{Deserialize, Serialize};

/// Services for the calls of a session. Every method is asked only after the grant has allowed it.
pub trait Services: Send + Sync {
    /// One line for the log of a call.
    fn log(&self, call: &str, line: &str);
    /// How far a call has come.
    fn progress(&self, call: &str, done: u64, total: Option<u64>, unit: &str);
    /// What a call is doing.
    fn status(&self, call: &str, status: &str);
    /// A value of a plugin's store.
    fn state_get(&self, plugin: &str, key: &str) -> Option<String>;
    /// Sets a value of a plugin's store, or removes it with `None`.
    ///
    /// # Errors
    ///
    /// A sentence, when the store could not keep it.
    fn state_set(
        &self,
        call: &str,
        plugin: &str,
        key: &str,
        value: Option<String>,
    ) -> Result<(), String>;
    /// A call of the host was made on a call's behalf: for the journal.
    fn host_call(&self, call: &str, record: &HostCall);
    /// Runs a nested agent to its end, as part of a call; it ends when the call does.
    fn agent<'a>(
        &'a self,
        _call: &'a str,
        _task: AgentTask,
    ) -> Pin<Box<dyn Future<Output = Result<String, AgentError>> + Send + 'a>> {
        Box::pin(async {
            Err(AgentError::Failed(
                "there are no nested agents here".to_owned(),
            ))
        })
    }
    /// Where messages to people can go.
    fn destinations(&self) -> Vec<Destination> {
        Vec::new()
    }
    /// Sends a message to people, or keeps it to be sent later.
    fn notify<'a>(
        &'a self,
        _call: &'a str,
        _notice: Notice,
    ) -> Pin<Box<dyn Future<Output = Result<Sent, NotifyError>> + Send + 'a>> {
        Box::pin(async { Err(NotifyError::Unknown(Vec::new())) })
    }
    /// The tools that code which a call runs may use in turn; none, where nobody offers them.
    fn tools(&self, _call: &str) -> Vec<ToolEntry> {
        Vec::new()
    }
    /// Calls one of them. Nobody is asked: it gets what the policy allows outright, whatever the caller was granted.
    fn tool<'a>(
        &'a self,
        _call: &'a str,
        name: &'a str,
        _arguments: String,
    ) -> Pin<Box<dyn Future<Output = Result<ToolAnswer, ToolFailure>> + Send + 'a>> {
        let text = format!("no tool named {name} is offered here");
        Box::pin(async move { Err(ToolFailure::Failed(text)) })
    }
}

/// Where messages to people can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its name in the configuration.
    pub name: String,
    /// The service behind it.
    pub provider: String,
    /// Whether the user lets the agent write there.
    pub allowed: bool,
}

/// How urgent a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something to know.
    Info,
    /// Something went well.
    Success,
    /// Something to look at.
    Warning,
    /// Something went wrong.
    Error,
}

/// A message to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The name of its destination.
    pub destination: String,
    /// A headline.
    pub title: Option<String>,
    /// The text.
    pub text: String,
    /// How urgent it is.
    pub severity: Severity,
}

/// What became of a message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The service has it; its id there, where it gives one.
    Delivered {
        /// The id.
        id: Option<String>,
    },
    /// It is kept, and tried again.
    Queued {
        /// Why it is not there yet.
        why: String,
    },
}

/// Why a message was not taken, or will never arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// Not granted: to the host's gateways, or to the agent at this destination.
    #[error("{capability} is denied (rule: {rule}). {remedy}")]
    Denied {
        /// What was tried.
        capability: String,
        /// The rule that decided.
        rule: String,
        /// What a person would have to change.
        remedy: String,
    },
    /// There is no such destination; these may be used.
    #[error("there is no such destination; known: {}", .0.join(", "))]
    Unknown(Vec<String>),
    /// It cannot be sent, or the service does not take it.
    #[error("{0}")]
    Failed(String),
}

/// What a nested agent is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentTask {
    /// What people see it called; none for the beginning of its instructions.
    pub title: Option<String>,
    /// What it is told to be; none for a few general words.
    pub system: Option<String>,
    /// Its instructions.
    pub prompt: String,
    /// The tools that it is offered, by name; those that the session does not have are left out.
    pub tools: Vec<String>,
    /// Turns of the model at most; none for the host's own bound.
    pub max_iterations: Option<u32>,
    /// Tokens at most, in and out together.
    pub max_tokens: Option<u64>,
}

/// Why a nested agent gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// The policy denies what it needs.
    #[error("{capability} is denied (rule: {rule}). {remedy}")]
    Denied {
        /// What was tried.
        capability: String,
        /// The rule that decided.
        rule: String,
        /// What a person would have to change.
        remedy: String,
    },
    /// Its allowance, or the session's budget, is used up.
    #[error("{0}")]
    Budget(String),
    /// It broke down, or cannot run.
    #[error("{0}")]
    Failed(String),
    /// The call that it is part of is being stopped.
    #[error("cancelled")]
    Cancelled,
}

/// A tool that code may call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolEntry {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: serde_json::Value,
}

/// What a tool gave to the code that called it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolAnswer {
    /// The result in words.
    pub text: String,
    /// The result for programs, where the tool gives one.
    pub structured: Option<serde_json::Value>,
}

/// Why a tool gave nothing to the code that called it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolFailure {
    /// Not granted; says the rule and what would change it.
    #[error("denied: {0}")]
    Denied(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// One use of a capability, for the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCall {
    /// What was used: `http GET https://huggingface.co:443/api`, `program python`, `state set seen/x`.
    pub capability: String,
    /// How it went: `ok`, `denied: <rule>`, or what went wrong.
    pub outcome: String,
    /// Bytes that left the guest.
    pub bytes_out: u64,
    /// Bytes that came to the guest.
    pub bytes_in: u64,
    /// Microseconds.
    pub elapsed_us: u64,
}

/// Services for tests and for `describe`: keeps nothing, tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoServices;

impl Services for NoServices {
    fn log(&self, _: &str, _: &str) {}
    fn progress(&self, _: &str, _: u64, _: Option<u64>, _: &str) {}
    fn status(&self, _: &str, _: &str) {}
    fn state_get(&self, _: &str, _: &str) -> Option<String> {
        None
    }
    fn state_set(&self, _: &str, _: &str, _: &str, _: Option<String>) -> Result<(), String> {
        Err("no store here".into())
    }
    fn host_call(&self, _: &str, _: &HostCall) {}
}
