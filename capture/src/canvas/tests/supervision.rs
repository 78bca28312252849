//! What a source's pictures and the source itself say of it, on its tile and in the frames.

use super::*;
use program::clock;

/// `picture` again, captured at `ms`.
fn again(picture: &Picture, ms: u64) -> Picture {
    Picture { captured: at(ms), ..picture.clone() }
}

#[test]
fn a_primary_that_repeats_one_picture_is_told_within_half_a_second_and_its_tile_shows_no_picture() {
    let mut bench = Bench::new();
    let last = grey(ENDOSCOPE, 90, Colour::default(), at(1_000));
    for n in 0..60 {
        let ms = 1_000 + n * 33;
        bench.primary.deliver(&again(&last, ms));
        let composed = bench.at(ms + 5).expect("it drives");
        let is_told = composed.header.tiles[0].freshness == Freshness::Repeating { since: SessionTime(1_000_000) };
        assert_eq!(is_told, n >= 16, "at {ms}");
        assert_eq!(luma(&composed, 10, 100) == 90, !is_told, "the sign stands there at {ms}");
        assert_eq!(composed.header.tiles[0].captured, Some(SessionTime(ms * 1_000)));
    }
    let back = bench.primary_at(3_000).unwrap();
    assert_eq!((back.header.tiles[0].freshness, luma(&back, 10, 100)), (Freshness::Live, 90));
}

#[test]
fn an_xray_that_holds_its_last_image_shows_it_with_its_age_and_the_endoscope_goes_on() {
    let mut bench = Bench::new();
    let last = grey(SQUARE, 180, Colour::default(), at(1_000));
    let mut ages = Vec::new();
    for n in 0..90 {
        let ms = 1_000 + n * 33;
        bench.inset.deliver(&again(&last, ms));
        let composed = bench.primary_at(ms).unwrap();
        assert_eq!(composed.header.tiles[0].freshness, Freshness::Live);
        assert_eq!(luma(&composed, 1100, 100), 180, "the image stays at {ms}");
        let is_held = composed.header.tiles[1].freshness == Freshness::Held { since: SessionTime(1_000_000) };
        assert_eq!((is_held, white_in_inset(&composed) > 50), (n >= 16, n >= 16), "at {ms}");
        if is_held {
            // The letters stand on black in the lower left corner of the picture.
            ages.push(
                (225..240)
                    .flat_map(|y| (1000..1240).map(move |x| (x, y)))
                    .map(|(x, y)| luma(&composed, x, y))
                    .collect::<Vec<_>>(),
            );
        }
    }
    ages.dedup();
    assert_eq!(ages.len(), 3, "0 s, 1 s, 2 s");
    bench.inset.deliver(&grey(SQUARE, 180, Colour::default(), at(4_000)));
    let moving = bench.primary_at(4_000).unwrap();
    assert_eq!((moving.header.tiles[1].freshness, white_in_inset(&moving)), (Freshness::Live, 0));
}

#[test]
fn what_a_source_says_of_itself_is_in_the_next_frame_and_on_its_tile_half_a_second_later() {
    let mut bench = Bench::new();
    for (number, (trouble, freshness)) in
        [(Trouble::Ended, Freshness::Ended), (Trouble::Failed, Freshness::Failed)].into_iter().enumerate()
    {
        let start = 2_000 + number as u64 * 2_000;
        bench.inset.deliver(&grey(SQUARE, 180, Colour::default(), at(start)));
        assert_eq!(luma(&bench.primary_at(start).unwrap(), 1100, 100), 180);
        bench.inset.trouble(trouble, at(start));
        for ms in (start + 33..start + 1_000).step_by(33) {
            let composed = bench.primary_at(ms).unwrap();
            assert_eq!(composed.header.tiles[0].freshness, Freshness::Live, "the others go on");
            assert_eq!(composed.header.tiles[1].freshness, freshness);
            assert_eq!(luma(&composed, 1100, 100) == 180, ms + 5 < start + 500, "at {ms}");
        }
    }
}

#[test]
fn pictures_that_cannot_be_shown_are_told_and_the_first_that_can_is_shown() {
    let mut bench = Bench::new();
    let whole = grey(SQUARE, 180, Colour::default(), at(1_000));
    bench.inset.deliver(&Picture { buffer: gst::Buffer::from_mut_slice(vec![0; 9]), ..whole.clone() });
    assert_eq!(bench.primary_at(1_000).unwrap().header.tiles[1].freshness, Freshness::Unusable);
    bench.inset.deliver(&again(&whole, 1_020));
    let live = bench.primary_at(1_033).unwrap();
    assert_eq!((live.header.tiles[1].freshness, luma(&live, 1100, 100)), (Freshness::Live, 180));
}

#[test]
fn a_picture_of_the_future_that_cannot_be_shown_hides_none_of_those_that_follow() {
    let mut bench = Bench::new();
    let whole = grey(SQUARE, 180, Colour::default(), clock::now() + Duration::from_secs(3_600));
    bench.inset.deliver(&Picture { buffer: gst::Buffer::from_mut_slice(vec![0; 9]), ..whole.clone() });
    assert_eq!(bench.inset.freshness(), Freshness::Unusable);
    bench.inset.deliver(&Picture { captured: clock::now(), ..whole });
    assert_eq!(bench.inset.freshness(), Freshness::Live);
}

#[test]
fn a_picture_without_light_is_called_black_after_a_second_and_not_dead() {
    let mut bench = Bench::new();
    for n in 0..60 {
        let ms = 1_000 + n * 33;
        bench.primary.deliver(&grey(ENDOSCOPE, 20, Colour::default(), at(ms)));
        let composed = bench.at(ms + 5).unwrap();
        let expected = if n > 30 { Freshness::Black { since: SessionTime(1_000_000) } } else { Freshness::Live };
        assert_eq!(composed.header.tiles[0].freshness, expected, "at {ms}");
    }
}
