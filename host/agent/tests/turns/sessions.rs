//! Going back, beginning anew, and going on with an earlier session.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::bench::{Bench, Setup, Yes, calls, says};
use async_trait::async_trait;
use journal::{Header, Journal, Reader, Redactor};
use ml_intern_agent::{
    Answer, Approver, Checkpoints, Fork, Message, Operation, Options, Outcome, Part, PluginStores,
    Question, Restored, ServiceError, Services, Sessions, Stores, Turn, fork,
};
use tokio_util::sync::CancellationToken;

/// Files as a number that each turn could change.
#[derive(Default)]
struct Files {
    now: Mutex<u32>,
    kept: Mutex<Vec<u32>>,
    full: Mutex<bool>,
}

#[async_trait]
impl Checkpoints for Files {
    async fn checkpoint(&self, _: &str) -> Result<String, ServiceError> {
        if *self.full.lock().unwrap() {
            return Err(ServiceError("the disk is full".into()));
        }
        let now = *self.now.lock().unwrap();
        let mut kept = self.kept.lock().unwrap();
        kept.push(now);
        Ok((kept.len() - 1).to_string())
    }

    async fn restore(&self, id: &str) -> Result<(), ServiceError> {
        let kept = self.kept.lock().unwrap();
        let then = id.parse::<usize>().ok().and_then(|id| kept.get(id));
        let then = then.ok_or_else(|| ServiceError(format!("no checkpoint {id}")))?;
        *self.now.lock().unwrap() = *then;
        Ok(())
    }
}

fn with_files(turns: Vec<Result<Turn, ml_intern_agent::ModelError>>) -> (Bench, Arc<Files>) {
    let files = Arc::new(Files::default());
    let services = Services {
        checkpoints: Some(Arc::clone(&files) as Arc<dyn Checkpoints>),
        ..Services::default()
    };
    let bench = Setup {
        services,
        ..Setup::new(turns)
    }
    .build();
    (bench, files)
}

/// What plugins keep, as it was last put into their stores.
#[derive(Default)]
struct Kept(Mutex<Option<PluginStores>>);

impl Stores for Kept {
    fn replace(&self, stores: PluginStores) {
        *self.0.lock().unwrap() = Some(stores);
    }
}

/// What plugins keep comes back with a session, and goes with the turn that it was kept in.
#[tokio::test]
async fn what_plugins_keep() {
    let mut bench = Setup::new(vec![says("one")]).build();
    bench.turn().await;
    let path = bench.journal.clone();
    let directory = bench.directory;
    drop(bench.agent);
    let write = |key: &str, value: Option<&str>| {
        let mut journal = Journal::open(&path, Redactor::none()).unwrap();
        let write = journal::StateWrite {
            plugin: "files".into(),
            key: key.into(),
            value: value.map(str::to_owned),
        };
        journal.append(write).unwrap();
    };
    let resume = || {
        let kept = Arc::new(Kept::default());
        let services = Services {
            stores: Some(Arc::clone(&kept) as Arc<dyn Stores>),
            ..Services::default()
        };
        let setup = Setup {
            services,
            ..Setup::new(vec![says("two")])
        };
        (setup.resume(&path), kept)
    };
    let store = |rows: &[(&str, &str)]| -> Option<PluginStores> {
        let rows = rows
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        Some(PluginStores::from([("files".to_owned(), rows.collect())]))
    };
    let found = |kept: &Kept| kept.0.lock().unwrap().clone();

    write("a", Some("1"));
    let (mut bench, kept) = resume();
    assert_eq!(found(&kept), store(&[("a", "1")]));
    bench.turn().await;
    drop(bench.agent);
    write("a", Some("2"));
    write("b", Some("3"));
    write("c", Some("4"));
    write("c", None);
    let (mut bench, kept) = resume();
    assert_eq!(found(&kept), store(&[("a", "2"), ("b", "3")]));
    undo(&mut bench).await;
    assert_eq!(found(&kept), store(&[("a", "1")]));
    undo(&mut bench).await;
    assert_eq!(found(&kept), Some(PluginStores::new()));
    drop(directory);
}

fn plan(content: &str) -> Result<Turn, ml_intern_agent::ModelError> {
    let arguments =
        format!(r#"{{"todos":[{{"id":"1","content":"{content}","status":"completed"}}]}}"#);
    calls(&[("plan_tool", &arguments)])
}

async fn undo(bench: &mut Bench) -> Outcome {
    let cancel = CancellationToken::new();
    bench.agent.operate(Operation::Undo {}, &cancel).await
}

/// Messages, plan, files and what the model was told are as they were before the turn; twice goes back twice.
#[tokio::test]
async fn a_turn_is_undone_as_a_whole() {
    let (mut bench, files) = with_files(vec![
        plan("a"),
        says("one"),
        plan("b"),
        calls(&[("echo", "{}")]),
        says("two"),
        says("three"),
    ]);
    let start = bench.agent.messages().to_vec();
    bench.says("first").await;
    let first = (bench.agent.messages().to_vec(), bench.agent.plan().clone());
    let tokens = bench.agent.context_tokens();
    *files.now.lock().unwrap() = 1;
    bench.says("second").await;
    *files.now.lock().unwrap() = 2;
    bench.seen();

    assert_eq!(undo(&mut bench).await, Outcome::Done { text: None });
    assert_eq!(
        (bench.agent.messages().to_vec(), bench.agent.plan().clone()),
        first
    );
    assert_eq!(bench.agent.context_tokens(), tokens);
    assert_eq!(*files.now.lock().unwrap(), 1);
    assert_eq!(
        bench.seen(),
        [
            r#"plan_update {"plan":[{"id":"1","content":"a","status":"completed"}]}"#,
            "undo_complete {}"
        ]
    );
    // What it cost stays spent.
    assert_eq!(bench.agent.tally().requests, 5);

    // It goes on from there, and that can be undone as well.
    bench.says("third").await;
    let asked = bench.model.asked.lock().unwrap().last().unwrap().clone();
    assert_eq!(asked.len(), first.0.len() + 1);
    for (left, files_then) in [(first.0.clone(), 1), (start.clone(), 0), (start.clone(), 0)] {
        undo(&mut bench).await;
        assert_eq!(bench.agent.messages(), left);
        assert_eq!(*files.now.lock().unwrap(), files_then);
    }
    // A resumed session knows what was undone.
    let path = bench.journal.clone();
    drop(bench.agent);
    let resumed = Setup::new(vec![]).resume(&path);
    assert_eq!(resumed.agent.messages(), start);
    assert_eq!(resumed.agent.tally().requests, 6);
    assert_eq!(resumed.agent.plan().0.len(), 0);
}

/// An interrupted turn, and one that could not go on, are undone like any other.
#[tokio::test]
async fn whatever_its_end() {
    let (mut bench, _) = with_files(vec![
        Err(ml_intern_agent::ModelError::Network("reset".into())),
        says("ok"),
    ]);
    let before = bench.agent.messages().to_vec();
    assert_eq!(bench.turn().await.as_str(), "failed");
    undo(&mut bench).await;
    assert_eq!(bench.agent.messages(), before);
    let cancel = CancellationToken::new();
    cancel.cancel();
    bench.agent.run_turn("go", &cancel).await;
    undo(&mut bench).await;
    assert_eq!(bench.agent.messages(), before);
}

/// What cannot be kept is not begun, and what cannot be restored is not undone.
#[tokio::test]
async fn files_that_cannot_be_kept() {
    let (mut bench, files) = with_files(vec![says("one"), says("two")]);
    *files.full.lock().unwrap() = true;
    let before = bench.agent.messages().to_vec();
    assert_eq!(
        bench.turn().await,
        Outcome::Failed {
            error:
                "what the files are cannot be kept, so the turn does not begin: the disk is full"
                    .into()
        }
    );
    assert_eq!(bench.agent.messages(), before);
    *files.full.lock().unwrap() = false;
    bench.turn().await;
    files.kept.lock().unwrap().clear();
    let after = bench.agent.messages().to_vec();
    assert_eq!(
        undo(&mut bench).await,
        Outcome::Failed {
            error: "no checkpoint 0".into()
        }
    );
    assert_eq!(bench.agent.messages(), after);
}

/// A directory of journals.
struct Shelf(PathBuf, Mutex<u32>);

impl Sessions for Shelf {
    fn create(&self) -> Result<Journal, ServiceError> {
        let mut number = self.1.lock().unwrap();
        *number += 1;
        let header = Header {
            id: format!("s{number}"),
            program: "test".into(),
        };
        Journal::create(
            self.0.join(format!("s{number}.jsonl")),
            header,
            Redactor::none(),
        )
        .map_err(|error| ServiceError(error.to_string()))
    }

    fn open(&self, name: &str) -> Result<Journal, ServiceError> {
        Journal::open(self.0.join(name), Redactor::none())
            .map_err(|error| ServiceError(error.to_string()))
    }
}

fn shelf() -> (tempfile::TempDir, Services) {
    let directory = tempfile::tempdir().unwrap();
    let shelf = Shelf(directory.path().to_owned(), Mutex::new(0));
    let services = Services {
        sessions: Some(Arc::new(shelf)),
        ..Services::default()
    };
    (directory, services)
}

#[tokio::test]
async fn a_new_session_and_back_again() {
    let (directory, services) = shelf();
    let mut bench = Setup {
        services,
        approver: Arc::new(Yes),
        ..Setup::new(vec![plan("a"), says("one"), says("two"), says("three")])
    }
    .build();
    let cancel = CancellationToken::new();
    let old = bench.journal.clone();
    bench.says("first").await;
    let first = bench.agent.messages().to_vec();
    bench.seen();
    let new = Operation::New { clear_screen: true };
    assert_eq!(
        bench.agent.operate(new, &cancel).await,
        Outcome::Done { text: None }
    );
    let told = format!(
        r#"new_complete {{"session_id":"s1","previous_session_id":"test","previous_turn_count":1,"previous_message_count":4,"saved_path":{:?},"clear_screen":true}}"#,
        old.display().to_string()
    );
    assert_eq!(
        bench.seen(),
        [r#"plan_update {"plan":[]}"#.to_owned(), told]
    );
    assert_eq!(bench.agent.messages().len(), 1);
    assert_eq!(bench.agent.tally().requests, 0);
    bench.says("second").await;
    // The old one is closed, and can be opened by anybody.
    assert_eq!(journal::verify(&old).unwrap().status, Some(0));

    let resume = Operation::Resume {
        path: old.display().to_string(),
    };
    assert_eq!(
        bench.agent.operate(resume, &cancel).await,
        Outcome::Done { text: None }
    );
    assert_eq!(bench.agent.messages(), first);
    assert_eq!(bench.agent.plan().0[0].content, "a");
    assert_eq!(bench.agent.tally().requests, 2);
    assert_eq!(
        bench.says("third").await,
        Outcome::Done {
            text: Some("three".into())
        }
    );
    let told = format!(
        r#"resume_complete {{"path":{:?},"restored_count":4,"dropped_count":0,"model_name":"canned","invalid_saved_model":null,"forked":false,"had_redacted_content":false}}"#,
        old.display().to_string()
    );
    assert!(bench.seen().contains(&told));
    drop(bench.agent);
    for path in [old, directory.path().join("s1.jsonl")] {
        journal::verify(&path).unwrap();
    }

    let (_directory, services) = shelf();
    let mut bench = Setup {
        services,
        ..Setup::new(vec![])
    }
    .build();
    let resume = Operation::Resume {
        path: "nothing".into(),
    };
    let outcome = bench.agent.operate(resume, &cancel).await;
    let Outcome::Failed { error } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(error.contains("cannot open"), "{error}");
    // This session is as it was.
    assert_eq!(bench.agent.messages().len(), 1);
}

/// What a person allowed for the session, what it used and the bounds that were raised are there again.
#[tokio::test]
async fn what_a_resume_brings_back() {
    struct Always;
    #[async_trait]
    impl Approver for Always {
        async fn ask(&self, questions: &[Question<'_>]) -> Vec<Answer> {
            questions.iter().map(|_| Answer::Always).collect()
        }
    }
    let options = || Options {
        max_calls: Some(2),
        session_note: Some("Today is Monday.".into()),
        ..Options::default()
    };
    let mut bench = Setup {
        approver: Arc::new(Always),
        options: options(),
        ..Setup::new(vec![calls(&[("asks", "{}")]), says("one")])
    }
    .build();
    bench.turn().await;
    let (before, tokens) = (
        bench.agent.messages().to_vec(),
        bench.agent.context_tokens(),
    );
    assert_eq!(
        before[1],
        Message::Note {
            text: "Today is Monday.".into()
        }
    );
    let path = bench.journal.clone();
    drop(bench.agent);
    // Nobody is there any more, but it was allowed for the session; one call of two was used.
    let mut resumed = Setup {
        options: options(),
        ..Setup::new(vec![calls(&[("asks", "{}")]), calls(&[("asks", "{}")])])
    }
    .resume(&path);
    assert_eq!(resumed.agent.messages(), before);
    assert_eq!(resumed.agent.context_tokens(), tokens);
    assert_eq!(resumed.agent.session_rules().list().len(), 1);
    assert_eq!(resumed.turn().await.as_str(), "limit");
    assert_eq!(resumed.ran(), ["asks"]);
    assert_eq!(resumed.results().len(), 3);
}

/// Another prompt and another model take the place of those before, and are written down.
#[tokio::test]
async fn another_prompt_and_another_model() {
    let mut bench = Setup::new(vec![says("one")]).build();
    bench.turn().await;
    let path = bench.journal.clone();
    drop(bench.agent);
    // The journal names another model and another prompt.
    let text = std::fs::read_to_string(&path).unwrap();
    let copy = bench.directory.path().join("copy.jsonl");
    let header = Header {
        id: "copy".into(),
        program: "test".into(),
    };
    let mut journal = Journal::create(&copy, header, Redactor::none()).unwrap();
    for record in Reader::open(&path).unwrap().skip(1) {
        let mut entry = record.unwrap().entry;
        match &mut entry.data {
            journal::Data::ModelRequest(request) => request.model = "other".into(),
            journal::Data::Event(event) if event.name == "system_prompt" => {
                event.data = serde_json::json!({"text": "You were another."});
            }
            _ => {}
        }
        journal.append(entry).unwrap();
    }
    drop(journal);
    let mut resumed = Setup::new(vec![]).resume(&copy);
    assert_eq!(
        resumed.agent.messages()[0],
        Message::System {
            text: "You are a test.".into()
        }
    );
    let seen = resumed.seen();
    assert!(
        seen[1].contains(r#""model_name":"canned","invalid_saved_model":"other""#),
        "{seen:?}"
    );
    let journal = resumed.journal();
    assert_eq!(
        journal[journal.len() - 2..],
        [
            r#"event model {"label":"canned"}"#,
            r#"event system_prompt {"text":"You are a test."}"#
        ]
    );
    assert!(text.contains("You are a test."));
}

/// A fork goes on by itself, from any record; the source stays as it is, byte for byte.
#[tokio::test]
async fn a_fork() {
    let (mut bench, _) = with_files(vec![
        calls(&[("echo", "{}"), ("failed", "{}")]),
        says("one"),
        says("two"),
        says("three"),
    ]);
    bench.says("first").await;
    bench.says("second").await;
    undo(&mut bench).await;
    bench.says("third").await;
    let path = bench.journal.clone();
    let whole = bench.agent.messages().to_vec();
    drop(bench.agent);
    let bytes = std::fs::read(&path).unwrap();
    let records = journal::verify(&path).unwrap().records;
    for most in 1..=records {
        let directory = tempfile::tempdir().unwrap();
        let header = Header {
            id: "fork".into(),
            program: "test".into(),
        };
        let mut journal = Journal::create(
            directory.path().join("fork.jsonl"),
            header,
            Redactor::none(),
        )
        .unwrap();
        // Whoever makes journals writes into them first.
        journal.append(journal::Policy::default()).unwrap();
        let restored = fork(
            &path,
            Fork {
                records: Some(most),
                ..Fork::default()
            },
            &mut journal,
        )
        .unwrap();
        assert_eq!(restored.session(), "fork");
        if most == records {
            assert_eq!(restored.messages(), whole);
        }
        let mut forked = Setup::new(vec![calls(&[("echo", "{}")]), says("on")]).on(
            directory,
            journal,
            Some(restored),
        );
        assert!(forked.seen()[1].contains(r#""forked":true"#));
        let before = forked.agent.messages().len();
        assert_eq!(
            forked.says("more").await,
            Outcome::Done {
                text: Some("on".into())
            },
            "{most}"
        );
        // A call's name is not used twice.
        let starts: Vec<String> = forked
            .journal()
            .into_iter()
            .filter(|line| line.starts_with("call_start"))
            .collect();
        let mut names: Vec<&str> = starts
            .iter()
            .map(|line| line.split(' ').nth(1).unwrap())
            .collect();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        // What the files were is the source's own; the turn is undone without them.
        undo(&mut forked).await;
        assert_eq!(forked.agent.messages().len(), before);
        undo(&mut forked).await;
        journal::verify(&forked.journal).unwrap();
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

/// Secrets are gone from what was restored, and whoever goes on is told.
#[tokio::test]
async fn redacted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.jsonl");
    let secret = journal::Secret {
        name: "TOKEN".into(),
        value: "hf_abcdefghijkl".into(),
    };
    let header = Header {
        id: "a".into(),
        program: "test".into(),
    };
    let journal = Journal::create(&path, header, Redactor::new([secret]).unwrap()).unwrap();
    let mut bench = Setup::new(vec![says("one")]).on(
        tempfile::tempdir().unwrap(),
        journal,
        Some(Restored::default()),
    );
    bench.says("use hf_abcdefghijkl").await;
    drop(bench.agent);
    let restored = Restored::read(Reader::open(&path).unwrap()).unwrap();
    assert!(restored.is_redacted());
    let user = Message::User {
        content: vec![Part::text("use [secret:TOKEN]")],
    };
    assert_eq!(restored.messages()[1], user);
}
