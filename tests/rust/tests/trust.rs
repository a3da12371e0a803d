//! Whom the client talks to: certificates over real TLS.

mod tls;

use std::error::Error as StdError;

use easemob_presence::{Client, ClientBuilder, Error, ErrorKind, Sent, Status};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use tls::{OK, TlsServer};

type Outcome = Result<(), Box<dyn StdError>>;

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
