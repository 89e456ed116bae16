//! `hf_inspect_dataset` against the server that stands in for the Hub, and its faults.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "the tests' own helpers, where a panic is a failed test"
)]

use std::time::Duration;

use ml_intern_datasets::plugin;
use ml_intern_sdk::http::native::{Entered, Native};
use ml_intern_sdk::{Call, Content, Failure, Output};
use ml_intern_stand_in::{Fault, StandIn};
use serde_json::{Value, json};

const SERVER: &str = "https://datasets-server.huggingface.co";

fn enter(server: &StandIn, token: &str) -> Entered {
    let mut native = Native::new();
    for (public, here) in server.endpoints() {
        native = native.serves(&public, here);
    }
    if !token.is_empty() {
        native = native.bearer("huggingface", token);
    }
    native.enter()
}

fn call(arguments: Value) -> Result<Output, Failure> {
    plugin().invoke(&Call {
        id: "1".into(),
        tool: "hf_inspect_dataset".into(),
        operation: "inspect".into(),
        arguments: arguments.to_string(),
    })
}

fn text(result: &Result<Output, Failure>) -> String {
    match result {
        Ok(output) => match output.content.first() {
            Some(Content::Text(text)) => text.clone(),
            other => panic!("{other:?}"),
        },
        Err(Failure::Failed(said)) => format!("failed: {said}"),
        Err(Failure::Upstream(said)) => format!("upstream: {}", said.message),
        Err(other) => panic!("{other:?}"),
    }
}

fn golden(name: &str, found: &str) {
    let path = format!("{}/tests/golden/{name}.md", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("REVIEW").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap());
}

#[test]
fn both_data_sets_are_reported() {
    let server = StandIn::start();
    let _entered = enter(&server, "hf_standin_ada");
    let table = [
        (
            "wine-cultivars",
            "Bar chart: rows of each class of cultivar: grignolino 73, barolo 42, barbera 35",
        ),
        (
            "support-chats",
            "Histogram: rows by items in \"messages\", from 3 to 7, median 3; 42 rows in the highest bar",
        ),
    ];
    for (name, chart) in table {
        let result = call(json!({"dataset": format!("tabular-lab/{name}")}));
        golden(name, &text(&result));
        match result.unwrap().content.get(1) {
            Some(Content::Image(image)) => assert_eq!(image.alt, chart),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_cannot_be_shown_says_why() {
    let server = StandIn::start();
    let table = [
        (
            "tabular-lab/wine-cultivar",
            "",
            "failed: there is no data set tabular-lab/wine-cultivar on the Hub; if it is a private or gated one, a person has to set HF_TOKEN",
        ),
        (
            "tabular-lab/wine-cultivar",
            "hf_standin_ada",
            "failed: there is no data set tabular-lab/wine-cultivar on the Hub; if it is a private or gated one, the token may not read it. Of a similar name: tabular-lab/wine-cultivars",
        ),
        (
            "lin/credit-small",
            "",
            "failed: the viewer can show nothing of lin/credit-small: status 500: The dataset is empty.",
        ),
    ];
    for (dataset, token, expected) in table {
        let entered = enter(&server, token);
        let found = text(&call(json!({"dataset": dataset})));
        assert!(found.starts_with(expected), "{found}");
        assert_eq!(entered.waits(), [0_u32; 0]);
    }
}

#[test]
fn faults_of_the_server_are_told() {
    let status = |status, headers: &[(&str, &str)]| Fault::Status {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: String::new(),
    };
    let once = 1;
    let always = usize::MAX;
    let statistics = "## Statistics (train, 150 rows)";
    let computed = "## Statistics (train, 150 rows)";
    let table = [
        (
            "/statistics",
            Fault::Slow(Duration::from_millis(20)),
            once,
            statistics,
        ),
        (
            "/statistics",
            status(429, &[("retry-after", "1")]),
            once,
            statistics,
        ),
        ("/statistics", status(503, &[]), 2, statistics),
        (
            "/statistics",
            status(503, &[]),
            always,
            "statistics of the whole split not available: status 503",
        ),
        (
            "/statistics",
            status(429, &[("retry-after", "600")]),
            always,
            "statistics of the whole split not available: status 429",
        ),
        ("/statistics", Fault::Cut, once, statistics),
        (
            "/statistics",
            Fault::WrongType,
            always,
            "statistics of the whole split not available: http GET",
        ),
        ("/statistics", Fault::WrongType, always, computed),
        (
            "/statistics",
            Fault::Huge(9 << 20),
            always,
            "has more than 8388608 bytes",
        ),
        (
            "/rows",
            Fault::WrongType,
            always,
            "- some rows of test not available: http GET",
        ),
        (
            "/first-rows",
            status(500, &[]),
            always,
            "- first rows not available: status 500",
        ),
        (
            "/statistics",
            Fault::Redirect("http://169.254.169.254/latest".into()),
            always,
            "statistics of the whole split not available: status 302",
        ),
        ("/", status(503, &[]), always, "upstream: "),
        (
            "/",
            Fault::WrongType,
            always,
            "is not the JSON that was expected",
        ),
        (
            "/",
            Fault::Redirect("http://10.0.0.1/".into()),
            always,
            "status 302",
        ),
    ];
    for (path, fault, times, expected) in table {
        let server = StandIn::start();
        server.fault_times(&format!("GET {SERVER}{path}"), fault.clone(), times);
        let _entered = enter(&server, "hf_standin_ada");
        let found = text(&call(json!({"dataset": "tabular-lab/wine-cultivars"})));
        assert!(found.contains(expected), "{path} {fault:?}: {found}");
        let private = |asked: &ml_intern_stand_in::Asked| {
            asked.origin.contains("169.254") || asked.origin.contains("10.0.0.1")
        };
        assert!(!server.asked().iter().any(private));
    }
}
