//! What a run may do, in few words, for the model that acts under the policy.
//!
//! It leaves out where rules stand and what the host's own parts may do, since a model can use neither. What is allowed
//! of the tools' own store is left out too: no model can tell. It is not what decides: the policy does, call by call.

use std::fmt;

use crate::parse::limit_text;
use crate::policy::Policy;
use crate::rule::{Class, HttpRule, Origins, Rule, Select, Subject};
use crate::tools::{HOST, Tools};
use crate::{AddressScope, Effect, Limits, Verdict};

/// Rows of one verdict that are shown; the others are counted.
const ROWS: usize = 24;
/// Characters of one row.
const ROW: usize = 240;

/// A policy in few words: see [`Policy::brief`].
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a>(&'a Policy);

impl Policy {
    /// The policy in few words, for a model. The same policy always gives the same text, and its length is bounded: about
    /// 24 000 characters at the very most, less than 1,600 for the shipped profiles.
    #[must_use]
    pub const fn brief(&self) -> Brief<'_> {
        Brief(self)
    }
}

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Brief(policy) = self;
        write!(f, "The policy is {:?}", policy.name)?;
        match &policy.description {
            Some(description) => writeln!(f, ": {}", bounded(&one_line(description)))?,
            None => writeln!(f, ".")?,
        }
        let headings = [
            (Verdict::Allow, "Allowed without asking:"),
            (
                Verdict::Ask,
                "A person is asked first. It is denied where nobody is there to answer, and to code while it runs:",
            ),
            (Verdict::Deny, "Denied, whatever else is allowed:"),
        ];
        for (verdict, heading) in headings {
            list(f, heading, &rows(policy, verdict))?;
        }
        write!(f, "Whatever else there is, is denied.")?;
        // Those that a model would think of by itself.
        let absent: Vec<&str> = Class::ALL
            .into_iter()
            .filter(|class| {
                !matches!(class, Class::Dns | Class::Models | Class::State)
                    && !is_open(policy, *class)
            })
            .map(noun)
            .collect();
        match absent.as_slice() {
            [] => writeln!(f)?,
            absent => writeln!(f, " So there are no {}.", absent.join(", no "))?,
        }
        limits(f, policy)
    }
}

/// A heading and its rows, if there are any.
fn list(f: &mut fmt::Formatter<'_>, heading: &str, rows: &[String]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(f, "{heading}")?;
    for row in rows.iter().take(ROWS) {
        writeln!(f, "- {row}")?;
    }
    match rows.len().saturating_sub(ROWS) {
        0 => Ok(()),
        more => writeln!(f, "- and {more} more"),
    }
}

/// What one call may use: in general, and where a tool has limits of its own.
fn limits(f: &mut fmt::Formatter<'_>, policy: &Policy) -> fmt::Result {
    let Limits {
        memory,
        deadline,
        output,
        disk,
        network,
        requests,
        ..
    } = policy.limits;
    let mut known = vec![
        ("memory", memory),
        ("deadline", deadline),
        ("output", output),
        ("disk", disk),
    ];
    if is_open(policy, Class::Http) {
        known.extend([("network", network), ("requests", requests)]);
    }
    let shown: Vec<String> = known
        .iter()
        .map(|(key, value)| format!("{key} {}", limit_text(key, *value)))
        .collect();
    writeln!(f, "One call may use: {}.", shown.join(", "))?;
    let others: Vec<String> = policy
        .limits_by_tool
        .iter()
        .filter(|row| for_tools(&row.tools))
        .filter_map(|row| {
            let of_row = row
                .limits
                .iter()
                .filter(|(key, _)| known.iter().any(|(one, _)| one == *key));
            let shown: Vec<String> = of_row
                .map(|(key, value)| format!("{key} {}", limit_text(key, *value)))
                .collect();
            let text = format!("{}: {}", row.tools, shown.join(", "));
            (!shown.is_empty()).then(|| bounded(&text))
        })
        .collect();
    list(f, "But:", &others)
}

/// Whether any of a class is allowed, or asked about, for any plugin.
fn is_open(policy: &Policy, class: Class) -> bool {
    policy.otherwise(class) != Verdict::Deny
        || policy.rules.iter().any(|rule| {
            rule.verdict != Verdict::Deny
                && rule.subject.class() == class
                && for_tools(&rule.tools)
                && subject(&rule.subject).is_some()
        })
}

/// Whether any plugin can be meant.
fn for_tools(tools: &Tools) -> bool {
    match tools {
        Tools::All => true,
        Tools::Only(list) => list.iter().any(|pattern| pattern.plugin != HOST),
    }
}

/// Rules about things of one class and for the same tools, as far as they fit into one row.
struct Row<'a> {
    class: Class,
    tools: &'a Tools,
    text: String,
}

/// What has this verdict: by rules, and by what is said about everything else of a class.
fn rows(policy: &Policy, verdict: Verdict) -> Vec<String> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    let rules = policy
        .rules
        .iter()
        .filter(|rule| rule.verdict == verdict && for_tools(&rule.tools))
        .filter(|rule| verdict != Verdict::Allow || rule.subject.class() != Class::State);
    for Rule {
        tools, subject: of, ..
    } in rules
    {
        let Some(said) = subject(of) else { continue };
        let class = of.class();
        let room = ROW.saturating_sub(said.chars().count() + 2 + whose(tools).chars().count());
        let open = rows.iter_mut().find(|row| {
            row.class == class && row.tools == tools && row.text.chars().count() <= room
        });
        match open {
            // All of it is there already, as with two rules about messages.
            Some(_) if said.is_empty() => {}
            Some(row) => {
                row.text
                    .push_str(if class == Class::Http { "; " } else { ", " });
                row.text.push_str(&said);
            }
            None => rows.push(Row {
                class,
                tools,
                text: match said.as_str() {
                    "" => noun(class).to_owned(),
                    said => format!("{}: {said}", noun(class)),
                },
            }),
        }
    }
    let otherwise = Class::ALL
        .into_iter()
        .filter(|class| verdict == Verdict::Ask && policy.otherwise(*class) == Verdict::Ask)
        .map(|class| format!("other {}", noun(class)));
    rows.iter()
        .map(|row| bounded(&format!("{}{}", row.text, whose(row.tools))))
        .chain(otherwise)
        .collect()
}

fn whose(tools: &Tools) -> String {
    match tools {
        Tools::All => String::new(),
        only => format!(" (only {only})"),
    }
}

/// What a class is of.
const fn noun(class: Class) -> &'static str {
    match class {
        Class::Effects => "effects",
        Class::Http => "network requests",
        Class::Dns => "name lookups",
        Class::Mounts => "directories",
        Class::Programs => "programs",
        Class::Models => "models for tools",
        Class::Agents => "nested agents",
        Class::State => "notes of tools",
        Class::Notify => "messages to people",
    }
}

/// Which of its class a rule is about; nothing to be said where it is about the whole class and the class has no parts;
/// none where it is about nothing.
fn subject(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Effects(select) => chosen(select, |effect| meaning(*effect).to_owned()),
        Subject::Http(http) => requests(http),
        Subject::Dns(select) => chosen(select, ToString::to_string),
        Subject::Mounts(select) => chosen(select, |rule| format!("/{} {}", rule.name, rule.access)),
        Subject::Programs(select) | Subject::Models(select) => chosen(select, Clone::clone),
        Subject::Agents(all) | Subject::State(all) | Subject::Notify(all) => all.then(String::new),
    }
}

fn requests(http: &HttpRule) -> Option<String> {
    let HttpRule {
        origins,
        methods,
        paths,
        addresses,
    } = http;
    let methods = chosen(methods, ToString::to_string)?;
    let paths = chosen(paths, ToString::to_string)?;
    let origins = match origins {
        Origins::All => "all origins".to_owned(),
        Origins::Configured => "configured origins".to_owned(),
        Origins::ConfiguredLoopback => "configured origins on this machine".to_owned(),
        Origins::Only(list) => joined(list, ToString::to_string)?,
    };
    let mut text = match methods.as_str() {
        "all" => format!("to {origins}"),
        methods => format!("{methods} to {origins}"),
    };
    if paths != "all" {
        text.push_str(&format!(" at {paths}"));
    }
    match addresses {
        AddressScope::Public => {}
        AddressScope::Loopback => text.push_str(", also on this machine"),
        AddressScope::Private => text.push_str(", also in private networks"),
    }
    Some(text)
}

/// An effect, and what it means where the word alone does not say it.
const fn meaning(effect: Effect) -> &'static str {
    match effect {
        Effect::Observe => "observe",
        Effect::Write => "write (workspace files)",
        Effect::Execute => "execute (code in the sandbox)",
        Effect::Notify => "notify",
        Effect::Publish => "publish (outside this machine)",
        Effect::Destroy => "destroy (outside the workspace)",
        Effect::Spend => "spend (money)",
        Effect::Undeclared => "undeclared (what a tool does not say)",
    }
}

fn chosen<T>(select: &Select<T>, show: impl Fn(&T) -> String) -> Option<String> {
    match select {
        Select::All => Some("all".to_owned()),
        Select::Only(list) => joined(list, show),
    }
}

/// The list in words; none where it is empty.
fn joined<T>(list: &[T], show: impl Fn(&T) -> String) -> Option<String> {
    let shown: Vec<String> = list.iter().map(show).collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn bounded(text: &str) -> String {
    if text.chars().count() <= ROW {
        return text.to_owned();
    }
    text.chars().take(ROW - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"
version = 1
name = "p"
[limits]
memory = "2 GiB"
fuel = 1
deadline = "10 min"
output = "4 MiB"
open-files = 1
host-calls = 1
disk = "1 GiB"
network = "1 MiB"
requests = 7
"#;

    fn brief(rules: &str) -> String {
        let policy = Policy::parse("p.toml", &format!("{HEAD}{rules}")).unwrap();
        policy.brief().to_string()
    }

    #[test]
    fn by_verdict_without_the_hosts_own() {
        let text = brief(
            r#"
[otherwise]
http = "ask"

[[limit]]
tools = ["python"]
deadline = "2 min"
fuel = 2

[[limit]]
tools = ["shell"]
fuel = 2

[[rule]]
name = "a"
decision = "allow"
tools = "all"
effects = ["observe", "write"]

[[rule]]
name = "b"
decision = "allow"
tools = ["python", "files/read"]
mounts = [{ name = "data", access = "read-only" }]

[[rule]]
name = "b, for others"
decision = "allow"
tools = "all"
mounts = [{ name = "tmp", access = "read-write" }]

[[rule]]
name = "b, and more"
decision = "allow"
tools = ["python", "files/read"]
mounts = [{ name = "models", access = "read-only" }, { name = "out", access = "read-write" }]

[[rule]]
name = "c"
decision = "allow"
tools = ["host/models"]
dns = "all"

[[rule]]
name = "d"
decision = "deny"
tools = "all"
effects = ["destroy"]

[[rule]]
name = "e"
decision = "allow"
tools = ["docs"]
http = { origins = ["https://example.com"], methods = ["GET", "HEAD"], paths = ["/api", "/docs"] }

[[rule]]
name = "f"
decision = "allow"
tools = ["docs"]
http = { origins = "configured", methods = "all", paths = "all", addresses = "private" }

[[rule]]
name = "g"
decision = "allow"
tools = "all"
state = "all"

[[rule]]
name = "h"
decision = "ask"
tools = "all"
notify = "all"

[[rule]]
name = "i"
decision = "allow"
tools = "all"
programs = []
"#,
        );
        assert_eq!(
            text,
            "The policy is \"p\".\n\
             Allowed without asking:\n\
             - effects: observe, write (workspace files)\n\
             - directories: /data read-only, /models read-only, /out read-write (only python | files/read)\n\
             - directories: /tmp read-write\n\
             - network requests: GET, HEAD to https://example.com:443 at /api, /docs; to configured origins, also in \
             private networks (only docs)\n\
             A person is asked first. It is denied where nobody is there to answer, and to code while it runs:\n\
             - messages to people\n\
             - other network requests\n\
             Denied, whatever else is allowed:\n\
             - effects: destroy (outside the workspace)\n\
             Whatever else there is, is denied. So there are no programs, no nested agents.\n\
             One call may use: memory 2 GiB, deadline 10 min, output 4 MiB, disk 1 GiB, network 1 MiB, requests 7.\n\
             But:\n\
             - python: deadline 2 min\n"
        );
    }

    #[test]
    fn a_policy_without_rules() {
        assert_eq!(
            brief(""),
            "The policy is \"p\".\n\
             Whatever else there is, is denied. So there are no effects, no network requests, no directories, no \
             programs, no nested agents, no messages to people.\n\
             One call may use: memory 2 GiB, deadline 10 min, output 4 MiB, disk 1 GiB.\n"
        );
    }

    #[test]
    fn rules_of_one_kind_share_a_row_as_far_as_they_fit() {
        let program = |name: &str| {
            format!(
                "[[rule]]\nname = {name:?}\ndecision = \"allow\"\ntools = \"all\"\nprograms = [{name:?}]\n"
            )
        };
        let rows = |names: &[&str]| -> Vec<usize> {
            let rules: String = names.iter().map(|name| program(name)).collect();
            brief(&rules)
                .lines()
                .filter_map(|line| Some(line.strip_prefix("- programs: ")?.chars().count()))
                .collect()
        };
        let (first, fits) = (
            "a".repeat(100),
            "b".repeat(ROW - 100 - "programs: , ".len()),
        );
        let over = format!("{fits}b");
        assert_eq!(rows(&[&first, &fits]), [ROW - "programs: ".len()]);
        assert_eq!(rows(&[&first, &over]), [100, over.len()]);
        assert_eq!(rows(&[&first, &over, "c"]), [103, over.len()]);
    }

    #[test]
    fn bounded_in_rows_and_in_length() {
        let rule = |i: usize| {
            let names: Vec<String> = (0..100).map(|n| format!("\"program-{i}-{n}\"")).collect();
            format!(
                "[[rule]]\nname = \"r{i}\"\ndecision = \"allow\"\ntools = \"all\"\nprograms = [{}]\n",
                names.join(", ")
            )
        };
        for (count, more) in [(24, None), (25, Some("- and 1 more"))] {
            let rules: String = (0..count).map(rule).collect();
            let text = brief(&rules);
            assert!(text.chars().count() < 6_300, "{}", text.chars().count());
            let last = text.lines().find(|line| line.starts_with("- and"));
            assert_eq!(last, more, "{count}");
            assert!(text.lines().all(|line| line.chars().count() <= ROW + 2));
        }
    }
}
