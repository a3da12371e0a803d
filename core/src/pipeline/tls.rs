//! Which certificates are trusted: the platform's, Mozilla's where there is no platform store, and those added.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::endpoint::{Endpoint, ProxySetting};
use crate::error::Error;

/// Verification cannot be switched off.
pub(super) fn client_config(endpoint: &Endpoint) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    // Reading the platform's store takes milliseconds; a client of plain HTTP never needs it.
    if endpoint.plain_http && matches!(endpoint.proxy, ProxySetting::None) {
        return Ok(config.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let added = added_roots(&endpoint.root_certificates)?;
    let verifier =
        Verifier::new_with_extra_roots(added.iter().cloned(), Arc::clone(&provider)).or_else(|_| {
            let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
            Verifier::new_with_extra_roots(added.into_iter().chain(mozilla), provider)
        });
    let verifier = verifier.map_err(unusable)?;
    Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn added_roots(pem: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut roots = Vec::new();
    for bundle in pem {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(bundle) {
            roots.push(certificate.map_err(|error| {
                Error::config("the added root certificate is not valid PEM").with_source(error)
            })?);
        }
        if roots.len() == before {
            return Err(Error::config("the added root certificate holds no PEM certificate"));
        }
    }
    Ok(roots)
}

fn unusable(error: rustls::Error) -> Error {
    Error::config("TLS cannot be set up").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_that_holds_no_certificate_is_refused() {
        for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
            let endpoint = Endpoint {
                plain_http: false,
                root_certificates: vec![pem.into()],
                ..Endpoint::for_tests("https://h")
            };
            assert!(client_config(&endpoint).is_err(), "{pem}");
        }
    }

    #[test]
    fn the_platforms_roots_are_enough() {
        let endpoint = Endpoint { plain_http: false, ..Endpoint::for_tests("https://h") };
        assert!(client_config(&endpoint).is_ok());
    }
}
