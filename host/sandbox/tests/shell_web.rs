//! What scripts reach: `curl` and `wget` as far as the policy allows, and packages through `pip`. Needs the image that
//! `make setup` installs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use std::collections::BTreeMap;

use policy::Policy;
use serde_json::json;
use support::tool::Tool;
use support::web::{PACKAGES, Server, allow, call, index, policy, wheel};

/// What a script printed, without the last line; its exit code; and what was refused, as `subject (rule)`.
async fn run(tool: &Tool, policy: &Policy, script: &str) -> (String, i32, Vec<String>) {
    let answer = call(tool, policy, json!({"command": script})).await;
    let denials = answer
        .0
        .denials
        .iter()
        .map(|one| format!("{} ({})", one.subject, one.rule))
        .collect();
    let text = match answer.0.result {
        Ok(_) => answer.text(),
        Err(_) => answer.error(),
    };
    let (text, end) = text.rsplit_once("[exit code ").unwrap();
    let code = end.split([',', ']']).next().unwrap().parse().unwrap();
    (text.to_owned(), code, denials)
}

async fn server() -> Server {
    Server::start(BTreeMap::from([
        ("/api/a".to_owned(), b"hello\n".to_vec()),
        ("/api/bytes".to_owned(), vec![0xff, 0, b'\r', b'\n', 0xfe]),
        ("/api/large".to_owned(), vec![b'x'; 3 << 20]),
        ("/other".to_owned(), b"secret\n".to_vec()),
    ]))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_does_what_scripts_ask_of_it() {
    let server = server().await;
    let origin = server.origin();
    let policy = policy(&allow(
        "shell",
        &origin,
        "[\"GET\", \"HEAD\", \"POST\", \"PUT\"]",
        "\"all\"",
    ));
    let tool = Tool::new("shell.wasm", "bash").await;
    let none = "(no output)\n";
    let rows: &[(&str, &str, i32)] = &[
        ("curl BASE/api/a", "hello\n", 0),
        ("curl -sSfL HOST/api/a | tr a-z A-Z", "HELLO\n", 0),
        // Files, relative to where the script is, and byte for byte.
        (
            "mkdir d; cd d; curl -so ../x BASE/api/bytes && od -An -tx1 ../x | tr -d ' '",
            "ff000d0afe\n",
            0,
        ),
        ("curl -sO BASE/api/a && cat a", "hello\n", 0),
        (
            "curl -s --create-dirs -o new/deep/f BASE/api/a && cat new/deep/f",
            "hello\n",
            0,
        ),
        (
            "curl -s -o /dev/null -w '%{http_code} %{size_download}\\n' BASE/api/large",
            "200 3145728\n",
            0,
        ),
        ("curl -so big BASE/api/large && wc -c < big", "3145728\n", 0),
        ("curl -s -o /etc/x BASE/api/a", none, 23),
        (
            "curl -sS -o /etc/x BASE/api/a",
            "curl: (23) cannot write /etc/x: io error: /etc: only /workspace and /tmp can be written here\n",
            23,
        ),
        // Statuses.
        ("curl -s BASE/none", "nothing here\n", 0),
        (
            "curl -f BASE/none",
            "curl: (22) The requested URL returned error: 404\n",
            22,
        ),
        (
            "curl -sf -o kept BASE/none; echo $?; ls kept 2>/dev/null",
            "22\n",
            2,
        ),
        ("curl -s --fail-with-body BASE/none", "nothing here\n", 22),
        (
            "curl -s -w '%{http_code}' BASE/none -o /dev/null && echo",
            "404\n",
            0,
        ),
        // Bodies.
        ("curl -s -d a=1 -d b=2 BASE/echo && echo", "a=1&b=2\n", 0),
        (
            "printf 'x\\ny' > f; curl -s -d @f BASE/echo && echo",
            "xy\n",
            0,
        ),
        (
            "printf 'x\\ny' | curl -s --data-binary @- BASE/echo && echo",
            "x\ny\n",
            0,
        ),
        (
            "curl -s --data-urlencode 'q=a b&c' BASE/echo && echo",
            "q=a%20b%26c\n",
            0,
        ),
        ("curl -s -T f BASE/echo && echo", "x\ny\n", 0),
        (
            "curl -s -F a=1 -F 'f=@f;type=text/csv' BASE/echo | tr -d '\\r' | grep -v ^--",
            "Content-Disposition: form-data; name=\"a\"\n\n1\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\nContent-Type: text/csv\n\nx\ny\n",
            0,
        ),
        (
            "curl -s --json '{}' -H 'X-A: b' BASE/head | grep -iE '^(post|accept|content-type|content-length|x-a|user-agent)' | sort -f | sed 's/ml-intern.*//'",
            "accept-encoding: identity\naccept: application/json\ncontent-length: 2\ncontent-type: application/json\nPOST /head HTTP/1.1\nuser-agent: curl/8 \nx-a: b\n",
            0,
        ),
        (
            "curl -sG -d q=1 BASE/head | head -1",
            "GET /head?q=1 HTTP/1.1\n",
            0,
        ),
        // Heads.
        (
            "curl -sI BASE/api/a | grep -ciE '^(HTTP/1.1 200|content-length: 6)'",
            "2\n",
            0,
        ),
        (
            "curl -si BASE/api/a | tr -d '\\r' | sed -n '1p;$p'",
            "HTTP/1.1 200\nhello\n",
            0,
        ),
        (
            "curl -sv BASE/api/a 2>&1 >/dev/null | grep -cE '^[<>]' | sed 's/[0-9]*/some/'",
            "some\n",
            0,
        ),
        // Redirects, each hop a request of its own.
        (
            "curl -s -o /dev/null -w '%{http_code} %{redirect_url}\\n' BASE/to/302?b",
            "302 BASE/to/b\n",
            0,
        ),
        ("curl -sL BASE/to/302?/api/a", "hello\n", 0),
        ("curl -sL -d x BASE/to/307?/echo && echo", "x\n", 0),
        (
            "curl -sL -d x BASE/to/303?/head | head -1",
            "GET /head HTTP/1.1\n",
            0,
        ),
        (
            "curl -L --max-redirs 0 BASE/to/302?/api/a",
            "curl: (47) Maximum (0) redirects followed\n",
            47,
        ),
        (
            "curl -sL -o /dev/null -w '%{url_effective} %{num_redirects}\\n' BASE/to/301?/to/302?/api/a",
            "BASE/api/a 2\n",
            0,
        ),
        // What cannot be done.
        (
            "curl",
            "curl: no URL specified\ncurl: try 'curl --help' for more information\n",
            2,
        ),
        (
            "curl -s --nonsense BASE",
            "curl: option --nonsense: is unknown\ncurl: try 'curl --help' for more information\n",
            2,
        ),
        (
            "curl -sH 'Cookie: a=b' BASE 2>&1 | head -1",
            "curl: the header 'Cookie' cannot be set here: credentials are put on by the host, where the policy names one for the origin\n",
            0,
        ),
        (
            "curl 'http://a b/'",
            "curl: (3) URL rejected: \"http://a b/\": white space has to be percent-encoded in a URL\n",
            3,
        ),
        (
            "curl ftp://a.example/",
            "curl: (1) Protocol \"ftp\" not supported: only HTTP goes out\n",
            1,
        ),
        (
            "curl -d @missing BASE/echo 2>&1 | cut -c1-33",
            "curl: (26) Failed to open missing\n",
            0,
        ),
        ("curl -s --max-filesize 5 BASE/api/a", none, 63),
        // wget.
        ("wget -qO- BASE/api/a", "hello\n", 0),
        (
            "wget BASE/api/a -P got && cat got/a",
            "hello\n'got/a' saved [6]\n",
            0,
        ),
        ("wget -q BASE/none", none, 8),
    ];
    let mut wrong = Vec::new();
    for (script, text, code) in rows {
        let host = format!("127.0.0.1:{}", server.port);
        let script = script.replace("BASE", &origin).replace("HOST", &host);
        let (found, ended, _) = run(&tool, &policy, &script).await;
        let found = (found.replace(&origin, "BASE"), ended);
        if found != ((*text).to_owned(), *code) {
            let expected = (text, code);
            wrong.push(format!(
                "{script}\n  found    {found:?}\n  expected {expected:?}"
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
async fn what_no_rule_allows_is_refused_and_recorded() {
    let server = server().await;
    let elsewhere = Server::start(BTreeMap::from([("/b".to_owned(), b"there\n".to_vec())])).await;
    let (origin, other) = (server.origin(), elsewhere.origin());
    let rule = allow("shell", &origin, "[\"GET\"]", "[\"/api\", \"/to\"]");
    let narrow = policy(&rule);
    let tool = Tool::new("shell.wasm", "bash").await;
    let denied = |subject: &str| {
        format!(
            "curl: (7) {subject}: denied: the policy does not allow this request; the host's record of this call names the rule and what would have to be added\n"
        )
    };
    let redirect =
        format!("curl -sL -w '%{{http_code}} %{{num_redirects}}\\n' {origin}/to/302?{other}/b");
    for (script, subject, printed) in [
        // A path, a method, an origin; `-s` does not hide it.
        (
            format!("curl -s {origin}/other"),
            format!("http GET {origin}/other"),
            "",
        ),
        (
            format!("curl -s -d x {origin}/api/a"),
            format!("http POST {origin}/api/a"),
            "",
        ),
        (
            format!("curl -s {other}/b"),
            format!("http GET {other}/b"),
            "",
        ),
        // The first hop is allowed, the second is not.
        (redirect.clone(), format!("http GET {other}/b"), "302 1\n"),
    ] {
        let (text, code, denials) = run(&tool, &narrow, &script).await;
        assert_eq!(
            (text, code),
            (format!("{printed}{}", denied(&subject)), 7),
            "{script}"
        );
        assert_eq!(denials, [format!("{subject} (test: no rule)")], "{script}");
    }
    assert!(elsewhere.seen.lock().unwrap().is_empty());
    let seen = server.seen.lock().unwrap().join("\n");
    assert!(!seen.contains("/other") && !seen.contains("POST"), "{seen}");

    // The twins: the same scripts, where rules name what they reach.
    let wide = policy(&format!(
        "{}{}",
        allow("shell", &origin, "[\"GET\", \"POST\"]", "\"all\""),
        allow("shell", &other, "[\"GET\"]", "\"all\"")
    ));
    for (script, expected) in [
        (format!("curl -s {origin}/other"), "secret\n"),
        (format!("curl -s -d x {origin}/api/a"), "hello\n"),
        (format!("curl -s {other}/b"), "there\n"),
        (redirect, "there\n200 1\n"),
    ] {
        let found = run(&tool, &wide, &script).await;
        assert_eq!(found, (expected.to_owned(), 0, Vec::new()), "{script}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_given_up() {
    // It takes connections, and nobody reads from them.
    let silent = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    let origin = format!("http://{}", silent.local_addr().unwrap());
    let policy = policy(&allow("shell", &origin, "[\"GET\"]", "\"all\""));
    let tool = Tool::new("shell.wasm", "bash").await;
    for script in [
        format!("curl -m 0.3 -s {origin}/"),
        format!("timeout 0.3 curl -s {origin}/"),
    ] {
        let (_, code, _) = run(&tool, &policy, &script).await;
        assert!(matches!(code, 28 | 124), "{script}: {code}");
    }
    drop(silent);
    let (text, code, _) = run(&tool, &policy, &format!("curl {origin}/")).await;
    assert_eq!(code, 7, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pip_installs_for_the_session_where_the_policy_allows_the_index() {
    let files = [
        wheel("alpha", "1.2", "py3-none-any", &["beta>=2"]),
        wheel("beta", "2.0", "py3-none-any", &[]),
    ];
    let server = Server::start(index(&files)).await;
    let origin = server.origin();
    let tool = Tool::patient(
        "shell.wasm",
        "bash",
        ml_intern_sandbox::PATIENCE,
        &[("PIP_INDEX_URL", &format!("{origin}/simple"))],
    )
    .await;
    let script =
        "pip install alpha && python -c 'import alpha, beta; print(alpha.version, beta.version)'";

    let (text, code, denials) = run(&tool, &policy(PACKAGES), script).await;
    assert_ne!(code, 0, "{text}");
    let refused = format!("http GET {origin}/simple/alpha/ (test: no rule)");
    assert!(denials.contains(&refused), "{denials:?}");

    let open = policy(&format!(
        "{}{PACKAGES}",
        allow("shell", &origin, "[\"GET\"]", "\"all\"")
    ));
    let (text, code, _) = run(&tool, &open, script).await;
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("Successfully installed alpha-1.2 beta-2.0\n"),
        "{text}"
    );
    assert!(text.contains("\n1.2 2.0\n"), "{text}");
    // And for the next script.
    let (text, code, _) = run(
        &tool,
        &open,
        "pip3 --version | cut -d' ' -f1; python -c 'import beta'",
    )
    .await;
    assert_eq!((text.as_str(), code), ("pip\n", 0));
}
