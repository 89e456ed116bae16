//! Commands that agents reach for and that do not exist here: each says what to use instead.

use bashkit::{Builtin, BuiltinContext, ExecResult, Result, async_trait};

/// What a shell says of a command that it cannot find.
const NOT_FOUND: i32 = 127;

/// Command, and what to use instead.
pub(crate) const ABSENT: &[(&str, &str)] = &[
    ("apt", PACKAGES),
    ("apt-get", PACKAGES),
    ("yum", PACKAGES),
    ("dnf", PACKAGES),
    ("apk", PACKAGES),
    ("brew", PACKAGES),
    ("conda", PACKAGES),
    ("mamba", PACKAGES),
    ("pip", PYTHON_PACKAGES),
    ("pip3", PYTHON_PACKAGES),
    ("uv", PYTHON_PACKAGES),
    ("npm", "there is no Node here; use python"),
    ("node", "there is no Node here; use python"),
    (
        "nvidia-smi",
        "there is no GPU here; what needs one runs on Hugging Face Jobs",
    ),
    (
        "nvcc",
        "there is no GPU here; what needs one runs on Hugging Face Jobs",
    ),
    (
        "docker",
        "there are no containers here; this shell is the sandbox",
    ),
    (
        "podman",
        "there are no containers here; this shell is the sandbox",
    ),
    ("ssh", "there is no network here; use the tools for the web"),
    ("scp", "there is no network here; use the tools for the web"),
    (
        "curl",
        "there is no network here; use the tools for the web",
    ),
    (
        "wget",
        "there is no network here; use the tools for the web",
    ),
    ("sudo", "there are no other users here; leave sudo out"),
    ("su", "there are no other users here"),
    ("systemctl", "there are no services here"),
    ("service", "there are no services here"),
    (
        "git",
        "the workspace is a private copy without its history; what changed is shown at the end, and a person commits it",
    ),
    (
        "gcc",
        "there is no compiler here; use python with numpy, or Hugging Face Jobs",
    ),
    (
        "g++",
        "there is no compiler here; use python with numpy, or Hugging Face Jobs",
    ),
    (
        "make",
        "there is no make here; run the commands of the Makefile one by one",
    ),
    ("cargo", "there is no compiler here"),
    (
        "huggingface-cli",
        "the Hub is reached through the agent's own tools",
    ),
    ("hf", "the Hub is reached through the agent's own tools"),
    (
        "tmux",
        "each call is a shell of its own; give a longer timeout instead",
    ),
    (
        "screen",
        "each call is a shell of its own; give a longer timeout instead",
    ),
    ("vim", "edit files with the edit tool"),
    ("nano", "edit files with the edit tool"),
];

const PACKAGES: &str = "nothing can be installed here; python has numpy, pandas, scipy, scikit-learn, statsmodels and matplotlib";
const PYTHON_PACKAGES: &str = "nothing can be installed here; built in are numpy, pandas, scipy, scikit-learn, statsmodels, matplotlib and seaborn, and what needs more runs on Hugging Face Jobs";

/// One of them.
pub(crate) struct Absent(pub(crate) &'static str, pub(crate) &'static str);

#[async_trait]
impl Builtin for Absent {
    async fn execute(&self, _: BuiltinContext<'_>) -> Result<ExecResult> {
        let Absent(name, instead) = self;
        Ok(ExecResult::err(
            format!("{name}: not available: {instead}\n"),
            NOT_FOUND,
        ))
    }
}
