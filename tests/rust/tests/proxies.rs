//! A proxy between the client and the service: what it is told, what it is not told, and when there is one.

mod tls;

use std::error::Error as StdError;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use easemob_presence::{Client, ClientBuilder, Error, ErrorKind, Sent, Status};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use tls::{OK, TlsServer, identity};

type Outcome = Result<(), Box<dyn StdError>>;

/// The proxy's user `u` and the password `canary@`, in base64.
const CREDENTIALS: &str = "dTpjYW5hcnlA";

/// A proxy that does what it is asked to and remembers the heads of the requests that it read.
struct Proxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// `refusal` is what it answers in place of doing what it is asked to.
    async fn start(
        tls: Option<tokio_rustls::TlsAcceptor>,
        refusal: Option<&'static [u8]>,
    ) -> Result<Self, std::io::Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&heads);
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (tls, seen) = (tls.clone(), Arc::clone(&seen));
                // A peer that goes away is its own business.
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => serve(tls.accept(socket).await?, &seen, refusal).await,
                        None => serve(socket, &seen, refusal).await,
                    }
                });
            }
        });
        Ok(Self { port, heads, serving })
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://u:canary%40@localhost:{}", self.port)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut client: S,
    seen: &Mutex<Vec<String>>,
    refusal: Option<&[u8]>,
) -> Result<(), std::io::Error> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(head.clone());
    if let Some(refusal) = refusal {
        client.write_all(refusal).await?;
        return client.shutdown().await;
    }
    let Some(target) = head.strip_prefix("CONNECT ") else {
        client.write_all(OK).await?;
        return client.shutdown().await;
    };
    let mut server = TcpStream::connect(target.split(' ').next().unwrap_or_default()).await?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

async fn set(builder: ClientBuilder) -> Result<(), Error> {
    let client = builder.app_key("org#app").app_token("canary-token").build()?;
    client.user("c1")?.set("android", Status::Online).await
}

/// Names of headers in lower case.
fn lines(head: &str) -> Vec<String> {
    let lines = head.split("\r\n").filter(|line| !line.is_empty());
    let line = |line: &str| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_ascii_lowercase()),
        None => line.to_owned(),
    };
    lines.map(line).collect()
}

fn assert_forwarded(heads: &[String]) {
    assert_eq!(heads.len(), 1, "{heads:?}");
    let head = heads.concat();
    let lines = lines(&head);
    for line in [
        "POST http://presence.invalid/org/app/users/c1/presence/android/1 HTTP/1.1",
        "host: presence.invalid",
        "authorization: Bearer canary-token",
        &format!("proxy-authorization: Basic {CREDENTIALS}"),
    ] {
        assert!(lines.iter().any(|own| own == line), "{line}: {head}");
    }
}

/// The proxy knows where to, and nothing of what is said there.
fn assert_tunnelled(heads: &[String], host: &str, request: &str) {
    assert_eq!(heads.len(), 1, "{heads:?}");
    let target = host.trim_start_matches("https://");
    let mut lines = lines(&heads.concat());
    lines.sort_unstable();
    let agent = concat!("user-agent: easemob-presence/", env!("CARGO_PKG_VERSION"));
    let authorization = format!("proxy-authorization: Basic {CREDENTIALS}");
    let (connect, host) = (format!("CONNECT {target} HTTP/1.1"), format!("host: {target}"));
    assert_eq!(lines, [connect.as_str(), &host, &authorization, agent]);
    assert!(request.starts_with("POST /org/app/users/c1/presence/android/1 HTTP/1.1\r\n"), "{request}");
    let request = request.to_ascii_lowercase();
    assert!(request.contains(&host) && request.contains("bearer canary-token"), "{request}");
    assert!(!request.contains("proxy-authorization"), "{request}");
}

#[tokio::test]
async fn plain_requests_are_passed_on_by_a_proxy_with_their_full_address() -> Outcome {
    let proxy = Proxy::start(None, None).await?;
    let builder = Client::builder().host("http://presence.invalid").allow_insecure_http(true);
    set(builder.proxy(proxy.url("http"))).await?;
    assert_forwarded(&proxy.heads());
    Ok(())
}

#[tokio::test]
async fn also_where_the_way_to_the_proxy_is_tls() -> Outcome {
    let (acceptor, certificate) = identity("localhost")?;
    let proxy = Proxy::start(Some(acceptor), None).await?;
    let builder = Client::builder().host("http://presence.invalid").allow_insecure_http(true);
    set(builder.proxy(proxy.url("https")).add_root_certificates(certificate)).await?;
    assert_forwarded(&proxy.heads());
    Ok(())
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_of_the_proxy() -> Outcome {
    let (proxy, server) = (Proxy::start(None, None).await?, TlsServer::start("localhost").await?);
    let builder = Client::builder().host(&server.host).add_root_certificates(server.certificate);
    set(builder.proxy(proxy.url("http"))).await?;
    assert_tunnelled(&proxy.heads(), &server.host, &server.request.await?.unwrap_or_default());
    Ok(())
}

#[tokio::test]
async fn also_tls_inside_tls() -> Outcome {
    let (acceptor, certificate) = identity("localhost")?;
    let (proxy, server) = (Proxy::start(Some(acceptor), None).await?, TlsServer::start("localhost").await?);
    let builder = Client::builder().host(&server.host).add_root_certificates(server.certificate);
    set(builder.proxy(proxy.url("https")).add_root_certificates(certificate)).await?;
    assert_tunnelled(&proxy.heads(), &server.host, &server.request.await?.unwrap_or_default());
    Ok(())
}

#[tokio::test]
async fn a_proxy_that_is_not_who_it_says_gets_no_password() -> Outcome {
    let (acceptor, _) = identity("localhost")?;
    let proxy = Proxy::start(Some(acceptor), None).await?;
    for host in ["http://presence.invalid", "https://presence.invalid"] {
        let builder = Client::builder().host(host).allow_insecure_http(true);
        let error = set(builder.proxy(proxy.url("https"))).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Tls, Sent::No), "{error}");
    }
    assert!(proxy.heads().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_certificate_behind_a_tunnel_is_checked_like_any_other() -> Outcome {
    let (proxy, server) = (Proxy::start(None, None).await?, TlsServer::start("other.test").await?);
    let builder = Client::builder().host(&server.host).add_root_certificates(server.certificate);
    let error = set(builder.proxy(proxy.url("http"))).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.retryable()), (ErrorKind::Tls, Sent::No, false), "{error}");
    assert_eq!(server.request.await?, None);
    Ok(())
}

#[tokio::test]
async fn a_tunnel_that_is_refused_is_a_connection_that_was_not_made() -> Outcome {
    for (refusal, word) in [
        (
            &b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"[..],
            "authorization required",
        ),
        (b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "unsuccessful"),
        (b"", "end of file"),
    ] {
        let proxy = Proxy::start(None, Some(refusal)).await?;
        let builder = Client::builder().host("https://presence.invalid").max_attempts(2);
        let error = set(builder.proxy(proxy.url("http"))).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No), "{error}");
        assert!(error.message().contains("cannot connect: tunnel error: "), "{error}");
        assert!(error.message().contains(word), "{error}");
        let told = format!("{error} {error:?} {:?}", error.source());
        for secret in ["canary", CREDENTIALS] {
            assert!(!told.contains(secret), "{told}");
        }
        assert_eq!(proxy.heads().len(), 2);
    }
    Ok(())
}

/// Tells the child which one it is.
const CHILD: &str = "PROXIES_CHILD";

/// A process of its own, because the environment is one for all tests of this one.
#[tokio::test]
async fn the_environments_proxy_holds_for_a_client_made_from_the_environment() -> Outcome {
    match std::env::var(CHILD).as_deref() {
        Ok("from_env") => {
            return Ok(set(Client::builder().allow_insecure_http(true).max_attempts(1).from_env()?).await?);
        }
        Ok(_) => return Ok(set(Client::builder().host("http://localhost:9").max_attempts(1)).await?),
        Err(_) => {}
    }
    let proxy = Proxy::start(None, None).await?;
    let url = proxy.url("http");
    let exempt = ("NO_PROXY", "other.test, presence.invalid");
    for (child, variables, expected) in [
        ("from_env", vec![("HTTP_PROXY", url.as_str())], 1),
        ("from_env", vec![("http_proxy", &url)], 1),
        ("from_env", vec![("ALL_PROXY", &url)], 1),
        ("from_env", vec![("all_proxy", &url)], 1),
        ("from_env", vec![("HTTPS_PROXY", &url)], 0),
        ("from_env", vec![("HTTP_PROXY", &url), exempt], 0),
        ("from_env", vec![("HTTP_PROXY", &url), ("NO_PROXY", "*")], 0),
        ("from_env", vec![("HTTP_PROXY", &url), ("REQUEST_METHOD", "GET")], 0),
        ("from_env", vec![], 0),
        ("no", vec![("HTTP_PROXY", &url), ("ALL_PROXY", &url)], 0),
    ] {
        let before = proxy.heads().len();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--exact", "the_environments_proxy_holds_for_a_client_made_from_the_environment"]);
        for (name, _) in std::env::vars() {
            if name.to_ascii_lowercase().ends_with("_proxy") || name.starts_with("EASEMOB") {
                command.env_remove(name);
            }
        }
        command
            .env(CHILD, child)
            .env("EASEMOB_HOST", "http://presence.invalid")
            .env("EASEMOB_APP_KEY", "org#app");
        command.envs(variables.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let heads = proxy.heads().split_off(before);
        assert_eq!(
            (heads.len(), output.status.success()),
            (expected, expected > 0),
            "{variables:?} {output:?}"
        );
        if expected > 0 {
            assert_forwarded(&heads);
        }
    }
    Ok(())
}
