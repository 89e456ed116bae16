//! A plugin's declaration, checked: from the contract's records to the policy's types.
//!
//! Every error names the place, as `tools[0].operations[1].needs[2].origin`.

use std::collections::BTreeSet;

use policy::{Access, Effect, HttpNeed, Limits, Method, Need, Origin, PathPrefix};

use crate::bindings::plugin::exports::ml_intern::plugin::manifest as wit;

/// The longest text of any one field, in bytes.
const TEXT: usize = 64 << 10;
/// The most tools of one plugin, and operations of one tool.
const ENTRIES: usize = 256;

/// What a plugin declares.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Unique among the installed plugins.
    pub name: String,
    /// A semantic version.
    pub version: String,
    /// One line for people.
    pub summary: String,
    /// What it offers.
    pub tools: Vec<Tool>,
    /// What one call asks for at most; fields that the contract has no word for are unbounded here.
    pub limits: Limits,
}

/// One tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// For the model.
    pub description: String,
    /// JSON Schema of the arguments.
    pub parameters: serde_json::Value,
    /// The argument that names the operation.
    pub selector: Option<String>,
    /// At least one.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// What it does; [`Effect::Undeclared`] where the plugin declares nothing.
    pub effects: Vec<Effect>,
    /// What it asks for.
    pub needs: Vec<Need>,
    /// The operation of the same tool that tells beforehand what a call of this one costs.
    pub quote: Option<String>,
}

/// Something in a declaration that is not right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("manifest {place}: {problem}")]
pub struct ManifestError {
    /// Where, as a path through the records.
    pub place: String,
    /// What was found and what was expected.
    pub problem: String,
}

fn error(place: impl Into<String>, problem: impl Into<String>) -> ManifestError {
    ManifestError {
        place: place.into(),
        problem: problem.into(),
    }
}

/// `[a-z][a-z0-9-]*`, and `_` where tools are named.
fn name(place: &str, text: &str, underscore: bool) -> Result<(), ManifestError> {
    let fits = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || (underscore && c == '_')
        });
    if fits {
        return Ok(());
    }
    let shown: String = text.chars().take(80).collect();
    let pattern = if underscore {
        "[a-z][a-z0-9_-]*"
    } else {
        "[a-z][a-z0-9-]*"
    };
    Err(error(
        place,
        format!("found {shown:?}, expected {pattern} of at most 64 characters"),
    ))
}

/// The name of an operation: the value of an argument, so it may be of several words.
fn words(place: &str, text: &str) -> Result<(), ManifestError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let fits = text.len() <= 64
        && text
            .split(' ')
            .all(|word| !word.is_empty() && word.chars().all(fine));
    if fits {
        return Ok(());
    }
    let shown: String = text.chars().take(80).collect();
    Err(error(
        place,
        format!(
            "found {shown:?}, expected words of letters, digits, `-`, `_`, `.` and `/`, with one blank between them, of at \
             most 64 characters"
        ),
    ))
}

fn bounded(place: &str, text: String) -> Result<String, ManifestError> {
    if text.len() > TEXT {
        return Err(error(
            place,
            format!("{} bytes, expected at most {TEXT}", text.len()),
        ));
    }
    Ok(text)
}

fn count(place: &str, found: usize) -> Result<(), ManifestError> {
    if found == 0 || found > ENTRIES {
        return Err(error(
            place,
            format!("{found} entries, expected 1 to {ENTRIES}"),
        ));
    }
    Ok(())
}

impl Manifest {
    /// Checks a declaration.
    pub(crate) fn check(found: wit::Manifest) -> Result<Manifest, ManifestError> {
        name("name", &found.name, false)?;
        if found.name == policy::HOST {
            return Err(error(
                "name",
                format!("{:?} is how policies name the host itself", found.name),
            ));
        }
        if !version(&found.version) {
            let shown: String = found.version.chars().take(80).collect();
            return Err(error(
                "version",
                format!("found {shown:?}, expected a semantic version such as 1.2.3"),
            ));
        }
        count("tools", found.tools.len())?;
        let mut names = BTreeSet::new();
        let mut tools = Vec::with_capacity(found.tools.len());
        for (i, tool) in found.tools.into_iter().enumerate() {
            let tool = Tool::check(&format!("tools[{i}]"), tool)?;
            if !names.insert(tool.name.clone()) {
                return Err(error(
                    format!("tools[{i}].name"),
                    format!("{} is there twice", tool.name),
                ));
            }
            tools.push(tool);
        }
        let wit::Limits {
            memory,
            fuel,
            deadline,
            output,
            open_files,
            host_calls,
        } = found.limits;
        for (place, value) in [
            ("limits.memory", memory),
            ("limits.fuel", fuel),
            ("limits.deadline", u64::from(deadline)),
            ("limits.output", u64::from(output)),
        ] {
            if value == 0 {
                return Err(error(
                    place,
                    "found 0, expected at least 1; a call with nothing cannot run",
                ));
            }
        }
        Ok(Manifest {
            name: found.name,
            version: found.version,
            summary: bounded("summary", found.summary)?,
            tools,
            limits: Limits {
                memory,
                fuel,
                deadline: u64::from(deadline),
                output: u64::from(output),
                open_files: u64::from(open_files),
                host_calls: u64::from(host_calls),
                disk: u64::MAX,
                network: u64::MAX,
                requests: u64::MAX,
            },
        })
    }
}

/// A semantic version, loosely: three numbers, and what may follow `-` or `+`.
fn version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    text.len() <= 64
        && parts.len() == 3
        && parts.iter().all(|part| part.parse::<u64>().is_ok())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))
}

impl Tool {
    fn check(place: &str, found: wit::Tool) -> Result<Tool, ManifestError> {
        name(&format!("{place}.name"), &found.name, true)?;
        let at = format!("{place}.parameters");
        let parameters: serde_json::Value = serde_json::from_str(&bounded(&at, found.parameters)?)
            .map_err(|problem| error(&at, format!("not JSON: {problem}")))?;
        if !parameters.is_object() {
            return Err(error(at, "expected a JSON Schema object"));
        }
        let at = format!("{place}.operations");
        count(&at, found.operations.len())?;
        match &found.selector {
            None if found.operations.len() > 1 => {
                return Err(error(
                    format!("{place}.selector"),
                    format!(
                        "none, but there are {} operations to select from",
                        found.operations.len()
                    ),
                ));
            }
            Some(selector)
                if parameters
                    .pointer(&format!("/properties/{selector}"))
                    .is_none() =>
            {
                return Err(error(
                    format!("{place}.selector"),
                    format!("{selector:?} is no property of the tool's parameters"),
                ));
            }
            _ => {}
        }
        let mut names = BTreeSet::new();
        let mut operations = Vec::with_capacity(found.operations.len());
        for (i, operation) in found.operations.into_iter().enumerate() {
            let operation = Operation::check(&format!("{at}[{i}]"), operation)?;
            if !names.insert(operation.name.clone()) {
                return Err(error(
                    format!("{at}[{i}].name"),
                    format!("{} is there twice", operation.name),
                ));
            }
            operations.push(operation);
        }
        for (i, operation) in operations.iter().enumerate() {
            if let Some(quote) = &operation.quote {
                let named = operations.iter().find(|other| other.name == *quote);
                // It runs before anybody is asked, so it must be one that nobody has to be asked about for what it does.
                if named.is_none_or(|named| named.effects != [Effect::Observe]) {
                    return Err(error(
                        format!("{at}[{i}].quote"),
                        format!("{quote:?} is no operation of the tool that only observes"),
                    ));
                }
            }
        }
        Ok(Tool {
            name: found.name,
            description: bounded(&format!("{place}.description"), found.description)?,
            parameters,
            selector: found.selector,
            operations,
        })
    }
}

impl Operation {
    fn check(place: &str, found: wit::Operation) -> Result<Operation, ManifestError> {
        words(&format!("{place}.name"), &found.name)?;
        let mut effects: Vec<Effect> = found.effects.into_iter().map(effect).collect();
        if effects.is_empty() {
            effects.push(Effect::Undeclared);
        }
        effects.sort_unstable();
        effects.dedup();
        let at = format!("{place}.needs");
        if found.needs.len() > ENTRIES {
            return Err(error(
                at,
                format!("{} entries, expected at most {ENTRIES}", found.needs.len()),
            ));
        }
        let needs = found
            .needs
            .into_iter()
            .enumerate()
            .map(|(i, found)| need(&format!("{at}[{i}]"), found))
            .collect::<Result<_, _>>()?;
        Ok(Operation {
            name: found.name,
            effects,
            needs,
            quote: found.quote,
        })
    }
}

fn effect(found: wit::Effect) -> Effect {
    match found {
        wit::Effect::Observe => Effect::Observe,
        wit::Effect::Write => Effect::Write,
        wit::Effect::Execute => Effect::Execute,
        wit::Effect::Notify => Effect::Notify,
        wit::Effect::Publish => Effect::Publish,
        wit::Effect::Destroy => Effect::Destroy,
        wit::Effect::Spend => Effect::Spend,
    }
}

fn method(found: wit::HttpMethod) -> Method {
    match found {
        wit::HttpMethod::Get => Method::Get,
        wit::HttpMethod::Head => Method::Head,
        wit::HttpMethod::Options => Method::Options,
        wit::HttpMethod::Post => Method::Post,
        wit::HttpMethod::Put => Method::Put,
        wit::HttpMethod::Patch => Method::Patch,
        wit::HttpMethod::Delete => Method::Delete,
    }
}

fn need(place: &str, found: wit::Need) -> Result<Need, ManifestError> {
    Ok(match found {
        wit::Need::Http(found) => {
            let origin: Origin = found.origin.parse().map_err(|problem| {
                error(
                    format!("{place}.origin"),
                    format!("{:?}: {problem}", found.origin),
                )
            })?;
            let mut paths: Vec<PathPrefix> = Vec::with_capacity(found.paths.len());
            for (i, path) in found.paths.iter().enumerate() {
                paths.push(path.parse().map_err(|problem| {
                    error(
                        format!("{place}.paths[{i}]"),
                        format!("{path:?}: {problem}"),
                    )
                })?);
            }
            if let Some(credential) = &found.credential {
                name(&format!("{place}.credential"), credential, true)?;
            }
            if let Some(credential) = &found.body_credential {
                name(&format!("{place}.body-credential"), credential, true)?;
            }
            Need::Http(HttpNeed {
                origin,
                methods: found.methods.into_iter().map(method).collect(),
                paths,
                credential: found.credential,
                body_credential: found.body_credential,
                reason: bounded(&format!("{place}.reason"), found.reason)?,
            })
        }
        wit::Need::Web(methods) => Need::Web(methods.into_iter().map(method).collect()),
        wit::Need::Mount(found) => {
            name(&format!("{place}.name"), &found.name, false)?;
            let access = match found.access {
                wit::Access::ReadOnly => Access::ReadOnly,
                wit::Access::ReadWrite => Access::ReadWrite,
            };
            Need::Mount {
                name: found.name,
                access,
            }
        }
        wit::Need::Program(program) => {
            name(place, &program, true)?;
            Need::Program(program)
        }
        wit::Need::Model(role) => {
            name(place, &role, true)?;
            Need::Model(role)
        }
        wit::Need::Agent => Need::Agent,
        wit::Need::State(prefix) => Need::State(bounded(place, prefix)?),
        wit::Need::Notify => Need::Notify,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> wit::Manifest {
        wit::Manifest {
            name: "files".into(),
            version: "1.2.3".into(),
            summary: "Files.".into(),
            tools: vec![wit::Tool {
                name: "read".into(),
                description: "Reads.".into(),
                parameters: r#"{"type": "object", "properties": {"op": {}}}"#.into(),
                selector: None,
                operations: vec![wit::Operation {
                    name: "read".into(),
                    effects: vec![wit::Effect::Observe],
                    needs: vec![wit::Need::Http(wit::HttpNeed {
                        origin: "https://example.com".into(),
                        methods: vec![wit::HttpMethod::Get],
                        paths: vec!["/api".into()],
                        credential: Some("hub".into()),
                        body_credential: None,
                        reason: "looks".into(),
                    })],
                    quote: None,
                }],
            }],
            limits: wit::Limits {
                memory: 1,
                fuel: 1,
                deadline: 1,
                output: 1,
                open_files: 0,
                host_calls: 0,
            },
        }
    }

    fn http(change: impl Fn(&mut wit::HttpNeed)) -> impl Fn(&mut wit::Manifest) {
        move |manifest| {
            if let wit::Need::Http(need) = &mut manifest.tools[0].operations[0].needs[0] {
                change(need);
            }
        }
    }

    #[test]
    fn a_good_one_is_taken_as_it_is() {
        let manifest = Manifest::check(good()).unwrap();
        assert_eq!(manifest.tools[0].operations[0].effects, [Effect::Observe]);
        assert_eq!(
            manifest.tools[0].operations[0].needs[0].to_string(),
            "http GET https://example.com:443 /api"
        );
    }

    #[test]
    fn an_operation_may_be_of_several_words() {
        let mut manifest = good();
        manifest.tools[0].operations[0].name = "scheduled run".into();
        let manifest = Manifest::check(manifest).unwrap();
        assert_eq!(manifest.tools[0].operations[0].name, "scheduled run");
    }

    #[test]
    fn no_effects_means_undeclared() {
        let mut manifest = good();
        manifest.tools[0].operations[0].effects.clear();
        let manifest = Manifest::check(manifest).unwrap();
        assert_eq!(
            manifest.tools[0].operations[0].effects,
            [Effect::Undeclared]
        );
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        type Change = Box<dyn Fn(&mut wit::Manifest)>;
        let rows: Vec<(Change, &str)> = vec![
            (
                Box::new(|m| m.name = "Files".into()),
                "manifest name: found \"Files\", expected [a-z][a-z0-9-]* of at most 64 characters",
            ),
            (
                Box::new(|m| m.name = "host".into()),
                "manifest name: \"host\" is how policies name the host itself",
            ),
            (
                Box::new(|m| m.version = "1.2".into()),
                "manifest version: found \"1.2\", expected a semantic version such as 1.2.3",
            ),
            (
                Box::new(|m| m.tools.clear()),
                "manifest tools: 0 entries, expected 1 to 256",
            ),
            (
                Box::new(|m| m.tools.push(good().tools[0].clone())),
                "manifest tools[1].name: read is there twice",
            ),
            (
                Box::new(|m| m.tools[0].name = "../x".into()),
                "manifest tools[0].name: found \"../x\", expected [a-z][a-z0-9_-]* of at most 64 characters",
            ),
            (
                Box::new(|m| m.tools[0].parameters = "{".into()),
                "manifest tools[0].parameters: not JSON: EOF while parsing an object at line 1 column 1",
            ),
            (
                Box::new(|m| m.tools[0].parameters = "[]".into()),
                "manifest tools[0].parameters: expected a JSON Schema object",
            ),
            (
                Box::new(|m| m.tools[0].selector = Some("nope".into())),
                "manifest tools[0].selector: \"nope\" is no property of the tool's parameters",
            ),
            (
                Box::new(|m| {
                    let mut second = m.tools[0].operations[0].clone();
                    second.name = "second".into();
                    m.tools[0].operations.push(second);
                }),
                "manifest tools[0].selector: none, but there are 2 operations to select from",
            ),
            (
                Box::new(|m| m.tools[0].operations[0].name = "scheduled  run".into()),
                "manifest tools[0].operations[0].name: found \"scheduled  run\", expected words of letters,",
            ),
            (
                Box::new(|m| m.tools[0].operations[0].quote = Some("price".into())),
                "manifest tools[0].operations[0].quote: \"price\" is no operation of the tool that only observes",
            ),
            (
                Box::new(|m| {
                    m.tools[0].operations[0].effects.push(wit::Effect::Spend);
                    m.tools[0].operations[0].quote = Some("read".into());
                }),
                "manifest tools[0].operations[0].quote: \"read\" is no operation of the tool that only observes",
            ),
            (
                Box::new(|m| m.tools[0].operations.clear()),
                "manifest tools[0].operations: 0 entries, expected 1 to 256",
            ),
            (
                Box::new(http(|need| need.paths = vec!["api".into()])),
                "manifest tools[0].operations[0].needs[0].paths[0]: \"api\": ",
            ),
            (
                Box::new(http(|need| need.origin = "https://example.com/x".into())),
                "manifest tools[0].operations[0].needs[0].origin: \"https://example.com/x\": ",
            ),
            (
                Box::new(http(|need| need.credential = Some("a b".into()))),
                "manifest tools[0].operations[0].needs[0].credential: found \"a b\", expected",
            ),
            (
                Box::new(|m| m.limits.memory = 0),
                "manifest limits.memory: found 0, expected at least 1; a call with nothing cannot run",
            ),
            (
                Box::new(|m| m.summary = "x".repeat(TEXT + 1)),
                "manifest summary: 65537 bytes, expected at most 65536",
            ),
        ];
        for (change, expected) in rows {
            let mut manifest = good();
            change(&mut manifest);
            let found = Manifest::check(manifest).unwrap_err().to_string();
            assert!(found.starts_with(expected), "{found}\n{expected}");
        }
    }
}
