//! What to do with a grant as it is stored now. Everything is compared by the database's clock.

use aiq_connect_shared::FaultCode;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{domain::Grant, timing::FORCED_REFRESH};

/// What to do with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its token may be handed out.
    Usable,
    /// The same, and it is time for the next one.
    UsableRenewSoon,
    /// Its token may be handed out: the server refused it a while ago, and is tried again.
    TryAgain,
    /// It needs a refresh first; a forced one, of a token that should have been good.
    NeedsRefresh { forced: bool },
    /// It needs a refresh, and the last one did not work: no sooner than this.
    NotBefore(DateTime<Utc>),
    /// Its token was just issued, and the server refuses it.
    Rejected,
    /// The server refuses everybody: nobody is asked to do anything, and it is tried again then.
    ServerRefusesAll(DateTime<Utc>),
    /// Only a person can help; the word says why.
    NeedsPerson(String),
}

/// `rejected`: whoever asks says that the server refused this very token.
pub(super) fn standing(grant: &Grant, rejected: bool, min_ttl: TimeDelta, now: DateTime<Utc>) -> Standing {
    let needs_person = |fault: FaultCode| Standing::NeedsPerson(fault.as_str().to_owned());
    let was_rejected = grant.fault == Some(FaultCode::RejectedByServer);
    match (grant.fault_at(now), grant.renewal.rejected_until) {
        (None, _) => {}
        (Some(_), Some(until)) if was_rejected && grant.renewal.is_rejected_widely => {
            return Standing::ServerRefusesAll(until);
        }
        (Some(fault), _) => return needs_person(fault),
    }
    if rejected {
        return of_rejected(grant, was_rejected, now);
    }
    // A token that lives ten seconds in all can never last thirty: half of its life is enough.
    let life = grant.lifetime();
    let wanted = life.map_or(min_ttl, |life| min_ttl.min(life / 2));
    let usable = if was_rejected { Standing::TryAgain } else { Standing::Usable };
    if grant.outlives(wanted, now) {
        let is_soon = life.is_some_and(|life| !grant.outlives(life / 5, now));
        let may_renew = grant.is_renewable() && grant.renewal.retry_at.is_none_or(|at| at <= now);
        return if is_soon && may_renew && !was_rejected { Standing::UsableRenewSoon } else { usable };
    }
    match (grant.is_renewable(), grant.has_lapsed(now)) {
        (true, _) => refresh(grant, false, now),
        (false, false) => usable,
        (false, true) => Standing::NeedsPerson("expired".to_owned()),
    }
}

fn of_rejected(grant: &Grant, was_rejected: bool, now: DateTime<Utc>) -> Standing {
    if !grant.is_renewable() {
        return if grant.has_lapsed(now) {
            Standing::NeedsPerson("expired".to_owned())
        } else if was_rejected {
            // Said of the last try. Who does not name the token as refused is the one to try it again.
            Standing::NeedsPerson(FaultCode::RejectedByServer.as_str().to_owned())
        } else {
            Standing::Rejected
        };
    }
    // Issued by a forced refresh of a moment ago: another one would bring nothing else.
    let forced = grant.renewal.forced_at.filter(|at| *at + FORCED_REFRESH > now);
    match forced {
        Some(at) if at <= grant.issued_at => Standing::Rejected,
        _ => refresh(grant, true, now),
    }
}

fn refresh(grant: &Grant, forced: bool, now: DateTime<Utc>) -> Standing {
    match grant.renewal.retry_at {
        Some(at) if at > now => Standing::NotBefore(at),
        _ => Standing::NeedsRefresh { forced },
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::{GrantId, GrantKey, PrincipalId, Renewal, Sealed, Version};

    const NOW: DateTime<Utc> = DateTime::from_timestamp_nanos(1_800_000_000_000_000_000);
    const ASKED: TimeDelta = TimeDelta::seconds(30);
    const USABLE: Standing = Standing::Usable;
    const REFRESH: Standing = Standing::NeedsRefresh { forced: false };
    const FORCED: Standing = Standing::NeedsRefresh { forced: true };

    fn needs_person(word: &str) -> Standing {
        Standing::NeedsPerson(word.into())
    }

    fn ago(seconds: i64) -> DateTime<Utc> {
        NOW - TimeDelta::seconds(seconds)
    }

    pub(in crate::connections) fn any_grant() -> Grant {
        grant(3600, 3600, true)
    }

    fn grant(life: i64, left: i64, renewable: bool) -> Grant {
        let expires_at = NOW + TimeDelta::seconds(left);
        Grant {
            id: GrantId(uuid::Uuid::nil()),
            key: GrantKey { principal: PrincipalId("p".into()), server: "s".into() },
            version: Version::FIRST,
            issuer: "https://as".into(),
            client_id: "us".into(),
            resource: "https://s/mcp".into(),
            redirect_uri: "https://us/cb".into(),
            scopes: vec![],
            access_token: Sealed(vec![]),
            refresh_token: renewable.then(|| Sealed(vec![])),
            issued_at: expires_at - TimeDelta::seconds(life),
            expires_at: Some(expires_at),
            fault: None,
            fault_reference: None,
            in_doubt_since: None,
            renewal: Renewal::default(),
            account_label: None,
            connected_at: NOW,
        }
    }

    #[test]
    fn a_token_that_lasts_as_long_as_asked_is_used_as_it_is() {
        assert_eq!(standing(&grant(100, 31, true), false, ASKED, NOW), USABLE);
        assert_eq!(standing(&grant(100, 30, true), false, ASKED, NOW), REFRESH);
    }

    #[test]
    fn a_short_lived_token_has_to_last_half_its_life_only() {
        assert_eq!(standing(&grant(8, 5, true), false, ASKED, NOW), USABLE);
        assert_eq!(standing(&grant(8, 4, true), false, ASKED, NOW), REFRESH);
    }

    #[test]
    fn the_last_fifth_of_a_life_is_the_time_for_the_next_token() {
        assert_eq!(standing(&grant(3600, 721, true), false, ASKED, NOW), USABLE);
        assert_eq!(standing(&grant(3600, 720, true), false, ASKED, NOW), Standing::UsableRenewSoon);
        assert_eq!(standing(&grant(3600, 720, false), false, ASKED, NOW), USABLE, "there is nothing to renew it with");
        let mut failed = grant(3600, 720, true);
        failed.renewal.retry_at = Some(ago(-1));
        assert_eq!(standing(&failed, false, ASKED, NOW), USABLE);
        failed.renewal.retry_at = Some(ago(0));
        assert_eq!(standing(&failed, false, ASKED, NOW), Standing::UsableRenewSoon);
    }

    #[test]
    fn after_a_failure_nobody_tries_before_its_time() {
        let mut failed = grant(3600, 0, true);
        failed.renewal.retry_at = Some(ago(-1));
        assert_eq!(standing(&failed, false, ASKED, NOW), Standing::NotBefore(NOW + TimeDelta::seconds(1)));
        assert_eq!(standing(&failed, true, ASKED, NOW), Standing::NotBefore(NOW + TimeDelta::seconds(1)));
        failed.renewal.retry_at = Some(ago(0));
        assert_eq!(standing(&failed, false, ASKED, NOW), REFRESH);
    }

    #[test]
    fn a_rejected_token_is_refreshed_however_long_it_would_last_but_once_a_minute() {
        let mut refused = grant(3600, 3600, true);
        assert_eq!(standing(&refused, true, ASKED, NOW), FORCED);
        refused.renewal.forced_at = Some(ago(60));
        assert_eq!(standing(&refused, true, ASKED, NOW), FORCED);
        // It was tried and did not work; the token is the one from before.
        refused.issued_at = NOW - TimeDelta::seconds(60);
        refused.renewal.forced_at = Some(ago(59));
        assert_eq!(standing(&refused, true, ASKED, NOW), FORCED);
        refused.issued_at = NOW - TimeDelta::seconds(58);
        assert_eq!(standing(&refused, true, ASKED, NOW), Standing::Rejected);
        assert_eq!(standing(&refused, false, ASKED, NOW), USABLE, "others may use it");
    }

    #[test]
    fn a_server_that_refuses_fresh_tokens_is_left_alone_and_then_tried_again() {
        let mut refused = grant(3600, 3600, true);
        refused.fault = Some(FaultCode::RejectedByServer);
        refused.renewal.rejected_until = Some(ago(-1));
        for rejected in [true, false] {
            assert_eq!(standing(&refused, rejected, ASKED, NOW), needs_person("rejected_by_server"));
        }
        refused.renewal.is_rejected_widely = true;
        let until = NOW + TimeDelta::seconds(1);
        assert_eq!(standing(&refused, true, ASKED, NOW), Standing::ServerRefusesAll(until));

        refused.renewal.rejected_until = Some(ago(0));
        assert_eq!(standing(&refused, false, ASKED, NOW), Standing::TryAgain);
        assert_eq!(standing(&refused, true, ASKED, NOW), FORCED);
        refused.expires_at = Some(NOW);
        assert_eq!(standing(&refused, false, ASKED, NOW), REFRESH);
        refused.expires_at = None;
        refused.refresh_token = None;
        assert_eq!(standing(&refused, true, ASKED, NOW), needs_person("rejected_by_server"));
        assert_eq!(standing(&refused, false, ASKED, NOW), Standing::TryAgain);
    }

    #[test]
    fn what_cannot_renew_itself_is_used_to_its_end_and_then_needs_a_person() {
        assert_eq!(standing(&grant(3600, 1, false), false, ASKED, NOW), USABLE);
        assert_eq!(standing(&grant(3600, 0, false), false, ASKED, NOW), needs_person("expired"));
        assert_eq!(standing(&grant(3600, 0, false), true, ASKED, NOW), needs_person("expired"));
        assert_eq!(standing(&grant(3600, 9, false), true, ASKED, NOW), Standing::Rejected);
    }

    #[test]
    fn a_faulty_grant_needs_a_person_and_a_token_without_an_end_is_used() {
        let mut revoked = grant(3600, 3600, true);
        revoked.fault = Some(FaultCode::Revoked);
        assert_eq!(standing(&revoked, false, ASKED, NOW), needs_person("revoked"));
        let mut endless = grant(3600, 0, true);
        endless.expires_at = None;
        assert_eq!(standing(&endless, false, ASKED, NOW), USABLE);
    }
}
