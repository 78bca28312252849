//! What follows from a console's judgement of the test picture: one finding for each property.

use protocol::geometry::SizePx;
use protocol::pattern::Judgement;

use super::finding::Finding;
use super::picture::PER_SECOND;

/// Codes by which a patch may be off: rounding, and what a settled encoder leaves.
const OFF: u8 = 6;
/// The part of the pictures that must come.
const ENOUGH: f64 = 0.95;
/// Contrast of fine lines that must be left, in percent of what their place leaves.
const SHARP_PCT: u8 = 60;

/// What was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// The canvas.
    pub canvas: SizePx,
    /// The primary's pictures.
    pub image: SizePx,
    /// These on the canvas.
    pub shown: SizePx,
    /// By how many codes their format alone puts colours off.
    pub off: u8,
    /// Pictures a second that were made of them.
    pub per_second: f64,
}

/// Whether this machine makes as many pictures a second of the primary's as it should, where it does not.
pub fn pace(sent: &Sent) -> Option<Finding> {
    let SizePx { width, height } = sent.image;
    let told = format!("only {:.1} pictures/s can be made of the primary's {width}x{height}", sent.per_second);
    let advice = "set the device to a smaller size or to another format, or end what else this machine does";
    (sent.per_second < ENOUGH * f64::from(PER_SECOND))
        .then(|| Finding::fail("picture in theatre, motion", told, advice))
}

/// What the console called `name` made of what was `sent`.
pub fn findings(name: &str, judgement: Option<&Judgement>, sent: &Sent) -> Vec<Finding> {
    let part = |what: &str| format!("picture at {name}, {what}");
    let Some(judgement) = judgement else {
        let advice = "is its program of the same version, and does its window show a picture?";
        return vec![Finding::fail(part("verdict"), "the console gave none", advice)];
    };
    let Some(size) = judgement.size else {
        let advice = "look at the paths, and at the console's log for its decoder";
        return vec![Finding::fail(part("verdict"), "the console decoded no picture", advice)];
    };
    vec![
        aspect(part("aspect"), size, sent),
        colours(part("colours and range"), judgement, sent),
        edges(part("edges"), judgement, sent),
        sharpness(part("sharpness"), judgement),
        motion(part("motion"), judgement, sent),
    ]
}

/// Whether the canvas came as it was sent, with the primary's shape on it.
fn aspect(part: String, size: SizePx, &Sent { canvas, image, shown, .. }: &Sent) -> Finding {
    let sides = |SizePx { width, height }: SizePx| format!("{width}x{height}");
    let told = format!(
        "{}, sent as {}; {} of it are the primary's {}",
        sides(size),
        sides(canvas),
        sides(shown),
        sides(image)
    );
    let [across, down] =
        [(shown.width, image.height), (shown.height, image.width)].map(|(a, b)| u32::from(a) * u32::from(b));
    // Edges lie on even pixels.
    let keeps_shape = across.abs_diff(down) <= 2 * u32::from(image.width.max(image.height));
    let advice = "the picture is scaled or cropped on the way: look at the decoder in the console's log";
    of(part, size == canvas && keeps_shape, told, advice)
}

fn colours(part: String, Judgement { luma_off, chroma_off, .. }: &Judgement, sent: &Sent) -> Finding {
    let told = format!("off by {luma_off} in luma and {chroma_off} in chroma, of 255");
    of(
        part,
        *luma_off.max(chroma_off) <= OFF.saturating_add(sent.off),
        told,
        "another matrix or range is taken on the way",
    )
}

/// Whether the primary's edges came. What scaling made of a pixel of the canvas is no fault.
fn edges(part: String, judgement: &Judgement, &Sent { image, shown, .. }: &Sent) -> Finding {
    let cropped = judgement.cropped_px.into_iter().max().unwrap_or(0);
    let told = format!("elsewhere by {cropped} px at most");
    of(
        part,
        usize::from(cropped) <= media::pattern::line_px(image, shown),
        told,
        "the picture is cropped or stretched on the way",
    )
}

fn sharpness(part: String, Judgement { sharpness_pct, .. }: &Judgement) -> Finding {
    let told = format!("{sharpness_pct} % of the contrast that its place leaves of fine lines");
    let advice = "raise encoder.bitrate_kbps, or look why the lines carry so little";
    of(part, *sharpness_pct >= SHARP_PCT, told, advice)
}

/// Whether as many pictures a second came as were sent, each once.
fn motion(part: String, judgement: &Judgement, sent: &Sent) -> Finding {
    let Judgement { pictures, unreadable, repeats, lasted_ms, .. } = *judgement;
    let rate = f64::from(pictures.saturating_sub(1)) * 1e3 / f64::from(lasted_ms.max(1));
    let told = format!("{rate:.1} pictures/s, {repeats} repeated, {unreadable} unreadable of {pictures}");
    let fine = rate >= ENOUGH * sent.per_second && repeats == 0 && unreadable == 0;
    of(part, fine, told, "look at the paths: too little gets through")
}

fn of(part: String, fine: bool, told: String, advice: &str) -> Finding {
    if fine {
        Finding::pass(part, told).measured("fine")
    } else {
        Finding::fail(part, told, advice).measured("not fine")
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    const SIZE: SizePx = SizePx { width: 1280, height: 720 };
    const FINE: Judgement = Judgement {
        pictures: 120,
        unreadable: 0,
        repeats: 0,
        lasted_ms: 3_967,
        size: Some(SIZE),
        luma_off: 2,
        chroma_off: 3,
        cropped_px: [0, 1, 0],
        sharpness_pct: 88,
    };

    const SENT: Sent = Sent { canvas: SIZE, image: SIZE, shown: SIZE, off: 0, per_second: 30.0 };

    /// What is wrong, in the last word of its part.
    fn wrong(judgement: &Judgement) -> Vec<String> {
        wrong_of(judgement, SENT)
    }

    fn wrong_of(judgement: &Judgement, sent: Sent) -> Vec<String> {
        let findings = findings("anna", Some(judgement), &sent);
        let failed = findings.into_iter().filter(|finding| finding.verdict == Verdict::Fail);
        failed.map(|finding| finding.part.rsplit(", ").next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn each_property_fails_by_itself() {
        assert_eq!(wrong(&FINE), Vec::<String>::new());
        let narrow = SizePx { width: 960, ..SIZE };
        assert_eq!(wrong(&Judgement { size: Some(narrow), ..FINE }), ["aspect"]);
        assert_eq!(wrong(&Judgement { chroma_off: 20, ..FINE }), ["colours and range"]);
        assert_eq!(wrong(&Judgement { cropped_px: [0, 0, 8], ..FINE }), ["edges"]);
        assert_eq!(wrong(&Judgement { sharpness_pct: 30, ..FINE }), ["sharpness"]);
        assert_eq!(wrong(&Judgement { pictures: 90, ..FINE }), ["motion"]);
        assert_eq!(wrong(&Judgement { repeats: 1, ..FINE }), ["motion"]);
    }

    #[test]
    fn a_primary_of_another_shape_passes_where_it_keeps_it_and_edges_by_what_a_pixel_of_the_canvas_is() {
        let size = |width, height| SizePx { width, height };
        let tower = Sent { image: size(1280, 1024), shown: size(900, 720), ..SENT };
        let two_off = Judgement { cropped_px: [2, 1, 0], ..FINE };
        assert_eq!(wrong_of(&two_off, tower), Vec::<String>::new());
        assert_eq!(wrong_of(&two_off, Sent { image: SIZE, ..SENT }), ["edges"]);
        assert_eq!(wrong_of(&FINE, Sent { shown: SIZE, ..tower }), ["aspect"]);
    }

    #[test]
    fn what_theatre_itself_does_is_no_fault_of_the_paths() {
        let slow = Sent { per_second: 20.0, ..SENT };
        assert_eq!(wrong_of(&Judgement { pictures: 80, ..FINE }, slow), Vec::<String>::new());
        assert_eq!(pace(&slow).map(|found| found.verdict), Some(Verdict::Fail));
        assert_eq!(pace(&SENT), None);
        assert_eq!(wrong_of(&Judgement { luma_off: 9, ..FINE }, Sent { off: 4, ..SENT }), Vec::<String>::new());
    }

    #[test]
    fn a_console_without_a_verdict_or_a_picture_fails_and_nothing_is_said_of_what_nobody_saw() {
        for judgement in [None, Some(&Judgement::default())] {
            assert!(matches!(findings("anna", judgement, &SENT).as_slice(), [one] if one.verdict == Verdict::Fail));
        }
    }
}
