//! The house: which crate may lean on which, read from `cargo metadata` so that it cannot drift.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Every member and the members it may use, dev-dependencies aside.
const ARROWS: [(&str, &[&str]); 12] = [
    ("protocol", &[]),
    ("netem", &[]),
    ("program", &["protocol"]),
    ("transport", &["protocol", "netem"]),
    ("annotation", &["protocol"]),
    ("vitals", &["protocol"]),
    ("media", &["protocol"]),
    ("ui", &[]),
    ("capture", &["protocol", "program", "transport", "annotation", "vitals", "media"]),
    ("mentor-console", &["protocol", "program", "transport", "annotation", "vitals", "media", "ui"]),
    ("system-tests", &["protocol", "program", "transport", "annotation", "media", "capture", "netem"]),
    ("system-benches", &["protocol", "program", "transport", "media", "capture", "netem", "system-tests"]),
];

/// Technologies and the only members that may use them directly.
const HOMES: [(&str, &[&str]); 7] = [
    ("quinn", &["transport"]),
    ("rustls", &["transport"]),
    ("gstreamer", &["media", "capture", "system-tests", "system-benches"]),
    ("dicom", &["capture"]),
    ("eframe", &["ui", "mentor-console"]),
    ("winit", &["mentor-console"]),
    ("rustfft", &["annotation"]),
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    packages
        .iter()
        .map(|package| {
            let normal = package["dependencies"].as_array().expect("a list").iter().filter(|one| one["kind"].is_null());
            let names = normal.map(|one| one["name"].as_str().expect("a name").to_owned()).collect();
            (package["name"].as_str().expect("a name").to_owned(), names)
        })
        .collect()
}

#[test]
fn every_member_leans_only_on_those_the_house_allows() {
    let dependencies = dependencies();
    let members: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    assert_eq!(members, ARROWS.iter().map(|(name, _)| *name).collect(), "every member stands in the table");
    for (member, allowed) in ARROWS {
        for used in dependencies[member].iter().filter(|name| members.contains(name.as_str())) {
            assert!(allowed.contains(&used.as_str()), "{member} may not use {used}");
        }
    }
}

#[test]
fn each_technology_stays_at_home() {
    for (member, used) in dependencies() {
        for (technology, homes) in HOMES {
            if used.iter().any(|name| name == technology || name.starts_with(&format!("{technology}-"))) {
                assert!(homes.contains(&member.as_str()), "{member} may not use {technology} directly");
            }
        }
    }
}

#[test]
fn the_surgeons_display_has_no_parser_of_dicom_in_its_program() {
    let has_parser = |program: &str| {
        let command = harness::process::command(program).expect("the program is built");
        let symbols = Command::new("nm").arg(command.get_program()).output().expect("nm runs");
        assert!(symbols.status.success(), "{}", String::from_utf8_lossy(&symbols.stderr));
        String::from_utf8_lossy(&symbols.stdout).lines().any(|symbol| symbol.contains("dicom_parser"))
    };
    assert!(has_parser("capture-node"), "this test would not find one");
    assert!(!has_parser("or-display"));
}
