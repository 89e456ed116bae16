//! The `hf_papers` tool: finds papers, reads them section by section, and follows their citations, data sets and models.

mod arguments;
mod arxiv;
mod graph;
mod hub_papers;
mod read;
mod resources;
mod scholar;
mod search;
mod sections;
mod told;
mod when;

use ml_intern_hub::HUB;
use ml_intern_sdk::prelude::*;

/// arXiv's own conversion of papers to HTML.
const ARXIV: &str = "https://arxiv.org";
/// The older one, of papers before 2023 too.
const AR5IV: &str = "https://ar5iv.labs.arxiv.org";

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    let limits = Limits {
        // The tree of a paper of several megabytes of HTML.
        memory: 384 << 20,
        fuel: 50_000_000_000,
        deadline: 120_000,
        output: 512 << 10,
        open_files: 0,
        // Two services, each tried three times, with redirects.
        host_calls: 32,
    };
    Plugin::new(
        "papers",
        env!("CARGO_PKG_VERSION"),
        "Finds and reads papers: Hugging Face, arXiv, Semantic Scholar.",
        limits,
    )
    .tool(Tool::select(
        "hf_papers",
        DESCRIPTION,
        "operation",
        [
            observes("trending", hub_papers::trending, [hub("/api/daily_papers")]),
            observes(
                "search",
                search::search,
                [
                    hub("/api/papers/search"),
                    scholar("/graph/v1/paper/search/bulk"),
                ],
            ),
            observes("paper_details", hub_papers::details, [hub("/api/papers")]),
            observes(
                "read_paper",
                read::read,
                [
                    get(ARXIV, "/html", "reads the paper"),
                    get(
                        AR5IV,
                        "/html",
                        "reads the paper where arXiv has no HTML of it",
                    ),
                    hub("/api/papers"),
                ],
            ),
            observes(
                "citation_graph",
                graph::citations,
                [scholar("/graph/v1/paper")],
            ),
            observes(
                "snippet_search",
                search::snippets,
                [scholar("/graph/v1/snippet/search")],
            ),
            observes(
                "recommend",
                graph::recommend,
                [
                    scholar("/recommendations/v1/papers/forpaper"),
                    need::http_as(
                        scholar::CREDENTIAL,
                        scholar::ORIGIN,
                        [HttpMethod::Post],
                        ["/recommendations/v1/papers"],
                        "asks for papers like several others",
                    ),
                ],
            ),
            observes("find_datasets", resources::datasets, [hub("/api/datasets")]),
            observes("find_models", resources::models, [hub("/api/models")]),
            observes(
                "find_collections",
                resources::collections,
                [hub("/api/collections")],
            ),
            observes(
                "find_all_resources",
                resources::all,
                [need::http(
                    HUB,
                    [HttpMethod::Get],
                    ["/api/datasets", "/api/models", "/api/collections"],
                    "looks up what belongs to a paper",
                )],
            ),
        ],
    ))
}

const DESCRIPTION: &str = "Finds and reads ML papers. trending: the Hub's daily papers. search: by text; with dates, \
categories, min_citations or sort_by through Semantic Scholar. paper_details: metadata and summary. read_paper: \
abstract and sections; with section, its text as Markdown, equations as TeX. citation_graph: what it cites, who cites \
it. snippet_search: passages in full texts. recommend: similar papers. find_…: what on the Hub is linked to a paper. \
For a recipe: search, follow the citations of the best, read their method and experiments, then find_datasets.";

fn observes<A>(
    name: &'static str,
    run: impl Fn(A) -> Result<Output, Failure> + 'static,
    needs: impl IntoIterator<Item = Need>,
) -> Operation
where
    A: ml_intern_sdk::serde::de::DeserializeOwned + JsonSchema,
{
    Operation::new(name, run)
        .effects([Effect::Observe])
        .needs(needs)
}

fn get(origin: &str, path: &str, reason: &str) -> Need {
    need::http(origin, [HttpMethod::Get], [path], reason)
}

/// The Hub's papers are public: no credential goes with them.
fn hub(path: &str) -> Need {
    get(HUB, path, "looks up papers and what belongs to them")
}

fn scholar(path: &str) -> Need {
    need::http_as(
        scholar::CREDENTIAL,
        scholar::ORIGIN,
        [HttpMethod::Get],
        [path],
        "looks up papers and their citations",
    )
}

ml_intern_sdk::export!(plugin);
