//! The listener over real sockets: good senders, many of them, and hostile ones.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use program::clock;
use protocol::vitals::Origin;

use super::*;
use crate::vitals::hub::Hub;

/// How long an answer may take before a test fails.
const SOON: Duration = Duration::from_secs(20);

fn server() -> (Server, Arc<Hub>) {
    let hub = Arc::new(Hub::new(Origin::Monitor, [], clock::now()));
    let server = Server::start(([127, 0, 0, 1], 0).into(), "OR^3^1", Arc::clone(&hub)).unwrap();
    (server, hub)
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

fn message(value: u32) -> Vec<u8> {
    message_of("147842^MDC_ECG_HEART_RATE", value, "20240101120000")
}

/// A message of one number that was measured at `moment` by its device's clock.
fn message_of(term: &str, value: u32, moment: &str) -> Vec<u8> {
    let text = format!(
        "MSH|^~\\&|M||||20240101||ORU^R01^ORU_R01|{value}|P|2.6\rPV1||I|OR^3^1\rOBR|1|||X|||{moment}\r\
         OBX|1|NM|{term}^MDC|1.5.1.1|{value}|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R\r"
    );
    mllp::framed(text.as_bytes())
}

/// The next answer on `stream`.
fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\x1c\r") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.extend(byte);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether the other end has closed the connection, however it says so.
fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
    }
}

fn heart_rate(hub: &Hub) -> Option<String> {
    hub.shown(clock::now(), Duration::from_secs(4)).numbers.first().map(|number| number.text.clone())
}

#[test]
fn several_monitors_send_and_each_gets_its_answers() {
    let (server, hub) = server();
    let mut monitors: Vec<TcpStream> = (0..3).map(|_| connect(&server)).collect();
    for (number, monitor) in (60..).zip(&mut monitors) {
        monitor.write_all(&message(number)).unwrap();
        assert!(answer(monitor).contains(&format!("MSA|AA|{number}\r")));
    }
    assert_eq!(heart_rate(&hub).as_deref(), Some("62"));
    drop(server);
    assert!(monitors.iter_mut().all(is_closed), "nothing is left open");
}

#[test]
fn what_comes_late_over_a_new_connection_is_as_old_as_it_is() {
    let (server, hub) = server();
    for (term, moment) in
        [("147842^MDC_ECG_HEART_RATE", "20240101120000"), ("150456^MDC_PULS_OXIM_SAT_O2", "20240101115910")]
    {
        let mut monitor = connect(&server);
        monitor.write_all(&message_of(term, 78, moment)).unwrap();
        assert!(answer(&mut monitor).contains("MSA|AA|78\r"));
    }
    let [heart, oxygen] = &hub.shown(clock::now(), Duration::from_secs(4)).numbers[..] else { panic!("two") };
    let apart = oxygen.age - heart.age;
    assert!((49..=51).contains(&apart.as_secs()), "{apart:?}");
}

#[test]
fn a_message_may_come_in_pieces_and_several_at_once() {
    let (server, _hub) = server();
    let mut monitor = connect(&server);
    let (first, second) = (message(71), message(72));
    let (head, tail) = first.split_at(20);
    monitor.write_all(head).unwrap();
    monitor.write_all(&[tail, &second].concat()).unwrap();
    assert!(answer(&mut monitor).contains("MSA|AA|71\r"));
    assert!(answer(&mut monitor).contains("MSA|AA|72\r"));
}

#[test]
fn a_sender_that_never_ends_its_message_is_cut_off_and_costs_the_others_nothing() {
    let (server, hub) = server();
    let (mut hostile, mut monitor) = (connect(&server), connect(&server));
    let endless = std::thread::scope(|scope| {
        let sender = std::thread::Builder::new().name("hostile".into());
        let sending = sender.spawn_scoped(scope, || {
            hostile.write_all(b"\x0bMSH|^~\\&|").unwrap();
            let chunk = b"A\r".repeat(500_000);
            // A hundred megabytes, or until the connection is closed.
            let sent = (0..100).take_while(|_| hostile.write_all(&chunk).is_ok()).count();
            (sent, is_closed(&mut hostile))
        });
        monitor.write_all(&message(73)).unwrap();
        assert!(answer(&mut monitor).contains("MSA|AA|73\r"));
        sending.unwrap().join().unwrap()
    });
    assert!(endless.0 < 100 && endless.1, "{endless:?}");
    monitor.write_all(&message(74)).unwrap();
    assert!(answer(&mut monitor).contains("MSA|AA|74\r"));
    assert_eq!(heart_rate(&hub).as_deref(), Some("74"));
}

#[test]
fn a_sender_of_another_protocol_and_one_that_hangs_up_are_let_go() {
    let (server, _hub) = server();
    let mut browser = connect(&server);
    browser.write_all(&b"GET / HTTP/1.1\r\n".repeat(200)).unwrap();
    assert!(is_closed(&mut browser));
    connect(&server).write_all(b"\x0bMSH|half").unwrap();
    let mut monitor = connect(&server);
    monitor.write_all(&message(75)).unwrap();
    assert!(answer(&mut monitor).contains("MSA|AA|75\r"));
}

#[test]
fn more_connections_than_have_a_place_are_turned_away_and_a_free_place_is_taken_again() {
    let (server, _hub) = server();
    let mut monitors: Vec<TcpStream> = (0..MAX_CONNECTIONS).map(|_| connect(&server)).collect();
    for monitor in &mut monitors {
        monitor.write_all(&message(76)).unwrap();
        answer(monitor);
    }
    assert!(is_closed(&mut connect(&server)));
    drop(monitors.pop());
    let deadline = clock::now() + SOON;
    let taken = |mut stream: TcpStream| stream.write_all(&message(77)).is_ok() && !is_closed(&mut stream);
    while !taken(connect(&server)) {
        assert!(clock::now() < deadline, "the place is not given again");
    }
}

#[test]
fn an_address_that_is_taken_is_told_with_its_key() {
    let (server, hub) = server();
    let error = Server::start(server.address(), "OR^3^1", hub).err().unwrap().to_string();
    assert!(error.starts_with(&format!("vitals.listen: {}: ", server.address())), "{error}");
}
