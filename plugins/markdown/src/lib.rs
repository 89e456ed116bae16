//! HTML as Markdown, for models to read: text in the order of the page, and nothing of its furniture.
//!
//! | in the page | in the text |
//! | --- | --- |
//! | headings, paragraphs, lists, quotes, code | their Markdown |
//! | tables, with cells that span | a Markdown table; a spanning cell's text stands in each of its places |
//! | MathML, KaTeX, MathJax, images of formulas | their TeX: `$…$`, and `$$…\tag{1}$$` where displayed |
//! | links, pictures with a description | with absolute addresses; links within the page are their text alone |
//! | figures | the caption, and links to the pictures |
//! | footnotes (LaTeXML) | `[^1]`, and their texts at the end |
//! | scripts, forms' fields, what is hidden, menus, footers | nothing |
//!
//! What LaTeXML, the converter of arXiv and ar5iv, marks with classes of its own is read as what it means. HTML is parsed
//! as browsers do (`html5ever`).
//!
//! ```
//! use ml_intern_markdown::{Converter, Html};
//!
//! let html = Html::parse("<h1>Loss</h1><p>It <b>falls</b>: <math alttext='L<1'><mi>L</mi></math></p>");
//! let mut converter = Converter::new(&html, None);
//! assert_eq!(converter.blocks([html.root()]), "# Loss\n\nIt **falls**: $L<1$");
//! ```

mod block;
mod code;
mod dom;
mod equation;
mod figure;
mod inline;
mod line;
mod list;
mod math;
mod page;
mod skip;
mod table;

pub use block::Converter;
pub use dom::{Html, NodeId};
pub use page::{Page, page};

/// An address as a link's target: where its parentheses do not pair up, they are encoded, so that none ends the link.
#[must_use]
pub fn target(url: &str) -> String {
    let mut open = 0_usize;
    let paired = url.chars().all(|c| match c {
        '(' => {
            open += 1;
            true
        }
        ')' if open == 0 => false,
        ')' => {
            open -= 1;
            true
        }
        _ => true,
    });
    match paired && open == 0 {
        true => url.to_owned(),
        false => url.replace('(', "%28").replace(')', "%29"),
    }
}
