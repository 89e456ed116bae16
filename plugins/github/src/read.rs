//! `github_read_file`: lines of a file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ml_intern_sdk::http::encode;
use ml_intern_sdk::prelude::*;
use serde_json::json;

use crate::api::{self, Answered, Rate};
use crate::names::{pair, wrong};
use crate::{RESULT, notebook};

/// Lines that are shown where nothing else is asked for.
const LINES: usize = 300;
/// Bytes of a file at most.
const FILE: usize = 10 << 20;

/// What `github_read_file` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    /// owner/repository.
    repo: String,
    /// The file's path in it.
    path: String,
    /// A branch, a tag or a commit.
    #[serde(rename = "ref", default = "head")]
    reference: String,
    /// The first line, from 1.
    #[serde(default)]
    line_start: Option<u32>,
    /// The last line.
    #[serde(default)]
    line_end: Option<u32>,
}

fn head() -> String {
    "HEAD".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Contents {
    Directory(Vec<Entry>),
    File(File),
}

#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    size: u64,
}

#[derive(Debug, Deserialize)]
struct File {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    encoding: String,
    #[serde(default)]
    size: u64,
}

pub(crate) fn read(arguments: Read) -> Result<Output, Failure> {
    let (owner, repo) = pair("/repo", &arguments.repo)?;
    let path = arguments.path.trim_matches('/');
    if path.is_empty() || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(wrong(
            "/path",
            "a file's path in the repository, without .. in it",
        ));
    }
    if arguments.reference.is_empty() {
        return Err(wrong("/ref", "a branch, a tag or a commit"));
    }
    if arguments.line_start == Some(0) {
        return Err(wrong("/line_start", "1 or more"));
    }
    if let (Some(start), Some(end)) = (arguments.line_start, arguments.line_end)
        && start > end
    {
        return Err(wrong(
            "/line_end",
            &format!("{start} or more, as line_start is {start}"),
        ));
    }
    let (bytes, rate) = fetch(owner, repo, path, &arguments.reference)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => text,
        Ok(text) => return Err(binary(path, text.len())),
        Err(error) => return Err(binary(path, error.as_bytes().len())),
    };
    let (text, language) = if path.ends_with(".ipynb") {
        (notebook::markdown(&text)?, "")
    } else {
        (text, path.rsplit_once('.').map_or("", |(_, ending)| ending))
    };
    Ok(shown(&arguments, &text, language, rate))
}

fn binary(path: &str, bytes: usize) -> Failure {
    Failure::failed(format!(
        "{path} is no text: {bytes} bytes of something else"
    ))
}

/// The file's bytes. A large one comes without its contents, and is asked for again as it is.
fn fetch(owner: &str, repo: &str, path: &str, reference: &str) -> Result<(Vec<u8>, Rate), Failure> {
    let segments: Vec<String> = path.split('/').map(encode).collect();
    let place = format!("/repos/{owner}/{repo}/contents/{}", segments.join("/"));
    let at: &[(&str, &str)] = &[("ref", reference)];
    let at = if reference == "HEAD" { &[] } else { at };
    // Base64 is a third longer, with line ends.
    let found: Answered<Contents> = api::get(&place, at, FILE * 3 / 2)?;
    let file = match found.value {
        Contents::Directory(entries) => {
            let names: Vec<String> = entries
                .iter()
                .take(200)
                .map(|entry| match entry.kind.as_str() {
                    "dir" => format!("{}/", entry.name),
                    _ => format!("{} ({} bytes)", entry.name, entry.size),
                })
                .collect();
            return Err(Failure::failed(format!(
                "{path} is a folder. In it:\n{}",
                names.join("\n")
            )));
        }
        Contents::File(file) => file,
    };
    if file.kind != "file" {
        return Err(Failure::failed(format!(
            "{path} is no file but a {}",
            file.kind
        )));
    }
    if file.encoding == "base64" && !(file.content.is_empty() && file.size > 0) {
        let plain: String = file
            .content
            .chars()
            .filter(|c| !c.is_ascii_whitespace())
            .collect();
        let bytes = STANDARD.decode(plain).map_err(|error| {
            Failure::failed(format!("GitHub's copy of {path} cannot be read: {error}"))
        })?;
        return Ok((bytes, found.rate));
    }
    let answer = api::ask(&api::request(&place, at, "application/vnd.github.raw"))?;
    let rate = api::rate(&answer);
    Ok((answer.bytes(FILE)?, rate))
}

/// The lines that were asked for, as many as fit.
fn shown(arguments: &Read, text: &str, language: &str, rate: Rate) -> Output {
    let lines: Vec<&str> = text.lines().collect();
    let total = lines.len();
    let given = arguments.line_start.is_some() || arguments.line_end.is_some();
    let start = (arguments.line_start.unwrap_or(1) as usize).min(total.max(1));
    let wanted = match arguments.line_end {
        Some(end) => (end as usize).min(total),
        None => total.min(start.saturating_sub(1).saturating_add(LINES)),
    };
    let mut body = String::new();
    let mut end = start.saturating_sub(1);
    for line in lines.iter().take(wanted).skip(start.saturating_sub(1)) {
        let left = RESULT.saturating_sub(body.len() + 1);
        if line.len() > left {
            // A first line that is too long is shown as far as it goes.
            if body.is_empty() {
                let cut: String = line.chars().take(left / 4).collect();
                body = format!(
                    "{cut}… [line cut: it has {} characters]\n",
                    line.chars().count()
                );
                end += 1;
            }
            break;
        }
        body.push_str(line);
        body.push('\n');
        end += 1;
    }
    let mut out = format!(
        "**Reading file from repo: {}, path: {}**\n",
        arguments.repo, arguments.path
    );
    if arguments.reference != "HEAD" {
        out.push_str(&format!("Ref: {}\n", arguments.reference));
    }
    // A fence longer than any in the file.
    let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    out.push_str(&format!("{fence}{language}\n{body}{fence}\n"));
    if end < total || given {
        out.push_str(&format!("Showing lines {start}-{end} out of {total}."));
        if end < total {
            out.push_str(&format!(
                " Call again with line_start={} for more.",
                end + 1
            ));
        }
        out.push('\n');
    }
    if let Some(line) = rate.line() {
        out.push_str(&format!("\n{line}\n"));
    }
    let structured = json!({"lines": total, "start": start, "end": end}).to_string();
    Output {
        structured: Some(structured),
        ..Output::text(out)
    }
}
