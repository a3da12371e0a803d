//! The list of presences, decoded in one pass into one flat arena.
//!
//! A text is a span of the answer itself; only a text with escapes is written again, behind the answer in the same
//! buffer. A get of 100 users thus costs three allocations, and strings are cut out when somebody reads them.

use std::collections::HashMap;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Lenient, read_seed, unexpected};
use crate::error::Error;
use crate::model::Status;
use crate::model::time::Moment;

/// A text inside [`Rows`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

/// One user's item. Absent fields are empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    uid: Span,
    ext: Span,
    pub(crate) last_seen: Moment,
    pub(crate) expires_at: Moment,
    devices: (u32, u32),
}

#[derive(Clone, Copy, Debug)]
struct DeviceRow {
    resource: Span,
    status: Status,
}

/// A whole answer.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// The answer as it came, then the texts that had escapes.
    text: String,
    raw_len: usize,
    items: Vec<Row>,
    devices: Vec<DeviceRow>,
}

impl Rows {
    /// Decodes `{"result":[{"uid","last_time","expiry","ext","status"}]}`.
    pub(crate) fn read(body: Vec<u8>) -> Result<Self, Error> {
        let mut text = String::from_utf8(body)
            .map_err(|error| unexpected(error.as_bytes(), "", "the answer is not UTF-8"))?;
        let Builder { side, rows, devices, .. } = read_seed(&text, || Builder::new(&text))?;
        let raw_len = text.len();
        text.push_str(&side);
        Ok(Self { text, raw_len, items: rows, devices })
    }

    /// One item made from values, for deserializing a saved presence.
    pub(crate) fn one<'a>(
        ext: &str,
        last_seen: Moment,
        expires_at: Moment,
        devices: impl Iterator<Item = (&'a str, Status)>,
    ) -> Self {
        let mut rows = Self::default();
        let mut row = Row { ext: rows.append(ext), last_seen, expires_at, ..Row::default() };
        for (resource, status) in devices {
            let resource = rows.append(resource);
            rows.devices.push(DeviceRow { resource, status });
        }
        row.devices = (0, index(rows.devices.len()));
        rows.items.push(row);
        rows
    }

    fn append(&mut self, text: &str) -> Span {
        let span = Span { start: index(self.text.len()), len: index(text.len()) };
        self.text.push_str(text);
        span
    }

    /// The answer's text as it came.
    pub(crate) fn raw(&self) -> &str {
        self.text.get(..self.raw_len).unwrap_or_default()
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.items
    }

    pub(crate) fn row(&self, row: u32) -> Row {
        self.items.get(row as usize).copied().unwrap_or_default()
    }

    pub(crate) fn uid(&self, row: Row) -> &str {
        self.cut(row.uid)
    }

    pub(crate) fn ext(&self, row: Row) -> &str {
        self.cut(row.ext)
    }

    pub(crate) fn devices(&self, row: Row) -> impl ExactSizeIterator<Item = (&str, Status)> + Clone {
        let (from, to) = row.devices;
        let devices = self.devices.get(from as usize..to as usize).unwrap_or_default();
        devices.iter().map(|device| (self.cut(device.resource), device.status))
    }

    fn cut(&self, span: Span) -> &str {
        let start = span.start as usize;
        self.text.get(start..start + span.len as usize).unwrap_or_default()
    }
}

/// Offsets fit 32 bits: answers are capped at a few MiB long before they are decoded.
fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// What one pass over the answer collects.
struct Builder<'a> {
    text: &'a str,
    side: String,
    rows: Vec<Row>,
    devices: Vec<DeviceRow>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, side: String::new(), rows: Vec::new(), devices: Vec::new() }
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

    fn owned(&mut self, text: &str) -> Span {
        let span = Span { start: index(self.text.len() + self.side.len()), len: index(text.len()) };
        self.side.push_str(text);
        span
    }

    fn cut(&self, span: Span) -> &str {
        let start = span.start as usize;
        let (source, start) = match start.checked_sub(self.text.len()) {
            Some(start) => (self.side.as_str(), start),
            None => (self.text, start),
        };
        source.get(start..start + span.len as usize).unwrap_or_default()
    }
}

/// `{"result": [...]}`, other fields ignored.
impl<'a> DeserializeSeed<'a> for Builder<'a> {
    type Value = Self;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Builder<'a> {
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

struct ListSeed<'b, 'a>(&'b mut Builder<'a>);

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

struct RowSeed<'b, 'a>(&'b mut Builder<'a>);

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
        let builder = self.0;
        let mut row = Row::default();
        while let Some(key) = access.next_key::<Key>()? {
            match key {
                Key::Uid => row.uid = access.next_value_seed(TextSeed(builder))?,
                Key::Ext => row.ext = access.next_value_seed(TextSeed(builder))?,
                Key::LastTime => row.last_seen = Moment::from_wire(access.next_value::<Lenient>()?.0),
                Key::Expiry => row.expires_at = Moment::from_wire(access.next_value::<Lenient>()?.0),
                Key::Status => row.devices = access.next_value_seed(StatusSeed(builder))?,
                Key::Result | Key::Other => {
                    access.next_value::<IgnoredAny>()?;
                }
            }
        }
        builder.rows.push(row);
        Ok(())
    }
}

/// A text; null is the empty one.
struct TextSeed<'b, 'a>(&'b mut Builder<'a>);

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
const LOOK_BACK: usize = 16;

/// Devices by key; `[]`, `{}` and null are none, and of a repeated key the last value counts.
struct StatusSeed<'b, 'a>(&'b mut Builder<'a>);

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
        let builder = self.0;
        let from = builder.devices.len();
        let mut places: HashMap<String, usize> = HashMap::new();
        while let Some(resource) = access.next_key_seed(TextSeed(builder))? {
            let Lenient(number) = access.next_value()?;
            let status = Status::from(number.and_then(|number| u32::try_from(number).ok()));
            let known = if builder.devices.len() - from < LOOK_BACK {
                let key = builder.cut(resource);
                let mut earlier = builder.devices.iter().enumerate().skip(from);
                earlier.find(|(_, device)| builder.cut(device.resource) == key).map(|(place, _)| place)
            } else {
                if places.is_empty() {
                    let earlier = builder.devices.iter().enumerate().skip(from);
                    places.extend(
                        earlier.map(|(place, device)| (builder.cut(device.resource).to_owned(), place)),
                    );
                }
                let place = builder.devices.len();
                let first = *places.entry(builder.cut(resource).to_owned()).or_insert(place);
                (first != place).then_some(first)
            };
            match known.and_then(|place| builder.devices.get_mut(place)) {
                Some(device) => device.status = status,
                None => builder.devices.push(DeviceRow { resource, status }),
            }
        }
        Ok((index(from), index(builder.devices.len())))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn devices(json: &str) -> Vec<(String, Status)> {
        let rows =
            Rows::read(format!(r#"{{"result":[{{"uid":"u","status":{json}}}]}}"#).into_bytes()).unwrap();
        rows.devices(rows.row(0)).map(|(resource, status)| (resource.to_owned(), status)).collect()
    }

    #[test]
    fn every_form_of_no_devices() {
        for json in ["{}", "[]", "null"] {
            assert!(devices(json).is_empty(), "{json}");
        }
        let rows = Rows::read(br#"{"result":[{"uid":"u"}]}"#.to_vec()).unwrap();
        assert_eq!(rows.devices(rows.row(0)).len(), 0);
    }

    #[test]
    fn of_a_repeated_key_the_last_value_counts_however_many_there_are() {
        assert_eq!(
            devices(r#"{"a":"0","b":1,"a":"7"}"#),
            [("a".into(), Status::Custom(7)), ("b".into(), Status::Online)]
        );
        for n in [15, 16, 17, 40] {
            let keys: Vec<String> = (0..n).chain(0..n).map(|i| format!("\"k{i}\":{i}")).collect();
            let found = devices(&format!("{{{},\"k{}\":99}}", keys.join(","), n - 1));
            assert_eq!(found.len(), n, "{n}");
            assert_eq!(found[n - 1], (format!("k{}", n - 1), Status::Custom(99)));
        }
    }

    #[test]
    fn texts_with_escapes_stand_beside_texts_without() {
        let json = r#"{"result":[{"uid":"a","ext":"\u5916\n","status":{"x\"y":1}},{"uid":"b","ext":"外"}]}"#;
        let rows = Rows::read(json.as_bytes().to_vec()).unwrap();
        assert_eq!((rows.uid(rows.row(0)), rows.ext(rows.row(0))), ("a", "外\n"));
        assert_eq!(rows.devices(rows.row(0)).next(), Some(("x\"y", Status::Online)));
        assert_eq!((rows.uid(rows.row(1)), rows.ext(rows.row(1))), ("b", "外"));
        assert_eq!(rows.raw(), json);
    }

    #[test]
    fn numbers_out_of_range_are_unknown_and_words_are_errors_that_name_the_place() {
        assert_eq!(
            devices(r#"{"a":-1,"b":4294967296,"c":"","d":null}"#)
                .iter()
                .filter(|d| d.1 == Status::Unknown)
                .count(),
            4
        );
        for (json, path) in [
            (r#"{"result":[{"status":{"a":"busy"}}]}"#, "result[0].status.a"),
            (r#"{"result":[{},{"ext":[]}]}"#, "result[1].ext"),
            (r#"{"result":[{"status":[1]}]}"#, "result[0].status"),
            (r#"{"result":7}"#, "result"),
            (r#"{"result":"ok"}"#, "result"),
        ] {
            let error = Rows::read(json.as_bytes().to_vec()).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Decode, "{error}");
            assert!(error.message().contains(&format!("at {path}:")), "{json}: {error}");
        }
    }

    #[test]
    fn deep_nesting_and_wide_lists_end_in_bounded_work() {
        let deep = format!("{{\"result\":{}", "[".repeat(100_000));
        assert!(Rows::read(deep.into_bytes()).is_err());
        let ignored = format!("{{\"x\":{}{}, \"result\":[]}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Rows::read(ignored.into_bytes()).unwrap().rows().is_empty());
        let keys: Vec<String> = (0..100_000).map(|i| format!("\"{i}\":1")).collect();
        assert_eq!(devices(&format!("{{{}}}", keys.join(","))).len(), 100_000);
    }

    #[test]
    fn of_a_repeated_result_the_last_counts() {
        let rows =
            Rows::read(br#"{"result":[{"uid":"a","status":{"x":1}}],"result":[{"uid":"b"}]}"#.to_vec())
                .unwrap();
        assert_eq!(rows.rows().len(), 1);
        assert_eq!(rows.uid(rows.row(0)), "b");
    }
}
