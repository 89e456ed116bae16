//! The smallest things that are decided about.

use std::fmt;

use crate::rule::Class;
use crate::{Access, Effect, HttpRegion, Need};

/// One thing that is decided about: an effect, or a part of a need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Atom {
    Effect(Effect),
    Http(HttpRegion),
    Dns(String),
    Mount { name: String, access: Access },
    Program(String),
    Model(String),
    Agent,
    State(String),
    Notify,
}

impl Atom {
    /// What a need consists of: each method with each path prefix for `http`, one thing for the others.
    pub(crate) fn of(need: &Need) -> Vec<Atom> {
        match need {
            Need::Http(need) => need
                .pairs()
                .map(|(method, path)| {
                    Atom::Http(HttpRegion {
                        origin: need.origin.clone(),
                        method,
                        path: path.clone(),
                    })
                })
                .collect(),
            // Each of its requests is decided about by itself.
            Need::Web(_) => Vec::new(),
            Need::Mount { name, access } => vec![Atom::Mount {
                name: name.clone(),
                access: *access,
            }],
            Need::Program(name) => vec![Atom::Program(name.clone())],
            Need::Model(role) => vec![Atom::Model(role.clone())],
            Need::Agent => vec![Atom::Agent],
            Need::State(prefix) => vec![Atom::State(prefix.clone())],
            Need::Notify => vec![Atom::Notify],
        }
    }

    pub(crate) const fn class(&self) -> Class {
        match self {
            Atom::Effect(_) => Class::Effects,
            Atom::Http(_) => Class::Http,
            Atom::Dns(_) => Class::Dns,
            Atom::Mount { .. } => Class::Mounts,
            Atom::Program(_) => Class::Programs,
            Atom::Model(_) => Class::Models,
            Atom::Agent => Class::Agents,
            Atom::State(_) => Class::State,
            Atom::Notify => Class::Notify,
        }
    }

    /// Whether who is refused this is refused `other` too.
    pub(crate) fn includes(&self, other: &Atom) -> bool {
        match (self, other) {
            (Atom::Http(one), Atom::Http(two)) => one.contains(two),
            (Atom::State(prefix), Atom::State(key)) => key.starts_with(prefix.as_str()),
            (
                Atom::Mount { name, access },
                Atom::Mount {
                    name: other,
                    access: asked,
                },
            ) => name == other && access <= asked,
            _ => self == other,
        }
    }

    /// The subject of a rule that is about just this, as a policy spells it.
    pub(crate) fn as_rule(&self) -> String {
        match self {
            Atom::Effect(effect) => format!("effects = [\"{effect}\"]"),
            Atom::Http(region) => format!(
                "http = {{ origins = [\"{}\"], methods = [\"{}\"], paths = [\"{}\"] }}",
                region.origin, region.method, region.path
            ),
            Atom::Dns(name) => format!("dns = [\"{name}\"]"),
            Atom::Mount { name, access } => {
                format!("mounts = [{{ name = {name:?}, access = \"{access}\" }}]")
            }
            Atom::Program(name) => format!("programs = [{name:?}]"),
            Atom::Model(role) => format!("models = [{role:?}]"),
            Atom::Agent | Atom::State(_) | Atom::Notify => format!("{} = \"all\"", self.class()),
        }
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Effect(effect) => write!(f, "effect {effect}"),
            Atom::Http(region) => region.fmt(f),
            Atom::Dns(name) => write!(f, "dns {name}"),
            Atom::Mount { name, access } => write!(f, "mount {name} {access}"),
            Atom::Program(name) => write!(f, "program {name}"),
            Atom::Model(role) => write!(f, "model {role}"),
            Atom::Agent => f.write_str("agent"),
            Atom::State(prefix) => write!(f, "state {prefix:?}"),
            Atom::Notify => f.write_str("notify"),
        }
    }
}
