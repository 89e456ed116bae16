//! What a Space has that other repositories have not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A variable or a secret.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) description: Option<String>,
    pub(crate) updated: String,
}

/// The app of a Space.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    pub(crate) sdk: String,
    pub(crate) stage: &'static str,
    pub(crate) hardware: Option<String>,
    pub(crate) requested: String,
    pub(crate) sleep: Option<u64>,
    pub(crate) variables: BTreeMap<String, Setting>,
    pub(crate) secrets: BTreeMap<String, Setting>,
    pub(crate) volumes: Vec<Value>,
}

impl Space {
    /// As a body asks for it: `hardware`, `sleepTimeSeconds`, `secrets`, `variables`, `volumes`.
    pub(crate) fn new(sdk: &str, body: &Value, now: &str) -> Self {
        let settings = |key: &str| -> BTreeMap<String, Setting> {
            body[key]
                .as_array()
                .into_iter()
                .flatten()
                .map(|one| {
                    let setting = Setting {
                        value: one["value"].as_str().unwrap_or_default().to_owned(),
                        description: one["description"].as_str().map(str::to_owned),
                        updated: now.to_owned(),
                    };
                    (one["key"].as_str().unwrap_or_default().to_owned(), setting)
                })
                .collect()
        };
        Self {
            sdk: sdk.to_owned(),
            stage: "NO_APP_FILE",
            hardware: None,
            requested: body["hardware"].as_str().unwrap_or("cpu-basic").to_owned(),
            sleep: body["sleepTimeSeconds"].as_u64(),
            variables: settings("variables"),
            secrets: settings("secrets"),
            volumes: body["volumes"].as_array().cloned().unwrap_or_default(),
        }
    }

    /// Something was committed: it is built anew.
    pub(crate) fn pushed(&mut self) {
        self.stage = "BUILDING";
    }

    /// One step on, as somebody looks.
    pub(crate) fn step(&mut self) {
        self.stage = match self.stage {
            "BUILDING" => "APP_STARTING",
            "APP_STARTING" => "RUNNING",
            stage => stage,
        };
        if self.stage == "RUNNING" {
            self.hardware = Some(self.requested.clone());
        }
    }

    /// `GET …/runtime`
    pub(crate) fn runtime(&self) -> Value {
        json!({
            "stage": self.stage,
            "hardware": {"current": self.hardware, "requested": self.requested},
            "storage": null,
            "gcTimeout": self.sleep,
            "replicas": {"current": u8::from(self.stage == "RUNNING"), "requested": 1},
            "devMode": false,
            "volumes": self.volumes,
        })
    }
}
