//! Figures: the caption, links to the pictures, and what else is in them.

use crate::block::Place;
use crate::inline::image_address;
use crate::{Converter, NodeId};

/// Pictures of one figure that are named.
const MOST_PICTURES: usize = 12;

impl Converter<'_> {
    pub(crate) fn figure(&self, node: NodeId, place: Place, blocks: &mut Vec<String>) {
        let html = self.html;
        let is_figure =
            |node: NodeId| html.name(node) == "figure" || html.has_class(node, "ltx_figure");
        let is_caption = |node: NodeId| html.name(node) == "figcaption";
        let own: Vec<NodeId> = html.within(node, |inside| !is_figure(inside)).collect();
        let captions: Vec<NodeId> = own
            .iter()
            .copied()
            .filter(|node| is_caption(*node))
            .collect();
        let mut caption: Vec<String> = captions
            .iter()
            .map(|caption| self.caption(*caption))
            .filter(|caption| !caption.is_empty())
            .collect();
        let pictures: Vec<String> = own
            .iter()
            .filter(|inside| matches!(html.name(**inside), "img" | "object"))
            .filter(|inside| !crate::skip::skip(html, **inside))
            .filter(|inside| !html.has_class(**inside, "ltx_Math"))
            .filter_map(|inside| self.address(image_address(html, *inside)?))
            .take(MOST_PICTURES)
            .enumerate()
            .map(|(place, (url, _))| match place {
                0 => format!("[image]({url})"),
                place => format!("[image {}]({url})", place + 1),
            })
            .collect();
        caption.extend(pictures);
        if !caption.is_empty() {
            blocks.push(caption.join(" "));
        }
        let inside = Place {
            figure: true,
            ..place
        };
        let rest: Vec<NodeId> = html
            .children(node)
            .iter()
            .copied()
            .filter(|child| !is_caption(*child))
            .collect();
        blocks.extend(self.flow(&rest, inside));
    }

    /// A caption, its number set off.
    #[must_use]
    pub fn caption(&self, caption: NodeId) -> String {
        let html = self.html;
        let tag = html.find(caption, |node| html.has_class(node, "ltx_tag"));
        let text = self.line(caption);
        let Some(tag) = tag.map(|tag| self.line(tag)).filter(|tag| !tag.is_empty()) else {
            return text;
        };
        let rest = text.strip_prefix(&tag).unwrap_or(&text).trim_start();
        let label = tag.replace("**", "");
        let label = label.trim_end_matches([':', '.', ' ']);
        format!("**{label}:** {rest}").trim_end().to_owned()
    }
}
