//! Who is asking: our own OpenID Connect sign-in with a session kept on the server, a token of AIQ's issuer, or the one
//! person of this machine.

mod callers;
mod id_token;
mod issuer_keys;
mod own_sign_in;
mod people;
mod signed;

pub use self::{
    callers::{Callers, TokenRefused},
    own_sign_in::{OwnSignIn, SignInError, SignInReturn, SignedIn, safe_return_to},
};
