//! What a policy says about a call.

use std::collections::BTreeSet;

use crate::atom::Atom;
use crate::grant::{Parts, Withheld};
use crate::policy::Policy;
use crate::rule::{Class, HttpRule, Rule, Subject};
use crate::web::Web;
use crate::{
    Access, AddressScope, CallRequest, Decision, Effect, Grant, Host, HttpAllowance, HttpNeed,
    HttpRegion, Need, Verdict,
};

/// What a policy says about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// Deny where an effect is denied; else ask where an effect, or a part of a need, is asked about; else allow. A need
    /// that is denied does not deny the call: it is withheld from the grants.
    pub verdict: Verdict,
    /// Each effect and each need: requests by method and path prefix, again for each narrower prefix about which
    /// something else decides, and for the names to look up; read-write mounts twice where looking and writing differ.
    pub decisions: Vec<Decision>,
    /// What the call runs with if nobody is asked; nothing where an effect is not allowed outright.
    pub grant: Grant,
    /// What the call runs with if a person says yes; nothing where an effect is denied.
    pub grant_if_approved: Grant,
    /// The one of the decisions that gave the verdict.
    pub decisive: Decision,
}

/// A verdict, and the rule that gave it; none where no rule matched.
#[derive(Clone, Copy)]
struct Ruling<'a> {
    verdict: Verdict,
    rule: Option<&'a Rule>,
}

impl PartialEq for Ruling<'_> {
    fn eq(&self, other: &Self) -> bool {
        let name = |ruling: &Self| ruling.rule.map(|rule| rule.line);
        self.verdict == other.verdict && name(self) == name(other)
    }
}

/// What is known about the needs of a call so far.
#[derive(Default)]
struct Needs {
    decisions: Vec<Decision>,
    /// What is granted if nobody is asked.
    outright: Parts,
    /// What is granted if a person says yes.
    approved: Parts,
    /// The names that have been decided about.
    names: BTreeSet<String>,
}

impl Needs {
    /// Notes a decision, and withholds `what` from the grants that it keeps it from.
    fn note(&mut self, what: Atom, decision: Decision) {
        self.withhold(what, &decision);
        self.decisions.push(decision);
    }

    fn withhold(&mut self, what: Atom, decision: &Decision) {
        let withheld = Withheld {
            what,
            decision: decision.clone(),
        };
        match decision.verdict {
            Verdict::Allow => {}
            Verdict::Ask => self.outright.withheld.push(withheld),
            Verdict::Deny => {
                self.outright.withheld.push(withheld.clone());
                self.approved.withheld.push(withheld);
            }
        }
    }

    /// Grants an atom that is neither a request nor an effect as far as the verdict goes.
    fn grant(&mut self, atom: &Atom, verdict: Verdict) {
        match verdict {
            Verdict::Allow => {
                self.outright.add(atom);
                self.approved.add(atom);
            }
            Verdict::Ask => self.approved.add(atom),
            Verdict::Deny => {}
        }
    }
}

impl Policy {
    /// What the policy says about a call.
    #[must_use]
    pub fn decide(&self, request: &CallRequest) -> Assessment {
        let effect = |effect: Effect| self.judge(&Atom::Effect(effect), request);
        let first = request.effects.first().copied();
        let mut decisive = effect(first.unwrap_or(Effect::Undeclared));
        let mut decisions = vec![decisive.clone()];
        for one in request.effects.iter().skip(1) {
            let decision = effect(*one);
            if decision.verdict > decisive.verdict {
                decisive = decision.clone();
            }
            decisions.push(decision);
        }

        let mut needs = Needs::default();
        for need in &request.needs {
            self.need(need, request, &mut needs);
        }
        let limits = self.limits_of(request).intersect(&request.limits);
        let grant = |parts: Parts, most: Verdict| {
            // Where an effect stops the call, no need is granted, and the effect explains it.
            let parts = if decisive.verdict <= most {
                parts
            } else {
                Parts::withholding(&request.needs, &decisive)
            };
            parts
                .into_grant(limits)
                .with_source(format!("declaration of {}", request.path()))
        };
        let outright = grant(needs.outright, Verdict::Allow);
        let approved = grant(needs.approved, Verdict::Ask);

        let asked = needs
            .decisions
            .iter()
            .find(|one| one.verdict == Verdict::Ask);
        if let (Verdict::Allow, Some(asked)) = (decisive.verdict, asked) {
            decisive = asked.clone();
        }
        decisions.append(&mut needs.decisions);
        Assessment {
            verdict: decisive.verdict,
            decisions,
            grant: outright,
            grant_if_approved: approved,
            decisive,
        }
    }

    /// The verdict about all of an atom.
    pub(crate) fn judge(&self, atom: &Atom, request: &CallRequest) -> Decision {
        self.decision(atom, self.ruling(atom, request), request)
    }

    /// The strictest decision about a part of a need; none where it asks for nothing.
    pub(crate) fn strictest(&self, need: &Need, request: &CallRequest) -> Option<Decision> {
        let mut needs = Needs::default();
        self.need(need, request, &mut needs);
        needs.decisions.into_iter().max_by_key(|one| one.verdict)
    }

    /// The widest addresses that rules which do not deny give to all of a region.
    pub(crate) fn reach(&self, region: &HttpRegion, request: &CallRequest) -> AddressScope {
        self.http_rules(request)
            .filter(|(rule, http)| {
                rule.verdict != Verdict::Deny && http.parts(region, request).contains(region)
            })
            .map(|(_, http)| http.addresses)
            .max()
            .unwrap_or_default()
    }

    fn need(&self, need: &Need, request: &CallRequest, needs: &mut Needs) {
        match need {
            Need::Http(need) => self.http(need, request, needs),
            Need::Web(methods) => {
                let web = Web::new(methods, self, request);
                needs.outright.web = Some(web.clone());
                needs.approved.web = Some(web);
            }
            Need::Mount { name, access } => self.mount(name, *access, request, needs),
            Need::Program(_) | Need::Model(_) | Need::Agent | Need::State(_) | Need::Notify => {
                for atom in Atom::of(need) {
                    let ruling = self.ruling(&atom, request);
                    needs.grant(&atom, ruling.verdict);
                    let decision = self.decision(&atom, ruling, request);
                    needs.note(atom, decision);
                }
            }
        }
    }

    fn http(&self, need: &HttpNeed, request: &CallRequest, needs: &mut Needs) {
        let mut mildest: Option<Decision> = None;
        for (method, path) in need.pairs() {
            let region = HttpRegion {
                origin: need.origin.clone(),
                method,
                path: path.clone(),
            };
            self.requests(need, &region, request, needs);
            for (region, ruling) in self.parts(&region, request) {
                let atom = Atom::Http(region);
                let mut decision = self.decision(&atom, ruling, request);
                decision.subject.push_str(&need.in_body());
                if mildest
                    .as_ref()
                    .is_none_or(|one| decision.verdict < one.verdict)
                {
                    mildest = Some(decision.clone());
                }
                needs.note(atom, decision);
            }
        }
        if let (Host::Name(name), Some(mildest)) = (need.origin.host(), mildest) {
            self.lookup(name, &mildest, request, needs);
        }
    }

    /// Adds what the rules allow and except of a region to the grants.
    fn requests(
        &self,
        need: &HttpNeed,
        region: &HttpRegion,
        request: &CallRequest,
        needs: &mut Needs,
    ) {
        let allowance = |region: HttpRegion, addresses| HttpAllowance {
            region,
            credential: need.credential.clone(),
            body_credential: need.body_credential.clone(),
            addresses,
        };
        for (rule, http) in self.http_rules(request) {
            for part in http.parts(region, request) {
                match rule.verdict {
                    Verdict::Allow => {
                        let allowed = allowance(part, http.addresses);
                        needs.outright.allowances.push(allowed.clone());
                        needs.approved.allowances.push(allowed);
                    }
                    Verdict::Ask => {
                        needs.outright.exceptions.push(part.clone());
                        needs
                            .approved
                            .allowances
                            .push(allowance(part, http.addresses));
                    }
                    Verdict::Deny => {
                        needs.outright.exceptions.push(part.clone());
                        needs.approved.exceptions.push(part);
                    }
                }
            }
        }
        if self.otherwise_for(Class::Http, request) == Verdict::Ask {
            let rest = allowance(region.clone(), AddressScope::Public);
            needs.approved.allowances.push(rest);
        }
    }

    /// The region, and each narrower one about which something else decides than about what is around it.
    fn parts(&self, region: &HttpRegion, request: &CallRequest) -> Vec<(HttpRegion, Ruling<'_>)> {
        let mut regions: BTreeSet<HttpRegion> = self
            .http_rules(request)
            .flat_map(|(_, http)| http.parts(region, request))
            .collect();
        regions.insert(region.clone());
        let mut parts: Vec<(HttpRegion, Ruling<'_>)> = Vec::new();
        // In their order, each region comes after those that contain it.
        for region in regions {
            let ruling = self.ruling(&Atom::Http(region.clone()), request);
            let around = parts.iter().rev().find(|(one, _)| one.contains(&region));
            if around.is_none_or(|(_, around)| *around != ruling) {
                parts.push((region, ruling));
            }
        }
        parts
    }

    fn http_rules(&self, request: &CallRequest) -> impl Iterator<Item = (&Rule, &HttpRule)> {
        self.rules.iter().filter_map(|rule| match &rule.subject {
            Subject::Http(http) if rule.tools.matches(request) => Some((rule, http)),
            _ => None,
        })
    }

    /// Decides whether a name of an origin may be looked up, unless no request to it is possible anyway.
    fn lookup(&self, name: &str, mildest: &Decision, request: &CallRequest, needs: &mut Needs) {
        let atom = Atom::Dns(name.to_owned());
        if mildest.verdict == Verdict::Deny {
            needs.withhold(atom, mildest);
        } else if needs.names.insert(name.to_owned()) {
            let ruling = self.ruling(&atom, request);
            needs.grant(&atom, ruling.verdict);
            let decision = self.decision(&atom, ruling, request);
            needs.note(atom, decision);
        }
    }

    fn mount(&self, name: &str, asked: Access, request: &CallRequest, needs: &mut Needs) {
        let atom = |access| Atom::Mount {
            name: name.to_owned(),
            access,
        };
        let look = self.ruling(&atom(Access::ReadOnly), request);
        let mut write = self.ruling(&atom(Access::ReadWrite), request);
        if write.verdict < look.verdict {
            // Who writes also looks.
            write = look;
        }
        needs.grant(&atom(Access::ReadOnly), look.verdict);
        if asked == Access::ReadWrite {
            needs.grant(&atom(Access::ReadWrite), write.verdict);
        }
        if asked == Access::ReadOnly || look == write {
            let decision = self.decision(&atom(asked), look, request);
            needs.note(atom(Access::ReadOnly), decision);
        } else {
            for (access, ruling) in [(Access::ReadOnly, look), (Access::ReadWrite, write)] {
                let decision = self.decision(&atom(access), ruling, request);
                needs.note(atom(access), decision);
            }
        }
    }

    /// The strictest verdict about all of an atom, from the first rule that gives it.
    fn ruling(&self, atom: &Atom, request: &CallRequest) -> Ruling<'_> {
        let mut found: Option<&Rule> = None;
        for rule in self.rules.iter().filter(|rule| rule.covers(atom, request)) {
            if found.is_none_or(|one| rule.verdict > one.verdict) {
                found = Some(rule);
            }
        }
        let rule = found.or_else(|| self.rules.iter().find(|rule| rule.offers(atom, request)));
        Ruling {
            verdict: rule.map_or_else(
                || self.otherwise_for(atom.class(), request),
                |rule| rule.verdict,
            ),
            rule,
        }
    }

    fn decision(&self, atom: &Atom, ruling: Ruling<'_>, request: &CallRequest) -> Decision {
        let rule = match ruling.rule {
            Some(rule) => format!("{}: {}", self.name, rule.name),
            None => format!("{}: no rule", self.name),
        };
        Decision {
            verdict: ruling.verdict,
            subject: atom.to_string(),
            rule,
            remedy: self.remedy(atom, ruling, request),
        }
    }

    fn remedy(&self, atom: &Atom, ruling: Ruling<'_>, request: &CallRequest) -> String {
        if ruling.verdict == Verdict::Allow {
            return String::new();
        }
        let change = match ruling.rule {
            Some(rule) => {
                let reason = rule
                    .reason
                    .as_ref()
                    .map_or_else(String::new, |reason| format!(" ({reason})"));
                format!(
                    "change rule {:?} at {}:{}{reason}",
                    rule.name, self.file, rule.line
                )
            }
            None => format!(
                "add to {}: [[rule]] with a name, decision = \"allow\", tools = [{:?}], {}",
                self.file,
                request.path(),
                atom.as_rule()
            ),
        };
        match ruling.verdict {
            Verdict::Ask => format!("approve this call, or {change}"),
            Verdict::Allow | Verdict::Deny => change,
        }
    }
}
