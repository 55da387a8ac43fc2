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

impl TokenKind {
    fn column(self) -> &'static str {
        match self {
            Self::Access => "access_token",
            Self::Refresh => "refresh_token",
        }
    }
}

/// The place that a secret is sealed for: table, row and column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealContext {
    place: SealedPlace,
    column: &'static str,
}

/// For the log: which row and column, and nothing that names a person.
impl std::fmt::Display for SealContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let column = if self.column == TokenKind::Access.column() { "access" } else { "refresh" };
        match &self.place {
            SealedPlace::Grant { id: GrantId(id), version: Version(version), .. } => {
                write!(f, "{column} token of grant {id}, version {version}")
            }
            SealedPlace::Flow { id: FlowId(id), .. } => write!(f, "verifier of flow {id}"),
            SealedPlace::SignIn { .. } => f.write_str("verifier of a sign-in"),
            SealedPlace::Registration { issuer, .. } => write!(f, "client secret at {issuer}"),
            SealedPlace::Revocation { id: RevocationId(id), .. } => write!(f, "{column} token of revocation {id}"),
        }
    }
}

impl SealContext {
    /// Every column of a row, in the order of [`SealedPlace::columns`].
    pub fn of(place: &SealedPlace) -> impl Iterator<Item = Self> {
        place.columns().iter().map(|column| Self { place: place.clone(), column })
    }

    /// A token of a grant, in exactly this version of it.
    pub fn grant(key: &GrantKey, issuer: &str, grant: GrantId, version: Version, kind: TokenKind) -> Self {
        let place = SealedPlace::Grant { id: grant, key: key.clone(), issuer: issuer.to_owned(), version };
        Self { place, column: kind.column() }
    }

    /// The PKCE verifier of a flow.
    pub fn flow_verifier(flow: FlowId, principal: &PrincipalId) -> Self {
        Self { place: SealedPlace::Flow { id: flow, principal: principal.clone() }, column: "verifier" }
    }

    /// The PKCE verifier of an attempt to sign in to AIQ Connect itself.
    pub fn sign_in_verifier(state_hash: &str) -> Self {
        Self { place: SealedPlace::SignIn { state_hash: state_hash.to_owned() }, column: "verifier" }
    }

    /// The secret of our client at an issuer.
    pub fn registration_secret(issuer: &str, redirect_uri: &str) -> Self {
        let (issuer, redirect_uri) = (issuer.to_owned(), redirect_uri.to_owned());
        Self { place: SealedPlace::Registration { issuer, redirect_uri }, column: "client_secret" }
    }

    /// A token in the queue of those that its provider should end.
    pub fn revocation(id: RevocationId, issuer: &str, kind: TokenKind) -> Self {
        Self { place: SealedPlace::Revocation { id, issuer: issuer.to_owned() }, column: kind.column() }
    }

    /// Which row.
    pub fn place(&self) -> &SealedPlace {
        &self.place
    }

    /// Which of its columns.
    pub fn column(&self) -> &'static str {
        self.column
    }

    /// The same for every earlier version of the row, newest first; none where rows have no versions.
    pub fn earlier(&self) -> impl Iterator<Item = Self> {
        let version = if let SealedPlace::Grant { version, .. } = &self.place { version.0 } else { 0 };
        (Version::FIRST.0..version).rev().map(|version| {
            let mut earlier = self.clone();
            if let SealedPlace::Grant { version: of_place, .. } = &mut earlier.place {
                *of_place = Version(version);
            }
            earlier
        })
    }

    /// What names this place and no other.
    pub fn bytes(&self) -> Vec<u8> {
        let number;
        let row: Vec<&[u8]> = match &self.place {
            SealedPlace::Grant { id, key: GrantKey { principal, server }, issuer, version } => {
                number = version.0.to_be_bytes();
                let names = [principal.as_str(), server.as_str(), issuer].map(str::as_bytes);
                [names.as_slice(), &[id.0.as_bytes(), &number]].concat()
            }
            SealedPlace::Flow { id, principal } => vec![id.0.as_bytes(), principal.as_str().as_bytes()],
            SealedPlace::SignIn { state_hash } => vec![state_hash.as_bytes()],
            SealedPlace::Registration { issuer, redirect_uri } => vec![issuer.as_bytes(), redirect_uri.as_bytes()],
            SealedPlace::Revocation { id, issuer } => vec![id.0.as_bytes(), issuer.as_bytes()],
        };
        let table = self.place.table().as_str().as_bytes();
        join(&[&[table, self.column.as_bytes()], row.as_slice()].concat())
    }

    fn associated_data(&self, key: KeyId) -> Vec<u8> {
        join(&[b"aiq-connect sealed", &[FORMAT], &key.0, &self.bytes()])
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
