//! What is known of models: the user's table, then what the router or the server says, then the bundled table.

mod local;
mod router;
mod table;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use agent::{Effort, ModelInfo, Prices};
use tokio::sync::Mutex;

pub use self::router::{RouterModel, RouterProvider};
pub use self::table::TableError;
pub(crate) use self::table::{Entry, Table, Thinking};
use crate::id::ModelId;
use crate::wire::{Peer, Wire};

/// How long to wait for what a server says of its models.
pub(crate) const CATALOGUE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long what was said counts.
const FRESH: Duration = Duration::from_secs(300);

/// How long not to ask again after a failure; also where a server did not say the window, as before it has loaded a model.
const FAILED: Duration = Duration::from_secs(15);

/// Suggestions for an id that is not known.
const SUGGESTIONS: usize = 3;

/// How alike a suggestion is at least, of 1.
const ALIKE: f32 = 0.4;

/// Something that was asked for, and when to ask again.
#[derive(Debug)]
struct Kept<T> {
    value: Option<T>,
    until: Duration,
}

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept {
            value: None,
            until: Duration::ZERO,
        }
    }
}

/// What is known of a model, and what only providers need to know.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) info: ModelInfo,
    pub(crate) thinking: Thinking,
    pub(crate) efforts: Option<Vec<Effort>>,
}

/// What is known of all models.
#[derive(Debug)]
pub(crate) struct Catalogue {
    wire: Arc<Wire>,
    user: Table,
    bundled: Table,
    router: Mutex<Kept<Arc<Vec<RouterModel>>>>,
    local: Mutex<HashMap<String, Kept<Entry>>>,
}

impl Catalogue {
    pub(crate) fn new(wire: Arc<Wire>, user: Table, bundled: Table) -> Catalogue {
        Catalogue {
            wire,
            user,
            bundled,
            router: Mutex::default(),
            local: Mutex::default(),
        }
    }

    /// What is known of a model. Asks the router or the server, unless what it said is still fresh.
    pub(crate) async fn known(&self, id: &ModelId, peer: &Peer) -> Known {
        let said = match id {
            ModelId::Router { model, tag } => {
                let models = self.router(peer).await;
                let found = models.iter().find(|known| known.id == *model);
                found.map(|found| router::entry(found, tag.as_deref()))
            }
            ModelId::Local { server, name } => {
                let mut entry = self.local(id, peer, *server, name).await;
                // The user's own machine costs nothing. Elsewhere, who knows.
                if peer.account.endpoint.is_loopback() && !is_cloud(name) {
                    entry.prices = Some(Prices::default());
                }
                Some(entry)
            }
            _ => None,
        };
        let entry = self
            .user
            .entry(id)
            .or(said.unwrap_or_default())
            .or(self.bundled.entry(id));
        Known {
            info: ModelInfo {
                id: id.to_string(),
                context_window: entry.context_window,
                max_output_tokens: entry.max_output,
                prices: entry.prices,
                tools: entry.tools,
                images: entry.images,
                reasoning: entry.reasoning,
            },
            thinking: entry.thinking.unwrap_or_default(),
            efforts: entry.efforts,
        }
    }

    /// The router's models; none where it could never be asked.
    pub(crate) async fn router(&self, peer: &Peer) -> Arc<Vec<RouterModel>> {
        let mut kept = self.router.lock().await;
        if self.wire.time.now() >= kept.until || kept.value.is_none() && kept.until.is_zero() {
            let question = (http::Method::GET, "/models", String::new());
            // Everybody may read it: the token stays here.
            let said = self
                .wire
                .ask(peer, false, question, CATALOGUE_TIMEOUT)
                .await;
            let models = said.ok().as_ref().and_then(router::read);
            let again = if models.is_some() { FRESH } else { FAILED };
            kept.until = self.wire.time.now().saturating_add(again);
            // What was known before is better than nothing.
            if let Some(models) = models {
                kept.value = Some(Arc::new(models));
            }
        }
        kept.value.clone().unwrap_or_default()
    }

    async fn local(
        &self,
        id: &ModelId,
        peer: &Peer,
        server: crate::settings::Local,
        name: &str,
    ) -> Entry {
        let mut all = self.local.lock().await;
        let kept = all.entry(id.to_string()).or_default();
        if self.wire.time.now() >= kept.until || kept.until.is_zero() {
            let said = local::ask(&self.wire, peer, server, name).await.ok();
            let complete = said
                .as_ref()
                .is_some_and(|entry| entry.context_window.is_some());
            let again = if complete { FRESH } else { FAILED };
            kept.until = self.wire.time.now().saturating_add(again);
            if let Some(entry) = said {
                let before = kept.value.take().unwrap_or_default();
                kept.value = Some(entry.or(before));
            }
        }
        kept.value.clone().unwrap_or_default()
    }

    /// Ids that are like this one, the most alike first.
    pub(crate) async fn suggest(&self, id: &str, peer: &Peer) -> Vec<String> {
        let models = self.router(peer).await;
        let known: Vec<&str> = models
            .iter()
            .map(|model| model.id.as_str())
            .chain(self.user.ids())
            .chain(self.bundled.ids())
            .filter(|known| *known != id)
            .collect();
        let mut found: Vec<String> = Vec::new();
        for one in similar::get_close_matches(id, &known, SUGGESTIONS.saturating_mul(2), ALIKE) {
            if found.len() < SUGGESTIONS && !found.iter().any(|have| have == one) {
                found.push(one.to_owned());
            }
        }
        found
    }
}

/// Models that Ollama only passes on, to a service with a price.
fn is_cloud(name: &str) -> bool {
    name.ends_with(":cloud") || name.ends_with("-cloud")
}
