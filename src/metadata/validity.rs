//! How long metadata holds: `validUntil` and `cacheDuration` (SAML Metadata 2.3.1, 2.3.2, 2.4.1).

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{Metadata, Rejection, Schema};
use crate::time::{format_date_time, parse_date_time};
use crate::xml::{Node, trim};

/// What role, entity and enclosing groups say, the strictest of each.
#[derive(Default)]
pub(super) struct Validity {
    pub(super) valid_until: Option<DateTime<Utc>>,
    pub(super) cache_duration: Option<TimeDelta>,
}

impl Validity {
    /// Reads the attributes of the element and of everything around it.
    ///
    /// # Errors
    /// `schema.date_time`, `schema.value`; `metadata.expired` at the element that says so.
    pub(super) fn of(role: Node<'_>, now: DateTime<Utc>) -> Result<Self, Rejection> {
        let mut validity = Self::default();
        let mut next = Some(role);
        while let Some(element) = next {
            let valid_until = valid_until(element)?;
            if valid_until.is_some_and(|limit| limit <= now) {
                return Err(Rejection::new(Metadata::Expired)
                    .at(element.place())
                    .expecting(format!("validUntil after {}", format_date_time(now)))
                    .finding(element.attribute("validUntil").unwrap_or_default()));
            }
            validity.valid_until = earlier(validity.valid_until, valid_until);
            validity.cache_duration = earlier(validity.cache_duration, cache_duration(element)?);
            next = element.parent();
        }
        Ok(validity)
    }
}

fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    one.into_iter().chain(other).min()
}

fn valid_until(element: Node<'_>) -> Result<Option<DateTime<Utc>>, Rejection> {
    let Some(text) = element.attribute("validUntil") else { return Ok(None) };
    match parse_date_time(trim(text)) {
        Some((instant, _)) => Ok(Some(instant)),
        None => Err(Rejection::new(Schema::DateTime).at(element.place()).finding(text)),
    }
}

fn cache_duration(element: Node<'_>) -> Result<Option<TimeDelta>, Rejection> {
    let Some(text) = element.attribute("cacheDuration") else { return Ok(None) };
    match parse_duration(trim(text)) {
        Some(duration) => Ok(Some(duration)),
        None => {
            Err(Rejection::new(Schema::Value).at(element.place()).expecting("a duration such as P1D").finding(text))
        }
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Reads an xs:duration that is not negative. The publisher does not decide how often or how rarely it is
/// asked: the result lies between a minute and 366 days.
fn parse_duration(text: &str) -> Option<TimeDelta> {
    let text = text.strip_prefix('P').filter(|rest| !rest.is_empty())?;
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let date = seconds(date, &[('Y', 365 * DAY), ('M', 30 * DAY), ('D', DAY)])?;
    let time = seconds(time, &[('H', HOUR), ('M', MINUTE), ('S', 1)])?;
    let total = date.saturating_add(time).clamp(MINUTE, 366 * DAY);
    TimeDelta::try_seconds(i64::try_from(total).ok()?)
}

/// Sums up numbers with their units, each at most once and in that order.
fn seconds(text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut rest = text;
    let mut total = 0_u64;
    for (unit, seconds) in units {
        if let Some((number, after)) = rest.split_once(*unit) {
            let whole = if *unit == 'S' { without_fraction(number)? } else { number };
            total = total.saturating_add(digits(whole)?.saturating_mul(*seconds));
            rest = after;
        }
    }
    rest.is_empty().then_some(total)
}

fn without_fraction(number: &str) -> Option<&str> {
    match number.split_once('.') {
        Some((whole, fraction)) => digits(fraction).map(|_| whole),
        None => Some(number),
    }
}

/// A number too large to count is as large as can be counted.
fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md_006_durations_are_bounded() {
        let seconds = |text: &str| parse_duration(text).map(|duration| duration.num_seconds());
        assert_eq!(seconds("PT6H"), Some(6 * 3600));
        assert_eq!(seconds("P1DT1H1M1.5S"), Some(86_400 + 3600 + 61));
        assert_eq!(seconds("P1M"), Some(30 * 86_400));
        assert_eq!(seconds("PT604800S"), Some(604_800));
        assert_eq!(seconds("PT0S"), Some(60));
        for most in ["P2Y", "P99999999999999999999999Y", "P18446744073709551615DT18446744073709551615S"] {
            assert_eq!(seconds(most), Some(366 * 86_400), "{most}");
        }
        for bad in [
            "", "P", "PT", "P1", "-P1D", "-PT1S", "P-1D", "P1.5D", "P1DT", "P1H", "PT1D", "P1D1Y", "PT.5S", "PT1.S",
            "1D", "P1D1D", "p1d", "P１D",
        ] {
            assert_eq!(seconds(bad), None, "{bad:?}");
        }
    }
}
