//! Writing our own messages: always well-formed, since tags close themselves in order.

use std::borrow::Cow;

use super::chars::is_char;

/// Builds a document element by element. Names are our own constants; values are escaped.
pub(crate) struct Writer {
    text: String,
    open: Vec<&'static str>,
    /// Whether the last start tag still lacks its `>`.
    tag: Tag,
}

#[derive(PartialEq, Eq)]
enum Tag {
    Open,
    Closed,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { text: String::with_capacity(1024), open: Vec::new(), tag: Tag::Closed }
    }

    /// Starts a child element; attributes may follow.
    pub(crate) fn start(&mut self, name: &'static str) -> &mut Self {
        self.close_tag();
        self.text.push('<');
        self.text.push_str(name);
        self.open.push(name);
        self.tag = Tag::Open;
        self
    }

    /// Adds an attribute to the element just started.
    pub(crate) fn attribute(&mut self, name: &str, value: &str) -> &mut Self {
        self.text.push(' ');
        self.text.push_str(name);
        self.text.push_str("=\"");
        self.text.push_str(&escape(value));
        self.text.push('"');
        self
    }

    /// Adds an attribute if there is a value.
    pub(crate) fn attribute_if(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.attribute(name, value),
            None => self,
        }
    }

    /// Adds character data.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.close_tag();
        self.text.push_str(&escape(text));
        self
    }

    /// Adds markup that is known to be well-formed.
    pub(crate) fn raw(&mut self, markup: &str) -> &mut Self {
        self.close_tag();
        self.text.push_str(markup);
        self
    }

    /// Ends the element started last.
    pub(crate) fn end(&mut self) -> &mut Self {
        let Some(name) = self.open.pop() else { return self };
        if std::mem::replace(&mut self.tag, Tag::Closed) == Tag::Open {
            self.text.push_str("/>");
        } else {
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push('>');
        }
        self
    }

    /// A whole element with character data only.
    pub(crate) fn element(&mut self, name: &'static str, text: &str) -> &mut Self {
        self.start(name).text(text).end()
    }

    /// The document; elements still open are ended.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.text
    }

    fn close_tag(&mut self) {
        if std::mem::replace(&mut self.tag, Tag::Closed) == Tag::Open {
            self.text.push('>');
        }
    }
}

/// Escapes so that the value survives parsing and normalisation, and is safe inside HTML attributes. What no XML can hold
/// (section 2.2) becomes U+FFFD, as a replacement: a control character in a setting must not make all of it unreadable.
pub(crate) fn escape(value: &str) -> Cow<'_, str> {
    const SPECIAL: [char; 8] = ['&', '<', '>', '"', '\'', '\t', '\n', '\r'];
    if !value.contains(|c| SPECIAL.contains(&c) || !is_char(c)) {
        return Cow::Borrowed(value);
    }
    let mut escaped = String::with_capacity(value.len().saturating_add(16));
    for c in value.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            other if is_char(other) => escaped.push(other),
            _ => escaped.push(char::REPLACEMENT_CHARACTER),
        }
    }
    Cow::Owned(escaped)
}
