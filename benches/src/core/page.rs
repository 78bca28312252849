//! The page of the core benches, from Criterion's estimates and what was counted beside them. Nothing is measured here.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::cpu::Shares;
use super::session::Counted;
use super::{code, session};

/// What the whole session may take of a processor, in percent.
const CPU_BOUND: f64 = 8.0;

/// The part of Criterion's `estimates.json` that is read.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    /// Nanoseconds.
    point_estimate: f64,
}

/// The whole page, in Markdown.
///
/// # Errors
/// An estimate is missing from `samples`.
pub fn write(samples: &Path, counted: &[Counted], shares: &Shares) -> Result<String> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut page = format!(
        "# The transport's core\n\n`cargo bench --locked -p system-benches --bench core`\n\nTimes are processor time of \
         the one thread that does the work, medians of Criterion, on a machine with {processors} processors. Ratios are against the baseline in the same table, measured in the same \
         run. Virtual time, perfect lines of 10 ms, no network, no QUIC and no codec, except where the driver is named.\n"
    );
    page += &sessions(samples, counted)?;
    page += &codes(samples)?;
    page += &processor(shares);
    Ok(page)
}

fn sessions(samples: &Path, counted: &[Counted]) -> Result<String> {
    let baseline_us = median_us(samples, session::GROUP, session::SPLITTING)?;
    let mut table = format!(
        "\n## A session at 20 Mbit/s\n\nA frame of {} bytes 30 times a second, with all that goes on until the next: \
         probes, acknowledgements, reports of arrivals. Both ends together. The baseline cuts the frame into datagrams \
         once, puts them together again, and checks it at both ends.\n\n| | time over baseline | us a frame | frames/s \
         | Mbyte/s of frames | bytes over frame bytes | allocations a frame |\n|---|---|---|---|---|---|---|\n",
        session::FRAME_BYTES
    );
    let row = |name: &str, us: f64, bytes_ratio: f64, allocations: f64| {
        let (ratio, frames, mbytes) = (us / baseline_us, 1e6 / us, session::FRAME_BYTES as f64 / us);
        format!("| {name} | {ratio:.1} | {us:.0} | {frames:.0} | {mbytes:.0} | {bytes_ratio:.2} | {allocations:.0} |\n")
    };
    table += &row(session::SPLITTING, baseline_us, 1.0, session::splitting_allocations() as f64);
    for (case, counted) in session::CASES.iter().zip(counted) {
        let us = median_us(samples, session::GROUP, case.name)?;
        table += &row(case.name, us, counted.bytes_ratio, counted.allocations);
    }
    Ok(table)
}

fn codes(samples: &Path) -> Result<String> {
    let baseline_us = median_us(samples, code::GROUP, code::CHECKSUM)?;
    let mut table = format!(
        "\n## Repair of a frame of {} bytes\n\nIn 36 source shards. *protect* makes repair shards, *rebuild* gives as many \
         missing source shards back from as many repair shards, beside `reed-solomon-simd`'s own decoder doing the same. The baseline reads \
         the frame once.\n\n| | time over \
         baseline | us | Mbyte/s of frames |\n|---|---|---|---|\n",
        code::FRAME_BYTES
    );
    let repaired = code::REPAIR
        .into_iter()
        .flat_map(|repair| [code::protect_name(repair), code::rebuild_name(repair), code::plain_name(repair)]);
    for name in std::iter::once(code::CHECKSUM.to_owned()).chain(repaired) {
        let us = median_us(samples, code::GROUP, &name)?;
        let (ratio, mbytes) = (us / baseline_us, code::FRAME_BYTES as f64 / us);
        table += &format!("| {name} | {ratio:.1} | {us:.1} | {mbytes:.0} |\n");
    }
    Ok(table)
}

fn processor(shares: &Shares) -> String {
    let Shares { core, driver, udp } = *shares;
    let verdict = |share: f64| if share <= CPU_BOUND { "kept" } else { "missed" };
    format!(
        "\n## Processor time of a session at 6 Mbit/s, copies on two paths\n\nShare of one processor, both ends together, \
         the kernel's part included; a frame of 25,000 bytes 30 times a second. The baseline sends every datagram of the \
         frames twice over plain UDP and reads it on another thread. The bound is {CPU_BOUND} %.\n\n| | over baseline | \
         percent of one processor | |\n|---|---|---|---|\n| plain UDP over loopback | 1.0 | {udp:.2} | – |\n| the driver \
         over loopback: sockets, QUIC, TLS, core | {:.1} | {driver:.2} | {} |\n| of which the core, in virtual time | {:.1} \
         | {core:.2} | {} |\n",
        driver / udp,
        verdict(driver),
        core / udp,
        verdict(core),
    )
}

/// Criterion keeps each benchmark in a folder by its name, with what a file system may not like replaced.
fn median_us(samples: &Path, group: &str, name: &str) -> Result<f64> {
    let path = samples.join(group).join(name).join("new/estimates.json");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let estimates: Estimates = serde_json::from_str(&text).with_context(|| format!("in {}", path.display()))?;
    Ok(estimates.median.point_estimate / 1000.0)
}
