//! The time as text. Every request tells it, and all of it but the fraction of the second stays as it is for a second.

use std::cell::RefCell;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A second that was written before.
struct Written {
    second: i64,
    text: String,
}

impl Written {
    const NONE: Self = Self {
        second: i64::MIN,
        text: String::new(),
    };
}

thread_local! {
    static UTC: RefCell<Written> = const { RefCell::new(Written::NONE) };
    static LOCAL: RefCell<Written> = const { RefCell::new(Written::NONE) };
}

/// Appends the time in UTC as RFC 3339 has it, with microseconds: `2026-11-21T09:34:12.123456Z`.
pub(crate) fn write_utc(text: &mut Vec<u8>) {
    let now = Timestamp::now();
    UTC.with_borrow_mut(|written| {
        write(text, written, now, || {
            now.strftime("%Y-%m-%dT%H:%M:%S").to_string()
        });
    });
    text.push(b'Z');
}

/// Appends the local time as Python writes it, with microseconds: `2026-11-21 09:34:12.123456`.
pub(crate) fn write_local(text: &mut Vec<u8>) {
    let now = Timestamp::now();
    LOCAL.with_borrow_mut(|written| write(text, written, now, || local(&now.to_zoned(TimeZone::system()))));
}

fn local(time: &Zoned) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Appends a time, whose second is made into text by `form` where it was not written last.
fn write(text: &mut Vec<u8>, written: &mut Written, time: Timestamp, form: impl FnOnce() -> String) {
    if written.second != time.as_second() {
        *written = Written {
            second: time.as_second(),
            text: form(),
        };
    }
    text.extend_from_slice(written.text.as_bytes());
    text.push(b'.');
    write_digits::<6>(text, time.subsec_microsecond().unsigned_abs());
}

/// Appends the last digits of a number, with zeros before them.
pub(crate) fn write_digits<const DIGITS: usize>(text: &mut Vec<u8>, mut number: u32) {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    text.extend_from_slice(&digits);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_is_written_anew_and_the_fraction_has_six_digits() {
        let mut written = Written::NONE;
        let mut check = |time: &str, expected: &str| {
            let time: Timestamp = time.parse().unwrap();
            let mut text = Vec::new();
            write(&mut text, &mut written, time, || time.strftime("%S").to_string());
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        };
        check("2026-11-21T09:34:12.123456789Z", "12.123456");
        check("2026-11-21T09:34:12.999999999Z", "12.999999");
        check("2026-11-21T09:34:13Z", "13.000000");
        check("2026-11-21T09:34:12.000001Z", "12.000001");
    }

    #[test]
    fn local_time_has_the_form_of_the_sample() {
        let time: Zoned = "2026-11-21T09:34:12+01:00[+01:00]".parse().unwrap();
        assert_eq!(local(&time), "2026-11-21 09:34:12");
    }

    #[test]
    fn both_times_are_those_of_this_moment() {
        let text = |write: fn(&mut Vec<u8>)| {
            let mut text = Vec::new();
            write(&mut text);
            String::from_utf8(text).unwrap()
        };
        let before = Timestamp::now().as_microsecond();
        let utc: Timestamp = text(write_utc).parse().unwrap();
        let local: jiff::civil::DateTime = text(write_local).parse().unwrap();
        let after = Timestamp::now().as_microsecond();
        let local = local.to_zoned(TimeZone::system()).unwrap().timestamp();
        assert!(before <= utc.as_microsecond() && utc <= local && local.as_microsecond() <= after);
    }
}
