//! How much an encrypted login and a signed request cost beside the RSA operations that can't be left out: one decryption
//! and one verification, or one signature, by the provider that the crate uses. Both sides run interleaved in one process; the
//! best batch of each counts.
//!
//! There is one set of figures for each provider: `cargo bench --bench crypto` and
//! `cargo bench --bench crypto --features aws-lc-rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a bench"
)]

mod interleaved;

use std::hint::black_box;

use chrono::{DateTime, Utc};
use interleaved::interleaved;
use saml_sp::login::{LoginStart, start_login};
use saml_sp::metadata::EndpointBinding;
use saml_sp::testing::{Encryption, FakeIdp, SignedParts, TestKey};
use saml_sp::{
    BrowserCookie, Connection, ConnectionId, EntityId, IdentityProvider, Limits, OrganizationId, PendingKey,
    PendingLogin, Policy, Received, RequestId, ServiceProvider,
};

const SP: &str = "https://app.example.com/saml/metadata/acme/";
const ACS: &str = "https://app.example.com/saml/acs/acme/";
const IDP: &str = "https://idp.example.com/";
const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
const RUNS: u32 = 10;

fn main() {
    println!("provider {}", provider::NAME);
    let bare = provider::Bare::new();
    let sha256 = Encryption::new()
        .transport(&format!("{XENC11}rsa-oaep"))
        .digest(&format!("{XENC}sha256"))
        .mgf(&format!("{XENC11}mgf1sha256"));
    let login = login_with(sha256);
    row("login_aes256_gcm_oaep_sha256", &login, &|| {
        bare.decrypt_oaep_sha256();
        bare.verify();
    });
    let login = login_with(Encryption::new().cipher(&format!("{XENC}aes128-cbc")));
    row("login_aes128_cbc_oaep_mgf1p", &login, &|| {
        bare.decrypt_oaep_sha1();
        bare.verify();
    });
    let sp = ServiceProvider::builder(OrganizationId::new("acme"), EntityId::new(SP), ACS);
    let signing = sp.clone().signing_key(TestKey::OtherRsa.signing_key().expect("the test key"));
    let [unsigned, signing] = [sp, signing].map(|sp| sp.build().expect("a service provider"));
    row("request_signed_in_query", &request_over(EndpointBinding::HttpRedirect, signing.clone()), &|| bare.sign());
    row("request_signed_in_message", &request_over(EndpointBinding::HttpPost, signing), &|| bare.sign());
    let (time, _) = interleaved(100, request_over(EndpointBinding::HttpRedirect, unsigned), || ());
    println!("request_unsigned_in_query {:.1} us", time.as_secs_f64() * 1e6);
}

fn row(name: &str, ours: &dyn Fn(), bare: &dyn Fn()) {
    let (ours, floor) = interleaved(RUNS, ours, bare);
    let ratio = ours.as_secs_f64() / floor.as_secs_f64();
    println!(
        "ratio {name} {ratio:.2}   ({:.1} us, bare {:.1} us)",
        ours.as_secs_f64() * 1e6,
        floor.as_secs_f64() * 1e6
    );
}

fn now() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().expect("an instant")
}

/// An assertion encrypted in a signed response, verified.
fn login_with(encryption: Encryption) -> impl Fn() {
    let idp = FakeIdp::rsa(IDP).expect("the test key");
    let response = idp.response(SP, ACS, now()).in_response_to("_request").signed(SignedParts::Response);
    let response = response.attribute("groups", &["staff", "admins"]);
    let response = response.encrypted(encryption, TestKey::OtherRsa.certificate_pem());
    let form = response.form_value().expect("a response");
    let sp = ServiceProvider::builder(OrganizationId::new("acme"), EntityId::new(SP), ACS)
        .decryption_key(TestKey::OtherRsa.decryption_key().expect("the test key"))
        .build()
        .expect("a service provider");
    let connection = connection(idp.identity_provider().expect("an identity provider"));
    let cookie = BrowserCookie::from_value(&"0".repeat(40)).expect("a cookie");
    move || {
        let Received::Solicited(response) = Received::from_post(&form, &Limits::message()).expect("a response") else {
            panic!("unsolicited")
        };
        let key = PendingKey::new(RequestId::new("_request"), ConnectionId::new("c"), cookie.binding());
        let pending = PendingLogin::new(key, now(), now() + chrono::TimeDelta::minutes(10));
        let bound = pending.returned_by(Some(&cookie)).expect("the same browser");
        let verified = response.verify(&sp, &connection, bound, now()).expect("a valid response");
        black_box(&verified);
    }
}

/// A login started with an AuthnRequest.
fn request_over(binding: EndpointBinding, sp: ServiceProvider) -> impl Fn() {
    let idp = IdentityProvider::builder(IDP, format!("{IDP}sso"))
        .sso_binding(binding)
        .certificate(TestKey::Rsa.certificate_pem())
        .build();
    let connection = connection(idp.expect("an identity provider"));
    move || {
        let started = start_login(&sp, &connection, LoginStart::default(), now()).expect("a request");
        black_box(&started);
    }
}

fn connection(idp: IdentityProvider) -> Connection {
    Connection::preconfigured(ConnectionId::new("c"), OrganizationId::new("acme"), idp, Policy::strict())
        .expect("a connection")
}

#[cfg(not(feature = "aws-lc-rs"))]
mod provider {
    use std::hint::black_box;

    use getrandom::SysRng;
    use rsa::pkcs8::DecodePrivateKey as _;
    use rsa::{Oaep, Pkcs1v15Sign, PrivateKey, PublicKey};
    use saml_sp::testing::TestKey;
    use sha1::Sha1;
    use sha2::{Digest as _, Sha256};

    pub(super) const NAME: &str = "RustCrypto";

    pub(super) struct Bare {
        key: PrivateKey,
        public: PublicKey,
        digest: Vec<u8>,
        signature: Vec<u8>,
        sealed_sha1: Vec<u8>,
        sealed_sha256: Vec<u8>,
    }

    impl Bare {
        pub(super) fn new() -> Self {
            let key = PrivateKey::from_pkcs8_pem(TestKey::Rsa.pem()).expect("the test key");
            let public = key.to_public_key();
            let digest = Sha256::digest(b"SignedInfo").to_vec();
            let signature = key.sign(Pkcs1v15Sign::new::<Sha256>(), &digest).expect("a signature");
            let sealed_sha1 = public.encrypt(&mut SysRng, Oaep::<Sha1>::new(), &[7; 16]).expect("a ciphertext");
            let sealed_sha256 = public.encrypt(&mut SysRng, Oaep::<Sha256>::new(), &[7; 32]).expect("a ciphertext");
            Self { key, public, digest, signature, sealed_sha1, sealed_sha256 }
        }

        pub(super) fn decrypt_oaep_sha1(&self) {
            black_box(self.key.decrypt(Oaep::<Sha1>::new(), &self.sealed_sha1).expect("a key"));
        }

        pub(super) fn decrypt_oaep_sha256(&self) {
            black_box(self.key.decrypt(Oaep::<Sha256>::new(), &self.sealed_sha256).expect("a key"));
        }

        pub(super) fn verify(&self) {
            let verdict = self.public.verify(Pkcs1v15Sign::new::<Sha256>(), &self.digest, &self.signature);
            verdict.expect("a valid signature");
        }

        pub(super) fn sign(&self) {
            let signature = self.key.sign_with_rng(&mut SysRng, Pkcs1v15Sign::new::<Sha256>(), &self.digest);
            black_box(signature.expect("a signature"));
        }
    }
}

#[cfg(feature = "aws-lc-rs")]
mod provider {
    use std::hint::black_box;

    use aws_lc_rs::digest::{Digest, SHA256, digest};
    use aws_lc_rs::rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
        PrivateDecryptingKey,
    };
    use aws_lc_rs::signature::{
        KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    };
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use saml_sp::testing::TestKey;

    pub(super) const NAME: &str = "aws-lc-rs";

    pub(super) struct Bare {
        signing: RsaKeyPair,
        decrypting: OaepPrivateDecryptingKey,
        verifying: ParsedPublicKey,
        digest: Digest,
        signature: Vec<u8>,
        sealed_sha1: Vec<u8>,
        sealed_sha256: Vec<u8>,
    }

    impl Bare {
        pub(super) fn new() -> Self {
            let body: String = TestKey::Rsa.pem().lines().filter(|line| !line.starts_with('-')).collect();
            let pkcs8 = BASE64_STANDARD.decode(body).expect("base64");
            let signing = RsaKeyPair::from_pkcs8(&pkcs8).expect("the test key");
            let decrypting = PrivateDecryptingKey::from_pkcs8(&pkcs8).expect("the test key");
            let public = OaepPublicEncryptingKey::new(decrypting.public_key()).expect("its public half");
            let (sealed_sha1, sealed_sha256) =
                (seal(&public, &OAEP_SHA1_MGF1SHA1, &[7; 16]), seal(&public, &OAEP_SHA256_MGF1SHA256, &[7; 32]));
            let digest = digest(&SHA256, b"SignedInfo");
            let signature = signed(&signing, &digest);
            let verifying = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, signing.public_key());
            let verifying = verifying.expect("its public half");
            let decrypting = OaepPrivateDecryptingKey::new(decrypting).expect("the test key");
            Self { signing, decrypting, verifying, digest, signature, sealed_sha1, sealed_sha256 }
        }

        pub(super) fn decrypt_oaep_sha1(&self) {
            self.decrypt(&OAEP_SHA1_MGF1SHA1, &self.sealed_sha1);
        }

        pub(super) fn decrypt_oaep_sha256(&self) {
            self.decrypt(&OAEP_SHA256_MGF1SHA256, &self.sealed_sha256);
        }

        fn decrypt(&self, oaep: &'static OaepAlgorithm, sealed: &[u8]) {
            let mut plain = vec![0; self.decrypting.min_output_size()];
            black_box(self.decrypting.decrypt(oaep, sealed, &mut plain, None).expect("a key"));
        }

        pub(super) fn verify(&self) {
            self.verifying.verify_digest_sig(&self.digest, &self.signature).expect("a valid signature");
        }

        pub(super) fn sign(&self) {
            black_box(signed(&self.signing, &self.digest));
        }
    }

    fn seal(key: &OaepPublicEncryptingKey, oaep: &'static OaepAlgorithm, plain: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; key.ciphertext_size()];
        key.encrypt(oaep, plain, &mut sealed, None).expect("a ciphertext");
        sealed
    }

    fn signed(key: &RsaKeyPair, digest: &Digest) -> Vec<u8> {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign_digest(&RSA_PKCS1_SHA256, digest, &mut signature).expect("a signature");
        signature
    }
}
