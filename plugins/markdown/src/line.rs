//! Running text: white space becomes one space, or a line break where the page has one.

/// Text as it is put together.
#[derive(Debug, Default)]
pub(crate) struct Line {
    out: String,
    /// White space came, and is written once something follows.
    space: bool,
    /// White space came before everything else.
    lead: bool,
}

impl Line {
    /// Text of the page.
    pub(crate) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                // Invisible: joiners, marks of direction, soft hyphens, invisible operators, byte order marks.
                '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => {}
                c if c.is_whitespace() => self.space(),
                c if c.is_control() => {}
                c => {
                    self.flush();
                    self.out.push(c);
                }
            }
        }
    }

    /// Text that is Markdown already.
    pub(crate) fn raw(&mut self, text: &str) {
        if !text.is_empty() {
            self.flush();
            self.out.push_str(text);
        }
    }

    /// What was put together apart, between two marks.
    pub(crate) fn marked(&mut self, mark: &str, inner: Line) {
        if inner.lead || (inner.out.is_empty() && inner.space) {
            self.space();
        }
        if !inner.out.is_empty() {
            self.flush();
            self.out.push_str(mark);
            self.out.push_str(&inner.out);
            self.out.push_str(mark);
            self.space |= inner.space;
        }
    }

    pub(crate) fn space(&mut self) {
        if self.out.is_empty() {
            self.lead = true;
        } else if !self.out.ends_with('\n') {
            self.space = true;
        }
    }

    pub(crate) fn newline(&mut self) {
        if self.out.is_empty() {
            self.lead = true;
        } else {
            self.space = false;
            if !self.out.ends_with('\n') {
                self.out.push('\n');
            }
        }
    }

    /// Puts another text in the place of this one, between the same white space.
    pub(crate) fn replace(&mut self, other: Line) {
        self.out = other.out;
    }

    /// What there is so far, without white space around it.
    pub(crate) fn so_far(&self) -> &str {
        &self.out
    }

    pub(crate) fn done(self) -> String {
        let mut out = self.out;
        out.truncate(out.trim_end().len());
        out
    }

    fn flush(&mut self) {
        if std::mem::take(&mut self.space) {
            self.out.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_one_space_and_goes_around_marks() {
        let mut line = Line::default();
        line.text(" \n a\u{ad}b ");
        let mut inner = Line::default();
        inner.text(" c  d ");
        line.marked("**", inner);
        line.text("e");
        line.newline();
        line.text(" f\u{0} ");
        let mut nothing = Line::default();
        nothing.text(" ");
        line.marked("*", nothing);
        assert_eq!(line.done(), "ab **c d** e\nf");
    }
}
