//! Latency settings of the peers for each link, in a committed file: found by a sweep, used by every other run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::results::Figures;

/// What a sweep tries, in milliseconds.
pub const TRIED_MS: [u32; 7] = [40, 60, 80, 100, 120, 150, 200];
/// Where the file names none: the middle of what was found best in earlier measurements.
const USUAL_MS: u32 = 120;
/// Says what the file is.
const HEADING: &str = "# Latency settings of the peers in milliseconds, for each link profile. Found and written by `./bench --sweep`:\n\
     # fewest frames lost or damaged, then the lowest 99th percentile.\n";

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

/// The best of several settings: fewest frames lost or damaged, then the lowest 99th percentile.
pub fn best(tried: &[(u32, Figures)]) -> Option<u32> {
    let key = |figures: &Figures| (figures.lost + figures.damaged, figures.p99.unwrap_or(f64::INFINITY));
    let better = |(_, a): &&(u32, Figures), (_, b): &&(u32, Figures)| {
        let ((bad_a, p99_a), (bad_b, p99_b)) = (key(a), key(b));
        bad_a.total_cmp(&bad_b).then(p99_a.total_cmp(&p99_b))
    };
    tried.iter().min_by(better).map(|(latency_ms, _)| *latency_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(lost: f64, damaged: f64, p99: Option<f64>) -> Figures {
        Figures { lost, damaged, p99, ..Figures::default() }
    }

    #[test]
    fn whole_frames_come_before_early_ones() {
        let tried = [
            (40, figures(3.0, 2.0, Some(60.0))),
            (80, figures(1.0, 1.0, Some(90.0))),
            (100, figures(2.0, 0.0, Some(110.0))),
            (200, figures(600.0, 0.0, None)),
        ];
        assert_eq!(best(&tried), Some(80));
        assert_eq!(best(&[]), None);
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
