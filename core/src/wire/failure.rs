//! The service's two shapes of error body, and whatever a gateway puts in their place.

use serde_json::Value;

/// What a failed call's body says, as far as it says anything.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    /// `error`, or `error_code` of newer services.
    pub(crate) code: Option<String>,
    /// Every field that may hold the reason, trimmed, the most telling first.
    pub(crate) reasons: Vec<String>,
}

impl Failure {
    /// Reads a body; one that is no JSON object says nothing.
    pub(crate) fn read(body: &[u8]) -> Self {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let text = |name: &str| match fields.get(name)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) if name != "result" => Some(number.to_string()),
            _ => None,
        };
        Self {
            code: text("error").or_else(|| text("error_code")),
            reasons: ["error_description", "result", "desc", "message", "error", "error_code"]
                .into_iter()
                .filter_map(text)
                .collect(),
        }
    }

    /// The service's words.
    pub(crate) fn words(&self) -> Option<&str> {
        self.reasons.first().map(String::as_str)
    }

    /// Whether a body that came with a successful status tells of a failure.
    pub(crate) fn has_reason(&self) -> bool {
        self.words().is_some_and(|words| !words.eq_ignore_ascii_case("ok"))
    }

    /// Whether any reason contains the words, in any letter case.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.reasons.iter().any(|reason| reason.to_ascii_lowercase().contains(words))
    }

    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.code.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_envelopes_and_the_bare_result_give_code_and_words() {
        for (body, code, words) in [
            (r#"{"error":"e","error_description":" d ","result":"r"}"#, Some("e"), Some("d")),
            (r#"{"error_code":404,"desc":"gone"}"#, Some("404"), Some("gone")),
            (r#"{"result":"the app not open presence"}"#, None, Some("the app not open presence")),
            (r#"{"error":"only code"}"#, Some("only code"), Some("only code")),
            (r#"{"error":null,"error_description":""}"#, None, None),
            (r#"{"result":100}"#, None, None),
            ("[1]", None, None),
            ("<html>", None, None),
            ("", None, None),
        ] {
            let failure = Failure::read(body.as_bytes());
            assert_eq!((failure.code.as_deref(), failure.words()), (code, words), "{body}");
        }
    }

    #[test]
    fn words_match_anywhere_and_in_any_case() {
        let failure = Failure::read(br#"{"error":"x","error_description":"OOPS: Too Many sub presence "}"#);
        assert!(failure.says("too many sub presence") && !failure.says("too many get"));
        assert!(failure.has_code("X"));
    }
}
