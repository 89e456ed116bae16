//! Needs, made in one expression each: `needs([need::mount("workspace", Access::ReadOnly), need::program("python")])`.

use crate::{Access, HttpMethod, HttpNeed, MountNeed, Need};

/// Requests to one origin: `scheme://host:port`, these methods, these path prefixes. The reason is one line for the
/// person who is asked.
#[must_use]
pub fn http<'a>(
    origin: &str,
    methods: impl IntoIterator<Item = HttpMethod>,
    paths: impl IntoIterator<Item = &'a str>,
    reason: &str,
) -> Need {
    Need::Http(http_need(origin, methods, paths, None, reason))
}

/// The same, with one of the host's credentials, by name. The host puts it on the request; the plugin never sees it.
#[must_use]
pub fn http_as<'a>(
    credential: &str,
    origin: &str,
    methods: impl IntoIterator<Item = HttpMethod>,
    paths: impl IntoIterator<Item = &'a str>,
    reason: &str,
) -> Need {
    Need::Http(http_need(
        origin,
        methods,
        paths,
        Some(credential.to_owned()),
        reason,
    ))
}

/// The same, for a service that takes the credential as data too: the host replaces `{{credential:<name>}}` in a JSON
/// body of at most 1 MiB.
#[must_use]
pub fn http_with_body_credential<'a>(
    credential: &str,
    origin: &str,
    methods: impl IntoIterator<Item = HttpMethod>,
    paths: impl IntoIterator<Item = &'a str>,
    reason: &str,
) -> Need {
    let named = Some(credential.to_owned());
    Need::Http(HttpNeed {
        body_credential: named.clone(),
        ..http_need(origin, methods, paths, named, reason)
    })
}

fn http_need<'a>(
    origin: &str,
    methods: impl IntoIterator<Item = HttpMethod>,
    paths: impl IntoIterator<Item = &'a str>,
    credential: Option<String>,
    reason: &str,
) -> HttpNeed {
    HttpNeed {
        origin: origin.to_owned(),
        methods: methods.into_iter().collect(),
        paths: paths.into_iter().map(str::to_owned).collect(),
        credential,
        body_credential: None,
        reason: reason.to_owned(),
    }
}

/// Requests, with these methods, to whatever origins the policy allows outright; it is asked again for each of them. For
/// operations that run code.
#[must_use]
pub fn web(methods: impl IntoIterator<Item = HttpMethod>) -> Need {
    Need::Web(methods.into_iter().collect())
}

/// A directory of the host's, by name; it appears at `/<name>`.
#[must_use]
pub fn mount(name: &str, access: Access) -> Need {
    Need::Mount(MountNeed {
        name: name.to_owned(),
        access,
    })
}

/// Runs another component program, by name.
#[must_use]
pub fn program(name: &str) -> Need {
    Need::Program(name.to_owned())
}

/// Completes text with a model, by role: `main` or `small`.
#[must_use]
pub fn model(role: &str) -> Need {
    Need::Model(role.to_owned())
}

/// Runs a nested agent.
#[must_use]
pub fn agent() -> Need {
    Need::Agent
}

/// The session's key-value store, for keys that start with the prefix.
#[must_use]
pub fn state(prefix: &str) -> Need {
    Need::State(prefix.to_owned())
}

/// Messages to people.
#[must_use]
pub fn notify() -> Need {
    Need::Notify
}
