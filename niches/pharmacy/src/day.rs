//! Calendar days, as on a box of medicine and on a pharmacy's wall.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Date, Month, OffsetDateTime};

/// Brasília is three hours behind UTC, without summer time since 2019. Close enough for the other zones: a lot is
/// refused at most two hours early or late.
const BRASILIA_BEHIND_UTC: i64 = 3 * 60 * 60;

/// A day, written `2027-08-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(Date);

impl Day {
    /// The day in Brazil at `now`, in seconds since 1970-01-01T00:00:00Z.
    pub(crate) fn at(now: u64) -> Self {
        let seconds = i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(BRASILIA_BEHIND_UTC);
        Self(OffsetDateTime::from_unix_timestamp(seconds).map_or(Date::MAX, OffsetDateTime::date))
    }

    /// Reads `2027-08-31`, `31/08/2027`, or a month as boxes print it, `2027-08` or `08/2027`: its last day.
    pub(crate) fn parse(written: &str) -> Option<Self> {
        let numbers: Vec<&str> = written.trim().split(['-', '/', '.']).map(str::trim).collect();
        let (year, month, day) = match numbers[..] {
            [year, month] | [month, year] if year.len() == 4 && month.len() <= 2 => (year, month, None),
            [year, month, day] if year.len() == 4 => (year, month, Some(day)),
            [day, month, year] if year.len() == 4 => (year, month, Some(day)),
            _ => return None,
        };
        let year: i32 = year.parse().ok()?;
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        let day = match day {
            Some(day) => day.parse().ok()?,
            None => month.length(year),
        };
        Date::from_calendar_date(year, month, day).ok().map(Self)
    }

    /// Days from `self` to `other`; negative when `other` is earlier.
    pub(crate) fn days_until(self, other: Self) -> i64 {
        (other.0 - self.0).whole_days()
    }

    /// As people in Brazil write it: `31/08/2027`.
    pub(crate) fn brazilian(self) -> String {
        format!("{:02}/{:02}/{}", self.0.day(), u8::from(self.0.month()), self.0.year())
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        Self::parse(&written).ok_or_else(|| serde::de::Error::custom(format!("`{written}` is no day")))
    }
}

impl JsonSchema for Day {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_boxes_and_people_write_them() {
        for (written, day) in [
            ("2027-08-31", "2027-08-31"),
            ("31/08/2027", "2027-08-31"),
            ("1/9/2027", "2027-09-01"),
            ("08/2027", "2027-08-31"),
            ("2028-02", "2028-02-29"),
        ] {
            assert_eq!(Day::parse(written).map(|day| day.to_string()).as_deref(), Some(day), "{written}");
        }
        for written in ["", "amanhã", "31/02/2027", "13/2027", "08/27", "2027-8-32"] {
            assert_eq!(Day::parse(written), None, "{written}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_in_brazil() {
        let midnight_utc = 1_795_392_000; // 2026-11-23T00:00:00Z
        assert_eq!(Day::at(midnight_utc).to_string(), "2026-11-22");
        assert_eq!(Day::at(midnight_utc + 3 * 60 * 60).to_string(), "2026-11-23");
    }
}
