//! The tool against the stand-in server: whole answers of every service, and everything that can go wrong on the way.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is a test's report"
)]

use std::path::Path;
use std::time::Duration;

use ml_intern_papers::plugin;
use ml_intern_sdk::http::native::{Entered, Native};
use ml_intern_sdk::{Call, Content, Failure, Output};
use ml_intern_stand_in::{Fault, StandIn};
use serde_json::{Map, Value, json};

const PAPER: &str = "2505.04321";

fn call(operation: &str, arguments: Value) -> Result<Output, Failure> {
    let mut all = Map::new();
    all.insert("operation".into(), operation.into());
    if let Value::Object(arguments) = arguments {
        all.extend(arguments);
    }
    plugin().invoke(&Call {
        id: "1".into(),
        tool: "hf_papers".into(),
        operation: operation.into(),
        arguments: Value::Object(all).to_string(),
    })
}

fn text(output: &Output) -> &str {
    match output.content.as_slice() {
        [Content::Text(text)] => text,
        other => panic!("{other:?}"),
    }
}

fn told(result: Result<Output, Failure>) -> String {
    match result {
        Ok(output) => text(&output).to_owned(),
        Err(failure) => format!("{failure:?}"),
    }
}

/// The server, and requests that go there; with a key for Semantic Scholar or without.
fn entered(key: Option<&str>) -> (StandIn, Entered) {
    let server = StandIn::start();
    let mut native = Native::new();
    for (origin, at) in server.endpoints() {
        native = native.serves(&origin, at);
    }
    if let Some(key) = key {
        native = native.header("semantic-scholar", "x-api-key", key);
    }
    server.public_links(true);
    (
        server,
        native.bearer("huggingface", "hf_standin_ada").enter(),
    )
}

/// Compares with a file that a person has looked at; `REVIEW=1` writes it.
fn golden(name: &str, result: Result<Output, Failure>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(format!("{name}.md"));
    let found = format!("{}\n", told(result).trim_end());
    if std::env::var_os("REVIEW").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{name} is another; REVIEW=1 writes it:\n{found}"
    );
}

#[test]
fn every_operation_as_it_reads() {
    let (server, _entered) = entered(Some("s2_standin"));
    let table = [
        ("trending", "trending", json!({"limit": 2})),
        (
            "search",
            "search",
            json!({"query": "calibration of boosting", "limit": 2}),
        ),
        (
            "search_filtered",
            "search",
            json!({"query": "calibration", "limit": 3, "date_from": "2024", "min_citations": 5, "sort_by": "citationCount"}),
        ),
        ("paper_details", "paper_details", json!({"arxiv_id": PAPER})),
        (
            "citation_graph",
            "citation_graph",
            json!({"arxiv_id": PAPER, "limit": 4}),
        ),
        (
            "snippet_search",
            "snippet_search",
            json!({"query": "out-of-bag predictions", "limit": 2}),
        ),
        (
            "recommend",
            "recommend",
            json!({"arxiv_id": PAPER, "limit": 2}),
        ),
        (
            "recommend_several",
            "recommend",
            json!({"positive_ids": "2505.04321, 2410.09912", "limit": 2}),
        ),
        (
            "find_datasets",
            "find_datasets",
            json!({"arxiv_id": PAPER, "limit": 2}),
        ),
        (
            "find_models",
            "find_models",
            json!({"arxiv_id": PAPER, "limit": 2, "sort": "likes"}),
        ),
        (
            "find_collections",
            "find_collections",
            json!({"arxiv_id": PAPER}),
        ),
        (
            "find_all_resources",
            "find_all_resources",
            json!({"arxiv_id": PAPER}),
        ),
        ("read_paper", "read_paper", json!({"arxiv_id": PAPER})),
        (
            "read_method",
            "read_paper",
            json!({"arxiv_id": PAPER, "section": "3"}),
        ),
        (
            "read_results",
            "read_paper",
            json!({"arxiv_id": PAPER, "section": "results"}),
        ),
        (
            "read_references",
            "read_paper",
            json!({"arxiv_id": PAPER, "section": "references"}),
        ),
        (
            "read_figures",
            "read_paper",
            json!({"arxiv_id": PAPER, "section": "figures"}),
        ),
        (
            "read_ar5iv",
            "read_paper",
            json!({"arxiv_id": "2410.09912"}),
        ),
        (
            "read_abstract_only",
            "read_paper",
            json!({"arxiv_id": "2503.11870"}),
        ),
    ];
    for (name, operation, arguments) in table {
        golden(&format!("stand_in_{name}"), call(operation, arguments));
    }
    for asked in server.asked() {
        let host = asked.origin.as_str();
        let key = asked.headers.iter().any(|(name, _)| name == "x-api-key");
        assert_eq!(key, host == "https://api.semanticscholar.org", "{host}");
        // Papers are public: the Hub's token stays here.
        assert!(
            asked
                .headers
                .iter()
                .all(|(name, _)| name != "authorization"),
            "{host}"
        );
    }
}

#[test]
fn without_a_key_a_limit_is_waited_for_and_then_told() {
    let (server, entered) = entered(None);
    server.scholar_limits(1);
    let found = told(call(
        "search",
        json!({"query": "calibration", "min_citations": 1}),
    ));
    assert!(found.contains("(Semantic Scholar)"), "{found}");
    assert_eq!(entered.waits(), [1_000]);

    server.scholar_limits(99);
    let found = told(call(
        "search",
        json!({"query": "calibration", "min_citations": 1}),
    ));
    assert!(
        found.contains("**Note:** Semantic Scholar gave no answer")
            && found.contains("min_citations was NOT applied"),
        "{found}"
    );
    match call("citation_graph", json!({"arxiv_id": PAPER})) {
        Err(Failure::Upstream(said)) => {
            assert!(said.message.contains("S2_API_KEY"), "{}", said.message)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn faults_of_the_hub_are_failures_that_say_which() {
    let (server, _entered) = entered(None);
    let status = |status, headers: &[(&str, &str)]| Fault::Status {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: "{\"error\":\"no luck\"}".into(),
    };
    let table = [
        (
            status(429, &[("retry-after", "300")]),
            "Failure::Upstream",
            "status 429: no luck",
        ),
        (status(500, &[]), "Failure::Upstream", "status 500: no luck"),
        (status(404, &[]), "Failure::Failed", "not found"),
        (Fault::Cut, "Failure::Upstream", "the answer broke off"),
        (
            Fault::WrongType,
            "Failure::Failed",
            "is not the JSON that was expected",
        ),
        (
            Fault::Huge(9 << 20),
            "Failure::Failed",
            "more than 8388608 bytes",
        ),
        (
            Fault::Redirect("http://169.254.169.254/latest".into()),
            "Failure::Failed",
            "status 302",
        ),
    ];
    for (fault, kind, expected) in table {
        let shown = format!("{fault:?}");
        server.clear();
        server.fault("GET https://huggingface.co/api/", fault);
        for (operation, arguments) in [
            ("trending", json!({})),
            ("search", json!({"query": "calibration"})),
            ("paper_details", json!({"arxiv_id": PAPER})),
            ("find_models", json!({"arxiv_id": PAPER})),
            ("find_collections", json!({"arxiv_id": PAPER})),
            ("find_all_resources", json!({"arxiv_id": PAPER})),
        ] {
            let found = told(call(operation, arguments));
            assert!(
                found.starts_with(kind) && found.contains(expected),
                "{operation} {shown}: {found}"
            );
        }
    }
    server.clear();
    server.fault_times(
        "GET https://huggingface.co/api/",
        status(503, &[("retry-after", "2")]),
        1,
    );
    assert!(told(call("trending", json!({}))).starts_with("# Trending papers\n"));
    server.fault(
        "GET https://huggingface.co/api/",
        Fault::Slow(Duration::from_millis(50)),
    );
    assert!(
        told(call("find_models", json!({"arxiv_id": PAPER, "limit": 1})))
            .starts_with("# 1 model for the paper")
    );
}

#[test]
fn faults_of_arxiv_lead_to_the_abstract() {
    let (server, _entered) = entered(None);
    let table = [
        (Fault::Cut, "the answer broke off"),
        (Fault::WrongType, "arXiv: its page holds no paper"),
        (Fault::Huge(17 << 20), "more than 16777216 bytes"),
        (
            Fault::Redirect("http://169.254.169.254/latest".into()),
            "it leads to http://169.254.169.254:80/latest",
        ),
        (
            Fault::Status {
                status: 503,
                headers: vec![("retry-after".into(), "600".into())],
                body: String::new(),
            },
            "arXiv: status 503",
        ),
    ];
    for (fault, expected) in table {
        server.clear();
        server.fault("GET https://arxiv.org/html/", fault);
        let found = told(call("read_paper", json!({"arxiv_id": PAPER})));
        assert!(
            found.contains("**Only the abstract:**") && found.contains(expected),
            "{expected}: {found}"
        );
        assert!(server.asked().iter().all(|asked| asked.path != "/latest"));
    }
    // Once is no reason to give up.
    server.clear();
    let fault = Fault::Status {
        status: 502,
        headers: Vec::new(),
        body: String::new(),
    };
    server.fault_times("GET https://arxiv.org/html/", fault, 1);
    let found = told(call("read_paper", json!({"arxiv_id": PAPER})));
    assert!(found.contains("## Sections"), "{found}");
}
