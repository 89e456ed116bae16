//! Machines and their prices.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::hub::errors::Reply;

/// A machine: name, shown name, processors, memory, disk, accelerator (model, number, memory), price in millionths of a US
/// dollar for a minute.
type Machine = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<(&'static str, u8, &'static str)>,
    u32,
);

const MACHINES: [Machine; 17] = [
    (
        "cpu-basic",
        "CPU Basic",
        "2 vCPU",
        "16 GB",
        "50 GB",
        None,
        167,
    ),
    (
        "cpu-upgrade",
        "CPU Upgrade",
        "8 vCPU",
        "32 GB",
        "50 GB",
        None,
        500,
    ),
    (
        "t4-small",
        "Nvidia T4 - small",
        "4 vCPU",
        "15 GB",
        "50 GB",
        Some(("T4", 1, "16 GB")),
        6_667,
    ),
    (
        "t4-medium",
        "Nvidia T4 - medium",
        "8 vCPU",
        "30 GB",
        "100 GB",
        Some(("T4", 1, "16 GB")),
        10_000,
    ),
    (
        "a10g-small",
        "Nvidia A10G - small",
        "4 vCPU",
        "15 GB",
        "110 GB",
        Some(("A10G", 1, "24 GB")),
        16_667,
    ),
    (
        "a10g-large",
        "Nvidia A10G - large",
        "12 vCPU",
        "46 GB",
        "200 GB",
        Some(("A10G", 1, "24 GB")),
        25_000,
    ),
    (
        "a10g-largex2",
        "2x Nvidia A10G - large",
        "24 vCPU",
        "92 GB",
        "1000 GB",
        Some(("A10G", 2, "48 GB")),
        50_000,
    ),
    (
        "a10g-largex4",
        "4x Nvidia A10G - large",
        "48 vCPU",
        "184 GB",
        "2000 GB",
        Some(("A10G", 4, "96 GB")),
        83_333,
    ),
    (
        "l4x1",
        "1x Nvidia L4",
        "8 vCPU",
        "30 GB",
        "400 GB",
        Some(("L4", 1, "24 GB")),
        13_333,
    ),
    (
        "l4x4",
        "4x Nvidia L4",
        "48 vCPU",
        "186 GB",
        "3200 GB",
        Some(("L4", 4, "96 GB")),
        63_333,
    ),
    (
        "l40sx1",
        "1x Nvidia L40S",
        "8 vCPU",
        "62 GB",
        "380 GB",
        Some(("L40S", 1, "48 GB")),
        30_000,
    ),
    (
        "l40sx4",
        "4x Nvidia L40S",
        "48 vCPU",
        "382 GB",
        "3200 GB",
        Some(("L40S", 4, "192 GB")),
        138_333,
    ),
    (
        "l40sx8",
        "8x Nvidia L40S",
        "192 vCPU",
        "1534 GB",
        "6500 GB",
        Some(("L40S", 8, "384 GB")),
        391_667,
    ),
    (
        "a100-large",
        "Nvidia A100 - large",
        "12 vCPU",
        "142 GB",
        "1000 GB",
        Some(("A100", 1, "80 GB")),
        41_667,
    ),
    (
        "a100x4",
        "4x Nvidia A100",
        "48 vCPU",
        "568 GB",
        "4000 GB",
        Some(("A100", 4, "320 GB")),
        166_667,
    ),
    (
        "a100x8",
        "8x Nvidia A100",
        "96 vCPU",
        "1136 GB",
        "8000 GB",
        Some(("A100", 8, "640 GB")),
        333_333,
    ),
    (
        "h200",
        "Nvidia H200",
        "23 vCPU",
        "256 GB",
        "3000 GB",
        Some(("H200", 1, "141 GB")),
        83_333,
    ),
];

/// Whether there is such a machine.
pub(crate) fn known(name: &str) -> bool {
    MACHINES.iter().any(|machine| machine.0 == name)
}

fn machine(machine: &Machine) -> Value {
    let (name, shown, cpu, ram, disk, accelerator, price) = machine;
    let accelerator = accelerator.map(|(model, number, memory)| {
        json!({
            "type": "gpu", "model": model, "quantity": number.to_string(), "vram": memory,
            "manufacturer": "Nvidia",
        })
    });
    json!({
        "name": name,
        "prettyName": shown,
        "cpu": cpu,
        "ram": ram,
        "ephemeralStorage": disk,
        "accelerator": accelerator,
        "unitCostMicroUSD": price,
        "unitCostUSD": f64::from(*price) / 1e6,
        "unitLabel": "minute",
    })
}

/// `GET /api/jobs/hardware`
pub(crate) fn jobs() -> Reply {
    Ok(Answer::json(&MACHINES.iter().map(machine).collect()))
}

/// `GET /api/spaces/hardware`
pub(crate) fn spaces() -> Reply {
    Ok(Answer::json(
        &MACHINES
            .iter()
            .filter(|machine| machine.0 != "h200")
            .map(machine)
            .collect(),
    ))
}
