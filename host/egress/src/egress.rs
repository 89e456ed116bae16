//! What all calls share.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use policy::{Grant, Origin};

use crate::cache::{CacheError, CacheLimits, Store};
use crate::credentials::Credentials;
use crate::endpoint::{Endpoint, Endpoints};
use crate::gate::Gate;
use crate::meter::Meter;
use crate::observe::Observe;
use crate::pool::Pool;
use crate::resolve::{Resolve, SystemResolver};
use crate::scan::Scanner;
use crate::timeouts::Timeouts;
use crate::tls::{Roots, Tls};

/// What all calls of a host share: credentials, roots of trust, the resolver and the idle connections. Cheap to clone.
///
/// `HTTP_PROXY` and its kin are not honoured: a proxy would look names up by itself, where no address can be checked or
/// pinned, and would see every request that goes over plain http, credentials included.
#[derive(Debug, Clone)]
pub struct Egress(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) credentials: Credentials,
    pub(crate) scanner: Arc<Scanner>,
    pub(crate) endpoints: Endpoints,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) tls: Tls,
    pub(crate) pool: Arc<Pool>,
    pub(crate) timeouts: Timeouts,
    pub(crate) cache: Option<Arc<Store>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("credentials", &self.credentials)
            .field("endpoints", &self.endpoints)
            .field("resolver", &self.resolver)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

impl Egress {
    /// Starts with: no credentials, no endpoints, no cache, the system's resolver, the system's roots, the default timeouts.
    #[must_use]
    pub fn builder() -> EgressBuilder {
        EgressBuilder {
            credentials: Credentials::new(),
            endpoints: Endpoints::default(),
            resolver: Arc::new(SystemResolver),
            roots: Roots::default(),
            timeouts: Timeouts::default(),
            cache: None,
        }
    }

    /// The gate for one call: what it may reach, what it may use, and who is told.
    #[must_use]
    pub fn call(&self, grant: Arc<Grant>, meter: Arc<Meter>, observer: Arc<dyn Observe>) -> Gate {
        Gate {
            egress: self.clone(),
            grant,
            meter,
            observer,
        }
    }
}

/// Puts an [`Egress`] together.
#[derive(Debug)]
pub struct EgressBuilder {
    credentials: Credentials,
    endpoints: Endpoints,
    resolver: Arc<dyn Resolve>,
    roots: Roots,
    timeouts: Timeouts,
    cache: Option<(PathBuf, CacheLimits)>,
}

impl EgressBuilder {
    /// The secrets that the host knows.
    #[must_use]
    pub fn credentials(self, credentials: Credentials) -> Self {
        EgressBuilder {
            credentials,
            ..self
        }
    }

    /// Where a public origin is served instead, for every call: requests to it are decided about under its public name,
    /// and dialled there, whatever the class of the endpoint's address (those that nobody can allow excepted). Given
    /// twice for one origin, the last one counts.
    #[must_use]
    pub fn endpoint(mut self, public: Origin, at: Endpoint) -> Self {
        self.endpoints.insert(public, at);
        self
    }

    /// Who finds addresses.
    #[must_use]
    pub fn resolver(self, resolver: impl Resolve + 'static) -> Self {
        EgressBuilder {
            resolver: Arc::new(resolver),
            ..self
        }
    }

    /// Whom to trust.
    #[must_use]
    pub fn roots(self, roots: Roots) -> Self {
        EgressBuilder { roots, ..self }
    }

    /// How long to wait at most.
    #[must_use]
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        EgressBuilder { timeouts, ..self }
    }

    /// Where answers are kept: a directory for its owner alone, made where it is not there, which several hosts may
    /// share. Which answers, and for how long, is in the tables of `cache/rules.rs`.
    #[must_use]
    pub fn cache(self, directory: impl Into<PathBuf>, limits: CacheLimits) -> Self {
        EgressBuilder {
            cache: Some((directory.into(), limits)),
            ..self
        }
    }

    /// Prepares the search for secrets, and the cache.
    ///
    /// # Errors
    ///
    /// Where there are too many secrets for one automaton, or the cache cannot be used.
    pub fn build(self) -> Result<Egress, BuildError> {
        let scanner = Scanner::new(self.credentials.secrets())
            .map_err(|error| BuildError::Secrets(error.to_string()))?;
        let cache = self
            .cache
            .map(|(directory, limits)| Store::open(directory, limits).map(Arc::new))
            .transpose()?;
        Ok(Egress(Arc::new(Inner {
            scanner: Arc::new(scanner),
            credentials: self.credentials,
            endpoints: self.endpoints,
            resolver: self.resolver,
            tls: Tls::new(self.roots),
            pool: Arc::new(Pool::default()),
            timeouts: self.timeouts,
            cache,
        })))
    }
}

/// Why there is no way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// There are too many secrets to search for.
    #[error("cannot prepare the search for secrets: {0}")]
    Secrets(String),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}
