//! XML Encryption: reading `xenc:EncryptedData` and decrypting it (XML Encryption 1.1; SAML Core 2.2.4, 2.3.4, 2.7.3.2).
//!
//! What comes out of here is unauthenticated by type: [`Decrypted`] is a document that nobody signed
//! until a signature in it verifies, or the ciphertext was covered by one.

use crate::crypto::{
    ContentCipher, DigestAlgorithm, KeyTransport, Zeroizing, decrypt, provides_cipher, provides_transport, random_bytes,
};
use crate::dsig::DS;
use crate::error::{Decryption, Rejection};
use crate::keys::{Answers, DecryptionKey};
use crate::limits::Limits;
use crate::xml::{Cursor, Document, Node, Profile, base64_binary};

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
const ENCRYPTED_KEY: &str = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";
/// Most encrypted keys of one element that can be for us, and most references to some.
const MOST_KEYS: usize = 4;
/// Most private-key operations for one element and one key of ours.
const MOST_ATTEMPTS: usize = 2;
/// Octets of the longest content key.
const LONGEST_KEY: usize = 32;
/// As much work for the parser as an octet of an assertion usually is.
const DECOY: &str = r#"<Attribute Name="urn:oid:0.9.2342.19200300.100.1.3" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"><AttributeValue>someone@example.com</AttributeValue></Attribute>"#;

/// What a connection lets be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ciphers {
    /// AES-CBC: always under a signature over the ciphertext, otherwise by policy.
    pub(crate) cbc: Use,
    /// RSA PKCS#1 v1.5 key transport.
    pub(crate) rsa1_5: Use,
    /// Triple DES.
    pub(crate) triple_des: Use,
}

/// Whether something may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Use {
    /// It may not.
    #[default]
    Refused,
    /// It may.
    Allowed,
}

/// The SP entity that something is encrypted for: its keys, its name, and what the connection lets be used.
pub(crate) struct Recipient<'k> {
    pub(crate) keys: &'k [DecryptionKey],
    pub(crate) entity_id: &'k str,
    pub(crate) ciphers: Ciphers,
    pub(crate) limits: &'k Limits,
    /// Of the service that holds some of the keys.
    pub(crate) answers: &'k Answers<'k>,
}

impl Recipient<'_> {
    /// Decrypts the content of a `saml:EncryptedAssertion`, `EncryptedID` or `EncryptedAttribute`.
    ///
    /// # Errors
    /// Codes `enc.*`.
    pub(crate) fn decrypt(&self, wrapper: Node<'_>) -> Result<Decrypted, Rejection> {
        if self.keys.is_empty() {
            return Err(Rejection::new(Decryption::NotConfigured).at(wrapper.place()));
        }
        Encrypted::read(wrapper, self.entity_id, &self.ciphers)?.decrypt(self)
    }
}

/// Encrypted content whose structure and algorithms have been checked, and nothing else.
pub(crate) struct Encrypted<'d> {
    /// The element around: `saml:EncryptedAssertion` and its like.
    wrapper: Node<'d>,
    cipher: ContentCipher,
    octets: Vec<u8>,
    keys: Vec<EncryptedKey>,
}

struct EncryptedKey {
    transport: KeyTransport,
    octets: Vec<u8>,
}

/// A decrypted element in a document of its own.
pub(crate) struct Decrypted(Document);

impl Decrypted {
    /// The one element that there has to be.
    ///
    /// # Errors
    /// `enc.failed` for anything else.
    pub(crate) fn element(&self, namespace: &str, name: &str) -> Result<Node<'_>, Rejection> {
        let root = self.0.root();
        let mut elements = root.elements();
        match (elements.next(), elements.next()) {
            (Some(element), None) if element.is(namespace, name) && !root.has_mixed_content() => Ok(element),
            _ => Err(Rejection::new(Decryption::Failed)),
        }
    }
}

impl<'d> Encrypted<'d> {
    /// Reads the content of an element of SAML's EncryptedElementType: EncryptedData, then EncryptedKeys.
    /// `recipient` is who we are, to choose among keys for several.
    ///
    /// # Errors
    /// `enc.structure`, `enc.algorithm`, `enc.cipher_reference`, `enc.too_many_keys`: everything that can be told without a key.
    pub(crate) fn read(wrapper: Node<'d>, recipient: &str, ciphers: &Ciphers) -> Result<Self, Rejection> {
        let mut cursor = structured(Cursor::new(wrapper))?;
        let data = structured(cursor.expect(XENC, "EncryptedData"))?;
        let mut siblings = Vec::new();
        while let Some(key) = cursor.take(XENC, "EncryptedKey") {
            siblings.push(key);
        }
        structured(cursor.finish())?;
        let (cipher, key_info, octets) = read_data(data, ciphers)?;
        let candidates = find_keys(key_info, &siblings)?;
        let candidates = for_recipient(candidates, recipient);
        match candidates.len() {
            0 => Err(Rejection::new(Decryption::Structure)
                .at(wrapper.place())
                .expecting("an EncryptedKey for this service provider")),
            1..=MOST_KEYS => {
                let keys = candidates.iter().map(|key| EncryptedKey::read(*key, ciphers)).collect::<Result<_, _>>()?;
                Ok(Self { wrapper, cipher, octets, keys })
            }
            many => Err(Rejection::new(Decryption::TooManyKeys).at(wrapper.place()).finding(many.to_string())),
        }
    }

    /// Decrypts with whichever key fits and parses the result as a message of its own, in the
    /// namespaces that were in scope at the ciphertext.
    ///
    /// # Errors
    /// `enc.failed`, whatever the reason; `enc.not_configured` where a service has to be asked first and no other key is there.
    fn decrypt(&self, recipient: &Recipient<'_>) -> Result<Decrypted, Rejection> {
        let ours = recipient.keys;
        let attempts = self.keys.iter().flat_map(|key| ours.iter().map(move |ours| (key, ours)));
        let mut opened = attempts
            .take(ours.len().saturating_mul(MOST_ATTEMPTS))
            .filter_map(|(key, ours)| self.attempt(key, ours, recipient));
        // Where a key of ours was tried, the answer must not tell whether it fitted.
        let tried = ours.iter().any(|key| !key.is_held_by_service());
        match opened.next() {
            Some(decrypted) => {
                recipient.answers.forget();
                Ok(decrypted)
            }
            None if recipient.answers.are_wanted() && !tried => {
                Err(Rejection::new(Decryption::NotConfigured).at(self.wrapper.place()))
            }
            None => Err(Rejection::new(Decryption::Failed)),
        }
    }

    /// Where no content key of the right length comes out, a random one takes its place, so that neither the time nor
    /// anything else tells bad key transport from bad content. What is no XML is as bad as what can't be decrypted:
    /// without authentication, some garbage passes for well padded.
    fn attempt(&self, key: &EncryptedKey, ours: &DecryptionKey, recipient: &Recipient<'_>) -> Option<Decrypted> {
        let random = Zeroizing::new(random_bytes::<LONGEST_KEY>().ok()?);
        let unwrapped = ours.unwrap_key(&key.transport, &key.octets, recipient.answers)?;
        let of_right_length = unwrapped.ok().filter(|octets| octets.len() == self.cipher.key_len());
        let content_key = match &of_right_length {
            Some(octets) => octets.as_slice(),
            None => random.get(..self.cipher.key_len())?,
        };
        let plain = decrypt(self.cipher, content_key, &self.octets).ok();
        let parsed = plain.and_then(|plain| self.parse(&plain, recipient.limits));
        if parsed.is_none() {
            self.pretend(recipient.limits);
        }
        parsed
    }

    /// What can't be read takes as long as an assertion that nobody signed, which is parsed, compared with the message
    /// around it and searched for signatures: how far it came is nobody's business. A quarter more of text stands for the
    /// smaller things; `benches/decryption_failures` says whether that is right.
    fn pretend(&self, limits: &Limits) {
        let octets = self.octets.len().saturating_add(self.octets.len() / 4);
        let decoy = DECOY.repeat(octets.checked_div(DECOY.len()).unwrap_or_default());
        let seen = self.parse(decoy.as_bytes(), limits).map(|Decrypted(decoy)| {
            let shared = decoy.shares_an_id_with(self.wrapper.document());
            let signatures = decoy.root().subtree().filter(|node| node.is(DS, "Signature")).count();
            (shared, signatures, decoy.root().elements().next().map(|element| element.place()))
        });
        std::hint::black_box(seen);
    }

    fn parse(&self, plain: &[u8], limits: &Limits) -> Option<Decrypted> {
        Document::parse(self.in_context(plain), Profile::Message, limits).ok().map(Decrypted)
    }

    /// One synthetic element with the declarations in scope, around the plaintext.
    fn in_context(&self, plain: &[u8]) -> Vec<u8> {
        let mut declared: Vec<&str> = Vec::new();
        let mut start = String::from("<e");
        for ancestor in std::iter::successors(Some(self.wrapper), Node::parent) {
            for declaration in ancestor.declarations() {
                if !declared.contains(&declaration.prefix) {
                    declared.push(declaration.prefix);
                    let colon = if declaration.prefix.is_empty() { "" } else { ":" };
                    let name = self.wrapper.document().namespace(declaration.namespace);
                    // No namespace name that was parsed has a character to escape.
                    start.push_str(&format!(" xmlns{colon}{}=\"{name}\"", declaration.prefix));
                }
            }
        }
        [start.as_bytes(), b">", plain, b"</e>"].concat()
    }
}

impl EncryptedKey {
    fn read(node: Node<'_>, ciphers: &Ciphers) -> Result<Self, Rejection> {
        let mut cursor = structured(Cursor::new(node))?;
        for name in ["Id", "Type", "MimeType", "Encoding", "Recipient"] {
            cursor.attribute(name);
        }
        let method = structured(cursor.expect(XENC, "EncryptionMethod"))?;
        // Hints, among them certificates: keys are ours or nobody's, and no key is encrypted with another.
        if let Some(key_info) = cursor.take(DS, "KeyInfo") {
            refuse(key_info, &["EncryptedKey", "RetrievalMethod", "KeyInfoReference", "AgreementMethod"])?;
        }
        let octets = read_cipher_data(structured(cursor.expect(XENC, "CipherData"))?)?;
        for name in ["EncryptionProperties", "ReferenceList", "CarriedKeyName"] {
            cursor.take(XENC, name);
        }
        structured(cursor.finish())?;
        Ok(Self { transport: read_transport(method, ciphers)?, octets })
    }
}

fn read_data<'d>(data: Node<'d>, ciphers: &Ciphers) -> Result<(ContentCipher, Option<Node<'d>>, Vec<u8>), Rejection> {
    let mut cursor = structured(Cursor::new(data))?;
    for name in ["Id", "MimeType", "Encoding"] {
        cursor.attribute(name);
    }
    if let Some(kind) = cursor.attribute("Type").filter(|kind| *kind != ELEMENT) {
        return Err(Rejection::new(Decryption::Structure).at(data.place()).expecting(ELEMENT).finding(kind));
    }
    let method = structured(cursor.expect(XENC, "EncryptionMethod"))?;
    let key_info = cursor.take(DS, "KeyInfo");
    let octets = read_cipher_data(structured(cursor.expect(XENC, "CipherData"))?)?;
    cursor.take(XENC, "EncryptionProperties");
    structured(cursor.finish())?;
    let mut method_cursor = structured(Cursor::new(method))?;
    let uri = method_cursor.attribute("Algorithm").unwrap_or_default();
    let permitted = |cipher: &ContentCipher| match cipher {
        ContentCipher::AesGcm { .. } => true,
        ContentCipher::AesCbc { .. } => ciphers.cbc == Use::Allowed,
        ContentCipher::TripleDesCbc => ciphers.triple_des == Use::Allowed && ciphers.cbc == Use::Allowed,
    };
    let cipher = ContentCipher::from_uri(uri).filter(permitted).filter(|cipher| provides_cipher(*cipher));
    let cipher = cipher.ok_or_else(|| Rejection::new(Decryption::Algorithm).at(method.place()).finding(uri))?;
    method_cursor.take(XENC, "KeySize");
    structured(method_cursor.finish())?;
    Ok((cipher, key_info, octets))
}

/// The EncryptedKeys in the KeyInfo; or those that a RetrievalMethod there names by ID among the siblings;
/// or, where it names none or is absent, the siblings.
fn find_keys<'d>(key_info: Option<Node<'d>>, siblings: &[Node<'d>]) -> Result<Vec<Node<'d>>, Rejection> {
    let Some(key_info) = key_info else { return Ok(siblings.to_vec()) };
    refuse(key_info, &["KeyInfoReference"])?;
    let mut found: Vec<Node<'d>> = key_info.elements().filter(|child| child.is(XENC, "EncryptedKey")).collect();
    for (index, method) in key_info.elements().filter(|child| child.is(DS, "RetrievalMethod")).enumerate() {
        if index >= MOST_KEYS {
            return Err(Rejection::new(Decryption::TooManyKeys).at(method.place()));
        }
        let mut cursor = structured(Cursor::new(method))?;
        let uri = cursor.attribute("URI").unwrap_or_default();
        let kind = cursor.attribute("Type");
        structured(cursor.finish())?;
        let id = uri.strip_prefix('#').filter(|_| kind.is_none_or(|kind| kind == ENCRYPTED_KEY));
        let named = siblings.iter().find(|key| id.is_some() && key.attribute("Id") == id);
        let named = named.ok_or_else(|| Rejection::new(Decryption::Structure).at(method.place()).finding(uri))?;
        found.push(*named);
    }
    if found.is_empty() { Ok(siblings.to_vec()) } else { Ok(found) }
}

/// The keys that are said to be for us; where none is, those of which nobody says for whom they are.
fn for_recipient<'d>(keys: Vec<Node<'d>>, recipient: &str) -> Vec<Node<'d>> {
    let (named, unnamed): (Vec<_>, Vec<_>) =
        keys.into_iter().partition(|key: &Node<'d>| key.attribute("Recipient").is_some());
    let ours: Vec<_> = named.into_iter().filter(|key| key.attribute("Recipient") == Some(recipient)).collect();
    if ours.is_empty() { unnamed } else { ours }
}

/// What leads to a key by another way than those that are followed.
fn refuse(key_info: Node<'_>, names: &[&str]) -> Result<(), Rejection> {
    match key_info.elements().find(|child| names.contains(&child.local_name())) {
        Some(child) => Err(Rejection::new(Decryption::Structure).at(child.place()).finding(child.qualified_name())),
        None => Ok(()),
    }
}

fn read_transport(method: Node<'_>, ciphers: &Ciphers) -> Result<KeyTransport, Rejection> {
    let transport = parse_transport(method, ciphers)?;
    if !provides_transport(&transport) {
        return Err(Rejection::new(Decryption::Algorithm).at(method.place()).finding(format!("{transport:?}")));
    }
    Ok(transport)
}

fn parse_transport(method: Node<'_>, ciphers: &Ciphers) -> Result<KeyTransport, Rejection> {
    let mut cursor = structured(Cursor::new(method))?;
    let uri = cursor.attribute("Algorithm").unwrap_or_default();
    let refused = |found: &str| Rejection::new(Decryption::Algorithm).at(method.place()).finding(found);
    let transport = match uri {
        "http://www.w3.org/2001/04/xmlenc#rsa-1_5" if ciphers.rsa1_5 == Use::Allowed => KeyTransport::RsaPkcs1,
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" | "http://www.w3.org/2009/xmlenc11#rsa-oaep" => {
            return read_oaep(cursor, uri.starts_with(XENC11)).map_err(|rejection| rejection.at(method.place()));
        }
        _ => return Err(refused(uri)),
    };
    cursor.take(XENC, "KeySize");
    structured(cursor.finish())?;
    Ok(transport)
}

/// XML Encryption 1.1 section 5.5.2: SHA-1 and MGF1 with SHA-1 where nothing else is said; `rsa-oaep-mgf1p` may
/// not say anything else of MGF1. The children come in any order.
fn read_oaep(mut cursor: Cursor<'_>, names_mgf1: bool) -> Result<KeyTransport, Rejection> {
    let (mut digest, mut mgf1, mut label) = (None, None, None);
    while let Some(child) = cursor.take_any() {
        let slot_was_empty = match (child.namespace(), child.local_name()) {
            (DS, "DigestMethod") => digest.replace(algorithm(child, DigestAlgorithm::from_uri)?).is_none(),
            (XENC11, "MGF") => {
                let from_uri = if names_mgf1 { mgf1_from_uri } else { mgf1_with_sha1 };
                mgf1.replace(algorithm(child, from_uri)?).is_none()
            }
            (XENC, "OAEPparams") => label.replace(read_octets(child)?).is_none(),
            (XENC, "KeySize") => true,
            _ => return Err(Rejection::new(Decryption::Structure).finding(child.qualified_name())),
        };
        if !slot_was_empty {
            return Err(Rejection::new(Decryption::Structure).finding(child.qualified_name()));
        }
    }
    structured(cursor.finish())?;
    Ok(KeyTransport::RsaOaep {
        digest: digest.unwrap_or(DigestAlgorithm::Sha1),
        mgf1: mgf1.unwrap_or(DigestAlgorithm::Sha1),
        label: label.unwrap_or_default(),
    })
}

fn algorithm(node: Node<'_>, from_uri: fn(&str) -> Option<DigestAlgorithm>) -> Result<DigestAlgorithm, Rejection> {
    let mut cursor = structured(Cursor::new(node))?;
    let uri = cursor.attribute("Algorithm").unwrap_or_default();
    structured(cursor.finish())?;
    from_uri(uri).ok_or_else(|| Rejection::new(Decryption::Algorithm).finding(uri))
}

fn mgf1_from_uri(uri: &str) -> Option<DigestAlgorithm> {
    match uri.strip_prefix(XENC11)? {
        "mgf1sha1" => Some(DigestAlgorithm::Sha1),
        "mgf1sha256" => Some(DigestAlgorithm::Sha256),
        "mgf1sha384" => Some(DigestAlgorithm::Sha384),
        "mgf1sha512" => Some(DigestAlgorithm::Sha512),
        _ => None,
    }
}

fn mgf1_with_sha1(uri: &str) -> Option<DigestAlgorithm> {
    mgf1_from_uri(uri).filter(|digest| *digest == DigestAlgorithm::Sha1)
}

fn read_cipher_data(node: Node<'_>) -> Result<Vec<u8>, Rejection> {
    if let Some(reference) = node.elements().find(|child| child.is(XENC, "CipherReference")) {
        return Err(Rejection::new(Decryption::CipherReference).at(reference.place()));
    }
    let mut cursor = structured(Cursor::new(node))?;
    let value = structured(cursor.expect(XENC, "CipherValue"))?;
    structured(cursor.finish())?;
    read_octets(value)
}

fn read_octets(node: Node<'_>) -> Result<Vec<u8>, Rejection> {
    let (cursor, text) = structured(Cursor::of_text(node))?;
    structured(cursor.finish())?;
    base64_binary(text).ok_or_else(|| Rejection::new(Decryption::Structure).at(node.place()).expecting("base64"))
}

fn structured<T>(result: Result<T, Rejection>) -> Result<T, Rejection> {
    result.map_err(|rejection| rejection.recast(Decryption::Structure))
}

#[cfg(test)]
mod tests;
