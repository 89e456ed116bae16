//! From a model's id to the model.

use std::fmt;
use std::sync::Arc;

use agent::Model;
use egress::{Egress, Observe};
use policy::Policy;

use crate::catalogue::{Catalogue, RouterModel, Table, TableError};
use crate::fit::Fits;
use crate::id::{IdError, ModelId};
use crate::provider::Provider;
use crate::replay::{Replay, ReplayError};
use crate::settings::{Service, Settings};
use crate::time::{RealTime, Time};
use crate::wire::{Peer, Wire};
use crate::{Script, ScriptError};

/// Why there is no model for an id.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is none.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The script cannot be played.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The journal cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The provider wants a key, and there is none.
    #[error("`{id}` needs a key of {service}: set {variable}{instead}")]
    NoKey {
        /// The id.
        id: String,
        /// The provider.
        service: Service,
        /// Where the key is looked for.
        variable: &'static str,
        /// What else can be done.
        instead: String,
    },
    /// The model is behind a network, and none was given.
    #[error("`{id}` is behind a network, which is not in reach here")]
    Offline {
        /// The id.
        id: String,
    },
}

/// Opens a model that needs no network: a script, or a journal.
///
/// # Errors
///
/// When the id is none, or is another model's; or the file cannot be used.
pub fn open(id: &str) -> Result<Box<dyn Model>, OpenError> {
    match ModelId::parse(id)? {
        ModelId::Scripted { path } => Ok(Box::new(Script::open(path)?)),
        ModelId::Replay { path } => Ok(Box::new(Replay::open(path)?)),
        id => Err(OpenError::Offline { id: id.to_string() }),
    }
}

/// Opens models, and remembers about them what all of them share. Cheap to clone.
#[derive(Clone)]
pub struct Providers {
    settings: Arc<Settings>,
    wire: Arc<Wire>,
    catalogue: Arc<Catalogue>,
    fits: Arc<Fits>,
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Providers")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Providers {
    /// What opens models. `egress` has to have the credentials that [`Settings::credentials`] adds; `observer` is told
    /// of every request.
    ///
    /// # Errors
    ///
    /// When the user's table of models is wrong.
    pub fn new(
        settings: Settings,
        egress: Egress,
        policy: Arc<Policy>,
        observer: Arc<dyn Observe>,
    ) -> Result<Providers, TableError> {
        Providers::with_time(
            settings,
            egress,
            policy,
            observer,
            Arc::new(RealTime::new()),
        )
    }

    /// The same, by another clock.
    ///
    /// # Errors
    ///
    /// As [`Providers::new`].
    pub fn with_time(
        settings: Settings,
        egress: Egress,
        policy: Arc<Policy>,
        observer: Arc<dyn Observe>,
        time: Arc<dyn Time>,
    ) -> Result<Providers, TableError> {
        let wire = Arc::new(Wire::new(egress, policy, observer, time));
        let user = Table::read(settings.models())?;
        let catalogue = Catalogue::new(Arc::clone(&wire), user, Table::bundled()?);
        Ok(Providers {
            settings: Arc::new(settings),
            wire,
            catalogue: Arc::new(catalogue),
            fits: Arc::default(),
        })
    }

    /// Opens a model. Nothing is asked of anybody yet.
    ///
    /// # Errors
    ///
    /// When the id is none, the file behind it cannot be used, or a key is missing.
    pub fn open(&self, id: &str) -> Result<Box<dyn Model>, OpenError> {
        let parsed = ModelId::parse(id)?;
        let Some(service) = parsed.service() else {
            return open(id);
        };
        let offline = || OpenError::Offline { id: id.to_owned() };
        let peer = self.peer(service).ok_or_else(offline)?;
        // Somebody else's server at the user's own address may want none; the router says itself that it wants one.
        let needs = matches!(service, Service::Anthropic | Service::OpenAi);
        if needs && peer.account.usual && peer.account.key.is_none() {
            return Err(OpenError::NoKey {
                id: id.to_owned(),
                service,
                variable: service.key_variables().first().copied().unwrap_or_default(),
                instead: format!(
                    ", or let the Hugging Face router find a provider: `huggingface/{id}`, or `{id}:<provider>`"
                ),
            });
        }
        Ok(Box::new(Provider::new(
            parsed,
            peer,
            Arc::clone(&self.wire),
            Arc::clone(&self.catalogue),
            Arc::clone(&self.fits),
        )))
    }

    /// The models that the router knows; none where it cannot be asked. Kept for five minutes.
    pub async fn router_models(&self) -> Arc<Vec<RouterModel>> {
        match self.peer(Service::Router) {
            Some(peer) => self.catalogue.router(&peer).await,
            None => Arc::default(),
        }
    }

    /// Up to three ids that are like this one, the most alike first.
    pub async fn suggestions(&self, id: &str) -> Vec<String> {
        match self.peer(Service::Router) {
            Some(peer) => self.catalogue.suggest(id, &peer).await,
            None => Vec::new(),
        }
    }

    fn peer(&self, service: Service) -> Option<Peer> {
        Some(Peer {
            service,
            account: self.settings.account(service)?.clone(),
        })
    }
}
