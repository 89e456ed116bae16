//! One rule of a policy, and what it says about one thing.

use std::fmt;

use crate::atom::Atom;
use crate::names::NamePattern;
use crate::tools::Tools;
use crate::{
    Access, AddressScope, CallRequest, Effect, Host, HttpRegion, Method, Origin, PathPrefix,
    Verdict,
};

/// The classes of things that are decided about. Each has its own kind of rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Effects,
    Http,
    Dns,
    Mounts,
    Programs,
    Models,
    Agents,
    State,
    Notify,
}

impl Class {
    pub(crate) const ALL: [Class; 9] = [
        Class::Effects,
        Class::Http,
        Class::Dns,
        Class::Mounts,
        Class::Programs,
        Class::Models,
        Class::Agents,
        Class::State,
        Class::Notify,
    ];

    /// The key in a policy.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Class::Effects => "effects",
            Class::Http => "http",
            Class::Dns => "dns",
            Class::Mounts => "mounts",
            Class::Programs => "programs",
            Class::Models => "models",
            Class::Agents => "agents",
            Class::State => "state",
            Class::Notify => "notify",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// `"all"`, or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Select<T> {
    All,
    Only(Vec<T>),
}

impl<T> Select<T> {
    fn any(&self, matches: impl Fn(&T) -> bool) -> bool {
        match self {
            Select::All => true,
            Select::Only(list) => list.iter().any(matches),
        }
    }
}

/// Which origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origins {
    All,
    /// Those that the user configured for the principal that asks.
    Configured,
    /// Those of them that are on this machine by their spelling: `localhost`, names below it, `127.0.0.0/8`, `::1`.
    ConfiguredLoopback,
    Only(Vec<Origin>),
}

impl Origins {
    fn matches(&self, origin: &Origin, request: &CallRequest) -> bool {
        match self {
            Origins::All => true,
            Origins::Configured => request.configured.contains(origin),
            Origins::ConfiguredLoopback => {
                is_loopback(origin.host()) && request.configured.contains(origin)
            }
            Origins::Only(list) => list.contains(origin),
        }
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::V4(address) => address.is_loopback(),
        Host::V6(address) => address.is_loopback(),
    }
}

/// Which requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpRule {
    pub(crate) origins: Origins,
    pub(crate) methods: Select<Method>,
    pub(crate) paths: Select<PathPrefix>,
    pub(crate) addresses: AddressScope,
}

impl HttpRule {
    /// What the rule and the region have in common.
    pub(crate) fn parts(&self, region: &HttpRegion, request: &CallRequest) -> Vec<HttpRegion> {
        let named = self.origins.matches(&region.origin, request)
            && self.methods.any(|method| *method == region.method);
        if !named {
            return Vec::new();
        }
        match &self.paths {
            Select::All => vec![region.clone()],
            Select::Only(paths) => paths
                .iter()
                .filter_map(|path| path.meet(&region.path))
                .map(|path| HttpRegion {
                    path,
                    ..region.clone()
                })
                .collect(),
        }
    }
}

/// A named directory and how it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MountRule {
    pub(crate) name: String,
    pub(crate) access: Access,
}

impl fmt::Display for MountRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.access)
    }
}

/// What a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Effects(Select<Effect>),
    Http(HttpRule),
    Dns(Select<NamePattern>),
    Mounts(Select<MountRule>),
    Programs(Select<String>),
    Models(Select<String>),
    /// Whether it is about nested agents at all: `"all"`, not `[]`.
    Agents(bool),
    /// Whether it is about the store at all.
    State(bool),
    /// Whether it is about messages at all.
    Notify(bool),
}

impl Subject {
    pub(crate) const fn class(&self) -> Class {
        match self {
            Subject::Effects(_) => Class::Effects,
            Subject::Http(_) => Class::Http,
            Subject::Dns(_) => Class::Dns,
            Subject::Mounts(_) => Class::Mounts,
            Subject::Programs(_) => Class::Programs,
            Subject::Models(_) => Class::Models,
            Subject::Agents(_) => Class::Agents,
            Subject::State(_) => Class::State,
            Subject::Notify(_) => Class::Notify,
        }
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    pub(crate) tools: Tools,
    pub(crate) subject: Subject,
    /// Shown to whom it stops.
    pub(crate) reason: Option<String>,
    /// Where it stands in the file; 1 is the first line.
    pub(crate) line: usize,
}

impl Rule {
    /// Whether the rule is about all of the atom.
    ///
    /// Being allowed to write includes looking; being refused a look includes writing. So an allowing rule covers the
    /// accesses up to its own, and one that asks or denies covers those from its own on.
    pub(crate) fn covers(&self, atom: &Atom, request: &CallRequest) -> bool {
        let subject = match (&self.subject, atom) {
            (Subject::Effects(select), Atom::Effect(effect)) => select.any(|one| one == effect),
            (Subject::Http(http), Atom::Http(region)) => {
                http.parts(region, request).contains(region)
            }
            (Subject::Dns(select), Atom::Dns(name)) => select.any(|one| one.matches(name)),
            (Subject::Mounts(select), Atom::Mount { name, access }) => select.any(|one| {
                let level = match self.verdict {
                    Verdict::Allow => *access <= one.access,
                    Verdict::Ask | Verdict::Deny => *access >= one.access,
                };
                one.name == *name && level
            }),
            (Subject::Programs(select), Atom::Program(name)) => select.any(|one| one == name),
            (Subject::Models(select), Atom::Model(role)) => select.any(|one| one == role),
            (Subject::Agents(all), Atom::Agent)
            | (Subject::State(all), Atom::State(_))
            | (Subject::Notify(all), Atom::Notify) => *all,
            _ => false,
        };
        subject && self.tools.matches(request)
    }

    /// Whether the rule, although it is not [about](Self::covers) the atom, allows something that includes it once a
    /// person says yes: asking about read-write is an offer to look as well.
    pub(crate) fn offers(&self, atom: &Atom, request: &CallRequest) -> bool {
        let Atom::Mount { name, access } = atom else {
            return false;
        };
        let wider = Atom::Mount {
            name: name.clone(),
            access: Access::ReadWrite,
        };
        self.verdict == Verdict::Ask && *access < Access::ReadWrite && self.covers(&wider, request)
    }
}
