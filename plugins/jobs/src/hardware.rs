//! The hardware that jobs run on and its prices: the Hub's own table, asked for each time it is used.
//!
//! Money is counted in millionths of a US dollar, as the Hub does.

use ml_intern_sdk::Failure;
use ml_intern_sdk::prelude::*;
use serde_json::Value;

/// Where the table is.
pub(crate) const PATH: &str = "/api/jobs/hardware";
/// Bytes of it at most.
const TABLE: usize = 1 << 20;
/// What a job runs on where the model does not say.
pub(crate) const DEFAULT: &str = "cpu-basic";

/// One kind of machine. Whatever the Hub leaves out is not shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Flavor {
    pub(crate) name: String,
    #[serde(default)]
    pretty_name: Option<String>,
    #[serde(default)]
    cpu: Option<String>,
    #[serde(default)]
    ram: Option<String>,
    #[serde(default)]
    ephemeral_storage: Option<String>,
    #[serde(default)]
    accelerator: Option<Accelerator>,
    #[serde(default, rename = "unitCostMicroUSD")]
    unit_cost_micro_usd: Option<f64>,
    #[serde(default, rename = "unitCostUSD")]
    unit_cost_usd: Option<f64>,
    #[serde(default)]
    unit_label: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Accelerator {
    #[serde(default)]
    model: Value,
    #[serde(default)]
    quantity: Value,
    #[serde(default)]
    vram: Value,
}

/// Text or a number, as text.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Flavor {
    /// Its price for an hour; none where the Hub does not say, or in a unit that is not known.
    pub(crate) fn hourly(&self) -> Option<Micros> {
        let unit = self
            .unit_cost_micro_usd
            .or_else(|| Some(self.unit_cost_usd? * 1e6))?;
        let units = match self.unit_label.as_deref()? {
            "second" | "seconds" => 3_600.0,
            "minute" | "minutes" => 60.0,
            "hour" | "hours" => 1.0,
            _ => return None,
        };
        let hourly = (unit * units).round();
        (0.0..1e15)
            .contains(&hourly)
            .then_some(Micros(hourly as u64))
    }

    /// Whether it has a GPU, or something of the kind.
    pub(crate) fn accelerated(&self) -> bool {
        self.accelerator.is_some()
    }

    /// `4 vCPU, 15 GB RAM, 1x T4 (16 GB)`.
    pub(crate) fn described(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.cpu.clone());
        parts.extend(self.ram.as_ref().map(|ram| format!("{ram} RAM")));
        let accelerator = self.accelerator_shown();
        if accelerator.is_empty() {
            parts.push("no accelerator".into());
        } else {
            parts.push(match self.vram() {
                vram if vram.is_empty() => accelerator,
                vram => format!("{accelerator} ({vram})"),
            });
        }
        parts.join(", ")
    }

    fn accelerator_shown(&self) -> String {
        let Some(accelerator) = &self.accelerator else {
            return String::new();
        };
        match (text(&accelerator.quantity), text(&accelerator.model)) {
            (quantity, model) if quantity.is_empty() => model,
            (quantity, model) => format!("{quantity}x {model}"),
        }
    }

    fn vram(&self) -> String {
        self.accelerator
            .as_ref()
            .map(|accelerator| text(&accelerator.vram))
            .unwrap_or_default()
    }
}

/// Millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Micros(pub(crate) u64);

impl Micros {
    /// What so many seconds cost at this price for an hour, rounded up.
    pub(crate) fn for_seconds(self, seconds: u64) -> Micros {
        let cost = (u128::from(self.0) * u128::from(seconds)).div_ceil(3_600);
        Micros(u64::try_from(cost).unwrap_or(u64::MAX))
    }

    /// So many times this.
    pub(crate) fn times(self, count: u64) -> Micros {
        Micros(self.0.saturating_mul(count))
    }

    /// In US dollars, rounded up to four decimals: a bound stays one.
    pub(crate) fn usd(self) -> f64 {
        self.0.div_ceil(100) as f64 / 1e4
    }

    /// `$1.50`, `$0.0084`: to the nearest cent, with two more digits where it is less than a dollar and has them.
    pub(crate) fn shown(self) -> String {
        let fine = self.0.saturating_add(50) / 100;
        if fine.is_multiple_of(100) || fine >= 10_000 {
            let cents = (fine + 50) / 100;
            return format!("${}.{:02}", cents / 100, cents % 100);
        }
        format!("$0.{fine:04}")
    }
}

/// The Hub's table.
///
/// # Errors
/// What the Hub said, explained.
pub(crate) fn table() -> Result<Vec<Flavor>, Failure> {
    let flavors: Vec<Flavor> = ml_intern_hub::get(PATH, &[], TABLE)?;
    if flavors.is_empty() {
        return Err(Failure::failed("the Hub's table of hardware is empty"));
    }
    Ok(flavors)
}

/// The flavor of this name.
///
/// # Errors
/// [`Failure::InvalidArguments`] with the names that there are, the most like it first.
pub(crate) fn find<'t>(table: &'t [Flavor], name: &str) -> Result<&'t Flavor, Failure> {
    if let Some(found) = table.iter().find(|flavor| flavor.name == name) {
        return Ok(found);
    }
    let mut names: Vec<(usize, &str)> = table
        .iter()
        .map(|flavor| {
            let distance = strsim::damerau_levenshtein(&flavor.name, name);
            // `h100` for `h100x1`: what it begins is nearer than what differs in a letter.
            let begins = flavor.name.starts_with(name) && !name.is_empty();
            (if begins { 0 } else { distance }, flavor.name.as_str())
        })
        .collect();
    names.sort_by_key(|(distance, _)| *distance);
    let names: Vec<&str> = names.into_iter().map(|(_, name)| name).collect();
    Err(Failure::argument(
        "/hardware_flavor",
        format!("one of the Hub's flavors: {}", names.join(", ")),
    ))
}

/// The table for the model, cheapest first.
pub(crate) fn shown(table: &[Flavor]) -> String {
    let mut flavors: Vec<&Flavor> = table.iter().collect();
    flavors.sort_by_key(|flavor| flavor.hourly().map_or(u64::MAX, |price| price.0));
    let mut text = format!(
        "**Hardware for jobs** ({} flavors, prices from the Hub):\n\n\
         | FLAVOR | NAME | CPU | RAM | ACCELERATOR | VRAM | DISK | PER HOUR |\n|---|---|---|---|---|---|---|---|\n",
        flavors.len()
    );
    for flavor in flavors {
        let cell = |text: &Option<String>| crate::table::cell(text.as_deref().unwrap_or(""), 30);
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
            crate::table::cell(&flavor.name, 30),
            cell(&flavor.pretty_name),
            cell(&flavor.cpu),
            cell(&flavor.ram),
            crate::table::cell(&flavor.accelerator_shown(), 30),
            crate::table::cell(&flavor.vram(), 12),
            cell(&flavor.ephemeral_storage),
            flavor
                .hourly()
                .map_or_else(|| "?".into(), |price| price.shown()),
        ));
    }
    text.push_str("\nA job costs its price while it runs; its `timeout` is what bounds it.");
    text
}

/// The part for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Structured<'t> {
    name: &'t str,
    described: String,
    usd_per_hour: Option<f64>,
}

/// The table for programs, in the Hub's order.
pub(crate) fn structured(table: &[Flavor]) -> Vec<Structured<'_>> {
    table
        .iter()
        .map(|flavor| Structured {
            name: &flavor.name,
            described: flavor.described(),
            usd_per_hour: flavor.hourly().map(|price| price.0 as f64 / 1e6),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn flavor(json: serde_json::Value) -> Flavor {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn prices_are_for_an_hour() {
        let table = [
            (
                json!({"name": "a", "unitCostMicroUSD": 167, "unitLabel": "minute"}),
                Some(10_020),
            ),
            (
                json!({"name": "a", "unitCostUSD": 0.000_167, "unitLabel": "minute"}),
                Some(10_020),
            ),
            (
                json!({"name": "a", "unitCostUSD": 1.5, "unitLabel": "hour"}),
                Some(1_500_000),
            ),
            (
                json!({"name": "a", "unitCostMicroUSD": 2, "unitLabel": "second"}),
                Some(7_200),
            ),
            (
                json!({"name": "a", "unitCostMicroUSD": 167, "unitLabel": "moon"}),
                None,
            ),
            (json!({"name": "a", "unitCostMicroUSD": 167}), None),
            (json!({"name": "a", "unitLabel": "minute"}), None),
            (
                json!({"name": "a", "unitCostMicroUSD": -1, "unitLabel": "minute"}),
                None,
            ),
        ];
        for (given, expected) in table {
            assert_eq!(
                flavor(given.clone()).hourly(),
                expected.map(Micros),
                "{given}"
            );
        }
    }

    #[test]
    fn money() {
        for (micros, shown, usd) in [
            (0, "$0.00", 0.0),
            (1, "$0.00", 0.0001),
            (50, "$0.0001", 0.0001),
            (8_400, "$0.0084", 0.0084),
            (10_020, "$0.01", 0.0101),
            (400_020, "$0.40", 0.4001),
            (600_000, "$0.60", 0.6),
            (999_999, "$1.00", 1.0),
            (1_500_000, "$1.50", 1.5),
            (1_501_000, "$1.50", 1.501),
            (1_505_000, "$1.51", 1.505),
        ] {
            assert_eq!(
                (Micros(micros).shown().as_str(), Micros(micros).usd()),
                (shown, usd)
            );
        }
        assert_eq!(Micros(1_500_000).for_seconds(1_800), Micros(750_000));
        assert_eq!(Micros(1).for_seconds(1), Micros(1));
        assert_eq!(Micros(u64::MAX).for_seconds(7_200), Micros(u64::MAX));
    }

    #[test]
    fn the_nearest_names_come_first() {
        let table: Vec<Flavor> = ["cpu-basic", "t4-small", "a10g-small", "a10g-large", "h200"]
            .iter()
            .map(|name| flavor(json!({ "name": name })))
            .collect();
        assert_eq!(
            find(&table, "h200").map(|flavor| flavor.name.as_str()),
            Ok("h200")
        );
        for (name, first) in [
            ("h100", "h200"),
            ("a10-small", "a10g-small"),
            ("a10g", "a10g-small"),
            ("cpu", "cpu-basic"),
        ] {
            let Err(Failure::InvalidArguments(errors)) = find(&table, name) else {
                panic!("{name}")
            };
            let expected = format!("one of the Hub's flavors: {first}, ");
            assert!(errors[0].expected.starts_with(&expected), "{errors:?}");
        }
    }
}
