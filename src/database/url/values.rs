//! Parses values of parameters: booleans and durations.

use std::time::Duration;

use super::UrlError;
use super::parameters::Given;

/// `true`, `1`, `yes`, `on` or no value at all; `false`, `0`, `no`, `off`. `None` for any other text.
pub(in crate::database) fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "" | "true" | "1" | "yes" | "on" | "t" | "y" => Some(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Some(false),
        _ => None,
    }
}

/// Parses a connect timeout: a number in `unit`, or a duration such as `5s` and `500ms`. Zero and negative values mean no limit, as in libpq.
pub(in crate::database) fn limit(given: &Given, unit: Duration) -> Result<Duration, UrlError> {
    let text = given.value.trim();
    let limit = match text.parse::<f64>() {
        Ok(number) if number <= 0.0 => Some(Duration::MAX),
        Ok(number) => Duration::try_from_secs_f64(number * unit.as_secs_f64()).ok(),
        Err(_) => humantime::parse_duration(text).ok().map(|limit| if limit.is_zero() { Duration::MAX } else { limit }),
    };
    limit.ok_or_else(|| given.refused("is not a time: a number, or a duration such as 5s or 500ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_a_unit() {
        let read = |value: &str, unit| limit(&Given::in_url(("t".into(), value.into())), unit).ok();
        let second = Duration::from_secs(1);
        assert_eq!(read("3", second), Some(Duration::from_secs(3)));
        assert_eq!(read("1500", Duration::from_millis(1)), Some(Duration::from_millis(1500)));
        assert_eq!(read("500ms", second), Some(Duration::from_millis(500)));
        assert_eq!((read("0", second), read("-1", second)), (Some(Duration::MAX), Some(Duration::MAX)));
        assert_eq!((read("soon", second), read("NaN", second), read("", second)), (None, None, None));
    }
}
