//! One connection: a request, its answer, and again.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::answers::{Answers, REFUSED};
use crate::head::{Head, MAX_REQUEST, Route};

/// The last get of this connection: the same question has the same answer.
#[derive(Default)]
struct Last {
    asked: Vec<u8>,
    answer: Vec<u8>,
}

/// Answers until the other side ends the connection.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answers: &Answers,
) -> io::Result<()> {
    let mut received = Vec::with_capacity(MAX_REQUEST);
    let mut last = Last::default();
    loop {
        let Some((head, end)) = whole(&received) else {
            if received.len() >= MAX_REQUEST || stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let body = received.get(head.length..end).unwrap_or_default();
        let answer = match head.route {
            Route::Token => answers.token(),
            _ if !head.authorized || head.body.is_none() => REFUSED,
            Route::Set => answers.set(),
            Route::Get => {
                if last.asked != body {
                    body.clone_into(&mut last.asked);
                    last.answer = Answers::get(body);
                }
                &last.answer
            }
            Route::Unknown => REFUSED,
        };
        stream.write_all(answer).await?;
        stream.flush().await?;
        received.drain(..end);
    }
}

/// The head of the first request, and where the request ends, if all of it is there.
fn whole(received: &[u8]) -> Option<(Head, usize)> {
    let head = Head::read(received)?;
    let end = head.length + head.body.unwrap_or(0);
    (received.len() >= end).then_some((head, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &str =
        "POST /o/a/users/u/presence HTTP/1.1\r\nauthorization: Bearer t\r\ncontent-length: 20\r\n\r\n";

    async fn answered(requests: &str) -> String {
        let (mut near, far) = tokio::io::duplex(MAX_REQUEST);
        near.write_all(requests.as_bytes()).await.unwrap();
        near.shutdown().await.unwrap();
        serve(far, &Answers::new()).await.unwrap();
        let mut answer = String::new();
        near.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn requests_that_follow_each_other_are_each_answered_as_asked() {
        let answer =
            block_on(answered(&format!("{GET}{{\"usernames\":[\"c2\"]}}{GET}{{\"usernames\":[\"c3\"]}}")));
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2);
        assert!(answer.find(r#""uid":"c2""#).unwrap() < answer.find(r#""uid":"c3""#).unwrap());
    }

    #[test]
    fn a_request_without_a_token_or_a_length_is_refused() {
        for head in ["content-length: 2\r\n", "authorization: Bearer t\r\n"] {
            let request = format!("POST /o/a/users/u/presence/d/1 HTTP/1.1\r\n{head}\r\n{{}}");
            assert!(block_on(answered(&request)).starts_with("HTTP/1.1 400"), "{head}");
        }
    }
}
