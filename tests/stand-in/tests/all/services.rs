//! What the services besides the Hub answer.

use std::collections::BTreeSet;

use crate::client::{ask, get, get_as, post};
use ml_intern_stand_in::StandIn;
use serde_json::{Value, json};

const GITHUB: &str = "/_/api.github.com";
const SCHOLAR: &str = "/_/api.semanticscholar.org";
const SERVER: &str = "/_/datasets-server.huggingface.co";
const WINE: &str = "dataset=tabular-lab%2Fwine-cultivars";

#[test]
fn every_endpoint_is_where_it_says_and_knows_its_name() {
    let server = StandIn::start();
    let endpoints = server.endpoints();
    assert_eq!(
        endpoints[0],
        ("https://huggingface.co".to_owned(), server.origin())
    );
    for (public, here) in &endpoints {
        let path = here.strip_prefix(&server.origin()).unwrap();
        get(&server, &format!("{path}/some/path?q=1"));
        let asked = server.asked().pop().unwrap();
        assert_eq!(
            (asked.origin, asked.path, asked.query),
            (public.clone(), "/some/path".to_owned(), "q=1".to_owned())
        );
    }
    assert_eq!(get(&server, "/_/nobody.example.org/").status, 404);
}

#[test]
fn links_are_local_until_they_are_to_be_public() {
    let server = StandIn::start();
    let path = "/tabular-lab/cgb-wine/resolve/main/model.safetensors";
    let here = get(&server, path).header("location").unwrap().to_owned();
    assert!(
        here.starts_with(&server.origin().replace("127.0.0.1", "localhost")),
        "{here}"
    );
    server.public_links(true);
    let public = get(&server, path).header("location").unwrap().to_owned();
    assert!(
        public.starts_with("https://cdn-lfs.hf.co/repos/"),
        "{public}"
    );
    let path = public.replace("https://", "/_/");
    assert_eq!(get(&server, &path).body.len(), 160_000);
    assert_eq!(
        get_as(&server, &path, &[("range", "bytes=10-19")])
            .body
            .len(),
        10
    );
    // The storage takes no token.
    assert_eq!(
        get_as(
            &server,
            &path,
            &[("authorization", "Bearer hf_standin_ada")]
        )
        .status,
        400
    );
}

#[test]
fn the_paper_has_all_that_a_reader_of_pages_must_know() {
    let server = StandIn::start();
    for id in ["2505.04321", "2505.04321v2"] {
        let page = get(&server, &format!("/_/arxiv.org/html/{id}")).text();
        for part in [
            "<h1 class=\"ltx_title ltx_title_document\">",
            "<div class=\"ltx_abstract\">",
            "<h2 class=\"ltx_title ltx_title_section\">",
            "<h3 class=\"ltx_title ltx_title_subsection\">",
            "alttext=\"F_t(x)=F_{t-1}(x)+\\eta\\,h_t(x),\"",
            "<figure class=\"ltx_table\"",
            "<figure class=\"ltx_figure\"",
            "<ul class=\"ltx_biblist\">",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }
    assert_eq!(get(&server, "/_/arxiv.org/html/2505.04321v9").status, 404);
    assert_eq!(get(&server, "/_/arxiv.org/html/2410.09912").status, 404);
    assert_eq!(
        get(&server, "/_/ar5iv.labs.arxiv.org/html/2410.09912").status,
        200
    );
    let elsewhere = get(&server, "/_/ar5iv.labs.arxiv.org/html/2503.11870");
    assert_eq!(elsewhere.status, 307);
}

#[test]
fn the_wine_table_has_its_planted_faults() {
    let server = StandIn::start();
    let rows = |split: &str, offset: usize| -> Vec<Value> {
        let answer = get(
            &server,
            &format!(
                "{SERVER}/rows?{WINE}&config=default&split={split}&offset={offset}&length=100"
            ),
        );
        let answer = answer.json();
        let rows = answer["rows"].as_array().unwrap();
        rows.iter().map(|row| row["row"].clone()).collect()
    };
    let mut train = rows("train", 0);
    train.extend(rows("train", 100));
    let test = rows("test", 0);
    assert_eq!((train.len(), test.len()), (150, 40));
    let known: BTreeSet<String> = train.iter().map(Value::to_string).collect();
    assert_eq!(train.len() - known.len(), 4, "duplicates in train");
    let leaked = test
        .iter()
        .filter(|row| known.contains(&row.to_string()))
        .count();
    assert_eq!(leaked, 6, "rows of test that are in train");
    let missing = |column: &str| train.iter().filter(|row| row[column].is_null()).count();
    assert_eq!(
        (missing("malic_acid"), missing("magnesium"), missing("hue")),
        (5, 2, 0)
    );
}

#[test]
fn the_datasets_server_speaks_of_both_datasets() {
    let server = StandIn::start();
    let json = |path: &str| get(&server, &format!("{SERVER}{path}")).json();
    assert_eq!(
        json(&format!("/is-valid?{WINE}")),
        json!({"preview": true, "viewer": true, "search": true, "filter": true, "statistics": true})
    );
    assert_eq!(
        json(&format!("/splits?{WINE}"))["splits"][1],
        json!({"dataset": "tabular-lab/wine-cultivars", "config": "default", "split": "test"})
    );
    let info = json(&format!("/info?{WINE}&config=default"));
    assert_eq!(
        info["dataset_info"]["features"]["cultivar"]["names"],
        json!(["barolo", "grignolino", "barbera"])
    );
    let first = json(&format!("/first-rows?{WINE}&config=default&split=train"));
    assert_eq!(
        (first["rows"].as_array().unwrap().len(), &first["truncated"]),
        (100, &json!(true))
    );
    let statistics = json(&format!("/statistics?{WINE}&config=default&split=train"));
    assert_eq!(
        statistics["statistics"][1]["column_statistics"]["nan_count"],
        5
    );
    let files = json(&format!("/parquet?{WINE}"));
    let url = files["parquet_files"][0]["url"].as_str().unwrap();
    assert_eq!(
        get(&server, url.strip_prefix(&server.origin()).unwrap()).status,
        302
    );
    let chats = json("/first-rows?dataset=tabular-lab/support-chats&config=default&split=train");
    assert_eq!(chats["rows"][1]["row"]["messages"][0]["role"], "system");
    assert_eq!(
        json(&format!("/size?{WINE}"))["size"]["dataset"]["num_rows"],
        190
    );

    for (path, token, status, code) in [
        (
            "/splits?dataset=ada/cellar-notes",
            "",
            401,
            "ExternalUnauthenticatedError",
        ),
        (
            "/splits?dataset=ada/cellar-notes",
            "hf_standin_reader",
            404,
            "ExternalAuthenticatedError",
        ),
        (
            "/splits?dataset=lin/credit-small",
            "",
            500,
            "EmptyDatasetError",
        ),
        ("/splits", "", 422, "MissingRequiredParameter"),
        (
            &format!("/rows?{WINE}&config=default&split=train&length=101"),
            "",
            422,
            "InvalidParameter",
        ),
        (
            &format!("/first-rows?{WINE}&config=default&split=dev"),
            "",
            404,
            "ResponseNotFound",
        ),
    ] {
        let bearer = format!("Bearer {token}");
        let headers: &[(&str, &str)] = if token.is_empty() {
            &[]
        } else {
            &[("authorization", &bearer)]
        };
        let answer = get_as(&server, &format!("{SERVER}{path}"), headers);
        assert_eq!(
            (answer.status, answer.header("x-error-code")),
            (status, Some(code)),
            "{path}"
        );
    }
}

#[test]
fn semantic_scholar_knows_the_graph_and_its_limit() {
    let server = StandIn::start();
    let json = |path: &str| get(&server, &format!("{SCHOLAR}{path}")).json();
    let paper = "/graph/v1/paper/ARXIV:2505.04321";
    let fields = "fields=title,externalIds,contexts,intents,isInfluential";
    let references = json(&format!("{paper}/references?{fields}&limit=10"));
    assert_eq!(
        (
            references["data"].as_array().unwrap().len(),
            &references["next"]
        ),
        (10, &json!(10))
    );
    let citations = json(&format!("{paper}/citations?{fields}"));
    let citations = citations["data"].as_array().unwrap();
    assert_eq!(citations.len(), 15);
    assert!(citations.iter().any(|edge| edge["isInfluential"] == true));
    assert!(citations.iter().any(|edge| edge["contexts"] == json!([])));
    let bulk = json(
        "/graph/v1/paper/search/bulk?query=calibration&sort=citationCount:desc&minCitationCount=50&fields=citationCount,year",
    );
    let counts: Vec<u64> = bulk["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|paper| paper["citationCount"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [140, 112, 74, 57]);
    let snippet = &json("/graph/v1/snippet/search?query=isotonic%20map")["data"][0];
    assert_eq!(
        (&snippet["paper"]["title"], &snippet["snippet"]["section"]),
        (
            &json!("Isotonic Maps without a Held-Out Set"),
            &json!("Abstract")
        )
    );
    let similar = json("/recommendations/v1/papers/forpaper/ARXIV:2505.04321?fields=title&limit=5");
    assert_eq!(similar["recommendedPapers"].as_array().unwrap().len(), 5);
    let many = post(
        &server,
        &format!("{SCHOLAR}/recommendations/v1/papers/?fields=title"),
        "",
        r#"{"positivePaperIds": ["ARXIV:2505.04321"], "negativePaperIds": ["ARXIV:1711.03212"]}"#,
    );
    assert_eq!(many.status, 200);
    assert_eq!(
        get(
            &server,
            &format!("{SCHOLAR}/graph/v1/paper/ARXIV:9999.00001")
        )
        .status,
        404
    );
    assert_eq!(
        get(&server, &format!("{SCHOLAR}{paper}?fields=colour")).status,
        400
    );

    server.scholar_limits(1);
    let path = format!("{SCHOLAR}{paper}");
    assert_eq!(
        get_as(&server, &path, &[("x-api-key", "s2_standin")]).status,
        200
    );
    assert_eq!(
        (get(&server, &path).status, get(&server, &path).status),
        (429, 200)
    );
}

#[test]
fn github_counts_its_answers() {
    let server = StandIn::start();
    let path = format!("{GITHUB}/repos/tabular-lab/cgb");
    let headers = |answer: &crate::client::Answer| {
        ["limit", "remaining", "used", "resource"].map(|name| {
            answer
                .header(&format!("x-ratelimit-{name}"))
                .unwrap()
                .to_owned()
        })
    };
    assert_eq!(headers(&get(&server, &path)), ["60", "59", "1", "core"]);
    let agent = ("user-agent", "test");
    let signed = [agent, ("authorization", "Bearer ghp_standin")];
    assert_eq!(
        headers(&get_as(&server, &path, &signed)),
        ["5000", "4999", "1", "core"]
    );
    server.github_left(1, 5000);
    assert_eq!(get(&server, &path).status, 200);
    let refused = get(&server, &path);
    assert_eq!(
        (refused.status, headers(&refused)),
        (403, ["60", "0", "60", "core"].map(str::to_owned))
    );
    assert_eq!(
        get_as(&server, &path, &signed).status,
        200,
        "the token has a limit of its own"
    );
    assert_eq!(
        get_as(
            &server,
            &path,
            &[agent, ("authorization", "Bearer ghp_other")]
        )
        .status,
        401
    );
    assert_eq!(get_as(&server, &path, &[]).status, 403, "no User-Agent");
    let search = get(
        &server,
        &format!("{GITHUB}/search/repositories?q=org:tabular-lab+calibrated&sort=stars"),
    );
    assert_eq!(headers(&search), ["10", "9", "1", "search"]);
    assert_eq!(search.json()["items"][0]["full_name"], "tabular-lab/cgb");
}

#[test]
fn github_has_pages_trees_and_files() {
    let server = StandIn::start();
    let get = |path: &str| crate::client::get(&server, &format!("{GITHUB}{path}"));
    let page = get("/orgs/grape-ml/repos?per_page=100");
    assert_eq!(page.json().as_array().unwrap().len(), 100);
    assert!(
        page.header("link")
            .unwrap()
            .contains("page=2>; rel=\"next\"")
    );
    assert_eq!(
        get("/orgs/grape-ml/repos?per_page=100&page=2")
            .json()
            .as_array()
            .unwrap()
            .len(),
        38
    );
    assert_eq!(
        (
            get("/orgs/linosei/repos").status,
            get("/users/linosei/repos").status
        ),
        (404, 200)
    );

    let tree = get("/repos/tabular-lab/cgb/git/trees/main?recursive=1").json();
    let paths: Vec<&str> = tree["tree"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["path"].as_str().unwrap())
        .collect();
    assert!(paths.contains(&"examples/train_wine.py") && paths.contains(&"examples/sft"));
    assert_eq!(tree["truncated"], false);
    let cut = get("/repos/grape-ml/monolith/git/trees/main?recursive=1").json();
    assert_eq!(
        (cut["tree"].as_array().unwrap().len(), &cut["truncated"]),
        (500, &json!(true))
    );
    let top = get("/repos/grape-ml/monolith/git/trees/main").json();
    let examples = top["tree"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["path"] == "zz_examples")
        .unwrap();
    let inner = get(&format!(
        "/repos/grape-ml/monolith/git/trees/{}",
        examples["sha"].as_str().unwrap()
    ))
    .json();
    assert_eq!(inner["tree"][0]["path"], "last.py");

    let small = get("/repos/tabular-lab/cgb/contents/examples/train_wine.py").json();
    assert_eq!(small["encoding"], "base64");
    let large = "/repos/tabular-lab/cgb/contents/benchmarks/readings.csv";
    assert_eq!(
        (
            &get(large).json()["content"],
            &get(large).json()["encoding"]
        ),
        (&json!(""), &json!("none"))
    );
    let raw = crate::client::get_as(
        &server,
        &format!("{GITHUB}{large}"),
        &[
            ("user-agent", "test"),
            ("accept", "application/vnd.github.raw+json"),
        ],
    );
    assert!(raw.body.len() > 1 << 20);
    assert_eq!(
        get("/repos/tabular-lab/cgb/contents/examples")
            .json()
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        get("/repos/tabular-lab/cgb/contents/README.md?ref=gone").status,
        404
    );
    assert_eq!(get("/repos/tabular-lab/calibrated-gb").status, 301);
    assert_eq!(get("/repos/tabular-lab/nothing").status, 404);
    let raw = crate::client::get(
        &server,
        "/_/raw.githubusercontent.com/tabular-lab/cgb/main/README.md",
    );
    assert!(raw.text().starts_with("# cgb"));
}

#[test]
fn the_search_page_has_results_between_advertisements() {
    let server = StandIn::start();
    let page = get(
        &server,
        "/_/html.duckduckgo.com/html/?q=calibration+boosting",
    )
    .text();
    let links: Vec<&str> = page.matches("class=\"result__a\"").collect();
    assert!(links.len() > 8);
    assert!(page.contains(
        "//duckduckgo.com/l/?uddg=https%3A%2F%2Fexample.org%2Fblog%2Fcalibration-with-wine&amp;rut="
    ));
    assert!(page.contains("result--ad") && page.contains("class=\"result__snippet\""));
    let none = get(&server, "/_/html.duckduckgo.com/html/?q=zzzz").text();
    assert!(none.contains("No results.") && !none.contains("result__a"));
}

#[test]
fn slack_says_ok_or_why_not() {
    let server = StandIn::start();
    let say =
        |token: &str, body: &str| post(&server, "/_/slack.com/api/chat.postMessage", token, body);
    let hello = r##"{"channel": "#experiments", "text": "hello"}"##;
    let posted = say("xoxb-standin", hello).json();
    assert_eq!(
        (&posted["ok"], &posted["channel"]),
        (&json!(true), &json!("C0STANDIN01"))
    );
    for (token, body, error) in [
        ("xoxb-other", hello, "invalid_auth"),
        (
            "xoxb-standin",
            r##"{"channel": "#nowhere", "text": "hello"}"##,
            "channel_not_found",
        ),
        (
            "xoxb-standin",
            r##"{"channel": "#alerts", "text": ""}"##,
            "no_text",
        ),
    ] {
        let answer = say(token, body);
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({"ok": false, "error": error}))
        );
    }
    server.slack_limits(1);
    let refused = say("xoxb-standin", hello);
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("30"))
    );
    assert_eq!(say("xoxb-standin", hello).json()["ok"], true);
}

#[test]
fn documentation_has_a_sidebar_and_markdown() {
    let server = StandIn::start();
    for (place, pages) in [
        ("docs/trl", 7),
        ("docs/transformers", 6),
        ("docs/peft", 4),
        ("docs/datasets", 5),
        ("docs/hub", 8),
        ("docs/trackio", 4),
        ("docs/optimum", 2),
    ] {
        let page = get(&server, &format!("/{place}")).text();
        let sidebar = page
            .split("<nav class=\"flex flex-auto")
            .nth(1)
            .unwrap()
            .split("</nav>")
            .next()
            .unwrap();
        let links: Vec<&str> = sidebar
            .split("href=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        assert_eq!(links.len(), pages, "{place}");
        for link in links {
            let markdown = get(&server, &format!("{link}.md"));
            assert!(markdown.text().starts_with("# "), "{link}");
        }
    }
    assert_eq!(get(&server, "/docs/trl/main/en/sft_trainer.md").status, 200);
    assert_eq!(get(&server, "/learn/llm-course").status, 307);
    assert_eq!(get(&server, "/learn/smol-course/unit1/1").status, 200);
    assert_eq!(
        (
            get(&server, "/docs/nothing").status,
            get(&server, "/docs/trl/nothing.md").status
        ),
        (404, 404)
    );

    assert_eq!(get(&server, "/_/gradio.app/llms.txt").status, 308);
    assert!(
        get(&server, "/_/www.gradio.app/llms.txt")
            .text()
            .starts_with("# Gradio")
    );
    let question = r#"{"prompt_to_embed": "dataframe", "SYSTEM_PROMPT": "$INSERT_GUIDES_DOCS_DEMOS", "FALLBACK_PROMPT": "No results found"}"#;
    let path = "POST /_/playground-worker.pages.dev/api/prompt";
    let origin = ("origin", "https://gradio-docs-mcp.up.railway.app");
    let found = ask(&server, path, &[origin], question).json();
    assert!(
        found["SYS_PROMPT"]
            .as_str()
            .unwrap()
            .starts_with("## Dataframe")
    );
    assert_eq!(ask(&server, path, &[], question).status, 403);
}

#[test]
fn the_api_describes_itself() {
    let server = StandIn::start();
    let document = get(&server, "/.well-known/openapi.json").json();
    let paths = document["paths"].as_object().unwrap();
    let count: usize = paths
        .values()
        .map(|path| path.as_object().unwrap().len())
        .sum();
    assert_eq!(count, 48);
    let start = &document["paths"]["/api/jobs/{namespace}"]["post"];
    assert_eq!(
        (&start["operationId"], &start["tags"]),
        (&json!("startJob"), &json!(["jobs"]))
    );
    assert_eq!(
        start["parameters"][0],
        json!({"name": "namespace", "in": "path", "required": true, "schema": {"type": "string"}})
    );
    let models = get(&server, "/_/router.huggingface.co/v1/models").json();
    assert_eq!(models["data"][0]["providers"][0]["context_length"], 131_072);
}
