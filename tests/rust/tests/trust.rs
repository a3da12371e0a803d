//! Whom the client talks to: certificates over real TLS, and a proxy in between.

use std::error::Error as StdError;
use std::sync::Arc;

use easemob_presence::{Client, ClientBuilder, Error, ErrorKind, Sent, Status};
use easemob_presence_tests::canned::{Reply, Server};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

type Outcome = Result<(), Box<dyn StdError>>;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{\"result\":\"ok\"}";

/// A server with a certificate of its own making for `name`. Its task ends with what the first connection brought:
/// a request, or none where the handshake was given up.
struct TlsServer {
    host: String,
    certificate: String,
    request: JoinHandle<Option<String>>,
}

impl TlsServer {
    async fn start(name: &str) -> Result<Self, Box<dyn StdError>> {
        let made = rcgen::generate_simple_self_signed([name.to_owned()])?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let host = format!("https://localhost:{}", listener.local_addr()?.port());
        let request = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.ok()?;
            let mut stream = TlsAcceptor::from(Arc::new(config)).accept(socket).await.ok()?;
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.ok().filter(|&read| read > 0)?;
            request.truncate(read);
            stream.write_all(OK).await.ok()?;
            stream.shutdown().await.ok()?;
            String::from_utf8(request).ok()
        });
        Ok(Self { host, certificate: made.cert.pem(), request })
    }
}

async fn set(builder: ClientBuilder) -> Result<(), Error> {
    let client = builder.app_key("org#app").app_token("canary-token").build()?;
    client.user("c1")?.set("android", Status::Online).await
}

fn assert_refused(error: &Error) {
    assert_eq!((error.kind(), error.sent(), error.retryable()), (ErrorKind::Tls, Sent::No, false), "{error}");
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_and_sees_no_token() -> Outcome {
    let server = TlsServer::start("localhost").await?;
    assert_refused(&set(Client::builder().host(&server.host)).await.unwrap_err());
    assert_eq!(server.request.await?, None);
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_was_added_is_trusted() -> Outcome {
    let server = TlsServer::start("localhost").await?;
    set(Client::builder().host(&server.host).add_root_certificates(server.certificate)).await?;
    let request = server.request.await?.unwrap_or_default();
    assert!(request.starts_with("POST /org/app/users/c1/presence/android/1 HTTP/1.1\r\n"), "{request}");
    Ok(())
}

#[tokio::test]
async fn a_trusted_certificate_for_another_host_is_refused() -> Outcome {
    let server = TlsServer::start("other.test").await?;
    let builder = Client::builder().host(&server.host).add_root_certificates(server.certificate);
    assert_refused(&set(builder).await.unwrap_err());
    assert_eq!(server.request.await?, None);
    Ok(())
}

#[tokio::test]
async fn a_handshake_answered_by_something_else_is_a_broken_connection() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let host = format!("https://localhost:{}", listener.local_addr()?.port());
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await?;
        socket.write_all(OK).await
    });
    let error = set(Client::builder().host(host)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent(), error.retryable()),
        (ErrorKind::Connect, Sent::No, true),
        "{error}"
    );
    server.await??;
    Ok(())
}

#[tokio::test]
async fn a_proxy_gets_the_calls_with_their_full_address() -> Outcome {
    let proxy = Server::start(|_| Reply::Send(OK.to_vec())).await?;
    let builder = Client::builder().host("http://presence.invalid").allow_insecure_http(true);
    set(builder.proxy(proxy.url())).await?;
    let targets: Vec<_> = proxy.seen().requests.into_iter().map(|request| request.target).collect();
    assert_eq!(targets, ["http://presence.invalid/org/app/users/c1/presence/android/1"]);
    Ok(())
}
