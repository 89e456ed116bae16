//! Who the Hub knows, and what they may do.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::errors::{Reply, anonymous, plain, unauthorized};

/// Who has a token.
#[derive(Debug)]
pub(crate) struct Account {
    token: &'static str,
    pub(crate) name: &'static str,
    fullname: &'static str,
    id: &'static str,
    pro: bool,
    /// The token may write.
    write: bool,
    /// Organisations and the role there.
    orgs: &'static [(&'static str, &'static str)],
}

/// The organisation that has no credits.
pub(crate) const WITHOUT_CREDITS: &str = "poor-lab";

const ORGS: [(&str, &str, &str); 2] = [
    ("tabular-lab", "Tabular Lab", "65b2f0a1c3d4e5f60718293a"),
    ("poor-lab", "Poor Lab", "65b2f0a1c3d4e5f60718293b"),
];

const ACCOUNTS: [Account; 2] = [
    Account {
        token: "hf_standin_ada",
        name: "ada",
        fullname: "Ada Marchetti",
        id: "64a1f7c2b3e4d5a6978c0d1e",
        pro: true,
        write: true,
        orgs: &[("tabular-lab", "admin"), ("poor-lab", "write")],
    },
    Account {
        token: "hf_standin_reader",
        name: "ren",
        fullname: "Ren Okafor",
        id: "64a1f7c2b3e4d5a6978c0d1f",
        pro: false,
        write: false,
        orgs: &[("tabular-lab", "read")],
    },
];

impl Account {
    /// The name and every organisation's.
    fn belongs(&self, namespace: &str) -> bool {
        self.name == namespace || self.orgs.iter().any(|(org, _)| *org == namespace)
    }

    fn writes(&self, namespace: &str) -> bool {
        self.name == namespace
            || self
                .orgs
                .iter()
                .any(|(org, role)| *org == namespace && *role != "read")
    }
}

/// Whose token the request has; `None` without one.
pub(crate) fn who(ask: &Ask) -> Result<Option<&'static Account>, Answer> {
    const KNOWN: &[Account] = &ACCOUNTS;
    let Some(token) = ask.bearer() else {
        return Ok(None);
    };
    KNOWN
        .iter()
        .find(|account| account.token == token)
        .map(Some)
        .ok_or_else(|| unauthorized("Invalid credentials in Authorization header"))
}

/// Whose token the request has; without one it goes no further.
pub(crate) fn signed_in(ask: &Ask) -> Result<&'static Account, Answer> {
    who(ask)?.ok_or_else(anonymous)
}

/// What is private in a namespace is for who belongs to it.
pub(crate) fn may_see(ask: &Ask, namespace: &str) -> Result<bool, Answer> {
    Ok(who(ask)?.is_some_and(|account| account.belongs(namespace)))
}

/// Someone who may write in a namespace.
pub(crate) fn may_write(
    ask: &Ask,
    namespace: &str,
    what: &str,
) -> Result<&'static Account, Answer> {
    let account = signed_in(ask)?;
    if !account.write {
        return Err(plain(
            403,
            &format!("Forbidden: you must use a write token to {what}."),
        ));
    }
    if !account.writes(namespace) {
        return Err(plain(
            403,
            &format!("You don't have the rights to {what} under the namespace \"{namespace}\""),
        ));
    }
    Ok(account)
}

/// Someone with a write token, wherever they belong: for discussions.
pub(crate) fn may_speak(ask: &Ask) -> Result<&'static Account, Answer> {
    let account = signed_in(ask)?;
    if account.write {
        Ok(account)
    } else {
        Err(plain(
            403,
            "Forbidden: you must use a write token to take part in discussions.",
        ))
    }
}

/// The owner of a job or of a collection.
pub(crate) fn owner(namespace: &str) -> Value {
    let account = ACCOUNTS
        .into_iter()
        .find(|account| account.name == namespace);
    match account {
        Some(account) => json!({"id": account.id, "name": account.name, "type": "user"}),
        None => {
            let id = ORGS
                .iter()
                .find(|(name, _, _)| *name == namespace)
                .map_or("000000000000000000000000", |(_, _, id)| *id);
            json!({"id": id, "name": namespace, "type": "org"})
        }
    }
}

/// A person as shown beside what they did.
pub(crate) fn author(name: &str) -> Value {
    let known = ACCOUNTS.into_iter().find(|account| account.name == name);
    json!({
        "_id": known.as_ref().map_or("64a1f7c2b3e4d5a6978c0dff", |account| account.id),
        "avatarUrl": format!("/avatars/{name}.svg"),
        "fullname": known.as_ref().map_or(name, |account| account.fullname),
        "name": name,
        "type": "user",
        "isPro": known.as_ref().is_some_and(|account| account.pro),
        "isHf": false,
        "isMod": false,
    })
}

/// `GET /api/whoami-v2`
pub(crate) fn whoami(ask: &Ask) -> Reply {
    let Some(account) = who(ask)? else {
        return Err(unauthorized("Invalid username or password."));
    };
    let orgs: Vec<Value> = account
        .orgs
        .iter()
        .map(|(org, role)| {
            let (name, fullname, id) = ORGS.iter().find(|(name, _, _)| name == org).unwrap();
            json!({
                "type": "org", "id": id, "name": name, "fullname": fullname, "email": null,
                "canPay": *name != WITHOUT_CREDITS, "periodEnd": null, "isEnterprise": false,
                "avatarUrl": format!("/avatars/{name}.svg"), "roleInOrg": role,
            })
        })
        .collect();
    Ok(Answer::json(&json!({
        "type": "user",
        "id": account.id,
        "name": account.name,
        "fullname": account.fullname,
        "email": format!("{}@example.org", account.name),
        "emailVerified": true,
        "canPay": account.pro,
        "periodEnd": null,
        "isPro": account.pro,
        "avatarUrl": format!("/avatars/{}.svg", account.name),
        "orgs": orgs,
        "auth": {
            "type": "access_token",
            "accessToken": {
                "displayName": if account.write { "laptop" } else { "reader" },
                "role": if account.write { "write" } else { "read" },
                "createdAt": "2025-01-15T08:30:00.000Z",
            },
        },
    })))
}
