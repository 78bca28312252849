//! What follows from a console's judgement of the test picture: one finding for each property.

use protocol::geometry::SizePx;
use protocol::pattern::Judgement;

use super::finding::Finding;
use super::picture::PER_SECOND;

/// Codes by which a patch may be off: rounding, and what a settled encoder leaves.
const OFF: u8 = 6;
/// Pixels by which an edge may lie elsewhere.
const CROPPED_PX: u8 = 1;
/// Contrast of one-pixel lines that must be left, in percent.
const SHARP_PCT: u8 = 60;

/// What the console called `name` made of pictures that were sent in the size `canvas`.
pub fn findings(name: &str, judgement: Option<&Judgement>, canvas: SizePx) -> Vec<Finding> {
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
        aspect(part("aspect"), size, canvas),
        colours(part("colours and range"), judgement),
        edges(part("edges"), judgement),
        sharpness(part("sharpness"), judgement),
        motion(part("motion"), judgement),
    ]
}

fn aspect(part: String, size: SizePx, canvas: SizePx) -> Finding {
    let sides = |SizePx { width, height }: SizePx| format!("{width}x{height}");
    let told = format!("{}, sent as {}", sides(size), sides(canvas));
    of(
        part,
        size == canvas,
        told,
        "the picture is scaled or cropped on the way: look at the decoder in the console's log",
    )
}

fn colours(part: String, Judgement { luma_off, chroma_off, .. }: &Judgement) -> Finding {
    let told = format!("off by {luma_off} in luma and {chroma_off} in chroma, of 255");
    of(part, *luma_off.max(chroma_off) <= OFF, told, "another matrix or range is taken on the way")
}

fn edges(part: String, judgement: &Judgement) -> Finding {
    let cropped = judgement.cropped_px.into_iter().max().unwrap_or(0);
    let told = format!("elsewhere by {cropped} px at most");
    of(part, cropped <= CROPPED_PX, told, "the picture is cropped or stretched on the way")
}

fn sharpness(part: String, Judgement { sharpness_pct, .. }: &Judgement) -> Finding {
    let told = format!("{sharpness_pct} % of the contrast of one-pixel lines");
    let advice = "raise encoder.bitrate_kbps, or look why the lines carry so little";
    of(part, *sharpness_pct >= SHARP_PCT, told, advice)
}

/// Whether as many pictures came as were sent, each once.
fn motion(part: String, judgement: &Judgement) -> Finding {
    let Judgement { pictures, unreadable, repeats, lasted_ms, .. } = *judgement;
    let rate = f64::from(pictures.saturating_sub(1)) * 1e3 / f64::from(lasted_ms.max(1));
    let told = format!("{rate:.1} pictures/s, {repeats} repeated, {unreadable} unreadable of {pictures}");
    let fine = rate >= f64::from(PER_SECOND) * 0.95 && repeats == 0 && unreadable == 0;
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

    /// What is wrong, in the last word of its part.
    fn wrong(judgement: &Judgement) -> Vec<String> {
        let findings = findings("anna", Some(judgement), SIZE);
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
    fn a_console_without_a_verdict_or_a_picture_fails_and_nothing_is_said_of_what_nobody_saw() {
        for judgement in [None, Some(&Judgement::default())] {
            assert!(matches!(findings("anna", judgement, SIZE).as_slice(), [one] if one.verdict == Verdict::Fail));
        }
    }
}
