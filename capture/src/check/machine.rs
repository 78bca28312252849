//! The machine itself: encoder, clock, disk.

use std::path::Path;
use std::process::Command;

use super::finding::Finding;
use crate::config::Theatre;
use crate::node::encoding::CanvasEncoder;

/// Free bytes below which a case does not begin: a trace of a long day takes a tenth of it.
const LEAST_FREE: u64 = 200 << 20;
/// Below which somebody should tidy up.
const LITTLE_FREE: u64 = 2 << 30;

/// All of it.
pub fn all(theatre: &Theatre) -> Vec<Finding> {
    let mut all = encoders(theatre);
    all.extend([clock(), disk(&theatre.run_dir)]);
    all
}

fn encoders(theatre: &Theatre) -> Vec<Finding> {
    let mut encoder = CanvasEncoder::new(theatre.encoder);
    let sought = media::init_codecs().map_err(|error| error.to_string());
    match sought.and_then(|()| encoder.seek(theatre.canvas.size()).map_err(|error| error.to_string())) {
        Ok(sought) => {
            let h265 = match sought.h265 {
                Ok(report) => format!("{report}, while every console there decodes it"),
                Err(none) if none.0.is_empty() => format!("none, so that frames are H.264: {none}"),
                Err(_) => "none, so that frames are H.264; the log says what each lacks".to_owned(),
            };
            vec![Finding::pass("encoder", sought.h264.to_string()), Finding::pass("encoder of H.265", h265)]
        }
        Err(error) => vec![Finding::fail("encoder", error, "install what it names, or change encoder.kind")],
    }
}

/// Sessions have a clock of their own; certificates and logs go by the system's.
fn clock() -> Finding {
    let asked = Command::new("timedatectl").args(["show", "--property=NTPSynchronized", "--value"]).output();
    let answer = asked.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    match answer.as_deref().map(<[u8]>::trim_ascii) {
        Some(b"yes") => Finding::pass("clock", "set by the network"),
        Some(_) => Finding::warn(
            "clock",
            "not set by the network",
            "`timedatectl set-ntp true`: certificates are judged by this clock",
        ),
        None => Finding::warn(
            "clock",
            "the system does not say whether it is right",
            "compare it with a watch: certificates are judged by it",
        ),
    }
}

fn disk(run_dir: &Path) -> Finding {
    // What is not made yet will lie where its nearest parent lies.
    let there = run_dir.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(there) {
        Ok(space) => judged(space.f_bavail.saturating_mul(space.f_frsize)),
        Err(error) => Finding::warn("disk", format!("{}: {error}", there.display()), "look whether the disk is sound"),
    }
}

fn judged(free: u64) -> Finding {
    let told = format!("{:.1} GiB free", free as f64 / f64::from(1 << 30));
    let advice = "remove old traces and recordings";
    match free {
        free if free < LEAST_FREE => Finding::fail("disk", told, advice).measured("full"),
        free if free < LITTLE_FREE => Finding::warn("disk", told, advice).measured("little free"),
        _ => Finding::pass("disk", told).measured("enough free"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_full_disk_fails_and_a_nearly_full_one_warns() {
        let verdicts = [0, LEAST_FREE, LITTLE_FREE].map(|free| judged(free).verdict);
        assert_eq!(verdicts, [Verdict::Fail, Verdict::Warn, Verdict::Pass]);
        assert!(disk(Path::new("/nowhere/at/all")).told.contains("GiB free"), "its parent is asked");
    }
}
