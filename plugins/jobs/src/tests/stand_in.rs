//! The same over HTTP, against the server that stands in for the Hub.

use std::rc::Rc;
use std::time::Duration;

use ml_intern_sdk::http::native::{Entered, Native};
use ml_intern_stand_in::{Fault, StandIn};
use serde_json::json;

use super::{HUB, call, failed, structured, text};
use crate::fake::Fake;

const TOKEN: &str = "hf_standin_ada";

fn served() -> (StandIn, Entered, Rc<Fake>) {
    let server = StandIn::start();
    server.public_links(true);
    let entered = Native::new()
        .bearer("huggingface", TOKEN)
        .serves(HUB, server.origin())
        .enter();
    (server, entered, Rc::new(Fake::new().with_python()))
}

#[test]
fn a_job_from_its_start_to_its_end() {
    let (server, _entered, world) = served();
    let arguments = json!({
        "script": "print('loss 0.5')\nprint('saved')\n", "hardware_flavor": "t4-small", "namespace": "tabular-lab",
    });
    let output = call(&world, "run", arguments).unwrap();
    let shown = text(&output);
    assert!(shown.starts_with("Python job completed!\n"), "{shown}");
    // Folded, without colours, and each line once though the log was read more than once.
    assert!(
        shown.contains(
            "```\n[installs truncated]\nInstalled 12 packages in 87ms\nloss 0.5\nsaved\n```"
        ),
        "{shown}"
    );
    let [job] = &server.jobs()[..] else {
        panic!("one job")
    };
    assert_eq!(
        (job.namespace.as_str(), job.stage.as_str()),
        ("tabular-lab", "COMPLETED")
    );
    assert_eq!(
        job.spec["secrets"],
        json!({"HF_TOKEN": TOKEN, "HUGGINGFACE_HUB_TOKEN": TOKEN})
    );
    // Found again by its id alone, in the organisation that it was started in.
    let output = call(&world, "inspect", json!({"job_id": job.id})).unwrap();
    assert_eq!(structured(&output)[0]["status"]["stage"], "COMPLETED");
    let output = call(
        &world,
        "ps",
        json!({"namespace": "tabular-lab", "all": true}),
    )
    .unwrap();
    assert_eq!(structured(&output)[0]["started_here"], true);
    let output = call(&world, "logs", json!({"job_id": job.id, "tail": 1})).unwrap();
    assert!(
        text(&output).contains("```\nsaved\n```"),
        "{}",
        text(&output)
    );
}

#[test]
fn jobs_that_fail_hang_and_are_not_paid_for() {
    let (server, _entered, world) = served();
    let told = failed(call(
        &world,
        "run without token",
        json!({"script": "print('a')\nraise SystemExit('CUDA out of memory')\n"}),
    ));
    assert!(told.starts_with("Python job failed.\n"), "{told}");
    assert!(told.contains("SystemExit: CUDA out of memory"), "{told}");
    assert!(told.contains("halve per_device_train_batch_size"), "{told}");
    assert_eq!(server.jobs()[0].spec.get("secrets"), None);

    let arguments = json!({"script": "print('a')\n", "env": {"HANG": "1"}, "namespace": "tabular-lab", "wait": "20s"});
    let output = call(&world, "run", arguments).unwrap();
    assert!(text(&output).starts_with("Python job goes on.\n"));
    let id = &server.jobs()[1].id;
    let output = call(&world, "ps", json!({"namespace": "tabular-lab"})).unwrap();
    assert_eq!(structured(&output)[0]["stage"], "RUNNING");
    let output = call(&world, "cancel", json!({"job_id": id})).unwrap();
    assert!(text(&output).contains("its status is CANCELED."));
    assert_eq!(server.jobs()[1].stage, "CANCELED");

    let told = failed(call(
        &world,
        "run",
        json!({"script": "print(1)\n", "namespace": "poor-lab"}),
    ));
    assert!(told.starts_with("the namespace has no credits"), "{told}");
    assert_eq!(server.jobs().len(), 2);
}

#[test]
fn schedules_come_and_go() {
    let (_server, _entered, world) = served();
    let arguments = json!({"script": "print(1)\n", "schedule": "0 9 * * 1"});
    let output = call(&world, "scheduled run", arguments).unwrap();
    let id = structured(&output)["id"].as_str().unwrap().to_owned();
    let one = || json!({ "scheduled_job_id": id });
    let listed = |all: bool| {
        let output = call(&world, "scheduled ps", json!({ "all": all })).unwrap();
        text(&output).contains(&id)
    };
    assert!(listed(false));
    call(&world, "scheduled suspend", one()).unwrap();
    assert_eq!((listed(false), listed(true)), (false, true));
    call(&world, "scheduled resume", one()).unwrap();
    assert!(listed(false));
    let output = call(&world, "scheduled inspect", one()).unwrap();
    assert_eq!(structured(&output)["schedule"], "0 9 * * 1");
    call(&world, "scheduled delete", one()).unwrap();
    assert!(!listed(true));
}

#[test]
fn a_dashboard_is_made_and_made_again() {
    let (server, _entered, world) = served();
    let seed = || {
        call(
            &world,
            "seed trackio",
            json!({"trackio_space_id": "tabular-lab/board"}),
        )
    };
    let first = seed().unwrap();
    assert!(text(&first).contains("- README.md, requirements.txt, app.py: committed"));
    let files = server.files("space", "tabular-lab/board", "main").unwrap();
    assert_eq!(files["app.py"], b"import trackio\ntrackio.show()\n");
    assert!(server.buckets()["tabular-lab/board-bucket"]);
    let commits = server.repo("space", "tabular-lab/board").unwrap().commits;
    let second = seed().unwrap();
    assert!(
        text(&second).contains("- app.py: was there"),
        "{}",
        text(&second)
    );
    let space = server
        .spaces()
        .into_iter()
        .find(|space| space.id == "tabular-lab/board")
        .unwrap();
    assert_eq!(
        space.volumes,
        [json!({"type": "bucket", "source": "tabular-lab/board-bucket", "mountPath": "/data"})]
    );
    assert_eq!(space.variables["TRACKIO_DIR"], "/data/trackio");
    let repo = server.repo("space", "tabular-lab/board").unwrap();
    assert!(repo.private);
    assert_eq!(repo.commits, commits);
}

#[test]
fn what_goes_wrong_on_the_way() {
    let (server, _entered, world) = served();
    let table = "GET https://huggingface.co/api/jobs/hardware";
    let status = |status: u16| Fault::Status {
        status,
        headers: vec![("retry-after".into(), "1".into())],
        body: "{\"error\":\"later\"}".into(),
    };
    // Once is passed over, by asking again; more often is told.
    for (fault, times, expected) in [
        (Fault::Slow(Duration::from_millis(20)), 1, None),
        (status(429), 1, None),
        (status(503), 2, None),
        (status(503), 3, Some("status 503: later")),
        (Fault::Cut, 3, Some("the answer broke off")),
        (
            Fault::WrongType,
            1,
            Some("is not the JSON that was expected"),
        ),
        (
            Fault::Huge(2 << 20),
            1,
            Some("the answer has more than 1048576 bytes"),
        ),
        (
            Fault::Redirect("http://169.254.169.254/latest".into()),
            1,
            Some("status 302"),
        ),
    ] {
        server.clear();
        server.fault_times(table, fault, times);
        let result = call(&world, "hardware", json!({}));
        match expected {
            None => assert!(result.is_ok(), "{result:?}"),
            Some(expected) => {
                let told = format!("{:?}", result.unwrap_err());
                assert!(told.contains(expected), "{told}");
            }
        }
    }
    // A job that may have been started is never started again, nor said to be retried.
    server.clear();
    server.fault_times("POST https://huggingface.co/api/jobs/ada", Fault::Cut, 1);
    let told = failed(call(&world, "run", json!({"script": "print(1)\n"})));
    assert!(
        told.starts_with("whether it was started is not known"),
        "{told}"
    );
    assert_eq!(server.jobs().len(), 1);
    // A log that breaks off, comes late, or is none.
    for fault in [
        Fault::Cut,
        status(502),
        Fault::WrongType,
        Fault::Huge(1 << 20),
    ] {
        server.clear();
        server.fault_times("GET https://huggingface.co/api/jobs/ada/", fault, 1);
        let output = call(&world, "run", json!({"script": "print('a')\n"})).unwrap();
        assert!(
            text(&output).starts_with("Python job completed!"),
            "{}",
            text(&output)
        );
        assert!(text(&output).contains("87ms\na\n```"), "{}", text(&output));
    }
}
