//! Writes a mask into the configuration file and leaves everything else there as it is, comments included.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use protocol::geometry::SizePx;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Value};

use crate::config::mask::Area;

/// Why the mask is not in the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("{}: {reason}; the mask is not saved", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// The file is no TOML any more, or has no such source.
    #[error("{}: {fault}; the mask is not saved", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
}

/// Puts `areas`, drawn on a picture of `size`, into the table of `source` in the file at `path`, in place of what stood
/// there about its mask. The file is replaced as a whole or not at all.
///
/// # Errors
/// [`Error`].
pub fn save(path: &Path, source: &str, size: SizePx, areas: &[Area]) -> Result<(), Error> {
    let failed = |reason| Error::File { path: path.into(), reason };
    let text = fs::read_to_string(path).map_err(failed)?;
    let text = edited(&text, source, size, areas).map_err(|fault| Error::Content { path: path.into(), fault })?;
    // Written beside and renamed over it: a full disk leaves the old file.
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let rights = fs::metadata(path).map_err(failed)?.permissions();
    fs::write(&beside, text).map_err(failed)?;
    fs::set_permissions(&beside, rights).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

fn edited(text: &str, source: &str, size: SizePx, areas: &[Area]) -> Result<String, String> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| error.message().lines().next().unwrap_or("no TOML").to_owned())?;
    let table =
        document.get_mut("source").and_then(|sources| sources.get_mut(source)).and_then(Item::as_table_like_mut);
    let table = table.ok_or_else(|| format!("there is no table [source.{source}]"))?;
    for word in ["mask_decided_by", "mask_pictures_seen"] {
        table.remove(word);
    }
    table.insert("mask", Item::Value(Value::InlineTable(mask(size, areas))));
    Ok(document.to_string())
}

fn mask(size: SizePx, areas: &[Area]) -> InlineTable {
    let mut sides = InlineTable::new();
    sides.insert("width", i64::from(size.width).into());
    sides.insert("height", i64::from(size.height).into());
    let mut mask = InlineTable::new();
    mask.insert("size", sides.into());
    mask.insert("areas", areas.iter().map(area).collect::<Array>().into());
    mask
}

fn area(area: &Area) -> Value {
    let numbers = |numbers: &[u16]| numbers.iter().map(|px| i64::from(*px)).collect::<Array>();
    let mut table = InlineTable::new();
    match area {
        Area::Rectangle(rectangle) => table.insert("rectangle", numbers(rectangle).into()),
        Area::Polygon(corners) => {
            let corners = corners.iter().map(|corner| Value::from(numbers(corner)));
            table.insert("polygon", corners.collect::<Array>().into())
        }
    };
    table.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: SizePx = SizePx { width: 640, height: 360 };

    #[test]
    fn a_mask_takes_the_place_of_what_was_decided_and_comments_stay() {
        let text = "# The theatre.\n[source.room] # by the door\nrole = \"room\"\nmask = \"none\" # so far\n\
                    mask_decided_by = \"Dr Adam\"\n\n[source.scope]\nrole = \"endoscope\"\n";
        let areas = [Area::Rectangle([1, 2, 3, 4]), Area::Polygon(vec![[0, 0], [9, 0], [0, 9]])];
        let edited = edited(text, "room", SIZE, &areas).unwrap();
        for kept in ["# The theatre.", "# by the door", "[source.scope]\nrole = \"endoscope\""] {
            assert!(edited.contains(kept), "{edited}");
        }
        assert!(!edited.contains("mask_decided_by"), "{edited}");
        let mask = "mask = { size = { width = 640, height = 360 }, areas = [{ rectangle = [1, 2, 3, 4] }, \
                    { polygon = [[0, 0], [9, 0], [0, 9]] }] }";
        assert!(edited.contains(mask), "{edited}");
    }

    #[test]
    fn a_source_written_as_one_line_gets_its_mask_too() {
        let edited = edited("source = { room = { role = \"room\" } }\n", "room", SIZE, &[]).unwrap();
        assert!(toml::from_str::<toml::Table>(&edited).is_ok() && edited.contains("areas = []"), "{edited}");
    }

    #[test]
    fn a_file_without_the_source_is_told_and_left_as_it_is() {
        let path = std::env::temp_dir().join(format!("mask-save-{}.toml", std::process::id()));
        fs::write(&path, "[source.room]\n").unwrap();
        let error = save(&path, "scope", SIZE, &[]).unwrap_err().to_string();
        assert!(error.contains("no table [source.scope]") && error.contains("not saved"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "[source.room]\n");
        fs::remove_file(path).unwrap();
    }
}
