//! The machine itself: encoder, clock, disk.

use std::path::Path;
use std::process::Command;

use super::finding::Finding;
use crate::config::Theatre;
use crate::node::encoding::CanvasEncoder;

/// Room that a place needs, in bytes.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Below which a case does not begin.
    least: u64,
    /// Below which somebody should tidy up.
    little: u64,
    /// What to do then.
    advice: &'static str,
}

/// Where the configuration lies, beside it certificates and usually traces: that of a long day takes a tenth of the least.
const DISK: Room = Room { least: 200 << 20, little: 2 << 30, advice: "remove old traces and recordings" };
/// Where `run_dir` lies, usually in memory: sockets, and whether the curtain is closed.
const RUN_DIR: Room = Room { least: 1 << 20, little: 8 << 20, advice: "end what fills it, or name another run_dir" };

/// All of it. The configuration lies at `config`.
pub fn all(theatre: &Theatre, config: &Path) -> Vec<Finding> {
    let folder = config.canonicalize().ok().and_then(|file| file.parent().map(Path::to_owned));
    let mut all = encoders(theatre);
    all.extend([clock(), disk("disk", &folder.unwrap_or_default(), DISK), disk("run_dir", &theatre.run_dir, RUN_DIR)]);
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

fn disk(part: &str, place: &Path, room: Room) -> Finding {
    // What is not made yet will lie where its nearest parent lies.
    let there = place.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(there) {
        Ok(space) => judged(part, space.f_bavail.saturating_mul(space.f_frsize), room),
        Err(error) => Finding::warn(part, format!("{}: {error}", there.display()), "look whether the disk is sound"),
    }
}

fn judged(part: &str, free: u64, Room { least, little, advice }: Room) -> Finding {
    let told = match free >> 30 {
        0 => format!("{} MiB free", free >> 20),
        _ => format!("{:.1} GiB free", free as f64 / f64::from(1 << 30)),
    };
    match free {
        free if free < least => Finding::fail(part, told, advice).measured("full"),
        free if free < little => Finding::warn(part, told, advice).measured("little free"),
        _ => Finding::pass(part, told).measured("enough free"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_full_disk_fails_and_a_nearly_full_one_warns() {
        for room in [DISK, RUN_DIR] {
            let verdicts = [0, room.least, room.little].map(|free| judged("disk", free, room).verdict);
            assert_eq!(verdicts, [Verdict::Fail, Verdict::Warn, Verdict::Pass]);
        }
        assert!(disk("disk", Path::new("/nowhere/at/all"), DISK).told.contains("iB free"), "its parent is asked");
    }

    #[test]
    fn a_small_memory_disk_under_the_run_folder_is_room_enough() {
        assert_eq!(judged("run_dir", 100 << 20, RUN_DIR).verdict, Verdict::Pass);
        assert_eq!(judged("disk", 100 << 20, DISK).told, "100 MiB free");
    }
}
