//! One pass of serde over the answer, writing spans into the arena.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{DeviceRow, Row, Span, index};
use crate::model::Status;
use crate::model::time::Moment;
use crate::wire::Lenient;

/// What one pass over the answer collects.
pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) side: String,
    pub(super) rows: Vec<Row>,
    pub(super) devices: Vec<DeviceRow>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, side: String::new(), rows: Vec::new(), devices: Vec::new() }
    }

    /// The same with room for as many users and devices as an answer of this length holds.
    pub(super) fn with_room(text: &'a str) -> Self {
        const USER_BYTES: usize = 160;
        const DEVICE_BYTES: usize = 48;
        let (rows, devices) = (text.len() / USER_BYTES + 1, text.len() / DEVICE_BYTES + 1);
        Self { rows: Vec::with_capacity(rows), devices: Vec::with_capacity(devices), ..Self::new(text) }
    }

    /// A text that stands in the answer just as it is read.
    fn borrowed(&mut self, text: &'a str) -> Span {
        match (text.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize) {
            Some(start) if start + text.len() <= self.text.len() => {
                Span { start: index(start), len: index(text.len()) }
            }
            _ => self.owned(text),
        }
    }

    pub(super) fn owned(&mut self, text: &str) -> Span {
        let span = Span { start: index(self.text.len() + self.side.len()), len: index(text.len()) };
        self.side.push_str(text);
        span
    }

    /// The device of this name among those from a place on.
    pub(super) fn earlier(&mut self, from: usize, resource: Span) -> Option<&mut DeviceRow> {
        let earlier = self.devices.get(from..).filter(|earlier| !earlier.is_empty())?;
        let name = self.bytes(resource);
        let place = earlier.iter().position(|device| self.bytes(device.resource) == name)?;
        self.devices.get_mut(from + place)
    }

    /// The bytes of a text, for who only compares: a part of a text has to be cut with more care.
    fn bytes(&self, span: Span) -> &[u8] {
        let (source, place) = self.place(span);
        source.as_bytes().get(place).unwrap_or_default()
    }

    pub(super) fn cut(&self, span: Span) -> &str {
        let (source, place) = self.place(span);
        source.get(place).unwrap_or_default()
    }

    fn place(&self, span: Span) -> (&str, Range<usize>) {
        let (start, len) = (span.start as usize, span.len as usize);
        match start.checked_sub(self.text.len()) {
            Some(start) => (&self.side, start..start + len),
            None => (self.text, start..start + len),
        }
    }
}

/// `{"result": [...]}`, other fields ignored.
impl<'a> DeserializeSeed<'a> for Reader<'a> {
    type Value = Self;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Reader<'a> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `result`")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut access: A) -> Result<Self, A::Error> {
        let mut found = false;
        while let Some(key) = access.next_key::<Key>()? {
            if key == Key::Result {
                self.rows.clear();
                self.devices.clear();
                access.next_value_seed(ListSeed(&mut self))?;
                found = true;
            } else {
                access.next_value::<IgnoredAny>()?;
            }
        }
        if found { Ok(self) } else { Err(de::Error::missing_field("result")) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Result,
    Uid,
    LastTime,
    Expiry,
    Ext,
    Status,
    #[serde(other)]
    Other,
}

struct ListSeed<'b, 'a>(&'b mut Reader<'a>);

impl<'a> DeserializeSeed<'a> for ListSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for ListSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of presences")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<(), A::Error> {
        while access.next_element_seed(RowSeed(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, access: A) -> Result<(), A::Error> {
        only_empty_map(access, &self)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// An empty list is sometimes written `{}`, as an empty map is sometimes written `[]`.
fn only_empty_map<'a, A: MapAccess<'a>>(mut access: A, expected: &dyn de::Expected) -> Result<(), A::Error> {
    match access.next_key::<IgnoredAny>()? {
        None => Ok(()),
        Some(_) => Err(de::Error::invalid_type(de::Unexpected::Map, expected)),
    }
}

struct RowSeed<'b, 'a>(&'b mut Reader<'a>);

impl<'a> DeserializeSeed<'a> for RowSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for RowSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `uid` and `status`")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<(), A::Error> {
        let reader = self.0;
        let mut row = Row::default();
        while let Some(key) = access.next_key::<Key>()? {
            match key {
                Key::Uid => row.uid = access.next_value_seed(TextSeed(reader))?,
                Key::Ext => row.ext = access.next_value_seed(TextSeed(reader))?,
                Key::LastTime => row.last_seen = Moment::from_wire(access.next_value::<Lenient>()?.0),
                Key::Expiry => row.expires_at = Moment::from_wire(access.next_value::<Lenient>()?.0),
                Key::Status => row.devices = access.next_value_seed(StatusSeed(reader))?,
                Key::Result | Key::Other => {
                    access.next_value::<IgnoredAny>()?;
                }
            }
        }
        reader.rows.push(row);
        Ok(())
    }
}

/// A text; null is the empty one.
struct TextSeed<'b, 'a>(&'b mut Reader<'a>);

impl<'a> DeserializeSeed<'a> for TextSeed<'_, 'a> {
    type Value = Span;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Span, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for TextSeed<'_, 'a> {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Span, E> {
        Ok(self.0.borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Span, E> {
        Ok(self.0.owned(text))
    }

    fn visit_unit<E>(self) -> Result<Span, E> {
        Ok(Span::default())
    }
}

/// Above this many devices of one user, repeated keys are found by hash instead of by looking back.
pub(super) const LOOK_BACK: usize = 16;

/// Devices by key; `[]`, `{}` and null are none, and of a repeated key the last value counts.
struct StatusSeed<'b, 'a>(&'b mut Reader<'a>);

impl<'a> DeserializeSeed<'a> for StatusSeed<'_, 'a> {
    type Value = (u32, u32);

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(u32, u32), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for StatusSeed<'_, 'a> {
    type Value = (u32, u32);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of device statuses, or an empty list")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<(u32, u32), A::Error> {
        let reader = self.0;
        let from = reader.devices.len();
        let mut places: HashMap<String, usize> = HashMap::new();
        while let Some(resource) = access.next_key_seed(TextSeed(reader))? {
            let Lenient(number) = access.next_value()?;
            let status = Status::from(number.and_then(|number| u32::try_from(number).ok()));
            let known = if reader.devices.len() - from < LOOK_BACK {
                reader.earlier(from, resource)
            } else {
                if places.is_empty() {
                    let earlier = reader.devices.iter().enumerate().skip(from);
                    places.extend(
                        earlier.map(|(place, device)| (reader.cut(device.resource).to_owned(), place)),
                    );
                }
                let place = reader.devices.len();
                let first = *places.entry(reader.cut(resource).to_owned()).or_insert(place);
                reader.devices.get_mut(first)
            };
            match known {
                Some(device) => device.status = status,
                None => reader.devices.push(DeviceRow { resource, status }),
            }
        }
        Ok((index(from), index(reader.devices.len())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<(u32, u32), A::Error> {
        match access.next_element::<IgnoredAny>()? {
            None => Ok((0, 0)),
            Some(_) => Err(de::Error::invalid_type(de::Unexpected::Seq, &self)),
        }
    }

    fn visit_unit<E>(self) -> Result<(u32, u32), E> {
        Ok((0, 0))
    }
}
