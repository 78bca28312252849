//! Encoders that send plain RTP.

use std::time::Duration;

use capture::source;
use crossbeam_channel::bounded;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;
use gstreamer_video::VideoFrameExt as _;
use protocol::frame::Freshness;
use protocol::geometry::SizePx;

use crate::peer::{Peer, bars, free_udp_port};
use crate::room::{AFTER, BEFORE, Room, comes_and_comes_back};

fn comes(name: &str, keys: &str, packs: &str) {
    let port = free_udp_port();
    let keys = format!("kind = \"rtp\"\nlisten = \"127.0.0.1:{port}\"\n{keys}");
    comes_and_comes_back(name, &keys, |size| {
        let bars = bars(size.width, size.height);
        Peer::sends(&format!("{bars} ! {packs} ! udpsink host=127.0.0.1 port={port}"))
    });
}

#[test]
fn h264_comes_and_comes_back_in_another_size() {
    let packs = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay config-interval=-1 pt=96";
    comes("rtp-h264", "encoding = \"h264\"", packs);
}

#[test]
fn h265_comes_and_comes_back_in_another_size() {
    let packs = "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h265parse ! rtph265pay config-interval=-1 pt=97";
    comes("rtp-h265", "encoding = \"h265\"", packs);
}

#[test]
fn jpeg_comes_and_comes_back_in_another_size() {
    comes("rtp-jpeg", "encoding = \"jpeg\"", "jpegenc quality=90 ! rtpjpegpay");
}

/// Raw packets do not tell their size, so the picture has the one that theatre was told.
#[test]
fn raw_pictures_come_in_the_size_that_theatre_was_told() {
    let port = free_udp_port();
    let keys = format!(
        "kind = \"rtp\"\nlisten = \"127.0.0.1:{port}\"\nencoding = \"raw\"\nsize = {{ width = 640, height = 360 }}\nfps = 15"
    );
    let mut room = Room::with("rtp-raw", &keys);
    let line = format!(
        "{} ! videoconvert ! video/x-raw,format=UYVY ! rtpvrawpay mtu=8000 ! udpsink host=127.0.0.1 port={port}",
        bars(640, 360)
    );
    let _peer = Peer::sends(&line);
    let seen = room.until("raw pictures", |seen| seen.freshness == Freshness::Live && seen.shows_bars());
    assert_eq!(seen.image, Some(SizePx { width: 640, height: 360 }));
}

#[test]
fn a_stream_that_changes_its_size_while_it_runs_is_followed_at_once() {
    let port = free_udp_port();
    let keys = format!("kind = \"rtp\"\nlisten = \"127.0.0.1:{port}\"\nencoding = \"h264\"");
    let mut room = Room::with("rtp-change", &keys);
    // Paced by the sink: of two live sources the second would be late from its beginning.
    let first = bars(BEFORE.width, BEFORE.height).replace("is-live=true", "num-buffers=90");
    let then = bars(AFTER.width, AFTER.height).replace("is-live=true", "");
    let _peer = Peer::sends(&format!(
        "{first} ! c. {then} ! c. concat name=c ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 \
         ! rtph264pay config-interval=-1 pt=96 ! udpsink host=127.0.0.1 port={port}"
    ));
    let shows = |size| move |seen: &crate::room::Seen| seen.image == Some(size) && seen.shows_bars();
    let before = room.until("the first size", shows(BEFORE));
    let after = room.until("the other size", |seen| {
        // The bars do not move.
        assert!(matches!(seen.freshness, Freshness::Live | Freshness::Repeating { .. }), "{:?}", seen.freshness);
        shows(AFTER)(seen)
    });
    assert_ne!(after.epoch, before.epoch);
    assert_ne!(after.picture, before.picture);
}

#[test]
fn two_groups_on_one_port_are_two_sources_and_neither_sees_the_others() {
    let port = free_udp_port();
    let groups = ["239.255.77.1", "239.255.77.2"];
    let keys =
        |group: &str| format!("kind = \"rtp\"\nlisten = \"{group}:{port}\"\ninterface = \"lo\"\nencoding = \"jpeg\"");
    let both = format!("{}\n[source.other]\nrole = \"room\"\n{}", keys(groups[0]), keys(groups[1]));
    drop(Room::with("rtp-groups", &both));
    let greys = groups.map(|group| {
        let (sender, greys) = bounded(100);
        let source = toml::from_str(&format!("role = \"room\"\n{}", keys(group))).unwrap();
        let running = source::open(group, &source, move |picture| {
            // Beyond those that are looked at.
            sender.try_send(picture.read().unwrap().plane_data(0).unwrap()[0]).ok();
        })
        .unwrap();
        (running, greys)
    });
    let _peers = [0, 1].map(|index| {
        let (pattern, group) = (["black", "white"][index], groups[index]);
        Peer::sends(&format!(
            "videotestsrc is-live=true pattern={pattern} ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 \
             ! jpegenc ! rtpjpegpay ! udpsink host={group} port={port} multicast-iface=lo"
        ))
    });
    for ((_running, greys), is_right) in greys.iter().zip([|grey: u8| grey < 64, |grey: u8| grey > 192]) {
        assert!((0..50).all(|_| is_right(greys.recv_timeout(Duration::from_secs(20)).unwrap())));
    }
}

/// Each encoding, as it is packed: H.264 in slices too, with the parameter sets before each of them.
const PACKED: [(&str, &str); 3] = [
    ("h264", "x264enc tune=zerolatency speed-preset=ultrafast ! rtph264pay pt=96"),
    (
        "h264",
        "x264enc tune=zerolatency speed-preset=ultrafast threads=2 key-int-max=2 ! rtph264pay config-interval=-1 pt=96",
    ),
    ("jpeg", "jpegenc ! rtpjpegpay"),
];

#[test]
fn each_picture_is_out_whole_before_the_next_is_sent() {
    media::init().unwrap();
    for (encoding, packs) in PACKED {
        let port = free_udp_port();
        let keys = format!("role = \"room\"\nkind = \"rtp\"\nlisten = \"127.0.0.1:{port}\"\nencoding = \"{encoding}\"");
        let (sender, pictures) = bounded(8);
        let _running = source::open("encoder", &toml::from_str(&keys).unwrap(), move |picture| {
            let frame = picture.read().unwrap();
            let (luma, stride) = (frame.plane_data(0).unwrap(), frame.plane_stride()[0] as usize);
            sender.send([luma[0], luma[239 * stride]]).unwrap();
        })
        .unwrap();
        let line = format!(
            "appsrc name=in format=time caps=video/x-raw,format=I420,width=320,height=240,framerate=15/1 \
             ! {packs} ! udpsink host=127.0.0.1 port={port} sync=false"
        );
        let encoder = gst::parse::launch(&line).unwrap().downcast::<gst::Pipeline>().unwrap();
        let input = encoder.by_name("in").unwrap().downcast::<AppSrc>().unwrap();
        encoder.set_state(gst::State::Playing).unwrap();
        for number in 0..8 {
            let grey = 60 + 20 * number;
            let mut planes = vec![128; 320 * 240 * 3 / 2];
            planes[..320 * 240].fill(grey);
            let mut picture = gst::Buffer::from_mut_slice(planes);
            picture.get_mut().unwrap().set_pts(gst::ClockTime::from_mseconds(66 * u64::from(number)));
            input.push_buffer(picture).unwrap();
            let came = pictures.recv_timeout(Duration::from_secs(20));
            let [top, bottom] = came.unwrap_or_else(|_| panic!("{packs}: picture {number} waits for the next one"));
            assert!(top.abs_diff(grey) <= 4 && bottom.abs_diff(grey) <= 4, "{packs}: {number} is {top} and {bottom}");
        }
        encoder.set_state(gst::State::Null).unwrap();
    }
}
