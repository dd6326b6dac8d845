//! Every row of the attack catalogue has a test that names it, or a reason in `tests/catalogue.toml` why it has none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

/// What the list says of a row.
struct Row {
    priority: String,
    /// Why no test names it, for good or for now.
    excuse: Option<String>,
}

fn rows() -> BTreeMap<String, Row> {
    let list = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/catalogue.toml")).unwrap();
    let list: toml::Table = list.parse().unwrap();
    let row = |(id, row): (String, toml::Value)| {
        let text = |field: &str| row.get(field).map(|text| text.as_str().unwrap().to_owned());
        let known = ["priority", "reason", "open", "differs"];
        assert!(row.as_table().unwrap().keys().all(|key| known.contains(&key.as_str())), "{id}: an unknown key");
        let excuses = [text("reason"), text("open")];
        let [reason, open] = &excuses;
        assert!(reason.is_none() || open.is_none(), "{id}: either a reason or an open end");
        assert!(excuses.iter().flatten().all(|excuse| excuse.len() > 10), "{id}: a reason is a sentence");
        let excuse = excuses.into_iter().flatten().next();
        (id, Row { priority: text("priority").unwrap(), excuse })
    };
    list.into_iter().map(row).collect()
}

/// The ids in a test's text, `XML-014`, and in its names: `fn xml_014_x`, `fn xml_043_044_x`, `fn xml_001_to_010_x`.
fn named_in(text: &str, prefixes: &BTreeSet<String>) -> BTreeSet<String> {
    let is_number = |word: &str| matches!(word.len(), 2 | 3) && word.bytes().all(|octet| octet.is_ascii_digit());
    let mut named = BTreeSet::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_') {
        if let Some((prefix, number)) = word.split_once('-')
            && prefixes.contains(prefix)
            && is_number(number)
        {
            named.insert(word.to_owned());
        }
    }
    for name in text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next()) {
        let words: Vec<&str> = name.split('_').collect();
        let mut prefix = None;
        for (at, word) in words.iter().enumerate() {
            let upper = word.to_ascii_uppercase();
            if prefixes.contains(&upper) {
                prefix = Some(upper);
            } else if let Some(prefix) = prefix.as_deref().filter(|_| is_number(word)) {
                let last: usize = word.parse().unwrap();
                let is_range = at > 2 && words[at - 1] == "to";
                let first = if is_range { words[at - 2].parse().unwrap() } else { last };
                let width = word.len();
                named.extend((first..=last).map(|number| format!("{prefix}-{number:0width$}")));
            } else if *word != "to" {
                prefix = None;
            }
        }
    }
    named
}

/// Test modules whole, other modules from their inline tests on.
fn test_text(path: &Path, text: &str) -> String {
    let is_test = path.iter().any(|part| part.to_str().is_some_and(|part| part.contains("tests")));
    let inline = text.split_once("\n#[cfg(test)]\nmod tests {").map_or("", |(_, tests)| tests);
    if is_test { text.to_owned() } else { inline.to_owned() }
}

fn each_source(folder: &Path, visit: &mut impl FnMut(&Path, &str)) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            each_source(&path, visit)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("it/catalogue.rs") {
            visit(&path, &fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

fn tested(prefixes: &BTreeSet<String>) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = BTreeSet::new();
    for folder in ["src", "tests"] {
        let mut visit = |path: &Path, text: &str| {
            let path = path.strip_prefix(root).unwrap_or(path);
            named.extend(named_in(&test_text(path, text), prefixes));
        };
        each_source(&root.join(folder), &mut visit).unwrap();
    }
    named
}

fn prefixes(rows: &BTreeMap<String, Row>) -> BTreeSet<String> {
    rows.keys().filter_map(|id| id.split('-').next()).map(str::to_owned).collect()
}

#[test]
fn every_row_has_a_test_or_a_reason() {
    let rows = rows();
    let tested = tested(&prefixes(&rows));
    let wrong = rows.iter().filter_map(|(id, row)| match (tested.contains(id), &row.excuse) {
        (true, Some(excuse)) => Some(format!("{id} is named by a test, and excused: {excuse}")),
        (false, None) => Some(format!("{id} has neither a test nor a reason")),
        _ => None,
    });
    let unknown = tested.iter().filter(|id| !rows.contains_key(*id)).map(|id| format!("{id} is no row"));
    let wrong: Vec<String> = wrong.chain(unknown).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The catalogue does not lie in this repository; where it lies beside it, the list has to be whole.
#[test]
fn the_list_is_that_of_the_catalogue() {
    let catalogue = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/ATTACKS.md");
    let Ok(catalogue) = fs::read_to_string(catalogue) else { return };
    let rows = rows();
    let prefixes = prefixes(&rows);
    let mut expected = BTreeMap::new();
    for line in catalogue.lines().filter_map(|line| line.strip_prefix("| ")) {
        let cell = line.split(" |").next().unwrap_or_default().replace('*', "");
        let mut words = cell.split(' ');
        let id = words.next().unwrap_or_default().to_owned();
        if named_in(&id, &prefixes).contains(&id) {
            expected.insert(id, words.next().unwrap_or("-").replace('–', "-"));
        }
    }
    let listed: BTreeMap<_, _> = rows.into_iter().map(|(id, row)| (id, row.priority)).collect();
    assert!(listed.len() > 400);
    assert_eq!(listed, expected);
}

#[test]
fn names_and_comments_are_read() {
    let prefixes = ["XML".to_owned(), "C14".to_owned(), "DS".to_owned()].into();
    let text = "/// DS-001, not SHA-256\nfn c14_001_x() {}\nfn xml_010_012_x() {}\nfn xml_020_to_022_x_3() {}";
    let named: Vec<String> = named_in(text, &prefixes).into_iter().collect();
    assert_eq!(named, ["C14-001", "DS-001", "XML-010", "XML-012", "XML-020", "XML-021", "XML-022"]);
    assert!(test_text(Path::new("src/a.rs"), "// DS-001\n").is_empty());
    assert!(test_text(Path::new("src/a/tests.rs"), "// DS-001\n").contains("DS-001"));
}
