//! The description of an HTTP API (OpenAPI 3), as far as it is told: <https://spec.openapis.org/oas/v3.1.0>.
//!
//! Everything else in it is passed over unread. A part that is not of the expected form is left out, the rest stays.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The methods that a path can have, in the order in which they are told.
const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];

/// One operation of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// In capitals.
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
    pub(crate) parameters: Vec<Parameter>,
    /// The media type of the body, if it takes one.
    pub(crate) body: Option<String>,
    /// Names of the body's properties, and whether each is required.
    pub(crate) fields: Vec<(String, bool)>,
    /// Status and description.
    pub(crate) responses: Vec<(String, String)>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// `path`, `query`, `header` or `cookie`.
    pub(crate) place: String,
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) kind: String,
    pub(crate) description: String,
}

/// The document, of which every operation is kept, in its order, and nothing else.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    #[serde(rename = "paths", deserialize_with = "operations")]
    pub(crate) endpoints: Vec<Endpoint>,
}

/// Takes one path at a time, so that a long document is never in memory as a tree.
fn operations<'de, D: Deserializer<'de>>(paths: D) -> Result<Vec<Endpoint>, D::Error> {
    struct Paths;
    impl<'de> Visitor<'de> for Paths {
        type Value = Vec<Endpoint>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of paths")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut paths: A) -> Result<Self::Value, A::Error> {
            let mut endpoints = Vec::new();
            while let Some((path, item)) = paths.next_entry::<String, Value>()? {
                let shared = parameters(&item);
                for method in METHODS {
                    if let Some(operation) = item.get(method).filter(|found| found.is_object()) {
                        endpoints.push(endpoint(method, &path, &shared, operation));
                    }
                }
            }
            Ok(endpoints)
        }
    }
    paths.deserialize_map(Paths)
}

/// Every tag of these, sorted.
pub(crate) fn tags(endpoints: &[Endpoint]) -> Vec<&str> {
    let all: BTreeSet<&str> = endpoints
        .iter()
        .flat_map(|endpoint| endpoint.tags.iter().map(String::as_str))
        .collect();
    all.into_iter().collect()
}

fn text(value: &Value, name: &str) -> String {
    value
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn endpoint(method: &str, path: &str, shared: &[Parameter], operation: &Value) -> Endpoint {
    let mut own = parameters(operation);
    // The operation's own count before the path's (§4.8.9.1).
    for parameter in shared {
        let known = |own: &Parameter| own.name == parameter.name && own.place == parameter.place;
        if !own.iter().any(known) {
            own.push(parameter.clone());
        }
    }
    let tags = operation.get("tags").and_then(Value::as_array);
    let content = operation
        .get("requestBody")
        .and_then(|body| body.get("content"))
        .and_then(Value::as_object);
    let body = content.and_then(|content| {
        let json = content.get_key_value("application/json");
        json.or_else(|| content.iter().next())
    });
    let schema = body.and_then(|(_, media)| media.get("schema"));
    let required: Vec<&str> = schema
        .and_then(|schema| schema.get("required"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let fields = schema
        .and_then(|schema| schema.get("properties"))
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|properties| properties.keys())
        .map(|name| (name.clone(), required.contains(&name.as_str())))
        .collect();
    let responses = operation.get("responses").and_then(Value::as_object);
    Endpoint {
        method: method.to_uppercase(),
        path: path.to_owned(),
        id: text(operation, "operationId"),
        summary: text(operation, "summary"),
        description: text(operation, "description"),
        tags: tags
            .into_iter()
            .flatten()
            .filter_map(|tag| Some(tag.as_str()?.to_owned()))
            .collect(),
        parameters: own,
        body: body.map(|(kind, _)| kind.clone()),
        fields,
        responses: responses
            .into_iter()
            .flatten()
            .map(|(status, response)| (status.clone(), text(response, "description")))
            .collect(),
    }
}

fn parameters(of: &Value) -> Vec<Parameter> {
    let all = of.get("parameters").and_then(Value::as_array);
    all.into_iter()
        .flatten()
        .filter_map(|parameter| {
            Some(Parameter {
                place: parameter.get("in")?.as_str()?.to_owned(),
                name: parameter.get("name")?.as_str()?.to_owned(),
                required: parameter
                    .get("required")
                    .and_then(Value::as_bool)
                    .unwrap_or(false),
                kind: parameter.get("schema").map(kind).unwrap_or_default(),
                description: text(parameter, "description"),
            })
        })
        .collect()
}

/// A schema in a word: its type, or the values that it allows.
fn kind(schema: &Value) -> String {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let some: Vec<&str> = values.iter().filter_map(Value::as_str).take(8).collect();
        let more = if values.len() > some.len() {
            "|…"
        } else {
            ""
        };
        return format!("{}{more}", some.join("|"));
    }
    text(schema, "type")
}
