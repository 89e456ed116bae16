//! The router's catalogue: `GET /v1/models`.

use agent::{MicroUsd, Prices, Rates};
use serde_json::Value;

use super::table::Entry;

/// A model that the router knows, and who serves it.
#[derive(Debug, Clone, PartialEq)]
pub struct RouterModel {
    /// `<org>/<model>`.
    pub id: String,
    /// Whether it can see pictures; none where the router does not say.
    pub images: Option<bool>,
    /// Who serves it.
    pub providers: Vec<RouterProvider>,
}

/// One provider of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct RouterProvider {
    /// What ids have after their `:`.
    pub name: String,
    /// Whether it serves the model now.
    pub live: bool,
    /// Tokens that fit into a request and its answer.
    pub context_window: Option<u64>,
    /// What tokens cost there.
    pub prices: Option<Prices>,
    /// Whether the model can call tools there.
    pub tools: Option<bool>,
}

/// Reads the catalogue. An entry that makes no sense is left out.
pub(super) fn read(value: &Value) -> Option<Vec<RouterModel>> {
    let models = value.get("data")?.as_array()?;
    Some(models.iter().filter_map(model).collect())
}

fn model(value: &Value) -> Option<RouterModel> {
    let modalities = value.pointer("/architecture/input_modalities");
    let images = modalities
        .and_then(Value::as_array)
        .map(|list| list.iter().any(|one| one == "image"));
    let providers = value.get("providers").and_then(Value::as_array);
    Some(RouterModel {
        id: value.get("id")?.as_str()?.to_owned(),
        images,
        providers: providers
            .into_iter()
            .flatten()
            .filter_map(provider)
            .collect(),
    })
}

fn provider(value: &Value) -> Option<RouterProvider> {
    Some(RouterProvider {
        name: value.get("provider")?.as_str()?.to_owned(),
        live: value.get("status").and_then(Value::as_str) == Some("live"),
        context_window: value
            .get("context_length")
            .and_then(Value::as_u64)
            .filter(|window| *window > 0),
        prices: value.get("pricing").and_then(prices),
        tools: value.get("supports_tools").and_then(Value::as_bool),
    })
}

/// Dollars for a million tokens.
fn prices(value: &Value) -> Option<Prices> {
    let rate = |key: &str| MicroUsd::from_dollars(value.get(key)?.as_f64()?);
    Some(Prices {
        base: Rates {
            input: rate("input")?,
            output: rate("output")?,
            cache_read: rate("cache_read").or_else(|| rate("cached_input")),
            cache_write: rate("cache_write"),
        },
        long: None,
    })
}

/// What the catalogue says of a model under a tag. Where the router chooses the provider, only what holds for all of
/// those that it can choose: the smallest window, and a price that they all have.
pub(super) fn entry(model: &RouterModel, tag: Option<&str>) -> Entry {
    let live = || model.providers.iter().filter(|provider| provider.live);
    let named = |name: &str| {
        let mut providers = model.providers.iter();
        providers.find(|provider| provider.name == name).cloned()
    };
    let chosen: Vec<RouterProvider> = match tag {
        None | Some("fastest" | "preferred") => live().cloned().collect(),
        Some("cheapest") => {
            let price = |provider: &&RouterProvider| {
                provider.prices.as_ref().map(|prices| prices.base.output)
            };
            let cheapest = live().filter(|one| one.prices.is_some()).min_by_key(price);
            match cheapest {
                Some(one) => vec![one.clone()],
                None => live().cloned().collect(),
            }
        }
        Some(name) => named(name).into_iter().collect(),
    };
    let first = chosen.first();
    let same = |get: fn(&RouterProvider) -> Option<bool>| {
        let value = get(first?)?;
        chosen
            .iter()
            .all(|one| get(one) == Some(value))
            .then_some(value)
    };
    let prices = first
        .and_then(|first| first.prices.clone())
        .filter(|prices| chosen.iter().all(|one| one.prices.as_ref() == Some(prices)));
    let window = chosen
        .iter()
        .map(|one| one.context_window)
        .collect::<Option<Vec<u64>>>()
        .and_then(|windows| windows.into_iter().min());
    Entry {
        context_window: window,
        tools: same(|provider| provider.tools),
        images: model.images,
        prices,
        ..Entry::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn catalogue() -> Vec<RouterModel> {
        let value = json!({"object": "list", "data": [
            {"id": "a/b", "architecture": {"input_modalities": ["text", "image"]}, "providers": [
                {"provider": "novita", "status": "live", "context_length": 262_144, "pricing": {"input": 0.6, "output": 2.5}, "supports_tools": true},
                {"provider": "together", "status": "live", "context_length": 131_072, "pricing": {"input": 0.5, "output": 2.8}, "supports_tools": true},
                {"provider": "old", "status": "error", "context_length": 8192, "supports_tools": false},
            ]},
            {"id": "a/one", "providers": [
                {"provider": "x", "status": "live", "context_length": 0, "pricing": {"input": 1, "output": 2}},
                {"provider": "y", "status": "live", "pricing": {"input": 1.0, "output": 2.0}},
            ]},
            {"id": "a/none", "providers": []},
            {"no": "id"},
        ]});
        read(&value).unwrap()
    }

    #[test]
    fn what_holds_under_a_tag() {
        let catalogue = catalogue();
        assert_eq!(catalogue.len(), 3);
        type Row<'a> = (
            usize,
            Option<&'a str>,
            Option<u64>,
            Option<(u64, u64)>,
            Option<bool>,
        );
        let table: [Row<'_>; 10] = [
            (
                0,
                Some("novita"),
                Some(262_144),
                Some((600_000, 2_500_000)),
                Some(true),
            ),
            (
                0,
                Some("together"),
                Some(131_072),
                Some((500_000, 2_800_000)),
                Some(true),
            ),
            (0, Some("old"), Some(8192), None, Some(false)),
            (0, Some("unknown"), None, None, None),
            (0, None, Some(131_072), None, Some(true)),
            (0, Some("fastest"), Some(131_072), None, Some(true)),
            (
                0,
                Some("cheapest"),
                Some(262_144),
                Some((600_000, 2_500_000)),
                Some(true),
            ),
            (1, None, None, Some((1_000_000, 2_000_000)), None),
            (2, None, None, None, None),
            (2, Some("cheapest"), None, None, None),
        ];
        for (index, tag, window, price, tools) in table {
            let found = entry(&catalogue[index], tag);
            let prices = found
                .prices
                .map(|prices| (prices.base.input.0, prices.base.output.0));
            assert_eq!(
                (found.context_window, prices, found.tools),
                (window, price, tools),
                "{index} {tag:?}"
            );
        }
        assert_eq!(entry(&catalogue[0], None).images, Some(true));
        assert_eq!(read(&json!({"data": 1})), None);
    }
}
