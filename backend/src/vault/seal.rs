//! Sealing: what is stored opens only with a key of the vault, and only at the place it was sealed for.
//!
//! A sealed blob is a format byte, the key's id (8 bytes), a nonce (24 bytes) and the XChaCha20-Poly1305 ciphertext.
//! Format, key id and place are its associated data, so a blob copied to another row or column does not open.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

use super::{
    Secret, Vault,
    keys::{KeyId, Keys},
    parts::join,
};
use crate::domain::{FlowId, GrantId, GrantKey, PrincipalId, RevocationId, Sealed, Version};

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
pub struct SealContext(Vec<u8>);

impl SealContext {
    /// A token of a grant, in exactly this version of it.
    pub fn grant(key: &GrantKey, issuer: &str, grant: GrantId, version: Version, kind: TokenKind) -> Self {
        let column: &[u8] = match kind {
            TokenKind::Access => b"access_token",
            TokenKind::Refresh => b"refresh_token",
        };
        Self(join(&[
            b"grants",
            column,
            key.principal.as_str().as_bytes(),
            key.server.as_str().as_bytes(),
            issuer.as_bytes(),
            grant.0.as_bytes(),
            &version.0.to_be_bytes(),
        ]))
    }

    /// The PKCE verifier of a flow.
    pub fn flow_verifier(flow: FlowId, principal: &PrincipalId) -> Self {
        Self(join(&[b"flows", b"verifier", flow.0.as_bytes(), principal.as_str().as_bytes()]))
    }

    /// The PKCE verifier of an attempt to sign in to AIQ Connect itself.
    pub fn sign_in_verifier(state_hash: &str) -> Self {
        Self(join(&[b"sign_ins", b"verifier", state_hash.as_bytes()]))
    }

    /// The secret of our client at an issuer.
    pub fn registration_secret(issuer: &str, redirect_uri: &str) -> Self {
        Self(join(&[b"registrations", b"client_secret", issuer.as_bytes(), redirect_uri.as_bytes()]))
    }

    /// A token in the queue of those that its provider should end.
    pub fn revocation(id: RevocationId, issuer: &str, kind: TokenKind) -> Self {
        let column: &[u8] = match kind {
            TokenKind::Access => b"access_token",
            TokenKind::Refresh => b"refresh_token",
        };
        Self(join(&[b"revocations", column, id.0.as_bytes(), issuer.as_bytes()]))
    }

    fn associated_data(&self, key: KeyId) -> Vec<u8> {
        join(&[b"aiq-connect sealed", &[FORMAT], &key.0, &self.0])
    }
}

impl Vault {
    /// Seals a secret for one place, with the active key.
    ///
    /// # Panics
    ///
    /// Never in practice: only a secret of 256 GiB would be refused.
    pub fn seal(&self, context: &SealContext, secret: &Secret) -> Sealed {
        let key = &self.active;
        let nonce: [u8; 24] = self.chance.bytes();
        let aad = context.associated_data(key.id);
        #[expect(clippy::expect_used, reason = "RFC 8439 §2.8: only texts of 256 GiB and more are refused")]
        let ciphertext = cipher(key)
            .encrypt(&XNonce::from(nonce), Payload { msg: secret.expose().as_bytes(), aad: &aad })
            .expect("a token is shorter than 256 GiB");
        Sealed([&[FORMAT], key.id.0.as_slice(), &nonce, &ciphertext].concat())
    }

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
        let text = cipher(key)
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
