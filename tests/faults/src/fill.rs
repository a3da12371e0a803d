//! What a file of cases cannot know, and what would make it long.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::Problem;
use crate::stage::Secrets;

/// Fills in what a file of cases cannot know, and what would make it long.
pub(crate) struct Fill<'a> {
    pub(crate) elsewhere: &'a str,
    pub(crate) host: &'a str,
    pub(crate) secrets: &'a Secrets,
}

impl Fill<'_> {
    pub(crate) fn value(&self, value: &mut Value) -> Result<(), Problem> {
        match value {
            Value::String(text) => *text = self.text(text)?,
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.value(item))?,
            Value::Object(fields) => fields.values_mut().try_for_each(|field| self.value(field))?,
            _ => {}
        }
        Ok(())
    }

    fn text(&self, text: &str) -> Result<String, Problem> {
        let text = text.replace("{elsewhere}", self.elsewhere).replace("{host}", self.host);
        let text = text.replace("{token}", &self.secrets.token).replace("{secret}", &self.secrets.client);
        repeated(&dated(&text)?)
    }
}

/// `{date:+5}` is the HTTP date five seconds from now.
fn dated(text: &str) -> Result<String, Problem> {
    let Some((before, rest)) = text.split_once("{date:+") else { return Ok(text.to_owned()) };
    let (seconds, after) = rest.split_once('}').ok_or("a date without an end")?;
    let date = SystemTime::now() + Duration::from_secs(seconds.parse()?);
    Ok(format!("{before}{}{}", httpdate::fmt_http_date(date), dated(after)?))
}

/// `{repeat:[|1000}` is a thousand opening brackets.
fn repeated(text: &str) -> Result<String, Problem> {
    let Some((before, rest)) = text.split_once("{repeat:") else { return Ok(text.to_owned()) };
    let parts = rest.split_once('|').and_then(|(what, rest)| Some((what, rest.split_once('}')?)));
    let (what, (times, after)) = parts.ok_or("a repetition without an end")?;
    Ok(format!("{before}{}{}", what.repeat(times.parse()?), repeated(after)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_may_hold_colons_and_braces() {
        assert_eq!(repeated(r#"[{repeat:{"a":1},|2}{repeat:]|3}!"#).unwrap(), r#"[{"a":1},{"a":1},]]]!"#);
        assert!(repeated("{repeat:x").is_err());
    }

    #[test]
    fn a_date_is_from_now_on() {
        let text = dated("at {date:+3600}.").unwrap();
        let date = httpdate::parse_http_date(text.trim_start_matches("at ").trim_end_matches('.')).unwrap();
        let ahead = date.duration_since(SystemTime::now()).unwrap().as_secs();
        assert!((3_500..=3_600).contains(&ahead), "{ahead}");
    }
}
