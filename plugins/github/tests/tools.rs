//! The tools as they are called, against the server that stands in for GitHub.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests; a panic is their report"
)]

use std::path::Path;
use std::time::Duration;

use ml_intern_github_plugin::plugin;
use ml_intern_sdk::http::native::{Entered, Native};
use ml_intern_sdk::{Call, Content, Failure, UpstreamError};
use ml_intern_stand_in::{Fault, StandIn};
use serde_json::{Value, json};

fn native(server: &StandIn) -> Native {
    server.public_links(true);
    server
        .endpoints()
        .into_iter()
        .fold(Native::new(), |native, (public, at)| {
            native.serves(&public, at)
        })
}

fn served() -> (StandIn, Entered) {
    let server = StandIn::start();
    let entered = native(&server).enter();
    (server, entered)
}

fn call(tool: &str, arguments: &Value) -> Result<String, Failure> {
    let operation = match tool {
        "github_find_examples" => "find",
        "github_list_repos" => "list",
        _ => "read",
    };
    let output = plugin().invoke(&Call {
        id: "1".into(),
        tool: tool.into(),
        operation: operation.into(),
        arguments: arguments.to_string(),
    })?;
    let [Content::Text(text)] = output.content.as_slice() else {
        panic!("one text")
    };
    Ok(text.clone())
}

/// Compares with the file; `REVIEW=1` writes it.
#[track_caller]
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("REVIEW").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(
        text,
        std::fs::read_to_string(&path).unwrap_or_default(),
        "{name}"
    );
}

#[test]
fn outputs() {
    let (_server, _entered) = served();
    let table = [
        (
            "find.md",
            "github_find_examples",
            json!({"repo": "cgb", "org": "tabular-lab"}),
        ),
        (
            "find_keyword.md",
            "github_find_examples",
            json!({"repo": "cgb", "org": "tabular-lab", "keyword": "sft", "max_results": 2}),
        ),
        (
            "find_truncated.md",
            "github_find_examples",
            json!({"repo": "monolith", "org": "grape-ml", "max_results": 5}),
        ),
        (
            "find_none.md",
            "github_find_examples",
            json!({"repo": "cgb", "org": "tabular-lab", "keyword": "reinforcement"}),
        ),
        (
            "list.md",
            "github_list_repos",
            json!({"owner": "grape-ml", "limit": 3}),
        ),
        (
            "list_page.md",
            "github_list_repos",
            json!({"owner": "grape-ml", "limit": 3, "page": 46, "sort": "forks", "order": "asc"}),
        ),
        (
            "list_created.md",
            "github_list_repos",
            json!({"owner": "linosei", "owner_type": "user", "sort": "created", "limit": 2}),
        ),
        (
            "read.md",
            "github_read_file",
            json!({"repo": "tabular-lab/cgb", "path": "examples/train_wine.py"}),
        ),
        (
            "read_lines.md",
            "github_read_file",
            json!({"repo": "tabular-lab/cgb", "path": "cgb/boosting.py", "line_start": 3, "line_end": 6, "ref": "v0.3.0"}),
        ),
        (
            "read_notebook.md",
            "github_read_file",
            json!({"repo": "tabular-lab/cgb", "path": "notebooks/reliability.ipynb"}),
        ),
        (
            "read_large.md",
            "github_read_file",
            json!({"repo": "tabular-lab/cgb", "path": "benchmarks/readings.csv", "line_start": 77_999}),
        ),
        (
            "read_moved.md",
            "github_read_file",
            json!({"repo": "tabular-lab/calibrated-gb", "path": "pyproject.toml"}),
        ),
    ];
    for (name, tool, arguments) in table {
        let text = call(tool, &arguments).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        assert!(text.len() < 17_000, "{name}");
        golden(name, &text);
    }
}

#[test]
fn arguments_that_do_not_fit() {
    let (server, _entered) = served();
    let table = [
        ("github_find_examples", json!({"repo": "a/b"}), "/repo"),
        (
            "github_find_examples",
            json!({"repo": "a", "org": ".."}),
            "/org",
        ),
        (
            "github_find_examples",
            json!({"repo": "a", "max_results": 0}),
            "/max_results",
        ),
        (
            "github_find_examples",
            json!({"repo": "a", "max_results": "10"}),
            "/max_results",
        ),
        (
            "github_find_examples",
            json!({"repo": "a", "min_score": 101}),
            "/min_score",
        ),
        ("github_list_repos", json!({"owner": ""}), "/owner"),
        (
            "github_list_repos",
            json!({"owner": "a", "limit": 101}),
            "/limit",
        ),
        (
            "github_list_repos",
            json!({"owner": "a", "page": 0}),
            "/page",
        ),
        (
            "github_list_repos",
            json!({"owner": "a", "limit": 100, "page": 11}),
            "/page",
        ),
        (
            "github_list_repos",
            json!({"owner": "a", "sort": "size"}),
            "/sort",
        ),
        (
            "github_read_file",
            json!({"repo": "a", "path": "b"}),
            "/repo",
        ),
        (
            "github_read_file",
            json!({"repo": "a/b", "path": "../c"}),
            "/path",
        ),
        (
            "github_read_file",
            json!({"repo": "a/b", "path": ""}),
            "/path",
        ),
        (
            "github_read_file",
            json!({"repo": "a/b", "path": "c", "line_start": 0}),
            "/line_start",
        ),
        (
            "github_read_file",
            json!({"repo": "a/b", "path": "c", "line_start": 5, "line_end": 4}),
            "/line_end",
        ),
        (
            "github_read_file",
            json!({"repo": "a/b", "path": "c", "lines": 4}),
            "/lines",
        ),
    ];
    for (tool, arguments, pointer) in table {
        match call(tool, &arguments) {
            Err(Failure::InvalidArguments(errors)) => {
                assert_eq!(
                    errors.first().map(|error| error.pointer.as_str()),
                    Some(pointer),
                    "{arguments}"
                );
            }
            other => panic!("{arguments}: {other:?}"),
        }
    }
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn what_goes_wrong_is_said() {
    let (server, _entered) = served();
    let read = json!({"repo": "tabular-lab/cgb", "path": "examples/train_wine.py"});
    let failed = |arguments: &Value| match call("github_read_file", arguments) {
        Err(Failure::Failed(text)) => text,
        other => panic!("{other:?}"),
    };
    let missing = failed(&json!({"repo": "tabular-lab/cgb", "path": "nope.py"}));
    assert!(missing.starts_with("not found on GitHub: "), "{missing}");
    let folder = failed(&json!({"repo": "tabular-lab/cgb", "path": "examples"}));
    assert!(
        folder.starts_with("examples is a folder. In it:\nREADME.md ("),
        "{folder}"
    );
    let picture = failed(&json!({"repo": "tabular-lab/cgb", "path": "docs/logo.png"}));
    assert!(
        picture.starts_with("docs/logo.png is no text: "),
        "{picture}"
    );
    match call(
        "github_find_examples",
        &json!({"repo": "cgp", "org": "tabular-lab"}),
    ) {
        Err(Failure::Failed(text)) => assert!(
            text.starts_with("not found on GitHub: ") || text.contains("Like it:\n- tabular-lab/"),
            "{text}"
        ),
        other => panic!("{other:?}"),
    }

    const CONTENTS: &str = "GET https://api.github.com/repos/tabular-lab/cgb/contents";
    let huge = Fault::Huge(20 << 20);
    let table = [
        (
            Fault::Cut,
            "http GET https://api.github.com:443/repos/tabular-lab/cgb/contents/examples/train_wine.py: the answer broke off",
        ),
        (
            Fault::WrongType,
            "http GET https://api.github.com:443/repos/tabular-lab/cgb/contents/examples/train_wine.py: the answer is not the JSON that was expected",
        ),
        (
            huge,
            "http GET https://api.github.com:443/repos/tabular-lab/cgb/contents/examples/train_wine.py: the answer has more than 15728640 bytes",
        ),
        (
            Fault::Redirect("http://10.0.0.1/".into()),
            "Denied(Denial { capability: \"http GET http://10.0.0.1:80/\"",
        ),
    ];
    for (fault, expected) in table {
        server.fault(CONTENTS, fault);
        let text = format!("{:?}", call("github_read_file", &read).unwrap_err());
        assert!(text.contains(expected), "{text}");
        server.clear();
    }
    server.fault_times(CONTENTS, Fault::Slow(Duration::from_millis(50)), 1);
    assert!(call("github_read_file", &read).is_ok());
}

#[test]
fn limits_are_honoured_and_said() {
    let (server, entered) = served();
    let read = json!({"repo": "tabular-lab/cgb", "path": "pyproject.toml"});
    const ANY: &str = "GET https://api.github.com/";
    let busy = Fault::Status {
        status: 503,
        headers: vec![("retry-after".into(), "2".into())],
        body: "busy".into(),
    };
    server.fault_times(ANY, busy, 1);
    assert!(call("github_read_file", &read).is_ok());
    assert_eq!(entered.waits(), [2_000]);

    // Nobody waits until the hour is over; the model is told when that is.
    server.github_left(0, 5_000);
    match call("github_read_file", &read) {
        Err(Failure::Upstream(UpstreamError {
            retry_after,
            message,
            ..
        })) => {
            assert!(
                retry_after.is_some_and(|seconds| seconds <= 3_600),
                "{retry_after:?}"
            );
            assert!(
                message.starts_with(
                    "GitHub's rate of 60 requests an hour is used up. It is whole again in "
                ),
                "{message}"
            );
            assert!(
                message.ends_with("With a GITHUB_TOKEN, which a person can set, it is 5,000."),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
    drop(entered);
    let _entered = native(&server).bearer("github", "ghp_standin").enter();
    let text = call("github_read_file", &read).unwrap();
    assert!(
        text.contains("[GitHub: 4999 of 5000 requests left in this hour]"),
        "{text}"
    );
    let last = server.asked().pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer ghp_standin"));
}
