//! Keys that a pedal can have which is read by its device file: the codes of Linux (`linux/input-event-codes.h`) and the names that X
//! has for them.

/// Names in rows of codes that follow each other.
const KEYS: [(u16, &str); 10] = [
    (1, "Escape 1 2 3 4 5 6 7 8 9 0"),
    (14, "BackSpace Tab q w e r t y u i o p"),
    (28, "Return"),
    (30, "a s d f g h j k l"),
    (44, "z x c v b n m"),
    (57, "space"),
    (59, "F1 F2 F3 F4 F5 F6 F7 F8 F9 F10"),
    (87, "F11 F12"),
    (96, "KP_Enter"),
    (102, "Home Up Prior Left Right End Down Next Insert Delete"),
];

/// The name of the key with this code, if a pedal can have it.
pub fn pedal_key(code: u16) -> Option<&'static str> {
    KEYS.iter().find_map(|(first, names)| names.split(' ').nth(usize::from(code.checked_sub(*first)?)))
}

/// Every name.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().flat_map(|(_, names)| names.split(' '))
}
