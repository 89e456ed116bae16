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
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use egress::Egress;
use ml_intern_sandbox::Digest;
use policy::Policy;
use serde_json::{Value, json};
use support::tool::{Answer, Tool, With};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server of files, which answers `POST /echo` with what it was sent. Ends with the test's runtime.
struct Server {
    port: u16,
    /// First lines of the requests that came.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(files: BTreeMap<String, Vec<u8>>) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let (kept, files) = (Arc::clone(&seen), Arc::new(files));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (kept, files) = (Arc::clone(&kept), Arc::clone(&files));
                tokio::spawn(async move {
                    let Some((head, body)) = request(&mut socket).await else {
                        return;
                    };
                    let line = head.lines().next().unwrap().to_owned();
                    let path = line.split(' ').nth(1).unwrap().to_owned();
                    kept.lock().unwrap().push(line);
                    let (status, body) = match (path.as_str(), files.get(&path)) {
                        ("/echo", _) => ("200 OK", body),
                        (_, Some(file)) => ("200 OK", file.clone()),
                        _ => ("404 Not Found", b"nothing here".to_vec()),
                    };
                    let kind = if path.ends_with('/') {
                        "text/html"
                    } else {
                        "application/octet-stream"
                    };
                    let head = format!(
                        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nset-cookie: a=b\r\nconnection: close\r\n\r\n",
                        body.len()
                    );
                    let _ = socket.write_all(head.as_bytes()).await;
                    let _ = socket.write_all(&body).await;
                });
            }
        });
        Server { port, seen }
    }

    fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// Head and body of one request.
async fn request(socket: &mut tokio::net::TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |text| text.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
                return Some((head, bytes[end + 4..].to_vec()));
            }
        }
        let mut buffer = [0; 16 << 10];
        match socket.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

/// Work in the sandbox, and what a test adds.
fn policy(rest: &str) -> Policy {
    let text = format!(
        r#"
version = 1
name = "test"
limits = {{ memory = "2 GiB", fuel = 50_000_000_000, deadline = "2 min", output = "1 MiB", open-files = 64, host-calls = 10_000, disk = "256 MiB", network = "8 MiB", requests = 60 }}
[[rule]]
name = "work"
decision = "allow"
tools = "all"
effects = ["execute"]
[[rule]]
name = "places"
decision = "allow"
tools = "all"
mounts = [{{ name = "workspace", access = "read-write" }}, {{ name = "tmp", access = "read-write" }}]
[[rule]]
name = "python"
decision = "allow"
tools = "all"
programs = ["python"]
{rest}"#
    );
    Policy::parse("test.toml", &text).unwrap()
}

fn allow(origin: &str, methods: &str, paths: &str) -> String {
    format!(
        "[[rule]]\nname = '{origin} {paths}'\ndecision = \"allow\"\ntools = [\"python\"]\nhttp = {{ origins = [\"{origin}\"], methods = {methods}, paths = {paths}, addresses = \"loopback\" }}\n"
    )
}

const PACKAGES: &str = "[[rule]]\nname = \"packages\"\ndecision = \"allow\"\ntools = \"all\"\nmounts = [{ name = \"packages\", access = \"read-write\" }]\n";

async fn call(tool: &Tool, policy: &Policy, arguments: Value) -> Answer {
    let with = With {
        policy: Some(policy.clone()),
        egress: Some(Egress::builder().build().unwrap()),
        ..With::default()
    };
    tool.call_with(arguments, with).await
}

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
    let policy = self::policy(&allow(&origin, "[\"GET\"]", "\"all\""));
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
    let policy = policy(&allow(&origin, "[\"GET\"]", "\"all\""));
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

/// A wheel with one module, as an index serves it.
fn wheel(name: &str, version: &str, tag: &str, needs: &[&str]) -> (String, Vec<u8>) {
    let info = format!("{name}-{version}.dist-info");
    let mut metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
    for need in needs {
        metadata.push_str(&format!("Requires-Dist: {need}\n"));
    }
    let files = [
        (
            format!("{name}/__init__.py"),
            format!("version = {version:?}\n"),
        ),
        (format!("{info}/METADATA"), metadata),
        (
            format!("{info}/WHEEL"),
            format!("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n"),
        ),
        (format!("{info}/RECORD"), String::new()),
    ];
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, text) in files {
        zip.start_file(path, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    (
        format!("{name}-{version}-{tag}.whl"),
        zip.finish().unwrap().into_inner(),
    )
}

/// An index (PEP 503) of these files, each of a package whose name it begins with.
fn index(files: &[(String, Vec<u8>)]) -> BTreeMap<String, Vec<u8>> {
    let mut served: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (file, bytes) in files {
        let package = file.split('-').next().unwrap();
        let digest = Digest::of(bytes);
        let page = served.entry(format!("/simple/{package}/")).or_default();
        page.extend(format!("<a href=\"/files/{file}#sha256={digest}\">{file}</a>\n").bytes());
        served.insert(format!("/files/{file}"), bytes.clone());
    }
    served
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
    let web = allow(&origin, "[\"GET\"]", "\"all\"");
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
