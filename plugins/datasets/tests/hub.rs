//! `hf_inspect_dataset`, called as the host calls it, against a viewer that answers what the real one does.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "the tests' own helpers, where a panic is a failed test"
)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ml_intern_datasets::plugin;
use ml_intern_sdk::http::native::{Entered, Native, Reply};
use ml_intern_sdk::{Call, Content, Failure, Output};
use serde_json::{Value, json};

const SERVER: &str = "https://datasets-server.huggingface.co";
const HUB: &str = "https://huggingface.co";

/// Answers by path and query; what is not there is 404.
type Answers = HashMap<String, (u16, Option<&'static str>, String)>;

fn ok(answers: &mut Answers, path: &str, body: Value) {
    answers.insert(path.to_owned(), (200, None, body.to_string()));
}

fn error(answers: &mut Answers, path: &str, status: u16, code: &'static str, said: &str) {
    answers.insert(
        path.to_owned(),
        (status, Some(code), json!({"error": said}).to_string()),
    );
}

type Log = Rc<RefCell<Vec<String>>>;

fn serve(answers: Answers, near: Value) -> (Entered, Log) {
    let log = Log::default();
    let asked = log.clone();
    let entered = Native::new()
        .replies(SERVER, move |request| {
            assert_eq!(request.method, "GET");
            assert!(
                request
                    .headers
                    .contains(&("authorization".into(), "Bearer hf_test".into()))
            );
            asked.borrow_mut().push(request.path.clone());
            let path = request.path.replace("%2F", "/");
            match answers.get(&path) {
                Some((status, code, body)) => {
                    let reply = Reply::new(*status).body(body.clone());
                    code.iter()
                        .fold(reply, |reply, code| reply.header("x-error-code", code))
                }
                None => Reply::new(404).body("{\"error\":\"Not found.\"}"),
            }
        })
        .replies(HUB, move |request| {
            assert!(
                request.path.starts_with("/api/datasets?search="),
                "{}",
                request.path
            );
            Reply::new(200).body(near.to_string())
        })
        .bearer("huggingface", "hf_test")
        .enter();
    (entered, log)
}

fn call(arguments: Value) -> Result<Output, Failure> {
    plugin().invoke(&Call {
        id: "1".into(),
        tool: "hf_inspect_dataset".into(),
        operation: "inspect".into(),
        arguments: arguments.to_string(),
    })
}

fn text(output: &Output) -> &str {
    match output.content.first() {
        Some(Content::Text(text)) => text,
        other => panic!("{other:?}"),
    }
}

/// Compares with the file, or writes it where `REVIEW` is set.
fn golden(name: &str, found: &str) {
    let path = format!("{}/tests/golden/{name}.md", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("REVIEW").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap());
}

const D: &str = "dataset=acme/reviews";

/// A data set of reviews: two splits, classes, repeats and leaks.
fn reviews() -> Answers {
    let mut answers = Answers::new();
    ok(
        &mut answers,
        &format!("/is-valid?{D}"),
        json!({"preview": true, "viewer": true, "search": true, "filter": true, "statistics": true}),
    );
    ok(
        &mut answers,
        &format!("/splits?{D}"),
        json!({"splits": [
        {"dataset": "acme/reviews", "config": "plain", "split": "train"},
        {"dataset": "acme/reviews", "config": "plain", "split": "test"},
        {"dataset": "acme/reviews", "config": "raw", "split": "train"}], "pending": [], "failed": []}),
    );
    ok(
        &mut answers,
        &format!("/parquet?{D}"),
        json!({"parquet_files": [
        {"config": "plain", "split": "train", "url": "u", "filename": "0000.parquet", "size": 20_979_968},
        {"config": "plain", "split": "train", "url": "u", "filename": "0001.parquet", "size": 1_000_000},
        {"config": "plain", "split": "test", "url": "u", "filename": "0000.parquet", "size": 5_000}],
        "pending": [{"config": "raw"}], "failed": []}),
    );
    ok(
        &mut answers,
        &format!("/size?{D}"),
        json!({"size": {"splits": [
        {"config": "plain", "split": "train", "num_rows": 10_000},
        {"config": "plain", "split": "test", "num_rows": 60}]}}),
    );
    let features = json!([
        {"feature_idx": 0, "name": "id", "type": {"dtype": "int64", "_type": "Value"}},
        {"feature_idx": 1, "name": "text", "type": {"dtype": "string", "_type": "Value"}},
        {"feature_idx": 2, "name": "source", "type": {"dtype": "string", "_type": "Value"}},
        {"feature_idx": 3, "name": "label", "type": {"names": ["neg", "pos"], "_type": "ClassLabel"}},
        {"feature_idx": 4, "name": "photo", "type": {"_type": "Image"}}]);
    ok(
        &mut answers,
        &format!("/info?{D}&config=plain"),
        json!({"dataset_info": {"features": {}}, "partial": false}),
    );
    let of = |split: &str| format!("{D}&config=plain&split={split}");
    ok(
        &mut answers,
        &format!("/statistics?{}", of("train")),
        json!({"num_examples": 10_000, "partial": false, "statistics": [
        {"column_name": "text", "column_type": "string_text", "column_statistics":
            {"nan_count": 3, "min": 5, "max": 13704, "mean": 1325.07, "median": 979, "std": 1003.13,
             "histogram": {"hist": [7000, 2000, 500, 300, 100, 50, 30, 10, 5, 2], "bin_edges": [5, 1375, 2745, 4115, 5485, 6855, 8225, 9595, 10965, 12335, 13704]}}},
        {"column_name": "source", "column_type": "string_label", "column_statistics":
            {"nan_count": 0, "n_unique": 2, "frequencies": {"shop": 9_200, "forum": 800}}},
        {"column_name": "label", "column_type": "class_label", "column_statistics":
            {"nan_count": 0, "no_label_count": 0, "n_unique": 2, "frequencies": {"neg": 800, "pos": 9_200}}}]}),
    );
    let row = |split: &str, n: u64| {
        let label = u64::from(!n.is_multiple_of(12));
        let words = match (split, n) {
            ("train", 7) => "Great | phone,\nI love it".to_owned(),
            ("train", 9) => "great | phone, I  LOVE it".to_owned(),
            ("test", 4) => "train text 3".to_owned(),
            _ => format!("{split} text {n}"),
        };
        json!({"row_idx": n, "row": {"id": n, "text": words, "source": if label == 0 { "forum" } else { "shop" },
            "label": label, "photo": {"src": format!("https://x.example/{n}.jpg?Signature=abc"), "height": 8}}, "truncated_cells": []})
    };
    let page = |split: &str, from: u64, n: u64, total: u64| {
        let rows: Vec<Value> = (from..from + n).map(|n| row(split, n)).collect();
        json!({"features": features, "rows": rows, "num_rows_total": total, "partial": false})
    };
    ok(
        &mut answers,
        &format!("/first-rows?{}", of("train")),
        page("train", 0, 20, 10_000),
    );
    for from in [0, 2_475, 4_950, 7_425, 9_900] {
        ok(
            &mut answers,
            &format!("/rows?{}&offset={from}&length=100", of("train")),
            page("train", from, 100, 10_000),
        );
    }
    ok(
        &mut answers,
        &format!("/rows?{}&offset=50&length=2", of("train")),
        page("train", 50, 2, 10_000),
    );
    ok(
        &mut answers,
        &format!("/rows?{}&offset=0&length=100", of("test")),
        page("test", 0, 60, 60),
    );
    answers
}

#[test]
fn a_report_has_everything() {
    let (_entered, log) = serve(reviews(), json!([]));
    let output = call(json!({"dataset": "acme/reviews"})).unwrap();
    golden("reviews", text(&output));
    assert_eq!(log.borrow().len(), 4 + 3 + 6);
    let Some(Content::Image(image)) = output.content.get(1) else {
        panic!("no chart")
    };
    assert_eq!(
        image.alt,
        "Bar chart: rows of each class of label: pos 9,200, neg 800"
    );
    let structured: Value = serde_json::from_str(output.structured.as_deref().unwrap()).unwrap();
    assert_eq!(structured["label"], "label");
    assert_eq!(structured["within"][0]["alike"], 1);
    assert_eq!(structured["between"][0]["exact"], 1);
    assert_eq!(
        structured["splits"][1],
        json!({"config": "plain", "split": "test", "rows": 60})
    );
}

#[test]
fn rows_can_be_paged_and_the_label_named() {
    let (_entered, _) = serve(reviews(), json!([]));
    let output =
        call(json!({"dataset": "acme/reviews", "sample_rows": 2, "offset": 50, "label": "source"}))
            .unwrap();
    let text = text(&output);
    assert!(
        text.contains("| 50 | 50 | train text 50 |") && text.contains("| 51 | 51 |"),
        "{text}"
    );
    assert!(!text.contains("| 52 |"));
    assert!(text.contains("`source` (label): 2 classes"), "{text}");
}

#[test]
fn one_part_that_fails_leaves_the_rest() {
    let of = format!("{D}&config=plain&split=train");
    let parts = [
        (
            format!("/statistics?{of}"),
            500,
            "ResponseNotReady",
            "- statistics of the whole split not available: the Hub is still working it out",
        ),
        (
            format!("/statistics?{of}"),
            501,
            "DatasetWithTooBigExternalFilesError",
            "- statistics of the whole split not available: status 501: oops",
        ),
        (
            format!("/first-rows?{of}"),
            500,
            "StreamingRowsError",
            "- first rows not available: status 500: oops",
        ),
        (
            format!("/info?{D}&config=plain"),
            404,
            "X",
            "- info not available: status 404: oops",
        ),
        (
            format!("/size?{D}"),
            500,
            "ResponseNotReady",
            "- sizes not available: the Hub is still",
        ),
        (
            format!("/parquet?{D}"),
            500,
            "ResponseNotReady",
            "- Parquet files not available",
        ),
        (
            format!("/is-valid?{D}"),
            500,
            "X",
            "✗ may have issues: status 500: oops",
        ),
        (
            format!("/splits?{D}"),
            500,
            "ResponseNotReady",
            "- configs and splits not available",
        ),
        (
            format!("/rows?{of}&offset=4950&length=100"),
            500,
            "X",
            "- some rows of train not available: status 500: oops",
        ),
    ];
    for (path, status, code, expected) in parts {
        let mut answers = reviews();
        error(&mut answers, &path, status, code, "oops");
        let (_entered, _) = serve(answers, json!([]));
        let arguments = json!({"dataset": "acme/reviews", "config": "plain", "split": "train"});
        let output = call(arguments).unwrap();
        let text = text(&output);
        assert!(text.contains(expected), "{path}: {text}");
        assert!(
            text.contains("## Sample Rows") && text.contains("## Statistics"),
            "{path}"
        );
        if path.starts_with("/statistics") {
            assert!(
                text.contains("## Statistics (500 rows of train that were looked at)"),
                "{text}"
            );
            assert!(text.contains("| pos | 457 |"), "{text}");
        }
    }
}

#[test]
fn a_data_set_that_cannot_be_seen_is_a_failure() {
    let said = "The dataset does not exist, or is not accessible without authentication (private or gated).";
    let near =
        json!([{"id": "stanford/reviews", "gated": false, "private": false}, {"id": "x/reviews2"}]);
    let table = [
        (
            404,
            "ExternalAuthenticatedError",
            near.clone(),
            "there is no data set acme/reviews on the Hub; if it is a private or gated one, the token may not read it. Of a similar name: stanford/reviews, x/reviews2",
        ),
        (
            401,
            "ExternalUnauthenticatedError",
            json!([]),
            "there is no data set acme/reviews on the Hub; if it is a private or gated one, a person has to set HF_TOKEN to a token that may read it",
        ),
        (
            403,
            "X",
            json!([]),
            "acme/reviews is gated or private, and the token may not read it: a person has to ask for access at https://huggingface.co/datasets/acme/reviews",
        ),
        (
            401,
            "ExternalUnauthenticatedError",
            json!([{"id": "acme/reviews", "gated": "manual"}]),
            "acme/reviews is gated: a person has to ask for access at https://huggingface.co/datasets/acme/reviews, and set HF_TOKEN to a token that may read it",
        ),
        (
            404,
            "ExternalAuthenticatedError",
            json!([{"id": "acme/reviews", "private": true}]),
            "acme/reviews is private, and the viewer shows private data sets of PRO and Enterprise accounts only; read its files instead",
        ),
        (
            404,
            "ExternalAuthenticatedError",
            json!([{"id": "Acme/Reviews"}]),
            "there is no data set acme/reviews, but Acme/Reviews: names are exact",
        ),
    ];
    for (status, code, near, expected) in table {
        let mut answers = Answers::new();
        for path in ["is-valid", "splits", "parquet", "size"] {
            error(&mut answers, &format!("/{path}?{D}"), status, code, said);
        }
        let (_entered, log) = serve(answers, near);
        assert_eq!(
            call(json!({"dataset": "acme/reviews"})),
            Err(Failure::failed(expected))
        );
        assert_eq!(log.borrow().len(), 4, "nothing more is asked for");
    }
}

#[test]
fn what_is_in_work_is_told() {
    let mut answers = Answers::new();
    for path in ["is-valid", "splits", "parquet", "size"] {
        error(
            &mut answers,
            &format!("/{path}?{D}"),
            500,
            "ResponseNotReady",
            "The server is busier than usual and the response is not ready yet. Please retry later.",
        );
    }
    let (entered, log) = serve(answers, json!([]));
    let Err(Failure::Upstream(failure)) = call(json!({"dataset": "acme/reviews"})) else {
        panic!()
    };
    assert_eq!(
        failure.message,
        "acme/reviews is still being processed by the Hub's data set viewer; try again in a few minutes"
    );
    // Waiting seconds would not help.
    assert_eq!((entered.waits(), log.borrow().len()), (vec![], 4));
}

#[test]
fn what_may_pass_is_asked_again_and_no_more_of_it() {
    let answers = reviews();
    let mut limited = 0;
    let entered = Native::new()
        .replies(SERVER, move |request| {
            let path = request.path.replace("%2F", "/");
            if path.starts_with("/statistics") && limited < 2 {
                limited += 1;
                return Reply::new(429).header("retry-after", "3");
            }
            let (status, _, body) = &answers[&path];
            Reply::new(*status).body(body.clone())
        })
        .enter();
    let output = call(json!({"dataset": "acme/reviews"})).unwrap();
    assert!(text(&output).contains("## Statistics (train, 10,000 rows)"));
    assert_eq!(entered.waits(), [3_000, 3_000]);
}

#[test]
fn odd_answers_are_no_traps() {
    let huge = "x".repeat(9 << 20);
    for body in [
        "",
        "<html>",
        "[]",
        "null",
        "{\"splits\": 3}",
        "{\"splits\": [3, null]}",
        &huge,
    ] {
        let mut answers = reviews();
        answers.insert(format!("/splits?{D}"), (200, None, body.to_owned()));
        answers.insert(
            format!("/statistics?{D}&config=plain&split=train"),
            (200, None, body.to_owned()),
        );
        answers.insert(
            format!("/first-rows?{D}&config=plain&split=train"),
            (200, None, body.to_owned()),
        );
        let (_entered, _) = serve(answers, json!([]));
        let output =
            call(json!({"dataset": "acme/reviews", "config": "plain", "split": "train"})).unwrap();
        assert!(text(&output).contains("## Sample Rows"), "{:.50}", body);
    }
}

#[test]
fn the_largest_report_is_bounded() {
    let mut answers = Answers::new();
    let long = "word | ".repeat(5_000);
    let names: Vec<String> = (0..150)
        .map(|n| format!("column_{n}_{}", "x".repeat(80)))
        .collect();
    let features: Vec<Value> = names
        .iter()
        .chain([&"messages".to_owned()])
        .map(|name| json!({"name": name, "type": {"dtype": "string", "_type": "Value"}}))
        .collect();
    let rows: Vec<Value> = (0..100)
        .map(|n| {
            let mut row: serde_json::Map<String, Value> = names
                .iter()
                .map(|name| (name.clone(), format!("{n} {long:.400}").into()))
                .collect();
            row.insert(
                "messages".into(),
                json!([{"role": format!("{n}{long:.99}"), "content": format!("{long:.999}")}]),
            );
            json!({"row_idx": n, "row": row})
        })
        .collect();
    let splits: Vec<Value> = (0..300)
        .map(|n| json!({"config": format!("config{n}{long:.200}"), "split": "train"}))
        .collect();
    let first = format!("config0{long:.200}");
    let failed: Vec<Value> = (0..200)
        .map(|n| json!({"config": format!("c{n}{long:.300}")}))
        .collect();
    ok(
        &mut answers,
        "/is-valid?dataset=a/b",
        json!({"viewer": true}),
    );
    ok(
        &mut answers,
        "/splits?dataset=a/b",
        json!({"splits": splits, "failed": failed}),
    );
    let files: Vec<Value> = splits
        .iter()
        .map(|split| json!({"config": split["config"], "split": "train", "size": 5}))
        .collect();
    ok(
        &mut answers,
        "/parquet?dataset=a/b",
        json!({"parquet_files": files, "pending": failed}),
    );
    let page = json!({"features": features, "rows": rows, "num_rows_total": 100});
    let entered = Native::new()
        .replies(SERVER, move |request| {
            let path = request.path.replace("%2F", "/");
            match answers.get(&path) {
                Some((status, _, body)) => Reply::new(*status).body(body.clone()),
                None if path.starts_with("/rows") => Reply::new(200).body(page.to_string()),
                None => Reply::new(404),
            }
        })
        .enter();
    let output = call(json!({"dataset": "a/b", "sample_rows": 10, "config": first})).unwrap();
    let length = text(&output).chars().count();
    assert!((8_000..=16_000).contains(&length), "{length}");
    assert!(output.structured.unwrap().len() < 1 << 20);
    drop(entered);
}

#[test]
fn arguments_are_checked() {
    let table = [
        (json!({}), "/dataset"),
        (json!({"dataset": 3}), "/dataset"),
        (json!({"dataset": "./x.csv"}), "/dataset"),
        (json!({"dataset": "a/b", "sample_rows": 0}), "/sample_rows"),
        (json!({"dataset": "a/b", "sample_rows": 11}), "/sample_rows"),
        (
            json!({"dataset": "a/b", "sample_rows": "3"}),
            "/sample_rows",
        ),
        (json!({"dataset": "a/b", "offset": -1}), "/offset"),
        (
            json!({"dataset": "acme/reviews", "config": "none"}),
            "/config",
        ),
        (
            json!({"dataset": "acme/reviews", "split": "none"}),
            "/split",
        ),
        (
            json!({"dataset": "acme/reviews", "label": "none"}),
            "/label",
        ),
        (json!({"dataset": "a/b", "more": 1}), "/more"),
    ];
    for (arguments, pointer) in table {
        let (_entered, _) = serve(reviews(), json!([]));
        let Err(Failure::InvalidArguments(errors)) = call(arguments.clone()) else {
            panic!("{arguments}")
        };
        assert_eq!(errors[0].pointer, pointer, "{errors:?}");
    }
}
