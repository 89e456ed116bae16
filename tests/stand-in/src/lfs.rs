//! The hosts behind the Hub that hold large files: links with a signature in them, no tokens.

use crate::answer::Answer;
use crate::ask::{Ask, encode};
use crate::hosts;
use crate::hub::digest::sha256;
use crate::world::World;

const SIGNATURE: &str = "Expires=1748940000&Signature=c3RhbmQtaW4_&Key-Pair-Id=K2STANDIN";

/// Where a file is downloaded from.
pub(crate) fn download_url(ask: &Ask, oid: &str, name: &str) -> String {
    let disposition = encode(&format!("inline; filename=\"{name}\""));
    ask.link(
        hosts::CDN,
        &format!("/repos/{oid}?response-content-disposition={disposition}&{SIGNATURE}"),
    )
}

/// Where a file is uploaded to; with a number: one part of it.
pub(crate) fn upload_url(ask: &Ask, oid: &str, part: Option<usize>) -> String {
    let part = part.map_or(String::new(), |part| format!("&partNumber={part}"));
    ask.link(
        hosts::UPLOADS,
        &format!("/repos/{oid}?X-Amz-Signature=c3RhbmQtaW4{part}"),
    )
}

/// A signed link with a token on top is refused, as the storage does.
fn refusal(ask: &Ask, parameter: &str) -> Option<Answer> {
    if ask.param(parameter).is_none() {
        return Some(xml(403, "AccessDenied", "Access Denied"));
    }
    ask.header("authorization").is_some().then(|| {
        xml(
            400,
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or \
             the Authorization header should be specified",
        )
    })
}

fn xml(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Answer::new(status, "application/xml", body)
}

/// `GET` of a large file.
pub(crate) fn download(ask: &Ask, world: &mut World) -> Answer {
    if let Some(refusal) = refusal(ask, "Signature") {
        return refusal;
    }
    let parts = ask.parts();
    let ("GET" | "HEAD", ["repos", oid]) = (ask.method.as_str(), parts.as_slice()) else {
        return xml(
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        );
    };
    match world.hub.large.get(*oid) {
        None => xml(404, "NoSuchKey", "The specified key does not exist."),
        Some(bytes) => ranged(
            ask,
            Answer::new(200, "binary/octet-stream", bytes.clone())
                .with("etag", format!("\"{oid}\"")),
        ),
    }
}

/// `PUT` of a large file, or of a part of one.
pub(crate) fn upload(ask: &Ask, world: &mut World) -> Answer {
    if let Some(refusal) = refusal(ask, "X-Amz-Signature") {
        return refusal;
    }
    let parts = ask.parts();
    let ("PUT", ["repos", oid]) = (ask.method.as_str(), parts.as_slice()) else {
        return xml(
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        );
    };
    let found = sha256(&ask.body);
    if let Some(part) = ask.number("partNumber") {
        let pieces = world.hub.pieces.entry((*oid).to_owned()).or_default();
        pieces.insert(part, ask.body.clone());
    } else if found == *oid {
        world.hub.large.insert(found.clone(), ask.body.clone());
    } else {
        return xml(
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
    }
    Answer::empty(200).with("etag", format!("\"{}\"", &found[..32]))
}

/// The part of a body that a `Range` header asks for.
pub(crate) fn ranged(ask: &Ask, answer: Answer) -> Answer {
    let answer = answer.with("accept-ranges", "bytes");
    let body = answer.body.concat();
    let Some((from, to)) = ask
        .header("range")
        .and_then(|range| range.strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'))
    else {
        return answer;
    };
    let total = body.len();
    let last = total.saturating_sub(1);
    let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => (from, to.min(last)),
        (Ok(from), Err(_)) => (from, last),
        (Err(_), Ok(count)) => (total.saturating_sub(count), last),
        (Err(_), Err(_)) => return answer,
    };
    if from >= total || from > to {
        return Answer::empty(416).with("content-range", format!("bytes */{total}"));
    }
    Answer {
        status: 206,
        body: vec![body[from..=to].to_vec().into()],
        ..answer
    }
    .with("content-range", format!("bytes {from}-{to}/{total}"))
}
