//! Instants: reading xs:dateTime, and comparing with a tolerance.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};

use crate::error::ConfigError;

/// Whether an instant was written in UTC as SAML Core 1.3.3 demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    Utc,
    /// With another offset, `+00:00` included; converted.
    Offset,
}

/// Reads `YYYY-MM-DDThh:mm:ss[.f+](Z|±hh:mm)`.
///
/// Stricter than xs:dateTime where SAML has no use for it: four-digit years from 0001, no `24:00:00`,
/// no leap second, and a time zone must be there. Digits past the nanosecond are cut off.
pub(crate) fn parse_date_time(text: &str) -> Option<(DateTime<Utc>, Zone)> {
    let (date, rest) = text.split_at_checked(10)?;
    let (clock, rest) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let [year, month, day] = numbers(date, 4, '-')?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok().filter(|year| *year > 0)?, month, day)?;
    let (nanos, zone) = match rest.strip_prefix('.') {
        Some(fraction) => {
            let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
            let (digits, zone) = fraction.split_at_checked(end)?;
            (nanoseconds(digits)?, zone)
        }
        None => (0, rest),
    };
    let [hour, minute, second] = numbers(clock, 2, ':')?;
    let local = date.and_hms_nano_opt(hour, minute, second, nanos)?.and_utc();
    let (offset, zone) = read_zone(zone)?;
    Some((local.checked_sub_signed(offset)?, zone))
}

fn read_zone(text: &str) -> Option<(TimeDelta, Zone)> {
    if text == "Z" {
        return Some((TimeDelta::zero(), Zone::Utc));
    }
    let (sign, clock) = text.split_at_checked(1)?;
    let (hours, minutes) = clock.split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let total = hours.checked_mul(60)?.checked_add(minutes)?;
    if minutes > 59 || total > 14 * 60 {
        return None;
    }
    let total = TimeDelta::minutes(i64::from(total));
    match sign {
        "+" => Some((total, Zone::Offset)),
        "-" => Some((TimeDelta::zero().checked_sub(&total)?, Zone::Offset)),
        _ => None,
    }
}

/// Three numbers of digits only, the first of that many, the others of two.
fn numbers(text: &str, first: usize, separator: char) -> Option<[u32; 3]> {
    let (first, rest) = text.split_at_checked(first)?;
    let (second, third) = rest.strip_prefix(separator)?.split_at_checked(2)?;
    Some([digits(first)?, two_digits(second)?, two_digits(third.strip_prefix(separator)?)?])
}

fn two_digits(text: &str) -> Option<u32> {
    if text.len() == 2 { digits(text) } else { None }
}

fn digits(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn nanoseconds(fraction: &str) -> Option<u32> {
    let nine = fraction.get(..9).unwrap_or(fraction);
    let missing = 9_u32.checked_sub(u32::try_from(nine.len()).ok()?)?;
    digits(nine)?.checked_mul(10_u32.checked_pow(missing)?)
}

/// The form in which SAML writes instants.
pub(crate) fn format_date_time(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// How far the clocks of the two ends may be apart, applied to every comparison alike.
///
/// ```
/// use saml_sp::ClockSkew;
/// assert_eq!(ClockSkew::default(), ClockSkew::seconds(120).unwrap());
/// assert!(ClockSkew::seconds(301).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSkew(TimeDelta);

impl ClockSkew {
    const MOST_SECONDS: u16 = 300;
    /// The largest tolerance.
    pub(crate) const MOST: Self = Self(TimeDelta::seconds(300));

    /// A tolerance of that many seconds both ways.
    ///
    /// # Errors
    /// More than 300 seconds: a stolen assertion would live that much longer.
    pub fn seconds(seconds: u16) -> Result<Self, ConfigError> {
        if seconds > Self::MOST_SECONDS {
            return Err(ConfigError::Value { field: "clock skew", reason: "at most 300 seconds" });
        }
        Ok(Self(TimeDelta::seconds(i64::from(seconds))))
    }

    /// The tolerance.
    #[must_use]
    pub fn as_delta(self) -> TimeDelta {
        self.0
    }

    /// Whether the limit has been reached even on a clock that is slow by the skew.
    pub(crate) fn is_past(self, limit: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        limit.checked_add_signed(self.0).is_some_and(|limit| now >= limit)
    }

    /// Whether the instant lies ahead even on a clock that is fast by the skew.
    pub(crate) fn is_ahead(self, instant: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        now.checked_add_signed(self.0).is_some_and(|now| now < instant)
    }
}

impl Default for ClockSkew {
    fn default() -> Self {
        Self(TimeDelta::seconds(120))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Option<String> {
        parse_date_time(text).map(|(instant, _)| instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    #[test]
    fn reads_what_saml_writes() {
        assert_eq!(instant("2026-01-31T12:00:00Z").as_deref(), Some("2026-01-31T12:00:00Z"));
        assert_eq!(instant("2026-01-31T12:00:00.123Z").as_deref(), Some("2026-01-31T12:00:00.123Z"));
        assert_eq!(instant("2026-01-31T12:00:00.1234567891Z").as_deref(), Some("2026-01-31T12:00:00.123456789Z"));
        assert_eq!(parse_date_time("2026-01-31T12:00:00+00:00").map(|(_, zone)| zone), Some(Zone::Offset));
        assert_eq!(instant("2026-01-31T12:00:00+14:00").as_deref(), Some("2026-01-30T22:00:00Z"));
        assert_eq!(instant("2026-01-31T12:00:00-00:30").as_deref(), Some("2026-01-31T12:30:00Z"));
    }

    /// ATTACKS PRO-006, PRO-070.
    #[test]
    fn refuses_every_other_form() {
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-01-31t12:00:00Z",
            "2026-01-31T12:00:00z",
            "2026-01-31 12:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00:60Z",
            "0000-01-31T12:00:00Z",
            "-0001-01-31T12:00:00Z",
            "10000-01-31T12:00:00Z",
            "2026-1-31T12:00:00Z",
            "2026-02-30T12:00:00Z",
            "2026-01-31T12:00Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00,5Z",
            "2026-01-31T12:00:00+14:01",
            "2026-01-31T12:00:00+0000",
            "2026-01-31T12:00:00+1:00",
            "2026-01-31T12:00:00Z ",
            " 2026-01-31T12:00:00Z",
            "2026-01-31T+2:00:00Z",
            "2026-01-31T12:00:00ZZ",
            "20260-1-31T12:00:00Z",
            "2026-01-31T12:00:00+01:60",
            "２026-01-31T12:00:00Z",
        ] {
            assert_eq!(parse_date_time(text), None, "{text:?}");
        }
    }

    #[test]
    fn skew_is_symmetric_and_sharp() {
        let at = |second: i64| DateTime::from_timestamp(second, 0).unwrap();
        let skew = ClockSkew::seconds(60).unwrap();
        assert!(!skew.is_past(at(100), at(159)));
        assert!(skew.is_past(at(100), at(160)));
        assert!(!skew.is_ahead(at(100), at(40)));
        assert!(skew.is_ahead(at(100), at(39)));
        assert!(!skew.is_past(DateTime::<Utc>::MAX_UTC, at(0)));
    }
}
