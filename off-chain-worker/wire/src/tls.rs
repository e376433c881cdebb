//! TLS with a self-signed certificate that is pinned by its hash.
//!
//! `serve_axon` stores SHA-256 of the certificate, so the chain vouches for it: no authority and no
//! name is needed. The certificate is made once and kept beside the hotkey.

use crate::signature::sha256;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::{
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{verify_tls13_signature, CryptoProvider},
    pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer, ServerName, UnixTime},
    version::TLS13,
    CertificateError, ClientConfig, DigitallySignedStruct, Error, PeerIncompatible, ServerConfig,
    SignatureScheme,
};
use std::{
    fmt, fs, io,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use thiserror::Error as ThisError;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The name in a certificate. It is in the domain that never resolves, for no name is checked.
const NAME: &str = "inktensor.invalid";
/// Most bytes of a file with key and certificate.
const MAX_FILE: u64 = 16 * 1024;

/// SHA-256 of a certificate in DER: the value of `Axon::tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pin(pub [u8; 32]);

/// A certificate and its key.
#[derive(Clone)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: Arc<PrivateKeyDer<'static>>,
}

/// An error of a certificate's file.
#[derive(Debug, ThisError)]
pub enum IdentityError {
    /// A file that cannot be read or written.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        problem: io::Error,
    },
    /// A file that other users can read.
    #[error(
        "{} has mode {mode:o} and holds a private key; allow only its owner: chmod 600 {}",
        path.display(),
        path.display()
    )]
    Mode {
        /// The file.
        path: PathBuf,
        /// The mode.
        mode: u32,
    },
    /// A file without a key and a certificate in PEM.
    #[error(
        "{} does not hold a private key and a certificate in PEM; remove it to make new ones",
        .0.display()
    )]
    Content(PathBuf),
    /// A certificate that could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
}

impl Identity {
    /// Makes a certificate that is kept nowhere.
    ///
    /// # Errors
    /// [`IdentityError::Make`].
    pub fn make() -> Result<Self, IdentityError> {
        let (certificate, key) = make()?;
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|_| IdentityError::Make(rcgen::Error::CouldNotParseKeyPair))?;
        Ok(Self {
            certificate: certificate.der().clone(),
            key: Arc::new(key),
        })
    }

    /// Reads the certificate in the file `path`, or makes one and keeps it there, with mode 0600.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn load_or_make(path: &Path) -> Result<Self, IdentityError> {
        match fs::symlink_metadata(path) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => keep(path)?,
            _ => {}
        }
        load(path)
    }

    /// Returns SHA-256 of the certificate: what `serve_axon` stores.
    pub fn pin(&self) -> Pin {
        Pin(sha256(&self.certificate))
    }

    /// Returns the acceptor of a server.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, Error> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.pin()).finish()
    }
}

/// The certificate that a server has shown, once it has.
pub(crate) type Shown = Arc<OnceLock<Pin>>;

/// Returns a connector that accepts the certificate with this hash only, and a place for the hash
/// that the server shows. Without a pin it accepts any: only for bytes whose hash is known.
pub(crate) fn connector(pin: Option<Pin>) -> Result<(TlsConnector, Shown), Error> {
    let shown = Shown::default();
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned {
            pin,
            shown: Arc::clone(&shown),
            provider: provider(),
        }))
        .with_no_client_auth();
    Ok((TlsConnector::from(Arc::new(config)), shown))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn make() -> Result<(rcgen::Certificate, KeyPair), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![NAME.to_owned()])?;
    params
        .distinguished_name
        .push(DnType::CommonName, "inktensor");
    Ok((params.self_signed(&key)?, key))
}

/// Writes a new key and certificate to a file that is whole as soon as it has its name.
fn keep(path: &Path) -> Result<(), IdentityError> {
    let file = |problem| IdentityError::File {
        path: path.into(),
        problem,
    };
    let (certificate, key) = make()?;
    // A name that another user of the folder cannot foresee.
    let mut random = [0; 16];
    let system = rustls::crypto::ring::default_provider().secure_random;
    system
        .fill(&mut random)
        .map_err(|_| file(io::Error::other("the system gives no random bytes")))?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{:032x}.new", u128::from_be_bytes(random)));
    let beside = PathBuf::from(beside);
    let text = format!("{}{}", key.serialize_pem(), certificate.pem());
    let kept = write_new(&beside, text.as_bytes()).and_then(|()| fs::rename(&beside, path));
    if kept.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&beside);
    }
    kept.map_err(file)
}

/// Writes a file that only its owner can read. One that exists, or a link, is not opened.
fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn load(path: &Path) -> Result<Identity, IdentityError> {
    let file = |problem| IdentityError::File {
        path: path.into(),
        problem,
    };
    // Mode and length are those of the file that is read, whatever the name means later.
    let opened = fs::File::open(path).map_err(file)?;
    let found = opened.metadata().map_err(file)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Err(IdentityError::Mode {
                path: path.into(),
                mode,
            });
        }
    }
    let content = || IdentityError::Content(path.into());
    if !found.is_file() || found.len() > MAX_FILE {
        return Err(content());
    }
    let mut text = Vec::new();
    opened.take(MAX_FILE).read_to_end(&mut text).map_err(file)?;
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| content())?;
    let certificate = CertificateDer::from_pem_slice(&text).map_err(|_| content())?;
    Ok(Identity {
        certificate,
        key: Arc::new(key),
    })
}

/// A verifier that compares a hash, and checks that the server has the key of the certificate.
#[derive(Debug)]
struct Pinned {
    pin: Option<Pin>,
    shown: Shown,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = Pin(sha256(certificate));
        // A handshake shows one certificate.
        let _ = self.shown.set(found);
        match self.pin {
            Some(pin) if pin != found => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn load_or_make_keeps_the_certificate_for_its_owner_only() {
        let folder = Folder::new("identity");
        let path = folder.path().join("tls.pem");
        let made = Identity::load_or_make(&path).unwrap();
        let again = Identity::load_or_make(&path).unwrap();
        assert_eq!(made.pin(), again.pin());
        assert_ne!(made.pin(), Identity::make().unwrap().pin());
        made.acceptor().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("PRIVATE KEY") && text.contains("CERTIFICATE"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let problem = Identity::load_or_make(&path).unwrap_err();
            assert!(
                matches!(problem, IdentityError::Mode { mode: 0o640, .. }),
                "{problem}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn write_new_follows_no_link_and_opens_no_other_file() {
        let folder = Folder::new("identity-link");
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "of another").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        for path in [&target, &link] {
            let problem = write_new(path, b"key").unwrap_err();
            assert_eq!(problem.kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), "of another");
        Identity::load_or_make(&folder.path().join("tls.pem")).unwrap();
        // Nothing but the certificate is left.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn load_or_make_overwrites_no_other_file() {
        let folder = Folder::new("identity-other");
        let path = folder.path().join("tls.pem");
        fs::write(&path, "not a key").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let problem = Identity::load_or_make(&path).unwrap_err();
        assert!(matches!(problem, IdentityError::Content(_)), "{problem}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "not a key");
    }
}
