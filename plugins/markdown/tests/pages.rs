//! Pages and parts of pages, and the Markdown that they become.

use ml_intern_markdown::{Converter, Html, page};
use url::Url;

fn markdown(text: &str) -> String {
    let html = Html::parse(text);
    let url = Url::parse("https://a.example/dir/page").ok();
    Converter::new(&html, url).blocks([html.root()])
}

#[test]
fn html_becomes_markdown() {
    let table = [
        // Text and its marks.
        ("", ""),
        ("a &amp; b\n  c", "a & b c"),
        ("<p>a<br>b<p>c", "a\nb\n\nc"),
        ("x<b> bold </b>y <i>it</i>", "x **bold** y *it*"),
        ("<b><strong>one</strong></b><em></em>", "**one**"),
        ("<code>a`b</code> <tt>c</tt>", "a`b `c`"),
        (
            "10<sup>-5</sup> H<sub>2</sub>O x<sup>[1]</sup>",
            "10^{-5} H_2O x[1]",
        ),
        (
            "<h2>A <b>B</b><a class=anchor href='#x'>¶</a></h2>t",
            "## A B\n\nt",
        ),
        // Links.
        (
            "<a href='/x'>one</a> <a href='#y'>two</a>",
            "[one](https://a.example/x) two",
        ),
        ("see <a href='page#z'>here</a>.", "see here."),
        (
            "<a href=' b?c=(d) '> s </a>t",
            "[s](https://a.example/dir/b?c=(d)) t",
        ),
        ("<a href='/x)(y'>s</a>", "[s](https://a.example/x%29%28y)"),
        (
            "<a href='javascript:x()'>no</a> <a href='https://b.example/'>https://b.example</a>",
            "no https://b.example",
        ),
        (
            "<a href='/c'><h3>Card</h3><p>text</p></a>",
            "[Card text](https://a.example/c)",
        ),
        (
            "<img src=a.png alt='A cat'> <img src=b.png>",
            "![A cat](https://a.example/dir/a.png)",
        ),
        ("<img src='data:image/png;base64,AA' alt='dot'>", "dot"),
        // Lists.
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "- a\n- b\n  - c"),
        (
            "<ol start=3><li>a<li><p>b</p><p>c</p></ol>",
            "3. a\n4. b\n\n   c",
        ),
        (
            "<dl><dt>T</dt><dd>one</dd><dt>U</dt><dd><p>a</p><p>b</p></dd></dl>",
            "- **T**: one\n\n**U**\n\na\n\nb",
        ),
        // Quotes, code, lines.
        (
            "<blockquote><p>a</p><p>b</p></blockquote><hr>",
            "> a\n>\n> b\n\n---",
        ),
        (
            "<pre class='language-py'><code>if x:\n    <b>y</b>()\n</code></pre>",
            "```py\nif x:\n    y()\n```",
        ),
        ("<pre>```\nx</pre>", "````\n```\nx\n````"),
        // Tables.
        (
            "<table><tr><th>a<th>b<tr><td>1|2<td><p>x</p><p>y</p></table>",
            "| a | b |\n| --- | --- |\n| 1\\|2 | x y |",
        ),
        (
            "<table><thead><tr><th rowspan=2>k<th colspan=2>v<tr><th>x<th>y</thead><tr><td rowspan=2>1<td>2<td>3<tr><td>4<td>5<tr><td colspan=3>end</table>",
            "| k | v / x | v / y |\n| --- | --- | --- |\n| 1 | 2 | 3 |\n| 1 | 4 | 5 |\n| end |  |  |",
        ),
        (
            "<table><tr><td><h2>Layout</h2><td>x</table>",
            "## Layout\n\nx",
        ),
        ("<table><tr><td colspan=99999999>a<td>b</table>", ""),
        // Formulas.
        (
            "so <math alttext='a|b'></math> <math display=block alttext='c'></math> d",
            "so $a|b$\n$$c$$\nd",
        ),
        // Figures.
        (
            "<figure><img src=f.png alt=plot><figcaption>Fig. One</figcaption></figure>",
            "Fig. One [image](https://a.example/dir/f.png)",
        ),
        // Furniture.
        (
            "<header>h</header><nav>n</nav><p>t</p><footer>f</footer><script>s</script><style>c</style>",
            "t",
        ),
        (
            "<div hidden>a</div><div style='DISPLAY : none'>b</div><span aria-hidden=true>c</span><button>d</button>e",
            "e",
        ),
        (
            "<article><header><h1>T</h1></header><aside>note</aside></article>",
            "# T\n\nnote",
        ),
    ];
    for (text, expected) in table {
        if expected.is_empty() && !text.is_empty() {
            let found = markdown(text);
            assert!(found.len() < 2_000, "{text}: {found}");
            continue;
        }
        assert_eq!(markdown(text), expected, "{text}");
    }
}

#[test]
fn a_page_is_its_main_part() {
    let long = "word ".repeat(60);
    let long = long.trim();
    let read = |text: &str| {
        let page = page(
            &Html::parse(text),
            &Url::parse("https://a.example/").unwrap(),
        );
        (page.title, page.text)
    };
    let main =
        format!("<title> A  title </title><div>menu</div><main><p>{long}</p></main><div>x</div>");
    assert_eq!(read(&main), ("A title".into(), long.to_owned()));
    let article = format!("<h1>H</h1><article>{long}</article>y");
    assert_eq!(read(&article), ("H".into(), long.to_owned()));
    // Several articles are a list of them, and a main part that is filled by a script is none.
    assert_eq!(read("<article>a</article><article>b</article>").1, "a\n\nb");
    assert_eq!(read("<div>all</div><main>…</main>").1, "all\n\n…");
}

#[test]
fn deep_and_wide_pages_are_read_in_bounds() {
    let deep = format!("{}x{}", "<div><b>".repeat(800), "</b></div>".repeat(800));
    assert!(markdown(&deep).contains('x'));
    let lists = format!("{}x", "<ul><li>".repeat(800));
    assert!(markdown(&lists).len() < 10_000);
    let rows = "<tr><td>1<td>2".repeat(1_500);
    let text = markdown(&format!("<table>{rows}</table>"));
    assert!(
        text.ends_with("| 1 | 2 |\n\n(500 more rows)"),
        "{}",
        text.len()
    );
}

#[test]
fn any_part_of_a_page_is_a_page() {
    let page = include_str!("../../papers/tests/data/paper.html");
    let whole = markdown(page).len();
    for cut in (0..page.len()).step_by(311) {
        let cut = page.floor_char_boundary(cut);
        let (start, rest) = page.split_at(cut);
        assert!(markdown(start).len() <= whole + 1_000, "{cut}");
        // Its end alone, and its middle turned over: tags that close what never was open.
        let rest = markdown(&format!("{rest}{start}"));
        assert!(rest.len() <= 2 * whole + 2_000, "{cut}");
        assert!(!rest.contains("never text"), "{cut}");
    }
}
