//! Runs of the binary, as a person or a CI job starts it: exit codes, output, and what is left behind. Needs
//! `make setup`, for the plugins and the Python image.
#![expect(clippy::unwrap_used, reason = "tests; a panic is their report")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A place for one run: a workspace, a script, and a session directory.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Place {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("workspace")).unwrap();
        std::fs::write(
            directory.path().join("workspace/notes.txt"),
            "one\ntwo\nthree\n",
        )
        .unwrap();
        Place { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn journal(&self) -> PathBuf {
        self.path("session/journal.jsonl")
    }

    /// The command, with a script that plays these turns.
    fn command(&self, turns: &[Value]) -> Command {
        let script: String = turns.iter().map(|turn| format!("{turn}\n")).collect();
        std::fs::write(self.path("script.jsonl"), script).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ml-intern"));
        command
            .args(["do it", "--policy", "ci", "--model"])
            .arg(format!("scripted/{}", self.path("script.jsonl").display()))
            .arg("--workspace")
            .arg(self.path("workspace"))
            .arg("--session-dir")
            .arg(self.path("session"))
            .arg("--plugins")
            .arg(root().join("plugins/dist"))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, turns: &[Value]) -> Ran {
        Ran::of(self.command(turns).output().unwrap())
    }

    fn original(&self, name: &str) -> String {
        std::fs::read_to_string(self.path("workspace").join(name)).unwrap()
    }
}

/// What a run printed, and its exit code.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            code: output.status.code().unwrap(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    #[track_caller]
    fn prints(&self, expected: &str) {
        assert!(
            self.out.contains(expected),
            "no {expected:?} in:\n{}\n{}",
            self.out,
            self.err
        );
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn call(tool: &str, arguments: Value) -> Value {
    json!({"tool_calls": [{"name": tool, "arguments": arguments}]})
}

fn says(text: &str) -> Value {
    json!({"text": text})
}

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ml-intern"));
    command.stdin(Stdio::null());
    command
}

#[test]
fn a_run_changes_its_copy_and_nothing_else() {
    let place = Place::new();
    let ran = place.run(&[
        call("read", json!({"path": "notes.txt"})),
        call(
            "edit",
            json!({"path": "notes.txt", "old_str": "two", "new_str": "2"}),
        ),
        call(
            "write",
            json!({"path": "new/deep.txt", "content": "made\n"}),
        ),
        says("Done."),
    ]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    ran.prints("model      scripted/");
    ran.prints("(a script, not a model)");
    ran.prints("M notes.txt (+1 -1)");
    ran.prints("A new/deep.txt (5 B)");
    ran.prints("allow  effect write");
    ran.prints("ended      done");
    assert_eq!(
        place.original("notes.txt"),
        "one\ntwo\nthree\n",
        "the real workspace is untouched"
    );
    assert!(!place.path("workspace/new").exists());

    let verified = Ran::of(
        binary()
            .args(["journal", "verify"])
            .arg(place.journal())
            .output()
            .unwrap(),
    );
    assert_eq!(verified.code, 0, "{}", verified.err);
    verified.prints("intact;");
    verified.prints("3 tool calls, ended with 0");

    // What calls used is on record, bytes written and open files too.
    let text = std::fs::read_to_string(place.journal()).unwrap();
    let receipts: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["kind"] == "receipt")
        .map(|record| {
            json!([
                record["data"]["disk"].as_u64().unwrap() > 0,
                record["data"]["open_files"]
            ])
        })
        .collect();
    assert_eq!(
        receipts,
        [json!([false, 1]), json!([true, 1]), json!([true, 1])]
    );

    // One changed byte is found.
    let text = std::fs::read_to_string(place.journal()).unwrap();
    std::fs::write(place.journal(), text.replacen("notes.txt", "motes.txt", 1)).unwrap();
    let verified = Ran::of(
        binary()
            .args(["journal", "verify"])
            .arg(place.journal())
            .output()
            .unwrap(),
    );
    assert_eq!(verified.code, 1);
    assert!(verified.err.contains("journal.jsonl:"), "{}", verified.err);
}

#[test]
fn exit_codes() {
    // (turns, more arguments, exit code, what is printed)
    type Row = (
        &'static str,
        Vec<Value>,
        Vec<&'static str>,
        i32,
        &'static str,
    );
    let rows: Vec<Row> = vec![
        ("done", vec![says("Done.")], vec![], 0, "ended      done"),
        (
            "tool failure",
            vec![
                call("read", json!({"path": "missing.txt"})),
                says("It is not there."),
            ],
            vec![],
            1,
            "ended      failed: the last call of `read` failed",
        ),
        (
            "recovered",
            vec![
                call("read", json!({"path": "missing.txt"})),
                call("read", json!({"path": "notes.txt"})),
                says("Done."),
            ],
            vec![],
            0,
            "ended      done",
        ),
        (
            "model failure",
            vec![json!({"error": {"kind": "auth", "message": "no key"}})],
            vec![],
            1,
            "does not accept the credential: no key",
        ),
        (
            "iterations",
            vec![
                call("read", json!({"path": "notes.txt"})),
                call("read", json!({"path": "notes.txt"})),
                says("Done."),
            ],
            vec!["--max-iterations", "2"],
            4,
            "limit reached: iterations (allowed 2 turns, requested 3)",
        ),
        (
            "enough iterations",
            vec![call("read", json!({"path": "notes.txt"})), says("Done.")],
            vec!["--max-iterations", "2"],
            0,
            "ended      done",
        ),
        (
            "calls",
            vec![
                call("read", json!({"path": "notes.txt"})),
                call("read", json!({"path": "notes.txt"})),
                says("Done."),
            ],
            vec!["--max-calls", "1"],
            4,
            "limit reached: calls (allowed 1 calls, requested 2)",
        ),
        (
            "enough calls",
            vec![call("read", json!({"path": "notes.txt"})), says("Done.")],
            vec!["--max-calls", "1"],
            0,
            "ended      done",
        ),
        (
            "tokens",
            vec![says("Done.")],
            vec!["--max-tokens", "1000"],
            4,
            "limit reached: tokens (allowed 1000 tokens, requested",
        ),
        (
            "enough tokens",
            vec![says("Done.")],
            vec!["--max-tokens", "100000"],
            0,
            "ended      done",
        ),
        (
            "no time",
            vec![says("Done.")],
            vec!["--timeout", "0ms"],
            4,
            "limit reached: deadline (allowed 0 ms, requested",
        ),
        (
            "enough time",
            vec![says("Done.")],
            vec!["--timeout", "30min", "--effort", "high"],
            0,
            "ended      done",
        ),
        (
            "a script costs nothing",
            vec![says("Done.")],
            vec!["--max-cost", "1"],
            0,
            "ended      done",
        ),
        (
            "unknown tool",
            vec![call("rm", json!({})), says("No.")],
            vec![],
            1,
            "there is no tool `rm`; the tools are: edit, python, read, write",
        ),
    ];
    for (name, turns, more, code, printed) in rows {
        let place = Place::new();
        let ran = Ran::of(place.command(&turns).args(more).output().unwrap());
        assert_eq!(ran.code, code, "{name}: {}\n{}", ran.out, ran.err);
        if printed.starts_with("there is no tool") {
            // The order of tools is that of the plugins.
            ran.prints("there is no tool `rm`; the tools are:");
        } else {
            ran.prints(printed);
        }
    }
}

#[test]
fn the_policy_decides() {
    let place = Place::new();
    let policy = std::fs::read_to_string(root().join("configs/policies/ci.toml")).unwrap();
    let policy = policy.split("[[expect]]").next().unwrap().to_owned()
        + "\n[[rule]]\nname = \"hands-off\"\ndecision = \"deny\"\ntools = [\"files/write\"]\neffects = [\"write\"]\n";
    std::fs::write(place.path("policy.toml"), policy).unwrap();
    let turns = [
        call("write", json!({"path": "new.txt", "content": "x"})),
        says("I may not."),
    ];
    let with = |more: &[&str]| {
        let _ = std::fs::remove_dir_all(place.path("session"));
        let mut command = place.command(&turns);
        // The last one given counts.
        Ran::of(
            command
                .arg("--policy")
                .arg(place.path("policy.toml"))
                .args(more)
                .output()
                .unwrap(),
        )
    };
    let denied = with(&[]);
    assert_eq!(denied.code, 0, "{}\n{}", denied.out, denied.err);
    denied.prints("hands-off");
    assert_eq!(with(&["--strict-denials"]).code, 3);
}

#[test]
fn python_runs_and_is_held() {
    let place = Place::new();
    let ran = place.run(&[
        call(
            "python",
            json!({"code": "print(6 * 7); open('made.txt', 'w').write('x')"}),
        ),
        call("python", json!({"code": "open('/etc/passwd')"})),
        call(
            "python",
            json!({"code": "import urllib.request as r; r.urlopen('https://example.com/')"}),
        ),
        says("Done."),
    ]);
    ran.prints("42");
    ran.prints("A made.txt (1 B)");
    ran.prints("denied file /etc/passwd (rule: mounts: nothing is mounted there)");
    ran.prints("denied http GET https://example.com:443/ (rule: ci: no rule)");
    assert_eq!(ran.code, 1, "the last call failed: {}", ran.out);
}

#[test]
fn data_is_read_where_it_is_and_nothing_else_of_it() {
    let place = Place::new();
    for name in ["train", "other"] {
        std::fs::create_dir(place.path(name)).unwrap();
        std::fs::write(place.path(name).join("rows.csv"), "a,b\n1,2\n").unwrap();
    }
    let code = "\
import os
print('there:', os.listdir('/data'), os.listdir('/data/set-1'))
print('rows:', open('/data/set-1/rows.csv').read().split())
for name, act in {
    'write': lambda: open('/data/set-1/rows.csv', 'w'),
    'append': lambda: open('/data/set-1/rows.csv', 'a'),
    'add': lambda: open('/data/set-1/new.csv', 'w'),
    'mkdir': lambda: os.mkdir('/data/set-1/new'),
    'remove': lambda: os.remove('/data/set-1/rows.csv'),
    'rename': lambda: os.rename('/data/set-1/rows.csv', '/data/set-1/x'),
    'beside': lambda: open('/data/new.csv', 'w'),
    'up': lambda: open('/data/set-1/../../other/rows.csv'),
    'other': lambda: open('/data/other/rows.csv'),
}.items():
    try:
        print(name, 'done', act())
    except OSError as error:
        print(name, type(error).__name__)
";
    let turns = [call("python", json!({ "code": code })), says("Done.")];
    let data = format!("set-1={}", place.path("train").display());
    let ran = Ran::of(
        place
            .command(&turns)
            .args(["--data", &data])
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    ran.prints("there: ['outputs', 'set-1'] ['rows.csv']");
    ran.prints("rows: ['a,b', '1,2']");
    for refused in [
        "write", "append", "add", "mkdir", "remove", "rename", "beside", "up",
    ] {
        ran.prints(&format!("{refused} PermissionError"));
    }
    ran.prints("other FileNotFoundError");
    for name in ["train", "other"] {
        let left: Vec<_> = std::fs::read_dir(place.path(name)).unwrap().collect();
        assert_eq!(left.len(), 1, "{name}");
        assert_eq!(
            std::fs::read_to_string(place.path(name).join("rows.csv")).unwrap(),
            "a,b\n1,2\n"
        );
    }

    // (arguments, what is said)
    const NAMES: &str =
        "the name has letters, digits, `-`, `_` and `.`, and begins with a letter or digit";
    let train = place.path("train").display().to_string();
    let rows = [
        (vec!["train".to_owned()], "expected NAME=DIRECTORY"),
        (vec![format!("={train}")], NAMES),
        (vec![format!("../x={train}")], NAMES),
        (vec![format!("a/b={train}")], NAMES),
        (vec![format!(".hidden={train}")], NAMES),
        (
            vec![format!("x={}", place.path("nowhere").display())],
            "No such file or directory",
        ),
        (vec![format!("x={train}/rows.csv")], "not a directory"),
        (
            vec![format!("x={train}"), format!("x={train}")],
            "another directory has this name",
        ),
        // Where long outputs are.
        (
            vec![format!("outputs={train}")],
            "another directory has this name",
        ),
    ];
    for (data, problem) in rows {
        let _ = std::fs::remove_dir_all(place.path("session"));
        let mut command = place.command(&turns);
        for one in &data {
            command.args(["--data", one]);
        }
        let ran = Ran::of(command.output().unwrap());
        assert_eq!(ran.code, 2, "{data:?}: {}", ran.out);
        let expected = format!("--data {}: {problem}", data[data.len() - 1]);
        assert!(ran.err.contains(&expected), "{data:?}: {}", ran.err);
        assert!(!place.journal().exists(), "{data:?}");
    }
}

#[test]
fn code_calls_tools_as_far_as_the_policy_allows_outright() {
    let place = Place::new();
    let policy = std::fs::read_to_string(root().join("configs/policies/ci.toml")).unwrap();
    let policy = policy.split("[[expect]]").next().unwrap().to_owned()
        + "\n[[rule]]\nname = \"hands-off\"\ndecision = \"deny\"\ntools = [\"files/write\"]\neffects = [\"write\"]\n";
    std::fs::write(place.path("policy.toml"), policy).unwrap();
    let code = "\
from ml_intern import tools
print(sorted(tool['name'] for tool in tools.available()))
notes = tools.read(path='notes.txt')
print('read:', len(notes.splitlines()), 'lines of', notes.structured['path'])
for call in (
    lambda: tools.write(path='new.txt', content='x'),
    lambda: tools.nothing(),
    lambda: tools.read(),
    lambda: tools.python(code='from ml_intern import tools; tools.read(path=\"notes.txt\")'),
):
    try:
        print('allowed:', call())
    except Exception as error:
        print(type(error).__name__, str(error).strip().splitlines()[-2 if 'Traceback' in str(error) else 0])
";
    let ran = Ran::of(
        place
            .command(&[call("python", json!({ "code": code })), says("Done.")])
            .arg("--policy")
            .arg(place.path("policy.toml"))
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    const TOOLS: &str = "bash, edit, explore_hf_docs, fetch_hf_docs, find_hf_api, github_find_examples, github_list_repos, \
                         github_read_file, hf_inspect_dataset, hf_jobs, hf_papers, hf_repo_files, hf_repo_git, \
                         inspect_data_file, notify, plan_tool, python, read, research, web_fetch, web_search, write";
    // As a narrow screen breaks them.
    let lines = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let out = lines(&ran.out).replace("│ ", "");
    let quoted: Vec<String> = TOOLS.split(", ").map(|name| format!("'{name}'")).collect();
    assert!(
        out.contains(&format!("[{}]", quoted.join(", "))),
        "{}",
        ran.out
    );
    ran.prints("read: ");
    ran.prints(
        "PermissionError [Errno 13] effect write is not allowed to code without asking (rule: ",
    );
    let named = format!("RuntimeError there is no tool named nothing; there are {TOOLS}");
    assert!(out.contains(&named), "{}", ran.out);
    ran.prints("RuntimeError invalid arguments: ");
    ran.prints(
        "RuntimeError RuntimeError: a tool that code called cannot run code that calls tools",
    );
    assert!(!ran.out.contains("new.txt ("), "{}", ran.out);
}

#[test]
fn changes_are_shown_committed_taken_back_and_discarded() {
    let place = Place::new();
    let ran = place.run(&[
        call("write", json!({"path": "new.txt", "content": "one\n"})),
        call(
            "write",
            json!({"path": ".github/workflows/x.yml", "content": "on: push\n"}),
        ),
        says("Done."),
    ]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    let session = place.path("session");
    let after = |arguments: &[&str]| {
        let mut command = binary();
        command.args(arguments).arg("--session").arg(&session);
        Ran::of(command.output().unwrap())
    };
    let real = place.path("workspace");

    let diff = after(&["diff"]);
    assert_eq!(diff.code, 0, "{}", diff.err);
    diff.prints("A new.txt (4 B)");
    diff.prints("+one");
    assert!(!real.join("new.txt").exists());

    let refused = after(&["commit"]);
    assert_eq!(refused.code, 3, "{}\n{}", refused.out, refused.err);
    assert!(
        refused.err.contains(".github/workflows/x.yml"),
        "{}",
        refused.err
    );
    assert!(!real.join("new.txt").exists(), "all or nothing");

    let done = after(&["commit", "new.txt"]);
    assert_eq!(done.code, 0, "{}\n{}", done.out, done.err);
    done.prints("A new.txt");
    assert_eq!(
        std::fs::read_to_string(real.join("new.txt")).unwrap(),
        "one\n"
    );
    assert!(!real.join(".github").exists());

    let back = after(&["undo", "--commit", "1"]);
    assert_eq!(back.code, 0, "{}\n{}", back.out, back.err);
    assert!(!real.join("new.txt").exists());

    let allowed = after(&["commit", "--allow", ".github/workflows/**"]);
    assert_eq!(allowed.code, 0, "{}\n{}", allowed.out, allowed.err);
    assert!(real.join(".github/workflows/x.yml").exists());

    let undone = after(&["undo"]);
    assert_eq!(undone.code, 0, "{}", undone.err);
    let gone = after(&["discard"]);
    assert_eq!(gone.code, 0, "{}", gone.err);
    assert!(real.join("new.txt").exists(), "what was committed stays");
    assert_eq!(after(&["diff"]).code, 2, "there is no session any more");
}

/// Everything that a session had said, done and kept is there when it goes on; what is undone is gone from all of it.
#[test]
fn a_session_goes_on_is_undone_and_is_copied() {
    let place = Place::new();
    let ran = place.run(&[
        call("write", json!({"path": "a.txt", "content": "one\n"})),
        says("First."),
    ]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    let session = place.path("session");
    let state = place.path("state");
    let resume = |turns: &[Value], more: &[&str]| {
        // The command writes the script; its own arguments are another command's.
        let arguments: Vec<std::ffi::OsString> = place
            .command(turns)
            .get_args()
            .map(std::ffi::OsStr::to_owned)
            .collect();
        let after = |name: &str| {
            let at = arguments.iter().position(|one| one == name).unwrap();
            [arguments[at].clone(), arguments[at + 1].clone()]
        };
        let mut command = binary();
        command
            .args(["resume", "go on"])
            .args(after("--model"))
            .args(after("--policy"))
            .args(after("--plugins"))
            .arg("--session")
            .arg(&session)
            .args(more)
            .env("XDG_STATE_HOME", &state);
        Ran::of(command.output().unwrap())
    };
    let after = |command: &str, session: &Path| {
        let ran = Ran::of(
            binary()
                .arg(command)
                .arg("--session")
                .arg(session)
                .output()
                .unwrap(),
        );
        assert_eq!(ran.code, 0, "{command}: {}\n{}", ran.out, ran.err);
        ran
    };
    let records = || -> Vec<Value> {
        let text = std::fs::read_to_string(place.journal()).unwrap();
        let records = text.lines().map(|line| serde_json::from_str(line).unwrap());
        records.collect()
    };
    let first = records().len();

    // It need not read again what it has seen: what the plugin keeps is there.
    let edit = json!({"path": "a.txt", "old_str": "one", "new_str": "two"});
    let ran = resume(&[call("edit", edit.clone()), says("Second.")], &[]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    ran.prints("A a.txt (4 B)");
    after("diff", &session).prints("+two");
    let verified = Ran::of(
        binary()
            .args(["journal", "verify"])
            .arg(place.journal())
            .output()
            .unwrap(),
    );
    verified.prints("intact;");
    let texts: Vec<Value> = records()
        .into_iter()
        .filter(|record| record["kind"] == "user_input")
        .map(|record| record["data"]["text"].clone())
        .collect();
    assert_eq!(texts, ["do it", "go on"]);

    // A copy of what it was before that goes another way, and leaves it alone.
    let at = first.to_string();
    let ran = resume(
        &[
            call("read", json!({"path": "a.txt"})),
            call(
                "edit",
                json!({"path": "a.txt", "old_str": "one", "new_str": "three"}),
            ),
            says("Other."),
        ],
        &["--fork", "--at", &at],
    );
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    let sessions = std::fs::read_dir(state.join("ml-intern/sessions")).unwrap();
    let [copy] = sessions
        .map(|one| one.unwrap().path())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    after("diff", &copy).prints("+three");
    after("diff", &session).prints("+two");
    let text = std::fs::read_to_string(copy.join("journal.jsonl")).unwrap();
    assert!(
        text.contains("First.") && !text.contains("Second."),
        "{text}"
    );

    // Undone: the words, the files, and what the plugin knew of them. In the copy too, also what it was given.
    after("undo", &session).prints("the session is as it was before: go on\n1 earlier turns");
    after("diff", &session).prints("+one");
    let ran = resume(&[call("edit", edit), says("Again.")], &[]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    after("diff", &session).prints("+two");
    after("undo", &copy).prints("before: go on");
    after("diff", &copy).prints("+one");
    after("undo", &copy).prints("before: do it\n0 earlier turns");
    after("diff", &copy).prints("no changes");
    after("undo", &copy).prints("there is no turn to undo");
}

/// A nested agent reads under the session's policy, in the journal of its call; two of them run in one turn.
#[test]
fn research_is_an_agent_under_the_same_policy() {
    let place = Place::new();
    let ask = |task: &str| json!({"name": "research", "arguments": {"task": task}});
    let reads = || {
        json!({"tool_calls": [
            {"name": "read", "arguments": {"path": "notes.txt"}},
            {"name": "bash", "arguments": {"command": "wc -l notes.txt"}},
            {"name": "write", "arguments": {"path": "x", "content": "y"}},
        ]})
    };
    let ran = place.run(&[
        json!({"tool_calls": [ask("count the lines"), ask("count the lines")]}),
        // Which agent says what is open, so both say the same.
        reads(),
        reads(),
        says("Three lines, and no other."),
        says("Three lines, and no other."),
        says("Done."),
    ]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    ran.prints("research: count the lines");
    ran.prints("✓ Three lines, and no other.");
    ran.prints("allow  agent");
    let text = std::fs::read_to_string(place.journal()).unwrap();
    let records: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let started: Vec<(&Value, &Value)> = records
        .iter()
        .filter(|record| record["kind"] == "call_start")
        .map(|record| (&record["data"]["tool"], &record["parent"]))
        .collect();
    let nested = started.iter().filter(|(_, parent)| !parent.is_null());
    assert_eq!(nested.count(), 4, "{started:?}");
    // It is offered what only observes or runs code; and not what writes, whatever the session has.
    let (_, told) = text
        .split_once("there is no tool `write`; the tools are: ")
        .unwrap();
    let told = told.split(['"', '\\']).next().unwrap();
    let mut told: Vec<&str> = told.split(", ").collect();
    told.sort_unstable();
    let expected = [
        "bash",
        "explore_hf_docs",
        "fetch_hf_docs",
        "find_hf_api",
        "github_find_examples",
        "github_list_repos",
        "github_read_file",
        "hf_inspect_dataset",
        "hf_papers",
        "hf_repo_files",
        "read",
        "web_search",
    ];
    assert_eq!(told, expected);

    // Without the rule, no agent runs.
    let policy = std::fs::read_to_string(root().join("configs/policies/ci.toml")).unwrap();
    let policy = policy
        .split("[[expect]]")
        .next()
        .unwrap()
        .replace("agents = \"all\"", "agents = []");
    let place = Place::new();
    std::fs::write(place.path("policy.toml"), policy).unwrap();
    let mut command = place.command(&[
        json!({"tool_calls": [ask("count the lines")]}),
        says("Not allowed."),
    ]);
    command.arg("--policy").arg(place.path("policy.toml"));
    let ran = Ran::of(command.output().unwrap());
    ran.prints("denied agent");
    assert!(!ran.out.contains("sub-agent"), "{}", ran.out);
}

/// The plan is shown, and outlives the process.
#[test]
fn a_plan_is_kept() {
    let place = Place::new();
    let todo = |id: &str, status: &str| json!({"id": id, "content": format!("step {id}"), "status": status});
    let plan = json!({"todos": [todo("1", "completed"), todo("2", "in_progress")]});
    let ran = place.run(&[
        call("plan_tool", plan),
        says("Going on."),
        says("Really done."),
        says("Really."),
    ]);
    ran.prints("  ✓ step 1\n  ▸ step 2\n  1/2 done\n");
    ran.prints("the plan is not finished, asked to go on: \"step 2\"");
    // The next turn of the session knows it still, and asks about it.
    let script = place.path("more.jsonl");
    std::fs::write(
        &script,
        format!("{}\n{}\n{}\n", says("Hm."), says("Hm."), says("Hm.")),
    )
    .unwrap();
    let mut command = binary();
    command
        .args(["resume", "go on", "--policy", "ci", "--model"])
        .arg(format!("scripted/{}", script.display()))
        .arg("--plugins")
        .arg(root().join("plugins/dist"))
        .arg("--session")
        .arg(place.path("session"));
    let ran = Ran::of(command.output().unwrap());
    ran.prints("the plan is not finished, asked to go on: \"step 2\"");
}

/// What is too long for the model is in a file that tools can read, and that none can write.
#[test]
fn a_long_output_is_kept_in_a_file() {
    let place = Place::new();
    let lines: String = (1..=20_000).map(|number| format!("{number}\n")).collect();
    let page = json!({"path": "/data/outputs/c1-echo.txt", "offset": 9_999, "limit": 2});
    let turns = [
        call("echo", json!({"text": lines})),
        call("read", page),
        call(
            "bash",
            json!({"command": "tail -n 1 /data/outputs/*; echo x > /data/outputs/c1-echo.txt"}),
        ),
        says("Done."),
    ];
    let mut command = place.command(&turns);
    command
        .arg("--plugins")
        .arg(root().join("plugins/dist/fixtures/echo.wasm"));
    let ran = Ran::of(command.output().unwrap());
    ran.prints("9999\n     10000    10000\n");
    ran.prints("20000");
    ran.prints("Permission denied");
    let kept = std::fs::read_to_string(place.path("session/outputs/c1-echo.txt")).unwrap();
    assert_eq!(kept, lines);
    let journal = std::fs::read_to_string(place.journal()).unwrap();
    assert!(journal.contains("/data/outputs/c1-echo.txt"));
}

#[test]
fn direct_is_the_directory_itself() {
    let place = Place::new();
    let turns = [
        call("write", json!({"path": "new.txt", "content": "one\n"})),
        says("Done."),
    ];
    let direct = format!("direct:{}", place.path("workspace").display());
    let ran = Ran::of(
        place
            .command(&turns)
            .args(["--workspace", &direct])
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    ran.prints("(the directory itself)");
    assert!(place.path("workspace").join("new.txt").exists());
    let session = place.path("session");
    let undone = Ran::of(
        binary()
            .arg("undo")
            .arg("--session")
            .arg(&session)
            .output()
            .unwrap(),
    );
    assert_eq!(undone.code, 0, "{}", undone.err);
    assert!(!place.path("workspace").join("new.txt").exists());
}

#[test]
fn json_is_one_event_a_line_and_ends_with_the_summary() {
    let place = Place::new();
    let turns = [call("read", json!({"path": "notes.txt"})), says("Done.")];
    let ran = Ran::of(place.command(&turns).arg("--json").output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let events: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let types: Vec<&str> = events
        .iter()
        .map(|event| event["event_type"].as_str().unwrap())
        .collect();
    assert_eq!(types[0], "ready");
    assert_eq!(types[types.len() - 1], "summary");
    for expected in [
        "processing",
        "tool_call",
        "tool_output",
        "receipt",
        "llm_call",
        "turn_complete",
    ] {
        assert!(types.contains(&expected), "{expected}: {types:?}");
    }
    let summary = &events[events.len() - 1]["data"];
    assert_eq!(summary["outcome"], "done");
    assert_eq!(summary["exit_code"], 0);
    assert_eq!(summary["changes"], json!([]));
    assert!(
        !ran.out.contains('\u{1b}'),
        "no colours where a program reads"
    );
}

#[test]
fn bad_input_is_named_and_nothing_is_made() {
    let place = Place::new();
    std::fs::write(
        place.path("bad.toml"),
        "version = 1\nname = \"x\"\ncolour = 3\n",
    )
    .unwrap();
    std::fs::write(place.path("bad.jsonl"), "{\"text\": \n").unwrap();
    std::fs::write(place.path("bad.wasm"), "not wasm").unwrap();
    let at = |name: &str| place.path(name).display().to_string();
    let rows: Vec<(Vec<String>, String)> = vec![
        (vec![], "no prompt".into()),
        (vec!["".into()], "no prompt".into()),
        (
            vec!["x".into(), "--model".into(), "gpt".into()],
            "no provider for the model id `gpt`".into(),
        ),
        (
            vec![
                "x".into(),
                "--model".into(),
                format!("scripted/{}", at("bad.jsonl")),
            ],
            format!("{}:1:", at("bad.jsonl")),
        ),
        (
            vec!["x".into(), "--model".into(), "scripted/none.jsonl".into()],
            "none.jsonl: cannot read the script".into(),
        ),
        (
            vec!["x".into(), "--policy".into(), at("bad.toml")],
            format!("{}:3", at("bad.toml")),
        ),
        (
            vec!["x".into(), "--policy".into(), "strict".into()],
            "policy strict: No such file".into(),
        ),
        (
            vec!["x".into(), "--workspace".into(), at("nowhere")],
            at("nowhere"),
        ),
        (
            vec!["x".into(), "--max-cost".into(), "-1".into()],
            "max-cost".into(),
        ),
        (
            vec!["journal".into(), "verify".into(), at("nowhere")],
            at("nowhere"),
        ),
    ];
    for (arguments, expected) in rows {
        let mut command = binary();
        command.args(&arguments);
        let session = place.path("refused");
        if arguments.first().is_some_and(|first| first != "journal") {
            command.arg("--session-dir").arg(&session);
        }
        let ran = Ran::of(command.output().unwrap());
        let code = if arguments.first().is_some_and(|first| first == "journal") {
            1
        } else {
            2
        };
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(&expected), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{arguments:?}");
        assert!(!session.join("journal.jsonl").exists(), "{arguments:?}");
    }
    // The image that setup has made, damaged since.
    let image = place
        .path("share/ml-intern/images")
        .join(sandbox::image::folder());
    std::fs::create_dir_all(&image).unwrap();
    std::fs::write(image.join("image.json"), "{").unwrap();
    let mut command = place.command(&[says("Done.")]);
    let ran = Ran::of(
        command
            .env("XDG_DATA_HOME", place.path("share"))
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 2, "{}", ran.out);
    let expected = format!(
        "{}: the image is damaged: EOF while parsing an object at line 1 column 1; run `ml-intern setup`",
        image.join("image.json").display()
    );
    assert!(ran.err.contains(&expected), "{}", ran.err);
    assert!(!place.journal().exists());
    let mut command = place.command(&[says("Done.")]);
    let ran = Ran::of(
        command
            .arg("--plugins")
            .arg(place.path("bad.wasm"))
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(
        ran.err
            .contains("bad.wasm: not a valid WebAssembly component"),
        "{}",
        ran.err
    );
}

#[test]
fn an_interrupt_ends_the_run_in_order() {
    let place = Place::new();
    let mut child = place
        .command(&[
            call(
                "python",
                json!({"code": "print('started', flush=True)\nwhile True: pass"}),
            ),
            says("Done."),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::{BufRead as _, BufReader, Read as _};
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("│ started") {
        line.clear();
        assert_ne!(
            out.read_line(&mut line).unwrap(),
            0,
            "it ended before it was interrupted"
        );
    }
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("ended      interrupted"), "{rest}");
    let verified = Ran::of(
        binary()
            .args(["journal", "verify"])
            .arg(place.journal())
            .output()
            .unwrap(),
    );
    verified.prints("ended with 130");
}

#[test]
fn secrets_of_the_process_are_not_written() {
    const TOKEN: &str = "hf_canary0123456789abcdef";
    let place = Place::new();
    std::fs::write(place.path("workspace/leak.txt"), format!("token {TOKEN}\n")).unwrap();
    let turns = [call("read", json!({"path": "leak.txt"})), says("Done.")];
    let ran = Ran::of(
        place
            .command(&turns)
            .env("HF_TOKEN", TOKEN)
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    let journal = std::fs::read_to_string(place.journal()).unwrap();
    assert!(!journal.contains(TOKEN));
    assert!(journal.contains("[secret:HF_TOKEN]"));
    // The guest's environment has none of it either.
    let turns = [
        call(
            "python",
            json!({"code": "import os; print(sorted(os.environ))"}),
        ),
        says("Done."),
    ];
    std::fs::remove_dir_all(place.path("session")).unwrap();
    let ran = Ran::of(
        place
            .command(&turns)
            .env("HF_TOKEN", TOKEN)
            .output()
            .unwrap(),
    );
    assert!(!ran.out.contains("HF_TOKEN"), "{}", ran.out);
}

/// A model behind a local server, spoken to in the format of such servers: it calls a tool, and its last words are shown.
#[test]
fn a_local_server_is_a_model() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let chunks = |pieces: &[Value]| {
        let mut text: String = pieces
            .iter()
            .map(|piece| format!("data: {piece}\n\n"))
            .collect();
        text.push_str("data: [DONE]\n\n");
        text
    };
    let choice = |delta: Value, finish: Value| json!({"id": "1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    let call = json!([{"index": 0, "id": "c1", "type": "function", "function": {"name": "write", "arguments": "{\"path\": \"hello.txt\", \"content\": \"hi\"}"}}]);
    let answers = [
        chunks(&[
            choice(
                json!({"role": "assistant", "tool_calls": call}),
                Value::Null,
            ),
            choice(json!({}), json!("tool_calls")),
        ]),
        chunks(&[
            choice(json!({"role": "assistant", "content": "All "}), Value::Null),
            choice(json!({"content": "written."}), json!("stop")),
        ]),
    ];
    let server = std::thread::spawn(move || {
        let mut answers = answers.into_iter();
        let mut asked = Vec::new();
        while answers.len() > 0 {
            let (mut socket, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 65_536];
            let body = loop {
                let read = socket.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let length: usize = head
                        .to_lowercase()
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                        .unwrap_or(0);
                    if body.len() >= length {
                        break body.to_owned();
                    }
                }
                assert!(read > 0, "{text}");
            };
            let (status, kind, answer) = if request.starts_with(b"POST /v1/chat/completions ") {
                asked.push(body);
                ("200 OK", "text/event-stream", answers.next().unwrap())
            } else {
                ("404 Not Found", "text/plain", String::new())
            };
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                answer.len()
            );
            socket.write_all(head.as_bytes()).unwrap();
            socket.write_all(answer.as_bytes()).unwrap();
        }
        asked
    });
    let place = Place::new();
    let mut command = place.command(&[]);
    command
        .args(["--model", "llamacpp/tiny"])
        .env("LLAMACPP_BASE_URL", format!("http://127.0.0.1:{port}"));
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    ran.prints("All written.");
    ran.prints("A hello.txt (2 B)");
    let asked = server.join().unwrap();
    let [first, second] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert!(first.contains("do it"), "{first}");
    assert!(second.contains("\"tool_call_id\":\"c1\""), "{second}");
    // What comes before the conversation is the same byte for byte, so that the provider's cache has it, and small.
    let prefix = |body: &str| {
        let request: Value = serde_json::from_str(body).unwrap();
        let system = request["messages"][0].clone();
        assert_eq!(system["role"], "system");
        (system.to_string(), request["tools"].to_string())
    };
    let (system, tools) = prefix(first);
    assert_eq!(prefix(second), (system.clone(), tools.clone()));
    assert!(first.contains(&system) && first.contains(&tools));
    assert!(system.contains("# What this run may do"), "{system}");
    // Tokenizers take 4 bytes and more of English and of JSON a token.
    let tokens = (system.len() + tools.len()) / 4;
    assert!(
        tokens < 10_000,
        "{tokens} tokens: {} bytes of prompt, {} of tools",
        system.len(),
        tools.len()
    );
    let journal = std::fs::read_to_string(place.journal()).unwrap();
    let request = format!("http POST http://127.0.0.1:{port}/v1/chat/completions");
    assert!(journal.contains(&request), "{journal}");

    // The same model, where the policy does not know the host's own work.
    let policy = std::fs::read_to_string(root().join("configs/policies/ci.toml")).unwrap();
    let (rules, _) = policy.split_once("# ---- the model provider").unwrap();
    let place = Place::new();
    std::fs::write(place.path("policy.toml"), rules).unwrap();
    let mut command = place.command(&[]);
    command
        .args(["--model", "llamacpp/tiny", "--policy"])
        .arg(place.path("policy.toml"))
        .env("LLAMACPP_BASE_URL", format!("http://127.0.0.1:{port}"));
    let ran = Ran::of(command.output().unwrap());
    assert_ne!(ran.code, 0);
    ran.prints("the policy denies the model provider");
}
