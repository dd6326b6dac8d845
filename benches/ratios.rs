//! How much a validated Response costs beside what can't be left out: base64, SHA-256 over the message, and one RSA
//! verification a signature. Both sides run interleaved in one process; the best batch of each counts.
//!
//! The bare part is done by the provider that the crate uses, so there is one pair of figures for each:
//! `cargo bench --bench ratios` and `cargo bench --bench ratios --features aws-lc-rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a bench"
)]

mod interleaved;
mod validation;

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use interleaved::interleaved;
use saml_sp::Policy;
use saml_sp::testing::SignedParts;
use validation::{form_value, idp, validation};

const RUNS: u32 = 40;

fn main() {
    println!("provider {}", provider::NAME);
    row("one_signed_assertion", SignedParts::Assertion, 10, 1);
    row("response_and_assertion_signed", SignedParts::Both, 10, 2);
    row("200_attributes", SignedParts::Assertion, 200, 1);
    threads();
    for attributes in [1, 4, 16, 64, 256, 1024, 4096, 12_288] {
        row(&format!("sweep_{attributes}_attributes"), SignedParts::Assertion, attributes, 1);
    }
    #[cfg(feature = "xmlsec")]
    for (name, signed, attributes) in [
        ("one_signed_assertion", SignedParts::Assertion, 10),
        ("response_and_assertion_signed", SignedParts::Both, 10),
        ("200_attributes", SignedParts::Assertion, 200),
    ] {
        second_opinion(name, signed, attributes);
    }
}

fn row(name: &str, signed: SignedParts, attributes: usize, signatures: u32) {
    let idp = idp();
    let form = form_value(&idp, signed, attributes);
    let validate = validation(&idp, Policy::strict(), &form);
    let bare = Bare::new();
    let bare = || bare.run(&form, signatures);
    let runs = u32::try_from(form.len() / 100_000).unwrap();
    let (ours, floor) = interleaved((RUNS / runs.max(1)).max(1), validate, bare);
    let ratio = ours.as_secs_f64() / floor.as_secs_f64();
    println!(
        "ratio {name} {ratio:.2}   ({} bytes of XML: {:.1} us, bare {:.1} us)",
        form.len() * 3 / 4,
        ours.as_secs_f64() * 1e6,
        floor.as_secs_f64() * 1e6,
    );
}

/// How many times as many Responses two threads validate in the same time over one service provider and connection, and
/// how many times as much two threads get done that share nothing but the key: a machine may have less than two processors.
fn threads() {
    let idp = idp();
    let form = form_value(&idp, SignedParts::Assertion, 10);
    let validate = validation(&idp, Policy::strict(), &form);
    let bare = Bare::new();
    let (ours, floor) = (speedup(&validate), speedup(&|| bare.run(&form, 1)));
    println!("two threads {ours:.2} times one, bare {floor:.2}");
}

fn speedup(run: &(dyn Fn() + Sync)) -> f64 {
    let round = |threads: usize| {
        let start = Instant::now();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..500).for_each(|_| run()));
            }
        });
        start.elapsed().as_secs_f64()
    };
    let (mut one, mut two) = (f64::MAX, f64::MAX);
    for _ in 0..40 {
        (one, two) = (one.min(round(1)), two.min(round(2)));
    }
    2.0 * one / two
}

/// What a Response costs with a second opinion beside what it costs without.
#[cfg(feature = "xmlsec")]
fn second_opinion(name: &str, signed: SignedParts, attributes: usize) {
    let idp = idp();
    let form = form_value(&idp, signed, attributes);
    let required = Policy::strict().with_second_opinion(saml_sp::SecondOpinion::Required);
    let (with, without) =
        interleaved(RUNS, validation(&idp, required, &form), validation(&idp, Policy::strict(), &form));
    println!(
        "second opinion {name} {:.2}   ({:.1} us, without {:.1} us)",
        with.as_secs_f64() / without.as_secs_f64(),
        with.as_secs_f64() * 1e6,
        without.as_secs_f64() * 1e6,
    );
}

/// The irreducible part.
struct Bare(provider::Signed);

impl Bare {
    fn new() -> Self {
        Self(provider::Signed::new())
    }

    fn run(&self, form: &str, signatures: u32) {
        let octets = BASE64_STANDARD.decode(form).expect("base64");
        for _ in 0..signatures {
            black_box(provider::sha256(&octets));
            self.0.verify();
        }
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
mod provider {
    use rsa::pkcs8::DecodePrivateKey as _;
    use rsa::{Pkcs1v15Sign, PrivateKey, PublicKey};
    use saml_sp::testing::TestKey;
    use sha2::{Digest as _, Sha256};

    pub(super) const NAME: &str = "RustCrypto";

    pub(super) struct Signed {
        key: PublicKey,
        digest: Vec<u8>,
        signature: Vec<u8>,
    }

    impl Signed {
        pub(super) fn new() -> Self {
            let private = PrivateKey::from_pkcs8_pem(TestKey::Rsa.pem()).expect("the test key");
            let digest = sha256(b"SignedInfo").as_ref().to_vec();
            let signature = private.sign(Pkcs1v15Sign::new::<Sha256>(), &digest).expect("a signature");
            Self { key: private.to_public_key(), digest, signature }
        }

        pub(super) fn verify(&self) {
            let verdict = self.key.verify(Pkcs1v15Sign::new::<Sha256>(), &self.digest, &self.signature);
            verdict.expect("a valid signature");
        }
    }

    pub(super) fn sha256(octets: &[u8]) -> impl AsRef<[u8]> + use<> {
        Sha256::digest(octets)
    }
}

#[cfg(feature = "aws-lc-rs")]
mod provider {
    use aws_lc_rs::digest::{Digest, SHA256, digest};
    use aws_lc_rs::signature::{
        KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    };
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use saml_sp::testing::TestKey;

    pub(super) const NAME: &str = "aws-lc-rs";

    pub(super) struct Signed {
        key: ParsedPublicKey,
        digest: Digest,
        signature: Vec<u8>,
    }

    impl Signed {
        pub(super) fn new() -> Self {
            let body: String = TestKey::Rsa.pem().lines().filter(|line| !line.starts_with('-')).collect();
            let private = BASE64_STANDARD.decode(body).expect("base64");
            let private = RsaKeyPair::from_pkcs8(&private).expect("the test key");
            let digest = sha256(b"SignedInfo");
            let mut signature = vec![0; private.public_modulus_len()];
            private.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature).expect("a signature");
            let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, private.public_key()).expect("its public half");
            Self { key, digest, signature }
        }

        pub(super) fn verify(&self) {
            self.key.verify_digest_sig(&self.digest, &self.signature).expect("a valid signature");
        }
    }

    pub(super) fn sha256(octets: &[u8]) -> Digest {
        digest(&SHA256, octets)
    }
}
