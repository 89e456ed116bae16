//! Attempts to reach files that are not granted. Each is refused in its own words, and its twin shows that the same act
//! works on what is granted.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use std::os::unix::fs::{PermissionsExt as _, symlink};

use policy::{Access, Need};
use support::{AMPLE, Act, Scene, grant, mount, refused, told};

/// WASI's numbers, as the guest's library shows them.
const NOT_PERMITTED: &str = "os error 63: Operation not permitted (os error 63)";
const NO_SUCH_FILE: &str = "os error 44: No such file or directory (os error 44)";
const NAME_TOO_LONG: &str = "os error 37: Filename too long (os error 37)";

fn elsewhere(path: &str) -> Vec<String> {
    vec![format!("file {path} | mounts: nothing is mounted there")]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_outside_is_refused_and_recorded() {
    let scene = Scene::new().await;
    let long = format!("/workspace/{}", "x".repeat(256));
    // (act, target, value) -> (what the guest sees, what the host recorded)
    let rows: Vec<(&str, &str, &str, &str, Vec<String>)> = vec![
        ("read", "/workspace/here.txt", "", "hello", vec![]),
        (
            "read",
            "/etc/passwd",
            "",
            NOT_PERMITTED,
            elsewhere("/etc/passwd"),
        ),
        (
            "read",
            "/workspace/../etc/passwd",
            "",
            NOT_PERMITTED,
            elsewhere("/workspace/../etc/passwd"),
        ),
        (
            "read",
            "/workspace/a/../../etc/passwd",
            "",
            NOT_PERMITTED,
            elsewhere("/workspace/a/../../etc/passwd"),
        ),
        (
            "read",
            "/elsewhere/secret.txt",
            "",
            NOT_PERMITTED,
            elsewhere("/elsewhere/secret.txt"),
        ),
        (
            "read",
            "/proc/self/environ",
            "",
            NOT_PERMITTED,
            elsewhere("/proc/self/environ"),
        ),
        ("write", "/nope", "x", NOT_PERMITTED, elsewhere("/nope")),
        ("mkdir", "/nope", "", NOT_PERMITTED, elsewhere("/nope")),
        (
            "remove",
            "/etc/passwd",
            "",
            NOT_PERMITTED,
            elsewhere("/etc/passwd"),
        ),
        (
            "rename",
            "/workspace/here.txt",
            "/nope",
            NOT_PERMITTED,
            elsewhere("/nope"),
        ),
        // Libraries look for these by themselves; a neighbour, and writing, are attempts like any other.
        ("read", "/dev/urandom", "", NO_SUCH_FILE, vec![]),
        ("read", "/dev/random", "", NO_SUCH_FILE, vec![]),
        (
            "write",
            "/dev/urandom",
            "x",
            NOT_PERMITTED,
            elsewhere("/dev/urandom"),
        ),
        (
            "read",
            "/dev/zero",
            "",
            NOT_PERMITTED,
            elsewhere("/dev/zero"),
        ),
        ("stat", "/etc/passwd", "", NO_SUCH_FILE, vec![]),
        ("stat", "/workspace/here.txt", "", "5", vec![]),
        ("read", &long, "", NAME_TOO_LONG, vec![]),
        ("list", "/workspace", "", "here.txt", vec![]),
        ("list", "/etc", "", NO_SUCH_FILE, vec![]),
    ];
    for (act, target, value, seen, recorded) in rows {
        let outcome = scene.act(act, target, value, 0).await;
        assert_eq!(told(&outcome), seen, "{act} {target}");
        assert_eq!(refused(&outcome), recorded, "{act} {target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_do_not_lead_out() {
    let scene = Scene::new().await;
    let secret = scene.outside.path().join("secret.txt");
    symlink(&secret, scene.workspace.path().join("absolute")).unwrap();
    let relative = format!(
        "../{}/secret.txt",
        scene.outside.path().file_name().unwrap().to_str().unwrap()
    );
    symlink(&relative, scene.workspace.path().join("relative")).unwrap();
    symlink("..", scene.workspace.path().join("up")).unwrap();
    symlink("loop", scene.workspace.path().join("loop")).unwrap();
    symlink("here.txt", scene.workspace.path().join("inside")).unwrap();
    let rows = [
        ("read", "/workspace/inside", "hello"),
        ("read", "/workspace/absolute", NOT_PERMITTED),
        ("read", "/workspace/relative", NOT_PERMITTED),
        (
            "read",
            "/workspace/loop",
            "os error 32: Symbolic link loop (os error 32)",
        ),
        ("list", "/workspace/up", NOT_PERMITTED),
        ("list", "/workspace/up/", NOT_PERMITTED),
        ("write", "/workspace/absolute", NOT_PERMITTED),
        ("write", "/workspace/relative", NOT_PERMITTED),
    ];
    for (act, target, seen) in rows {
        assert_eq!(
            told(&scene.act(act, target, "x", 0).await),
            seen,
            "{act} {target}"
        );
    }
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "do not read me");

    // A guest makes links that stay inside, and no others.
    let rows = [
        ("here.txt", "/workspace/made", "linked"),
        (
            "../here.txt",
            "/workspace/made-up",
            "os error -1: not-permitted",
        ),
        (
            "/etc/passwd",
            "/workspace/made-out",
            "os error -1: not-permitted",
        ),
    ];
    for (target, path, seen) in rows {
        assert_eq!(
            told(&scene.act("symlink", target, path, 0).await),
            seen,
            "{path} -> {target}"
        );
    }
    let made = std::fs::read_dir(scene.workspace.path()).unwrap().count();
    assert_eq!(made, 7, "here.txt, the five above, and one made");
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_is_read_only() {
    let scene = Scene::new().await;
    let read_only = || grant(&[mount(Access::ReadOnly)], AMPLE);
    let rows = [
        ("write", "/workspace/new", "x"),
        ("write", "/workspace/here.txt", "x"),
        ("append", "/workspace/here.txt", "x"),
        ("truncate", "/workspace/here.txt", ""),
        ("sparse", "/workspace/here.txt", ""),
        ("mkdir", "/workspace/new", ""),
        ("remove", "/workspace/here.txt", ""),
        ("rename", "/workspace/here.txt", "/workspace/there.txt"),
    ];
    for (act, target, value) in rows {
        let refused = scene
            .run(
                Act {
                    act,
                    target,
                    value,
                    count: 0,
                },
                read_only(),
                None,
            )
            .await;
        assert_eq!(told(&refused), NOT_PERMITTED, "{act} {target}");
        assert_eq!(
            std::fs::read_to_string(scene.workspace.path().join("here.txt")).unwrap(),
            "hello",
            "{act}"
        );
    }
    let read = Act {
        act: "read",
        target: "/workspace/here.txt",
        ..Act::default()
    };
    assert_eq!(told(&scene.run(read, read_only(), None).await), "hello");
    // The twins, in an order that leaves each something to work on.
    for (act, target, value) in rows {
        let done = scene.act(act, target, value, 0).await;
        assert!(done.result.is_ok(), "{act} {target}: {}", told(&done));
        std::fs::write(scene.workspace.path().join("here.txt"), "hello").unwrap();
        let new = scene.workspace.path().join("new");
        let _ = std::fs::remove_file(&new);
        let _ = std::fs::remove_dir(&new);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mount_there_are_no_files() {
    let scene = Scene::new().await;
    let act = || Act {
        act: "read",
        target: "/workspace/here.txt",
        ..Act::default()
    };
    let outcome = scene.run(act(), grant(&[], AMPLE), None).await;
    assert_eq!(told(&outcome), NOT_PERMITTED);
    assert_eq!(refused(&outcome), elsewhere("/workspace/here.txt"));
    let other = Need::Mount {
        name: "elsewhere".into(),
        access: Access::ReadOnly,
    };
    let secret = Act {
        act: "read",
        target: "/elsewhere/secret.txt",
        ..Act::default()
    };
    assert_eq!(
        told(&scene.run(secret, grant(&[other], AMPLE), None).await),
        "do not read me"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn special_files_do_not_exist() {
    let scene = Scene::new().await;
    let fifo = scene.workspace.path().join("fifo");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let _socket =
        std::os::unix::net::UnixListener::bind(scene.workspace.path().join("socket")).unwrap();
    // Opening a fifo would wait for a writer; it must not even be tried.
    for target in ["/workspace/fifo", "/workspace/socket"] {
        assert_eq!(
            told(&scene.act("read", target, "", 0).await),
            NOT_PERMITTED,
            "{target}"
        );
    }
    scene.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hard_links_are_refused() {
    let scene = Scene::new().await;
    let outcome = scene
        .act("link", "/workspace/here.txt", "/workspace/two", 0)
        .await;
    assert!(outcome.result.is_err(), "{}", told(&outcome));
    assert!(!scene.workspace.path().join("two").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_file_keeps_its_mode() {
    let scene = Scene::new().await;
    let script = scene.workspace.path().join("run.sh");
    std::fs::write(&script, "old").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o750)).unwrap();
    assert_eq!(
        told(&scene.act("write", "/workspace/run.new", "new", 0).await),
        "written"
    );
    assert_eq!(
        told(
            &scene
                .act("rename", "/workspace/run.new", "/workspace/run.sh", 0)
                .await
        ),
        "renamed"
    );
    assert_eq!(std::fs::read_to_string(&script).unwrap(), "new");
    assert_eq!(
        std::fs::metadata(&script).unwrap().permissions().mode() & 0o777,
        0o750
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_empty_and_calls_differ() {
    let scene = Scene::new().await;
    assert_eq!(told(&scene.act("environment", "", "", 0).await), "");
    assert_eq!(told(&scene.act("arguments", "", "", 0).await), "");
    assert_eq!(told(&scene.act("stdin", "", "", 0).await), "");
    let one = told(&scene.act("random", "", "", 0).await);
    let two = told(&scene.act("random", "", "", 0).await);
    assert_ne!(one, two);
}
