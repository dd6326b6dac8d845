use super::{AddressClass, MetadataUrl, Validators};

const CLASSES: &[(AddressClass, &str)] = &[
    (
        AddressClass::Public,
        "1.0.0.0 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 168.63.129.15 172.15.255.255 \
         172.32.0.0 192.0.1.0 198.17.255.255 198.20.0.0 223.255.255.255 2000::1 2001:200::1 \
         2606:4700::1111 3ffe::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8",
    ),
    (AddressClass::Unspecified, "0.0.0.0 0.255.255.255 :: ::ffff:0.0.0.0 64:ff9b::"),
    (AddressClass::Loopback, "127.0.0.1 127.0.0.0 127.255.255.255 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1"),
    (
        AddressClass::Private,
        "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 ::ffff:10.0.0.1 \
         64:ff9b::a00:1",
    ),
    (AddressClass::Shared, "100.64.0.0 100.100.100.200 100.127.255.255"),
    (AddressClass::LinkLocal, "169.254.0.0 169.254.169.254 fe80::1 febf::1 ::ffff:a9fe:a9fe"),
    (AddressClass::UniqueLocal, "fc00:: fd00:ec2::254 fdff::1"),
    (AddressClass::SiteLocal, "fec0::1 feff::1"),
    (AddressClass::Documentation, "192.0.2.1 198.51.100.1 203.0.113.255 2001:db8::1 3fff::1 3fff:fff::1"),
    (AddressClass::Multicast, "224.0.0.1 239.255.255.255 255.255.255.255 ff02::1"),
    (AddressClass::Transition, "192.88.99.1 ::2 ::7f00:1 64:ff9b:1::1 2001::1 2002:7f00:1::1 2002:808:808::1"),
    (AddressClass::Platform, "168.63.129.16"),
    (
        AddressClass::Reserved,
        "192.0.0.1 198.18.0.0 198.19.255.255 240.0.0.0 255.255.255.254 2001:10::1 100::1 64:ff9b:2::1 \
         4000::1 5f00::1 fe00::1 1fff::1 64:ff9b::1:0:0",
    ),
];

/// MD-009: every range of the registries, by its first and last address where it has both.
#[test]
fn md_009_addresses_by_class() {
    for (class, addresses) in CLASSES {
        for address in addresses.split_whitespace() {
            assert_eq!(AddressClass::of(address.parse().unwrap()), *class, "{address}");
        }
    }
}

/// MD-009: what a URL is refused for before any name is looked up.
#[test]
fn md_009_urls_by_code() {
    for (url, code) in [
        ("", "fetch.url"),
        ("idp.example.com/metadata", "fetch.url"),
        ("/etc/passwd", "fetch.url"),
        ("C:\\metadata.xml", "fetch.url"),
        ("https://", "fetch.url"),
        ("https://./", "fetch.url"),
        ("https://idp.example.com\\@127.0.0.1/", "fetch.url"),
        ("https://idp.exam\nple.com/", "fetch.url"),
        ("https://idp.example.com/ HTTP/1.1", "fetch.url"),
        ("file:///etc/passwd", "fetch.scheme"),
        ("gopher://127.0.0.1:70/_x", "fetch.scheme"),
        ("ftp://idp.example.com/metadata", "fetch.scheme"),
        ("data:text/xml,x", "fetch.scheme"),
        ("javascript:alert(1)", "fetch.scheme"),
        ("http://idp.example.com/", "fetch.scheme"),
        ("https://user@idp.example.com/", "fetch.userinfo"),
        ("https://user:word@idp.example.com/", "fetch.userinfo"),
        ("https://:word@idp.example.com/", "fetch.userinfo"),
        ("https://idp.example.com@127.0.0.1/", "fetch.userinfo"),
        ("https://idp.example.com/#fragment", "fetch.fragment"),
        ("https://idp.example.com:22/", "fetch.port"),
        ("https://idp.example.com:80/", "fetch.port"),
        ("https://idp.example.com:1023/", "fetch.port"),
        ("https://idp.example.com:0/", "fetch.port"),
    ] {
        assert_eq!(MetadataUrl::new(url).unwrap_err().code(), code, "{url}");
        let lenient = MetadataUrl::dangerous_allow_http(url).map_err(|error| error.code());
        let with_http = if url.starts_with("http:") { Ok(()) } else { Err(code) };
        assert_eq!(lenient.map(|_| ()), with_http, "{url}");
    }
    for (url, host, port) in [
        ("https://idp.example.com/metadata?a=b", "idp.example.com", 443),
        (" https://IDP.example.com:8443/\n", "idp.example.com", 8443),
        ("https://idp.example.com:1024/", "idp.example.com", 1024),
        ("https://idp.example.com./", "idp.example.com", 443),
        ("https://bücher.example/", "xn--bcher-kva.example", 443),
    ] {
        let url = MetadataUrl::new(url).unwrap();
        assert_eq!((url.host(), url.port()), (host, port));
    }
}

/// MD-009: other spellings of an address are that address.
#[test]
fn md_009_spellings_of_an_address() {
    for url in [
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://127。0。0。1/",
        "https://１２７.0.0.1/",
        "https://%31%32%37.0.0.1/",
    ] {
        assert_eq!(MetadataUrl::new(url).unwrap().host(), "127.0.0.1", "{url}");
    }
    assert_eq!(MetadataUrl::new("https://[::ffff:127.0.0.1]/").unwrap().host(), "[::ffff:7f00:1]");
    assert_eq!(MetadataUrl::new("https://[fe80::1%25eth0]/").unwrap_err().code(), "fetch.url");
}

#[test]
fn redirects_follow_the_rules_of_their_url() {
    let from = MetadataUrl::new("https://idp.example.com/a/b?c").unwrap();
    for (location, target) in [
        ("d", "https://idp.example.com/a/d"),
        ("/d#e", "https://idp.example.com/d"),
        ("//other.example.com/", "https://other.example.com/"),
        ("https://other.example.com:8443/", "https://other.example.com:8443/"),
    ] {
        assert_eq!(from.redirected(location).unwrap().as_str(), target);
    }
    for (location, code) in [
        ("http://idp.example.com/", "fetch.scheme"),
        ("file:///etc/passwd", "fetch.scheme"),
        ("https://user@idp.example.com/", "fetch.userinfo"),
        ("https://idp.example.com:25/", "fetch.port"),
        ("https://[/", "fetch.url"),
    ] {
        assert_eq!(from.redirected(location).unwrap_err().code(), code, "{location}");
    }
    let plain = MetadataUrl::dangerous_allow_http("http://idp.example.com/").unwrap();
    assert!(plain.redirected("https://idp.example.com/").unwrap().redirected("http://idp.example.com/").is_ok());
}

#[test]
fn validators_can_stand_in_a_header() {
    let known = Validators::none().with_etag("W/\"a b\"").with_last_modified("Thu, 01 Jan 2026 00:00:00 GMT");
    assert_eq!(known.etag(), Some("W/\"a b\""));
    assert_eq!(known.last_modified(), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
    for broken in ["", "a\r\nCookie: b", "ä", "\0", &"a".repeat(1025)] {
        assert!(Validators::none().with_etag(broken).with_last_modified(broken).is_empty(), "{broken:?}");
    }
}
