//! Who pays and owns: the user, or one of the user's organisations.
//!
//! | `job_id` | is |
//! | --- | --- |
//! | `687f…` | a job of `namespace`, else of where this session started it, else of the user |
//! | `org/687f…`, `https://huggingface.co/jobs/org/687f…` | a job of `org` |

use ml_intern_sdk::Failure;
use ml_intern_sdk::prelude::*;

use crate::started;
use crate::world::World;

/// Where the Hub says who the user is.
pub(crate) const WHOAMI: &str = "/api/whoami-v2";
/// Bytes of that at most.
const ANSWER: usize = 1 << 20;

#[derive(Debug, Deserialize)]
struct Account {
    name: String,
    #[serde(default)]
    orgs: Vec<Organisation>,
}

#[derive(Debug, Deserialize)]
struct Organisation {
    name: String,
}

/// The namespaces that the user may use: the user's own first, then the organisations in order.
///
/// # Errors
/// What the Hub said, explained.
pub(crate) fn eligible() -> Result<Vec<String>, Failure> {
    let account: Account = ml_intern_hub::get(WHOAMI, &[], ANSWER)?;
    let mut organisations: Vec<String> = account.orgs.into_iter().map(|org| org.name).collect();
    organisations.sort_unstable();
    organisations.dedup();
    organisations.retain(|name| *name != account.name);
    let mut names = vec![account.name];
    names.append(&mut organisations);
    Ok(names)
}

/// The namespace that was asked for, if the user may use it; the user's own where none was.
///
/// # Errors
/// [`Failure::InvalidArguments`] with those that may be used, and what the Hub said.
pub(crate) fn allowed(asked: Option<&str>) -> Result<String, Failure> {
    if let Some(asked) = asked {
        checked("/namespace", asked)?;
    }
    let names = eligible()?;
    match asked {
        None => names
            .into_iter()
            .next()
            .ok_or_else(|| Failure::failed("the Hub does not say who the user is")),
        Some(asked) if names.iter().any(|name| name == asked) => Ok(asked.to_owned()),
        Some(_) => Err(Failure::argument(
            "/namespace",
            format!(
                "one that the token's user may use: {}; without it, {} is used",
                names.join(", "),
                names.first().map_or("none", String::as_str)
            ),
        )),
    }
}

/// The namespace as given, else the user's own.
///
/// # Errors
/// [`Failure::InvalidArguments`] where it is no name, and what the Hub said.
pub(crate) fn given_or_own(asked: Option<&str>) -> Result<String, Failure> {
    match asked {
        Some(asked) => checked("/namespace", asked).map(str::to_owned),
        None => allowed(None),
    }
}

/// A job: whose, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) namespace: String,
    pub(crate) id: String,
}

impl Reference {
    /// The job that is meant.
    ///
    /// # Errors
    /// [`Failure::InvalidArguments`] where the text names none, and what the Hub said.
    pub(crate) fn of(
        world: &dyn World,
        pointer: &str,
        text: &str,
        namespace: Option<&str>,
    ) -> Result<Self, Failure> {
        let text = text.trim();
        let path = text
            .strip_prefix("https://huggingface.co/jobs/")
            .unwrap_or(text);
        let (within, id) = match path.split_once('/') {
            Some((within, id)) => (Some(within), id),
            None => (None, path),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
            return Err(Failure::argument(
                pointer,
                "an id as `run` and `ps` give it, alone or as `namespace/id`",
            ));
        }
        let namespace = match (within, namespace) {
            (Some(within), _) => checked(pointer, within)?.to_owned(),
            (None, Some(asked)) => checked("/namespace", asked)?.to_owned(),
            (None, None) => match started::find(world, id) {
                Some(job) => job.namespace,
                None => allowed(None)?,
            },
        };
        Ok(Self {
            namespace,
            id: id.to_owned(),
        })
    }

    /// Its page for people.
    pub(crate) fn url(&self) -> String {
        format!("{}/jobs/{}/{}", ml_intern_hub::HUB, self.namespace, self.id)
    }

    /// Its place in the API; names are checked, so nothing needs encoding.
    pub(crate) fn path(&self) -> String {
        format!("/api/jobs/{}/{}", self.namespace, self.id)
    }
}

/// The name, if it can be one.
fn checked<'n>(pointer: &str, name: &'n str) -> Result<&'n str, Failure> {
    if name.contains('/') {
        return Err(Failure::argument(
            pointer,
            "the name of a user or an organisation",
        ));
    }
    ml_intern_hub::repo_id(pointer, name)
        .map_err(|_| Failure::argument(pointer, "the name of a user or an organisation"))
}
