//! What a project's own file may say. The table of keys is in [`super::keys`].

use serde_json::Value;

use super::environment::Environment;
use super::error::Problem;
use super::keys::{KEYS, Project, bound};
use super::substitute::{has_variables, substitute};
use super::tree::{Tree, pointer};

/// What a project's file says that it may not, beside what the user has said. Unknown keys and types are not looked at here.
pub(crate) fn check(project: &Tree, below: &Tree, environment: &Environment<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, leaf) in project.leaves() {
        if leaf.leaf().is_some_and(|leaf| has_variables(&leaf.value)) {
            // It could bring a secret to where it does not belong.
            problems.push(Problem {
                place: leaf.origin.to_string(),
                pointer: pointer(&path),
                message: "a project's file has no variables; set it in your own file".to_owned(),
            });
        }
    }
    for (name, value) in project.entries() {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            continue;
        };
        let lower = below.get(name);
        if let Some(message) = refusal(key.project, value, lower, environment) {
            problems.push(Problem {
                place: value.origin.to_string(),
                pointer: pointer(&[name]),
                message,
            });
        }
    }
    problems
}

/// Why a project may not say this, if it may not.
pub(crate) fn refusal(
    may: Project,
    value: &Tree,
    below: Option<&Tree>,
    environment: &Environment<'_>,
) -> Option<String> {
    let said = value.leaf().map(|leaf| &leaf.value);
    match may {
        Project::Any => None,
        Project::Model => {
            let id = said.and_then(Value::as_str)?;
            (id.starts_with("scripted/") || id.starts_with("replay/")).then(|| {
                "a project's file may not bring the turns of the model itself; name them with --model".to_owned()
            })
        }
        Project::Only(only) => {
            let same = match said? {
                Value::String(text) => text == only,
                Value::Bool(value) => *value == (only == "true"),
                _ => false,
            };
            (!same).then(|| {
                format!("a project's file may set it to `{only}` alone; set it in your own file")
            })
        }
        Project::Lower => {
            let wanted = bound(said?)?;
            let (most, origin) = match below {
                Some(tree) => (in_force(tree, environment), tree.origin.to_string()),
                None => (f64::INFINITY, String::new()),
            };
            (wanted > most).then(|| {
                format!(
                    "a project's file may only lower it, and this is above what is set already ({origin}); set it in your own file"
                )
            })
        }
        Project::Never(why) => Some(format!(
            "a project's file may not set it: {why}; set it in your own file"
        )),
    }
}

/// The bound that holds without the project. One that cannot be read lets nothing be above it: it is an error anyway, unless
/// the project took its place.
fn in_force(tree: &Tree, environment: &Environment<'_>) -> f64 {
    const NOTHING: f64 = -1.0;
    let Some(leaf) = tree.leaf() else {
        return NOTHING;
    };
    let mut value = leaf.value.clone();
    match substitute(&mut value, environment, &mut Vec::new()) {
        Ok(()) => bound(&value).unwrap_or(NOTHING),
        Err(_) => NOTHING,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tree::Source;
    use super::*;

    #[test]
    fn what_a_project_may_say() {
        let alone = |only: &str| {
            format!("a project's file may set it to `{only}` alone; set it in your own file")
        };
        let never =
            |why: &str| format!("a project's file may not set it: {why}; set it in your own file");
        let above = "a project's file may only lower it, and this is above what is set already (u.json); set it in your own file";
        let ok = String::new;
        let table = [
            ("model_name", json!("a/b"), ok()),
            ("model_name", json!("scripted/x"), "a project's file may not bring the turns of the model itself; name them with --model".to_owned()),
            ("model_name", json!("replay/x"), "a project's file may not bring the turns of the model itself; name them with --model".to_owned()),
            ("model_name", json!("${HF_TOKEN}"), "a project's file has no variables; set it in your own file".to_owned()),
            ("reasoning_effort", json!("max"), ok()),
            ("auto_save_interval", json!(5), ok()),
            ("heartbeat_interval_s", json!(5), ok()),
            ("policy", json!("offline"), never("it decides what is allowed")),
            ("mcpServers", json!({"s": {"command": "x"}}), never("it starts programs and reaches servers")),
            ("session_dataset_repo", json!("a/b"), never("it sends sessions to others")),
            ("personal_trace_repo_template", json!("a/b"), never("it decides where sessions are sent")),
            ("messaging", json!({"enabled": true}), never("it sends messages in your name")),
            ("yolo_mode", json!(false), ok()),
            ("yolo_mode", json!(true), alone("false")),
            ("share_traces", json!(false), ok()),
            ("share_traces", json!(true), alone("false")),
            ("save_sessions", json!(true), alone("false")),
            ("auto_file_upload", json!(true), alone("false")),
            ("confirm_cpu_jobs", json!(true), ok()),
            ("confirm_cpu_jobs", json!(false), alone("true")),
            ("tool_runtime", json!("local"), ok()),
            ("tool_runtime", json!("sandbox"), alone("local")),
            // The user has said 10 to all of these.
            ("max_iterations", json!(10), ok()),
            ("max_iterations", json!(9), ok()),
            ("max_iterations", json!(11), above.to_owned()),
            ("max_iterations", json!(-1), above.to_owned()),
            ("max_cost_usd", json!(9.5), ok()),
            ("max_cost_usd", json!(10.5), above.to_owned()),
            ("max_cost_usd", json!(null), above.to_owned()),
            ("max_calls", json!(11), above.to_owned()),
            // Ten, from a variable.
            ("max_tokens", json!(10), ok()),
            ("max_tokens", json!(11), above.to_owned()),
            ("timeout", json!("10 s"), ok()),
            ("timeout", json!("1min"), above.to_owned()),
            // Not its business.
            ("unknown", json!(1), ok()),
            ("$schema", json!("x"), ok()),
        ];
        let below = Tree::of(
            json!({"max_iterations": 10, "max_cost_usd": 10, "max_tokens": "${TEN}", "max_calls": 10, "timeout": "10s"}),
            &Source::User("u.json".into()),
        );
        let environment =
            Environment::new(|name| (name == "TEN").then(|| "10".to_owned()), Vec::new());
        for (key, value, message) in table {
            let project = Tree::of(json!({key: value}), &Source::Project("p.json".into()));
            let all: Vec<String> = check(&project, &below, &environment)
                .iter()
                .map(Problem::to_string)
                .collect();
            let expected = (!message.is_empty()).then(|| format!("p.json: /{key}: {message}"));
            assert_eq!(all, Vec::from_iter(expected), "{key} {value}");
        }
    }

    #[test]
    fn without_a_bound_of_the_user_any_is_lower() {
        let environment = Environment::new(|_| None, Vec::new());
        for (below, refused) in [
            (json!({"max_calls": null}), false),
            (json!({"max_calls": -1}), false),
            (json!({"max_calls": "${UNSET}"}), true),
        ] {
            let below = Tree::of(below, &Source::BuiltIn);
            let project = Tree::of(json!({"max_calls": 1000}), &Source::Project("p".into()));
            assert_eq!(!check(&project, &below, &environment).is_empty(), refused);
        }
    }
}
