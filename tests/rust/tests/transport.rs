//! What happens on real sockets: redirects, sizes, broken connections, cancelling.

use std::future::{Future, IntoFuture};
use std::io::ErrorKind::WouldBlock;
use std::net::TcpListener;
use std::time::Duration;

use easemob_presence::{Client, Error, ErrorKind, RateLimits, Sent, Status};
use easemob_presence_tests::canned::{Reply, Server, http};

const CAP: usize = 4 * 1024 * 1024;
const OK: &[u8] = br#"{"result":"ok"}"#;

fn client(url: &str) -> Result<Client, Error> {
    Client::builder()
        .host(url)
        .app_key("org#app")
        .app_token("canary-token")
        .rate_limits(RateLimits::off())
        .build()
}

/// Makes one set against a server that replies this.
async fn set_against(reply: Reply) -> Result<(), Error> {
    let server = Server::start(move |_| reply.clone()).await;
    let url = server.as_ref().map(Server::url).unwrap_or_default();
    client(&url)?.user("c1")?.set("android", Status::Online).await
}

/// Nothing here depends on how long anything takes; this only turns a test that hangs into one that fails.
async fn bounded<F: Future>(future: F) -> Result<F::Output, tokio::time::error::Elapsed> {
    tokio::time::timeout(Duration::from_secs(30), future).await
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_other_host_sees_nothing() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let port = other.local_addr().unwrap().port();
    for status in [301, 302, 303, 307, 308] {
        for target in [format!("http://localhost:{port}/org/app/users"), "/org/app/elsewhere".to_owned()] {
            let location = target.clone();
            let reply = move |_: &_| Reply::Send(http(status, [("Location", location.as_str())], b""));
            let server = Server::start(reply).await.unwrap();
            let user = client(&server.url()).unwrap().user("c1").unwrap();
            for error in
                [user.set("android", Status::Online).await.unwrap_err(), user.devices().await.unwrap_err()]
            {
                assert_eq!((error.kind(), error.status()), (ErrorKind::Server, Some(status)), "{target}");
                assert!(!error.retryable());
            }
            assert_eq!(server.seen().requests.len(), 2, "{status} {target}");
        }
    }
    assert_eq!(other.accept().unwrap_err().kind(), WouldBlock);
}

#[tokio::test]
async fn an_answer_is_read_up_to_4_mib_and_no_further() {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    let padded = |size: usize| [OK, &b" ".repeat(size - OK.len())].concat();
    let until_close = |size| [head.as_bytes(), b"\r\n", &padded(size)].concat();
    let chunked = |size| {
        let head = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
        let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        [head.into_bytes(), padded(size).chunks(65_536).flat_map(chunk).collect(), b"0\r\n\r\n".to_vec()]
            .concat()
    };
    for fits in [http(200, [], &padded(CAP)), until_close(CAP), chunked(CAP)] {
        set_against(Reply::Send(fits)).await.unwrap();
    }
    let announced = format!("{head}Content-Length: {}\r\n\r\n", CAP + 1).into_bytes();
    let endless = format!("{head}Content-Length: 10000000000\r\n\r\n").into_bytes();
    for exceeds in
        [http(200, [], &padded(CAP + 1)), announced, endless, until_close(CAP + 1), chunked(CAP + 1)]
    {
        let error = set_against(Reply::Send(exceeds)).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::TooLarge, Sent::Yes), "{error}");
        assert!(!error.retryable());
    }
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_was_sent() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error =
        client(&format!("http://{address}")).unwrap().user("c1").unwrap().devices().await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.status()), (ErrorKind::Connect, Sent::No, None), "{error}");
    assert!(error.retryable() && error.body().is_none());
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_open_whether_the_call_was_carried_out() {
    let whole = http(200, [], OK);
    let cut = |bytes: &[u8], by: usize| bytes[..bytes.len() - by].to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for reply in [
        Reply::Close,
        Reply::Send(cut(&whole, 1)),
        Reply::Send(cut(&whole, OK.len())),
        Reply::Send(cut(&whole, OK.len() + 3)),
        Reply::Send(b"HTTP/1.1 ".to_vec()),
        Reply::Send([&chunked[..], b"f\r\n", OK, b"\r\n"].concat()),
        Reply::Send([&chunked[..], b"zz\r\n", OK, b"\r\n0\r\n\r\n"].concat()),
    ] {
        let error = set_against(reply).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::Maybe), "{error}");
        assert!(error.retryable() && error.status().is_none(), "{error}");
        assert_eq!(error.attempts(), 4);
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_asked_for_once_more() {
    let large = "x".repeat(1 << 20);
    for reply in [
        Reply::Send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec()),
        Reply::Send(http(200, [("X-Large", large.as_str())], OK)),
    ] {
        let error = set_against(reply).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Decode, 2), "{error}");
        assert!(!error.retryable() && error.status().is_none(), "{error}");
    }
}

#[tokio::test]
async fn an_interim_answer_is_not_the_answer() {
    let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    set_against(Reply::Send([&hints[..], &http(200, [], OK)].concat())).await.unwrap();
}

#[tokio::test]
async fn bytes_behind_the_announced_end_are_no_part_of_the_answer() {
    let short = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", OK.len() - 1);
    let error = set_against(Reply::Send([short.as_bytes(), OK].concat())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    let exact = http(200, [], OK);
    set_against(Reply::Send([&exact[..], b"HTTP/1.1 500 Injected\r\n\r\n"].concat())).await.unwrap();
}

#[tokio::test]
async fn dropping_the_call_closes_its_connection() {
    let server = Server::start(|_| Reply::Hold).await.unwrap();
    let call = client(&server.url()).unwrap().user("c1").unwrap().devices().into_future();
    let call = tokio::spawn(call);
    bounded(server.wait_until(|seen| seen.requests.len() == 1)).await.unwrap().unwrap();
    assert_eq!(server.seen().closed_by_peer, 0);
    call.abort();
    bounded(server.wait_until(|seen| seen.closed_by_peer == 1)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_timeout_closes_the_connection_and_leaves_open_what_happened() {
    let server = Server::start(|_| Reply::Hold).await.unwrap();
    let user = client(&server.url()).unwrap().user("c1").unwrap();
    let error =
        bounded(user.devices().timeout(Duration::from_millis(200)).into_future()).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Timeout, Sent::Maybe), "{error}");
    assert!(error.retryable());
    bounded(server.wait_until(|seen| seen.closed_by_peer == seen.connections)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_closed_client_connects_nowhere() {
    let server = Server::start(|_| Reply::Close).await.unwrap();
    let client = client(&server.url()).unwrap();
    client.close();
    let error = client.user("c1").unwrap().devices().await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Closed, Sent::No));
    assert_eq!(server.seen().connections, 0);
}

#[test]
fn plain_http_leaves_this_machine_only_where_that_is_allowed() {
    for host in [
        "http://a1.easemob.com",
        "http://192.0.2.1:8089",
        "http://[2001:db8::1]",
        "http://0.0.0.0",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "HTTP://A1.EASEMOB.COM",
    ] {
        let error = client(host).unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Config, Sent::No), "{host}");
        assert!(error.hint().is_some_and(|hint| hint.contains("allow_insecure_http")), "{error}");
    }
    for host in
        ["http://127.0.0.1:1", "http://127.8.9.1", "http://localhost", "http://[::1]:1", "a1.easemob.com"]
    {
        assert!(client(host).is_ok(), "{host}");
    }
}
