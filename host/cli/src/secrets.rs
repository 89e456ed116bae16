//! The secrets that this process holds: nothing that is written or sent may contain them.

use egress::Credentials;
use journal::{Redactor, Secret};
use models::{ModelId, Settings};

use crate::config::{self, Here};
use crate::fail::Fail;
use crate::{notices, reach};

/// Variables that hold a secret where they are set.
const KNOWN: [&str; 9] = [
    "ANTHROPIC_API_KEY",
    "GITHUB_TOKEN",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "INFERENCE_TOKEN",
    "LOCAL_LLM_API_KEY",
    "OPENAI_API_KEY",
    "S2_API_KEY",
    "SLACK_BOT_TOKEN",
];

/// What takes the secrets out of what is written.
pub(crate) fn redactor() -> Result<Redactor, Fail> {
    let here = Here::find(Vec::new())?;
    let notices = notices::settings(&here.loaded.config);
    Ok(held(&settings(&here)?, &notices, &here)?.0)
}

/// Where model providers are, and their keys.
pub(crate) fn settings(here: &Here) -> Result<Settings, Fail> {
    // Its own look at the places ends at the file; this one goes on to the keychain.
    let hub = || config::token(&here.environment).token;
    Settings::read(|name| match here.environment.value(name) {
        None if name == "HF_TOKEN" => hub().map(|(token, _)| token.reveal().to_owned()),
        found => found,
    })
    .map_err(|error| Fail::usage(error.to_string()))
}

/// The variable that a model's key is looked for in, where its server needs one and there is none.
pub(crate) fn missing_key(settings: &Settings, id: &ModelId) -> Option<&'static str> {
    let service = id.service()?;
    let account = settings.account(service)?;
    let needs = account.key.is_none() && account.usual && !account.endpoint.is_loopback();
    needs.then(|| service.key_variables().first().copied().unwrap_or_default())
}

/// The same secrets for both sinks: the journal's redactor and the egress gate's scan. The keys of model providers are
/// put on requests to their own origins, and so are those of the services that tools and messages go
/// to.
pub(crate) fn held(
    settings: &Settings,
    notices: &gateways::Settings,
    here: &Here,
) -> Result<(Redactor, Credentials), Fail> {
    let keys: Vec<(&str, &str)> = settings
        .secrets()
        .map(|(name, key)| (name, key.reveal()))
        .collect();
    let known = KNOWN
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), here.environment.value(name)?)));
    let mut held: Vec<(String, String)> = Vec::new();
    for (name, value) in known.chain(here.loaded.secrets()) {
        let value = value.trim();
        if value.len() >= Redactor::MIN_LENGTH && held.iter().all(|(_, known)| known != value) {
            held.push((name, value.to_owned()));
        }
    }
    // One that has two names is known by that of its variable.
    let others = keys
        .iter()
        .filter(|(_, key)| held.iter().all(|(_, value)| value != key));
    let secrets = held
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(others.copied())
        .filter(|(_, value)| value.len() >= Redactor::MIN_LENGTH)
        .map(|(name, value)| Secret {
            name: name.to_owned(),
            value: value.to_owned(),
        });
    let redactor = Redactor::new(secrets).map_err(|error| Fail::usage(error.to_string()))?;
    let services = reach::keys(here);
    let mut credentials = Credentials::new();
    for (name, value) in &held {
        let sent = keys.iter().any(|(_, key)| key == value)
            || services.iter().any(|service| service.value == *value);
        if sent {
            continue;
        }
        credentials = credentials
            .known(&name.to_ascii_lowercase(), value)
            .map_err(|error| Fail::usage(format!("{name}: {error}")))?;
    }
    let credentials = notices
        .credentials(reach::credentials(credentials, &services)?)
        .map_err(|error| Fail::usage(error.to_string()))?;
    let credentials = settings
        .credentials(credentials)
        .map_err(|error| Fail::usage(error.to_string()))?;
    Ok((redactor, credentials))
}
