//! The answer to a message (HL7 v2.6 section 2.9): accepted, in error, or rejected, in the mode that the message asks for,
//! with an ERR segment that says why. No word of the message but its number and its sender's name comes back in it.

use super::message::{Fault, Message, Separators};

/// Bytes of MSH-10 at most (v2.6).
pub const MAX_CONTROL_ID_BYTES: usize = 199;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Accepted,
    /// It was not, for this reason.
    Refused(Refusal),
}

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Fault),
    /// MSH-9.
    #[error("only ORU messages of the events R01 and R40 are taken")]
    Type,
    /// MSH-10.
    #[error("MSH-10 must be 1 to {MAX_CONTROL_ID_BYTES} bytes")]
    ControlId,
    /// PV1-3 is missing.
    #[error("the message names no bed in PV1-3")]
    NoBed,
    /// PV1-3 is another.
    #[error("PV1-3 names another bed than this one")]
    OtherBed,
    /// PID names another patient than before.
    #[error("another patient is named; theatre has to confirm")]
    OtherPatient,
    /// Two patients in one message.
    #[error("the message names two patients")]
    TwoPatients,
    /// Nothing in it is known here.
    #[error("the message holds no observation that is known here")]
    Nothing,
}

impl Refusal {
    /// Whether the message is in error, so that the same will be refused for ever, or rejected for what it is about.
    fn is_error(self) -> bool {
        match self {
            Self::Unreadable(_) | Self::ControlId | Self::TwoPatients | Self::Nothing => true,
            Self::Type | Self::NoBed | Self::OtherBed | Self::OtherPatient => false,
        }
    }

    /// ERR-3 (HL7 table 0357).
    fn code(self) -> &'static str {
        match self {
            Self::Unreadable(Fault::NoHeader | Fault::Segments) => "100",
            Self::Unreadable(_) => "102",
            Self::Type => "200",
            Self::ControlId | Self::NoBed => "101",
            Self::OtherBed | Self::OtherPatient => "204",
            Self::TwoPatients | Self::Nothing => "207",
        }
    }
}

/// Who answers, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp<'a> {
    /// This machine's date and time as DTM.
    pub moment: &'a str,
    /// Counts the answers.
    pub number: u64,
}

/// The answer to `message`, whose `outcome` is known; `None` where its sender wants none.
pub fn answer(message: &Message<'_>, outcome: Outcome, stamp: Stamp<'_>) -> Option<Vec<u8>> {
    let header = message.header();
    let word = |number| header.field(number).code().unwrap_or_default();
    let code = code(word(15), word(16), outcome)?;
    let (separators, trigger) = (message.separators(), header.field(9).component(2).code().unwrap_or("R01"));
    let trigger = if trigger.bytes().all(|byte| byte.is_ascii_alphanumeric()) { trigger } else { "R01" };
    let mut bytes = Vec::new();
    let number = stamp.number.to_string();
    let kind = joined(separators, &["ACK", trigger, "ACK"]);
    let control_id = header.field(10).raw();
    let control_id = if control_id.len() > MAX_CONTROL_ID_BYTES { &[][..] } else { control_id };
    bytes.extend_from_slice(b"MSH");
    let fields: [&[u8]; 12] = [
        &separators.encoding_characters(),
        b"telementoring",
        b"",
        header.field(3).raw(),
        header.field(4).raw(),
        stamp.moment.as_bytes(),
        b"",
        &kind,
        number.as_bytes(),
        header.field(11).raw(),
        b"2.6",
        b"",
    ];
    put(&mut bytes, separators, &fields);
    bytes.extend_from_slice(b"MSA");
    put(&mut bytes, separators, &[code.as_bytes(), control_id]);
    if let Outcome::Refused(refusal) = outcome {
        let kind = joined(separators, &[refusal.code(), "", "HL70357"]);
        bytes.extend_from_slice(b"ERR");
        put(&mut bytes, separators, &[b"", b"", &kind, b"E", b"", b"", b"", plain(separators, &refusal).as_bytes()]);
    }
    Some(bytes)
}

/// MSA-1: by the enhanced mode where MSH-15 or MSH-16 say when an answer is wanted, else by the original one.
fn code(accept: &str, application: &str, outcome: Outcome) -> Option<&'static str> {
    let is_good = outcome == Outcome::Accepted;
    let wanted = |condition: &str| match condition {
        "AL" => true,
        "ER" => !is_good,
        "SU" => is_good,
        _ => false,
    };
    let [good, error, reject] = match (accept, application) {
        ("", "") => ["AA", "AE", "AR"],
        (accept, _) if wanted(accept) => ["CA", "CE", "CR"],
        (_, application) if wanted(application) => ["AA", "AE", "AR"],
        _ => return None,
    };
    Some(match outcome {
        Outcome::Accepted => good,
        Outcome::Refused(refusal) if refusal.is_error() => error,
        Outcome::Refused(_) => reject,
    })
}

/// Each field behind a separator, then the segment's end.
fn put(bytes: &mut Vec<u8>, separators: Separators, fields: &[&[u8]]) {
    for field in fields {
        bytes.push(separators.field());
        bytes.extend_from_slice(field);
    }
    bytes.push(b'\r');
}

fn joined(separators: Separators, components: &[&str]) -> Vec<u8> {
    let separator = [separators.component()];
    let components: Vec<&[u8]> = components.iter().map(|component| component.as_bytes()).collect();
    components.join(&separator[..])
}

/// Words for people, without signs that this message uses between its parts.
fn plain(separators: Separators, refusal: &Refusal) -> String {
    let signs = separators.encoding_characters();
    let is_sign =
        |letter: char| u8::try_from(letter).is_ok_and(|byte| byte == separators.field() || signs.contains(&byte));
    refusal.to_string().chars().map(|letter| if is_sign(letter) { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp<'_> = Stamp { moment: "20240101120000.000+0000", number: 7 };

    fn answered(header: &str, outcome: Outcome) -> Option<String> {
        let message = Message::read(header.as_bytes()).unwrap();
        answer(&message, outcome, STAMP).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn an_answer_names_the_message_and_says_what_became_of_it() {
        let header = "MSH|^~\\&|MON|OR3|||t||ORU^R01^ORU_R01|4711|P|2.6\r";
        assert_eq!(
            answered(header, Outcome::Accepted).unwrap(),
            "MSH|^~\\&|telementoring||MON|OR3|20240101120000.000+0000||ACK^R01^ACK|7|P|2.6|\rMSA|AA|4711\r"
        );
        let refused = answered(header, Outcome::Refused(Refusal::OtherBed)).unwrap();
        assert!(
            refused.ends_with("MSA|AR|4711\rERR|||204^^HL70357|E||||PV1-3 names another bed than this one\r"),
            "{refused}"
        );
        let wrong = answered(header, Outcome::Refused(Fault::Encoding.into())).unwrap();
        assert!(wrong.contains("MSA|AE|4711\rERR|||102^"), "{wrong}");
    }

    #[test]
    fn a_message_with_other_separators_is_answered_in_its_own() {
        let header = "MSH#*~!+#MON#OR3###t##ORU*R40*ORU_R40#47!S!11#P#2.6\r";
        let refused = answered(header, Outcome::Refused(Refusal::ControlId)).unwrap();
        assert!(refused.contains("##ACK*R40*ACK#7#") && refused.contains("MSA#AE#47!S!11\r"), "{refused}");
    }

    #[test]
    fn the_sender_says_when_it_wants_an_answer() {
        let bad = Outcome::Refused(Refusal::OtherBed);
        for (accept, application, good, rejected) in [
            ("", "", Some("AA"), Some("AR")),
            ("AL", "NE", Some("CA"), Some("CR")),
            ("NE", "AL", Some("AA"), Some("AR")),
            ("ER", "NE", None, Some("CR")),
            ("SU", "NE", Some("CA"), None),
            ("NE", "NE", None, None),
        ] {
            assert_eq!(
                [code(accept, application, Outcome::Accepted), code(accept, application, bad)],
                [good, rejected]
            );
        }
    }
}
