//! A page as a tree: what `html5ever` builds, kept in one list, with the attributes that matter here.

use std::borrow::Cow;
use std::cell::{Ref, RefCell};

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode};
use html5ever::tendril::{StrTendril, TendrilSink as _};
use html5ever::tree_builder::TreeSink;
use html5ever::{Attribute, ParseOpts, QualName, local_name, ns, parse_document};

/// Nodes at most; what comes after is left out. A page of several megabytes has some hundred thousand.
const MOST_NODES: usize = 1_000_000;
/// Bytes that are parsed between two looks at that bound.
const CHUNK: usize = 4 << 10;

/// Attributes that are kept.
const KEPT: [&str; 22] = [
    "alt",
    "alttext",
    "aria-hidden",
    "charset",
    "class",
    "colspan",
    "content",
    "data",
    "display",
    "encoding",
    "hidden",
    "href",
    "id",
    "name",
    "property",
    "role",
    "rowspan",
    "src",
    "start",
    "style",
    "title",
    "type",
];

/// A node of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(usize);

#[derive(Debug)]
enum Data {
    /// The page, and what has no meaning here: comments and the like.
    Other,
    Element {
        name: QualName,
        attributes: Vec<(Box<str>, Box<str>)>,
    },
    Text(String),
}

#[derive(Debug)]
struct Node {
    parent: Option<NodeId>,
    children: Vec<NodeId>,
    data: Data,
    /// Whether it, or something in it, is a block of text.
    block: bool,
}

/// A page.
#[derive(Debug)]
pub struct Html {
    nodes: Vec<Node>,
    /// Whether the end of the page is missing.
    cut: bool,
}

impl Html {
    /// Any text is a page, as for browsers.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::bounded(text, MOST_NODES)
    }

    fn bounded(text: &str, most: usize) -> Self {
        let mut parser = parse_document(Sink::new(), ParseOpts::default());
        let mut rest = text;
        let mut cut = false;
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(rest.floor_char_boundary(CHUNK));
            parser.process(StrTendril::from_slice(chunk));
            rest = after;
            if parser.tokenizer.sink.sink.tree.borrow().len() > most {
                cut = true;
                break;
            }
        }
        let mut html = Self {
            nodes: parser.finish(),
            cut,
        };
        html.mark_blocks();
        html
    }

    /// Whether the page was too long to be taken whole.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The whole page.
    #[must_use]
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// An element's name; empty for what is none.
    #[must_use]
    pub fn name(&self, node: NodeId) -> &str {
        match self.data(node) {
            Some(Data::Element { name, .. }) => &name.local,
            _ => "",
        }
    }

    /// What a text node says.
    #[must_use]
    pub fn own_text(&self, node: NodeId) -> Option<&str> {
        match self.data(node) {
            Some(Data::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// An attribute of those that are kept.
    #[must_use]
    pub fn attribute(&self, node: NodeId, attribute: &str) -> Option<&str> {
        match self.data(node) {
            Some(Data::Element { attributes, .. }) => attributes
                .iter()
                .find_map(|(name, value)| (&**name == attribute).then_some(&**value)),
            _ => None,
        }
    }

    /// Whether an element has this class.
    #[must_use]
    pub fn has_class(&self, node: NodeId, class: &str) -> bool {
        self.classes(node).any(|known| known == class)
    }

    /// An element's classes.
    pub fn classes(&self, node: NodeId) -> impl Iterator<Item = &str> {
        self.attribute(node, "class")
            .unwrap_or_default()
            .split_ascii_whitespace()
    }

    /// A node's children.
    #[must_use]
    pub fn children(&self, node: NodeId) -> &[NodeId] {
        self.nodes
            .get(node.0)
            .map_or(&[], |node| node.children.as_slice())
    }

    /// What a node is in.
    #[must_use]
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.nodes.get(node.0).and_then(|node| node.parent)
    }

    /// What a node is in, from the inside out.
    pub fn ancestors(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.parent(node), |node| self.parent(*node))
    }

    /// Everything in a node, in the page's order; of those that the function refuses, nothing inside.
    pub fn within<'h>(
        &'h self,
        node: NodeId,
        enter: impl Fn(NodeId) -> bool + 'h,
    ) -> impl Iterator<Item = NodeId> + 'h {
        let mut waiting: Vec<NodeId> = self.children(node).iter().rev().copied().collect();
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            if enter(next) {
                waiting.extend(self.children(next).iter().rev());
            }
            Some(next)
        })
    }

    /// The first in a node, in the page's order, that is wanted.
    #[must_use]
    pub fn find(&self, node: NodeId, wanted: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        self.within(node, |_| true).find(|found| wanted(*found))
    }

    /// All of a node's text, with one space where there is white space.
    #[must_use]
    pub fn text(&self, node: NodeId) -> String {
        let mut line = crate::line::Line::default();
        if let Some(text) = self.own_text(node) {
            line.text(text);
        }
        for found in self.within(node, |node| !matches!(self.name(node), "script" | "style")) {
            if let Some(text) = self.own_text(found) {
                line.text(text);
            }
        }
        line.done()
    }

    /// Whether a node is a block of text, or has one in it.
    pub(crate) fn has_block(&self, node: NodeId) -> bool {
        self.nodes.get(node.0).is_some_and(|node| node.block)
    }

    fn data(&self, node: NodeId) -> Option<&Data> {
        self.nodes.get(node.0).map(|node| &node.data)
    }

    fn mark_blocks(&mut self) {
        for index in 0..self.nodes.len() {
            let node = NodeId(index);
            if !crate::block::is_block(self, node) {
                continue;
            }
            let mut marked = Some(node);
            while let Some(node) = marked.and_then(|node| self.nodes.get_mut(node.0))
                && !node.block
            {
                node.block = true;
                marked = node.parent;
            }
        }
    }
}

/// What the parser builds with.
struct Sink {
    tree: RefCell<Vec<Node>>,
    /// The name of what has none; in a cell of its own, since names are lent out of cells.
    nameless: RefCell<QualName>,
}

impl Sink {
    fn new() -> Self {
        let sink = Self {
            tree: RefCell::default(),
            nameless: RefCell::new(QualName::new(None, ns!(html), local_name!(""))),
        };
        sink.add(Data::Other);
        sink
    }

    fn add(&self, data: Data) -> NodeId {
        let mut tree = self.tree.borrow_mut();
        tree.push(Node {
            parent: None,
            children: Vec::new(),
            data,
            block: false,
        });
        NodeId(tree.len() - 1)
    }

    fn detach(&self, child: NodeId) {
        let mut tree = self.tree.borrow_mut();
        let parent = tree.get_mut(child.0).and_then(|node| node.parent.take());
        if let Some(parent) = parent.and_then(|parent| tree.get_mut(parent.0))
            && let Some(at) = parent.children.iter().rposition(|known| *known == child)
        {
            parent.children.remove(at);
        }
    }

    /// Puts a node or a text into a parent at a place among its children; a text after a text becomes part of it.
    fn insert(&self, parent: NodeId, at: Option<usize>, child: NodeOrText<NodeId>) {
        let before = {
            let tree = self.tree.borrow();
            let children = tree.get(parent.0).map(|node| node.children.as_slice());
            let children = children.unwrap_or_default();
            let end = at.unwrap_or(children.len());
            end.checked_sub(1)
                .and_then(|place| children.get(place).copied())
        };
        let child = match child {
            NodeOrText::AppendNode(child) => {
                self.detach(child);
                child
            }
            NodeOrText::AppendText(text) => {
                if let Some(before) = before
                    && let Some(Node {
                        data: Data::Text(known),
                        ..
                    }) = self.tree.borrow_mut().get_mut(before.0)
                {
                    known.push_str(&text);
                    return;
                }
                self.add(Data::Text(text.to_string()))
            }
        };
        let mut tree = self.tree.borrow_mut();
        if let Some(node) = tree.get_mut(child.0) {
            node.parent = Some(parent);
        }
        if let Some(parent) = tree.get_mut(parent.0) {
            let end = parent.children.len();
            parent.children.insert(at.unwrap_or(end).min(end), child);
        }
    }
}

/// Of an element's attributes, those that are kept.
fn kept(attributes: Vec<Attribute>) -> Vec<(Box<str>, Box<str>)> {
    attributes
        .into_iter()
        .filter(|attribute| KEPT.contains(&&*attribute.name.local))
        .map(|attribute| ((&*attribute.name.local).into(), (&*attribute.value).into()))
        .collect()
}

impl TreeSink for Sink {
    type Handle = NodeId;
    type Output = Vec<Node>;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Vec<Node> {
        self.tree.into_inner()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        NodeId(0)
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        Ref::filter_map(self.tree.borrow(), |tree| {
            match tree.get(target.0).map(|node| &node.data) {
                Some(Data::Element { name, .. }) => Some(name),
                _ => None,
            }
        })
        .unwrap_or_else(|_| self.nameless.borrow())
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, _: ElementFlags) -> NodeId {
        self.add(Data::Element {
            name,
            attributes: kept(attrs),
        })
    }

    fn create_comment(&self, _: StrTendril) -> NodeId {
        self.add(Data::Other)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> NodeId {
        self.add(Data::Other)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.insert(*parent, None, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &NodeId,
        prev_element: &NodeId,
        child: NodeOrText<NodeId>,
    ) {
        let has_parent = self
            .tree
            .borrow()
            .get(element.0)
            .is_some_and(|node| node.parent.is_some());
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(prev_element, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    // A template is not shown: where its contents are does not matter.
    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        *target
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &NodeId, new_node: NodeOrText<NodeId>) {
        if let NodeOrText::AppendNode(node) = &new_node {
            self.detach(*node);
        }
        let place = {
            let tree = self.tree.borrow();
            let parent = tree.get(sibling.0).and_then(|node| node.parent);
            parent.and_then(|parent| {
                let siblings = &tree.get(parent.0)?.children;
                let at = siblings.iter().rposition(|known| known == sibling)?;
                Some((parent, at))
            })
        };
        if let Some((parent, at)) = place {
            self.insert(parent, Some(at), new_node);
        }
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attrs: Vec<Attribute>) {
        let mut tree = self.tree.borrow_mut();
        if let Some(Node {
            data: Data::Element { attributes, .. },
            ..
        }) = tree.get_mut(target.0)
        {
            for (name, value) in kept(attrs) {
                if attributes.iter().all(|(known, _)| *known != name) {
                    attributes.push((name, value));
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.detach(*target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        let children = self
            .tree
            .borrow_mut()
            .get_mut(node.0)
            .map(|node| std::mem::take(&mut node.children))
            .unwrap_or_default();
        let mut tree = self.tree.borrow_mut();
        for child in &children {
            if let Some(child) = tree.get_mut(child.0) {
                child.parent = Some(*new_parent);
            }
        }
        if let Some(parent) = tree.get_mut(new_parent.0) {
            parent.children.extend(children);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(html: &Html, node: NodeId) -> String {
        let inside: Vec<String> = html
            .children(node)
            .iter()
            .map(|child| outline(html, *child))
            .filter(|text| !text.is_empty())
            .collect();
        match html.own_text(node) {
            Some(text) => text.trim().to_owned(),
            None => format!("{}({})", html.name(node), inside.join(" ")),
        }
    }

    #[test]
    fn pages_are_trees_as_browsers_build_them() {
        let table = [
            ("", "(html(head() body()))"),
            ("<p>a<p>b", "(html(head() body(p(a) p(b))))"),
            // Misnested, and text that a table cannot hold.
            ("<b>1<p>2</b>3</p>", "(html(head() body(b(1) p(b(2) 3))))"),
            (
                "<table>x<tr><td>1</table>",
                "(html(head() body(x table(tbody(tr(td(1)))))))",
            ),
            (
                "<template><p>x</p></template>y<!-- c -->z",
                "(html(head(template(p(x))) body(y () z)))",
            ),
        ];
        for (text, expected) in table {
            let html = Html::parse(text);
            assert_eq!(outline(&html, html.root()), expected, "{text}");
        }
    }

    #[test]
    fn nodes_are_bounded() {
        let page = "<br>".repeat(4_000);
        for (most, cut) in [(1_000, true), (5_000, false)] {
            let html = Html::bounded(&page, most);
            assert_eq!(html.is_cut(), cut);
            assert!(html.nodes.len() < most + CHUNK);
        }
    }

    #[test]
    fn text_is_collected_with_single_spaces() {
        let html = Html::parse("<p> a <b>b\n\n c</b>d<script>x</script>\u{a0}e ");
        assert_eq!(html.text(html.root()), "a b cd e");
    }
}
