//! A nested agent, as the shipped `research` plugin runs one: what it is asked, what it is refused, and whose time it takes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ml_intern_sandbox::{
    AgentError, AgentTask, Call, Content, Failure, HostCall, Mounts, Outcome, Sandbox, Services,
    Setup,
};
use policy::{AddressScope, Grant, Limits, Need};
use support::{AMPLE, cache, component, worker};
use tokio_util::sync::CancellationToken;

type Answer = Result<String, AgentError>;

/// Answers after a while, or never.
struct Host {
    answer: Option<Answer>,
    after: Duration,
    asked: Mutex<Vec<(String, AgentTask)>>,
    calls: Mutex<Vec<HostCall>>,
}

impl Services for Host {
    fn log(&self, _: &str, _: &str) {}
    fn progress(&self, _: &str, _: u64, _: Option<u64>, _: &str) {}
    fn status(&self, _: &str, _: &str) {}
    fn state_get(&self, _: &str, _: &str) -> Option<String> {
        None
    }
    fn state_set(&self, _: &str, _: &str, _: &str, _: Option<String>) -> Result<(), String> {
        Ok(())
    }
    fn host_call(&self, _: &str, record: &HostCall) {
        self.calls.lock().unwrap().push(record.clone());
    }
    fn agent<'a>(
        &'a self,
        call: &'a str,
        task: AgentTask,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        self.asked.lock().unwrap().push((call.to_owned(), task));
        Box::pin(async {
            tokio::time::sleep(self.after).await;
            match &self.answer {
                Some(answer) => answer.clone(),
                None => std::future::pending().await,
            }
        })
    }
}

fn host(answer: Option<Answer>, after: Duration) -> Arc<Host> {
    Arc::new(Host {
        answer,
        after,
        asked: Mutex::default(),
        calls: Mutex::default(),
    })
}

async fn research(
    host: &Arc<Host>,
    needs: &[Need],
    limits: Limits,
    cancel: CancellationToken,
) -> Outcome {
    let sandbox = Sandbox::new(Setup {
        cache: &cache(),
        mounts: Mounts::new(),
        programs: Vec::new(),
        worker: Some(worker()),
        walls: policy::Walls::Required,
        patience: ml_intern_sandbox::PATIENCE,
    })
    .unwrap();
    let plugin = sandbox.load(&component("research.wasm")).await.unwrap();
    let grant = Grant::exactly(needs, AddressScope::Public, limits);
    let call = plugin.invoke(Call {
        id: "c7".into(),
        tool: "research".into(),
        operation: "research".into(),
        arguments: r#"{"task":"the best loss","context":"images"}"#.to_owned(),
        grant: Arc::new(grant.with_source("declaration of research/research/research")),
        services: Arc::clone(host) as Arc<dyn Services>,
        egress: None,
        cancel,
    });
    tokio::time::timeout(Duration::from_secs(60), call)
        .await
        .unwrap()
}

#[tokio::test]
async fn how_it_ends() {
    let table: [(Answer, Result<&str, &str>, &str); 4] = [
        (Ok("A report.".into()), Ok("A report."), "ok"),
        (
            Err(AgentError::Budget("all of it is used".into())),
            Err(
                "the research ended without a report, since a budget is used up: all of it is used",
            ),
            "all of it is used",
        ),
        (
            Err(AgentError::Failed("it ended without an answer".into())),
            Err("the research gave no report: it ended without an answer"),
            "it ended without an answer",
        ),
        (
            Err(AgentError::Denied {
                capability: "the model provider".into(),
                rule: "ci: no rule".into(),
                remedy: "allow it".into(),
            }),
            Err("denied: the model provider (rule: ci: no rule). allow it"),
            "ended: the model provider is denied (rule: ci: no rule)",
        ),
    ];
    for (answer, expected, recorded) in table {
        let host = host(Some(answer), Duration::ZERO);
        let outcome = research(&host, &[Need::Agent], AMPLE, CancellationToken::new()).await;
        let result = match outcome.result {
            Ok(output) => Ok(output.content),
            Err(Failure::Denied {
                capability,
                rule,
                remedy,
            }) => Err(format!("denied: {capability} (rule: {rule}). {remedy}")),
            Err(Failure::Failed(text)) => Err(text),
            Err(other) => panic!("{other:?}"),
        };
        match expected {
            Ok(text) => assert_eq!(result, Ok(vec![Content::Text(text.into())])),
            Err(text) => assert_eq!(result, Err(text.to_owned())),
        }
        let asked = host.asked.lock().unwrap();
        let [(call, task)] = asked.as_slice() else {
            panic!("{asked:?}")
        };
        assert_eq!(call, "c7");
        assert_eq!(
            task.prompt,
            "Context: images\n\nResearch task: the best loss"
        );
        assert!(task.tools.iter().any(|tool| tool == "read"));
        let calls = host.calls.lock().unwrap();
        let [record] = calls.as_slice() else {
            panic!("{calls:?}")
        };
        assert_eq!(
            (record.capability.as_str(), record.outcome.as_str()),
            ("agent", recorded)
        );
        assert!(record.bytes_out > 0);
    }
}

#[tokio::test]
async fn without_the_need_nothing_is_asked() {
    let host = host(Some(Ok("A report.".into())), Duration::ZERO);
    let outcome = research(&host, &[], AMPLE, CancellationToken::new()).await;
    let Err(Failure::Denied { capability, .. }) = outcome.result else {
        panic!("{:?}", outcome.result)
    };
    assert_eq!(capability, "agent");
    assert_eq!(outcome.denials.len(), 1);
    assert!(host.asked.lock().unwrap().is_empty());
    let calls = host.calls.lock().unwrap();
    assert!(calls[0].outcome.starts_with("denied: "), "{calls:?}");
}

/// The time that an agent takes is not its caller's; a cancelled caller does not wait for it.
#[tokio::test]
async fn whose_time_it_takes() {
    let short = Limits {
        deadline: 200,
        ..AMPLE
    };
    let slow = host(Some(Ok("A report.".into())), Duration::from_millis(500));
    let outcome = research(&slow, &[Need::Agent], short, CancellationToken::new()).await;
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);

    let never = host(None, Duration::ZERO);
    let cancel = CancellationToken::new();
    let (outcome, ()) = tokio::join!(
        research(&never, &[Need::Agent], short, cancel.clone()),
        async {
            while never.asked.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            cancel.cancel();
        }
    );
    assert_eq!(outcome.result, Err(Failure::Cancelled));
}
