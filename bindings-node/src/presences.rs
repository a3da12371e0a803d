//! Presences as one text and one list of numbers, which JavaScript reads in place.
//!
//! A string or an object per field would cost the event loop more than everything else about a call. Here it gets
//! two values however many users there are, and cuts out what is read.
//!
//! The text is the users' texts one after another. The numbers are a header (users found, users missing, items
//! unmatched), then [`ROW`] numbers for each user found or unmatched, then the ends of the ids missing, then
//! [`DEVICE`] numbers for each device. Offsets count UTF-16 units; `../ts/presences.ts` is the other side.

use std::time::{SystemTime, UNIX_EPOCH};

use easemob_presence::{Presence, Presences, UserId};
use napi::bindgen_prelude::{Array, Env, Float64ArraySlice, Result};

/// Text start, id end, ext end, last seen in ms, expires at in ms (NaN for none), online, devices so far.
const ROW: usize = 7;
/// Text start, platform end, resource end, status (NaN for unknown).
const DEVICE: usize = 4;

/// A text as the engine keeps it, so that its thread only copies: a byte for each unit, two from the first character on
/// that is not ASCII.
enum Text {
    Ascii(String),
    Wide(Vec<u16>),
}

impl Text {
    fn units(&self) -> usize {
        match self {
            Self::Ascii(text) => text.len(),
            Self::Wide(units) => units.len(),
        }
    }

    /// Appends and says where the text now ends.
    fn push(&mut self, text: &str) -> f64 {
        match self {
            Self::Ascii(ascii) if text.is_ascii() => ascii.push_str(text),
            Self::Ascii(ascii) => {
                let mut units = Vec::with_capacity(ascii.capacity());
                units.extend(ascii.encode_utf16().chain(text.encode_utf16()));
                *self = Self::Wide(units);
            }
            Self::Wide(units) => units.extend(text.encode_utf16()),
        }
        number(self.units())
    }
}

/// One answer, flat.
pub(crate) struct FlatPresences {
    text: Text,
    /// Ready to cross: the header and the rows, then the ends of the missing ids, then the devices.
    numbers: Vec<f64>,
}

/// An answer that is being written.
struct Writer {
    text: Text,
    rows: Vec<f64>,
    missing: Vec<f64>,
    devices: Vec<f64>,
}

impl FlatPresences {
    pub(crate) fn of(presences: &Presences) -> Self {
        let unmatched = presences.unmatched();
        let mut writer = Writer::new(presences.len(), presences.missing().len(), unmatched.len());
        for presence in presences {
            writer.push(&presence);
        }
        for presence in &unmatched {
            writer.push(presence);
        }
        writer.end(presences.missing())
    }

    pub(crate) fn one(presence: &Presence) -> Self {
        Self::list(&[presence])
    }

    pub(crate) fn list(presences: &[&Presence]) -> Self {
        let mut writer = Writer::new(presences.len(), 0, 0);
        for presence in presences {
            writer.push(presence);
        }
        writer.end(&[])
    }

    /// `[text, numbers]`.
    pub(crate) fn into_array(self, env: &Env) -> Result<Array<'_>> {
        let mut flat = env.create_array(2)?;
        match self.text {
            Text::Ascii(text) => flat.set(0, env.create_string_latin1(text)?)?,
            Text::Wide(units) => flat.set(0, env.create_string_utf16(units)?)?,
        }
        // Copied: memory of our own would cost a finalizer, and some engines refuse it.
        flat.set(1, Float64ArraySlice::copy_from(env, self.numbers)?)?;
        Ok(flat)
    }
}

impl Writer {
    fn new(found: usize, missing: usize, unmatched: usize) -> Self {
        let mut rows = Vec::with_capacity(3 + ROW * (found + unmatched));
        rows.extend([number(found), number(missing), number(unmatched)]);
        let text = Text::Ascii(String::new());
        Self { text, rows, missing: Vec::with_capacity(missing + 1), devices: Vec::new() }
    }

    fn push(&mut self, presence: &Presence) {
        let text = &mut self.text;
        let mut row = [number(text.units()), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        row[1] = text.push(presence.user_id().as_str());
        row[2] = text.push(presence.ext());
        row[3] = millis(presence.last_seen());
        row[4] = millis(presence.expires_at());
        row[5] = f64::from(u8::from(presence.is_online()));
        row[6] = number(self.devices.len() / DEVICE);
        self.rows.extend(row);
        for device in presence.devices() {
            let start = number(self.text.units());
            let rest = device.resource.strip_prefix(device.platform).unwrap_or_default();
            let platform_end = self.text.push(device.platform);
            let end = self.text.push(rest);
            let status = device.status.number().map_or(f64::NAN, f64::from);
            self.devices.extend([start, platform_end, end, status]);
        }
    }

    fn end(mut self, missing: &[UserId]) -> FlatPresences {
        self.missing.push(number(self.text.units()));
        for id in missing {
            let end = self.text.push(id.as_str());
            self.missing.push(end);
        }
        let mut numbers = self.rows;
        numbers.reserve_exact(self.missing.len() + self.devices.len());
        numbers.extend(self.missing);
        numbers.extend(self.devices);
        FlatPresences { text: self.text, numbers }
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
