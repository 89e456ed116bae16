//! html.duckduckgo.com: a page of results, with advertisements among them; and example.org, where some of them lead.

use crate::answer::Answer;
use crate::ask::{Ask, encode, pairs};
use crate::papers;
use crate::world::World;

/// Pages that are found besides the papers: title, address, text.
const PAGES: [(&str, &str, &str); 6] = [
    (
        "Calibration of classifiers, explained with wine",
        "https://example.org/blog/calibration-with-wine",
        "Why a model that says 95% should be right 95 times in 100, and what to do if it isn't.",
    ),
    (
        "tabular-lab/cgb: Calibrated gradient boosting",
        "https://github.com/tabular-lab/cgb",
        "Calibrated gradient boosting for small tabular data.",
    ),
    (
        "tabular-lab/wine-cultivars · Datasets at Hugging Face",
        "https://huggingface.co/datasets/tabular-lab/wine-cultivars",
        "Ten measurements of wines from three cultivars of one region.",
    ),
    (
        "Gradient boosting on 300 rows <em>works</em> & here is how",
        "https://example.org/notes/boosting-300-rows?ref=ddg&lang=en",
        "Subsample, shrink, calibrate. Notes from a talk.",
    ),
    (
        "SFT for support chats - Trainer guide",
        "https://huggingface.co/docs/trl/sft_trainer",
        "Supervised fine-tuning of language models on conversations.",
    ),
    (
        "Boosting (machine learning)",
        "https://en.wikipedia.org/wiki/Boosting_(machine_learning)",
        "An ensemble method that makes a strong learner of weak ones.",
    ),
];

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// `GET /html/?q=`, or the same as a form.
pub(crate) fn answer(ask: &Ask, _: &mut World) -> Answer {
    if !matches!(ask.path.as_str(), "/html/" | "/html") {
        return Answer::redirect(302, "/html/".to_owned());
    }
    let form = pairs(&String::from_utf8_lossy(&ask.body));
    let query = ask
        .param("q")
        .or_else(|| {
            form.iter()
                .find(|(key, _)| key == "q")
                .map(|(_, value)| value.as_str())
        })
        .unwrap_or_default();
    let words: Vec<String> = query
        .to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.len() > 2)
        .map(str::to_owned)
        .collect();
    let mut found: Vec<(String, String, String)> = PAGES
        .iter()
        .filter(|(title, _, text)| {
            let all = format!("{title} {text}").to_lowercase();
            words.iter().any(|word| all.contains(word))
        })
        .map(|(title, url, text)| ((*title).to_owned(), (*url).to_owned(), (*text).to_owned()))
        .collect();
    found.extend(papers::search(query).into_iter().take(14).map(|paper| {
        (
            format!("[{}] {}", paper.id, paper.title),
            format!("https://arxiv.org/abs/{}", paper.id),
            paper.summary.chars().take(160).collect(),
        )
    }));
    let mut results = String::new();
    if !found.is_empty() {
        results.push_str(&ad(
            "Buy Wine Online - Free Shipping",
            "https://shop.example.org/wine",
        ));
    }
    for (title, url, text) in &found {
        let host = url.trim_start_matches("https://");
        let link = format!(
            "//duckduckgo.com/l/?uddg={}&amp;rut=5f3a9c{:04x}",
            encode(url),
            url.len()
        );
        let mut marked = escape(text);
        for word in words.iter().filter(|word| word.as_str() != "amp") {
            if let Some(at) = marked.to_lowercase().find(word.as_str())
                && let Some(hit) = marked.get(at..at + word.len())
            {
                marked = marked.replacen(hit, &format!("<b>{hit}</b>"), 1);
            }
        }
        results.push_str(&format!(
            "<div class=\"result results_links results_links_deep web-result \">\n<div class=\"links_main links_deep result__body\">\n\
             <h2 class=\"result__title\">\n<a rel=\"nofollow\" class=\"result__a\" href=\"{link}\">{}</a>\n</h2>\n\
             <div class=\"result__extras\"><div class=\"result__extras__url\"><span class=\"result__icon\"><a rel=\"nofollow\" href=\"{link}\"><img class=\"result__icon__img\" width=\"16\" height=\"16\" alt=\"\" src=\"//external-content.duckduckgo.com/ip3/{}.ico\" /></a></span>\n\
             <a class=\"result__url\" href=\"{link}\">\n{host}\n</a></div></div>\n\
             <a class=\"result__snippet\" href=\"{link}\">{marked}</a>\n<div class=\"clear\"></div>\n</div>\n</div>\n",
            escape(title),
            host.split('/').next().unwrap_or(host),
        ));
    }
    if found.is_empty() {
        results.push_str("<div class=\"no-results\">No results.</div>\n");
    } else {
        results.push_str(&ad(
            "Learn Machine Learning in 21 Days",
            "https://courses.example.org/ml?utm_source=ddg",
        ));
    }
    Answer::html(format!(
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n\
         <html lang=\"en\"><head><title>{0} at DuckDuckGo</title></head>\n<body class=\"body--html\">\n\
         <form name=\"x\" id=\"search_form\" class=\"header__form\" action=\"/html/\" method=\"post\"><input name=\"q\" autocomplete=\"off\" value=\"{0}\" /></form>\n\
         <div id=\"links\" class=\"results\">\n{results}</div>\n</body></html>\n",
        escape(query)
    ))
}

/// An advertisement looks like a result; its link leads over another page.
fn ad(title: &str, url: &str) -> String {
    let target = format!(
        "https://duckduckgo.com/y.js?ad_domain=example.org&ad_provider=bingv7aa&u3={}",
        encode(url)
    );
    let link = format!("//duckduckgo.com/l/?uddg={}&amp;rut=ad", encode(&target));
    format!(
        "<div class=\"result results_links results_links_deep result--ad \">\n<div class=\"links_main links_deep result__body\">\n\
         <h2 class=\"result__title\"><a rel=\"nofollow\" class=\"result__a\" href=\"{link}\">{title}</a></h2>\n\
         <button class=\"badge--ad\">Ad</button>\n<a class=\"result__snippet\" href=\"{link}\">Order now.</a>\n</div>\n</div>\n"
    )
}

/// example.org
pub(crate) fn page(ask: &Ask, _: &mut World) -> Answer {
    match PAGES.iter().find(|(_, url, _)| {
        url.split('?').next() == Some(&format!("https://example.org{}", ask.path))
    }) {
        Some((title, _, text)) => Answer::html(format!(
            "<!doctype html><html><head><title>{0}</title></head><body><h1>{0}</h1><p>{text}</p></body></html>",
            escape(title)
        )),
        None => Answer {
            status: 404,
            ..Answer::html("<!doctype html><title>Not found</title>")
        },
    }
}
