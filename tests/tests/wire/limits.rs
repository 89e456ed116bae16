//! Bounds on what a model may do without end.

use agent::{Options, Outcome};
use policy::LimitName;
use serde_json::json;

use crate::format::{Format, calls, says};
use crate::scene::Setup;

/// The 300th request is the last.
#[tokio::test]
async fn three_hundred_iterations() {
    for format in Format::ALL {
        for (most, ends) in [(usize::MAX, "limit"), (299, "done")] {
            let mut scene = Setup::new(format)
                .replies(move |number, _| {
                    if number < most {
                        calls(&[("poll", json!({}))]).into()
                    } else {
                        says("Done.").into()
                    }
                })
                .await;
            let outcome = scene.turn("Go.").await;
            assert_eq!(outcome.as_str(), ends, "{format:?}");
            if let Outcome::Limit(limit) = outcome {
                assert_eq!((limit.limit, limit.allowed), (LimitName::Iterations, 300));
            }
            assert_eq!(scene.bodies().len(), 300);
            assert_eq!(scene.ran().len(), if most == 299 { 299 } else { 300 });
            scene.check();
        }
    }
}

/// The same call with the same result is told three times, and then the turn ends. With results that change it is polling.
#[tokio::test]
async fn repetition() {
    for format in Format::ALL {
        let mut scene = Setup::new(format)
            .replies(|_, _| calls(&[("echo", json!({"a": 1}))]).into())
            .await;
        let outcome = scene.turn("Go.").await;
        assert_eq!(outcome.as_str(), "stuck", "{format:?}: {outcome:?}");
        assert_eq!(outcome.exit_code(), 1);
        let bodies = scene.bodies();
        assert!(bodies.len() < 12, "{}", bodies.len());
        let last = bodies.last().unwrap().to_string();
        assert!(last.contains("same arguments"), "{last}");
        assert!(!scene.seen_of("error").is_empty());
        scene.check();

        let mut scene = Setup::new(format)
            .replies(|number, _| {
                if number < 20 {
                    calls(&[("poll", json!({}))]).into()
                } else {
                    says("Done.").into()
                }
            })
            .await;
        assert_eq!(scene.turn("Go.").await.as_str(), "done", "{format:?}");
        scene.check();
    }
}

/// Sequences of up to five calls are seen as well.
#[tokio::test]
async fn cycles() {
    for length in 2..=5 {
        let mut scene = Setup::new(Format::Messages)
            .replies(move |number, _| calls(&[("echo", json!({"a": number % length}))]).into())
            .await;
        assert_eq!(scene.turn("Go.").await.as_str(), "stuck", "{length}");
        assert!(scene.bodies().len() <= 8 * length, "{length}");
        scene.check();
    }
    let options = Options {
        max_iterations: 40,
        ..Options::default()
    };
    let setup = Setup {
        options,
        ..Setup::new(Format::Messages)
    };
    let mut scene = setup
        .replies(|number, _| calls(&[("echo", json!({"a": number % 6}))]).into())
        .await;
    assert_eq!(
        scene.turn("Go.").await.as_str(),
        "limit",
        "six are no cycle"
    );
    scene.check();
}
