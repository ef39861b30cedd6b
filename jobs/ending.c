#include "ending.h"

#include "base/log.h"
#include "recordings/account.h"
#include "recordings/queue.h"
#include "recordings/step.h"
#include "tally.h"
#include "twilio/media.h"

enum { NOT_READY_DELAY_MS = 5000, AFTER_OTHERS_MS = 1000 };

static void release_slot(const struct app *app, const struct run *run, const char *event,
                         const char *code)
{
    struct queue_place place = {0};
    enum result result = queue_release(app, run->business_id, run->call_sid, run->token, &place);
    log_event(event, "business_id=%lld sid=%s active=%lld/%lld%s%s%s", (long long)run->business_id,
              run->call_sid, (long long)place.active, (long long)app->config->slots_per_business,
              code != NULL ? " reason=" : "", code != NULL ? code : "",
              result == RESULT_UNAVAILABLE ? " redis=unavailable" : "");
    tally_end(app, event, code);
}

/* What changed no row did not happen: somebody else has the run. */
static void release_ended(const struct app *app, const struct run *run, enum result written,
                          const char *event, const char *code)
{
    bool ours = written == RESULT_OK;
    release_slot(app, run, ours ? event : "RECORDING_LOST", ours ? code : "lease");
}

static int64_t retry_delay(const struct config *config, int64_t attempts)
{
    size_t last = config->retry_delays.count - 1;
    size_t index = attempts < (int64_t)last ? (size_t)attempts : last;
    return config->retry_delays.items[index];
}

static int64_t try_later(const struct app *app, const struct run *run, int64_t delay_ms,
                         bool counts, const struct run_reason *reason)
{
    enum result result = run_retry(app, run, delay_ms, counts, reason);
    if (result == RESULT_UNAVAILABLE) {
        return ENDING_BLOCKED;
    }
    release_ended(app, run, result, "RECORDING_RETRY", reason->code);
    return result == RESULT_OK ? delay_ms : ENDING_FINAL;
}

static int64_t fail(const struct app *app, const struct run *run, const struct run_reason *reason)
{
    enum result result = run_fail(app, run, reason);
    if (result == RESULT_UNAVAILABLE) {
        return ENDING_BLOCKED;
    }
    release_ended(app, run, result, "RECORDING_FAILED", reason->code);
    return ENDING_FINAL;
}

static int64_t fail_attempt(const struct app *app, const struct run *run,
                            const struct run_reason *reason)
{
    if (run->attempts + 1 >= app->config->run_attempts) {
        return fail(app, run, reason);
    }
    return try_later(app, run, retry_delay(app->config, run->attempts), true, reason);
}

/* ---- the account's part ---- */

/* The account's SID as a string, "" when the run has no address of Twilio's. */
static const char *account_of(const struct run *run, struct media_ref *ref)
{
    return media_parse(run->recording_url, ref) == RESULT_OK ? ref->account_sid : "";
}

/* Whoever met the fault comes after the others: one recording that always fails must not be the
 * probe each time. */
static int64_t pause_account(const struct app *app, const struct run *run,
                             const struct transfer_end *end)
{
    struct media_ref ref;
    int64_t pause_ms = 0;
    const char *account = account_of(run, &ref);
    int64_t blamed = end->outcome == TRANSFER_SHUT_OUT ? 0 : run->id;
    switch (account_fault(app, account, blamed, end->reason.code, end->reason.text,
                          end->retry_after_ms, &pause_ms)) {
    case RESULT_OK:
        log_event("ACCOUNT_PAUSED", "account=%s reason=%s pause_ms=%lld", account, end->reason.code,
                  (long long)pause_ms);
        return try_later(app, run, pause_ms + AFTER_OTHERS_MS, false, &end->reason);
    case RESULT_UNAVAILABLE: return ENDING_BLOCKED;
    default:
        (void)account_probe_over(app, account, run->admitted_us);
        return fail_attempt(app, run, &end->reason);
    }
}

int64_t ending_unless_admitted(const struct app *app, struct run *run)
{
    static const struct run_reason PAUSED = {"account_paused",
                                             "The provider's account rests after a fault."};
    struct media_ref ref;
    int64_t wait_ms;
    const char *account = account_of(run, &ref);
    if (account[0] == '\0' ||
        account_admit(app, account, &wait_ms, &run->admitted_us) != RESULT_DENIED) {
        return ENDING_ADMITTED;
    }
    int64_t delay_ms = try_later(app, run, wait_ms, false, &PAUSED);
    return delay_ms == ENDING_BLOCKED ? ENDING_ADMITTED : delay_ms;
}

/* Whatever a transfer found out, it is no probe any more: one that ends without a word about the
 * account must not keep the others waiting. */
static void note_account(const struct app *app, const struct run *run, bool worked)
{
    struct media_ref ref;
    const char *account = account_of(run, &ref);
    if (account[0] != '\0') {
        (void)(worked ? account_worked(app, account, run->admitted_us)
                      : account_probe_over(app, account, run->admitted_us));
    }
}

/* ---- each outcome ---- */

/* Commits a sealed run; what a full one is followed by begins with the same commit. */
static bool commit_sealed(const struct app *app, const struct run *run)
{
    if (step_begin_after(app, run->id) != RESULT_OK) {
        run_seal_abort(app);
        return false;
    }
    return run_seal_commit(app) == RESULT_OK;
}

/* The row is sealed first, under a lock that keeps every other runner out; then the file gets its
 * name; then the row is committed. Dying in between leaves a run that is rescued, and finds the
 * file here. */
static int64_t store(const struct app *app, const struct run *run, const struct transfer_end *end,
                     struct file_part *part)
{
    static const struct run_reason DISK = {"disk_error", "The recording could not be written."};
    enum result result = run_seal(app, run, end->format, end->bytes);
    if (result == RESULT_UNAVAILABLE) {
        return ENDING_BLOCKED;
    }
    if (result != RESULT_OK) {
        file_part_drop(part);
        release_slot(app, run, "RECORDING_LOST", "lease");
        return ENDING_FINAL;
    }
    if (file_part_finish(part, end->kind) != RESULT_OK) {
        run_seal_abort(app);
        return fail_attempt(app, run, &DISK);
    }
    bool sealed = commit_sealed(app, run);
    tally_bytes(app, end->bytes);
    release_slot(app, run, "RECORDING_DONE", sealed ? NULL : "unsealed");
    return ENDING_FINAL;
}

static int64_t cancel(const struct app *app, const struct run *run, struct file_part *part)
{
    if (run_end_cancelled(app, run) == RESULT_UNAVAILABLE) {
        return ENDING_BLOCKED;
    }
    file_part_drop(part);
    release_slot(app, run, "RECORDING_CANCELLED", NULL);
    return ENDING_FINAL;
}

int64_t ending_write(const struct app *app, const struct run *run, const struct transfer_end *end,
                     struct file_part *part)
{
    switch (end->outcome) {
    case TRANSFER_STORABLE: note_account(app, run, true); return store(app, run, end, part);
    case TRANSFER_REFUSED: note_account(app, run, true); return fail(app, run, &end->reason);
    case TRANSFER_NOT_READY:
        note_account(app, run, true);
        return try_later(app, run, NOT_READY_DELAY_MS, false, &end->reason);
    case TRANSFER_SHUT_OUT:
    case TRANSFER_ACCOUNT: return pause_account(app, run, end);
    case TRANSFER_CANCELLED: note_account(app, run, false); return cancel(app, run, part);
    case TRANSFER_STOPPED:
        note_account(app, run, false);
        ending_hand_back(app, run);
        return ENDING_FINAL;
    case TRANSFER_LOCKED:
    case TRANSFER_FAILED: note_account(app, run, end->answered); break;
    }
    return fail_attempt(app, run, &end->reason);
}

void ending_hand_back(const struct app *app, const struct run *run)
{
    static const struct run_reason REASON = {"handed_back", "The runner stopped; it goes on."};
    (void)run_retry(app, run, 0, false, &REASON);
    (void)queue_return(app, run->business_id, run->call_sid, run->token);
    log_event("RECORDING_RETURNED", "business_id=%lld sid=%s", (long long)run->business_id,
              run->call_sid);
}

void ending_already_here(const struct app *app, const struct run *run,
                         const struct file_facts *file)
{
    enum result sealed = run_seal(app, run, audio_extension(file->kind), file->size);
    bool committed = sealed == RESULT_OK && commit_sealed(app, run);
    release_ended(app, run, sealed, "RECORDING_DONE", committed ? NULL : "unsealed");
}
