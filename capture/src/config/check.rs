//! Sense between keys: what serde cannot see because it looks at one key at a time.

use std::collections::BTreeMap;
use std::path::Path;

use protocol::ladder::MAX_PHONE_BYTES;
use protocol::layout::{MAX_NAME_BYTES, MAX_TILES};

use super::theatre::{Canvas, Ladder, Theatre};
use super::{Kind, Nonsense, Source, participant};

/// Sources at most: a wall of inputs beyond any theatre, and well inside the wire's one byte.
const MAX_SOURCES: usize = 32;
/// Bytes of a Unix socket's path at most: `sun_path` of Linux less its terminating zero (unix(7)).
const MAX_SOCKET_PATH_BYTES: usize = 107;
/// Canvas sides in pixels: below, a tile shows nothing; above, no decoder of H.264 level 5.2 keeps up.
const CANVAS_PX: std::ops::RangeInclusive<u16> = 240..=4096;
/// Bit rates in kbit/s: below, no picture of this size is usable; above, no uplink carries it twice.
const BITRATE_KBPS: std::ops::RangeInclusive<u32> = 200..=100_000;

/// Whether `name` can name a source or path: it becomes part of file names and is shown to people.
pub(super) fn name(name: &str) -> Result<(), String> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(letters) {
        return Err(format!("`{name}` cannot be a name; use 1 to {MAX_NAME_BYTES} letters, digits, `-` or `_`"));
    }
    Ok(())
}

/// Whether sockets named for `sources` fit below `run_dir`.
pub(super) fn run_dir<'a>(run_dir: &Path, sources: impl IntoIterator<Item = &'a str>) -> Result<(), Nonsense> {
    let longest = sources.into_iter().map(str::len).max().unwrap_or(0);
    let bytes = run_dir.as_os_str().len() + 1 + longest + crate::run_dir::LONGEST_SUFFIX_BYTES;
    if bytes > MAX_SOCKET_PATH_BYTES {
        return Err(Nonsense::new(
            "run_dir",
            format!("{} is too long a path for sockets; name a shorter folder", run_dir.display()),
        ));
    }
    Ok(())
}

/// Everything about the whole file; of participants [`participant::check`] knows.
pub(super) fn theatre(theatre: &Theatre) -> Result<(), Nonsense> {
    sources(theatre)?;
    run_dir(&theatre.run_dir, theatre.source.keys().map(String::as_str))?;
    canvas(&theatre.canvas)?;
    tiles(theatre)?;
    if !BITRATE_KBPS.contains(&theatre.encoder.bitrate_kbps) {
        let (low, high) = BITRATE_KBPS.into_inner();
        return Err(Nonsense::new("encoder.bitrate_kbps", format!("must be {low} to {high}")));
    }
    let floors = *BITRATE_KBPS.start()..=theatre.encoder.bitrate_kbps;
    if !floors.contains(&theatre.encoder.floor_kbps) {
        let fault = format!(
            "{} must be {} to encoder.bitrate_kbps, which is {}",
            theatre.encoder.floor_kbps,
            floors.start(),
            floors.end()
        );
        return Err(Nonsense::new("encoder.floor_kbps", fault));
    }
    phone(&theatre.ladder)?;
    participant::check(&theatre.participant, theatre.link.policy)
}

fn sources(theatre: &Theatre) -> Result<(), Nonsense> {
    if theatre.source.len() > MAX_SOURCES {
        return Err(Nonsense::new("source", format!("at most {MAX_SOURCES} sources are possible")));
    }
    for key in theatre.source.keys() {
        name(key).map_err(|fault| Nonsense::new(format!("source.{key}"), fault))?;
    }
    known(theatre, "primary", &theatre.primary)?;
    displayed("primary", &theatre.primary, theatre.source.get(&theatre.primary))?;
    for (name, window) in &theatre.window {
        let key = format!("window.{name}");
        known(theatre, &key, name)?;
        displayed(&key, name, theatre.source.get(name))?;
        window.check(name)?;
        window.check_pedal(name)?;
    }
    pedals(theatre)?;
    let drawn_ones = theatre.source.iter().filter(|(_, source)| source.kind == Kind::Vitals);
    drawn_ones.map(|(name, _)| name).try_for_each(|name| drawn(theatre, name))?;
    claims(theatre)
}

/// Whether each pedal belongs to one window: what is done there counts for all, and a second would undo it.
fn pedals(theatre: &Theatre) -> Result<(), Nonsense> {
    let mut owners = BTreeMap::new();
    for (name, window) in &theatre.window {
        let Some(pedal) = &window.keys.pedal else { continue };
        if let Some(owner) = owners.insert(pedal, name) {
            let fault =
                format!("{} is the pedal of window.{owner} already; one window hears it for all", pedal.display());
            return Err(Nonsense::new(format!("window.{name}.keys.pedal"), fault));
        }
    }
    Ok(())
}

/// Whether vital signs can be drawn as source `name`.
fn drawn(theatre: &Theatre, name: &str) -> Result<(), Nonsense> {
    if theatre.vitals.is_some() {
        return Ok(());
    }
    let fault = "kind = \"vitals\" draws the vital signs of the table [vitals], and there is none; add it";
    Err(Nonsense::new(format!("source.{name}.kind"), fault))
}

/// Whether `or-display` may open the source called `name`, which `key` wants to be shown.
pub(super) fn displayed(key: &str, name: &str, source: Option<&Source>) -> Result<(), Nonsense> {
    let Some(source) = source.filter(|source| !source.kind.may_be_displayed()) else { return Ok(()) };
    let kind = source.kind.name();
    let fault = format!(
        "source `{name}` is of kind = \"{kind}\", which comes over a network or from foreign files; the OR display shows what is \
         plugged into this machine: name such a source, or bring this one in by a capture card"
    );
    Err(Nonsense::new(key, fault))
}

/// Whether no two sources take the same device or port.
fn claims(theatre: &Theatre) -> Result<(), Nonsense> {
    let mut taken: Vec<(&str, (&str, String))> = Vec::new();
    for (name, source) in &theatre.source {
        let Some((key, what)) = source.kind.claim() else { continue };
        if let Some((other, _)) = taken.iter().find(|(_, (its, value))| *its == key && *value == what) {
            return Err(Nonsense::new(
                format!("source.{name}.{key}"),
                format!("{what} is source.{other}'s already; only one of them can have it"),
            ));
        }
        taken.push((name.as_str(), (key, what)));
    }
    Ok(())
}

fn canvas(canvas: &Canvas) -> Result<(), Nonsense> {
    for (key, px) in [("canvas.width", canvas.width), ("canvas.height", canvas.height)] {
        if !px.is_multiple_of(2) || !CANVAS_PX.contains(&px) {
            let (low, high) = CANVAS_PX.into_inner();
            return Err(Nonsense::new(key, format!("{px} must be an even number of {low} to {high} pixels")));
        }
    }
    Ok(())
}

/// Whether people at both ends can read the number and dial it.
fn phone(ladder: &Ladder) -> Result<(), Nonsense> {
    let Some(phone) = &ladder.phone else { return Ok(()) };
    let printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if phone.len() <= MAX_PHONE_BYTES && phone.bytes().all(printable) && phone.bytes().any(|byte| byte.is_ascii_digit())
    {
        return Ok(());
    }
    let fault =
        format!("must be a number as it is dialled, such as \"+49 30 123456\", of at most {MAX_PHONE_BYTES} letters");
    Err(Nonsense::new("ladder.phone", fault))
}

fn tiles(theatre: &Theatre) -> Result<(), Nonsense> {
    let tiles = &theatre.canvas.tiles;
    let wrong = |fault: String| Err(Nonsense::new("canvas.tiles", fault));
    if tiles.len() > MAX_TILES {
        return wrong(format!("names {} sources; at most {MAX_TILES} fit on a canvas", tiles.len()));
    }
    if !tiles.contains(&theatre.primary) {
        return wrong(format!("the primary `{}` must be among the tiles", theatre.primary));
    }
    for (place, tile) in tiles.iter().enumerate() {
        known(theatre, "canvas.tiles", tile)?;
        if tiles.iter().take(place).any(|earlier| earlier == tile) {
            return wrong(format!("names `{tile}` twice; a source has one tile"));
        }
    }
    main(theatre)
}

/// Whether the largest tile goes to a source that may stand on the canvas.
fn main(theatre: &Theatre) -> Result<(), Nonsense> {
    let Some(main) = &theatre.canvas.main else { return Ok(()) };
    known(theatre, "canvas.main", main)?;
    if theatre.canvas.tiles.contains(main) {
        return Ok(());
    }
    let tiles = theatre.canvas.tiles.join("`, `");
    Err(Nonsense::new("canvas.main", format!("`{main}` is not among canvas.tiles, which are `{tiles}`")))
}

fn known(theatre: &Theatre, key: &str, source: &str) -> Result<(), Nonsense> {
    if theatre.source.contains_key(source) {
        return Ok(());
    }
    let names = theatre.source.keys().cloned().collect::<Vec<_>>().join("`, `");
    Err(Nonsense::new(key, format!("there is no source `{source}`; the sources are `{names}`")))
}
