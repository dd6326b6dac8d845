//! Handles, places, and the reader's configuration.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;
use crate::error::{Schema, Xml};
use crate::xml::NamespaceId;

#[test]
fn handles_walk_the_tree() {
    let document = accepts(Profile::Message, "<a>1<b>2<c/></b>3<d e='f'/></a>");
    let root = document.root();
    assert!(root.parent().is_none());
    let names: Vec<_> = root.subtree().map(|node| node.as_text().unwrap_or(node.local_name())).collect();
    assert_eq!(names, ["a", "1", "b", "2", "c", "3", "d"]);
    let b = root.elements().next().unwrap();
    let c = b.elements().next().unwrap();
    assert!(c.parent() == Some(b));
    assert!(c.is_within(b) && c.is_within(root) && b.is_within(b) && !b.is_within(c));
    assert_eq!(b.following().and_then(|node| node.as_text()), Some("3"));
    assert_eq!(root.next().and_then(|node| node.as_text()), Some("1"));
    assert!(root.following().is_none());
    assert_eq!(root.children().count(), 4);
    let other = accepts(Profile::Message, "<a/>");
    assert!(other.root() != root && !other.root().is_within(root));
}

#[test]
fn names_and_declarations_are_kept_as_written() {
    let document =
        accepts(Profile::Message, "<p:a xmlns:p='urn:x' xmlns='urn:y' q='1' p:r='2' xml:lang='de'><b/></p:a>");
    let root = document.root();
    assert_eq!((root.prefix(), root.local_name(), root.qualified_name()), ("p", "a", "p:a"));
    let declarations: Vec<_> = root
        .declarations()
        .map(|declaration| (declaration.prefix, document.namespace(declaration.namespace)))
        .collect();
    assert_eq!(declarations, [("p", "urn:x"), ("", "urn:y")]);
    let attributes: Vec<_> = root
        .attributes()
        .map(|attribute| (attribute.prefix(), attribute.qualified_name(), attribute.namespace()))
        .collect();
    assert_eq!(attributes, [("", "q", ""), ("p", "p:r", "urn:x"), ("xml", "xml:lang", crate::xml::XML_NAMESPACE)]);
    assert_eq!(root.attributes().last().map(|attribute| attribute.namespace_id() == NamespaceId::XML), Some(true));
    let child = root.elements().next().unwrap();
    assert_eq!((child.namespace(), child.prefix(), child.declarations().count()), ("urn:y", "", 0));
    assert!(child.namespace_id() == root.declarations().last().unwrap().namespace);
}

#[test]
fn text_content_is_all_or_an_error() {
    let document = accepts(Profile::Message, "<a><b>x<c/>y</b><d/></a>");
    let mut children = document.root().elements();
    let rejection = children.next().unwrap().text_content().unwrap_err();
    assert_eq!(rejection.reason(), Schema::Text.into());
    assert_eq!(rejection.place().map(|place| place.path().to_owned()).as_deref(), Some("/a/b/c"));
    assert_eq!(children.next().unwrap().text_content().unwrap(), "");
}

#[test]
fn places_name_path_line_and_column() {
    let at = |rejection: &Rejection| {
        let place = rejection.place().expect("a place");
        (place.path().to_owned(), place.line(), place.column())
    };
    let rejection = refuses(Profile::Message, "<a>\r\n  <é b='1'>&x;</é></a>", Xml::EntityRef);
    assert_eq!(at(&rejection), ("/a/é".to_owned(), 2, 12));
    assert_eq!(rejection.found(), Some("&x;"));
    let rejection = refuses(Profile::Message, "<a>\n\n<b><c d='&x;'/></b></a>", Xml::EntityRef);
    assert_eq!(at(&rejection), ("/a/b".to_owned(), 3, 4));
    let rejection = refuses(Profile::Message, "<a><b>", Xml::NotWellFormed);
    assert_eq!(at(&rejection), ("/a/b".to_owned(), 1, 7));
    let rejection = refuses(Profile::Message, "<?xml version='1.0'?>\n<a/>\n <b/>", Xml::MultipleRoots);
    assert_eq!(at(&rejection), (String::new(), 3, 2));
    let document = accepts(Profile::Message, "\u{feff}<p:a xmlns:p='urn:x'>\n é<p:b/>x&amp;y</p:a>");
    let place = |node: Node<'_>| (node.place().path().to_owned(), node.place().line(), node.place().column());
    let children: Vec<_> = document.root().children().collect();
    assert_eq!(place(document.root()), ("/p:a".to_owned(), 1, 2));
    assert_eq!(place(children[1]), ("/p:a/p:b".to_owned(), 2, 3));
    assert_eq!(place(children[2]), ("/p:a".to_owned(), 2, 9));
}

/// What quick-xml's own reader makes of a document, apart from what it leaves open.
#[test]
fn elements_and_text_are_those_of_quick_xmls_reader() {
    let mixed = "<a b='>' c=\"/>\" ><!-- <x> --><![CDATA[ <y> ]]]]>&amp;é&#46;<d\n/>></a >\n<!-- x -->";
    for source in [RESPONSE, mixed, "<a/>", "\n<a> </a>\n", "<?p ?><a>&lt;<b>]</b></a>"] {
        let (mut reader, mut found) = (Reader::from_str(source), String::new());
        let mut depth = 0;
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) => {
                    found.push_str(&format!("<{}>", tag.name().as_ref()));
                    depth += 1;
                }
                Event::Empty(tag) => found.push_str(&format!("<{}></>", tag.name().as_ref())),
                Event::End(_) => {
                    found.push_str("</>");
                    depth -= 1;
                }
                Event::Text(text) if depth > 0 => found.push_str(&text),
                Event::GeneralRef(name) => found.push(crate::xml::tag::resolve_reference(&name).unwrap()),
                Event::CData(text) => found.push_str(&text),
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(shown_as_events(accepts(Profile::Metadata, source).root()), found);
    }
}

fn shown_as_events(node: Node<'_>) -> String {
    let inside = || node.children().map(shown_as_events).collect::<String>();
    node.as_text().map_or_else(|| format!("<{}>{}</>", node.qualified_name(), inside()), str::to_owned)
}
