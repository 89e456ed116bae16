//! Formulas, as TeX.

use crate::{Html, NodeId};

/// A formula that stands at a node: its TeX, and whether it is displayed on lines of its own.
pub(crate) fn formula(html: &Html, node: NodeId) -> Option<(String, bool)> {
    match html.name(node) {
        "math" => {
            let display = html.attribute(node, "display") == Some("block");
            Some((tex(html, node), display))
        }
        "script" if is_script(html, node) => {
            let display = html
                .attribute(node, "type")
                .is_some_and(|kind| kind.contains("mode=display"));
            let source: String = html
                .children(node)
                .iter()
                .filter_map(|child| html.own_text(*child))
                .collect();
            Some((clean(&source), display))
        }
        "img" if html.has_class(node, "ltx_Math") => {
            Some((clean(html.attribute(node, "alt")?), false))
        }
        // KaTeX writes a formula twice: as MathML, and as what is seen.
        "span" if html.has_class(node, "katex") => {
            let math = html.find(node, |found| html.name(found) == "math")?;
            let display = html
                .parent(node)
                .is_some_and(|parent| html.has_class(parent, "katex-display"));
            Some((tex(html, math), display))
        }
        _ => None,
    }
}

/// Whether it is a script that holds a formula for MathJax.
pub(crate) fn is_script(html: &Html, node: NodeId) -> bool {
    html.attribute(node, "type")
        .is_some_and(|kind| kind.starts_with("math/tex"))
}

/// The TeX of a `math` element: what its author wrote, where it is kept; else its characters.
pub(crate) fn tex(html: &Html, math: NodeId) -> String {
    if let Some(source) = html
        .attribute(math, "alttext")
        .filter(|text| !text.is_empty())
    {
        return clean(source);
    }
    let annotation = html.find(math, |node| {
        html.name(node) == "annotation"
            && html.attribute(node, "encoding") == Some("application/x-tex")
    });
    match annotation {
        Some(annotation) => clean(&html.text(annotation)),
        None => {
            let seen: Vec<String> = html
                .within(math, |node| {
                    !matches!(html.name(node), "annotation" | "annotation-xml")
                })
                .filter_map(|node| html.own_text(node))
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
                .collect();
            clean(&seen.join(" "))
        }
    }
}

/// TeX in one line, without what only says how large it is set. A `%` at a line's end is how LaTeXML breaks lines.
fn clean(source: &str) -> String {
    let joined = source.replace("%\n", "");
    let words: Vec<&str> = joined.split_whitespace().collect();
    let mut text = words.join(" ");
    loop {
        let inner = text
            .strip_prefix("{\\displaystyle")
            .and_then(|rest| rest.strip_suffix('}'))
            .or_else(|| text.strip_prefix("\\displaystyle"))
            .or_else(|| text.strip_prefix("\\textstyle"))
            .filter(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()));
        match inner {
            Some(inner) => text = inner.trim().to_owned(),
            None => return text,
        }
    }
}

/// A formula in running text, in a table's cell without `|`, which would end it.
pub(crate) fn inline(tex: &str, in_cell: bool) -> String {
    if tex.is_empty() {
        return String::new();
    }
    if in_cell {
        let tex = tex.replace("\\|", "\\Vert ").replace('|', "\\vert ");
        return format!("${tex}$");
    }
    format!("${tex}$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_tex() {
        let table = [
            (
                "<math alttext='x%&#10;_{1}' display='inline'><mi>x</mi></math>",
                "x_{1}",
                false,
            ),
            (
                "<math display='block' alttext='\\displaystyle\\frac{1}{2}'></math>",
                "\\frac{1}{2}",
                true,
            ),
            ("<math alttext='{\\displaystyle a+b}'></math>", "a+b", false),
            (
                "<math alttext='\\displaystyleX'></math>",
                "\\displaystyleX",
                false,
            ),
            (
                "<math><semantics><mi>y</mi><annotation encoding='application/x-tex'> y \n ^2 </annotation></semantics></math>",
                "y ^2",
                false,
            ),
            (
                "<math><mi>y</mi><mo>=</mo><mn>1</mn></math>",
                "y = 1",
                false,
            ),
            (
                "<script type='math/tex; mode=display'>a<b</script>",
                "a<b",
                true,
            ),
            (
                "<span class='katex-display'><span class='katex'><span><math><annotation encoding='application/x-tex'>z</annotation></math></span><span aria-hidden='true'>zz</span></span></span>",
                "z",
                true,
            ),
            ("<img class='ltx_Math' alt='q'>", "q", false),
        ];
        for (text, tex, display) in table {
            let html = Html::parse(text);
            let found = html
                .within(html.root(), |_| true)
                .find_map(|node| formula(&html, node));
            assert_eq!(found, Some((tex.to_owned(), display)), "{text}");
        }
        assert_eq!(
            inline("|x|\\|y\\|", true),
            "$\\vert x\\vert \\Vert y\\Vert $"
        );
        assert_eq!(inline("|x|", false), "$|x|$");
    }
}
