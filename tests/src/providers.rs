//! Providers of models at a server that plays answers.

use std::sync::{Arc, Mutex};

use egress::{Credentials, Egress, Exchange};
use models::{Providers, Settings, Time};
use policy::Policy;

use crate::server::{Answer, Server};
use crate::time::TestTime;

/// The key in every setting: it may show nowhere.
pub const KEY: &str = "sk-canary-0123456789";

/// Providers that all are at one server.
#[derive(Debug)]
pub struct Playing {
    /// Where they are.
    pub server: Server,
    /// What time they think it is.
    pub time: Arc<TestTime>,
    /// The providers.
    pub providers: Providers,
    /// What went over the wire.
    pub exchanges: Arc<Mutex<Vec<Exchange>>>,
    _directory: tempfile::TempDir,
}

/// The policy that most tests are under.
pub const CI: &str = include_str!("../../configs/policies/ci.toml");

/// Providers at a server that plays these answers, with more variables, a table of models, and a policy.
pub async fn playing(
    answers: Vec<Answer>,
    variables: &[(&str, &str)],
    table: &str,
    policy: &str,
) -> Playing {
    let server = Server::new(answers).await;
    let directory = tempfile::tempdir().unwrap();
    let models = directory.path().join("models.toml");
    std::fs::write(&models, table).unwrap();
    let settings = Settings::read(|name| {
        if let Some((_, value)) = variables.iter().find(|(key, _)| *key == name) {
            return Some((*value).to_owned());
        }
        match name {
            "ML_INTERN_MODELS" => Some(models.to_str().unwrap().to_owned()),
            "LOCAL_LLM_BASE_URL" | "ANTHROPIC_BASE_URL" | "OPENAI_BASE_URL"
            | "HF_ROUTER_BASE_URL" => Some(server.origin.clone()),
            "ANTHROPIC_API_KEY" | "OPENAI_API_KEY" | "HF_TOKEN" => Some(KEY.to_owned()),
            _ => None,
        }
    })
    .unwrap();
    let credentials = settings.credentials(Credentials::new()).unwrap();
    let egress = Egress::builder().credentials(credentials).build().unwrap();
    let time = Arc::new(TestTime::default());
    let exchanges = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&exchanges);
    let observer = Arc::new(move |exchange: &Exchange| kept.lock().unwrap().push(exchange.clone()));
    let policy = Arc::new(Policy::parse("test.toml", policy).unwrap());
    let clock = Arc::clone(&time) as Arc<dyn Time>;
    let providers = Providers::with_time(settings, egress, policy, observer, clock).unwrap();
    Playing {
        server,
        time,
        providers,
        exchanges,
        _directory: directory,
    }
}
