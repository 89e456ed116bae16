//! Code that does its worst, through the `python` tool: each is stopped by the limit or the rule that it runs into, the
//! workspace has what it had, and the next call works. The twin of each does the same thing as it is allowed.
//! Needs the image that `make setup` installs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use std::time::Duration;

use ml_intern_sandbox::Failure;
use policy::Limits;
use serde_json::json;
use support::tool::{LIMITS, Tool, With};

/// One piece of code, what it may use, and what comes of it.
struct Row {
    name: &'static str,
    code: &'static str,
    limits: Limits,
    /// In what the model is told.
    says: &'static str,
    /// The refusals on record, in order.
    denied: &'static [&'static str],
    /// The same thing, as it is allowed, and what it prints.
    twin: (&'static str, &'static str),
}

/// What the workspace has before each row, and after it.
const FILE: (&str, &str) = ("here.txt", "hello");

/// What a call said, whether it did what it was asked or not, and what was refused.
async fn run(tool: &Tool, code: &str, limits: Limits) -> (String, Vec<String>) {
    let with = With {
        limits,
        ..With::default()
    };
    let call = tool.call_with(json!({ "code": code }), with);
    // Not a measurement: what no limit stops must not hang the tests.
    let answer = tokio::time::timeout(Duration::from_secs(60), call)
        .await
        .unwrap_or_else(|_| panic!("not stopped: {code}"));
    let denied = support::refused(&answer.0);
    let text = match answer.0.result {
        Err(Failure::Failed(text)) => text,
        Err(other) => other.to_string(),
        Ok(_) => format!("OK {}", answer.text()),
    };
    (text, denied)
}

async fn check(rows: Vec<Row>) {
    let tool = Tool::python().await;
    let file = tool.workspace().join(FILE.0);
    let mut wrong = Vec::new();
    for row in rows {
        let Row {
            name,
            code,
            limits,
            says,
            denied,
            twin,
        } = row;
        std::fs::write(&file, FILE.1).unwrap();
        let (text, refused) = run(&tool, code, limits).await;
        if text.starts_with("OK ") || !text.contains(says) || refused != denied {
            wrong.push(format!("{name}\n  says {text}\n  denied {refused:?}"));
        }
        if std::fs::read_to_string(&file).unwrap() != FILE.1 {
            wrong.push(format!("{name}: the workspace's file is another"));
        }
        if tool.workspace().join("owned").exists() {
            wrong.push(format!("{name}: a program was run"));
        }
        // The next call: the twin, in a workspace where that is all there is.
        for entry in std::fs::read_dir(tool.workspace()).unwrap() {
            let path = entry.unwrap().path();
            if path != file && (path.is_symlink() || path.is_file()) {
                std::fs::remove_file(path).unwrap();
            }
        }
        let (text, refused) = run(&tool, twin.0, limits).await;
        let printed = text.split("[exit code 0").next().unwrap();
        if printed != format!("OK {}", twin.1) || !refused.is_empty() {
            wrong.push(format!("{name}, twin\n  says {text}\n  denied {refused:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const QUICK: Limits = Limits {
    deadline: 2_000,
    ..LIMITS
};
const SMALL_DISK: Limits = Limits {
    disk: 4 << 20,
    deadline: 20_000,
    ..LIMITS
};
const SMALL_MEMORY: Limits = Limits {
    memory: 512 << 20,
    deadline: 30_000,
    ..LIMITS
};
const TWO_SECONDS: &str = "limit reached: deadline (allowed 2000 ms, requested ";
const DISK: &str = "limit reached: disk (allowed 4194304 bytes, requested ";
const OUTPUT: &str = "limit reached: output (allowed 1048576 bytes, requested ";
const PASSWD: &[&str] = &["file /etc/passwd | mounts: nothing is mounted there"];

#[tokio::test(flavor = "multi_thread")]
async fn code_that_takes_without_end() {
    let row = |name, code, limits, says, twin| Row {
        name,
        code,
        limits,
        says,
        denied: &[],
        twin,
    };
    check(vec![
        row(
            "never ends",
            "while True: pass",
            QUICK,
            TWO_SECONDS,
            ("print(sum(range(1000)))", "499500\n"),
        ),
        row(
            "catches everything",
            "while True:\n    try:\n        while True: pass\n    except BaseException: continue",
            QUICK,
            TWO_SECONDS,
            ("try: 1 / 0\nexcept BaseException: print('caught')", "caught\n"),
        ),
        row(
            "ignores signals and ends",
            "import atexit, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ndef again():\n    while True: pass\natexit.register(again)",
            QUICK,
            TWO_SECONDS,
            ("import atexit\natexit.register(print, 'bye')", "bye\n"),
        ),
        row(
            "prints a gigabyte",
            "for _ in range(1 << 14): print('x' * (1 << 16))",
            LIMITS,
            OUTPUT,
            ("print(len('x' * (1 << 16)))", "65536\n"),
        ),
        row(
            "prints without end, and catches everything",
            "while True:\n    try: print('x' * 1000)\n    except BaseException: continue",
            LIMITS,
            OUTPUT,
            ("for i in range(2): print(i)", "0\n1\n"),
        ),
        row(
            "fills the disk",
            "with open('big', 'wb') as f:\n    while True: f.write(bytes(1 << 20))",
            SMALL_DISK,
            DISK,
            ("print(open('big', 'wb').write(bytes(1 << 20)))", "1048576\n"),
        ),
        row(
            "fills the disk, and catches everything",
            "while True:\n    try: open('big', 'ab').write(bytes(1 << 20))\n    except BaseException: continue",
            SMALL_DISK,
            DISK,
            ("print(open('big', 'ab').write(b'x'))", "1\n"),
        ),
        row(
            "makes a file with a hole",
            "open('big', 'wb').truncate(1 << 40)",
            SMALL_DISK,
            DISK,
            ("print(open('big', 'wb').truncate(1 << 20))", "1048576\n"),
        ),
        row(
            "makes directories without end",
            "import os\nfor i in range(1 << 20): os.mkdir(f'/tmp/{i}')",
            SMALL_DISK,
            DISK,
            ("import os\nos.mkdir('/tmp/one'); print(os.listdir('/tmp/one'))", "[]\n"),
        ),
        row(
            "allocates without end",
            "kept = []\nwhile True: kept.append(bytearray(1 << 20))",
            SMALL_MEMORY,
            "MemoryError",
            ("print(len(bytearray(1 << 20)))", "1048576\n"),
        ),
        row(
            "a pickle that expands",
            "import json, pickle\na = ['x' * 100] * 10\nfor _ in range(8): a = [a] * 10\njson.dumps(pickle.loads(pickle.dumps(a)))",
            SMALL_MEMORY,
            "MemoryError",
            ("import json, pickle\nprint(json.dumps(pickle.loads(pickle.dumps([['x'] * 2] * 2))))", "[[\"x\", \"x\"], [\"x\", \"x\"]]\n"),
        ),
        row(
            "a pickle that asks for a terabyte",
            "import operator, pickle\nclass Bomb:\n    def __reduce__(self): return operator.mul, (b'x', 1 << 30)\npickle.loads(pickle.dumps(Bomb()))",
            SMALL_MEMORY,
            "MemoryError",
            ("import operator, pickle\nclass Bomb:\n    def __reduce__(self): return operator.mul, (b'x', 3)\nprint(pickle.loads(pickle.dumps(Bomb())))", "b'xxx'\n"),
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_reaches_out() {
    let row = |name, code, says, denied, twin| Row {
        name,
        code,
        limits: Limits {
            deadline: 20_000,
            ..LIMITS
        },
        says,
        denied,
        twin,
    };
    let reads = ("print(open('here.txt').read())", "hello\n");
    check(vec![
        row(
            "forks",
            "import os\nos.fork()",
            "AttributeError",
            &[],
            reads,
        ),
        row(
            "starts a program",
            "import subprocess\nsubprocess.run(['true'])",
            "OSError",
            &[],
            ("import runpy\nopen('s.py', 'w').write('print(1)')\nrunpy.run_path('s.py')", "1\n"),
        ),
        row(
            "replaces the functions that open",
            "import builtins, os, _io\nfor name in dir(os):\n    if name.startswith(('open', 'stat', 'list', 'link')): setattr(os, name, lambda *a, **k: 7)\nbuiltins.open = lambda *a, **k: 'mine'\nassert open('x') == 'mine' and os.open('x', 0) == 7\n_io.open('/etc/passwd')",
            "PermissionError",
            PASSWD,
            reads,
        ),
        row(
            "opens another process's files",
            "open('/proc/1/environ')",
            "PermissionError",
            &["file /proc/1/environ | mounts: nothing is mounted there"],
            reads,
        ),
        row(
            "lists processes",
            "import os\nos.listdir('/proc')",
            "FileNotFoundError",
            &[],
            ("import os\nprint(os.listdir('.'))", "['here.txt']\n"),
        ),
        row(
            "makes a link out",
            "import os\nos.symlink('/etc/passwd', 'out')",
            "PermissionError",
            PASSWD,
            ("import os\nos.symlink('here.txt', 'in')\nprint(open('in').read())", "hello\n"),
        ),
        row(
            "makes a link up and out",
            "import os\nos.symlink('../../etc/passwd', 'out')",
            "PermissionError",
            &["file /workspace/../../etc/passwd | mounts: nothing is mounted there"],
            ("import os\nos.makedirs('/tmp/a/b', exist_ok=True)\nos.symlink('../../c', '/tmp/a/b/up')\nprint(os.readlink('/tmp/a/b/up'))", "../../c\n"),
        ),
        row(
            "writes beside the workspace",
            "open('../x', 'w')",
            "PermissionError",
            &["file /workspace/../x | mounts: nothing is mounted there"],
            ("print(open('x', 'w').write('y'))", "1\n"),
        ),
        row(
            "connects",
            "import socket\ns = socket.socket()\ns.connect(('127.0.0.1', 22))\ns.sendall(b'hello\\r\\n')",
            "PermissionError",
            &["connect 127.0.0.1:22 | programs: there are no sockets"],
            ("import socket\ns = socket.socket()\ns.settimeout(1)\nprint(s.gettimeout())", "1\n"),
        ),
        row(
            "speaks IP itself",
            "import socket\nsocket.socket(socket.AF_INET, 3).connect(('127.0.0.1', 1))",
            "PermissionError",
            &["connect 127.0.0.1:1 | programs: there are no sockets"],
            reads,
        ),
        row(
            "listens",
            "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\ns.accept()",
            "PermissionError",
            &["connect listen:0 | programs: there are no sockets"],
            reads,
        ),
        row(
            "a pickle that starts a program",
            "import os, pickle\npickle.loads(b\"cos\\nsystem\\n(S'echo owned > owned'\\ntR.\")",
            "AttributeError",
            &[],
            ("import pickle\nprint(pickle.loads(pickle.dumps([1])))", "[1]\n"),
        ),
        row(
            "a pickle that opens a file",
            "import pickle\npickle.loads(b\"cbuiltins\\nopen\\n(S'/etc/passwd'\\ntR.\")",
            "PermissionError",
            PASSWD,
            ("import pickle\nprint(pickle.loads(b\"cbuiltins\\nopen\\n(S'here.txt'\\ntR.\").read())", "hello\n"),
        ),
    ])
    .await;
}

/// What a person's repository has in it already: links that lead out of it.
#[tokio::test(flavor = "multi_thread")]
async fn links_that_were_there_lead_nowhere() {
    let tool = Tool::python().await;
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.txt");
    std::fs::write(&secret, "do not read me").unwrap();
    std::fs::write(tool.workspace().join("here.txt"), "hello").unwrap();
    let link = |target: &std::path::Path, name: &str| {
        std::os::unix::fs::symlink(target, tool.workspace().join(name)).unwrap();
    };
    link(&secret, "file");
    link(outside.path(), "directory");
    link("here.txt".as_ref(), "inside");
    for code in [
        "open('file').read()",
        "open('file', 'w').write('x')",
        "open('file', 'a').write('x')",
        "open('directory/secret.txt').read()",
        "open('directory/new.txt', 'w')",
        "import os; os.remove('directory/secret.txt')",
        "import os; os.listdir('directory')",
        "import os; os.truncate('file', 0)",
        "import os; os.rename('here.txt', 'directory/here.txt')",
    ] {
        let (text, _) = run(&tool, code, LIMITS).await;
        assert!(text.contains("PermissionError"), "{code}: {text}");
    }
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "do not read me");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
    let (text, _) = run(
        &tool,
        "print(open('inside').read(), open('inside', 'a').write('!'))",
        LIMITS,
    )
    .await;
    assert!(text.starts_with("OK hello 1\n"), "{text}");
}

/// A limit is what can be open at one time: so many, and not one more.
#[tokio::test(flavor = "multi_thread")]
async fn open_files_are_counted_exactly() {
    let tool = Tool::python().await;
    // The image's table has 128 places; three are the standard streams, and six are its directories here: the root,
    // /workspace, /tmp, /packages, the library and the plotting data.
    for (granted, held) in [(64, 64), (1, 1), (256, 119)] {
        let limits = Limits {
            open_files: granted,
            ..LIMITS
        };
        let code = |count: u64| {
            format!("f = [open(f'/tmp/{{i}}', 'w') for i in range({count})]\nprint(len(f))")
        };
        let (text, _) = run(&tool, &code(held), limits).await;
        assert!(
            text.starts_with(&format!("OK {held}\n")),
            "{granted}: {text}"
        );
        let (text, _) = run(&tool, &code(held + 1), limits).await;
        let expected = format!(
            "limit reached: open-files (allowed {held} files, requested {})",
            held + 1
        );
        assert!(text.contains(&expected), "{granted}: {text}");
        // What was closed counts no more, and closing a mount makes no room.
        let again = format!(
            "import os\nfor _ in range(300): open('/tmp/0').close()\ntry: os.close(4)\nexcept OSError: pass\n{}",
            code(held + 1)
        );
        let (text, _) = run(&tool, &again, limits).await;
        assert!(text.contains(&expected), "{granted}: {text}");
    }
    let code = "a, b = open('/tmp/0'), open('/tmp/0')\nprint('two')";
    let answer = tool.call(json!({ "code": code })).await;
    assert_eq!(answer.0.receipt.open_files, 2);
    assert_eq!(answer.printed(), "two\n");
}
