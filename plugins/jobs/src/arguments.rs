//! What the operations take.

use std::collections::BTreeMap;

use ml_intern_sdk::Failure;
use ml_intern_sdk::prelude::*;
use serde_json::Value;

use crate::secrets;

/// The arguments of what starts a job, and of `quote`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Submit {
    /// Python source, a path in the workspace, or a URL.
    pub(crate) script: Option<String>,
    /// As pip names them: `["trl>=0.20", "torch"]`.
    #[serde(default)]
    pub(crate) dependencies: Vec<String>,
    /// Its version: `3.11`.
    pub(crate) python: Option<String>,
    /// Its sys.argv.
    #[serde(default)]
    pub(crate) script_args: Vec<String>,
    /// Docker image, or `hf.co/spaces/<id>`; Python 3.12 unless given.
    pub(crate) image: Option<String>,
    /// In place of a script.
    pub(crate) command: Option<Vec<String>>,
    /// A name from `hardware`. Default: cpu-basic.
    pub(crate) hardware_flavor: Option<String>,
    /// When the job is ended: `90s`, `2h`. Default: 30m, short for training.
    pub(crate) timeout: Option<String>,
    /// Variables by name. No secrets.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// A Space: `user/name`.
    pub(crate) trackio_space_id: Option<String>,
    pub(crate) trackio_project: Option<String>,
    /// Who pays: the user (default) or an organisation of the user's.
    pub(crate) namespace: Option<String>,
    /// Cron (`0 9 * * 1`) or @hourly, @daily, @weekly, @monthly.
    pub(crate) schedule: Option<String>,
    /// How long to wait for the job: `0s` to `9m`. Default: 2m, for logs 0s.
    pub(crate) wait: Option<String>,
    /// Look at the script and the price; start nothing.
    #[serde(default)]
    pub(crate) check_only: bool,
    /// Not offered; asked for by those who know it from elsewhere, who are told what to do.
    #[schemars(skip)]
    secrets: Option<Value>,
}

impl Submit {
    /// What can be said about the arguments by themselves.
    ///
    /// # Errors
    /// [`Failure::InvalidArguments`] with the first that cannot be.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.secrets.is_some() {
            return Err(Failure::argument(
                "/secrets",
                "left out: the host's environment is not handed to jobs. A job of `run` has the user's Hugging Face \
                 token; a key of another service has to be a secret of a Space that the job reads, or entered by a person",
            ));
        }
        for (index, dependency) in self.dependencies.iter().enumerate() {
            let fine = dependency.starts_with(|c: char| c.is_ascii_alphanumeric())
                && !dependency.contains(char::is_control);
            if !fine {
                return Err(Failure::argument(
                    &format!("/dependencies/{index}"),
                    "a package as pip names it; no option",
                ));
            }
            secrets::refuse(&format!("/dependencies/{index}"), dependency)?;
        }
        for (index, argument) in self.script_args.iter().enumerate() {
            secrets::refuse(&format!("/script_args/{index}"), argument)?;
        }
        let version = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '@' | '-');
        if let Some(python) = &self.python
            && (python.is_empty() || python.starts_with('-') || !python.chars().all(version))
        {
            return Err(Failure::argument("/python", "a version of Python, as 3.11"));
        }
        if let Some(image) = &self.image
            && (image.is_empty() || image.contains(char::is_whitespace))
        {
            return Err(Failure::argument("/image", "the name of an image"));
        }
        for (name, value) in &self.env {
            let pointer = format!("/env/{}", name.replace('~', "~0").replace('/', "~1"));
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                return Err(Failure::argument(
                    &pointer,
                    "a name that is not empty, without `=`; neither part with a NUL",
                ));
            }
            secrets::refuse(&pointer, name)?;
            secrets::refuse(&pointer, value)?;
        }
        for (pointer, text) in [
            ("/image", &self.image),
            ("/trackio_project", &self.trackio_project),
        ] {
            secrets::refuse(pointer, text.as_deref().unwrap_or_default())?;
        }
        if let Some(space) = &self.trackio_space_id {
            ml_intern_hub::repo_id("/trackio_space_id", space)?;
        }
        Ok(())
    }
}

/// The arguments of `hardware`: none.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hardware {}

/// The arguments of `ps`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ps {
    /// Who owns the job and pays: the user (default) or one of the user's organisations.
    pub(crate) namespace: Option<String>,
    /// Also those that are over, or suspended.
    #[serde(default)]
    pub(crate) all: bool,
    /// Only of this status.
    pub(crate) status: Option<String>,
    /// The page of the list, from 1.
    #[schemars(range(min = 1))]
    pub(crate) page: Option<u32>,
}

/// The arguments of `scheduled ps`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduledPs {
    /// Who owns the job and pays: the user (default) or one of the user's organisations.
    pub(crate) namespace: Option<String>,
    /// Also those that are over, or suspended.
    #[serde(default)]
    pub(crate) all: bool,
    /// The page of the list, from 1.
    #[schemars(range(min = 1))]
    pub(crate) page: Option<u32>,
}

/// The arguments of `logs`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Logs {
    /// Its id, or `namespace/id`; for inspect, several with commas.
    pub(crate) job_id: String,
    /// Who owns the job and pays: the user (default) or one of the user's organisations.
    pub(crate) namespace: Option<String>,
    /// Only so many of the last lines.
    #[schemars(range(min = 1))]
    pub(crate) tail: Option<u32>,
    /// Characters to skip.
    pub(crate) offset: Option<u32>,
    /// How long to wait for the job: `0s` to `9m`. Default: 2m, for logs 0s.
    pub(crate) wait: Option<String>,
}

/// The arguments of `inspect`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inspect {
    /// Its id, or `namespace/id`; for inspect, several with commas.
    pub(crate) job_id: String,
    /// Who owns the job and pays: the user (default) or one of the user's organisations.
    pub(crate) namespace: Option<String>,
}

/// The arguments of `cancel`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cancel {
    /// Its id, or `namespace/id`; for inspect, several with commas.
    pub(crate) job_id: String,
    /// Who owns the job and pays: the user (default) or one of the user's organisations.
    pub(crate) namespace: Option<String>,
}

/// The arguments of what is done with one scheduled job.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scheduled {
    /// Its id.
    pub(crate) scheduled_job_id: String,
    /// Who owns the job and pays: the user (default) or one of the user's organisations.
    pub(crate) namespace: Option<String>,
}

/// The arguments of `seed trackio`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seed {
    /// A Space for trackio's dashboard: `user/name`.
    pub(crate) trackio_space_id: Option<String>,
    /// Whether only its owner sees a Space that is made. Default: true.
    pub(crate) private: Option<bool>,
}
