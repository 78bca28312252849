//! Headers of WFDB records (WFDB Applications Guide, header(5)): a record line, then a line for each signal or segment.

use super::samples::Packing;

/// Signals of a record at most.
const MAX_SIGNALS: usize = 64;
/// Samples of one signal in a frame at most.
const MAX_IN_FRAME: u64 = 1_000;
/// Frames a second at most.
const MAX_FRAMES_HZ: f64 = 2_000.0;
/// Frames of a record at most, its silences included: a year of the most in a second.
const MAX_FRAMES: u64 = 365 * 24 * 3_600 * 2_000;
/// Frames a second where a header does not tell.
const DEFAULT_FRAMES_HZ: f64 = 250.0;
/// Steps of a unit where a header does not tell, or tells 0 because the signal was never calibrated.
const DEFAULT_GAIN: f64 = 200.0;

/// What a header says.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Frames a second.
    pub frames_hz: f64,
    /// Frames of the record; `None` if the header does not tell.
    pub frames: Option<u64>,
    /// Its signals, if it is of one segment.
    pub signals: Vec<Signal>,
    /// Its segments' names and frames, if it is of several.
    pub segments: Option<Vec<(String, u64)>>,
}

/// A signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// The file of its samples, beside the header.
    pub file: String,
    /// How they are packed there.
    pub packing: Packing,
    /// How many of them there are in a frame.
    pub samples_per_frame: u64,
    /// How many frames later they stand in the file than those of others.
    pub skew: u64,
    /// Where in the file they begin.
    pub offset_bytes: u64,
    /// Steps of a unit.
    pub gain: f64,
    /// The step that is zero of the unit.
    pub baseline: i32,
    /// The unit.
    pub unit: String,
    /// What it is.
    pub description: String,
}

/// The words of a line.
type Line<'a> = std::str::SplitAsciiWhitespace<'a>;

/// What the header in `text` says.
///
/// # Errors
/// What is wrong with it, and in which line.
pub fn read(text: &str) -> Result<Lines, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut lines = lines.map(str::split_ascii_whitespace);
    let mut record = lines.next().ok_or("it is empty; a record line is needed")?;
    let name = record.next().ok_or("the record line is empty")?;
    let count: usize =
        record.next().and_then(|count| count.parse().ok()).ok_or("the record line has no number of signals")?;
    let frames_hz = record.next().map_or(Some(DEFAULT_FRAMES_HZ), frequency);
    let frames_hz =
        frames_hz.ok_or_else(|| format!("the record line must tell up to {MAX_FRAMES_HZ} frames a second"))?;
    let frames = record.next().and_then(|frames| frames.parse().ok()).filter(|frames| *frames > 0);
    if frames.is_some_and(|frames| frames > MAX_FRAMES) {
        return Err(format!("the record line tells of more than {MAX_FRAMES} frames, which is the most that is read"));
    }
    if count > MAX_SIGNALS {
        return Err(format!("it has {count} signals; at most {MAX_SIGNALS} are read"));
    }
    if let Some((_, several)) = name.split_once('/') {
        let several: usize = several.parse().map_err(|_| "the number of segments is no number".to_owned())?;
        let mut all = 0;
        let segments = each(lines.take(several.min(super::MAX_SEGMENTS + 1)), |line| segment(line, &mut all))?;
        return Ok(Lines { frames_hz, frames, signals: Vec::new(), segments: Some(segments) });
    }
    let signals = each(lines.take(count), signal)?;
    if signals.len() < count {
        return Err(format!("it tells of {count} signals and has lines for {}", signals.len()));
    }
    Ok(Lines { frames_hz, frames, signals, segments: None })
}

/// What `read` gives for each of `lines`, or which of them is wrong.
fn each<'a, T>(
    lines: impl Iterator<Item = Line<'a>>,
    mut read: impl FnMut(Line<'a>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let numbered = |number: usize, fault: String| format!("line {} after the record line: {fault}", number + 1);
    lines.enumerate().map(|(number, line)| read(line).map_err(|fault| numbered(number, fault))).collect()
}

/// A segment's name and frames, which are added to `all` of the record.
fn segment(mut line: Line<'_>, all: &mut u64) -> Result<(String, u64), String> {
    let (name, frames) = (line.next(), line.next().and_then(|frames| frames.parse().ok()));
    let (Some(name), Some(frames)) = (name, frames) else { return Err("no segment's".to_owned()) };
    *all = all.saturating_add(frames);
    if *all > MAX_FRAMES {
        return Err(format!("with it the record has more than {MAX_FRAMES} frames, which is the most that is read"));
    }
    Ok((named(name)?, frames))
}

/// `name` if it names a file beside the header, and nothing elsewhere.
fn named(name: &str) -> Result<String, String> {
    let is_beside = !name.contains(['/', '\\', '\0']) && name != ".." && name != ".";
    if is_beside { Ok(name.to_owned()) } else { Err(format!("`{name}` is not beside the header")) }
}

fn signal(mut line: Line<'_>) -> Result<Signal, String> {
    let file = named(line.next().ok_or("no file")?)?;
    let (packing, samples_per_frame, skew, offset_bytes) = format(line.next().ok_or("no format")?)?;
    let scaling = line.next().unwrap_or_default();
    let _resolution_bits = line.next();
    let zero: i32 = line.next().and_then(|zero| zero.parse().ok()).unwrap_or(0);
    let (scaling, unit) = scaling.split_once('/').unwrap_or((scaling, "mV"));
    let (gain, baseline) = match scaling.split_once('(') {
        Some((gain, baseline)) => (gain, baseline.trim_end_matches(')').parse().ok()),
        None => (scaling, None),
    };
    let gain = gain.parse().ok().filter(|gain: &f64| gain.is_finite() && *gain != 0.0).unwrap_or(DEFAULT_GAIN);
    // Initial value, checksum and block size come before the description, which may hold blanks.
    let description = line.skip(3).collect::<Vec<_>>().join(" ");
    Ok(Signal {
        file,
        packing,
        samples_per_frame,
        skew,
        offset_bytes,
        gain,
        baseline: baseline.unwrap_or(zero),
        unit: unit.to_owned(),
        description,
    })
}

/// A format with what may follow it: `212x4:3+128`.
fn format(text: &str) -> Result<(Packing, u64, u64, u64), String> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, mut rest) = text.split_at(digits);
    let packing = number.parse().ok().and_then(Packing::numbered);
    let packing =
        packing.ok_or_else(|| format!("format `{number}` is not read; 16, 24, 32, 61, 80, 160 and 212 are"))?;
    let (mut samples_per_frame, mut skew, mut offset_bytes) = (1, 0, 0);
    while let Some(sign) = rest.chars().next() {
        let after = rest.get(sign.len_utf8()..).unwrap_or_default();
        let digits = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
        let (value, others) = after.split_at(digits);
        let value: u64 = value.parse().map_err(|_| format!("`{text}` is no format"))?;
        match sign {
            'x' => samples_per_frame = value,
            ':' => skew = value,
            '+' => offset_bytes = value,
            _ => return Err(format!("`{text}` is no format")),
        }
        rest = others;
    }
    if !(1..=MAX_IN_FRAME).contains(&samples_per_frame) {
        return Err(format!("`{text}` must have 1 to {MAX_IN_FRAME} samples in a frame"));
    }
    Ok((packing, samples_per_frame, skew, offset_bytes))
}

/// Frames a second, before what may follow it: a counter's frequency and its base.
fn frequency(text: &str) -> Option<f64> {
    let (frames_hz, _) = text.split_once('/').unwrap_or((text, ""));
    let (frames_hz, _) = frames_hz.split_once('(').unwrap_or((frames_hz, ""));
    frames_hz.parse().ok().filter(|hz: &f64| *hz > 0.0 && *hz <= MAX_FRAMES_HZ)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_is_read_with_all_that_may_stand_in_it() {
        let lines = read(
            "# a comment\r\nrec 3 125/1(2) 75000 17:27:45 15/08/1994\r\nrec.dat 212x4 2963.77/mV 12 0 67 -11266 0 MCL1 lead\n\n\
             rec.dat 212 12.84(-1605)/mmHg 12 0 -943 -23651 0 ABP\nrec.dat 212:4+18 0 12 7 -304 6310 0 RESP\n# end",
        )
        .unwrap();
        assert_eq!((lines.frames_hz, lines.frames, lines.segments), (125.0, Some(75_000), None));
        let [ecg, pressure, breath] = &lines.signals[..] else { panic!("three signals") };
        assert_eq!((ecg.samples_per_frame, ecg.gain, ecg.baseline), (4, 2963.77, 0));
        assert_eq!((ecg.unit.as_str(), ecg.description.as_str()), ("mV", "MCL1 lead"));
        assert_eq!((pressure.baseline, pressure.unit.as_str()), (-1605, "mmHg"));
        assert_eq!((breath.skew, breath.offset_bytes, breath.gain, breath.baseline), (4, 18, DEFAULT_GAIN, 7));
    }

    #[test]
    fn segments_are_read_with_their_silences() {
        let lines = read("rec/3 2 125 3000\nrec_layout 0\nrec_1 1000\n~ 2000\n").unwrap();
        let segments =
            [("rec_layout", 0), ("rec_1", 1_000), ("~", 2_000)].map(|(name, frames)| (name.to_owned(), frames));
        assert_eq!(lines.segments.as_deref(), Some(&segments[..]));
    }

    #[test]
    fn what_is_no_header_is_told_with_its_line() {
        for (text, told) in [
            ("", "it is empty"),
            ("rec", "no number of signals"),
            ("rec 1 0", "frames a second"),
            ("rec 1 NaN", "frames a second"),
            ("rec 2 250\na.dat 16", "it tells of 2 signals and has lines for 1"),
            ("rec 1 250\na.dat 8 200", "line 1 after the record line: format `8` is not read"),
            ("rec 1 250\na.dat 16x0", "1 to 1000 samples"),
            ("rec 1 250\na.dat 16y2", "no format"),
            ("rec 1 250\n../../etc/passwd 16", "not beside the header"),
            ("rec/1 1 250\n/etc/passwd 9", "not beside the header"),
            ("rec 65 250", "at most 64"),
            ("rec 1 250 63072000001\na.dat 16", "the record line tells of more than 63072000000 frames"),
            (
                "x/2 1 250 0\n~ 18446744073709551615\n~ 18446744073709551615",
                "line 1 after the record line: with it the record has more than 63072000000 frames",
            ),
            ("x/2 1 250\n~ 63072000000\n~ 1", "line 2 after the record line: with it the record has more than"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(told), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_header_holds_is_read_or_told(text in "[rec0-9/.x:+()~ \n#é-]{0,80}", tail in "[ -~\n]{0,60}") {
            // An error is an answer, too.
            let _ = read(&text);
            let _ = read(&format!("rec 2 250\n{tail}"));
        }
    }
}
