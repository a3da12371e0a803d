//! Presences as one text and one list of numbers, which JavaScript reads in place.
//!
//! A string or an object per field would cost the event loop more than everything else about a call. Here it gets
//! two values however many users there are, and cuts out what is read.
//!
//! The text is the users' texts one after another. The numbers are a header (users found, users missing, items
//! unmatched), then [`ROW`] numbers for each user found or unmatched, then the ends of the ids missing, then
//! [`DEVICE`] numbers for each device. Offsets count UTF-16 units; `../ts/presences.ts` is the other side.

use std::time::{SystemTime, UNIX_EPOCH};

use easemob_presence::{Presence, Presences};
use napi::bindgen_prelude::{Array, Env, Float64ArraySlice, Result};

/// Text start, id end, ext end, last seen in ms, expires at in ms (NaN for none), online, devices so far.
const ROW: usize = 7;
/// Text start, platform end, resource end, status (NaN for unknown).
const DEVICE: usize = 4;

/// A text that knows how long it is in JavaScript.
#[derive(Default)]
struct Text {
    utf8: String,
    units: usize,
}

impl Text {
    /// Appends and says where the text now ends.
    fn push(&mut self, text: &str) -> f64 {
        self.utf8.push_str(text);
        self.units += if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
        number(self.units)
    }
}

/// One answer, flat.
pub(crate) struct FlatPresences {
    text: Text,
    rows: Vec<f64>,
    missing: Vec<f64>,
    devices: Vec<f64>,
}

impl FlatPresences {
    pub(crate) fn of(presences: &Presences) -> Self {
        let unmatched = presences.unmatched();
        let mut flat = Self::with_counts(presences.len(), presences.missing().len(), unmatched.len());
        for presence in presences {
            flat.push(&presence);
        }
        for presence in &unmatched {
            flat.push(presence);
        }
        flat.missing.push(number(flat.text.units));
        for id in presences.missing() {
            let end = flat.text.push(id.as_str());
            flat.missing.push(end);
        }
        flat
    }

    pub(crate) fn one(presence: &Presence) -> Self {
        Self::list(vec![presence])
    }

    pub(crate) fn list(presences: Vec<&Presence>) -> Self {
        let mut flat = Self::with_counts(presences.len(), 0, 0);
        for presence in presences {
            flat.push(presence);
        }
        flat.missing.push(number(flat.text.units));
        flat
    }

    fn with_counts(found: usize, missing: usize, unmatched: usize) -> Self {
        let mut rows = Vec::with_capacity(3 + ROW * (found + unmatched));
        rows.extend([number(found), number(missing), number(unmatched)]);
        Self { text: Text::default(), rows, missing: Vec::with_capacity(missing + 1), devices: Vec::new() }
    }

    fn push(&mut self, presence: &Presence) {
        let text = &mut self.text;
        let mut row = [number(text.units), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        row[1] = text.push(presence.user_id().as_str());
        row[2] = text.push(presence.ext());
        row[3] = millis(presence.last_seen());
        row[4] = millis(presence.expires_at());
        row[5] = f64::from(u8::from(presence.is_online()));
        row[6] = number(self.devices.len() / DEVICE);
        self.rows.extend(row);
        for device in presence.devices() {
            let start = number(self.text.units);
            let rest = device.resource.strip_prefix(device.platform).unwrap_or_default();
            let platform_end = self.text.push(device.platform);
            let end = self.text.push(rest);
            let status = device.status.number().map_or(f64::NAN, f64::from);
            self.devices.extend([start, platform_end, end, status]);
        }
    }

    /// `[text, numbers]`.
    pub(crate) fn into_array(mut self, env: &Env) -> Result<Array<'_>> {
        self.rows.extend(self.missing);
        self.rows.extend(self.devices);
        let mut flat = env.create_array(2)?;
        // Most answers are ASCII, which the engine takes as it is.
        if self.text.utf8.len() == self.text.units {
            flat.set(0, env.create_string_latin1(self.text.utf8)?)?;
        } else {
            flat.set(0, self.text.utf8)?;
        }
        // Copied: memory of our own would cost a finalizer, and some engines refuse it.
        flat.set(1, Float64ArraySlice::copy_from(env, self.rows)?)?;
        Ok(flat)
    }
}

#[expect(clippy::cast_precision_loss, reason = "the engine's strings end far below 2^53")]
fn number(n: usize) -> f64 {
    n as f64
}

pub(crate) fn millis(time: Option<SystemTime>) -> f64 {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(f64::NAN, |since| (since.as_secs_f64() * 1_000.0).round())
}
