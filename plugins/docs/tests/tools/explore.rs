//! `explore_hf_docs`, for what is on the Hub.

use ml_intern_docs::{Setting, plugin_in};
use ml_intern_sdk::http::native::Reply;
use ml_intern_sdk::{Access, Effect, Failure, MountNeed, Need};
use serde_json::{Value, json};

use crate::world::{World, golden, text};

const HOUR: u64 = 3_600_000;

/// Three pages.
fn trl() -> World {
    let world = World::new();
    let pages = [
        ("index", "TRL"),
        ("sft_trainer", "SFT Trainer"),
        ("logging", "Logging"),
    ];
    world.sidebar("/docs/trl", &pages);
    world.page(
        "/docs/trl/index.md",
        "<!--Copyright 2024\nAll rights reserved.-->\n\n# TRL\n\nTRL is a full stack library to post-train language models.",
    );
    world.page(
        "/docs/trl/sft_trainer.md",
        "# SFT Trainer\n\nSupervised fine-tuning is the first step. The `SFTTrainer` packs short examples: set \
         `packing=True` to use it! Nothing else.\n\n```python\ntrainer = SFTTrainer(model, args=SFTConfig(packing=True))\n```\n",
    );
    world.page(
        "/docs/trl/logging.md",
        "# Logging\n\nWhat each trainer writes while it runs.\nLoss, and more.",
    );
    world
}

fn explore(world: &World, arguments: Value) -> Result<ml_intern_sdk::Output, Failure> {
    world.call("explore_hf_docs", "trl", arguments)
}

#[test]
fn pages_are_searched_and_listed_as_reviewed() {
    let world = trl();
    let _entered = world.enter();
    golden(
        "search.md",
        &world.search("packing examples while training"),
    );
    golden(
        "list.md",
        &text(explore(&world, json!({"endpoint": "trl"}))),
    );
    golden("no-match.md", &world.search("the \"kubernetes\" AND (of"));
    let found = explore(&world, json!({"query": "packing"})).unwrap();
    let found: Value = serde_json::from_str(&found.structured.unwrap()).unwrap();
    assert_eq!((&found["total"], &found["missing"]), (&json!(1), &json!(0)));
    assert_eq!(
        found["results"][0]["url"],
        "https://huggingface.co/docs/trl/sft_trainer"
    );
}

#[test]
fn nothing_is_asked_for_twice_within_an_hour_and_then_only_what_changed() {
    let world = trl();
    let _entered = world.enter();
    let first = world.search("trainer");
    let all = [
        "/docs/trl",
        "/docs/trl/index.md",
        "/docs/trl/sft_trainer.md",
        "/docs/trl/logging.md",
    ];
    assert_eq!(world.paths(), all);
    world.later(HOUR - 1);
    assert_eq!(world.search("trainer"), first);
    assert!(world.paths().is_empty());

    // The same first page, and so the same pages.
    world.later(1);
    assert_eq!(world.search("trainer"), first);
    assert_eq!(world.paths(), ["/docs/trl"]);

    // Another build: the page that changed, the one that is new, the one that is gone.
    world.page("/docs/trl/logging.md", "# Logging\n\nA zebra.");
    world.page("/docs/trl/new.md", "# New\n\nNew as a zebra.");
    world.sidebar(
        "/docs/trl",
        &[
            ("sft_trainer", "SFT Trainer"),
            ("logging", "Logging"),
            ("new", "New"),
        ],
    );
    world.later(HOUR);
    let found = world.search("zebra");
    assert!(
        found.contains("showing 2 result(s) out of 3 pages\n"),
        "{found}"
    );
    assert_eq!(
        world.paths(),
        [
            "/docs/trl",
            "/docs/trl/new.md",
            "/docs/trl/sft_trainer.md",
            "/docs/trl/logging.md"
        ]
    );
    assert!(world.search("zebra").contains("New as a **zebra**."));
    assert!(world.paths().is_empty());

    // After a day each page is asked for once more, and has not changed.
    world.later(24 * HOUR);
    assert_eq!(world.search("zebra"), found);
    assert_eq!(world.paths().len(), 4);
    assert_eq!(world.search("zebra"), found);
    assert!(world.paths().is_empty());
}

#[test]
fn a_list_reads_only_the_pages_it_shows() {
    let world = trl();
    let _entered = world.enter();
    let listed = text(explore(&world, json!({"max_results": 1, "offset": 1})));
    assert!(
        listed.contains("Found 1 page(s) (total available: 3)."),
        "{listed}"
    );
    assert!(listed.contains("2. **SFT Trainer**"), "{listed}");
    assert!(
        listed.ends_with("[1 more; call again with offset=2]"),
        "{listed}"
    );
    assert_eq!(world.paths(), ["/docs/trl", "/docs/trl/sft_trainer.md"]);
}

fn many(world: &World, count: usize) {
    let names: Vec<String> = (0..count).map(|at| format!("page{at:03}")).collect();
    let pages: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (name.as_str(), name.as_str()))
        .collect();
    world.sidebar("/docs/trl", &pages);
    for name in &names {
        world.page(
            &format!("/docs/trl/{name}.md"),
            &format!("# {name}\n\nA walrus, and {name}."),
        );
    }
}

#[test]
fn one_call_fetches_so_many_pages_and_the_next_goes_on() {
    for (count, asked, note) in [
        (300, [301, 0], ""),
        (
            310,
            [301, 10],
            "300 of 310 pages indexed so far; call again to go on",
        ),
    ] {
        let world = World::new();
        let _entered = world.enter();
        many(&world, count);
        let found = world.search("walrus");
        assert_eq!(world.paths().len(), asked[0]);
        assert_eq!(found.contains("indexed so far"), !note.is_empty());
        assert!(found.contains(note), "{found}");
        assert!(
            found.contains("more; call again with offset=20]"),
            "{found}"
        );
        let found = world.search("walrus");
        assert_eq!(world.paths().len(), asked[1]);
        assert!(!found.contains("indexed so far"), "{found}");
    }
}

#[test]
fn results_have_room_and_go_on() {
    let world = World::new();
    let _entered = world.enter();
    many(&world, 120);
    for at in 0..120 {
        let words = format!(
            "# page\n\n{}",
            "A walrus stands on the ice and looks. ".repeat(40)
        );
        world.page(
            &format!("/docs/trl/page{at:03}.md"),
            &words.replace(". ", " "),
        );
    }
    let listed = text(explore(
        &world,
        json!({"query": "walrus", "max_results": 99}),
    ));
    assert!(listed.contains("max_results is 50 at most"), "{listed}");
    let next: usize = listed
        .rsplit_once("offset=")
        .unwrap()
        .1
        .trim_end_matches(']')
        .parse()
        .unwrap();
    assert!(next > 20, "{next}");
    let rest = text(explore(&world, json!({"query": "walrus", "offset": next})));
    assert!(
        rest.contains(&format!("\n{}. **page{next:03}**", next + 1)),
        "{rest}"
    );
    let after = text(explore(&world, json!({"query": "walrus", "offset": 500})));
    assert!(
        after.ends_with("[offset=500 is after the last of 120]"),
        "{after}"
    );
}

#[test]
fn what_goes_wrong_is_told_and_what_is_there_is_kept() {
    let limited = || Reply::new(429).header("retry-after", "7");
    let html = || {
        Reply::new(200)
            .header("content-type", "text/html; charset=utf-8")
            .body("<html>")
    };
    let away = |to: &str| Reply::new(302).header("location", to);
    let huge = || Reply::new(200).body(vec![b'x'; (1 << 20) + 1]);
    let long = || Reply::new(200).body(vec![b'x'; 1 << 20]);
    // What `logging.md` answers; what is told; what the next call asks for.
    let again: &[&str] = &["/docs/trl/logging.md"];
    let table: Vec<(Reply, &str, &[&str])> = vec![
        (
            limited(),
            "the Hub asks to wait 7 s before more is fetched",
            again,
        ),
        (
            Reply::new(503),
            "1 page(s) did not come, and are asked for again",
            again,
        ),
        (Reply::new(404), "", &[]),
        (Reply::new(403), "", &[]),
        (html(), "", &[]),
        (huge(), "", &[]),
        (long(), "", &[]),
        (Reply::new(200).body(vec![0xff, 0xfe]), "", &[]),
        (away("http://169.254.169.254/latest"), "", &[]),
        (away("https://huggingface.co/api/whoami-v2"), "", &[]),
        (away("/docs/trl/logging.md"), "", &[]),
    ];
    for (reply, note, next) in table {
        let world = trl();
        let _entered = world.enter();
        world.set("/docs/trl/logging.md", reply.clone());
        let found = world.search("trainer");
        let because = format!("{reply:?}");
        let because = because.get(..because.len().min(200)).unwrap();
        assert!(found.contains(note), "{because}: {found}");
        assert_eq!(
            found.contains("2 of 3 pages indexed so far"),
            !note.is_empty(),
            "{because}: {found}"
        );
        assert!(found.contains("SFT Trainer"), "{because}: {found}");
        assert!(
            !world
                .paths()
                .iter()
                .any(|path| path.contains("latest") || path.contains("whoami"))
        );
        // A title is found without its text.
        assert!(
            world.search("logging").contains("1. **Logging**"),
            "{because}"
        );
        assert_eq!(world.paths(), next, "{because}");
    }
}

#[test]
fn a_redirect_within_the_documentation_is_followed() {
    let world = trl();
    let _entered = world.enter();
    world.set(
        "/docs/trl/logging.md",
        Reply::new(307).header("location", "v1/logging.md"),
    );
    world.page("/docs/trl/v1/logging.md", "An albatross.");
    assert!(world.search("albatross").contains("An **albatross**."));
}

#[test]
fn without_a_sidebar_there_is_nothing_and_an_older_one_is_better_than_none() {
    let table = [
        (
            Reply::new(404),
            "http GET https://huggingface.co:443/docs/trl: status 404",
        ),
        (
            Reply::new(200).body("<p>Not here"),
            "https://huggingface.co/docs/trl has no list of pages: it is no documentation, or of a new form",
        ),
        (
            Reply::new(200).body(vec![b'x'; (8 << 20) + 1]),
            "http GET https://huggingface.co:443/docs/trl: the answer has more than 8388608 bytes",
        ),
    ];
    for (reply, expected) in table {
        let world = trl();
        let entered = world.enter();
        let older = world.search("trainer");
        world.set("/docs/trl", reply);
        world.later(HOUR);
        let found = world.search("trainer");
        assert!(
            found.contains(&format!("is an older one, since {expected}")),
            "{found}"
        );
        assert!(
            found.ends_with(older.rsplit_once("\n\n1.").unwrap().1),
            "{found}"
        );
        std::fs::remove_file(world.file("trl.log")).unwrap();
        assert_eq!(
            explore(&world, json!({"query": "x"})),
            Err(Failure::failed(expected))
        );
        drop(entered);
    }
    let world = trl();
    let entered = world.enter();
    world.set("/docs/trl", Reply::new(429).header("retry-after", "60"));
    let Err(Failure::Upstream(error)) = explore(&world, json!({})) else {
        panic!("an upstream failure")
    };
    assert_eq!((error.status, error.retry_after), (Some(429), Some(60)));
    world.set(
        "/docs/trl",
        Reply::new(302).header("location", "https://docs.example/"),
    );
    let Err(Failure::Denied(denial)) = explore(&world, json!({})) else {
        panic!("a denial")
    };
    assert_eq!(denial.capability, "http GET https://docs.example:443/");
    drop(entered);
}

#[test]
fn where_no_page_comes_the_call_fails_as_the_hub_does() {
    let world = trl();
    let _entered = world.enter();
    for name in ["index", "sft_trainer", "logging"] {
        world.set(
            &format!("/docs/trl/{name}.md"),
            Reply::new(429).header("retry-after", "9"),
        );
    }
    let Err(Failure::Upstream(error)) = explore(&world, json!({"query": "x"})) else {
        panic!("an upstream failure")
    };
    assert_eq!((error.status, error.retry_after), (Some(429), Some(9)));
}

#[test]
fn what_is_damaged_is_dropped_and_asked_for_again() {
    let all = [
        "/docs/trl",
        "/docs/trl/index.md",
        "/docs/trl/sft_trainer.md",
        "/docs/trl/logging.md",
    ];
    type Damage = fn(&mut Vec<u8>);
    let cut: Damage = |bytes| bytes.truncate(bytes.len() - 20);
    let flip: Damage = |bytes| {
        let at = bytes
            .windows(7)
            .position(|window| window == b"packing")
            .unwrap();
        bytes[at] = b'P';
    };
    let other: Damage = |bytes| *bytes = b"{\"format\":9}\n".to_vec();
    let empty: Damage = |bytes| bytes.clear();
    let noise: Damage = |bytes| bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
    let middle: Damage = |bytes| {
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
    };
    let table: [(&str, Damage, &[&str]); 9] = [
        ("trl.log", cut, &all[3..]),
        ("trl.log", flip, &all[2..3]),
        ("trl.log", other, &all),
        ("trl.log", empty, &all),
        ("trl.log", noise, &all),
        ("trl.index", cut, &[]),
        ("trl.index", empty, &[]),
        ("trl.index", noise, &[]),
        ("trl.index", middle, &[]),
    ];
    for (row, (name, damage, expected)) in table.into_iter().enumerate() {
        let world = trl();
        let _entered = world.enter();
        let found = world.search("packing");
        assert_eq!(world.paths(), all);
        let mut bytes = std::fs::read(world.file(name)).unwrap();
        damage(&mut bytes);
        std::fs::write(world.file(name), bytes).unwrap();
        assert_eq!(world.search("packing"), found, "{row}");
        assert_eq!(world.paths(), expected, "{row}");
        // And it is whole again.
        assert_eq!(world.search("packing"), found, "{row}");
        assert!(world.paths().is_empty(), "{row}");
    }
}

#[test]
fn without_a_cache_it_works_and_says_so() {
    let world = trl();
    let _entered = world.enter();
    let file = world.file("file");
    std::fs::write(&file, "").unwrap();
    let now = world.now.clone();
    let plugin = plugin_in(Setting::new(file).clock(move || now.get()));
    let call = ml_intern_sdk::Call {
        id: "1".into(),
        tool: "explore_hf_docs".into(),
        operation: "trl".into(),
        arguments: "{\"query\":\"packing\"}".into(),
    };
    let found = text(plugin.invoke(&call));
    assert!(
        found.contains("(nothing can be kept for later calls: "),
        "{found}"
    );
    assert!(found.contains("1. **SFT Trainer**"), "{found}");
}

#[test]
fn the_parts_of_a_whole_are_searched_together() {
    let world = World::new();
    let _entered = world.enter();
    for (part, word) in [
        ("llm-course", "heron"),
        ("audio-course", "heron heron"),
        ("cookbook", "stork"),
    ] {
        world.sidebar(&format!("/learn/{part}"), &[("one", part)]);
        world.page(&format!("/learn/{part}/one.md"), &format!("A {word}."));
    }
    let call = |query: &str| {
        text(world.call(
            "explore_hf_docs",
            "courses",
            json!({"endpoint": "courses", "query": query}),
        ))
    };
    let found = call("heron");
    assert!(
        found.starts_with("Documentation structure for: https://huggingface.co/learn\n"),
        "{found}"
    );
    assert!(
        found.contains("showing 2 result(s) out of 3 pages"),
        "{found}"
    );
    assert!(found.contains("   Section: audio-course\n"), "{found}");
    assert!(
        found.contains("https://huggingface.co/learn/mcp-course is left out: "),
        "{found}"
    );
    let asked = world.paths();
    assert_eq!(
        asked.iter().filter(|path| !path.ends_with(".md")).count(),
        12,
        "{asked:?}"
    );
    let again = call("stork");
    assert!(
        again.contains("showing 1 result(s) out of 3 pages"),
        "{again}"
    );
    assert!(
        again.contains("https://huggingface.co/learn/mcp-course is left out: it had no list of pages within this hour"),
        "{again}"
    );
    assert!(world.paths().is_empty());
    // A part that comes back is there again.
    world.sidebar("/learn/mcp-course", &[("one", "MCP")]);
    world.page("/learn/mcp-course/one.md", "A stork.");
    world.later(HOUR);
    assert!(call("stork").contains("showing 2 result(s) out of 4 pages"));
}

#[test]
fn arguments_that_do_not_fit_ask_for_nothing() {
    let world = trl();
    let _entered = world.enter();
    let table = [
        (json!({"max_results": 0}), "/max_results", "1 to 50"),
        (
            json!({"max_results": -1}),
            "/max_results",
            "invalid value: integer `-1`, expected u32",
        ),
        (
            json!({"max_results": "10"}),
            "/max_results",
            "invalid type: string \"10\", expected u32",
        ),
        (
            json!({"query": 1}),
            "/query",
            "invalid type: integer `1`, expected a string",
        ),
        (
            json!({"query": "x".repeat(1_001)}),
            "/query",
            "1000 characters at most, not 1001",
        ),
        (
            json!({"offset": null}),
            "/offset",
            "invalid type: null, expected u32",
        ),
        (
            json!({"limit": 1}),
            "/limit",
            "no such argument; the known are: one of `query`, `max_results`, `offset`",
        ),
    ];
    for (arguments, pointer, expected) in table {
        assert_eq!(
            explore(&world, arguments.clone()),
            Err(Failure::argument(pointer, expected)),
            "{arguments}"
        );
    }
    assert!(world.paths().is_empty());
    for arguments in [
        json!({"query": null}),
        json!({"query": " \n"}),
        json!({"max_results": null}),
    ] {
        let listed = text(explore(&world, arguments));
        assert!(listed.contains("Found 3 page(s)"), "{listed}");
    }
}

#[test]
fn each_documentation_may_reach_itself_and_no_more() {
    let manifest = ml_intern_docs::plugin().manifest();
    let [explore, fetch, find] = manifest.tools.as_slice() else {
        panic!("three tools")
    };
    let schema: Value = serde_json::from_str(&explore.parameters).unwrap();
    assert_eq!(explore.selector.as_deref(), Some("endpoint"));
    assert_eq!(
        schema["properties"]["endpoint"]["enum"]
            .as_array()
            .unwrap()
            .len(),
        40
    );
    assert_eq!(schema["required"], json!(["endpoint"]));
    for operation in explore
        .operations
        .iter()
        .chain(&fetch.operations)
        .chain(&find.operations)
    {
        assert_eq!(operation.effects, [Effect::Observe]);
        for need in &operation.needs {
            match need {
                Need::Http(need) => {
                    assert_eq!((&need.credential, &need.body_credential), (&None, &None));
                    let own = need.origin != "https://huggingface.co"
                        || need
                            .paths
                            .iter()
                            .all(|path| path.matches('/').count() >= 2 || path != "/");
                    assert!(own, "{need:?}");
                }
                other => assert_eq!(
                    other,
                    &Need::Mount(MountNeed {
                        name: "cache".into(),
                        access: Access::ReadWrite
                    })
                ),
            }
        }
    }
    let trl = explore
        .operations
        .iter()
        .find(|operation| operation.name == "trl")
        .unwrap();
    let Some(Need::Http(need)) = trl.needs.first() else {
        panic!("a need")
    };
    assert_eq!(need.paths, ["/docs/trl"]);
    for tool in &manifest.tools {
        let words = tool.description.split_whitespace().count();
        assert!(words <= 120, "{}: {words}", tool.name);
    }
}
