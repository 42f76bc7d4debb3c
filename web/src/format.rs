//! Numbers, money, durations and instants as people in each language write them.

use crate::Locale;

/// An instant in milliseconds since 1970-01-01T00:00:00Z.
pub(crate) type Millis = i64;

const DAY: Millis = 86_400_000;

/// 1234567 as `1.234.567` or `1,234,567`.
pub(crate) fn number(locale: Locale, value: i64) -> String {
    let separator = match locale {
        Locale::Pt => '.',
        Locale::En => ',',
    };
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "−" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// Cents of US dollars as `US$ 19` or `US$19`; cents are shown when there are any.
pub(crate) fn money(locale: Locale, cents: i64) -> String {
    let (space, point) = match locale {
        Locale::Pt => ("\u{a0}", ','),
        Locale::En => ("", '.'),
    };
    let whole = number(locale, cents / 100);
    match cents % 100 {
        0 => format!("US${space}{whole}"),
        rest => format!("US${space}{whole}{point}{rest:02}"),
    }
}

/// A duration: `840 ms`, `3,2 s`, `1 min 05 s`.
pub(crate) fn duration(locale: Locale, millis: u64) -> String {
    let point = match locale {
        Locale::Pt => ',',
        Locale::En => '.',
    };
    match millis {
        0..1_000 => format!("{millis}\u{a0}ms"),
        1_000..60_000 => format!("{}{point}{}\u{a0}s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("{}\u{a0}min {:02}\u{a0}s", millis / 60_000, millis % 60_000 / 1_000),
    }
}

/// Microseconds: `38 µs`, `4,1 ms`, or as [`duration`].
pub(crate) fn micros(locale: Locale, micros: i64) -> String {
    let micros = micros.unsigned_abs();
    match micros {
        0..1_000 => format!("{micros}\u{a0}µs"),
        _ => duration(locale, micros / 1_000),
    }
}

/// A latency in milliseconds: `38 µs`, `4,1 ms`, `120 ms`, or as [`duration`].
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn latency(locale: Locale, millis: f64) -> String {
    match millis {
        ..1.0 => micros(locale, (millis * 1_000.0).round() as i64),
        1.0..10.0 => format!("{}\u{a0}ms", decimal(locale, millis)),
        _ => duration(locale, millis.round() as u64),
    }
}

/// A share from 0 to 1 in percent: `0,4 %`, `12 %`. What is more than nothing is never shown as nothing.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn share(locale: Locale, share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.05 {
        return format!("<\u{202f}{}\u{202f}%", decimal(locale, 0.1));
    }
    format!("{}\u{202f}%", if percent < 10.0 { decimal(locale, percent) } else { decimal(locale, percent.round()) })
}

/// A number with one digit behind the point where that says something: `1,5`, `2`.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn decimal(locale: Locale, value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    let point = if locale == Locale::Pt { ',' } else { '.' };
    match tenths % 10 {
        0 => number(locale, tenths / 10),
        rest => format!("{}{point}{}", number(locale, tenths / 10), rest.abs()),
    }
}

/// Bytes: `209 kB`.
pub(crate) fn bytes(locale: Locale, bytes: i64) -> String {
    match bytes {
        0..1_000 => format!("{bytes}\u{a0}B"),
        1_000..1_000_000 => format!("{}\u{a0}kB", bytes / 1_000),
        _ => {
            let point = if locale == Locale::Pt { ',' } else { '.' };
            match bytes % 1_000_000 / 100_000 {
                0 => format!("{}\u{a0}MB", bytes / 1_000_000),
                tenths => format!("{}{point}{tenths}\u{a0}MB", bytes / 1_000_000),
            }
        }
    }
}

/// Parses RFC 3339; a date alone is its midnight in UTC.
pub(crate) fn instant(text: &str) -> Option<Millis> {
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let midnight = days_from_civil(part(0..4)?, part(5..7)?, part(8..10)?) * DAY;
    if text.len() == 10 {
        return Some(midnight);
    }
    let clock = part(11..13)? * 3_600_000 + part(14..16)? * 60_000 + part(17..19)? * 1_000;
    let rest = text.get(19..)?;
    let fraction: String =
        rest.strip_prefix('.').unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    let millis = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let hours = zone.get(1..3)?.parse::<i64>().ok()?;
            let minutes = zone.get(4..6)?.parse::<i64>().ok()?;
            sign * (hours * 60 + minutes) * 60_000
        }
    };
    Some(midnight + clock + millis - offset)
}

/// The day of an instant: `22 nov. 2026` or `Nov 22, 2026`. `offset` is the reader's zone in minutes east of UTC.
pub(crate) fn day(locale: Locale, at: Millis, offset: i64) -> String {
    let (year, month, day) = civil_from_days((at + offset * 60_000).div_euclid(DAY));
    let name = month_name(locale, month);
    match locale {
        Locale::Pt => format!("{day}\u{a0}{name} {year}"),
        Locale::En => format!("{name}\u{a0}{day}, {year}"),
    }
}

/// The day without its year: `22 nov.` or `Nov 22`.
pub(crate) fn short_day(locale: Locale, at: Millis, offset: i64) -> String {
    let (_, month, day) = civil_from_days((at + offset * 60_000).div_euclid(DAY));
    let name = month_name(locale, month);
    match locale {
        Locale::Pt => format!("{day}\u{a0}{name}"),
        Locale::En => format!("{name}\u{a0}{day}"),
    }
}

/// The time of day: `14:05` or `2:05 PM`.
pub(crate) fn clock(locale: Locale, at: Millis, offset: i64) -> String {
    let minutes = (at + offset * 60_000).rem_euclid(DAY) / 60_000;
    let (hour, minute) = (minutes / 60, minutes % 60);
    match locale {
        Locale::Pt => format!("{hour:02}:{minute:02}"),
        Locale::En => {
            let half = if hour < 12 { "AM" } else { "PM" };
            format!("{}:{minute:02}\u{a0}{half}", (hour + 11) % 12 + 1)
        }
    }
}

fn month_name(locale: Locale, month: i64) -> &'static str {
    const PT: [&str; 12] =
        ["jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."];
    const EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let names = match locale {
        Locale::Pt => PT,
        Locale::En => EN,
    };
    usize::try_from(month - 1).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

/// Days since 1970-01-01 of a date in the Gregorian calendar (Howard Hinnant, “chrono-compatible low-level date
/// algorithms”).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The other way round.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_with_fractions_and_zones() {
        assert_eq!(instant("1970-01-01T00:00:01.5Z"), Some(1_500));
        assert_eq!(instant("2026-11-22T10:00:00-03:00"), instant("2026-11-22T13:00:00Z"));
        assert_eq!(instant("2024-02-29"), Some(1_709_164_800_000));
        assert_eq!(instant("yesterday"), None);
    }

    #[test]
    fn instants_are_written_in_the_readers_zone() {
        let at = instant("2026-11-23T01:05:09Z").expect("an instant");
        assert_eq!(day(Locale::Pt, at, -180), "22\u{a0}nov. 2026");
        assert_eq!(day(Locale::En, at, 0), "Nov\u{a0}23, 2026");
        assert_eq!(clock(Locale::Pt, at, -180), "22:05");
        assert_eq!(clock(Locale::En, at, -60), "12:05\u{a0}AM");
    }

    #[test]
    fn numbers_and_money_follow_the_language() {
        assert_eq!(number(Locale::Pt, 1_234_567), "1.234.567");
        assert_eq!(number(Locale::En, -1_000), "−1,000");
        assert_eq!(money(Locale::Pt, 1_900), "US$\u{a0}19");
        assert_eq!(money(Locale::En, 1_950), "US$19.50");
    }

    #[test]
    fn shares_and_latencies_keep_what_matters() {
        assert_eq!(share(Locale::Pt, 0.004), "0,4\u{202f}%");
        assert_eq!(share(Locale::En, 0.0001), "<\u{202f}0.1\u{202f}%");
        assert_eq!(share(Locale::En, 0.124), "12\u{202f}%");
        assert_eq!(share(Locale::En, 0.0), "0\u{202f}%");
        assert_eq!(latency(Locale::Pt, 0.038), "38\u{a0}µs");
        assert_eq!(latency(Locale::Pt, 4.14), "4,1\u{a0}ms");
        assert_eq!(latency(Locale::En, 120.4), "120\u{a0}ms");
        assert_eq!(latency(Locale::En, 2_300.0), "2.3\u{a0}s");
    }

    #[test]
    fn durations_change_their_unit() {
        assert_eq!(duration(Locale::Pt, 840), "840\u{a0}ms");
        assert_eq!(duration(Locale::Pt, 3_260), "3,2\u{a0}s");
        assert_eq!(duration(Locale::En, 65_000), "1\u{a0}min 05\u{a0}s");
        assert_eq!(micros(Locale::En, 4_100), "4\u{a0}ms");
    }
}
