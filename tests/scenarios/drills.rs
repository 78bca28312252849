//! A link drill with the real programs: asked for in theatre, named at the console, and without loss.

use program::trace::{Drill, Record};

use crate::stage::{SOON, Stage, ctl, done, light};

fn drills(records: &[Record]) -> Vec<Drill> {
    records
        .iter()
        .filter_map(|record| if let Record::Drill(drill) = record { Some(drill.clone()) } else { None })
        .collect()
}

/// The picture is live with the first path; what would cut the only one is refused.
fn wait_for_both_paths(stage: &Stage) {
    let last = |record: &Record| match record {
        Record::Link(link) => Some(link.paths.iter().filter(|path| path.state == "live").count()),
        _ => None,
    };
    stage
        .trace("capture-node")
        .wait_for("two live paths", SOON, |records| records.iter().rev().find_map(last).filter(|live| *live == 2))
        .expect("both paths come up");
}

#[test]
fn a_path_cut_by_theatre_as_a_drill_is_named_so_at_both_ends_and_costs_no_frame() {
    let mut stage = Stage::set("drill", light(), "wan");
    stage.wait_for_state("live");
    wait_for_both_paths(&stage);
    let unknown = ctl(&stage.config(), "drill --path z --cut --seconds 2");
    assert_eq!(unknown.status.code(), Some(64));
    let text = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert_eq!(text, "capture-node: there is no path `z`; the paths are `a`, `b`\n");
    let asked_us = program::clock::now().0;
    assert_eq!(done(&stage.config(), "drill --path a --cut --seconds 2"), "path a will be cut in 1 s, for 2 s");
    for program in ["capture-node", "mentor-console"] {
        let seen = stage.trace(program).wait_for("the drill's end", SOON, |records| {
            let dark = |record: &Record| match record {
                Record::Link(link) => link.paths.iter().any(|path| {
                    (path.name.as_str(), path.state.as_str(), path.drill.as_deref()) == ("a", "dark", Some("theatre"))
                }),
                _ => false,
            };
            let drills = drills(records);
            (drills.len() == 2).then(|| (drills, records.iter().any(dark)))
        });
        let (drills, dark) = seen.expect("the drill is traced");
        assert!(drills.iter().all(|drill| (drill.path.as_str(), drill.by.as_str()) == ("a", "theatre")), "{drills:?}");
        let phases: Vec<&str> = drills.iter().map(|drill| drill.phase.as_str()).collect();
        assert_eq!(phases, ["begun", "over"]);
        // The console counts from when it was told, by its own idea of theatre's clock.
        assert!(drills[0].at_us >= asked_us + 950_000, "the other end is told before it begins");
        let lasted_us = drills[1].at_us - drills[0].at_us;
        assert!((1_800_000..=2_200_000).contains(&lasted_us), "{program}: {lasted_us} us");
        assert!(dark, "{program}: the path was dark, and marked as drilled");
    }
    stage.wait_until_shown(program::clock::now().0 + 500_000);
    stage.end();
    let records = harness::trace::read(&stage.rig.trace("mentor-console")).expect("a trace");
    assert!(!records.iter().any(|record| matches!(record, Record::LostFrame { .. })), "no frame is lost");
    let nobody = ctl(&stage.config(), "drill --end");
    assert_eq!(nobody.status.code(), Some(69), "no node runs any more");
}
