//! Keys and certificates that can't be used.

/// Why a key or certificate can't be read or used. No message contains any of the text that was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A PEM block has no end, or another end than its beginning.
    #[error("a PEM block has no matching END line: paste it whole, from -----BEGIN to the last -----")]
    Pem,
    /// The PEM text has blocks of another kind.
    #[error("found a PEM block of another kind than {expected}: leave it out")]
    OtherPem {
        /// The kind that was expected.
        expected: &'static str,
    },
    /// Another number of keys or certificates than one.
    #[error("expected exactly one key or certificate, found {found}")]
    NotOne {
        /// How many there are.
        found: usize,
    },
    /// The base64 has foreign characters or is cut off.
    #[error("not base64: a character is foreign, or the padding is missing because the end was cut off")]
    Base64,
    /// A private key where a certificate or public key belongs.
    #[error("this is a private key: never hand it out, treat it as compromised, and paste the certificate instead")]
    PrivateKeyPasted,
    /// The octets are not an X.509 certificate.
    #[error("not an X.509 certificate: paste the PEM text of the certificate, or its DER in base64")]
    Certificate,
    /// Octets follow the certificate.
    #[error("octets follow the end of the certificate: paste several certificates as separate PEM blocks")]
    TrailingOctets,
    /// The key is damaged or of a kind that is not supported.
    #[error(transparent)]
    Unusable(#[from] UnusableKey),
    /// The private key is protected by a password.
    #[error("the private key is encrypted: decrypt it first, e.g. with `openssl pkey -in key.pem -out plain.pem`")]
    Encrypted,
    /// Certificate and private key do not belong together.
    #[error("the certificate is for another key: give the one that was issued for this private key")]
    Mismatch,
    /// The signature algorithm is for another family of keys.
    #[error("the signature algorithm does not fit the key: use an RSA algorithm with an RSA key, ECDSA with an EC key")]
    Algorithm,
    /// Signing with SHA-1.
    #[error("SHA-1 is broken: sign with SHA-256, SHA-384 or SHA-512")]
    Sha1,
    /// RSA-PSS with a salt of another length than the digest: no URI without parameters names it.
    #[error("the identity provider could not be told the salt length: sign RSA-PSS with a salt as long as the digest")]
    PssSalt,
}

/// Why a key can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableKey {
    /// Not the DER structure of a key, or octets after it.
    #[error("not a DER-encoded key, or octets follow it")]
    Malformed,
    /// A key of another algorithm than RSA and ECDSA.
    #[error("keys of algorithm {oid} are not supported: use RSA (1.2.840.113549.1.1.1) or EC (1.2.840.10045.2.1)")]
    Algorithm {
        /// The object identifier of the algorithm.
        oid: String,
    },
    /// An elliptic curve other than P-256, P-384 and P-521; explicit parameters have no identifier.
    #[error("elliptic curve {} is not supported: use P-256, P-384 or P-521", oid.as_deref().unwrap_or("with explicit parameters"))]
    Curve {
        /// The object identifier of the curve, if it has one.
        oid: Option<String>,
    },
    /// An EC public key that is not an affine point of its curve.
    #[error("the EC public key is not a point of its curve")]
    Point,
    /// An RSA modulus too small to be safe, or too large to be checked in reasonable time.
    #[error("an RSA modulus of {bits} bits is not supported: use 2048 to 8192")]
    RsaModulusSize {
        /// Bits of the modulus.
        bits: usize,
    },
    /// An RSA modulus that can't be the product of two odd primes.
    #[error("the RSA modulus is even: the key is damaged")]
    RsaModulusEven,
    /// An RSA public exponent that is even or less than 3.
    #[error("an RSA public exponent of {exponent} is not supported: it has to be odd and at least 3, usually 65537")]
    RsaExponent {
        /// The public exponent.
        exponent: u32,
    },
    /// An RSA public exponent of more than 32 bits, which makes verification slow.
    #[error("an RSA public exponent of more than 32 bits is not supported: usual is 65537")]
    RsaExponentTooLarge,
    /// The numbers of a private key contradict each other.
    #[error("the parts of the private key do not belong together: the key is damaged")]
    Inconsistent,
}
