//! Each fault happens to the request it is for, and not to its neighbour.

use std::time::{Duration, Instant};

use crate::client::{get, post};
use ml_intern_stand_in::{Fault, StandIn};

const PAPER: &str = "/api/papers/2505.04321";
const NEIGHBOUR: &str = "/api/papers/2503.11870";
const REQUEST: &str = "GET https://huggingface.co/api/papers/2505.04321";

#[test]
fn a_status_with_its_headers_and_body() {
    let server = StandIn::start();
    server.fault(
        REQUEST,
        Fault::Status {
            status: 503,
            headers: vec![("retry-after".to_owned(), "7".to_owned())],
            body: "busy".to_owned(),
        },
    );
    let answer = get(&server, PAPER);
    assert_eq!(
        (answer.status, answer.header("retry-after"), answer.text()),
        (503, Some("7"), "busy".to_owned())
    );
    assert_eq!(get(&server, NEIGHBOUR).status, 200);
    server.clear();
    assert_eq!(get(&server, PAPER).status, 200);
}

#[test]
fn a_number_of_times() {
    let server = StandIn::start();
    server.fault_times(REQUEST, Fault::WrongType, 2);
    let kinds: Vec<String> = (0..3)
        .map(|_| {
            get(&server, PAPER)
                .header("content-type")
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "text/html; charset=utf-8",
            "text/html; charset=utf-8",
            "application/json; charset=utf-8"
        ]
    );
}

#[test]
fn cut_in_the_middle_of_the_body() {
    let server = StandIn::start();
    let whole = get(&server, PAPER).body;
    server.fault(REQUEST, Fault::Cut);
    let cut = get(&server, PAPER);
    assert_eq!(
        cut.header("content-length"),
        Some(whole.len().to_string().as_str())
    );
    assert_eq!(cut.body, whole[..whole.len() / 2]);
    assert_eq!(get(&server, NEIGHBOUR).status, 200);
}

#[test]
fn what_is_cut_has_had_its_effect_and_what_is_refused_has_not() {
    let body = r#"{"name": "cut", "type": "model"}"#;
    for (fault, there) in [
        (Fault::Cut, true),
        (Fault::WrongType, false),
        (Fault::Huge(10), false),
        (Fault::Redirect("http://10.0.0.1/".to_owned()), false),
    ] {
        let server = StandIn::start();
        server.fault(
            "POST https://huggingface.co/api/repos/create",
            fault.clone(),
        );
        post(&server, "/api/repos/create", "hf_standin_ada", body);
        assert_eq!(
            server.repo("model", "ada/cut").is_some(),
            there,
            "{fault:?}"
        );
    }
}

#[test]
fn huge() {
    let server = StandIn::start();
    for bytes in [0, 1, 65_536, 3_000_001] {
        server.clear();
        server.fault(REQUEST, Fault::Huge(bytes));
        let answer = get(&server, PAPER);
        assert_eq!((answer.status, answer.body.len()), (200, bytes));
    }
}

#[test]
fn redirect() {
    let server = StandIn::start();
    server.fault(REQUEST, Fault::Redirect("http://10.0.0.1/".to_owned()));
    let answer = get(&server, PAPER);
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some("http://10.0.0.1/"))
    );
}

#[test]
fn slow() {
    let server = StandIn::start();
    let time = Duration::from_millis(60);
    server.fault(REQUEST, Fault::Slow(time));
    let start = Instant::now();
    assert_eq!(get(&server, PAPER).status, 200);
    assert!(start.elapsed() >= time);
}

#[test]
fn a_fault_is_of_one_host() {
    let server = StandIn::start();
    let gone = Fault::Status {
        status: 500,
        headers: Vec::new(),
        body: String::new(),
    };
    server.fault("GET https://api.semanticscholar.org/", gone);
    let graph = "/graph/v1/paper/ARXIV:2505.04321";
    assert_eq!(
        get(&server, &format!("/_/api.semanticscholar.org{graph}")).status,
        500
    );
    assert_eq!(get(&server, PAPER).status, 200);
    let asked: Vec<String> = server
        .asked()
        .iter()
        .map(ml_intern_stand_in::Asked::line)
        .collect();
    assert_eq!(
        asked,
        [
            format!("GET https://api.semanticscholar.org{graph}"),
            format!("GET https://huggingface.co{PAPER}")
        ]
    );
}
