//! What sets each key beside files, and what a project may do with it.

use serde_json::Value;

/// A key at the top.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its name.
    pub(crate) name: &'static str,
    /// The variable of the process that sets it.
    pub(crate) variable: Option<&'static str>,
    /// The flag that sets it.
    pub(crate) flag: Option<&'static str>,
    /// What a project's own file may do with it.
    pub(crate) project: Project,
}

/// What a project's own file may do with a key. Such a file comes with a repository, which may be a stranger's, so it may
/// choose what stays in the project, and be stricter than the user; it may not reach further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Project {
    /// Set it.
    Any,
    /// Set it to a model; not to turns that the project brings itself.
    Model,
    /// Set it to this alone, which is the stricter.
    Only(&'static str),
    /// Lower it.
    Lower,
    /// Nothing, because of this.
    Never(&'static str),
}

impl std::fmt::Display for Project {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Project::Any => f.write_str("yes"),
            Project::Model => f.write_str("yes, but not `scripted/…` or `replay/…`"),
            Project::Only(value) => write!(f, "only `{value}`"),
            Project::Lower => f.write_str("only lower"),
            Project::Never(_) => f.write_str("no"),
        }
    }
}

const fn key(
    name: &'static str,
    variable: Option<&'static str>,
    flag: Option<&'static str>,
    project: Project,
) -> Key {
    Key {
        name,
        variable,
        flag,
        project,
    }
}

/// All keys, in the order of the documentation.
#[rustfmt::skip]
pub(crate) const KEYS: [Key; 21] = [
    key("$schema", None, None, Project::Any),
    key("model_name", Some("ML_INTERN_MODEL"), Some("--model"), Project::Model),
    key("reasoning_effort", Some("ML_INTERN_REASONING_EFFORT"), Some("--effort"), Project::Any),
    key("policy", Some("ML_INTERN_POLICY"), Some("--policy"), Project::Never("it decides what is allowed")),
    key("mcpServers", None, None, Project::Never("it starts programs and reaches servers")),
    key("save_sessions", Some("ML_INTERN_SAVE_SESSIONS"), None, Project::Only("false")),
    key("session_dataset_repo", Some("ML_INTERN_SESSION_DATASET_REPO"), None, Project::Never("it sends sessions to others")),
    key("share_traces", Some("ML_INTERN_SHARE_TRACES"), None, Project::Only("false")),
    key("personal_trace_repo_template", Some("ML_INTERN_PERSONAL_TRACE_REPO_TEMPLATE"), None, Project::Never("it decides where sessions are sent")),
    key("auto_save_interval", Some("ML_INTERN_AUTO_SAVE_INTERVAL"), None, Project::Any),
    key("heartbeat_interval_s", Some("ML_INTERN_HEARTBEAT_INTERVAL_S"), None, Project::Any),
    key("yolo_mode", Some("ML_INTERN_YOLO_MODE"), None, Project::Only("false")),
    key("max_iterations", Some("ML_INTERN_MAX_ITERATIONS"), Some("--max-iterations"), Project::Lower),
    key("max_cost_usd", Some("ML_INTERN_MAX_COST_USD"), Some("--max-cost"), Project::Lower),
    key("max_tokens", Some("ML_INTERN_MAX_TOKENS"), Some("--max-tokens"), Project::Lower),
    key("max_calls", Some("ML_INTERN_MAX_CALLS"), Some("--max-calls"), Project::Lower),
    key("timeout", Some("ML_INTERN_TIMEOUT"), Some("--timeout"), Project::Lower),
    key("confirm_cpu_jobs", Some("ML_INTERN_CONFIRM_CPU_JOBS"), None, Project::Only("true")),
    key("auto_file_upload", Some("ML_INTERN_AUTO_FILE_UPLOAD"), None, Project::Only("false")),
    key("tool_runtime", Some("ML_INTERN_TOOL_RUNTIME"), None, Project::Only("local")),
    key("messaging", None, None, Project::Never("it sends messages in your name")),
];

/// What a value bounds, where less is stricter; infinite where it bounds nothing, and none where it is no bound at all.
pub(crate) fn bound(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(f64::INFINITY),
        Value::Number(number) => {
            let number = number.as_f64()?;
            Some(if number < 0.0 { f64::INFINITY } else { number })
        }
        Value::String(text) => {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds that are compared")]
            let milliseconds = |ms| ms as f64;
            text.trim()
                .parse()
                .ok()
                .and_then(|number| bound(&Value::Number(serde_json::Number::from_f64(number)?)))
                .or_else(|| policy::units::duration(text).map(milliseconds))
        }
        _ => None,
    }
}
