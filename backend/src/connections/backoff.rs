//! When a refresh that did not work is tried again.

use chrono::TimeDelta;

use crate::{
    clock::Chance,
    domain::{Lease, Postponed},
    oauth::TokenError,
    timing::{LONGEST_REST, LONGEST_WISH, REFRESH_RETRY},
};

/// So many failures in a row at one issuer, whosever grants they were for, are its own.
const ISSUER_FAILS: u32 = 3;

/// What to keep of a failure that passes.
pub(super) fn after(error: &TokenError, lease: &Lease, chance: &Chance) -> Postponed {
    let (is_busy, wish) = match error {
        TokenError::Busy { status, retry_after } => (*status == 429, *retry_after),
        _ => (false, None),
    };
    let wish = wish.map(|wish| TimeDelta::from_std(wish).unwrap_or(LONGEST_WISH).min(LONGEST_WISH));
    let own = pause(lease.failures, chance);
    let at_issuer = lease.issuer_failures + 1;
    let issuer_rest = match wish {
        Some(wish) => Some(wish),
        None if is_busy => Some(own),
        None => (at_issuer >= ISSUER_FAILS).then(|| pause(at_issuer - ISSUER_FAILS, chance)),
    };
    Postponed {
        pause: wish.unwrap_or(own),
        issuer_rest: issuer_rest.map(|rest| rest.min(LONGEST_REST)),
        is_certain: !lease.was_in_doubt && (is_busy || matches!(error, TokenError::NotSent(_))),
    }
}

/// Doubles with every failure, up to the longest; between three and five quarters of it, so that many do not knock
/// together.
pub(super) fn pause(failures: u32, chance: &Chance) -> TimeDelta {
    let (shortest, longest) = REFRESH_RETRY;
    let whole = (shortest * 2_i32.pow(failures.min(16))).min(longest);
    let [byte] = chance.bytes::<1>();
    whole * 3 / 4 + whole / 2 * i32::from(byte) / 255
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FIRST: Lease = Lease { was_in_doubt: false, failures: 0, issuer_failures: 0 };

    fn busy(status: u16, seconds: Option<u64>) -> TokenError {
        TokenError::Busy { status, retry_after: seconds.map(Duration::from_secs) }
    }

    fn after(error: &TokenError, lease: &Lease) -> Postponed {
        super::after(error, lease, &Chance::seeded(1))
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_differ_by_a_quarter() {
        let chance = Chance::seeded(1);
        for (failures, whole) in [(0, 1), (1, 2), (5, 32), (6, 60), (4_000_000_000, 60)] {
            for _ in 0..200 {
                let pause = pause(failures, &chance).num_milliseconds();
                assert!((whole * 750..=whole * 1250).contains(&pause), "{failures}: {pause}");
            }
        }
    }

    #[test]
    fn a_wish_of_the_provider_is_kept_to_by_the_grant_and_for_a_while_by_all_of_its_issuer() {
        let asked = after(&busy(503, Some(7)), &FIRST);
        assert_eq!((asked.pause, asked.issuer_rest), (TimeDelta::seconds(7), Some(TimeDelta::seconds(7))));
        let long = after(&busy(429, Some(1800)), &FIRST);
        assert_eq!((long.pause, long.issuer_rest), (TimeDelta::minutes(30), Some(LONGEST_REST)));
        assert_eq!(after(&busy(429, Some(u64::MAX)), &FIRST).pause, LONGEST_WISH);
    }

    #[test]
    fn too_many_requests_are_the_issuers_and_other_failures_only_when_they_repeat() {
        assert!(after(&busy(429, None), &FIRST).issuer_rest.is_some());
        for error in [busy(500, None), TokenError::InDoubt(None)] {
            assert_eq!(after(&error, &Lease { issuer_failures: 1, ..FIRST }).issuer_rest, None);
            assert!(after(&error, &Lease { issuer_failures: 2, ..FIRST }).issuer_rest.is_some());
        }
    }

    #[test]
    fn only_what_certainly_did_nothing_ends_the_doubt_that_it_began() {
        assert!(after(&busy(429, None), &FIRST).is_certain);
        assert!(!after(&busy(429, None), &Lease { was_in_doubt: true, ..FIRST }).is_certain);
        assert!(!after(&busy(502, None), &FIRST).is_certain);
        assert!(!after(&TokenError::InDoubt(None), &FIRST).is_certain);
    }
}
