//! A Hub that answers here, and calls of the plugin against it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use ml_intern_docs::{Setting, plugin_in};
use ml_intern_sdk::http::native::{Asked, Entered, Native, Reply};
use ml_intern_sdk::{Call, Content, Failure, Output};
use serde_json::Value;

pub(crate) const HUB: &str = "https://huggingface.co";

/// What is served, and what was asked for.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) pages: Rc<RefCell<BTreeMap<String, Reply>>>,
    pub(crate) asked: Rc<RefCell<Vec<Asked>>>,
    pub(crate) now: Rc<Cell<u64>>,
    pub(crate) root: Rc<tempfile::TempDir>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            pages: Rc::default(),
            asked: Rc::default(),
            now: Rc::new(Cell::new(1_000_000_000)),
            root: Rc::new(tempfile::tempdir().unwrap()),
        }
    }

    /// Serves this at this path.
    pub(crate) fn set(&self, path: &str, reply: Reply) {
        self.pages.borrow_mut().insert(path.to_owned(), reply);
    }

    /// Serves a page of Markdown, with a validator.
    pub(crate) fn page(&self, path: &str, text: &str) {
        let reply = Reply::new(200)
            .header("content-type", "text/markdown; charset=utf-8")
            .header("etag", &format!("\"{}\"", text.len()))
            .body(text);
        self.set(path, reply);
    }

    /// Serves the first page of a documentation, whose sidebar has these pages: names and titles.
    pub(crate) fn sidebar(&self, base: &str, pages: &[(&str, &str)]) {
        let links: String = pages
            .iter()
            .map(|(name, title)| format!("<a href=\"{base}/{name}\">{title}</a>"))
            .collect();
        let html = format!("<html><nav class=\"x flex-auto\">{links}</nav></html>");
        let reply = Reply::new(200)
            .header("content-type", "text/html")
            .header("etag", &format!("\"{}\"", html.len()))
            .body(html);
        self.set(base, reply);
    }

    pub(crate) fn enter(&self) -> Entered {
        let world = self.clone();
        Native::new()
            .replies(HUB, move |request| world.answer(request))
            .bearer("huggingface", "hf_secret")
            .enter()
    }

    pub(crate) fn answer(&self, request: &Asked) -> Reply {
        self.asked.borrow_mut().push(request.clone());
        let header = |name: &str| {
            let found = request.headers.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        let pages = self.pages.borrow();
        let Some(reply) = pages.get(&request.path) else {
            return Reply::new(404);
        };
        match header("if-none-match") {
            Some(tag) if format!("{reply:?}").contains(&format!("{tag:?}")) => Reply::new(304),
            _ => reply.clone(),
        }
    }

    /// What was asked for since the last time.
    pub(crate) fn paths(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.borrow_mut());
        for one in &asked {
            let secret = |(name, value): &(String, String)| {
                name.eq_ignore_ascii_case("authorization") || value.contains("hf_secret")
            };
            assert!(!one.headers.iter().any(secret), "a token was sent: {one:?}");
        }
        asked.into_iter().map(|asked| asked.path).collect()
    }

    pub(crate) fn later(&self, milliseconds: u64) {
        self.now.set(self.now.get() + milliseconds);
    }

    pub(crate) fn call(
        &self,
        tool: &str,
        operation: &str,
        arguments: Value,
    ) -> Result<Output, Failure> {
        let now = self.now.clone();
        let setting = Setting::new(self.root.path()).clock(move || now.get());
        plugin_in(setting).invoke(&Call {
            id: "1".into(),
            tool: tool.into(),
            operation: operation.into(),
            arguments: arguments.to_string(),
        })
    }

    /// The text of a search of `trl`.
    pub(crate) fn search(&self, query: &str) -> String {
        text(self.call(
            "explore_hf_docs",
            "trl",
            serde_json::json!({"endpoint": "trl", "query": query}),
        ))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }
}

/// The text of an answer, which is never longer than it may be.
pub(crate) fn text(output: Result<Output, Failure>) -> String {
    let output = output.unwrap();
    let [Content::Text(text)] = output.content.as_slice() else {
        panic!("one text")
    };
    assert!(text.chars().count() <= 16_000, "{}", text.chars().count());
    text.clone()
}

/// Compares with `tests/golden/<name>`; writes it where `REVIEW` is set.
pub(crate) fn golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    let text = format!("{text}\n");
    if std::env::var_os("REVIEW").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap(), "{name}");
}
