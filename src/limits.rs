//! Budgets for everything that a sender can multiply.

/// Upper bounds on what is read from a message or a metadata document.
///
/// Every bound holds before any cryptography runs, so that an unauthenticated sender
/// can't spend more of the host's time and memory than these numbers allow.
///
/// ```
/// use saml_sp::Limits;
/// let limits = Limits::message().with_bytes(256 * 1024);
/// assert_eq!(limits.bytes(), 256 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    bytes: usize,
    depth: usize,
    nodes: usize,
    attributes: usize,
    namespaces: usize,
}

impl Limits {
    /// The defaults for protocol messages: 1 MiB, 32 levels, 20,000 nodes, 32 attributes an element,
    /// 64 namespace bindings in scope.
    #[must_use]
    pub const fn message() -> Self {
        Self { bytes: 1 << 20, depth: 32, nodes: 20_000, attributes: 32, namespaces: 64 }
    }

    /// The defaults for metadata documents read as a whole: 8 MiB, 64 levels, 400,000 nodes.
    #[must_use]
    pub const fn metadata() -> Self {
        Self { bytes: 8 << 20, depth: 64, nodes: 400_000, attributes: 64, namespaces: 128 }
    }

    /// Replaces the bound on the size of the XML, in bytes (2 GiB at most).
    #[must_use]
    pub const fn with_bytes(mut self, bytes: usize) -> Self {
        self.bytes = if bytes > u32::MAX as usize { u32::MAX as usize } else { bytes };
        self
    }

    /// Replaces the bound on the number of elements and text runs.
    #[must_use]
    pub const fn with_nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// The size of the XML in bytes, after base64 and inflation.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of elements open at once.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// The number of elements and text runs of a document.
    #[must_use]
    pub const fn nodes(&self) -> usize {
        self.nodes
    }

    /// The number of attributes, namespace declarations included, of one element.
    #[must_use]
    pub const fn attributes(&self) -> usize {
        self.attributes
    }

    /// The number of namespace bindings in scope at once, and of distinct namespace names of a document.
    #[must_use]
    pub const fn namespaces(&self) -> usize {
        self.namespaces
    }
}
