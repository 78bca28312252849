//! Latency settings of the peers for each link, in a committed file: found by a sweep, used by every other run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::results::Figures;

/// What a sweep may try, in milliseconds.
const TRIED_MS: [u32; 7] = [40, 60, 80, 100, 120, 150, 200];
/// Differences of this share of the frames say nothing in a single run.
const CHANCE: f64 = 0.005;
/// Where the file names none: the middle of what was found best in earlier measurements.
const USUAL_MS: u32 = 120;
/// Says what the file is.
const HEADING: &str = "# Latency settings of the peers in milliseconds, for each link profile. Found and written by `./bench --sweep`:\n\
     # fewest frames lost or damaged (differences of up to one in 200 aside), then the lowest 99th percentile.\n";

/// Settings by system, then by profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, BTreeMap<String, u32>>);

impl Settings {
    /// Reads them; without a file they are the usual ones.
    ///
    /// # Errors
    /// The file is there and is no such file.
    pub fn load(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        Ok(Self(toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?))
    }

    /// The setting of `system` over `profile`.
    pub fn latency_ms(&self, system: &str, profile: &str) -> u32 {
        self.0.get(system).and_then(|profiles| profiles.get(profile)).copied().unwrap_or(USUAL_MS)
    }

    /// Sets it.
    pub fn set(&mut self, system: &str, profile: &str, latency_ms: u32) {
        self.0.entry(system.to_owned()).or_default().insert(profile.to_owned(), latency_ms);
    }

    /// Writes them.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        fs::write(path, self.text()).with_context(|| format!("writing {}", path.display()))
    }

    fn text(&self) -> String {
        let mut text = HEADING.to_owned();
        for (system, profiles) in &self.0 {
            let _ = write!(text, "\n[{system}]\n");
            for (profile, latency_ms) in profiles {
                let _ = writeln!(text, "{profile} = {latency_ms}");
            }
        }
        text
    }
}

/// The best of the settings, from `start_ms` towards both sides for as long as it gets better: a shorter buffer is earlier
/// until it is too short, so that there is one best between. `None` if not even the first one works.
pub fn seek(start_ms: u32, mut figures: impl FnMut(u32) -> Option<Figures>) -> Option<u32> {
    let start = TRIED_MS.iter().position(|tried| *tried >= start_ms).unwrap_or(TRIED_MS.len() - 1);
    let (below, from) = TRIED_MS.split_at(start);
    let mut best = (*from.first()?, figures(*from.first()?)?);
    for side in [&mut below.iter().rev() as &mut dyn Iterator<Item = &u32>, &mut from.iter().skip(1)] {
        for latency_ms in side {
            match figures(*latency_ms) {
                Some(figures) if is_better(&figures, &best.1) => best = (*latency_ms, figures),
                _ => break,
            }
        }
    }
    Some(best.0)
}

/// Fewer frames lost or damaged, else a lower 99th percentile. A handful more or less out of hundreds is chance.
fn is_better(one: &Figures, other: &Figures) -> bool {
    let bad = |figures: &Figures| figures.lost + figures.damaged;
    let p99 = |figures: &Figures| figures.p99.unwrap_or(f64::INFINITY);
    if (bad(one) - bad(other)).abs() <= CHANCE * one.frames { p99(one) < p99(other) } else { bad(one) < bad(other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Buffers below `needed_ms` lose frames, the more the shorter they are.
    fn sought(start_ms: u32, needed_ms: u32) -> (Option<u32>, Vec<u32>) {
        let mut tried = Vec::new();
        let best = seek(start_ms, |latency_ms| {
            tried.push(latency_ms);
            let lost = f64::from(needed_ms.saturating_sub(latency_ms)) * 2.0 + f64::from(latency_ms % 3);
            Some(Figures { frames: 600.0, lost, p99: Some(f64::from(latency_ms) + 10.0), ..Figures::default() })
        });
        (best, tried)
    }

    #[test]
    fn whole_frames_come_before_early_ones_and_what_is_worse_is_not_followed() {
        assert_eq!(sought(100, 75), (Some(80), vec![100, 80, 60, 120]));
        assert_eq!(sought(100, 110), (Some(120), vec![100, 80, 120, 150]));
        assert_eq!(sought(500, 0), (Some(40), vec![200, 150, 120, 100, 80, 60, 40]));
    }

    #[test]
    fn what_does_not_work_has_no_best_setting() {
        assert_eq!(seek(100, |_| None), None);
    }

    #[test]
    fn what_is_written_is_read_and_the_rest_is_usual() {
        let mut settings = Settings::default();
        settings.set("srt", "lte", 150);
        let path = std::env::temp_dir().join(format!("peers-{}.toml", std::process::id()));
        settings.save(&path).unwrap();
        let read = Settings::load(&path).unwrap();
        fs::remove_file(path).unwrap();
        assert_eq!(read, settings);
        assert_eq!((read.latency_ms("srt", "lte"), read.latency_ms("srt", "wan")), (150, USUAL_MS));
    }

    #[test]
    fn the_committed_file_can_be_read() {
        Settings::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/peers.toml"))).unwrap();
    }
}
