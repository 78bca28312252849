//! Encoders that send by SRT, as callers and as listeners.

use protocol::frame::Freshness;

use crate::peer::{Peer, bars, free_udp_port};
use crate::room::{BEFORE, Room, comes_and_comes_back};

const H264: &str = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15";

#[test]
fn a_caller_with_a_transport_stream_comes_and_comes_back_in_another_size() {
    let port = free_udp_port();
    let keys = format!("kind = \"srt\"\nlisten = \"127.0.0.1:{port}\"");
    comes_and_comes_back("srt-caller", &keys, |size| {
        let bars = bars(size.width, size.height);
        Peer::sends(&format!(
            "{bars} ! {H264} ! mpegtsmux alignment=7 ! srtsink uri=srt://127.0.0.1:{port}?mode=caller"
        ))
    });
}

#[test]
fn a_listener_with_rtp_is_called_comes_and_comes_back_in_another_size() {
    let port = free_udp_port();
    let keys = format!("kind = \"srt\"\ndial = \"127.0.0.1:{port}\"\npayload = \"rtp\"\nencoding = \"h264\"");
    comes_and_comes_back("srt-listener", &keys, |size| {
        let bars = bars(size.width, size.height);
        Peer::sends(&format!(
            "{bars} ! {H264} ! rtph264pay config-interval=-1 pt=96 mtu=1316 \
             ! srtsink uri=srt://127.0.0.1:{port}?mode=listener wait-for-connection=false"
        ))
    });
}

#[test]
fn a_caller_with_the_right_passphrase_comes_and_one_with_another_does_not() {
    let port = free_udp_port();
    let file = std::env::temp_dir().join(format!("passphrase-{}", std::process::id()));
    std::fs::write(&file, "right passphrase\n").unwrap();
    let keys = format!("kind = \"srt\"\nlisten = \"127.0.0.1:{port}\"\npassphrase = \"{}\"", file.display());
    let mut room = Room::with("srt-passphrase", &keys);
    let calls = |passphrase: &str| {
        let bars = bars(BEFORE.width, BEFORE.height);
        Peer::sends(&format!(
            "{bars} ! {H264} ! mpegtsmux alignment=7 \
             ! srtsink uri=srt://127.0.0.1:{port}?mode=caller passphrase=\"{passphrase}\" pbkeylen=16"
        ))
    };
    let wrong = calls("wrong passphrase");
    let waits = std::cell::Cell::new(0);
    room.until("twenty canvases beside a wrong passphrase", |seen| {
        assert_eq!(seen.freshness, Freshness::Waiting);
        waits.set(waits.get() + 1);
        waits.get() == 20
    });
    drop(wrong);
    let _right = calls("right passphrase");
    room.until("pictures for the right passphrase", |seen| seen.freshness == Freshness::Live && seen.shows_bars());
    std::fs::remove_file(&file).unwrap();
}
