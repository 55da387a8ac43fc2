use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use crate::{
    clock::Chance,
    domain::{FlowId, JobOrigin, JobReference, Principal, ServerId},
    vault::{MasterKey, Secret, Vault},
};

fn master(digit: &str) -> MasterKey {
    MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap()
}

fn vault() -> Vault {
    Vault::new(&master("a"), &[], Chance::seeded(1))
}

fn principal(issuer: &str, sub: &str) -> Principal {
    Principal { issuer: issuer.into(), kind: "jwt".into(), sub: sub.into() }
}

fn job(vault: &Vault) -> JobReference {
    let (id, owner) = ("job-1".into(), principal("https://idp", "alice"));
    let servers: Vec<ServerId> = vec!["incidents".into(), "handbook".into()];
    let lifetime = TimeDelta::hours(1);
    let mac = vault.job_mac(&id, &owner.id(), &servers, lifetime);
    JobReference {
        id,
        principal: owner.id(),
        sub: owner.sub,
        servers,
        origin: JobOrigin::Gate,
        lifetime,
        ends_at: DateTime::UNIX_EPOCH,
        is_alive: true,
        mac,
    }
}

#[test]
fn a_job_reference_of_ours_is_known_again() {
    assert!(vault().verify_job(&job(&vault())));
    let renewed = Vault::new(&master("b"), &[master("a")], Chance::seeded(1));
    assert!(renewed.verify_job(&job(&vault())), "after a change of keys");
}

#[test]
fn a_job_reference_that_anybody_changed_is_not() {
    type Change = fn(&mut JobReference);
    let changes: [(&str, Change); 9] = [
        ("id", |job| job.id = "job-2".into()),
        ("owner", |job| job.principal = principal("https://idp", "bob").id()),
        ("one more server", |job| job.servers.push("payroll".into())),
        ("one server less", |job| job.servers.truncate(1)),
        ("servers joined", |job| job.servers = vec!["incidentshandbook".into()]),
        ("lifetime", |job| job.lifetime += TimeDelta::milliseconds(1)),
        ("tag", |job| *job.mac.last_mut().unwrap() ^= 1),
        ("short tag", |job| job.mac.truncate(39)),
        ("no tag", |job| job.mac.clear()),
    ];
    for (what, change) in changes {
        let mut job = job(&vault());
        change(&mut job);
        assert!(!vault().verify_job(&job), "{what}");
    }
}

#[test]
fn a_job_reference_by_a_key_we_do_not_hold_is_not_ours() {
    assert!(!Vault::new(&master("b"), &[], Chance::seeded(1)).verify_job(&job(&vault())));
}

#[test]
fn equal_subjects_of_two_issuers_have_two_pairwise_ids() {
    let alice = vault().pairwise(&principal("https://a", "alice"));
    assert_eq!(alice, vault().pairwise(&principal("https://a", "alice")));
    assert_ne!(alice, vault().pairwise(&principal("https://b", "alice")));
    assert_ne!(alice, vault().pairwise(&principal("https://aa", "lice")));
    assert!(alice.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'), "fits a cookie");
}

#[test]
fn a_confirmation_tag_is_good_for_one_session_flow_and_source() {
    let (vault, flow) = (vault(), FlowId(Uuid::from_u128(1)));
    let tag = vault.confirm_tag("session", flow, &"incidents".into());
    let is_good = |session, flow, source: &str, tag: &str| vault.verify_confirm_tag(session, flow, &source.into(), tag);

    assert!(is_good("session", flow, "incidents", &tag));
    assert!(!is_good("another", flow, "incidents", &tag));
    assert!(!is_good("session", FlowId(Uuid::from_u128(2)), "incidents", &tag));
    assert!(!is_good("session", flow, "handbook", &tag));
    for forged in ["", "AAAA", "not base64url!", &tag[..tag.len() - 2]] {
        assert!(!is_good("session", flow, "incidents", forged), "{forged}");
    }
    let renewed = Vault::new(&master("b"), &[master("a")], Chance::seeded(1));
    assert!(renewed.verify_confirm_tag("session", flow, &"incidents".into(), &tag), "after a change of keys");
}
