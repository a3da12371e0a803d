//! Presences as two texts and one list of numbers, which JavaScript reads in place.
//!
//! A string or an object per field would cost the event loop more than everything else about a call. An answer is made
//! flat on the runtime's thread and crosses as a handle; JavaScript fetches one user by [`find_presence`] and everything
//! by [`all_presences`], and cuts out what is read.
//!
//! The first text has the ids, each with the keys of its devices behind it, and then the ids missing; the second has the
//! users' own texts. They are two because a character that is not ASCII doubles the text it stands in. The numbers are a
//! header (users found, users missing, items unmatched, where the missing ids start), then [`ROW`] numbers for each user
//! found or unmatched, then the lengths of the ids missing, then [`DEVICE`] numbers for each device. Lengths and places
//! count UTF-16 units; `../ts/answer.ts` is the other side.

use std::time::{SystemTime, UNIX_EPOCH};

use easemob_presence::{Presence, Presences, UserId};
use napi::bindgen_prelude::{Array, Env, External, Result, Uint32ArraySlice};
use napi_derive::napi;

use crate::text::{Text, index};

const HEADER: usize = 4;
/// Id start and length, text start and length, last seen and expires at in ms (upper and lower half; 0 for none), online,
/// devices so far.
const ROW: usize = 10;
/// Length of the platform, length of the key that it begins, status, whether that is known.
const DEVICE: usize = 4;

/// One answer, flat.
pub struct FlatPresences {
    names: Text,
    texts: Text,
    /// Ready to cross.
    numbers: Vec<u32>,
}

/// An answer that is being written.
struct Writer {
    names: Text,
    texts: Text,
    rows: Vec<[u32; ROW]>,
    devices: Vec<[u32; DEVICE]>,
}

impl FlatPresences {
    pub(crate) fn of(presences: &Presences) -> Self {
        let unmatched = presences.unmatched();
        let mut writer = Writer::with_room(presences.len() + unmatched.len());
        for presence in presences {
            writer.push(&presence);
        }
        for presence in &unmatched {
            writer.push(presence);
        }
        writer.end(presences.missing(), unmatched.len())
    }

    pub(crate) fn list<'a>(presences: impl IntoIterator<Item = &'a Presence>) -> Self {
        let mut writer = Writer::with_room(1);
        for presence in presences {
            writer.push(presence);
        }
        writer.end(&[], 0)
    }

    /// Everything: both texts and the numbers.
    pub(crate) fn to_array<'env>(&self, env: &'env Env) -> Result<Array<'env>> {
        let mut flat = env.create_array(3)?;
        flat.set(0, self.names.to_js(env)?)?;
        flat.set(1, self.texts.to_js(env)?)?;
        // Copied: memory of our own would cost a finalizer, and some engines refuse it.
        flat.set(2, Uint32ArraySlice::copy_from(env, &self.numbers)?)?;
        Ok(flat)
    }

    /// A handle to it, which tells the engine what it holds.
    pub(crate) fn into_handle(self) -> External<Self> {
        let bytes = self.names.bytes() + self.texts.bytes() + size_of_val(self.numbers.as_slice());
        External::new_with_size_hint(self, bytes)
    }

    /// The place of a user found, and an answer of that user alone.
    fn find(&self, user_id: &str) -> Option<(u32, Self)> {
        let [found, missing, unmatched, _] = self.numbers.first_chunk()?.map(|n| n as usize);
        let (rows, behind) = self.numbers.get(HEADER..)?.split_at_checked(ROW * (found + unmatched))?;
        let (rows, devices) = (rows.as_chunks::<ROW>().0, behind.get(missing..)?.as_chunks::<DEVICE>().0);
        let mut users = rows.iter().take(found);
        let place = users.position(|[start, len, ..]| self.names.has(user_id, *start, *len))?;

        let [start, id_len, text_start, text_len, rest @ .., before] = *rows.get(place)?;
        let until = rows.get(place + 1).map_or(devices.len(), |[.., until]| *until as usize);
        let devices = devices.get(before as usize..until)?;
        let len = id_len + devices.iter().map(|[_, len, ..]| len).sum::<u32>();
        let mut numbers = vec![1, 0, 0, 0, 0, id_len, 0, text_len];
        numbers.extend(rest);
        numbers.push(0);
        numbers.extend_from_slice(devices.as_flattened());
        let (names, texts) = (self.names.cut(start, len), self.texts.cut(text_start, text_len));
        Some((index(place), Self { names, texts, numbers }))
    }
}

impl Writer {
    fn with_room(users: usize) -> Self {
        let (names, texts) = (Text::with_room(users * 96), Text::with_room(users * 16));
        Self { names, texts, rows: Vec::with_capacity(users), devices: Vec::with_capacity(users * 3) }
    }

    fn push(&mut self, presence: &Presence) {
        let (start, text_start) = (self.names.units(), self.texts.units());
        let id_len = self.names.push(presence.user_id().as_str());
        let text_len = self.texts.push(presence.ext());
        let ([seen, seen_low], [ends, ends_low]) =
            (halves(presence.last_seen()), halves(presence.expires_at()));
        let (before, mut online) = (index(self.devices.len()), false);
        for device in presence.devices() {
            let len = self.names.push(device.resource);
            let is_ascii = len as usize == device.resource.len();
            let platform =
                if is_ascii { device.platform.len() } else { device.platform.encode_utf16().count() };
            let status = device.status.number();
            online |= device.status.is_online();
            self.devices.push([index(platform), len, status.unwrap_or_default(), status.is_some().into()]);
        }
        self.rows.push([
            start,
            id_len,
            text_start,
            text_len,
            seen,
            seen_low,
            ends,
            ends_low,
            online.into(),
            before,
        ]);
    }

    fn end(mut self, missing: &[UserId], unmatched: usize) -> FlatPresences {
        let found = self.rows.len() - unmatched;
        let header = [index(found), index(missing.len()), index(unmatched), self.names.units()];
        let room = HEADER + ROW * self.rows.len() + missing.len() + DEVICE * self.devices.len();
        let mut numbers = Vec::with_capacity(room);
        numbers.extend(header);
        numbers.extend_from_slice(self.rows.as_flattened());
        numbers.extend(missing.iter().map(|id| self.names.push(id.as_str())));
        numbers.extend_from_slice(self.devices.as_flattened());
        FlatPresences { names: self.names, texts: self.texts, numbers }
    }
}

/// One user of an answer, found in any letter case: the user's place, and an answer of that user alone.
///
/// # Errors
/// If the engine has no memory for the values.
#[napi(ts_args_type = "answer: ExternalObject<unknown>, userId: string")]
#[allow(clippy::needless_pass_by_value, reason = "napi hands strings over; here they are only looked at")]
pub fn find_presence<'env>(
    env: &'env Env,
    answer: &External<FlatPresences>,
    user_id: String,
) -> Result<Option<Array<'env>>> {
    let Some((place, alone)) = answer.find(&user_id) else { return Ok(None) };
    let mut found = alone.to_array(env)?;
    found.insert(place)?;
    Ok(Some(found))
}

/// A whole answer, which then is JavaScript's: the handle has nothing any more.
///
/// # Errors
/// If the engine has no memory for the values.
#[napi(ts_args_type = "answer: ExternalObject<unknown>")]
pub fn all_presences<'env>(env: &'env Env, answer: &mut External<FlatPresences>) -> Result<Array<'env>> {
    let all = answer.to_array(env)?;
    **answer = FlatPresences::list([]);
    Ok(all)
}

/// Milliseconds since 1970, the upper 32 bits and the lower; none is 0, as it is for the service.
fn halves(time: Option<SystemTime>) -> [u32; 2] {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let millis = since.as_secs() * 1_000 + u64::from(since.subsec_millis());
    let half = |half: u64| u32::try_from(half).unwrap_or_default();
    [half(millis >> 32), half(millis & u64::from(u32::MAX))]
}
