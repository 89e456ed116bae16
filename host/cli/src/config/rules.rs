//! What a configuration must be beyond its types.

use std::collections::BTreeMap;

use super::error::Problem;
use super::tree::{Source, Tree, pointer};
use super::values::{Config, Hidden, McpServer, Messaging, Transport};

/// What is wrong with a configuration that has the right types.
pub(crate) fn check(config: &Config, tree: &Tree) -> Vec<Problem> {
    let mut rules = Rules {
        tree,
        problems: Vec::new(),
    };
    if let Some(repo) = &config.session_dataset_repo
        && !is_repo(repo)
    {
        rules.problem(
            &["session_dataset_repo"],
            "expected `<owner>/<name>`, or null for none",
        );
    }
    // Any name will do to see whether one is missing.
    let template = &config.personal_trace_repo_template;
    if !is_repo(&template.replace("{hf_user}", "user")) {
        rules.problem(
            &["personal_trace_repo_template"],
            "expected `<owner>/<name>`, in which `{hf_user}` may stand",
        );
    }
    if let Some(timeout) = &config.timeout
        && policy::units::duration(timeout).is_none()
    {
        rules.problem(
            &["timeout"],
            "expected a whole number and a unit, for example `90s` or `30min`",
        );
    }
    rules.servers(&config.mcp_servers);
    rules.messaging(&config.messaging);
    rules.problems
}

/// Whether a text is `<owner>/<name>` as the Hub has them.
fn is_repo(text: &str) -> bool {
    let fits = |part: &str| {
        !part.is_empty()
            && part.len() <= 96
            && !part.starts_with(['-', '.'])
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    text.split_once('/')
        .is_some_and(|(owner, name)| fits(owner) && fits(name))
}

/// Whether an address is one that keys may be sent to: encrypted, or on this machine; and without a key in itself.
fn is_address(url: &str) -> bool {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => return false,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let plain = !url.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
    let here = ["localhost", "127.0.0.1", "::1"].contains(&host);
    plain
        && !host.is_empty()
        && !authority.contains('@')
        && (scheme == "https" || (scheme == "http" && here))
}

struct Rules<'r> {
    tree: &'r Tree,
    problems: Vec<Problem>,
}

impl Rules<'_> {
    /// Adds a problem; its place is that of the value, or of what the value is in.
    fn problem(&mut self, path: &[&str], message: &str) {
        let place = (0..=path.len())
            .rev()
            .find_map(|length| self.tree.at(path.get(..length)?))
            .unwrap_or(self.tree);
        self.problems.push(Problem {
            place: place.origin.to_string(),
            pointer: pointer(path),
            message: message.to_owned(),
        });
    }

    fn servers(&mut self, servers: &BTreeMap<String, McpServer>) {
        for (name, server) in servers {
            let path = ["mcpServers", name];
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if name.is_empty() || !name.chars().all(fits) {
                self.problem(
                    &path,
                    "expected a name of letters, digits, `.`, `_` and `-`",
                );
            }
            self.server(name, server);
        }
    }

    fn server(&mut self, name: &str, server: &McpServer) {
        let path = ["mcpServers", name];
        let at = |key| ["mcpServers", name, key];
        match (&server.command, &server.url) {
            (Some(_), None) => {
                if !matches!(server.transport, None | Some(Transport::Stdio)) {
                    self.problem(&at("transport"), "expected `stdio`, as it has a `command`");
                }
                if !server.headers.is_empty() {
                    self.problem(&at("headers"), "goes with `url`, and it has a `command`");
                }
            }
            (None, Some(url)) => {
                if server.transport == Some(Transport::Stdio) {
                    self.problem(
                        &at("transport"),
                        "`stdio` goes with `command`, and it has a `url`",
                    );
                }
                let unused = [
                    ("args", !server.args.is_empty()),
                    ("env", !server.env.is_empty()),
                    ("cwd", server.cwd.is_some()),
                ];
                for (key, _) in unused.iter().filter(|(_, there)| *there) {
                    self.problem(&at(key), "goes with `command`, and it has a `url`");
                }
                if !is_address(url) {
                    self.problem(
                        &at("url"),
                        "expected `https://<host>…`, or `http://` with `localhost`, `127.0.0.1` or `[::1]`, and without a \
                         name or password",
                    );
                }
            }
            (Some(_), Some(_)) => {
                // The place of what was added to the other.
                let command = self.tree.at(&at("command"));
                let first = command.is_some_and(|tree| tree.origin.source == Source::BuiltIn);
                self.problem(
                    &at(if first { "url" } else { "command" }),
                    "a server has a `command` or a `url`, and this has both: files are merged, so give it another name",
                );
            }
            (None, None) => self.problem(&path, "expected a `command` or a `url`"),
        }
    }

    fn messaging(&mut self, messaging: &Messaging) {
        if messaging.enabled && messaging.destinations.is_empty() {
            self.problem(
                &["messaging", "enabled"],
                "is true, and there is no destination; add one to `messaging.destinations`",
            );
        }
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        for (name, destination) in &messaging.destinations {
            let path = ["messaging", "destinations", name];
            if name.is_empty() || !name.chars().all(fits) {
                self.problem(
                    &path,
                    "expected a name of lowercase letters, digits, `.`, `_` and `-`",
                );
            }
            if !is_token(&destination.token) {
                self.problem(
                    &["messaging", "destinations", name, "token"],
                    "expected a token, which has no blanks",
                );
            }
        }
    }
}

fn is_token(token: &Hidden) -> bool {
    let token = token.reveal();
    !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn beyond_types() {
        let slack = json!({"provider": "slack", "token": "xoxb", "channel": "C"});
        let server = |server: Value| json!({"mcpServers": {"s": server}});
        let destination = |name: &str| json!({"messaging": {"enabled": true, "destinations": {name: slack.clone()}}});
        let address = "here: /mcpServers/s/url: expected `https://<host>…`, or `http://` with `localhost`, `127.0.0.1` or `[::1]`, \
                       and without a name or password";
        let table: Vec<(Value, &str)> = vec![
            (json!({}), ""),
            (
                json!({"session_dataset_repo": "org/name", "timeout": "90s"}),
                "",
            ),
            (
                json!({"session_dataset_repo": "name"}),
                "here: /session_dataset_repo: expected `<owner>/<name>`, or null for none",
            ),
            (
                json!({"session_dataset_repo": "a/b/c"}),
                "here: /session_dataset_repo: expected `<owner>/<name>`, or null for none",
            ),
            (
                json!({"personal_trace_repo_template": "{hf_user}/{hf_user}-traces"}),
                "",
            ),
            (
                json!({"personal_trace_repo_template": "{user}/traces"}),
                "here: /personal_trace_repo_template: expected `<owner>/<name>`, in which `{hf_user}` may stand",
            ),
            (
                json!({"timeout": "90"}),
                "here: /timeout: expected a whole number and a unit, for example `90s` or `30min`",
            ),
            (server(json!({"command": "x", "args": ["a"]})), ""),
            (server(json!({"command": "x", "transport": "stdio"})), ""),
            (
                server(
                    json!({"url": "https://x.example/mcp?login", "transport": "http", "headers": {"A": "b"}}),
                ),
                "",
            ),
            (server(json!({"url": "http://localhost:1/x"})), ""),
            (server(json!({"url": "http://[::1]:1"})), ""),
            (
                server(json!({})),
                "here: /mcpServers/s: expected a `command` or a `url`",
            ),
            (
                server(json!({"command": "x", "url": "https://x"})),
                "here: /mcpServers/s/command: a server has a `command` or a `url`, and this has both: files are merged, so give it another \
                 name",
            ),
            (
                server(json!({"command": "x", "transport": "http"})),
                "here: /mcpServers/s/transport: expected `stdio`, as it has a `command`",
            ),
            (
                server(json!({"command": "x", "headers": {"A": "b"}})),
                "here: /mcpServers/s/headers: goes with `url`, and it has a `command`",
            ),
            (
                server(json!({"url": "https://x", "transport": "stdio"})),
                "here: /mcpServers/s/transport: `stdio` goes with `command`, and it has a `url`",
            ),
            (
                server(json!({"url": "https://x", "cwd": "/"})),
                "here: /mcpServers/s/cwd: goes with `command`, and it has a `url`",
            ),
            (server(json!({"url": "http://x.example"})), address),
            (
                server(json!({"url": "http://localhost@x.example"})),
                address,
            ),
            (
                server(json!({"url": "https://user:pass@x.example"})),
                address,
            ),
            (server(json!({"url": "x.example"})), address),
            (server(json!({"url": "https:///x"})), address),
            (
                json!({"mcpServers": {"a b": {"command": "x"}}}),
                "here: /mcpServers/a b: expected a name of letters, digits, `.`, `_` and `-`",
            ),
            (destination("slack.default"), ""),
            (
                json!({"messaging": {"enabled": true}}),
                "here: /messaging/enabled: is true, and there is no destination; add one to `messaging.destinations`",
            ),
            (
                destination("Ops"),
                "here: /messaging/destinations/Ops: expected a name of lowercase letters, digits, `.`, `_` and `-`",
            ),
            (
                json!({"messaging": {"destinations": {"d": {"provider": "slack", "token": "a b", "channel": "c"}}}}),
                "here: /messaging/destinations/d/token: expected a token, which has no blanks",
            ),
        ];
        for (value, problem) in table {
            let tree = Tree::of(value.clone(), &Source::Flag("here".into()));
            let config: Config = serde_json::from_value(value.clone()).unwrap();
            let all: Vec<String> = check(&config, &tree)
                .iter()
                .map(Problem::to_string)
                .collect();
            let expected: &[&str] = if problem.is_empty() { &[] } else { &[problem] };
            assert_eq!(all, expected, "{value}");
        }
    }
}
