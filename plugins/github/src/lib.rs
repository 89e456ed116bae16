//! The tools `github_find_examples`, `github_list_repos` and `github_read_file`.

mod api;
mod find;
mod list;
mod names;
mod notebook;
mod read;
mod score;

use ml_intern_sdk::prelude::*;

/// Characters of a result at most.
const RESULT: usize = 16_000;

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    let limits = Limits {
        // The tree of a large repository, as JSON and read.
        memory: 192 << 20,
        fuel: 20_000_000_000,
        deadline: 90_000,
        output: 256 << 10,
        open_files: 0,
        host_calls: 1_000,
    };
    let needs = |paths: &'static [&'static str]| {
        [need::http_as(
            api::CREDENTIAL,
            api::API,
            [HttpMethod::Get],
            paths.iter().copied(),
            "reads public code on GitHub",
        )]
    };
    Plugin::new(
        "github",
        env!("CARGO_PKG_VERSION"),
        "Finds and reads code on GitHub.",
        limits,
    )
    .tool(Tool::new(
        "github_find_examples",
        "Finds example scripts, notebooks, tutorials and guides in a GitHub repository, the most telling first; with keyword, \
         those whose path is like it. Look at working code before you write your own, then read it with github_read_file.",
        Operation::new("find", find::find)
            .effects([Effect::Observe])
            .needs(needs(&["/repos", "/repositories", "/search/repositories"])),
    ))
    .tool(Tool::new(
        "github_list_repos",
        "Lists the repositories of a GitHub organisation or user, ranked over all of them.",
        Operation::new("list", list::list)
            .effects([Effect::Observe])
            .needs(needs(&["/orgs", "/organizations", "/users", "/user", "/search/repositories"])),
    ))
    .tool(Tool::new(
        "github_read_file",
        "Reads a file of a GitHub repository, by default its first 300 lines; line_start and line_end go on. Notebooks come as \
         Markdown without their outputs.",
        Operation::new("read", read::read)
            .effects([Effect::Observe])
            .needs(needs(&["/repos", "/repositories"])),
    ))
}

ml_intern_sdk::export!(plugin);
