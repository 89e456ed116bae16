//! `hf_repo_git`.

use ml_intern_stand_in::DiscussionView;
use serde_json::{Value, json};

use super::{Bench, DATASET, MODEL, golden};

#[test]
fn branches_come_and_go() {
    let bench = Bench::new();
    let create = json!({"operation": "create_branch", "repo_id": MODEL, "branch": "exp/one"});
    golden("create_branch", &bench.git(&create));
    let head = bench.head("model", MODEL);
    assert_eq!(
        bench.hub.repo("model", MODEL).unwrap().branches["exp/one"],
        head
    );
    golden(
        "create_branch-exists",
        &bench.refused("hf_repo_git", &create),
    );
    let again = json!({"operation": "create_branch", "repo_id": MODEL, "branch": "exp/one", "exist_ok": true});
    golden("create_branch-exist_ok", &bench.git(&again));
    let delete = json!({"operation": "delete_branch", "repo_id": MODEL, "branch": "exp/one"});
    golden("delete_branch", &bench.git(&delete));
    assert!(
        !bench
            .hub
            .repo("model", MODEL)
            .unwrap()
            .branches
            .contains_key("exp/one")
    );
    assert_eq!(
        bench.refused("hf_repo_git", &delete),
        "nothing was deleted: there is no branch exp/one; there are: main"
    );
    let main = json!({"operation": "delete_branch", "repo_id": MODEL, "branch": "main"});
    assert_eq!(
        bench.refused("hf_repo_git", &main),
        "/branch: any branch but main, which cannot be deleted"
    );
    let from = json!({"operation": "create_branch", "repo_id": MODEL, "branch": "b", "from_rev": "nowhere"});
    let why = bench.refused("hf_repo_git", &from);
    assert!(why.starts_with("revision not found"), "{why}");
}

#[test]
fn tags_come_and_go() {
    let bench = Bench::new();
    let create =
        json!({"operation": "create_tag", "repo_id": MODEL, "tag": "v2", "tag_message": "second"});
    golden("create_tag", &bench.git(&create));
    let head = bench.head("model", MODEL);
    assert_eq!(
        bench.hub.repo("model", MODEL).unwrap().tags["v2"],
        (head, Some("second".to_owned()))
    );
    golden("create_tag-exists", &bench.refused("hf_repo_git", &create));
    let delete = json!({"operation": "delete_tag", "repo_id": MODEL, "tag": "v2"});
    golden("delete_tag", &bench.git(&delete));
    assert!(bench.hub.repo("model", MODEL).unwrap().tags.is_empty());
}

#[test]
fn refs_are_listed() {
    let bench = Bench::new();
    let pull = json!({"operation": "create_pr", "repo_id": DATASET, "repo_type": "dataset", "title": "Drop duplicates"});
    bench.git(&pull);
    let asked = json!({"operation": "list_refs", "repo_id": DATASET, "repo_type": "dataset"});
    golden("list_refs", &bench.git(&asked));
}

#[test]
fn a_pull_request_from_draft_to_merged() {
    let bench = Bench::new();
    let at = |operation: &str, more: Value| {
        let mut asked = json!({"operation": operation, "repo_id": DATASET, "repo_type": "dataset"});
        asked
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        asked
    };
    let create = at(
        "create_pr",
        json!({"title": " Drop duplicates ", "description": "Six rows."}),
    );
    golden("create_pr", &bench.git(&create));
    let upload = at(
        "upload",
        json!({"path": "data/test.csv", "content": "a,b\n1,2\n", "revision": "refs/pr/2", "commit_message": "Without them"}),
    );
    bench.files(&upload);
    let number = json!({"pr_num": 2});
    golden(
        "merge_pr-draft",
        &bench.refused("hf_repo_git", &at("merge_pr", number.clone())),
    );
    golden(
        "comment_pr",
        &bench.git(&at(
            "comment_pr",
            json!({"pr_num": 2, "comment": "Ready?\n\nYes."}),
        )),
    );
    let open = at(
        "change_pr_status",
        json!({"pr_num": 2, "new_status": "open"}),
    );
    golden("change_pr_status", &bench.git(&open));
    let pull = bench.git(&at("get_pr", number.clone()));
    let (head, diff) = pull.split_once("diff --git").unwrap();
    golden("get_pr", head);
    assert!(diff.contains("+a,b\n+1,2\n"), "{diff}");
    golden("list_prs", &bench.git(&at("list_prs", json!({}))));
    golden(
        "list_prs-closed",
        &bench.git(&at("list_prs", json!({"status": "closed"}))),
    );
    let merge = at("merge_pr", json!({"pr_num": 2, "comment": "Thanks"}));
    golden("merge_pr", &bench.git(&merge));
    assert_eq!(
        bench
            .file("dataset", DATASET, "main", "data/test.csv")
            .as_deref(),
        Some("a,b\n1,2\n")
    );
    assert_eq!(
        bench.hub.discussions("dataset", DATASET)[1],
        DiscussionView {
            number: 2,
            title: "Drop duplicates".into(),
            status: "merged".into(),
            proposes: true,
            comments: vec!["Six rows.".into(), "Ready?\n\nYes.".into(), "Thanks".into()],
        }
    );
    golden("merge_pr-merged", &bench.refused("hf_repo_git", &merge));
    golden(
        "get_pr-merged",
        bench
            .git(&at("get_pr", number))
            .split("## Changes")
            .next()
            .unwrap(),
    );
    golden(
        "get_pr-discussion",
        &bench.git(&at("get_pr", json!({"pr_num": 1}))),
    );
}

#[test]
fn pull_requests_are_closed_and_conflicts_are_told() {
    let bench = Bench::new();
    let upload = |revision: Option<&str>, content: &str| {
        let mut asked =
            json!({"operation": "upload", "repo_id": MODEL, "path": "a.txt", "content": content});
        match revision {
            Some(revision) => asked["revision"] = revision.into(),
            None => asked["create_pr"] = true.into(),
        }
        bench.files(&asked)
    };
    upload(Some("main"), "one\n");
    upload(None, "two\n");
    upload(Some("main"), "three\n");
    let merge = json!({"operation": "merge_pr", "repo_id": MODEL, "pr_num": 1});
    golden("merge_pr-conflict", &bench.refused("hf_repo_git", &merge));
    assert_eq!(
        bench.file("model", MODEL, "main", "a.txt").as_deref(),
        Some("three\n")
    );
    let close =
        json!({"operation": "close_pr", "repo_id": MODEL, "pr_num": 1, "comment": "Too late"});
    golden("close_pr", &bench.git(&close));
    let view = &bench.hub.discussions("model", MODEL)[0];
    assert_eq!(
        (view.status.as_str(), view.comments.as_slice()),
        ("closed", &["Too late".to_owned()][..])
    );
    let missing = json!({"operation": "close_pr", "repo_id": MODEL, "pr_num": 9});
    let why = bench.refused("hf_repo_git", &missing);
    assert!(why.starts_with("there is no such pull request"), "{why}");
}

#[test]
fn pull_requests_are_listed_in_pages_with_counts() {
    let bench = Bench::new();
    for number in 1..=12 {
        let asked = json!({"operation": "create_pr", "repo_id": MODEL, "title": format!("Change {number}")});
        bench.git(&asked);
    }
    let page = |page: u32| {
        bench.git(
            &json!({"operation": "list_prs", "repo_id": MODEL, "status": "open", "page": page}),
        )
    };
    golden("list_prs-first", &page(1));
    golden("list_prs-last", &page(2));
    golden("list_prs-beyond", &page(3));
}

#[test]
fn repositories_are_made_and_changed() {
    let bench = Bench::new();
    let create = json!({"operation": "create_repo", "repo_id": "ada/new-model"});
    golden("create_repo", &bench.git(&create));
    let made = bench.hub.repo("model", "ada/new-model").unwrap();
    assert!(made.private);
    // Nothing was put into it, and nothing else was made.
    assert_eq!(made.commits, ["initial commit"]);
    assert_eq!(bench.asked(), ["POST /api/repos/create"]);
    golden("create_repo-exists", &bench.refused("hf_repo_git", &create));
    let again = json!({"operation": "create_repo", "repo_id": "ada/new-model", "private": false, "exist_ok": true});
    golden("create_repo-exist_ok", &bench.git(&again));
    assert!(bench.hub.repo("model", "ada/new-model").unwrap().private);
    let space = json!({"operation": "create_repo", "repo_id": "tabular-lab/app", "repo_type": "space", "space_sdk": "static", "private": false});
    golden("create_repo-space", &bench.git(&space));
    assert!(!bench.hub.repo("space", "tabular-lab/app").unwrap().private);
    // Without an owner it is one's own.
    bench.git(&json!({"operation": "create_repo", "repo_id": "mine", "repo_type": "dataset"}));
    assert!(bench.hub.repo("dataset", "ada/mine").is_some());

    let update = |more: Value| {
        let mut asked = json!({"operation": "update_repo", "repo_id": "ada/new-model"});
        asked
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        bench.git(&asked);
        let repo = bench.hub.repo("model", "ada/new-model").unwrap();
        (repo.private, repo.gated)
    };
    for (change, private, gated) in [
        (json!({"gated": "manual"}), true, "manual"),
        (json!({"private": false, "gated": "auto"}), false, "auto"),
        (json!({"gated": "false"}), false, "false"),
        (json!({"private": true}), true, "false"),
    ] {
        assert_eq!(update(change), (private, gated.to_owned()));
    }
    let asked =
        json!({"operation": "update_repo", "repo_id": MODEL, "gated": "false", "private": false});
    golden("update_repo", &bench.git(&asked));
}

#[test]
fn arguments_that_do_not_fit_send_nothing() {
    let bench = Bench::new();
    for (arguments, expected) in [
        (
            json!({"operation": "create_repo", "repo_id": "a/b", "repo_type": "space"}),
            "/space_sdk: gradio, streamlit, docker or static: it is required for a Space",
        ),
        (
            json!({"operation": "create_repo", "repo_id": "a/b", "space_sdk": "static"}),
            "/space_sdk: none: it is for Spaces only",
        ),
        (
            json!({"operation": "update_repo", "repo_id": "a/b"}),
            "/private: private or gated, or both: there is nothing to change",
        ),
        (
            json!({"operation": "update_repo", "repo_id": "a/b", "gated": false}),
            "/gated: invalid type: boolean `false`, expected string or map",
        ),
        (
            json!({"operation": "get_pr", "repo_id": "a/b", "pr_num": "1"}),
            "/pr_num: invalid type: string \"1\", expected u32",
        ),
        (
            json!({"operation": "get_pr", "repo_id": "a/b", "pr_num": 0}),
            "/pr_num: 1 or more",
        ),
        (
            json!({"operation": "comment_pr", "repo_id": "a/b", "pr_num": 1, "comment": " "}),
            "/comment: what is said: a text that is not blank",
        ),
        (
            json!({"operation": "create_pr", "repo_id": "a/b", "title": " x "}),
            "/title: 3 to 200 characters",
        ),
        (
            json!({"operation": "list_prs", "repo_id": "a/b", "page": 0}),
            "/page: 1 or more",
        ),
        (
            json!({"operation": "create_tag", "repo_id": "a/b", "tag": "a b"}),
            "/tag: a branch, a tag, a commit or refs/pr/<number>",
        ),
    ] {
        assert_eq!(bench.refused("hf_repo_git", &arguments), expected);
    }
    assert_eq!(bench.asked(), Vec::<String>::new());
}
