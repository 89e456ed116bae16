//! The block of metadata at the top of a README: the part of YAML that cards are written in, by and large.

use serde_json::{Map, Value};

/// The block's keys; `None`: no block, or one that does not end. Values are strings, booleans, or lists of strings.
pub(crate) fn parse(readme: &str) -> Option<Map<String, Value>> {
    let rest = readme.strip_prefix("---\n")?;
    let (block, _) = rest.split_once("\n---")?;
    let mut card = Map::new();
    let mut list: Option<String> = None;
    for line in block.lines() {
        if let Some(item) = line.trim_start().strip_prefix("- ")
            && let Some(Value::Array(items)) = list.as_ref().and_then(|key| card.get_mut(key))
        {
            items.push(scalar(item));
        } else if !line.starts_with([' ', '#'])
            && let Some((key, value)) = line.split_once(':')
        {
            let value = value.trim();
            list = value.is_empty().then(|| key.to_owned());
            let value = if value.is_empty() {
                Value::Array(Vec::new())
            } else {
                scalar(value)
            };
            card.insert(key.to_owned(), value);
        }
    }
    Some(card)
}

fn scalar(text: &str) -> Value {
    match text.trim() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => text.trim_matches(['"', '\'']).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn cards() {
        for (readme, expected) in [
            (
                "---\nlicense: mit\ntags:\n- tabular\n- wine\npinned: false\n---\n# x",
                json!({"license": "mit", "tags": ["tabular", "wine"], "pinned": false}),
            ),
            ("---\nlicense: \"mit\"\n", json!(null)),
            ("# no card", json!(null)),
        ] {
            assert_eq!(json!(parse(readme)), expected, "{readme}");
        }
    }
}
