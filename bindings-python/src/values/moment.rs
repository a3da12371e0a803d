use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;

const DAY: u64 = 24 * 60 * 60;
/// The first day of the calendar's cycle of 400 years in which 1970 lies, 1 March 1600, counted from 1970.
const DAYS_SINCE_1600: u64 = 135_080;
const DAYS_IN_400_YEARS: u64 = 146_097;

/// A time as an aware `datetime`.
///
/// Given the ten bytes that a pickled `datetime` has, its class copies them. Numbers one by one cost thrice that, and
/// adding a `timedelta` to 1970 five times.
pub(super) fn datetime(py: Python<'_>, time: Option<SystemTime>) -> PyResult<Option<Bound<'_, PyAny>>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static UTC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    /// The latest one: the subscriptions of one request end together, and what came and went together was seen together.
    static LATEST: Mutex<Option<(SystemTime, Py<PyAny>)>> = Mutex::new(None);
    let Some(time) = time else { return Ok(None) };
    // Never waited for, and not held while Python's code runs.
    if let Some((_, same)) =
        LATEST.try_lock().ok().as_deref().and_then(Option::as_ref).filter(|latest| latest.0 == time)
    {
        return Ok(Some(same.bind(py).clone()));
    }
    let Some(bytes) = time.duration_since(UNIX_EPOCH).ok().and_then(pickled) else {
        return time.into_pyobject(py).map(|time| Some(time.into_any()));
    };
    let utc = UTC.get_or_try_init(py, || {
        py.import("datetime")?.getattr("timezone")?.getattr("utc").map(Bound::unbind)
    })?;
    let made = CLASS.import(py, "datetime", "datetime")?.call1((PyBytes::new(py, &bytes), utc))?;
    if let Ok(mut latest) = LATEST.try_lock() {
        *latest = Some((time, made.clone().unbind()));
    }
    Ok(Some(made))
}

/// Year in two bytes, month, day, hour, minute, second, microseconds in three; none for a year that has five digits.
fn pickled(since_1970: Duration) -> Option<[u8; 10]> {
    let (days, seconds) = (since_1970.as_secs() / DAY, since_1970.as_secs() % DAY);
    let (year, month, day) = calendar(days);
    let [.., century, of_century] = year.to_be_bytes();
    let [_, micros, micros_low, micros_lowest] = since_1970.subsec_micros().to_be_bytes();
    let byte = |number: u64| u8::try_from(number).ok();
    let (hour, minute, second) = (byte(seconds / 3_600)?, byte(seconds / 60 % 60)?, byte(seconds % 60)?);
    let date = [century, of_century, byte(month)?, byte(day)?];
    let time = [hour, minute, second, micros, micros_low, micros_lowest];
    let mut bytes = [0; 10];
    for (to, from) in bytes.iter_mut().zip(date.into_iter().chain(time)) {
        *to = from;
    }
    (year <= 9_999).then_some(bytes)
}

/// Year, month and day of a day since 1970. Years are counted from 1 March, so that the leap day is a year's last.
fn calendar(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_SINCE_1600;
    let (cycle, days) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    // The last day of the cycle and of every fourth year belongs to the year that it ends.
    let century = (days / 36_524).min(3);
    let days = days - century * 36_524;
    let four = days / 1_461;
    let days = days - four * 1_461;
    let one = (days / 365).min(3);
    let days = days - one * 365;
    // From March on the months' lengths repeat every five months, 153 days.
    let month = (5 * days + 2) / 153;
    let day = days - (153 * month + 2) / 5 + 1;
    let year = 1_600 + cycle * 400 + century * 100 + four * 4 + one;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}
