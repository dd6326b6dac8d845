//! Character classes of XML 1.0 (fifth edition) and the URI syntax demanded of namespace names.

/// White space as XML defines it (XML 1.0 §2.3, production S): nothing else separates anything.
pub(crate) const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Longest name in bytes; libxml2 gives up at 50,000.
pub(super) const LONGEST_NAME: usize = 10_000;

/// Removes XML white space at both ends, and only that.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(WHITE_SPACE)
}

/// Whether the text is XML white space only.
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_white_space)
}

pub(super) fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether some byte is of the kind. Looks at whole blocks, which compiles to vector instructions if `kind` does not branch.
fn any_byte(text: &str, kind: impl Fn(u8) -> bool) -> bool {
    let (blocks, rest) = text.as_bytes().as_chunks::<64>();
    let has_any = |block: &[u8]| block.iter().fold(false, |found, byte| found | kind(*byte));
    blocks.iter().any(|block| has_any(block)) || has_any(rest)
}

/// Where the first of these bytes stands.
pub(crate) fn find_any<const N: usize>(bytes: &[u8], wanted: [u8; N]) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<16>();
    for (number, block) in blocks.iter().enumerate() {
        // A mark a byte, the first of them lowest.
        let marks = u128::from_le_bytes(marks(block, wanted));
        if marks != 0 {
            return Some(number.saturating_mul(16).saturating_add(marks.trailing_zeros() as usize / 8));
        }
    }
    let within = rest.iter().position(|byte| wanted.contains(byte))?;
    Some(blocks.len().saturating_mul(16).saturating_add(within))
}

/// Compares one after the other: all at once, the compiler moves bytes about more than it compares.
#[inline(always)]
fn marks<const N: usize>(block: &[u8; 16], wanted: [u8; N]) -> [u8; 16] {
    let mut marks = [0; 16];
    for wanted in wanted {
        for (mark, byte) in marks.iter_mut().zip(block) {
            *mark |= if *byte == wanted { 0xFF } else { 0 };
        }
    }
    marks
}

/// What stands before and after the first such byte, which is ASCII. For short texts, where a search that prepares itself loses.
pub(super) fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == separator)?;
    Some((text.get(..at)?, text.get(at.saturating_add(1)..)?))
}

/// Whether the character may stand in a document (XML 1.0 §2.2, production Char).
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// Whether the text certainly has nothing illegal and no CR in it: a glance that settles it for most documents.
pub(super) fn is_plain(text: &str) -> bool {
    // U+FFFE and U+FFFF begin with the octet EF.
    !any_byte(text, |byte| (byte < 0x20) & (byte != b'\t') & (byte != b'\n') | (byte == 0xEF))
}

/// The offset of the first character that may not stand in a document.
pub(super) fn first_illegal(text: &str) -> Option<usize> {
    text.char_indices().find(|(_, c)| !is_char(*c)).map(|(at, _)| at)
}

/// Whether the text is a name without a colon (Namespaces in XML 1.0 §3, production NCName).
pub(crate) fn is_ncname(text: &str) -> bool {
    split_qname(text) == Some(0)
}

/// The length of the prefix, 0 for none, if the text is a qualified name (production QName).
pub(super) fn split_qname(text: &str) -> Option<usize> {
    leading_qname(text, |_| false).1
}

/// How long what stands before the first such byte is, which is ASCII, and [`split_qname`] of it.
#[inline(always)]
pub(super) fn leading_qname(text: &str, is_end: impl Fn(u8) -> bool) -> (usize, Option<usize>) {
    let (mut length, mut prefix) = (0, 0);
    let (mut starts, mut good, mut ascii) = (true, true, true);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => starts = false,
            b'0'..=b'9' | b'-' | b'.' if !starts => {}
            b':' if !starts && prefix == 0 => (prefix, starts) = (length, true),
            byte if is_end(byte) => break,
            byte => (good, ascii) = (false, ascii && byte.is_ascii()),
        }
        length = usize::saturating_add(length, 1);
    }
    if ascii {
        return (length, (good && !starts).then_some(prefix));
    }
    (length, split_any_qname(text.get(..length).unwrap_or_default()))
}

/// As [`split_qname`], for names with characters beyond ASCII.
fn split_any_qname(text: &str) -> Option<usize> {
    let is_part = |part: &str| part.starts_with(is_name_start) && part.chars().all(is_name_char);
    match text.split_once(':') {
        None => is_part(text).then_some(0),
        Some((prefix, local)) => (is_part(prefix) && is_part(local)).then_some(prefix.len()),
    }
}

/// The beginning that is made of characters of names: the rest of what should have been one may be anybody's text, which no
/// report shows.
pub(super) fn leading_name(text: &str) -> &str {
    text.split(|c| c != ':' && !is_name_char(c)).next().unwrap_or_default()
}

fn is_name_start(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '_'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn is_name_char(c: char) -> bool {
    is_name_start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether the text is an absolute URI by RFC 3986.
///
/// Canonical XML (§1.3) has no defined result for a relative namespace name, and libxml2 answers one
/// with an empty canonical form, which is how digests of nothing came to be signed. Refused besides
/// are the few absolute URIs that libxml2 finds fault with (empty ports, IPv6, more than four octets)
/// or reads as something else: it takes `urn:&amp;` for `urn:&#38;`.
pub(super) fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let mut scheme_bytes = scheme.bytes();
    scheme_bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && scheme_bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        && has_uri_characters(rest)
        && rest.strip_prefix("//").is_none_or(has_plain_authority)
}

fn has_uri_characters(text: &str) -> bool {
    let mut bytes = text.bytes();
    let mut fragments = 0_u8;
    while let Some(byte) = bytes.next() {
        let good = match byte {
            b'%' => {
                let hex = |digit: Option<u8>| digit.is_some_and(|digit| digit.is_ascii_hexdigit());
                hex(bytes.next()) && hex(bytes.next())
            }
            b'#' => {
                fragments = fragments.saturating_add(1);
                fragments == 1
            }
            b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'@' => true,
            b'!' | b'$' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => true,
            other => other.is_ascii_alphanumeric(),
        };
        if !good {
            return false;
        }
    }
    true
}

/// `userinfo@host:port`, the first and the last optional.
fn has_plain_authority(after_slashes: &str) -> bool {
    let authority = after_slashes.split(['/', '?', '#']).next().unwrap_or_default();
    let host_port = authority.split_once('@').map_or(authority, |(_, host_port)| host_port);
    let (host, port) = host_port.split_once(':').unwrap_or((host_port, "80"));
    !host.is_empty()
        && !host_port.contains('@')
        && is_plain_host(host)
        && matches!(port.len(), 1..=5)
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// A registered name or an IPv4 address, but nothing that begins as an address and goes on.
fn is_plain_host(host: &str) -> bool {
    let is_number = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let mut labels = host.split('.');
    let address_like = labels.by_ref().take(3).filter(|label| is_number(label)).count() == 3
        && labels.next().is_some_and(|label| label.starts_with(|c: char| c.is_ascii_digit()));
    !address_like || host.parse::<std::net::Ipv4Addr>().is_ok()
}
