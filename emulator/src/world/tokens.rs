//! The tokens issued so far.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use serde_json::json;

use crate::clock::millis;
use crate::http::refusal::Refusal;
use crate::journal::record::ChangeKind;
use crate::world::store::Scribe;

/// Issued and accepted tokens with their ends, in milliseconds since the Unix epoch; none for those that never
/// end. Ended ones are kept, to tell an expired token from an unknown one.
#[derive(Default)]
pub(crate) struct Tokens {
    ends: HashMap<String, Option<u64>>,
    issued: u64,
}

impl Tokens {
    /// A new token that lives this long, or for ever.
    pub(crate) fn issue(&mut self, ttl: Option<Duration>, now_ms: u64, scribe: Scribe<'_>) -> String {
        self.issued += 1;
        let random = RandomState::new();
        let token = format!("YWMt{:016x}{:016x}", random.hash_one(self.issued), random.hash_one(now_ms));
        self.accept(token.clone(), ttl, now_ms, scribe);
        token
    }

    /// Takes a token from elsewhere.
    pub(crate) fn accept(&mut self, token: String, ttl: Option<Duration>, now_ms: u64, scribe: Scribe<'_>) {
        let ends = ttl.map(|ttl| now_ms.saturating_add(millis(ttl)));
        self.ends.insert(token, ends);
        scribe.note(ChangeKind::TokenIssued, "", None, json!({ "expires_ms": ends }));
    }

    pub(crate) fn expire_all(&mut self, scribe: Scribe<'_>) {
        self.ends.values_mut().for_each(|ends| *ends = Some(0));
        scribe.note(ChangeKind::TokensExpired, "", None, json!({ "tokens": self.ends.len() }));
    }

    /// Makes the token of an `Authorization` header an expired one, if it was ever issued.
    pub(crate) fn expire(&mut self, authorization: Option<&str>, scribe: Scribe<'_>) {
        if let Some(ends) = authorization.and_then(bearer).and_then(|token| self.ends.get_mut(token)) {
            *ends = Some(0);
            scribe.note(ChangeKind::TokensExpired, "", None, json!({ "tokens": 1 }));
        }
    }

    /// Judges the value of an `Authorization` header.
    pub(crate) fn check(&self, authorization: Option<&str>, now_ms: u64) -> Result<(), Refusal> {
        let token = authorization.and_then(bearer).ok_or_else(Refusal::no_token)?;
        match self.ends.get(token) {
            None => Err(Refusal::corrupt_token()),
            Some(Some(ends)) if *ends <= now_ms => Err(Refusal::expired_token()),
            Some(_) => Ok(()),
        }
    }

    pub(crate) fn valid(&self, now_ms: u64) -> usize {
        self.ends.values().filter(|ends| ends.is_none_or(|ends| ends > now_ms)).count()
    }
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::journal::log::Journal;

    #[test]
    fn a_token_is_unknown_valid_or_expired() {
        let journal = Journal::new(Clock::new());
        let scribe = Scribe { journal: &journal, cause: None };
        let mut tokens = Tokens::default();
        let token = tokens.issue(Some(Duration::from_secs(1)), 5_000, scribe);
        let header = format!("Bearer {token}");
        assert_eq!(tokens.check(Some(&header), 5_999), Ok(()));
        assert_eq!(tokens.check(Some(&header), 6_000), Err(Refusal::expired_token()));
        assert_eq!(tokens.check(Some("Bearer other"), 5_000), Err(Refusal::corrupt_token()));
        for none in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Basic abc")] {
            assert_eq!(tokens.check(none, 5_000), Err(Refusal::no_token()), "{none:?}");
        }
    }

    #[test]
    fn a_permanent_token_ends_only_by_force() {
        let journal = Journal::new(Clock::new());
        let scribe = Scribe { journal: &journal, cause: None };
        let mut tokens = Tokens::default();
        let header = format!("bearer {}", tokens.issue(None, 0, scribe));
        assert_eq!(tokens.check(Some(&header), u64::MAX), Ok(()));
        tokens.expire_all(scribe);
        assert_eq!(tokens.check(Some(&header), 1), Err(Refusal::expired_token()));
        assert_eq!(tokens.valid(1), 0);
    }

    #[test]
    fn no_two_tokens_are_alike_and_none_is_in_the_journal() {
        let journal = Journal::new(Clock::new());
        let scribe = Scribe { journal: &journal, cause: None };
        let mut tokens = Tokens::default();
        let (one, two) = (tokens.issue(None, 0, scribe), tokens.issue(None, 0, scribe));
        assert_ne!(one, two);
        assert!(!serde_json::to_string(&journal.entries()).unwrap().contains(&one));
    }
}
