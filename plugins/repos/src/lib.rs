//! The `hf_repo_files` and `hf_repo_git` tools: repositories of the Hugging Face Hub, their files, branches, pull requests
//! and settings.
//!
//! The requests are those of `huggingface_hub`. What an operation may reach is in [`needs`], and is granted to that operation
//! alone.

mod files;
mod git;
mod glob;
mod needs;
mod repo;
#[cfg(test)]
mod tests;
mod tree;
mod words;

use std::path::{Path, PathBuf};

use files::{delete, list, read, upload};
use git::{pulls, refs, repos};
use ml_intern_sdk::prelude::*;

/// Where the host mounts the workspace.
const ROOT: &str = "/workspace";

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    plugin_at(Path::new(ROOT))
}

/// The same with the workspace elsewhere, for tests.
#[must_use]
pub fn plugin_at(root: &Path) -> Plugin {
    let limits = Limits {
        // Small files of one commit up to their bound, as they are and as they are sent; a large file is never whole here.
        memory: 256 << 20,
        // The SHA-256 of the largest file.
        fuel: 200_000_000_000,
        // Until the largest file is with the storage.
        deadline: 600_000,
        // A page of text, and its structured part.
        output: 1 << 20,
        open_files: 16,
        // A thousand large files, each sent and checked.
        host_calls: 2_500,
    };
    Plugin::new(
        "repos",
        env!("CARGO_PKG_VERSION"),
        "Reads and changes repositories of the Hugging Face Hub: files, branches, tags, pull requests, settings.",
        limits,
    )
    .tool(Tool::select(
        "hf_repo_files",
        FILES,
        "operation",
        file_operations(root.to_owned()),
    ))
    .tool(Tool::select(
        "hf_repo_git",
        GIT,
        "operation",
        git_operations(),
    ))
}

fn file_operations(root: PathBuf) -> [Operation; 4] {
    [
        Operation::new("list", list::run)
            .effects([Effect::Observe])
            .needs([needs::look()]),
        Operation::new("read", read::run)
            .effects([Effect::Observe])
            .needs(needs::download()),
        Operation::new("upload", move |asked: upload::Upload| {
            upload::run(&root, &asked)
        })
        .effects([Effect::Publish])
        .needs(needs::upload()),
        Operation::new("delete", |asked: delete::Delete| delete::run(&asked))
            .effects([Effect::Destroy])
            .needs([needs::look(), needs::post("commit", "commits the deletion")]),
    ]
}

fn git_operations() -> [Operation; 14] {
    let look = |operation: Operation| operation.effects([Effect::Observe]).needs([needs::look()]);
    let post = |operation: Operation, part: &str, reason: &str| {
        operation
            .effects([Effect::Publish])
            .needs([needs::post(part, reason)])
    };
    let take_away = |operation: Operation, part: &str, reason: &str| {
        operation
            .effects([Effect::Destroy])
            .needs([needs::look(), needs::take_away(part, reason)])
    };
    [
        post(
            Operation::new("create_branch", |asked| refs::create_branch(&asked)),
            "branch",
            "creates the branch",
        ),
        take_away(
            Operation::new("delete_branch", |asked| refs::delete_branch(&asked)),
            "branch",
            "deletes the branch",
        ),
        post(
            Operation::new("create_tag", |asked| refs::create_tag(&asked)),
            "tag",
            "creates the tag",
        ),
        take_away(
            Operation::new("delete_tag", |asked| refs::delete_tag(&asked)),
            "tag",
            "deletes the tag",
        ),
        look(Operation::new("list_refs", |asked| refs::list(&asked))),
        post(
            Operation::new("create_pr", |asked| pulls::create(&asked)),
            "discussions",
            "opens the pull request",
        ),
        look(Operation::new("list_prs", |asked| pulls::list(&asked))),
        look(Operation::new("get_pr", |asked| pulls::get(&asked))),
        post(
            Operation::new("merge_pr", |asked| pulls::merge(&asked)),
            "discussions/*/merge",
            "merges the pull request",
        )
        .needs([needs::look()]),
        post(
            Operation::new("close_pr", |asked| pulls::close(&asked)),
            "discussions/*/status",
            "closes the pull request",
        ),
        post(
            Operation::new("comment_pr", |asked| pulls::comment(&asked)),
            "discussions/*/comment",
            "posts the comment",
        ),
        post(
            Operation::new("change_pr_status", |asked| pulls::change_status(&asked)),
            "discussions/*/status",
            "changes the status of the pull request",
        ),
        Operation::new("create_repo", |asked| repos::create(&asked))
            .effects([Effect::Publish])
            .needs([needs::create()]),
        Operation::new("update_repo", |asked| repos::update(&asked))
            .effects([Effect::Publish])
            .needs([needs::settings()]),
    ]
}

const FILES: &str = "Files of a Hugging Face repository (model, dataset or Space). list: paths and sizes, by path and \
patterns. read: text, notebooks as Markdown, tensors of safetensors, type and size of other files. upload: content, or \
a file or folder of the workspace, in one commit; README.md metadata is checked first. delete: the files that patterns \
take; everything needs the pattern `**`. create_pr=true proposes the change; revision=refs/pr/N adds to a pull \
request.";

const GIT: &str = "Branches, tags, pull requests and settings of Hugging Face repositories. create_pr opens an empty \
draft: fill it with hf_repo_files upload to revision refs/pr/N, make it ready with change_pr_status new_status=open, \
then merge_pr. list_prs lists discussions too; get_pr: events and diff. create_repo: private unless private=false; a \
Space needs space_sdk. update_repo: private, gated.";

ml_intern_sdk::export!(plugin);
