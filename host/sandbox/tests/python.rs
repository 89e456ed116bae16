//! Python as a program: what a command line does, and what it cannot do. Needs the image that `make setup` installs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use ml_intern_sandbox::image::PYTHON;
use policy::{Access, Grant, Limits, Need};
use support::tool::image;
use support::{AMPLE, Act, Scene, grant, mount, refused, told};

async fn scene() -> Scene {
    Scene::with(vec![(PYTHON.to_owned(), image())]).await
}

fn granted(limits: Limits) -> Grant {
    let tmp = Need::Mount {
        name: "tmp".into(),
        access: Access::ReadWrite,
    };
    grant(
        &[
            Need::Program("python".into()),
            mount(Access::ReadWrite),
            tmp,
        ],
        limits,
    )
}

const ROOM: Limits = Limits {
    memory: 1 << 30,
    ..AMPLE
};

async fn run(scene: &Scene, code: &str, limits: Limits) -> (String, Vec<String>) {
    let act = Act {
        act: "program",
        target: "python",
        value: code,
        ..Act::default()
    };
    let outcome = scene.run(act, granted(limits), None).await;
    (told(&outcome), refused(&outcome))
}

#[tokio::test(flavor = "multi_thread")]
async fn command_lines() {
    let scene = scene().await;
    std::fs::write(
        scene.workspace.path().join("s.py"),
        "import sys; print(__name__, __file__, sys.argv)",
    )
    .unwrap();
    let rows = [
        ("print(1)", "exit 0\n1\n"),
        ("import sys; print(sys.argv)", "exit 0\n['-c']\n"),
        ("import sys; sys.exit(3)", "exit 3\n"),
        ("import sys; sys.exit('why')", "exit 1\nwhy\n"),
        ("raise SystemExit", "exit 0\n"),
        (
            "import os; print('out', flush=True); os._exit(4)",
            "exit 4\nout\n",
        ),
        (
            "import os; print('lost, as it is not flushed', end=''); os._exit(0)",
            "exit 0\n",
        ),
        (
            "1/0",
            "exit 1\nTraceback (most recent call last):\n  File \"<string>\", line 1, in <module>\n    1/0\n    ~^~\nZeroDivisionError: division by zero\n",
        ),
        ("print(__name__)", "exit 0\n__main__\n"),
        (
            "import os; print(os.getcwd(), sorted(os.listdir('.')))",
            "exit 0\n/workspace ['here.txt', 's.py']\n",
        ),
        ("print(open('here.txt').read())", "exit 0\nhello\n"),
        (
            "import runpy; runpy.run_path('s.py', run_name='x')",
            "exit 0\nx s.py ['s.py']\n",
        ),
        (
            "import atexit; atexit.register(print, 'bye')",
            "exit 0\nbye\n",
        ),
        (
            "import sys; print('out'); print('err', file=sys.stderr)",
            "exit 0\nout\nerr\n",
        ),
        (
            "import sqlite3; print(sqlite3.connect(':memory:').execute('select length(randomblob(4))').fetchone())",
            "exit 0\n(4,)\n",
        ),
        (
            "import json, sqlite3, numpy; print(numpy.arange(3).sum())",
            "exit 0\n3\n",
        ),
    ];
    for (code, expected) in rows {
        assert_eq!(
            run(&scene, code, ROOM).await,
            (expected.to_owned(), vec![]),
            "{code}"
        );
    }
    // What fails at the end is told, and takes nothing of the code that was asked for.
    let late = "import atexit, sys; atexit.register(eval, '1 / 0'); sys.exit(3)";
    let (text, _) = run(&scene, late, ROOM).await;
    assert!(
        text.starts_with("exit 3\nException ignored in atexit callback"),
        "{text}"
    );
    assert!(
        text.ends_with("ZeroDivisionError: division by zero\n"),
        "{text}"
    );
}

/// What a program tells without waiting takes none of the host's time: only its end is heard so.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_end_is_told_without_an_answer() {
    let scene = scene().await;
    let door = |request: &str| format!("import _host; print(_host.call(b'{request}'))");
    let connect = r#"{"connect": {"host": "10.0.0.1", "port": "80"}}"#;
    let asked = run(&scene, &door(connect), ROOM).await;
    assert!(
        asked.0.contains("connect 10.0.0.1:80 is denied"),
        "{asked:?}"
    );
    assert_eq!(
        asked.1,
        ["connect 10.0.0.1:80 | programs: there are no sockets"]
    );
    for told in [
        format!("!{connect}"),
        r#"!{"tool": {"name": "bash", "arguments": {"command": "sleep 60"}}}"#.to_owned(),
        "!nonsense".to_owned(),
    ] {
        let heard = run(&scene, &door(&told), ROOM).await;
        let expected = "exit 0\nb'{\"ok\":null}'\n".to_owned();
        assert_eq!(heard, (expected, vec![]), "{told}");
    }
    let end = r#"import _host, os; _host.call(b'!{"end": {"code": 7}}'); os.kill(os.getpid(), 9)"#;
    assert!(!run(&scene, end, ROOM).await.0.starts_with("exit 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_without_an_answer_is_bounded() {
    let scene = scene().await;
    let fill = |bytes: usize| {
        format!(
            "import _host\nfor _ in range(2): _host.call(b'!' + b'x' * {bytes})\nprint('went on')"
        )
    };
    let (text, _) = run(&scene, &fill(600_000), ROOM).await;
    assert!(
        text.contains("the program left more notices than the host takes"),
        "{text}"
    );
    let (text, _) = run(&scene, &fill(500_000), ROOM).await;
    assert_eq!(text, "exit 0\nwent on\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leads_out() {
    let scene = scene().await;
    let file = |path: &str| vec![format!("file {path} | mounts: nothing is mounted there")];
    let connect = |place: &str| vec![format!("connect {place} | programs: there are no sockets")];
    let rows = [
        (
            "open('/etc/passwd')",
            "PermissionError",
            file("/etc/passwd"),
        ),
        (
            "open('/proc/self/environ')",
            "PermissionError",
            file("/proc/self/environ"),
        ),
        (
            "open('/workspace/../etc/passwd')",
            "PermissionError",
            file("/workspace/../etc/passwd"),
        ),
        (
            "import socket; socket.create_connection(('10.0.0.1', 80)).sendall(b'hello\\r\\n')",
            "PermissionError: [Errno 13] connect 10.0.0.1:80 is denied (programs: there are no sockets)",
            connect("10.0.0.1:80"),
        ),
        (
            "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('10.0.0.1', 80))",
            "PermissionError: [Errno 13] connect 10.0.0.1:80 is denied (programs: there are no sockets)",
            connect("10.0.0.1:80"),
        ),
        (
            "import urllib.request as r; r.urlopen('https://example.com/')",
            "PermissionError: [Errno 13] there is no way out for this call",
            vec![],
        ),
        (
            "import subprocess; subprocess.run(['true'])",
            "Error",
            vec![],
        ),
        ("import os; os.fork()", "Error", vec![]),
        (
            "import os; print(dict(os.environ)['PATH'])",
            "KeyError: 'PATH'",
            vec![],
        ),
    ];
    for (code, error, denials) in rows {
        let (text, refused) = run(&scene, code, ROOM).await;
        assert!(text.starts_with("exit 1\nTraceback"), "{code}: {text}");
        assert!(text.contains(error), "{code}: {text}");
        assert_eq!(refused, denials, "{code}");
    }
    assert_eq!(
        run(&scene, "print('still here')", ROOM).await.0,
        "exit 0\nstill here\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_and_the_next_run_works() {
    let scene = scene().await;
    let rows = [
        (
            "while True: pass",
            Limits {
                deadline: 500,
                ..ROOM
            },
            "limit reached: deadline (allowed 500 ms, requested ",
        ),
        (
            "import time; time.sleep(60)",
            Limits {
                deadline: 500,
                ..ROOM
            },
            "limit reached: deadline (allowed 500 ms, requested ",
        ),
        (
            "print('x' * 100_000_000)",
            ROOM,
            "limit reached: output (allowed 1048576 bytes, requested ",
        ),
        (
            "while True: print('x' * 1000)",
            ROOM,
            "limit reached: output (allowed 1048576 bytes, requested ",
        ),
        (
            "open('big', 'wb').write(b'x' * (65 << 20))",
            ROOM,
            "limit reached: disk (allowed 67108864 bytes, requested ",
        ),
        (
            "f = [open('here.txt') for _ in range(200)]",
            ROOM,
            "limit reached: open-files (allowed 64 files, requested 65)",
        ),
    ];
    for (code, limits, expected) in rows {
        let (text, _) = run(&scene, code, limits).await;
        assert!(text.starts_with(expected), "{code}: {text}");
        assert_eq!(
            run(&scene, "print('still here')", ROOM).await.0,
            "exit 0\nstill here\n"
        );
    }
    // Python turns a refusal of memory into an exception of its own, and may go on.
    let small = Limits {
        memory: 256 << 20,
        ..ROOM
    };
    let (text, _) = run(&scene, "x = bytearray(512 << 20)", small).await;
    assert!(
        text.starts_with("exit 1\n") && text.contains("MemoryError"),
        "{text}"
    );
    assert_eq!(
        run(&scene, "x = bytearray(16 << 20); print(len(x))", small)
            .await
            .0,
        "exit 0\n16777216\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_leaves_nothing_for_the_next() {
    let scene = scene().await;
    assert_eq!(
        run(&scene, "import builtins; builtins.leak = 1", ROOM)
            .await
            .0,
        "exit 0\n"
    );
    assert_eq!(
        run(
            &scene,
            "import builtins; print(hasattr(builtins, 'leak'))",
            ROOM
        )
        .await
        .0,
        "exit 0\nFalse\n"
    );
    let draw = "import os, random, uuid; print(os.urandom(8), random.random(), uuid.uuid4())";
    let one = run(&scene, draw, ROOM).await.0;
    let two = run(&scene, draw, ROOM).await.0;
    let words = |text: &str| {
        text.split_whitespace()
            .skip(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for (one, two) in words(&one).iter().zip(words(&two)) {
        assert_ne!(one, &two);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_must_be_in_a_mount() {
    let scene = scene().await;
    for (target, expected) in [
        ("/workspace", "exit 0"),
        ("/", "/ is not a directory inside a mount"),
        ("/elsewhere", "/elsewhere is not a directory inside a mount"),
        (
            "/workspace/../elsewhere",
            "/workspace/../elsewhere is not a directory inside a mount",
        ),
        ("workspace", "workspace is not a directory inside a mount"),
    ] {
        let outcome = scene
            .run(
                Act {
                    act: "directory",
                    target,
                    ..Act::default()
                },
                granted(ROOM),
                None,
            )
            .await;
        assert!(
            told(&outcome).ends_with(expected),
            "{target}: {}",
            told(&outcome)
        );
    }
}
