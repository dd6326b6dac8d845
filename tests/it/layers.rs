//! The direction of dependencies: a module names only modules of lower layers, and those of its own.

use std::fs;
use std::path::{Path, PathBuf};

/// Lowest first. What stands in one line may name each other.
const LAYERS: &[&[&str]] = &[
    &["names", "limits", "error"],
    &["time", "stored"],
    &["xml"],
    &["crypto"],
    &["keys"],
    &["browser", "dsig", "xmlenc"],
    &["assertion"],
    &["protocol", "binding", "metadata", "fetch"],
    &["policy", "pending", "sp"],
    &["connection"],
    &["profile", "session"],
    &["mapping"],
    &["provisioning"],
    &["registration"],
    &["storage", "login", "logout", "events"],
    &["flow", "scim", "serialize"],
    &["request", "guide", "testing"],
];

fn layer(module: &str) -> usize {
    LAYERS.iter().position(|layer| layer.contains(&module)).unwrap_or_else(|| panic!("no layer for {module}"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn modules_name_lower_layers_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut uses = 0;
    for file in files {
        let inside = file.strip_prefix(&src).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let module = first.trim_end_matches(".rs");
        let is_test = inside.to_str().unwrap().contains("tests");
        if module == "lib" || is_test {
            continue;
        }
        for line in fs::read_to_string(&file).unwrap().lines() {
            let Some(rest) = line.trim_start().trim_start_matches("pub ").strip_prefix("use crate::") else { continue };
            let named = rest.split([':', ';', ' ']).next().unwrap();
            uses += 1;
            assert!(layer(named) <= layer(module), "{}: {module} names {named}", inside.display());
        }
    }
    assert!(uses > 100, "the test found {uses} uses only");
}

/// Only `crypto` names a cryptography crate.
#[test]
fn cryptography_has_one_home() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    for file in files.iter().filter(|file| !file.starts_with(src.join("crypto"))) {
        let text = fs::read_to_string(file).unwrap();
        for name in ["rsa::", "p256::", "p384::", "p521::", "sha1::", "sha2::", "getrandom::", "aws_lc_rs::"] {
            let named = text.lines().any(|line| line.trim_start().starts_with(&format!("use {name}")));
            assert!(!named, "{} names {name}", file.display());
        }
    }
}
