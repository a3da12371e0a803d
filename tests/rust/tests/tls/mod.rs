//! Servers with a certificate of their own making.

use std::error::Error as StdError;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub(crate) const OK: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{\"result\":\"ok\"}";

/// What accepts TLS under this name, and its certificate.
pub(crate) fn identity(name: &str) -> Result<(TlsAcceptor, String), Box<dyn StdError>> {
    let made = rcgen::generate_simple_self_signed([name.to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok((TlsAcceptor::from(Arc::new(config)), made.cert.pem()))
}

/// A server with a certificate of its own making for `name`. Its task ends with what the first connection brought:
/// a request, or none where the handshake was given up.
pub(crate) struct TlsServer {
    pub(crate) host: String,
    pub(crate) certificate: String,
    pub(crate) request: JoinHandle<Option<String>>,
}

impl TlsServer {
    pub(crate) async fn start(name: &str) -> Result<Self, Box<dyn StdError>> {
        let (acceptor, certificate) = identity(name)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let host = format!("https://localhost:{}", listener.local_addr()?.port());
        let request = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.ok()?;
            let mut stream = acceptor.accept(socket).await.ok()?;
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.ok().filter(|&read| read > 0)?;
            request.truncate(read);
            stream.write_all(OK).await.ok()?;
            stream.shutdown().await.ok()?;
            String::from_utf8(request).ok()
        });
        Ok(Self { host, certificate, request })
    }
}
