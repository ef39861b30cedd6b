#include "ending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "runner_metrics.h"
#include "runs/account.h"
#include "runs/queue.h"
#include "twilio/media.h"

enum { NOT_READY_DELAY_MS = 5000, AFTER_OTHERS_MS = 1000 };

void ending_release(const struct app *app, const struct run *run, const char *event,
                    const char *code)
{
    struct queue_state state = {0};
    enum result result = queue_release(app, run->business_id, run->call_sid, run->token, &state);
    log_event(event, "business_id=%lld sid=%s active=%lld/%lld%s%s%s", (long long)run->business_id,
              run->call_sid, (long long)state.active, (long long)app->config->slots_per_business,
              code != NULL ? " reason=" : "", code != NULL ? code : "",
              result == RESULT_UNAVAILABLE ? " redis=unavailable" : "");
    runner_metrics_end(app, event, code);
}

/* What changed no row did not happen: somebody else has the run. */
static void release_ended(const struct app *app, const struct run *run, enum result written,
                          const char *event, const char *code)
{
    bool ours = written == RESULT_OK;
    ending_release(app, run, ours ? event : "RECORDING_LOST", ours ? code : "lease");
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

static int64_t fail(const struct app *app, const struct run *run, const struct run_reason *reason,
                    bool final)
{
    enum result result = run_fail(app, run, reason, final);
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
        return fail(app, run, reason, false);
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
 * probe each time. `name` is the account's or the host's. */
static int64_t pause_after(const struct app *app, const struct run *run, const char *name,
                           struct transfer_end *end)
{
    int64_t pause_ms = 0;
    int64_t blamed = end->outcome == TRANSFER_SHUT_OUT ? 0 : run->id;
    bool host = end->outcome == TRANSFER_HOST;
    switch (account_fault(app, name, blamed, end->reason.code, end->reason.text,
                          end->retry_after_ms, &pause_ms)) {
    case RESULT_OK:
        log_event(host ? "HOST_PAUSED" : "ACCOUNT_PAUSED", "account=%s reason=%s pause_ms=%lld",
                  name, end->reason.code, (long long)pause_ms);
        return try_later(app, run, pause_ms + AFTER_OTHERS_MS, false, &end->reason);
    case RESULT_UNAVAILABLE: return ENDING_BLOCKED;
    default:
        (void)account_probe_over(app, name, run->admitted_us);
        end->outcome = TRANSFER_FAILED;
        return fail_attempt(app, run, &end->reason);
    }
}

int64_t ending_put_off(const struct app *app, const struct run *run, int64_t delay_ms,
                       const struct run_reason *reason)
{
    int64_t delay = try_later(app, run, delay_ms, false, reason);
    return delay == ENDING_BLOCKED ? ENDING_ADMITTED : delay;
}

int64_t ending_unless_admitted(const struct app *app, struct run *run)
{
    static const struct run_reason PAUSED = {"account_paused",
                                             "The provider's account rests after a fault."};
    struct media_ref ref;
    int64_t wait_ms = 0;
    const char *account = account_of(run, &ref);
    if (run->is_admitted || account[0] == '\0' ||
        account_admit(app, account, &wait_ms, &run->admitted_us, NULL) != RESULT_DENIED) {
        return ENDING_ADMITTED;
    }
    return ending_put_off(app, run, wait_ms, &PAUSED);
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

void ending_note_worked(const struct app *app, const struct run *run, struct ending_admission *last)
{
    struct media_ref ref;
    const char *account = account_of(run, &ref);
    if (strcmp(account, last->account) == 0 && run->admitted_us <= last->admitted_us) {
        return;
    }
    note_account(app, run, true);
    (void)snprintf(last->account, sizeof last->account, "%s", account);
    last->admitted_us = run->admitted_us;
}

/* ---- each outcome ---- */

static int64_t cancel(const struct app *app, const struct run *run, struct file_part *part)
{
    if (run_end_cancelled(app, run) == RESULT_UNAVAILABLE) {
        return ENDING_BLOCKED;
    }
    file_part_drop(part);
    ending_release(app, run, "RECORDING_CANCELLED", NULL);
    return ENDING_FINAL;
}

int64_t ending_write(const struct app *app, const struct run *run, struct transfer_end *end,
                     struct file_part *part)
{
    struct media_ref ref;
    char host[ACCOUNT_NAME_SIZE];
    switch (end->outcome) {
    case TRANSFER_STORABLE: abort(); /* storing.h's */
    case TRANSFER_REFUSED:
    case TRANSFER_FINAL:
        note_account(app, run, end->answered);
        return fail(app, run, &end->reason, end->outcome == TRANSFER_FINAL);
    case TRANSFER_NOT_READY:
        note_account(app, run, true);
        return try_later(app, run, NOT_READY_DELAY_MS, false, &end->reason);
    case TRANSFER_SHUT_OUT:
    case TRANSFER_ACCOUNT: return pause_after(app, run, account_of(run, &ref), end);
    case TRANSFER_HOST:
        note_account(app, run, end->answered);
        return pause_after(app, run, account_of_host(host), end);
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
