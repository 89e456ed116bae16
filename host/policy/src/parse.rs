//! Reads a policy.
//!
//! | key | value |
//! | --- | --- |
//! | `version` | `1` |
//! | `name`, `description` (may be absent) | texts |
//! | `walls` | `"required"` where absent, or `"optional"`: whether a program may run whose process could not lock itself in completely |
//! | `[limits]` | every limit: sizes `memory`, `output`, `disk`, `network`; duration `deadline`; counts `fuel`, `open-files`, `host-calls`, `requests` |
//! | `[[limit]]` | `tools`, and those limits that are others for them |
//! | `[otherwise]` | by class, `"ask"` or `"deny"` for what no rule is about; a class that is absent is denied, and the host's own work always |
//! | `[[rule]]` | `name`, `decision`, `tools`, one subject, `reason` (may be absent) |
//! | `[[expect]]` | the policy's own tests |
//!
//! | subject of a rule | value, beside `"all"` and lists of |
//! | --- | --- |
//! | `effects` | `observe`, `write`, `execute`, `notify`, `publish`, `destroy`, `spend`, `undeclared` |
//! | `http` | a table: `origins` (also `"configured"`, `"configured-loopback"`), `methods`, `paths`; `addresses`: `"public"` where absent, `"loopback"` or `"private"` |
//! | `dns` | `huggingface.co`, `*.hf.co` |
//! | `mounts` | `{ name = "workspace", access = "read-write" }` |
//! | `programs`, `models` | names, roles |
//! | `agents`, `state`, `notify` | nothing: `"all"` or `[]` |
//!
//! What is absent, what is empty (`[]`, which matches nothing) and `"all"` are three different things throughout. Keys
//! that are not in these tables are errors.

use std::collections::BTreeMap;

use toml_edit::Document;

use crate::error::{PolicyError, PolicyProblem};
use crate::expect;
use crate::policy::{LimitRow, Policy, Walls};
use crate::read::{Field, Section, Source};
use crate::rule::{Class, HttpRule, MountRule, Origins, Rule, Select, Subject};
use crate::tools::Tools;
use crate::units;
use crate::{Access, AddressScope, Limits, Verdict};

/// The version of the format.
const VERSION: u64 = 1;

pub(crate) const VERDICTS: [(&str, Verdict); 3] = [
    ("allow", Verdict::Allow),
    ("ask", Verdict::Ask),
    ("deny", Verdict::Deny),
];
pub(crate) const DECISION: &str = "\"allow\", \"ask\" or \"deny\"";
const ACCESSES: [(&str, Access); 2] = [
    ("read-only", Access::ReadOnly),
    ("read-write", Access::ReadWrite),
];
const TOOLS: &str =
    "\"all\", or a list of `plugin`, `plugin/tool` or `plugin/tool/operation`; [] matches nothing";

impl Policy {
    /// Reads a policy and checks it against its own `[[expect]]` rows. `file` names it in messages; nothing is opened.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its line and column and with what was expected.
    pub fn parse(file: &str, text: &str) -> Result<Policy, PolicyError> {
        let source = Source { file, text };
        let document = Document::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            source.error(at, "", PolicyProblem::Syntax(error.message().to_owned()))
        })?;
        let root = Section::root(source, document.as_table());
        root.only(&[
            "version",
            "name",
            "description",
            "walls",
            "limits",
            "limit",
            "otherwise",
            "rule",
            "expect",
        ])?;
        version(&root)?;
        let policy = Policy {
            file: file.to_owned(),
            name: root
                .need("name", "the policy's name, a text")?
                .name("the policy's name, a text")?,
            description: optional_text(&root, "description")?,
            walls: walls(&root)?,
            limits: all_limits(&root)?,
            limits_by_tool: limit_rows(&root)?,
            otherwise: otherwise(&root)?,
            rules: rules(&root)?,
        };
        expect::check(&policy, &root)?;
        Ok(policy)
    }
}

fn version(root: &Section<'_>) -> Result<(), PolicyError> {
    let expected = "1, the version of the format";
    let field = root.need("version", expected)?;
    match field.count() {
        Ok(VERSION) => Ok(()),
        _ => Err(field.unexpected(expected)),
    }
}

fn walls(root: &Section<'_>) -> Result<Walls, PolicyError> {
    let Some(field) = root.get("walls") else {
        return Ok(Walls::Required);
    };
    match field.as_str() {
        Some("required") => Ok(Walls::Required),
        Some("optional") => Ok(Walls::Optional),
        _ => Err(field.unexpected("\"required\" or \"optional\"")),
    }
}

fn optional_text(section: &Section<'_>, key: &str) -> Result<Option<String>, PolicyError> {
    section
        .get(key)
        .map(|field| field.text("a text").map(str::to_owned))
        .transpose()
}

/// How the value of a limit is written.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Bytes,
    Milliseconds,
    Count,
}

impl Unit {
    const fn expected(self) -> &'static str {
        match self {
            Unit::Bytes => "a size, for example \"512 MiB\" (B, KiB, MiB, GiB)",
            Unit::Milliseconds => "a duration, for example \"30 s\" (ms, s, min)",
            Unit::Count => "a whole number, 0 or more",
        }
    }

    fn read(self, field: &Field<'_>) -> Result<u64, PolicyError> {
        let read = match self {
            Unit::Bytes => units::size,
            Unit::Milliseconds => units::duration,
            Unit::Count => return field.count(),
        };
        field
            .as_str()
            .and_then(read)
            .ok_or_else(|| field.unexpected(self.expected()))
    }
}

/// Each limit's key and unit, in the order in which they are shown.
const LIMITS: [(&str, Unit); 9] = [
    ("memory", Unit::Bytes),
    ("fuel", Unit::Count),
    ("deadline", Unit::Milliseconds),
    ("output", Unit::Bytes),
    ("open-files", Unit::Count),
    ("host-calls", Unit::Count),
    ("disk", Unit::Bytes),
    ("network", Unit::Bytes),
    ("requests", Unit::Count),
];

/// A limit's value as a policy would write it.
pub(crate) fn limit_text(key: &str, value: u64) -> String {
    match LIMITS.iter().find(|(known, _)| *known == key) {
        Some((_, Unit::Bytes)) => units::show_size(value),
        Some((_, Unit::Milliseconds)) => units::show_duration(value),
        Some((_, Unit::Count)) | None => value.to_string(),
    }
}

/// Reads the limits that are there, by [`LIMITS`].
fn limits_in(section: &Section<'_>) -> Result<BTreeMap<&'static str, u64>, PolicyError> {
    let mut found = BTreeMap::new();
    for (key, unit) in LIMITS {
        if let Some(field) = section.get(key) {
            found.insert(key, unit.read(&field)?);
        }
    }
    Ok(found)
}

fn all_limits(root: &Section<'_>) -> Result<Limits, PolicyError> {
    let field = root.need("limits", "a table with every limit")?;
    let section = field.section("a table with every limit")?;
    section.only(&LIMITS.map(|(key, _)| key))?;
    let limit = |key: &'static str| {
        let unit = LIMITS
            .iter()
            .find(|(known, _)| *known == key)
            .map_or(Unit::Count, |(_, unit)| *unit);
        unit.read(&section.need(key, unit.expected())?)
    };
    Ok(Limits {
        memory: limit("memory")?,
        fuel: limit("fuel")?,
        deadline: limit("deadline")?,
        output: limit("output")?,
        open_files: limit("open-files")?,
        host_calls: limit("host-calls")?,
        disk: limit("disk")?,
        network: limit("network")?,
        requests: limit("requests")?,
    })
}

fn limit_rows(root: &Section<'_>) -> Result<Vec<LimitRow>, PolicyError> {
    let Some(field) = root.get("limit") else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    for section in field.sections("[[limit]] tables")? {
        let mut known = vec!["tools"];
        known.extend(LIMITS.map(|(key, _)| key));
        section.only(&known)?;
        let tools = tools(&section)?;
        let limits = limits_in(&section)?;
        if limits.is_empty() {
            return Err(section.error(PolicyProblem::Missing {
                expected: format!("at least one of {}", LIMITS.map(|(key, _)| key).join(", ")),
            }));
        }
        rows.push(LimitRow {
            tools,
            limits,
            line: section.line(),
        });
    }
    Ok(rows)
}

fn otherwise(root: &Section<'_>) -> Result<Vec<(Class, Verdict)>, PolicyError> {
    let Some(field) = root.get("otherwise") else {
        return Ok(Vec::new());
    };
    let section = field.section("a table of classes")?;
    section.only(&Class::ALL.map(Class::key))?;
    let words = [("ask", Verdict::Ask), ("deny", Verdict::Deny)];
    let mut found = Vec::new();
    for class in Class::ALL {
        if let Some(field) = section.get(class.key()) {
            let expected = "\"ask\" or \"deny\"; what is allowed needs a rule";
            found.push((class, field.word(&words, expected)?));
        }
    }
    Ok(found)
}

fn rules(root: &Section<'_>) -> Result<Vec<Rule>, PolicyError> {
    let Some(field) = root.get("rule") else {
        return Ok(Vec::new());
    };
    let mut rules: Vec<Rule> = Vec::new();
    for section in field.sections("[[rule]] tables")? {
        let rule = rule(&section)?;
        if let Some(first) = rules.iter().find(|one| one.name == rule.name) {
            let name = section.need("name", "the rule's name, a text")?;
            return Err(name.error(PolicyProblem::Duplicate {
                name: rule.name,
                first: first.line,
            }));
        }
        rules.push(rule);
    }
    Ok(rules)
}

fn rule(section: &Section<'_>) -> Result<Rule, PolicyError> {
    let subjects = Class::ALL.map(Class::key);
    let mut known = vec!["name", "decision", "tools", "reason"];
    known.extend(subjects);
    section.only(&known)?;
    let name = section
        .need("name", "the rule's name, a text")?
        .name("the rule's name, a text")?;
    let verdict = section
        .need("decision", DECISION)?
        .word(&VERDICTS, DECISION)?;
    let tools = tools(section)?;
    let named: Vec<Class> = Class::ALL
        .into_iter()
        .filter(|class| section.get(class.key()).is_some())
        .collect();
    let class = match named.as_slice() {
        [class] => *class,
        [] => {
            return Err(section.error(PolicyProblem::Missing {
                expected: format!("exactly one of {}", subjects.join(", ")),
            }));
        }
        [_, second, ..] => {
            let field = section.need(second.key(), "one subject")?;
            return Err(field.error(PolicyProblem::Unexpected {
                found: "a second subject".to_owned(),
                expected: format!("exactly one of {}", subjects.join(", ")),
            }));
        }
    };
    let field = section.need(class.key(), "one subject")?;
    Ok(Rule {
        name,
        verdict,
        tools,
        subject: subject(class, &field)?,
        reason: optional_text(section, "reason")?,
        line: section.line(),
    })
}

fn tools(section: &Section<'_>) -> Result<Tools, PolicyError> {
    let field = section.need("tools", TOOLS)?;
    Ok(match words(&field, TOOLS)? {
        Select::All => Tools::All,
        Select::Only(list) => Tools::Only(list),
    })
}

/// `"all"`, or a list whose elements `read` reads.
fn select<T>(
    field: &Field<'_>,
    expected: &str,
    read: impl Fn(&Field<'_>) -> Result<T, PolicyError>,
) -> Result<Select<T>, PolicyError> {
    if field.as_str() == Some("all") {
        return Ok(Select::All);
    }
    let elements = field.list(expected)?;
    Ok(Select::Only(
        elements.iter().map(read).collect::<Result<_, _>>()?,
    ))
}

/// `"all"`, or a list of texts with a form of their own.
fn words<T>(field: &Field<'_>, expected: &str) -> Result<Select<T>, PolicyError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    select(field, expected, |element| element.parse(expected))
}

fn subject(class: Class, field: &Field<'_>) -> Result<Subject, PolicyError> {
    let names = |what: &str| {
        let expected = format!("\"all\", or a list of {what}; [] matches nothing");
        select(field, &expected, |element| element.name(&expected))
    };
    let whole = || {
        let expected = "\"all\", or [] which matches nothing";
        let select = select(field, expected, |element| {
            Err::<(), _>(element.unexpected(expected))
        })?;
        Ok(matches!(select, Select::All))
    };
    Ok(match class {
        Class::Effects => Subject::Effects(words(
            field,
            "\"all\", or a list of effects; [] matches nothing",
        )?),
        Class::Http => Subject::Http(http(field)?),
        Class::Dns => Subject::Dns(words(
            field,
            "\"all\", or a list of host names; [] matches nothing",
        )?),
        Class::Mounts => {
            let expected = "\"all\", or a list of { name, access }; [] matches nothing";
            Subject::Mounts(select(field, expected, |element| mount(element, expected))?)
        }
        Class::Programs => Subject::Programs(names("programs")?),
        Class::Models => Subject::Models(names("roles")?),
        Class::Agents => Subject::Agents(whole()?),
        Class::State => Subject::State(whole()?),
        Class::Notify => Subject::Notify(whole()?),
    })
}

fn mount(field: &Field<'_>, expected: &str) -> Result<MountRule, PolicyError> {
    let section = field.section(expected)?;
    section.only(&["name", "access"])?;
    let name = section
        .need("name", "the directory's name, a text")?
        .name("the directory's name, a text")?;
    Ok(MountRule {
        name,
        access: access(&section)?,
    })
}

pub(crate) fn access(section: &Section<'_>) -> Result<Access, PolicyError> {
    let expected = "\"read-only\" or \"read-write\"";
    section.need("access", expected)?.word(&ACCESSES, expected)
}

fn http(field: &Field<'_>) -> Result<HttpRule, PolicyError> {
    let section = field.section("a table { origins, methods, paths }")?;
    section.only(&["origins", "methods", "paths", "addresses"])?;
    let methods = "\"all\", or a list of methods; [] matches nothing";
    let paths = "\"all\", or a list of path prefixes; [] matches nothing";
    Ok(HttpRule {
        origins: origins(&section)?,
        methods: words(&section.need("methods", methods)?, methods)?,
        paths: words(&section.need("paths", paths)?, paths)?,
        addresses: match section.get("addresses") {
            Some(field) => scope(&field)?,
            None => AddressScope::Public,
        },
    })
}

fn origins(section: &Section<'_>) -> Result<Origins, PolicyError> {
    let expected = "\"all\", \"configured\", \"configured-loopback\", or a list of origins; [] matches nothing";
    let field = section.need("origins", expected)?;
    match field.as_str() {
        Some("configured") => Ok(Origins::Configured),
        Some("configured-loopback") => Ok(Origins::ConfiguredLoopback),
        _ => Ok(match words(&field, expected)? {
            Select::All => Origins::All,
            Select::Only(list) => Origins::Only(list),
        }),
    }
}

pub(crate) fn scope(field: &Field<'_>) -> Result<AddressScope, PolicyError> {
    let words = AddressScope::ALL.map(|scope| (scope.as_str(), scope));
    field.word(&words, "\"public\", \"loopback\" or \"private\"")
}
