//! What the gallery proves.

use std::collections::BTreeSet;

use aiq_connect_shared::FaultCode;

use super::outline::outline;
use super::{all, panel, rows};
use crate::state::banner::Banner;
use crate::state::row_state::{Away, Kind, Notice};

#[tokio::test]
async fn every_component_in_every_state_is_as_reviewed() {
    for group in all().await {
        let scenes = group.scenes.iter().map(|scene| format!("## {}\n{}", scene.name, outline(&scene.html)));
        let text = scenes.collect::<Vec<_>>().join("\n\n");
        insta::with_settings!({ prepend_module_to_snapshot => false, description => group.title, omit_expression => true }, {
            insta::assert_snapshot!(group.file, text);
        });
    }
}

#[tokio::test]
async fn names_are_unique_and_nothing_is_styled_or_scripted_inline() {
    let mut names = BTreeSet::new();
    for group in all().await {
        for scene in &group.scenes {
            assert!(names.insert((group.file, scene.name.clone())), "{} has two {}", group.file, scene.name);
            for inline in [" style=", " onclick=", "javascript:"] {
                assert!(!scene.html.contains(inline), "{} {} contains {inline}", group.file, scene.name);
            }
        }
    }
}

/// The one after `kind`. A state that is added has to be named here, and then the proof below asks for its scene.
fn after(kind: Kind) -> Option<Kind> {
    Some(match kind {
        Kind::Free => Kind::Disconnected,
        Kind::Disconnected => Kind::Denied,
        Kind::Denied => Kind::WindowBlocked,
        Kind::WindowBlocked => Kind::Connecting,
        Kind::Connecting => Kind::Checking,
        Kind::Checking => Kind::Disconnecting,
        Kind::Disconnecting => Kind::Connected,
        Kind::Connected => Kind::ExpiringSoon,
        Kind::ExpiringSoon => Kind::Expired,
        Kind::Expired => Kind::TurnedOff,
        Kind::TurnedOff => Kind::Unavailable(Away::SignedOut),
        Kind::Unavailable(Away::SignedOut) => Kind::Unavailable(Away::AuthOff),
        Kind::Unavailable(Away::AuthOff) => Kind::Failed(FaultCode::Revoked),
        Kind::Failed(FaultCode::Revoked) => Kind::Failed(FaultCode::ScopeMismatch),
        Kind::Failed(FaultCode::ScopeMismatch) => Kind::Failed(FaultCode::IdpUnreachable),
        Kind::Failed(FaultCode::IdpUnreachable) => Kind::Failed(FaultCode::ClientMisconfigured),
        Kind::Failed(FaultCode::ClientMisconfigured) => Kind::Failed(FaultCode::RegistrationRejected),
        Kind::Failed(FaultCode::RegistrationRejected) => Kind::Failed(FaultCode::ConsentDenied),
        Kind::Failed(FaultCode::ConsentDenied) => Kind::Failed(FaultCode::IssuerMismatch),
        Kind::Failed(FaultCode::IssuerMismatch) => Kind::Failed(FaultCode::ProviderMoved),
        Kind::Failed(FaultCode::ProviderMoved) => Kind::Failed(FaultCode::RejectedByServer),
        Kind::Failed(FaultCode::RejectedByServer) => Kind::Failed(FaultCode::AccountChanged),
        Kind::Failed(FaultCode::AccountChanged) => Kind::Failed(FaultCode::Unknown),
        Kind::Failed(FaultCode::Unknown) => return None,
    })
}

#[test]
fn every_state_of_a_row_has_a_scene() {
    let drawn: Vec<_> = rows::all().into_iter().flat_map(|set| set.states).map(|(_, props)| props.row).collect();
    let mut kind = Some(Kind::Free);
    let mut seen = 0;
    while let Some(now) = kind {
        assert!(drawn.iter().any(|row| row.kind == now), "no scene shows a row in the state {now:?}");
        seen += 1;
        kind = after(now);
    }
    let kinds: BTreeSet<_> = drawn.iter().map(|row| format!("{:?}", row.kind)).collect();
    assert_eq!(kinds.len(), seen, "a state is missing in `after`: {kinds:?}");
}

#[test]
fn every_sentence_beside_a_state_has_a_scene() {
    // A notice that is added has to be named here.
    let word = |notice: &Notice| match notice {
        Notice::Denied => "denied".to_owned(),
        Notice::Failed(code) => format!("failed {}", code.as_str()),
        Notice::Listed(code) => format!("listed {}", code.as_str()),
        Notice::TimedOut => "timed out".to_owned(),
        Notice::AccountChanged { .. } => "account changed".to_owned(),
        Notice::ProviderNotTold => "provider not told".to_owned(),
        Notice::NotDisconnected => "not disconnected".to_owned(),
        Notice::JobWaits(_) => "job waits".to_owned(),
        Notice::WindowGone => "window gone".to_owned(),
        Notice::StillWaiting => "still waiting".to_owned(),
    };
    let drawn = rows::all().into_iter().flat_map(|set| set.states).filter_map(|(_, props)| props.row.notice);
    let drawn: BTreeSet<_> = drawn.map(|notice| word(&notice)).collect();
    let denied = FaultCode::ConsentDenied;
    let faults = rows::FAULTS.iter().filter(|code| **code != denied);
    let mut wanted: BTreeSet<_> =
        faults.flat_map(|code| [word(&Notice::Failed(*code)), word(&Notice::Listed(*code))]).collect();
    wanted.extend(
        [Notice::Denied, Notice::TimedOut, Notice::ProviderNotTold, Notice::NotDisconnected, Notice::WindowGone]
            .iter()
            .chain([
                &Notice::JobWaits(super::now()),
                &Notice::StillWaiting,
                &Notice::AccountChanged { from: String::new(), to: String::new() },
            ])
            .map(word),
    );
    let missing: Vec<_> = wanted.difference(&drawn).collect();
    assert!(missing.is_empty(), "no scene shows {missing:?}");
}

#[test]
fn every_banner_has_a_scene() {
    let count = |banner: &Banner| match banner {
        Banner::SignedOut => 0,
        Banner::Offline => 1,
        Banner::Stale(_) => 2,
        Banner::PopupsOff => 3,
        Banner::NeedsYou(_) => 4,
        Banner::Expiring(..) => 5,
        Banner::AuthOff => 6,
    };
    let drawn: BTreeSet<_> = panel::banners().iter().map(|(_, banner)| count(banner)).collect();
    assert_eq!(drawn, (0..7).collect());
}
