//! `/.well-known/openapi.json`: the endpoints that there are, described.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::hub::errors::Reply;

/// One a line: method, path, operation, tag, summary, query parameters (`*` needed), properties of the body.
const ENDPOINTS: &str = include_str!("../../data/openapi.tsv");

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut paths = json!({});
    let mut tags: Vec<&str> = Vec::new();
    for line in ENDPOINTS.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [method, path, operation, tag, summary, query, body] = fields.as_slice() else {
            continue;
        };
        if !tags.contains(tag) {
            tags.push(tag);
        }
        let inside = path
            .split(['{', '}'])
            .skip(1)
            .step_by(2)
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
        let queries = query
            .split(',')
            .filter(|name| !name.is_empty())
            .map(|name| {
                json!({
                    "name": name.trim_start_matches('*'),
                    "in": "query",
                    "required": name.starts_with('*'),
                    "schema": {"type": if name.contains("limit") { "integer" } else { "string" }},
                })
            });
        let parameters: Vec<Value> = inside.chain(queries).collect();
        let mut endpoint = json!({
            "operationId": operation,
            "tags": [tag],
            "summary": summary,
            "description": format!("{summary}. Part of the Hub's API for {tag}."),
            "parameters": parameters,
            "responses": {
                "200": {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}},
                "401": {"description": "No token, or a wrong one"},
                "404": {"description": "Not found"},
            },
        });
        if !body.is_empty() {
            let mut properties = json!({});
            for name in body.split(',') {
                properties[name.trim_start_matches('*')] = json!({"type": "string"});
            }
            let required: Vec<&str> = body
                .split(',')
                .filter_map(|name| name.strip_prefix('*'))
                .collect();
            endpoint["requestBody"] = json!({
                "required": true,
                "content": {"application/json": {"schema": {"type": "object", "properties": properties, "required": required}}},
            });
        }
        if paths.get(*path).is_none() {
            paths[*path] = json!({});
        }
        paths[*path][method.to_lowercase()] = endpoint;
    }
    let tags: Vec<Value> = tags
        .into_iter()
        .map(|tag| json!({"name": tag, "description": format!("About {tag}")}))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Hub API", "version": "0.0.1"},
        "servers": [{"url": "https://huggingface.co"}],
        "tags": tags,
        "paths": paths,
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}],
    })
});

pub(crate) fn document() -> Reply {
    Ok(Answer::json(&DOCUMENT))
}
