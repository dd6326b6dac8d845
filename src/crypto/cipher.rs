//! What XML Encryption needs of a provider: unwrapping a content key, and decrypting content.

use super::algorithm::DigestAlgorithm;

/// How a content key was encrypted for us (XML Encryption 1.1 section 5.5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyTransport {
    /// RSAES-OAEP (RFC 8017 section 7.1).
    RsaOaep {
        /// The hash function of the padding.
        digest: DigestAlgorithm,
        /// The hash function of MGF1.
        mgf1: DigestAlgorithm,
        /// `OAEPparams`, the label.
        label: Vec<u8>,
    },
    /// RSAES-PKCS1-v1_5 (RFC 8017 section 7.2). Only for connections with `allow_rsa1_5`; bad padding has to end as a random key.
    RsaPkcs1,
}

/// How content was encrypted (XML Encryption 1.1 sections 5.2.2 to 5.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCipher {
    /// AES in Galois/Counter mode: authenticated.
    AesGcm {
        /// Octets of key.
        key_len: usize,
    },
    /// AES in Cipher Block Chaining mode: not authenticated.
    AesCbc {
        /// Octets of key.
        key_len: usize,
    },
    /// Triple DES in Cipher Block Chaining mode: not authenticated, small blocks.
    TripleDesCbc,
}

impl ContentCipher {
    /// The cipher with exactly this URI.
    pub(crate) fn from_uri(uri: &str) -> Option<Self> {
        Some(match uri {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Self::AesGcm { key_len: 16 },
            "http://www.w3.org/2009/xmlenc11#aes192-gcm" => Self::AesGcm { key_len: 24 },
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Self::AesGcm { key_len: 32 },
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Self::AesCbc { key_len: 16 },
            "http://www.w3.org/2001/04/xmlenc#aes192-cbc" => Self::AesCbc { key_len: 24 },
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Self::AesCbc { key_len: 32 },
            "http://www.w3.org/2001/04/xmlenc#tripledes-cbc" => Self::TripleDesCbc,
            _ => return None,
        })
    }

    /// Octets of the key.
    pub(crate) fn key_len(self) -> usize {
        match self {
            Self::AesGcm { key_len } | Self::AesCbc { key_len } => key_len,
            Self::TripleDesCbc => 24,
        }
    }
}

/// Something about a decryption failed; what, nobody may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("decryption failed")]
pub(crate) struct DecryptionFailed;
