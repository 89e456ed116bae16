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
    let part = |method: &str, rest: &str| {
        let kinds = ["models", "datasets", "spaces"];
        let paths = kinds.map(|kind| format!("/api/{kind}/*/*/{rest}"));
        format!("{method} {}", paths.join(" "))
    };
    let post = |rest: &str| part("POST", rest);
    let files = "GET /*/*/resolve /*/resolve /datasets/*/*/resolve /datasets/*/resolve /spaces/*/*/resolve \
                 /spaces/*/resolve /api/resolve-cache";
    let look_only = || vec![look.to_owned()];
    let table: [(&str, Effect, Vec<String>); 18] = [
        ("list", Observe, look_only()),
        ("read", Observe, vec![look.into(), files.into()]),
        (
            "upload",
            Publish,
            vec![
                look.into(),
                files.into(),
                post("paths-info"),
                post("preupload"),
                post("commit"),
                "POST /api/validate-yaml".into(),
                "POST /*/*/info/lfs /datasets/*/*/info/lfs /spaces/*/*/info/lfs".into(),
            ],
        ),
        ("delete", Destroy, vec![look.into(), post("commit")]),
        ("create_branch", Publish, vec![post("branch")]),
        (
            "delete_branch",
            Destroy,
            vec![look.into(), part("DELETE", "branch")],
        ),
        ("create_tag", Publish, vec![post("tag")]),
        (
            "delete_tag",
            Destroy,
            vec![look.into(), part("DELETE", "tag")],
        ),
        ("list_refs", Observe, look_only()),
        ("create_pr", Publish, vec![post("discussions")]),
        ("list_prs", Observe, look_only()),
        ("get_pr", Observe, look_only()),
        (
            "merge_pr",
            Publish,
            vec![post("discussions/*/merge"), look.into()],
        ),
        ("close_pr", Publish, vec![post("discussions/*/status")]),
        ("comment_pr", Publish, vec![post("discussions/*/comment")]),
        (
            "change_pr_status",
            Publish,
            vec![post("discussions/*/status")],
        ),
        (
            "create_repo",
            Publish,
            vec!["POST /api/repos/create".into()],
        ),
        ("update_repo", Publish, vec![part("PUT", "settings")]),
    ];
    let declared = declared();
    assert_eq!(declared.len(), table.len());
    for ((name, effects, requests), (expected, effect, reaches)) in declared.iter().zip(table) {
        assert_eq!(
            (name.as_str(), effects.as_slice(), requests.as_slice()),
            (expected, &[effect][..], reaches.as_slice())
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
