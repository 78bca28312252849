//! The configuration files of a run, written as a technician would write them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use capture::config::Role;
use protocol::colour::{Colour, Matrix, Range};

use crate::certificates::Identity;

/// The participant of a run with one console.
pub const CONSOLE: &str = "console";

/// Which source the operation is done by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// The endoscope is the primary.
    Endoscopy,
    /// Fluoroscopy is the primary.
    Catheter,
}

impl Case {
    /// The primary's name in the configuration.
    pub fn primary(self) -> &'static str {
        match self {
            Self::Endoscopy => "endoscope",
            Self::Catheter => "fluoroscopy",
        }
    }
}

/// How many pixels a run moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// As in an operation: 1280x720.
    Full,
    /// Half of each side, for scenarios that ask what happens and not how fast, so that they ask it of any machine.
    Half,
}

/// What every source of a run shows: a generated scene unless a file is named.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Which of them is the primary.
    pub case: Case,
    /// The endoscope's file.
    pub endoscope: Option<PathBuf>,
    /// The X-ray's file.
    pub fluoroscopy: Option<PathBuf>,
    /// The room camera's file.
    pub room: Option<PathBuf>,
    /// Colour bars in the primary's place, for colour tests.
    pub bars: Option<Colour>,
    /// The size of the generated endoscope, the canvas and the console's window.
    pub detail: Detail,
    /// A further window shows the fluoroscopy beside the primary's.
    pub second_window: bool,
    /// Vital signs are generated, sent as data and drawn as a tile; else a scene stands in for the monitor's screen.
    pub vitals: bool,
    /// Whether both ends take part in H.265 by their processors.
    pub h265: bool,
}

impl Sources {
    /// Generated scenes throughout.
    pub fn generated(case: Case) -> Self {
        Self {
            case,
            endoscope: None,
            fluoroscopy: None,
            room: None,
            bars: None,
            detail: Detail::Full,
            second_window: false,
            vitals: false,
            h265: false,
        }
    }
}

/// `theatre.toml`.
pub fn theatre(sources: &Sources, folder: &Path, ports: &[u16], own: &Identity, peer: &Identity) -> String {
    let mut text =
        format!("primary = \"{}\"\nrun_dir = \"{}\"\n", sources.case.primary(), folder.join("run").display());
    // X-ray pulses at 15 a second; as the primary it runs at the 30 of a cine run.
    let coronary =
        if sources.case == Case::Catheter { "scene = \"coronary\"\nfps = 30" } else { "scene = \"coronary\"" };
    let tissue = match sources.detail {
        Detail::Full => "scene = \"tissue\"",
        Detail::Half => "scene = \"tissue\"\nsize = { width = 640, height = 360 }",
    };
    let all = [
        ("endoscope", tissue, &sources.endoscope),
        ("fluoroscopy", coronary, &sources.fluoroscopy),
        ("vitals", "scene = \"monitor\"", &None),
        ("room", "scene = \"room\"", &sources.room),
    ];
    for (name, scene, file) in all {
        let keys = match (sources.bars.filter(|_| name == sources.case.primary()), file) {
            (Some(colour), _) => bars(colour),
            (None, Some(file)) => format!("kind = \"file\"\nlocation = \"{}\"\n{UNMASKED}", file.display()),
            (None, None) if name == "vitals" && sources.vitals => "kind = \"vitals\"".to_owned(),
            (None, None) => format!("kind = \"scene\"\n{scene}"),
        };
        text.push_str(&format!("[source.{name}]\nrole = \"{name}\"\n{keys}\n"));
    }
    if sources.detail == Detail::Half {
        text.push_str("[canvas]\nwidth = 640\nheight = 360\n");
    }
    let bitrate = if sources.detail == Detail::Half { "bitrate_kbps = 2000\n" } else { "" };
    let encoder = [bitrate, if sources.h265 { H265 } else { "" }].concat();
    if !encoder.is_empty() {
        text.push_str(&format!("[encoder]\n{encoder}"));
    }
    if sources.vitals {
        text.push_str("[vitals]\nkind = \"generator\"\n");
    }
    text.push_str(&format!("[ladder]\nphone = \"{PHONE}\"\n"));
    if sources.second_window {
        text.push_str("[window.fluoroscopy]\n");
    }
    text.push_str(&identity(own));
    text + &participant(CONSOLE, Role::Mentor, ports, peer)
}

/// `[participant.NAME]` of `theatre.toml`, with paths that listen on `ports`, each over a line of its own, as the emulated
/// links are.
pub fn participant(name: &str, role: Role, ports: &[u16], peer: &Identity) -> String {
    let role = match role {
        Role::Mentor => "mentor",
        Role::Observer => "observer",
    };
    let certificate = peer.certificate.display();
    let mut text = format!("[participant.{name}]\ncertificate = \"{certificate}\"\nrole = \"{role}\"\n");
    for (index, port) in ports.iter().enumerate() {
        let path = path_name(index);
        let (heading, uplink) = (format!("participant.{name}.path.{path}"), format!("{name}-{path}"));
        text.push_str(&format!("[{heading}]\nlisten = \"127.0.0.1:{port}\"\nuplink = \"{uplink}\"\n"));
    }
    text
}

/// The word of whoever names a recording for a run: it carries no name.
const UNMASKED: &str = "mask = \"none\"\nmask_decided_by = \"whoever named the recording\"";

/// H.265 without a chip, in the table of either end.
const H265: &str = "h265 = \"software\"\n";

/// The telephone in theatre: a number that is kept free for fiction (Ofcom's 020 7946 0xxx).
pub const PHONE: &str = "+44 20 7946 0123";

/// `console.toml`.
pub fn console(sources: &Sources, addresses: &[SocketAddr], peer: &Identity, own: &Identity) -> String {
    let mut text = identity(own);
    if sources.h265 {
        text.push_str(&format!("[decoder]\n{H265}"));
    }
    text.push_str(&format!("[theatre]\ncertificate = \"{}\"\n", peer.certificate.display()));
    for (index, address) in addresses.iter().enumerate() {
        text.push_str(&format!("[path.{}]\ndial = \"{address}\"\n", path_name(index)));
    }
    text
}

fn identity(own: &Identity) -> String {
    format!("[identity]\ncertificate = \"{}\"\nkey = \"{}\"\n", own.certificate.display(), own.key.display())
}

/// The keys of a source that shows colour bars.
pub fn bars(colour: Colour) -> String {
    let matrix = match colour.matrix {
        Matrix::Bt601 => "bt601",
        Matrix::Bt709 => "bt709",
    };
    let range = match colour.range {
        Range::Limited => "limited",
        Range::Full => "full",
    };
    format!(
        "kind = \"scene\"\nscene = \"bars\"\nsize = {{ width = 1280, height = 720 }}\nfps = 30\n\
         colour = {{ matrix = \"{matrix}\", range = \"{range}\" }}"
    )
}

/// `a`, `b`, `c`, `d`: the letters DESIGN gives the paths of its link profiles.
fn path_name(index: usize) -> char {
    char::from(b'a' + u8::try_from(index % 26).unwrap_or(0))
}
