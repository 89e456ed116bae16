//! `find_hf_api`.

use ml_intern_sdk::http::native::Reply;
use ml_intern_sdk::{Failure, Output};
use serde_json::{Value, json};

use crate::world::{World, golden, text};

const PATH: &str = "/.well-known/openapi.json";

fn find(world: &World, arguments: Value) -> Result<Output, Failure> {
    world.call("find_hf_api", "find_hf_api", arguments)
}

fn served(document: &Value) -> World {
    let world = World::new();
    world.set(
        PATH,
        Reply::new(200)
            .header("content-type", "application/json")
            .body(document.to_string()),
    );
    world
}

fn hub() -> World {
    let id = json!({"name": "repo", "in": "path", "required": true, "schema": {"type": "string"}, "description": "The name."});
    served(&json!({
        "openapi": "3.1.0",
        "paths": {
            "/api/models/{repo}/discussions": {
                "parameters": [id],
                "get": {
                    "operationId": "listDiscussions",
                    "summary": "List discussions",
                    "tags": ["discussions"],
                    "parameters": [
                        {"name": "status", "in": "query", "schema": {"enum": ["open", "closed"]}},
                        {"name": "p", "in": "query", "required": true, "schema": {"type": "integer"}},
                        {"name": "x'y", "in": "header", "schema": {}},
                        {"$ref": "#/components/parameters/z"},
                    ],
                    "responses": {"200": {"description": "The list"}, "401": {}, "404": {"description": "No such repository"}, "500": {}},
                },
                "post": {
                    "operationId": "createDiscussion",
                    "summary": "Create a new discussion",
                    "description": "Opens one.\n\nAlso for pull requests.",
                    "tags": ["discussions"],
                    "requestBody": {"content": {"application/json": {"schema": {
                        "type": "object", "required": ["title"],
                        "properties": {"title": {"type": "string"}, "description": {"type": "string"}},
                    }}}},
                    "responses": {"200": {"description": "Created"}},
                },
            },
            "/api/spaces/{repo}/secrets": {
                "post": {"operationId": "addSpaceSecret", "summary": "Add a secret", "tags": ["spaces"], "responses": {}},
                "delete": {"summary": 7, "tags": "spaces"},
                "trace": "none",
            },
            "/odd": null,
        },
    }))
}

#[test]
fn endpoints_are_told_as_reviewed() {
    let world = hub();
    let _entered = world.enter();
    golden(
        "api-query.md",
        &text(find(&world, json!({"query": "creating discussions"}))),
    );
    golden("api-tag.md", &text(find(&world, json!({"tag": "Space"}))));
    golden(
        "api-none.md",
        &text(find(&world, json!({"query": "zebra"}))),
    );
    let both = text(find(&world, json!({"query": "zebra", "tag": "spaces"})));
    assert!(
        both.contains("Nothing matches the query; these are all endpoints of the tag."),
        "{both}"
    );
    let both = text(find(
        &world,
        json!({"query": "secrets discussions", "tag": "spaces"}),
    ));
    assert!(both.contains("Showing 1 of 1 endpoint(s)."), "{both}");
    assert!(
        both.contains("## 1. POST /api/spaces/{repo}/secrets"),
        "{both}"
    );
    let by_id = find(&world, json!({"query": "space secret"})).unwrap();
    let found: Value = serde_json::from_str(by_id.structured.as_deref().unwrap()).unwrap();
    assert_eq!(found["endpoints"][0]["path"], "/api/spaces/{repo}/secrets");
    assert_eq!(world.paths(), vec![PATH; 6]);
}

#[test]
fn results_go_on() {
    let mut paths = json!({});
    for at in 0..45 {
        paths[format!("/api/x{at:02}")] =
            json!({"get": {"summary": "Walrus", "description": "y ".repeat(400), "tags": ["t"]}});
    }
    let world = served(&json!({"paths": paths}));
    let _entered = world.enter();
    let first = text(find(&world, json!({"query": "walrus"})));
    assert!(
        first.ends_with("[25 more; call again with offset=20]"),
        "{first}"
    );
    let last = text(find(&world, json!({"query": "walrus", "offset": 40})));
    assert!(
        last.contains("## 41. GET /api/x40") && last.contains("## 45. GET /api/x44"),
        "{last}"
    );
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    let world = hub();
    let _entered = world.enter();
    let neither = || Err(Failure::argument("", "`query` or `tag`, or both"));
    for arguments in [
        json!({}),
        json!({"query": null, "tag": null}),
        json!({"query": " ", "tag": ""}),
    ] {
        assert_eq!(find(&world, arguments), neither());
    }
    for (arguments, pointer) in [
        (json!({"query": 1}), "/query"),
        (json!({"tag": ["a"]}), "/tag"),
        (json!({"query": "x".repeat(1_001)}), "/query"),
        (json!({"tag": "x", "offset": "1"}), "/offset"),
        (json!({"tag": "x", "limit": 1}), "/limit"),
    ] {
        let failure = find(&world, arguments.clone());
        assert!(
            matches!(&failure, Err(Failure::InvalidArguments(errors)) if errors.iter().all(|error| error.pointer == pointer)),
            "{arguments}: {failure:?}"
        );
    }
    assert!(world.paths().is_empty());
    assert_eq!(
        find(&world, json!({"tag": "discusions"})),
        Err(Failure::argument(
            "/tag",
            "one of the 2 tags, such as `discussions`, `spaces`"
        ))
    );
    assert!(
        text(find(&world, json!({"query": "discussions", "tag": null}))).contains("Showing 2 of 2")
    );
}

#[test]
fn what_is_no_description_is_said_to_be_none() {
    let table: Vec<(Reply, &str)> = vec![
        (
            Reply::new(200).body("<html>"),
            "is not the JSON that was expected",
        ),
        (Reply::new(200).body("{}"), "missing field `paths`"),
        (Reply::new(200).body("{\"paths\":[]}"), "an object of paths"),
        (
            Reply::new(200).header("content-length", "20971521"),
            "the answer has more than 20971520 bytes",
        ),
        (
            Reply::new(302).header("location", "http://127.0.0.1/"),
            "status 302",
        ),
        (Reply::new(404), "not found"),
    ];
    for (reply, expected) in table {
        let world = World::new();
        let _entered = world.enter();
        world.set(PATH, reply);
        let failure = find(&world, json!({"query": "x"}));
        assert!(
            matches!(&failure, Err(Failure::Failed(text)) if text.contains(expected)),
            "{failure:?}"
        );
    }
    let world = World::new();
    let _entered = world.enter();
    world.set(PATH, Reply::new(429).header("retry-after", "60"));
    assert!(matches!(
        find(&world, json!({"query": "x"})),
        Err(Failure::Upstream(_))
    ));
}
