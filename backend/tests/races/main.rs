//! Races between separate processes of the service, which prove that no grant is ever lost to one.
//!
//! Every race runs real `aiq-connect serve` processes on one database, once on SQLite and once on PostgreSQL, some also behind
//! a pooler that gives every transaction another connection, against a
//! provider in this process that rotates refresh tokens and burns a whole sign-in when one is used twice. People connect in
//! a browser, workers ask on the workers' listeners, and requests are counted in the provider's own log.
//!
//! Nothing here hopes for a bad moment: the provider holds its answers (`support::provider::Desk`), the test waits until
//! the log, the kernel or the database shows where everybody stands, then kills, freezes, disconnects, connects anew, makes
//! what is stored older or takes the database away, and lets go on.
//!
//! | file | what it proves |
//! |---|---|
//! | `herd` | Forty-eight workers at four processes cost one token request, and all get the same new token. |
//! | `late` | A late answer to the current refresh token is kept, whoever holds the lease by then; one that was overtaken is dropped, and nothing is revoked. Who was overtaken before sending sends nothing. |
//! | `refused` | `invalid_grant` after somebody else's rotation is no fault; of the current token it is asked for once; and a success that comes after it heals the grant. |
//! | `disconnect` | A disconnect during a refresh stays, and the late token is revoked. |
//! | `reconnect` | An old leader never touches a grant that was made anew, whether it brings tokens, a refusal or a delay, even of another account, and revokes nothing of what may be the same family. |
//! | `crash` | A process killed before, during or after its request costs at most one more request. Only where the provider had rotated and nothing was stored can a grant end: it goes on where the token before still works, and says `lost_response` where reuse is punished. |
//! | `lost` | A lost answer is asked for once more, by the process that lost it alone. A busy provider is asked once by all processes together, and the grant stays. |
//! | `outage` | What came while the database was away, or frozen, is stored when it is back, and nothing is asked for again. |
//! | `revocation` | A process killed between its disconnect and the revocation, or before the answer to it, leaves the rest to another one. |
//! | `stop` | A process that is told to stop stores what it was refreshing, even behind an answer. |
//! | `connect` | A way back works once at however many processes; a disconnect while a code is exchanged stays. |
//! | `register` | First sign-ins at the same moment register once at the issuer and all work, as one client; so does a client that the issuer forgot. A process killed over it costs one more registration. One that fails is told to all who waited, and not tried by each of them. |
//! | `start` | Processes that start at the same moment on an empty database all serve. |
//!
//! Processes end with this one, even when it is killed (`stage::Process`).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests of routes, which use more of it")]
mod support;

/// Makes tests of these races, on each kind of database.
macro_rules! races {
    ($($race:ident,)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $race() {
                super::$race(crate::stage::Kind::Sqlite).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $race() {
                super::$race(crate::stage::Kind::Postgres).await;
            })+
        }
    };
}

/// The same behind a pooler in transaction mode, for races whose every step may come to another connection.
macro_rules! pooled_races {
    ($($race:ident,)+) => {
        mod pooled {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $race() {
                super::$race(crate::stage::Kind::Pooled).await;
            })+
        }
    };
}

mod connect;
mod crash;
mod disconnect;
mod herd;
mod late;
mod lost;
mod outage;
mod reconnect;
mod refused;
mod register;
mod revocation;
mod stage;
mod start;
mod stop;
