//! What a journal can tell, kind by kind.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::CallId;

/// What is appended: what happened, and the call that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The call that it belongs to.
    pub call: Option<CallId>,
    /// The call that made this one.
    pub parent: Option<CallId>,
    /// What happened.
    pub data: Data,
}

impl Entry {
    /// What happened in a call.
    #[must_use]
    pub fn of(call: CallId, data: impl Into<Data>) -> Self {
        Entry {
            call: Some(call),
            parent: None,
            data: data.into(),
        }
    }

    /// The same, in a call that another one made.
    #[must_use]
    pub fn under(mut self, parent: CallId) -> Self {
        self.parent = Some(parent);
        self
    }
}

impl<D: Into<Data>> From<D> for Entry {
    fn from(data: D) -> Self {
        Entry {
            call: None,
            parent: None,
            data: data.into(),
        }
    }
}

/// Why a `data` object could not be read.
pub(crate) enum DataError {
    /// No kind has this name.
    Kind,
    /// It does not fit its kind.
    Shape(serde_json::Error),
}

/// One row a kind: its variant, which is also its payload, and the word for it on disk.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $kind:literal,)+) => {
        /// What happened. Each kind has a type of its own, and a word on disk.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Data {
            $(#[doc = concat!("`", $kind, "`:")] $(#[$doc])* $variant($variant),)+
        }

        impl Data {
            /// Every kind's word, in the order of the variants.
            pub const KINDS: &[&str] = &[$($kind),+];

            /// The word for it on disk.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Data::$variant(_) => $kind,)+ }
            }

            /// Its fields, as JSON.
            ///
            /// # Errors
            ///
            /// When a value in it cannot be JSON.
            pub fn to_json(&self) -> serde_json::Result<Value> {
                match self { $(Data::$variant(data) => serde_json::to_value(data),)+ }
            }

            /// Appends its JSON object.
            pub(crate) fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
                match self { $(Data::$variant(data) => serde_json::to_writer(out, data),)+ }
            }

            /// Reads the JSON object of a kind.
            pub(crate) fn read(kind: &str, json: &str) -> Result<Self, DataError> {
                match kind {
                    $($kind => serde_json::from_str(json).map(Data::$variant).map_err(DataError::Shape),)+
                    _ => Err(DataError::Kind),
                }
            }
        }

        $(impl From<$variant> for Data {
            fn from(data: $variant) -> Self {
                Data::$variant(data)
            }
        })+
    };
}

kinds! {
    /// the first record of every journal, and of no other place.
    Session = "session",
    /// the policy that is in force from here on.
    Policy = "policy",
    /// something that a person said.
    UserInput = "user_input",
    /// a question to the model.
    ModelRequest = "model_request",
    /// the model's answer.
    ModelTurn = "model_turn",
    /// what the policy, or a person in its name, said.
    Decision = "decision",
    /// a tool call begins.
    CallStart = "call_start",
    /// a tool call has come to an end, good or bad.
    CallEnd = "call_end",
    /// a tool call was stopped from outside.
    CallCancelled = "call_cancelled",
    /// the result of a call was given to the model.
    CallDelivered = "call_delivered",
    /// a call used one of its capabilities.
    HostCall = "host_call",
    /// what a call has used up.
    Receipt = "receipt",
    /// a plugin's key-value store was written.
    StateWrite = "state_write",
    /// anything that is told to whoever watches.
    Event = "event",
    /// what is different in the staged workspace.
    Workspace = "workspace",
    /// the session, or one sitting of it, is over.
    End = "end",
}

impl Data {
    /// Whether a record of this kind means nothing without a call.
    pub(crate) const fn needs_call(&self) -> bool {
        matches!(
            self,
            Data::CallStart(_) | Data::CallEnd(_) | Data::CallCancelled(_) | Data::CallDelivered(_)
        )
    }

    /// The part whose shape others choose.
    pub(crate) const fn free_form(&self) -> Option<&Value> {
        match self {
            Data::ModelRequest(request) => Some(&request.parameters),
            Data::CallStart(start) => Some(&start.arguments),
            Data::CallEnd(end) => Some(&end.output),
            Data::Event(event) => Some(&event.data),
            _ => None,
        }
    }
}

/// What a session is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The format's version: [`FORMAT`](crate::FORMAT).
    pub format: u32,
    /// The session's name.
    pub id: String,
    /// When it began, as in a record's `at`.
    pub created: String,
    /// The program that wrote it, with its version.
    pub program: String,
}

/// A policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// SHA-256 of the policy file's bytes, in hex. Those of `text`, unless a secret was redacted from it.
    pub digest: String,
    /// Its name.
    pub name: String,
    /// The whole file.
    pub text: String,
}

/// What a person said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserInput {
    /// Their words.
    pub text: String,
}

/// A question to the model. Its messages are not repeated: they are a reading of the records before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRequest {
    /// Which model.
    pub model: String,
    /// How many messages it was sent.
    pub messages: u64,
    /// Whatever else it was sent: the tools on offer, the token limit, the digest of the system prompt.
    pub parameters: Value,
}

/// The model's answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelTurn {
    /// What it said.
    pub text: String,
    /// What it wants done, in its order.
    pub tool_calls: Vec<ToolCall>,
    /// What the answer has used up.
    pub usage: Usage,
    /// Why it stopped, in the provider's word.
    pub stop: String,
}

/// What the model wants done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The model's own name for it; not a [`CallId`], and not necessarily unique.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// The arguments as the model wrote them, which may not be JSON.
    pub arguments: String,
}

/// What a model turn has used up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Tokens in, those from a cache among them.
    pub input_tokens: u64,
    /// Tokens in that came from a cache.
    pub cached_tokens: u64,
    /// Tokens out.
    pub output_tokens: u64,
    /// US dollars, in millionths; none where the price is not known.
    pub cost: Option<u64>,
}

/// What the policy, or a person in its name, said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// `allow`, `ask` or `deny`.
    pub verdict: String,
    /// What was decided about, in words.
    pub subject: String,
    /// The rule that decided.
    pub rule: String,
    /// What a person would have to change; empty where it is allowed.
    pub remedy: String,
    /// The effects that it is about. Without any, the record counts as one about an act.
    pub effects: Vec<String>,
    /// The needs that it is about, in words.
    pub needs: Vec<String>,
}

/// A tool call begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallStart {
    /// The plugin.
    pub plugin: String,
    /// Its tool.
    pub tool: String,
    /// The tool's operation.
    pub operation: String,
    /// What the operation declares to do. Without any, the record counts as one about an act.
    pub effects: Vec<String>,
    /// The arguments.
    pub arguments: Value,
}

/// A tool call has come to an end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallEnd {
    /// How, in a word: `ok`, `failed`, `denied`, `limit` …
    pub outcome: String,
    /// What it gave back.
    pub output: Value,
}

/// A tool call was stopped from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallCancelled {
    /// By whom or what.
    pub reason: String,
}

/// The result of a call was given to the model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallDelivered {
    /// The model's own name for the call, as in [`ToolCall::id`].
    pub tool_call: String,
}

/// A call used one of its capabilities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostCall {
    /// What was used, in words: `http GET https://example.com:443/`.
    pub capability: String,
    /// How it ended, in words.
    pub outcome: String,
    /// Bytes that went out.
    pub sent: u64,
    /// Bytes that came in.
    pub received: u64,
}

/// What a call has used up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Fuel units, where they were counted.
    pub fuel: Option<u64>,
    /// Epoch ticks, where they were counted.
    pub ticks: Option<u64>,
    /// The most linear memory it had, in bytes.
    pub peak_memory: u64,
    /// Wall clock, in microseconds.
    pub wall_time: u64,
    /// Bytes that went in.
    pub bytes_in: u64,
    /// Bytes that came out.
    pub bytes_out: u64,
    /// Calls of the host.
    pub host_calls: u64,
    /// Bytes that it wrote to files. Zero in journals that are older than this field.
    #[serde(default)]
    pub disk: u64,
    /// The most files and directories that it had open at one time. Zero in journals that are older than this field.
    #[serde(default)]
    pub open_files: u64,
}

/// A plugin's key-value store was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateWrite {
    /// Whose store.
    pub plugin: String,
    /// The key.
    pub key: String,
    /// The value, as JSON text; none where the key was removed.
    pub value: Option<String>,
}

/// Anything that is told to whoever watches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The event's type.
    #[serde(rename = "type")]
    pub name: String,
    /// What comes with it.
    pub data: Value,
}

/// What is different in the staged workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// File by file, deletions first.
    pub changes: Vec<FileChange>,
}

/// One file that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// What happened to it.
    pub change: Change,
    /// Its path, relative to the workspace.
    pub path: String,
    /// Bytes before; none where it was not there.
    pub old_size: Option<u64>,
    /// Bytes now; none where it is gone.
    pub new_size: Option<u64>,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is gone.
    Deleted,
    /// It is another.
    Modified,
    /// It is new.
    Added,
}

/// The session, or one sitting of it, is over. Resuming appends after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The process's exit status.
    pub status: i32,
    /// Why, in words.
    pub reason: String,
}
