//! The caller's own time limit.

use std::time::Duration;

use http::HeaderMap;

const TIMEOUT: &str = "grpc-timeout";

/// `grpc-timeout`: at most eight digits and a unit. Anything else sets no limit, as the protocol says.
pub(super) fn caller_limit(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let sound = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let count: u64 = sound.then(|| digits.parse().ok()).flatten()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(TIMEOUT), HeaderValue::from_static(value))])
    }

    #[test]
    fn a_timeout_is_read_as_the_protocol_says() {
        for (text, expected) in [
            ("1S", Some(Duration::from_secs(1))),
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3600))),
            ("250m", Some(Duration::from_millis(250))),
            ("5u", Some(Duration::from_micros(5))),
            ("0n", Some(Duration::ZERO)),
            ("2M", Some(Duration::from_secs(120))),
            ("123456789S", None),
            ("S", None),
            ("", None),
            ("+1S", None),
            ("1X", None),
        ] {
            assert_eq!(caller_limit(&headers(text)), expected, "{text}");
        }
        assert_eq!(caller_limit(&HeaderMap::new()), None);
    }
}
