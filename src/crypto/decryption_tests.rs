//! Vectors in the manner of Wycheproof for what decrypts: each row is a name, an input, and what has to come out. Paddings are
//! built here octet by octet and raised to the public exponent without further ado. With aws-lc-rs every answer is held
//! against that of RustCrypto as well (`aws_lc::agreed`).

use aes_gcm::aead::consts::{U8, U11, U13, U16};
use aes_gcm::aead::{Aead, KeyInit, Nonce};
use aes_gcm::{AesGcm, aes};
use rsa::BoxedUint;
use rsa::hazmat::rsa_encrypt;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;

use super::*;

/// Octets of the modulus.
const K: usize = 256;
const CONTENT_KEY: &[u8] = b"a content key of thirty-two byte";

/// A name, an input, and what comes out.
type Row<'r> = (&'r str, Vec<u8>, Option<&'r [u8]>);

fn key() -> PrivateKey {
    PrivateKey::from_der(&der(fixture!("rsa2048.key.pem"))).unwrap()
}

fn numbers() -> rsa::PublicKey {
    rsa::PublicKey::from_public_key_der(key().public_key().spki_der()).unwrap()
}

/// RSAEP (RFC 8017 section 5.1.1), of anything.
fn raised(encoded: &[u8]) -> Vec<u8> {
    let number = BoxedUint::from_be_slice(encoded, 2048).unwrap();
    rsa_encrypt(&numbers(), &number).unwrap().to_be_bytes().to_vec()
}

/// The modulus, and something more or less.
fn modulus_and(difference: i8) -> Vec<u8> {
    let mut octets = numbers().n_bytes().to_vec();
    let last = octets.last_mut().unwrap();
    *last = last.checked_add_signed(difference).unwrap();
    octets
}

fn hash(digest: DigestAlgorithm, octets: &[u8]) -> Vec<u8> {
    DigestValue::of(digest, octets).as_ref().to_vec()
}

/// RFC 8017 appendix B.2.1.
fn masked(octets: &[u8], mgf1: DigestAlgorithm, seed: &[u8]) -> Vec<u8> {
    let mask = (0_u32..).flat_map(|counter| hash(mgf1, &[seed, &counter.to_be_bytes()].concat()));
    std::iter::zip(octets, mask).map(|(octet, mask)| octet ^ mask).collect()
}

/// A padding of RFC 8017 section 7.1.1 that may be wrong in every part.
struct Oaep {
    first: u8,
    mgf1: DigestAlgorithm,
    label_hash: Vec<u8>,
    /// PS, the separator, and the message.
    rest: Vec<u8>,
}

impl Oaep {
    fn encrypted(&self) -> Vec<u8> {
        let data = [&self.label_hash[..], &self.rest].concat();
        let seed = vec![0x5a; self.label_hash.len()];
        let data = masked(&data, self.mgf1, &seed);
        let seed = masked(&seed, self.mgf1, &data);
        raised(&[&[self.first], &seed[..], &data].concat())
    }
}

/// Zeros in front, up to the length that the hash function leaves.
fn filled(digest: DigestAlgorithm, tail: &[u8]) -> Vec<u8> {
    let mut rest = vec![0; K - 1 - 2 * digest.output_len() - tail.len()];
    rest.extend_from_slice(tail);
    rest
}

fn oaep_paddings(digest: DigestAlgorithm, mgf1: DigestAlgorithm, label: &[u8]) -> Vec<Row<'static>> {
    let label_hash = hash(digest, label);
    let good = filled(digest, &[&[1], CONTENT_KEY].concat());
    let sealed = |label_hash: &[u8], rest: &[u8]| {
        let (label_hash, rest) = (label_hash.to_vec(), rest.to_vec());
        Oaep { first: 0, mgf1, label_hash, rest }.encrypted()
    };
    let rest = |rest: &[u8]| sealed(&label_hash, rest);
    let with = |at: usize, octet: u8| {
        let mut changed = good.clone();
        changed[at] = octet;
        rest(&changed)
    };
    let hashed = |at: usize| {
        let mut changed = label_hash.clone();
        changed[at] ^= 1;
        sealed(&changed, &good)
    };
    let separator = good.len() - CONTENT_KEY.len() - 1;
    let longest: &'static [u8] = &[7; K][..K - 2 - 2 * digest.output_len()];
    let other = DIGESTS.into_iter().find(|other| *other != mgf1).unwrap();
    let other_mgf1 = Oaep { first: 0, mgf1: other, label_hash: label_hash.clone(), rest: good.clone() };
    vec![
        ("a content key", rest(&good), Some(CONTENT_KEY)),
        ("nothing", rest(&filled(digest, &[1])), Some(b"")),
        ("the longest message", rest(&filled(digest, &[&[1], longest].concat())), Some(longest)),
        ("a message of separators", rest(&filled(digest, &[1, 0, 1, 1, 0])), Some(&[0, 1, 1, 0])),
        ("hash of the label: first bit", hashed(0), None),
        ("hash of the label: last bit", hashed(label_hash.len() - 1), None),
        ("hash of the label: zeros", sealed(&vec![0; label_hash.len()], &good), None),
        ("hash of another label", sealed(&hash(digest, b"another"), &good), None),
        ("separator 0x02", with(separator, 2), None),
        ("separator 0x81", with(separator, 0x81), None),
        ("separator 0xff", with(separator, 0xff), None),
        ("PS starts with 0x02", with(0, 2), None),
        ("PS ends with 0x80", with(separator - 1, 0x80), None),
        ("no separator: zeros", rest(&filled(digest, &[])), None),
        ("no separator: twos", rest(&vec![2; good.len()]), None),
        ("MGF1 with another hash function", other_mgf1.encrypted(), None),
    ]
}

/// What is no ciphertext of anybody, or no longer.
fn ciphertexts(good: &[u8]) -> Vec<Row<'static>> {
    let one = [&[0; K - 1][..], &[1]].concat();
    let flipped = |at: usize| {
        let mut changed = good.to_vec();
        changed[at] ^= 1;
        changed
    };
    vec![
        ("0", vec![0; K], None),
        ("1", one, None),
        ("n - 1", modulus_and(-1), None),
        ("n", modulus_and(0), None),
        ("n + 1", modulus_and(1), None),
        ("2^2048 - 1", vec![0xff; K], None),
        ("empty", Vec::new(), None),
        ("one octet", vec![1], None),
        ("first octet cut", good[1..].to_vec(), None),
        ("last octet cut", good[..K - 1].to_vec(), None),
        ("zero in front", [&[0], good].concat(), None),
        ("zero behind", [good, &[0]].concat(), None),
        ("twice", [good, good].concat(), None),
        ("bit flipped in the middle", flipped(K / 2), None),
        ("last bit flipped", flipped(K - 1), None),
    ]
}

#[track_caller]
fn unwrapped(key: &PrivateKey, transport: &KeyTransport, (name, octets, expected): &Row<'_>) {
    let found = key.unwrap_key(transport, octets);
    match expected {
        Some(expected) => assert_eq!(found.unwrap().as_slice(), *expected, "{name}, {transport:?}"),
        None => assert!(found == Err(DecryptionFailed), "{name}, {transport:?}"),
    }
}

/// Every hash function with every MGF1, half of them with a label.
fn all_oaep() -> impl Iterator<Item = (DigestAlgorithm, DigestAlgorithm, &'static [u8])> {
    let pairs = DIGESTS.into_iter().flat_map(|digest| DIGESTS.map(|mgf1| (digest, mgf1)));
    pairs.zip([&b""[..], b"label", b""].into_iter().cycle()).map(|((digest, mgf1), label)| (digest, mgf1, label))
}

#[test]
fn cry_04_rsa_oaep_vectors() {
    let key = key();
    let mut counts = [0, 0];
    for (digest, mgf1, label) in all_oaep() {
        let transport = |label: &[u8]| KeyTransport::RsaOaep { digest, mgf1, label: label.to_vec() };
        let mut rows = oaep_paddings(digest, mgf1, label);
        let good = rows[0].1.clone();
        rows.extend(ciphertexts(&good));
        for row in rows {
            counts[usize::from(row.2.is_none())] += 1;
            unwrapped(&key, &transport(label), &row);
        }
        for wrong in [&b"Label"[..], b"", b"label", b"label\0"].into_iter().filter(|wrong| *wrong != label) {
            unwrapped(&key, &transport(wrong), &("another label asked for", good.clone(), None));
        }
        let longest = K - 2 - 2 * digest.output_len();
        let sealed = wrap_key(key.public_key(), &transport(label), &vec![7; longest]).unwrap();
        unwrapped(&key, &transport(label), &("the longest by the library", sealed, Some(&vec![7; longest])));
        let too_long = wrap_key(key.public_key(), &transport(label), &vec![7; longest + 1]);
        assert_eq!(too_long, Err(EncryptionFailed));
    }
    assert_eq!(counts, [64, 432]);
}

/// ENC-007: RFC 8017 section 7.1.2 step 3g wants the first octet to be 0. RustCrypto doesn't look at it, so that nobody can ask what
/// Manger's attack asks, and what it lets through holds nothing but what the sender encrypted anyway; aws-lc-rs refuses it as
/// it refuses everything else.
#[test]
fn cry_04_enc_007_first_octet_of_oaep() {
    let key = key();
    for (digest, mgf1, label) in all_oaep() {
        let transport = KeyTransport::RsaOaep { digest, mgf1, label: label.to_vec() };
        let with_first = |first, label: &[u8]| {
            let rest = filled(digest, &[&[1], CONTENT_KEY].concat());
            Oaep { first, mgf1, label_hash: hash(digest, label), rest }.encrypted()
        };
        unwrapped(&key, &transport, &("0x00", with_first(0, label), Some(CONTENT_KEY)));
        unwrapped(&key, &transport, &("0x01, another label", with_first(1, b"another"), None));
        for first in [1, 2, 0x7f] {
            let octets = with_first(first, label);
            #[cfg(feature = "aws-lc-rs")]
            {
                let answer = key.handle.unwrap_by_aws_lc(&transport, &octets);
                assert_eq!(answer.map(|answer| answer.is_err()), (digest == mgf1).then_some(true));
            }
            let found = rustcrypto_of(&key).unwrap_key(&transport, &octets);
            assert_eq!(found.ok().unwrap().as_slice(), CONTENT_KEY);
        }
    }
}

fn rustcrypto_of(key: &PrivateKey) -> &rustcrypto::PrivateKey {
    #[cfg(feature = "aws-lc-rs")]
    return &key.handle.rustcrypto;
    #[cfg(not(feature = "aws-lc-rs"))]
    &key.handle
}

/// ENC-004: bad padding says nothing. Another key comes out, the same each time, so that asking twice tells nothing either.
#[test]
fn cry_04_enc_004_rsa_1_5_rejects_without_a_word() {
    let (key, transport) = (key(), KeyTransport::RsaPkcs1);
    let encoded = |head: &[u8], tail: &[u8]| raised(&[head, &vec![0x55; K - head.len() - tail.len()], tail].concat());
    let tail = [&[0], CONTENT_KEY].concat();
    unwrapped(&key, &transport, &("good", encoded(&[0, 2], &tail), Some(CONTENT_KEY)));
    unwrapped(&key, &transport, &("nothing", encoded(&[0, 2], &[0]), Some(b"")));
    let eight = [&[0, 2][..], &[0x55; 8], &[0], &[7; K - 11]].concat();
    unwrapped(&key, &transport, &("PS of 8 octets", raised(&eight), Some(&[7; K - 11])));
    let seven = [&[0, 2][..], &[0x55; 7], &[0], &[7; K - 10]].concat();
    for (name, octets) in [
        ("first octet", encoded(&[1, 2], &tail)),
        ("block type 0", encoded(&[0, 0], &tail)),
        ("block type 1", encoded(&[0, 1], &tail)),
        ("block type 3", encoded(&[0, 3], &tail)),
        ("no separator", encoded(&[0, 2], CONTENT_KEY)),
        ("PS of 7 octets", raised(&seven)),
        ("no PS", encoded(&[0, 2, 0], &tail)),
        ("0", vec![0; K]),
        ("n - 1", modulus_and(-1)),
    ] {
        let other = key.unwrap_key(&transport, &octets).unwrap();
        assert!(other.as_slice() != CONTENT_KEY && *other == *key.unwrap_key(&transport, &octets).unwrap(), "{name}");
        assert!(!other.ends_with(&[7; 100]), "{name}");
    }
    let good = encoded(&[0, 2], &tail);
    let lengths = [("n", modulus_and(0)), ("cut", good[1..].to_vec()), ("longer", [&[0], &good[..]].concat())];
    for (name, octets) in lengths.into_iter().chain([("empty", Vec::new())]) {
        unwrapped(&key, &transport, &(name, octets, None));
    }
}

#[track_caller]
fn decrypted(cipher: ContentCipher, key: &[u8], (name, octets, expected): &Row<'_>) {
    let found = decrypt(cipher, key, octets);
    assert_eq!(found.as_ref().ok().map(|plain| plain.as_slice()), *expected, "{name}, {cipher:?}");
}

fn hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The test cases 1, 2, 7, 8, 13, 14 of McGrew and Viega's specification: key, nonce and plaintext are zeros.
#[test]
fn cry_05_aes_gcm_of_the_specification() {
    for (key_len, plain, sealed) in [
        (16, &[][..], "58e2fccefa7e3061367f1d57a4e7455a"),
        (16, &[0; 16], "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"),
        (24, &[], "cd33b28ac773f74ba00ed1f312572435"),
        (24, &[0; 16], "98e7247c07f0fe411c267e4384b0f6002ff58d80033927ab8ef4d4587514f0fb"),
        (32, &[], "530f8afbc74536b9a963b4f1c4cb738b"),
        (32, &[0; 16], "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    ] {
        let octets = [&[0; 12][..], &hex(sealed)].concat();
        decrypted(ContentCipher::AesGcm { key_len }, &vec![0; key_len], &(sealed, octets, Some(plain)));
    }
}

/// ENC-010: the nonce has 96 bits and the tag 128, and nobody but us says so.
#[test]
fn cry_05_enc_010_aes_gcm_vectors() {
    for (key_len, plain) in [(16, &b"plaintext"[..]), (24, b"plaintext"), (32, b"plaintext"), (32, b""), (16, &[7; 64])]
    {
        let (cipher, key) = (ContentCipher::AesGcm { key_len }, vec![9; key_len]);
        let good = encrypt(cipher, &key, plain).unwrap();
        decrypted(cipher, &key, &("good", good.clone(), Some(plain)));
        for at in 0..good.len() {
            for bit in [1, 0x80] {
                let mut changed = good.clone();
                changed[at] ^= bit;
                decrypted(cipher, &key, &(&format!("flipped: octet {at}"), changed, None));
            }
        }
        let (nonce, sealed) = good.split_at(12);
        let (content, tag) = sealed.split_at(sealed.len() - 16);
        for left in 0..16 {
            let octets = [nonce, content, &tag[..left]].concat();
            decrypted(cipher, &key, &(&format!("tag of {left} octets"), octets, None));
        }
        for (name, octets) in [
            ("empty", Vec::new()),
            ("half a nonce", nonce[..6].to_vec()),
            ("nothing but the nonce", nonce.to_vec()),
            ("nothing but a nonce and half a tag", [nonce, &tag[..8]].concat()),
            ("zeros for a tag", [nonce, content, &[0; 16]].concat()),
            ("the tag first", [nonce, tag, content, b"."].concat()),
            ("the tag twice", [&good[..], tag].concat()),
            ("an octet behind", [&good[..], &[0]].concat()),
            ("an octet before", [&[0], &good[..]].concat()),
            ("an octet before the tag", [nonce, content, &[0], tag].concat()),
            ("no nonce", sealed.to_vec()),
            ("a nonce of zeros", [&[0; 12], sealed].concat()),
        ] {
            decrypted(cipher, &key, &(name, octets, None));
        }
        decrypted(cipher, &vec![8; key_len], &("another key", good.clone(), None));
        for wrong in [0, 1, 15, 16, 17, 24, 31, 32, 33].into_iter().filter(|wrong| *wrong != key_len) {
            decrypted(cipher, &vec![9; wrong], &(&format!("key of {wrong} octets"), good.clone(), None));
        }
    }
}

/// Authentic, with a nonce of another length than XML Encryption lays out.
#[test]
fn cry_05_aes_gcm_with_other_nonces() {
    macro_rules! sealed {
        ($length:ty) => {{
            let cipher = AesGcm::<aes::Aes256, $length>::new_from_slice(&[9; 32]).unwrap();
            let nonce = Nonce::<AesGcm<aes::Aes256, $length>>::default();
            [&nonce[..], &cipher.encrypt(&nonce, &b"plaintext"[..]).unwrap()].concat()
        }};
    }
    let cipher = ContentCipher::AesGcm { key_len: 32 };
    let usual = sealed!(aes_gcm::aead::consts::U12);
    for row in [
        ("12 octets", usual, Some(&b"plaintext"[..])),
        ("8 octets", sealed!(U8), None),
        ("11 octets", sealed!(U11), None),
        ("13 octets", sealed!(U13), None),
        ("16 octets", sealed!(U16), None),
    ] {
        decrypted(cipher, &[9; 32], &row);
    }
}

/// ENC-011: XML Encryption 1.1 section 5.2.3, where the last octet alone says how much is padding.
#[test]
fn cry_05_enc_011_cbc_vectors() {
    for (cipher, block) in [
        (ContentCipher::AesCbc { key_len: 16 }, 16_u8),
        (ContentCipher::AesCbc { key_len: 24 }, 16),
        (ContentCipher::AesCbc { key_len: 32 }, 16),
        (ContentCipher::TripleDesCbc, 8),
    ] {
        let (key, size) = (vec![9; cipher.key_len()], usize::from(block));
        let sealed = |plain: &[u8]| encrypt(cipher, &key, plain).unwrap();
        // Two blocks that end so.
        let ending = |last: u8| sealed(&[&vec![b'x'; 2 * size - 1], &[last][..]].concat());
        let text = vec![b'x'; 2 * size];
        let good = sealed(&[&text[..], &vec![block; size]].concat());
        for row in [
            ("one octet of padding", ending(1), Some(&text[..2 * size - 1])),
            ("anything before the last octet", ending(4), Some(&text[..2 * size - 4])),
            ("a block of padding in the last", ending(block), Some(&text[..size])),
            ("a block of padding behind", good.clone(), Some(&text[..])),
            ("nothing but padding", sealed(&vec![block; size]), Some(b"")),
            ("padding of 0", ending(0), None),
            ("padding of a block and one", ending(block + 1), None),
            ("padding of two blocks", ending(2 * block), None),
            ("padding of 0x80", ending(0x80), None),
            ("padding of 0xff", ending(0xff), None),
            ("nothing but zeros", sealed(&vec![0; size]), None),
            ("last block cut: its octet is no padding", good[..3 * size].to_vec(), None),
            ("an octet cut", good[..4 * size - 1].to_vec(), None),
            ("half a block cut", good[..4 * size - size / 2].to_vec(), None),
            ("an octet behind", [&good[..], &[0]].concat(), None),
            ("an octet before", [&[0], &good[..]].concat(), None),
            ("nothing but the IV", good[..size].to_vec(), None),
            ("less than the IV", good[..size - 1].to_vec(), None),
            ("the IV and an octet", good[..=size].to_vec(), None),
            ("empty", Vec::new(), None),
        ] {
            decrypted(cipher, &key, &row);
        }
        for wrong in [0, 8, 15, 16, 17, 24, 32, 33].into_iter().filter(|wrong| *wrong != key.len()) {
            decrypted(cipher, &vec![9; wrong], &(&format!("key of {wrong} octets"), good.clone(), None));
        }
        // Why content in this mode is believed only under a signature.
        let (mut altered, mut other) = (good, text);
        altered[0] ^= 1;
        other[0] ^= 1;
        decrypted(cipher, &key, &("IV altered, and nobody notices", altered, Some(&other)));
    }
}
