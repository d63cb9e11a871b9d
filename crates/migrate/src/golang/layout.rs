//! `time.Format`: a time as an example writes the moment
//! `Mon Jan 2 15:04:05 MST 2006`. Every time is in UTC.

use jiff::civil::{DateTime, Weekday};
use jiff::tz::Offset;

use super::time::GoTime;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What an example writes, longest first where one begins with another.
const ELEMENTS: [&str; 34] = [
    "January",
    "Jan",
    "Monday",
    "Mon",
    "MST",
    "2006",
    "-07:00:00",
    "-07:00",
    "-070000",
    "-0700",
    "-07",
    "Z07:00:00",
    "Z07:00",
    "Z070000",
    "Z0700",
    "Z07",
    "002",
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "__2",
    "_2",
    "15",
    "PM",
    "pm",
    "1",
    "2",
    "3",
    "4",
    "5",
    "Z",
];

/// The time as the layout writes it.
pub(crate) fn format_time(time: GoTime, layout: &str) -> String {
    let moment = match time.timestamp() {
        Some(timestamp) => Offset::UTC.to_datetime(timestamp),
        None => DateTime::constant(1, 1, 1, 0, 0, 0, 0),
    };
    let mut text = String::new();
    let mut rest = layout;
    while let Some(letter) = rest.chars().next() {
        if let Some((fraction, after)) = fraction(rest) {
            text.push_str(&fraction_of(moment, fraction));
            rest = after;
            continue;
        }
        match ELEMENTS.iter().find(|element| begins(rest, element)) {
            Some(element) => {
                text.push_str(&written(moment, element));
                rest = &rest[element.len()..];
            }
            None => {
                text.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
    }
    text
}

/// Whether a layout goes on with an element; `Jan` within `Janet` is none.
fn begins(layout: &str, element: &str) -> bool {
    let Some(after) = layout.strip_prefix(element) else {
        return false;
    };
    match element {
        "Jan" | "Mon" => !after.starts_with(|next: char| next.is_ascii_lowercase()),
        "Z" => false,
        _ => true,
    }
}

/// `.000`, `,000`, `.999`: a fraction of the second.
fn fraction(layout: &str) -> Option<(&str, &str)> {
    let digits = layout.strip_prefix(['.', ','])?;
    let digit = digits
        .chars()
        .next()
        .filter(|digit| "09".contains(*digit))?;
    let length = digits.len() - digits.trim_start_matches(digit).len();
    let after = &digits[length..];
    let is_fraction = !after.starts_with(|next: char| next.is_ascii_digit());
    is_fraction.then(|| layout.split_at(1 + length))
}

fn fraction_of(moment: DateTime, layout: &str) -> String {
    let nanos = format!("{:09}", moment.subsec_nanosecond());
    let (separator, places) = layout.split_at(1);
    let digits = &nanos[..places.len().min(9)];
    if places.starts_with('0') {
        return format!("{separator}{digits}");
    }
    match digits.trim_end_matches('0') {
        "" => String::new(),
        digits => format!("{separator}{digits}"),
    }
}

fn written(moment: DateTime, element: &str) -> String {
    let month = MONTHS[usize::from(moment.month().unsigned_abs()) - 1];
    let weekday = match moment.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    };
    let hour = match moment.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let half = if moment.hour() < 12 { "AM" } else { "PM" };
    match element {
        "January" => month.to_owned(),
        "Jan" => month[..3].to_owned(),
        "Monday" => weekday.to_owned(),
        "Mon" => weekday[..3].to_owned(),
        "MST" => "UTC".to_owned(),
        "2006" => format!("{:04}", moment.year()),
        "06" => format!("{:02}", moment.year().rem_euclid(100)),
        "01" => format!("{:02}", moment.month()),
        "1" => moment.month().to_string(),
        "02" => format!("{:02}", moment.day()),
        "_2" => format!("{:2}", moment.day()),
        "2" => moment.day().to_string(),
        "002" => format!("{:03}", moment.day_of_year()),
        "__2" => format!("{:3}", moment.day_of_year()),
        "15" => format!("{:02}", moment.hour()),
        "03" => format!("{hour:02}"),
        "3" => hour.to_string(),
        "04" => format!("{:02}", moment.minute()),
        "4" => moment.minute().to_string(),
        "05" => format!("{:02}", moment.second()),
        "5" => moment.second().to_string(),
        "PM" => half.to_owned(),
        "pm" => half.to_ascii_lowercase(),
        zone if zone.starts_with('Z') => "Z".to_owned(),
        zone => zone.replace('-', "+").replace('7', "0"),
    }
}

#[cfg(test)]
mod tests {
    use super::format_time;
    use crate::golang::GoTime;

    #[test]
    fn times_are_written_as_go_writes_them() {
        let time = |text: &str| GoTime::from(text.parse::<jiff::Timestamp>().unwrap());
        let moment = time("2026-11-05T09:04:05.020300Z");
        for (layout, text) in [
            (
                "2006-01-02 15:04:05.999999999 -0700 MST",
                "2026-11-05 09:04:05.0203 +0000 UTC",
            ),
            ("2006-01-02T15:04:05Z07:00", "2026-11-05T09:04:05Z"),
            (
                "2006-01-02T15:04:05.000-07:00",
                "2026-11-05T09:04:05.020+00:00",
            ),
            (
                "Mon, 02 Jan 2006 15:04:05 MST",
                "Thu, 05 Nov 2026 09:04:05 UTC",
            ),
            ("Monday, January _2 06", "Thursday, November  5 26"),
            ("3:04PM 3pm 03 4 5", "9:04AM 9am 09 4 5"),
            ("15.04.05,000", "09.04.05,020"),
            ("002 __2", "309 309"),
            ("v1.0 at Janet's", "v11.0 at Janet's"),
            ("\u{e9}", "\u{e9}"),
        ] {
            assert_eq!(format_time(moment, layout), text, "{layout}");
        }
        let zero = format_time(GoTime::ZERO, "2006-01-02 15:04:05.999 MST");
        assert_eq!(zero, "0001-01-01 00:00:00 UTC");
        let whole = format_time(time("2026-11-05T21:04:05Z"), "15:04:05.999 .00 3PM");
        assert_eq!(whole, "21:04:05 .00 9PM");
    }
}
