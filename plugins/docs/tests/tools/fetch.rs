//! `fetch_hf_docs`.

use ml_intern_sdk::http::native::Reply;
use ml_intern_sdk::{Failure, Output};
use serde_json::{Value, json};

use crate::world::{World, golden, text};

const URL: &str = "https://huggingface.co/docs/trl/guide";

fn fetch(world: &World, arguments: Value) -> Result<Output, Failure> {
    world.call("fetch_hf_docs", "fetch_hf_docs", arguments)
}

/// A page of about 30,000 characters.
fn long() -> World {
    let world = World::new();
    let mut page = String::from("<!--Copyright-->\n# The Guide[[guide]]\n\nIt begins.\n");
    for part in 1..=3 {
        page.push_str(&format!(
            "\n## Part {part}\n\n```python\n# not a heading\n```\n"
        ));
        for step in 1..=2 {
            page.push_str(&format!(
                "\n### Step {part}.{step}[[step-{part}-{step}]]\n\n"
            ));
            page.push_str(&format!("Line {part}.{step} of it.\n").repeat(280));
        }
    }
    world.page("/docs/trl/guide.md", &page);
    world
}

#[test]
fn pages_are_read_as_reviewed() {
    let world = long();
    let _entered = world.enter();
    world.page(
        "/docs/trl/short.md",
        "<!--Copyright-->\n# Short\n\nAll of it.\n\n## Part\n\nx\n",
    );
    golden(
        "page.md",
        &text(fetch(
            &world,
            json!({"url": "https://huggingface.co/docs/trl/short"}),
        )),
    );
    golden(
        "section.md",
        &text(fetch(
            &world,
            json!({"url": "https://huggingface.co/docs/trl/short", "section": "part"}),
        )),
    );
    let first = text(fetch(&world, json!({"url": URL})));
    let head: Vec<&str> = first.lines().take(24).collect();
    golden(
        "long-page.md",
        &format!(
            "{}\n[…]\n{}",
            head.join("\n"),
            first.lines().last().unwrap()
        ),
    );
    assert_eq!(
        world.paths(),
        [
            "/docs/trl/short.md",
            "/docs/trl/short.md",
            "/docs/trl/guide.md"
        ]
    );
}

#[test]
fn a_long_page_is_read_piece_by_piece_and_by_section() {
    let world = long();
    let _entered = world.enter();
    let (mut whole, mut offset, mut calls) = (String::new(), Some(0_u64), 0);
    while let Some(from) = offset {
        let output = fetch(&world, json!({"url": URL, "offset": from})).unwrap();
        let found: Value = serde_json::from_str(output.structured.as_deref().unwrap()).unwrap();
        let told = text(Ok(output));
        let body = match from {
            0 => told.split_once("\n---\n\n").unwrap().1,
            _ => told.split_once("\n\n").unwrap().1,
        };
        let body = body
            .rsplit_once("\n\n[characters ")
            .map_or(body, |(body, _)| body);
        whole.push_str(body.trim_end());
        whole.push('\n');
        offset = found["next"].as_u64();
        calls += 1;
    }
    assert!((2..=3).contains(&calls), "{calls}");
    assert_eq!(whole.matches("Line ").count(), 6 * 280);

    for (name, first, lines) in [
        ("Part 2", "## Part 2", 560),
        ("part 2", "## Part 2", 560),
        ("## Part 2", "## Part 2", 560),
        ("step-3-1", "### Step 3.1[[step-3-1]]", 280),
        ("step 3.1", "### Step 3.1[[step-3-1]]", 280),
        ("3.1", "### Step 3.1[[step-3-1]]", 280),
    ] {
        let output = fetch(&world, json!({"url": URL, "section": name})).unwrap();
        let found: Value = serde_json::from_str(output.structured.as_deref().unwrap()).unwrap();
        let told = text(Ok(output));
        assert!(told.contains(first), "{name}: {told}");
        assert!(!told.contains("Line 1."), "{name}");
        let least = lines * "Line 1.1 of it.\n".len() as u64;
        assert!(
            (least..least + 200).contains(&found["total"].as_u64().unwrap()),
            "{name}"
        );
    }
    let by_fragment = text(fetch(&world, json!({"url": format!("{URL}#step-3-2")})));
    assert!(by_fragment.contains("Section: Step 3.2\n"), "{by_fragment}");
    let no_heading = text(fetch(
        &world,
        json!({"url": format!("{URL}#trl.SFTTrainer")}),
    ));
    assert!(no_heading.contains("It begins."));
    let Err(Failure::InvalidArguments(errors)) =
        fetch(&world, json!({"url": URL, "section": "Stepp 2.2"}))
    else {
        panic!("an argument error")
    };
    let [error] = errors.as_slice() else {
        panic!("one error")
    };
    assert_eq!(error.pointer, "/section");
    assert!(
        error
            .expected
            .starts_with("one heading of the page: `Step 2.2`, "),
        "{}",
        error.expected
    );
}

#[test]
fn what_is_no_page_is_said_to_be_none() {
    let html = || {
        Reply::new(200)
            .header("content-type", "text/html")
            .body("<html>")
    };
    let name = "http GET https://huggingface.co:443/docs/trl/guide.md";
    let table: Vec<(Reply, String)> = vec![
        (Reply::new(404), format!("{name}: status 404")),
        (
            Reply::new(403).body("no"),
            format!("{name}: status 403: no"),
        ),
        (
            html(),
            "the page: the answer is a web page: it has no Markdown form".into(),
        ),
        (
            Reply::new(200).body(vec![0xff]),
            format!("{name}: the answer is not text: byte 0 is not UTF-8"),
        ),
        (
            Reply::new(200).body(vec![b'x'; (8 << 20) + 1]),
            format!("{name}: the answer has more than 8388608 bytes"),
        ),
    ];
    for (reply, expected) in table {
        let world = World::new();
        let _entered = world.enter();
        world.set("/docs/trl/guide.md", reply);
        assert_eq!(
            fetch(&world, json!({"url": URL})),
            Err(Failure::failed(expected))
        );
    }
    let world = World::new();
    let entered = world.enter();
    world.set("/docs/trl/guide.md", Reply::new(503));
    assert!(matches!(
        fetch(&world, json!({"url": URL})),
        Err(Failure::Upstream(_))
    ));
    assert_eq!(entered.waits(), [1_000, 2_000]);
    for to in [
        "https://evil.example/x",
        "http://127.0.0.1/x",
        "https://huggingface.co/api/whoami-v2",
    ] {
        world.set("/docs/trl/guide.md", Reply::new(302).header("location", to));
        assert!(
            matches!(fetch(&world, json!({"url": URL})), Err(Failure::Denied(_))),
            "{to}"
        );
    }
    world.set(
        "/docs/trl/guide.md",
        Reply::new(301).header("location", "/docs/trl/v1/guide.md"),
    );
    world.page("/docs/trl/v1/guide.md", "Here.");
    assert!(text(fetch(&world, json!({"url": URL}))).ends_with("Here."));
    world.paths();
}

#[test]
fn arguments_that_do_not_fit_ask_for_nothing() {
    let world = World::new();
    let _entered = world.enter();
    for (arguments, pointer) in [
        (json!({}), "/url"),
        (json!({"url": null}), "/url"),
        (json!({"url": "https://evil.example/docs/x"}), "/url"),
        (json!({"url": URL, "offset": "10"}), "/offset"),
        (json!({"url": URL, "offset": -1}), "/offset"),
        (json!({"url": URL, "section": 1}), "/section"),
        (json!({"url": URL, "page": 1}), "/page"),
    ] {
        let failure = fetch(&world, arguments.clone());
        assert!(
            matches!(&failure, Err(Failure::InvalidArguments(errors)) if errors.iter().all(|error| error.pointer == pointer)),
            "{arguments}: {failure:?}"
        );
    }
    assert!(world.paths().is_empty());
}
