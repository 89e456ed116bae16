//! What goes wrong at the Hub or on the way.

use std::time::Duration;

use ml_intern_sdk::Failure;
use ml_intern_stand_in::Fault;
use serde_json::json;

use super::{Bench, DATASET, MODEL, text};

const HUB: &str = "https://huggingface.co";

/// How a call ended, in a few words.
fn ended(result: Result<ml_intern_sdk::Output, Failure>) -> String {
    match result {
        Ok(output) => format!("ok: {}", text(&output).lines().next().unwrap_or_default()),
        Err(Failure::Upstream(error)) => format!("upstream {:?}: {}", error.status, error.message),
        Err(Failure::Denied(denial)) => format!("denied: {}", denial.capability),
        Err(Failure::Failed(why)) => format!("failed: {why}"),
        Err(other) => format!("{other:?}"),
    }
}

fn status(status: u16, body: &str) -> Fault {
    Fault::Status {
        status,
        headers: Vec::new(),
        body: body.to_owned(),
    }
}

#[test]
fn what_only_reads_is_tried_again() {
    let bench = Bench::new();
    let list = json!({"operation": "list", "repo_id": MODEL});
    let done = "ok: **tabular-lab/cgb-wine** (4 files, ";
    let table: [(Fault, usize, &str); 6] = [
        (Fault::Slow(Duration::from_millis(1)), 1, done),
        (status(503, "busy"), 2, done),
        (status(429, "slow down"), 1, done),
        (status(503, "busy"), 3, "upstream Some(503): "),
        (
            Fault::WrongType,
            1,
            "failed: http GET https://huggingface.co:443/api/models/tabular-lab/cgb-wine/tree/main: the answer is not the JSON",
        ),
        (
            Fault::Huge(9 << 20),
            1,
            "failed: http GET https://huggingface.co:443/api/models/tabular-lab/cgb-wine/tree/main: the answer has more than 8388608 bytes",
        ),
    ];
    for (fault, times, expected) in table {
        let shown = format!("{fault:?}");
        bench.hub.clear();
        bench
            .hub
            .fault_times(&format!("GET {HUB}/api/"), fault, times);
        let found = ended(bench.call("hf_repo_files", &list));
        assert!(found.starts_with(expected), "{shown}: {found}");
    }
    bench.hub.clear();
    bench.hub.fault(&format!("GET {HUB}/api/"), Fault::Cut);
    let found = ended(bench.call("hf_repo_files", &list));
    assert!(found.starts_with("upstream None: "), "{found}");
}

#[test]
fn what_changes_something_is_sent_once() {
    let bench = Bench::new();
    let upload = json!({"operation": "upload", "repo_id": MODEL, "path": "a.txt", "content": "a"});
    let before = bench.hub.repo("model", MODEL);
    bench.hub.fault(
        &format!("POST {HUB}/api/models/{MODEL}/commit/"),
        status(503, "busy"),
    );
    let found = ended(bench.call("hf_repo_files", &upload));
    assert!(found.starts_with("upstream Some(503): "), "{found}");
    let commits = bench
        .asked()
        .into_iter()
        .filter(|asked| asked.contains("/commit/"))
        .count();
    assert_eq!((commits, bench.hub.repo("model", MODEL)), (1, before));
    let comment = json!({"operation": "comment_pr", "repo_id": DATASET, "repo_type": "dataset", "pr_num": 1, "comment": "x"});
    bench
        .hub
        .fault(&format!("POST {HUB}/api/datasets/"), status(502, ""));
    let found = ended(bench.call("hf_repo_git", &comment));
    assert!(found.starts_with("upstream Some(502): "), "{found}");
    assert_eq!(bench.asked().len(), 1);
}

#[test]
fn somebody_elses_commit_is_not_overwritten() {
    let bench = Bench::new();
    bench.hub.fault(
        &format!("POST {HUB}/api/models/{MODEL}/commit/"),
        status(
            412,
            "A commit has happened since. Please refresh and try again.",
        ),
    );
    let upload = json!({"operation": "upload", "repo_id": MODEL, "path": "a.txt", "content": "a"});
    let found = ended(bench.call("hf_repo_files", &upload));
    assert!(
        found.starts_with("failed: nothing was changed: somebody else has committed"),
        "{found}"
    );
}

#[test]
fn redirects_lead_to_known_hosts_only() {
    let bench = Bench::new();
    let read = json!({"operation": "read", "repo_id": MODEL, "path": "config.json"});
    for (location, host) in [
        (
            "http://169.254.169.254/latest/meta-data/",
            "http://169.254.169.254",
        ),
        ("https://evil.example/config.json", "https://evil.example"),
        ("http://cdn-lfs.hf.co/x", "http://cdn-lfs.hf.co"),
        ("https://cdn-lfs.hf.co:444/x", "https://cdn-lfs.hf.co:444"),
    ] {
        bench.hub.clear();
        bench.hub.fault(
            &format!("GET {HUB}/tabular-lab"),
            Fault::Redirect(location.to_owned()),
        );
        assert_eq!(
            ended(bench.call("hf_repo_files", &read)),
            format!(
                "failed: config.json cannot be read: the Hub sends to {host}, which is none of the hosts known to hold its files"
            )
        );
        assert_eq!(bench.asked().len(), 1);
    }
    bench.hub.fault(
        &format!("GET {HUB}/tabular-lab"),
        Fault::Redirect(format!("/{MODEL}/resolve/main/config.json")),
    );
    let found = ended(bench.call("hf_repo_files", &read));
    assert_eq!(
        found,
        "failed: config.json cannot be read: more than 5 redirects"
    );
}

#[test]
fn large_files_go_to_known_hosts_only() {
    let bench = Bench::new();
    bench.write("w.bin", [0, 1, 2]);
    let upload = json!({"operation": "upload", "repo_id": MODEL, "file": "w.bin"});
    let sha256 = "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc";
    let batch = |actions: serde_json::Value| {
        let object = match actions.get("code") {
            Some(_) => json!({"oid": sha256, "size": 3, "error": actions}),
            None => json!({"oid": sha256, "size": 3, "actions": actions}),
        };
        status(
            200,
            &json!({"transfer": "basic", "objects": [object]}).to_string(),
        )
    };
    let known = "https://hf-hub-lfs-us-east-1.s3-accelerate.amazonaws.com";
    for (actions, expected) in [
        (
            json!({"upload": {"href": "https://evil.example/put"}}),
            "the Hub wants it at https://evil.example, which is none of the hosts known to store its files",
        ),
        (
            json!({"upload": {"href": known, "header": {"chunk_size": "5", "00001": known}}}),
            "the Hub wants it in parts, which this tool does not do: upload it from a job with huggingface_hub",
        ),
        (
            json!({"verify": {"href": "https://evil.example/verify"}}),
            "the Hub wants it checked at https://evil.example, which is not the Hub",
        ),
        (
            json!({"code": 403, "message": "No space left"}),
            "the Hub refuses it: 403 No space left",
        ),
    ] {
        bench.hub.clear();
        bench
            .hub
            .fault(&format!("POST {HUB}/{MODEL}.git/"), batch(actions));
        assert_eq!(
            ended(bench.call("hf_repo_files", &upload)),
            format!("failed: w.bin was not uploaded: {expected}")
        );
        assert!(
            bench
                .asked()
                .iter()
                .all(|asked| !asked.contains("/commit/"))
        );
    }
    // Storage that fails once is asked again: it stores by hash.
    bench.hub.clear();
    bench
        .hub
        .fault_times(&format!("PUT {known}"), status(500, ""), 1);
    let found = ended(bench.call("hf_repo_files", &upload));
    assert_eq!(found, "ok: **Uploaded:** w.bin");
    assert_eq!(
        bench.hub.files("model", MODEL, "main").unwrap()["w.bin"],
        [0, 1, 2]
    );
}

#[test]
fn errors_say_what_to_do() {
    let mut bench = Bench::new();
    let missing = json!({"operation": "list", "repo_id": "tabular-lab/none"});
    let found = ended(bench.call("hf_repo_files", &missing));
    assert!(found.starts_with("failed: repository not found"), "{found}");
    let missing = json!({"operation": "read", "repo_id": MODEL, "path": "none.txt"});
    let found = ended(bench.call("hf_repo_files", &missing));
    assert!(
        found.starts_with("failed: file not found in the repository"),
        "{found}"
    );
    let missing =
        json!({"operation": "read", "repo_id": MODEL, "path": "config.json", "revision": "none"});
    let found = ended(bench.call("hf_repo_files", &missing));
    assert!(found.starts_with("failed: revision not found"), "{found}");

    bench.token("hf_standin_reader");
    let upload = json!({"operation": "upload", "repo_id": MODEL, "path": "a.txt", "content": "a"});
    let found = ended(bench.call("hf_repo_files", &upload));
    assert!(found.contains("the token may not do this"), "{found}");
    let delete = json!({"operation": "delete", "repo_id": MODEL, "patterns": ["config.json"]});
    let found = ended(bench.call("hf_repo_files", &delete));
    assert!(
        found.starts_with("failed: this token may not write to the repository; create_pr=true"),
        "{found}"
    );
    let gated =
        json!({"operation": "read", "repo_id": "tabular-lab/gated-cellar", "path": "model.bin"});
    let found = ended(bench.call("hf_repo_files", &gated));
    assert!(found.starts_with("failed: access is gated"), "{found}");
    let create = json!({"operation": "create_repo", "repo_id": "ren/x"});
    let found = ended(bench.call("hf_repo_git", &create));
    assert!(
        found.starts_with("failed: this token may not create a repository there"),
        "{found}"
    );
}
