//! Plain text for a terminal: headings, labelled values, long lines wrapped with their indent kept.

/// Columns of a line.
const WIDTH: usize = 100;
/// Columns of a label.
const LABEL: usize = 13;

/// A text that grows line by line.
#[derive(Default)]
pub(crate) struct Layout(String);

impl Layout {
    /// A line of its own after an empty one.
    pub(crate) fn heading(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.line(0, text);
    }

    /// Text, wrapped.
    pub(crate) fn line(&mut self, indent: usize, text: &str) {
        self.wrapped(&" ".repeat(indent), indent, text);
    }

    /// A label and its value, which is wrapped beside the label.
    pub(crate) fn field(&mut self, indent: usize, label: &str, value: &str) {
        let hanging = indent.saturating_add(LABEL);
        self.wrapped(&format!("{:hanging$}", format!("{:indent$}{label} ", "")), hanging, value);
    }

    /// The text.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    /// Words that are longer than a line stay whole: they are URLs and fingerprints, which get copied.
    fn wrapped(&mut self, start: &str, hanging: usize, text: &str) {
        let mut line = start.to_owned();
        let mut empty = true;
        for word in text.split(' ') {
            let length = line.chars().count().saturating_add(word.chars().count());
            if !empty && length >= WIDTH {
                self.push_line(&line);
                line = " ".repeat(hanging);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.push_line(&line);
    }

    fn push_line(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }
}
