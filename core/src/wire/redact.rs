//! Masks what looks like a token in text that came from outside.

const MASK: &str = "[redacted]";
/// How the service's tokens, Agora's `AccessToken2` and JSON web tokens begin.
const PREFIXES: [&str; 3] = ["YWMt", "007eJ", "eyJ"];
/// Shorter runs are words that happen to begin like a token.
const LEAST: usize = 16;

/// Replaces every run of token characters that begins like a token.
pub(crate) fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c| !is_token_char(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(run);
        if word.len() >= LEAST && PREFIXES.iter().any(|prefix| word.starts_with(prefix)) {
            out.push_str(MASK);
        } else {
            out.push_str(word);
        }
        let gap = after.find(is_token_char).unwrap_or(after.len());
        let (between, next) = after.split_at(gap);
        out.push_str(between);
        rest = next;
    }
    out
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '=' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_masked_and_nothing_else_is() {
        assert_eq!(redact("bad token YWMtnjEbUopPEeybKGMmN0wpeQ!"), "bad token [redacted]!");
        assert_eq!(redact("{\"t\":\"eyJhbGciOiJIUzI1NiJ9.e30.x\"}"), "{\"t\":\"[redacted]\"}");
        for text in ["", "é", "YWMt", "android_6b5610ac-4e11-4661-82b3-dee17bc7b2cc", " a  b "] {
            assert_eq!(redact(text), text);
        }
    }
}
