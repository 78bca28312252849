//! The surgeon's picture depends on nothing but its source: `capture-node` killed or stopped costs it no frame, comes
//! back by itself, and the mentor's picture with it.

use program::trace::Record;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use crate::stage::{Load, SOON, Stage, light};

/// Pictures that a shared machine may cost by standing still for a moment, whatever runs on it. A display that waited
/// for anything of `capture-node`'s would miss everything from there on: a hundred of them.
const HICCUPS: u64 = 3;

fn pid(stage: &Stage, program: &str) -> Pid {
    let pid = stage.rig.pid(program).expect("the program runs");
    Pid::from_raw(i32::try_from(pid).expect("a process id")).expect("a process id")
}

/// The source's pictures that reached the OR display's sink, redraws aside: number and capture time.
fn displayed(records: &[Record]) -> Vec<(u64, u64)> {
    let picture = |record: &Record| match record {
        Record::Picture { sequence, captured_us, redrawn: false, .. } => Some((*sequence, *captured_us)),
        _ => None,
    };
    records.iter().filter_map(picture).collect()
}

/// Waits until the OR display has shown pictures captured up to `until_us`, and asserts that from `from_us` on none
/// that the source gave is missing, but for what the machine itself may cost.
fn assert_display_unbroken(stage: &Stage, from_us: u64, until_us: u64) {
    let mut trace = stage.trace(&stage.rig.primary_display());
    let shown = trace
        .wait_for("the OR display goes on", SOON, |records| {
            let shown = displayed(records);
            shown.last().is_some_and(|(_, captured)| *captured >= until_us).then_some(shown)
        })
        .expect("the OR display goes on");
    let during: Vec<u64> = shown.into_iter().filter(|(_, at)| *at >= from_us).map(|(number, _)| number).collect();
    let given = during.last().zip(during.first()).map_or(0, |(last, first)| last - first + 1);
    let missing = given - during.len() as u64;
    assert!(missing <= HICCUPS, "{missing} of {given} pictures of the source never reached the OR display");
    let seconds = (until_us - from_us) / 1_000_000;
    assert!(during.len() as u64 >= seconds * 20, "{} pictures in {seconds} s", during.len());
}

#[test]
fn killing_capture_node_costs_the_or_display_no_frame_and_the_mentor_gets_the_picture_back() {
    let mut stage = Stage::set("killed", light(), "wan");
    let first = pid(&stage, "capture-node");
    stage.wait_until_shown(program::clock::now().0 + 1_000_000);
    let killed_us = program::clock::now().0;
    kill_process(first, Signal::KILL).expect("it runs");
    // The parent starts another one, which attaches to the display's pictures and takes the console back in.
    stage.wait_until_shown(killed_us + 4_000_000);
    assert_display_unbroken(&stage, killed_us - 500_000, killed_us + 4_000_000);
    assert_ne!(pid(&stage, "capture-node"), first, "another process");
    let stroke = stage.draw("endoscope");
    let (mark, points) = stage.mark_of(&stroke);
    stage.wait_until_displayed("endoscope", &mark, points);
    stage.end();
}

#[test]
fn everything_else_killed_while_the_machine_is_busy_costs_the_or_display_no_frame() {
    let mut stage = Stage::set("all-killed", light(), "wan");
    let (node, display) = (pid(&stage, "capture-node"), pid(&stage, &stage.rig.primary_display()));
    stage.wait_until_shown(program::clock::now().0 + 1_000_000);
    let load = Load::start();
    let killed_us = program::clock::now().0;
    for program in [&mut stage.rig.theatre, &mut stage.rig.console] {
        program.signal(Signal::KILL).expect("it runs");
        program.wait(SOON).expect("it is gone");
    }
    kill_process(node, Signal::KILL).expect("it outlives its parent");
    assert_display_unbroken(&stage, killed_us - 500_000, killed_us + 3_000_000);
    drop(load);
    // Nobody is left who would end it.
    let ended = pidfd_open(display, PidfdFlags::empty()).expect("it runs");
    kill_process(display, Signal::TERM).expect("it runs");
    let limit = Timespec::try_from(SOON).expect("some seconds");
    assert_eq!(poll(&mut [PollFd::new(&ended, PollFlags::IN)], Some(&limit)), Ok(1), "it ends when it is asked");
}

#[test]
fn stopping_capture_node_costs_the_or_display_no_frame_and_it_goes_on_when_continued() {
    let mut stage = Stage::set("stopped", light(), "wan");
    let node = pid(&stage, "capture-node");
    stage.wait_until_shown(program::clock::now().0 + 1_000_000);
    let stopped_us = program::clock::now().0;
    kill_process(node, Signal::STOP).expect("it runs");
    assert_display_unbroken(&stage, stopped_us - 500_000, stopped_us + 3_000_000);
    kill_process(node, Signal::CONT).expect("it is there");
    stage.wait_until_shown(program::clock::now().0 + 500_000);
    stage.end();
}

#[test]
fn a_killed_or_display_comes_back_with_the_marks_that_were_on_it() {
    let mut stage = Stage::set("display-killed", light(), "wan");
    let stroke = stage.draw("endoscope");
    let (mark, points) = stage.mark_of(&stroke);
    let before = stage.wait_until_displayed("endoscope", &mark, points);
    kill_process(pid(&stage, "or-display-endoscope"), Signal::KILL).expect("it runs");
    stage
        .trace("or-display-endoscope")
        .wait_for("the mark on the new display", SOON, |records| {
            records.iter().find_map(|record| match record {
                Record::DisplayedMark(shown) if shown.mark == mark && shown.at_sink_us > before.at_sink_us => Some(()),
                _ => None,
            })
        })
        .expect("the mark is shown again");
    stage.wait_until_shown(program::clock::now().0 + 500_000);
    stage.end();
}
