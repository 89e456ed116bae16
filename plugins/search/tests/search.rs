//! The two tools as they are called: arguments, requests, results; and against the stand-in server.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is a test's report"
)]

use std::path::Path;
use std::time::Duration;

use ml_intern_sdk::http::native::{Entered, Native, Reply};
use ml_intern_sdk::{Call, Content, Failure, Need, Output};
use ml_intern_search::plugin;
use ml_intern_stand_in::{Fault, StandIn};
use serde_json::{Value, json};

const DUCK: &str = "https://html.duckduckgo.com";

fn call(tool: &str, arguments: &Value) -> Result<Output, Failure> {
    plugin().invoke(&Call {
        id: "1".into(),
        tool: tool.into(),
        operation: tool.into(),
        arguments: arguments.to_string(),
    })
}

fn search(arguments: Value) -> Result<Output, Failure> {
    call("web_search", &arguments)
}

fn fetch(arguments: Value) -> Result<Output, Failure> {
    call("web_fetch", &arguments)
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

fn entered() -> (StandIn, Entered) {
    let server = StandIn::start();
    server.public_links(true);
    let mut native = Native::new();
    for (origin, at) in server.endpoints() {
        native = native.serves(&origin, at);
    }
    (
        server,
        native.bearer("huggingface", "hf_standin_ada").enter(),
    )
}

fn structured(output: &Output) -> Value {
    serde_json::from_str(output.structured.as_deref().unwrap()).unwrap()
}

#[test]
fn each_tool_declares_exactly_what_it_asks() {
    let manifest = plugin().manifest();
    let needs: Vec<Vec<Need>> = manifest
        .tools
        .iter()
        .flat_map(|tool| {
            tool.operations
                .iter()
                .map(|operation| operation.needs.clone())
        })
        .collect();
    let get = ml_intern_sdk::HttpMethod::Get;
    assert_eq!(
        needs,
        [
            vec![ml_intern_sdk::need::http(
                DUCK,
                [get],
                ["/html"],
                "searches the web"
            )],
            vec![ml_intern_sdk::need::web([get])],
        ]
    );
    for tool in &manifest.tools {
        let words = tool.description.split_whitespace().count();
        assert!(words <= 120, "{words} words");
    }
    let schema: Value = serde_json::from_str(&manifest.tools.first().unwrap().parameters).unwrap();
    assert_eq!(
        schema.pointer("/properties/query/minLength"),
        Some(&json!(2))
    );
    assert_eq!(schema.pointer("/additionalProperties"), Some(&json!(false)));
}

#[test]
fn arguments_that_do_not_fit_are_named_and_nothing_is_sent() {
    let _entered = Native::new()
        .replies(DUCK, |_| panic!("nothing is sent"))
        .enter();
    let table = [
        ("web_search", json!({}), "/query", "a value: it is required".to_owned()),
        ("web_search", json!({"query": null}), "/query", "invalid type: null, expected a string".into()),
        ("web_search", json!({"query": " x "}), "/query", "a text of two characters or more".into()),
        ("web_search", json!({"query": "é".repeat(1_001)}), "/query", "1000 characters at most, not 1001".into()),
        ("web_search", json!({"query": "xy", "max_results": 21}), "/max_results", "1 to 20, not 21".into()),
        ("web_search", json!({"query": "xy", "max_results": 0}), "/max_results", "1 to 20, not 0".into()),
        ("web_search", json!({"query": "xy", "max_results": "8"}), "/max_results", "invalid type: string \"8\", expected u32".into()),
        ("web_search", json!({"query": "xy", "allowed_domains": "a.example"}), "/allowed_domains", "invalid type: string \"a.example\", expected a sequence".into()),
        ("web_search", json!({"query": "xy", "blocked_domains": ["a.example", "b c"]}), "/blocked_domains/1", "a domain, as example.org, not \"b c\"".into()),
        ("web_fetch", json!({"url": "example.org"}), "/url", "an address, as https://example.org/page, not \"example.org\" (relative URL without a base)".into()),
        ("web_fetch", json!({"url": "file:///etc/passwd"}), "/url", "an address of http or https, not file".into()),
        ("web_fetch", json!({"url": "https://me:pw@example.org/"}), "/url", "an address without a user name or a password".into()),
        ("web_fetch", json!({"url": format!("https://example.org/{}", "x".repeat(1_000))}), "/url", "1000 bytes at most".into()),
        ("web_fetch", json!({"url": "https://example.org/", "offset": -1}), "/offset", "invalid value: integer `-1`, expected u32".into()),
        ("web_fetch", json!({"url": "https://example.org/", "method": "POST"}), "/method", "no such argument; the known are: `url` or `offset`".into()),
    ];
    for (tool, arguments, pointer, expected) in table {
        assert_eq!(
            call(tool, &arguments),
            Err(Failure::argument(pointer, expected)),
            "{arguments}"
        );
    }
}

#[test]
fn results_have_snippets_and_no_advertisements() {
    let (server, _entered) = entered();
    let output = search(json!({"query": "calibration of boosting"})).unwrap();
    golden("web_search", &output);
    let mut found = structured(&output);
    let seconds = found
        .as_object_mut()
        .unwrap()
        .remove("durationSeconds")
        .unwrap();
    assert!(seconds.as_f64().is_some_and(|seconds| seconds >= 0.0));
    assert_eq!(found.get("query"), Some(&json!("calibration of boosting")));
    assert_eq!(
        found.pointer("/results/0"),
        Some(&json!(
            "Search results for \"calibration of boosting\". Include a Sources section in the final answer."
        ))
    );
    assert_eq!(
        found.pointer("/results/1/tool_use_id"),
        Some(&json!("web_search_1"))
    );
    let hits = found
        .pointer("/results/1/content")
        .unwrap()
        .as_array()
        .unwrap();
    assert_eq!(hits.len(), 8);
    assert_eq!(
        hits.first(),
        Some(&json!({
            "title": "Calibration of classifiers, explained with wine",
            "url": "https://example.org/blog/calibration-with-wine",
            "snippet": "Why a model that says 95% should be right 95 times in 100, and what to do if it isn't.",
        }))
    );
    let asked: Vec<String> = server
        .asked()
        .iter()
        .map(|asked| {
            format!(
                "{} {}{}?{}",
                asked.method, asked.origin, asked.path, asked.query
            )
        })
        .collect();
    assert_eq!(
        asked,
        ["GET https://html.duckduckgo.com/html/?q=calibration%20of%20boosting"]
    );
}

#[test]
fn results_are_of_the_domains_that_are_wanted() {
    let (_server, _entered) = entered();
    let urls = |arguments: Value| -> Vec<String> {
        let found = structured(&search(arguments).unwrap());
        let hits = found
            .pointer("/results/1/content")
            .unwrap()
            .as_array()
            .unwrap()
            .clone();
        hits.iter()
            .map(|hit| hit.get("url").unwrap().as_str().unwrap().to_owned())
            .collect()
    };
    let query = "gradient boosting";
    let only = urls(json!({"query": query, "allowed_domains": ["wikipedia.org"]}));
    assert_eq!(
        only,
        ["https://en.wikipedia.org/wiki/Boosting_(machine_learning)"]
    );
    let without = urls(
        json!({"query": query, "blocked_domains": ["arxiv.org", "https://github.com/x"], "max_results": 20}),
    );
    assert!(
        !without.is_empty()
            && without
                .iter()
                .all(|url| !url.contains("arxiv.org") && !url.contains("github.com")),
        "{without:?}"
    );
    assert_eq!(urls(json!({"query": query, "max_results": 2})).len(), 2);
    let none = told(search(
        json!({"query": query, "allowed_domains": ["nowhere.example"]}),
    ));
    assert!(
        none.starts_with("No results for \"gradient boosting\". ")
            && none.contains("site:nowhere.example"),
        "{none}"
    );
    assert_eq!(
        told(search(json!({"query": "zzzz qqqq"}))),
        "No results for \"zzzz qqqq\"."
    );
}

#[test]
fn a_challenge_is_a_failure_that_says_to_try_later() {
    let challenge = "<form id='challenge-form'><div class='anomaly-modal__title'>Unfortunately, bots use DuckDuckGo too.</div></form>";
    let table = [
        (Reply::new(202).body(challenge), "takes this for a robot"),
        (Reply::new(200).body(challenge), "takes this for a robot"),
        (Reply::new(403), "takes this for a robot"),
        (
            Reply::new(200).body("<title>Please wait</title>"),
            "no page of results",
        ),
        (Reply::new(429).header("retry-after", "90"), "status 429"),
        (Reply::new(500), "status 500"),
    ];
    for (reply, expected) in table {
        let entered = Native::new().replies(DUCK, move |_| reply.clone()).enter();
        match search(json!({"query": "wine"})) {
            Err(Failure::Upstream(said)) => {
                assert!(said.message.contains(expected), "{}", said.message)
            }
            other => panic!("{expected}: {other:?}"),
        }
        drop(entered);
    }
    let (server, _entered) = entered();
    for (fault, kind, expected) in [
        (Fault::Cut, "Failure::Upstream", "broke off"),
        (Fault::WrongType, "Failure::Upstream", "no page of results"),
        (
            Fault::Huge(5 << 20),
            "Failure::Failed",
            "more than 4194304 bytes",
        ),
        (
            Fault::Redirect("http://169.254.169.254/".into()),
            "Failure::Failed",
            "status 302",
        ),
    ] {
        server.clear();
        server.fault("GET https://html.duckduckgo.com/", fault);
        let found = told(search(json!({"query": "wine"})));
        assert!(
            found.starts_with(kind) && found.contains(expected),
            "{found}"
        );
    }
    server.clear();
    server.fault(
        "GET https://html.duckduckgo.com/",
        Fault::Slow(Duration::from_millis(50)),
    );
    assert!(told(search(json!({"query": "wine"}))).starts_with("# Web results"));
}

const PAGE: &str = include_str!("data/page.html");

fn site() -> Entered {
    Native::new()
        .replies("https://docs.example", |request| {
            let html = |body: &str| {
                Reply::new(200)
                    .header("content-type", "text/html; charset=utf-8")
                    .body(body)
            };
            match request.path.as_str() {
                "/guide/train" => html(PAGE),
                "/old" => Reply::new(301).header("location", "/guide/train"),
                "/away" => Reply::new(302).header("location", "https://other.example/x"),
                "/loop" => Reply::new(302).header("location", "/loop"),
                "/private" => Reply::new(302).header("location", "http://127.0.0.1/admin"),
                "/app" => html("<title>App</title><div id=root></div><script>boot()</script>"),
                "/data.json" => Reply::new(200)
                    .header("content-type", "application/json")
                    .body("{\"a\": [1, 2]}"),
                "/notes.md" => Reply::new(200)
                    .header("content-type", "text/markdown")
                    .body("# Notes\n\n* one"),
                "/paper.pdf" => Reply::new(200)
                    .header("content-type", "application/pdf")
                    .header("content-length", "1234")
                    .body("%PDF"),
                "/hidden.pdf" => Reply::new(200)
                    .header("content-type", "text/html")
                    .body("%PDF-1.5 ..."),
                "/model.bin" => Reply::new(200).body(vec![0_u8; 100]),
                "/long" => Reply::new(200)
                    .header("content-type", "text/plain")
                    .body("a line of text\n".repeat(3_000)),
                "/huge" => Reply::new(200)
                    .header("content-type", "text/plain")
                    .body("0123456789abcde\n".repeat(400_000)),
                "/error" => Reply::new(500).body("<html>stack trace</html>"),
                "/told" => Reply::new(404).body("no such page"),
                _ => Reply::new(404).body("<html>not found</html>"),
            }
        })
        .replies("https://other.example", |_| {
            Reply::new(200)
                .header("content-type", "text/plain")
                .body("elsewhere")
        })
        .enter()
}

#[test]
fn a_page_is_read_as_markdown() {
    let _entered = site();
    let output = fetch(json!({"url": "https://docs.example/old#part"})).unwrap();
    golden("web_fetch", &output);
    let found = structured(&output);
    assert_eq!(
        found.get("url"),
        Some(&json!("https://docs.example/guide/train"))
    );
    assert_eq!(found.get("title"), Some(&json!("Training — Example docs")));
    assert_eq!(found.get("truncated"), Some(&json!(false)));
}

#[test]
fn what_is_text_is_told_and_what_is_not_is_refused() {
    let _entered = site();
    let table = [
        (
            "/data.json",
            "https://docs.example/data.json\n(application/json, 13 characters)\n\n{\"a\": [1, 2]}",
        ),
        (
            "/notes.md",
            "https://docs.example/notes.md\n(text/markdown, 14 characters)\n\n# Notes\n\n* one",
        ),
        (
            "/away",
            "https://other.example/x\n(text/plain, 9 characters)\n\nelsewhere",
        ),
        (
            "/app",
            "# App\nhttps://docs.example/app\n(HTML as Markdown, 0 characters)\n\nThe page has no text, or none without running its scripts.",
        ),
        (
            "/paper.pdf",
            "Failure::Failed(\"https://docs.example/paper.pdf is no text but application/pdf, 1234 bytes: only text can be read\")",
        ),
        (
            "/hidden.pdf",
            "Failure::Failed(\"https://docs.example/hidden.pdf is no text but application/pdf, 12 bytes: only text can be read\")",
        ),
        (
            "/model.bin",
            "Failure::Failed(\"https://docs.example/model.bin is no text but binary data, 100 bytes: only text can be read\")",
        ),
        (
            "/loop",
            "Failure::Failed(\"http GET https://docs.example:443/loop: the answer is one more redirect after 5\")",
        ),
        (
            "/told",
            "Failure::Failed(\"http GET https://docs.example:443/told: status 404: no such page\")",
        ),
        (
            "/none",
            "Failure::Failed(\"http GET https://docs.example:443/none: status 404\")",
        ),
    ];
    for (path, expected) in table {
        let found = told(fetch(json!({"url": format!("https://docs.example{path}")})));
        assert_eq!(found, expected, "{path}");
    }
    for (path, capability) in [
        (
            "https://docs.example/private",
            "http GET http://127.0.0.1:80/admin",
        ),
        (
            "https://nowhere.example/x",
            "http GET https://nowhere.example:443/x",
        ),
    ] {
        match fetch(json!({"url": path})) {
            Err(Failure::Denied(denial)) => assert_eq!(denial.capability, capability),
            other => panic!("{other:?}"),
        }
    }
    match fetch(json!({"url": "https://docs.example/error"})) {
        Err(Failure::Upstream(said)) => assert_eq!(
            said.message,
            "http GET https://docs.example:443/error: status 500"
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn long_pages_come_in_pieces_that_make_the_whole() {
    let _entered = site();
    let (mut whole, mut offset, mut pieces) = (String::new(), 0, 0);
    loop {
        let output = fetch(json!({"url": "https://docs.example/long", "offset": offset})).unwrap();
        assert!(text(&output).chars().count() <= 16_000);
        pieces += 1;
        let body = text(&output).split_once("\n\n").unwrap().1;
        let body = body
            .rsplit_once("\n\n[characters ")
            .map_or(body, |(body, _)| body);
        whole.push_str(body.trim_end());
        whole.push('\n');
        match structured(&output).get("next").unwrap().as_u64() {
            Some(next) => offset = next,
            None => break,
        }
    }
    assert_eq!(
        (pieces, whole == "a line of text\n".repeat(3_000)),
        (4, true)
    );
    assert_eq!(
        fetch(json!({"url": "https://docs.example/long", "offset": 45_000})),
        Err(Failure::argument(
            "/offset",
            "less than 45000: the page has no more characters"
        ))
    );
    // Of what is longer than that, the beginning is read, and that is said.
    let huge = fetch(json!({"url": "https://docs.example/huge"})).unwrap();
    assert!(text(&huge).contains("(text/plain, 5242880 characters, of the first 5 MiB of the page: the rest was not read)"), "{}", &text(&huge)[..200]);
    assert_eq!(structured(&huge).get("truncated"), Some(&json!(true)));
}

#[test]
fn faults_of_a_site_are_failures_that_say_which() {
    let (server, _entered) = entered();
    let page = json!({"url": "https://example.org/blog/calibration-with-wine"});
    assert!(told(fetch(page.clone())).contains("# Calibration of classifiers"));
    for (fault, expected) in [
        (Fault::Cut, "Failure::Upstream"),
        (Fault::Huge(6 << 20), "of the first 5 MiB"),
        (
            Fault::Redirect("http://169.254.169.254/latest".into()),
            "capability: \"http GET http://169.254.169.254:80/latest\"",
        ),
        (
            Fault::Status {
                status: 429,
                headers: vec![("retry-after".into(), "99".into())],
                body: "slow down".into(),
            },
            "retry-after: Some(99)",
        ),
        (
            Fault::Slow(Duration::from_millis(50)),
            "# Calibration of classifiers",
        ),
    ] {
        server.clear();
        server.fault("GET https://example.org/", fault);
        let found = told(fetch(page.clone()));
        assert!(found.contains(expected), "{expected}: {found}");
    }
    // No credential goes to a page, whoever has one.
    for asked in server.asked() {
        assert!(
            asked
                .headers
                .iter()
                .all(|(name, _)| name != "authorization")
        );
    }
}

#[test]
fn a_list_of_long_results_is_bounded() {
    let page: String = (0..20)
        .map(|at| {
            format!(
                "<div class='result'><a class='result__a' href='https://a.example/{at}/{}'>{}</a><a class='result__snippet'>{}</a></div>",
                "x".repeat(900),
                "title ".repeat(100),
                "snippet ".repeat(100)
            )
        })
        .collect();
    let _entered = Native::new()
        .replies(DUCK, move |_| Reply::new(200).body(page.clone()))
        .enter();
    let found = told(search(json!({"query": "wine", "max_results": 20})));
    assert!(found.chars().count() <= 16_000);
    assert!(
        found.contains("10. [")
            && !found.contains("11. [")
            && found.contains("\n10 more had no room here.\n"),
        "{found}"
    );
    let few = told(search(json!({"query": "wine", "max_results": 10})));
    assert!(few.contains("10. [") && !few.contains("no room"), "{few}");
}
