//! HTTPS, as clients see it that trust the emulator's authority.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use easemob_presence_emulator::{Emulator, Plan, Tls};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::CertificateError::{self, Expired, UnknownIssuer};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

async fn connect(emulator: &Emulator) -> Result<TlsStream<TcpStream>, std::io::Error> {
    let mut roots = RootCertStore::empty();
    let pem = emulator.certificate_authority().unwrap();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpStream::connect(emulator.host()).await?;
    let name = ServerName::from(socket.peer_addr()?.ip());
    TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

/// Why the certificate was refused.
async fn refused(kind: Tls) -> CertificateError {
    let emulator = Emulator::builder().tls(kind).start().unwrap();
    let problem = connect(&emulator).await.unwrap_err();
    let inner = problem.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let Some(Error::InvalidCertificate(reason)) = inner else { panic!("{kind:?}: {problem:?}") };
    assert!(emulator.journal().is_empty());
    reason.clone()
}

#[tokio::test]
async fn a_trusted_certificate_serves_requests_for_the_address() {
    let emulator = Emulator::builder().tls(Tls::Trusted).start().unwrap();
    assert_eq!(emulator.url(), format!("https://{}", emulator.host()));
    let mut stream = connect(&emulator).await.unwrap();
    let request = b"GET /easemob-demo/test/users/a/status HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 401 "), "{text}");
    assert_eq!(emulator.journal().requests().len(), 1);
}

#[tokio::test]
async fn the_other_certificates_are_refused_for_the_reason_that_they_are_named_for() {
    assert!(matches!(refused(Tls::Expired).await, Expired | CertificateError::ExpiredContext { .. }));
    assert_eq!(refused(Tls::SelfSigned).await, UnknownIssuer);
    let name = refused(Tls::WrongHost).await;
    let is_name =
        matches!(name, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. });
    assert!(is_name, "{name:?}");
    let unknown = refused(Tls::UnknownAuthority).await;
    assert!(matches!(unknown, UnknownIssuer | CertificateError::BadSignature), "{unknown:?}");
}

#[tokio::test]
async fn faults_reach_through_tls_and_under_it() {
    let emulator = Emulator::builder().tls(Tls::Trusted).start().unwrap();
    let install = |fault| {
        let plan = json!({"faults": [{"count": 1, "fault": fault}]});
        emulator.faults().install(Plan::try_from(plan).unwrap());
    };
    install(json!({"type": "raw", "text": "nonsense"}));
    let mut stream = connect(&emulator).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "nonsense");
    for kind in ["cut", "garbage", "plaintext"] {
        install(json!({"type": "tls", "kind": kind}));
        connect(&emulator).await.unwrap_err();
        connect(&emulator).await.unwrap();
    }
}

#[test]
fn without_tls_there_is_no_authority() {
    let emulator = Emulator::start().unwrap();
    assert_eq!(emulator.certificate_authority(), None);
    assert!(emulator.url().starts_with("http://"));
}
