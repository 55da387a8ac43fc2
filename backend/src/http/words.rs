//! The sentences of the pages in sign-in windows, chosen from codes and never from a provider's text.

use aiq_connect_shared::FaultCode;

/// Why a sign-in ended without a grant, for the person who just tried.
pub(super) fn sentence(code: FaultCode, name: &str) -> String {
    match code {
        FaultCode::ConsentDenied => "You chose not to allow access. Nothing was saved.".to_owned(),
        FaultCode::IdpUnreachable => {
            format!("We can't reach {name}'s sign-in right now. It is not your fault; try again in a minute.")
        }
        FaultCode::ClientMisconfigured | FaultCode::RegistrationRejected => {
            format!("{name} isn't set up completely. Your administrator must finish setting it up.")
        }
        FaultCode::IssuerMismatch => {
            "The answer did not come from the sign-in we asked, so we did not use it. Nothing was saved.".to_owned()
        }
        FaultCode::Revoked => format!("{name} did not accept this sign-in any more. Trying again usually helps."),
        FaultCode::ScopeMismatch
        | FaultCode::ProviderMoved
        | FaultCode::RejectedByServer
        | FaultCode::AccountChanged
        | FaultCode::Unknown => {
            "Something went wrong on the way. Nothing was saved; trying again usually helps.".to_owned()
        }
    }
}

/// Where a person signs in for a source.
pub(super) fn where_to(host: Option<&str>, name: &str) -> String {
    match host {
        Some(host) => format!("You will sign in at {host}; AI-Q never sees your password."),
        // Not found out yet: looking for it must not keep the page from being shown.
        None => format!("You will sign in at {name}'s own page; AI-Q never sees your password."),
    }
}
