//! Every duration that matters, in one place.

use chrono::TimeDelta;

/// How long a person has to finish a sign-in at the provider.
pub const FLOW_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// How long one of our own sign-in attempts may take.
pub const SIGN_IN_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// How long a person stays signed in to our own session.
pub const SESSION_LIFETIME: TimeDelta = TimeDelta::hours(12);
/// How long a job may ask for tokens when the submission does not say.
pub const JOB_LIFETIME: TimeDelta = TimeDelta::hours(24);
/// How long one process may hold the right to refresh a grant.
pub const LEASE: TimeDelta = TimeDelta::seconds(30);
/// How long after a lease's end nobody takes it over: its holder's last request may still be under way.
pub const LEASE_GRACE: TimeDelta = TimeDelta::seconds(5);
/// One outbound request, whole.
pub const OUTBOUND_REQUEST: std::time::Duration = std::time::Duration::from_secs(10);
/// Reaching the other side of an outbound request.
pub const OUTBOUND_CONNECT: std::time::Duration = std::time::Duration::from_secs(4);
/// How long after its lease was taken a refresh may still be sent.
pub const LATE_SENDER: TimeDelta = TimeDelta::seconds(5);
/// How long one process may hold the right to register at an issuer: [`LATE_SENDER`], [`OUTBOUND_REQUEST`], and
/// five seconds for storing what came. Only then is it taken for dead.
pub const REGISTERING: TimeDelta = TimeDelta::seconds(20);
/// How long a sign-in waits for a registration that another process makes: longer than one that died keeps others away.
pub const REGISTERING_WAIT: std::time::Duration = std::time::Duration::from_secs(25);
/// How soon, and how often in the end, it looks.
pub const REGISTERING_POLL: (std::time::Duration, std::time::Duration) =
    (std::time::Duration::from_millis(50), std::time::Duration::from_millis(500));
/// One refresh at the provider, whole: a lost answer is asked for once more within it.
pub const REFRESH_REQUEST: std::time::Duration = std::time::Duration::from_secs(10);
/// How long the first answer is waited for, so that there is time for the second.
pub const REFRESH_FIRST_ANSWER: std::time::Duration = std::time::Duration::from_secs(7);
/// How long a resolver waits for a refresh, its own or somebody else's.
pub const REFRESH_WAIT: std::time::Duration = std::time::Duration::from_secs(12);
/// How soon, and how often in the end, a process looks whether another process has refreshed.
pub const REFRESH_POLL: (std::time::Duration, std::time::Duration) =
    (std::time::Duration::from_millis(100), std::time::Duration::from_millis(500));
/// How long at most a refresh behind an answer is put off, so that replicas do not all begin it.
pub const REFRESH_BEHIND: std::time::Duration = std::time::Duration::from_secs(1);
/// Shortest and longest pause after a refresh that did not work, where the provider does not say.
pub const REFRESH_RETRY: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::seconds(60));
/// The longest pause that a provider can wish for one grant.
pub const LONGEST_WISH: TimeDelta = TimeDelta::hours(1);
/// The longest time that all grants of an issuer wait because of one answer.
pub const LONGEST_REST: TimeDelta = TimeDelta::seconds(60);
/// How often a database that is away is offered the tokens that only this process has.
pub const KEEP_TRYING: std::time::Duration = std::time::Duration::from_millis(500);
/// How long an answer at most waits for one that others of the same question wait for, and that was begun before it.
pub const LOOK_BEFORE: std::time::Duration = std::time::Duration::from_millis(500);
/// How long a token that was refreshed because its server refused the one before counts as just issued.
pub const FORCED_REFRESH: TimeDelta = TimeDelta::seconds(60);
/// How long a grant is left alone whose server refuses tokens that were just issued: the first time, the second, …
/// From the fourth on it is longer than a job waits.
pub const REJECTED_PAUSES: [TimeDelta; 4] =
    [TimeDelta::minutes(1), TimeDelta::minutes(5), TimeDelta::minutes(15), TimeDelta::hours(1)];
/// A refusal this long after such a pause is a first one again.
pub const REJECTED_AGAIN: TimeDelta = TimeDelta::minutes(5);
/// A token that a worker gets should live at least this long, if it says nothing.
pub const MIN_TTL: TimeDelta = TimeDelta::seconds(30);
/// How long discovered metadata is believed without asking again.
pub const METADATA_LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// First and longest pause between attempts to reach a provider that does not answer.
pub const DISCOVERY_RETRY: (std::time::Duration, std::time::Duration) =
    (std::time::Duration::from_secs(1), std::time::Duration::from_secs(15));
/// How long a clean stop waits for requests under way.
pub const SHUTDOWN: std::time::Duration = std::time::Duration::from_secs(5);
/// One request to the research service. Its first job on a cold worker takes seconds to be accepted.
pub const RESEARCH_REQUEST: std::time::Duration = std::time::Duration::from_mins(1);
/// How long `/health` waits for the research service.
pub const RESEARCH_GLANCE: std::time::Duration = std::time::Duration::from_secs(1);
/// How long a start waits for a database that does not answer yet, and how long between two attempts.
pub const DATABASE_START: std::time::Duration = std::time::Duration::from_secs(30);
/// See [`DATABASE_START`].
pub const DATABASE_START_AGAIN: std::time::Duration = std::time::Duration::from_secs(1);
/// Reaching a database and being let in.
pub const DATABASE_CONNECT: std::time::Duration = std::time::Duration::from_secs(5);
/// How long a request waits for a connection to the database: less than whoever asked us waits.
pub const DATABASE_WAIT: std::time::Duration = std::time::Duration::from_secs(5);
/// A connection to the database that was used this recently is taken to be alive.
pub const DATABASE_FRESH: std::time::Duration = std::time::Duration::from_millis(20);
/// The longest that a connection to the database is used: what its process of the server has gathered is given back then.
pub const DATABASE_CONNECTION: std::time::Duration = std::time::Duration::from_mins(30);
/// How often a store that is closed looks whether its connections were given back.
pub const DATABASE_CLOSE_LOOK: std::time::Duration = std::time::Duration::from_millis(5);
/// How long after a connection broke while it was made the next one is tried.
pub const DATABASE_AGAIN: std::time::Duration = std::time::Duration::from_millis(100);
/// One answer of the database. It gives a statement up by itself a second before, so this is for one that says nothing.
pub const DATABASE_ANSWER: std::time::Duration = std::time::Duration::from_secs(10);
/// Everything that a new version changes in a schema.
pub const DATABASE_MIGRATION: std::time::Duration = std::time::Duration::from_mins(11);
/// How long `/health` waits for the database.
pub const DATABASE_GLANCE: std::time::Duration = std::time::Duration::from_secs(2);
/// How often the way to a sign-in that works is looked at again: just after what is known of it gets old.
pub const DISCOVERY_AGAIN: std::time::Duration = std::time::Duration::from_secs(310);
/// How long the keys of the issuer of AIQ's people are believed without asking again.
pub const ISSUER_KEYS_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// How soon they are asked for again at the earliest, whatever keys tokens name.
pub const ISSUER_KEYS_AGAIN: TimeDelta = TimeDelta::seconds(30);
/// How soon after a failure.
pub const ISSUER_KEYS_RETRY: TimeDelta = TimeDelta::seconds(5);
/// How long somebody whose key is known waits for newer ones.
pub const ISSUER_KEYS_PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);
/// How long the last good ones are used while the issuer is away: a key that leaked must not be good for ever.
pub const ISSUER_KEYS_LAST_GOOD: TimeDelta = TimeDelta::hours(24);
/// How far the clocks of those who sign tokens may differ from ours.
pub const CLOCK_LEEWAY: TimeDelta = TimeDelta::seconds(60);
/// How long before its job's time is over a wait for its owner ends: what is left is for going on without.
pub const WAIT_MARGIN: TimeDelta = TimeDelta::seconds(60);
/// How long a job waits for its owner, and how much longer once more, unless configured.
pub const JOB_WAIT: TimeDelta = TimeDelta::minutes(15);
/// How long an answer to a worker may wait for a person.
pub const LONG_POLL: std::time::Duration = std::time::Duration::from_secs(25);
/// How often a waiting answer looks whether another process changed something; this process's changes are told.
pub const WAIT_POLL: std::time::Duration = std::time::Duration::from_millis(500);
/// How often waits whose time is over are looked for.
pub const WAIT_SWEEP: std::time::Duration = std::time::Duration::from_secs(1);
/// How often a job's stream looks whether another process told something; told to clients in `stream.mode`.
pub const STREAM_POLL: std::time::Duration = std::time::Duration::from_millis(500);
/// After how much silence a stream says that it lives.
pub const STREAM_KEEPALIVE: std::time::Duration = std::time::Duration::from_secs(15);
/// Shortest and longest pause between questions to the research service for one job with open streams: the longest
/// while it does not answer.
pub const RESEARCH_POLL: (std::time::Duration, std::time::Duration) =
    (std::time::Duration::from_secs(1), std::time::Duration::from_secs(10));
/// First and longest pause between attempts to have a provider end tokens.
pub const REVOCATION_RETRY: (TimeDelta, TimeDelta) = (TimeDelta::seconds(30), TimeDelta::hours(1));
/// How long that is tried.
pub const REVOCATION_LIFETIME: TimeDelta = TimeDelta::days(7);
/// How long one process has for one attempt: metadata and two requests, with room to spare.
pub const REVOCATION_CLAIM: TimeDelta = TimeDelta::minutes(2);
/// How often the queue is looked at.
pub const REVOCATION_POLL: std::time::Duration = std::time::Duration::from_secs(5);
/// How often old rows are looked for.
pub const RETENTION_SWEEP: std::time::Duration = std::time::Duration::from_mins(10);
/// How soon after a failure.
pub const RETENTION_RETRY: std::time::Duration = std::time::Duration::from_mins(1);
/// The pause between two batches of old rows, so that others get their turn.
pub const RETENTION_BREATH: std::time::Duration = std::time::Duration::from_millis(50);
/// How long sign-ins at providers that ended are kept, unless configured.
pub const KEEP_FLOWS: TimeDelta = TimeDelta::days(7);
/// How long jobs are kept after their time is over, with what their streams told, unless configured.
pub const KEEP_JOBS: TimeDelta = TimeDelta::days(30);
/// How long audit records are kept, unless configured.
pub const KEEP_AUDIT: TimeDelta = TimeDelta::days(400);
/// How long the names of grants that ended are kept, so that a row that somebody kept is not put back. It has to be longer
/// than what such a row holds can be used: a provider may not have been able to end its refresh token, and those that
/// nobody uses live for months at most providers.
pub const KEEP_ENDED_GRANTS: TimeDelta = TimeDelta::days(400);
/// How long it is known that a registration did not work, or broke off: longer than anybody waits for one.
pub const KEEP_REGISTERING: TimeDelta = TimeDelta::minutes(1);
/// The pause between attempts to write audit records while the database is away.
pub const AUDIT_RETRY: std::time::Duration = std::time::Duration::from_secs(1);
/// How often the serials of people who listen are looked at while the database tells of no change by itself.
pub const CHANGES_POLL: std::time::Duration = std::time::Duration::from_millis(500);
/// The same while it does: what was told may have been lost.
pub const CHANGES_GLANCE: std::time::Duration = std::time::Duration::from_secs(10);
/// What the database is asked to tell has to arrive within this.
pub const ECHO: std::time::Duration = std::time::Duration::from_secs(2);
/// After how much silence it is asked to tell something, so that a dead connection is noticed.
pub const ECHO_AGAIN: std::time::Duration = std::time::Duration::from_secs(30);
/// First and longest pause between attempts to hear the database.
pub const HEAR_RETRY: (std::time::Duration, std::time::Duration) =
    (std::time::Duration::from_secs(1), std::time::Duration::from_mins(1));
/// How soon it is tried again where nothing arrived.
pub const HEAR_DEAF: std::time::Duration = std::time::Duration::from_mins(5);
/// The panel's stream looks at the listing at most this often.
pub const EVENTS_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);
/// The same after the listing could not be read.
pub const EVENTS_AGAIN: std::time::Duration = std::time::Duration::from_secs(2);
/// Shortest pause before a browser opens a stream of news anew, and how much longer it may be: a thousand must not come
/// at once.
pub const EVENTS_RETRY: (std::time::Duration, std::time::Duration) =
    (std::time::Duration::from_secs(1), std::time::Duration::from_secs(3));
/// How long a process takes for granted that somebody it has met is still remembered.
pub const ACQUAINTANCE: std::time::Duration = std::time::Duration::from_mins(1);
/// How often a process says which keys it holds, and looks which key seals. It looks before it seals, too.
pub const KEY_LOOK: std::time::Duration = std::time::Duration::from_secs(3);
/// How long after it was last seen a process counts as one that serves.
pub const REPLICA_LIFETIME: TimeDelta = TimeDelta::seconds(15);
/// How long a key rests between being retired and being removed: whoever took it to seal an answer has written it by then.
pub const KEY_REST: TimeDelta = TimeDelta::minutes(2);
