/// Joins parts so that no two lists of parts give the same bytes: each is preceded by its length.
///
/// Whatever is authenticated goes through here: a plain concatenation would let a boundary be moved.
pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn moving_a_boundary_changes_the_bytes() {
        assert_ne!(join(&[b"ab", b"c"]), join(&[b"a", b"bc"]));
        assert_ne!(join(&[b"abc"]), join(&[b"abc", b""]));
    }
}
