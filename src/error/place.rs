//! Where in a document.

use std::fmt;

/// The element path and the position (both counted from 1) that an error points at.
///
/// Lines and columns count characters after base64 decoding and line-end normalisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    path: String,
    line: usize,
    column: usize,
}

impl Place {
    pub(crate) fn in_source<'a>(source: &str, offset: usize, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut path = String::new();
        for name in names {
            path.push('/');
            path.extend(name.chars().take(80));
        }
        let before = source.get(..offset).unwrap_or(source);
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
        Self { path, line, column }
    }

    /// The names of the open elements as written, outermost first, each after a `/`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        write!(f, "{} (line {}, column {})", path.escape_debug(), self.line, self.column)
    }
}
