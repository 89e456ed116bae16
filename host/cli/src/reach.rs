//! The services that tools talk to: the credentials for them, and where the user says that they are served.
//!
//! | credential | from | goes to |
//! | --- | --- | --- |
//! | `huggingface` | the Hugging Face token | the Hub, its data set viewer |
//! | `github` | `GITHUB_TOKEN` | GitHub's API |
//! | `semantic-scholar` | `S2_API_KEY`, as `x-api-key` | Semantic Scholar's API |
//!
//! | variable | says |
//! | --- | --- |
//! | `HF_ENDPOINT` | where the Hub is served, as for `huggingface_hub`: `https://hub.corp.example` |
//! | `ML_INTERN_ENDPOINTS` | the same of any origin: `https://api.github.com=https://github.corp.example/api/v3`, and more after commas |
//!
//! Both are read from the process's own environment alone: a project's `.env` does not choose where tokens go.

use egress::{Credentials, EgressBuilder, Endpoint};
use http::HeaderName;
use policy::Origin;

use crate::config::{self, Here};
use crate::fail::Fail;

const HUB: &str = "https://huggingface.co";
const VIEWER: &str = "https://datasets-server.huggingface.co";
const GITHUB: &str = "https://api.github.com";
const SCHOLAR: &str = "https://api.semanticscholar.org";

/// A secret of the user's for one service.
pub(crate) struct ServiceKey {
    /// What a need calls it.
    pub(crate) name: &'static str,
    /// What it is called where it was found.
    pub(crate) variable: &'static str,
    pub(crate) value: String,
    /// The header that it goes into; none is `authorization: Bearer`.
    header: Option<&'static str>,
    origins: &'static [&'static str],
}

/// The keys that there are.
pub(crate) fn keys(here: &Here) -> Vec<ServiceKey> {
    let hub = config::token(&here.environment)
        .token
        .map(|(token, _)| token.reveal().to_owned());
    let set = |name: &str| {
        let value = here.environment.value(name)?.trim().to_owned();
        (!value.is_empty()).then_some(value)
    };
    let key = |name, variable, value: Option<String>, header, origins| {
        Some(ServiceKey {
            name,
            variable,
            value: value?,
            header,
            origins,
        })
    };
    [
        key("huggingface", "HF_TOKEN", hub, None, &[HUB, VIEWER] as &[_]),
        key(
            "github",
            "GITHUB_TOKEN",
            set("GITHUB_TOKEN"),
            None,
            &[GITHUB],
        ),
        key(
            "semantic-scholar",
            "S2_API_KEY",
            set("S2_API_KEY"),
            Some("x-api-key"),
            &[SCHOLAR],
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Puts the keys on requests to their own services.
pub(crate) fn credentials(
    mut credentials: Credentials,
    keys: &[ServiceKey],
) -> Result<Credentials, Fail> {
    for key in keys {
        let wrong =
            |error: &dyn std::fmt::Display| Fail::usage(format!("{}: {error}", key.variable));
        let origins: Vec<Origin> = key
            .origins
            .iter()
            .map(|origin| origin.parse().map_err(|error| wrong(&error)))
            .collect::<Result<_, _>>()?;
        credentials = match key.header {
            None => credentials.bearer(key.name, &key.value, origins),
            Some(header) => credentials.header(
                key.name,
                &key.value,
                HeaderName::from_static(header),
                "",
                origins,
            ),
        }
        .map_err(|error| wrong(&error))?;
    }
    Ok(credentials)
}

/// Tells the gate where services are served.
pub(crate) fn endpoints(mut egress: EgressBuilder, here: &Here) -> Result<EgressBuilder, Fail> {
    let set = |name: &str| here.environment.process(name).unwrap_or_default();
    for (public, at, variable) in named(&set("HF_ENDPOINT"), &set("ML_INTERN_ENDPOINTS"))? {
        let wrong = |what: &str, error: &dyn std::fmt::Display| {
            Fail::usage(format!("{variable}: {what}: {error}"))
        };
        let origin: Origin = public.parse().map_err(|error| wrong(&public, &error))?;
        let endpoint: Endpoint = at.parse().map_err(|error| wrong("the address", &error))?;
        egress = egress.endpoint(origin, endpoint);
    }
    Ok(egress)
}

/// Public origins, where each is served, and the variable that says so.
fn named(hub: &str, others: &str) -> Result<Vec<(String, String, &'static str)>, Fail> {
    const OTHERS: &str = "ML_INTERN_ENDPOINTS";
    let mut found = Vec::new();
    let hub = hub.trim();
    if !hub.is_empty() && hub.trim_end_matches('/') != HUB {
        found.push((HUB.to_owned(), hub.to_owned(), "HF_ENDPOINT"));
    }
    for pair in others
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
    {
        let (public, at) = pair.split_once('=').ok_or_else(|| {
            Fail::usage(format!(
                "{OTHERS}: expected https://public.example=https://where.it.is, and more after commas"
            ))
        })?;
        found.push((public.trim().to_owned(), at.trim().to_owned(), OTHERS));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read() {
        let told = |hub: &str, others: &str| match named(hub, others) {
            Ok(found) => found
                .into_iter()
                .map(|(public, at, _)| format!("{public} at {at}"))
                .collect::<Vec<_>>()
                .join("; "),
            Err(error) => error.to_string(),
        };
        let table = [
            ("", "", ""),
            ("https://huggingface.co/", "", ""),
            (
                " http://127.0.0.1:1 ",
                "",
                "https://huggingface.co at http://127.0.0.1:1",
            ),
            (
                "",
                "https://a.example=http://b.example/x, https://c.example = http://[::1]:9",
                "https://a.example at http://b.example/x; https://c.example at http://[::1]:9",
            ),
            (
                "",
                "https://a.example",
                "ML_INTERN_ENDPOINTS: expected https://public.example=https://where.it.is, and more after commas",
            ),
        ];
        for (hub, others, expected) in table {
            assert_eq!(told(hub, others), expected);
        }
    }
}
