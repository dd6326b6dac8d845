//! Whether anybody outside can tell why a decryption failed: by the answer, which is asserted to be one, or by the time that
//! it takes, whose distributions are compared.
//!
//! `cargo bench --bench decryption_failures`, with or without `--features aws-lc-rs`; a number behind `--` says how many samples
//! to take of each class and its twin.
//!
//! Nothing here is signed, as where an attacker moves a victim's ciphertext into a response of their own. Samples are taken
//! in random order, each with one of several messages of its class, and every class is sampled twice, as if it were two: how
//! much those two differ is the noise. Two distributions differ when their Kolmogorov-Smirnov distance D is beyond what one
//! distribution shows in one run of a thousand. The distance is of each class to the first of its table. Time is that of the
//! processor in this thread: nothing waits here, so that it is what an attacker could see at best.
//!
//! What has to be alike, because it is what known attacks ask for:
//! - Bleichenbacher and Manger, on the content key: padding that is wrong, and padding that is right around some other
//!   content key. Whether anything beyond that is right doesn't matter to them. (`=` below, in all tables.)
//! - Vaudenay and Jager-Somorovsky, on content in CBC mode: padding that is wrong, and padding that is right around garbage
//!   (`=` below). An attacker who may alter ciphertext in CBC mode can go on by what is right in the XML: this is why CBC is
//!   refused unless a signature covers the ciphertext, or the policy of the connection says otherwise.
//!
//! The rest is alike as well: what can't be decrypted or parsed has a decoy of its length parsed instead.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    reason = "a bench"
)]

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use rustix::time::{ClockId, clock_gettime};
use saml_sp::testing::{Encryption, FakeIdp, SignedParts, TestKey};
use saml_sp::{
    BrowserCookie, Connection, ConnectionId, EntityId, Limits, OrganizationId, PendingKey, PendingLogin, Policy,
    Received, Rejection, Relaxation, RequestId, ServiceProvider,
};

const SP: &str = "https://app.example.com/saml/metadata/acme/";
const ACS: &str = "https://app.example.com/saml/acs/acme/";
const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const OURS: TestKey = TestKey::OtherRsa;
/// Of each class and its twin, unless it is said otherwise.
const SAMPLES: usize = 1000;
/// Messages of a class.
const VARIANTS: usize = 16;
/// Two distributions that are one are farther apart once in a thousand times, with as many samples of each.
const CRITICAL: f64 = 1.95;

fn main() {
    let gcm = Encryption::new();
    let rsa1_5 = Encryption::new().transport(&format!("{XENC}rsa-1_5"));
    let cbc = Encryption::new().cipher(&format!("{XENC}aes128-cbc"));
    let allow_rsa1_5 = Policy::strict().dangerous().allow_rsa1_5().into_policy();
    let samples = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(SAMPLES);
    let answers = [
        compare("AES-GCM, RSA-OAEP", &gcm, Policy::strict(), samples),
        compare("AES-GCM, RSA 1.5 (by policy)", &rsa1_5, allow_rsa1_5, samples),
        compare("AES-CBC, RSA-OAEP (by policy)", &cbc, Policy::strict().with_relaxation(Relaxation::Cbc), samples),
    ];
    assert!(answers.iter().all(|answer| *answer == answers[0]), "the outward answers differ");
    println!("\nThe outward answer was the same each time:\n{}", answers[0]);
}

struct Class {
    name: &'static str,
    /// Whether it has to be like the first of the table.
    alike: &'static str,
    messages: Vec<String>,
    times: [Vec<Duration>; 2],
}

/// Prints the distributions, and gives the outward answer.
fn compare(title: &str, how: &Encryption, policy: Policy, samples: usize) -> String {
    let host = Host::new(policy);
    let mut classes = classes(how);
    let answer = host.answer(&classes[0].messages[0]);
    for message in classes.iter().flat_map(|class| &class.messages) {
        assert_eq!(host.answer(message), answer, "the outward answers differ");
    }
    let mut random = Random(1);
    let mut order: Vec<usize> = (0..classes.len() * 2).flat_map(|twin| vec![twin; samples]).collect();
    random.shuffle(&mut order);
    for twin in order {
        let class = &mut classes[twin / 2];
        let message = &class.messages[random.below(VARIANTS)];
        let (took, _) = host.judge(message);
        class.times[twin % 2].push(took);
    }
    report(title, &classes);
    answer
}

fn report(title: &str, classes: &[Class]) {
    let critical = CRITICAL * (2.0 / classes[0].times[0].len() as f64).sqrt();
    println!("\n{title}: microseconds of processor; alike up to D = {critical:.3}");
    println!("{:2} {:38} {:>8} {:>8} {:>8} {:>7} {:>7}  verdict", "", "class", "p10", "median", "p90", "D", "control");
    for class in classes {
        let distance = distance(&class.times[1], &classes[0].times[0]);
        let mut sorted = class.times.concat();
        sorted.sort();
        let quantile = |tenth: usize| sorted[sorted.len() * tenth / 10].as_secs_f64() * 1e6;
        let verdict = if distance <= critical { "within noise" } else { "differs" };
        println!(
            "{:2} {:38} {:8.1} {:8.1} {:8.1} {distance:7.3} {:7.3}  {verdict}",
            class.alike,
            class.name,
            quantile(1),
            quantile(5),
            quantile(9),
            self::distance(&class.times[0], &class.times[1]),
        );
    }
}

/// Kolmogorov and Smirnov's: the largest difference of the two cumulative distributions.
fn distance(one: &[Duration], other: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, f64)> = one.iter().map(|time| (*time, 1.0 / one.len() as f64)).collect();
    all.extend(other.iter().map(|time| (*time, -1.0 / other.len() as f64)));
    all.sort_by_key(|(time, _)| *time);
    let (mut sum, mut largest) = (0.0_f64, 0.0_f64);
    for group in all.chunk_by(|a, b| a.0 == b.0) {
        sum += group.iter().map(|(_, step)| step).sum::<f64>();
        largest = largest.max(sum.abs());
    }
    largest
}

/// Everything that can go wrong, with messages of one length.
fn classes(how: &Encryption) -> Vec<Class> {
    let mut random = Random(2);
    let assertion = assertion();
    let good = |how: &Encryption| message(how, assertion.as_bytes(), OURS);
    let in_cbc = format!("{how:?}").contains("-cbc");
    let mut class = |name, alike, make: &dyn Fn(&mut Random) -> String| {
        let messages: Vec<String> = (0..VARIANTS).map(|_| make(&mut random)).collect();
        Class { name, alike, messages, times: [Vec::new(), Vec::new()] }
    };
    let altered = |at: usize, change: &dyn Fn(&mut Vec<u8>)| replace_value(&good(how), at, change);
    let mut classes = vec![
        class("key transport: right, another key", "=", &|_| {
            let other = values(&good(how))[0].clone();
            altered(0, &|octets| other.clone_into(octets))
        }),
        class("key transport: wrong padding", "=", &|random| {
            let octet = random.below(255) as u8 + 1;
            // The first octet stays: the number has to be below the modulus.
            altered(0, &|octets| octets[100] ^= octet)
        }),
        class("key transport: for somebody else", "=", &|_| {
            let mut other = values(&message(how, assertion.as_bytes(), TestKey::Rsa))[0].clone();
            other[0] = 0;
            altered(0, &|octets| other.clone_into(octets))
        }),
    ];
    classes.push(if in_cbc {
        class("content: wrong padding", "=", &|random| {
            let length = 16 - assertion.len() % 16;
            let garbage = random.octets(assertion.len());
            message(&how.clone().padding(&vec![0xff; length]), &garbage, OURS)
        })
    } else {
        class("content: wrong tag", "=", &|random| {
            let octet = random.below(255) as u8 + 1;
            altered(1, &|octets| *octets.last_mut().unwrap() ^= octet)
        })
    });
    classes.push(class("content: garbage", if in_cbc { "=" } else { "" }, &|random| {
        message(how, &random.octets(assertion.len()), OURS)
    }));
    classes.push(class("content: an assertion, unsigned", "", &|_| good(how)));
    classes
}

/// The service provider, its connection, and a browser.
struct Host {
    sp: ServiceProvider,
    connection: Connection,
    cookie: BrowserCookie,
}

impl Host {
    fn new(policy: Policy) -> Self {
        let sp = ServiceProvider::builder(OrganizationId::new("acme"), EntityId::new(SP), ACS)
            .decryption_key(OURS.decryption_key().expect("the test key"))
            .build()
            .expect("a service provider");
        let idp = idp().identity_provider().expect("an identity provider");
        let connection = Connection::preconfigured(ConnectionId::new("c"), OrganizationId::new("acme"), idp, policy)
            .expect("a connection");
        Self { sp, connection, cookie: BrowserCookie::from_value(&"0".repeat(40)).expect("a cookie") }
    }

    /// From the form value to the refusal.
    fn judge(&self, form: &str) -> (Duration, Rejection) {
        let key = PendingKey::new(RequestId::new("_request"), self.connection.id().clone(), self.cookie.binding());
        let pending = PendingLogin::new(key, now(), now() + TimeDelta::minutes(10));
        let bound = pending.returned_by(Some(&self.cookie)).expect("the same browser");
        let start = processor_time();
        let Received::Solicited(response) = Received::from_post(form, &Limits::message()).expect("a response") else {
            panic!("unsolicited")
        };
        let rejection = response.verify(&self.sp, &self.connection, bound, now()).expect_err("a refusal");
        (processor_time() - start, rejection)
    }

    /// Everything that a refusal shows.
    fn answer(&self, form: &str) -> String {
        let (_, rejection) = self.judge(form);
        assert_eq!(rejection.code(), "enc.failed");
        format!(
            "{rejection}\n{:?} {:?} {:?}\n{}{:?}",
            rejection.code(),
            rejection.category(),
            rejection.place(),
            rejection.report(),
            rejection.checks()
        )
    }
}

fn processor_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("a time that is not negative")
}

fn now() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().expect("an instant")
}

fn idp() -> FakeIdp {
    FakeIdp::rsa("https://idp.example.com/").expect("the test key")
}

fn template() -> String {
    let idp = idp();
    let response = idp.response(SP, ACS, now()).in_response_to("_request").assertion_id("_assertion");
    response.attribute("groups", &["staff", "admins"]).signed(SignedParts::Nothing).template()
}

fn assertion() -> String {
    let template = template();
    let (start, end) = (template.find("<saml:Assertion").unwrap(), template.find("</samlp:Response>").unwrap());
    template[start..end].to_owned()
}

/// The form value of a response around that plaintext.
fn message(how: &Encryption, plain: &[u8], key: TestKey) -> String {
    let sealed = how.wrapped("EncryptedAssertion", plain, key.certificate_pem()).expect("a ciphertext");
    BASE64_STANDARD.encode(template().replace(&assertion(), &sealed))
}

/// Where the CipherValues stand: of the key, and of the content.
fn spans(xml: &str) -> [(usize, usize); 2] {
    let mut starts = xml.match_indices("<xenc:CipherValue>").map(|(at, tag)| at + tag.len());
    let mut next = || {
        let start = starts.next().unwrap();
        (start, start + xml[start..].find('<').unwrap())
    };
    [next(), next()]
}

fn values(form: &str) -> [Vec<u8>; 2] {
    let xml = String::from_utf8(BASE64_STANDARD.decode(form).unwrap()).unwrap();
    spans(&xml).map(|(start, end)| BASE64_STANDARD.decode(&xml[start..end]).unwrap())
}

fn replace_value(form: &str, which: usize, change: &dyn Fn(&mut Vec<u8>)) -> String {
    let xml = String::from_utf8(BASE64_STANDARD.decode(form).unwrap()).unwrap();
    let mut octets = values(form)[which].clone();
    change(&mut octets);
    let (start, end) = spans(&xml)[which];
    BASE64_STANDARD.encode([&xml[..start], &BASE64_STANDARD.encode(octets), &xml[end..]].concat())
}

/// SplitMix64: the same order in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn octets(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    fn shuffle(&mut self, items: &mut [usize]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
