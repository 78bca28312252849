//! What participants notice of each other's lines.

use super::*;

const MBPS: u64 = 1_000_000;
const LIMITS: Limits = Limits { floor_bps: MBPS / 2, ceiling_bps: 6 * MBPS };

fn at(ms: u64) -> MonoTime {
    MonoTime(ms * 1_000)
}

fn share(participants: usize) -> Share {
    Share::new(LIMITS, participants, at(0))
}

/// Someone with two lines of their own that carry `mbps`, copied on both.
fn someone(role: Role, name: &str, mbps: Option<u64>) -> Seen {
    let line = |number: u8| Line { uplink: format!("{name}{number}"), capacity_bps: mbps.map(|m| m * MBPS), part: 1.0 };
    let budget_bps = mbps.map(|mbps| mbps * MBPS * 85 / 100);
    Seen { role, presence: Presence::Here, budget_bps, lines: vec![line(1), line(2)] }
}

fn mentor(name: &str, mbps: Option<u64>) -> Seen {
    someone(Role::Mentor, name, mbps)
}

fn observer(name: &str, mbps: Option<u64>) -> Seen {
    someone(Role::Observer, name, mbps)
}

#[test]
fn while_nothing_suggests_a_limit_everybody_gets_the_configured_rate() {
    let verdict = share(2).judge(&[mentor("a", None), observer("b", None)], at(0));
    assert_eq!(verdict, Verdict { rate_bps: 6 * MBPS, slowest_bps: None, video: vec![Video::Sent; 2] });
}

#[test]
fn the_slowest_mentor_sets_the_rate_down_to_the_floor_and_is_sent_video_below_it() {
    let rate = |mbps| share(2).judge(&[mentor("a", Some(20)), mentor("b", Some(mbps))], at(5_000));
    assert_eq!(rate(4).rate_bps, 3_400_000);
    assert_eq!(rate(40).rate_bps, 6 * MBPS);
    let slow = rate(0);
    assert_eq!((slow.rate_bps, slow.slowest_bps), (MBPS / 2, Some(0)));
    assert_eq!(slow.video, [Video::Sent; 2]);
}

#[test]
fn a_mentor_who_is_away_or_silent_has_no_say_while_another_is_heard() {
    for presence in [Presence::Away, Presence::Silent] {
        let gone = Seen { presence, ..mentor("b", Some(1)) };
        assert_eq!(share(2).judge(&[mentor("a", Some(20)), gone.clone()], at(0)).rate_bps, 6 * MBPS);
    }
    let alone = Seen { presence: Presence::Silent, ..mentor("a", Some(2)) };
    assert_eq!(share(1).judge(&[alone], at(0)).rate_bps, 1_700_000, "what was known of its lines still holds");
}

#[test]
fn an_observer_slows_nobody_and_gets_no_video_below_the_rate() {
    let mut share = share(2);
    let seen = [mentor("a", Some(20)), observer("b", Some(3))];
    assert_eq!(share.judge(&seen, at(999)).video, [Video::Sent; 2], "at first its lines are being learnt");
    let verdict = share.judge(&seen, at(1_000));
    assert_eq!((verdict.rate_bps, verdict.video), (6 * MBPS, vec![Video::Sent, Video::TooSlow]));
}

/// When, in 100 ms steps up to `until_ms`, the one observer's video changed.
fn changes(share: &mut Share, until_ms: u64, mut seen: impl FnMut(u64, Video) -> [Seen; 2]) -> Vec<(u64, Video)> {
    let (mut last, mut changes) = (Video::Sent, Vec::new());
    for ms in (0..until_ms).step_by(100) {
        let video = share.judge(&seen(ms, last), at(ms)).video[1];
        if video != last {
            changes.push((ms, video));
        }
        last = video;
    }
    changes
}

#[test]
fn an_observer_whose_lines_stay_slow_is_tried_ever_more_seldom() {
    let found = changes(&mut share(2), 60_000, |_, _| [mentor("a", Some(20)), observer("b", Some(3))]);
    let (lost, tried) = (Video::TooSlow, Video::Sent);
    let expected = [(1, lost), (6, tried), (7, lost), (17, tried), (18, lost), (38, tried), (39, lost)];
    assert_eq!(found, expected.map(|(second, video)| (second * 1_000, video)));
}

#[test]
fn an_observer_returns_when_its_lines_surely_carry_the_rate_and_not_on_the_edge_of_it() {
    // The mentor's lines narrow at 3 s, so that the rate falls to 2.55 Mbit/s, or to 3.4 Mbit/s.
    let narrowing = |mbps| move |ms, _| [mentor("a", Some(if ms < 3_000 { 20 } else { mbps })), observer("b", Some(4))];
    let (lost, back) = (Video::TooSlow, Video::Sent);
    assert_eq!(changes(&mut share(2), 5_000, narrowing(3)), [(1_000, lost), (3_000, back)]);
    assert_eq!(changes(&mut share(2), 5_900, narrowing(4)), [(1_000, lost)], "it waits for its try");
}

#[test]
fn an_observer_whose_lines_have_widened_keeps_its_video_once_it_is_tried() {
    // What is known of its lines is old until it is sent video again.
    let mut known = 3;
    let found = changes(&mut share(2), 60_000, |ms, video| {
        known = if ms > 4_000 && video == Video::Sent { 12 } else { known };
        [mentor("a", Some(20)), observer("b", Some(known))]
    });
    assert_eq!(found, [(1_000, Video::TooSlow), (6_000, Video::Sent)]);
}

#[test]
fn over_one_uplink_the_last_observer_loses_video_first_and_mentors_keep_what_their_own_lines_show() {
    let over = |role, mbps| Seen { budget_bps: Some(mbps * MBPS * 85 / 100), ..someone(role, "fibre", Some(mbps)) };
    let verdict = |mbps| {
        let people = [over(Role::Mentor, mbps), over(Role::Observer, mbps), over(Role::Observer, mbps)];
        share(3).judge(&people, at(0))
    };
    assert_eq!(verdict(22).video, [Video::Sent; 3]);
    assert_eq!(verdict(20).video, [Video::Sent, Video::Sent, Video::NoRoom], "three times 6 are more than 17");
    assert_eq!(verdict(14).video, [Video::Sent, Video::NoRoom, Video::NoRoom]);
    assert_eq!((verdict(8).rate_bps, verdict(6).rate_bps), (6 * MBPS, 5_100_000), "alone the mentor has all of it");
    // Frames of both leave at the same moment, so that each measures half of a line of 10.
    let two = share(2).judge(&[over(Role::Mentor, 5), over(Role::Mentor, 5)], at(0));
    assert_eq!((two.rate_bps, two.video), (4_250_000, vec![Video::Sent; 2]));
}

#[test]
fn an_uplink_carries_what_the_session_with_the_widest_way_over_it_measures() {
    let via = |role, mbps: Option<u64>| someone(role, "fibre", mbps);
    let wide = Seen { budget_bps: Some(20 * MBPS), ..via(Role::Mentor, Some(20)) };
    let narrow = Seen { budget_bps: Some(7 * MBPS), ..via(Role::Mentor, Some(8)) };
    assert_eq!(share(2).judge(&[wide, narrow.clone()], at(0)).rate_bps, 6 * MBPS);
    let unlimited = via(Role::Mentor, None);
    assert_eq!(share(2).judge(&[unlimited, narrow], at(0)).rate_bps, 6 * MBPS);
}

#[test]
fn two_paths_of_one_session_over_one_uplink_count_twice() {
    let mut mentor = mentor("a", Some(20));
    mentor.lines.iter_mut().for_each(|line| line.uplink = "fibre".into());
    let mut observer = observer("b", Some(20));
    observer.lines.truncate(1);
    observer.lines[0].uplink = "fibre".into();
    let verdict = share(2).judge(&[mentor, observer], at(0));
    assert_eq!(verdict.video, [Video::Sent, Video::NoRoom], "three times 6 are more than 17");
}

#[test]
fn one_who_joins_again_begins_anew() {
    let mut share = share(2);
    let slow = [mentor("a", Some(20)), observer("b", Some(3))];
    assert_eq!(share.judge(&slow, at(1_000)).video[1], Video::TooSlow);
    share.joined(1, at(2_000));
    assert_eq!(share.judge(&slow, at(2_000)).video[1], Video::Sent);
}
