//! Requests that are decided about one by one: where code that a person did not read says where it wants to go.
//!
//! An operation that declares [`Need::Web`](crate::Need::Web) names no origin. What its calls may reach is what the
//! policy itself allows outright, asked again for each request. Nobody is asked in the middle of running code, so what
//! the policy asks about is refused.

use std::sync::Arc;

use crate::atom::Atom;
use crate::policy::Policy;
use crate::rule::Subject;
use crate::{AddressScope, CallRequest, Decision, HttpRegion, Method, Verdict};

/// Such requests of one call.
#[derive(Debug, Clone)]
pub(crate) struct Web {
    methods: Vec<Method>,
    /// Each of them has to allow a request.
    judges: Vec<Arc<Judge>>,
}

/// A policy, and the call that it decides about.
#[derive(Debug, PartialEq, Eq)]
struct Judge {
    policy: Policy,
    request: CallRequest,
}

impl PartialEq for Web {
    fn eq(&self, other: &Self) -> bool {
        let Web { methods, judges } = other;
        self.methods == *methods
            && judges.iter().all(|one| self.judges.contains(one))
            && self.judges.iter().all(|one| judges.contains(one))
    }
}

impl Web {
    pub(crate) fn new(methods: &[Method], policy: &Policy, request: &CallRequest) -> Web {
        let mut rules = policy.rules.clone();
        rules.retain(|rule| {
            matches!(rule.subject, Subject::Http(_) | Subject::Dns(_))
                && rule.tools.matches(request)
        });
        let policy = Policy {
            rules,
            limits_by_tool: Vec::new(),
            ..policy.clone()
        };
        let request = CallRequest {
            effects: Vec::new(),
            needs: Vec::new(),
            ..request.clone()
        };
        let mut methods = methods.to_vec();
        methods.sort();
        methods.dedup();
        Web {
            methods,
            judges: vec![Arc::new(Judge { policy, request })],
        }
    }

    /// What both allow.
    pub(crate) fn intersect(&self, other: &Web) -> Web {
        let mut judges = self.judges.clone();
        for one in &other.judges {
            if !judges.contains(one) {
                judges.push(Arc::clone(one));
            }
        }
        Web {
            methods: self
                .methods
                .iter()
                .copied()
                .filter(|method| other.methods.contains(method))
                .collect(),
            judges,
        }
    }

    /// Which addresses may be dialled for a request; none where its method is not among those declared.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    pub(crate) fn permit(&self, request: &HttpRegion) -> Option<Result<AddressScope, Decision>> {
        if !self.methods.contains(&request.method) {
            return None;
        }
        let atom = Atom::Http(request.clone());
        Some(self.allows(&atom).map(|()| {
            self.judges
                .iter()
                .map(|judge| judge.policy.reach(request, &judge.request))
                .min()
                .unwrap_or_default()
        }))
    }

    /// Whether a name may be looked up.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    pub(crate) fn resolve(&self, name: &str) -> Result<(), Decision> {
        self.allows(&Atom::Dns(name.to_owned()))
    }

    fn allows(&self, atom: &Atom) -> Result<(), Decision> {
        for judge in &self.judges {
            let decision = judge.policy.judge(atom, &judge.request);
            match decision.verdict {
                Verdict::Allow => {}
                Verdict::Deny => return Err(decision),
                Verdict::Ask => {
                    return Err(Decision {
                        verdict: Verdict::Deny,
                        remedy: format!(
                            "nobody is asked in the middle of running code; {}",
                            decision.remedy.trim_start_matches("approve this call, or ")
                        ),
                        ..decision
                    });
                }
            }
        }
        Ok(())
    }
}
