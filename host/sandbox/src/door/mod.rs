//! What is behind the door of a program image: the requests that `wit/program.wit` names, answered for one command line.

mod web;

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::{Decision, Verdict};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::services::ToolFailure;
use crate::state::GuestState;

/// Pictures of one command line, and their bytes together.
const SHOWN: usize = 64;
const SHOWN_BYTES: usize = 32 << 20;
/// Names that are kept to tell of their loss, and their length.
const NAMES: usize = 200;
const NAME: usize = 100;

/// A picture that a program showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Where the guest saved it; empty where it could not.
    pub(crate) path: String,
    pub(crate) mime: String,
    pub(crate) title: String,
    pub(crate) bytes: Vec<u8>,
}

/// What one command line has told and asked.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// The exit code.
    pub(crate) exit: Option<i32>,
    pub(crate) shown: Vec<Shown>,
    /// What an interpreter that stays now knows.
    pub(crate) names: Vec<String>,
    shown_bytes: usize,
    responses: web::Responses,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Asked {
    End {
        code: i32,
        names: Option<Vec<String>>,
    },
    Show {
        path: String,
        mime: String,
        title: String,
        data: String,
    },
    Connect {
        host: String,
        port: String,
    },
    Request(web::Outgoing),
    Read {
        id: u64,
        size: usize,
    },
    Close {
        id: u64,
    },
    Tools {},
    Tool {
        name: String,
        arguments: Value,
    },
}

/// An answer that is an error: its kind, and the text.
type Refusal = (&'static str, String);

impl Answers {
    pub(crate) fn new(names: Vec<String>) -> Answers {
        Answers {
            names,
            ..Answers::default()
        }
    }

    /// The answer to one request. Nothing in it can go wrong for the host: what is malformed is answered so.
    pub(crate) async fn answer(&mut self, request: &[u8], caller: &mut GuestState) -> Vec<u8> {
        let answer = match serde_json::from_slice(request) {
            Ok(request) => self.decide(request, caller).await,
            Err(error) => Err(("malformed", format!("not a request: {error}"))),
        };
        let value = match answer {
            Ok(value) => json!({ "ok": value }),
            Err((kind, message)) => json!({ "error": { "kind": kind, "message": message } }),
        };
        value.to_string().into_bytes()
    }

    /// Takes what a program tells without waiting for an answer: how it ended, and nothing else. Whatever else can be asked
    /// takes time, which has to be the program's.
    pub(crate) fn note(&mut self, notice: &[u8]) {
        if let Ok(Asked::End { code, names }) = serde_json::from_slice(notice) {
            self.end(code, names);
        }
    }

    fn end(&mut self, code: i32, names: Option<Vec<String>>) {
        self.exit = Some(code & 0xff);
        if let Some(names) = names {
            self.names = names
                .into_iter()
                .take(NAMES)
                .map(|name| name.chars().take(NAME).collect())
                .collect();
        }
    }

    async fn decide(&mut self, request: Asked, caller: &mut GuestState) -> Result<Value, Refusal> {
        match request {
            Asked::End { code, names } => {
                self.end(code, names);
                Ok(Value::Null)
            }
            Asked::Show {
                path,
                mime,
                title,
                data,
            } => {
                let bytes = STANDARD
                    .decode(data)
                    .map_err(|error| ("malformed", format!("not base64: {error}")))?;
                self.show(Shown {
                    path,
                    mime,
                    title,
                    bytes,
                })
            }
            Asked::Connect { host, port } => {
                let decision = Decision {
                    verdict: Verdict::Deny,
                    subject: format!("connect {host}:{port}"),
                    rule: "programs: there are no sockets".into(),
                    remedy: "Only HTTP requests can be sent, and the policy decides about each."
                        .into(),
                };
                caller.refuse(&decision);
                let Decision {
                    subject,
                    rule,
                    remedy,
                    ..
                } = decision;
                Err(("denied", format!("{subject} is denied ({rule}). {remedy}")))
            }
            Asked::Request(outgoing) => {
                let gate = caller.hooks.gate();
                self.responses.send(outgoing, gate).await
            }
            Asked::Read { id, size } => self.responses.read(id, size).await,
            Asked::Close { id } => {
                self.responses.close(id);
                Ok(Value::Null)
            }
            Asked::Tools {} => Ok(json!(caller.services.tools(&caller.caller.call))),
            Asked::Tool { name, arguments } => {
                let since = Instant::now();
                let arguments = arguments.to_string();
                let sent = arguments.len() as u64;
                let services = std::sync::Arc::clone(&caller.services);
                let call = std::sync::Arc::clone(&caller.caller.call);
                let answer = services.tool(&call, &name, arguments).await;
                let (outcome, back) = match &answer {
                    Ok(answer) => ("ok".to_owned(), answer.text.len() as u64),
                    Err(failure) => (failure.to_string(), 0),
                };
                caller.record(&format!("tool {name}"), &outcome, sent, back, since);
                match answer {
                    Ok(answer) => Ok(json!(answer)),
                    Err(ToolFailure::Denied(text)) => Err(("denied", text)),
                    Err(ToolFailure::Failed(text)) => Err(("failed", text)),
                }
            }
        }
    }

    fn show(&mut self, shown: Shown) -> Result<Value, Refusal> {
        let bytes = self.shown_bytes + shown.bytes.len();
        if self.shown.len() >= SHOWN || bytes > SHOWN_BYTES {
            return Err((
                "limit",
                format!(
                    "more than {SHOWN} pictures, or {SHOWN_BYTES} bytes of them; {} is in its file only",
                    shown.path
                ),
            ));
        }
        self.shown_bytes = bytes;
        self.shown.push(shown);
        Ok(Value::Null)
    }
}
