//! Paths that are not changed on the user's behalf.

use std::path::{Path, PathBuf};

use gix_object::bstr::BStr;
use gix_validate::path::component;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Paths that a commit refuses to change: what runs by itself, sooner or later, outside of any sandbox.
///
/// Rules are patterns in the format of `.gitignore`, and the last one that matches decides. Letters match in both cases,
/// since some file systems do not tell them apart. What is in a directory that a pattern matches is protected too.
///
/// | rules | because |
/// | --- | --- |
/// | `.git` (also as HFS+ and NTFS disguise it), `.hg`, `.svn`, `.jj`, `.githooks`, `.gitmodules` | version control runs hooks and filters |
/// | `.github/workflows`, `.gitlab-ci.yml`, `.circleci`, `.ci`, `Jenkinsfile` … | continuous integration runs it, with secrets |
/// | `.bashrc`, `.profile`, `.zshrc`, `.envrc` … | a shell runs it |
/// | `.vscode`, `.idea`, `.devcontainer`, `.vimrc`, `.dir-locals.el` … | an editor or debugger runs it |
/// | `.pre-commit-config.yaml`, `.husky`, `lefthook.yml`, `.npmrc`, `.cargo`, `.ml-intern` … | a developer's tool runs it |
/// | `.ssh`, `.gnupg`, `.netrc`, `.pypirc`, `.env` … | it holds, or opens the door to, credentials |
#[derive(Debug, Clone)]
pub struct Protected {
    rules: Vec<Rule>,
    patterns: Gitignore,
}

/// A rule and why there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    pattern: String,
    why: &'static str,
}

/// A pattern that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{pattern:?}: {source}")]
pub struct BadPattern {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub source: ignore::Error,
}

/// A path that a commit refuses to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The path.
    pub path: PathBuf,
    /// The rule that says so: a pattern of [`Protected`], or the name of a fixed rule.
    pub rule: String,
    /// Why there is such a rule.
    pub why: &'static str,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (path, rule) = (
            crate::Shown(&self.path),
            crate::Shown(Path::new(&self.rule)),
        );
        write!(f, "{path}: protected by `{rule}`: {}", self.why)
    }
}

const VERSION_CONTROL: &str = "version control runs its hooks and filters";
const INTEGRATION: &str = "continuous integration runs it, with secrets";
const SHELL: &str = "a shell runs it";
const EDITOR: &str = "an editor or a debugger runs it";
const TOOL: &str = "a developer's tool runs it";
const CREDENTIALS: &str = "it holds credentials, or decides who may come in";
const CONFIGURED: &str = "the configuration says so";

const DEFAULT: [(&str, &[&str]); 6] = [
    (
        VERSION_CONTROL,
        &[
            ".git",
            ".hg",
            ".svn",
            ".jj",
            ".bzr",
            ".githooks",
            ".gitmodules",
            ".gitconfig",
        ],
    ),
    (
        INTEGRATION,
        &[
            "**/.github/workflows",
            "**/.github/actions",
            "**/.gitea/workflows",
            "**/.forgejo/workflows",
            ".gitlab-ci.yml",
            ".gitlab-ci.yaml",
            "**/.gitlab/ci",
            ".circleci",
            ".ci",
            "Jenkinsfile",
            "Jenkinsfile.*",
            "*.jenkinsfile",
            ".travis.yml",
            ".cirrus.yml",
            ".drone.yml",
            ".woodpecker",
            ".woodpecker.yml",
            ".woodpecker.yaml",
            ".buildkite",
            ".teamcity",
            ".azure-pipelines",
            "azure-pipelines.yml",
            "bitbucket-pipelines.yml",
            "appveyor.yml",
            ".appveyor.yml",
            ".semaphore",
            "cloudbuild.yaml",
            "buildspec.yml",
        ],
    ),
    (
        SHELL,
        &[
            ".bashrc",
            ".bash_profile",
            ".bash_login",
            ".bash_logout",
            ".bash_aliases",
            ".profile",
            ".login",
            ".logout",
            ".zshrc",
            ".zshenv",
            ".zprofile",
            ".zlogin",
            ".zlogout",
            ".kshrc",
            ".cshrc",
            ".tcshrc",
            ".xprofile",
            ".xinitrc",
            ".xsession",
            ".inputrc",
            ".envrc",
            ".direnvrc",
            "**/.config/fish",
        ],
    ),
    (
        EDITOR,
        &[
            ".vscode",
            ".idea",
            ".vs",
            ".devcontainer",
            ".devcontainer.json",
            ".vimrc",
            ".gvimrc",
            ".exrc",
            ".nvimrc",
            ".nvim.lua",
            ".lvimrc",
            ".emacs",
            ".emacs.d",
            ".dir-locals.el",
            ".dir-locals-2.el",
            ".zed",
            ".cursor",
            ".claude",
            ".mcp.json",
            ".gdbinit",
            ".lldbinit",
            ".pdbrc",
            ".pythonrc",
            ".pythonstartup",
            ".ipython",
            ".jupyter",
            ".Rprofile",
        ],
    ),
    (
        TOOL,
        &[
            ".pre-commit-config.yaml",
            ".pre-commit-config.yml",
            ".pre-commit-hooks.yaml",
            ".husky",
            "lefthook.yml",
            "lefthook.yaml",
            ".lefthook.yml",
            ".lefthook.yaml",
            ".lefthook",
            ".lefthook-local.yml",
            ".huskyrc*",
            ".lintstagedrc*",
            ".npmrc",
            ".yarnrc",
            ".ml-intern",
            ".yarnrc.yml",
            ".yarn",
            ".pnpmfile.cjs",
            ".pnp.cjs",
            ".pip",
            ".cargo",
            ".bundle",
            ".mise.toml",
            ".mise",
            ".rtx.toml",
            ".asdfrc",
            "**/.config/systemd",
            "**/.config/autostart",
        ],
    ),
    (
        CREDENTIALS,
        &[
            ".ssh",
            ".gnupg",
            ".netrc",
            ".env",
            ".pypirc",
            ".aws",
            ".kube",
            ".docker",
            ".git-credentials",
        ],
    ),
];

impl Default for Protected {
    fn default() -> Self {
        let rules = DEFAULT.iter().flat_map(|(why, patterns)| {
            patterns.iter().map(|pattern| Rule {
                pattern: (*pattern).to_owned(),
                why,
            })
        });
        // A test builds them; without rules nothing would be protected, so then everything is.
        Self::of(rules.collect()).unwrap_or_else(|_| Self::everything())
    }
}

impl Protected {
    /// Nothing is protected.
    #[must_use]
    pub fn nothing() -> Self {
        Protected {
            rules: Vec::new(),
            patterns: Gitignore::empty(),
        }
    }

    /// These patterns more.
    ///
    /// # Errors
    ///
    /// A pattern is none.
    pub fn protect<P: AsRef<str>>(
        self,
        patterns: impl IntoIterator<Item = P>,
    ) -> Result<Self, BadPattern> {
        self.and(patterns, "")
    }

    /// Except what these patterns match.
    ///
    /// # Errors
    ///
    /// A pattern is none.
    pub fn allow<P: AsRef<str>>(
        self,
        patterns: impl IntoIterator<Item = P>,
    ) -> Result<Self, BadPattern> {
        self.and(patterns, "!")
    }

    /// The patterns, in their order; those that are allowed have a `!`.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.pattern.as_str())
    }

    /// Why a path may not be changed, if it may not.
    #[must_use]
    pub fn refuses(&self, path: &Path, is_directory: bool) -> Option<Refusal> {
        let matched = self.matched(path, is_directory).or_else(|| {
            // What stands for `.git` on other file systems is the same directory there.
            let plain: PathBuf = path
                .iter()
                .map(|part| if is_git(part) { ".git".as_ref() } else { part })
                .collect();
            (plain != path).then(|| self.matched(&plain, is_directory))?
        })?;
        let why = self.rules.iter().rev().find(|rule| rule.pattern == matched);
        Some(Refusal {
            path: path.to_owned(),
            rule: matched,
            why: why.map_or(CONFIGURED, |rule| rule.why),
        })
    }

    fn matched(&self, path: &Path, is_directory: bool) -> Option<String> {
        match self
            .patterns
            .matched_path_or_any_parents(path, is_directory)
        {
            Match::Ignore(glob) => Some(glob.original().to_owned()),
            Match::None | Match::Whitelist(_) => None,
        }
    }

    fn and<P: AsRef<str>>(
        self,
        patterns: impl IntoIterator<Item = P>,
        prefix: &str,
    ) -> Result<Self, BadPattern> {
        let more = patterns.into_iter().map(|pattern| Rule {
            pattern: format!("{prefix}{}", pattern.as_ref()),
            why: CONFIGURED,
        });
        Self::of(self.rules.into_iter().chain(more).collect())
    }

    fn of(rules: Vec<Rule>) -> Result<Self, BadPattern> {
        let bad = |pattern: &str| {
            let pattern = pattern.to_owned();
            move |source| BadPattern { pattern, source }
        };
        let mut patterns = GitignoreBuilder::new("");
        patterns.case_insensitive(true).map_err(bad(""))?;
        for rule in &rules {
            let added = patterns.add_line(None, &rule.pattern);
            added.map_err(bad(&rule.pattern))?;
        }
        let patterns = patterns.build().map_err(bad(""))?;
        Ok(Protected { rules, patterns })
    }

    fn everything() -> Self {
        let pattern = "*".to_owned();
        let why = CONFIGURED;
        Self::of(vec![Rule { pattern, why }]).unwrap_or_else(|_| Self::nothing())
    }
}

/// Whether a name is `.git` on some file system: HFS+ skips some characters, NTFS knows `git~1`.
fn is_git(name: &std::ffi::OsStr) -> bool {
    let options = component::Options {
        protect_windows: false,
        protect_hfs: true,
        protect_ntfs: true,
    };
    let name = BStr::new(name.as_encoded_bytes());
    matches!(
        gix_validate::path::component(name, None, options),
        Err(component::Error::DotGitDir)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path that is refused, the rule, and a twin that is not.
    #[test]
    fn each_rule_has_a_twin_that_is_allowed() {
        let table = [
            (".git/hooks/pre-commit", ".git", "git/hooks/pre-commit"),
            (".git/config", ".git", ".gitkeep"),
            (".git", ".git", ".gitignore"),
            ("sub/module/.git", ".git", "sub/module/.gitattributes"),
            (".GIT/config", ".git", "GIT/config"),
            (".g\u{200c}it/config", ".git", "g\u{200c}it/config"),
            ("git~1/config", ".git", "git~9/config"),
            (".gitmodules", ".gitmodules", "gitmodules"),
            (
                ".github/workflows/ci.yml",
                "**/.github/workflows",
                ".github/CODEOWNERS",
            ),
            (
                "repo/.github/workflows",
                "**/.github/workflows",
                ".github/ISSUE_TEMPLATE/bug.md",
            ),
            (".gitlab-ci.yml", ".gitlab-ci.yml", "gitlab-ci.yml"),
            (".circleci/config.yml", ".circleci", "circleci/config.yml"),
            (".ci/run", ".ci", "ci/run"),
            ("Jenkinsfile", "Jenkinsfile", "jenkins.md"),
            ("jenkinsfile", "Jenkinsfile", "jenkinsfiles"),
            (".bashrc", ".bashrc", "bashrc"),
            ("home/.profile", ".profile", "home/profile"),
            (".zshrc", ".zshrc", "zshrc.md"),
            (".envrc", ".envrc", ".env.example"),
            (".env", ".env", ".env.example"),
            (".npmrc", ".npmrc", "package.json"),
            (
                ".ml-intern/config.json",
                ".ml-intern",
                "ml-intern/config.json",
            ),
            (
                ".pre-commit-config.yaml",
                ".pre-commit-config.yaml",
                "pre-commit-config.yaml",
            ),
            (".vscode/tasks.json", ".vscode", "vscode/tasks.json"),
            (".idea/workspace.xml", ".idea", "idea.xml"),
            (".husky/pre-push", ".husky", "husky/pre-push"),
            (".cargo/config.toml", ".cargo", "Cargo.toml"),
            (".ssh/authorized_keys", ".ssh", "ssh.md"),
            ("deep/er/.ssh", ".ssh", "deep/er/ssh"),
        ];
        let protected = Protected::default();
        for (path, rule, twin) in table {
            let refusal = protected.refuses(Path::new(path), false);
            let refusal = refusal.unwrap_or_else(|| panic!("{path} is allowed"));
            assert_eq!(
                (refusal.rule.as_str(), refusal.path.to_str()),
                (rule, Some(path))
            );
            assert_ne!(refusal.why, CONFIGURED, "{path}");
            assert_eq!(protected.refuses(Path::new(twin), false), None, "{twin}");
        }
        for ordinary in [
            "train.py",
            "src/lib.rs",
            "data/x.csv",
            "README.md",
            ".gitignore",
        ] {
            assert_eq!(
                protected.refuses(Path::new(ordinary), false),
                None,
                "{ordinary}"
            );
        }
    }

    #[test]
    fn every_default_pattern_is_used() {
        let protected = Protected::default();
        assert!(protected.patterns().count() > 100);
        for pattern in protected.patterns() {
            let path = pattern.replace("**/", "").replace('*', "x");
            let refusal = protected.refuses(Path::new(&path), false);
            assert!(refusal.is_some(), "{pattern}");
        }
    }

    #[test]
    fn the_set_is_widened_and_narrowed() {
        let protected = Protected::default()
            .protect(["/secret", "*.key"])
            .unwrap()
            .allow([".vscode/settings.json", ".npmrc"])
            .unwrap();
        let table = [
            ("secret/x", Some("/secret")),
            ("a/secret", None),
            ("a/b.key", Some("*.key")),
            (".vscode/settings.json", None),
            (".vscode/tasks.json", Some(".vscode")),
            (".npmrc", None),
            (".git/config", Some(".git")),
        ];
        for (path, expected) in table {
            let refusal = protected.refuses(Path::new(path), false);
            assert_eq!(refusal.map(|r| r.rule).as_deref(), expected, "{path}");
        }
        let refusal = protected.refuses(Path::new("a/b.key"), false).unwrap();
        assert_eq!(
            refusal.to_string(),
            "a/b.key: protected by `*.key`: the configuration says so"
        );
        assert_eq!(
            Protected::nothing().refuses(Path::new(".git/config"), false),
            None
        );
        assert!(Protected::nothing().protect(["[z-a]"]).is_err());
    }
}
