//! Texts as the engine keeps them.

use napi::JsString;
use napi::bindgen_prelude::{Env, Result};

/// A text that the engine's thread only copies: a byte for each unit, or two if there is a character that is not ASCII.
pub(crate) enum Text {
    Ascii(String),
    Wide(Vec<u16>),
}

impl Text {
    pub(crate) fn with_room(units: usize) -> Self {
        Self::Ascii(String::with_capacity(units))
    }

    /// How much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Ascii(text) => text.len(),
            Self::Wide(units) => size_of_val(units.as_slice()),
        }
    }

    pub(crate) fn units(&self) -> u32 {
        index(match self {
            Self::Ascii(text) => text.len(),
            Self::Wide(units) => units.len(),
        })
    }

    /// Appends and says how long that was.
    pub(crate) fn push(&mut self, text: &str) -> u32 {
        let before = self.units();
        match self {
            Self::Ascii(ascii) if text.is_ascii() => ascii.push_str(text),
            Self::Ascii(ascii) => {
                let mut units = Vec::with_capacity(ascii.capacity());
                units.extend(ascii.bytes().map(u16::from));
                units.extend(text.encode_utf16());
                *self = Self::Wide(units);
            }
            Self::Wide(units) if text.is_ascii() => units.extend(text.bytes().map(u16::from)),
            Self::Wide(units) => units.extend(text.encode_utf16()),
        }
        self.units() - before
    }

    pub(crate) fn cut(&self, start: u32, len: u32) -> Self {
        let range = start as usize..start as usize + len as usize;
        match self {
            Self::Ascii(text) => Self::Ascii(text.get(range).unwrap_or_default().to_owned()),
            Self::Wide(units) => Self::Wide(units.get(range).unwrap_or_default().to_vec()),
        }
    }

    /// Whether this id stands there, in any letter case.
    pub(crate) fn has(&self, id: &str, start: u32, len: u32) -> bool {
        let range = start as usize..start as usize + len as usize;
        match self {
            Self::Ascii(text) => text.get(range).is_some_and(|there| there.eq_ignore_ascii_case(id)),
            Self::Wide(units) => {
                let there = units.get(range).unwrap_or_default();
                String::from_utf16_lossy(there).eq_ignore_ascii_case(id)
            }
        }
    }

    pub(crate) fn to_js<'env>(&self, env: &'env Env) -> Result<JsString<'env>> {
        match self {
            Self::Ascii(text) => env.create_string_latin1(text),
            Self::Wide(units) => env.create_string_utf16(units),
        }
    }
}

/// The engine's texts end far below 2^32 units.
pub(crate) fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
