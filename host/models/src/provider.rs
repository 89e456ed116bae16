//! A model behind a network: one turn, from the first request to the last.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use agent::{
    Effort, Message, Model, ModelError, ModelInfo, Part, Probe, Turn, TurnRequest, TurnSink, Usage,
};
use async_trait::async_trait;
use http::HeaderName;

use crate::ask::Ask;
use crate::assembly::{Assembly, MAX_TURN_BYTES};
use crate::catalogue::{Catalogue, Known, Thinking};
use crate::chat::{ChatDecoder, Flavour};
use crate::decode::{Decoder, Step};
use crate::fit::{Fit, Fits};
use crate::id::ModelId;
use crate::messages::MessagesDecoder;
use crate::responses::ResponsesDecoder;
use crate::retry;
use crate::settings::Service;
use crate::wire::{Events, Fault, Peer, Reply, Wire, header_value, is_unknown_path};
use crate::{chat, messages, responses};

/// How long a probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(15);

/// Tokens that the answer to a probe may have; and from a local server, which may be slow.
const PROBE_TOKENS: u64 = 64;
const LOCAL_PROBE_TOKENS: u64 = 1;

/// Room for the smallest budget of thoughts, where there has to be one.
const BUDGET_PROBE_TOKENS: u64 = 2048;

/// Mends of one turn at most: more than there are kinds. Against a provider that refuses for ever something else.
const MENDS: u32 = 24;

/// How long the end of a response may take once the turn is there; then its connection is not used again.
const GRACE: Duration = Duration::from_millis(100);

/// The wire formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Messages,
    Responses,
    Chat(Flavour),
}

/// A model behind a network.
#[derive(Debug)]
pub(crate) struct Provider {
    id: ModelId,
    /// The id in one spelling.
    label: String,
    /// What the provider calls it.
    name: String,
    peer: Peer,
    wire: Arc<Wire>,
    catalogue: Arc<Catalogue>,
    fits: Arc<Fits>,
}

impl Provider {
    pub(crate) fn new(
        id: ModelId,
        peer: Peer,
        wire: Arc<Wire>,
        catalogue: Arc<Catalogue>,
        fits: Arc<Fits>,
    ) -> Provider {
        let label = id.to_string();
        let name = match &id {
            ModelId::Local { name, .. }
            | ModelId::Anthropic { name }
            | ModelId::OpenAi { name } => name.clone(),
            ModelId::Router {
                model,
                tag: Some(tag),
            } => format!("{model}:{tag}"),
            ModelId::Router { model, tag: None } => model.clone(),
            ModelId::Scripted { path } | ModelId::Replay { path } => path.clone(),
        };
        Provider {
            id,
            label,
            name,
            peer,
            wire,
            catalogue,
            fits,
        }
    }

    fn dialect(&self, fit: &Fit) -> Dialect {
        match self.peer.service {
            Service::Anthropic => Dialect::Messages,
            Service::OpenAi if fit.chat_only => Dialect::Chat(Flavour::OpenAi),
            Service::OpenAi => Dialect::Responses,
            Service::Router => Dialect::Chat(Flavour::Router),
            Service::Local(_) => Dialect::Chat(Flavour::Local),
        }
    }

    /// The effort to ask for; none where none is wanted, or the model takes none.
    fn effort(&self, wanted: Option<Effort>, known: &Known, fit: &Fit) -> Option<Effort> {
        let wanted = wanted?;
        if known.info.reasoning == Some(false) || known.thinking == Thinking::None {
            return None;
        }
        match self.peer.service {
            Service::Local(_) => None,
            Service::Router => {
                let takes = known.efforts.as_deref().unwrap_or(&chat::ROUTER_EFFORTS);
                fit.effort(wanted, Some(takes))
            }
            Service::Anthropic | Service::OpenAi => fit.effort(wanted, known.efforts.as_deref()),
        }
    }

    /// One request, and all of its answer.
    async fn attempt(&self, ask: &Ask<'_>, turn: &mut Assembly<'_>) -> Result<(), Fault> {
        let dialect = self.dialect(ask.fit);
        let (path, body) = match dialect {
            Dialect::Messages => (messages::PATH, messages::body(ask)),
            Dialect::Responses => (responses::PATH, responses::body(ask)),
            Dialect::Chat(flavour) => (chat::PATH, chat::body(ask, flavour)),
        };
        let mut headers = match dialect {
            Dialect::Messages => messages::headers(ask),
            Dialect::Responses | Dialect::Chat(_) => Vec::new(),
        };
        if self.peer.service == Service::Router
            && let Some(session) = ask.request.session.and_then(|id| header_value(id, 256))
        {
            headers.push((HeaderName::from_static("x-hf-session-id"), session));
        }
        let reply = self.wire.post(&self.peer, path, &headers, &body).await?;
        let mut decoder: Box<dyn Decoder> = match dialect {
            Dialect::Messages => Box::new(MessagesDecoder::default()),
            Dialect::Responses => Box::new(ResponsesDecoder::default()),
            Dialect::Chat(_) => Box::new(ChatDecoder::default()),
        };
        match reply {
            Reply::Whole(answer) => decoder.whole(&answer, turn),
            Reply::Events(events) => self.read(*events, &mut *decoder, turn).await,
        }
    }

    async fn read(
        &self,
        mut events: Events,
        decoder: &mut dyn Decoder,
        turn: &mut Assembly<'_>,
    ) -> Result<(), Fault> {
        loop {
            let event = match events.next().await {
                Ok(Some(event)) => event,
                Ok(None) => return decoder.end(turn),
                // What broke after the turn was complete does not count.
                Err(fault) => return decoder.end(turn).map_err(|_| fault),
            };
            if decoder.event(&event.data, turn)? == Step::Done {
                break;
            }
            if turn.is_too_large() {
                return Err(Fault::lasting(ModelError::BadRequest(format!(
                    "the answer has more than {MAX_TURN_BYTES} bytes"
                ))));
            }
        }
        // To its end, if that is near: the connection can then be used again.
        tokio::select! {
            biased;
            _ = events.next() => {}
            () = self.wire.time.sleep(GRACE) => {}
        }
        Ok(())
    }

    /// Does something about a failure, if that is possible without waiting.
    fn mend(&self, fault: &Fault, ask: &Ask<'_>, fit: &mut Fit) -> Option<String> {
        if self.peer.service == Service::OpenAi
            && !self.peer.account.usual
            && !fit.chat_only
            && is_unknown_path(fault)
        {
            // Kept once it has worked: the model may be what is not found.
            fit.chat_only = true;
            return Some(format!(
                "{} has no Responses API; asking with Chat Completions",
                self.peer.account.endpoint
            ));
        }
        let mend = fit.mend(fault, ask)?;
        if mend.lasting {
            self.fits.keep(&self.label, fit);
        }
        Some(mend.line)
    }

    /// The provider's error, with what a person can do about it.
    async fn advised(&self, error: ModelError) -> ModelError {
        let service = self.peer.service;
        match error {
            ModelError::Auth(message) => {
                let variable = service.key_variables().first().copied().unwrap_or_default();
                let advice = match (service, self.peer.account.key.is_some()) {
                    (Service::Router, false) => {
                        "set HF_TOKEN to a token from https://huggingface.co/settings/tokens that may call Inference \
                         Providers"
                            .to_owned()
                    }
                    (Service::Router, true) => {
                        "check HF_TOKEN: it needs the permission to call Inference Providers, see \
                         https://huggingface.co/settings/tokens"
                            .to_owned()
                    }
                    (_, false) => format!("set {variable}"),
                    (_, true) => format!("check {variable}"),
                };
                ModelError::Auth(format!("{message}; {advice}"))
            }
            ModelError::Credit(message) if service == Service::Router => ModelError::Credit(
                format!("{message}; see https://huggingface.co/settings/billing"),
            ),
            ModelError::BadRequest(message) => {
                let words = message.to_lowercase();
                let has = |any: &[&str]| any.iter().any(|pattern| words.contains(pattern));
                if has(&[
                    "not supported by provider",
                    "no provider supports",
                    "not supported by any provider",
                ]) {
                    return ModelError::BadRequest(format!(
                        "{message}; leave out what is after `:` in the model's id, or name another provider"
                    ));
                }
                let unknown = has(&[
                    "model_not_found",
                    "does not exist",
                    "not found",
                    "no such model",
                    "unknown model",
                    "invalid model",
                ]) && has(&["model"]);
                if !unknown {
                    return ModelError::BadRequest(message);
                }
                let like = match &self.id {
                    ModelId::Router { model, .. } => {
                        self.catalogue.suggest(model, &self.peer).await
                    }
                    _ => Vec::new(),
                };
                let advice = match like.as_slice() {
                    [] => "choose another one with /model".to_owned(),
                    like => format!("did you mean {}?", like.join(", ")),
                };
                ModelError::BadRequest(format!("{message}; {advice}"))
            }
            error => error,
        }
    }

    /// Asks for a word, once, at one effort; mends what can be mended.
    async fn ping(
        &self,
        effort: Option<Effort>,
        known: &Known,
        fit: &mut Fit,
    ) -> Result<(), Fault> {
        let messages = [Message::User {
            content: vec![Part::text("ping")],
        }];
        let mut mends = 0;
        loop {
            let now = fit.clone();
            let budget = now.thinking.unwrap_or(known.thinking) == Thinking::Budget;
            let tokens = match self.peer.service {
                Service::Local(_) => LOCAL_PROBE_TOKENS,
                Service::Anthropic if budget => BUDGET_PROBE_TOKENS,
                _ => PROBE_TOKENS,
            };
            let ask = Ask {
                id: &self.label,
                name: &self.name,
                request: TurnRequest {
                    messages: &messages,
                    effort,
                    max_output_tokens: Some(tokens),
                    ..TurnRequest::default()
                },
                info: &known.info,
                thinking: known.thinking,
                effort: self.effort(effort, known, fit),
                fit: &now,
            };
            let mut sink = Silence;
            let mut turn = Assembly::new(&mut sink);
            let Err(fault) = self.attempt(&ask, &mut turn).await else {
                return Ok(());
            };
            mends += 1;
            if mends > MENDS || self.mend(&fault, &ask, fit).is_none() {
                return Err(fault);
            }
        }
    }
}

/// Nobody watches a probe.
struct Silence;

impl TurnSink for Silence {
    fn text(&mut self, _: &str) {}
    fn reasoning(&mut self, _: &str) {}
    fn restart(&mut self) {}
    fn lost(&mut self, _: Option<Usage>) -> ControlFlow<(), Option<u64>> {
        ControlFlow::Continue(None)
    }
    fn status(&mut self, _: &str) {}
}

#[async_trait]
impl Model for Provider {
    fn label(&self) -> String {
        self.label.clone()
    }

    async fn info(&self) -> ModelInfo {
        self.catalogue.known(&self.id, &self.peer).await.info
    }

    async fn probe(&self, effort: Option<Effort>) -> Result<Probe, ModelError> {
        let known = self.catalogue.known(&self.id, &self.peer).await;
        let mut fit = self.fits.of(&self.label);
        // What was found before may be out of date: a probe looks anew.
        fit.forget_efforts();
        let asked = effort.filter(|_| self.effort(effort, &known, &fit).is_some());
        let answer = tokio::select! {
            biased;
            answer = self.ping(asked, &known, &mut fit) => answer,
            () = self.wire.time.sleep(PROBE_TIMEOUT) => Err(Fault::own(ModelError::Network(
                format!("no answer within {} s", PROBE_TIMEOUT.as_secs()),
            ))),
        };
        match answer {
            Ok(()) => {
                let accepted = self.effort(asked, &known, &fit);
                if let Some(wanted) = asked {
                    fit.accept(wanted, accepted);
                }
                self.fits.keep(&self.label, &fit);
                Ok(accepted.map_or(Probe::NoEffort, Probe::Effort))
            }
            // A local server that does not answer now will not answer the first turn either.
            Err(fault) if fault.passes && !matches!(self.peer.service, Service::Local(_)) => {
                Ok(Probe::Unchecked(self.advised(fault.error).await))
            }
            Err(fault) => Err(self.advised(fault.error).await),
        }
    }

    async fn turn(
        &self,
        mut request: TurnRequest<'_>,
        sink: &mut dyn TurnSink,
    ) -> Result<Turn, ModelError> {
        let known = self.catalogue.known(&self.id, &self.peer).await;
        let mut fit = self.fits.of(&self.label);
        let mut attempt = 1;
        let mut mends = 0;
        loop {
            let now = fit.clone();
            let ask = Ask {
                id: &self.label,
                name: &self.name,
                request,
                info: &known.info,
                thinking: known.thinking,
                effort: self.effort(request.effort, &known, &now),
                fit: &now,
            };
            let mut turn = Assembly::new(&mut *sink);
            let failure = self.attempt(&ask, &mut turn).await;
            let cost = match (&known.info.prices, &turn.usage) {
                (Some(prices), Some(usage)) => Some(prices.cost(usage)),
                _ => None,
            };
            let Err(fault) = failure else {
                if now.chat_only {
                    self.fits.keep(&self.label, &fit);
                }
                return Ok(turn.turn(&self.label, ask.calls_before(), cost));
            };
            match turn.lost(cost, request.max_output_tokens) {
                ControlFlow::Continue(most) => request.max_output_tokens = most,
                ControlFlow::Break(()) => return Err(self.advised(fault.error).await),
            }
            mends += 1;
            if mends <= MENDS
                && let Some(line) = self.mend(&fault, &ask, &mut fit)
            {
                turn.give_up(&line);
                continue;
            }
            let chance = self.wire.time.chance();
            let Some(wait) = retry::wait(attempt, &fault, chance) else {
                drop(turn);
                return Err(self.advised(fault.error).await);
            };
            attempt += 1;
            turn.give_up(&format!(
                "{}; asking again in {:.0} s ({attempt} of {})",
                fault.error,
                wait.as_secs_f64().ceil(),
                retry::ATTEMPTS
            ));
            self.wire.time.sleep(wait).await;
        }
    }
}
