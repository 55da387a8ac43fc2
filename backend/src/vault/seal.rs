//! Sealing: what is stored opens only with a key of the vault, and only at the place it was sealed for.
//!
//! A sealed blob is a format byte, the key's id (8 bytes), a nonce (24 bytes) and the XChaCha20-Poly1305 ciphertext.
//! Format, key id and place are its associated data, so a blob copied to another row or column does not open.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

use std::sync::Arc;

use super::{KeyId, Secret, Vault, keys::Keys, parts::join};
use crate::{
    clock::Chance,
    domain::{FlowId, GrantId, GrantKey, PrincipalId, RevocationId, Sealed, SealedPlace, Version},
};

/// The layout of a blob; another one gets another number.
const FORMAT: u8 = 1;

/// Why a blob does not open. None of these passes by itself: treat the secret as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It was sealed with a key that this vault does not hold.
    #[error("sealed with a key that is not configured here")]
    UnknownKey(KeyId),
    /// It was changed, or sealed for another place.
    #[error("does not open: changed since it was sealed, or sealed for another place")]
    DoesNotOpen,
    /// It is no blob of ours.
    #[error("not a sealed value of this version")]
    Malformed,
}

/// Which token of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// The access token.
    Access,
    /// The refresh token.
    Refresh,
}

/// The place that a secret is sealed for: table, row and column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealContext {
    bytes: Vec<u8>,
    place: Place,
}

/// For the log: which row and column, and nothing that names a person.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Grant(GrantId, Version, TokenKind),
    Flow(FlowId),
    SignIn,
    Registration(String),
    Revocation(RevocationId, TokenKind),
}

impl std::fmt::Display for SealContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Place::Grant(GrantId(id), Version(version), kind) => {
                let column = if *kind == TokenKind::Access { "access" } else { "refresh" };
                write!(f, "{column} token of grant {id}, version {version}")
            }
            Place::Flow(FlowId(id)) => write!(f, "verifier of flow {id}"),
            Place::SignIn => f.write_str("verifier of a sign-in"),
            Place::Registration(issuer) => write!(f, "client secret at {issuer}"),
            Place::Revocation(RevocationId(id), kind) => {
                let column = if *kind == TokenKind::Access { "access" } else { "refresh" };
                write!(f, "{column} token of revocation {id}")
            }
        }
    }
}

impl SealContext {
    /// A token of a grant, in exactly this version of it.
    pub fn grant(key: &GrantKey, issuer: &str, grant: GrantId, version: Version, kind: TokenKind) -> Self {
        let column: &[u8] = match kind {
            TokenKind::Access => b"access_token",
            TokenKind::Refresh => b"refresh_token",
        };
        let bytes = join(&[
            b"grants",
            column,
            key.principal.as_str().as_bytes(),
            key.server.as_str().as_bytes(),
            issuer.as_bytes(),
            grant.0.as_bytes(),
            &version.0.to_be_bytes(),
        ]);
        Self { bytes, place: Place::Grant(grant, version, kind) }
    }

    /// The PKCE verifier of a flow.
    pub fn flow_verifier(flow: FlowId, principal: &PrincipalId) -> Self {
        let bytes = join(&[b"flows", b"verifier", flow.0.as_bytes(), principal.as_str().as_bytes()]);
        Self { bytes, place: Place::Flow(flow) }
    }

    /// The PKCE verifier of an attempt to sign in to AIQ Connect itself.
    pub fn sign_in_verifier(state_hash: &str) -> Self {
        Self { bytes: join(&[b"sign_ins", b"verifier", state_hash.as_bytes()]), place: Place::SignIn }
    }

    /// The secret of our client at an issuer.
    pub fn registration_secret(issuer: &str, redirect_uri: &str) -> Self {
        let bytes = join(&[b"registrations", b"client_secret", issuer.as_bytes(), redirect_uri.as_bytes()]);
        Self { bytes, place: Place::Registration(issuer.to_owned()) }
    }

    /// The place of a row's first sealed value, and that of its second.
    pub fn of(place: &SealedPlace) -> (Self, Option<Self>) {
        match place {
            SealedPlace::Grant { id, key, issuer, version } => (
                Self::grant(key, issuer, *id, *version, TokenKind::Access),
                Some(Self::grant(key, issuer, *id, *version, TokenKind::Refresh)),
            ),
            SealedPlace::Registration { issuer, redirect_uri } => {
                (Self::registration_secret(issuer, redirect_uri), None)
            }
            SealedPlace::Flow { id, principal } => (Self::flow_verifier(*id, principal), None),
            SealedPlace::SignIn { state_hash } => (Self::sign_in_verifier(state_hash), None),
        }
    }

    /// A token in the queue of those that its provider should end.
    pub fn revocation(id: RevocationId, issuer: &str, kind: TokenKind) -> Self {
        let column: &[u8] = match kind {
            TokenKind::Access => b"access_token",
            TokenKind::Refresh => b"refresh_token",
        };
        let bytes = join(&[b"revocations", column, id.0.as_bytes(), issuer.as_bytes()]);
        Self { bytes, place: Place::Revocation(id, kind) }
    }

    fn associated_data(&self, key: KeyId) -> Vec<u8> {
        join(&[b"aiq-connect sealed", &[FORMAT], &key.0, &self.bytes])
    }
}

/// Seals with one key: the active one when it was asked for. Take it before something is sent whose answer has to be
/// sealed, so that no answer is lost for want of a key.
#[derive(Clone)]
pub struct Sealer {
    pub(super) key: Arc<Keys>,
    pub(super) chance: Chance,
}

impl Sealer {
    /// Names its key.
    pub fn key_id(&self) -> KeyId {
        self.key.id
    }

    /// Seals a secret for one place.
    ///
    /// # Panics
    ///
    /// Never in practice: only a secret of 256 GiB would be refused.
    pub fn seal(&self, context: &SealContext, secret: &Secret) -> Sealed {
        let key = &self.key;
        let nonce: [u8; 24] = self.chance.bytes();
        let aad = context.associated_data(key.id);
        #[expect(clippy::expect_used, reason = "RFC 8439 §2.8: only texts of 256 GiB and more are refused")]
        let ciphertext = cipher(key)
            .encrypt(&XNonce::from(nonce), Payload { msg: secret.expose().as_bytes(), aad: &aad })
            .expect("a token is shorter than 256 GiB");
        Sealed([&[FORMAT], key.id.0.as_slice(), &nonce, &ciphertext].concat())
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({})", self.key.id)
    }
}

impl Vault {
    /// Opens what was sealed for this place, with whichever key sealed it.
    ///
    /// # Errors
    ///
    /// [`VaultError`], always definitive.
    pub fn open(&self, context: &SealContext, sealed: &Sealed) -> Result<Secret, VaultError> {
        let (&format, rest) = sealed.0.split_first().ok_or(VaultError::Malformed)?;
        let (&id, rest) = rest.split_first_chunk::<8>().ok_or(VaultError::Malformed)?;
        let (&nonce, ciphertext) = rest.split_first_chunk::<24>().ok_or(VaultError::Malformed)?;
        if format != FORMAT {
            return Err(VaultError::Malformed);
        }
        let key = self.key(KeyId(id)).ok_or(VaultError::UnknownKey(KeyId(id)))?;
        let aad = context.associated_data(key.id);
        let text = cipher(&key)
            .decrypt(&XNonce::from(nonce), Payload { msg: ciphertext, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| VaultError::DoesNotOpen)?;
        std::str::from_utf8(&text).map(Secret::new).map_err(|_| VaultError::Malformed)
    }
}

fn cipher(key: &Keys) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.sealing).into())
}

#[cfg(test)]
#[path = "seal_tests.rs"]
mod tests;
