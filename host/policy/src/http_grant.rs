//! The requests that a grant allows.
//!
//! A set of requests is written as *allowances* minus *exceptions*. The intersection of two sets is the meet of each
//! allowance of the one with each of the other, minus the exceptions of both. A normal form that keeps no allowance or
//! exception which makes no difference makes equal intersections equal values.

use std::fmt;

use crate::{AddressScope, Method, Origin, PathPrefix};

/// Requests of one method to one origin, under one path prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpRegion {
    /// Where to.
    pub origin: Origin,
    /// With which method.
    pub method: Method,
    /// Under which path.
    pub path: PathPrefix,
}

impl HttpRegion {
    pub(crate) fn contains(&self, other: &HttpRegion) -> bool {
        self.origin == other.origin
            && self.method == other.method
            && self.path.contains(&other.path)
    }

    fn meet(&self, other: &HttpRegion) -> Option<HttpRegion> {
        if self.origin != other.origin || self.method != other.method {
            return None;
        }
        Some(HttpRegion {
            origin: self.origin.clone(),
            method: self.method,
            path: self.path.meet(&other.path)?,
        })
    }
}

impl fmt::Display for HttpRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http {} {}{}", self.method, self.origin, self.path)
    }
}

/// A region that is allowed, with what goes along with a request in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpAllowance {
    /// Which requests.
    pub region: HttpRegion,
    /// The credential that is put on them. None is the least authority; two different ones have only none in common.
    pub credential: Option<String>,
    /// The credential that takes the place of its placeholder in their bodies; the same holds for it.
    pub body_credential: Option<String>,
    /// Which addresses may be dialled for them.
    pub addresses: AddressScope,
}

impl HttpAllowance {
    fn contains(&self, other: &HttpAllowance) -> bool {
        self.region.contains(&other.region)
            && (other.credential.is_none() || self.credential == other.credential)
            && (other.body_credential.is_none() || self.body_credential == other.body_credential)
            && self.addresses >= other.addresses
    }

    fn meet(&self, other: &HttpAllowance) -> Option<HttpAllowance> {
        let same = self.credential == other.credential;
        let same_in_body = self.body_credential == other.body_credential;
        Some(HttpAllowance {
            region: self.region.meet(&other.region)?,
            credential: self.credential.clone().filter(|_| same),
            body_credential: self.body_credential.clone().filter(|_| same_in_body),
            addresses: self.addresses.min(other.addresses),
        })
    }
}

/// What an allowed request gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpPermit {
    /// The name of the credential that is put on it.
    pub credential: Option<String>,
    /// The name of the credential that takes the place of its placeholder in the body.
    pub body_credential: Option<String>,
    /// Which addresses may be dialled for it.
    pub addresses: AddressScope,
}

/// A set of requests, always in normal form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HttpGrant {
    allowances: Vec<HttpAllowance>,
    exceptions: Vec<HttpRegion>,
}

impl HttpGrant {
    pub(crate) fn new(allowances: Vec<HttpAllowance>, exceptions: Vec<HttpRegion>) -> Self {
        let mut exceptions = greatest(exceptions, HttpRegion::contains);
        let mut allowances = greatest(allowances, HttpAllowance::contains);
        allowances.retain(|one| !exceptions.iter().any(|e| e.contains(&one.region)));
        exceptions.retain(|e| allowances.iter().any(|one| one.region.contains(e)));
        HttpGrant {
            allowances,
            exceptions,
        }
    }

    pub(crate) fn allowances(&self) -> &[HttpAllowance] {
        &self.allowances
    }

    pub(crate) fn exceptions(&self) -> &[HttpRegion] {
        &self.exceptions
    }

    pub(crate) fn intersect(&self, other: &HttpGrant) -> HttpGrant {
        let allowances = self
            .allowances
            .iter()
            .flat_map(|one| other.allowances.iter().filter_map(|two| one.meet(two)))
            .collect();
        let exceptions = [self.exceptions.as_slice(), other.exceptions.as_slice()].concat();
        HttpGrant::new(allowances, exceptions)
    }

    /// What a request gets; none where it is not allowed.
    ///
    /// Where several allowances cover it, one with a credential goes before one without, then one with a credential for
    /// the body, then the longer path, then the wider addresses, then the credentials' names: always one of them as it
    /// stands, never a mixture.
    pub(crate) fn permit(&self, request: &HttpRegion) -> Option<HttpPermit> {
        if self.exceptions.iter().any(|one| one.contains(request)) {
            return None;
        }
        self.allowances
            .iter()
            .filter(|one| one.region.contains(request))
            .max_by_key(|one| {
                (
                    one.credential.is_some(),
                    one.body_credential.is_some(),
                    one.region.path.as_str().len(),
                    one.addresses,
                    one.credential.as_deref(),
                    one.body_credential.as_deref(),
                )
            })
            .map(|one| HttpPermit {
                credential: one.credential.clone(),
                body_credential: one.body_credential.clone(),
                addresses: one.addresses,
            })
    }
}

/// Sorted, without those that another one contains.
pub(crate) fn greatest<T: Ord>(mut all: Vec<T>, contains: impl Fn(&T, &T) -> bool) -> Vec<T> {
    all.sort();
    all.dedup();
    let mut kept: Vec<T> = Vec::with_capacity(all.len());
    for one in all {
        if kept.iter().any(|other| contains(other, &one)) {
            continue;
        }
        kept.retain(|other| !contains(&one, other));
        kept.push(one);
    }
    kept
}
