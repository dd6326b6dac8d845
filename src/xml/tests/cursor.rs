//! Nothing goes unread: each way in which an element can differ from what was asked for.

use super::*;
use crate::error::Schema;
use crate::xml::Cursor;

const S: &str = "urn:s";

/// Reads `<s:r ID="" n=""?>` with `s:a`, `s:b*`, `s:c?`.
fn read(text: &str) -> Result<Vec<String>, Rejection> {
    let document = accepts(Profile::Metadata, text);
    let mut cursor = Cursor::new(document.root())?;
    let mut seen = vec![cursor.required_attribute("ID")?.to_owned()];
    seen.extend(cursor.attribute("n").map(str::to_owned));
    seen.push(cursor.expect(S, "a")?.local_name().to_owned());
    while let Some(node) = cursor.take(S, "b") {
        seen.push(node.local_name().to_owned());
    }
    seen.extend(cursor.take(S, "c").map(|node| node.local_name().to_owned()));
    cursor.finish()?;
    Ok(seen)
}

fn element(attributes: &str, content: &str) -> String {
    format!("<s:r xmlns:s='urn:s' xmlns:e='urn:e' {attributes}>{content}</s:r>")
}

#[track_caller]
fn rejected(attributes: &str, content: &str, reason: Schema) -> Rejection {
    let rejection = read(&element(attributes, content)).unwrap_err();
    assert_eq!(rejection.reason(), reason.into(), "{rejection:?}");
    rejection
}

#[test]
fn what_was_asked_for_is_read() {
    assert_eq!(read(&element("ID='1'", "<s:a/>")).unwrap(), ["1", "a"]);
    let full = read(&element("n='2' ID='1'", " <s:a/>\n<!-- c --><s:b/> <s:b><s:z/></s:b><s:c/> ")).unwrap();
    assert_eq!(full, ["1", "2", "a", "b", "b", "c"]);
    assert_eq!(read("<r xmlns='urn:s' ID=''><a/></r>").unwrap(), ["", "a"]);
}

#[test]
fn missing() {
    assert_eq!(rejected("", "<s:a/>", Schema::Missing).expected(), Some("ID"));
    assert_eq!(rejected("ID='1'", "", Schema::Missing).expected(), Some("a"));
    assert_eq!(rejected("ID='1'", "<s:b/>", Schema::Missing).expected(), Some("a"));
    rejected("e:ID='1'", "<s:a/>", Schema::Missing);
    rejected("Id='1'", "<s:a/>", Schema::Missing);
}

#[test]
fn cardinality_and_order() {
    rejected("ID='1'", "<s:a/><s:a/>", Schema::Cardinality);
    rejected("ID='1'", "<s:a/><s:c/><s:c/>", Schema::Cardinality);
    rejected("ID='1'", "<s:a/><s:c/><s:b/>", Schema::Order);
    rejected("ID='1'", "<s:b/><s:a/>", Schema::Element);
    rejected("ID='1'", "<s:a/><s:b/><s:c/><s:b/>", Schema::Cardinality);
}

#[test]
fn xml_052_055_056_foreign_elements() {
    rejected("ID='1'", "<s:a/><s:x/>", Schema::Element);
    rejected("ID='1'", "<s:x/><s:a/>", Schema::Element);
    let rejection = rejected("ID='1'", "<s:a/>\n<e:b/>", Schema::ForeignNamespace);
    assert_eq!(rejection.found(), Some("e:b"));
    let place = rejection.place().unwrap();
    assert_eq!((place.path(), place.line(), place.column()), ("/s:r/e:b", 2, 1));
    rejected("ID='1'", "<s:a/><b xmlns=''/>", Schema::ForeignNamespace);
    rejected("ID='1'", "<s:a xmlns:s='urn:evil'/><s:a/>", Schema::ForeignNamespace);
    rejected("ID='1'", "<s:a/><s:b xmlns:s='urn:evil'/><s:b/>", Schema::ForeignNamespace);
}

#[test]
fn text_between_elements() {
    for content in ["x<s:a/>", "<s:a/>x", "<s:a/><s:b/>\u{a0}<s:b/>", "<s:a/><![CDATA[x]]>", "<s:a/>&#46;"] {
        rejected("ID='1'", content, Schema::Text);
    }
    assert!(read(&element("ID='1'", "&#10;<s:a/><![CDATA[ ]]>")).is_ok());
}

#[test]
fn xml_057_061_attributes() {
    for attributes in [
        "x=''",
        "s:ID='2'",
        "e:ID='2'",
        "e:x=''",
        "id='2'",
        "xml:lang='de'",
        "xml:id='i'",
        "xml:base='urn:x'",
        "xml:space='preserve'",
    ] {
        rejected(&format!("ID='1' {attributes}"), "<s:a/>", Schema::Attribute);
    }
    let xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='s:t' xsi:schemaLocation='urn:s file:///canary'";
    assert!(read(&element(&format!("ID='1' {xsi}"), "<s:a/>")).is_ok());
}

#[test]
fn foreign_attributes_can_be_ignored_but_not_those_of_the_own_namespace() {
    let finish = |attributes: &str| {
        let document = accepts(Profile::Message, element(attributes, ""));
        Cursor::new(document.root()).unwrap().ignoring_foreign_attributes().finish().map_err(|error| error.reason())
    };
    assert_eq!(finish("e:x=''"), Ok(()));
    for attributes in ["x=''", "s:x=''", "xml:lang='de'"] {
        assert_eq!(finish(attributes), Err(Schema::Attribute.into()), "{attributes}");
    }
}

#[test]
fn any_child_can_be_taken_and_looked_at() {
    let document = accepts(Profile::Message, element("", "<s:a/> <e:b/>"));
    let mut cursor = Cursor::new(document.root()).unwrap();
    assert!(cursor.element() == document.root());
    assert_eq!(cursor.peek().map(|node| node.local_name()), Some("a"));
    assert_eq!(cursor.take_any().map(|node| node.local_name()), Some("a"));
    assert_eq!(cursor.take_any().map(|node| node.local_name()), Some("b"));
    assert!(cursor.take_any().is_none());
    assert!(cursor.finish().is_ok());
}

/// The walk ends with its element, although nodes of other elements follow in the arena.
#[test]
fn the_walk_stays_inside() {
    let document = accepts(Profile::Message, "<r><a><b/></a> <b/><a/></r>");
    let first = document.root().elements().next().unwrap();
    let mut cursor = Cursor::new(first).unwrap();
    assert!(cursor.take("", "b").is_some());
    assert!(cursor.take("", "b").is_none());
    assert!(cursor.finish().is_ok());
}

#[test]
fn an_attribute_counts_as_read_however_many_were_asked_for_before() {
    let document = accepts(Profile::Message, "<r y='1' z='1'/>");
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "z"];
    let mut cursor = Cursor::new(document.root()).unwrap();
    for name in names {
        cursor.attribute(name);
    }
    assert_eq!(cursor.finish().unwrap_err().reason(), Schema::Attribute.into());
    let mut cursor = Cursor::new(document.root()).unwrap();
    for name in names.into_iter().chain(["y"]) {
        cursor.attribute(name);
    }
    assert_eq!(cursor.finish(), Ok(()));
}
