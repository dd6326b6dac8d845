#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use super::*;

const EVERYTHING: Ciphers = Ciphers { cbc: Use::Allowed, rsa1_5: Use::Allowed, triple_des: Use::Allowed };

fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = std::env::var_os("SAML_SP_CORPUS").map_or_else(beside, PathBuf::from).join("peers");
    folder.join("manifest.json").exists().then_some(folder)
}

fn hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The plaintext of the one EncryptedData in a document of a vector.
fn plaintext(folder: &Path, case: &serde_json::Value) -> Result<Vec<u8>, Rejection> {
    let xml = std::fs::read_to_string(folder.join(case["message"].as_str().unwrap())).unwrap();
    // Content is the same but for its type, which SAML has no use for.
    let of_content = Document::parse(xml.clone().into_bytes(), Profile::Metadata, &Limits::metadata())?;
    if xml.contains("xmlenc#Content") {
        let data = of_content.root().subtree().find(|node| node.is(XENC, "EncryptedData")).unwrap();
        assert_eq!(read_data(data, &EVERYTHING).err().unwrap().code(), "enc.structure");
    }
    let xml = xml.replace("xmlenc#Content", "xmlenc#Element").into_bytes();
    let document = Document::parse(xml, Profile::Metadata, &Limits::metadata())?;
    let data = document.root().subtree().find(|node| node.is(XENC, "EncryptedData")).unwrap();
    let (cipher, key_info, octets) = read_data(data, &EVERYTHING)?;
    if let Some(key) = case["key_hex"].as_str() {
        return Ok(decrypt(cipher, &hex(key), &octets).unwrap().to_vec());
    }
    let siblings: Vec<_> =
        data.parent().into_iter().flat_map(|parent| parent.elements()).filter(|n| n.is(XENC, "EncryptedKey")).collect();
    let keys = find_keys(key_info, &siblings)?;
    let key = EncryptedKey::read(keys[0], &EVERYTHING)?;
    let ours = std::fs::read_to_string(folder.join(case["decryption_key"].as_str().unwrap())).unwrap();
    let ours = DecryptionKey::from_pem(&ours).unwrap();
    let content_key = ours.unwrap_key(&key.transport, &key.octets, &Answers::new(&[])).unwrap().unwrap();
    Ok(decrypt(cipher, &content_key, &octets).unwrap().to_vec())
}

#[test]
fn enc_014_vectors_of_peers() {
    let Some(folder) = corpus() else {
        eprintln!("SKIPPED: no corpus; SAML_SP_CORPUS names its folder");
        return;
    };
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let cases = manifest.as_array().unwrap().iter().filter(|case| case["kind"] == "xmlenc");
    let (mut decrypted, mut refused) = (0, 0);
    for case in cases {
        let (id, algorithms) = (case["id"].as_str().unwrap(), &case["algorithms"]);
        let says = |name: &str| algorithms[name].as_str().unwrap_or_default();
        // SHA-224 is unknown, and `rsa-oaep-mgf1p` is MGF1 with SHA-1.
        let contradicts = says("key_transport").ends_with("mgf1p") && !says("mgf").ends_with("mgf1sha1");
        if says("oaep_digest").ends_with("sha224") || contradicts {
            let rejection = plaintext(&folder, case).err().unwrap_or_else(|| panic!("{id}"));
            assert_eq!(rejection.code(), "enc.algorithm", "{id}");
            refused += 1;
        } else {
            let found = plaintext(&folder, case).unwrap_or_else(|rejection| panic!("{id}: {}", rejection.report()));
            assert!(found == std::fs::read(folder.join(case["output"].as_str().unwrap())).unwrap(), "{id}");
            decrypted += 1;
        }
    }
    assert_eq!((decrypted, refused), (20, 12));
}

#[test]
fn enc_021_the_context_of_a_plaintext() {
    let xml = "<r xmlns=\"urn:default\" xmlns:a=\"http://x.example/?a=1;b=2\" xmlns:b=\"urn:outer\"><w xmlns:b=\"urn:inner\"/></r>";
    let document = Document::parse(xml.as_bytes().to_vec(), Profile::Message, &Limits::message()).unwrap();
    let wrapper = document.root().elements().next().unwrap();
    let cipher = ContentCipher::AesGcm { key_len: 16 };
    let encrypted = Encrypted { wrapper, cipher, octets: Vec::new(), keys: Vec::new() };
    let parse = |plain: &str| {
        Document::parse(encrypted.in_context(plain.as_bytes()), Profile::Message, &Limits::message())
            .map(Decrypted)
            .map_err(|_| ())
    };
    let spells = [("a:n", "http://x.example/?a=1;b=2"), ("b:n", "urn:inner"), ("n", "urn:default")];
    for (name, namespace) in spells {
        assert!(parse(&format!("<{name}/>")).unwrap().element(namespace, "n").is_ok(), "{name}");
    }
    assert!(parse("<c:n/>").is_err());
    for wrong in ["", "text", "<n/><n/>", "text<n/>", "<n/>text"] {
        assert!(parse(wrong).unwrap().element("urn:default", "n").is_err(), "{wrong}");
    }
    for wrong in ["</e><e>", "<n/></e><n/>", "<n>", "<n/><!--", "<n/><![CDATA["] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
