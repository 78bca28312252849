//! The same in virtual time, where delays can be compared to the microsecond: three sessions of `transport` over emulated
//! links, and the rules of `capture` on who gets which frame. Sockets, threads and the encoder are left out.

mod world;

use capture::config::Role;

use world::{Person, World};

const S: u64 = 1_000_000;

/// A mentor on a clean line and one on a lossy line.
fn mentors() -> Vec<Person> {
    vec![Person::new(Role::Mentor, "anna", "wan", 1), Person::new(Role::Mentor, "bela", "lossy", 2)]
}

/// Runs both with a third participant, to whom `happens` before each second, or alone.
fn run(third: Option<Role>, seconds: u64, mut happens: impl FnMut(u64, &mut Person)) -> World {
    let mut people = mentors();
    people.extend(third.map(|role| Person::new(role, "carl", "squeeze", 3)));
    let mut world = World::new(people);
    for second in 0..seconds {
        if let Some(carl) = world.people.get_mut(2) {
            happens(second, carl);
        }
        world.run_until((second + 1) * S);
    }
    world
}

#[test]
fn a_third_who_joins_is_squeezed_goes_dark_dies_and_returns_changes_no_delay_of_the_others() {
    let alone = run(None, 26, |_, _| ());
    let together = run(Some(Role::Observer), 26, |second, carl| match second {
        2 => carl.join(),
        // Squeezed from the fifth second to the fifteenth; then dark for three, and killed.
        17 => carl.darken(17 * S, 3 * S),
        21 => carl.vanish(),
        23 => carl.join(),
        _ => {}
    });
    for (mentor, alone) in together.people.iter().zip(&alone.people) {
        assert_eq!(mentor.lost(), 0, "{}", mentor.name);
        assert!(alone.released.len() > 750, "{} frames", alone.released.len());
        assert_eq!(
            mentor.released, alone.released,
            "{}: each frame as long under way as without the third",
            mentor.name
        );
    }
    let carl = &together.people[2];
    let came = |from: u64, to: u64| carl.came_us.iter().filter(|at| (from * S..to * S).contains(*at)).count();
    assert!(came(3, 5) > 55, "video while its line carries it: {}", came(3, 5));
    assert_eq!(came(7, 10), 0, "none while squeezed");
    assert!(came(10, 15) < 40, "but for a try: {}", came(10, 15));
    assert!(came(24, 26) > 50, "video again after its return: {}", came(24, 26));
}

#[test]
fn a_third_mentor_who_is_squeezed_sets_the_rate_and_gives_it_back_when_it_dies() {
    let world = run(Some(Role::Mentor), 14, |second, carl| match second {
        0 => carl.join(),
        9 => carl.vanish(),
        _ => {}
    });
    let rate = |second: u64| world.rates.iter().rev().find(|(at, _)| *at <= second * S).map(|(_, bps)| *bps).unwrap();
    assert_eq!(rate(4), world::CEILING_BPS);
    assert!(rate(8) < 3_000_000, "{}", rate(8));
    assert_eq!(rate(11), world::CEILING_BPS, "whoever is not heard has no say");
    for mentor in &world.people[..2] {
        assert_eq!(mentor.lost(), 0, "{}", mentor.name);
    }
}
