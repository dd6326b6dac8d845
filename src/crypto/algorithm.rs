//! The closed sets of algorithms, and the URIs by which XML Signature names them.
//!
//! What has no variant here cannot be asked for: there is no HMAC, no DSA, no MD5 and no "none".
//! Whether a variant is *allowed* (SHA-1 is not, by default) is decided by the connection's policy.

use std::fmt;

/// A hash function: `ds:DigestMethod`, or the one inside a signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestAlgorithm {
    /// SHA-1: broken for signatures, known here so that a policy can name what it refuses.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// RFC 9231 section 2.1.3: the standard gave SHA-384 a second name.
    const SHA384_MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";

    /// The algorithm with exactly this URI (XML Signature 1.1 section 6.2, RFC 9231 section 2.1).
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        if uri == Self::SHA384_MORE {
            return Some(Self::Sha384);
        }
        Self::ALL.into_iter().find(|known| known.uri() == uri)
    }

    /// The URI to write.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmlenc#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        }
    }

    /// Octets in a digest.
    #[must_use]
    pub fn output_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A signature algorithm: `ds:SignatureMethod`, or `SigAlg` of the HTTP-Redirect binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    RsaPkcs1(DigestAlgorithm),
    /// RSASSA-PSS (RFC 8017 section 8.1).
    RsaPss(RsaPssParameters),
    /// ECDSA (FIPS 186-5 section 6) on the curve of the key.
    Ecdsa(DigestAlgorithm),
}

impl SignatureAlgorithm {
    /// The URI whose parameters stand in a `RSAPSSParams` child element (RFC 9231 section 2.3.9).
    /// [`from_uri`](Self::from_uri) does not know it, since it says nothing without them; see [`RsaPssParameters::new`].
    pub const RSA_PSS_URI: &str = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss";

    /// The algorithm with exactly this URI (XML Signature 1.1 section 6.4, RFC 9231 section 2.3).
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        DigestAlgorithm::ALL.into_iter().flat_map(Self::all_with).find(|known| known.uri() == uri)
    }

    /// The URI to write. PSS is named by `#shaNNN-rsa-MGF1` when the salt is as long as the digest,
    /// and by [`RSA_PSS_URI`](Self::RSA_PSS_URI) otherwise.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Self::RsaPkcs1(digest) => rsa_pkcs1_uri(digest),
            Self::RsaPss(pss) if pss.has_default_salt() => rsa_mgf1_uri(pss.digest()),
            Self::RsaPss(_) => Self::RSA_PSS_URI,
            Self::Ecdsa(digest) => ecdsa_uri(digest),
        }
    }

    /// The hash function that the signed octets go through.
    #[must_use]
    pub fn digest(self) -> DigestAlgorithm {
        match self {
            Self::RsaPkcs1(digest) | Self::Ecdsa(digest) => digest,
            Self::RsaPss(pss) => pss.digest(),
        }
    }

    /// The only family of keys that can make or check such a signature.
    #[must_use]
    pub fn family(self) -> KeyFamily {
        match self {
            Self::RsaPkcs1(_) | Self::RsaPss(_) => KeyFamily::Rsa,
            Self::Ecdsa(_) => KeyFamily::Ec,
        }
    }

    pub(super) fn all_with(digest: DigestAlgorithm) -> [Self; 3] {
        let pss = RsaPssParameters::with_default_salt(digest);
        [Self::RsaPkcs1(digest), Self::RsaPss(pss), Self::Ecdsa(digest)]
    }
}

fn rsa_pkcs1_uri(digest: DigestAlgorithm) -> &'static str {
    match digest {
        DigestAlgorithm::Sha1 => "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        DigestAlgorithm::Sha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        DigestAlgorithm::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
        DigestAlgorithm::Sha512 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    }
}

fn rsa_mgf1_uri(digest: DigestAlgorithm) -> &'static str {
    match digest {
        DigestAlgorithm::Sha1 => "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1",
        DigestAlgorithm::Sha256 => "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        DigestAlgorithm::Sha384 => "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
        DigestAlgorithm::Sha512 => "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
    }
}

fn ecdsa_uri(digest: DigestAlgorithm) -> &'static str {
    match digest {
        DigestAlgorithm::Sha1 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        DigestAlgorithm::Sha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        DigestAlgorithm::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        DigestAlgorithm::Sha512 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
    }
}

/// The parameters of RSASSA-PSS that this crate supports: one hash function for the message and for MGF1, a fixed salt length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RsaPssParameters {
    digest: DigestAlgorithm,
    salt_len: usize,
}

impl RsaPssParameters {
    /// The parameters read from `RSAPSSParams`. `None`, i.e. unsupported, are two different hash functions, an empty salt,
    /// and a salt longer than the digest (which FIPS 186-5 section 5.4 forbids).
    #[must_use]
    pub fn new(digest: DigestAlgorithm, mgf1: DigestAlgorithm, salt_len: usize) -> Option<Self> {
        let supported = digest == mgf1 && (1..=digest.output_len()).contains(&salt_len);
        supported.then_some(Self { digest, salt_len })
    }

    /// The parameters that `#shaNNN-rsa-MGF1` stands for (RFC 9231 section 2.3.10).
    #[must_use]
    pub fn with_default_salt(digest: DigestAlgorithm) -> Self {
        let salt_len = digest.output_len();
        Self { digest, salt_len }
    }

    /// The hash function of the message and of MGF1.
    #[must_use]
    pub fn digest(self) -> DigestAlgorithm {
        self.digest
    }

    /// Octets of salt: a signature with another length is refused.
    #[must_use]
    pub fn salt_len(self) -> usize {
        self.salt_len
    }

    fn has_default_salt(self) -> bool {
        self.salt_len == self.digest.output_len()
    }
}

/// The two families of keys; an algorithm works with one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyFamily {
    /// RSA.
    Rsa,
    /// Elliptic curves.
    Ec,
}

/// What kind of key a key is, as far as a policy wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// RSA.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
    },
    /// NIST P-256 (secp256r1).
    P256,
    /// NIST P-384 (secp384r1).
    P384,
    /// NIST P-521 (secp521r1).
    P521,
}

impl KeyType {
    /// The family that the algorithm has to match.
    #[must_use]
    pub fn family(self) -> KeyFamily {
        match self {
            Self::Rsa { .. } => KeyFamily::Rsa,
            Self::P256 | Self::P384 | Self::P521 => KeyFamily::Ec,
        }
    }

    /// The algorithm to sign with unless told otherwise: RSA-SHA256, or ECDSA with the digest that is as strong as the curve.
    #[must_use]
    pub fn default_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::Rsa { .. } => SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256),
            Self::P256 => SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
            Self::P384 => SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha384),
            Self::P521 => SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha512),
        }
    }

    /// Octets of a signature value: the modulus length (RFC 8017 section 8), or r and s at the size of the
    /// curve's order (XML Signature 1.1 section 6.4.3).
    pub(crate) fn signature_len(self) -> usize {
        match self {
            Self::Rsa { bits } => bits.div_ceil(8),
            Self::P256 => 64,
            Self::P384 => 96,
            Self::P521 => 132,
        }
    }
}

/// As reports name it: `RSA 2048`, `EC P-256`.
impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::P256 => f.write_str("EC P-256"),
            Self::P384 => f.write_str("EC P-384"),
            Self::P521 => f.write_str("EC P-521"),
        }
    }
}
