//! Memory over a long time, while a camera in the room and a file fail and return again and again.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use crossbeam_channel::{RecvTimeoutError, bounded};
use harness::process::Program;
use harness::rig::free_ports;
use program::clock;
use rustix::process::Signal;

use crate::theatre::{PROGRAMS, Theatre};

/// Until pools and caches are as full as they become.
const WARM: Duration = Duration::from_secs(120);
/// How long the camera is there, and then gone.
const THERE: Duration = Duration::from_secs(7);
const GONE: Duration = Duration::from_secs(3);
/// What a program may hold more at the end than after the warm-up, in MiB: allocators keep some of what was given back.
const BOUND_MIB: f64 = 8.0;

/// Measures and writes the page.
///
/// # Errors
/// Theatre does not run.
pub fn measure(minutes: u64, page: &Path) -> Result<()> {
    let folder = Path::new("target/bench/node-memory");
    let port = free_ports(1)?.first().copied().context("a free port")?;
    let theatre = Theatre::start(folder, &tables(port))?;
    let (kept, played) = (folder.join("kept.mp4"), folder.join("clip.mp4"));
    record(&kept)?;
    let mut rows = Vec::new();
    let begun = clock::now();
    let counted = WARM + Duration::from_secs(minutes * 60);
    let (mut failures, mut next) = (0_u32, WARM);
    while clock::now().since(begun) < counted {
        let mut camera = camera(folder, port)?;
        fs::rename(&kept, &played)?;
        pause(THERE);
        fs::rename(&played, &kept)?;
        camera.signal(Signal::KILL)?;
        camera.wait(Duration::from_secs(5))?;
        failures += 1;
        pause(GONE);
        if clock::now().since(begun) >= next {
            rows.push((next, failures, theatre.usage()?.map(|usage| usage.rss_mib)));
            println!("{} min: {:?}", next.as_secs() / 60, rows.last());
            next += Duration::from_secs(minutes.max(6) * 10);
        }
    }
    if rows.last().is_none_or(|(at, ..)| *at < counted) {
        rows.push((counted, failures, theatre.usage()?.map(|usage| usage.rss_mib)));
    }
    theatre.stop()?;
    fs::write(page, text(minutes, &rows)).with_context(|| format!("writing {}", page.display()))?;
    println!("Written to {}", page.display());
    Ok(())
}

/// A recording of three seconds: it ends while it is there, and cannot be opened while it is not.
fn record(path: &Path) -> Result<()> {
    let pipeline = format!(
        "videotestsrc num-buffers=75 pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate=25/1 \
         ! x264enc speed-preset=ultrafast ! mp4mux ! filesink location={}",
        path.display()
    );
    let made = Command::new("gst-launch-1.0").arg("-q").args(pipeline.split_whitespace()).status()?;
    ensure!(made.success(), "no recording is made");
    Ok(())
}

/// A camera that sends over the network, as a process of its own.
fn camera(folder: &Path, port: u16) -> Result<Program> {
    let mut command = Command::new("gst-launch-1.0");
    let pipeline = format!(
        "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=480,framerate=25/1 \
         ! jpegenc ! rtpjpegpay ! udpsink host=127.0.0.1 port={port}"
    );
    command.arg("-q").args(pipeline.split_whitespace());
    Program::start("gst-launch-1.0", command, &folder.join("camera.log"))
}

/// Nothing comes: time alone has to pass.
fn pause(time: Duration) {
    let (_never, waits) = bounded::<()>(0);
    let passed = waits.recv_timeout(time);
    debug_assert_eq!(passed, Err(RecvTimeoutError::Timeout));
}

fn tables(port: u16) -> String {
    format!(
        "[source.endoscope]\nrole = \"endoscope\"\nkind = \"scene\"\nscene = \"bars\"\n\
         size = {{ width = 1280, height = 720 }}\nfps = 30\n\
         [source.room]\nrole = \"room\"\nkind = \"rtp\"\nlisten = \"127.0.0.1:{port}\"\nencoding = \"jpeg\"\n\
         [source.clip]\nrole = \"room\"\nkind = \"file\"\nlocation = \"clip.mp4\"\n\
         [source.vitals]\nrole = \"vitals\"\nkind = \"vitals\"\n[vitals]\nkind = \"generator\"\n\
         [canvas]\nwidth = 1280\nheight = 720\n"
    )
}

fn text(minutes: u64, rows: &[(Duration, u32, [f64; 2])]) -> String {
    let mut text = format!(
        "# Memory\n\n`cargo build --release --locked --workspace --bins && cargo run --release --locked -p system-benches --bin node -- \
         memory --minutes {minutes}`\n\nResident memory in MiB of a theatre whose room camera (JPEG over RTP, a process of its own) is \
         killed every 10 s and back 3 s later, while a recording of 3 s ends again and again and is taken away as often, for {minutes} minutes after {} s to warm up. The \
         baseline is the first row; at the end a program may hold {BOUND_MIB:.0} MiB more.\n\n| minute | failures so far | {} | {} |\n\
         |---|---|---|---|\n",
        WARM.as_secs(),
        PROGRAMS[0],
        PROGRAMS[1],
    );
    for (at, failures, [display, node]) in rows {
        let minute = at.as_secs_f64() / 60.0;
        // Writing into a string does not fail.
        let _ = writeln!(text, "| {minute:.0} | {failures} | {display:.1} | {node:.1} |");
    }
    if let (Some((_, _, first)), Some((_, _, last))) = (rows.first(), rows.last()) {
        let more = [last[0] - first[0], last[1] - first[1]];
        let kept = if more.iter().all(|more| *more <= BOUND_MIB) { "kept" } else { "**missed**" };
        let _ = writeln!(text, "\nAt the end {:+.1} and {:+.1} MiB: {kept}.", more[0], more[1]);
    }
    text
}
