//! Which encoder this machine has: each is tried with real pictures of the size that is to be encoded, and the first that
//! does all that is asked of one is taken. The report says what was taken and why no other.

use std::fmt;

use gstreamer as gst;
use protocol::time::MonoTime;

use super::family::Family;
use super::{AccessUnit, Config, Encoder};
use crate::picture::{self, Picture};

/// Pictures that each is given: enough that one which holds pictures back, or ignores a wish, shows it.
const PICTURES: u32 = 6;
/// Of these, the one that is asked to be independent.
const ASKED: u32 = 3;
/// Types of the parameter sets without which an access unit does not decode alone (H.264 table 7-1).
const PARAMETER_SETS: [u8; 2] = [7, 8];

/// What was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The one taken.
    pub chosen: Family,
    /// Those tried before it, each with what is wrong, in one line.
    pub passed_over: Vec<(Family, String)>,
}

/// None does what is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no video encoder works here: {}", told(.0))]
pub struct NoneWorks(pub Vec<(Family, String)>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.chosen.is_hardware() { "hardware" } else { "processor" };
        write!(f, "{} ({place})", self.chosen)?;
        if !self.passed_over.is_empty() {
            write!(f, "; not taken: {}", told(&self.passed_over))?;
        }
        Ok(())
    }
}

/// Tries `families` in their order. `config` is what is to be encoded; its family does not matter.
///
/// # Errors
/// [`NoneWorks`], with what is wrong with each.
pub fn choose(families: &[Family], config: &Config) -> Result<Report, NoneWorks> {
    let mut passed_over = Vec::new();
    for family in families {
        match try_out(&Config { family: *family, ..*config }) {
            Ok(()) => return Ok(Report { chosen: *family, passed_over }),
            Err(fault) => passed_over.push((*family, fault)),
        }
    }
    Err(NoneWorks(passed_over))
}

/// Encodes some pictures as a session will.
fn try_out(config: &Config) -> Result<(), String> {
    let tuning = config.family.tuning();
    if gst::ElementFactory::find(tuning.factory()).is_none() {
        return Err(format!("there is no {}; it takes {}", tuning.factory(), tuning.needs()));
    }
    let mut encoder = Encoder::start(config).map_err(|error| error.to_string())?;
    for number in 0..PICTURES {
        let wanted = number == 0 || number == ASKED;
        if number == ASKED {
            encoder.force_independent().map_err(|error| error.to_string())?;
        }
        let picture = grey(config, number).map_err(|error| error.to_string())?;
        judge(&encoder.encode(&picture).map_err(|error| error.to_string())?, wanted)?;
    }
    Ok(())
}

/// Whether an access unit is what was asked for.
fn judge(unit: &AccessUnit, wanted: bool) -> Result<(), String> {
    match (wanted, unit.independent) {
        (true, false) => Err("it makes no independent picture when asked for one".into()),
        (false, true) => Err("it makes independent pictures without being asked".into()),
        (true, true) if !PARAMETER_SETS.iter().all(|kind| holds(&unit.bytes, *kind)) => {
            Err("its independent pictures lack their parameter sets".into())
        }
        _ => Ok(()),
    }
}

/// Whether a unit of this type is in an access unit of the byte stream format.
fn holds(bytes: &[u8], kind: u8) -> bool {
    bytes.windows(4).any(|bytes| matches!(bytes, [0, 0, 1, header] if header & 0x1f == kind))
}

/// A picture of one colour, another for each number.
fn grey(config: &Config, number: u32) -> Result<Picture, picture::Error> {
    let info = picture::i420(config.size, config.colour)?;
    let level = u8::try_from(64 + 16 * number % 128).unwrap_or(64);
    let buffer = gst::Buffer::from_slice(vec![level; info.size()]);
    Ok(Picture { buffer, info, captured: MonoTime(number.into()) })
}

fn told(tried: &[(Family, String)]) -> String {
    tried.iter().map(|(family, fault)| format!("{family}: {fault}")).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Rate;
    use protocol::colour::Colour;
    use protocol::geometry::SizePx;

    fn config() -> Config {
        crate::init().unwrap();
        let rate = Rate { bitrate_bps: 2_000_000, pictures_per_second: 30.0 };
        let size = SizePx { width: 1280, height: 720 };
        Config { size, colour: Colour::default(), rate, family: Family::default() }
    }

    #[test]
    fn both_encoders_of_the_processor_do_all_that_is_asked() {
        for family in [Family::X264, Family::OpenH264] {
            assert_eq!(choose(&[family], &config()), Ok(Report { chosen: family, passed_over: Vec::new() }));
        }
    }

    #[test]
    fn the_best_that_works_is_taken_and_the_report_says_why_no_better_one_was() {
        let report = choose(&Family::ALL, &config()).unwrap();
        let before = Family::ALL.iter().position(|family| *family == report.chosen).unwrap();
        let passed: Vec<Family> = report.passed_over.iter().map(|(family, _)| *family).collect();
        assert_eq!(passed, Family::ALL[..before]);
        assert!(report.passed_over.iter().all(|(_, fault)| !fault.is_empty()));
        assert!(report.to_string().starts_with(report.chosen.name()), "{report}");
    }

    #[test]
    fn an_encoder_that_is_not_here_says_what_it_takes() {
        // No machine has all four chips; those it lacks say so, and one it has works.
        let chips = Family::ALL.into_iter().filter(|family| family.is_hardware());
        for family in chips {
            if let Err(NoneWorks(tried)) = choose(&[family], &config()) {
                let missing = gst::ElementFactory::find(family.tuning().factory()).is_none();
                let (_, fault) = &tried[0];
                assert!(!missing || fault.contains(family.tuning().needs()), "{fault}");
            }
        }
        assert_eq!(
            choose(&[], &config()).unwrap_err().to_string(),
            "no video encoder works here: ",
            "nothing was to be tried"
        );
    }

    #[test]
    fn an_access_unit_that_is_not_what_was_asked_for_is_a_fault() {
        let whole = [0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 3];
        let unit = |bytes: &[u8], independent| AccessUnit { bytes: bytes.to_vec(), independent };
        assert_eq!(judge(&unit(&whole, true), true), Ok(()));
        assert!(judge(&unit(&whole[12..], true), true).unwrap_err().contains("parameter sets"));
        assert!(judge(&unit(&whole, false), true).unwrap_err().contains("when asked"));
        assert!(judge(&unit(&whole, true), false).unwrap_err().contains("without being asked"));
    }
}
