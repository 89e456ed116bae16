//! Stopped wherever it is: the turn ends at once, what ran is recorded as cancelled, and the session goes on.

use std::sync::Arc;

use agent::{Answer as Answered, Approver, Outcome, Question};
use async_trait::async_trait;
use ml_intern_tests::server::Answer;
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::format::{Format, calls, says, stream};
use crate::scene::{Reply, Setup};

/// Thinks for ever.
struct Undecided(Arc<Notify>);

#[async_trait]
impl Approver for Undecided {
    async fn ask(&self, _: &[Question<'_>]) -> Vec<Answered> {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// Where a turn is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Nothing was said yet.
    Silence,
    /// In the midst of the words, or of a call.
    Stream,
    /// A tool runs, and another one has ended.
    Tools,
    /// The provider asked to wait.
    Wait,
    /// A person is asked.
    Question,
    /// A summary is written.
    Compaction,
}

#[tokio::test]
async fn in_each_state() {
    for format in Format::ALL {
        for at in [
            At::Silence,
            At::Stream,
            At::Tools,
            At::Wait,
            At::Question,
            At::Compaction,
        ] {
            interrupted(format, at).await;
        }
    }
}

async fn interrupted(format: Format, at: At) {
    let asked = Arc::new(Notify::new());
    let setup = Setup {
        approver: Arc::new(Undecided(Arc::clone(&asked))),
        table: format.row(if at == At::Compaction { 9_000 } else { 100_000 }, None),
        ..Setup::new(format)
    };
    // Whether it was interrupted already.
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_over = Arc::clone(&over);
    let mut scene = setup
        .replies(move |number, asked| {
            if is_over.load(std::sync::atomic::Ordering::SeqCst) {
                return says("Here.").into();
            }
            let said = calls(&[("echo", json!({})), ("hangs", json!({}))]);
            match at {
                At::Silence => Reply::Raw(Answer::Stall(b": nothing yet\n\n".to_vec())),
                At::Stream => {
                    let events = stream(format, &said, number, &asked.body);
                    let half = events[..events.len() * 2 / 3].concat();
                    Reply::Raw(Answer::Stall(half.into_bytes()))
                }
                At::Tools => said.into(),
                At::Wait => {
                    let body = json!({"error": {"type": "overloaded_error", "message": "busy", "code": "server_error"}});
                    Reply::Raw(Answer::Whole(
                        503,
                        vec![("retry-after", "5".into())],
                        body.to_string().into_bytes(),
                    ))
                }
                At::Question => calls(&[("echo", json!({})), ("asks", json!({}))]).into(),
                At::Compaction if number < 3 => calls(&[("long", json!({"n": number}))]).into(),
                At::Compaction => Reply::Raw(Answer::Stall(b": thinking\n\n".to_vec())),
            }
        })
        .await;
    let cancel = CancellationToken::new();
    let (playing, tools) = (Arc::clone(&scene.playing), Arc::clone(&scene.tools));
    playing.time.hold(at == At::Wait);
    let (outcome, ()) = tokio::join!(scene.turn_until("Go.", &cancel), async {
        match at {
            At::Silence | At::Stream | At::Compaction => playing.server.stalled().await,
            At::Tools => tools.started.notified().await,
            At::Wait => playing.time.entered().await,
            At::Question => asked.notified().await,
        }
        playing.time.hold(false);
        over.store(true, std::sync::atomic::Ordering::SeqCst);
        cancel.cancel();
    });
    assert_eq!(outcome, Outcome::Interrupted, "{format:?} {at:?}");
    assert_eq!(scene.seen_of("interrupted").len(), 1, "{format:?} {at:?}");
    let again = scene.turn("And now?").await;
    assert_eq!(again.as_str(), "done", "{format:?} {at:?}: {again:?}");
    let last = scene.bodies().last().unwrap().to_string();
    assert!(last.contains("Go.") && last.contains("And now?"), "{last}");
    scene.check();
}
