//! What a session's calls may use: its store, its journal, and the eyes of whoever watches.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use agent::{
    Agents, CallContext, NestedError, NestedTask, PluginStores, Progress, SharedJournal, Stores,
};
use gateways::Gateways;
use journal::{CallId, Entry};
use sandbox::{
    AgentError, AgentTask, Destination, HostCall, Notice, NotifyError, Sent, Services, ToolAnswer,
    ToolEntry, ToolFailure,
};

use crate::notices;
use crate::tools::PluginTools;

/// The host's own requests, to model providers, on their way into the journal.
#[derive(Debug, Default)]
pub(crate) struct Requests(OnceLock<SharedJournal>);

impl Requests {
    /// From here on they are on record.
    pub(crate) fn record(&self, journal: &SharedJournal) {
        // Once for a session.
        let _ = self.0.set(Arc::clone(journal));
    }
}

impl egress::Observe for Requests {
    fn exchange(&self, exchange: &egress::Exchange) {
        let Some(journal) = self.0.get() else { return };
        let record = journal::HostCall {
            capability: exchange.capability(),
            outcome: exchange.outcome(),
            sent: exchange.sent,
            received: exchange.received,
        };
        // Where it cannot be written, the next record of the turn says so.
        let _ = lock(journal).append(record);
    }
}

/// Between a call's id and the number of a call that its code made.
const NESTED: char = '>';

/// Bytes of keys and values that one plugin may keep in a session.
const STORE: usize = 16 << 20;

/// The services of one session.
pub(crate) struct SessionServices {
    journal: SharedJournal,
    calls: Mutex<HashMap<String, Running>>,
    stores: Mutex<PluginStores>,
    /// The session's tools, for code that calls them; they hold these services in turn.
    tools: OnceLock<Weak<PluginTools>>,
    /// Runs agents as part of calls.
    agents: OnceLock<Arc<dyn Agents>>,
    nested: AtomicU64,
    /// The session's id, for those who are told of it.
    id: String,
    /// Where messages to people go.
    gateways: Option<Arc<Gateways>>,
}

/// A call that runs now.
#[derive(Clone)]
struct Running {
    id: CallId,
    progress: Arc<dyn Progress>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SessionServices {
    pub(crate) fn new(journal: SharedJournal) -> SessionServices {
        SessionServices {
            journal,
            calls: Mutex::default(),
            stores: Mutex::default(),
            tools: OnceLock::new(),
            agents: OnceLock::new(),
            nested: AtomicU64::new(0),
            id: String::new(),
            gateways: None,
        }
    }

    /// The same for a session of this id, whose messages go there.
    pub(crate) fn tells(mut self, id: &str, gateways: Option<Arc<Gateways>>) -> SessionServices {
        id.clone_into(&mut self.id);
        self.gateways = gateways;
        self
    }

    /// Lets code call the session's tools.
    pub(crate) fn offer(&self, tools: &Arc<PluginTools>) {
        // Once for a session; a second time would name the same tools.
        let _ = self.tools.set(Arc::downgrade(tools));
    }

    /// Lets calls run agents.
    pub(crate) fn delegate(&self, agents: Arc<dyn Agents>) {
        // Once for a session.
        let _ = self.agents.set(agents);
    }

    fn offered(&self) -> Option<Arc<PluginTools>> {
        self.tools.get()?.upgrade()
    }

    /// From here on, what is said in this call's name reaches its watchers.
    pub(crate) fn enter(&self, context: &CallContext) {
        let running = Running {
            id: context.call_id,
            progress: Arc::clone(&context.progress),
        };
        lock(&self.calls).insert(context.call_id.to_string(), running);
    }

    /// The call is over.
    pub(crate) fn leave(&self, context: &CallContext) {
        lock(&self.calls).remove(&context.call_id.to_string());
    }

    fn running(&self, call: &str) -> Option<Running> {
        lock(&self.calls).get(call).cloned()
    }

    fn append(&self, entry: Entry) -> Result<(), String> {
        lock(&self.journal)
            .append(entry)
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

impl Services for SessionServices {
    fn log(&self, call: &str, line: &str) {
        if let Some(running) = self.running(call) {
            running.progress.log(line);
        }
    }

    fn progress(&self, call: &str, done: u64, total: Option<u64>, unit: &str) {
        if let Some(running) = self.running(call) {
            running.progress.report(done, total, unit);
        }
    }

    fn status(&self, call: &str, status: &str) {
        if let Some(running) = self.running(call) {
            running.progress.status(status);
        }
    }

    fn state_get(&self, plugin: &str, key: &str) -> Option<String> {
        lock(&self.stores).get(plugin)?.get(key).cloned()
    }

    fn state_set(
        &self,
        call: &str,
        plugin: &str,
        key: &str,
        value: Option<String>,
    ) -> Result<(), String> {
        let mut stores = lock(&self.stores);
        let store = stores.entry(plugin.to_owned()).or_default();
        if let Some(value) = &value {
            let others: usize = store
                .iter()
                .filter(|(k, _)| *k != key)
                .map(|(k, v)| k.len() + v.len())
                .sum();
            let wanted = others + key.len() + value.len();
            if wanted > STORE {
                let limit = policy::LimitExceeded {
                    limit: policy::LimitName::State,
                    allowed: STORE as u64,
                    requested: wanted as u64,
                };
                return Err(limit.to_string());
            }
        }
        let write = journal::StateWrite {
            plugin: plugin.to_owned(),
            key: key.to_owned(),
            value: value.clone(),
        };
        // What is not on record has not happened.
        self.append(entry(self.running(call), write))?;
        match value {
            Some(value) => store.insert(key.to_owned(), value),
            None => store.remove(key),
        };
        Ok(())
    }

    fn host_call(&self, call: &str, record: &HostCall) {
        let host_call = journal::HostCall {
            capability: record.capability.clone(),
            outcome: record.outcome.clone(),
            sent: record.bytes_out,
            received: record.bytes_in,
        };
        if let Err(error) = self.append(entry(self.running(call), host_call)) {
            self.log(call, &format!("the journal could not be written: {error}"));
        }
    }

    fn agent<'a>(
        &'a self,
        call: &'a str,
        task: AgentTask,
    ) -> Pin<Box<dyn Future<Output = Result<String, AgentError>> + Send + 'a>> {
        Box::pin(async move {
            let (Some(agents), Some(running)) = (self.agents.get(), self.running(call)) else {
                return Err(AgentError::Failed("the session is over".to_owned()));
            };
            let AgentTask {
                title,
                system,
                prompt,
                tools,
                max_iterations,
                max_tokens,
            } = task;
            let task = NestedTask {
                title,
                system,
                prompt,
                tools,
                max_iterations,
                max_tokens,
            };
            agents.run(running.id, task).await.map_err(why)
        })
    }

    fn destinations(&self) -> Vec<Destination> {
        notices::destinations(self.gateways.as_deref())
    }

    fn notify<'a>(
        &'a self,
        _: &'a str,
        notice: Notice,
    ) -> Pin<Box<dyn Future<Output = Result<Sent, NotifyError>> + Send + 'a>> {
        Box::pin(notices::send(self.gateways.as_deref(), &self.id, notice))
    }

    fn tools(&self, _: &str) -> Vec<ToolEntry> {
        self.offered()
            .map_or_else(Vec::new, |tools| tools.entries())
    }

    fn tool<'a>(
        &'a self,
        call: &'a str,
        name: &'a str,
        arguments: String,
    ) -> Pin<Box<dyn Future<Output = Result<ToolAnswer, ToolFailure>> + Send + 'a>> {
        Box::pin(async move {
            if call.contains(NESTED) {
                return Err(ToolFailure::Failed(
                    "a tool that code called cannot run code that calls tools".to_owned(),
                ));
            }
            let Some(tools) = self.offered() else {
                return Err(ToolFailure::Failed("the session is over".to_owned()));
            };
            let number = self.nested.fetch_add(1, Ordering::Relaxed);
            let id = format!("{call}{NESTED}{number}");
            // What it logs, its caller logs.
            if let Some(running) = self.running(call) {
                lock(&self.calls).insert(id.clone(), running);
            }
            let answer = tools.nested(&id, name, &arguments).await;
            lock(&self.calls).remove(&id);
            answer
        })
    }
}

impl Stores for SessionServices {
    fn replace(&self, stores: PluginStores) {
        *lock(&self.stores) = stores;
    }
}

fn why(error: NestedError) -> AgentError {
    match error {
        NestedError::Denied(agent::Denial {
            capability,
            rule,
            remedy,
        }) => AgentError::Denied {
            capability,
            rule,
            remedy,
        },
        NestedError::Budget(text) => AgentError::Budget(text),
        NestedError::Failed(text) => AgentError::Failed(text),
        NestedError::Cancelled => AgentError::Cancelled,
    }
}

fn entry(running: Option<Running>, data: impl Into<journal::Data>) -> Entry {
    match running {
        Some(running) => Entry::of(running.id, data),
        None => Entry::from(data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> (tempfile::TempDir, SessionServices) {
        let directory = tempfile::tempdir().unwrap();
        let header = journal::Header {
            id: "s".into(),
            program: "test".into(),
        };
        let journal = journal::Journal::create(
            directory.path().join("journal.jsonl"),
            header,
            journal::Redactor::none(),
        )
        .unwrap();
        (
            directory,
            SessionServices::new(Arc::new(Mutex::new(journal))),
        )
    }

    #[test]
    fn each_plugin_has_a_store_of_its_own() {
        let (_directory, services) = services();
        services
            .state_set("c1", "files", "k", Some("1".into()))
            .unwrap();
        assert_eq!(services.state_get("files", "k").as_deref(), Some("1"));
        assert_eq!(services.state_get("other", "k"), None);
        services.state_set("c1", "files", "k", None).unwrap();
        assert_eq!(services.state_get("files", "k"), None);
    }

    #[test]
    fn a_full_store_refuses_and_a_neighbour_goes_on() {
        let (_directory, services) = services();
        let megabyte = "x".repeat(1 << 20);
        for i in 0..15 {
            services
                .state_set("c1", "full", &format!("k{i}"), Some(megabyte.clone()))
                .unwrap();
        }
        let error = services
            .state_set("c1", "full", "last", Some(megabyte.clone() + "x"))
            .unwrap_err();
        assert!(
            error.starts_with("limit reached: state (allowed 16777216 bytes, requested"),
            "{error}"
        );
        services
            .state_set("c1", "neighbour", "k", Some(megabyte))
            .unwrap();
    }
}
