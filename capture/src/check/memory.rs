//! What was found the last time nothing failed, beside the configuration, and what is different now: a cable that was put
//! elsewhere, a monitor that has another size, a path that is gone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Verdict};

/// What was found then.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// By part: how it went, and what should be the same the next time.
    findings: BTreeMap<String, (Verdict, String)>,
}

/// Where it is kept.
pub fn path(config: &Path) -> PathBuf {
    config.with_extension("last-check.json")
}

/// What is different from what is kept at `path`; unless something failed, `findings` are kept there instead.
pub fn changes(path: &Path, verdict: Verdict, findings: &[Finding]) -> Vec<String> {
    let now: BTreeMap<_, _> =
        findings.iter().map(|found| (found.part.clone(), (found.verdict, found.constant.clone()))).collect();
    let before = fs::read_to_string(path).ok().and_then(|text| serde_json::from_str::<Memory>(&text).ok());
    let mut told = before.map(|before| differences(&before.findings, &now)).unwrap_or_default();
    if verdict < Verdict::Fail {
        let kept = serde_json::to_string_pretty(&Memory { findings: now }).map_err(|error| error.to_string());
        if let Err(error) = kept.and_then(|text| fs::write(path, text).map_err(|error| error.to_string())) {
            told.push(format!(
                "this check cannot be kept in {}: {error}; the next one has nothing to compare with",
                path.display()
            ));
        }
    }
    told
}

fn differences(before: &BTreeMap<String, (Verdict, String)>, now: &BTreeMap<String, (Verdict, String)>) -> Vec<String> {
    let mut told = Vec::new();
    for (part, (verdict, constant)) in now {
        match before.get(part) {
            None => told.push(format!("{part} is new: {constant}")),
            Some((was, then)) if (was, then) != (verdict, constant) => {
                told.push(format!("{part}: {} \"{then}\" before, {} \"{constant}\" now", was.word(), verdict.word()));
            }
            Some(_) => {}
        }
    }
    told.extend(before.keys().filter(|part| !now.contains_key(*part)).map(|part| format!("{part} is gone")));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_different_from_the_last_time_nothing_failed_is_told_and_measured_numbers_are_not() {
        let path = std::env::temp_dir().join(format!("last-check-{}.json", std::process::id()));
        let source = |told: &str| Finding::pass("source scope", told).measured("1920x1080");
        let first = [source("1920x1080, 29.9/s"), Finding::pass("disk", "plenty")];
        assert_eq!(changes(&path, Verdict::Pass, &first), Vec::<String>::new());
        assert_eq!(
            changes(&path, Verdict::Pass, &[source("1920x1080, 30.1/s"), first[1].clone()]),
            Vec::<String>::new()
        );

        let broken = [Finding::fail("source scope", "no device", "plug it in"), first[1].clone()];
        let told = changes(&path, Verdict::Fail, &broken);
        assert!(
            matches!(told.as_slice(), [change] if change.contains("source scope") && change.contains("no device")),
            "{told:?}"
        );
        assert_eq!(
            changes(&path, Verdict::Fail, &broken),
            told,
            "a check that failed is not what others are held against"
        );

        let told = changes(&path, Verdict::Pass, &[source("x"), Finding::pass("path a", "there")]);
        assert_eq!(told, ["path a is new: there", "disk is gone"]);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_the_comparison_and_says_so() {
        let told = changes(Path::new("/proc/nothing/here.json"), Verdict::Pass, &[Finding::pass("disk", "plenty")]);
        assert!(matches!(told.as_slice(), [one] if one.contains("/proc/nothing/here.json")), "{told:?}");
    }
}
