//! The answer as the service writes it, without a space between two parts, read in one go over its bytes.
//!
//! At anything else (a space, another field, a fraction, an error) it gives up, and `reader.rs`, which knows every form,
//! decides. So this file has no say in what is accepted: what it reads is what the reader would have read.

#![expect(
    clippy::inline_always,
    reason = "each step is short, and most of it was handing over what is left; together they take a fifth less"
)]

use super::reader::{LOOK_BACK, Reader};
use super::{DeviceRow, Row, Span, index};
use crate::model::Status;
use crate::model::time::Moment;
use crate::wire::Lenient;

/// So many digits are always a number of 64 bits.
const MOST_DIGITS: usize = 19;

struct Scanner<'a> {
    text: &'a str,
    found: Reader<'a>,
}

/// What one part of the answer says, and what comes behind it.
type Part<'a, T> = Option<(T, &'a [u8])>;

/// Reads the answer, if it is written in the usual way.
pub(super) fn scan(text: &str) -> Option<Reader<'_>> {
    let mut scanner = Scanner { text, found: Reader::with_room(text) };
    let mut rest = text.as_bytes().strip_prefix(br#"{"result":["#)?;
    if rest != b"]}" {
        loop {
            let (row, behind) = scanner.row(rest)?;
            scanner.found.rows.push(row);
            match behind {
                [b',', more @ ..] => rest = more,
                b"]}" => break,
                _ => return None,
            }
        }
    }
    Some(scanner.found)
}

impl<'a> Scanner<'a> {
    fn row(&mut self, rest: &'a [u8]) -> Part<'a, Row> {
        let mut row = Row::default();
        let mut rest = match rest {
            [b'{', b'}', behind @ ..] => return Some((row, behind)),
            [b'{', inside @ ..] => inside,
            _ => return None,
        };
        loop {
            let behind = self.field(rest, &mut row)?;
            match behind {
                [b',', more @ ..] => rest = more,
                [b'}', behind @ ..] => return Some((row, behind)),
                _ => return None,
            }
        }
    }

    fn field(&mut self, field: &'a [u8], row: &mut Row) -> Option<&'a [u8]> {
        let rest;
        if let Some(value) = field.strip_prefix(br#""uid":"#) {
            (row.uid, rest) = self.words(value)?;
        } else if let Some(value) = field.strip_prefix(br#""last_time":"#) {
            let (number, behind) = self.number(value)?;
            (row.last_seen, rest) = (Moment::from_wire(number), behind);
        } else if let Some(value) = field.strip_prefix(br#""ext":"#) {
            (row.ext, rest) = self.words(value)?;
        } else if let Some(value) = field.strip_prefix(br#""status":"#) {
            (row.devices, rest) = self.devices(value)?;
        } else if let Some(value) = field.strip_prefix(br#""expiry":"#) {
            let (number, behind) = self.number(value)?;
            (row.expires_at, rest) = (Moment::from_wire(number), behind);
        } else {
            return None;
        }
        Some(rest)
    }

    /// `{"android":"0"}`, or one of the forms of no device.
    fn devices(&mut self, value: &'a [u8]) -> Part<'a, (u32, u32)> {
        let from = self.found.devices.len();
        let mut rest = match value {
            [b'{', b'}', behind @ ..] => return Some(((index(from), index(from)), behind)),
            [b'{', inside @ ..] => inside,
            [b'[', b']', behind @ ..] => return Some(((0, 0), behind)),
            _ => return null(value).map(|behind| ((0, 0), behind)),
        };
        loop {
            let (resource, behind) = self.string(rest)?;
            let (number, behind) = self.number(behind.strip_prefix(b":")?)?;
            self.device(from, resource, number)?;
            match behind {
                [b',', more @ ..] => rest = more,
                [b'}', behind @ ..] => {
                    return Some(((index(from), index(self.found.devices.len())), behind));
                }
                _ => return None,
            }
        }
    }

    #[inline(always)]
    fn device(&mut self, from: usize, resource: Span, number: Option<u64>) -> Option<()> {
        let status = Status::from(number.and_then(|number| u32::try_from(number).ok()));
        let devices = self.found.devices.len() - from;
        match self.found.earlier(from, resource) {
            Some(device) => device.status = status,
            None if devices < LOOK_BACK => self.found.devices.push(DeviceRow { resource, status }),
            None => return None,
        }
        Some(())
    }

    /// A text; null is the empty one.
    #[inline(always)]
    fn words(&mut self, value: &'a [u8]) -> Part<'a, Span> {
        match null(value) {
            Some(behind) => Some((Span::default(), behind)),
            None => self.string(value),
        }
    }

    #[inline(always)]
    fn number(&mut self, value: &'a [u8]) -> Part<'a, Option<u64>> {
        match value {
            // Nearly every status.
            [b'"', digit @ b'0'..=b'9', b'"', behind @ ..] => Some((Some(u64::from(digit - b'0')), behind)),
            [b'"', inside @ ..] => {
                if let (Some(number), [b'"', behind @ ..]) = digits(inside) {
                    return Some((Some(number), behind));
                }
                let (text, behind) = self.plain(value)?;
                Lenient::parse(self.found.cut(text)).map(|Lenient(number)| (number, behind))
            }
            // JSON knows no number with a zero before other digits.
            [b'0', b'0'..=b'9', ..] => None,
            [b'0'..=b'9', ..] => {
                let (number, behind) = digits(value);
                number.map(|number| (Some(number), behind))
            }
            _ => null(value).map(|behind| (None, behind)),
        }
    }

    #[inline(always)]
    fn string(&mut self, value: &'a [u8]) -> Part<'a, Span> {
        match self.plain(value) {
            Some(read) => Some(read),
            None => self.escaped(value),
        }
    }

    #[inline(always)]
    fn plain(&self, value: &'a [u8]) -> Part<'a, Span> {
        let inside = value.strip_prefix(b"\"")?;
        let len = plain_bytes(inside);
        let behind = inside.get(len..)?.strip_prefix(b"\"")?;
        Some((Span { start: index(self.text.len() - inside.len()), len: index(len) }, behind))
    }

    fn escaped(&mut self, value: &'a [u8]) -> Part<'a, Span> {
        let mut rest = value.strip_prefix(b"\"")?;
        loop {
            rest = match rest.get(plain_bytes(rest)..)? {
                [b'\\', _, more @ ..] => more,
                [b'"', behind @ ..] => {
                    let (start, end) = (self.text.len() - value.len(), self.text.len() - behind.len());
                    let text: String = serde_json::from_str(self.text.get(start..end)?).ok()?;
                    return Some((self.found.owned(&text), behind));
                }
                _ => return None,
            };
        }
    }
}

fn null(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"null")
}

/// The number that the text begins with, unless it has no digit or may be too large; and what comes behind.
#[inline(always)]
fn digits(text: &[u8]) -> (Option<u64>, &[u8]) {
    let (mut number, mut rest) = (0u64, text);
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        rest = behind;
    }
    let digits = text.len() - rest.len();
    ((1..=MOST_DIGITS).contains(&digits).then_some(number), rest)
}

/// How many bytes come before the first that ends a plain stretch of text: a quote, a backslash, a control character.
#[inline(always)]
pub(super) fn plain_bytes(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks();
    for (place, word) in words.iter().enumerate() {
        let ends = ends_among(u64::from_le_bytes(*word));
        if ends != 0 {
            return 8 * place + ends.trailing_zeros() as usize / 8;
        }
    }
    let end = rest.iter().position(|&byte| byte < b' ' || byte == b'"' || byte == b'\\');
    text.len() - rest.len() + end.unwrap_or(rest.len())
}

/// Of eight bytes those that end a plain stretch, each by its highest bit. A borrow may mark others behind the first.
#[inline(always)]
fn ends_among(word: u64) -> u64 {
    const EACH: u64 = u64::MAX / 0xff;
    let below = |word: u64, limit: u8| word.wrapping_sub(EACH * u64::from(limit)) & !word;
    let quote = below(word ^ (EACH * u64::from(b'"')), 1);
    let backslash = below(word ^ (EACH * u64::from(b'\\')), 1);
    (quote | backslash | below(word, b' ')) & (EACH * 0x80)
}
