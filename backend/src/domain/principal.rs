use sha2::{Digest, Sha256};

use super::hex;

/// Who somebody is: the whole of issuer, type and subject. Equal subjects of two issuers are two people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    /// The OpenID issuer, exactly as it calls itself.
    pub issuer: String,
    /// AIQ's word for the kind of caller, `jwt` for people.
    pub kind: String,
    /// The issuer's stable name for them.
    pub sub: String,
}

/// A fixed-length name for a [`Principal`]: safe in logs and keys, and not reversible by looking.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId(pub String);

impl Principal {
    /// SHA-256 over the length-prefixed parts, so that no two principals share one by moving a boundary.
    pub fn id(&self) -> PrincipalId {
        let mut hash = Sha256::new();
        for part in [&self.issuer, &self.kind, &self.sub] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        PrincipalId(hex(&hash.finalize()))
    }
}

impl PrincipalId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How to address somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What to show.
    pub name: String,
    /// Their address, if known.
    pub email: Option<String>,
}

/// How somebody's token says to address them. What it does not say stays as it was known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// What to show.
    pub name: Option<String>,
    /// Their address.
    pub email: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Principal;

    fn principal(issuer: &str, sub: &str) -> Principal {
        Principal { issuer: issuer.into(), kind: "jwt".into(), sub: sub.into() }
    }

    #[test]
    fn equal_subjects_of_two_issuers_are_two_people() {
        assert_ne!(principal("https://a", "alice").id(), principal("https://b", "alice").id());
    }

    #[test]
    fn moving_the_boundary_between_issuer_and_subject_changes_the_id() {
        assert_ne!(principal("https://ab", "c").id(), principal("https://a", "bc").id());
    }
}
