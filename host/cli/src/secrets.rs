//! The secrets that this process holds: nothing that is written or sent may contain them.

use egress::Credentials;
use journal::{Redactor, Secret};

use crate::fail::Fail;

/// Variables that hold a secret where they are set.
const KNOWN: [&str; 8] = [
    "ANTHROPIC_API_KEY",
    "GITHUB_TOKEN",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "INFERENCE_TOKEN",
    "LOCAL_LLM_API_KEY",
    "OPENAI_API_KEY",
    "SLACK_BOT_TOKEN",
];

/// The same secrets for both sinks: the journal's redactor and the egress gate's scan.
pub(crate) fn held() -> Result<(Redactor, Credentials), Fail> {
    let held: Vec<(&str, String)> = KNOWN
        .into_iter()
        .filter_map(|name| Some((name, std::env::var(name).ok()?.trim().to_owned())))
        .filter(|(_, value)| value.len() >= Redactor::MIN_LENGTH)
        .collect();
    let secrets = held.iter().map(|(name, value)| Secret {
        name: (*name).to_owned(),
        value: value.clone(),
    });
    let redactor = Redactor::new(secrets).map_err(|error| Fail::usage(error.to_string()))?;
    let mut credentials = Credentials::new();
    for (name, value) in &held {
        credentials = credentials
            .known(&name.to_ascii_lowercase(), value)
            .map_err(|error| Fail::usage(format!("{name}: {error}")))?;
    }
    Ok((redactor, credentials))
}
