//! Which encoder this machine has: each is tried with real pictures of the size that is to be encoded, and the first that
//! does all that is asked of one is taken. The report says what was taken and why no other.

use gstreamer as gst;
use protocol::time::MonoTime;

use super::family::Family;
use super::{AccessUnit, Config, Encoder};
use crate::byte_stream;
use crate::picture::{self, Picture};
use crate::probe;

/// Pictures that each is given: enough that one which holds pictures back, or ignores a wish, shows it.
const PICTURES: u32 = 6;
/// Of these, the one that is asked to be independent.
const ASKED: u32 = 3;
/// What was tried, and what came of it.
pub type Report = probe::Report<Family>;
/// None does what is asked.
pub type NoneWorks = probe::NoneWorks<Family>;

/// Tries those of `families` that make the codec of `config`, in their order. `config` is what is to be encoded; its family does not
/// matter.
///
/// # Errors
/// [`NoneWorks`], with what is wrong with each.
pub fn choose(families: &[Family], config: &Config) -> Result<Report, NoneWorks> {
    let able = families.iter().copied().filter(|family| family.makes(config.codec));
    let (report, ()) = probe::first(able, |family| try_out(&Config { family, ..*config }))?;
    Ok(report)
}

/// Encodes some pictures as a session will.
fn try_out(config: &Config) -> Result<(), String> {
    let tuning = config.family.tuning();
    let factory = tuning.factory(config.codec);
    if gst::ElementFactory::find(factory).is_none() {
        return Err(format!("there is no {factory}; it takes {}", tuning.needs()));
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
        (true, true) if !byte_stream::has_parameter_sets(unit.codec, &unit.bytes) => {
            Err("its independent pictures lack their parameter sets".into())
        }
        _ => Ok(()),
    }
}

/// A picture of one colour, another for each number.
fn grey(config: &Config, number: u32) -> Result<Picture, picture::Error> {
    let info = picture::i420(config.size, config.colour)?;
    let level = u8::try_from(64 + 16 * number % 128).unwrap_or(64);
    let buffer = gst::Buffer::from_slice(vec![level; info.size()]);
    Ok(Picture { buffer, info, captured: MonoTime(number.into()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Rate;
    use crate::probe::Candidate;
    use protocol::codec::Codec;
    use protocol::colour::Colour;
    use protocol::geometry::SizePx;

    fn config(codec: Codec) -> Config {
        crate::init().unwrap();
        let rate = Rate { bitrate_bps: 2_000_000, pictures_per_second: 30.0 };
        let size = SizePx { width: 1280, height: 720 };
        Config { size, colour: Colour::default(), rate, codec, family: Family::default() }
    }

    #[test]
    fn every_encoder_of_the_processor_does_all_that_is_asked() {
        for (family, codec) in
            [(Family::X264, Codec::H264), (Family::OpenH264, Codec::H264), (Family::X265, Codec::H265)]
        {
            assert_eq!(choose(&[family], &config(codec)), Ok(Report { chosen: family, passed_over: Vec::new() }));
        }
    }

    #[test]
    fn the_best_that_works_is_taken_and_the_report_says_why_no_better_one_was() {
        let report = choose(&Family::ALL, &config(Codec::H264)).unwrap();
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
            for codec in Codec::ALL {
                if let Err(probe::NoneWorks(tried)) = choose(&[family], &config(codec)) {
                    let factory = family.tuning().factory(codec);
                    let missing = gst::ElementFactory::find(factory).is_none();
                    let (_, fault) = &tried[0];
                    let told = fault.contains(family.tuning().needs()) && fault.contains(codec.word());
                    assert!(!missing || told, "{fault}");
                }
            }
        }
        for families in [&[][..], &[Family::X264][..]] {
            let none = choose(families, &config(Codec::H265)).unwrap_err();
            assert_eq!(none.to_string(), "the configuration allows none");
        }
    }

    #[test]
    fn an_access_unit_that_is_not_what_was_asked_for_is_a_fault() {
        let whole = [0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 3];
        let unit = |bytes: &[u8], independent| AccessUnit { codec: Codec::H264, bytes: bytes.to_vec(), independent };
        assert_eq!(judge(&unit(&whole, true), true), Ok(()));
        assert!(judge(&unit(&whole[12..], true), true).unwrap_err().contains("parameter sets"));
        assert!(judge(&unit(&whole, false), true).unwrap_err().contains("when asked"));
        assert!(judge(&unit(&whole, true), false).unwrap_err().contains("without being asked"));
    }
}
