//! What Python code reaches: HTTP requests as far as the policy allows outright, and packages from an index among them.
//! Needs the image that `make setup` installs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use std::collections::BTreeMap;

use ml_intern_sandbox::Digest;
use serde_json::json;
use support::tool::Tool;
use support::web::{PACKAGES, Server, allow, call, index, policy, wheel};

/// What Python code sees of an allowed origin, and of everything beside it.
#[tokio::test(flavor = "multi_thread")]
async fn urllib_reaches_what_the_policy_allows_and_is_told_why_not() {
    let large = vec![b'x'; 3 << 20];
    let server = Server::start(BTreeMap::from([
        ("/api/a".to_owned(), b"hello".to_vec()),
        ("/api/large".to_owned(), large),
        ("/other".to_owned(), b"secret".to_vec()),
    ]))
    .await;
    let origin = server.origin();
    let policy = policy(&allow(
        "python",
        &origin,
        "[\"GET\", \"POST\"]",
        "[\"/api\", \"/echo\"]",
    ));
    let tool = Tool::python().await;
    let code = format!(
        r#"
import http.client, io, socket, ssl, urllib.error, urllib.request
base = "{origin}"
def get(path, **rest):
    with urllib.request.urlopen(urllib.request.Request(base + path, **rest)) as answer:
        return answer.status, answer.read()
print(get("/api/a"))
print(get("/echo", data=b"sent", method="POST"))
status, body = get("/api/large")
print(status, len(body), body == b"x" * len(body))
try:
    get("/api/none")
except urllib.error.HTTPError as error:
    print(error.code, error.read(), error.headers["set-cookie"])
connection = http.client.HTTPConnection(base.removeprefix("http://"))
connection.request("POST", "/echo", body=iter([b"in ", b"chunks"]), headers={{"Transfer-Encoding": "chunked"}}, encode_chunked=True)
print(connection.getresponse().read())
def refused(what):
    try:
        what()
    except OSError as error:
        error = getattr(error, "reason", error)
        print(type(error).__name__, str(error).replace(base, "BASE"))
refused(lambda: get("/other"))
refused(lambda: get("/api/a", method="DELETE"))
refused(lambda: get("/api/a", headers={{"Authorization": "Bearer x"}}))
refused(lambda: urllib.request.urlopen("https://example.com/"))
refused(lambda: socket.create_connection(("127.0.0.1", {port})).sendall(b"\x16\x03\x01\r\n"))
refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 53)))
refused(lambda: socket.gethostbyname("example.com"))
refused(lambda: socket.create_server(("127.0.0.1", 0)))
"#,
        port = server.port
    );
    let answer = call(&tool, &policy, json!({"code": code})).await;
    let denials: Vec<String> = answer
        .0
        .denials
        .iter()
        .map(|one| format!("{} ({})", one.subject.replace(&origin, "BASE"), one.rule))
        .collect();
    let sockets = "is denied (programs: there are no sockets). Only HTTP requests can be sent, and the policy decides about each.";
    let port = server.port;
    let none = |subject: &str, rule: &str| {
        format!(
            "PermissionError [Errno 13] {subject} is denied by test: no rule: add to test.toml: [[rule]] with a name, decision = \"allow\", tools = [\"python/python/run\"], http = {{ {rule} }}\n"
        )
    };
    let expected = [
        "(200, b'hello')\n(200, b'sent')\n200 3145728 True\n404 b'nothing here' None\nb'in chunks'\n".to_owned(),
        none("http GET BASE/other", "origins = [\"BASE\"], methods = [\"GET\"], paths = [\"/other\"]"),
        none("http DELETE BASE/api/a", "origins = [\"BASE\"], methods = [\"DELETE\"], paths = [\"/api/a\"]"),
        "PermissionError [Errno 13] the header `authorization` on http GET BASE/api/a is denied by egress: request headers: leave the header out; name a credential in the need and in the policy, and the host puts it on\n".to_owned(),
        none("http GET https://example.com:443/", "origins = [\"https://example.com:443\"], methods = [\"GET\"], paths = [\"/\"]"),
        format!("PermissionError [Errno 13] connect 127.0.0.1:{port} {sockets}\n"),
        format!("PermissionError [Errno 13] connect 127.0.0.1:53 {sockets}\n"),
        format!("PermissionError [Errno 13] connect example.com:0 {sockets}\n"),
        format!("PermissionError [Errno 13] connect listen:0 {sockets}\n"),
    ]
    .concat();
    assert_eq!(answer.printed(), expected);
    assert!(
        denials.contains(&"http GET BASE/other (test: no rule)".to_owned()),
        "{denials:?}"
    );
    let seen = server.seen.lock().unwrap().clone();
    assert!(!seen.iter().any(|line| line.contains("/other")), "{seen:?}");

    // The twin: the same code, where a rule names the path.
    let policy = support::web::policy(&allow("python", &origin, "[\"GET\"]", "\"all\""));
    let code =
        format!("import urllib.request\nprint(urllib.request.urlopen('{origin}/other').read())");
    let answer = call(&tool, &policy, json!({"code": code})).await;
    assert_eq!(answer.printed(), "b'secret'\n");
}

/// What goes out and comes back is counted, and the next call starts anew.
#[tokio::test(flavor = "multi_thread")]
async fn requests_and_bytes_are_counted() {
    let server = Server::start(BTreeMap::from([
        ("/a".to_owned(), b"hello".to_vec()),
        ("/large".to_owned(), vec![b'x'; 10 << 20]),
    ]))
    .await;
    let origin = server.origin();
    let policy = policy(&allow("python", &origin, "[\"GET\"]", "\"all\""));
    let tool = Tool::python().await;
    let fetch = |path: &str, times: u32| {
        json!({"code": format!(
            "import urllib.request\nfor _ in range({times}):\n    try: last = len(urllib.request.urlopen('{origin}{path}').read())\n    except Exception as error: last = str(error); break\nprint(last)"
        )})
    };
    for (path, times, expected) in [
        ("/a", 60, "5\n"),
        (
            "/a",
            61,
            "limit reached: requests (allowed 60 requests, requested 61)\n",
        ),
        (
            "/large",
            1,
            "limit reached: network (allowed 8388608 bytes, requested ",
        ),
        ("/a", 1, "5\n"),
    ] {
        let printed = call(&tool, &policy, fetch(path, times)).await.printed();
        assert!(printed.starts_with(expected), "{path} {times}: {printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_are_installed_for_the_session_where_the_policy_allows_it() {
    let alpha = wheel("alpha", "1.2", "py3-none-any", &["beta>=2", "numpy"]);
    let digest = Digest::of(&alpha.1);
    let files = [
        alpha,
        wheel("beta", "2.0", "py3-none-any", &[]),
        wheel("native", "1.0", "cp313-cp313-manylinux_2_28_x86_64", &[]),
        ("sourced-1.0.tar.gz".to_owned(), b"a build script".to_vec()),
        wheel("numpy", "1.0", "py3-none-any", &[]),
    ];
    let server = Server::start(index(&files)).await;
    let origin = server.origin();
    let address = format!("{origin}/simple");
    let tool = Tool::patient(
        "python.wasm",
        "python",
        ml_intern_sandbox::PATIENCE,
        &[("PIP_INDEX_URL", &address)],
    )
    .await;
    let web = allow("python", &origin, "[\"GET\"]", "\"all\"");
    let open = policy(&format!("{web}{PACKAGES}"));
    let install = |package: &str| json!({"operation": "install", "packages": [package]});
    let import = json!({"code": "import alpha, beta; print(alpha.version, beta.version)"});

    // Without the requests, and without the directory, nothing is installed; each says what is missing.
    let closed = policy(PACKAGES);
    let error = call(&tool, &closed, install("alpha")).await.error();
    assert!(error.contains("is denied by test: no rule"), "{error}");
    let fixed = policy(&web);
    let answer = call(&tool, &fixed, install("alpha")).await;
    let refused =
        |denials: &[policy::Decision]| denials.iter().any(|one| one.subject.contains("/packages"));
    assert!(refused(&answer.0.denials), "{:?}", answer.0.denials);
    answer.error();
    assert!(
        call(&tool, &open, import.clone())
            .await
            .error()
            .contains("ModuleNotFoundError: No module named 'alpha'\n")
    );

    // With both, it is, with what it needs; what the image has is not fetched again.
    let text = call(&tool, &open, install("alpha")).await.text();
    assert!(
        text.contains("Successfully installed alpha-1.2 beta-2.0\n"),
        "{text}"
    );
    assert_eq!(
        call(&tool, &open, import.clone()).await.printed(),
        "1.2 2.0\n"
    );
    let cell = json!({"operation": "execute", "code": "import alpha; alpha.version"});
    assert_eq!(call(&tool, &open, cell).await.printed(), "'1.2'\n");
    // Code that runs has no business there.
    let write =
        json!({"code": "open('/packages/lib/python3.15/site-packages/alpha/__init__.py', 'w')"});
    let error = call(&tool, &open, write).await.error();
    assert!(error.contains("PermissionError"), "{error}");

    // By hash: the right one is taken, another is not.
    for (digest, expected) in [
        (digest.to_string(), "alpha-1.2"),
        ("0".repeat(64), "THESE PACKAGES DO NOT MATCH THE HASHES"),
    ] {
        let other = Tool::patient(
            "python.wasm",
            "python",
            ml_intern_sandbox::PATIENCE,
            &[("PIP_INDEX_URL", &address)],
        )
        .await;
        let beta = format!("beta==2.0 --hash=sha256:{}", Digest::of(&files[1].1));
        let alpha = format!("alpha==1.2 --hash=sha256:{digest}");
        let arguments = json!({"operation": "install", "packages": [alpha, beta]});
        let said = match call(&other, &open, arguments).await.0.result {
            Ok(output) => format!("{output:?}"),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(expected), "{said}");
    }

    // What has native code, or would have to be built, or is in the image in another version.
    for (package, expected) in [
        ("native", "No matching distribution found for native"),
        ("sourced", "No matching distribution found for sourced"),
        ("numpy<2", "The user requested (constraint) numpy==2.5.2"),
    ] {
        let error = call(&tool, &open, install(package)).await.error();
        assert!(error.contains(expected), "{error}");
        for advice in [
            "Only pure-Python wheels can be installed here",
            "numpy, openpyxl, packaging, pandas",
            "What needs more, or a GPU, runs on Hugging Face Jobs.",
        ] {
            assert!(error.contains(advice), "{advice}: {error}");
        }
    }
    let seen = server.seen.lock().unwrap().join("\n");
    assert!(
        !seen.contains("/files/sourced") && !seen.contains("/files/native"),
        "{seen}"
    );
}
