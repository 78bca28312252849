//! `capture-node ctl ...`: the command line of requests.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use protocol::arrangement::Preset;
use protocol::drill::Effect;

use super::{PathDrill, Request};
use crate::local::Curtain;

/// What the running capture-node is to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Cut, delay or thin one of theatre's paths on purpose, marked as a drill at both ends; or end that.
    Drill(Drill),
    /// The patient's vital signs.
    #[command(subcommand)]
    Vitals(Vitals),
    /// Divide the picture sent to the mentor otherwise. The OR display stays as it is.
    Layout {
        /// How.
        preset: PresetName,
        /// The source with the first and largest place; without it that stays.
        #[arg(long, value_name = "SOURCE")]
        main: Option<String>,
    },
    /// Close the curtain: nothing of any source leaves theatre until it is opened. The session stays.
    Curtain {
        /// Closed or open.
        state: Switch,
    },
    /// Speak about the privacy mask of a source.
    #[command(subcommand)]
    Mask(MaskCommand),
}

/// What can be asked about vital signs.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Vitals {
    /// The monitor named another patient and vital signs stopped; somebody has looked, and they may go on.
    Confirm,
}

/// What can be said about a mask.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum MaskCommand {
    /// Somebody looked: the mask fits pictures of the size that is withheld now.
    Confirm {
        /// The source, by its name in the configuration.
        source: String,
    },
}

/// A preset as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PresetName {
    /// One source alone.
    Solo,
    /// One large source, the others small beside it.
    Insets,
    /// Four of one size.
    Quad,
    /// Two of one size.
    SideBySide,
}

/// Whether the curtain is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Closed.
    On,
    /// Open.
    Off,
}

/// A link drill, or its end.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(group = ArgGroup::new("effect").args(["cut", "delay", "thin"]))]
#[command(group = ArgGroup::new("what").args(["path", "end"]).required(true))]
pub struct Drill {
    /// The path, by its name in the configuration.
    #[arg(long, value_name = "NAME", requires_all = ["effect", "seconds"])]
    path: Option<String>,
    /// To whom the path leads, if several participants have one of that name.
    #[arg(long, value_name = "NAME", requires = "path")]
    participant: Option<String>,
    /// Nothing passes.
    #[arg(long, requires = "path")]
    cut: bool,
    /// Everything comes later by so many milliseconds each way, 1 to 2000.
    #[arg(long, value_name = "MS", requires = "path")]
    delay: Option<u32>,
    /// So many kbit/s pass each way, from 64 on.
    #[arg(long, value_name = "KBPS", requires = "path")]
    thin: Option<u32>,
    /// For so long, 1 to 120.
    #[arg(long, value_name = "N", requires = "path")]
    seconds: Option<u32>,
    /// End the drill under way.
    #[arg(long, conflicts_with_all = ["effect", "seconds"])]
    end: bool,
}

impl Command {
    /// What is asked.
    pub fn request(self) -> Request {
        match self {
            Self::Drill(drill) => drill.request(),
            Self::Vitals(Vitals::Confirm) => Request::ConfirmVitals,
            Self::Layout { preset, main } => Request::Layout { preset: preset.preset(), main },
            Self::Curtain { state: Switch::On } => Request::Curtain(Curtain::Closed),
            Self::Curtain { state: Switch::Off } => Request::Curtain(Curtain::Open),
            Self::Mask(MaskCommand::Confirm { source }) => Request::ConfirmMask { source },
        }
    }
}

impl PresetName {
    fn preset(self) -> Preset {
        match self {
            Self::Solo => Preset::Solo,
            Self::Insets => Preset::Insets,
            Self::Quad => Preset::Quad,
            Self::SideBySide => Preset::SideBySide,
        }
    }
}

impl Drill {
    fn request(self) -> Request {
        let drill = self;
        let effect = match (drill.delay, drill.thin) {
            (Some(ms), _) => Effect::Delay(ms),
            (_, Some(kbps)) => Effect::Thin(kbps),
            (None, None) => Effect::Cut,
        };
        match (drill.path, drill.seconds) {
            (Some(path), Some(seconds)) => {
                Request::Drill { participant: drill.participant, drill: PathDrill { path, effect, seconds } }
            }
            _ => Request::EndDrill,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    fn read(line: &str) -> Result<Request, String> {
        let line = Line::try_parse_from(std::iter::once("ctl").chain(line.split(' ')));
        line.map(|line| line.command.request()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_effect_is_asked_for_with_path_and_time() {
        let drill = |effect| {
            Ok(Request::Drill { participant: None, drill: PathDrill { path: "a".into(), effect, seconds: 5 } })
        };
        assert_eq!(read("drill --path a --cut --seconds 5"), drill(Effect::Cut));
        assert_eq!(read("drill --path a --delay 200 --seconds 5"), drill(Effect::Delay(200)));
        assert_eq!(read("drill --path a --thin 1000 --seconds 5"), drill(Effect::Thin(1_000)));
        assert_eq!(read("drill --end"), Ok(Request::EndDrill));
        let named = read("drill --participant anna --path a --cut --seconds 5");
        assert!(matches!(named, Ok(Request::Drill { participant: Some(name), .. }) if name == "anna"));
    }

    #[test]
    fn vitals_are_confirmed_by_two_words() {
        assert_eq!(read("vitals confirm"), Ok(Request::ConfirmVitals));
        assert!(read("vitals").is_err());
    }

    #[test]
    fn layout_curtain_and_mask_are_asked_for_by_the_words_of_the_configuration() {
        let layout = |preset, main: Option<&str>| Ok(Request::Layout { preset, main: main.map(str::to_owned) });
        assert_eq!(read("layout side-by-side"), layout(Preset::SideBySide, None));
        assert_eq!(read("layout solo --main room"), layout(Preset::Solo, Some("room")));
        assert_eq!(read("curtain on"), Ok(Request::Curtain(Curtain::Closed)));
        assert_eq!(read("curtain off"), Ok(Request::Curtain(Curtain::Open)));
        assert_eq!(read("mask confirm room"), Ok(Request::ConfirmMask { source: "room".into() }));
        assert!(read("layout cinema").is_err_and(|error| error.contains("side-by-side")));
        assert!(read("curtain").is_err());
    }

    #[test]
    fn what_is_missing_too_much_or_no_number_is_told() {
        for (line, told) in [
            ("drill", "required"),
            ("drill --path a --seconds 5", "required"),
            ("drill --path a --cut", "--seconds"),
            ("drill --cut --seconds 5", "--path"),
            ("drill --path a --cut --delay 200 --seconds 5", "cannot be used with"),
            ("drill --path a --cut --seconds 5 --end", "cannot be used with"),
            ("drill --path a --delay soon --seconds 5", "invalid value 'soon'"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}
