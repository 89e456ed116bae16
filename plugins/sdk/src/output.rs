//! Results, built part by part: `Output::text("…").with_image(…).with_structured(&value)?`.

use serde::Serialize;

use crate::{Content, Failure, Image, Link, Output};

impl Output {
    /// One text for the model.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            content: vec![Content::Text(text.into())],
            structured: None,
        }
    }

    /// The same with one more text.
    #[must_use]
    pub fn with_text(self, text: impl Into<String>) -> Self {
        self.with(Content::Text(text.into()))
    }

    /// The same with a picture: its media type, its bytes, and what it shows for those who cannot see it.
    #[must_use]
    pub fn with_image(
        self,
        mime: impl Into<String>,
        bytes: Vec<u8>,
        alt: impl Into<String>,
    ) -> Self {
        self.with(Content::Image(Image {
            mime: mime.into(),
            bytes,
            alt: alt.into(),
        }))
    }

    /// The same with a pointer to something that is not part of the result.
    #[must_use]
    pub fn with_link(
        self,
        uri: impl Into<String>,
        mime: Option<&str>,
        title: impl Into<String>,
    ) -> Self {
        self.with(Content::Link(Link {
            uri: uri.into(),
            mime: mime.map(str::to_owned),
            title: title.into(),
        }))
    }

    /// The same with this value as the part for programs.
    ///
    /// # Errors
    /// [`Failure::Failed`] where the value has no JSON form: a map whose keys are not strings.
    pub fn with_structured(mut self, value: &impl Serialize) -> Result<Self, Failure> {
        let json = serde_json::to_string(value).map_err(|error| {
            Failure::failed(format!("the structured result has no JSON form: {error}"))
        })?;
        self.structured = Some(json);
        Ok(self)
    }

    /// What a call would cost, of an operation that names this one with
    /// [`Operation::quoted_by`](crate::Operation::quoted_by): US dollars at most, none where that is not known, and what
    /// a person is shown who is asked, in rows of a name and a value.
    #[must_use]
    pub fn quote<'a>(usd: Option<f64>, rows: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let rows: Vec<(&str, String)> = rows.into_iter().collect();
        let text: Vec<String> = rows
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let quote = serde_json::json!({ "usd": usd, "rows": rows });
        Self {
            content: vec![Content::Text(text.join("\n"))],
            structured: Some(quote.to_string()),
        }
    }

    fn with(mut self, part: Content) -> Self {
        self.content.push(part);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn parts_keep_their_order() -> Result<(), Failure> {
        let output = Output::text("a")
            .with_image("image/png", vec![1], "a dot")
            .with_link("workspace:/x.png", Some("image/png"), "the plot")
            .with_text("b")
            .with_structured(&BTreeMap::from([("n", 1)]))?;
        let expected = Output {
            content: vec![
                Content::Text("a".into()),
                Content::Image(Image {
                    mime: "image/png".into(),
                    bytes: vec![1],
                    alt: "a dot".into(),
                }),
                Content::Link(Link {
                    uri: "workspace:/x.png".into(),
                    mime: Some("image/png".into()),
                    title: "the plot".into(),
                }),
                Content::Text("b".into()),
            ],
            structured: Some(r#"{"n":1}"#.into()),
        };
        assert_eq!(output, expected);
        Ok(())
    }

    #[test]
    fn a_value_without_a_json_form_is_a_failure() {
        let value = BTreeMap::from([(vec![1], 1)]);
        let expected =
            Failure::failed("the structured result has no JSON form: key must be a string");
        assert_eq!(Output::text("a").with_structured(&value), Err(expected));
    }
}
