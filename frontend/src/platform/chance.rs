//! Randomness.

use uuid::Uuid;

/// A new name for a sign-in. It is a name and not a secret, but nobody else may have it.
///
/// `None` when the browser has no source of randomness; then there is no sign-in.
pub fn flow_id() -> Option<Uuid> {
    let mut bytes = [0; 16];
    web_sys::window()?.crypto().ok()?.get_random_values_with_u8_array(&mut bytes).ok()?;
    Some(uuid::Builder::from_random_bytes(bytes).into_uuid())
}
