//! The signature: lower-case hex MD5 of id, secret and timestamp, one behind the other.

use std::time::SystemTime;

use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};

use super::fields::Fields;
use crate::error::{Error, ErrorKind};
use crate::model::time::Moment;

/// A rule's secret.
pub(super) struct Secret(SecretString);

impl Secret {
    pub(super) fn new(secret: String) -> Result<Self, Error> {
        let secret = SecretString::from(secret);
        let text = secret.expose_secret();
        if text.is_empty() {
            return Err(Error::config("the secret is empty: anyone could sign with it"));
        }
        if text.trim() != text {
            return Err(Error::config("the secret begins or ends with white space")
                .with_hint(Some("Cut off the line end if it was read from a file.")));
        }
        Ok(Self(secret))
    }
}

/// What is signed, and the signature that came with it.
pub(super) struct Signature {
    pub(super) call_id: String,
    pub(super) timestamp: Moment,
    /// The number as the sender wrote it, in seconds or milliseconds.
    number: u64,
    time: SystemTime,
    claimed: Option<[u8; 16]>,
}

impl Signature {
    /// Takes it out of the fields. `decode` without an id or a timestamp: there is nothing that could be signed.
    pub(super) fn take(fields: &mut Fields) -> Result<Self, Error> {
        let call_id = fields.required("callId")?;
        // Only a number, written in its one way: MD5 lets anyone append to what is signed last.
        let number = fields.number("timestamp")?;
        let timestamp = Moment::from_wire(Some(number));
        let time = timestamp.time().ok_or_else(|| Fields::wrong("timestamp", "is no time"))?;
        let claimed = match fields.text("security")? {
            Some(hex) => from_hex(&hex),
            None => return Err(Error::new(ErrorKind::InvalidSignature, "the callback is not signed")),
        };
        Ok(Self { call_id, timestamp, number, time, claimed })
    }

    pub(super) fn time(&self) -> SystemTime {
        self.time
    }

    /// Whether the id, which is `{app key}_{uuid}`, begins with this App Key.
    pub(super) fn is_of(&self, app_key: &str) -> bool {
        let start = self.call_id.get(..app_key.len());
        let rest = self.call_id.get(app_key.len()..);
        start.is_some_and(|start| start.eq_ignore_ascii_case(app_key))
            && rest.is_some_and(|rest| rest.starts_with('_'))
    }

    fn by(&self, secret: &Secret) -> [u8; 16] {
        let digest = Md5::new()
            .chain_update(&self.call_id)
            .chain_update(secret.0.expose_secret())
            .chain_update(self.number.to_string());
        digest.finalize().into()
    }
}

/// Compares with every secret, so that the time taken tells neither how much of a signature is right nor for which
/// secret.
pub(super) fn is_signed_with_any(secrets: &[Secret], signature: &Signature) -> bool {
    let Some(claimed) = signature.claimed else { return false };
    let compare = |found, secret| found | signature.by(secret).as_slice().ct_eq(&claimed);
    secrets.iter().fold(Choice::from(0), compare).into()
}

/// Sixteen bytes from 32 digits in either letter case.
fn from_hex(text: &str) -> Option<[u8; 16]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 16];
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_exactly_sixteen_bytes() {
        assert_eq!(from_hex("000102030405060708090a0b0c0d0eFf").unwrap()[14..], [0x0e, 0xff]);
        for text in ["", "00", &"0".repeat(31), &"0".repeat(33), &"g".repeat(32), &"é".repeat(16)] {
            assert_eq!(from_hex(text), None, "{text}");
        }
    }
}
