//! Two machines with real interfaces between them, as network namespaces: the test's own process is one, `far` the other.
//! Everything goes with the process.

use std::fs::File;
use std::os::fd::AsFd;
use std::process::Command;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Set in the process that is alone with its interfaces.
const APART: &str = "TRANSPORT_TEST_APART";

/// Runs `body` in a process that is root over interfaces of its own, by starting the test called `test` again there. Where
/// the machine allows none, says so and proves `instead`, which needs none.
pub fn apart(test: &str, body: impl FnOnce(), instead: impl FnOnce()) {
    if std::env::var_os(APART).is_some() {
        prepare();
        return body();
    }
    if !unshare().args(["true"]).status().is_ok_and(|status| status.success()) {
        eprintln!(
            "NOT TESTED HERE: {test} needs network namespaces, which this machine does not allow; proved instead is less"
        );
        return instead();
    }
    let mut again = unshare();
    again.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]).env(APART, "1");
    let output = again.output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    println!("{said}");
}

/// Runs `ip` with `arguments`.
pub fn ip(arguments: &str) {
    run("ip", arguments);
}

/// Runs `ip` at the far machine.
pub fn ip_far(arguments: &str) {
    run("ip", &format!("-n far {arguments}"));
}

/// Two lines, `fibre` and `modem`, each with the addresses of both ends: the near one first.
pub fn connect(lines: [[&str; 2]; 2]) {
    for (name, [near, far]) in ["fibre", "modem"].into_iter().zip(lines) {
        plug(name, near, far);
    }
}

/// A line called `name` between interfaces of that name and these addresses.
pub fn plug(name: &str, near: &str, far: &str) {
    ip(&format!("link add {name} type veth peer name {name} netns far"));
    ip(&format!("address add {near} dev {name}{}", nodad(near)));
    ip_far(&format!("address add {far} dev {name}{}", nodad(far)));
    ip(&format!("link set {name} up"));
    ip_far(&format!("link set {name} up"));
}

/// For IPv6, an address without a second of looking for its double.
pub fn nodad(address: &str) -> &'static str {
    if address.contains(':') { " nodad" } else { "" }
}

/// Runs `work` at the far machine. Threads it starts stay there.
pub fn far<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let there = std::thread::Builder::new().name("far".to_owned());
        let there = there.spawn_scoped(scope, || {
            let network = File::open("/run/netns/far").unwrap();
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            work()
        });
        there.unwrap().join().unwrap()
    })
}

/// Bytes that have come to the near interface `name`.
pub fn received_bytes(name: &str) -> u64 {
    let count = std::fs::read_to_string(format!("/sys/class/net/{name}/statistics/rx_bytes")).unwrap();
    count.trim().parse().unwrap()
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    // Root over the namespaces, whoever runs the tests.
    command.args(["--user", "--map-root-user", "--net", "--mount", "--"]);
    command
}

fn prepare() {
    run("mount", "-t tmpfs tmpfs /run");
    run("mount", "-t sysfs sysfs /sys");
    // An IPv6 address else goes with the cable.
    std::fs::write("/proc/sys/net/ipv6/conf/default/keep_addr_on_down", "1").unwrap();
    ip("netns add far");
    ip("link set lo up");
    ip_far("link set lo up");
    run("ip", "netns exec far sysctl -qw net.ipv6.conf.default.keep_addr_on_down=1");
}

fn run(program: &str, arguments: &str) {
    let output = Command::new(program).args(arguments.split(' ')).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments}: {said}");
}
