//! Keys that variables set.

use serde_json::Value;

use super::environment::{Environment, From};
use super::keys::KEYS;
use super::project::refusal;
use super::tree::{Content, Leaf, Origin, Source, Tree};

/// What variables say. Those of `.env` files are a project's, and have no more say than its own file; a variable that is
/// empty says nothing.
pub(crate) fn layer(environment: &Environment<'_>, warnings: &mut Vec<String>) -> Tree {
    let mut entries = Vec::new();
    for key in &KEYS {
        let Some(name) = key.variable else { continue };
        let Some(found) = environment.get(name) else {
            continue;
        };
        if found.value.trim().is_empty() {
            continue;
        }
        let place = match &found.from {
            From::File { .. } => format!("{name} ({})", found.from),
            From::Process | From::Default => name.to_owned(),
        };
        let tree = Tree {
            origin: Origin {
                source: Source::Variable(place),
                line: None,
            },
            content: Content::Leaf(Leaf {
                text: true,
                ..Leaf::plain(Value::String(found.value.trim().to_owned()))
            }),
        };
        if let From::File { .. } = found.from
            && let Some(why) = refusal(key.project, &tree, None, environment)
        {
            warnings.push(format!("{}: {name} is ignored: {why}", found.from));
            continue;
        }
        entries.push((key.name.to_owned(), tree));
    }
    Tree {
        content: Content::Object(entries),
        ..Tree::empty(Source::BuiltIn)
    }
}
