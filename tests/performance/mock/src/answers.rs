//! The bytes of answers.

/// The answer to what no benchmark should ask; every client takes it for an error, and its run does not count.
pub(crate) const REFUSED: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

/// The longest user id that is answered.
const MAX_ID: usize = 64;

/// Answers that are always the same.
pub(crate) struct Answers {
    set: Vec<u8>,
    token: Vec<u8>,
}

impl Answers {
    pub(crate) fn new() -> Self {
        let token = r#"{"access_token":"YWMtBenchmarkBenchmarkBenchmark","expires_in":5184000}"#;
        Self { set: with_head(br#"{"result":"ok"}"#), token: with_head(token.as_bytes()) }
    }

    pub(crate) fn set(&self) -> &[u8] {
        &self.set
    }

    pub(crate) fn token(&self) -> &[u8] {
        &self.token
    }

    /// The users that the body `{"usernames":["…",…]}` asks for, in its order, with three devices each. What is said
    /// of a user depends on the id alone.
    pub(crate) fn get(body: &[u8]) -> Vec<u8> {
        let mut answer = br#"{"result":["#.to_vec();
        // Ids hold no quotes and no escapes: every second piece between quotes is a string, the first one the key.
        for id in body.split(|&byte| byte == b'"').skip(3).step_by(2).filter(|id| id.len() <= MAX_ID) {
            if !answer.ends_with(b"[") {
                answer.push(b',');
            }
            row(&mut answer, id);
        }
        answer.extend_from_slice(b"]}");
        with_head(&answer)
    }
}

fn row(answer: &mut Vec<u8>, id: &[u8]) {
    let ext = if id.ends_with(b"9") { "外出就餐" } else { "in a meeting" };
    for part in [
        br#"{"uid":""#,
        id,
        br#"","last_time":"1644466063","ext":""#,
        ext.as_bytes(),
        br#"","status":{"android_6b5610ac-4e11-4661-82b3-"#,
        id,
        br#"":"1","ios_4e114661":"0","web_82b3dee1":"104"}}"#,
    ] {
        answer.extend_from_slice(part);
    }
}

fn with_head(body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nServer: mock\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn asked(ids: &[String]) -> (usize, Value) {
        let answer = Answers::get(json!({ "usernames": ids }).to_string().as_bytes());
        let text = std::str::from_utf8(&answer).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())));
        (body.len(), serde_json::from_str(body).unwrap())
    }

    #[test]
    fn a_set_has_the_answer_that_the_workload_names() {
        assert_eq!(Answers::new().set().len(), 137);
    }

    #[test]
    fn a_hundred_users_are_answered_as_asked_in_17_kilobytes() {
        let ids: Vec<String> = (0..100).map(|n| format!("user{n:06}")).collect();
        let (length, body) = asked(&ids);
        assert!((16_500..17_500).contains(&length), "{length}");
        let rows = body["result"].as_array().unwrap();
        assert_eq!(rows.iter().map(|row| row["uid"].as_str().unwrap()).collect::<Vec<_>>(), ids);
        assert!(rows.iter().all(|row| row["status"].as_object().unwrap().len() == 3));
    }

    #[test]
    fn one_user_and_none_are_answered_too() {
        let (_, one) = asked(&["c9".into()]);
        assert_eq!(one["result"][0]["ext"], "外出就餐");
        assert_eq!(asked(&[]).1["result"], json!([]));
    }
}
