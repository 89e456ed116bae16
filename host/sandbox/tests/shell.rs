//! The `bash` tool: what scripts print, how they end, and what they cannot reach. Needs the image that `make setup`
//! installs, for `python`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use serde_json::json;
use support::tool::{Answer, Tool};

async fn bash() -> Tool {
    let tool = Tool::new("shell.wasm", "bash").await;
    std::fs::write(
        tool.workspace().join("a.txt"),
        "beta 2\nalpha 1\ngamma 3\nalpha 4\n",
    )
    .unwrap();
    std::fs::create_dir_all(tool.workspace().join("src/deep")).unwrap();
    std::fs::write(
        tool.workspace().join("src/one.py"),
        "import sys\nprint('one', sys.argv[1:])\n",
    )
    .unwrap();
    std::fs::write(tool.workspace().join("src/deep/two.py"), "TODO = 2\n").unwrap();
    std::fs::write(
        tool.workspace().join("d.json"),
        r#"{"rows": [{"n": 1}, {"n": 2}]}"#,
    )
    .unwrap();
    tool
}

/// The text without the last line, and the exit code.
fn shown(answer: Answer) -> (String, i32) {
    let text = match answer.0.result {
        Ok(_) => answer.text(),
        Err(_) => answer.error(),
    };
    let end = text
        .rfind("[exit code ")
        .unwrap_or_else(|| panic!("{text}"));
    let code = text
        .get(end + "[exit code ".len()..)
        .and_then(|rest| rest.split([',', ']']).next())
        .unwrap();
    (text.get(..end).unwrap().to_owned(), code.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts() {
    let tool = bash().await;
    let none = "(no output)\n";
    let rows: &[(&str, &str, i32)] = &[
        ("echo hello", "hello\n", 0),
        ("pwd", "/workspace\n", 0),
        ("true", none, 0),
        ("false", none, 1),
        ("exit 7", none, 7),
        ("ls", "a.txt\nd.json\nsrc\n", 0),
        ("ls src", "deep\none.py\n", 0),
        ("cat a.txt | sort | head -2", "alpha 1\nalpha 4\n", 0),
        ("tail -n 1 a.txt", "alpha 4\n", 0),
        ("sort -k2 -n -r a.txt | head -n 1", "alpha 4\n", 0),
        (
            "cut -d' ' -f1 a.txt | sort | uniq -c | sort -rn | head -1 | tr -s ' '",
            " 2 alpha\n",
            0,
        ),
        ("wc -l < a.txt", "4\n", 0),
        ("grep -n alpha a.txt", "2:alpha 1\n4:alpha 4\n", 0),
        ("grep -c alpha a.txt", "2\n", 0),
        ("grep -rn TODO src", "src/deep/two.py:1:TODO = 2\n", 0),
        ("grep -E '^(beta|gamma)' a.txt", "beta 2\ngamma 3\n", 0),
        ("grep nothing a.txt", none, 1),
        ("sed 's/alpha/omega/' a.txt | grep -c omega", "2\n", 0),
        ("sed -n '2,3p' a.txt", "alpha 1\ngamma 3\n", 0),
        ("awk '{s += $2} END {print s}' a.txt", "10\n", 0),
        (
            "awk -F' ' '$1 == \"alpha\" {print NR\": \"$2}' a.txt",
            "2: 1\n4: 4\n",
            0,
        ),
        (
            "find . -name '*.py' | sort",
            "./src/deep/two.py\n./src/one.py\n",
            0,
        ),
        ("find src -type d | sort", "src\nsrc/deep\n", 0),
        (
            "find . -name '*.py' | sort | xargs wc -l | tail -1 | tr -s ' '",
            " 3 total\n",
            0,
        ),
        ("jq '.rows[].n' d.json", "1\n2\n", 0),
        ("jq -r '.rows | length' d.json", "2\n", 0),
        ("for i in 1 2 3; do echo -n $i; done; echo", "123\n", 0),
        (
            "i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i",
            "3\n",
            0,
        ),
        (
            "f() { echo \"<$1>\"; return 4; }; f x; echo $?",
            "<x>\n4\n",
            0,
        ),
        ("set -e; false; echo no", none, 1),
        ("false || echo or; true && echo and", "or\nand\n", 0),
        ("x=(a b c); echo ${#x[@]} ${x[1]}", "3 b\n", 0),
        ("declare -A m; m[k]=v; echo ${m[k]}", "v\n", 0),
        (
            "name=train.py; echo ${name%.py} ${name##*.}",
            "train py\n",
            0,
        ),
        ("echo $((2**10)) $((7/2))", "1024 3\n", 0),
        ("[[ abc == a* ]] && echo yes", "yes\n", 0),
        (
            "case x.py in *.py) echo py;; *) echo other;; esac",
            "py\n",
            0,
        ),
        ("cat <<EOF\nline $((1+1))\nEOF", "line 2\n", 0),
        ("cat <<'EOF'\n$x\nEOF", "$x\n", 0),
        (
            "echo one > new.txt; echo two >> new.txt; cat new.txt; rm new.txt",
            "one\ntwo\n",
            0,
        ),
        ("ls nothing 2>/dev/null || echo missing", "missing\n", 0),
        ("echo out; echo err >&2", "out\nerr\n", 0),
        (
            "mkdir -p x/y; touch x/y/z; ls x/y; rm -r x; ls -d x 2>/dev/null",
            "z\n",
            2,
        ),
        (
            "cp a.txt b.txt; mv b.txt c.txt; cmp a.txt c.txt && echo same; rm c.txt",
            "same\n",
            0,
        ),
        ("diff <(echo a) <(echo b)", "1c1\n< a\n---\n> b\n", 1),
        (
            "seq 1 3 | paste -sd+ | tee sum.txt; rm sum.txt",
            "1+2+3\n",
            0,
        ),
        (
            "basename src/one.py .py; dirname src/one.py",
            "one\nsrc\n",
            0,
        ),
        ("printf '%03d %s\\n' 7 x", "007 x\n", 0),
        ("date -d @0 -u +%Y-%m-%d", "1970-01-01\n", 0),
        (
            "tar -czf t.tgz src && tar -tzf t.tgz | grep -c py; rm t.tgz",
            "2\n",
            0,
        ),
        (
            "gzip -k a.txt && gunzip -c a.txt.gz | head -1; rm a.txt.gz",
            "beta 2\n",
            0,
        ),
        ("echo abc | sha256sum | cut -c1-8", "edeaaff3\n", 0),
        ("X=1 env | grep '^X='", "X=1\n", 0),
        ("echo a,b | tr ',' '\\n'", "a\nb\n", 0),
        ("set -o pipefail; false | true; echo $?", "1\n", 0),
        (
            "true | false; echo ${PIPESTATUS[0]} ${PIPESTATUS[1]}",
            "0 1\n",
            0,
        ),
        ("echo $(echo nested $(echo twice))", "nested twice\n", 0),
        ("read -r a b <<< 'x y z'; echo \"$b\"", "y z\n", 0),
        ("trap 'echo bye' EXIT; echo hi", "hi\nbye\n", 0),
        ("cd src && pwd && ls", "/workspace/src\ndeep\none.py\n", 0),
        (
            "echo '#!/bin/bash\necho script $1' > s.sh; bash s.sh a; ./s.sh b; rm s.sh",
            "script a\nscript b\n",
            0,
        ),
        ("python src/one.py a 'b c'", "one ['a', 'b c']\n", 0),
        ("python3 -c 'print(6*7)'", "42\n", 0),
        ("echo 'print(1+1)' | python -", "2\n", 0),
        (
            "python - <<'EOF'\nimport sys\nprint('here')\nsys.exit(3)\nEOF",
            "here\n",
            3,
        ),
        (
            "FOO=bar python -c 'import os; print(os.environ[\"FOO\"])'",
            "bar\n",
            0,
        ),
        (
            "cd src && python -c 'import os; print(os.getcwd())'",
            "/workspace/src\n",
            0,
        ),
        ("python -c 'print(\"x\\n\"*3)' | grep -c x", "3\n", 0),
        ("timeout 1h python -c 'print(1)'", "1\n", 0),
        ("timeout 1h sleep 0 && echo slept", "slept\n", 0),
        ("timeout 0.2 sleep 30; echo $?", "124\n", 0),
        (
            "timeout 0.3 python -c 'while True: pass' 2>/dev/null; echo $?",
            "124\n",
            0,
        ),
        (
            "timeout 0.3 bash -c 'python -c \"while True: pass\"' 2>/dev/null; echo $?",
            "124\n",
            0,
        ),
        (
            "timeout 0.3 true; python -c 'import os; print(\"TIMEOUT_UNTIL_MS\" in os.environ)'",
            "False\n",
            0,
        ),
        ("command -v python >/dev/null && echo found", "found\n", 0),
        (
            "python -c 'import json,sys; print(json.load(sys.stdin)[\"rows\"][1][\"n\"])' < d.json",
            "2\n",
            0,
        ),
    ];
    let mut wrong = Vec::new();
    for (script, text, code) in rows {
        let found = shown(tool.call(json!({ "command": script })).await);
        if found != ((*text).to_owned(), *code) {
            wrong.push(format!(
                "{script}\n  found    {found:?}\n  expected {:?}",
                (text, code)
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_here_says_what_to_use() {
    let tool = bash().await;
    for (script, part) in [
        (
            "apt-get install x",
            "apt-get: not available: there are no system packages here",
        ),
        ("uv pip install x", "uv: not available: use pip"),
        (
            "nvidia-smi",
            "nvidia-smi: not available: there is no GPU here; what needs one runs on Hugging Face Jobs",
        ),
        (
            "docker ps",
            "docker: not available: there are no containers here",
        ),
        (
            "ssh example.com",
            "ssh: not available: only HTTP goes out, through curl",
        ),
        (
            "git status",
            "git: not available: the workspace is a private copy",
        ),
        ("surely-not-a-command", "command not found"),
    ] {
        let (text, code) = shown(tool.call(json!({ "command": script })).await);
        assert!(text.contains(part), "{script}: {text}");
        assert_eq!(code, 127, "{script}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leads_out() {
    let tool = bash().await;
    for script in [
        "cat /etc/shadow",
        "cat /proc/1/environ",
        "echo x > /etc/new",
        "echo x > /nope",
        "mkdir /data",
        "ln -s /etc/passwd link && cat link",
        "cp a.txt /root/x",
        "cat /etc/ssl/certs/ca-certificates.crt",
    ] {
        let (text, code) = shown(tool.call(json!({ "command": script })).await);
        assert_ne!(code, 0, "{script}: {text}");
    }
    // The shell makes its users up; those of the host are not among them.
    let (users, _) = shown(tool.call(json!({"command": "cat /etc/passwd"})).await);
    let real = std::fs::read_to_string("/etc/passwd").unwrap();
    for user in real.lines().filter(|user| !user.starts_with("nobody:")) {
        assert!(!users.lines().any(|line| line == user), "{users}");
    }
    let script = "echo x > /tmp/ok && cat /tmp/ok > /dev/null && cat /tmp/ok";
    let (text, code) = shown(tool.call(json!({ "command": script })).await);
    assert_eq!((text.as_str(), code), ("x\n", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_without_end_is_stopped_and_the_next_one_works() {
    let tool = bash().await;
    for script in [
        "while true; do :; done",
        "sleep 30",
        "python -c 'while True: pass'",
        "awk 'BEGIN { while (1) x++ }'",
    ] {
        let since = std::time::Instant::now();
        let answer = tool.call(json!({"command": script, "timeout": 1})).await;
        assert!(answer.0.result.is_err(), "{script}");
        // Generous; what is held here is that it was not waited for.
        assert!(since.elapsed().as_secs() < 20, "{script}");
        let (text, code) = shown(tool.call(json!({"command": "echo next"})).await);
        assert_eq!((text.as_str(), code), ("next\n", 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_output_is_in_a_file_that_the_text_names() {
    let tool = bash().await;
    let answer = tool.call(json!({"command": "seq 1 20000"})).await;
    let (text, code) = shown(answer);
    assert_eq!(code, 0);
    assert!(
        text.starts_with("1\n2\n") && text.contains("\n20000\n"),
        "{}",
        text.len()
    );
    assert!(text.contains("[all of the output is in /tmp/bash_output_1.txt]"));
    let (lines, _) = shown(
        tool.call(json!({"command": "wc -l < /tmp/bash_output_1.txt"}))
            .await,
    );
    assert_eq!(lines, "20000\n");
    let (short, _) = shown(tool.call(json!({"command": "seq 1 3"})).await);
    assert_eq!(short, "1\n2\n3\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_are_checked() {
    let tool = bash().await;
    for (arguments, pointer) in [
        (json!({"command": " "}), "/command"),
        (json!({"command": "ls", "timeout": 0}), "/timeout"),
        (json!({"command": "ls", "work_dir": "/etc"}), "/work_dir"),
    ] {
        let answer = tool.call(arguments.clone()).await;
        let error = answer.0.result.unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("invalid arguments: {pointer}: ")),
            "{arguments}: {error}"
        );
    }
    let (text, _) = shown(
        tool.call(json!({"command": "pwd", "work_dir": "src"}))
            .await,
    );
    assert_eq!(text, "/workspace/src\n");
}
