//! What each operation declares: its effects, and what its needs let through.

use ml_intern_sdk::http::method_name;
use ml_intern_sdk::{Effect, Need};

use crate::plugin;

/// Each operation's effects, and its requests to the Hub: method and prefix.
fn declared() -> Vec<(String, Vec<Effect>, Vec<String>)> {
    let manifest = plugin().manifest();
    let mut rows = Vec::new();
    for tool in &manifest.tools {
        for operation in &tool.operations {
            let mut requests = Vec::new();
            for need in &operation.needs {
                let Need::Http(need) = need else { continue };
                let is_hub = need.origin == "https://huggingface.co:443";
                assert_eq!(
                    need.credential.as_deref(),
                    is_hub.then_some("huggingface"),
                    "{}",
                    need.origin
                );
                assert!(need.origin.starts_with("https://") && need.origin.ends_with(":443"));
                if is_hub {
                    for method in &need.methods {
                        let paths = need.paths.join(" ");
                        requests.push(format!("{} {paths}", method_name(*method)));
                    }
                }
            }
            rows.push((operation.name.clone(), operation.effects.clone(), requests));
        }
    }
    rows
}

#[test]
fn each_operation_reaches_what_the_table_says() {
    use Effect::{Destroy, Observe, Publish};
    let look = "GET /api/models /api/datasets /api/spaces";
    let post = "POST /api/models /api/datasets /api/spaces";
    let delete = "DELETE /api/models /api/datasets /api/spaces";
    let table: [(&str, Effect, &[&str]); 18] = [
        ("list", Observe, &[look]),
        ("read", Observe, &["GET /"]),
        (
            "upload",
            Publish,
            &["GET /", post, "POST /api/validate-yaml", "POST /"],
        ),
        ("delete", Destroy, &[look, post]),
        ("create_branch", Publish, &[post]),
        ("delete_branch", Destroy, &[look, delete]),
        ("create_tag", Publish, &[post]),
        ("delete_tag", Destroy, &[look, delete]),
        ("list_refs", Observe, &[look]),
        ("create_pr", Publish, &[post]),
        ("list_prs", Observe, &[look]),
        ("get_pr", Observe, &[look]),
        ("merge_pr", Publish, &[post, look]),
        ("close_pr", Publish, &[post]),
        ("comment_pr", Publish, &[post]),
        ("change_pr_status", Publish, &[post]),
        ("create_repo", Publish, &["POST /api/repos/create"]),
        (
            "update_repo",
            Publish,
            &["PUT /api/models /api/datasets /api/spaces"],
        ),
    ];
    let declared = declared();
    assert_eq!(declared.len(), table.len());
    for ((name, effects, requests), (expected, effect, reaches)) in declared.iter().zip(table) {
        assert_eq!(
            (
                name.as_str(),
                effects.as_slice(),
                requests.iter().map(String::as_str).collect::<Vec<_>>()
            ),
            (expected, &[effect][..], reaches.to_vec())
        );
    }
}

#[test]
fn the_tools_are_as_their_users_know_them() {
    let manifest = plugin().manifest();
    let names: Vec<&str> = manifest
        .tools
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    assert_eq!(names, ["hf_repo_files", "hf_repo_git"]);
    for tool in &manifest.tools {
        assert_eq!(tool.selector.as_deref(), Some("operation"));
        let words = tool.description.split_whitespace().count();
        assert!(words <= 120, "{}: {words}", tool.name);
        let schema: serde_json::Value = serde_json::from_str(&tool.parameters).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["required"][0], "operation");
    }
}
