//! A policy: what the user allows.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::rule::{Class, Rule};
use crate::tools::Tools;
use crate::{CallRequest, Limits, Verdict};

/// What the user allows: rules without an order, and limits.
///
/// Of the rules about one thing, one that denies goes before one that asks, and that before one that allows. What no
/// rule is about is denied, or asked about where `[otherwise]` says so and a plugin wants it. Its `Display` shows it as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) walls: Walls,
    pub(crate) limits: Limits,
    pub(crate) limits_by_tool: Vec<LimitRow>,
    pub(crate) otherwise: Vec<(Class, Verdict)>,
    pub(crate) rules: Vec<Rule>,
}

/// Whether a program may run whose process could not lock itself in completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walls {
    /// Every wall must stand.
    Required,
    /// What is missing is told, and the program runs: WebAssembly alone holds it.
    Optional,
}

impl Walls {
    /// As in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Walls::Required => "required",
            Walls::Optional => "optional",
        }
    }
}

/// Limits for some tools, in the place of the general ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LimitRow {
    pub(crate) tools: Tools,
    /// By key.
    pub(crate) limits: BTreeMap<&'static str, u64>,
    pub(crate) line: usize,
}

impl Policy {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it says about programs that are not locked in completely.
    #[must_use]
    pub fn walls(&self) -> Walls {
        self.walls
    }

    /// The verdict about what no rule of this class matches.
    pub(crate) fn otherwise(&self, class: Class) -> Verdict {
        self.otherwise
            .iter()
            .find(|(one, _)| *one == class)
            .map_or(Verdict::Deny, |(_, verdict)| *verdict)
    }

    /// The same for a call: the host's own work is not asked about, so for it that is a no.
    pub(crate) fn otherwise_for(&self, class: Class, request: &CallRequest) -> Verdict {
        match request.plugin == crate::HOST {
            true => Verdict::Deny,
            false => self.otherwise(class),
        }
    }

    /// The policy's own limits for a call. Of the `[[limit]]` rows that match, those that name the operation go before
    /// those that name the tool, these before those that name the plugin, and `"all"` comes last; of equals the lowest
    /// value holds.
    #[must_use]
    pub fn limits_of(&self, request: &CallRequest) -> Limits {
        let pick = |key: &str, general: u64| {
            self.limits_by_tool
                .iter()
                .filter_map(|row| {
                    let value = row.limits.get(key)?;
                    let closeness = row.tools.closeness(request)?;
                    Some((closeness, Reverse(*value)))
                })
                .max()
                .map_or(general, |(_, Reverse(value))| value)
        };
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
        } = self.limits;
        Limits {
            memory: pick("memory", memory),
            fuel: pick("fuel", fuel),
            deadline: pick("deadline", deadline),
            output: pick("output", output),
            open_files: pick("open-files", open_files),
            host_calls: pick("host-calls", host_calls),
            disk: pick("disk", disk),
            network: pick("network", network),
            requests: pick("requests", requests),
        }
    }
}
