//! `/api/collections`: lists of repositories and papers that people keep.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::accounts::{may_see, may_write, owner};
use crate::hub::errors::{Reply, not_found, plain};
use crate::hub::repo::Kind;
use crate::papers;
use crate::world::World;

/// Items that lists show of a collection.
const SHOWN: usize = 4;
/// Collections on a page.
const PAGE: usize = 20;

/// Something in a collection.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) object_id: String,
    pub(crate) id: String,
    /// `model`, `dataset`, `space`, `paper`, `collection`.
    pub(crate) kind: String,
    pub(crate) note: Option<String>,
}

/// A collection.
#[derive(Clone, Debug)]
pub(crate) struct Collection {
    /// `owner/title-in-lower-case-<id>`
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) namespace: String,
    pub(crate) private: bool,
    pub(crate) theme: String,
    pub(crate) upvotes: u64,
    pub(crate) updated: String,
    pub(crate) items: Vec<Item>,
}

impl Collection {
    fn shown(&self, world: &World, most: usize) -> Value {
        let items: Vec<Value> = self
            .items
            .iter()
            .take(most)
            .enumerate()
            .map(|(position, item)| shown(world, position, item))
            .collect();
        json!({
            "slug": self.slug,
            "title": self.title,
            "description": self.description,
            "gating": false,
            "lastUpdated": self.updated,
            "owner": owner(&self.namespace),
            "items": items,
            "position": 0,
            "theme": self.theme,
            "private": self.private,
            "shareUrl": format!("https://hf.co/collections/{}", self.slug),
            "upvotes": self.upvotes,
            "isUpvotedByUser": false,
        })
    }
}

fn shown(world: &World, position: usize, item: &Item) -> Value {
    let mut value = json!({
        "_id": item.object_id,
        "position": position,
        "type": item.kind,
        "id": item.id,
    });
    if let Some(note) = &item.note {
        value["note"] = json!({"html": note, "text": note});
    }
    if let Some(repo) =
        Kind::singular(&item.kind).and_then(|kind| world.hub.repos.get(&(kind, item.id.clone())))
    {
        value["author"] = repo.namespace().into();
        value["downloads"] = repo.downloads.into();
        value["likes"] = repo.likes.into();
        value["private"] = repo.private.into();
        value["gated"] = repo.gated.clone();
        value["lastModified"] = repo.modified.clone().into();
    }
    if let Some(paper) = papers::find(&item.id).filter(|_| item.kind == "paper") {
        value["title"] = paper.title.clone().into();
        value["upvotes"] = paper.upvotes.into();
        value["publishedAt"] = paper.published().into();
    }
    value
}

/// `Wine & friends` as part of a slug: `wine-friends`.
fn slug(title: &str) -> String {
    let mut out = String::new();
    for letter in title.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() {
            out.push(letter);
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

pub(crate) fn api(ask: &Ask, world: &mut World, parts: &[&str]) -> Reply {
    match (ask.method.as_str(), parts) {
        ("GET", []) => list(ask, world),
        ("POST", []) => create(ask, world),
        ("GET", [namespace, name]) => {
            let at = find(ask, world, namespace, name)?;
            Ok(Answer::json(
                &world.hub.collections[at].shown(world, usize::MAX),
            ))
        }
        (_, [namespace, name, rest @ ..]) => {
            let at = find(ask, world, namespace, name)?;
            may_write(ask, namespace, "change a collection")?;
            change(ask, world, at, rest)
        }
        _ => Err(not_found()),
    }
}

/// Where a collection is: a slug counts by the id at its end.
fn find(ask: &Ask, world: &World, namespace: &str, name: &str) -> Result<usize, Answer> {
    let id = name.rsplit('-').next().unwrap_or(name);
    let inside = may_see(ask, namespace)?;
    world
        .hub
        .collections
        .iter()
        .position(|one| {
            one.namespace == namespace
                && one.slug.rsplit('-').next() == Some(id)
                && (inside || !one.private)
        })
        .ok_or_else(|| plain(404, "Collection not found"))
}

fn list(ask: &Ask, world: &World) -> Reply {
    let paper = ask.param("paper");
    let item = ask.params("item").next();
    let mut found = Vec::new();
    for one in &world.hub.collections {
        let visible = !one.private || may_see(ask, &one.namespace)?;
        let holds = |kind: &str, id: &str| {
            one.items
                .iter()
                .any(|item| item.kind == kind && item.id == id)
        };
        let fits = paper.is_none_or(|paper| holds("paper", paper))
            && ask
                .param("owner")
                .is_none_or(|owner| owner == one.namespace)
            && ask
                .param("q")
                .is_none_or(|q| one.title.to_lowercase().contains(&q.to_lowercase()))
            && item.is_none_or(|item| {
                let (kind, id) = item.split_once('/').unwrap_or((item, ""));
                holds(kind.trim_end_matches('s'), id)
            });
        if visible && fits {
            found.push(one);
        }
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.upvotes));
    let start = ask.number("cursor").unwrap_or(0);
    let size = ask.number("limit").unwrap_or(PAGE).clamp(1, 100);
    let page: Vec<Value> = found
        .iter()
        .skip(start)
        .take(size)
        .map(|one| {
            let mut shown = one.shown(world, SHOWN);
            // Its place among the owner's is on its own page alone.
            if let Some(fields) = shown.as_object_mut() {
                fields.shift_remove("position");
            }
            shown
        })
        .collect();
    let answer = Answer::json(&Value::Array(page));
    Ok(if start + size < found.len() {
        let cursor = (start + size).to_string();
        answer.with("link", ask.next_page(&[("cursor", &cursor)]))
    } else {
        answer
    })
}

fn create(ask: &Ask, world: &mut World) -> Reply {
    let body = ask.json();
    let title = body["title"].as_str().unwrap_or_default();
    let namespace = body["namespace"].as_str().unwrap_or_default();
    if title.is_empty() || title.chars().count() > 59 {
        return Err(plain(400, "\"title\" must have 1 to 59 characters"));
    }
    may_write(ask, namespace, "create a collection")?;
    if let Some(one) = world
        .hub
        .collections
        .iter()
        .find(|one| one.namespace == namespace && one.title == title)
    {
        let message = "A collection with this title already exists";
        let body = json!({"error": message, "slug": one.slug});
        return Err(Answer::json_with(409, &body).with("x-error-message", message));
    }
    let id = world.hub.fresh_id("collection");
    let mut one = Collection {
        slug: format!("{namespace}/{}-{id}", slug(title)),
        title: title.to_owned(),
        description: body["description"].as_str().map(str::to_owned),
        namespace: namespace.to_owned(),
        private: body["private"] == true,
        theme: "purple".to_owned(),
        upvotes: 0,
        updated: world.clock.next(),
        items: Vec::new(),
    };
    if body["item"].is_object() {
        let item = item(world, &body)?;
        one.items.push(item);
    }
    let shown = one.shown(world, usize::MAX);
    world.hub.collections.push(one);
    Ok(Answer::json(&shown))
}

/// `{item: {id, type}, note}`, of something that exists.
fn item(world: &mut World, body: &Value) -> Result<Item, Answer> {
    let id = body["item"]["id"].as_str().unwrap_or_default().to_owned();
    let kind = body["item"]["type"].as_str().unwrap_or_default().to_owned();
    let exists = match Kind::singular(&kind) {
        Some(kind) => world.hub.repos.contains_key(&(kind, id.clone())),
        None if kind == "paper" => papers::find(&id).is_some(),
        None if kind == "collection" => world.hub.collections.iter().any(|one| one.slug == id),
        None => return Err(plain(400, &format!("Invalid item type: {kind}"))),
    };
    if !exists {
        return Err(plain(404, &format!("There is no {kind} {id}")));
    }
    Ok(Item {
        object_id: world.hub.fresh_id("item"),
        id,
        kind,
        note: body["note"].as_str().map(str::to_owned),
    })
}

fn change(ask: &Ask, world: &mut World, at: usize, parts: &[&str]) -> Reply {
    let body = ask.json();
    let now = world.clock.next();
    match (ask.method.as_str(), parts) {
        ("DELETE", []) => {
            world.hub.collections.remove(at);
            return Ok(Answer::json(&json!({"success": true})));
        }
        ("PATCH", []) => {
            let one = &mut world.hub.collections[at];
            if let Some(title) = body["title"].as_str() {
                let id = one.slug.rsplit('-').next().unwrap_or_default();
                one.slug = format!("{}/{}-{id}", one.namespace, slug(title));
                title.clone_into(&mut one.title);
            }
            if let Some(description) = body["description"].as_str() {
                one.description = Some(description.to_owned());
            }
            if let Some(private) = body["private"].as_bool() {
                one.private = private;
            }
            if let Some(theme) = body["theme"].as_str() {
                theme.clone_into(&mut one.theme);
            }
            one.updated = now;
            let data = world.hub.collections[at].shown(world, usize::MAX);
            return Ok(Answer::json(&json!({"success": true, "data": data})));
        }
        ("POST", ["items" | "item"]) => {
            let item = item(world, &body)?;
            let one = &mut world.hub.collections[at];
            if one
                .items
                .iter()
                .any(|held| held.id == item.id && held.kind == item.kind)
            {
                return Err(plain(409, "The item is in the collection already"));
            }
            one.items.push(item);
            one.updated = now;
        }
        ("PATCH", ["items", id]) => {
            let one = &mut world.hub.collections[at];
            let Some(from) = one.items.iter().position(|item| item.object_id == *id) else {
                return Err(plain(404, "Item not found"));
            };
            if let Some(note) = body["note"].as_str() {
                one.items[from].note = Some(note.to_owned());
            }
            if let Some(to) = body["position"].as_u64() {
                let item = one.items.remove(from);
                let to = usize::try_from(to).unwrap().min(one.items.len());
                one.items.insert(to, item);
            }
        }
        ("DELETE", ["items", id]) => {
            let one = &mut world.hub.collections[at];
            let before = one.items.len();
            one.items.retain(|item| item.object_id != *id);
            if one.items.len() == before {
                return Err(plain(404, "Item not found"));
            }
        }
        _ => return Err(not_found()),
    }
    Ok(Answer::json(
        &world.hub.collections[at].shown(world, usize::MAX),
    ))
}
