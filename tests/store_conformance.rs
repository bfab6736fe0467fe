//! Every promise of `trait Store`, each its own case, stamped over every engine.
//!
//! An engine gives `Engine::open` over a place of its own; opening again after the store was closed, or only dropped,
//! finds what was there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/postgres.rs"]
mod postgres;
#[path = "store/replicas.rs"]
mod replicas;
mod store;
#[path = "store/tls.rs"]
mod tls;

use std::{sync::Arc, time::Duration};

use homeward::store::{
    Store,
    postgres::{PostgresStore, Settings},
    sled::SledStore,
};
use store::Engine;

/// Stamps every case over one engine.
macro_rules! conformance {
    ($engine:ident: $($group:ident { $($case:ident),+ $(,)? })+) => {
        $(mod $group {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::store::$group::$case(&<crate::$engine as Default>::default()).await;
            })+
        })+
    };
}

/// The cases, in one place for all engines.
macro_rules! every_case {
    ($engine:ident) => {
        conformance! { $engine:
            once {
                the_first_answer_comes_again,
                twins_in_one_batch_are_one,
                the_first_answer_survives_a_close_and_a_crash,
                another_body_is_refused,
                another_caller_or_method_is_another_request,
                a_pull_again_gives_the_same_leases,
                an_empty_pull_stays_empty,
                twin_pulls_and_twin_settlements_are_one,
                a_settlement_again_gives_the_same_delivery,
                a_refusal_is_not_kept,
                answers_are_forgotten_when_their_time_is_over,
            }
            lease {
                a_lease_is_given_with_everything,
                a_session_has_its_live_leases_again_and_no_others,
                a_queue_says_from_when_on_a_pull_finds_something,
                an_expired_lease_does_nothing,
                a_superseded_lease_does_nothing,
                another_holder_can_do_nothing,
                another_queue_finds_nothing,
                expiry_counts_a_failure_and_handing_back_does_not,
                a_lease_lives_until_its_last_moment,
                a_delayed_release_is_not_offered_early,
                an_extended_lease_lives_longer,
                a_completed_delivery_is_settled_for_good,
                a_held_leg_is_sent_on_with_the_next_number,
                only_a_held_leg_can_be_resolved,
                the_first_opening_is_the_acknowledgement,
                no_delivery_has_two_live_leases,
                many_leases_expire_at_once,
                the_leases_of_one_holder_end_and_no_others,
                the_leases_of_a_holder_end_in_one_queue_and_in_no_other,
                pulling_what_was_accepted_a_moment_ago,
            }
            asked {
                a_question_and_its_answer_are_told_to_the_sender_and_stay_with_the_delivery,
                every_question_keeps_a_place_for_its_answer,
                a_question_goes_along_with_a_transfer_and_is_answered_there,
                a_question_goes_along_out_of_hold_and_is_answered_there,
            }
            handed {
                what_is_handed_over_waits_for_the_colleague_alone,
                what_nobody_takes_goes_back_without_a_failure,
                back_to_the_queue_it_is_anybodys,
                what_is_not_taken_is_taken_back_by_who_gave_it_or_who_supervises,
            }
            offers {
                what_is_offered_stays_until_it_is_accepted_and_then_goes_on_there_alone,
                what_is_refused_comes_back_and_is_escalated,
                what_nobody_answers_lapses_once_and_what_was_answered_does_not,
                whoever_decides_about_it_or_takes_it_back_ends_the_offer,
                what_fails_too_often_while_it_is_offered_is_offered_no_longer,
                nothing_is_given_to_anybody_as_it_was_known_before_somebody_was_accused,
            }
            retracted {
                what_nobody_has_read_is_closed_and_whoever_has_is_told,
                a_correction_never_overtakes_what_it_corrects,
                a_notice_that_nobody_has_acknowledged_is_followed_by_the_next,
                a_notice_is_late_like_any_other_and_nothing_buries_it,
                whoever_retracts_twice_is_told_so_and_the_first_answer_comes_again,
                in_the_queue_of_whom_a_correction_accuses_all_of_it_ends_and_nobody_is_told,
                what_whom_a_correction_accuses_holds_waits_for_a_colleague_and_is_passed_over_by_them,
                what_was_recalled_is_neither_offered_nor_sent_on_nor_disclosed,
                marks_take_the_place_of_no_step,
                what_only_adds_closes_nothing_that_nobody_has_read,
                what_was_corrected_bears_its_mark_wherever_it_goes_and_one_notice_goes_along,
            }
            order {
                class_then_deadline_then_age,
                an_acknowledged_delivery_waits_by_its_decision,
                pages_show_every_live_delivery_once_in_order,
                counts_are_of_what_is_there,
                counts_follow_every_change,
            }
            pages {
                what_is_to_be_paged_waits_in_the_outbox_also_after_a_crash,
                an_attempt_is_noted_once_whoever_made_it,
                who_answers_ends_the_page_and_who_only_takes_it_does_not,
                an_escalation_pages_anew_and_so_does_what_is_sent_on,
                every_queue_has_its_turn_and_the_most_urgent_of_each_is_first,
            }
            prompts {
                it_is_kept_once_and_listed_by_every_queue_that_shows_it,
                it_is_marked_for_all_and_nobody_overwrites_another,
                what_is_late_is_told_of_once,
                many_are_told_of_at_once,
                completing_ends_no_prompt_and_an_open_one_keeps_its_record,
                it_goes_with_the_delivery_to_whoever_has_that,
                a_recall_ends_it_and_a_correction_goes_on_with_it,
                what_the_accused_said_of_it_does_not_go_on_with_the_correction,
            }
            ledger {
                indices_have_no_gap_and_the_root_is_that_of_the_entries,
                every_claim_is_proven_whatever_the_size_and_no_false_one,
                entries_come_back_as_hashed,
                what_is_refused_writes_nothing,
                an_expiry_is_in_the_ledger,
                the_ledger_goes_on_after_opening_again,
            }
            finished {
                what_is_finished_is_found_a_page_at_a_time_in_order,
                a_question_that_nobody_has_answered_ends_with_its_delivery,
                nothing_that_is_open_is_erased_and_notes_go_with_the_keys,
            }
            feedback {
                who_opened_what_is_kept_and_told_once,
                no_more_readings_are_kept_than_a_record_can_carry,
                the_receipt_chain_of_a_submission,
                only_the_first_pull_and_opening_are_told,
                going_on_from_an_index_misses_nothing,
                a_linked_record_tells_the_same_organisation,
                records_are_listed_newest_first_in_pages,
                linked_records_are_found_but_not_listed,
            }
            grading {
                a_second_grade_is_the_next_version_and_the_first_stays,
                a_grade_confirmed_again_answers_as_the_first_time,
                only_a_live_lease_on_a_delivery_that_carries_the_item_grades,
                a_linked_record_shows_it_and_the_event_is_told_once,
                an_item_is_graded_twenty_times_and_no_more,
            }
            shelf {
                a_document_comes_back_with_its_version_also_after_opening_again,
                another_version_is_a_conflict_and_nothing_changes,
                of_many_who_saw_the_same_version_one_succeeds,
                an_amendment_again_answers_as_the_first_time,
                what_relies_on_a_version_that_is_gone_is_a_conflict,
                records_are_counted_by_what_they_are_wrapped_under_and_a_scan_agrees,
                what_is_not_settled_is_found_wherever_it_waits_a_page_at_a_time,
                bookkeeping_needs_no_entry_and_no_request,
                shelves_are_paged_in_order_and_apart,
            }
            evening {
                everything_at_random_agrees_with_a_plain_model,
            }
            whole {
                a_record_comes_back_as_it_was,
                sealed_values_of_every_size_come_back,
                nothing_unknown_is_found,
                an_acceptance_without_record_or_entry_is_refused,
                a_record_id_is_never_used_twice,
                waiting_commands_share_a_commit,
                changes_are_announced,
                after_closing_every_call_is_unavailable,
            }
        }
    };
}

/// The embedded engine in a directory of its own.
struct Sled(tempfile::TempDir);

impl Default for Sled {
    fn default() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Engine for Sled {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(SledStore::open(self.0.path()).unwrap())
    }
}

mod sled {
    every_case!(Sled);
}

/// PostgreSQL, one database a case.
struct Postgres(Settings);

impl Default for Postgres {
    fn default() -> Self {
        Self(Settings {
            url: postgres::database(),
            password: None,
            tls: None,
            readers: 4,
            statement: Duration::from_secs(10),
        })
    }
}

impl Engine for Postgres {
    fn open(&self) -> Arc<dyn Store> {
        let opening = PostgresStore::open(&self.0);
        Arc::new(tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(opening)).unwrap())
    }
}

mod postgresql {
    every_case!(Postgres);
}
