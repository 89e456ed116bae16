//! The tools that read Hugging Face's documentation: `explore_hf_docs` finds pages, `fetch_hf_docs` reads one, and
//! `find_hf_api` finds endpoints of the Hub's HTTP API.
//!
//! All of it is public, so no credential goes with any request.

mod api;
mod endpoints;
mod explore;
mod fetch;
mod gradio;
mod kept;
mod markdown;
mod openapi;
mod refresh;
mod search;
mod setting;
mod sidebar;
mod snippet;

use endpoints::{ENDPOINTS, GRADIO, paths};
use ml_intern_hub::HUB;
use ml_intern_sdk::prelude::*;
pub use setting::Setting;

/// Characters of a result at most.
const RESULT: usize = 16_000;

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    plugin_in(Setting::new("/cache"))
}

/// The same where the cache is somewhere else, and the time is another.
#[must_use]
pub fn plugin_in(setting: Setting) -> Plugin {
    let limits = Limits {
        // A documentation's texts (32 MiB at most), its index, the index packed, and what they are made from.
        memory: 256 << 20,
        // An index of the largest documentation is made of some ten million words.
        fuel: 60_000_000_000,
        // A minute of fetching, the answers that are on their way by then, and the index.
        deadline: 180_000,
        output: 128 << 10,
        open_files: 16,
        // A request for each page, with a redirect each, and a line of progress for each batch.
        host_calls: 1_000,
    };
    let explore = ENDPOINTS.map(|endpoint| {
        let setting = setting.clone();
        let operation = match endpoint {
            GRADIO => Operation::new(endpoint, gradio::explore).needs(gradio::needs()),
            _ => Operation::new(endpoint, move |arguments| {
                explore::explore(endpoint, &setting, arguments)
            })
            .needs([
                need::http(
                    HUB,
                    [HttpMethod::Get],
                    paths(endpoint).iter().map(String::as_str),
                    "reads the pages of this documentation",
                ),
                need::mount("cache", Access::ReadWrite),
            ]),
        };
        operation.effects([Effect::Observe])
    });
    let fetch = Operation::new("fetch_hf_docs", fetch::fetch)
        .effects([Effect::Observe])
        .needs(fetch::needs());
    let find = Operation::new("find_hf_api", api::find)
        .effects([Effect::Observe])
        .needs([need::http(
            HUB,
            [HttpMethod::Get],
            [api::PATH],
            "reads the description of the Hub's API",
        )]);
    Plugin::new(
        "docs",
        env!("CARGO_PKG_VERSION"),
        "Finds and reads Hugging Face documentation.",
        limits,
    )
    .tool(Tool::select(
        "explore_hf_docs",
        EXPLORE,
        "endpoint",
        explore,
    ))
    .tool(Tool::new("fetch_hf_docs", FETCH, fetch))
    .tool(Tool::new("find_hf_api", FIND, find))
}

const EXPLORE: &str = "Searches one Hugging Face documentation, named by `endpoint`, for `query`: titles and full \
text, best first, with the sentences that match; without query, lists its pages. Read a page with fetch_hf_docs. Use \
it before you rely on an API from memory: parameters and defaults change. `optimum` covers its hardware packages, \
`courses` all courses. A large one may be indexed over several calls; the result says so.";

const FETCH: &str = "Reads one documentation page as Markdown: https://huggingface.co/docs/…, /learn/… or /blog/…, \
https://www.gradio.app/docs/… or /guides/…. A long page begins with its contents; `section` (a heading) reads one, \
`offset` goes on.";

const FIND: &str = "Finds endpoints of the Hugging Face Hub's HTTP API by words (`query`), `tag`, or both, with \
parameters, responses and a curl command: for what no other tool does.";

ml_intern_sdk::export!(plugin);
