//! What one call may do.

use std::collections::{BTreeMap, BTreeSet};

use crate::atom::Atom;
use crate::http_grant::{HttpGrant, greatest};
use crate::web::Web;
use crate::{
    Access, AddressScope, Decision, Host, HttpAllowance, HttpPermit, HttpRegion, Limits, Method,
    Need, Origin, PathPrefix, Verdict,
};

/// What one call may do: the only thing that enforcers ask.
///
/// Two grants are equal where they allow the same in the same words. Why something is *not* allowed travels along, and
/// does not count. [`Grant::intersect`] is the only way to combine two, so a grant that is handed on can only shrink.
#[derive(Debug, Clone)]
pub struct Grant {
    limits: Limits,
    http: HttpGrant,
    /// Requests that are decided about one by one; apart from those that `http` names.
    web: Option<Web>,
    names: BTreeSet<String>,
    mounts: BTreeMap<String, Access>,
    programs: BTreeSet<String>,
    models: BTreeSet<String>,
    agent: bool,
    /// Prefixes of keys, none of which begins with another.
    state: Vec<String>,
    notify: bool,
    why: Explanations,
}

/// Why something is not allowed; no part of what a grant is.
#[derive(Debug, Clone, Default)]
struct Explanations {
    /// What refuses what nothing else explains: `declaration of files/write/write`.
    source: Option<String>,
    withheld: Vec<Withheld>,
}

/// Something that was asked for and not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Withheld {
    pub(crate) what: Atom,
    pub(crate) decision: Decision,
}

impl PartialEq for Grant {
    fn eq(&self, other: &Self) -> bool {
        // Named one by one, so that a new field cannot be forgotten here.
        let Grant {
            limits,
            http,
            web,
            names,
            mounts,
            programs,
            models,
            agent,
            state,
            notify,
            why: _,
        } = other;
        self.limits == *limits
            && self.http == *http
            && self.web == *web
            && self.names == *names
            && self.mounts == *mounts
            && self.programs == *programs
            && self.models == *models
            && self.agent == *agent
            && self.state == *state
            && self.notify == *notify
    }
}

impl Eq for Grant {}

impl Grant {
    /// Nothing at all, within these limits.
    #[must_use]
    pub fn nothing(limits: Limits) -> Self {
        Grant {
            limits,
            http: HttpGrant::default(),
            web: None,
            names: BTreeSet::new(),
            mounts: BTreeMap::new(),
            programs: BTreeSet::new(),
            models: BTreeSet::new(),
            agent: false,
            state: Vec::new(),
            notify: false,
            why: Explanations::default(),
        }
    }

    /// These needs in full, and no policy: the names in their origins may be resolved, and of what those resolve to,
    /// `addresses` may be dialled. For what the host itself does, and to narrow another grant with. [`Need::Web`] asks a
    /// policy, so here it stands for nothing.
    #[must_use]
    pub fn exactly(needs: &[Need], addresses: AddressScope, limits: Limits) -> Self {
        let mut parts = Parts::default();
        for need in needs {
            for atom in Atom::of(need) {
                let (Need::Http(need), Atom::Http(region)) = (need, &atom) else {
                    parts.add(&atom);
                    continue;
                };
                parts.allowances.push(HttpAllowance {
                    region: region.clone(),
                    credential: need.credential.clone(),
                    body_credential: need.body_credential.clone(),
                    addresses,
                });
                if let Host::Name(name) = need.origin.host() {
                    parts.names.insert(name.clone());
                }
            }
        }
        parts.into_grant(limits)
    }

    /// The same grant, which names `source` as the rule behind refusals that nothing else explains, for example
    /// `declaration of files/write/write`.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<String>) -> Self {
        self.why.source = Some(source.into());
        self
    }

    /// What both allow. Associative, commutative and idempotent; it only narrows.
    ///
    /// Requests with declared origins and requests without ([`Need::Web`]) are two kinds, and meet their own only.
    /// Refusals are explained by what either withheld, those of `self` first.
    #[must_use]
    pub fn intersect(&self, other: &Grant) -> Grant {
        let both = |one: &BTreeSet<String>, two: &BTreeSet<String>| {
            one.intersection(two).cloned().collect::<BTreeSet<_>>()
        };
        let mut withheld = self.why.withheld.clone();
        for one in &other.why.withheld {
            if !withheld.contains(one) {
                withheld.push(one.clone());
            }
        }
        Grant {
            limits: self.limits.intersect(&other.limits),
            http: self.http.intersect(&other.http),
            web: self
                .web
                .as_ref()
                .zip(other.web.as_ref())
                .map(|(one, two)| one.intersect(two)),
            names: both(&self.names, &other.names),
            mounts: self
                .mounts
                .iter()
                .filter_map(|(name, access)| {
                    let other = other.mounts.get(name)?;
                    Some((name.clone(), *access.min(other)))
                })
                .collect(),
            programs: both(&self.programs, &other.programs),
            models: both(&self.models, &other.models),
            agent: self.agent && other.agent,
            state: meet_prefixes(&self.state, &other.state),
            notify: self.notify && other.notify,
            why: Explanations {
                source: self.why.source.clone().or_else(|| other.why.source.clone()),
                withheld,
            },
        }
    }

    /// The bounds of the call.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The directories to mount, by name.
    pub fn mounts(&self) -> impl Iterator<Item = (&str, Access)> {
        self.mounts
            .iter()
            .map(|(name, access)| (name.as_str(), *access))
    }

    /// The programs that may be run.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        self.programs.iter().map(String::as_str)
    }

    /// The requests that may be sent, less the [exceptions](Self::http_exceptions).
    #[must_use]
    pub fn http_allowances(&self) -> &[HttpAllowance] {
        self.http.allowances()
    }

    /// The requests that may not be sent although an [allowance](Self::http_allowances) covers them.
    #[must_use]
    pub fn http_exceptions(&self) -> &[HttpRegion] {
        self.http.exceptions()
    }

    /// Whether a request may be sent; `path` without its query.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    pub fn http(
        &self,
        origin: &Origin,
        method: Method,
        path: &str,
    ) -> Result<HttpPermit, Decision> {
        let refused = |refusal| Decision {
            subject: format!("http {method} {origin}{path}"),
            ..refusal
        };
        let request = match PathPrefix::of_path(path) {
            Ok(path) => HttpRegion {
                origin: origin.clone(),
                method,
                path,
            },
            Err(error) => {
                return Err(refused(Decision {
                    verdict: Verdict::Deny,
                    subject: String::new(),
                    rule: "paths that can be decided about".to_owned(),
                    remedy: error.to_string(),
                }));
            }
        };
        if let Some(permit) = self.http.permit(&request) {
            return Ok(permit);
        }
        match self.web.as_ref().and_then(|web| web.permit(&request)) {
            Some(Ok(addresses)) => Ok(HttpPermit {
                credential: None,
                body_credential: None,
                addresses,
            }),
            Some(Err(refusal)) => Err(refused(refusal)),
            None => Err(refused(self.refusal(&Atom::Http(request)))),
        }
    }

    /// Whether a name may be looked up. Addresses need no looking up, and are no names.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    pub fn resolve(&self, name: &str) -> Result<(), Decision> {
        let name = name.to_ascii_lowercase();
        if self.names.contains(&name) {
            return Ok(());
        }
        match &self.web {
            Some(web) => web.resolve(&name),
            None => Err(self.refusal(&Atom::Dns(name))),
        }
    }

    /// How a named directory may be used.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    pub fn mount(&self, name: &str) -> Result<Access, Decision> {
        self.mounts.get(name).copied().ok_or_else(|| {
            self.refusal(&Atom::Mount {
                name: name.to_owned(),
                access: Access::ReadOnly,
            })
        })
    }

    /// Whether a named directory may be used in this way.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    pub fn mount_for(&self, name: &str, access: Access) -> Result<(), Decision> {
        let granted = self.mounts.get(name).is_some_and(|had| *had >= access);
        self.must(granted, || Atom::Mount {
            name: name.to_owned(),
            access,
        })
    }

    /// Whether a program may be run.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    pub fn program(&self, name: &str) -> Result<(), Decision> {
        self.must(self.programs.contains(name), || {
            Atom::Program(name.to_owned())
        })
    }

    /// Whether a model may be asked, by its role.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    pub fn model(&self, role: &str) -> Result<(), Decision> {
        self.must(self.models.contains(role), || Atom::Model(role.to_owned()))
    }

    /// Whether a nested agent may be run.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    pub fn agent(&self) -> Result<(), Decision> {
        self.must(self.agent, || Atom::Agent)
    }

    /// Whether a key of the session's store may be read and written.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    pub fn state(&self, key: &str) -> Result<(), Decision> {
        let granted = self.state.iter().any(|prefix| key.starts_with(prefix));
        self.must(granted, || Atom::State(key.to_owned()))
    }

    /// Whether messages may be sent to people.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    pub fn notify(&self) -> Result<(), Decision> {
        self.must(self.notify, || Atom::Notify)
    }

    fn must(&self, granted: bool, atom: impl FnOnce() -> Atom) -> Result<(), Decision> {
        if granted {
            Ok(())
        } else {
            Err(self.refusal(&atom()))
        }
    }

    /// Why the atom is not granted: the narrowest of what was withheld and includes it; else that nobody asked.
    fn refusal(&self, asked: &Atom) -> Decision {
        let mut withheld: Option<&Withheld> = None;
        for one in &self.why.withheld {
            let closer =
                withheld.is_none_or(|best| best.what != one.what && best.what.includes(&one.what));
            if one.what.includes(asked) && closer {
                withheld = Some(one);
            }
        }
        match withheld {
            Some(one) => Decision {
                subject: asked.to_string(),
                ..one.decision.clone()
            },
            None => {
                let source = self.why.source.as_deref().unwrap_or("no declaration");
                Decision {
                    verdict: Verdict::Deny,
                    subject: asked.to_string(),
                    rule: source.to_owned(),
                    remedy: format!(
                        "the operation does not declare `{asked}`; its plugin would have to"
                    ),
                }
            }
        }
    }
}

/// What both lists of prefixes cover.
fn meet_prefixes(one: &[String], two: &[String]) -> Vec<String> {
    let meets = one.iter().flat_map(|a| {
        two.iter().filter_map(move |b| {
            if a.starts_with(b.as_str()) {
                Some(a.clone())
            } else {
                b.starts_with(a.as_str()).then(|| b.clone())
            }
        })
    });
    greatest(meets.collect(), |long, short| {
        short.starts_with(long.as_str())
    })
}

/// A grant that is being put together.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) allowances: Vec<HttpAllowance>,
    pub(crate) exceptions: Vec<HttpRegion>,
    pub(crate) web: Option<Web>,
    pub(crate) names: BTreeSet<String>,
    pub(crate) mounts: BTreeMap<String, Access>,
    pub(crate) programs: BTreeSet<String>,
    pub(crate) models: BTreeSet<String>,
    pub(crate) agent: bool,
    pub(crate) state: Vec<String>,
    pub(crate) notify: bool,
    pub(crate) withheld: Vec<Withheld>,
}

impl Parts {
    /// Grants an atom that stands for itself. Effects are not granted, and requests are
    /// [allowances](HttpAllowance).
    pub(crate) fn add(&mut self, atom: &Atom) {
        match atom {
            Atom::Effect(_) | Atom::Http(_) => {}
            Atom::Dns(name) => {
                self.names.insert(name.clone());
            }
            Atom::Mount { name, access } => {
                let had = self.mounts.entry(name.clone()).or_insert(*access);
                *had = (*had).max(*access);
            }
            Atom::Program(name) => {
                self.programs.insert(name.clone());
            }
            Atom::Model(role) => {
                self.models.insert(role.clone());
            }
            Atom::Agent => self.agent = true,
            Atom::State(prefix) => self.state.push(prefix.clone()),
            Atom::Notify => self.notify = true,
        }
    }

    /// Grants nothing, for the one reason that `decision` gives.
    pub(crate) fn withholding(needs: &[Need], decision: &Decision) -> Self {
        let names = needs.iter().filter_map(|need| match need {
            Need::Http(need) => match need.origin.host() {
                Host::Name(name) => Some(Atom::Dns(name.clone())),
                Host::V4(_) | Host::V6(_) => None,
            },
            _ => None,
        });
        let mut atoms: Vec<Atom> = needs.iter().flat_map(Atom::of).chain(names).collect();
        for atom in &mut atoms {
            // Who may not look may not write either.
            if let Atom::Mount { access, .. } = atom {
                *access = Access::ReadOnly;
            }
        }
        Parts {
            withheld: atoms
                .into_iter()
                .map(|what| Withheld {
                    what,
                    decision: decision.clone(),
                })
                .collect(),
            ..Parts::default()
        }
    }

    pub(crate) fn into_grant(self, limits: Limits) -> Grant {
        Grant {
            limits,
            http: HttpGrant::new(self.allowances, self.exceptions),
            web: self.web,
            names: self.names,
            mounts: self.mounts,
            programs: self.programs,
            models: self.models,
            agent: self.agent,
            state: greatest(self.state, |one, other| other.starts_with(one.as_str())),
            notify: self.notify,
            why: Explanations {
                source: None,
                withheld: self.withheld,
            },
        }
    }
}

#[cfg(test)]
#[path = "grant_tests.rs"]
mod tests;
