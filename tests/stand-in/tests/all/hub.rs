//! What the Hub says that its official client does not show: headers, bodies, and what tests can read of its state.

use ml_intern_stand_in::StandIn;
use serde_json::json;

use crate::client::{Answer, ask, get, get_as, post};

const ADA: &str = "hf_standin_ada";

fn get_with(server: &StandIn, path: &str, token: &str) -> Answer {
    get_as(
        server,
        path,
        &[("authorization", &format!("Bearer {token}"))],
    )
}

#[test]
fn who_may_see_what() {
    let server = StandIn::start();
    for (path, token, status, code, message) in [
        (
            "/api/datasets/ada/cellar-notes",
            "",
            401,
            None,
            "Invalid username or password.",
        ),
        (
            "/api/datasets/ada/nothing",
            "",
            401,
            None,
            "Invalid username or password.",
        ),
        (
            "/api/datasets/ada/cellar-notes",
            "hf_standin_reader",
            404,
            Some("RepoNotFound"),
            "Repository not found",
        ),
        (
            "/api/datasets/ada/cellar-notes",
            "hf_wrong",
            401,
            None,
            "Invalid credentials in Authorization header",
        ),
        (
            "/api/models/tabular-lab/cgb-wine/revision/gone",
            "",
            404,
            Some("RevisionNotFound"),
            "Invalid rev id: gone",
        ),
        (
            "/tabular-lab/cgb-wine/resolve/main/gone",
            "",
            404,
            Some("EntryNotFound"),
            "Entry not found",
        ),
        (
            "/api/whoami-v2",
            "",
            401,
            None,
            "Invalid username or password.",
        ),
    ] {
        let answer = if token.is_empty() {
            get(&server, path)
        } else {
            get_with(&server, path, token)
        };
        assert_eq!(
            (
                answer.status,
                answer.header("x-error-code"),
                answer.header("x-error-message")
            ),
            (status, code, Some(message)),
            "{path} {token}"
        );
    }
    assert_eq!(
        get_with(&server, "/api/datasets/ada/cellar-notes", ADA).status,
        200
    );
    let gate = "/tabular-lab/gated-cellar/resolve/main/model.bin";
    assert_eq!(
        (
            get(&server, gate).status,
            get_with(&server, gate, ADA).status
        ),
        (401, 302)
    );
}

#[test]
fn small_files_come_from_a_cache_on_the_same_host() {
    let server = StandIn::start();
    let path = "/datasets/tabular-lab/wine-cultivars/resolve/main/data/test.csv";
    let first = get(&server, path);
    let commit = first.header("x-repo-commit").unwrap().to_owned();
    let place =
        format!("/api/resolve-cache/datasets/tabular-lab/wine-cultivars/{commit}/data/test.csv");
    assert_eq!(
        (first.status, first.header("location")),
        (307, Some(place.as_str()))
    );
    let file = get(&server, &place);
    assert_eq!(file.header("etag"), first.header("x-linked-etag"));
    assert_eq!(
        file.body.len().to_string(),
        first.header("x-linked-size").unwrap()
    );
    let part = get_as(&server, &place, &[("range", "bytes=0-6")]);
    assert_eq!((part.status, part.text()), (206, "alcohol".to_owned()));
    let past = get_as(&server, &place, &[("range", "bytes=9999999-")]);
    assert_eq!(past.status, 416);
    let same = get_as(
        &server,
        &place,
        &[("if-none-match", file.header("etag").unwrap())],
    );
    assert_eq!(same.status, 304);
    let head = ask(&server, &format!("HEAD {place}"), &[], "");
    assert_eq!(
        (head.body.len(), head.header("content-length")),
        (0, file.header("content-length"))
    );
    let pointer = get(&server, "/tabular-lab/cgb-wine/raw/main/model.safetensors").text();
    assert!(pointer.starts_with("version https://git-lfs.github.com/spec/v1\noid sha256:"));
    let links = get(&server, "/api/datasets/tabular-lab/wine-cultivars/parquet").json();
    let link = links["default"]["test"][0].as_str().unwrap().to_owned();
    assert_eq!(
        get(&server, link.strip_prefix(&server.origin()).unwrap()).status,
        302
    );
}

#[test]
fn a_commit_is_taken_whole_or_not_at_all() {
    let server = StandIn::start();
    let header = r#"{"key": "header", "value": {"summary": "Try", "description": ""}}"#;
    let file =
        r#"{"key": "file", "value": {"path": "a.txt", "content": "YQ==", "encoding": "base64"}}"#;
    let commit = |revision: &str, lines: &[&str]| {
        let path = format!("/api/datasets/ada/cellar-notes/commit/{revision}");
        post(&server, &path, ADA, &lines.join("\n"))
    };
    for (revision, lines, status) in [
        ("main", vec![file], 400),
        (
            "main",
            vec![r#"{"key": "header", "value": {"summary": ""}}"#, file],
            400,
        ),
        ("main", vec![header, file, "{"], 400),
        (
            "main",
            vec![
                header,
                file,
                r#"{"key": "file", "value": {"path": "../b", "content": ""}}"#,
            ],
            400,
        ),
        (
            "main",
            vec![
                header,
                file,
                r#"{"key": "lfsFile", "value": {"path": "b", "algo": "sha256", "oid": "00", "size": 1}}"#,
            ],
            400,
        ),
        (
            "main",
            vec![
                header,
                file,
                r#"{"key": "deletedFile", "value": {"path": "b"}}"#,
            ],
            404,
        ),
        (
            "main",
            vec![
                header,
                file,
                r#"{"key": "deletedFolder", "value": {"path": "b"}}"#,
            ],
            404,
        ),
        ("gone", vec![header, file], 404),
    ] {
        assert_eq!(commit(revision, &lines).status, status, "{lines:?}");
    }
    let files = server.files("dataset", "ada/cellar-notes", "main").unwrap();
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        [".gitattributes", "README.md"]
    );
    assert_eq!(commit("main", &[header, file]).status, 200);
    let files = server.files("dataset", "ada/cellar-notes", "main").unwrap();
    assert_eq!(files["a.txt"], b"a");
    let repo = server.repo("dataset", "ada/cellar-notes").unwrap();
    assert_eq!((repo.private, repo.commits[0].as_str()), (true, "Try"));
}

#[test]
fn a_job_ends_as_its_script_says() {
    let server = StandIn::start();
    // print("epoch 1"); raise SystemExit("no gpu")
    let encoded = "cHJpbnQoImVwb2NoIDEiKTsgcmFpc2UgU3lzdGVtRXhpdCgibm8gZ3B1Iik=";
    let script = format!("echo \"{encoded}\" | base64 -d | uv run -");
    for (command, environment, stage, last) in [
        (
            json!(["/bin/sh", "-lc", script]),
            json!({}),
            "ERROR",
            "SystemExit: no gpu",
        ),
        (
            json!(["python", "-c", "print('done')"]),
            json!({}),
            "COMPLETED",
            "done",
        ),
        (
            json!(["python", "-c", "print('done')"]),
            json!({"FAIL": "1"}),
            "ERROR",
            "SystemExit: 1",
        ),
        (
            json!(["python", "-c", "print('on and on')"]),
            json!({"HANG": "1"}),
            "RUNNING",
            "on and on",
        ),
    ] {
        let spec = json!({"dockerImage": "python:3.12", "flavor": "cpu-basic", "command": command, "environment": environment, "secrets": {"HF_TOKEN": "hf_secret"}});
        let started = post(&server, "/api/jobs/ada", ADA, &spec.to_string()).json();
        assert!(!started.to_string().contains("hf_secret"));
        let id = started["id"].as_str().unwrap();
        let logs = get_with(&server, &format!("/api/jobs/ada/{id}/logs"), ADA);
        assert_eq!(logs.header("content-type"), Some("text/event-stream"));
        let text = logs.text();
        assert!(
            text.starts_with(": keep-alive\n\ndata: {\"timestamp\":\"2025-06-02T"),
            "{text}"
        );
        assert!(text.contains("===== Job started at 2025-06-02T"));
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("data: "))
            .collect();
        assert!(
            lines
                .last()
                .unwrap()
                .ends_with(&format!("\"data\":\"{last}\"}}")),
            "{text}"
        );
        let job = server.jobs().pop().unwrap();
        assert_eq!(
            (job.stage.as_str(), &job.spec["secrets"]["HF_TOKEN"]),
            (stage, &json!("hf_secret"))
        );
    }
}

#[test]
fn what_was_asked_and_what_came_of_it_can_be_read() {
    let server = StandIn::start();
    let body = r#"{"repository": "ada/copy", "visibility": "private", "secrets": [{"key": "KEY", "value": "v"}]}"#;
    post(
        &server,
        "/api/spaces/tabular-lab/sandbox-template/duplicate",
        ADA,
        body,
    );
    post(
        &server,
        "/api/buckets/ada/store",
        ADA,
        r#"{"private": true}"#,
    );
    let space = server
        .spaces()
        .into_iter()
        .find(|space| space.id == "ada/copy")
        .unwrap();
    assert_eq!(
        (
            space.sdk.as_str(),
            space.stage.as_str(),
            space.secrets["KEY"].as_str()
        ),
        ("docker", "BUILDING", "v")
    );
    assert_eq!(
        server.buckets().into_iter().collect::<Vec<_>>(),
        [("ada/store".to_owned(), true)]
    );
    assert_eq!(
        server.discussions("dataset", "tabular-lab/wine-cultivars")[0]
            .comments
            .len(),
        2
    );
    assert_eq!(server.repos().len(), 40);
    let asked = server.asked();
    assert_eq!(
        asked[0].line(),
        "POST https://huggingface.co/api/spaces/tabular-lab/sandbox-template/duplicate"
    );
    assert_eq!(
        (asked[0].header("authorization"), asked[0].body.as_slice()),
        (Some("Bearer hf_standin_ada"), body.as_bytes())
    );
}

#[test]
fn lists_and_trees_come_in_pages() {
    let server = StandIn::start();
    for (path, sizes) in [
        (
            "/api/models?filter=arxiv:2505.04321&limit=8",
            &[8, 8, 3][..],
        ),
        ("/api/datasets?limit=10", &[10, 6]),
        (
            "/api/models/tabular-lab/cgb-wine/tree/main?limit=3",
            &[3, 1],
        ),
        ("/api/daily_papers?limit=20", &[20, 14]),
        ("/api/collections?paper=2505.04321&limit=2", &[2, 1]),
    ] {
        let mut next = Some(path.to_owned());
        let mut found = Vec::new();
        while let Some(path) = next {
            let answer = get(&server, &path);
            found.push(answer.json().as_array().unwrap().len());
            next = answer.header("link").map(|link| {
                let url = link.strip_prefix('<').unwrap().split('>').next().unwrap();
                assert!(link.ends_with("rel=\"next\""));
                url.strip_prefix(&server.origin()).unwrap().to_owned()
            });
        }
        assert_eq!(found, sizes, "{path}");
    }
}
