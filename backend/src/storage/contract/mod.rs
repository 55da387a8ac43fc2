//! What every store has to keep, whichever database is behind it. Each case is a sentence; [`contract_cases`] is the
//! list, from which a database's tests make one test per case.

pub(super) mod audit;
pub(super) mod changes;
pub(super) mod fixtures;
pub(super) mod flow_ends;
pub(super) mod flows;
pub(super) mod grants;
pub(super) mod jobs;
pub(super) mod keys;
pub(super) mod leases;
pub(super) mod queue;
pub(super) mod races;
pub(super) mod refreshes;
pub(super) mod register;
pub(super) mod registrations;
pub(super) mod restart;
pub(super) mod retention;
pub(super) mod revocations;
pub(super) mod rows;
pub(super) mod sessions;
pub(super) mod wait_ends;
pub(super) mod waits;

use super::{Ageing, Store};

/// A database made for one case. Opening it twice is what two processes, or a restart, do.
pub(super) trait Database {
    type Store: Store + Ageing + Clone + 'static;

    async fn open(&self) -> Self::Store;

    /// Changes every row of a table past all rules of ours: `what` as SQL writes it after `SET`.
    async fn tamper(&self, table: &str, what: &str);

    /// Runs a statement past all rules of ours, with `{}` where the name of a schema stands before a table.
    async fn write(&self, statement: &str);

    /// Ends all connections of a store.
    async fn close(&self, store: &Self::Store);
}

/// Calls a macro with every case. A case that is missing here is dead code, which the lints refuse.
macro_rules! contract_cases {
    ($tests:ident) => {
        $tests! {
            grants::a_grant_reads_back_as_it_was_stored,
            grants::the_database_computes_when_a_token_ends,
            grants::a_token_without_a_known_end_has_none,
            grants::another_person_or_server_finds_nothing,
            grants::a_listing_holds_all_of_one_person_and_nothing_of_others,
            grants::a_listing_of_nobody_still_tells_the_time,
            grants::a_listing_shows_open_flows_newest_first_and_no_others,
            grants::disconnecting_forgets_one_key_and_returns_what_was_there,
            grants::disconnecting_cancels_every_open_flow_of_the_key_and_no_other,
            leases::only_one_of_twenty_takes_the_lease,
            leases::a_lease_holds_until_its_end_and_grace_then_it_is_taken_over,
            leases::a_lease_on_another_version_or_grant_is_refused,
            leases::only_the_living_lease_may_send,
            leases::the_doubt_outlives_a_release_and_a_take_over_but_not_an_answer,
            leases::only_the_holder_releases,
            leases::a_rotation_is_the_next_version_and_ends_lease_doubt_and_fault,
            leases::an_answer_to_a_former_holder_counts,
            leases::an_answer_to_an_older_version_is_a_conflict,
            leases::of_twenty_answers_to_one_version_one_is_stored,
            leases::a_fault_is_recorded_for_the_stored_version_only,
            leases::a_refresh_overtaken_by_a_reconnect_changes_nothing,
            leases::a_refresh_overtaken_by_a_disconnect_brings_nothing_back,
            refreshes::a_refresh_that_did_not_work_is_not_tried_before_its_time,
            refreshes::what_a_lease_tells_of_earlier_attempts,
            refreshes::only_the_holder_postpones,
            refreshes::an_issuer_that_rests_is_asked_for_nobody,
            refreshes::a_success_does_not_wake_an_issuer_that_wished_to_rest,
            refreshes::a_lease_tells_how_long_it_keeps_others_away,
            refreshes::when_a_refresh_was_forced_is_remembered,
            refreshes::refused_tokens_are_left_alone_for_longer_each_time,
            refreshes::a_refusal_long_after_the_last_is_a_first_one_again,
            refreshes::a_refused_grant_keeps_its_tokens_and_is_tried_again_after_a_while,
            refreshes::a_server_that_refuses_three_people_is_itself_to_blame,
            flows::an_announced_flow_waits_for_its_person_alone,
            flows::an_id_is_taken_once_by_whomever,
            flows::a_started_flow_reads_back_as_it_was_stored,
            flows::starting_again_kills_the_earlier_state,
            flows::nobody_starts_the_flow_of_another_person,
            flows::what_is_used_ended_or_past_its_end_cannot_be_started,
            flows::a_state_works_once_however_many_bring_it,
            flows::a_state_opens_only_its_own_flow,
            flows::a_state_past_its_end_does_not_work,
            flow_ends::completing_stores_the_grant_and_ends_the_flow,
            flow_ends::completing_needs_a_used_state,
            flow_ends::completing_for_another_person_or_server_stores_nothing,
            flow_ends::an_exchange_that_ends_late_still_counts,
            flow_ends::a_reconnect_replaces_the_grant_under_a_new_name,
            flow_ends::disconnecting_beats_an_exchange_under_way,
            flow_ends::cancelling_beats_an_exchange_under_way,
            flow_ends::a_flow_ends_once_and_keeps_its_reason,
            flow_ends::a_flow_that_nobody_finished_in_time_cannot_be_ended_but_an_exchange_can,
            flow_ends::a_flow_cannot_be_ended_as_if_it_went_on,
            registrations::a_registration_reads_back_as_it_was_stored,
            registrations::the_first_registration_of_an_issuer_and_address_stays,
            registrations::forgetting_names_the_client_so_that_a_newer_one_stays,
            registrations::twenty_at_once_agree_on_one_registration,
            registrations::one_of_twenty_registers,
            registrations::whoever_registers_holds_the_lease_to_its_end_and_then_it_is_taken_over,
            registrations::a_registration_that_failed_is_told_and_the_next_attempt_may_begin_at_once,
            registrations::a_lease_to_register_that_is_given_back_leaves_nothing_behind,
            registrations::where_a_registration_is_kept_nobody_registers,
            registrations::what_became_of_a_registration_goes_when_nobody_can_wait_for_it_any_more,
            jobs::a_job_reads_back_as_it_was_stored,
            jobs::a_job_lives_until_it_is_ended,
            jobs::a_job_lives_until_its_time_is_over,
            jobs::a_job_finds_the_grant_of_its_owner_and_of_nobody_else,
            jobs::a_job_id_is_taken_once,
            jobs::a_job_of_somebody_unknown_is_refused,
            jobs::only_living_jobs_that_may_use_the_server_are_counted,
            keys::of_twenty_that_start_at_once_one_names_the_active_key,
            keys::activating_a_key_retires_the_one_before,
            keys::a_key_is_removed_when_it_has_rested_and_nothing_needs_it,
            keys::a_key_that_is_lost_is_removed_although_something_needs_it,
            keys::rows_are_counted_by_every_key_that_they_need,
            keys::a_walk_finds_what_is_sealed_otherwise_page_by_page,
            keys::resealing_replaces_exactly_what_was_read_or_nothing,
            keys::a_refresh_that_overlaps_a_resealing_is_stored,
            keys::a_process_counts_as_long_as_it_says_so,
            waits::a_wait_opens_once_and_is_told_once_however_many_ask,
            waits::a_wait_lasts_as_long_as_configured_and_ends_before_its_job,
            waits::no_more_jobs_wait_than_may_however_many_ask_at_once,
            waits::a_job_that_waits_for_two_servers_takes_one_place,
            waits::what_nobody_can_help_with_opens_no_wait,
            waits::a_wait_for_another_reason_is_the_same_wait_and_a_new_one_after_its_end,
            waits::a_job_that_is_over_waits_for_nobody_and_takes_no_place,
            waits::events_are_read_by_job_after_any_of_them_and_oldest_first,
            wait_ends::a_deadline_ends_a_wait_whoever_notices_and_is_told_once,
            wait_ends::the_owner_goes_on_without_a_server_whatever_its_next_trouble,
            wait_ends::extending_makes_a_wait_longer_but_not_longer_than_its_job,
            wait_ends::a_token_ends_a_wait_and_a_second_loss_is_told_anew,
            wait_ends::a_token_that_the_server_refused_restores_nothing,
            wait_ends::connecting_ends_the_waits_of_one_person_for_one_server,
            wait_ends::a_disconnect_ends_waits_and_lets_no_living_job_wait,
            wait_ends::a_usable_token_is_news_to_jobs_that_missed_it_only,
            races::a_callback_and_a_disconnect_at_once_leave_no_grant,
            races::callbacks_at_once_leave_the_grant_of_one_of_them,
            races::a_disconnect_takes_away_what_a_refresh_stored_last,
            races::sweepers_at_once_end_each_wait_once,
            races::a_stream_that_reads_on_meanwhile_misses_no_event,
            races::whatever_happens_to_one_person_at_once_none_of_it_fails,
            sessions::a_sign_in_is_taken_once_however_many_ask,
            sessions::a_sign_in_past_its_end_is_gone,
            sessions::a_session_is_found_by_its_cookie_alone,
            sessions::a_session_ends_by_itself,
            sessions::a_closed_session_is_gone_and_others_stay,
            sessions::signing_in_again_brings_the_profile_up_to_date,
            sessions::a_remembered_person_can_own_things_and_has_no_session,
            sessions::what_an_introduction_leaves_out_stays_as_it_was_known,
            sessions::equal_subjects_of_two_issuers_are_remembered_as_two,
            sessions::twenty_at_once_remember_one_person,
            audit::an_audit_record_reads_back_as_it_was_written,
            audit::an_audit_trail_without_records_still_tells_the_time,
            audit::what_was_appended_once_stays_whatever_is_appended_in_its_place,
            audit::records_are_filtered_and_the_newest_of_them_come_last,
            audit::a_page_goes_on_after_any_record_by_chain_and_number,
            audit::records_go_only_after_another_one_says_so_and_in_batches,
            audit::all_records_of_a_batch_are_stored_or_none,
            revocations::a_disconnect_queues_what_it_forgets_in_the_same_transaction,
            revocations::a_disconnect_of_nothing_still_cancels_a_sign_in_under_way,
            revocations::an_entry_is_taken_by_one_at_a_time_however_many_ask,
            revocations::who_queues_an_entry_with_a_pause_has_the_first_attempt,
            revocations::an_entry_comes_again_after_its_pause_and_only_the_last_attempt_sets_it,
            revocations::the_attempt_after_a_week_is_told_to_be_the_last,
            revocations::those_that_waited_longest_come_first,
            queue::an_entry_is_sealed_anew_over_exactly_what_was_read_taken_or_not,
            queue::entries_that_are_taken_while_they_are_sealed_anew_are_both,
            queue::an_entry_is_counted_by_every_key_that_it_needs_and_holds_it_back,
            register::everybodys_grants_are_listed_with_their_people_and_found_by_any_name,
            register::a_grant_in_quarantine_reads_as_none_and_is_refreshed_by_nobody,
            register::connecting_anew_replaces_a_grant_in_quarantine_and_a_disconnect_forgets_it,
            register::people_are_listed_with_what_they_have,
            register::forgetting_a_person_removes_all_that_is_theirs_and_nothing_of_others,
            register::a_sign_in_of_a_forgotten_person_brings_no_grant,
            retention::flows_go_when_they_are_old_however_they_ended,
            retention::sign_ins_and_sessions_go_when_they_are_over,
            retention::jobs_go_with_their_waits_and_events_after_their_time_and_not_before,
            retention::a_sweep_takes_no_more_than_it_is_told_oldest_first,
            retention::names_of_ended_grants_go_when_nothing_can_be_done_with_a_row_that_was_kept,
            changes::whatever_a_listing_shows_raises_the_serial_of_its_person,
            changes::a_lease_and_a_doubt_are_nobodys_news,
            changes::what_a_job_tells_raises_the_serial_of_its_owner,
            changes::signing_out_raises_the_serial,
            changes::whoever_writes_what_may_be_looked_at_raises_the_serial,
            changes::serials_are_read_for_those_who_are_asked_for,
            changes::whoever_sees_a_serial_sees_what_raised_it,
            changes::what_is_refused_raises_nothing,
            restart::everything_is_there_after_a_restart,
            rows::a_row_that_we_cannot_have_written_is_an_error_and_never_a_guess,
            rows::a_closed_store_says_that_the_database_does_not_answer,
            rows::a_name_with_a_zero_byte_is_found_nowhere,
            rows::a_person_with_a_zero_byte_in_their_name_can_connect,
        }
    };
}
pub(super) use contract_cases;
