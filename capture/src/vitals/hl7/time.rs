//! Moments as HL7 v2 writes them (data type DTM): `YYYYMMDDHHMMSS.ffff+ZZZZ`, the end of it optional. They are the sender's
//! clock, whatever that shows; what they mean here is `device_clock`'s. Without a time zone a moment is taken as UTC: only
//! differences count, and a device writes all its times in one way.

use crate::vitals::device_clock::DeviceTime;

/// Years that are read: arithmetic stays far from its ends.
const YEARS: std::ops::RangeInclusive<i64> = 1900..=2200;

/// The moment in `text`, which must tell the day at least.
pub fn read(text: &[u8]) -> Option<DeviceTime> {
    let zone_at = text.iter().position(|byte| matches!(byte, b'+' | b'-')).unwrap_or(text.len());
    let (moment, zone) = text.split_at_checked(zone_at)?;
    let mut parts = moment.splitn(2, |byte| *byte == b'.');
    let (whole, fraction) = (parts.next()?, parts.next().unwrap_or_default());
    if !whole.iter().all(u8::is_ascii_digit) || !matches!(whole.len(), 8 | 10 | 12 | 14) {
        return None;
    }
    let two = |at: usize| whole.get(at..at + 2).map_or(Some(0), number);
    let (year, month, day) = (number(whole.get(..4)?)?, two(4)?, two(6)?);
    let (hour, minute, second) = (two(8)?, two(10)?, two(12)?);
    let in_range = YEARS.contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    if !in_range {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(DeviceTime((seconds - zone_seconds(zone)?) * 1_000_000 + microseconds(fraction)?))
}

/// The moment as DTM with milliseconds, in UTC.
pub fn write(DeviceTime(us): DeviceTime) -> String {
    let (seconds, ms) = (us.div_euclid(1_000_000), us.rem_euclid(1_000_000) / 1_000);
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(day);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}.{ms:03}+0000")
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn zone_seconds(zone: &[u8]) -> Option<i64> {
    let (sign, digits) = match zone {
        [] => return Some(0),
        [b'-', digits @ ..] => (-1, digits),
        [_, digits @ ..] => (1, digits),
    };
    if digits.len() != 4 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(sign * (number(digits.get(..2)?)? * 3_600 + number(digits.get(2..)?)? * 60))
}

/// Of a fraction of a second; digits beyond the sixth are left out.
fn microseconds(fraction: &[u8]) -> Option<i64> {
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = fraction.iter().chain(std::iter::repeat(&b'0')).take(6);
    Some(digits.fold(0, |all, digit| all * 10 + i64::from(digit - b'0')))
}

/// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

/// The inverse of [`days_since_1970`], from 1900 on.
fn civil(days: i64) -> (i64, i64, i64) {
    // Never too late: leap days of all the years between make less than one year.
    let mut year = 1969 + days.div_euclid(365);
    while days_since_1970(year + 1, 1, 1) <= days {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days_since_1970(year, *month, 1) <= days).unwrap_or(1);
    (year, month, days - days_since_1970(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_are_read_to_the_microsecond_and_by_their_zone() {
        let second = DeviceTime(1_709_210_096_000_000);
        for (text, after_us) in [
            ("20240229123456", 0),
            ("20240229123456.5", 500_000),
            ("20240229123456.1234567", 123_456),
            ("20240229123456.000-0500", 5 * 3_600_000_000),
            ("20240229123456+0530", -(5 * 3_600 + 30 * 60) * 1_000_000),
        ] {
            assert_eq!(read(text.as_bytes()), Some(DeviceTime(second.0 + after_us)), "{text}");
        }
        assert_eq!(read(b"19700101"), Some(DeviceTime(0)));
        assert_eq!(write(second), "20240229123456.000+0000");
    }

    #[test]
    fn what_tells_no_moment_is_none() {
        for text in ["", "2024", "2024-02-29", "20241301", "20240229256000", "20240229123456.x", "20240229+1", "abc"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in -2_000_000_000_000_i64..4_000_000_000_000) {
            let time = DeviceTime(ms * 1_000);
            prop_assert_eq!(read(write(time).as_bytes()), Some(time));
        }

        #[test]
        fn whatever_comes_is_read_or_not(bytes in prop::collection::vec(any::<u8>(), 0..30)) {
            read(&bytes);
        }
    }
}
