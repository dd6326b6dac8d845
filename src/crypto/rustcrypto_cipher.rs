//! Decryption with the RustCrypto ciphers.

use aes::{Aes128, Aes192, Aes256};
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{KeyInit as AeadKeyInit, Nonce};
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use cbc::cipher::{Block, BlockCipherDecrypt, BlockModeDecrypt as _, InnerIvInit as _, KeyInit};
use des::TdesEde3;
use p256::elliptic_curve::zeroize::Zeroizing;
use rsa::{Oaep, Pkcs1v15Encrypt};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::cipher::{ContentCipher, KeyTransport};
#[cfg(feature = "testing")]
use super::rustcrypto::{CheckedKey, PublicKey};
use super::{DigestAlgorithm, Refused};

/// The nonce and the tag of AES-GCM in XML Encryption 1.1 section 5.2.4: 96 and 128 bits, nothing else.
const GCM_NONCE: usize = 12;

pub(super) fn unwrap(
    key: &rsa::PrivateKey,
    transport: &KeyTransport,
    octets: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let plain = match transport {
        KeyTransport::RsaPkcs1 => key.decrypt(Pkcs1v15Encrypt, octets),
        KeyTransport::RsaOaep { digest, mgf1, label } => match digest {
            DigestAlgorithm::Sha1 => unwrap_oaep::<Sha1>(key, *mgf1, label, octets),
            DigestAlgorithm::Sha256 => unwrap_oaep::<Sha256>(key, *mgf1, label, octets),
            DigestAlgorithm::Sha384 => unwrap_oaep::<Sha384>(key, *mgf1, label, octets),
            DigestAlgorithm::Sha512 => unwrap_oaep::<Sha512>(key, *mgf1, label, octets),
        },
    };
    plain.map(Zeroizing::new).map_err(|_| Refused)
}

fn unwrap_oaep<D: Digest + sha2::digest::FixedOutputReset>(
    key: &rsa::PrivateKey,
    mgf1: DigestAlgorithm,
    label: &[u8],
    octets: &[u8],
) -> rsa::Result<Vec<u8>> {
    match mgf1 {
        DigestAlgorithm::Sha1 => key.decrypt(Oaep::<D, Sha1>::new_with_mgf_hash_and_label(label), octets),
        DigestAlgorithm::Sha256 => key.decrypt(Oaep::<D, Sha256>::new_with_mgf_hash_and_label(label), octets),
        DigestAlgorithm::Sha384 => key.decrypt(Oaep::<D, Sha384>::new_with_mgf_hash_and_label(label), octets),
        DigestAlgorithm::Sha512 => key.decrypt(Oaep::<D, Sha512>::new_with_mgf_hash_and_label(label), octets),
    }
}

pub(super) fn decrypt(cipher: ContentCipher, key: &[u8], octets: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refused> {
    match cipher {
        ContentCipher::AesGcm { key_len: 16 } => gcm::<Aes128Gcm>(key, octets),
        ContentCipher::AesGcm { key_len: 24 } => gcm::<AesGcm<Aes192, U12>>(key, octets),
        ContentCipher::AesGcm { .. } => gcm::<Aes256Gcm>(key, octets),
        ContentCipher::AesCbc { key_len: 16 } => cbc::<Aes128>(key, octets),
        ContentCipher::AesCbc { key_len: 24 } => cbc::<Aes192>(key, octets),
        ContentCipher::AesCbc { .. } => cbc::<Aes256>(key, octets),
        ContentCipher::TripleDesCbc => cbc::<TdesEde3>(key, octets),
    }
}

fn gcm<C: AeadKeyInit + aes_gcm::aead::Aead>(key: &[u8], octets: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let cipher = <C as AeadKeyInit>::new_from_slice(key).map_err(|_| Refused)?;
    let (nonce, sealed) = octets.split_at_checked(GCM_NONCE).ok_or(Refused)?;
    let nonce = Nonce::<C>::try_from(nonce).map_err(|_| Refused)?;
    cipher.decrypt(&nonce, sealed).map(Zeroizing::new).map_err(|_| Refused)
}

/// XML Encryption 1.1 section 5.2.3: the IV comes first, and only the last octet of the padding counts.
fn cbc<C: BlockCipherDecrypt + KeyInit>(key: &[u8], octets: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let cipher = <C as KeyInit>::new_from_slice(key).map_err(|_| Refused)?;
    let (iv, body) = octets.split_at_checked(C::block_size()).ok_or(Refused)?;
    if body.is_empty() || !body.len().is_multiple_of(C::block_size()) {
        return Err(Refused);
    }
    let iv = Block::<C>::try_from(iv).map_err(|_| Refused)?;
    let mut decryptor = ::cbc::Decryptor::inner_iv_init(cipher, &iv);
    let mut plain = Zeroizing::new(Vec::with_capacity(body.len()));
    for block in body.chunks_exact(C::block_size()) {
        let mut block = Block::<C>::try_from(block).map_err(|_| Refused)?;
        decryptor.decrypt_block(&mut block);
        plain.extend_from_slice(&block);
    }
    let padding = usize::from(*plain.last().ok_or(Refused)?);
    if padding == 0 || padding > C::block_size() {
        return Err(Refused);
    }
    let len = plain.len().saturating_sub(padding);
    plain.truncate(len);
    Ok(plain)
}

/// Encrypts a content key for the holder of an RSA key.
#[cfg(feature = "testing")]
pub(super) fn wrap(key: &CheckedKey, transport: &KeyTransport, plain: &[u8]) -> Result<Vec<u8>, Refused> {
    let Ok(PublicKey::Rsa(key)) = PublicKey::new(key) else { return Err(Refused) };
    let sealed = match transport {
        KeyTransport::RsaPkcs1 => key.encrypt(&mut getrandom::SysRng, Pkcs1v15Encrypt, plain),
        KeyTransport::RsaOaep { digest, mgf1, label } => match digest {
            DigestAlgorithm::Sha1 => wrap_oaep::<Sha1>(&key, *mgf1, label, plain),
            DigestAlgorithm::Sha256 => wrap_oaep::<Sha256>(&key, *mgf1, label, plain),
            DigestAlgorithm::Sha384 => wrap_oaep::<Sha384>(&key, *mgf1, label, plain),
            DigestAlgorithm::Sha512 => wrap_oaep::<Sha512>(&key, *mgf1, label, plain),
        },
    };
    sealed.map_err(|_| Refused)
}

#[cfg(feature = "testing")]
fn wrap_oaep<D: Digest + sha2::digest::FixedOutputReset>(
    key: &rsa::PublicKey,
    mgf1: DigestAlgorithm,
    label: &[u8],
    plain: &[u8],
) -> rsa::Result<Vec<u8>> {
    let rng = &mut getrandom::SysRng;
    match mgf1 {
        DigestAlgorithm::Sha1 => key.encrypt(rng, Oaep::<D, Sha1>::new_with_mgf_hash_and_label(label), plain),
        DigestAlgorithm::Sha256 => key.encrypt(rng, Oaep::<D, Sha256>::new_with_mgf_hash_and_label(label), plain),
        DigestAlgorithm::Sha384 => key.encrypt(rng, Oaep::<D, Sha384>::new_with_mgf_hash_and_label(label), plain),
        DigestAlgorithm::Sha512 => key.encrypt(rng, Oaep::<D, Sha512>::new_with_mgf_hash_and_label(label), plain),
    }
}

/// Encrypts content, with the nonce or IV in front of it. For CBC it comes padded.
#[cfg(feature = "testing")]
pub(super) fn encrypt(cipher: ContentCipher, key: &[u8], iv: &[u8; 16], plain: &[u8]) -> Result<Vec<u8>, Refused> {
    match cipher {
        ContentCipher::AesGcm { key_len: 16 } => seal_gcm::<Aes128Gcm>(key, iv, plain),
        ContentCipher::AesGcm { key_len: 24 } => seal_gcm::<AesGcm<Aes192, U12>>(key, iv, plain),
        ContentCipher::AesGcm { .. } => seal_gcm::<Aes256Gcm>(key, iv, plain),
        ContentCipher::AesCbc { key_len: 16 } => seal_cbc::<Aes128>(key, iv, plain),
        ContentCipher::AesCbc { key_len: 24 } => seal_cbc::<Aes192>(key, iv, plain),
        ContentCipher::AesCbc { .. } => seal_cbc::<Aes256>(key, iv, plain),
        ContentCipher::TripleDesCbc => seal_cbc::<TdesEde3>(key, iv, plain),
    }
}

#[cfg(feature = "testing")]
fn seal_gcm<C: AeadKeyInit + aes_gcm::aead::Aead>(key: &[u8], iv: &[u8], plain: &[u8]) -> Result<Vec<u8>, Refused> {
    let cipher = <C as AeadKeyInit>::new_from_slice(key).map_err(|_| Refused)?;
    let octets = iv.get(..GCM_NONCE).ok_or(Refused)?;
    let nonce = Nonce::<C>::try_from(octets).map_err(|_| Refused)?;
    let sealed = cipher.encrypt(&nonce, plain).map_err(|_| Refused)?;
    Ok([octets, &sealed].concat())
}

#[cfg(feature = "testing")]
fn seal_cbc<C: cbc::cipher::BlockCipherEncrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, Refused> {
    use cbc::cipher::BlockModeEncrypt as _;
    let cipher = <C as KeyInit>::new_from_slice(key).map_err(|_| Refused)?;
    let mut sealed = iv.get(..C::block_size()).ok_or(Refused)?.to_vec();
    let iv = Block::<C>::try_from(sealed.as_slice()).map_err(|_| Refused)?;
    let mut encryptor = ::cbc::Encryptor::inner_iv_init(cipher, &iv);
    for block in plain.chunks(C::block_size()) {
        let mut block = Block::<C>::try_from(block).map_err(|_| Refused)?;
        encryptor.encrypt_block(&mut block);
        sealed.extend_from_slice(&block);
    }
    Ok(sealed)
}
