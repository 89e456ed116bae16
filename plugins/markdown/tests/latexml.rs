//! What LaTeXML writes, part by part. A whole paper is among the tests of the papers plugin.

use ml_intern_markdown::{Converter, Html};
use url::Url;

fn math(tex: &str) -> String {
    format!("<math alttext='{tex}'><mi>x</mi></math>")
}

#[test]
fn parts_become_markdown() {
    let number = |number: &str, rows: u8| {
        format!(
            "<td class='ltx_eqn_cell ltx_eqn_eqno' rowspan='{rows}'><span class='ltx_tag ltx_tag_equation'>({number})</span></td>"
        )
    };
    let row = |cells: &[String], number: &str| {
        let cells: Vec<String> = cells
            .iter()
            .map(|cell| format!("<td class='ltx_eqn_cell'>{cell}</td>"))
            .collect();
        format!(
            "<tr class='ltx_equation ltx_eqn_row'>{}{number}</tr>",
            cells.concat()
        )
    };
    let group = |rows: &[String]| {
        format!(
            "<table class='ltx_equationgroup ltx_eqn_table'><tbody>{}</tbody></table>",
            rows.concat()
        )
    };
    let table = [
        // One number for two rows, then a row without one.
        (
            group(&[
                row(&[math("a"), math("=b")], &number("4", 2)),
                row(&[String::new(), math("=c")], ""),
                row(&[math("d")], ""),
            ]),
            r"$$\begin{aligned}a =b \\ =c\end{aligned} \tag{4}$$

$$d$$",
        ),
        // A sentence between the rows.
        (
            group(&[
                row(&[math("a")], &number("1", 1)),
                row(&[format!("where {} is a rate,", math("a"))], ""),
                row(&[math("b")], &number("2", 1)),
            ]),
            r"$$a \tag{1}$$

where $a$ is a rate,

$$b \tag{2}$$",
        ),
        // Words within a formula, and one that has no table.
        (
            group(&[row(&[format!("{} if", math("a")), math("b")], &number("3a", 1))]),
            r"$$a \text{if} b \tag{3a}$$",
        ),
        (
            format!("<div class='ltx_equation ltx_eqn_div'>{}</div>", math("a")),
            "$$a$$",
        ),
        // A table in running text.
        (
            "<p class='ltx_p'>A <span class='ltx_tabular'><span class='ltx_tr'><span class='ltx_td'>1</span><span class='ltx_td'>2</span></span></span> b</p>".into(),
            "A\n\n| 1 | 2 |\n| --- | --- |\n\nb",
        ),
        // Numbered items, and a description.
        (
            "<ol class='ltx_enumerate'><li class='ltx_item'><span class='ltx_tag ltx_tag_item'>7.</span><div class='ltx_para'><p>x</p></div></li></ol>".into(),
            "7. x",
        ),
        (
            "<dl class='ltx_description'><dt class='ltx_item'><span class='ltx_tag ltx_tag_item'><span class='ltx_text ltx_font_bold'>Data.</span></span></dt><dd class='ltx_item'><div class='ltx_para'><p>Ten books.</p></div></dd></dl>".into(),
            "- **Data.**: Ten books.",
        ),
        // A footnote that is referred to twice, and an author's note.
        (
            "<p>a<span class='ltx_note ltx_role_footnote'><sup class='ltx_note_mark'>†</sup><span class='ltx_note_outer'><span class='ltx_note_content'><sup class='ltx_note_mark'>†</sup><span class='ltx_note_type'>thanks: </span>Equal.</span></span></span> b<span class='ltx_note'><sup class='ltx_note_mark'>†</sup><span class='ltx_note_content'>Equal.</span></span></p>".into(),
            "a[^†] b[^†]\n\n[^†]: Equal.",
        ),
        // A reference that has its addresses keeps them, and gets no others.
        (
            "<ul class='ltx_biblist'><li class='ltx_bibitem'><span class='ltx_tag ltx_tag_bibitem'>[1]</span><span class='ltx_bibblock'>A. Title. External Links: <a href='https://dx.doi.org/10.1000/x1234' class='ltx_ref ltx_bib_external'>Document</a>, arXiv:2101.00001</span></li></ul>".into(),
            "- [1] A. Title. External Links: [Document](https://dx.doi.org/10.1000/x1234), arXiv:2101.00001 https://arxiv.org/abs/2101.00001",
        ),
    ];
    for (text, expected) in table {
        let html = Html::parse(&text);
        let url = Url::parse("https://arxiv.org/html/2503.01234").unwrap();
        let found = Converter::new(&html, Some(url)).blocks([html.root()]);
        assert_eq!(found, expected, "{text}");
    }
}
