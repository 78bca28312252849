//! The page and its plots: a table for each link, our bounds beside what was measured, distributions, and one cut frame
//! by frame. Numbers come from the kept runs only.

use std::fmt::Write as _;

use super::bounds::{self, Bound};
use super::pictures::MARGIN_DB;
use super::plot::{Axis, Line, Panel, svg};
use super::results::{Figures, FrameResult, Run, median};
use super::systems::{self, CODEC, OURS, System};

/// All that is told.
pub struct Page<'a> {
    /// How the measurement can be repeated.
    pub command: String,
    /// Runs of each system over each link.
    pub passes: usize,
    /// Counted seconds of each.
    pub seconds: u64,
    /// The links, in the order of the page.
    pub profiles: &'a [String],
    /// Every run.
    pub runs: &'a [Run],
    /// What was left out, and why.
    pub left_out: &'a [String],
}

impl Page<'_> {
    /// The page.
    pub fn text(&self) -> String {
        let mut page = self.heading();
        for profile in self.profiles {
            self.table(&mut page, profile);
            self.bounds(&mut page, profile);
        }
        page
    }

    fn heading(&self) -> String {
        let mut text = format!(
            "# The peers\n\n`{}`\n\nLatency from a picture going into the encoder to it having been decoded, over emulated links, for this \
             project's transport and the systems it competes with. Written by `system-benches`; every value is the median \
             of {} run(s) of {} counted seconds, on one machine with {} processors that also encodes, decodes and emulates \
             the links. Links are those of `netem`; their events begin with the counted time.\n\n",
            self.command,
            self.passes,
            self.seconds,
            std::thread::available_parallelism().map_or(1, usize::from),
        );
        let _ = write!(
            text,
            "All are given the same pictures (generated, 1280x720 at 30 frames/s, each with its number in blocks that survive H.264) by \
             the same encoder (`media::encode`, 6 Mbit/s) and decoded by the same decoder; only what lies between differs. \
             Where the console can ask for an independent frame it does (ours, WebRTC); the others get one every second. \
             *setting*: the latency or buffer the system was told, from `benches/peers.toml`, which says whether a sweep found it. *lost*: not decoded within 250 ms of capture, \
             or held back before the encoder. *damaged*: strip unreadable, or the worst band of 48 rows \
             {MARGIN_DB:.0} dB or more below what the codec alone makes of the same picture. \
             An independent frame forced into a hard picture can fall that low undamaged, so a single one among hundreds says nothing. \
             *freezes*, *gaps*: DESIGN's counting, at the decoder. \
             *bytes*: UDP payload from the sending end over encoded bytes. *CPU*: processor milliseconds for each frame, all threads but the \
             link's; the codec's own are in its line. Latencies are of undamaged frames, late ones too.\n\n\
             RTP, WebRTC and SRT use the first path alone, RIST and ours all; `spread` needs three. SRT has no bonding here: GStreamer's elements offer no \
             socket groups. SRT and RIST carry RTP packets, to spare them a multiplexer's latency.\n\n\
             ![Distribution of latency](peers-latency.svg)\n\n![A cut, frame by frame](peers-cut.svg)\n"
        );
        for line in self.left_out {
            let _ = write!(text, "\nLeft out: {line}\n");
        }
        text
    }

    fn table(&self, page: &mut String, profile: &str) {
        let _ = write!(
            page,
            "\n## `{profile}`\n\n| system | setting, ms | p50 | p95 | p99 | max | lost | damaged | freezes | gaps | bytes | CPU, ms |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|\n"
        );
        for system in &systems::ALL {
            let runs = self.runs_of(system.name, profile);
            if let (Some(figures), Some(run)) = (median(&runs), runs.first()) {
                let _ = writeln!(page, "{}", row(system, run.order.latency_ms, &figures));
            }
        }
        let late = self.runs.iter().filter(|run| run.order.profile == profile).filter_map(|run| run.relay_late_p99_us);
        if let Some(late_us) = late.max() {
            let _ = write!(
                page,
                "\nThe link emulation was at most {:.2} ms late (99 of 100 datagrams of each run).\n",
                late_us as f64 / 1e3
            );
        }
    }

    fn bounds(&self, page: &mut String, profile: &str) {
        let (Some(ours), Some(floor)) = (median(&self.runs_of(OURS, profile)), median(&self.runs_of(CODEC, profile)))
        else {
            return;
        };
        let lines = bounds::lines(profile, &ours, &floor);
        page.push_str("\n| ours | measured | bound | |\n|---|---|---|---|\n");
        for line in lines {
            let kept = if line.is_kept() { "kept" } else { "**missed**" };
            let bound = match line.bound {
                Bound::Most(most) => format!("{most:.2}"),
                Bound::Least(least) => format!("at least {least}"),
            };
            let _ = writeln!(page, "| {} | {} | {bound} | {kept} |", line.what, number(line.measured, 2));
        }
    }

    /// The distribution of latency, a panel for each link.
    pub fn latency_svg(&self) -> String {
        let panels: Vec<Panel> = self.profiles.iter().map(|profile| self.distribution(profile)).collect();
        svg(&panels, 2, 560.0, 300.0)
    }

    fn distribution(&self, profile: &str) -> Panel {
        let line = |(colour, system): (usize, &System)| {
            let runs = self.runs_of(system.name, profile);
            let piece = cumulative(runs.iter().flat_map(|run| &run.frames));
            (!runs.is_empty()).then(|| Line { name: plain(system), colour, pieces: vec![piece] })
        };
        let lines = self.measured().enumerate().filter_map(line).collect();
        let x = Axis { name: "at most so many ms from capture to decoded", from: 0.0, to: 250.0, step: 50.0 };
        let y = Axis { name: "% of frames, undamaged", from: 0.0, to: 100.0, step: 25.0 };
        Panel { title: profile.to_owned(), x, y, lines }
    }

    /// The first pass over `cut`, each frame where it was captured; nothing where it was lost or damaged. A panel for
    /// each system.
    pub fn cut_svg(&self) -> String {
        let panel = |(colour, system): (usize, &System)| {
            let run = self.runs_of(system.name, "cut").into_iter().next()?;
            let x = Axis { name: "captured, s", from: 0.0, to: self.seconds as f64, step: 1.0 };
            let y = Axis { name: "ms to decoded", from: 0.0, to: 250.0, step: 50.0 };
            let line = Line { name: plain(system), colour, pieces: pieces(&run) };
            Some(Panel { title: format!("{} over cut", plain(system)), x, y, lines: vec![line] })
        };
        let all = self.measured().enumerate().filter(|(_, system)| system.name != CODEC);
        let panels: Vec<Panel> = all.filter_map(panel).collect();
        svg(&panels, 1, 900.0, 190.0)
    }

    /// The systems that were run at all.
    fn measured(&self) -> impl Iterator<Item = &'static System> {
        let ran = |system: &&System| self.runs.iter().any(|run| run.order.system == system.name);
        systems::ALL.iter().filter(ran)
    }

    /// Runs of a system over a link; the codec's are the same over each.
    fn runs_of(&self, system: &str, profile: &str) -> Vec<Run> {
        let is = |run: &&Run| run.order.system == system && (system == CODEC || run.order.profile == profile);
        self.runs.iter().filter(is).cloned().collect()
    }
}

/// A system's title without the page's markup.
fn plain(system: &System) -> String {
    system.title.replace('`', "")
}

fn row(system: &System, latency_ms: Option<u32>, figures: &Figures) -> String {
    let setting = latency_ms.map_or("–".to_owned(), |ms| ms.to_string());
    let latencies = [figures.p50, figures.p95, figures.p99, figures.max].map(|ms| number(ms, 1)).join(" | ");
    let counts =
        [figures.lost, figures.damaged, figures.freezes, figures.gaps].map(|count| format!("{count:.0}")).join(" | ");
    let title = if system.name == OURS { format!("**{}**", system.title) } else { system.title.to_owned() };
    format!("| {title} | {setting} | {latencies} | {counts} | {} | {:.1} |", number(figures.bytes, 2), figures.cpu_ms)
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
}

/// Part of the frames, in percent, that were there undamaged within so many milliseconds.
fn cumulative<'a>(frames: impl Iterator<Item = &'a FrameResult>) -> Vec<(f64, f64)> {
    let (mut latencies, mut count) = (Vec::new(), 0);
    for frame in frames {
        count += 1;
        latencies.extend(frame.latency_us().filter(|_| !frame.damaged && !frame.is_lost()));
    }
    latencies.sort_unstable();
    let steps = (0..=250).map(|ms: u64| {
        let within = latencies.partition_point(|us| *us <= ms * 1_000);
        (ms as f64, 100.0 * within as f64 / f64::from(count.max(1)))
    });
    steps.collect()
}

/// Latency over the time of capture, broken where frames were lost or damaged.
fn pieces(run: &Run) -> Vec<Vec<(f64, f64)>> {
    let mut pieces = vec![Vec::new()];
    for frame in &run.frames {
        match (frame.captured_us, frame.latency_us(), pieces.last_mut()) {
            (Some(captured), Some(latency), Some(piece)) if !frame.damaged && !frame.is_lost() => {
                let seconds = captured.saturating_sub(run.counted_us.0) as f64 / 1e6;
                piece.push((seconds, latency as f64 / 1e3));
            }
            _ => pieces.push(Vec::new()),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

#[cfg(test)]
mod tests;
