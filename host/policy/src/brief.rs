//! What a run may do, in few words, for the model that acts under the policy.
//!
//! It leaves out where rules stand and what the host's own parts may do, since a model can use neither. It is not what
//! decides: the policy does, call by call.

use std::fmt;

use crate::parse::limit_text;
use crate::policy::Policy;
use crate::rule::{Class, Rule};
use crate::tools::{HOST, Tools};
use crate::{Limits, Verdict};

/// Rules of one verdict that are named; the others are counted.
const ROWS: usize = 24;
/// Characters of one rule.
const ROW: usize = 240;

/// A policy in few words: see [`Policy::brief`].
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a>(&'a Policy);

impl Policy {
    /// The policy in few words, for a model. The same policy always gives the same text, and its length is bounded: about
    /// 18 000 characters at the very most, a few hundred for the shipped profiles.
    #[must_use]
    pub const fn brief(&self) -> Brief<'_> {
        Brief(self)
    }
}

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Brief(policy) = self;
        writeln!(f, "The policy is {:?}.", policy.name)?;
        let headings = [
            (Verdict::Allow, "Allowed without asking:"),
            (
                Verdict::Ask,
                "A person is asked first; where nobody is there to answer, it is denied:",
            ),
            (Verdict::Deny, "Denied:"),
        ];
        for (verdict, heading) in headings {
            let rows = rows(policy, verdict);
            if rows.is_empty() {
                continue;
            }
            writeln!(f, "{heading}")?;
            for row in rows.iter().take(ROWS) {
                writeln!(f, "- {row}")?;
            }
            let more = rows.len().saturating_sub(ROWS);
            if more > 0 {
                writeln!(f, "- and {more} more rules")?;
            }
        }
        writeln!(f, "Whatever else there is, is denied.")?;
        let Limits {
            memory,
            deadline,
            output,
            disk,
            ..
        } = policy.limits;
        let limits = [
            ("memory", memory),
            ("deadline", deadline),
            ("output", output),
            ("disk", disk),
        ]
        .map(|(key, value)| format!("{key} {}", limit_text(key, value)));
        writeln!(f, "One call may use: {}.", limits.join(", "))
    }
}

/// What has this verdict: by rules, and by what is said about everything else of a class.
fn rows(policy: &Policy, verdict: Verdict) -> Vec<String> {
    let rules = policy
        .rules
        .iter()
        .filter(|rule| rule.verdict == verdict && for_tools(&rule.tools))
        .map(row);
    let otherwise = Class::ALL
        .into_iter()
        .filter(|class| verdict == Verdict::Ask && policy.otherwise(*class) == Verdict::Ask)
        .map(|class| format!("any other {class}"));
    rules.chain(otherwise).collect()
}

/// Whether any plugin can be meant.
fn for_tools(tools: &Tools) -> bool {
    match tools {
        Tools::All => true,
        Tools::Only(list) => list.iter().any(|pattern| pattern.plugin != HOST),
    }
}

fn row(rule: &Rule) -> String {
    let whose = match &rule.tools {
        Tools::All => String::new(),
        only => format!(" (only {only})"),
    };
    let text = format!("{}{whose}", rule.subject);
    if text.chars().count() <= ROW {
        return text;
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
requests = 1
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
name = "c"
decision = "allow"
tools = ["host/models"]
dns = "all"

[[rule]]
name = "d"
decision = "deny"
tools = "all"
effects = ["destroy"]
"#,
        );
        assert_eq!(
            text,
            "The policy is \"p\".\n\
             Allowed without asking:\n\
             - effects observe | write\n\
             - mounts data read-only (only python | files/read)\n\
             A person is asked first; where nobody is there to answer, it is denied:\n\
             - any other http\n\
             Denied:\n\
             - effects destroy\n\
             Whatever else there is, is denied.\n\
             One call may use: memory 2 GiB, deadline 10 min, output 4 MiB, disk 1 GiB.\n"
        );
    }

    #[test]
    fn bounded() {
        let rule = |i: usize| {
            let names: Vec<String> = (0..100).map(|n| format!("\"program-{i}-{n}\"")).collect();
            format!(
                "[[rule]]\nname = \"r{i}\"\ndecision = \"allow\"\ntools = \"all\"\nprograms = [{}]\n",
                names.join(", ")
            )
        };
        for (count, more) in [(24, None), (25, Some("- and 1 more rules"))] {
            let rules: String = (0..count).map(rule).collect();
            let text = brief(&rules);
            assert!(text.chars().count() < 6_200, "{}", text.chars().count());
            let last = text.lines().find(|line| line.starts_with("- and"));
            assert_eq!(last, more, "{count}");
            assert!(text.lines().all(|line| line.chars().count() <= ROW + 2));
        }
    }
}
