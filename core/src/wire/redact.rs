//! Masks secrets in text that came from outside.

const MASK: &str = "[redacted]";
/// How the service's tokens, Agora's `AccessToken2` and JSON web tokens begin.
const PREFIXES: [&str; 3] = ["YWMt", "007eJ", "eyJ"];
/// Shorter runs are words that happen to begin like a token, and secrets that would mask half of the language.
const LEAST: usize = 6;

/// Replaces every run of token characters that begins like a token, wherever it stands.
pub(crate) fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = token_start(rest) {
        let (before, token) = rest.split_at(start);
        let (token, after) = token.split_at(token.find(|c| !is_token_char(c)).unwrap_or(token.len()));
        out.push_str(before);
        out.push_str(if token.len() < LEAST { token } else { MASK });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Where the first word begins that begins like a token.
fn token_start(text: &str) -> Option<usize> {
    let starts = |prefix: &&str| {
        let mut places = text.match_indices(*prefix).map(|(place, _)| place);
        places.find(|&place| {
            !text.get(..place).unwrap_or_default().ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    PREFIXES.iter().filter_map(starts).min()
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '=' | '.')
}

/// Replaces the secrets themselves, whatever they look like. Text may have been cut off, so the beginning of a
/// secret at its end is replaced too.
pub(crate) fn hide(text: &str, secrets: &[&str]) -> String {
    let mut out = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= LEAST) {
        if out.contains(secret) {
            out = out.replace(secret, MASK);
        }
        let cut = secret.char_indices().map(|(end, _)| end).rev().filter(|&end| end >= LEAST);
        let tail = cut.filter_map(|end| secret.get(..end)).find(|beginning| out.ends_with(beginning));
        if let Some(tail) = tail {
            out.truncate(out.len() - tail.len());
            out.push_str(MASK);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_masked_and_nothing_else_is() {
        for (text, masked) in [
            ("bad token YWMtnjEbUopPEeybKGMmN0wpeQ!", "bad token [redacted]!"),
            (r#"{"t":"eyJhbGciOiJIUzI1NiJ9.e30.x"}"#, r#"{"t":"[redacted]"}"#),
            ("?access_token=YWMtAAAA+/==&x=1", "?access_token=[redacted]&x=1"),
            ("/v/007eJxTYAAAAA YWMtbbbb", "/v/[redacted] [redacted]"),
        ] {
            assert_eq!(redact(text), masked);
        }
        for text in
            ["", "é", "YWMt", "aYWMtAAAAAAAA", "android_6b5610ac-4e11-4661-82b3-dee17bc7b2cc", " a  b "]
        {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn a_known_secret_is_masked_whole_and_where_the_text_was_cut() {
        let hide = |text| hide(text, &["canary-secret", "x"]);
        assert_eq!(hide("a canary-secret and canary-secret"), "a [redacted] and [redacted]");
        assert_eq!(hide("cut off in canary-se"), "cut off in [redacted]");
        assert_eq!(hide("canary x"), "canary x");
    }
}
