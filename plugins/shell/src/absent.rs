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
    (
        "uv",
        "use pip: `pip install` gets pure-Python wheels where the policy allows the index",
    ),
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
    ("ssh", ONLY_HTTP),
    ("scp", ONLY_HTTP),
    ("sftp", ONLY_HTTP),
    ("rsync", ONLY_HTTP),
    ("ftp", ONLY_HTTP),
    ("nc", ONLY_HTTP),
    ("telnet", ONLY_HTTP),
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

const PACKAGES: &str = "there are no system packages here; python has numpy, pandas, scipy, scikit-learn, statsmodels, matplotlib and seaborn, `pip install` gets pure-Python wheels where the policy allows the index, and what needs more runs on Hugging Face Jobs";
const ONLY_HTTP: &str = "only HTTP goes out, through curl, as far as the policy allows";

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
