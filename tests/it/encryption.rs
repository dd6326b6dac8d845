//! G. Encryption.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use saml_sp::flow::{Arrival, Arrived, FlowError, block_on, finish_login, start_login};
use saml_sp::login::LoginStart;
use saml_sp::testing::{Encryption, KeyPlacement, MemoryStore, SignedParts, TestKey};
use saml_sp::{
    BrowserCookie, Claim, Connection, ConnectionId, EncryptionRule, EntityId, Limits, Login, PendingKey, PendingLogin,
    Policy, Received, Rejection, Relaxation, RequestId, ServiceProvider, Unsolicited,
};

use crate::kit::*;

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
pub(crate) const OURS: TestKey = TestKey::OtherRsa;

pub(crate) fn connection(policy: Policy) -> Connection {
    Connection::preconfigured(ConnectionId::new("acme-1"), organization(), identity_provider(&[TestKey::Rsa]), policy)
        .unwrap()
}

fn sp(keys: &[TestKey]) -> ServiceProvider {
    let builder = ServiceProvider::builder(organization(), EntityId::new(SP), ACS);
    keys.iter().fold(builder, |sp, key| sp.decryption_key(key.decryption_key().unwrap())).build().unwrap()
}

pub(crate) fn judge_with(xml: &str, policy: Policy, keys: &[TestKey]) -> Result<Login, Rejection> {
    let (sp, connection) = (sp(keys), connection(policy));
    let verified = match Received::from_xml(xml.as_bytes().to_vec(), &Limits::message())? {
        Received::Solicited(response) => {
            let cookie = BrowserCookie::from_value(&"0".repeat(40)).unwrap();
            let key = PendingKey::new(RequestId::new(REQUEST), connection.id().clone(), cookie.binding());
            let pending = PendingLogin::new(key, now(), now() + chrono::TimeDelta::minutes(10));
            response.verify(&sp, &connection, pending.returned_by(Some(&cookie)).unwrap(), now())
        }
        Received::Unsolicited(response) => response.verify(&sp, &connection, now()),
    };
    verified?.claimed(Claim::First)
}

fn judge(xml: &str) -> Result<Login, Rejection> {
    judge_with(xml, Policy::strict(), &[OURS])
}

#[track_caller]
pub(crate) fn accept(outcome: Result<Login, Rejection>) -> Login {
    let login = outcome.unwrap_or_else(|rejection| panic!("{}", rejection.report()));
    assert_eq!(login.name_id().map(|name_id| name_id.value()), Some(ALICE));
    login
}

#[track_caller]
pub(crate) fn refuse(outcome: Result<Login, Rejection>, code: &str) -> Rejection {
    let rejection = outcome.err().unwrap_or_else(|| panic!("a login came out instead of {code}"));
    assert_eq!(rejection.code(), code, "{}", rejection.report());
    rejection
}

/// Everything that a rejection shows.
pub(crate) fn outward(rejection: &Rejection) -> String {
    format!("{rejection}\n{rejection:?}\n{}\n{:?}\n{:?}", rejection.report(), rejection.checks(), rejection.place())
}

fn template(parts: SignedParts) -> String {
    Bench::signing(parts).response().template()
}

/// The assertion, signed if that is asked for.
pub(crate) fn assertion(parts: SignedParts) -> String {
    let signed = sign(&template(parts), &TestKey::Rsa.signing_key().unwrap());
    element(&signed, "Assertion").to_owned()
}

/// A response around ciphertext, signed if that is asked for.
pub(crate) fn around(parts: SignedParts, ciphertext: &str) -> String {
    let template = template(parts);
    let xml = replace(&template, element(&template, "Assertion"), ciphertext);
    sign(&xml, &TestKey::Rsa.signing_key().unwrap())
}

pub(crate) fn sealed(how: &Encryption, plain: impl AsRef<[u8]>) -> String {
    how.wrapped("EncryptedAssertion", plain, OURS.certificate_pem()).unwrap()
}

/// What the identity provider sends: the assertion signed and encrypted.
pub(crate) fn usual(how: &Encryption) -> String {
    around(SignedParts::Nothing, &sealed(how, assertion(SignedParts::Assertion)))
}

pub(crate) fn gcm() -> Encryption {
    Encryption::new()
}

pub(crate) fn cbc() -> Encryption {
    gcm().cipher(&format!("{XENC}aes128-cbc"))
}

pub(crate) fn cbc_policy() -> Policy {
    Policy::strict().with_relaxation(Relaxation::Cbc)
}

/// Replaces the octets of the last CipherValue: the content.
pub(crate) fn altered(xml: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> String {
    let start = xml.rfind("<xenc:CipherValue>").unwrap() + "<xenc:CipherValue>".len();
    let end = start + xml[start..].find('<').unwrap();
    let octets = BASE64_STANDARD.decode(&xml[start..end]).unwrap();
    [&xml[..start], &BASE64_STANDARD.encode(change(octets)), &xml[end..]].concat()
}

pub(crate) fn encrypted_key(how: &Encryption) -> String {
    element(&how.encrypt("<a/>", OURS.certificate_pem()).unwrap(), "EncryptedKey").to_owned()
}

#[test]
fn enc_001_unsigned_plaintext_proves_nothing() {
    accept(judge(&usual(&gcm())));
    let unsigned = around(SignedParts::Nothing, &sealed(&gcm(), assertion(SignedParts::Nothing)));
    refuse(judge(&unsigned), "enc.failed");
    accept(judge(&around(SignedParts::Response, &sealed(&gcm(), assertion(SignedParts::Nothing)))));
}

#[test]
fn enc_002_enc_003_one_assertion_only() {
    let (plain, secret) = (assertion(SignedParts::Assertion), sealed(&gcm(), assertion(SignedParts::Assertion)));
    accept(judge(&around(SignedParts::Nothing, &secret)));
    for several in [[&plain, &secret], [&secret, &plain], [&secret, &secret]] {
        let several = several.map(|part| part.replace("Id=\"_key\"", "")).concat();
        // Before any decryption: no key is needed to say so.
        let xml = around(SignedParts::Nothing, &several);
        refuse(judge_with(&xml, Policy::strict(), &[]), "profile.multiple_assertions");
    }
}

#[test]
fn enc_004_enc_008_rsa_1_5_and_other_labels() {
    let old = usual(&gcm().transport(&format!("{XENC}rsa-1_5")));
    refuse(judge(&old), "enc.algorithm");
    let allowed = || Policy::strict().dangerous().allow_rsa1_5().into_policy();
    accept(judge_with(&old, allowed(), &[OURS]));
    let xml = usual(&gcm());
    let relabelled = xml.replace("rsa-oaep-mgf1p", "rsa-1_5");
    refuse(judge(&relabelled), "enc.algorithm");
    let failed = refuse(judge_with(&relabelled, allowed(), &[OURS]), "enc.failed");
    let bad_tag = altered(&old, |mut octets| {
        octets[20] ^= 1;
        octets
    });
    let bad_tag = refuse(judge_with(&bad_tag, allowed(), &[OURS]), "enc.failed");
    assert_eq!(outward(&failed), outward(&bad_tag));
    let relabelled = xml.replace(&format!("{XENC11}aes256-gcm"), &format!("{XENC}aes256-cbc"));
    refuse(judge(&relabelled), "enc.algorithm");
    refuse(judge_with(&relabelled, cbc_policy(), &[OURS]), "enc.failed");
}

#[test]
fn enc_005_enc_011_cbc_tells_nothing() {
    let xml = usual(&cbc());
    accept(judge_with(&xml, cbc_policy(), &[OURS]));
    let failed = |xml: &str| outward(&refuse(judge_with(xml, cbc_policy(), &[OURS]), "enc.failed"));
    let first = failed(&altered(&xml, |_| Vec::new()));
    for length in [0, 15, 16, 17, 31, 32, 33, 64, 1000] {
        assert_eq!(first, failed(&altered(&xml, |octets| octets[..length].to_vec())), "{length}");
    }
    for at in [0, 15, 16, 31, 32, 100, 500, 1000, 1500] {
        let flipped = altered(&xml, |mut octets| {
            octets[at] ^= 0x81;
            octets
        });
        assert_eq!(first, failed(&flipped), "{at}");
    }
    for last in [0, 17, 255] {
        let plain = format!("<a>{}</a>", "x".repeat(8));
        let how = cbc().padding(&[last]);
        let xml = around(SignedParts::Nothing, &sealed(&how, plain));
        assert_eq!(first, failed(&xml), "{last}");
    }
}

#[test]
fn enc_006_enc_020_enc_022_what_was_decrypted_is_not_told() {
    let good = assertion(SignedParts::Assertion);
    let first = outward(&refuse(judge(&around(SignedParts::Nothing, &sealed(&gcm(), ""))), "enc.failed"));
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hostile: Vec<Vec<u8>> = [
        format!("<!DOCTYPE a>{good}"),
        format!("<?pi?>{good}"),
        format!("<!-- -->{good}"),
        format!("{good}{good}"),
        format!("text{good}"),
        format!("</e><e>{good}"),
        format!("{good}</e>"),
        format!("{}{}", "<a>".repeat(200), "</a>".repeat(200)),
        "<a".to_owned(),
        "<a/>".to_owned(),
        good.replace("_assertion", "_response"),
        good.replace(ALICE, ADMIN),
        assertion(SignedParts::Nothing),
        element(&good, "NameID").to_owned(),
        sealed(&gcm(), &good),
        template(SignedParts::Nothing),
        element(&sign(&template(SignedParts::Assertion), &OURS.signing_key().unwrap()), "Assertion").to_owned(),
        good.replace("rsa-sha256", "hmac-sha256"),
    ]
    .into_iter()
    .map(String::into_bytes)
    .chain([utf16, vec![0xff; 50]])
    .collect();
    for plain in hostile {
        let failed = refuse(judge(&around(SignedParts::Nothing, &sealed(&gcm(), &plain))), "enc.failed");
        assert_eq!(first, outward(&failed), "{}", String::from_utf8_lossy(&plain));
    }
    // What was encrypted for somebody else looks the same.
    let others = gcm().wrapped("EncryptedAssertion", &good, TestKey::Rsa.certificate_pem()).unwrap();
    assert_eq!(first, outward(&refuse(judge(&around(SignedParts::Nothing, &others)), "enc.failed")));
    accept(judge(&around(SignedParts::Nothing, &sealed(&gcm(), &good))));
}

#[test]
fn enc_006_under_a_signed_response_only_what_is_for_us_is_told() {
    let good = assertion(SignedParts::Nothing);
    let respond = |plain: &str| judge(&around(SignedParts::Response, &sealed(&gcm(), plain)));
    accept(respond(&good));
    let first = outward(&refuse(respond("<a/>"), "enc.failed"));
    for (part, wrong) in
        [(IDP, "https://evil.example.com/"), (SP, "https://other.example.com/"), (ACS, "https://x.example.com/")]
    {
        let failed = refuse(
            respond(
                &good
                    .replace(&format!(">{part}<"), &format!(">{wrong}<"))
                    .replace(&format!("Recipient=\"{part}\""), &format!("Recipient=\"{wrong}\"")),
            ),
            "enc.failed",
        );
        assert_eq!(first, outward(&failed), "{part}");
    }
    let expired = good.replace("NotOnOrAfter=\"2026", "NotOnOrAfter=\"2025");
    assert_ne!(refuse_any(respond(&expired)), "enc.failed");
    // By its own signature, too.
    let foreign =
        Bench::signing(SignedParts::Assertion).response().template().replace(SP, "https://other.example.com/");
    let foreign = sign(&foreign, &TestKey::Rsa.signing_key().unwrap());
    let xml = around(SignedParts::Nothing, &sealed(&gcm(), element(&foreign, "Assertion")));
    refuse(judge(&xml), "profile.audience");
}

#[track_caller]
fn refuse_any(outcome: Result<Login, Rejection>) -> &'static str {
    outcome.err().unwrap().code()
}

#[test]
fn enc_005_cbc_by_policy() {
    let xml = usual(&cbc());
    refuse(judge(&xml), "enc.algorithm");
    accept(judge_with(&xml, cbc_policy(), &[OURS]));
    accept(judge(&around(SignedParts::Response, &sealed(&cbc(), assertion(SignedParts::Nothing)))));
    let unsolicited = |how: Encryption, policy: Policy| {
        let bench = Bench::signing(SignedParts::Assertion);
        let response = bench.idp.response(SP, ACS, now()).name_id(ALICE).encrypted(how, OURS.certificate_pem());
        judge_with(&response.xml().unwrap(), policy.with_unsolicited(Unsolicited::Accept), &[OURS])
    };
    accept(unsolicited(gcm(), cbc_policy()));
    refuse(unsolicited(cbc(), cbc_policy()), "enc.algorithm");
}

#[test]
fn enc_009_a_failed_decryption_costs_the_login() {
    let (store, sp, connections) = (MemoryStore::new(), sp(&[OURS]), [connection(cbc_policy())]);
    let started =
        block_on(start_login(&store, &sp, &connections[0], LoginStart::default(), now())).map_err(|_| ()).unwrap();
    let bench = Bench::signing(SignedParts::Assertion);
    let response = bench.response().in_response_to(started.keep.key().request().as_str());
    let good = response.encrypted(cbc(), OURS.certificate_pem()).xml().unwrap();
    let bad = altered(&good, |octets| octets[..32].to_vec());
    for (xml, code) in [(&bad, "enc.failed"), (&good, "flow.request_consumed")] {
        let form = BASE64_STANDARD.encode(xml);
        let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
        match block_on(finish_login(&store, &sp, &connections, arrival, now())) {
            Err(FlowError::Rejected(rejection)) => assert_eq!(rejection.code(), code),
            Ok(Arrived::Finished(_) | Arrived::Restarted(_)) | Err(_) => panic!("no {code}"),
        }
    }
}

#[test]
fn enc_007_enc_010_gcm_at_every_length() {
    let xml = usual(&gcm());
    accept(judge(&xml));
    let first = outward(&refuse(judge(&altered(&xml, |_| Vec::new())), "enc.failed"));
    let cut_by = (1..=16).map(|cut| altered(&xml, |octets| octets[..octets.len() - cut].to_vec()));
    let cut_to = [0, 11, 12, 13, 27, 28, 29].map(|length| altered(&xml, |octets| octets[..length].to_vec()));
    let keys = [0, 1, 255, 256, 257, 4000].map(|length| {
        let key = encrypted_key(&gcm());
        let value = element(&key, "CipherValue");
        let octets = BASE64_STANDARD.encode(vec![0x55; length]);
        let key = replace(&key, value, &format!("<xenc:CipherValue>{octets}</xenc:CipherValue>"));
        replace(&xml, element(&xml, "EncryptedKey"), &key)
    });
    for xml in cut_by.chain(cut_to).chain(keys) {
        assert_eq!(first, outward(&refuse(judge(&xml), "enc.failed")));
    }
}

/// A key service for an attacker would be one that tells these apart: a block that is larger than the modulus, one whose
/// first octet is not zero once decrypted, and one whose label has another hash (Manger's attack on OAEP).
#[test]
fn enc_007_no_kind_of_bad_oaep_is_told_from_another() {
    let xml = usual(&gcm());
    accept(judge(&xml));
    let with_octets = |octets: &[u8]| {
        let key = element(&xml, "EncryptedKey").to_owned();
        let value = format!("<xenc:CipherValue>{}</xenc:CipherValue>", BASE64_STANDARD.encode(octets));
        replace(&xml, &key, &replace(&key, element(&key, "CipherValue"), &value))
    };
    let octets = |how: &Encryption| BASE64_STANDARD.decode(text_of(&encrypted_key(how), "CipherValue")).unwrap();
    let other_label = octets(&gcm().label(b"label"));
    let other_digest = octets(&gcm().digest(&format!("{XENC}sha256")));
    let other_key = octets(&gcm());
    let pkcs1 = octets(&gcm().transport(&format!("{XENC}rsa-1_5")));
    // Of numbers below the modulus 255 in 256 decrypt to a first octet that is not zero.
    let first_octet_not_zero = (0..8_u8).map(|number| [vec![0, number], vec![0x5a; 254]].concat());
    let edges = [vec![0; 256], [vec![0; 255], vec![1]].concat(), vec![0xff; 256], vec![0; 255], vec![0; 257], vec![]];
    let first = outward(&refuse(judge(&altered(&xml, |_| Vec::new())), "enc.failed"));
    let all = [other_label, other_digest, other_key, pkcs1].into_iter().chain(first_octet_not_zero).chain(edges);
    for octets in all {
        assert_eq!(first, outward(&refuse(judge(&with_octets(&octets)), "enc.failed")), "{octets:02x?}");
    }
}

fn text_of<'x>(xml: &'x str, local: &str) -> &'x str {
    let element = element(xml, local);
    &element[element.find('>').unwrap() + 1..element.rfind("</").unwrap()]
}

/// The last octet says how long the padding is, 1 to a whole block, and the others may be anything.
#[test]
fn enc_011_padding_of_every_length() {
    let good = assertion(SignedParts::Assertion);
    let triple_des = gcm().cipher(&format!("{XENC}tripledes-cbc"));
    let policy = || cbc_policy().dangerous().allow_3des().into_policy();
    for (how, block) in [(cbc(), 16), (triple_des, 8)] {
        let padded = |plain: &str, padding: &[u8]| {
            let xml = around(SignedParts::Nothing, &sealed(&how.clone().padding(padding), plain));
            judge_with(&xml, policy(), &[OURS])
        };
        // White space in a tag is none of the content.
        let filled = |fill: usize| replace(&good, "<saml:Assertion ", &format!("<saml:Assertion {}", " ".repeat(fill)));
        let missing = |plain: &str| block - plain.len() % block;
        for fill in 0..block {
            let plain = filled(fill);
            let length = missing(&plain);
            let padding = [vec![0xa5; length - 1], vec![u8::try_from(length).unwrap()]].concat();
            accept(padded(&plain, &padding));
        }
        let whole = filled((0..block).find(|fill| missing(&filled(*fill)) == block).unwrap());
        let first =
            outward(&refuse(judge_with(&altered(&usual(&how), |_| Vec::new()), policy(), &[OURS]), "enc.failed"));
        for last in [0, block + 1, 127, 255] {
            let padding = [vec![0; block - 1], vec![u8::try_from(last).unwrap()]].concat();
            assert_eq!(first, outward(&refuse(padded(&whole, &padding), "enc.failed")), "{last}");
        }
        for length in [0, 1, block - 1, block, block + 1, 2 * block - 1, 2 * block] {
            let cut = altered(&usual(&how), |octets| octets[..length].to_vec());
            assert_eq!(first, outward(&refuse(judge_with(&cut, policy(), &[OURS]), "enc.failed")), "{length}");
        }
    }
}

#[test]
fn enc_012_content_keys_of_another_length() {
    accept(judge(&usual(&gcm().content_key(&[7; 32]))));
    for length in [0, 1, 16, 24, 31, 33] {
        refuse(judge(&usual(&gcm().content_key(&vec![7; length]))), "enc.failed");
    }
}

#[test]
fn enc_013_unknown_algorithms() {
    let xml = usual(&gcm());
    accept(judge(&xml));
    for uri in
        ["", "urn:x", &format!("{XENC}tripledes-cbc"), &format!("{XENC}kw-aes256"), &format!("{XENC11}ConcatKDF")]
    {
        refuse(judge(&xml.replace(&format!("{XENC11}aes256-gcm"), uri)), "enc.algorithm");
        refuse(judge(&xml.replace(&format!("{XENC}rsa-oaep-mgf1p"), uri)), "enc.algorithm");
    }
    for method in [element(&xml, "EncryptionMethod"), element(element(&xml, "EncryptedKey"), "EncryptionMethod")] {
        refuse(judge(&without(&xml, method)), "enc.structure");
        refuse(judge(&replace(&xml, method, "<xenc:EncryptionMethod/>")), "enc.algorithm");
    }
    let old = around(
        SignedParts::Response,
        &sealed(&gcm().cipher(&format!("{XENC}tripledes-cbc")), assertion(SignedParts::Nothing)),
    );
    refuse(judge(&old), "enc.algorithm");
    accept(judge_with(&old, Policy::strict().dangerous().allow_3des().into_policy(), &[OURS]));
}

/// Nothing but RSA leads to a content key: no key wrapped with another, no key agreement, no derivation and its iterations.
#[test]
fn enc_013_no_other_way_to_a_content_key() {
    let xml = usual(&gcm());
    accept(judge(&xml));
    let transport = format!("{XENC}rsa-oaep-mgf1p");
    for uri in [
        format!("{XENC}kw-aes128"),
        format!("{XENC}kw-aes192"),
        format!("{XENC}kw-tripledes"),
        format!("{XENC11}kw-aes-128-pad"),
        format!("{XENC}dh"),
        format!("{XENC11}dh-es"),
        format!("{XENC11}ECDH-ES"),
        format!("{XENC11}pbkdf2"),
        format!("{XENC}RSA-OAEP-MGF1P"),
        format!("{transport} "),
    ] {
        refuse(judge(&xml.replace(&transport, &uri)), "enc.algorithm");
    }
    let params =
        "<xenc11:PBKDF2-params><xenc11:IterationCount>4294967295</xenc11:IterationCount></xenc11:PBKDF2-params>";
    let derived = format!(
        "<xenc11:DerivedKey xmlns:xenc11=\"{XENC11}\"><xenc11:KeyDerivationMethod Algorithm=\"{XENC11}pbkdf2\">{params}\
         </xenc11:KeyDerivationMethod></xenc11:DerivedKey>"
    );
    let agreement = format!(
        "<xenc:AgreementMethod xmlns:xenc=\"{XENC}\" Algorithm=\"{XENC11}ECDH-ES\">{derived}</xenc:AgreementMethod>"
    );
    let key = element(&xml, "EncryptedKey").to_owned();
    for other in [&derived, &agreement] {
        // Alone it is no key; beside one that is, nobody looks at it; in place of one inside a key it is refused.
        refuse(judge(&replace(&xml, &key, other)), "enc.structure");
        accept(judge(&replace(&xml, &key, &format!("{other}{key}"))));
    }
    let info = format!("<ds:KeyInfo xmlns:ds=\"{DS}\">{agreement}</ds:KeyInfo><xenc:CipherData>");
    refuse(judge(&replace(&xml, &key, &replace(&key, "<xenc:CipherData>", &info))), "enc.structure");
}

/// A policy that asks for encryption is not to be satisfied with less.
#[test]
fn enc_028_a_plain_assertion_where_an_encrypted_one_is_due() {
    let demanding = || Policy::strict().with_encryption_rule(EncryptionRule::Encrypted);
    accept(judge_with(&usual(&gcm()), demanding(), &[OURS]));
    for parts in [SignedParts::Assertion, SignedParts::Response, SignedParts::Both] {
        let plain = sign(&template(parts), &TestKey::Rsa.signing_key().unwrap());
        refuse(judge_with(&plain, demanding(), &[OURS]), "profile.encryption_required");
        accept(judge_with(&plain, Policy::strict(), &[OURS]));
    }
}

#[test]
fn enc_014_every_cipher_and_oaep() {
    for cipher in ["aes128", "aes192", "aes256"] {
        accept(judge(&usual(&gcm().cipher(&format!("{XENC11}{cipher}-gcm")))));
        accept(judge_with(&usual(&gcm().cipher(&format!("{XENC}{cipher}-cbc"))), cbc_policy(), &[OURS]));
    }
    let digests = [
        "http://www.w3.org/2000/09/xmldsig#sha1",
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    ];
    for digest in digests {
        accept(judge(&usual(&gcm().digest(digest).label(b"label"))));
        for mgf in ["mgf1sha1", "mgf1sha256", "mgf1sha384", "mgf1sha512"] {
            let how = gcm().digest(digest).mgf(&format!("{XENC11}{mgf}"));
            accept(judge(&usual(&how.clone().transport(&format!("{XENC11}rsa-oaep")))));
            let contradicts = judge(&usual(&how));
            if mgf == "mgf1sha1" {
                accept(contradicts);
            } else {
                refuse(contradicts, "enc.algorithm");
            }
        }
    }
    let labelled = usual(&gcm().label(b"label"));
    refuse(judge(&labelled.replace(&BASE64_STANDARD.encode("label"), "AAAA")), "enc.failed");
    let twice = format!("{0}{0}", element(&labelled, "OAEPparams"));
    refuse(judge(&replace(&labelled, element(&labelled, "OAEPparams"), &twice)), "enc.structure");
}

#[test]
fn enc_015_enc_033_cipher_data() {
    let xml = usual(&gcm());
    accept(judge(&xml));
    let reference = "<xenc:CipherReference URI=\"file:///etc/passwd\"/>";
    let key = element(&xml, "EncryptedKey").to_owned();
    refuse(judge(&replace(&xml, element(&key, "CipherValue"), reference)), "enc.cipher_reference");
    let rest = replace(&xml, &key, "<hidden/>");
    let content = replace(&rest, element(&rest, "CipherValue"), reference).replace("<hidden/>", &key);
    refuse(judge(&content), "enc.cipher_reference");
    accept(judge(&xml.replace("<xenc:CipherValue>", "<xenc:CipherValue>\n ")));
    for junk in ["!", "="] {
        let xml = xml.replace("<xenc:CipherValue>", &format!("<xenc:CipherValue>{junk}"));
        refuse(judge(&xml), "enc.structure");
    }
}

#[test]
fn enc_016_keys_that_lead_to_keys() {
    let xml = usual(&gcm());
    accept(judge(&xml));
    let key = element(&xml, "EncryptedKey").to_owned();
    let inner = key.replace("_key", "_inner");
    for nested in [inner.as_str(), "<ds:RetrievalMethod URI=\"#_key\"/>", "<ds:KeyInfoReference URI=\"#_key\"/>"] {
        let info = format!("<ds:KeyInfo xmlns:ds=\"{DS}\">{nested}</ds:KeyInfo>");
        refuse(
            judge(&replace(&xml, &key, &replace(&key, "<xenc:CipherData>", &format!("{info}<xenc:CipherData>")))),
            "enc.structure",
        );
    }
    let named = |element: &str| replace(&xml, &key, &format!("{element}{key}"));
    refuse(judge(&named("<ds:RetrievalMethod URI=\"#_key\"/>")), "enc.structure");
    refuse(judge(&named("<ds:KeyInfoReference URI=\"#_key\"/>")), "enc.structure");
    accept(judge(&named("<ds:KeyName>hint</ds:KeyName>")));
}

#[test]
fn enc_016_depth_and_loops() {
    let xml = usual(&gcm());
    accept(judge(&xml));
    let key = element(&xml, "EncryptedKey").to_owned();
    let nested = |depth: usize| {
        let info = |index: usize| {
            format!(
                "<ds:KeyInfo xmlns:ds=\"{DS}\">{}",
                key.replace("_key", &format!("_{index}")).replacen("<xenc:CipherData>", "{}<xenc:CipherData>", 1)
            )
        };
        let deepest = String::new();
        let inner = (0..depth).fold(deepest, |inner, index| info(index).replacen("{}", &inner, 1) + "</ds:KeyInfo>");
        judge(&replace(&xml, &key, &replace(&key, "<xenc:CipherData>", &format!("{inner}<xenc:CipherData>"))))
    };
    accept(nested(0));
    refuse(nested(1), "enc.structure");
    refuse(nested(8), "enc.structure");
    // The parser's limit comes before.
    assert!(["xml.limit_depth", "xml.limit_size"].contains(&refuse_any(nested(1000))));
    // A to B, B to A: neither is followed, also not where the first step is right.
    let referenced = usual(&gcm().placement(KeyPlacement::Referenced));
    let key = element(&referenced, "EncryptedKey").to_owned();
    let to = |id: &str, target: &str| {
        let info = format!("<ds:KeyInfo xmlns:ds=\"{DS}\"><ds:RetrievalMethod URI=\"#{target}\"/></ds:KeyInfo>");
        replace(&key, "<xenc:CipherData>", &format!("{info}<xenc:CipherData>")).replace("_key", id)
    };
    refuse(judge(&replace(&referenced, &key, &to("_key", "_key"))), "enc.structure");
    refuse(judge(&replace(&referenced, &key, &format!("{}{}", to("_key", "_b"), to("_b", "_key")))), "enc.structure");
    accept(judge(&replace(&referenced, &key, &format!("{key}{}", to("_b", "_key")))));
}

#[test]
fn enc_017_many_keys() {
    let xml = usual(&gcm());
    let key = element(&xml, "EncryptedKey").to_owned();
    let other = |index: usize| key.replace("_key", &format!("_key{index}"));
    let with = |count: usize| replace(&xml, &key, &format!("{key}{}", (0..count).map(other).collect::<String>()));
    accept(judge(&with(3)));
    refuse(judge(&with(4)), "enc.too_many_keys");
    refuse(judge(&with(1000)), "enc.too_many_keys");
    let referenced = usual(&gcm().placement(KeyPlacement::Referenced));
    let method = element(&referenced, "RetrievalMethod").to_owned();
    refuse(judge(&replace(&referenced, &method, &method.repeat(4000))), "enc.too_many_keys");
    // Two operations for each key of ours, whatever else is there.
    let strange = element(&gcm().encrypt("", TestKey::Rsa.certificate_pem()).unwrap(), "EncryptedKey")
        .replace("_key", "_strange");
    let behind = |count: usize| {
        let before: String = (0..count).map(|index| strange.replace("_strange", &format!("_strange{index}"))).collect();
        judge(&replace(&xml, &key, &format!("{before}{key}")))
    };
    accept(behind(1));
    refuse(behind(2), "enc.failed");
}

#[test]
fn enc_018_recipients() {
    accept(judge(&usual(&gcm().recipient(SP))));
    refuse(judge(&usual(&gcm().recipient("https://other.example.com/"))), "enc.structure");
    let xml = usual(&gcm().recipient(SP));
    let key = element(&xml, "EncryptedKey").to_owned();
    let others: String = (0..6)
        .map(|index| key.replace("_key", &format!("_key{index}")).replace(SP, &format!("https://{index}.example.com/")))
        .collect();
    accept(judge(&replace(&xml, &key, &format!("{others}{key}"))));
}

#[test]
fn enc_019_the_key_beside_the_data() {
    for placement in [KeyPlacement::Inside, KeyPlacement::Sibling, KeyPlacement::Referenced] {
        accept(judge(&usual(&gcm().placement(placement))));
    }
    let xml = usual(&gcm().placement(KeyPlacement::Referenced));
    for uri in ["#other", "https://x.example.com/#_key", "", "_key"] {
        refuse(judge(&xml.replace("URI=\"#_key\"", &format!("URI=\"{uri}\""))), "enc.structure");
    }
    // Nothing says where the key is: it is the one that stands beside. Where none does, there is none.
    let silent = |placement| {
        let xml = usual(&gcm().placement(placement));
        let data = element(&xml, "EncryptedData").to_owned();
        let without = data.find("<ds:KeyInfo").map(|start| {
            let end =
                data.rfind("</ds:KeyInfo>").map_or_else(|| start + data[start..].find("/>").unwrap() + 2, |at| at + 13);
            format!("{}{}", &data[..start], &data[end..])
        });
        without.map_or(xml.clone(), |without| replace(&xml, &data, &without))
    };
    accept(judge(&silent(KeyPlacement::Sibling)));
    refuse(judge(&silent(KeyPlacement::Inside)), "enc.structure");
    let method = element(&xml, "RetrievalMethod").to_owned();
    let transforms = replace(&method, "/>", "><ds:Transforms/></ds:RetrievalMethod>");
    refuse(judge(&replace(&xml, &method, &transforms)), "enc.structure");
}

#[test]
fn enc_021_prefixes_of_the_parent() {
    let declared = format!(" xmlns:saml=\"{SAML}\"");
    let signed = assertion(SignedParts::Assertion);
    accept(judge(&around(SignedParts::Nothing, &sealed(&gcm(), replace(&signed, &declared, "")))));
    let undeclared = signed.replace("<saml:", "<nobody:").replace("</saml:", "</nobody:").replace(&declared, "");
    refuse(judge(&around(SignedParts::Nothing, &sealed(&gcm(), undeclared))), "enc.failed");
}

#[test]
fn enc_023_elements_only() {
    let xml = usual(&gcm());
    let kind = format!(" Type=\"{XENC}Element\"");
    accept(judge(&xml.replace(&kind, "")));
    accept(judge(&xml.replace(&kind, &format!("{kind} MimeType=\"text/xml\""))));
    for other in [format!("{XENC}Content"), "urn:x".to_owned(), String::new()] {
        refuse(judge(&xml.replace(&kind, &format!(" Type=\"{other}\""))), "enc.structure");
    }
    refuse(judge(&xml.replace(&kind, &format!("{kind} Other=\"x\""))), "enc.structure");
}

#[test]
fn enc_024_ids_inside_and_outside() {
    let xml = |id: &str| {
        around(SignedParts::Response, &sealed(&gcm(), assertion(SignedParts::Nothing).replace("_assertion", id)))
    };
    accept(judge(&xml("_fresh")));
    refuse(judge(&xml("_response")), "enc.failed");
    refuse(judge(&xml("_key")), "enc.failed");
}

#[test]
fn enc_025_signatures_come_before_keys() {
    for parts in [SignedParts::Response, SignedParts::Both] {
        let inner = if parts == SignedParts::Both { SignedParts::Assertion } else { SignedParts::Nothing };
        let xml = around(parts, &sealed(&gcm(), assertion(inner)));
        accept(judge(&xml));
        let bad = altered(&xml, |mut octets| {
            octets[30] ^= 1;
            octets
        });
        refuse(judge(&bad), "dsig.digest_mismatch");
        // No key is asked for before.
        refuse(judge_with(&bad, Policy::strict(), &[]), "dsig.digest_mismatch");
    }
}

#[test]
fn enc_026_ciphertext_of_another_login() {
    let bench = Bench::signing(SignedParts::Assertion);
    let theirs = bench.response().in_response_to("_other").encrypted(gcm(), OURS.certificate_pem()).xml().unwrap();
    let moved = around(SignedParts::Nothing, element(&theirs, "EncryptedAssertion"));
    refuse(judge(&moved), "profile.in_response_to");
    accept(judge(&usual(&gcm())));
}

#[test]
fn enc_027_names_and_attributes() {
    let template = template(SignedParts::Assertion);
    let signed = |xml: &str| judge(&sign(xml, &TestKey::Rsa.signing_key().unwrap()));
    let name = element(&template, "NameID").to_owned();
    let declared = |xml: &str| xml.replacen(' ', &format!(" xmlns:saml=\"{SAML}\" "), 1);
    let hide = |kind: &str, plain: &str| {
        gcm().wrapped(kind, declared(plain), OURS.certificate_pem()).unwrap().replace("_key", &format!("_{kind}"))
    };
    let secret_name = hide("EncryptedID", &name);
    accept(signed(&replace(&template, &name, &secret_name)));
    refuse(signed(&replace(&template, &name, &format!("{name}{secret_name}"))), "schema.cardinality");
    let damaged = altered(&secret_name, |octets| octets[..40].to_vec());
    refuse(signed(&replace(&template, &name, &damaged)), "enc.failed");
    let xml = sign(&replace(&template, &name, &secret_name), &TestKey::Rsa.signing_key().unwrap());
    let other = hide("EncryptedID", &name.replace(ALICE, ADMIN));
    refuse(judge(&replace(&xml, element(&xml, "EncryptedID"), &other)), "dsig.digest_mismatch");
    let attribute = element(&template, "Attribute").to_owned();
    let secret = hide("EncryptedAttribute", &attribute);
    let login = accept(signed(&replace(&template, &attribute, &secret)));
    assert_eq!(login.attributes()[0].name(), "groups");
    assert_eq!(login.attributes()[0].values()[0].as_text(), Some("staff"));
    refuse(signed(&replace(&template, &attribute, &hide("EncryptedAttribute", &name))), "enc.failed");
    // Each costs private-key operations.
    let many = |count: usize| {
        let secrets = (0..count).map(|n| secret.replace("_EncryptedAttribute", &format!("_a{n}")));
        signed(&replace(&template, &attribute, &secrets.collect::<String>()))
    };
    accept(many(16));
    refuse(many(17), "enc.too_many_keys");
}

#[test]
fn enc_029_keys_of_ours() {
    let xml = usual(&gcm());
    refuse(judge_with(&xml, Policy::strict(), &[]), "enc.not_configured");
    accept(judge_with(&xml, Policy::strict(), &[OURS]));
    accept(judge_with(&xml, Policy::strict(), &[TestKey::Rsa, OURS]));
    accept(judge_with(&xml, Policy::strict(), &[OURS, TestKey::Rsa]));
    refuse(judge_with(&xml, Policy::strict(), &[TestKey::Rsa]), "enc.failed");
    // Garbage of the wrong key is not taken for the plaintext, though it is well padded one time in sixteen.
    let policy = || cbc_policy().dangerous().allow_rsa1_5().into_policy();
    for _ in 0..40 {
        let xml = usual(&cbc().transport(&format!("{XENC}rsa-1_5")));
        accept(judge_with(&xml, policy(), &[TestKey::Rsa, OURS]));
    }
}

#[test]
fn enc_031_more_than_fits() {
    accept(judge(&usual(&gcm())));
    let large = usual(&gcm()).replace("<xenc:CipherValue>", &format!("<xenc:CipherValue>{}", "A".repeat(1 << 20)));
    refuse(judge(&large), "xml.limit_size");
}
