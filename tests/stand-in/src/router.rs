//! router.huggingface.co: the catalogue of hosted models, in the shape of `GET /v1/models`.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::world::World;

/// A model: id, providers (name, context in tokens, dollars for a million tokens in and out, tools).
type Model = (&'static str, &'static [(&'static str, u32, f64, f64, bool)]);

const MODELS: [Model; 4] = [
    (
        "tabular-lab/vintner-70b",
        &[
            ("grapes", 131_072, 0.6, 0.9, true),
            ("cask", 65_536, 0.5, 0.8, false),
        ],
    ),
    (
        "tabular-lab/vintner-7b",
        &[("grapes", 32_768, 0.05, 0.08, true)],
    ),
    (
        "smalldata/pocket-coder",
        &[("cask", 262_144, 0.2, 0.6, true)],
    ),
    ("lin/talker", &[("grapes", 8_192, 0.02, 0.02, false)]),
];

pub(crate) fn answer(ask: &Ask, _: &mut World) -> Answer {
    if (ask.method.as_str(), ask.path.as_str()) != ("GET", "/v1/models") {
        return Answer::json_with(404, &json!({"error": "Not Found"}));
    }
    let data: Vec<Value> = MODELS
        .iter()
        .map(|(id, providers)| {
            let providers: Vec<Value> = providers
                .iter()
                .map(|(name, context, input, output, tools)| {
                    json!({
                        "provider": name,
                        "status": "live",
                        "context_length": context,
                        "pricing": {"input": input, "output": output},
                        "supports_tools": tools,
                        "supports_structured_output": tools,
                    })
                })
                .collect();
            json!({
                "id": id,
                "object": "model",
                "created": 1_746_000_000,
                "owned_by": id.split('/').next(),
                "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
                "providers": providers,
            })
        })
        .collect();
    Answer::json(&json!({"object": "list", "data": data}))
}
