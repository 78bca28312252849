//! The structure of an HL7 v2 message (HL7 v2.6 chapter 2): segments, fields, components, separators, escapes, character
//! set. Borrowed from the message's bytes, so that nothing is copied that nobody asks for, least of all the patient's name.

use std::borrow::Cow;

/// Segments of a message at most. The busiest monitor sends some hundreds.
pub const MAX_SEGMENTS: usize = 4096;

/// Why bytes are no message that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It begins with something else.
    #[error("the message does not begin with an MSH segment")]
    NoHeader,
    /// MSH-1 or MSH-2.
    #[error("MSH-1 and MSH-2 must be five different signs")]
    Separators,
    /// MSH-18.
    #[error("MSH-18 names a character set that is not supported; use ASCII, 8859/1 or UNICODE UTF-8")]
    CharacterSet,
    /// What MSH-18 says is not what the bytes are.
    #[error("the message is not in the character set that MSH-18 names")]
    Encoding,
    /// See [`MAX_SEGMENTS`].
    #[error("the message has more than {MAX_SEGMENTS} segments")]
    Segments,
}

/// The signs between the parts of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Separators {
    field: u8,
    component: u8,
    repetition: u8,
    escape: u8,
    subcomponent: u8,
}

/// How letters are written (MSH-18, HL7 table 0211).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CharacterSet {
    Ascii,
    Latin1,
    Utf8,
}

/// A message.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    separators: Separators,
    character_set: CharacterSet,
}

/// A segment of a message.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    bytes: &'a [u8],
    separators: Separators,
}

/// A field, or a part of one.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    bytes: &'a [u8],
    separators: Separators,
}

impl<'a> Message<'a> {
    /// The message in `bytes`. Its segments are looked at as they are asked for.
    ///
    /// # Errors
    /// [`Fault`], by what the sender has to mend.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let separators = Separators::read(bytes)?;
        let message = Self { bytes, separators, character_set: CharacterSet::Ascii };
        if message.split().nth(MAX_SEGMENTS).is_some() {
            return Err(Fault::Segments);
        }
        let header = message.header();
        let character_set = CharacterSet::named(header.field(18).first().bytes)?;
        let message = Self { character_set, ..message };
        message.check(header)?;
        Ok(message)
    }

    /// A message of nothing but `header`, whatever its letters: enough to answer one that cannot be read.
    pub fn headed(header: &'a [u8]) -> Option<Self> {
        let separators = Separators::read(header).ok()?;
        Some(Self { bytes: header, separators, character_set: CharacterSet::Latin1 })
    }

    /// Its MSH segment.
    pub fn header(&self) -> Segment<'a> {
        self.segments().next().unwrap_or(Segment { bytes: &[], separators: self.separators })
    }

    /// Its segments, the header first.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'a>> + use<'a> {
        let separators = self.separators;
        self.split().map(move |bytes| Segment { bytes, separators })
    }

    /// Whether `segment` is written in the character set that the message names. Not asked of segments that are dropped
    /// unread, whose encoding is nobody's matter here.
    ///
    /// # Errors
    /// [`Fault::Encoding`].
    pub fn check(&self, segment: Segment<'_>) -> Result<(), Fault> {
        let good = match self.character_set {
            CharacterSet::Ascii => segment.bytes.is_ascii(),
            CharacterSet::Latin1 => true,
            CharacterSet::Utf8 => std::str::from_utf8(segment.bytes).is_ok(),
        };
        if good { Ok(()) } else { Err(Fault::Encoding) }
    }

    /// The letters of a part, escapes resolved.
    pub fn text(&self, field: Field<'_>) -> String {
        let bytes = field.unescaped();
        match self.character_set {
            CharacterSet::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
            CharacterSet::Ascii | CharacterSet::Utf8 => String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// The signs between its parts.
    pub fn separators(&self) -> Separators {
        self.separators
    }

    fn split(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let lines = self.bytes.split(|byte| *byte == b'\r');
        // Some gateways end lines with both signs.
        lines.map(|line| line.strip_prefix(b"\n").unwrap_or(line)).filter(|line| !line.is_empty())
    }
}

impl<'a> Segment<'a> {
    /// The three letters that it begins with; fewer in a broken one.
    pub fn name(&self) -> &'a [u8] {
        self.bytes.get(..3).unwrap_or(self.bytes)
    }

    /// Field `number` as HL7 counts them, from 1; empty where there is none. MSH-1 is the separator itself.
    pub fn field(&self, number: usize) -> Field<'a> {
        let place = if self.name() == b"MSH" { number.saturating_sub(1) } else { number };
        let bytes = self.bytes.split(|byte| *byte == self.separators.field).nth(place).unwrap_or_default();
        Field { bytes, separators: self.separators }
    }
}

impl<'a> Field<'a> {
    /// Its bytes as they stand.
    pub fn raw(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether nothing stands there, or what says that there is nothing (`""`).
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() || self.bytes == b"\"\""
    }

    /// Whether neither it nor any of its parts says anything: they are blank, or say that there is nothing.
    pub fn is_void(&self) -> bool {
        let Separators { component, repetition, subcomponent, .. } = self.separators;
        let mut parts = self.bytes.split(|byte| [component, repetition, subcomponent].contains(byte));
        parts.all(|part| matches!(part.trim_ascii(), b"" | b"\"\""))
    }

    /// Its repetitions.
    pub fn repetitions(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        self.parts(self.separators.repetition)
    }

    /// Its first repetition.
    pub fn first(&self) -> Field<'a> {
        self.repetitions().next().unwrap_or(*self)
    }

    /// The components of its first repetition.
    pub fn components(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let first = self.first();
        first.parts(first.separators.component)
    }

    /// Component `number` of its first repetition, from 1; empty where there is none.
    pub fn component(&self, number: usize) -> Field<'a> {
        let none = Field { bytes: &[], separators: self.separators };
        self.components().nth(number.saturating_sub(1)).unwrap_or(none)
    }

    /// Its ASCII text without blanks around it, for codes and numbers; `None` for anything else.
    pub fn code(&self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes).ok().map(str::trim).filter(|text| text.is_ascii())
    }

    fn parts(&self, separator: u8) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let separators = self.separators;
        self.bytes.split(move |byte| *byte == separator).map(move |bytes| Field { bytes, separators })
    }

    /// Escapes resolved (HL7 v2.6 section 2.7): the separators, and bytes in hexadecimal. Others stand for layout, and go.
    fn unescaped(&self) -> Cow<'a, [u8]> {
        let Separators { escape, field, component, repetition, subcomponent } = self.separators;
        if !self.bytes.contains(&escape) {
            return Cow::Borrowed(self.bytes);
        }
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for (place, part) in self.bytes.split(|byte| *byte == escape).enumerate() {
            match part {
                // Every second part stands between two escape signs.
                part if place.is_multiple_of(2) => bytes.extend_from_slice(part),
                b"F" => bytes.push(field),
                b"S" => bytes.push(component),
                b"R" => bytes.push(repetition),
                b"T" => bytes.push(subcomponent),
                b"E" => bytes.push(escape),
                [b'X', digits @ ..] => bytes.extend(digits.chunks_exact(2).filter_map(hexadecimal)),
                _ => {}
            }
        }
        Cow::Owned(bytes)
    }
}

impl Separators {
    /// As MSH-1 and MSH-2 have them.
    fn read(message: &[u8]) -> Result<Self, Fault> {
        let rest = message.strip_prefix(b"MSH").ok_or(Fault::NoHeader)?;
        let (&field, rest) = rest.split_first().ok_or(Fault::Separators)?;
        let signs = rest.split(|byte| *byte == field).next().unwrap_or_default();
        // A fifth sign is the truncation character of v2.7, which means nothing here.
        let [component, repetition, escape, subcomponent, ..] = *signs else { return Err(Fault::Separators) };
        let all = [field, component, repetition, escape, subcomponent];
        let differ = all.iter().enumerate().all(|(place, sign)| !all.iter().take(place).any(|other| other == sign));
        if signs.len() > 5 || !differ || !all.iter().all(u8::is_ascii_punctuation) {
            return Err(Fault::Separators);
        }
        Ok(Self { field, component, repetition, escape, subcomponent })
    }

    /// What stands between fields.
    pub fn field(self) -> u8 {
        self.field
    }

    /// What stands between components.
    pub fn component(self) -> u8 {
        self.component
    }

    /// MSH-2.
    pub fn encoding_characters(self) -> [u8; 4] {
        [self.component, self.repetition, self.escape, self.subcomponent]
    }
}

impl CharacterSet {
    fn named(name: &[u8]) -> Result<Self, Fault> {
        match name.trim_ascii() {
            b"" | b"ASCII" | b"\"\"" => Ok(Self::Ascii),
            b"8859/1" => Ok(Self::Latin1),
            b"UNICODE UTF-8" => Ok(Self::Utf8),
            _ => Err(Fault::CharacterSet),
        }
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Message<'_> {
        Message::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn fields_and_components_are_counted_as_hl7_counts_them() {
        let message = read("MSH|^~\\&|APP|||||t|ORU^R01^ORU_R01|17\rOBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC||72~73|\r");
        assert_eq!(message.header().field(9).component(2).code(), Some("R01"));
        assert_eq!(message.header().field(10).raw(), b"17");
        let observation = message.segments().nth(1).unwrap();
        assert_eq!(observation.name(), b"OBX");
        assert_eq!(observation.field(3).component(1).code(), Some("147842"));
        assert_eq!(observation.field(5).first().code(), Some("72"));
        assert!(observation.field(14).is_empty() && observation.field(5).component(9).is_empty());
    }

    #[test]
    fn separators_blanks_and_nulls_alone_say_nothing() {
        let said =
            |text: &str| !read(&format!("MSH|^~\\&|APP|\rPID|{text}")).segments().nth(1).unwrap().field(1).is_void();
        assert_eq!(["", "\"\"", " ", "^^&~", "\"\"^&\"\"~ "].map(said), [false; 5]);
        assert_eq!(["Doe", "^&a", "\"", "\"\"\"\"", "\"\"~b"].map(said), [true; 5]);
    }

    #[test]
    fn a_message_with_separators_of_its_own_reads_the_same() {
        let message = read("MSH$%*!+$$$$$$$ORU%R01$\r\nPV1$$I$OR%3%a!F!b!X4142!!R!!.br!\r");
        assert_eq!(message.header().field(9).component(2).code(), Some("R01"));
        let visit = message.segments().nth(1).unwrap();
        assert_eq!(message.text(visit.field(3).component(3)), "a$bAB*");
    }

    #[test]
    fn letters_are_read_as_the_message_says_they_are_written() {
        let header = |set: &str| format!("MSH|^~\\&|||||||ORU^R01|1|P|2.6||||||{set}\rPV1|||");
        let latin = [header("8859/1").as_bytes(), b"K\xfcche"].concat();
        let message = Message::read(&latin).unwrap();
        let visit = message.segments().nth(1).unwrap();
        assert_eq!((message.check(visit), message.text(visit.field(3))), (Ok(()), "Küche".to_owned()));
        for (set, place) in [("UNICODE UTF-8", &b"K\xfcche"[..]), ("", b"K\xfcche"), ("ASCII", "Küche".as_bytes())] {
            let wrong = [header(set).as_bytes(), place].concat();
            let message = Message::read(&wrong).unwrap();
            assert_eq!(message.check(message.segments().nth(1).unwrap()), Err(Fault::Encoding), "{set}");
        }
        assert_eq!(Message::read(header("UNICODE UTF-16").as_bytes()).unwrap_err(), Fault::CharacterSet);
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        let many = format!("MSH|^~\\&|{}", "\rA".repeat(MAX_SEGMENTS));
        for (bytes, fault) in [
            ("", Fault::NoHeader),
            ("PID|1", Fault::NoHeader),
            ("M\0S\0H\0", Fault::NoHeader),
            ("MSH", Fault::Separators),
            ("MSH|^~\\", Fault::Separators),
            ("MSH|^^\\&|", Fault::Separators),
            ("MSH|abcd|", Fault::Separators),
            (&many, Fault::Segments),
        ] {
            assert_eq!(Message::read(bytes.as_bytes()).unwrap_err(), fault);
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), field in 0..30_usize) {
            for bytes in [bytes.clone(), [&b"MSH|^~\\&|"[..], &bytes].concat()] {
                let Ok(message) = Message::read(&bytes) else { continue };
                for segment in message.segments() {
                    let field = segment.field(field);
                    prop_assert!(field.components().count() <= bytes.len() + 1);
                    message.text(field.component(1));
                }
            }
        }
    }
}
