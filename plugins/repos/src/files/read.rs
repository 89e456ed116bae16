//! `read`: a file's text, or what a file that is no text is.

use ml_intern_hub::{self as hub, RepoKind};
use ml_intern_sdk::page;
use ml_intern_sdk::prelude::*;
use serde_json::json;

use super::download::{Part, part};
use super::{kinds, notebook, safetensors};
use crate::repo::{MAIN, Repo};
use crate::tree;
use crate::words::{PAGE, grouped, piece, short, size};

/// Bytes that are looked at first, to tell what it is.
const START: usize = 64 << 10;
/// Bytes of a text that are read at most.
const TEXT: usize = 4 << 20;
/// The same of a notebook, which has pictures in it.
const NOTEBOOK: usize = 32 << 20;
/// Characters of one result at most, where more than a page is asked for.
const MOST: usize = 50_000;

/// What `read` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// Branch, tag, commit or refs/pr/N; main if left out.
    revision: Option<String>,
    /// The path in the repository: of the file, or of a folder for list and upload.
    path: String,
    /// Characters of text at most: 16000 if left out, up to 50000.
    max_chars: Option<usize>,
    /// Characters to skip, to go on.
    #[serde(default)]
    offset: usize,
}

pub(crate) fn run(asked: Read) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let named = asked.revision.as_deref().unwrap_or(MAIN);
    let revision = hub::revision("/revision", named)?;
    let path = tree::path("/path", &asked.path)?;
    let most = asked.max_chars.unwrap_or(PAGE);
    if !(1..=MOST).contains(&most) {
        return Err(Failure::argument(
            "/max_chars",
            format!("1 to {MOST} characters"),
        ));
    }
    let first = part(repo, &revision, path, 0, START)?;
    let at = first
        .commit
        .as_deref()
        .map(|commit| format!(" @ {}", short(commit)));
    let heading = format!("**{path}** of {}{}", repo.id, at.unwrap_or_default());
    let total = first.total.unwrap_or(first.bytes.len() as u64);
    let large = match &first.sha256 {
        Some(sha256) => format!(", LFS, sha256 {sha256}"),
        None => String::new(),
    };
    let facts = format!("{} bytes{large}", grouped(total));
    let structured = json!({
        "path": path, "size": total, "sha256": first.sha256, "commit": first.commit,
        "url": repo.blob(&revision, path),
    });

    if extension(path) == "safetensors" {
        let summary = tensors(repo, &revision, path, &first)?;
        let heading = format!("{heading}\nsafetensors, {facts}\n\n");
        let used = heading.chars().count();
        return Output::text(format!("{heading}{}", piece(&summary, asked.offset, used)))
            .with_structured(&structured);
    }
    if kinds::text(&first.bytes).is_none() {
        let kind = kinds::of(&first.bytes);
        return Output::text(format!(
            "{heading}\n{}, {facts}\n{}",
            kind.name, kind.advice
        ))
        .with_structured(&structured);
    }
    if total == 0 {
        return Output::text(format!("{heading}\nThe file is empty.")).with_structured(&structured);
    }
    let is_notebook = extension(path) == "ipynb";
    let bound = if is_notebook { NOTEBOOK } else { TEXT };
    let bytes = rest(repo, &revision, path, first, bound)?;
    let Some(text) = kinds::text(&bytes) else {
        return Output::text(format!(
            "{heading}\nText at its start and binary further on, {facts}"
        ))
        .with_structured(&structured);
    };
    let cut = (bytes.len() as u64) < total;
    let shown = is_notebook.then(|| notebook::markdown(text)).flatten();
    let heading = match (&shown, large.is_empty()) {
        (Some(_), _) => format!("{heading} (notebook as Markdown)\n\n"),
        (None, false) => format!("{heading}\n{facts}\n\n"),
        (None, true) => format!("{heading}\n\n"),
    };
    let text = shown.as_deref().unwrap_or(text);
    let shown = page::piece(text, asked.offset, most);
    let mut answer = format!("{heading}{}", shown.with_note("offset"));
    if cut && shown.next.is_none() {
        answer.push_str(&format!(
            "\n\n[The file has {} in all; this tool reads the first {} of a text. Load it with python or in a job.]",
            size(total),
            size(bytes.len() as u64)
        ));
    }
    Output::text(answer).with_structured(&structured)
}

/// The end of a name, in lower case.
fn extension(path: &str) -> String {
    path.rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase())
        .unwrap_or_default()
}

/// What a safetensors file says of itself, of which only the header is read.
fn tensors(repo: Repo<'_>, revision: &str, path: &str, first: &Part) -> Result<String, Failure> {
    let end = safetensors::header_end(&first.bytes, first.total)?;
    let end = usize::try_from(end).unwrap_or(usize::MAX);
    let whole;
    let bytes = if end <= first.bytes.len() {
        &first.bytes
    } else {
        whole = part(repo, revision, path, 0, end)?.bytes;
        &whole
    };
    let header = bytes
        .get(8..end)
        .ok_or_else(|| Failure::failed("not a safetensors file: its header broke off"))?;
    safetensors::summary(header)
}

/// The file's bytes up to the bound, of which the first are there.
fn rest(
    repo: Repo<'_>,
    revision: &str,
    path: &str,
    first: Part,
    bound: usize,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = first.bytes;
    let total = first.total.unwrap_or(bytes.len() as u64);
    let wanted = usize::try_from(total).unwrap_or(usize::MAX).min(bound);
    if bytes.len() < wanted {
        // Of the commit that the first part is of, so that the two fit together.
        let commit = first.commit.as_deref().unwrap_or(revision);
        let from = bytes.len();
        let more = part(repo, commit, path, from as u64, wanted - from)?;
        bytes.extend_from_slice(&more.bytes);
    }
    Ok(bytes)
}
