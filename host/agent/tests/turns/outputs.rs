//! Long outputs: what the model is shown, and where the rest is.

use std::sync::{Arc, Mutex};

use crate::bench::{Bench, Setup, calls, says};
use async_trait::async_trait;
use journal::CallId;
use ml_intern_agent::{Options, ServiceError, Services, Spill};

/// Keeps texts in memory; the second one does not fit.
#[derive(Default)]
struct Files(Mutex<Vec<(String, String)>>);

#[async_trait]
impl Spill for Files {
    async fn keep(&self, call: CallId, tool: &str, text: &str) -> Result<String, ServiceError> {
        let mut files = self.0.lock().unwrap();
        if files.len() == 1 {
            return Err(ServiceError("the disk is full".into()));
        }
        let path = format!("/workspace/.outputs/{call}-{tool}.txt");
        files.push((path.clone(), text.to_owned()));
        Ok(path)
    }
}

fn long(output: usize, lengths: &[u64], spill: Option<Arc<Files>>) -> Bench {
    let turns = lengths
        .iter()
        .map(|length| calls(&[("long", &format!("{{\"length\":{length}}}"))]))
        .chain([says("ok")]);
    Setup {
        options: Options {
            output,
            ..Options::default()
        },
        services: Services {
            spill: spill.map(|spill| spill as Arc<dyn Spill>),
            ..Services::default()
        },
        ..Setup::new(turns.collect())
    }
    .build()
}

#[tokio::test]
async fn what_is_shown() {
    let mark = |kept: &str| format!("xxxx\n[… 1 of 11 characters left out; {kept} …]\nxxxxxx");
    let file = mark("all of it is in /workspace/.outputs/c2-long.txt, to be read in parts");
    let journal = mark("all of it is in the session's journal, which tools cannot read");
    let files = Arc::new(Files::default());
    let mut bench = long(10, &[10, 11, 11], Some(Arc::clone(&files)));
    bench.turn().await;
    let found: Vec<String> = bench
        .results()
        .into_iter()
        .map(|(.., words)| words)
        .collect();
    assert_eq!(found, ["x".repeat(10), file, journal.clone()]);
    let kept = files.0.lock().unwrap().clone();
    assert_eq!(
        kept,
        [("/workspace/.outputs/c2-long.txt".to_owned(), "x".repeat(11))]
    );
    let seen = bench.seen();
    assert!(seen.contains(&r#"tool_log {"tool":"system","log":"a long output of `long` was not kept: the disk is full"}"#.to_owned()));
    // Whoever watches is shown what the model is; the journal has all of it.
    assert!(!seen.iter().any(|line| line.contains(&"x".repeat(11))));
    let whole = bench
        .journal()
        .into_iter()
        .filter(|line| line.contains(&"x".repeat(11)))
        .count();
    assert_eq!(whole, 2);

    let mut bench = long(10, &[11], None);
    bench.turn().await;
    assert_eq!(bench.results()[0].2, journal);
}

/// A resumed session shows the model what it was shown before.
#[tokio::test]
async fn the_same_after_a_resume() {
    let mut bench = long(10, &[11, 12], Some(Arc::new(Files::default())));
    bench.turn().await;
    let before = bench.agent.messages().to_vec();
    let path = bench.journal.clone();
    let directory = bench.directory;
    drop(bench.agent);
    let resumed = Setup::new(vec![]).resume(&path);
    assert_eq!(resumed.agent.messages(), before);
    drop(directory);
}

/// What the loop allows is the default where nobody says otherwise.
#[tokio::test]
async fn the_default() {
    for (length, cut) in [(70_000, false), (70_001, true)] {
        let mut bench = long(Options::default().output, &[length], None);
        bench.turn().await;
        assert_eq!(bench.results()[0].2.contains("left out"), cut);
    }
}
