//! Who is asking. Own OpenID Connect sign-in with a session kept on the server; the browser holds a random cookie.

mod id_token;
mod own_sign_in;

pub use own_sign_in::{OwnSignIn, SignInError, SignInReturn, SignedIn, safe_return_to};
