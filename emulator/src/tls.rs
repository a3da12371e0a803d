//! HTTPS, with a certificate that clients should take or one of those that they should not.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, SanType,
    date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The certificate that the emulator serves HTTPS with; see [`Builder::tls`](crate::Builder::tls).
///
/// Clients are meant to trust [`Emulator::certificate_authority`](crate::Emulator::certificate_authority) and to
/// refuse every kind but the first.
///
/// ```
/// use easemob_presence_emulator::{Emulator, Tls};
///
/// # fn main() -> std::io::Result<()> {
/// let emulator = Emulator::builder().tls(Tls::Expired).start()?;
/// assert!(emulator.url().starts_with("https://127.0.0.1:"));
/// assert!(emulator.certificate_authority().is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----")));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tls {
    /// For `localhost` and the loopback addresses, signed by the authority.
    Trusted,
    /// As `Trusted`, until the end of 2019.
    Expired,
    /// Signed by itself.
    SelfSigned,
    /// Signed by the authority for `other.invalid`.
    WrongHost,
    /// Signed by another authority of the same name.
    UnknownAuthority,
}

impl Tls {
    /// What serves it, and the authority as PEM.
    pub(crate) fn serve(self) -> io::Result<(TlsAcceptor, String)> {
        let authority = authority().map_err(io::Error::other)?;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = self.certificate(&key, &authority).map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key)
            })
            .map_err(io::Error::other)?;
        Ok((TlsAcceptor::from(Arc::new(config)), authority.pem()))
    }

    fn certificate(
        self,
        key: &KeyPair,
        authority: &CertifiedIssuer<'_, KeyPair>,
    ) -> Result<rcgen::Certificate, rcgen::Error> {
        let name = if self == Self::WrongHost { "other.invalid" } else { "localhost" };
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        if self != Self::WrongHost {
            let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            params.subject_alt_names.extend(addresses.map(SanType::IpAddress));
        }
        if self == Self::Expired {
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        match self {
            Self::SelfSigned => params.self_signed(key),
            Self::UnknownAuthority => {
                let other = self::authority()?;
                params.signed_by(key, &other)
            }
            Self::Trusted | Self::Expired | Self::WrongHost => params.signed_by(key, authority),
        }
    }
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "easemob-presence-emulator");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}
