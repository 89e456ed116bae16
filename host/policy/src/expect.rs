//! A policy's own tests: its `[[expect]]` rows.
//!
//! | row | compares `decision` with |
//! | --- | --- |
//! | `call`, `effects`, perhaps `needs` | the verdict about the whole call |
//! | `call`, `need` | the strictest verdict about a part of that need |
//! | `call`, `request = "GET https://x.y/z"` | the verdict about that one request; with `addresses`, also how far it may go |
//! | `call`, `resolve = "x.y"` | the verdict about looking up that name |
//!
//! `call` is `plugin/tool/operation`. `configured` lists the endpoints that the user configured for it.

use std::fmt::Display;

use crate::atom::Atom;
use crate::error::{PolicyError, PolicyProblem};
use crate::parse::{DECISION, VERDICTS, access, scope};
use crate::policy::Policy;
use crate::read::{Field, Section};
use crate::tools::ToolPattern;
use crate::{
    AddressScope, CallRequest, Effect, Host, HttpNeed, HttpRegion, Need, Origin, OriginError,
    PathPrefix, UnknownMethod, Verdict,
};

const CALL: &str = "the operation that calls: `plugin/tool/operation`";
const NEEDS: &str =
    "a list of needs, for example { mount = \"workspace\", access = \"read-only\" }";
const NEED: &str = "a need, for example { mount = \"workspace\", access = \"read-only\" }";
const NEED_KINDS: [&str; 7] = [
    "http", "mount", "program", "model", "agent", "state", "notify",
];
const REQUEST: &str = "a method and an address, for example \"GET https://example.com/x\"";

/// Checks the policy against the rows of its file.
pub(crate) fn check(policy: &Policy, root: &Section<'_>) -> Result<(), PolicyError> {
    let Some(field) = root.get("expect") else {
        return Ok(());
    };
    for section in field.sections("[[expect]] tables")? {
        check_row(policy, &section)?;
    }
    Ok(())
}

fn check_row(policy: &Policy, section: &Section<'_>) -> Result<(), PolicyError> {
    section.only(&[
        "call",
        "effects",
        "needs",
        "need",
        "request",
        "resolve",
        "addresses",
        "configured",
        "decision",
    ])?;
    let wanted = section
        .need("decision", DECISION)?
        .word(&VERDICTS, DECISION)?;
    let mut call = caller(policy, section)?;
    let subjects = ["effects", "need", "request", "resolve"];
    let named: Vec<&str> = subjects
        .into_iter()
        .filter(|key| section.get(key).is_some())
        .collect();
    let [subject] = named.as_slice() else {
        return Err(section.error(PolicyProblem::Missing {
            expected: format!("exactly one of {}", subjects.join(", ")),
        }));
    };
    for (key, with) in [("needs", "effects"), ("addresses", "request")] {
        if let Some(field) = section.get(key).filter(|_| *subject != with) {
            return Err(field.error(PolicyProblem::Unexpected {
                found: format!("`{key}` beside `{subject}`"),
                expected: format!("it only beside `{with}`"),
            }));
        }
    }
    let field = section.need(subject, "one subject")?;
    let mut reach = None;
    let got = match *subject {
        "effects" => {
            call.effects = effects(&field)?;
            if let Some(field) = section.get("needs") {
                call.needs = needs(&field)?;
            }
            policy.decide(&call).decisive
        }
        "need" => policy
            .strictest(&need(&field)?, &call)
            .ok_or_else(|| field.unexpected("a need that asks for something"))?,
        "request" => {
            let region = request(&field)?;
            reach = Some(policy.reach(&region, &call));
            policy.judge(&Atom::Http(region), &call)
        }
        _ => policy.judge(&Atom::Dns(name(&field)?), &call),
    };
    let addresses = section
        .get("addresses")
        .map(|field| scope(&field))
        .transpose()?;
    if got.verdict == wanted && (addresses.is_none() || addresses == reach) {
        return Ok(());
    }
    let show = |verdict: Verdict, addresses: Option<AddressScope>| match addresses {
        Some(addresses) => format!("{verdict} for {addresses} addresses"),
        None => verdict.to_string(),
    };
    Err(section.error(PolicyProblem::Expectation {
        wanted: show(wanted, addresses),
        got: show(got.verdict, reach.filter(|_| addresses.is_some())),
        subject: got.subject,
        rule: got.rule,
    }))
}

fn caller(policy: &Policy, section: &Section<'_>) -> Result<CallRequest, PolicyError> {
    let call: ToolPattern = section.need("call", CALL)?.parse(CALL)?;
    let (Some(tool), Some(operation)) = (call.tool, call.operation) else {
        return Err(section.need("call", CALL)?.unexpected(CALL));
    };
    let configured = match section.get("configured") {
        Some(field) => {
            let expected = "a list of origins";
            let list = field.list(expected)?;
            list.iter()
                .map(|one| one.parse(expected))
                .collect::<Result<Vec<Origin>, _>>()?
        }
        None => Vec::new(),
    };
    Ok(CallRequest {
        plugin: call.plugin,
        tool,
        operation,
        effects: Vec::new(),
        needs: Vec::new(),
        limits: policy.limits,
        configured,
    })
}

fn effects(field: &Field<'_>) -> Result<Vec<Effect>, PolicyError> {
    let expected = "a list of effects";
    let list = field.list(expected)?;
    list.iter().map(|one| one.parse(expected)).collect()
}

fn needs(field: &Field<'_>) -> Result<Vec<Need>, PolicyError> {
    field.list(NEEDS)?.iter().map(need).collect()
}

fn need(field: &Field<'_>) -> Result<Need, PolicyError> {
    let section = field.section(NEED)?;
    let kinds: Vec<&str> = NEED_KINDS
        .into_iter()
        .filter(|key| section.get(key).is_some())
        .collect();
    let [kind] = kinds.as_slice() else {
        return Err(section.error(PolicyProblem::Missing {
            expected: format!("exactly one of {}", NEED_KINDS.join(", ")),
        }));
    };
    let value = section.need(kind, NEED)?;
    match *kind {
        "http" => section.only(&["http", "methods", "paths"])?,
        "mount" => section.only(&["mount", "access"])?,
        kind => section.only(&[kind])?,
    }
    let flag = |need: Need| match value.is_true() {
        true => Ok(need),
        false => Err(value.unexpected("true")),
    };
    match *kind {
        "http" => http_need(&section, &value).map(Need::Http),
        "mount" => Ok(Need::Mount {
            name: value.name("a directory's name")?,
            access: access(&section)?,
        }),
        "program" => value.name("a program's name").map(Need::Program),
        "model" => value.name("a role").map(Need::Model),
        "state" => Ok(Need::State(value.text("a prefix of keys")?.to_owned())),
        "agent" => flag(Need::Agent),
        _ => flag(Need::Notify),
    }
}

fn http_need(section: &Section<'_>, origin: &Field<'_>) -> Result<HttpNeed, PolicyError> {
    let methods = "a list of methods";
    let paths = "a list of path prefixes";
    Ok(HttpNeed {
        origin: origin.parse("an origin")?,
        methods: section
            .need("methods", methods)?
            .list(methods)?
            .iter()
            .map(|one| one.parse(methods))
            .collect::<Result<_, _>>()?,
        paths: section
            .need("paths", paths)?
            .list(paths)?
            .iter()
            .map(|one| one.parse(paths))
            .collect::<Result<_, _>>()?,
        credential: None,
        body_credential: None,
        reason: String::new(),
    })
}

fn name(field: &Field<'_>) -> Result<String, PolicyError> {
    let expected = "a host name";
    match field.parse(expected)? {
        Host::Name(name) => Ok(name),
        Host::V4(_) | Host::V6(_) => Err(field.unexpected(expected)),
    }
}

fn request(field: &Field<'_>) -> Result<HttpRegion, PolicyError> {
    let invalid = |error: &dyn Display| field.error(PolicyProblem::Invalid(error.to_string()));
    let (method, origin, path) = field
        .as_str()
        .and_then(split_request)
        .ok_or_else(|| field.unexpected(REQUEST))?;
    Ok(HttpRegion {
        origin: origin
            .parse()
            .map_err(|error: OriginError| invalid(&error))?,
        method: method
            .parse()
            .map_err(|error: UnknownMethod| invalid(&error))?,
        path: PathPrefix::of_path(path).map_err(|error| invalid(&error))?,
    })
}

/// Method, origin and path of a text like `GET https://example.com/x`.
fn split_request(text: &str) -> Option<(&str, &str, &str)> {
    let (method, address) = text.split_once(' ')?;
    let host = address.find("://")? + "://".len();
    let path = address.get(host..)?.find('/');
    match path {
        Some(path) => {
            let (origin, path) = address.split_at_checked(host + path)?;
            Some((method, origin, path))
        }
        None => Some((method, address, "/")),
    }
}
