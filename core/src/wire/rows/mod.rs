//! The list of presences, decoded in one pass into one flat arena.
//!
//! A text is a span of the answer itself; only a text with escapes is written again, behind the answer in the same
//! buffer. A get of 100 users thus costs three allocations, and strings are cut out when somebody reads them.

mod reader;
mod scanner;
#[cfg(test)]
mod scanner_tests;

use reader::Reader;

use super::{read_seed, unexpected};
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
        let found = match scanner::scan(&text) {
            Some(found) => found,
            None => read_seed(&text, || Reader::new(&text))?,
        };
        let Reader { side, rows, devices, .. } = found;
        let raw_len = text.len();
        text.push_str(&side);
        Ok(Self { text, raw_len, items: rows, devices })
    }

    /// One item made from values, in no more memory than it needs: for a saved presence, and for one that is kept for
    /// long.
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
        rows.items = vec![row];
        rows.devices.shrink_to_fit();
        rows.text.shrink_to_fit();
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

#[cfg(test)]
impl Rows {
    /// The bytes behind it.
    pub(crate) fn memory(&self) -> usize {
        self.text.capacity()
            + self.items.capacity() * size_of::<Row>()
            + self.devices.capacity() * size_of::<DeviceRow>()
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
