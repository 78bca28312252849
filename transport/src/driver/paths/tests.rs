//! What a technician may write, and what is told when it cannot work.

use super::*;

fn listen(address: &str) -> Table {
    Table { listen: Some(address.to_owned()), ..Table::default() }
}

fn dial(address: &str) -> Table {
    Table { dial: Some(address.to_owned()), ..Table::default() }
}

fn bind(table: Table, address: &str) -> Table {
    Table { bind: Some(address.to_owned()), ..table }
}

fn by(table: Table, interface: &str) -> Table {
    Table { interface: Some(interface.to_owned()), ..table }
}

fn read_all(tables: &[&Table]) -> Result<Vec<PathConfig>, Error> {
    let named = |(at, table): (u8, &&Table)| (char::from(b'a' + at).to_string(), (*table).clone());
    read(&(0..).zip(tables).map(named).collect())
}

#[test]
fn either_end_listens_or_dials_path_by_path() {
    let paths = read_all(&[&listen("[::]:7001"), &dial("[::1]:7001"), &dial("or-3.example:7002")]).unwrap();
    let sides: Vec<Side> = paths.iter().map(|path| path.end.side()).collect();
    assert_eq!(sides, [Side::Listens, Side::Dials, Side::Dials]);
    assert_eq!(
        paths[2],
        PathConfig { name: "c".into(), end: End::Dial("or-3.example:7002".into()), uplink: Uplink::Routed }
    );
}

#[test]
fn what_cannot_work_is_told_by_key_and_how_to_mend_it() {
    let both = Table { dial: dial("h:1").dial, ..listen("0.0.0.0:1") };
    for (tables, told) in [
        (vec![], "path: there is no path to the peer; add a table [path.NAME]"),
        (vec![&Table::default()], "path.a: the key `listen` or `dial` is missing"),
        (vec![&both], "path.a: the keys `listen` and `dial` exclude each other; keep one"),
        (vec![&listen("0.0.0.0:1"), &listen("0.0.0.0:1")], "path.b.listen: 0.0.0.0:1 is taken by path.a"),
        (vec![&dial("h:1"), &dial("h:1")], "path.b.dial: h:1 is taken by path.a"),
        (vec![&listen("7001")], "path.a.listen: `7001` is no address; write a local address and a port"),
    ] {
        let error = read_all(&tables).unwrap_err().to_string();
        assert!(error.starts_with(told), "{error}");
    }
}

#[test]
fn a_path_chooses_its_uplink_by_address_or_interface() {
    let port = bind(dial("h:1"), "[::1]:7005");
    let paths = read_all(&[&bind(dial("h:2"), "192.0.2.7"), &port, &by(listen("0.0.0.0:1"), "wwan0")]).unwrap();
    let uplinks: Vec<Uplink> = paths.into_iter().map(|path| path.uplink).collect();
    let address = |text: &str| Uplink::Address(text.parse().unwrap());
    assert_eq!(uplinks, [address("192.0.2.7:0"), address("[::1]:7005"), Uplink::Interface("wwan0".into())]);
    // One port by two interfaces is two sockets.
    read_all(&[&by(listen("0.0.0.0:1"), "wwan0"), &by(listen("0.0.0.0:1"), "wwan1")]).unwrap();
}

#[test]
fn an_uplink_that_cannot_work_is_told_by_key_and_how_to_mend_it() {
    let v6 = bind(dial("192.0.2.1:1"), "::1");
    let (one, other) = (bind(dial("h:1"), "192.0.2.7:5"), bind(dial("h:2"), "192.0.2.7:5"));
    let one_by = by(listen("0.0.0.0:1"), "wwan0");
    for (tables, told) in [
        (vec![&bind(dial("h:1"), "wwan0")], "path.a.bind: `wwan0` is no address; write a local address"),
        (vec![&by(dial("h:1"), "a/b")], "path.a.interface: `a/b` is no interface's name"),
        (vec![&by(bind(dial("h:1"), "::1"), "lo")], "path.a: the keys `bind` and `interface` exclude each other"),
        (vec![&bind(listen("0.0.0.0:1"), "::1")], "path.a.bind: a path that listens names its address in `listen`"),
        (vec![&v6], "path.a.bind: from this address `dial` cannot be reached"),
        (vec![&one, &other], "path.b.bind: 192.0.2.7:5 is taken by path.a"),
        (vec![&listen("0.0.0.0:5"), &one], "path.b.bind: 192.0.2.7:5 is taken by path.a"),
        (vec![&one_by, &listen("127.0.0.1:1")], "path.b.listen: 127.0.0.1:1 is taken by path.a"),
    ] {
        let error = read_all(&tables).unwrap_err().to_string();
        assert!(error.starts_with(told), "{error}");
    }
}

#[test]
fn an_address_without_host_or_port_is_named_with_its_key() {
    for address in ["theatre", "theatre:", ":7001", "theatre:0", "theatre:70000", "::1:7001"] {
        let error = read_all(&[&dial(address)]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("path.a.dial: `{address}` is no address")), "{error}");
    }
}
