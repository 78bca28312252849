//! What an engineer reads when the hardware or the peer is not there.

use std::net::UdpSocket;

use crate::peer::{free_tcp_port, free_udp_port};
use crate::rtsp::end_of;

fn told(keys: &str) -> String {
    media::init().unwrap();
    let told = end_of(&toml::from_str(&format!("role = \"room\"\n{keys}")).unwrap());
    assert_eq!(told.lines().count(), 1, "{told}");
    told
}

#[test]
fn a_camera_that_is_not_plugged_in_is_told_by_its_device() {
    let told = told("kind = \"v4l2\"\ndevice = \"/dev/v4l/by-id/usb-Endoscope-video-index0\"");
    assert!(told.starts_with("source viewed: there is no device /dev/v4l/by-id/usb-Endoscope-video-index0;"), "{told}");
    assert!(told.contains("mend `device`"), "{told}");
}

#[test]
fn a_device_that_is_no_camera_is_told() {
    let told = told("kind = \"v4l2\"\ndevice = \"/dev/null\"");
    assert!(told.contains("/dev/null") && told.contains("`device`"), "{told}");
}

#[test]
fn a_card_that_is_not_there_is_told_with_the_key_to_mend() {
    let told = told("kind = \"decklink\"\ncard = 3\nmode = \"1080i50\"\nconnection = \"sdi\"");
    assert!(told.contains("no such card") && told.contains("`card`"), "{told}");
}

#[test]
fn a_network_peer_that_does_not_answer_is_told_without_its_address() {
    let port = free_tcp_port();
    let camera = told(&format!("kind = \"rtsp\"\nlocation = \"rtsp://127.0.0.1:{port}/stream\""));
    let port = free_udp_port();
    let encoder = told(&format!("kind = \"srt\"\ndial = \"127.0.0.1:{port}\""));
    for told in [camera, encoder] {
        assert!(told.contains("switched on"), "{told}");
        assert!(!told.contains("127.0.0.1") && !told.contains(&port.to_string()), "{told}");
    }
}

#[test]
fn a_port_that_another_program_has_is_told() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let told = told(&format!("kind = \"rtp\"\nlisten = \"127.0.0.1:{port}\"\nencoding = \"h264\""));
    assert!(told.contains("another program has this port") && told.contains("`listen`"), "{told}");
}

#[test]
fn an_encoder_that_never_sends_is_told_after_a_while() {
    let port = free_udp_port();
    let told = told(&format!("kind = \"rtp\"\nlisten = \"127.0.0.1:{port}\"\nencoding = \"h264\""));
    assert_eq!(
        told,
        "no picture came for 15 s: look whether it is switched on and sends, and at cable, address and port"
    );
}
