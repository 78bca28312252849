//! What may be burned into a file's pixels: who may see them, and that nobody sees those of a file that was not asked.

use std::fs::File;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use protocol::geometry::SizePx;
use protocol::layout::Role;

use super::*;
use crate::config::mask::{Area, Areas, Basis, Decision};
use crate::config::{Kind, Mask, Source};
use crate::node;

/// A run of three frames of this grey (0 to 4095) that says `word` of what is burned in.
fn run_of(grey: u16, word: Option<&'static str>) -> Vec<u8> {
    let mut object = xray(3);
    object.put(DataElement::new(PIXEL_DATA, VR::OW, PrimitiveValue::U16(vec![grey; 3 * 8].into())));
    // Without a window the greys of a file reach from its black to its white: this one spans all.
    for (element, value) in [(0x1050, "2048"), (0x1051, "4096")] {
        object.put(DataElement::new(Tag(0x0028, element), VR::DS, PrimitiveValue::from(value)));
    }
    if let Some(word) = word {
        object.put(DataElement::new(Tag(0x0028, 0x0301), VR::CS, PrimitiveValue::from(word)));
    }
    file(object, EXPLICIT)
}

/// A black run that says `word` of what is burned in, written long ago, as a source under `mask`.
fn masked(word: Option<&'static str>, mask: Option<Mask>) -> (Disk, Source) {
    static FILES: AtomicU32 = AtomicU32::new(0);
    let disk = Disk::new(&format!("masked-{}", FILES.fetch_add(1, Ordering::Relaxed)), &run_of(0, word));
    File::options().write(true).open(&disk.0).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let kind = Kind::Dicom { location: disk.0.clone() };
    let source = Source { mask: Ok(mask), ..Source::new(Role::Fluoroscopy, kind) };
    (disk, source)
}

fn none(basis: Basis) -> Option<Mask> {
    Some(Mask::None(Decision { decided_by: "Dr Adam".into(), basis }))
}

/// Why theatre does not open it; `None` if it does.
fn refused(source: &Source) -> Option<String> {
    node::open("study", source, None, |_| {}).err().map(|error| error.to_string())
}

#[test]
fn what_may_be_burned_in_needs_a_drawn_mask_or_somebody_who_looked() {
    let size = SizePx { width: 4, height: 2 };
    let drawn = Some(Mask::Areas(Areas { size, areas: vec![Area::Rectangle([0, 0, 1, 1])] }));
    for (word, told) in [(Some("YES"), "(0028,0301) is YES"), (None, "(0028,0301) is missing")] {
        for mask in [None, none(Basis::Knowledge)] {
            let (_disk, source) = masked(word, mask);
            let error = refused(&source).unwrap();
            assert!(error.contains(told) && error.contains("mask_pictures_seen = true"), "{error}");
        }
        for mask in [none(Basis::PicturesSeen), drawn.clone()] {
            let (_disk, source) = masked(word, mask);
            assert_eq!(refused(&source), None, "{word:?}");
        }
    }
    let (_disk, clean) = masked(Some("NO"), none(Basis::Knowledge));
    assert_eq!(refused(&clean), None);
}

/// The ways in which a file becomes another: written over, as `cp` does, and put in its place, as `mv` does.
fn exchanges() -> [fn(&Path, &[u8]); 2] {
    let over: fn(&Path, &[u8]) = |path, bytes| fs::write(path, bytes).unwrap();
    let away: fn(&Path, &[u8]) = |path, bytes| {
        let beside = path.with_extension("next");
        fs::write(&beside, bytes).unwrap();
        fs::rename(&beside, path).unwrap();
    };
    [over, away]
}

#[test]
fn a_file_that_becomes_another_while_it_plays_is_asked_anew_before_anything_of_it_is_seen() {
    for exchange in exchanges() {
        let (disk, source) = masked(Some("NO"), none(Basis::Knowledge));
        let (sender, greys) = bounded(10_000);
        let running = node::open("study", &source, None, move |picture: Picture| {
            sender.send(picture.read().unwrap().plane_data(0).unwrap()[0]).unwrap();
        })
        .unwrap();
        assert_eq!(greys.recv_timeout(PATIENCE), Ok(0), "the first patient's black");
        exchange(&disk.0, &run_of(4_095, Some("YES")));
        let Ok(Event::Failed { what }) = running.events().recv_timeout(PATIENCE) else { panic!("it plays on") };
        assert!(what.starts_with(&format!("{}: ", disk.0.display())) && what.contains("`location`"), "{what}");
        drop(running);
        assert!(greys.try_iter().all(|grey| grey == 0), "the next patient's white was seen");
        assert!(refused(&source).is_some_and(|error| error.contains("(0028,0301) is YES")));
    }
}

#[test]
fn the_file_that_was_judged_is_the_one_that_is_seen() {
    for exchange in exchanges() {
        let (disk, _source) = masked(Some("NO"), None);
        let becomes_another = |told| {
            assert_eq!(told, BurnedIn::No);
            exchange(&disk.0, &run_of(4_095, Some("YES")));
            Ok(())
        };
        let opened =
            open_judged("study", &disk.0, becomes_another, |_| panic!("a picture of a file that nobody judged"));
        let told = opened.unwrap_err().to_string();
        assert!(told.contains("it was exchanged or written to"), "{told}");
    }
}
