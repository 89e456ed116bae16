//! One agent, its model behind a server, and everything that went over the wire.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent::{
    Agent, Approver, Clock, Events, Handle, Model, Options, Outcome, Parts, Restored, Services,
    Tools, Unattended,
};
use async_trait::async_trait;
use journal::{Header, Journal, Reader, Redactor};
use ml_intern_tests::providers::{CI, KEY, Playing, playing};
use ml_intern_tests::server::{Answer, Asked};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::format::{Format, Said, stream};
use crate::refuse::problems;
use crate::tools::TestTools;

/// What the server does about a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// The model says this.
    Says(Said),
    /// This goes over the wire.
    Raw(Answer),
}

impl From<Said> for Reply {
    fn from(said: Said) -> Reply {
        Reply::Says(said)
    }
}

pub(crate) struct Setup {
    pub(crate) format: Format,
    pub(crate) options: Options,
    pub(crate) approver: Arc<dyn Approver>,
    /// What is known of models.
    pub(crate) table: String,
    /// Milliseconds that pass between two looks at the clock.
    pub(crate) pace: u64,
}

impl Setup {
    pub(crate) fn new(format: Format) -> Setup {
        Setup {
            format,
            options: Options::default(),
            approver: Arc::new(Unattended),
            table: String::new(),
            pace: 0,
        }
    }

    /// One that is replied to in order.
    pub(crate) async fn plays(self, replies: Vec<Reply>) -> Scene {
        let mut replies = replies.into_iter();
        self.replies(move |number, _| {
            let next = replies.next();
            next.unwrap_or_else(|| panic!("request {number} is one too many"))
        })
        .await
    }

    /// One that is replied to by the number of the request, from 0, and what is in it.
    pub(crate) async fn replies(
        self,
        mut reply: impl FnMut(usize, &Asked) -> Reply + Send + 'static,
    ) -> Scene {
        let format = self.format;
        let playing = Arc::new(playing(Vec::new(), &[], &self.table, CI).await);
        let refused = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&refused);
        let mut number = 0;
        playing.server.answer(move |asked| {
            let found = problems(format, &asked.body);
            let shown = found
                .iter()
                .map(|problem| format!("request {number}: {problem}"));
            kept.lock().unwrap().extend(shown);
            let answer = match reply(number, asked) {
                Reply::Raw(answer) => answer,
                Reply::Says(said) => {
                    let events = stream(format, &said, number, &asked.body);
                    Answer::Pieces(events.into_iter().map(String::into_bytes).collect())
                }
            };
            number += 1;
            Some(answer)
        });
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.jsonl");
        let header = Header {
            id: "session-1".into(),
            program: "test".into(),
        };
        let journal = Journal::create(&path, header, Redactor::none()).unwrap();
        let tools = Arc::new(TestTools::default());
        let parts = Parts {
            model: Arc::from(playing.providers.open(format.id()).unwrap()) as Arc<dyn Model>,
            tools: Arc::clone(&tools) as Arc<dyn Tools>,
            approver: self.approver,
            clock: Arc::new(Pace {
                step: self.pace,
                now: Mutex::default(),
            }),
            journal: Arc::new(Mutex::new(journal)),
            system_prompt: "You are a test.".into(),
        };
        let (agent, events) = Agent::with(parts, Services::default(), self.options).unwrap();
        Scene {
            agent,
            events,
            playing,
            tools,
            refused,
            journal: path,
            _directory: directory,
        }
    }
}

/// Each look at it takes so long; waits are over at once.
struct Pace {
    step: u64,
    now: Mutex<Duration>,
}

#[async_trait]
impl Clock for Pace {
    fn now(&self) -> Duration {
        let mut now = self.now.lock().unwrap();
        *now += Duration::from_millis(self.step);
        *now
    }

    async fn sleep(&self, _: Duration) {
        tokio::task::yield_now().await;
    }
}

pub(crate) struct Scene {
    pub(crate) agent: Agent,
    pub(crate) events: Events,
    pub(crate) playing: Arc<Playing>,
    pub(crate) tools: Arc<TestTools>,
    /// What a provider would have refused.
    refused: Arc<Mutex<Vec<String>>>,
    journal: PathBuf,
    _directory: tempfile::TempDir,
}

/// A scene whose agent runs by itself.
pub(crate) struct Rest {
    pub(crate) tools: Arc<TestTools>,
    events: Events,
    playing: Arc<Playing>,
    refused: Arc<Mutex<Vec<String>>>,
    journal: PathBuf,
    directory: tempfile::TempDir,
}

impl Rest {
    pub(crate) fn back(self, agent: Agent) -> Scene {
        Scene {
            agent,
            events: self.events,
            playing: self.playing,
            tools: self.tools,
            refused: self.refused,
            journal: self.journal,
            _directory: self.directory,
        }
    }
}

impl Scene {
    pub(crate) fn spawn(self) -> (Handle, Rest) {
        let rest = Rest {
            tools: self.tools,
            events: self.events,
            playing: self.playing,
            refused: self.refused,
            journal: self.journal,
            directory: self._directory,
        };
        (self.agent.spawn(), rest)
    }

    pub(crate) async fn turn(&mut self, text: &str) -> Outcome {
        self.turn_until(text, &CancellationToken::new()).await
    }

    pub(crate) async fn turn_until(&mut self, text: &str, cancel: &CancellationToken) -> Outcome {
        let turn = self.agent.run_turn(text, cancel);
        // Not a measurement: what hangs fails.
        tokio::time::timeout(Duration::from_secs(60), turn)
            .await
            .unwrap_or_else(|_| panic!("{text}: it does not end"))
    }

    /// The bodies of the requests for turns.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        let turns = self.playing.server.turns();
        turns.into_iter().map(|asked| asked.body).collect()
    }

    pub(crate) fn ran(&self) -> Vec<String> {
        self.tools.ran.lock().unwrap().clone()
    }

    /// The events since the last look, as names and data.
    pub(crate) fn seen(&mut self) -> Vec<(String, Value)> {
        let mut seen = Vec::new();
        while let Ok(envelope) = self.events.try_recv() {
            let json = serde_json::to_value(&envelope).unwrap();
            let name = json["event_type"].as_str().unwrap().to_owned();
            seen.push((name, json["data"].clone()));
        }
        seen
    }

    /// The data of the events of one name, since the last look.
    pub(crate) fn seen_of(&mut self, name: &str) -> Vec<Value> {
        let seen = self.seen().into_iter();
        seen.filter(|(found, _)| found == name)
            .map(|(_, data)| data)
            .collect()
    }

    /// What holds for every scene: no request that a provider would refuse, a chain that verifies, an end for each call,
    /// and no key anywhere.
    pub(crate) fn check(self) -> String {
        let refused = self.refused.lock().unwrap().clone();
        assert!(refused.is_empty(), "{refused:#?}");
        let Scene { agent, journal, .. } = self;
        let messages = agent.messages().to_vec();
        drop(agent);
        // What is read back is the conversation that there was.
        let read = Reader::open(&journal).unwrap();
        assert_eq!(Restored::read(read).unwrap().messages(), messages);
        journal::verify(&journal).unwrap();
        let text = std::fs::read_to_string(&journal).unwrap();
        assert!(!text.contains(KEY));
        let records: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let calls = |kinds: &[&str]| {
            let mut calls: Vec<String> = records
                .iter()
                .filter(|record| kinds.iter().any(|kind| record["kind"] == *kind))
                .map(|record| record["call"].to_string())
                .collect();
            calls.sort();
            calls
        };
        let ends = calls(&["call_end", "call_cancelled"]);
        let mut once = ends.clone();
        once.dedup();
        assert_eq!(ends, once, "each call has one end");
        for started in calls(&["call_start"]) {
            assert!(ends.contains(&started), "{started} has no end");
        }
        text
    }
}
