//! A loopback server of files, policies that allow it or not, and an index of packages.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use egress::Egress;
use ml_intern_sandbox::Digest;
use policy::Policy;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::tool::{Answer, Tool, With};

/// A server of files. `/echo` answers with what it was sent, `/head` with the head that it was sent, and
/// `/to/STATUS?URL` leads elsewhere. Ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// First lines of the requests that came.
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn start(files: BTreeMap<String, Vec<u8>>) -> Server {
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
                    let (status, body) = match (path.split('?').next().unwrap(), files.get(&path)) {
                        ("/echo", _) => ("200 OK", body),
                        ("/head", _) => ("200 OK", head.into_bytes()),
                        (_, Some(file)) => ("200 OK", file.clone()),
                        _ => ("404 Not Found", b"nothing here".to_vec()),
                    };
                    let redirect = path
                        .strip_prefix("/to/")
                        .and_then(|path| path.split_once('?'));
                    let (status, location) = match redirect {
                        Some((status, to)) => {
                            (format!("{status} Elsewhere"), format!("location: {to}\r\n"))
                        }
                        None => (status.to_owned(), String::new()),
                    };
                    let kind = if path.ends_with('/') {
                        "text/html"
                    } else {
                        "application/octet-stream"
                    };
                    let head = format!(
                        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nset-cookie: a=b\r\n{location}connection: close\r\n\r\n",
                        body.len()
                    );
                    let _ = socket.write_all(head.as_bytes()).await;
                    let _ = socket.write_all(&body).await;
                });
            }
        });
        Server { port, seen }
    }

    pub(crate) fn origin(&self) -> String {
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
pub(crate) fn policy(rest: &str) -> Policy {
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

/// A rule by which a tool may send this.
pub(crate) fn allow(tool: &str, origin: &str, methods: &str, paths: &str) -> String {
    format!(
        "[[rule]]\nname = '{origin} {paths}'\ndecision = \"allow\"\ntools = [\"{tool}\"]\nhttp = {{ origins = [\"{origin}\"], methods = {methods}, paths = {paths}, addresses = \"loopback\" }}\n"
    )
}

/// A rule by which packages may be installed.
pub(crate) const PACKAGES: &str = "[[rule]]\nname = \"packages\"\ndecision = \"allow\"\ntools = \"all\"\nmounts = [{ name = \"packages\", access = \"read-write\" }]\n";

/// A call under a policy, with a way out.
pub(crate) async fn call(tool: &Tool, policy: &Policy, arguments: Value) -> Answer {
    let with = With {
        policy: Some(policy.clone()),
        egress: Some(Egress::builder().build().unwrap()),
        ..With::default()
    };
    tool.call_with(arguments, with).await
}

/// A wheel with one module, as an index serves it.
pub(crate) fn wheel(name: &str, version: &str, tag: &str, needs: &[&str]) -> (String, Vec<u8>) {
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
pub(crate) fn index(files: &[(String, Vec<u8>)]) -> BTreeMap<String, Vec<u8>> {
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
