//! Gateways to a server that plays answers, on a clock that nobody waits for.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use egress::{Credentials, Egress, Exchange};
use journal::Redactor;
use ml_intern_gateways::{
    Delivery, Destination, EventType, Gateways, Message, Parts, Provider, Secret, Settings,
    Severity, Slack, Time, Webhook,
};
use ml_intern_tests::server::{Answer, Server, json_answer};
use policy::Policy;
use serde_json::{Value, json};
use tokio::sync::Notify;

pub(crate) const INTERACTIVE: &str = include_str!("../../../../configs/policies/interactive.toml");
pub(crate) const CI: &str = include_str!("../../../../configs/policies/ci.toml");
pub(crate) const OFFLINE: &str = include_str!("../../../../configs/policies/offline.toml");
pub(crate) const TOKEN: &str = "xoxb-canary-0123456789";
pub(crate) const SECRET: &str = "whsec-canary-0123456789";
pub(crate) const SLACK: &str = "POST /api/chat.postMessage";
pub(crate) const HOOK: &str = "POST /in";
/// 2026-01-31T12:00:00Z.
pub(crate) const START: u64 = 1_769_860_800;

/// Waits that end when a test says so: the bound of a request, and that of a flush.
const BOUNDS: [u64; 2] = [10_000, 30_000];

#[derive(Debug, Default)]
pub(crate) struct Clock {
    ms: AtomicU64,
    waited: Mutex<Vec<u64>>,
    passed: Mutex<Vec<u64>>,
    changed: Notify,
}

impl Clock {
    pub(crate) fn advance(&self, seconds: u64) {
        self.ms.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Somebody sets the clock back.
    pub(crate) fn set_back(&self, seconds: u64) {
        self.ms.fetch_sub(seconds * 1000, Ordering::SeqCst);
    }

    /// What was waited for between attempts, in milliseconds.
    pub(crate) fn waited(&self) -> Vec<u64> {
        std::mem::take(&mut self.waited.lock().unwrap())
    }

    /// One bound of this length passes.
    pub(crate) fn pass(&self, ms: u64) {
        self.passed.lock().unwrap().push(ms);
        self.changed.notify_waiters();
    }
}

#[async_trait]
impl Time for Clock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.ms.load(Ordering::SeqCst))
    }

    fn date(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(START) + self.now()
    }

    async fn sleep(&self, duration: Duration) {
        let ms = u64::try_from(duration.as_millis()).unwrap();
        // Longer ones are the worker's, which a test ends by giving it something to do.
        if !BOUNDS.contains(&ms) && ms <= 60_000 {
            self.ms.fetch_add(ms, Ordering::SeqCst);
            self.waited.lock().unwrap().push(ms);
            return;
        }
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut passed = self.passed.lock().unwrap();
                if let Some(index) = passed.iter().position(|one| *one == ms) {
                    passed.remove(index);
                    return;
                }
            }
            changed.await;
        }
    }
}

/// A server, a queue and a clock; the gateways are opened on them, as by one process after the other.
pub(crate) struct Desk {
    pub(crate) server: Server,
    pub(crate) clock: Arc<Clock>,
    pub(crate) deliveries: Arc<Mutex<Vec<Delivery>>>,
    pub(crate) exchanges: Arc<Mutex<Vec<Exchange>>>,
    directory: tempfile::TempDir,
}

impl Desk {
    pub(crate) async fn new() -> Desk {
        Desk {
            server: Server::new(vec![]).await,
            clock: Arc::new(Clock::default()),
            deliveries: Arc::default(),
            exchanges: Arc::default(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn spool(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn slack(&self, name: &str, channel: &str) -> Destination {
        Destination {
            name: name.to_owned(),
            provider: Provider::Slack(Slack {
                token: Secret::new(TOKEN),
                channel: channel.to_owned(),
                username: None,
                icon_emoji: None,
                origin: Some(self.server.origin.parse().unwrap()),
            }),
            allow_agent_tool: true,
            allow_auto_events: true,
        }
    }

    pub(crate) fn hook(&self) -> Destination {
        Destination {
            name: "hook".to_owned(),
            provider: Provider::Webhook(Webhook {
                url: Secret::new(format!("{}/in", self.server.origin)),
                secret: Secret::new(SECRET),
            }),
            ..self.slack("", "")
        }
    }

    /// With `ops`, a channel of Slack, and `hook`.
    pub(crate) fn open(&self) -> Gateways {
        self.open_with(
            vec![self.slack("ops", "C1"), self.hook()],
            INTERACTIVE,
            Redactor::none(),
        )
    }

    pub(crate) fn open_with(
        &self,
        destinations: Vec<Destination>,
        policy: &str,
        redactor: Redactor,
    ) -> Gateways {
        let settings = Settings {
            destinations,
            auto_event_types: vec![EventType::Error, EventType::TurnComplete],
        };
        let credentials = settings.credentials(Credentials::new()).unwrap();
        let (deliveries, exchanges) = (Arc::clone(&self.deliveries), Arc::clone(&self.exchanges));
        let parts = Parts {
            egress: Egress::builder().credentials(credentials).build().unwrap(),
            policy: Arc::new(Policy::parse("test.toml", policy).unwrap()),
            observer: Arc::new(move |one: &Exchange| exchanges.lock().unwrap().push(one.clone())),
            redactor,
            report: Arc::new(move |one: &Delivery| deliveries.lock().unwrap().push(one.clone())),
            time: Arc::clone(&self.clock) as Arc<dyn Time>,
        };
        Gateways::open(settings, self.spool(), parts).unwrap()
    }

    /// The texts that came, in their order.
    pub(crate) fn texts(&self) -> Vec<String> {
        let text = |body: &Value| {
            let text = body.get("text").or_else(|| body.get("message"));
            text.and_then(Value::as_str).unwrap().to_owned()
        };
        self.server
            .asked()
            .iter()
            .map(|asked| text(&asked.body))
            .collect()
    }

    pub(crate) fn reported(&self) -> Vec<Value> {
        let deliveries = std::mem::take(&mut *self.deliveries.lock().unwrap());
        deliveries
            .iter()
            .map(|one| serde_json::to_value(one).unwrap())
            .collect()
    }

    /// The messages that were given up, as they are kept: their texts, and why.
    pub(crate) fn failed(&self) -> Vec<(String, String)> {
        let mut paths: Vec<_> = std::fs::read_dir(self.spool().join("failed"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        let read = |path: &std::path::PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            let entry: Value = serde_json::from_str(&text).unwrap();
            let word = |value: &Value| value.as_str().unwrap().to_owned();
            (word(&entry["message"]["text"]), word(&entry["error"]))
        };
        paths.iter().map(read).collect()
    }
}

pub(crate) fn message(text: &str) -> Message {
    Message {
        title: None,
        text: text.to_owned(),
        severity: Severity::Info,
        metadata: vec![],
        event_type: None,
    }
}

pub(crate) fn ok() -> Answer {
    json_answer(200, &json!({"ok": true, "ts": "1769860800.000100"}))
}

pub(crate) fn refused(code: &str) -> Answer {
    json_answer(200, &json!({"ok": false, "error": code}))
}

pub(crate) fn status(status: u16, headers: &[(&'static str, &str)]) -> Answer {
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    Answer::Whole(status, headers, Vec::new())
}
