//! A Space for trackio's dashboard, with storage that outlives it: made, or completed where a part is missing.
//!
//! | part | where it is there already |
//! | --- | --- |
//! | the Space (Gradio) | kept |
//! | `README.md`, `requirements.txt`, `app.py`, in one commit | kept, if `app.py` shows trackio; another app is never replaced |
//! | the private bucket `<space>-bucket` | kept |
//! | the bucket at `/data`, beside the Space's other volumes | kept |
//! | the variables `TRACKIO_DIR` and `TRACKIO_BUCKET_ID` | set again |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ml_intern_hub::{HUB, RepoKind, explain};
use ml_intern_sdk::HttpMethod;
use ml_intern_sdk::http::{Patience, Request, Response, encode, send};
use ml_intern_sdk::prelude::*;
use serde_json::{Value, json};

use crate::arguments::Seed;
use crate::follow::said;
use crate::namespace;
use crate::world::World;

/// Bytes of an answer at most.
const ANSWER: usize = 4 << 20;
/// Where the bucket is in the Space.
const MOUNT: &str = "/data";

const README: &str =
    "---\ntitle: Trackio Dashboard\nsdk: gradio\napp_file: app.py\ntags:\n- trackio\n---\n";
const REQUIREMENTS: &str = "trackio\n";
const APP: &str = "import trackio\ntrackio.show()\n";

/// Makes it.
///
/// # Errors
/// What the Hub said, explained, with what was done before.
pub(crate) fn seed(world: &dyn World, arguments: &Seed) -> Result<Output, Failure> {
    let asked = arguments
        .trackio_space_id
        .as_deref()
        .map(str::trim)
        .unwrap_or_default();
    let asked = ml_intern_hub::repo_id("/trackio_space_id", asked)?;
    let (namespace, name) = match asked.split_once('/') {
        Some((namespace, name)) => {
            // A Space of somebody else's is refused here, not halfway.
            let names = namespace::eligible()?;
            if !names.iter().any(|known| known == namespace) {
                return Err(Failure::argument(
                    "/trackio_space_id",
                    format!("a Space of {}", names.join(", or ")),
                ));
            }
            (namespace.to_owned(), name)
        }
        None => (namespace::allowed(None)?, asked),
    };
    let mut steps = Steps {
        space: format!("{namespace}/{name}"),
        namespace,
        name: name.to_owned(),
        private: arguments.private.unwrap_or(true),
        done: Vec::new(),
    };
    world.status("seeding");
    match steps.all() {
        Ok(()) => Ok(Output::text(format!(
            "**Trackio dashboard:** {HUB}{}\n{}\n\nIt takes a minute or two to start. Pass trackio_space_id=\"{}\" to `run`.",
            RepoKind::Space.page(&steps.space),
            steps.done.join("\n"),
            steps.space
        ))),
        Err(failure) if steps.done.is_empty() => Err(failure),
        Err(failure) => Err(Failure::failed(format!(
            "{}\nDone before that, and kept (calling again goes on from there):\n{}",
            said(failure),
            steps.done.join("\n")
        ))),
    }
}

struct Steps {
    space: String,
    namespace: String,
    name: String,
    private: bool,
    /// What was done, a line each.
    done: Vec<String>,
}

impl Steps {
    fn all(&mut self) -> Result<(), Failure> {
        self.create()?;
        self.files()?;
        self.bucket()?;
        self.volume()?;
        self.variables()
    }

    fn api(&self, rest: &str) -> String {
        format!("{HUB}{}{rest}", RepoKind::Space.api(&self.space))
    }

    fn create(&mut self) -> Result<(), Failure> {
        let mut body = json!({
            "name": self.name,
            "type": "space",
            "sdk": "gradio",
            "visibility": if self.private { "private" } else { "public" },
        });
        let own = namespace::allowed(None)?;
        if let Some(body) = body.as_object_mut().filter(|_| own != self.namespace) {
            body.insert("organization".into(), json!(self.namespace));
        }
        let made = created(&Request::post(format!("{HUB}/api/repos/create")).json(&body)?)?;
        let kind = if self.private { "private" } else { "public" };
        self.done.push(if made {
            format!("- Space {}: made ({kind})", self.space)
        } else {
            format!("- Space {}: was there", self.space)
        });
        Ok(())
    }

    fn files(&mut self) -> Result<(), Failure> {
        let page = RepoKind::Space.page(&self.space);
        let request = Request::get(format!("{HUB}{page}/resolve/main/app.py"));
        let answer = Patience::default().follow(&request, 3).map_err(explain)?;
        if answer.status != 404 {
            let app = answer
                .success()
                .and_then(|answer| answer.text(1 << 20))
                .map_err(explain)?;
            if app.contains("trackio.show") {
                self.done.push("- app.py: was there".into());
                return Ok(());
            }
            return Err(Failure::failed(format!(
                "the Space {} has an app.py of its own, which is not trackio's and is not replaced: name another Space",
                self.space
            )));
        }
        let mut lines = vec![json!({
            "key": "header",
            "value": { "summary": "ml-intern: seed trackio dashboard", "description": "" },
        })];
        for (path, text) in [
            ("README.md", README),
            ("requirements.txt", REQUIREMENTS),
            ("app.py", APP),
        ] {
            lines.push(json!({
                "key": "file",
                "value": { "path": path, "encoding": "base64", "content": STANDARD.encode(text) },
            }));
        }
        let body: Vec<String> = lines.iter().map(Value::to_string).collect();
        let request = Request::post(self.api("/commit/main"))
            .header("content-type", "application/x-ndjson")
            .body(body.join("\n").into_bytes());
        ml_intern_hub::send(&request)?;
        self.done
            .push("- README.md, requirements.txt, app.py: committed".into());
        Ok(())
    }

    fn bucket_id(&self) -> String {
        format!("{}/{}-bucket", self.namespace, self.name)
    }

    fn bucket(&mut self) -> Result<(), Failure> {
        let url = format!(
            "{HUB}/api/buckets/{}/{}",
            encode(&self.namespace),
            encode(&format!("{}-bucket", self.name))
        );
        let made = created(&Request::post(url).json(&json!({ "private": true }))?)?;
        let was = if made { "made (private)" } else { "was there" };
        self.done
            .push(format!("- bucket {}: {was}", self.bucket_id()));
        Ok(())
    }

    fn volume(&mut self) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Runtime {
            #[serde(default)]
            volumes: Option<Vec<Value>>,
        }
        let path = format!("{}/runtime", RepoKind::Space.api(&self.space));
        let runtime: Runtime = ml_intern_hub::get(&path, &[], ANSWER)?;
        let mut volumes = runtime.volumes.unwrap_or_default();
        let bucket = self.bucket_id();
        let at = |volume: &Value, key: &str| {
            volume
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        if let Some(there) = volumes
            .iter()
            .find(|volume| at(volume, "mountPath") == MOUNT)
        {
            if at(there, "source") == bucket {
                self.done.push(format!("- {MOUNT}: was mounted"));
                return Ok(());
            }
            return Err(Failure::failed(format!(
                "the Space {} has {} at {MOUNT}, which is not taken away: name another Space",
                self.space,
                crate::table::cell(&at(there, "source"), 100)
            )));
        }
        volumes.push(json!({ "type": "bucket", "source": bucket, "mountPath": MOUNT }));
        let request = Request::new(HttpMethod::Put, self.api("/volumes"))
            .json(&json!({ "volumes": volumes }))?;
        ml_intern_hub::send(&request)?;
        self.done.push(format!("- {MOUNT}: the bucket is mounted"));
        Ok(())
    }

    fn variables(&mut self) -> Result<(), Failure> {
        for (key, value) in [
            ("TRACKIO_DIR", format!("{MOUNT}/trackio")),
            ("TRACKIO_BUCKET_ID", self.bucket_id()),
        ] {
            let request = Request::post(self.api("/variables"))
                .json(&json!({ "key": key, "value": value }))?;
            ml_intern_hub::send(&request)?;
        }
        self.done
            .push("- TRACKIO_DIR, TRACKIO_BUCKET_ID: set".into());
        Ok(())
    }
}

/// Whether it was made now; false where it was there.
fn created(request: &Request) -> Result<bool, Failure> {
    let answer = send(&request.clone().patience(30_000)).map_err(explain)?;
    if answer.status == 409 {
        return Ok(false);
    }
    answer.success().map(|_: Response| true).map_err(explain)
}
