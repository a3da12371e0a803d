//! L8: searches everything that was written for secrets, in whatever form they may have been written.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Problem;

/// Looks for secrets in texts.
#[derive(Clone, Debug)]
pub struct Searcher {
    needles: BTreeSet<String>,
}

/// Where a secret was found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The file, under the logs.
    pub file: String,
    /// The job that was under way, as the runner said.
    pub job: String,
    /// The text around it, the secret itself left out.
    pub around: String,
}

/// Tokens of the emulator: this prefix and 32 hexadecimal digits.
const TOKEN: &str = "YWMt";
const TOKEN_DIGITS: usize = 32;
const SHOWN: usize = 80;
/// With this line a runner says which job's output follows.
const MARK: &str = "=== ";

impl Searcher {
    /// For these secrets as they are, percent-encoded, in base64 and in hexadecimal digits; and for every token that
    /// the emulator issues.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        Self { needles: secrets.into_iter().flat_map(forms).collect() }
    }

    /// Searches all files of a directory.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn directory(&self, directory: &Path) -> Result<Vec<Finding>, Problem> {
        let mut found = Vec::new();
        for file in fs::read_dir(directory)? {
            let path = file?.path();
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.extend(
                self.text(&text).into_iter().map(|finding| Finding { file: name.clone(), ..finding }),
            );
        }
        Ok(found)
    }

    /// How many jobs a directory's files tell of: who finds nothing must have looked at something.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn jobs(directory: &Path) -> Result<usize, Problem> {
        let mut jobs = 0;
        for file in fs::read_dir(directory)? {
            let bytes = fs::read(file?.path())?;
            jobs += String::from_utf8_lossy(&bytes).lines().filter(|line| line.starts_with(MARK)).count();
        }
        Ok(jobs)
    }

    /// Searches a text.
    #[must_use]
    pub fn text(&self, text: &str) -> Vec<Finding> {
        let (mut job, mut found) = ("", Vec::new());
        for line in text.lines() {
            job = line.strip_prefix(MARK).unwrap_or(job);
            let Some((start, end)) = self.place(line) else { continue };
            let before: String = head(line, start).chars().rev().take(SHOWN).collect();
            let after: String = tail(line, end).chars().take(SHOWN).collect();
            let around = format!("{}<here>{after}", before.chars().rev().collect::<String>());
            found.push(Finding { file: String::new(), job: job.to_owned(), around });
        }
        found
    }

    fn place(&self, line: &str) -> Option<(usize, usize)> {
        let needle = |needle: &String| line.find(needle.as_str()).map(|at| (at, at + needle.len()));
        self.needles.iter().find_map(needle).or_else(|| token(line))
    }
}

fn head(text: &str, end: usize) -> &str {
    text.get(..end).unwrap_or_default()
}

fn tail(text: &str, start: usize) -> &str {
    text.get(start..).unwrap_or_default()
}

/// An issued token in clear, or in hexadecimal digits.
fn token(line: &str) -> Option<(usize, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_hexdigit).count();
    let clear = line.match_indices(TOKEN).map(|(at, _)| (at, at + TOKEN.len()));
    let clear = clear
        .map(|(at, end)| (at, end + digits(tail(line, end))))
        .find(|(at, end)| end - at >= TOKEN.len() + TOKEN_DIGITS);
    let hex = hex(TOKEN);
    clear.or_else(|| {
        let found = line.match_indices(hex.as_str()).map(|(at, _)| (at, at + digits(tail(line, at))));
        found.into_iter().find(|(at, end)| end - at >= 2 * (TOKEN.len() + TOKEN_DIGITS))
    })
}

/// The shapes in which a secret may be written.
fn forms(secret: &str) -> Vec<String> {
    let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let mut forms = vec![
        secret.to_owned(),
        encoded.to_ascii_lowercase(),
        encoded,
        hex(secret),
        hex(secret).to_ascii_uppercase(),
        serde_json::Value::from(secret).to_string().trim_matches('"').to_owned(),
    ];
    // Base64 of a text that holds it has one of three forms inside, by where it begins; ends depend on neighbours.
    for skipped in 0..3 {
        let padded = [vec![b'x'; skipped], secret.as_bytes().to_vec()].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            let (from, to) = ((skipped * 8).div_ceil(6), padded.len() * 8 / 6);
            forms.extend(text.get(from..to).map(str::to_owned));
        }
    }
    forms
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const SECRET: &str = "canary/secret+7 = ñ";

    fn found(text: &str) -> bool {
        !Searcher::new([SECRET]).text(text).is_empty()
    }

    #[test]
    fn a_planted_secret_is_found_in_every_form() {
        let around = |text: &str| format!("INFO request {{\"x\": \"{text}\"}} done");
        assert!(found(&around(SECRET)));
        assert!(found(&around(&utf8_percent_encode(SECRET, NON_ALPHANUMERIC).to_string())));
        assert!(found(&around(&hex(SECRET))));
        for prefix in ["", "u", "id", "id:", "name"] {
            let text = format!("{prefix}{SECRET} and more");
            assert!(found(&around(&STANDARD.encode(&text))), "{prefix}");
            assert!(found(&around(&URL_SAFE_NO_PAD.encode(&text))), "{prefix}");
        }
    }

    #[test]
    fn a_token_of_the_emulator_is_found_though_nobody_told_it() {
        let token = "YWMt0123456789abcdef0123456789abcdef";
        assert!(found(&format!("Authorization: Bearer {token}")));
        assert!(found(&hex(token)));
        assert!(!found("YWMt*** and YWMt0123"));
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        assert!(!found("INFO request {\"x\": \"canary secret\"} done\n"));
    }

    #[test]
    fn a_finding_says_where_and_not_what() {
        let text = format!("=== A1 one\nfine\n=== A2 two\nbefore {SECRET} after\n");
        let findings = Searcher::new([SECRET]).text(&text);
        let finding =
            Finding { file: String::new(), job: "A2 two".into(), around: "before <here> after".into() };
        assert_eq!(findings, [finding]);
    }

    #[test]
    fn files_are_searched() {
        let directory = std::env::temp_dir().join(format!("faults-canary-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("3.stderr"), format!("=== A1 one\nx {SECRET}\n")).unwrap();
        let findings = Searcher::new([SECRET]).directory(&directory);
        let jobs = Searcher::jobs(&directory).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(jobs, 1);
        assert_eq!(findings.unwrap().first().map(|finding| finding.file.clone()), Some("3.stderr".into()));
    }
}
