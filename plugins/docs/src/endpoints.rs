//! The documentations that can be explored: what each is called, and where its pages are.
//!
//! | endpoint | pages |
//! | --- | --- |
//! | `optimum` | its own, and those of the packages for each kind of hardware |
//! | `courses` | every course, under `/learn` |
//! | `tgi`, `tei` | under their long names |
//! | `gradio` | not here: it has a service of its own |
//! | any other | under `/docs/<endpoint>` |

/// The name of the one that is not on the Hub.
pub(crate) const GRADIO: &str = "gradio";

/// In the order in which the model sees them.
pub(crate) const ENDPOINTS: [&str; 40] = [
    "hub",
    "transformers",
    "diffusers",
    "datasets",
    GRADIO,
    "trackio",
    "smolagents",
    "huggingface_hub",
    "huggingface.js",
    "transformers.js",
    "inference-providers",
    "inference-endpoints",
    "peft",
    "accelerate",
    "optimum",
    "tokenizers",
    "courses",
    "evaluate",
    "tasks",
    "dataset-viewer",
    "trl",
    "simulate",
    "sagemaker",
    "timm",
    "safetensors",
    "tgi",
    "setfit",
    "lerobot",
    "autotrain",
    "tei",
    "bitsandbytes",
    "sentence_transformers",
    "chat-ui",
    "leaderboards",
    "lighteval",
    "argilla",
    "distilabel",
    "microsoft-azure",
    "kernels",
    "google-cloud",
];

const OPTIMUM: [&str; 6] = [
    "/docs/optimum",
    "/docs/optimum-habana",
    "/docs/optimum-neuron",
    "/docs/optimum-intel",
    "/docs/optimum-executorch",
    "/docs/optimum-tpu",
];

const COURSES: [&str; 12] = [
    "/learn/llm-course",
    "/learn/robotics-course",
    "/learn/mcp-course",
    "/learn/smol-course",
    "/learn/agents-course",
    "/learn/deep-rl-course",
    "/learn/computer-vision-course",
    "/learn/audio-course",
    "/learn/ml-games-course",
    "/learn/diffusion-course",
    "/learn/ml-for-3d-course",
    "/learn/cookbook",
];

/// The path of the first page of each of an endpoint's parts; all its other pages are beneath them.
pub(crate) fn paths(endpoint: &str) -> Vec<String> {
    let all = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
    match endpoint {
        "optimum" => all(&OPTIMUM),
        "courses" => all(&COURSES),
        "tgi" => all(&["/docs/text-generation-inference"]),
        "tei" => all(&["/docs/text-embeddings-inference"]),
        other => vec![format!("/docs/{other}")],
    }
}

/// Where a person finds it.
pub(crate) fn place(endpoint: &str) -> String {
    match endpoint {
        "courses" => "https://huggingface.co/learn".to_owned(),
        other => paths(other)
            .first()
            .map_or_else(String::new, |path| format!("{}{path}", ml_intern_hub::HUB)),
    }
}
