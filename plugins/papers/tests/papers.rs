//! The tool as it is called: arguments, requests, results.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is a test's report"
)]

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use ml_intern_papers::plugin;
use ml_intern_sdk::http::native::{Entered, Native, Reply};
use ml_intern_sdk::{Call, Content, Failure, Need, Output};
use serde_json::{Value, json};

const HUB: &str = "https://huggingface.co";
const ARXIV: &str = "https://arxiv.org";
const AR5IV: &str = "https://ar5iv.labs.arxiv.org";
const SCHOLAR: &str = "https://api.semanticscholar.org";
const PAPER: &str = include_str!("data/paper.html");

fn call(operation: &str, mut arguments: Value) -> Result<Output, Failure> {
    arguments["operation"] = operation.into();
    plugin().invoke(&Call {
        id: "1".into(),
        tool: "hf_papers".into(),
        operation: operation.into(),
        arguments: arguments.to_string(),
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

/// Compares with a file that a person has looked at; `REVIEW=1` writes it.
fn golden(name: &str, output: &Output) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(format!("{name}.md"));
    let found = format!("{}\n", text(output).trim_end());
    if std::env::var_os("REVIEW").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{name} is another; REVIEW=1 writes it:\n{found}"
    );
}

/// What was asked, with the key where one was sent.
type Asked = Rc<RefCell<Vec<String>>>;

/// Answers by the start of the path of each service; anything else is 404.
fn served(answers: Vec<(&'static str, &'static str, Reply)>) -> (Entered, Asked) {
    let asked = Asked::default();
    let mut native = Native::new()
        .header("semantic-scholar", "x-api-key", "s2_key")
        .bearer("huggingface", "hf_never");
    for origin in [HUB, ARXIV, AR5IV, SCHOLAR] {
        let (asked, answers) = (Rc::clone(&asked), answers.clone());
        native = native.replies(origin, move |request| {
            let secrets: Vec<&str> = request
                .headers
                .iter()
                .filter(|(name, _)| matches!(name.as_str(), "x-api-key" | "authorization"))
                .map(|(name, _)| name.as_str())
                .collect();
            let body = String::from_utf8_lossy(&request.body).into_owned();
            asked.borrow_mut().push(
                format!(
                    "{} {origin}{} {} {body}",
                    request.method,
                    request.path,
                    secrets.join(",")
                )
                .trim_end()
                .to_owned(),
            );
            answers
                .iter()
                .find(|(of, path, _)| *of == origin && request.path.starts_with(path))
                .map_or_else(|| Reply::new(404), |(_, _, reply)| reply.clone())
        });
    }
    (native.enter(), asked)
}

fn json_reply(value: &Value) -> Reply {
    Reply::new(200)
        .header("content-type", "application/json")
        .body(value.to_string())
}

fn hub_paper(number: usize) -> Value {
    json!({
        "id": format!("2503.{number:05}"),
        "title": format!("Cooling\nSchedules {number}"),
        "summary": "We study how the learning rate is cooled. ".repeat(12),
        "upvotes": 1_000 + number,
        "authors": (1..=12).map(|at| json!({"name": format!("Author {at}"), "hidden": false})).collect::<Vec<_>>(),
        "ai_summary": if number == 1 { json!("A linear decay is hard to beat.") } else { Value::Null },
        "ai_keywords": ["learning rate", "schedules", "cosine", "linear", "decay", "sixth"],
        "githubRepo": "https://github.com/example/cooling",
        "githubStars": 1_234,
        "publishedAt": "2025-03-03T00:00:00.000Z",
    })
}

fn scholar_paper(number: usize) -> Value {
    json!({
        "paperId": "a".repeat(40),
        "title": format!("Paper {number}"),
        "externalIds": if number.is_multiple_of(3) { json!({"DOI": "10.1000/x.1"}) } else { json!({"ArXiv": format!("2401.{number:05}")}) },
        "year": 2024,
        "citationCount": 12_345,
        "tldr": if number == 1 { json!({"model": "m", "text": "It works."}) } else { Value::Null },
        "venue": "NeurIPS",
        "publicationDate": "2024-01-31",
    })
}

#[test]
fn each_operation_declares_exactly_what_it_asks() {
    let manifest = plugin().manifest();
    let needs: Vec<(String, Vec<String>)> = manifest.tools[0]
        .operations
        .iter()
        .map(|operation| {
            let needs = operation.needs.iter().map(|need| match need {
                Need::Http(need) => format!(
                    "{} {} {}",
                    need.origin,
                    need.paths.join(" "),
                    need.credential.as_deref().unwrap_or("-")
                ),
                other => format!("{other:?}"),
            });
            (operation.name.clone(), needs.collect())
        })
        .collect();
    let hub = |paths: &str| format!("{HUB} {paths} -");
    let scholar = |path: &str| format!("{SCHOLAR} {path} semantic-scholar");
    let expected: Vec<(&str, Vec<String>)> = vec![
        ("trending", vec![hub("/api/daily_papers")]),
        (
            "search",
            vec![
                hub("/api/papers/search"),
                scholar("/graph/v1/paper/search/bulk"),
            ],
        ),
        ("paper_details", vec![hub("/api/papers")]),
        (
            "read_paper",
            vec![
                format!("{ARXIV} /html -"),
                format!("{AR5IV} /html -"),
                hub("/api/papers"),
            ],
        ),
        ("citation_graph", vec![scholar("/graph/v1/paper")]),
        ("snippet_search", vec![scholar("/graph/v1/snippet/search")]),
        (
            "recommend",
            vec![
                scholar("/recommendations/v1/papers/forpaper"),
                scholar("/recommendations/v1/papers"),
            ],
        ),
        ("find_datasets", vec![hub("/api/datasets")]),
        ("find_models", vec![hub("/api/models")]),
        ("find_collections", vec![hub("/api/collections")]),
        (
            "find_all_resources",
            vec![hub("/api/datasets /api/models /api/collections")],
        ),
    ];
    let expected: Vec<(String, Vec<String>)> = expected
        .into_iter()
        .map(|(name, needs)| (name.to_owned(), needs))
        .collect();
    assert_eq!(needs, expected);
    let words = manifest.tools[0].description.split_whitespace().count();
    assert!(words <= 120, "{words} words");
}

#[test]
fn arguments_that_do_not_fit_are_named_and_nothing_is_sent() {
    let (_entered, asked) = served(vec![]);
    let id = "an arXiv id, as 1706.03762 or hep-th/9901001, not";
    let table = [
        ("recommend", json!({"positive_ids": vec!["1706.03762"; 51].join(",")}), "/positive_ids", "50 ids at most, not 51".to_owned()),
        ("search", json!({"query": "x", "categories": "x".repeat(301)}), "/categories", "300 characters at most".into()),
        ("search", json!({}), "/query", "a value: it is required".to_owned()),
        ("search", json!({"query": null}), "/query", "invalid type: null, expected a string".into()),
        ("search", json!({"query": " "}), "/query", "a text that is not blank".into()),
        ("search", json!({"query": "x".repeat(1_001)}), "/query", "1000 characters at most, not 1001".into()),
        ("search", json!({"query": "x", "limit": "10"}), "/limit", "invalid type: string \"10\", expected u32".into()),
        ("search", json!({"query": "x", "limit": 0}), "/limit", "1 to 50, not 0".into()),
        ("search", json!({"query": "x", "limit": 51}), "/limit", "1 to 50, not 51".into()),
        ("search", json!({"query": "x", "date_from": "2024-02-30"}), "/date_from", "a date, as 2024, 2024-05 or 2024-05-31, not \"2024-02-30\"".into()),
        ("search", json!({"query": "x", "date_from": "2024-06", "date_to": "2024-05"}), "/date_to", "a date that is not before date_from, 2024-06".into()),
        ("search", json!({"query": "x", "sort_by": "likes"}), "/sort_by", "unknown variant `likes`, expected one of `relevance`, `citationCount`, `publicationDate`".into()),
        ("search", json!({"query": "x", "min_citations": -1}), "/min_citations", "invalid value: integer `-1`, expected u32".into()),
        ("trending", json!({"date": "2024-05"}), "/date", "a day, as 2024-05-31, not \"2024-05\"".into()),
        ("paper_details", json!({"arxiv_id": "attention"}), "/arxiv_id", format!("{id} \"attention\"")),
        ("read_paper", json!({"arxiv_id": "1706.03762", "section": " "}), "/section", "a number or a title; leave it out for the list".into()),
        ("citation_graph", json!({"arxiv_id": "1706.03762", "direction": "up"}), "/direction", "unknown variant `up`, expected one of `citations`, `references`, `both`".into()),
        ("recommend", json!({}), "/arxiv_id", "an arXiv id, or positive_ids in its place".into()),
        ("recommend", json!({"positive_ids": "1706.03762, x"}), "/positive_ids", format!("{id} \" x\"")),
        ("recommend", json!({"arxiv_id": "1706.03762", "positive_ids": "1706.03762"}), "/positive_ids", "either arxiv_id or positive_ids, not both".into()),
        ("recommend", json!({"arxiv_id": "1706.03762", "negative_ids": "1706.03762"}), "/negative_ids", "positive_ids beside it, in place of arxiv_id".into()),
        ("find_models", json!({"arxiv_id": "1706.03762", "sort": "size"}), "/sort", "unknown variant `size`, expected one of `downloads`, `likes`, `trending`".into()),
    ];
    for (operation, arguments, pointer, expected) in table {
        assert_eq!(
            call(operation, arguments.clone()),
            Err(Failure::argument(pointer, expected)),
            "{operation} {arguments}"
        );
    }
    assert_eq!(asked.borrow().as_slice(), [] as [&str; 0]);
}

#[test]
fn lists_of_the_hub() {
    let entries: Vec<Value> = (1..=30)
        .map(|number| json!({"paper": hub_paper(number), "title": "x", "numComments": 1}))
        .collect();
    let (_entered, asked) = served(vec![
        (HUB, "/api/daily_papers", json_reply(&json!(entries))),
        (
            HUB,
            "/api/papers/search",
            json_reply(&json!([hub_paper(1), {"paper": {"id": "2503.00002"}}])),
        ),
    ]);
    golden(
        "trending",
        &call("trending", json!({"limit": 2, "date": "2025-03-04"})).unwrap(),
    );
    golden(
        "search",
        &call("search", json!({"query": "cooling"})).unwrap(),
    );
    let found = told(call(
        "trending",
        json!({"query": "SCHEDULES 2", "limit": 20}),
    ));
    assert!(
        found.starts_with("# Trending papers with \"SCHEDULES 2\" (among 30)\n\nShowing 11 papers"),
        "{found}"
    );
    assert!(told(call("trending", json!({"query": "sixth"}))).contains("Showing 10 papers"));
    assert_eq!(
        asked.borrow().as_slice(),
        [
            "GET https://huggingface.co/api/daily_papers?limit=2&date=2025-03-04",
            "GET https://huggingface.co/api/papers/search?q=cooling&limit=10",
            "GET https://huggingface.co/api/daily_papers?limit=60",
            "GET https://huggingface.co/api/daily_papers?limit=30",
        ]
    );
}

#[test]
fn a_long_list_is_read_in_pieces() {
    let entries: Vec<Value> = (1..=50)
        .map(|number| json!({"paper": hub_paper(number)}))
        .collect();
    let (_entered, _) = served(vec![(
        HUB,
        "/api/daily_papers",
        json_reply(&json!(entries)),
    )]);
    let mut whole = String::new();
    let mut offset = 0;
    loop {
        let output = call("trending", json!({"limit": 50, "offset": offset})).unwrap();
        let piece = text(&output);
        assert!(piece.chars().count() <= 16_000);
        let Some((body, note)) = piece.rsplit_once("\n\n[characters ") else {
            whole.push_str(piece);
            break;
        };
        whole.push_str(body);
        let next = note.rsplit_once("offset=").unwrap().1;
        offset = next.trim_end_matches(" for more]").parse().unwrap();
    }
    assert_eq!(whole.matches("**arxiv_id:**").count(), 50);
    assert_eq!(
        call("trending", json!({"limit": 50, "offset": 999_999})).map_err(|failure| format!("{failure:?}").contains("the result has no more characters")),
        Err(true)
    );
}

#[test]
fn a_paper_in_detail() {
    let (_entered, asked) = served(vec![(
        HUB,
        "/api/papers/2503.00001",
        json_reply(&hub_paper(1)),
    )]);
    golden(
        "paper_details",
        &call(
            "paper_details",
            json!({"arxiv_id": "https://arxiv.org/abs/2503.00001v3"}),
        )
        .unwrap(),
    );
    let missing = told(call("paper_details", json!({"arxiv_id": "2503.00009"})));
    assert!(
        missing.contains("the Hub has no page for the paper 2503.00009")
            && missing.contains("read_paper"),
        "{missing}"
    );
    assert_eq!(
        asked.borrow().as_slice(),
        [
            "GET https://huggingface.co/api/papers/2503.00001",
            "GET https://huggingface.co/api/papers/2503.00009"
        ]
    );
}

#[test]
fn a_search_with_filters_is_semantic_scholars() {
    let many: Vec<Value> = (1..=20).map(scholar_paper).collect();
    let (_entered, asked) = served(vec![(
        SCHOLAR,
        "/graph/v1/paper/search/bulk",
        json_reply(&json!({"total": 321, "token": null, "data": many})),
    )]);
    let arguments = json!({
        "query": "cooling", "limit": 3, "date_from": "2024", "date_to": "2024-06", "categories": "Computer Science",
        "min_citations": 5, "sort_by": "citationCount",
    });
    golden("search_filtered", &call("search", arguments).unwrap());
    assert!(
        told(call(
            "search",
            json!({"query": "cooling", "sort_by": "relevance"})
        ))
        .contains("Showing 10 papers of 321")
    );
    let fields =
        "fields=title%2CexternalIds%2Cyear%2CcitationCount%2Ctldr%2Cvenue%2CpublicationDate";
    assert_eq!(
        asked.borrow().as_slice(),
        [
            format!(
                "GET {SCHOLAR}/graph/v1/paper/search/bulk?query=cooling&limit=3&{fields}&publicationDateOrYear=2024%3A2024-06&fieldsOfStudy=Computer%20Science&minCitationCount=5&sort=citationCount%3Adesc x-api-key"
            ),
            format!(
                "GET {SCHOLAR}/graph/v1/paper/search/bulk?query=cooling&limit=10&{fields} x-api-key"
            ),
        ]
    );
}

#[test]
fn where_semantic_scholar_fails_the_hub_is_searched_and_that_is_said() {
    let limited = Reply::new(429)
        .header("retry-after", "7")
        .body("{\"message\":\"Too Many Requests\"}");
    let (entered, asked) = served(vec![
        (SCHOLAR, "/", limited),
        (
            HUB,
            "/api/papers/search",
            json_reply(&json!([hub_paper(2)])),
        ),
    ]);
    golden(
        "search_fallback",
        &call(
            "search",
            json!({"query": "cooling", "min_citations": 5, "date_to": "2024"}),
        )
        .unwrap(),
    );
    // What it asked to wait was waited for, twice, and no longer.
    assert_eq!(entered.waits(), [7_000, 7_000]);
    assert_eq!(asked.borrow().len(), 4);
    drop(entered);

    // An hour is not waited for; where there is nothing to fall back to, the failure says how long.
    let (entered, _) = served(vec![(
        SCHOLAR,
        "/",
        Reply::new(429).header("retry-after", "3600"),
    )]);
    match call("snippet_search", json!({"query": "cooling"})) {
        Err(Failure::Upstream(said)) => {
            assert_eq!((said.status, said.retry_after), (Some(429), Some(3_600)));
            assert!(said.message.contains("S2_API_KEY"), "{}", said.message);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(entered.waits(), [] as [u32; 0]);
    drop(entered);

    let table = [
        (
            Reply::new(404).body("{\"error\":\"Paper not found\"}"),
            "Semantic Scholar does not know this paper",
        ),
        (Reply::new(403), "check S2_API_KEY"),
        (
            Reply::new(200).body("<!doctype html>"),
            "is not the JSON that was expected",
        ),
        (
            Reply::new(302).header("location", "http://127.0.0.1/"),
            "status 302",
        ),
    ];
    for (reply, expected) in table {
        let (_entered, _) = served(vec![(SCHOLAR, "/", reply)]);
        let found = told(call("recommend", json!({"arxiv_id": "1706.03762"})));
        assert!(
            found.starts_with("Failure::Failed(") && found.contains(expected),
            "{found}"
        );
    }
}

#[test]
fn citations_both_ways() {
    let edge = |number: usize, key: &str| {
        json!({
            key: scholar_paper(number),
            "contexts": if number == 1 { json!(["As shown there, it works. ".repeat(20), "second", "third"]) } else { Value::Null },
            "intents": if number == 1 { json!(["methodology", "background"]) } else { json!([]) },
            "isInfluential": number == 1,
        })
    };
    let (_entered, asked) = served(vec![
        (
            SCHOLAR,
            "/graph/v1/paper/ARXIV:1706.03762/references",
            json_reply(&json!({"offset": 0, "data": null})),
        ),
        (
            SCHOLAR,
            "/graph/v1/paper/ARXIV:1706.03762/citations",
            json_reply(&json!({"data": [edge(1, "citingPaper"), edge(3, "citingPaper")]})),
        ),
        (
            SCHOLAR,
            "/graph/v1/paper/ARXIV:1706.00001/references",
            json_reply(&json!({"data": [edge(1, "citedPaper")]})),
        ),
    ]);
    golden(
        "citation_graph",
        &call(
            "citation_graph",
            json!({"arxiv_id": "1706.03762v7", "limit": 5}),
        )
        .unwrap(),
    );
    // One side that fails is told.
    let half = told(call("citation_graph", json!({"arxiv_id": "1706.00001"})));
    assert!(
        half.contains("## References (1)")
            && half.contains(
                "## Citations\n\nNot available: Semantic Scholar does not know this paper"
            ),
        "{half}"
    );
    let one = told(call(
        "citation_graph",
        json!({"arxiv_id": "1706.00001", "direction": "references"}),
    ));
    assert!(
        one.contains("## References (1)")
            && !one.contains("## Citations ")
            && !one.contains("\n## Citations"),
        "{one}"
    );
    let none = told(call("citation_graph", json!({"arxiv_id": "1706.00002"})));
    assert!(none.starts_with("Failure::Failed("), "{none}");
    let edge = "fields=title%2CexternalIds%2Cyear%2CcitationCount%2CinfluentialCitationCount%2Ccontexts%2Cintents%2CisInfluential";
    assert_eq!(
        asked.borrow()[..2],
        [
            format!(
                "GET {SCHOLAR}/graph/v1/paper/ARXIV:1706.03762/references?{edge}&limit=5 x-api-key"
            ),
            format!(
                "GET {SCHOLAR}/graph/v1/paper/ARXIV:1706.03762/citations?{edge}&limit=5 x-api-key"
            ),
        ]
    );
}

#[test]
fn passages_and_recommendations() {
    let passages = json!({"data": [
        {"score": 0.9, "paper": {"corpusId": "123", "title": "A"}, "snippet": {"text": "words ".repeat(100), "section": "Method", "snippetKind": "body"}},
        {"paper": {"title": "B", "externalIds": {"ArXiv": "2401.00002"}}, "snippet": {"text": "short", "snippetKind": "abstract"}},
    ]});
    let papers = json!({"recommendedPapers": [scholar_paper(1), scholar_paper(2)]});
    let (_entered, asked) = served(vec![
        (SCHOLAR, "/graph/v1/snippet/search", json_reply(&passages)),
        (SCHOLAR, "/recommendations/v1/papers", json_reply(&papers)),
    ]);
    golden(
        "snippet_search",
        &call(
            "snippet_search",
            json!({"query": "cooling", "date_from": "2024-01-01"}),
        )
        .unwrap(),
    );
    golden(
        "recommend",
        &call("recommend", json!({"arxiv_id": "1706.03762", "limit": 2})).unwrap(),
    );
    let several = told(call(
        "recommend",
        json!({"positive_ids": "1706.03762, arXiv:2005.14165v4", "negative_ids": "2401.00001"}),
    ));
    assert!(
        several.starts_with("# Papers like 1706.03762, 2005.14165\n"),
        "{several}"
    );
    let asked = asked.borrow();
    assert!(asked[0].contains("/graph/v1/snippet/search?query=cooling&limit=10&publicationDateOrYear=2024-01-01%3A x-api-key"), "{}", asked[0]);
    assert!(
        asked[1].contains("/recommendations/v1/papers/forpaper/ARXIV:1706.03762?fields="),
        "{}",
        asked[1]
    );
    assert!(
        asked[1].ends_with("&limit=2&from=recent x-api-key"),
        "{}",
        asked[1]
    );
    assert!(
        asked[2]
            .starts_with("POST https://api.semanticscholar.org/recommendations/v1/papers/?fields="),
        "{}",
        asked[2]
    );
    assert!(asked[2].ends_with(r#"x-api-key {"positivePaperIds":["ARXIV:1706.03762","ARXIV:2005.14165"],"negativePaperIds":["ARXIV:2401.00001"]}"#), "{}", asked[2]);
}

#[test]
fn resources_of_a_paper() {
    let dataset = |id: &str| json!({"id": id, "downloads": 12_345, "likes": 6, "tags": ["arxiv:1706.03762", "task:x", "a", "b", "c", "d", "e"], "description": "Rows.\n\n".repeat(80)});
    let model = json!({"id": "google/bert", "downloads": 7, "likes": 1, "pipeline_tag": "fill-mask", "library_name": "transformers", "tags": []});
    let collection = json!({"slug": "a/b-1", "title": "Classics", "description": null, "upvotes": 3, "items": [{"id": "x"}, {"id": "y"}]});
    let all = vec![
        (
            HUB,
            "/api/datasets",
            json_reply(&json!([dataset("wmt/wmt14"), dataset("b/c")])),
        ),
        (HUB, "/api/models", json_reply(&json!([model]))),
        (HUB, "/api/collections", json_reply(&json!([collection]))),
    ];
    let (entered, asked) = served(all.clone());
    golden(
        "find_datasets",
        &call(
            "find_datasets",
            json!({"arxiv_id": "1706.03762", "sort": "trending", "limit": 2}),
        )
        .unwrap(),
    );
    golden(
        "find_models",
        &call("find_models", json!({"arxiv_id": "1706.03762"})).unwrap(),
    );
    golden(
        "find_collections",
        &call("find_collections", json!({"arxiv_id": "1706.03762"})).unwrap(),
    );
    golden(
        "find_all_resources",
        &call("find_all_resources", json!({"arxiv_id": "1706.03762"})).unwrap(),
    );
    assert_eq!(
        asked.borrow()[..3],
        [
            "GET https://huggingface.co/api/datasets?filter=arxiv%3A1706.03762&limit=2&sort=trendingScore&direction=-1",
            "GET https://huggingface.co/api/models?filter=arxiv%3A1706.03762&limit=10&sort=downloads&direction=-1",
            "GET https://huggingface.co/api/collections?paper=1706.03762",
        ]
    );
    drop(entered);
    let (entered, _) = served(all[..1].to_vec());
    let some = told(call(
        "find_all_resources",
        json!({"arxiv_id": "1706.03762"}),
    ));
    assert!(
        some.contains("## Datasets (2)") && some.contains("## Models\n\nNot available: not found"),
        "{some}"
    );
    drop(entered);
    let (_entered, _) = served(vec![(HUB, "/api", Reply::new(200).body("[]"))]);
    let none = told(call("find_models", json!({"arxiv_id": "1706.03762"})));
    assert_eq!(
        none,
        "# 0 models for the paper 1706.03762\n\nNo model on the Hub names this paper."
    );
}

fn with_paper() -> (Entered, Asked) {
    served(vec![
        (ARXIV, "/html/2503.01234v2", Reply::new(200).body(PAPER)),
        (
            ARXIV,
            "/html/2503.01234",
            Reply::new(301).header("location", "/html/2503.01234v2"),
        ),
    ])
}

#[test]
fn a_paper_is_read() {
    let (_entered, asked) = with_paper();
    let read = |section: &str| {
        call(
            "read_paper",
            json!({"arxiv_id": "2503.01234", "section": section}),
        )
    };
    golden(
        "read_paper",
        &call("read_paper", json!({"arxiv_id": "arXiv:2503.01234"})).unwrap(),
    );
    for (name, section) in [
        ("read_introduction", "1"),
        ("read_method", "method"),
        ("read_results", "Results"),
        ("read_references", "references"),
        ("read_figures", "figures"),
        ("read_tables", "tables"),
        ("read_appendix", "Appendix A"),
    ] {
        golden(name, &read(section).unwrap());
    }
    assert_eq!(
        asked.borrow()[..2],
        [
            "GET https://arxiv.org/html/2503.01234",
            "GET https://arxiv.org/html/2503.01234v2"
        ]
    );
    // What a name means.
    let table = [
        ("2.1", "### 2.1 Training loop"),
        ("Section 2.1", "### 2.1 Training loop"),
        ("§3", "## 3 Results"),
        ("TRAINING LOOP", "### 2.1 Training loop"),
        ("2.1  training loop", "### 2.1 Training loop"),
        ("loop", "### 2.1 Training loop"),
        ("a", "## Appendix A Hyper-parameters"),
        ("A.1", "### A.1 Optimiser"),
        ("abstract", "## Abstract"),
        ("bibliography", "## References"),
        ("optim", "### A.1 Optimiser"),
    ];
    for (section, heading) in table {
        let found = told(read(section));
        assert!(
            found.contains(&format!("\n{heading}\n")),
            "{section}: {found}"
        );
    }
    assert!(
        told(read("o")).contains("(also fits: 2 Method; 2.1 Training loop;"),
        "{}",
        told(read("o"))
    );
    assert_eq!(
        read("conclusion"),
        Err(Failure::argument(
            "/section",
            "a section of the paper, not \"conclusion\"; it has: 1 Introduction; 2 Method; 2.1 Training loop; 3 Results; \
             References; Appendix A Hyper-parameters; A.1 Optimiser; and abstract, references, figures, tables"
        ))
    );
}

#[test]
fn a_long_section_comes_in_pieces_that_make_the_whole() {
    let long = format!(
        "<article class='ltx_document'><section class='ltx_section'><h2 class='ltx_title ltx_title_section'>Long</h2>{}</section></article>",
        (0..600)
            .map(|at| format!(
                "<div class='ltx_para'><p class='ltx_p'>Paragraph {at} of é many.</p></div>"
            ))
            .collect::<String>()
    );
    let (_entered, _) = served(vec![(ARXIV, "/html/", Reply::new(200).body(long))]);
    let (mut whole, mut offset, mut pieces) = (String::new(), 0, 0);
    loop {
        let output = call(
            "read_paper",
            json!({"arxiv_id": "2503.01234", "section": "long", "offset": offset}),
        )
        .unwrap();
        let piece = text(&output).split_once("\n\n").unwrap().1.to_owned();
        pieces += 1;
        let Some((body, note)) = piece.rsplit_once("\n\n[characters ") else {
            whole.push_str(&piece);
            break;
        };
        assert!(body.chars().count() <= 8_000);
        whole.push_str(body);
        offset = note
            .rsplit_once("offset=")
            .unwrap()
            .1
            .trim_end_matches(" for more]")
            .parse()
            .unwrap();
        whole.push_str("\n\n");
    }
    assert_eq!(pieces, 2);
    assert_eq!(whole.matches(" of é many.").count(), 600);
    let all = whole
        .split("\n\n")
        .filter(|block| !block.trim().is_empty())
        .count();
    assert_eq!(all, 601);
    let behind = told(call(
        "read_paper",
        json!({"arxiv_id": "2503.01234", "section": "long", "offset": 99_999}),
    ));
    assert!(behind.contains("/offset"), "{behind}");
}

#[test]
fn where_there_is_no_html_the_abstract_is_given_and_that_is_said() {
    let details = (HUB, "/api/papers/2503.00001", json_reply(&hub_paper(1)));
    let (entered, asked) = served(vec![
        details.clone(),
        (
            AR5IV,
            "/html/2503.00001",
            Reply::new(307).header("location", "https://arxiv.org/abs/2503.00001"),
        ),
    ]);
    golden(
        "read_fallback",
        &call(
            "read_paper",
            json!({"arxiv_id": "2503.00001", "section": "3"}),
        )
        .unwrap(),
    );
    // The page about the paper is asked for nowhere: no operation needs it.
    assert_eq!(
        asked.borrow().as_slice(),
        [
            "GET https://arxiv.org/html/2503.00001",
            "GET https://ar5iv.labs.arxiv.org/html/2503.00001",
            "GET https://huggingface.co/api/papers/2503.00001",
        ]
    );
    drop(entered);

    // Old papers are ar5iv's.
    let (entered, _) = served(vec![(
        AR5IV,
        "/html/2503.00001",
        Reply::new(200).body(PAPER),
    )]);
    let found = told(call("read_paper", json!({"arxiv_id": "2503.00001"})));
    assert!(
        found.contains("HTML: https://ar5iv.labs.arxiv.org/html/2503.00001\n"),
        "{found}"
    );
    drop(entered);

    // Every way in which arXiv can fail ends there too.
    let table = [
        (Reply::new(503), "arXiv: status 503"),
        (
            Reply::new(200).body("<!doctype html><title>Checking your browser</title>"),
            "arXiv: its page holds no paper",
        ),
        (
            Reply::new(200)
                .header("content-length", "99999999")
                .body("x"),
            "arXiv: http GET https://arxiv.org:443/html/2503.00001: the answer has more than 16777216 bytes",
        ),
        (
            Reply::new(302).header("location", "http://127.0.0.1/x"),
            "arXiv: no HTML of it (it leads to http://127.0.0.1:80/x)",
        ),
        (
            Reply::new(302).header("location", "/html/2503.00001"),
            "arXiv: http GET https://arxiv.org:443/html/2503.00001: the answer is one more redirect after 4",
        ),
    ];
    for (reply, expected) in table {
        let (_entered, _) = served(vec![details.clone(), (ARXIV, "/html/", reply)]);
        let found = told(call("read_paper", json!({"arxiv_id": "2503.00001"})));
        assert!(
            found.contains("**Only the abstract:**") && found.contains(expected),
            "{expected}: {found}"
        );
    }
    let (_entered, _) = served(vec![]);
    let nothing = told(call("read_paper", json!({"arxiv_id": "2503.00001"})));
    assert!(nothing.starts_with("Failure::Failed(\"no text of the paper 2503.00001 was found (arXiv: no HTML of it (status 404); ar5iv: no HTML of it (status 404)), and no abstract:"), "{nothing}");
}

#[test]
fn a_list_of_many_sections_comes_in_pieces_too() {
    let sections: String = (1..=500)
        .map(|at| {
            format!(
                "<section class='ltx_section'><h2 class='ltx_title ltx_title_section'><span class='ltx_tag ltx_tag_section'>{at} </span>A \
                 section with a name</h2><div class='ltx_para'><p class='ltx_p'>{}</p></div></section>",
                "words ".repeat(100)
            )
        })
        .collect();
    let page = format!(
        "<article class='ltx_document'><h1 class='ltx_title ltx_title_document'>Long</h1>{sections}</article>"
    );
    let (_entered, _) = served(vec![(ARXIV, "/html/", Reply::new(200).body(page))]);
    let first = call("read_paper", json!({"arxiv_id": "2503.01234"})).unwrap();
    assert!(text(&first).chars().count() <= 16_000);
    // Without their beginnings, since there is no room for them.
    assert!(
        text(&first).contains("- **1 A section with a name** (599 characters)\n"),
        "{}",
        &text(&first)[..300]
    );
    let note = text(&first)
        .rsplit_once("call again with offset=")
        .unwrap()
        .1;
    let offset: u32 = note.trim_end_matches(" for more]").parse().unwrap();
    let second = told(call(
        "read_paper",
        json!({"arxiv_id": "2503.01234", "offset": offset}),
    ));
    assert!(
        second.starts_with("- **") && second.contains("- **500 A section with a name**"),
        "{second}"
    );
    let structured: Value = serde_json::from_str(first.structured.as_deref().unwrap()).unwrap();
    assert_eq!(structured["sections"].as_array().unwrap().len(), 500);
}
