//! The keys, their types and their defaults: what is said here is what the schema and the documentation say.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The configuration of ml-intern.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "ml-intern configuration")]
pub(crate) struct Config {
    /// Where the schema of this file is, for editors; it changes nothing.
    #[serde(rename = "$schema", skip_serializing)]
    pub(crate) schema: Option<String>,

    /// The model: `<org>/<model>`, `<org>/<model>:<provider>`, `anthropic/<model>`, `openai/<model>`, or `ollama/`, `vllm/`,
    /// `lm_studio/`, `llamacpp/` and the name that the server knows.
    #[schemars(length(min = 1))]
    pub(crate) model_name: String,

    /// How hard the model thinks, as a preference and a ceiling; null says nothing about it to the model.
    pub(crate) reasoning_effort: Option<Effort>,

    /// The policy: `interactive`, `ci`, `offline`, or the path of a file; null is `interactive` where somebody can be asked and
    /// `ci` where nobody can.
    #[schemars(length(min = 1))]
    pub(crate) policy: Option<String>,

    /// MCP servers by name, whose tools are offered under the same policy. Null under a name removes a server that a file of
    /// lower precedence names.
    #[serde(rename = "mcpServers")]
    #[schemars(with = "BTreeMap<String, Option<McpServer>>")]
    pub(crate) mcp_servers: BTreeMap<String, McpServer>,

    /// Whether sessions are saved where they can be resumed from, and uploaded as the next keys say.
    pub(crate) save_sessions: bool,

    /// The dataset on the Hub, `<owner>/<name>`, that sessions are also uploaded to for others to read; null is none.
    #[schemars(length(min = 1))]
    pub(crate) session_dataset_repo: Option<String>,

    /// Whether a trace of each session is uploaded to a dataset of the user's own.
    pub(crate) share_traces: bool,

    /// The name of that dataset; `{hf_user}` stands for the user's name on the Hub.
    #[schemars(length(min = 1))]
    pub(crate) personal_trace_repo_template: String,

    /// Turns of the user from one save to the next; 0 or less saves at the end alone.
    pub(crate) auto_save_interval: i64,

    /// Seconds from one save to the next within a turn; 0 is never.
    pub(crate) heartbeat_interval_s: u64,

    /// Whether everything that the policy asks about is allowed without asking, except scheduled jobs. What it denies stays
    /// denied.
    pub(crate) yolo_mode: bool,

    /// Answers of the model in one turn of the user at most; a negative number is 10,000.
    pub(crate) max_iterations: i64,

    /// What a session may cost, in US dollars; null is without bound.
    #[schemars(range(min = 0.0, max = 1e9))]
    pub(crate) max_cost_usd: Option<f64>,

    /// Tokens that a session may use, in and out together; null is without bound.
    pub(crate) max_tokens: Option<u64>,

    /// Tool calls that a session may run; null is without bound.
    pub(crate) max_calls: Option<u64>,

    /// How long a session may be at work, a whole number and `ms`, `s` or `min`; null is without bound.
    #[schemars(length(min = 1))]
    pub(crate) timeout: Option<String>,

    /// Whether jobs on CPUs need approval; those on GPUs always do.
    pub(crate) confirm_cpu_jobs: bool,

    /// Whether files are uploaded to a private repository without asking.
    pub(crate) auto_file_upload: bool,

    /// Where commands run and files are: here under isolation, or in a Space of the user's own.
    pub(crate) tool_runtime: ToolRuntime,

    /// Notifications to people.
    pub(crate) messaging: Messaging,
}

/// How hard the model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Effort {
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl From<Effort> for agent::Effort {
    fn from(effort: Effort) -> agent::Effort {
        match effort {
            Effort::Minimal => agent::Effort::Minimal,
            Effort::Low => agent::Effort::Low,
            Effort::Medium => agent::Effort::Medium,
            Effort::High => agent::Effort::High,
            Effort::Xhigh => agent::Effort::Xhigh,
            Effort::Max => agent::Effort::Max,
        }
    }
}

/// Where commands run and files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum ToolRuntime {
    Local,
    Sandbox,
}

/// An MCP server: a program that is started, or an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct McpServer {
    /// How it is spoken to; without it, `stdio` for a command and `http` for an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) transport: Option<Transport>,

    /// The program to start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) command: Option<String>,

    /// The program's arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("writeOnly" = true))]
    pub(crate) args: Vec<Hidden>,

    /// Variables that the program is given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("writeOnly" = true))]
    pub(crate) env: BTreeMap<String, Hidden>,

    /// The directory that the program is started in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) cwd: Option<String>,

    /// The address, `https://…`; `http://…` on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) url: Option<String>,

    /// Headers that go with each request to the address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("writeOnly" = true))]
    pub(crate) headers: BTreeMap<String, Hidden>,
}

/// How an MCP server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(crate) enum Transport {
    Stdio,
    Http,
    StreamableHttp,
    Sse,
}

/// Notifications to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Messaging {
    /// Whether anything is sent.
    pub(crate) enabled: bool,

    /// What is told by itself, to the destinations that allow it.
    pub(crate) auto_event_types: Vec<AutoEvent>,

    /// Where messages go, by a name of lowercase letters, digits, `.`, `_` and `-`. Null under a name removes a destination
    /// that a file of lower precedence names.
    #[schemars(with = "BTreeMap<String, Option<Destination>>")]
    pub(crate) destinations: BTreeMap<String, Destination>,
}

/// What is told by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum AutoEvent {
    ApprovalRequired,
    Error,
    TurnComplete,
}

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Destination {
    /// The service.
    pub(crate) provider: Provider,

    /// The token of the bot that writes; best as a variable, for example `${SLACK_BOT_TOKEN}`.
    #[schemars(length(min = 1), extend("writeOnly" = true))]
    pub(crate) token: Hidden,

    /// The channel's id.
    #[schemars(length(min = 1))]
    pub(crate) channel: String,

    /// Whether the agent may write there itself, with the tool `notify`.
    #[serde(default)]
    pub(crate) allow_agent_tool: bool,

    /// Whether the events above are told there.
    #[serde(default)]
    pub(crate) allow_auto_events: bool,

    /// The name under which messages appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,

    /// The emoji beside that name, for example `:robot_face:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) icon_emoji: Option<String>,
}

/// Services that messages can be sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Provider {
    Slack,
}

/// A text that may be a secret: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(crate) struct Hidden(String);

impl Hidden {
    /// From a text.
    pub(crate) fn new(text: impl Into<String>) -> Hidden {
        Hidden(text.into())
    }

    /// The text.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hidden")
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            schema: None,
            model_name: "anthropic/claude-opus-4.8:fal-ai".to_owned(),
            reasoning_effort: Some(Effort::High),
            policy: None,
            mcp_servers: BTreeMap::new(),
            save_sessions: true,
            // Others see nothing of a session unless its user says so.
            session_dataset_repo: None,
            share_traces: false,
            personal_trace_repo_template: "{hf_user}/ml-intern-sessions".to_owned(),
            auto_save_interval: 1,
            heartbeat_interval_s: 60,
            yolo_mode: false,
            max_iterations: 300,
            max_cost_usd: None,
            max_tokens: None,
            max_calls: None,
            timeout: None,
            confirm_cpu_jobs: true,
            auto_file_upload: false,
            tool_runtime: ToolRuntime::Local,
            messaging: Messaging::default(),
        }
    }
}

impl Default for Messaging {
    fn default() -> Messaging {
        Messaging {
            enabled: false,
            auto_event_types: vec![
                AutoEvent::ApprovalRequired,
                AutoEvent::Error,
                AutoEvent::TurnComplete,
            ],
            destinations: BTreeMap::new(),
        }
    }
}
