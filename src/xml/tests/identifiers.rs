//! Section B: an ID occurs once, whatever spelling carries it.

use super::*;
use crate::error::Signature;

fn pair(first: &str, second: &str) -> String {
    format!("<r xmlns:wsu='urn:wsu' xmlns:samlp='urn:samlp'><a {first}/><b><c {second}/></b></r>")
}

#[test]
fn id_001_002_duplicate_ids() {
    twins(
        Signature::DuplicateId,
        &[
            ("<r ID='_x'><a ID='_x'/></r>", "<r ID='_x'><a ID='_X'/></r>"),
            (&pair("ID='_1'", "ID='_1'"), &pair("ID='_1'", "ID='_2'")),
            ("<r><a ID='_1'/><b ID='_2'/><c ID='_3'/><d ID='_2'/></r>", "<r><a ID='_1'/><b ID='_2'/><c ID='_3'/></r>"),
            ("<r ID=''><a ID=''/></r>", "<r ID=''/>"),
        ],
    );
    let rejection = refuses(Profile::Message, "<r>\n<a ID='_1'/>\n<b><c ID='_1'/></b></r>", Signature::DuplicateId);
    let place = rejection.place().unwrap();
    assert_eq!((place.path(), place.line(), place.column()), ("/r/b/c", 3, 4));
    assert_eq!(rejection.found(), None, "an attribute called id may hold anything");
}

#[test]
fn id_003_collisions_across_spellings() {
    for other in ["Id", "id", "iD", "xml:id", "wsu:Id", "samlp:ID", "AssertionID", "wsu:AssertionID"] {
        let same = pair("ID='_1'", &format!("{other}='_1'"));
        let different = pair("ID='_1'", &format!("{other}='_2'"));
        twins(Signature::DuplicateId, &[(&same, &different)]);
    }
    twins(Signature::DuplicateId, &[("<r ID='_1' Id='_1'/>", "<r ID='_1' IdX='_1' grid='_1' InResponseTo='_1'/>")]);
}

#[test]
fn id_009_reference_spelled_duplicates() {
    twins(
        Signature::DuplicateId,
        &[
            (&pair("ID='_a1'", "ID='&#95;a1'"), &pair("ID='_a1'", "ID='&#96;a1'")),
            (&pair("ID='&#x5F;a1'", "ID='_&#97;1'"), &pair("ID='_a1'", "ID='&amp;#95;a1'")),
        ],
    );
}

#[test]
fn id_010_white_space_does_not_make_another_id() {
    twins(
        Signature::DuplicateId,
        &[
            (&pair("ID='_a1'", "ID=' _a1 '"), &pair("ID='_a1'", "ID='_ a1'")),
            (&pair("ID='_a1'", "ID='&#10;_a1'"), &pair("ID='_a1'", "ID='\u{a0}_a1'")),
        ],
    );
}
