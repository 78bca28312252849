//! What an element's error means, in words that say what to do. Pure: an error goes in, a line of text comes out.
//!
//! Each kind has a table of what its elements say when something usual is wrong. What they say of a network holds
//! addresses, which belong in no log, so of these only the meaning is told.

use gstreamer as gst;

/// How the failures of one kind are told.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// Pieces of what GStreamer says, in small letters, and what each means; the first that is found counts.
    pub meanings: &'static [(&'static str, &'static str)],
    /// Whether GStreamer's own words are told.
    pub own: Own,
    /// What to look at when pictures stop coming without a word.
    pub silent: &'static str,
}

/// Whether GStreamer's own words are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// They name devices and files of this machine.
    Told,
    /// They may hold addresses: all words with a digit are left out.
    WithoutAddresses,
}

/// GStreamer's words as they are.
pub const PLAIN: Words = Words { meanings: &[], own: Own::Told, silent: "" };

/// For cameras and grabbers of this machine.
pub const DEVICE: Words = Words {
    meanings: &[
        ("busy", "another program uses it; end that program"),
        ("permission", "this user may not use it; add the user to the group `video`"),
        ("not a capture device", "it takes no pictures; name the other device file of this camera in `device`"),
        ("getting capabilities", "it is no camera; name the camera's device file in `device`"),
        ("cannot identify", "it is gone or no camera; plug it in again or mend `device`"),
        ("no such device", "it was unplugged; plug it in again"),
        ("could not read", "it was unplugged or stopped; plug it in again"),
        ("not-negotiated", "it does not give the format it offers; choose another `format`, `size` or `fps`"),
        ("failed to allocate", "it does not give the format it offers; choose another `format`, `size` or `fps`"),
    ],
    own: Own::Told,
    silent: "look at the cable and at what is connected to it",
};

/// For DeckLink cards.
pub const DECKLINK: Words = Words {
    meanings: &[
        ("busy", "another program uses the card; end that program"),
        ("could not be initialized", NO_CARD),
        ("failed to acquire", NO_CARD),
        ("no such device", NO_CARD),
        ("failed to open", NO_CARD),
        // Without the driver nothing more is said.
        ("failed to change its state", NO_CARD),
    ],
    own: Own::Told,
    silent: "no signal comes in; look at the cable, at `connection` and at `mode`",
};

/// For everything that comes over a network.
pub const NETWORK: Words = Words {
    meanings: &[
        ("unauthorized", "it wants another user or password; put them into the file that `credentials` names"),
        ("not authorized", "it wants another user or password; put them into the file that `credentials` names"),
        ("not found", "it has no such stream; mend the path in `location`"),
        ("badsecret", "its passphrase is another; put that into the file that `passphrase` names"),
        ("passphrase", "its passphrase is another; put that into the file that `passphrase` names"),
        (
            "tls support",
            "this machine lacks TLS; install the package glib-networking, or use rtsp:// instead of rtsps://",
        ),
        (
            "certificate",
            "this machine does not trust its certificate; add the one that signed it to the system's store",
        ),
        ("in use", "another program has this port; end it or choose another port in `listen`"),
        ("permission", "this user may not open this port; choose one above one thousand in `listen`"),
        ("cannot assign", "this machine has no such address; mend `listen`"),
        ("no such device", "there is no such network interface; mend `interface`"),
        ("refused", "nothing listens there; look whether it is switched on, and at the port"),
        ("unreachable", "there is no way to it; look at the network cable and at its address"),
        ("no route", "there is no way to it; look at the network cable and at its address"),
        ("resolv", "its name is not known; write its address instead, or mend the name"),
        ("firewall", "no packets come from it, perhaps because of a firewall; try transport = \"tcp\""),
        ("no supported stream", "it has no video, or does not send it by this `transport`"),
        ("failed to connect", "it does not answer; look whether it is switched on, and at its address"),
        ("timed out", "it does not answer; look whether it is switched on, and at its address"),
        ("timeout", "it does not answer; look whether it is switched on, and at its address"),
        ("time out", "it does not answer; look whether it is switched on, and at its address"),
        ("eof", "it hung up"),
        ("connection", "the connection to it broke"),
    ],
    own: Own::WithoutAddresses,
    silent: "look whether it is switched on and sends, and at cable, address and port",
};

const NO_CARD: &str =
    "there is no such card, or its driver is missing; install the driver (Desktop Video) or mend `card`";

impl Words {
    /// What an element's error means, in one line.
    pub fn tell(&self, error: &gst::message::Error) -> String {
        let told = error.error();
        // What is wrong with a stream holds no address.
        let own = if told.is::<gst::StreamError>() { Own::Told } else { self.own };
        self.put(own, told.message(), error.debug().as_deref())
    }

    /// The same, out of an error's message and its debugging text, whose last line says most.
    pub fn put(&self, own_words: Own, message: &str, debug: Option<&str>) -> String {
        let message = message.trim_end_matches('.');
        let detail = debug.and_then(|debug| debug.lines().last()).map(str::trim);
        let detail = detail.filter(|detail| !detail.is_empty() && *detail != message);
        let own = match detail {
            Some(detail) => format!("{message} ({detail})"),
            None => message.to_owned(),
        };
        let heard = format!("{message} {}", debug.unwrap_or_default()).to_lowercase();
        let meaning = self.meanings.iter().find(|(piece, _)| heard.contains(piece)).map(|(_, meaning)| *meaning);
        match (own_words, meaning) {
            (Own::Told, None) => own,
            (Own::Told, Some(meaning)) => format!("{own}: {meaning}"),
            (Own::WithoutAddresses, Some(meaning)) => meaning.to_owned(),
            (Own::WithoutAddresses, None) => without_digits(message),
        }
    }
}

/// `text` without the words that hold a digit, as every address does.
fn without_digits(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !word.contains(|letter: char| letter.is_ascii_digit()));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_network_says_what_to_do_and_holds_no_address() {
        let cases = [
            (
                "Could not open resource for reading and writing.",
                "Could not connect to 192.0.2.7: Connection refused",
                "nothing listens there",
            ),
            ("Unauthorized", "gstrtspsrc.c(6795): /GstPipeline/GstRTSPSrc", "`credentials`"),
            ("Not found", "gstrtspsrc.c(6811)", "mend the path in `location`"),
            (
                "Could not get/set settings from/on resource.",
                "bind failed: Error binding to address 0.0.0.0:5004: Address already in use",
                "another port",
            ),
            (
                "Could not read from resource.",
                "Could not receive any UDP packets for 5.0000 seconds, maybe your firewall is blocking it.",
                "\"tcp\"",
            ),
            ("Something at 192.0.2.7:554 and [2001:db8::1] broke", "nobody knows", "Something at and broke"),
        ];
        for (message, debug, expected) in cases {
            let told = NETWORK.put(NETWORK.own, message, Some(debug));
            assert!(told.contains(expected), "{told}");
            assert!(!told.contains("192.0.2") && !told.contains("0.0.0.0") && !told.contains("2001"), "{told}");
        }
    }

    #[test]
    fn what_is_told_of_a_device_keeps_its_own_words_and_says_what_to_do() {
        let told = DEVICE.put(
            Own::Told,
            "Cannot identify device '/dev/video7'.",
            Some("gstv4l2.c\nsystem error: No such file"),
        );
        assert!(told.starts_with("Cannot identify device '/dev/video7' (system error: No such file): "), "{told}");
        assert!(told.ends_with("mend `device`"), "{told}");
        let plain = PLAIN.put(Own::Told, "It broke.", Some("It broke"));
        assert_eq!(plain, "It broke", "nothing is said twice");
        assert_eq!(plain.lines().count(), 1);
    }
}
