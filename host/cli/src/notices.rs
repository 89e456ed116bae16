//! Messages to people, as the configuration says: the gateways, and what the tool `notify` is told of them.

use std::path::Path;
use std::sync::Arc;

use gateways::{Delivery, Gateways, Message, Parts, Receipt, SendError, Settings};
use sandbox::{Destination, Notice, NotifyError, Sent, Severity};

use crate::config::{AutoEvent, Config, Provider};
use crate::fail::Fail;
use crate::render;

/// What the configuration says of messages; nothing where they are switched off.
pub(crate) fn settings(config: &Config) -> Settings {
    let messaging = &config.messaging;
    if !messaging.enabled {
        return Settings::default();
    }
    let destinations = messaging.destinations.iter().map(|(name, told)| {
        let provider = match told.provider {
            Provider::Slack => gateways::Provider::Slack(gateways::Slack {
                token: gateways::Secret::new(told.token.reveal()),
                channel: told.channel.clone(),
                username: told.username.clone(),
                icon_emoji: told.icon_emoji.clone(),
                origin: None,
            }),
        };
        gateways::Destination {
            name: name.clone(),
            provider,
            allow_agent_tool: told.allow_agent_tool,
            allow_auto_events: told.allow_auto_events,
        }
    });
    let events = messaging.auto_event_types.iter().map(|event| match event {
        AutoEvent::ApprovalRequired => gateways::EventType::ApprovalRequired,
        AutoEvent::Error => gateways::EventType::Error,
        AutoEvent::TurnComplete => gateways::EventType::TurnComplete,
    });
    Settings {
        destinations: destinations.collect(),
        auto_event_types: events.collect(),
    }
}

/// The gateways, where there is a destination, with their queue in this directory.
pub(crate) fn open(
    settings: Settings,
    spool: &Path,
    egress: egress::Egress,
    policy: Arc<policy::Policy>,
    observer: Arc<dyn egress::Observe>,
    redactor: journal::Redactor,
) -> Result<Option<Arc<Gateways>>, Fail> {
    if settings.destinations.is_empty() {
        return Ok(None);
    }
    let report = |delivery: &Delivery| {
        if let Some(error) = &delivery.error {
            render::warn(&format!(
                "a message to {} did not arrive: {error}",
                delivery.destination
            ));
        }
    };
    let parts = Parts {
        egress,
        policy,
        observer,
        redactor,
        report: Arc::new(report),
        time: Arc::new(gateways::RealTime::default()),
    };
    Gateways::open(settings, spool, parts)
        .map(|gateways| Some(Arc::new(gateways)))
        .map_err(|error| Fail::usage(error.to_string()))
}

/// What a plugin is told of the destinations.
pub(crate) fn destinations(gateways: Option<&Gateways>) -> Vec<Destination> {
    let all = gateways.into_iter().flat_map(Gateways::destinations);
    all.map(|known| Destination {
        name: known.name.clone(),
        provider: known.provider().to_owned(),
        allowed: known.allow_agent_tool,
    })
    .collect()
}

/// Sends what a plugin wants to say.
pub(crate) async fn send(
    gateways: Option<&Gateways>,
    session: &str,
    notice: Notice,
) -> Result<Sent, NotifyError> {
    let Some(gateways) = gateways else {
        return Err(NotifyError::Unknown(Vec::new()));
    };
    let severity = match notice.severity {
        Severity::Info => gateways::Severity::Info,
        Severity::Success => gateways::Severity::Success,
        Severity::Warning => gateways::Severity::Warning,
        Severity::Error => gateways::Severity::Error,
    };
    let message = Message {
        title: notice.title,
        text: notice.text,
        severity,
        metadata: vec![("session_id".to_owned(), session.to_owned())],
        event_type: None,
    };
    match gateways.send_for_agent(&notice.destination, message).await {
        Ok(Receipt::Sent { external_id }) => Ok(Sent::Delivered { id: external_id }),
        Ok(Receipt::Queued { why }) => Ok(Sent::Queued { why }),
        Err(SendError::Denied(decision)) => Err(NotifyError::Denied {
            capability: decision.subject,
            rule: decision.rule,
            remedy: decision.remedy,
        }),
        Err(SendError::Unknown { known, .. }) => Err(NotifyError::Unknown(known)),
        Err(other) => Err(NotifyError::Failed(other.to_string())),
    }
}
