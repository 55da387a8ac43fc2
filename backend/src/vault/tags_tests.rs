use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use crate::{
    clock::Chance,
    domain::{FlowId, JobOrigin, JobReference, JobTimes, NewJobReference, Principal, ServerId},
    vault::{JobProof, MasterKey, Secret, Vault},
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
    let times = JobTimes { created_at: DateTime::UNIX_EPOCH, ends_at: DateTime::UNIX_EPOCH + lifetime };
    let (principal, origin) = (owner.id(), JobOrigin::Gate);
    let new = NewJobReference { id, principal, servers, origin, lifetime };
    let mac = vault.first().job_mac(&new, times);
    let NewJobReference { id, servers, .. } = new;
    JobReference {
        id,
        principal: owner.id(),
        sub: owner.sub,
        servers,
        origin: JobOrigin::Gate,
        lifetime,
        created_at: times.created_at,
        ends_at: times.ends_at,
        is_alive: true,
        mac,
    }
}

#[test]
fn a_job_reference_of_ours_is_known_again() {
    assert_eq!(vault().verify_job(&job(&vault())), JobProof::Ours);
    let renewed = Vault::new(&master("b"), &[master("a")], Chance::seeded(1));
    assert_eq!(renewed.verify_job(&job(&vault())), JobProof::Ours, "after a change of keys");
}

#[test]
fn a_job_reference_that_anybody_changed_is_not() {
    type Change = fn(&mut JobReference);
    let changes: [(&str, Change); 12] = [
        ("id", |job| job.id = "job-2".into()),
        ("owner", |job| job.principal = principal("https://idp", "bob").id()),
        ("one more server", |job| job.servers.push("payroll".into())),
        ("one server less", |job| job.servers.truncate(1)),
        ("servers joined", |job| job.servers = vec!["incidentshandbook".into()]),
        ("lifetime", |job| job.lifetime += TimeDelta::milliseconds(1)),
        ("origin", |job| job.origin = JobOrigin::Worker),
        ("beginning", |job| job.created_at += TimeDelta::milliseconds(1)),
        ("end", |job| job.ends_at += TimeDelta::milliseconds(1)),
        ("tag", |job| *job.mac.last_mut().unwrap() ^= 1),
        ("short tag", |job| job.mac.truncate(39)),
        ("no tag", |job| job.mac.clear()),
    ];
    for (what, change) in changes {
        let mut job = job(&vault());
        change(&mut job);
        assert_eq!(vault().verify_job(&job), JobProof::Forged, "{what}");
    }
}

#[test]
fn a_job_reference_by_a_key_we_do_not_hold_is_not_ours() {
    let stranger = Vault::new(&master("b"), &[], Chance::seeded(1));
    assert_eq!(stranger.verify_job(&job(&vault())), JobProof::UnknownKey(vault().active_key()));
}

#[test]
fn equal_subjects_of_two_issuers_have_two_pairwise_ids() {
    let sealer = vault().first();
    let alice = sealer.pairwise(&principal("https://a", "alice"));
    assert_eq!(alice, sealer.pairwise(&principal("https://a", "alice")));
    assert_ne!(alice, sealer.pairwise(&principal("https://b", "alice")));
    assert_ne!(alice, sealer.pairwise(&principal("https://aa", "lice")));
    assert!(alice.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'), "fits a cookie");
}

#[test]
fn a_job_keeps_the_pairwise_id_of_its_owner_over_a_change_of_keys() {
    let (owner, job) = (principal("https://idp", "alice"), job(&vault()));
    let submitted = vault().first().pairwise(&owner);
    let renewed = Vault::new(&master("b"), &[master("a")], Chance::seeded(1));
    assert_eq!(renewed.pairwise(&job, &owner), Some(submitted.clone()));
    assert_ne!(renewed.first().pairwise(&owner), submitted, "new jobs go by the new key");
    assert_eq!(Vault::new(&master("b"), &[], Chance::seeded(1)).pairwise(&job, &owner), None);
}

#[test]
fn a_confirmation_tag_is_good_for_one_session_flow_and_source() {
    let (vault, flow) = (vault(), FlowId(Uuid::from_u128(1)));
    let tag = vault.confirm_tag("session", flow, &"incidents".into()).unwrap();
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
