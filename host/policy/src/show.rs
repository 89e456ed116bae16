//! Shows a policy as it was understood, so that the policy that runs can be compared with the one that was meant.

use std::fmt;

use crate::Limits;
use crate::parse::limit_text;
use crate::policy::Policy;
use crate::rule::{Class, HttpRule, Origins, Rule, Select, Subject};
use crate::tools::Tools;

impl fmt::Display for Policy {
    /// One line for each limit, class and rule, in the file's order; rules with `file:line`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "policy {} ({})", self.name, self.file)?;
        if let Some(description) = &self.description {
            writeln!(f, "  {description}")?;
        }
        writeln!(f, "walls {}", self.walls.as_str())?;
        writeln!(f, "limits")?;
        for (key, value) in limits_by_key(&self.limits) {
            writeln!(f, "  {key} {}", limit_text(key, value))?;
        }
        for row in &self.limits_by_tool {
            let limits: Vec<String> = row
                .limits
                .iter()
                .map(|(key, value)| format!("{key} {}", limit_text(key, *value)))
                .collect();
            let (file, line) = (&self.file, row.line);
            writeln!(
                f,
                "  {file}:{line} for {}: {}",
                row.tools,
                limits.join(", ")
            )?;
        }
        writeln!(f, "rules")?;
        for rule in &self.rules {
            writeln!(f, "  {}:{} {rule}", self.file, rule.line)?;
        }
        writeln!(f, "otherwise")?;
        for class in Class::ALL {
            writeln!(f, "  {} {class}", self.otherwise(class))?;
        }
        Ok(())
    }
}

/// Every limit by its key, in the order in which they are shown.
fn limits_by_key(limits: &Limits) -> [(&'static str, u64); 9] {
    // Named one by one, so that a new field cannot be forgotten here.
    let Limits {
        memory,
        fuel,
        deadline,
        output,
        open_files,
        host_calls,
        disk,
        network,
        requests,
    } = *limits;
    [
        ("memory", memory),
        ("fuel", fuel),
        ("deadline", deadline),
        ("output", output),
        ("open-files", open_files),
        ("host-calls", host_calls),
        ("disk", disk),
        ("network", network),
        ("requests", requests),
    ]
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule {
            name,
            verdict,
            tools,
            subject,
            ..
        } = self;
        write!(f, "{name:?}: {verdict} {subject} to {tools}")?;
        match &self.reason {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tools::All => f.write_str("all plugins"),
            Tools::Only(list) => list_or_nothing(f, list),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Select<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Select::All => f.write_str("all"),
            Select::Only(list) => list_or_nothing(f, list),
        }
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origins::All => f.write_str("all"),
            Origins::Configured => f.write_str("configured"),
            Origins::ConfiguredLoopback => f.write_str("configured-loopback"),
            Origins::Only(list) => list_or_nothing(f, list),
        }
    }
}

impl fmt::Display for HttpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HttpRule {
            origins,
            methods,
            paths,
            addresses,
        } = self;
        write!(
            f,
            "origins {origins}, methods {methods}, paths {paths}, addresses {addresses}"
        )
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = self.class();
        match self {
            Subject::Effects(select) => write!(f, "{class} {select}"),
            Subject::Http(http) => write!(f, "{class} {http}"),
            Subject::Dns(select) => write!(f, "{class} {select}"),
            Subject::Mounts(select) => write!(f, "{class} {select}"),
            Subject::Programs(select) | Subject::Models(select) => write!(f, "{class} {select}"),
            Subject::Agents(all) | Subject::State(all) | Subject::Notify(all) => {
                write!(f, "{class} {}", if *all { "all" } else { "nothing" })
            }
        }
    }
}

fn list_or_nothing<T: fmt::Display>(f: &mut fmt::Formatter<'_>, list: &[T]) -> fmt::Result {
    if list.is_empty() {
        return f.write_str("nothing");
    }
    for (at, one) in list.iter().enumerate() {
        let separator = if at == 0 { "" } else { " | " };
        write!(f, "{separator}{one}")?;
    }
    Ok(())
}
