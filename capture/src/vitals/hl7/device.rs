//! Which device an observation comes from, and from where in it. Places in a device's tree (OBX-4) are counted anew by each
//! sender, and a gateway sends for several devices: a place means something only with who sends (MSH-3 and MSH-4) and with
//! the equipment's own name (OBX-18). A device keeps its name from message to message, over whatever connection they come.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::message::Segment;

/// A device, by a hash of what it calls itself, which may be of any length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Device(u64);

/// A place in a device's containment tree (OBX-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Whose tree.
    pub device: Device,
    /// Medical device system, virtual device, channel.
    pub numbers: [u16; 3],
}

/// The devices of one message.
pub(super) struct Devices<'a> {
    sender: [&'a [u8]; 2],
    /// What the medical device systems in it are called, by their numbers.
    names: BTreeMap<u16, &'a [u8]>,
}

impl<'a> Devices<'a> {
    /// Those of the message with this MSH segment.
    pub fn of(header: Segment<'a>) -> Self {
        Self { sender: [3, 4].map(|field| header.field(field).raw()), names: BTreeMap::new() }
    }

    /// Where `observation`, an OBX segment, was made. One that names no equipment is of that which its system was said to
    /// be; where nothing was said the system's number tells it apart.
    pub fn place(&mut self, observation: Segment<'a>) -> Place {
        let code = observation.field(4).code().unwrap_or_default();
        let mut numbers = code.split('.').map(|number| number.parse().unwrap_or(0));
        let numbers = [(); 3].map(|()| numbers.next().unwrap_or(0));
        let [system, below @ ..] = numbers;
        let own = Some(observation.field(18)).filter(|name| !name.is_void()).map(|name| name.raw());
        if let (Some(name), [0, 0]) = (own, below) {
            self.names.insert(system, name);
        }
        let name = own.or_else(|| self.names.get(&system).copied());
        let mut hasher = DefaultHasher::new();
        (self.sender, name.ok_or(system)).hash(&mut hasher);
        Place { device: Device(hasher.finish()), numbers }
    }
}

#[cfg(test)]
impl Device {
    /// Some device.
    pub fn numbered(number: u64) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Message;
    use super::*;

    /// Where the observations of a message are made, each told by OBX-4 and OBX-18.
    fn places(sender: &str, observations: &[(&str, &str)]) -> Vec<Place> {
        let observation = |(place, name): &(&str, &str)| format!("\rOBX|1|NM|1^X^MDC|{place}|7|||||||||||||{name}");
        let text = format!("MSH|^~\\&|{sender}|{}", observations.iter().map(observation).collect::<String>());
        let message = Message::read(text.as_bytes()).unwrap();
        let mut devices = Devices::of(message.header());
        message.segments().skip(1).map(|segment| devices.place(segment)).collect()
    }

    #[test]
    fn a_device_is_told_by_its_sender_and_its_name_and_without_a_name_by_its_systems_number() {
        let device = |sender: &str, place: &str, name: &str| places(sender, &[(place, name)])[0].device;
        let same = device("GATE^8001^EUI-64|OR", "1.2.3.4", "A^^8002^EUI-64");
        assert_eq!(device("GATE^8001^EUI-64|OR", "7.5.1.1", "A^^8002^EUI-64"), same, "wherever in it");
        let others = [
            device("GATE^8009^EUI-64|OR", "1.2.3.4", "A^^8002^EUI-64"),
            device("GATE^8001^EUI-64|OR2", "1.2.3.4", "A^^8002^EUI-64"),
            device("GATE^8001^EUI-64|OR", "1.2.3.4", "B^^8003^EUI-64"),
            device("GATE^8001^EUI-64|OR", "1.2.3.4", ""),
            device("GATE^8001^EUI-64|OR", "2.2.3.4", "^^"),
        ];
        for (at, other) in others.iter().enumerate() {
            assert!(*other != same && !others[..at].contains(other), "{at}");
        }
    }

    #[test]
    fn observations_are_of_the_equipment_that_their_system_was_said_to_be() {
        let [.., one, other, own, nobodys] = places(
            "GATE|",
            &[("1.0.0.0", "A"), ("2.0.0.0", "B"), ("1.5.1.1", ""), ("2.5.1.1", ""), ("1.5.2.1", "B"), ("3.5.1.1", "")],
        )[..] else {
            panic!("six")
        };
        let [a, b] = ["A", "B"].map(|name| places("GATE|", &[("9.1.1.1", name)])[0].device);
        assert_eq!([one.device, other.device, own.device], [a, b, b]);
        assert!(![a, b].contains(&nobodys.device));
        assert_eq!(one.numbers, [1, 5, 1]);
    }
}
