use super::*;
use std::sync::atomic::AtomicUsize;

use crossbeam_channel::{TryRecvError, bounded};
use protocol::colour::{Colour, Matrix, Range};
use protocol::geometry::SizePx;
use protocol::layout::Role;

use crate::config::{Scene, Scenery};

fn source(kind: Kind) -> Source {
    Source::new(Role::Endoscope, kind)
}

fn bars(colour: Colour) -> Source {
    source(Kind::Scene(Scene {
        scenery: Scenery::Bars,
        size: Some(SizePx { width: 322, height: 182 }),
        fps: Some(100),
        colour,
    }))
}

#[test]
fn a_scene_delivers_pictures_of_its_size_and_colour_in_order() {
    let colour = Colour { matrix: Matrix::Bt601, range: Range::Full };
    let (sender, pictures) = bounded(5);
    let _running = open("bars", &bars(colour), move |picture| {
        // Pictures after the fifth are not looked at.
        sender.try_send(picture).ok();
    })
    .unwrap();
    let pictures: Vec<Picture> = (0..5).map(|_| pictures.recv_timeout(Duration::from_secs(20)).unwrap()).collect();
    assert!(pictures.iter().all(|picture| picture.colour() == colour && picture.size().width == 322));
    assert!(pictures.is_sorted_by(|a, b| a.captured < b.captured));
    let frame = pictures[0].read().unwrap();
    assert_eq!(frame.plane_data(0).unwrap()[10], 191, "75 % white in full range");
}

#[test]
fn a_source_that_hangs_is_over_and_one_that_delivers_is_not_until_it_is_stopped() {
    let silence = Duration::from_millis(200);
    let (_alive, stopped) = bounded(0);
    let silent = "udpsrc address=127.0.0.1 port=0 caps=application/x-rtp,media=video,clock-rate=90000,\
                  encoding-name=JPEG,payload=26 ! rtpjpegdepay ! jpegdec";
    let running = open("silent", &source(Kind::Gstreamer { bin: silent.into() }), |_| {}).unwrap();
    assert_eq!(running.over(&stopped, silence), Over::Silent(silence));
    let (sender, pictures) = bounded(60);
    let (stop, stopped) = bounded(1);
    let running = open("bars", &bars(Colour::default()), move |_| {
        // It lives for more than twice the silence, then it is told to stop.
        if sender.try_send(()).is_err() {
            stop.try_send(()).ok();
        }
    })
    .unwrap();
    assert_eq!(running.over(&stopped, silence), Over::Stopped);
    assert_eq!(pictures.len(), 60);
}

#[test]
fn a_dropped_source_delivers_nothing_more() {
    let kinds = [
        bars(Colour::default()),
        source(Kind::Gstreamer { bin: "videotestsrc is-live=true ! video/x-raw,framerate=100/1".into() }),
        source(Kind::Gstreamer { bin: "videotestsrc ! video/x-raw,framerate=1/1".into() }),
    ];
    for kind in kinds {
        let delivered = Arc::new(AtomicUsize::new(0));
        let (sender, first) = bounded(1);
        let count = Arc::clone(&delivered);
        let running = open("source", &kind, move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            // Only the first is waited for.
            sender.try_send(()).ok();
        })
        .unwrap();
        first.recv_timeout(Duration::from_secs(20)).unwrap();
        let events = running.events().clone();
        drop(running);
        let after_drop = delivered.load(Ordering::SeqCst);
        assert_eq!(events.try_recv(), Err(TryRecvError::Disconnected), "nobody is left to say anything");
        assert_eq!(delivered.load(Ordering::SeqCst), after_drop);
        assert_eq!(Arc::strong_count(&delivered), 1, "what delivered is gone");
    }
}
